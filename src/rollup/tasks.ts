/** The tasks of the cron. A new task is an entry here, with a name in `store/failed-tasks.ts`. */
import { checkDeadLetters, STATEMENTS_A_PAGE } from '../enrich/dead-letters.ts';
import { secretsOf } from '../env.ts';
import { LIVE_EVENTS } from '../sql/rollups.ts';
import { count } from '../store/counters.ts';
import { dirtyDays, largeOpenDays, outdatedDays } from '../store/due-days.ts';
import type { TaskName } from '../store/failed-tasks.ts';
import { cleanUpPeople, TABLES_OF_PEOPLE } from '../store/people-clean-up.ts';
import { deleteExpiredSalts } from '../store/salts.ts';
import { STATEMENTS_TO_SEAL, sealKeys } from '../store/sealed-keys.ts';
import { indexVisitors } from '../store/visitor-hours.ts';
import { archiveExpired, STATEMENTS_TO_BEGIN } from './archive.ts';
import { expireFiles, rewriteFiles, STATEMENTS_TO_EXPIRE, STATEMENTS_TO_REWRITE } from './archive-changes.ts';
import { rollUpDays, rollUpMonths, STATEMENTS_A_DAY, STATEMENTS_A_MONTH } from './day.ts';
import { deleteEmpty, STATEMENTS_TO_LOOK, tidyImports } from './imports.ts';
import { STATEMENTS_TO_TIDY_LEDGER, tidyLedger } from './ledger.ts';
import { packMonths, STATEMENTS_TO_PACK } from './month-columns.ts';
import {
  purgeColumns,
  purgeExpired,
  purgeStray,
  STATEMENTS_TO_PURGE,
  STATEMENTS_TO_PURGE_COLUMNS,
} from './purge.ts';
import { relayDue, STATEMENTS_TO_RELAY } from './relay.ts';
import type { Run, TaskBudget } from './run.ts';
import { STATEMENTS_TO_END } from './slices.ts';
import { STATEMENTS_TO_SWEEP, sweep } from './sweep.ts';

export interface CronTask {
  readonly name: TaskName;
  /**
   * `first`: the most important tasks, with all statements that are not reserved. `hourly`: tasks that read many rows. Each hour
   * another one begins, so that a small budget is enough for all. `last`: with the remaining statements.
   */
  readonly stage: 'first' | 'hourly' | 'last';
  /** Whether it is due in the run of a time, in epoch milliseconds. */
  readonly when: (now: number) => boolean;
  /** Whether it has something to do at all; left out if it always may. A task without work reserves no statements. */
  readonly hasWork?: (run: Run) => boolean;
  /** The statements that it needs to make any progress. With fewer it is left to the next run. */
  readonly least: number;
  /** Adds to the run's report. May throw: the runner records that the task has failed. */
  readonly run: (run: Run, budget: TaskBudget) => Promise<unknown>;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The trigger comes every five minutes. */
const everyRun = (): boolean => true;
const firstOfHour = (now: number): boolean => now % HOUR < 5 * MINUTE;
/** By then all events of the last hour are written. */
const secondOfHour = (now: number): boolean => firstOfHour(now - 5 * MINUTE);

/** Looks for days that have events in Analytics Engine only. Most Speck have none, and do not load what reads it. */
async function findPoints(run: Run, budget: TaskBudget): Promise<void> {
  const reader = await run.openEngine();
  if (reader === null && run.env.EVENT_STORE !== 'analytics_engine') return;
  await (await import('./points.ts')).findPoints(run, budget, reader);
}

const hasConversions = (run: Run): boolean => run.hasConversions;

/** The statements with which a large day can be finished: two searches for days, and the end. */
const STATEMENTS_TO_ROLL_UP = 2 + STATEMENTS_TO_END;

/** In the order of a run. */
export const TASKS: readonly CronTask[] = [
  {
    name: 'salts',
    stage: 'first',
    when: everyRun,
    least: 1,
    run: async ({ db, now, report }) => {
      report.deletedSalts += await deleteExpiredSalts(db, now);
    },
  },
  {
    // Conversions come before rollups: networks and owners wait for them, and they take a share only.
    name: 'relay',
    stage: 'first',
    when: everyRun,
    hasWork: hasConversions,
    least: STATEMENTS_TO_RELAY,
    run: (run, budget) => relayDue(run, budget, STATEMENTS_TO_ROLL_UP),
  },
  {
    // Days of Analytics Engine wait if this fails.
    name: 'points',
    stage: 'first',
    when: everyRun,
    least: 0,
    run: findPoints,
  },
  {
    // Finished days come before open ones: waiting does not make their rollups any better.
    name: 'day',
    stage: 'first',
    when: everyRun,
    least: 1 + STATEMENTS_TO_END,
    run: async (run, budget) => {
      const caughtUp = await rollUpDays(run, budget, 'day', (limit) =>
        dirtyDays(run.db, run.now, limit, run.engine !== null),
      );
      if (caughtUp) count('caught_up_runs', 1, run.now);
    },
  },
  {
    name: 'snapshot',
    stage: 'first',
    when: firstOfHour,
    least: 1 + STATEMENTS_A_DAY,
    run: (run, budget) =>
      rollUpDays(run, budget, 'snapshot', (limit) =>
        largeOpenDays(run.db, run.now, LIVE_EVENTS, limit, run.engine !== null),
      ),
  },
  {
    name: 'recompute',
    stage: 'first',
    when: everyRun,
    least: 1 + STATEMENTS_A_DAY,
    run: (run, budget) =>
      rollUpDays(run, budget, 'recompute', (limit) =>
        outdatedDays(run.db, run.now, limit, run.engine !== null),
      ),
  },
  { name: 'month', stage: 'hourly', when: firstOfHour, least: 1 + STATEMENTS_A_MONTH, run: rollUpMonths },
  { name: 'pack', stage: 'hourly', when: firstOfHour, least: STATEMENTS_TO_PACK, run: packMonths },
  {
    name: 'people',
    stage: 'hourly',
    when: firstOfHour,
    least: TABLES_OF_PEOPLE.length,
    run: async (run) => {
      for (const table of TABLES_OF_PEOPLE) {
        await run.tryGlobal('people', table, 1, () => cleanUpPeople(run.db, table, run.now));
      }
    },
  },
  {
    name: 'columns',
    stage: 'hourly',
    when: firstOfHour,
    least: STATEMENTS_TO_PURGE_COLUMNS,
    run: purgeColumns,
  },
  { name: 'stray', stage: 'hourly', when: firstOfHour, least: 1, run: purgeStray },
  {
    name: 'seal',
    stage: 'hourly',
    when: firstOfHour,
    least: STATEMENTS_TO_SEAL,
    run: ({ db, env }) => sealKeys(db, secretsOf(env)),
  },
  {
    name: 'ledger',
    stage: 'hourly',
    when: firstOfHour,
    hasWork: hasConversions,
    least: STATEMENTS_TO_TIDY_LEDGER,
    run: tidyLedger,
  },
  { name: 'sweep', stage: 'hourly', when: firstOfHour, least: STATEMENTS_TO_SWEEP, run: sweep },
  { name: 'archive', stage: 'last', when: everyRun, least: STATEMENTS_TO_BEGIN, run: archiveExpired },
  { name: 'purge', stage: 'last', when: everyRun, least: STATEMENTS_TO_PURGE, run: purgeExpired },
  {
    name: 'visitors',
    stage: 'last',
    when: secondOfHour,
    least: 2,
    run: ({ db, now }) => db.batch(indexVisitors(db, now)),
  },
  {
    name: 'letters',
    stage: 'last',
    when: everyRun,
    least: STATEMENTS_A_PAGE,
    run: async ({ env, report }) => {
      if ((await checkDeadLetters(env, 1)).more) report.more = true;
    },
  },
  { name: 'rewrite', stage: 'last', when: everyRun, least: STATEMENTS_TO_REWRITE, run: rewriteFiles },
  { name: 'expire', stage: 'last', when: firstOfHour, least: STATEMENTS_TO_EXPIRE, run: expireFiles },
  { name: 'empty', stage: 'last', when: firstOfHour, least: STATEMENTS_TO_LOOK, run: deleteEmpty },
  { name: 'imports', stage: 'last', when: everyRun, least: STATEMENTS_TO_LOOK, run: tidyImports },
];

/**
 * The statements reserved for tasks of the last stage, so that a backlog of rollups delays neither the purge nor erasures in dead
 * letters. They are enough for a purge, or for a search for expired days and a page of dead letters.
 */
export const LEAST_AT_LAST = Math.max(STATEMENTS_TO_PURGE, 1 + STATEMENTS_A_PAGE);

/** The statements with which the tasks of the first stage can finish a large day: for salts, and for the day. Conversions take turns with it. */
export const LEAST_AT_FIRST = 1 + STATEMENTS_TO_ROLL_UP;
