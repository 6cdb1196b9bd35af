/** Columns that the Worker makes of events are those that SQL makes of the same events, byte for byte, and count alike. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { rowsOf } from '../../src/columns/encode.ts';
import { parseHeader, Segment, type SegmentRow } from '../../src/columns/segment.ts';
import { DayEvents } from '../../src/engine/day-segment.ts';
import { EVENT_COLUMNS, type Event } from '../../src/model/event.ts';
import type { Goal } from '../../src/model/goal.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { segments } from '../../src/model/time-zone.ts';
import { countsOf } from '../../src/rollup/column-counts.ts';
import { STORE_COLUMNS } from '../../src/rollup/columns.sql.ts';
import { valuesOf } from '../../src/rollup/values-of-day.ts';
import { prepare } from '../../src/sql/statement.ts';
import {
  applySchema,
  db,
  GOALS,
  histories,
  makePixel,
  ODD_DAYS,
  PROP_KEYS,
  place,
  store,
} from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';
import { runs } from '../runs.ts';

beforeAll(applySchema);

/** What JSON escapes, what has two UTF-16 units or sorts otherwise by them than by bytes, and what looks like a part of the format. */
const HOSTILE = fc.oneof(
  fc.constantFrom(
    '"',
    '\\',
    '\u0001',
    '\u007f',
    '\u2028',
    '\ufeff',
    '\uffff',
    '\u{1f600}',
    '[]',
    '/',
    "'",
    '\ue000',
  ),
  fc.constantFrom('\u{1f600}a', '\uffffa', '\ue000a', 'a\u{1f600}', 'a\uffff', 'a\ud7ff', 'a', 'A', 'ä'),
  fc.string({ unit: 'binary', maxLength: 5 }).map((text) => text.replaceAll('\0', '')),
);

/** Events whose texts are hostile, some in the same millisecond, and with ids that come in no order of time. */
const hostile = (events: readonly OracleEvent[]): fc.Arbitrary<OracleEvent[]> =>
  fc.tuple(
    ...events.map((event) =>
      fc
        .record({
          id: fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 3 }),
          page: HOSTILE,
          source: HOSTILE,
          city: HOSTILE,
          visitor: fc.oneof(fc.constant(String(event.visitor)), fc.constantFrom('-', 'Z', '_z')),
          value: fc.constantFrom(null, 0, -1, 1, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER),
        })
        .map((fields) => ({ ...event, ...fields, id: `${fields.id}${event.id}` })),
    ),
  ) as unknown as fc.Arbitrary<OracleEvent[]>;

const STEPS = [0, 1, 59_999, 60_000, 1_799_999, 1_800_000, 1_800_001, 3_600_000];

/** Events of few visitors from the first moment of a day on, at the border of a visit from each other. */
const closeBy = (start: number): fc.Arbitrary<OracleEvent[]> =>
  fc
    .array(
      fc.record({
        step: fc.constantFrom(...STEPS),
        visitor: fc.constantFrom('ann', 'ann', 'ann', 'bob', ''),
        name: fc.constantFrom('pageview', 'Signup', 'engagement'),
      }),
      { maxLength: 20 },
    )
    .map((events) => {
      let ts = start;
      return events.map(({ step, ...event }, index): OracleEvent => {
        ts += step;
        return { ...event, ts, id: `${'zyx'[index % 3]}${index}`, page: '/' };
      });
    });

/** The rows that SQL stores of a local day. */
async function storedRows(pixel: Pixel, day: string): Promise<SegmentRow[]> {
  const dirty = {
    pixel: pixel.id,
    day,
    timezone: pixel.timezone,
    goals: [],
    goalsText: '[]',
    open: false,
    dirty: 1,
    slice: 0,
    slices: 0,
    events: 1,
    points: 0,
    sample_interval: 1,
    rolls: 0,
    starts_at: 0,
    ends_at: 0,
    attempts: 0,
  } as const;
  await prepare(db, STORE_COLUMNS, valuesOf(dirty, 0, 1)).run();
  const { results } = await db
    .prepare('SELECT name, chunk, dictionary, codes FROM segments WHERE pixel = ? AND period = ?')
    .bind(pixel.id, day)
    .all<SegmentRow>();
  return results;
}

const inOrder = (rows: readonly SegmentRow[]): SegmentRow[] =>
  rows.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.chunk - b.chunk));

const segmentDay = (zone: string, day: string) => ({ day, rolls: 1, stretches: segments(zone, day, day) });

const decoded = (rows: readonly SegmentRow[]): Segment =>
  new Segment(parseHeader(rows.find(({ name }) => name === '')?.dictionary ?? ''), rows);

describe('the columns of a day', () => {
  it('made by the Worker are those made by SQL, byte for byte, and count alike', async () => {
    let rowsInAll = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...ODD_DAYS).chain(([zone, day]) =>
          fc.tuple(
            fc.constant(zone),
            fc.constant(day),
            fc.oneof(
              histories(day, 60),
              histories(day, 60).chain((events) => hostile(events)),
              closeBy(segments(zone, day, day)[0]?.start ?? 0),
            ),
          ),
        ),
        fc.infiniteStream(fc.nat()),
        async ([zone, day, history], random) => {
          const pixel = await makePixel(zone);
          const [{ start = 0 } = {}] = segments(zone, day, day);
          const events = [
            ...history,
            { ts: start, id: 'first', name: 'pageview', visitor: 'bob', page: '/' },
          ];
          await store(pixel, events);
          const expected = await storedRows(pixel, day);
          const ofDay = events.map((event) => place(pixel, event)).filter((placed) => placed.day.day === day);
          // In any order, and some of them twice.
          const shuffled = ofDay
            .flatMap(({ event }) => ((random.next().value as number) % 5 === 0 ? [event, event] : [event]))
            .map((event) => [random.next().value as number, event] as const)
            .toSorted(([a], [b]) => a - b);
          const made = new DayEvents();
          for (const [, event] of shuffled) made.add(event);
          const encoded = made.segmentOf(segmentDay(zone, day));
          const rows = rowsOf(encoded);
          expect(inOrder(rows)).toEqual(inOrder(expected));
          rowsInAll += rows.length;
          const counted = (segment: Segment) =>
            countsOf(segment, GOALS as readonly Goal[], PROP_KEYS, 0, { most: 9, hasExactTexts: true });
          const counts = counted(new Segment(encoded.header, [], encoded.columns));
          expect(counts).toEqual(counted(decoded(expected)));
        },
      ),
      { numRuns: runs(60, 400) },
    );
    expect(rowsInAll).toBeGreaterThan(300);
  });

  it('have several chunks, and codes of two UTF-16 units, where SQL makes them so', async () => {
    const day = '2026-03-01';
    const pixel = await makePixel('UTC');
    const count = 70_000;
    await store(pixel, [
      { ts: Date.parse(`${day}T00:00:00Z`), id: '', name: 'pageview', visitor: '', page: '/' },
    ]);
    const blank = EVENT_COLUMNS.filter(
      (column) =>
        !['pixel', 'ts', 'id', 'name', 'visitor', 'page', 'value', 'engaged', 'scroll'].includes(column),
    );
    await db
      .prepare(
        `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
         INSERT INTO events (pixel, ts, id, name, visitor, page, value, ${blank.join(', ')})
         SELECT ?1, ?2 + i * 1000, 'e' || i, iif(i % 7, 'pageview', 'engagement'), char(65 + i * i % 26), '/' || (i % 69000) || 'ä', i % 3,
           ${blank.map((column) => (column === 'authenticated' ? '0' : "''")).join(', ')} FROM n`,
      )
      .bind(pixel.id, Date.parse(`${day}T00:00:00Z`))
      .run();
    const { results } = await db.prepare('SELECT * FROM events WHERE pixel = ?').bind(pixel.id).all<Event>();
    const made = new DayEvents();
    for (const event of results) made.add(event);
    const rows = inOrder(rowsOf(made.segmentOf(segmentDay('UTC', day))));
    const expected = inOrder(await storedRows(pixel, day));
    expect(rows.map(({ name, chunk }) => `${name} ${chunk}`)).toEqual(
      expected.map(({ name, chunk }) => `${name} ${chunk}`),
    );
    expect(rows.filter(({ name }) => name === 'event:page').length).toBeGreaterThan(4);
    expect(rows.some(({ codes }) => /[\ud800-\udbff]/.test(codes))).toBe(true);
    for (const [index, row] of rows.entries()) {
      const other = expected[index] as SegmentRow;
      expect(row.dictionary === other.dictionary, `${row.name} ${row.chunk}: dictionary`).toBe(true);
      expect(row.codes === other.codes, `${row.name} ${row.chunk}: codes`).toBe(true);
    }
  });

  it('are none for a day without events', () => {
    const { header } = new DayEvents().segmentOf(segmentDay('UTC', '2026-03-01'));
    expect(header).toMatchObject({ events: 0, visits: 0, constants: {} });
  });
});
