import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Statement } from '../../src/engine/dialect.ts';
import { EngineError } from '../../src/engine/engine-error.ts';
import { KIND } from '../../src/engine/point.ts';
import { type PointRange, readPoints } from '../../src/engine/read-points.ts';
import type { EngineReader } from '../../src/engine/reader.ts';
import type { EngineRow } from '../../src/engine/row.ts';
import type { Event } from '../../src/model/event.ts';
import { sliceBounds } from '../../src/rollup/local-day.sql.ts';
import '../seed.ts';
import { type MemoryEngine, memoryEngine, rowOf } from './memory-engine.ts';
import { anonymousEvent } from './rows.ts';

const DAY = Date.parse('2026-03-04T00:00:00Z');
const RANGE: PointRange = { pixel: 'px_1111111111111111', since: DAY, until: DAY + 86_400_000 };

/** Analytics Engine with these rows. @param fail is called before each answer, and may throw. */
function readerOfRows(rows: EngineRow[], fail: (statement: Statement) => void = () => {}): MemoryEngine {
  return Object.assign(memoryEngine(rows), { before: fail });
}

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
