/** What a query costs is told before it runs, grows with all that it can have much of, and lets through what owners ask. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Pixel } from '../../src/model/pixel.ts';
import { readDays, type Volume } from '../../src/query/day-states.ts';
import { runFunnel } from '../../src/query/funnel.ts';
import { parseQuery } from '../../src/query/language.ts';
import type { ParsedQuery } from '../../src/query/parsed-query.ts';
import { charge, OWNERS, pricesOf, pricesOfFunnel, VIEWERS } from '../../src/query/price.ts';
import { testsToResolve } from '../../src/query/resolve.ts';
import { runQuery } from '../../src/query/run.ts';
import type { Sources } from '../../src/query/sources.ts';
import { applySchema, db, GOALS, histories, makePixel, runJobs, store } from '../fixtures.ts';
import { LATER, randomQueries } from './random-queries.ts';

beforeAll(applySchema);

function queryOf(request: Readonly<Record<string, unknown>>): ParsedQuery {
  const query = parseQuery({ site_id: 'px_1', metrics: ['visitors'], date_range: '12mo', ...request });
  if (!query.ok) throw new Error(JSON.stringify(query.error));
  return query.value;
}

const YEAR: Volume = { events: 1_000_000, rows: 0, days: 365 };
const setting = { goals: 3, isSafe: false };

function priceOf(
  request: Readonly<Record<string, unknown>>,
  held: readonly Volume[] = [YEAR],
  goals = 3,
): number {
  const query = queryOf(request);
  return pricesOf(query, testsToResolve(query), held, { ...setting, goals }).reduce(
    (sum, one) => sum + one,
    0,
  );
}

function isAllowed(
  request: Readonly<Record<string, unknown>>,
  allowance = OWNERS,
  held: readonly Volume[] = [YEAR],
): boolean {
  const query = queryOf(request);
  return charge(pricesOf(query, testsToResolve(query), held, setting), allowance).length === 0;
}

const country = ['is', 'visit:country', ['DE']];
const times = <T>(count: number, one: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => one(index));

describe('the price of a query', () => {
  /** What owners ask of a pixel of a million events in the year. */
  const REQUESTS: readonly Readonly<Record<string, unknown>>[] = [
    { filters: [country] },
    {
      filters: [country],
      metrics: ['visitors', 'visits', 'pageviews', 'bounce_rate', 'visit_duration', 'views_per_visit'],
    },
    { dimensions: ['event:page'], filters: [['is', 'visit:device', ['Mobile']]] },
    { dimensions: ['visit:source'], filters: [['contains', 'event:page', ['/blog']]] },
    { dimensions: ['visit:source', 'visit:device'] },
    { dimensions: ['time:day'], filters: [country] },
    { dimensions: ['event:goal'], metrics: ['visitors', 'conversion_rate'], filters: [country] },
  ];

  it.each(REQUESTS)('allows %j over a million events, for owners and viewers', (request) => {
    expect(isAllowed(request)).toBe(true);
    expect(isAllowed(request, VIEWERS)).toBe(true);
  });

  it('allows owners a comparison of two such years', () => {
    for (const request of REQUESTS) {
      const compared = { ...request, include: { comparisons: { mode: 'year_over_year' } } };
      expect(isAllowed(compared, OWNERS, [YEAR, YEAR]), JSON.stringify(request)).toBe(true);
    }
  });

  it('rejects a query that would reach the time limit of D1', () => {
    const tenMillion = [{ ...YEAR, events: 10_000_000 }];
    for (const request of REQUESTS) expect(isAllowed(request, OWNERS, tenMillion)).toBe(false);
    // Twice 15 seconds are 30, but one of 25 is too long by itself.
    expect(charge([15_000_000, 15_000_000], OWNERS)).toEqual([]);
    expect(charge([25_000_000], OWNERS)).toMatchObject([{ path: 'date_range' }]);
    expect(charge([15_000_000], VIEWERS)).toMatchObject([{ path: 'date_range' }]);
  });

  it('is low if rollups answer', () => {
    expect(
      priceOf({ dimensions: ['event:page'] }, [{ events: 3000, rows: 365_000, days: 365 }]),
    ).toBeLessThan(500_000);
  });

  const MANY: readonly (readonly [
    what: string,
    few: Record<string, unknown>,
    many: Record<string, unknown>,
  ])[] = [
    ['filters', { filters: [country] }, { filters: times(40, () => ['is', 'visit:country_name', ['x']]) }],
    [
      'filters by property',
      { filters: [country] },
      { filters: [['and', times(20, (index) => ['is_not', `event:props:p${index}`, ['x']])]] },
    ],
    [
      'texts to be contained',
      { filters: [['contains', 'event:page', ['a']]] },
      { filters: times(16, () => ['contains', 'event:page', ['a']]) },
    ],
    [
      'texts in properties',
      { filters: [['contains', 'event:props:a', ['a']]] },
      { filters: [['contains', 'event:props:a', times(16, String)]] },
    ],
    [
      'dimensions whose values are compared',
      { filters: [['matches', 'event:props:a', ['a']]] },
      { filters: times(20, (index) => ['matches', `event:props:p${index}`, ['a']]) },
    ],
    ['behavior', { filters: [['has_done', country]] }, { filters: times(18, () => ['has_done', country]) }],
    ['dimensions', {}, { dimensions: times(4, (index) => `event:props:p${index}`) }],
    [
      'shares',
      { metrics: ['visitors'], dimensions: ['event:goal'] },
      {
        metrics: ['visitors', 'percentage', 'conversion_rate', 'group_conversion_rate', 'total_revenue'],
        dimensions: ['event:goal'],
      },
    ],
    ['counting all rows', {}, { include: { total_rows: true } }],
    [
      'days of attribution',
      { dimensions: ['person:first_source'], include: { attribution_days: 1 } },
      { dimensions: ['person:first_source'], include: { attribution_days: 90 } },
    ],
    ['metrics of people', {}, { metrics: ['visitors', 'people'] }],
  ];

  it.each(MANY)('grows with %s', (_, few, many) => {
    const day = [{ ...YEAR, days: 1 }];
    expect(priceOf(many, day)).toBeGreaterThan(1.2 * priceOf(few, day));
  });

  it('grows with goals, ranges and events, and with the steps of a funnel', () => {
    const goal = { filters: [['is', 'event:goal', ['Signup']]] };
    expect(priceOf(goal, [YEAR], 50)).toBeGreaterThan(5 * priceOf(goal, [YEAR], 1));
    expect(priceOf(goal, [YEAR, YEAR])).toBe(2 * priceOf(goal));
    expect(priceOf(goal, [{ ...YEAR, events: 2_000_000 }])).toBe(2 * priceOf(goal));
    const funnel = (steps: number) =>
      pricesOfFunnel(queryOf({}), [], steps, YEAR, setting).reduce((sum, one) => sum + one, 0);
    expect(funnel(8)).toBeGreaterThan(1.5 * funnel(2));
    expect(charge([funnel(8)], OWNERS)).toEqual([]);
  });

  it('never falls when a query requests more', () => {
    fc.assert(
      fc.property(randomQueries('2026-03-01', { moments: false }), fc.nat(2_000_000), (request, events) => {
        const held = [{ events, rows: 0, days: 5 }];
        const price = priceOf(request as never, held);
        expect(Number.isFinite(price)).toBe(true);
        expect(price).toBeGreaterThanOrEqual(6 * events);
        const more = [...request.filters, ['has_done', ['is', 'event:props:x', ['y']]]];
        expect(priceOf({ ...request, filters: more }, held)).toBeGreaterThanOrEqual(price);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the number of rows to read', () => {
  const DAY = '2026-02-03';
  const noon = Date.parse(`${DAY}T12:00:00Z`);
  const views = (count: number, day = 0) =>
    times(count, (index) => ({
      ts: noon + day * 86_400_000 + index,
      id: `d${day}e${index}`,
      name: 'pageview',
      visitor: `v${index}`,
    }));
  const spanOf = {
    range: { from: DAY, to: '2026-02-05' },
    moments: null,
    trimmed: null,
    peopleSince: '2025-01-01',
    reportable: null,
  };
  const heldOf = async (pixel: Pixel, request: Readonly<Record<string, unknown>> = {}, sources?: Sources) =>
    (await readDays(db, { ...queryOf(request), pixel: pixel.id }, pixel, [spanOf], sources))[0]?.days;

  it('is counted for changed days, and stored for the others', async () => {
    const pixel = await makePixel('UTC');
    await store(pixel, [...views(30), ...views(20, 1)]);
    expect(await heldOf(pixel)).toMatchObject({ events: 50, rows: 0, days: 3 });
    await runJobs(LATER);
    expect(await heldOf(pixel)).toMatchObject({ events: 0, rows: 44 });
    expect(await heldOf(pixel, { dimensions: ['event:page'] })).toMatchObject({ events: 0, rows: 50 });
    expect(await heldOf(pixel, { filters: [country] })).toMatchObject({ events: 0, rows: 0 });
    const byEvents = { rollups: false, columns: false };
    expect(await heldOf(pixel, { filters: [country] }, byEvents)).toMatchObject({ events: 50, rows: 0 });
    expect(await heldOf(pixel, {}, { rollups: false, columns: false })).toMatchObject({
      events: 50,
      rows: 0,
    });
    await store(pixel, views(7, 2));
    await store(pixel, [{ ...views(1)[0], id: 'late' } as never]);
    expect(await heldOf(pixel)).toMatchObject({ events: 38, rows: 20 });
    // What is gone is not read.
    await db
      .prepare('UPDATE days SET raw = 1, dirty = 0 WHERE pixel = ? AND day = ?')
      .bind(pixel.id, DAY)
      .run();
    expect(await heldOf(pixel, { filters: [country] }, byEvents)).toMatchObject({ events: 27 });
    // The other two days have columns.
    expect(await heldOf(pixel, { filters: [country] })).toMatchObject({ events: 7 });
  });

  it('is read first, and a query that is too expensive is rejected before it runs', async () => {
    const pixel = await makePixel('UTC', { goals: GOALS });
    await store(pixel, views(5));
    await runJobs(LATER);
    // As if the day had ten million events.
    await db.prepare('UPDATE days SET events = 10000000, columns = 0 WHERE pixel = ?').bind(pixel.id).run();
    const request: string[] = [];
    const listened = new Proxy(db, {
      get(target, property) {
        if (property !== 'prepare') return Reflect.get(target, property);
        return (sql: string) => {
          request.push(sql);
          return target.prepare(sql);
        };
      },
    });
    const rejection = { ok: false, error: { reason: 'invalid_query', errors: [{ path: 'date_range' }] } };
    const run = (more: Readonly<Record<string, unknown>>) =>
      runQuery(
        listened,
        { ...queryOf({ date_range: [DAY, DAY], ...more }), pixel: pixel.id },
        pixel,
        LATER,
        OWNERS,
      );
    for (const more of [
      { filters: [country] },
      { filters: [['matches', 'event:page', ['a']]] },
      { dimensions: ['event:page', 'visit:source'] },
      { dimensions: ['time:hour', 'event:page'] },
      {
        filters: [country],
        date_range: ['2026-02-04', '2026-02-04'],
        include: { comparisons: { mode: 'previous_period' } },
      },
    ]) {
      request.length = 0;
      expect(await run(more), JSON.stringify(more)).toMatchObject(rejection);
      expect(request.every((sql) => !sql.includes('numbered'))).toBe(true);
    }
    const funnel = { name: 'F', steps: ['Signup', 'Bought'], within: 'visit' } as const;
    const ofDay = { ...queryOf({ date_range: [DAY, DAY] }), pixel: pixel.id };
    request.length = 0;
    expect(await runFunnel(listened, pixel, funnel, ofDay, LATER, OWNERS)).toMatchObject(rejection);
    expect(request.every((sql) => !sql.includes('numbered'))).toBe(true);
    // What rollups answer costs no more than before.
    expect((await run({ dimensions: ['event:page'] })).ok).toBe(true);
    expect((await run({})).ok).toBe(true);
  });

  it('is known before columns are read, too', async () => {
    const pixel = await makePixel('UTC', { goals: GOALS });
    await store(pixel, views(5));
    await runJobs(LATER);
    // As if the day had a billion events.
    await db
      .prepare(
        `UPDATE segments SET dictionary = json_set(dictionary, '$.events', 1000000000, '$.visits', 500000000) WHERE pixel = ? AND name = ''`,
      )
      .bind(pixel.id)
      .run();
    const sent: string[] = [];
    const listened = new Proxy(db, {
      get(target, property) {
        if (property !== 'prepare') return Reflect.get(target, property);
        return (sql: string) => {
          sent.push(sql);
          return target.prepare(sql);
        };
      },
    });
    const query = { ...queryOf({ date_range: [DAY, DAY], filters: [country] }), pixel: pixel.id };
    const funnel = { name: 'F', steps: ['Signup', 'Bought'], within: 'visit' } as const;
    for (const answer of [
      await runQuery(listened, query, pixel, LATER, OWNERS),
      await runFunnel(listened, pixel, funnel, query, LATER, OWNERS),
    ]) {
      expect(answer).toMatchObject({
        ok: false,
        error: { reason: 'invalid_query', errors: [{ path: 'date_range' }] },
      });
    }
    expect(sent.filter((sql) => sql.includes('s.codes') || sql.includes('numbered'))).toEqual([]);
  });

  it('never rejects a query over a short history', async () => {
    await fc.assert(
      fc.asyncProperty(histories(DAY), randomQueries(DAY), async (events, request) => {
        const pixel = await makePixel('UTC', { goals: GOALS });
        await store(pixel, events);
        const query = { ...queryOf(request as never), pixel: pixel.id };
        expect((await runQuery(db, query, pixel, LATER, VIEWERS)).ok).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});
