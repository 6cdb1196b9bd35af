/**
 * Finds the local days that have events in Analytics Engine only: asks which pixels have been written to lately, and marks their days.
 * And counts the points of these days again, since points may come after a day has been rolled up.
 */
import {
  afterPixel,
  countByPixel,
  PIXELS_A_PAGE,
  type WrittenPixel,
  writtenPixels,
} from '../engine/count-points.ts';
import type { EngineReader } from '../engine/reader.ts';
import { localDayOf } from '../model/local-day.ts';
import {
  type DaysToCount,
  daysToCount,
  type EngineDay,
  markCounted,
  markEngineDays,
  readWatermark,
  storeCounts,
  storeWatermark,
  zonesOf,
} from '../store/engine-days.ts';
import type { Run, TaskBudget } from './run.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** How far back the first run looks. */
const FIRST_LOOK = 48 * HOUR;
/** Each run looks again at the time before its last look: a point can be read some minutes after it was written. */
const OVERLAP = 30 * MINUTE;
/** The time of one look. Within it, the events of a pixel are of two local days at most: those of the first and of the last. */
const WINDOW = 12 * HOUR;
/** A page takes one question, and statements to read time zones and to mark days. */
const STATEMENTS_A_PAGE = 4;
/** Days of different bounds whose points one run counts. */
const BOUNDS_A_RUN = 40;

const UNREADABLE =
  'EVENT_STORE is analytics_engine, but Analytics Engine cannot be read. Set ACCOUNT_ID and the secret ANALYTICS_TOKEN, or bind ANALYTICS_SQL: see docs/deploy.md.';

/**
 * Marks the days that have points, and counts points.
 *
 * @throws Error if Analytics Engine cannot be read or gives no answer. Then the run leaves days of Analytics Engine to the next one.
 */
export async function findPoints(run: Run, budget: TaskBudget, reader: EngineReader | null): Promise<void> {
  if (reader === null) throw new Error(UNREADABLE);
  // Rollups need the other half.
  const least = Math.ceil(budget.left / 2);
  const hasLeft = (): boolean => budget.left - least >= STATEMENTS_A_PAGE;
  await markNewDays(run, reader, hasLeft);
  run.engine = reader;
  await countAgain(run, reader, hasLeft);
}

/** Marks the days of all points that have been written since the last look. */
async function markNewDays(run: Run, reader: EngineReader, hasLeft: () => boolean): Promise<void> {
  const { db, now } = run;
  const watermark = (await readWatermark(db)) ?? now - FIRST_LOOK;
  // If there are too many pixels for a run, each run begins with others.
  const isBehind = now - watermark > BEHIND;
  const first = isBehind ? `px_${CHARACTERS[Math.floor(now / (5 * MINUTE)) % CHARACTERS.length]}` : '';
  let until = Math.min(watermark, now);
  while (until < now) {
    const since = until - OVERLAP;
    until = Math.min(since + WINDOW, now);
    // The clocks of the platform may be ahead.
    const isDone = await markDaysOf(run, reader, since, until === now ? now + HOUR : until, first, hasLeft);
    if (!isDone) {
      run.report.more = true;
      return;
    }
    await storeWatermark(db, until, now);
  }
}

/** The characters of a pixel's id. */
const CHARACTERS = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** A run that is so late has left pages to this one, or runs were missed. */
const BEHIND = 12 * MINUTE;

/**
 * @param first the pixel with which to begin, or `''`.
 * @returns false if the budget is used up before all pages are read.
 */
async function markDaysOf(
  run: Run,
  reader: EngineReader,
  since: number,
  until: number,
  first: string,
  hasLeft: () => boolean,
): Promise<boolean> {
  const ranges = [['', first] as const, [first, ''] as const].slice(first === '' ? 1 : 0).toReversed();
  for (const [from, before] of ranges) {
    let after: string | null = from;
    while (after !== null) {
      if (!hasLeft()) return false;
      const rows: readonly WrittenPixel[] = await writtenPixels(reader, {
        since,
        until,
        from: after,
        before,
      });
      const days = await daysOf(run.db, rows);
      const statements = markEngineDays(run.db, days);
      if (statements.length > 0) await run.db.batch(statements);
      after = rows.length < PIXELS_A_PAGE ? null : afterPixel(rows.at(-1)?.pixel ?? '');
    }
  }
  return true;
}

/** The local days of the first and last events, without those of pixels that do not exist. */
async function daysOf(db: D1Database, written: readonly WrittenPixel[]): Promise<EngineDay[]> {
  if (written.length === 0) return [];
  const zones = await zonesOf(
    db,
    written.map(({ pixel }) => pixel),
  );
  return written.flatMap(({ pixel, first, last }) => {
    const zone = zones.get(pixel);
    if (zone === undefined) return [];
    const days = [localDayOf(zone, first), localDayOf(zone, last)];
    return days
      .slice(days[0]?.day === days[1]?.day ? 1 : 0)
      .map(({ day, start, end }) => ({ pixel, day, start, end, zone }));
  });
}

/** Counts the points of open days once an hour, and those of finished days until none can come any more. */
async function countAgain(run: Run, reader: EngineReader, hasLeft: () => boolean): Promise<void> {
  for (const days of await daysToCount(run.db, run.now, BOUNDS_A_RUN)) {
    if (!(await countDays(run, reader, days, hasLeft))) {
      run.report.more = true;
      return;
    }
  }
}

/** @returns false if the budget is used up before all pixels are counted. */
async function countDays(
  { db, now }: Run,
  reader: EngineReader,
  days: DaysToCount,
  hasLeft: () => boolean,
): Promise<boolean> {
  const isOpen = days.ends_at > now;
  for (let from = ''; ; ) {
    if (!hasLeft()) return false;
    // Of open days, only large ones get snapshots.
    const range = { since: days.starts_at, until: days.ends_at, from };
    const counts = await countByPixel(reader, range, isOpen ? 'points' : 'pixel');
    const isLast = isOpen || counts.length < PIXELS_A_PAGE;
    const statements = storeCounts(db, days, counts, now);
    if (isLast) statements.push(markCounted(db, days, now));
    await db.batch(statements);
    if (isLast) return true;
    from = afterPixel(counts.at(-1)?.pixel ?? '');
  }
}
