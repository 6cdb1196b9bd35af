/**
 * The cron job: rolls up closed days that have changed, deletes raw events past retention and salts past their time.
 * It recomputes and replaces, never adds, so it may run twice at once, late, or not at all for a week. What does not
 * fit into one run's budget of statements is left to the next, and what fails is left to a later one.
 */
import { checkDeadLetters, STATEMENTS_A_PAGE } from '../enrich/dead-letters.ts';
import { cronStatements, type Env, secretsOf } from '../env.ts';
import { LIVE_EVENTS } from '../sql/rollups.ts';
import { count } from '../store/counters.ts';
import { type DirtyDay, dirtyDays, largeOpenDays, monthsToRollUp, outdatedDays } from '../store/days.ts';
import type { TaskKind } from '../store/failed-tasks.ts';
import { forgetPeople } from '../store/people.ts';
import { deleteExpiredSalts } from '../store/salts.ts';
import { STATEMENTS_TO_SEAL, sealKeys } from '../store/sealed-keys.ts';
import { indexVisitors } from '../store/visitor-hours.ts';
import { rollUpDay, rollUpMonth, STATEMENTS_A_DAY, STATEMENTS_A_MONTH, STATEMENTS_TO_END } from './day.ts';
import { purgeExpired, purgeStray, STATEMENTS_TO_PURGE } from './purge.ts';
import { Run } from './run.ts';
import { STATEMENTS_TO_SWEEP, sweep } from './sweep.ts';

/**
 * What is kept back, so that a backlog of rollups can neither keep raw events alive for ever nor what was erased in dead
 * letters: a purge, or a look for one and a page of letters.
 */
const AT_LAST = Math.max(STATEMENTS_TO_PURGE, 1 + STATEMENTS_A_PAGE);

export interface JobReport {
  readonly rolledUp: number;
  /** Tasks that failed; each is tried again later. */
  readonly failed: number;
  readonly purgedEvents: number;
  readonly deletedSalts: number;
  /** Whether a next run finds work left over from this one. */
  readonly more: boolean;
}

export async function runJob(env: Env, now: number): Promise<JobReport> {
  const run = new Run(env, now, cronStatements(env));
  const isHourly = isFirstOfHour(now);
  await run.begin();
  const deletedSalts = (await run.common('salts', '', 1, () => deleteExpiredSalts(env.DB, now))) ?? 0;

  // Of little budget a large day must be able to end, whatever else there is to do in this hour.
  const spare = Math.max(0, run.left - AT_LAST - 2 - STATEMENTS_TO_END);
  const days = await rollUpDays(run, AT_LAST + (isHourly ? Math.min(HOURLY, spare) : 0));
  const hourly = isHourly ? await doHourly(run) : NOTHING;
  const purge = await purgeExpired(run, 0);
  if (isSecondOfHour(now)) {
    const statements = indexVisitors(env.DB, now);
    await run.common('visitors', '', statements.length, () => env.DB.batch(statements));
  }
  const letters = await run.common('letters', '', STATEMENTS_A_PAGE, () => checkDeadLetters(env, 1));
  if (days.caughtUp) count('caught_up_runs', 1, now);
  await run.finish();
  return {
    rolledUp: days.rolledUp,
    failed: run.failures,
    purgedEvents: hourly.events + purge.events,
    deletedSalts,
    more: days.more || hourly.more || purge.more || letters?.more === true,
  };
}

/** The trigger comes every five minutes. */
function isFirstOfHour(now: number): boolean {
  return now % 3_600_000 < 300_000;
}

/** When the last hour's events have all been written. */
function isSecondOfHour(now: number): boolean {
  return isFirstOfHour(now - 300_000);
}

interface Days {
  readonly rolledUp: number;
  readonly more: boolean;
  /** Whether no closed day waits whose turn it was, but for those that step back. */
  readonly caughtUp: boolean;
}

/**
 * Rolls up, in this order: closed days that have changed, for they cannot get better by waiting; once an hour, large
 * days that are open; and days that an older version has rolled up.
 */
async function rollUpDays(run: Run, reserve: number): Promise<Days> {
  const { db, now } = run;
  const room = (): number => Math.max(0, Math.floor((run.left - reserve - 1) / STATEMENTS_A_DAY));
  const total: { rolledUp: number; more: boolean } = { rolledUp: 0, more: false };

  const rollUpAll = async (
    kind: TaskKind,
    look: (limit: number) => Promise<readonly DirtyDay[]>,
  ): Promise<boolean> => {
    const limit = room();
    if (limit === 0) return false;
    const days = await run.common('look', kind, 1, () => look(limit));
    let done = days !== null && days.length < limit;
    for (const day of days ?? []) {
      if (run.left - reserve < STATEMENTS_A_DAY || run.isOver) {
        done = false;
        break;
      }
      const task = { kind, pixel: day.pixel, item: day.day };
      const finished = await run.of(task, day.attempts, () => rollUpDay(run, day, reserve));
      if (finished) total.rolledUp++;
      if (finished === false) done = false;
    }
    // A look that fails steps back like other tasks.
    if (!done && days !== null) total.more = true;
    return done;
  };

  const caughtUp = await rollUpAll('day', (limit) => dirtyDays(db, now, limit));
  if (isFirstOfHour(now)) await rollUpAll('snapshot', (limit) => largeOpenDays(db, now, LIVE_EVENTS, limit));
  await rollUpAll('recompute', (limit) => outdatedDays(db, now, limit));
  return { ...total, caughtUp };
}

interface Hourly {
  readonly events: number;
  readonly more: boolean;
}

const NOTHING: Hourly = { events: 0, more: false };

/** What looks at many rows is done once an hour. */
const HOURLY_TASKS: readonly {
  /** Statements with which it gets somewhere. */
  readonly statements: number;
  readonly run: (run: Run, reserve: number) => Promise<Hourly>;
}[] = [
  { statements: 1 + STATEMENTS_A_MONTH, run: rollUpMonths },
  { statements: 3, run: forgetAll },
  { statements: 1, run: purgeStray },
  { statements: STATEMENTS_TO_SEAL, run: sealAll },
  { statements: STATEMENTS_TO_SWEEP, run: async (...given) => ({ events: 0, more: await sweep(...given) }) },
];
const HOURLY = HOURLY_TASKS.reduce((sum, { statements }) => sum + statements, 0);

/** Each hour another of them is the first, so that all have their turn however small the budget is. */
async function doHourly(run: Run): Promise<Hourly> {
  const first = Math.floor(run.now / 3_600_000) % HOURLY_TASKS.length;
  let [events, more] = [0, false];
  let later = HOURLY;
  for (let index = 0; index < HOURLY_TASKS.length; index++) {
    const task = HOURLY_TASKS[(first + index) % HOURLY_TASKS.length] as (typeof HOURLY_TASKS)[number];
    later -= task.statements;
    const spare = run.left - AT_LAST - task.statements;
    if (spare < 0) {
      more = true;
      continue;
    }
    const done = await task.run(run, AT_LAST + Math.min(later, spare));
    events += done.events;
    more ||= done.more;
  }
  return { events, more };
}

async function rollUpMonths(run: Run, reserve: number): Promise<Hourly> {
  const { db, now } = run;
  const room = Math.floor((run.left - reserve - 1) / STATEMENTS_A_MONTH);
  const due = (await run.common('look', 'month', 1, () => monthsToRollUp(db, now, room))) ?? [];
  for (const month of due) {
    const task = { kind: 'month', pixel: month.pixel, item: month.month } as const;
    await run.of(task, month.attempts, () => rollUpMonth(run, month));
  }
  return { events: 0, more: due.length === room };
}

async function sealAll(run: Run): Promise<Hourly> {
  await run.common('seal', '', STATEMENTS_TO_SEAL, () => sealKeys(run.db, secretsOf(run.env)));
  return NOTHING;
}

async function forgetAll(run: Run): Promise<Hourly> {
  for (const [what, statement] of forgetPeople(run.db, run.now)) {
    await run.common('people', what, 1, () => statement.run());
  }
  return NOTHING;
}
