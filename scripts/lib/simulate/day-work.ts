/** What a day of any size takes of the cron, from the sizes that were measured. */
import { MAX_EVENTS_AT_ONCE, SLICE_EVENTS } from '../../../src/rollup/sizes.ts';
import type { DayWork, EventStore, Measured, Work } from './measured.ts';

export interface AnyDay {
  readonly work: Work;
  /** Statements of Analytics Engine. */
  readonly pointQueries: number;
  /** Milliseconds of D1, and of CPU of the Worker, which counts days in slices. */
  readonly milliseconds: number;
  readonly cpu: number;
  readonly rawBytes: number;
  readonly columnBytes: number;
  readonly rollupBytes: number;
  /** Seconds of the longest statement. */
  readonly longestStatement: number;
}

/**
 * Between two measured sizes, a quantity follows a power of the size. Beyond the largest:
 *
 * - rows written and columns grow by each event as between the last two sizes
 * - rollups grow by each doubling, since each dimension has at most a thousand values
 * - rows read grow by each event, and by each event of the complete day for each further slice: a slice of D1 reads the day to select
 *   its visitors
 * - all of a day of Analytics Engine grows by each event, except its rollups
 */
export function dayWorkOf(events: number, measured: Measured, store: EventStore = 'd1'): AnyDay {
  const days = measured.counts.days[store];
  if (days === null) throw new Error(`days of ${store} were not measured`);
  const [smaller, larger] = neighbours(days, events);
  const isBeyond = events > larger.events;
  const between = (value: (day: DayWork) => number): number =>
    power(events, [smaller.events, value(smaller)], [larger.events, value(larger)]);
  const linear = (value: (day: DayWork) => number): number =>
    isBeyond
      ? value(larger) +
        ((events - larger.events) * (value(larger) - value(smaller))) / (larger.events - smaller.events)
      : between(value);
  const logarithmic = (value: (day: DayWork) => number): number =>
    isBeyond
      ? value(larger) +
        (Math.log(events / larger.events) * (value(larger) - value(smaller))) /
          Math.log(larger.events / smaller.events)
      : between(value);

  const furtherSlices = isBeyond ? slicesOf(events) - larger.slices : 0;
  const { statementsPerSlice, scannedPerSlice } = store === 'd1' ? slicing(days) : NO_SLICING;
  const scanned = furtherSlices * scannedPerSlice * events;
  const read =
    isBeyond && store === 'd1'
      ? (larger.rollUp.rowsRead / larger.events) * events + scanned
      : linear(({ rollUp }) => rollUp.rowsRead);
  const { rollUpEach, scannedRow, longestEach, cronCpu } = measured.times;
  return {
    work: {
      statements:
        isBeyond && store === 'd1'
          ? larger.rollUp.statements + furtherSlices * statementsPerSlice
          : Math.max(
              smaller.rollUp.statements,
              between(({ rollUp }) => rollUp.statements),
            ),
      rowsRead: read,
      rowsWritten: linear(({ rollUp }) => rollUp.rowsWritten),
    },
    pointQueries: linear(({ pointQueries }) => pointQueries),
    milliseconds: events * rollUpEach[store] + scanned * scannedRow,
    cpu: store === 'd1' && slicesOf(events) === 0 ? 0 : events * cronCpu[store],
    rawBytes: linear(({ rawBytes }) => rawBytes),
    columnBytes: linear(({ columnBytes }) => columnBytes),
    rollupBytes: logarithmic(({ rollupBytes }) => rollupBytes),
    // The statements of a day of Analytics Engine only write what the Worker has made.
    longestStatement:
      store === 'd1'
        ? (Math.min(events, SLICE_EVENTS) * longestEach + events * scannedPerSlice * scannedRow) / 1000
        : 0,
  };
}

const NO_SLICING = { statementsPerSlice: 0, scannedPerSlice: 0 };

function slicesOf(events: number): number {
  return events > MAX_EVENTS_AT_ONCE ? Math.ceil(events / SLICE_EVENTS) : 0;
}

/** What a further slice takes, from the days with one and with two slices. */
function slicing(days: readonly DayWork[]): { statementsPerSlice: number; scannedPerSlice: number } {
  const [few, many] = days.filter(({ slices }) => slices > 0).slice(-2);
  if (!few || !many || many.slices === few.slices)
    throw new Error('two days with different numbers of slices have to be measured');
  // The statement that reads the most reads the complete day, and the events of its slice with all that is made of them.
  const widest = ({ widest, events }: DayWork): number => widest / events;
  const own = (widest(few) - widest(many)) / (1 / few.slices - 1 / many.slices);
  return {
    statementsPerSlice: (many.rollUp.statements - few.rollUp.statements) / (many.slices - few.slices),
    scannedPerSlice: Math.max(0, widest(few) - own / few.slices),
  };
}

/** The measured sizes around a size: the last two if it is beyond them, the first two if it is below. */
function neighbours(days: readonly DayWork[], events: number): [DayWork, DayWork] {
  const above = days.findIndex((day) => day.events >= events);
  const index = above < 0 ? days.length - 1 : Math.max(1, above);
  const [smaller, larger] = [days[index - 1], days[index]];
  if (!smaller || !larger) throw new Error('days of two sizes have to be measured');
  return [smaller, larger];
}

/** The value at a size of the power law through two points. */
function power(at: number, [x, y]: readonly [number, number], [x2, y2]: readonly [number, number]): number {
  if (y <= 0 || y2 <= 0) return y + ((y2 - y) * (at - x)) / (x2 - x);
  return y * (at / x) ** (Math.log(y2 / y) / Math.log(x2 / x));
}
