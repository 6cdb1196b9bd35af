/** The hours that visitors are found by: what one costs on a large day, and that nothing of a day is missed, whenever it came. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../../scripts/lib/random.ts';
import { EVENT_COLUMNS } from '../../src/model/event.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { runJob } from '../../src/rollup/job.ts';
import { erase } from '../../src/store/people.ts';
import { deletePixel } from '../../src/store/pixels.ts';
import { findTraces, readTrace } from '../../src/store/traces.ts';
import { indexVisitors, unindexedRanges } from '../../src/store/visitor-hours.ts';
import { applySchema, counting, db, makePixel, store, testEnv } from '../fixtures.ts';
import { runs } from '../runs.ts';

const HOUR = 3_600_000;
const START = Date.parse('2026-11-24T00:00:00Z');
const END = START + 24 * HOUR;
const NOON = START + 12 * HOUR;

beforeAll(applySchema);
beforeEach(async () => {
  for (const table of ['visitor_hours', 'events', 'days']) await db.prepare(`DELETE FROM ${table}`).run();
});

const index = (now: number) => db.batch(indexVisitors(db, now));
const traceOf = (pixel: Pixel, visitor: string) => ({
  pixel: pixel.id,
  visitor,
  start: START,
  end: END,
  alias: '',
});
const event = (ts: number, visitor: string) => ({ ts, id: `${visitor}${ts}`, name: 'pageview', visitor });
const hours = async (): Promise<unknown[]> =>
  (await db.prepare('SELECT (hour - ?) / ? FROM visitor_hours ORDER BY hour').bind(START, HOUR).raw()).flat();
const timesOf = async (pixel: Pixel, visitor: string, most = 5000): Promise<number[]> =>
  [...((await findTraces(db, [traceOf(pixel, visitor)], most)).rows[0]?.times ?? [])].sort((a, b) => a - b);

/** So many events over the hours before a time, of so many visitors. */
async function fill(pixel: Pixel, events: number, visitors: number, until: number): Promise<void> {
  await store(pixel, [event(START, 'first')], START);
  const columns = EVENT_COLUMNS.map((column) => {
    if (column === 'ts') return 'CAST(?3 + (n * (?4 - ?3)) / ?2 AS INTEGER)';
    if (column === 'id') return `'i' || n`;
    return column === 'visitor'
      ? "substr(CAST(n % ?5 AS INTEGER) || '-visitor-of-twenty-two', 1, 22)"
      : `e.${column}`;
  });
  await db
    .prepare(
      `INSERT INTO events (${EVENT_COLUMNS.join(', ')})
       WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?2 - 1)
       SELECT ${columns.join(', ')} FROM numbers CROSS JOIN events e WHERE e.pixel = ?1 AND e.id = 'first${START}'`,
    )
    .bind(pixel.id, events, START, until, visitors)
    .run();
}

describe('a visitor of a day of 100,000 events', () => {
  it('costs a row per hour, their own events, and the events since the last hour', async () => {
    const pixel = await makePixel('UTC');
    const now = END - HOUR + 360_000;
    await fill(pixel, 100_000, 30_000, now);
    await index(now);
    const visitor = '1234-visitor-of-twenty-two'.slice(0, 22);
    const { results } = await db
      .prepare('SELECT ts FROM events WHERE pixel = ? AND visitor = ? ORDER BY ts')
      .bind(pixel.id, visitor)
      .all<{ ts: number }>();
    expect(results.length).toBeGreaterThan(2);
    const { rows, rowsRead } = await findTraces(db, [traceOf(pixel, visitor)], 5000);
    expect([...(rows[0]?.times ?? [])].sort((a, b) => a - b)).toEqual(results.map(({ ts }) => ts));
    // 23 hours, six minutes of events, and some look-ups.
    const since = await db
      .prepare('SELECT count(*) FROM events WHERE ts >= ?')
      .bind(END - HOUR)
      .first<number>('count(*)');
    expect(since).toBeGreaterThan(300);
    expect(rowsRead).toBeLessThan(Number(since) + 60);

    const { db: counted, cost } = counting();
    const times = rows[0]?.times ?? [];
    const subject = { pixel: pixel.id, aliases: [], visitor: { hash: visitor, times } };
    expect((await erase(counted, [subject], now)).events).toBe(results.length);
    expect(cost.read).toBeLessThan(200);
    expect(await timesOf(pixel, visitor, 100_000)).toEqual([]);
  });

  it('without an index costs at most the limit, and is reported as incomplete', async () => {
    const pixel = await makePixel('UTC');
    await fill(pixel, 100_000, 30_000, END);
    const { rows, rowsRead } = await findTraces(db, [traceOf(pixel, '1234-visitor-of-twenty')], 5000);
    expect(rows[0]?.isPartial).toBe(true);
    expect(rowsRead).toBeLessThan(5100);
    expect((await findTraces(db, [traceOf(pixel, '1234-visitor-of-twenty')], 0)).rowsRead).toBeLessThan(100);
  });

  it('has one row for each hour with events', async () => {
    const pixel = await makePixel('UTC');
    await fill(pixel, 1000, 100, NOON);
    const [, made] = await index(NOON + 300_000);
    expect(made?.meta.changes).toBe(12);
    const [, again] = await index(NOON + 300_000);
    expect(again?.meta.changes).toBe(0);
    expect(again?.meta.rows_written).toBe(0);
  });
});

describe('an hour', () => {
  it('is indexed five minutes after its end, by the cron', async () => {
    const pixel = await makePixel('UTC');
    await store(pixel, [event(NOON - 1, 'ann'), event(NOON, 'ann'), event(NOON - HOUR, 'ann')], NOON);
    await index(NOON + 299_999);
    expect(await hours()).toEqual([]);
    await index(NOON + 300_000);
    expect(await hours()).toEqual([11]);
    await db.prepare('DELETE FROM visitor_hours').run();
    await runJob(testEnv, NOON + 10);
    expect(await hours()).toEqual([]);
    await runJob(testEnv, NOON + 300_010);
    expect(await hours()).toEqual([11]);
    await db.prepare('DELETE FROM visitor_hours').run();
    await runJob(testEnv, NOON + 600_010);
    expect(await hours()).toEqual([]);
  });

  it('is indexed again if an event arrives late, and no event is missed meanwhile', async () => {
    const pixel = await makePixel('UTC');
    await store(pixel, [event(NOON - 2, 'ann')], NOON);
    await index(NOON + 300_000);
    await store(pixel, [event(NOON - 1, 'ann'), event(NOON + 1, 'ann')], NOON + HOUR - 1);
    expect(await hours()).toEqual([]);
    expect(await timesOf(pixel, 'ann')).toEqual([NOON - 2, NOON - 1, NOON + 1]);
    await index(NOON + HOUR);
    expect(await hours()).toEqual([11]);
    expect(await timesOf(pixel, 'ann')).toEqual([NOON - 2, NOON - 1, NOON + 1]);
    // An event of this hour, and one of long ago, cost nothing.
    await store(pixel, [event(NOON + HOUR, 'ann'), event(NOON - 40 * HOUR, 'ann')], NOON + HOUR + 1);
    expect(await hours()).toEqual([11]);
  });

  it('with too many events has a row without visitors, is scanned, and is not tried again', async () => {
    const pixel = await makePixel('UTC');
    await fill(pixel, 50_002, 3, START + HOUR);
    await index(START + HOUR + 300_000);
    const row = db.prepare('SELECT visitors FROM visitor_hours WHERE pixel = ?').bind(pixel.id);
    expect(await row.all()).toMatchObject({ results: [{ visitors: null }] });
    const { rows } = await findTraces(db, [traceOf(pixel, 'first')], 60_000);
    expect(rows[0]).toMatchObject({ times: [START], isPartial: false });
    const [, again] = await index(START + HOUR + 300_000);
    expect(again?.meta.rows_read).toBeLessThan(200);
  });

  it('is deleted after its day, with its pixel, and when one of its visitors is erased', async () => {
    const pixel = await makePixel('UTC');
    await store(pixel, [event(NOON - 1, 'ann'), event(NOON - HOUR - 1, 'bob')], NOON);
    await index(NOON + 300_000);
    expect(await hours()).toEqual([10, 11]);
    await erase(db, [{ pixel: pixel.id, aliases: [], visitor: { hash: 'ann', times: [NOON - 1] } }], NOON);
    expect(await hours()).toEqual([10]);
    await index(NOON + 24 * HOUR);
    expect(await hours()).toEqual([10]);
    await index(NOON + 25 * HOUR);
    expect(await hours()).toEqual([]);
    await index(NOON + 300_000);
    expect(await hours()).toEqual([10]);
    await deletePixel(db, pixel.id);
    expect(await hours()).toEqual([]);
  });

  it('belongs to the current local day of its pixel', async () => {
    const expected = { UTC: [11], 'Pacific/Kiritimati': [11], 'Asia/Kolkata': [-6, 11], 'Etc/GMT+12': [] };
    for (const [zone, rows] of Object.entries(expected)) {
      const pixel = await makePixel(zone);
      // In Kolkata the day has begun half an hour into this hour.
      const early = START - 5.2 * HOUR;
      await store(pixel, [event(NOON - 1, 'ann'), event(early, 'ann'), event(NOON - 30 * HOUR, 'ann')], NOON);
      await index(NOON + 300_000);
      expect([zone, await hours()]).toEqual([zone, rows]);
      await db.prepare('DELETE FROM visitor_hours').run();
      await db.prepare('DELETE FROM days').run();
    }
  });
});

it('has the same result as a scan of all events, whatever the order of events and indexing', async () => {
  const random = new Random(7);
  for (let run = 0; run < runs(3, 8); run++) {
    const pixel = await makePixel('UTC');
    const names = ['ann', 'bob', 'eve'];
    let now = START + HOUR;
    for (let step = 0; step < 25; step++) {
      now += random.below(40 * 60_000);
      const kind = random.below(10);
      const ts = random.chance(0.7) ? now - random.below(1000) : START + random.below(now - START);
      const visitor = names[random.below(3)] as string;
      if (kind < 6) await store(pixel, [{ ...event(ts, visitor), id: `${run}-${step}` }], now);
      else if (kind < 9) await index(now);
      else {
        const times = await timesOf(pixel, visitor);
        await erase(db, [{ pixel: pixel.id, aliases: [], visitor: { hash: visitor, times } }], now);
      }
      for (const name of names) {
        const rows = await db
          .prepare(
            'SELECT DISTINCT ts FROM events WHERE pixel = ? AND visitor = ? AND ts >= ? AND ts < ? ORDER BY ts',
          )
          .bind(pixel.id, name, START, END)
          .raw<[number]>();
        const indexedTimes = await timesOf(pixel, name);
        expect(indexedTimes, `${run} ${step} ${name}`).toEqual(rows.flat());
        const trace = await readTrace(db, traceOf(pixel, name), indexedTimes, 1000);
        expect(new Set(trace.events.map((values) => values[EVENT_COLUMNS.indexOf('ts')]))).toEqual(
          new Set(rows.flat()),
        );
      }
    }
  }
});

it.each([
  [[], [[START + 1, START + 3 * HOUR + 5]]],
  [[0], [[START + HOUR, START + 3 * HOUR + 5]]],
  [
    [1],
    [
      [START + 1, START + HOUR],
      [START + 2 * HOUR, START + 3 * HOUR + 5],
    ],
  ],
  [[0, 1, 2], [[START + 3 * HOUR, START + 3 * HOUR + 5]]],
  [[0, 1, 2, 3], []],
])('the hours %j leave %j uncovered', (indexed, gaps) => {
  const at = new Set(indexed.map((hour) => START + hour * HOUR));
  expect(unindexedRanges(START + 1, START + 3 * HOUR + 5, at)).toEqual(gaps);
});
