/**
 * The cron job: rolls up closed days that have changed, deletes raw events past retention and salts past their time.
 * It recomputes and replaces, never adds, so it may run twice at once, late, or not at all for a week. What does not
 * fit into one run's budget of statements is left to the next.
 */
import { checkDeadLetters, STATEMENTS_A_PAGE } from '../enrich/dead-letters.ts';
import { cronStatements, type Env, secretsOf } from '../env.ts';
import { segments } from '../model/time-zone.ts';
import { count, writeCounts } from '../store/counters.ts';
import {
  beginSlices,
  closeDay,
  type DirtyDay,
  dirtyDays,
  type ExpiredDay,
  endSlice,
  expiredDays,
  largeOpenDays,
  type Month,
  markPurged,
  markRolledUp,
  monthsToRollUp,
  purgeEvents,
  purgeStrayEvents,
} from '../store/days.ts';
import { forgetPeople } from '../store/people.ts';
import { deleteExpiredSalts } from '../store/salts.ts';
import { STATEMENTS_TO_SEAL, sealKeys } from '../store/sealed-keys.ts';
import { indexVisitors } from '../store/visitor-hours.ts';
import { goalParameter } from './goals.sql.ts';
import {
  DELETE_SLICES,
  DELETE_USED_SLICES,
  DELETE_VANISHED,
  KEEP_SLICE,
  LIVE_EVENTS,
  ROLL_UP_DAY,
  ROLL_UP_SLICES,
  sliceBounds,
} from './local-day.sql.ts';
import { DELETE_VANISHED_OF_MONTH, MARK_MONTH, ROLL_UP_MONTH } from './months.sql.ts';
import { ROLL_UP_PEOPLE } from './person-days.sql.ts';
import { stretchParameter } from './stretches.sql.ts';

/**
 * Events that one statement rolls up. A larger day is cut into slices of about so many, by visitor. Each takes some four
 * seconds, far from D1's thirty. Fewer are better: each reads the whole day to find its visitors.
 */
export const SLICE_EVENTS = 200_000;

/** Seconds after which a run begins nothing more: the next one is due within minutes. */
const RUN_SECONDS = 60;

/** Raw events that one statement deletes. */
export const PURGE_CHUNK = 5000;
/** A day past retention stays open this long after its last change, so that an import can fill it in peace. */
export const PURGE_GRACE = 48 * 3_600_000;

/** A day costs four statements: write what changed, delete what vanished, write who was there, mark it done. */
const STATEMENTS_A_DAY = 4;
/** A slice costs two, the beginning of a sliced day two and its end five. */
const STATEMENTS_A_SLICE = 2;
const STATEMENTS_TO_END = 5;
const STATEMENTS_A_MONTH = 3;
const STATEMENTS_TO_FORGET = 3;
const STATEMENTS_TO_INDEX = 2;
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

  const started = Date.now();
  const deletedSalts = await deleteExpiredSalts(db, now);
  budget -= 3;
  const room = Math.floor((budget - FOR_PURGING) / STATEMENTS_A_DAY);
  const dirty = await dirtyDays(db, now, room);
  // Days that are over come first: they cannot get better by waiting.
  const large = isFirstOfHour(now) ? await largeOpenDays(db, now, LIVE_EVENTS, room) : [];
  let rolledUp = 0;
  let failed = 0;
  let more = dirty.length === room;
  for (const day of [...dirty, ...large]) {
    const left = budget - FOR_PURGING;
    if (left < STATEMENTS_A_DAY || Date.now() - started > RUN_SECONDS * 1000) {
      more = true;
      break;
    }
    try {
      const { used, done } = await rollUp(db, day, now, left);
      budget -= used;
      if (done) rolledUp++;
      else more = true;
    } catch (error) {
      budget -= STATEMENTS_A_DAY;
      failed++;
      console.error(`rollup of ${day.pixel} ${day.day} failed: ${error}`);
    }
  }

  if (isFirstOfHour(now) && budget - FOR_PURGING > STATEMENTS_A_DAY) {
    await db.batch(forgetPeople(db, now));
    budget -= STATEMENTS_TO_FORGET + 1;
    const months = Math.max(0, Math.floor((budget - FOR_PURGING) / STATEMENTS_A_MONTH));
    const due = await monthsToRollUp(db, now, months);
    for (const month of due) await rollUpMonth(db, month);
    budget -= due.length * STATEMENTS_A_MONTH;
    more ||= due.length === months;
  }

  if (budget - FOR_PURGING > STATEMENTS_A_PAGE + STATEMENTS_TO_SEAL) {
    const letters = await checkDeadLetters(env, 1);
    budget -= letters.used;
    more ||= letters.more;
    if (isFirstOfHour(now)) budget -= (await sealKeys(db, secretsOf(env))).used;
  }

  if (isSecondOfHour(now) && budget - FOR_PURGING > STATEMENTS_A_DAY) {
    budget -= STATEMENTS_TO_INDEX;
    try {
      await db.batch(indexVisitors(db, now));
    } catch (error) {
      console.error(`indexing the visitors of the last hour failed: ${error}`);
    }
  }

  const purge = await purgeExpired(db, now, budget - 1);
  count('cron_runs', 1, now);
  await writeCounts(db);
  return {
    rolledUp,
    failed,
    purgedEvents: purge.events,
    deletedSalts,
    more: more || failed > 0 || purge.more,
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

interface Progress {
  /** Statements used. */
  readonly used: number;
  readonly done: boolean;
}

/** Recomputes one day: a small one in one transaction, a large one slice by slice, as far as the budget goes. */
async function rollUp(db: D1Database, day: DirtyDay, now: number, budget: number): Promise<Progress> {
  if (day.events > SLICE_EVENTS) return rollUpSlices(db, day, now, budget);
  await db.batch([
    db.prepare(ROLL_UP_DAY).bind(...parametersOf(day, 0, 1)),
    db.prepare(DELETE_VANISHED).bind(day.pixel, day.day),
    rollUpPeople(db, day),
    markRolledUp(db, { ...day, slices: 0 }, now),
  ]);
  return { used: STATEMENTS_A_DAY, done: true };
}

async function rollUpSlices(db: D1Database, day: DirtyDay, now: number, budget: number): Promise<Progress> {
  let used = 0;
  let { slice, slices } = day;
  const goesOn = slices > 0 && (day.dirty === 2 || day.open);
  if (!goesOn) {
    slice = 0;
    slices = Math.ceil(day.events / SLICE_EVENTS);
    await db.batch([db.prepare(DELETE_SLICES).bind(day.pixel, day.day), beginSlices(db, day, slices)]);
    used += STATEMENTS_A_SLICE;
  }
  for (; slice < slices; slice++) {
    if (budget - used < STATEMENTS_A_SLICE) return { used, done: false };
    const [, ended] = await db.batch([
      db.prepare(KEEP_SLICE).bind(...parametersOf(day, slice, slices), slice, slices),
      endSlice(db, day, slice, slices),
    ]);
    used += STATEMENTS_A_SLICE;
    // Another run is at it.
    if (ended?.meta.changes === 0) return { used, done: false };
  }
  if (budget - used < STATEMENTS_TO_END) return { used, done: false };
  await db.batch([
    db.prepare(ROLL_UP_SLICES).bind(day.pixel, day.day),
    db.prepare(DELETE_VANISHED).bind(day.pixel, day.day),
    rollUpPeople(db, day),
    markRolledUp(db, { ...day, slices }, now),
    db.prepare(DELETE_USED_SLICES).bind(day.pixel, day.day),
  ]);
  return { used: used + STATEMENTS_TO_END, done: true };
}

async function rollUpMonth(db: D1Database, { pixel, month }: Month): Promise<void> {
  await db.batch(
    [ROLL_UP_MONTH, DELETE_VANISHED_OF_MONTH, MARK_MONTH].map((sql) => db.prepare(sql).bind(pixel, month)),
  );
}

function rollUpPeople(db: D1Database, day: DirtyDay): D1PreparedStatement {
  return db.prepare(ROLL_UP_PEOPLE).bind(day.pixel, stretchesOf(day), day.day);
}

function parametersOf(dirty: DirtyDay, slice: number, slices: number): unknown[] {
  const { pixel, day, goals } = dirty;
  return [pixel, stretchesOf(dirty), goalParameter(goals), ...sliceBounds(slice, slices), day];
}

function stretchesOf({ day, timezone }: DirtyDay): string {
  return stretchParameter(segments(timezone, day, day).map((segment) => ({ ...segment, bucket: '' })));
}

async function purgeExpired(
  db: D1Database,
  now: number,
  statements: number,
): Promise<{ events: number; more: boolean }> {
  let left = statements - 1;
  let events = 0;
  // Each day takes at least three statements: close, delete, mark.
  const room = Math.max(1, Math.floor(left / 3));
  const days = await expiredDays(db, now, PURGE_GRACE, room);
  for (const day of days) {
    if (left < 3) return { events, more: true };
    const { deleted, used, done } = await purgeDay(db, day, left);
    events += deleted;
    left -= used;
    if (!done) return { events, more: true };
  }
  // It looks at all days that hold events.
  let stray = isFirstOfHour(now) ? PURGE_CHUNK : 0;
  for (; stray === PURGE_CHUNK && left > 0; left--) {
    stray = await purgeStrayEvents(db, now, PURGE_CHUNK);
    events += stray;
  }
  return { events, more: days.length === room || stray === PURGE_CHUNK };
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
