/** Sends conversions that are due: without a queue all of them, else those that it has left. */
import { secretsOf } from '../env.ts';
import { SIDE_BY_SIDE, STATEMENTS_TO_DELIVER, shareOf } from '../relay/limits.ts';
import { dueDestinations } from '../store/due-deliveries.ts';
import type { Run, TaskBudget } from './run.ts';

/** One statement to find what is due, and those with which one destination makes progress. */
export const STATEMENTS_TO_RELAY = 1 + STATEMENTS_TO_DELIVER;

/** A run with few statements has none to spare. Then each third one serves a destination all the same. */
const TURNS = 3;
const BETWEEN_RUNS = 5 * 60_000;

/**
 * Serves the destinations that have been due for the longest time. Each is a step of its own, so one that fails delays no other.
 *
 * @param needed the statements that later tasks of the stage need.
 */
export async function relayDue(run: Run, budget: TaskBudget, needed: number): Promise<void> {
  const { db, now, env } = run;
  const isTurn = Math.floor(now / BETWEEN_RUNS) % TURNS === 0;
  const spare = budget.left - needed;
  const share = isTurn ? Math.max(spare, Math.min(budget.left, STATEMENTS_TO_RELAY)) : spare;
  if (share < STATEMENTS_TO_RELAY) return;
  const found = await run.tryGlobal('look', 'due conversions', 1, () =>
    dueDestinations(db, now, SIDE_BY_SIDE + 1),
  );
  if (found === null || found.length === 0) return;
  const { deliverTo } = await import('../relay/deliver.ts');
  const served = found.slice(0, Math.min(SIDE_BY_SIDE, Math.floor((share - 1) / STATEMENTS_TO_DELIVER)));
  const startedAt = Date.now();
  const limits = shareOf(env, share - 1, served.length);
  const relay = { db, secrets: secretsOf(env), limits, clock: () => now + Date.now() - startedAt };
  const reports = await Promise.all(
    served.map((id) => run.tryGlobal('relay', id, STATEMENTS_TO_DELIVER, () => deliverTo(relay, id))),
  );
  if (found.length > served.length || reports.some((report) => report?.more)) run.report.more = true;
}
