/**
 * Rolls up a day that has events in Analytics Engine only. It is made in slices of its visitors, as a large day is: the Worker reads the
 * events of a slice from there and from D1, and makes columns and counts of them.
 */
import { rowsOf } from '../columns/encode.ts';
import { MAX_SEGMENT_ROWS } from '../columns/format.ts';
import { Segment } from '../columns/segment.ts';
import { countPoints } from '../engine/count-points.ts';
import { DayEvents } from '../engine/day-segment.ts';
import { EngineError } from '../engine/engine-error.ts';
import type { EngineReader } from '../engine/reader.ts';
import { segments } from '../model/time-zone.ts';
import { jsonLists } from '../sql/json-lists.ts';
import { prepare } from '../sql/statement.ts';
import { type EventRange, readDayEvents } from '../store/day-events.ts';
import type { DayToRollUp } from '../store/due-days.ts';
import { markSampled, storeCount } from '../store/engine-days.ts';
import { countsOf } from './column-counts.ts';
import { DELETE_COLUMNS_OF_SLICE, STORE_COLUMN_ROWS } from './columns.sql.ts';
import { MAX_SLICES, STORE_SLICE_ROWS, sliceBounds } from './local-day.sql.ts';
import type { Run, TaskBudget } from './run.ts';
import { QUESTIONS } from './sampled-dimensions.ts';
import { rollUpSlices, type SliceMaker } from './slices.ts';
import { hasColumns } from './values-of-day.ts';

/** Events of a slice: with what is made of them, they take some 50 of the isolate's 128 MB. A visitor is in one slice. */
const SLICE_EVENTS = 50_000;

/** Halvings of a slice after failures: its values may be too many, or too long. */
const MAX_HALVINGS = 6;

/** Lists of counts of a slice: 10 MB. */
const MAX_LISTS = 5;

/** A question reads so many points at once, and a statement so many events. */
const ROWS_A_READ = 10_000;

/** @returns whether the day is done. */
export async function rollUpPoints(run: Run, budget: TaskBudget, day: DayToRollUp): Promise<boolean> {
  if (run.engine === null) return false;
  try {
    return await rollUpSlices(run, budget, day, makerOf(run, run.engine, day));
  } catch (error) {
    if (error instanceof SampledMeanwhile) {
      await markSampled(run.db, day).run();
      return false;
    }
    // It would give other days no answer, either.
    if (error instanceof EngineError && error.kind !== 'limit') run.engine = null;
    throw error;
  }
}

/** The platform has given a part of what it counted before. */
class SampledMeanwhile extends Error {}

function makerOf({ db, now }: Run, reader: EngineReader, day: DayToRollUp): SliceMaker {
  const range = { pixel: day.pixel, since: day.starts_at, until: day.ends_at };
  const sliceEvents = SLICE_EVENTS >> Math.min(day.attempts, MAX_HALVINGS);
  let { points, sample_interval: interval } = day;
  return {
    get statements() {
      // Points, erasures, events; the old columns, new ones, and counts.
      return interval > 1 ? QUESTIONS : Math.ceil(sliceEvents / ROWS_A_READ) + 3 + 1 + 2 + 2;
    },
    async begin() {
      const counted = await countPoints(reader, range);
      points = counted.points;
      interval = Math.max(interval, counted.interval);
      const slices = interval > 1 ? 1 : Math.ceil((points + day.events) / sliceEvents);
      return {
        slices: Math.min(MAX_SLICES, Math.max(1, slices)),
        also: [storeCount(db, day, { points, interval }, now)],
      };
    },
    get events() {
      return points + day.events;
    },
    async store(keys, slice, slices) {
      if (interval > 1) {
        const { estimatedCounts } = await import('./sampled-day.ts');
        const values = { pixel: day.pixel, day: day.day, slice, slices };
        const lists = await estimatedCounts(db, reader, day);
        return lists.map((rows, list) => prepare(db, STORE_SLICE_ROWS, { ...values, rows, list }));
      }
      const bounds = sliceBounds(slice, slices);
      const events = await eventsOf(db, reader, { ...range, ...bounds });
      return storeSlice(db, day, events, keys, slice, slices);
    },
  };
}

/** The events of a slice, from both stores. */
async function eventsOf(db: D1Database, reader: EngineReader, range: EventRange): Promise<DayEvents> {
  const made = new DayEvents();
  for await (const { events, intervals } of readDayEvents(db, reader, range)) {
    if (intervals.some((interval) => interval > 1)) throw new SampledMeanwhile();
    for (const event of events) made.add(event);
  }
  return made;
}

/** The statements that store the columns and the counts of a slice. */
function storeSlice(
  db: D1Database,
  day: DayToRollUp,
  events: DayEvents,
  keys: readonly string[],
  slice: number,
  slices: number,
): D1PreparedStatement[] {
  const { pixel, timezone, rolls } = day;
  const made = events.segmentOf({
    day: day.day,
    rolls: rolls + 1,
    stretches: segments(timezone, day.day, day.day),
  });
  const segment = new Segment(made.header, [], made.columns);
  const counts = countsOf(segment, day.goals, keys, slice, { most: MAX_LISTS, hasExactTexts: false });
  if (counts === null)
    throw new Error('A slice of the day has too many values. It is tried again in smaller slices.');
  const values = { pixel, day: day.day, timezone, rolls, slice, slices };
  const isStored = hasColumns(day) && made.header.events <= MAX_SEGMENT_ROWS;
  const columns = isStored ? rowsOf(made) : [];
  const lists = jsonLists(
    columns.map(({ name, chunk, dictionary, codes }) => [name, chunk, dictionary, codes]),
  );
  return [
    prepare(db, DELETE_COLUMNS_OF_SLICE, values),
    ...lists.map((rows) => prepare(db, STORE_COLUMN_ROWS, { ...values, rows })),
    ...counts.map((rows, list) => prepare(db, STORE_SLICE_ROWS, { ...values, rows, list })),
  ];
}
