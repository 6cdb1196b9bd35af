import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Condition, Expression, Statement } from '../../src/engine/dialect.ts';
import { textOf } from '../../src/engine/dialect.ts';
import { EngineError } from '../../src/engine/engine-error.ts';
import { mistakesIn } from '../../src/engine/grammar.ts';
import { KIND, pointOf } from '../../src/engine/point.ts';
import { type PointRange, readPoints } from '../../src/engine/read-points.ts';
import type { EngineReader } from '../../src/engine/reader.ts';
import type { EngineRow } from '../../src/engine/row.ts';
import type { Event } from '../../src/model/event.ts';
import { sliceBounds } from '../../src/rollup/local-day.sql.ts';
import '../seed.ts';
import { anonymousEvent, rowOfPoint } from './rows.ts';

const DAY = Date.parse('2026-03-04T00:00:00Z');
const RANGE: PointRange = { pixel: 'px_1111111111111111', since: DAY, until: DAY + 86_400_000 };

/** Evaluates statements about rows in memory, as far as `readPoints` makes them. ClickHouse runs them in test/clickhouse. */
function readerOfRows(rows: readonly EngineRow[], fail: (statement: Statement) => void = () => {}) {
  const asked: Statement[] = [];
  const evaluate = (row: EngineRow, value: Expression): string | number => {
    if ('column' in value) return row[value.column] ?? '';
    if ('value' in value) return value.value;
    if ('of' in value) return row['_sample_interval'] ?? 1;
    throw new Error('not evaluated here');
  };
  const holds = (row: EngineRow, one: Condition): boolean => {
    if ('and' in one) return one.and.every((part) => holds(row, part));
    if ('or' in one) return one.or.some((part) => holds(row, part));
    if ('in' in one) return one.in.includes(String(row[one.column]));
    const [left, right] = [evaluate(row, one.left), evaluate(row, one.right)];
    return {
      '=': left === right,
      '<>': left !== right,
      '<': left < right,
      '<=': left <= right,
      '>': left > right,
      '>=': left >= right,
    }[one.is];
  };
  const reader: EngineReader = {
    async rows(statement) {
      asked.push(statement);
      for (const dialect of ['http', 'binding'] as const) {
        expect(mistakesIn(textOf(statement, dialect, 'd'), dialect)).toEqual([]);
      }
      fail(statement);
      const found = rows.filter((row) => statement.where.every((one) => holds(row, one)));
      const sorted = found.toSorted((a, b) => {
        for (const { by } of statement.orderBy ?? []) {
          if ((a[by] ?? '') !== (b[by] ?? '')) return (a[by] ?? '') < (b[by] ?? '') ? -1 : 1;
        }
        return 0;
      });
      return sorted
        .slice(0, statement.limit)
        .map((row) =>
          Object.fromEntries(
            statement.select.map(({ as, value }) => [as, evaluate(row, value as Expression)]),
          ),
        );
    },
  };
  return { reader, asked };
}

const rowOf = (event: Event, kind: number = KIND.event, interval = 1): EngineRow =>
  rowOfPoint(pointOf(event, kind) as AnalyticsEngineDataPoint, '', interval);

async function read(reader: EngineReader, range = RANGE, rows?: number) {
  const events: Event[] = [];
  const intervals: number[] = [];
  const pages: number[] = [];
  for await (const page of readPoints(reader, range, rows)) {
    events.push(...page.events);
    intervals.push(...page.intervals);
    pages.push(page.events.length);
  }
  return { events, intervals, pages };
}

const ofDay = anonymousEvent.chain((event) =>
  fc.integer({ min: 0, max: 20 }).map((at) => ({ ...event, pixel: RANGE.pixel, ts: DAY + at })),
);
const inOrder = (events: readonly Event[]): Event[] =>
  events.toSorted((a, b) => a.ts - b.ts || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));

describe('reading points', () => {
  it('reads each event once, in order, in pages of any size, whatever was written twice', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(ofDay, { selector: ({ id }) => id, maxLength: 25 }),
        fc.array(fc.nat(24), { maxLength: 20 }),
        fc.integer({ min: 1, max: 12 }),
        async (events, repeated, rows) => {
          const again = repeated.flatMap((place) => events[place] ?? []);
          const { reader } = readerOfRows([...events, ...again].map((event) => rowOf(event)));
          expect((await read(reader, RANGE, rows)).events).toEqual(inOrder(events));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('reads slices of visitors that make up the day', async () => {
    const events = fc
      .sample(ofDay, { numRuns: 60, seed: 1 })
      .map((event, index) => ({ ...event, id: `e${index}` }));
    const { reader } = readerOfRows(events.map((event) => rowOf(event)));
    for (const slices of [1, 2, 7, 64]) {
      const parts: Event[] = [];
      for (let slice = 0; slice < slices; slice++) {
        const { events: some } = await read(reader, { ...RANGE, ...sliceBounds(slice, slices) }, 5);
        parts.push(...some);
      }
      expect(inOrder(parts)).toEqual(inOrder(events));
    }
  });

  it('reads neither copies, nor points of earlier versions, nor those of other pixels and times', async () => {
    const [event] = fc.sample(ofDay, 1) as [Event];
    const rows = [
      rowOf(event, KIND.copy),
      { ...rowOf(event), index1: event.pixel, double3: KIND.oldCopy },
      rowOf({ ...event, pixel: 'px_2222222222222222' }),
      rowOf({ ...event, ts: RANGE.since - 1 }),
      rowOf({ ...event, ts: RANGE.until }),
    ];
    const { reader, asked } = readerOfRows(rows);
    expect((await read(reader)).events).toEqual([]);
    // Analytics Engine dates points when they are written.
    expect(asked[0]).toMatchObject({ since: RANGE.since - 3_600_000, until: RANGE.until + 3_600_000 });
  });

  it('says how many points an event stands for', async () => {
    const events = inOrder(fc.sample(ofDay, 3)).map((event, index) => ({
      ...event,
      id: `e${index}`,
      ts: DAY + index,
    }));
    const { reader } = readerOfRows(events.map((event, index) => rowOf(event, KIND.event, index + 1)));
    expect((await read(reader)).intervals).toEqual([1, 2, 3]);
  });

  it('asks for less if the answer is too large, and fails if that does not help', async () => {
    const events = Array.from({ length: 700 }, (_, index) => ({
      ...(fc.sample(ofDay, 1)[0] as Event),
      id: `e${index}`,
      ts: DAY + index,
    }));
    const limited = (most: number) => (statement: Statement) => {
      if (statement.limit > most) throw new EngineError('limit', 'too large');
    };
    const { reader, asked } = readerOfRows(
      events.map((event) => rowOf(event)),
      limited(200),
    );
    const { events: all, pages } = await read(reader);
    expect(all.map(({ id }) => id)).toEqual(events.map(({ id }) => id));
    expect(Math.max(...pages)).toBeLessThanOrEqual(200);
    expect(asked.map(({ limit }) => limit).slice(0, 4)).toEqual([10_000, 2500, 625, 156]);
    await expect(read(readerOfRows([], limited(50)).reader)).rejects.toThrow('too large');
  });

  it('passes every other failure on', async () => {
    const { reader } = readerOfRows([], () => {
      throw new EngineError('refused', 'no token');
    });
    await expect(read(reader)).rejects.toMatchObject({ kind: 'refused' });
  });
});
