/**
 * The cron job: rolls up closed days that have changed, deletes raw events past retention and salts past their time.
 * It recomputes and replaces, never adds, so it may run twice at once, late, or not at all for a week. What does not
 * fit into one run's budget of statements is left to the next.
 */
import { cronStatements, type Env } from '../env.ts';
import { segments } from '../model/time-zone.ts';
import { count, writeCounts } from '../store/counters.ts';
import {
  closeDay,
  type DirtyDay,
  dirtyDays,
  type ExpiredDay,
  expiredDays,
  markPurged,
  markRolledUp,
  purgeEvents,
} from '../store/days.ts';
import { deleteExpiredSalts } from '../store/salts.ts';
import {
  DELETE_VANISHED,
  ROLLUP_EVENT_DIMENSIONS,
  ROLLUP_VISIT_DIMENSIONS,
  stretchParameter,
  UPSERT_CHANGED,
} from './local-day.sql.ts';

/** Raw events that one statement deletes. */
export const PURGE_CHUNK = 5000;
/** A day past retention stays open this long after its last change, so that an import can fill it in peace. */
export const PURGE_GRACE = 48 * 3_600_000;

/** A day costs at most three statements: delete what vanished, write what changed, mark it done. */
const STATEMENTS_A_DAY = 3;
/** Kept back for purging, so that a backlog of rollups cannot keep raw events alive for ever. */
const FOR_PURGING = 5;

export interface JobReport {
  readonly rolledUp: number;
  /** Days whose rollup failed; they stay dirty and are tried again. */
  readonly failed: number;
  readonly purgedEvents: number;
  readonly deletedSalts: number;
  /** Whether a next run finds work left over from this one. */
  readonly more: boolean;
}

export async function runJob(env: Env, now: number): Promise<JobReport> {
  const { DB: db } = env;
  let budget = cronStatements(env);

  const deletedSalts = await deleteExpiredSalts(db, now);
  budget -= 2;
  const room = Math.floor((budget - FOR_PURGING) / STATEMENTS_A_DAY);
  const dirty = await dirtyDays(db, now, room);
  let failed = 0;
  for (const day of dirty) {
    budget -= STATEMENTS_A_DAY;
    try {
      await rollUp(db, day, now);
    } catch (error) {
      failed++;
      console.error(`rollup of ${day.pixel} ${day.day} failed: ${error}`);
    }
  }

  const purge = await purgeExpired(db, now, budget - 1);
  count('cron_runs', 1, now);
  await writeCounts(db);
  return {
    rolledUp: dirty.length - failed,
    failed,
    purgedEvents: purge.events,
    deletedSalts,
    more: failed > 0 || dirty.length === room || purge.more,
  };
}

/** Recomputes one day in one transaction. */
async function rollUp(
  db: D1Database,
  { pixel, day, timezone, rolled_at }: DirtyDay,
  now: number,
): Promise<void> {
  const stretches = segments(timezone, day, day).map((segment) => ({ ...segment, bucket: '' }));
  const parameters = [
    pixel,
    stretchParameter(stretches),
    ROLLUP_VISIT_DIMENSIONS,
    ROLLUP_EVENT_DIMENSIONS,
    day,
  ];
  const upsert = db.prepare(UPSERT_CHANGED).bind(...parameters);
  const done = markRolledUp(db, pixel, day, now);
  // A first rollup has nothing that could have vanished.
  if (rolled_at === null) await db.batch([upsert, done]);
  else await db.batch([db.prepare(DELETE_VANISHED).bind(...parameters), upsert, done]);
}

async function purgeExpired(
  db: D1Database,
  now: number,
  statements: number,
): Promise<{ events: number; more: boolean }> {
  let left = statements - 1;
  let events = 0;
  // Each day takes at least three statements: close, delete, mark.
  const days = await expiredDays(db, now, PURGE_GRACE, Math.max(1, Math.floor(left / 3)));
  for (const day of days) {
    if (left < 3) return { events, more: true };
    const { deleted, used, done } = await purgeDay(db, day, left);
    events += deleted;
    left -= used;
    if (!done) return { events, more: true };
  }
  return { events, more: false };
}

async function purgeDay(
  db: D1Database,
  day: ExpiredDay,
  statements: number,
): Promise<{ deleted: number; used: number; done: boolean }> {
  let used = 1;
  // A late event may have come since the look: then the day is dirty again, and its turn comes later.
  if (day.raw === 0 && !(await closeDay(db, day))) return { deleted: 0, used, done: true };
  let deleted = 0;
  while (used < statements - 1) {
    const gone = await purgeEvents(db, day, PURGE_CHUNK);
    used++;
    deleted += gone;
    if (gone === PURGE_CHUNK) continue;
    await markPurged(db, day);
    return { deleted, used: used + 1, done: true };
  }
  return { deleted, used, done: false };
}
