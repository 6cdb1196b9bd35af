/**
 * Sends the conversions that messages of the queue point to, and asks the queue to come back for what has to wait. The conversions themselves are in
 * D1, and the cron sends them as well, so no message has to arrive.
 */
import { type Env, secretsOf } from '../env.ts';
import { type DeliveryReport, deliverTo } from '../relay/deliver.ts';
import { type RelayLimits, SIDE_BY_SIDE, STATEMENTS_TO_DELIVER, shareOf } from '../relay/limits.ts';
import type { InvocationBudget } from '../store/budget.ts';
import { sendRelays } from '../store/queue.ts';

/** The messages of each destination. */
export type RelayMessages = Map<string, { ack(): void; retry(): void }[]>;

/** The most seconds for which the queue holds a message back. */
const LONGEST_DELAY = 12 * 3600;

/** Serves as many destinations as the budget allows. Messages of others are delivered again. Never throws. */
export async function relay(env: Env, messages: RelayMessages, budget: InvocationBudget): Promise<void> {
  const most = Math.min(SIDE_BY_SIDE, Math.floor(budget.statements.left / STATEMENTS_TO_DELIVER));
  const served = [...messages].slice(0, Math.max(0, most));
  const limits = shareOf(env, budget.statements.left, served.length);
  await Promise.all(
    served.map(async ([destination, group]) => {
      await serve(env, destination, limits, budget);
      for (const message of group) message.ack();
    }),
  );
  for (const [, group] of [...messages].slice(served.length)) for (const message of group) message.retry();
}

async function serve(
  env: Env,
  destination: string,
  limits: RelayLimits,
  { db }: InvocationBudget,
): Promise<void> {
  try {
    const report = await deliverTo({ db, secrets: secretsOf(env), limits, clock: Date.now }, destination);
    const delay = delayOf(report, Date.now());
    if (delay !== null && env.QUEUE) await sendRelays(env.QUEUE, [{ destination, delaySeconds: delay }]);
  } catch (error) {
    // Errors of D1 and of the queue: the network's own never get here. The cron sends what is left.
    console.warn(`The conversions of ${destination} wait for the cron: ${error}`);
  }
}

/** The seconds after which a destination is to be served again; null if nothing is left, or the cron comes first. */
function delayOf({ more, next }: DeliveryReport, now: number): number | null {
  if (more) return 0;
  if (next === null) return null;
  const seconds = Math.max(1, Math.ceil((next - now) / 1000));
  return seconds <= LONGEST_DELAY ? seconds : null;
}
