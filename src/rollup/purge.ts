/** Deletes raw events that are past their pixel's retention. */
import { DIRTY, RAW } from '../model/day-state.ts';
import { count } from '../store/counters.ts';
import {
  closeDay,
  type ExpiredDay,
  expiredDays,
  markPurged,
  purgeEvents,
  purgeStrayEvents,
} from '../store/days.ts';
import type { Run } from './run.ts';

/** Raw events that one statement deletes. */
export const PURGE_CHUNK = 5000;
/** A day past retention stays open this long after its last change, so that an import can fill it in peace. */
export const PURGE_GRACE = 48 * 3_600_000;

/** A day takes at least four statements: close (two, if its rollup is given up), delete, mark. */
const STATEMENTS_A_DAY = 4;
/** What is kept back for purging, so that a backlog of rollups cannot keep raw events alive for ever. */
export const STATEMENTS_TO_PURGE = 1 + STATEMENTS_A_DAY;

export interface Purge {
  readonly events: number;
  /** Whether something is left for a next run. */
  readonly more: boolean;
}

/** Purges expired days, as far as the run's statements but `reserve` go. */
export async function purgeExpired(run: Run, reserve: number): Promise<Purge> {
  const { db, now } = run;
  const room = Math.max(1, Math.floor((run.left - reserve - 1) / STATEMENTS_A_DAY));
  const days = await run.common('look', 'expired days', 1, () => expiredDays(db, now, PURGE_GRACE, room));
  let events = 0;
  for (const day of days ?? []) {
    if (run.left - reserve < STATEMENTS_A_DAY) return { events, more: true };
    const task = { kind: 'purge', pixel: day.pixel, item: day.day } as const;
    const purged = await run.of(task, day.attempts, () => purgeDay(run, day, reserve));
    events += purged?.events ?? 0;
    if (purged?.more) return { events, more: true };
  }
  return { events, more: days?.length === room };
}

async function purgeDay(run: Run, day: ExpiredDay, reserve: number): Promise<Purge> {
  const { db, now } = run;
  if (day.raw === RAW.stored) {
    run.use(day.dirty === DIRTY.clean ? 1 : 2);
    // A late event may have come since the look: then the day is dirty again, and its turn comes later.
    if (!(await closeDay(db, day, now))) return { events: 0, more: false };
    if (day.dirty !== DIRTY.clean) {
      count('given_up_days', 1, now);
      console.error(
        `cron: ${day.day} of ${day.pixel} is past retention; its rollup, which fails, is given up`,
      );
    }
  }
  let events = 0;
  while (run.left - reserve > 1) {
    run.use(1);
    const gone = await purgeEvents(db, day, PURGE_CHUNK);
    events += gone;
    if (gone === PURGE_CHUNK) continue;
    run.use(1);
    await markPurged(db, day);
    return { events, more: false };
  }
  return { events, more: true };
}

/** Purges events that are in no day. It looks at all days that hold events, so it is to be asked once an hour. */
export async function purgeStray(run: Run, reserve: number): Promise<Purge> {
  let events = 0;
  while (run.left - reserve > 0) {
    const gone = await run.common('stray', '', 1, () => purgeStrayEvents(run.db, run.now, PURGE_CHUNK));
    events += gone ?? 0;
    if (gone !== PURGE_CHUNK) return { events, more: false };
  }
  return { events, more: true };
}
