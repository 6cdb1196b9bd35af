/** Rollups of whole months: they answer as the days do, and only while they hold. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Pixel } from '../../src/model/pixel.ts';
import { parseQuery } from '../../src/query/language.ts';
import type { QueryResult } from '../../src/query/present.ts';
import { type DayRange, fullMonths } from '../../src/query/range.ts';
import { runQuery } from '../../src/query/run.ts';
import { changeTimeZone } from '../../src/store/rezone.ts';
import { applySchema, db, GOALS, histories, makePixel, runJobs, store } from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';
import { runs } from '../runs.ts';

const LATER = Date.parse('2027-06-01T00:00:00Z');

beforeAll(applySchema);

async function ask(pixel: Pixel, request: Record<string, unknown>): Promise<QueryResult> {
  const query = parseQuery({ site_id: pixel.id, ...request });
  if (!query.ok) throw new Error(JSON.stringify(query.error));
  const answer = await runQuery(db, query.value, pixel, LATER);
  if (!answer.ok) throw new Error(JSON.stringify(answer.error));
  return answer.value;
}

const METRICS = ['visitors', 'visits', 'pageviews', 'events', 'time_on_page', 'total_revenue'];
const DIMENSIONS = [
  [],
  ['time:month'],
  ['event:page'],
  ['visit:source'],
  ['event:goal'],
  ['event:currency'],
  ['event:props:plan'],
  ['time:month', 'visit:country_name'],
  ['time:week', 'event:name'],
  ['time:day'],
];

const count = async (table: string, { id }: Pixel): Promise<number> =>
  (await db.prepare(`SELECT count(*) AS n FROM ${table} WHERE pixel = ?`).bind(id).first<number>('n')) ?? 0;

/** Events of three months, of which the first and the last are asked for in part only. */
const threeMonths = fc
  .tuple(histories('2026-01-20', 12), histories('2026-02-01', 20), histories('2026-03-01', 20))
  .map((parts) => parts.flat().map((event, index): OracleEvent => ({ ...event, id: `m${index}` })));

describe('months', () => {
  it('have the same counts as events', async () => {
    await fc.assert(
      fc.asyncProperty(
        threeMonths,
        fc.constantFrom('UTC', 'Pacific/Kiritimati', 'America/Los_Angeles'),
        async (events, zone) => {
          const pixel = await makePixel(zone, { goals: GOALS });
          await store(pixel, events);
          const queries = DIMENSIONS.map((dimensions) => ({
            metrics: METRICS,
            dimensions,
            date_range: ['2026-01-19', '2026-03-31'],
          }));
          const live = [];
          for (const query of queries) live.push((await ask(pixel, query)).results);
          await runJobs(LATER);
          for (const [index, query] of queries.entries()) {
            expect((await ask(pixel, query)).results, String(query.dimensions)).toEqual(live[index]);
          }
        },
      ),
      { numRuns: runs(4, 10) },
    );
  });

  const view = (day: string, id: string): OracleEvent => ({
    ts: Date.parse(`${day}T12:00:00Z`),
    id,
    name: 'pageview',
    visitor: `v${id}`,
    page: '/',
  });
  const year = { metrics: ['pageviews'], date_range: ['2026-01-01', '2026-12-31'] };

  it('are read instead of their days until one of these changes', async () => {
    const pixel = await makePixel('UTC');
    await store(pixel, [view('2026-02-03', 'a'), view('2026-02-04', 'b'), view('2026-03-01', 'c')]);
    await runJobs(LATER);
    expect((await ask(pixel, year)).results[0]?.metrics).toEqual([3]);
    // What the days say is not looked at.
    await db.prepare(`UPDATE rollups SET pageviews = 9 WHERE pixel = ?`).bind(pixel.id).run();
    expect((await ask(pixel, year)).results[0]?.metrics).toEqual([3]);
    const february = { ...year, dimensions: ['time:month'] };
    expect((await ask(pixel, february)).results.map(({ metrics }) => metrics[0])).toEqual([2, 1]);
    expect(
      (await ask(pixel, { ...year, date_range: ['2026-02-02', '2026-03-31'] })).results[0]?.metrics,
    ).toEqual([19]);
    // A late event, on a day of its own.
    await store(pixel, [view('2026-02-20', 'd')]);
    expect((await ask(pixel, february)).results.map(({ metrics }) => metrics[0])).toEqual([19, 1]);
    await runJobs(LATER);
    await db.prepare('UPDATE days SET dirty = 1 WHERE pixel = ?').bind(pixel.id).run();
    await runJobs(LATER);
    expect((await ask(pixel, february)).results.map(({ metrics }) => metrics[0])).toEqual([3, 1]);
  });

  it('are not computed for a month that is not over', async () => {
    const pixel = await makePixel('UTC');
    await store(pixel, [view('2026-02-03', 'a')]);
    await runJobs(Date.parse('2026-03-01T00:00:00Z'));
    expect(await count('rollups', pixel)).toBeGreaterThan(0);
    expect(await count('months', pixel)).toBe(0);
    await runJobs(Date.parse('2026-03-02T00:00:00Z'));
    expect(await count('months', pixel)).toBe(1);
  });

  it('are deleted if days get new bounds', async () => {
    const pixel = await makePixel('UTC');
    await store(pixel, [{ ...view('2026-02-28', 'a'), ts: Date.parse('2026-02-28T23:00:00Z') }]);
    await runJobs(LATER);
    const moved = { ...pixel, timezone: 'Asia/Tokyo' };
    await changeTimeZone(db, moved);
    expect(await count('month_rollups', pixel)).toBe(0);
    await runJobs(LATER);
    const byMonth = { ...year, dimensions: ['time:month'] };
    expect((await ask(moved, byMonth)).results).toEqual([{ dimensions: ['2026-03-01'], metrics: [1] }]);
  });
});

describe('the full months of a range', () => {
  it.each([
    [{ from: '2026-01-01', to: '2026-02-28' }, ['2026-01', '2026-02']],
    [{ from: '2026-01-02', to: '2026-02-28' }, ['2026-02']],
    [{ from: '2024-02-01', to: '2024-02-28' }, []],
    [{ from: '2025-12-31', to: '2026-01-30' }, []],
    [{ from: '2025-12-01', to: '2026-01-31' }, ['2025-12', '2026-01']],
  ] satisfies [DayRange, string[]][])('%j are %j', (range, months) => {
    expect(fullMonths(range)).toEqual(months);
  });
});
