/**
 * Stores which tasks of the cron have failed, and when each is tried again. A task that keeps failing is tried after longer and
 * longer waits, so that it costs little and delays no other. A task that succeeds has no row.
 */
import { DIRTY, RAW } from '../model/day-state.ts';
import { hasPixel } from './pixels.ts';

/** The names of the cron's tasks. See `rollup/tasks.ts`. */
const TASK_NAMES = [
  'salts',
  'relay',
  'points',
  'day',
  'snapshot',
  'recompute',
  'month',
  'pack',
  'people',
  'stray',
  'seal',
  'sweep',
  'archive',
  'purge',
  'rewrite',
  'expire',
  'columns',
  'visitors',
  'letters',
  'imports',
  'empty',
  'ledger',
] as const;
export type TaskName = (typeof TASK_NAMES)[number];

/** What can fail by itself: a task or a step of it, and the look for the things that a task works on. */
const KINDS = [...TASK_NAMES, 'look'] as const;
export type TaskKind = (typeof KINDS)[number];

/** A task or step that has failed, or had failed. */
export interface FailedItem {
  readonly kind: TaskKind;
  /** `''` for one that belongs to no single pixel. */
  readonly pixel: string;
  /** What it works on, such as a day or a table; `''` for a task as such. */
  readonly item: string;
}

export interface FailedTask extends FailedItem {
  readonly attempts: number;
  /** When it first failed, and when it is due again, in epoch milliseconds. */
  readonly since: number;
  readonly retry_at: number;
  /** The last error, shortened. */
  readonly error: string;
}

/** The wait after a first failure is the time between two runs. It doubles with each further failure, up to the longest wait. */
const FIRST_WAIT = 5 * 60_000;
const LONGEST_WAIT = 24 * 3_600_000;
/** The longest wait of a step that belongs to no pixel. Such steps are cheap, and other tasks may depend on them. */
const LONGEST_GLOBAL_WAIT = 30 * 60_000;

/** The characters of an error that are stored. */
const ERROR = 200;

/** The rollup of a day past retention is given up after failures for this time, in milliseconds, and this many attempts. */
const GIVEN_UP_AFTER = 7 * 24 * 3_600_000;
const GIVEN_UP_ATTEMPTS = 10;

/** SQL for whether the rollup of a day is given up. The parameters are SQL. */
export const isGivenUp = (pixel: string, day: string, now: string): string =>
  `EXISTS (SELECT 1 FROM failed_tasks g
    WHERE g.task = 'day' AND g.pixel = ${pixel} AND g.item = ${day}
      AND g.since <= ${now} - ${GIVEN_UP_AFTER} AND g.attempts >= ${GIVEN_UP_ATTEMPTS})`;

/** What a run of the cron knows before its tasks. */
export interface RunStart {
  /** The failures that belong to no single pixel. There are few. */
  readonly failures: readonly FailedTask[];
  /** Whether there is a destination, or anything left of one: else the tasks of conversions have nothing to do. */
  readonly hasConversions: boolean;
}

/** The tables of conversions. */
const OF_CONVERSIONS = ['destinations', 'deliveries', 'clicks', 'withdrawals'];

/** In one statement. */
export async function readRunStart(db: D1Database): Promise<RunStart> {
  const { results } = await db
    .prepare(
      `SELECT task AS kind, pixel, item, attempts, since, retry_at, error,
         ${OF_CONVERSIONS.map((table) => `EXISTS (SELECT 1 FROM ${table})`).join(' OR ')} AS has_conversions
       FROM (SELECT 1) LEFT JOIN failed_tasks
         ON task IN (${KINDS.map((kind) => `'${kind}'`).join(', ')}) AND pixel = ''`,
    )
    .all<(FailedTask | { readonly kind: null }) & { readonly has_conversions: number }>();
  return {
    failures: results.flatMap(({ has_conversions: _, ...row }) => (row.kind === null ? [] : [row])),
    hasConversions: results.some(({ has_conversions }) => has_conversions > 0),
  };
}

/** The oldest failures, and the number of all. */
export async function readFailures(
  db: D1Database,
  limit: number,
): Promise<{ readonly count: number; readonly oldest: readonly FailedTask[] }> {
  const { results } = await db
    .prepare(
      `SELECT task AS kind, pixel, item, attempts, since, retry_at, error, count(*) OVER () AS count
       FROM failed_tasks ORDER BY since, task, pixel, item LIMIT ?`,
    )
    .bind(limit)
    .all<FailedTask & { count: number }>();
  return { count: results[0]?.count ?? 0, oldest: results.map(({ count: _, ...task }) => task) };
}

/** The statements, at most two, that store new failures and delete those of tasks that have succeeded again. */
export function recordOutcomes(
  db: D1Database,
  failed: readonly (FailedItem & { readonly error: unknown })[],
  recovered: readonly FailedItem[],
  now: number,
): D1PreparedStatement[] {
  const statements: D1PreparedStatement[] = [];
  if (failed.length > 0) {
    const rows = failed.map(({ kind, pixel, item, error }) => [kind, pixel, item, errorText(error)]);
    statements.push(
      db
        .prepare(
          `INSERT INTO failed_tasks (task, pixel, item, attempts, since, retry_at, error)
           SELECT value ->> 0, value ->> 1, value ->> 2, 1, ?2, ?2 + ${FIRST_WAIT}, value ->> 3
           FROM json_each(?1) WHERE value ->> 1 = '' OR ${hasPixel('value ->> 1')}
           ON CONFLICT (task, pixel, item) DO UPDATE SET attempts = attempts + 1, error = excluded.error,
             retry_at = ?2 + min(iif(pixel = '', ${LONGEST_GLOBAL_WAIT}, ${LONGEST_WAIT}), ${FIRST_WAIT} << min(attempts, 16))`,
        )
        .bind(JSON.stringify(rows), now),
    );
  }
  if (recovered.length > 0) {
    const keys = recovered.map(({ kind, pixel, item }) => [kind, pixel, item]);
    statements.push(
      db
        .prepare(
          `DELETE FROM failed_tasks WHERE (task, pixel, item) IN (
             SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?))`,
        )
        .bind(JSON.stringify(keys)),
    );
  }
  return statements;
}

/** The message of an error of D1 or of Speck. Neither names a visitor. */
function errorText(error: unknown): string {
  return String(error).replaceAll(/\s+/g, ' ').slice(0, ERROR);
}

/**
 * Deletes the failures of work that no longer exists: of deleted pixels, and of days that are gone, rolled up, over or purged.
 */
export async function deleteObsoleteFailures(db: D1Database, now: number): Promise<void> {
  await db
    .prepare(
      `DELETE FROM failed_tasks
       WHERE pixel <> '' AND (
         NOT ${hasPixel('failed_tasks.pixel')}
         OR task IN ('day', 'snapshot', 'recompute', 'archive', 'purge') AND NOT EXISTS (
           SELECT 1 FROM days d
           WHERE d.pixel = failed_tasks.pixel AND d.day = failed_tasks.item AND CASE task
             WHEN 'day' THEN d.dirty > ${DIRTY.clean}
             WHEN 'snapshot' THEN d.dirty > ${DIRTY.clean} AND d.ends_at > ?1
             WHEN 'recompute' THEN d.raw = ${RAW.stored}
             ELSE d.raw < ${RAW.purged} END)
         OR task = 'rewrite' AND NOT EXISTS (
           SELECT 1 FROM archives a
           WHERE a.pixel = failed_tasks.pixel AND a.day = failed_tasks.item AND a.erase_at > 0)
         OR task IN ('month', 'pack') AND NOT EXISTS (
           SELECT 1 FROM days d
           WHERE d.pixel = failed_tasks.pixel AND d.day >= failed_tasks.item || '-01' AND d.day <= failed_tasks.item || '-31'))`,
    )
    .bind(now)
    .run();
}
