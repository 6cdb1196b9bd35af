/**
 * Keeps which tasks of the cron have failed, and when each is tried again. One that keeps failing is tried after longer and
 * longer waits, so that it costs little and holds up nothing else. One that succeeds has no row.
 */
import { DIRTY, RAW } from '../model/day-state.ts';
import { hasPixel } from './pixels.ts';

/** Tasks that are of no single pixel. */
const COMMON = ['look', 'salts', 'stray', 'people', 'seal', 'sweep', 'visitors', 'letters'] as const;

export type CommonKind = (typeof COMMON)[number];
export type TaskKind = CommonKind | 'day' | 'snapshot' | 'recompute' | 'month' | 'purge';

/** What is tried by itself. `item` is what it works on, such as a day; `pixel` is `''` for what is of no single one. */
export interface Task {
  readonly kind: TaskKind;
  readonly pixel: string;
  readonly item: string;
}

export interface FailedTask extends Task {
  readonly attempts: number;
  /** When it first failed, and when it is due again: epoch milliseconds. */
  readonly since: number;
  readonly retry_at: number;
}

/** The wait after a first failure, as long as the cron's own; it doubles with each more, up to the longest. */
const FIRST_WAIT = 5 * 60_000;
const LONGEST_WAIT = 24 * 3_600_000;
/** The longest of a task that is of no single pixel: it costs little, and others may depend on it. */
const LONGEST_COMMON_WAIT = 30 * 60_000;

/** Characters of an error that are kept. */
const ERROR = 200;

/** A rollup that has failed for so long, and so often, is given up when its day is past retention. */
const GIVEN_UP_AFTER = 7 * 24 * 3_600_000;
const GIVEN_UP_ATTEMPTS = 10;

/** SQL for whether the rollup of a day, as SQL names it, is given up. */
export const isGivenUp = (pixel: string, day: string, now: string): string =>
  `EXISTS (SELECT 1 FROM failed_tasks g
    WHERE g.task = 'day' AND g.pixel = ${pixel} AND g.item = ${day}
      AND g.since <= ${now} - ${GIVEN_UP_AFTER} AND g.attempts >= ${GIVEN_UP_ATTEMPTS})`;

/** The failed tasks that are of no single pixel. They are a handful. */
export async function readCommonFailures(db: D1Database): Promise<FailedTask[]> {
  const { results } = await db
    .prepare(
      `SELECT task AS kind, pixel, item, attempts, since, retry_at FROM failed_tasks
       WHERE task IN (${COMMON.map((kind) => `'${kind}'`).join(', ')}) AND pixel = ''`,
    )
    .all<FailedTask>();
  return results;
}

/** The failed tasks that have waited longest, and how many there are. */
export async function readFailures(
  db: D1Database,
  limit: number,
): Promise<{ readonly count: number; readonly oldest: readonly FailedTask[] }> {
  const { results } = await db
    .prepare(
      `SELECT task AS kind, pixel, item, attempts, since, retry_at, count(*) OVER () AS count
       FROM failed_tasks ORDER BY since, task, pixel, item LIMIT ?`,
    )
    .bind(limit)
    .all<FailedTask & { count: number }>();
  return { count: results[0]?.count ?? 0, oldest: results.map(({ count: _, ...task }) => task) };
}

/** Statements that note what has failed, and forget what had failed and has succeeded: at most two. */
export function noteTasks(
  db: D1Database,
  failed: readonly (Task & { readonly error: unknown })[],
  recovered: readonly Task[],
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
             retry_at = ?2 + min(iif(pixel = '', ${LONGEST_COMMON_WAIT}, ${LONGEST_WAIT}), ${FIRST_WAIT} << min(attempts, 16))`,
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

/** What D1 or our own code has complained of: neither names a visitor. */
function errorText(error: unknown): string {
  return String(error).replaceAll(/\s+/g, ' ').slice(0, ERROR);
}

/** Deletes the rows of what is no longer there to be done: of days that are gone, rolled up, over or purged. */
export function forgetDoneTasks(db: D1Database, now: number): D1PreparedStatement {
  return db
    .prepare(
      `DELETE FROM failed_tasks
       WHERE pixel <> '' AND NOT ${hasPixel('failed_tasks.pixel')}
         OR task IN ('day', 'snapshot', 'recompute', 'purge') AND NOT EXISTS (
           SELECT 1 FROM days d
           WHERE d.pixel = failed_tasks.pixel AND d.day = failed_tasks.item AND CASE task
             WHEN 'day' THEN d.dirty > ${DIRTY.clean}
             WHEN 'snapshot' THEN d.dirty > ${DIRTY.clean} AND d.ends_at > ?1
             WHEN 'recompute' THEN d.raw = ${RAW.stored}
             ELSE d.raw < ${RAW.purged} END)
         OR task = 'month' AND NOT EXISTS (
           SELECT 1 FROM days d
           WHERE d.pixel = failed_tasks.pixel AND d.day >= failed_tasks.item || '-01' AND d.day <= failed_tasks.item || '-31')`,
    )
    .bind(now);
}
