/** Pixels that protect small groups: what they answer, what they do not, and what numbers are made of. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Funnel } from '../../src/model/goal.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { type FunnelResult, runFunnel } from '../../src/query/funnel.ts';
import { parseQuery } from '../../src/query/language.ts';
import type { QueryResult } from '../../src/query/present.ts';
import type { QueryError } from '../../src/query/query-error.ts';
import { runQuery } from '../../src/query/run.ts';
import { applySchema, db, GOALS, makePixel, runJobs, store } from '../fixtures.ts';
import { funnelOf, type OracleEvent } from '../oracle.ts';
import { addDays } from './oracle-language.ts';
import { ask as askWith } from './random-queries.ts';

beforeAll(applySchema);

const LEAST = 5;
const MONDAY = '2026-11-09';
const DAYS = Array.from({ length: 7 }, (_, index) => addDays(MONDAY, index));
const SUNDAY = DAYS.at(-1) as string;
const NOW = Date.parse(`${addDays(SUNDAY, 1)}T09:00:00Z`);

/**
 * A week. On Monday 30 visitors see the front page, 20 of them from Germany, 10 from the US; 13 also see the shop, where eve
 * alone sees a page that nobody else does. On each other day two see the front page, and one of them the shop.
 */
function town(): OracleEvent[] {
  const events: OracleEvent[] = [];
  const add = (day: string, visitor: string, page: string, more: Record<string, unknown> = {}) => {
    const id = `e${String(events.length).padStart(3, '0')}`;
    const country = Number(visitor.slice(1)) < 20 ? 'DE' : 'US';
    events.push({
      ts: Date.parse(`${day}T12:00:00Z`) + events.length * 1000,
      id,
      name: 'pageview',
      visitor,
      page,
      country,
      ...more,
    } as OracleEvent);
  };
  for (let index = 0; index < 30; index++) {
    add(MONDAY, `v${index}`, '/');
    if (index < 13) add(MONDAY, `v${index}`, '/shop');
  }
  add(MONDAY, 'v0', '/secret', { name: 'Purchase', value: 12_340_000, currency: 'EUR' });
  for (let index = 1; index < 7; index++) {
    add(MONDAY, `v${index}`, '/shop', { name: 'Purchase', value: 5_000_000, currency: 'EUR' });
  }
  for (const day of DAYS.slice(1)) {
    add(day, 'v1', '/');
    add(day, 'v2', '/');
    add(day, 'v2', '/shop');
  }
  return events;
}

const METRICS = ['visitors', 'pageviews', 'events', 'total_revenue', 'bounce_rate', 'visit_duration'];

describe('small groups', () => {
  let pixel: Pixel;
  beforeAll(async () => {
    pixel = await makePixel('UTC', { min_group: LEAST, goals: GOALS });
    await store(pixel, town());
    await runJobs(NOW);
  });

  const ask = (request: Readonly<Record<string, unknown>>, now = NOW): Promise<QueryResult> =>
    askWith(pixel, { metrics: ['visitors'], date_range: [MONDAY, SUNDAY], ...request }, now);
  const rows = async (request: Readonly<Record<string, unknown>>) => {
    const { results } = await ask({ metrics: ['visitors', 'events'], ...request });
    return Object.fromEntries(results.map(({ dimensions, metrics }) => [dimensions.join(' '), metrics]));
  };
  const mistakes = async (request: Readonly<Record<string, unknown>>): Promise<string[]> => {
    const body = { site_id: pixel.id, metrics: ['visitors'], date_range: [MONDAY, SUNDAY], ...request };
    const query = parseQuery(body);
    if (!query.ok) throw new Error(JSON.stringify(query.error));
    const answer = await runQuery(db, query.value, pixel, NOW);
    if (answer.ok) return [];
    return answer.error.reason === 'invalid_query' ? answer.error.errors.map(({ path }) => path) : [];
  };

  it('are left out, and reported counts are multiples of the bound', async () => {
    const range = [MONDAY, MONDAY];
    expect(await rows({ dimensions: ['event:page'], date_range: range })).toEqual({
      '/': [30, 30],
      // 13 visitors, 19 events.
      '/shop': [15, 20],
    });
    expect(await rows({ dimensions: ['visit:country'], date_range: range })).toEqual({
      DE: [20, 40],
      US: [10, 10],
    });
  });

  it('of single days are reported with their week, if the query covers all of it', async () => {
    // Twelve visitors of six days: a cell of the week, not of a day. The shop's six are one, too.
    expect(await rows({ dimensions: [] })).toEqual({ '': [40, 70] });
    expect(await rows({ dimensions: ['event:page'] })).toEqual({ '/': [40, 40], '/shop': [20, 25] });
    for (const date_range of [
      [MONDAY, addDays(SUNDAY, -1)],
      [MONDAY, DAYS[1]],
      [MONDAY, MONDAY],
    ]) {
      expect(await rows({ dimensions: [], date_range })).toEqual({ '': [30, 50] });
    }
    expect(await rows({ dimensions: [], date_range: [DAYS[1], SUNDAY] })).toEqual({ '': [null, null] });
    expect(await rows({ dimensions: ['time:day'] })).toEqual({ [MONDAY]: [30, 50] });
    expect(await rows({ dimensions: ['time:week'] })).toEqual({ [MONDAY]: [40, 70] });
    expect(await rows({ dimensions: ['time:hour'] })).toEqual({ [`${MONDAY} 12:00:00`]: [30, 50] });
  });

  it('of a week that began before the pixel had events are reported with that week', async () => {
    const young = await makePixel('UTC', { min_group: LEAST });
    await store(
      young,
      town().filter(({ ts }) => ts >= Date.parse(`${DAYS[3]}T00:00:00Z`)),
    );
    await runJobs(NOW);
    const visitors = async (from: string) =>
      (await askWith(young, { metrics: ['visitors'], date_range: [from, SUNDAY] }, NOW)).results[0]?.metrics;
    // Eight visitors of four days.
    expect(await visitors(DAYS[3] as string)).toEqual([10]);
    expect(await visitors(DAYS[4] as string)).toEqual([null]);
  });

  it('count once on a day of two offsets', async () => {
    const berlin = await makePixel('Europe/Berlin', { min_group: LEAST });
    const sunday = Date.parse('2026-10-25T12:00:00Z');
    const event = { name: 'pageview', page: '/' };
    await store(
      berlin,
      Array.from({ length: 6 }, (_, index) => ({
        ...event,
        ts: sunday + index,
        id: `e${index}`,
        visitor: `v${index}`,
      })),
    );
    await runJobs(NOW);
    const request = { metrics: ['visitors'], date_range: ['2026-10-19', '2026-10-25'] };
    for (const dimensions of [[], ['event:page'], ['time:hour', 'event:page']]) {
      const { results } = await askWith(berlin, { ...request, dimensions }, NOW);
      expect(results.map(({ metrics }) => metrics)).toEqual([[5]]);
    }
  });

  it('have shares of the reported counts', async () => {
    const { results } = await ask({
      metrics: ['visitors', 'percentage'],
      dimensions: ['event:page'],
      date_range: [MONDAY, MONDAY],
    });
    expect(results.map(({ metrics }) => metrics)).toEqual([
      [30, 100],
      [15, 50],
    ]);
    const bought = await ask({
      metrics: ['visitors', 'conversion_rate'],
      dimensions: ['event:goal'],
      date_range: [MONDAY, MONDAY],
      order_by: [['event:goal', 'asc']],
    });
    expect(bought.results.map(({ dimensions, metrics }) => [...dimensions, ...metrics])).toEqual([
      ['Bought', 5, 16.67],
      ['Saw anything', 30, 100],
    ]);
  });

  it('have averages with two digits, and revenue only of enough sales', async () => {
    const request = { metrics: [...METRICS, 'average_revenue'], date_range: [MONDAY, MONDAY] };
    const [all] = (await ask(request)).results;
    // 30 visits, 17 of one event; seven sales of 42.34 in all: 6.0 each, of five.
    expect(all?.metrics).toMatchObject([30, 45, 50, { value: 30 }, 50, expect.any(Number), { value: 6 }]);
    const byPage = await ask({
      metrics: ['visitors', 'total_revenue'],
      dimensions: ['event:page'],
      date_range: [MONDAY, MONDAY],
    });
    expect(byPage.results.map(({ dimensions, metrics }) => [...dimensions, ...metrics])).toMatchObject([
      ['/', 30, null],
      ['/shop', 15, { value: 25 }],
    ]);
  });

  it('cannot be selected by a filter', async () => {
    for (const filter of [
      ['is', 'event:page', ['/secret']],
      ['is', 'event:page', ['/nowhere']],
      ['is', 'event:page', ['(other)']],
    ]) {
      expect(await rows({ filters: [filter] }), JSON.stringify(filter)).toEqual({ '': [null, null] });
      expect(await rows({ filters: [filter], dimensions: ['visit:country'] })).toEqual({});
    }
    // Its conversions are not told from none.
    const rate = await ask({
      metrics: ['visitors', 'conversion_rate', 'group_conversion_rate'],
      filters: [
        ['is', 'event:goal', ['Bought']],
        ['is', 'event:page', ['/secret']],
      ],
    });
    expect(rate.results[0]?.metrics).toEqual([null, null, null]);
  });

  it.each([
    ['moments', { date_range: [`${MONDAY}T10:00:00Z`, `${MONDAY}T11:00:00Z`] }, ['date_range']],
    ['people', { metrics: ['visitors', 'people', 'new_people'] }, ['metrics[1]', 'metrics[2]']],
    ['what is known of people', { dimensions: ['person:devices'] }, ['dimensions[0]']],
    ['a filter of people', { filters: [['is', 'person:first_source', ['Google']]] }, ['filters[0]']],
    ['two dimensions', { dimensions: ['time:day', 'event:page', 'visit:source'] }, ['dimensions[2]']],
    ['several values', { filters: [['is', 'event:page', ['/', '/shop']]] }, ['filters[0]']],
    ['an opposite', { filters: [['is_not', 'event:page', ['/']]] }, ['filters[0]']],
    ['a part of a text', { filters: [['contains', 'event:page', ['/']]] }, ['filters[0]']],
    ['a pattern', { filters: [['matches', 'event:page', ['^/$']]] }, ['filters[0]']],
    ['any case', { filters: [['is', 'event:page', ['/'], { case_sensitive: false }]] }, ['filters[0]']],
    ['one of two', { filters: [['or', [['is', 'event:page', ['/']]]]] }, ['filters[0]']],
    ['both of two', { filters: [['and', [['is', 'event:page', ['/']]]]] }, ['filters[0]']],
    ['none', { filters: [['not', ['is', 'event:page', ['/']]]] }, ['filters[0]']],
    ['behavior', { filters: [['has_done', ['is', 'event:page', ['/']]]] }, ['filters[0]']],
    ['its opposite', { filters: [['has_not_done', ['is', 'event:page', ['/']]]] }, ['filters[0]']],
    [
      'three filters',
      {
        filters: ['event:page', 'visit:country', 'visit:source'].map((name) => ['is', name, ['/']]),
      },
      ['filters'],
    ],
    [
      'a dimension twice',
      { filters: ['/', '/shop'].map((page) => ['is', 'event:page', [page]]) },
      ['filters'],
    ],
  ])('cannot be queried by %s', async (_, request, paths) => {
    expect(await mistakes(request)).toEqual(paths);
  });

  it('are hidden alike in pages, row counts and order', async () => {
    const all = await ask({ dimensions: ['event:page'], include: { total_rows: true } });
    expect(all.meta['total_rows']).toBe(all.results.length);
    for (const [offset, row] of all.results.entries()) {
      const page = await ask({ dimensions: ['event:page'], pagination: { limit: 1, offset } });
      expect(page.results).toEqual([row]);
    }
    // Ten visitors more in truth: what is told as the same is in order of the names.
    const order = await ask({
      dimensions: ['visit:country'],
      date_range: [MONDAY, MONDAY],
      metrics: ['bounce_rate', 'visitors'],
      order_by: [['bounce_rate', 'asc']],
    });
    expect(order.results.map(({ dimensions }) => dimensions[0])).toEqual(['DE', 'US']);
  });

  it('look like zeros in comparisons', async () => {
    const custom = (date_range: readonly [string, string]) => ({
      comparisons: { mode: 'custom', date_range },
    });
    const of = async (range: readonly [string, string]) =>
      (await ask({ dimensions: ['event:page'], include: custom(range) })).results.map(
        ({ comparison }) => comparison?.metrics,
      );
    expect(await of([MONDAY, MONDAY])).toEqual([[30], [15]]);
    expect(await of([DAYS[1] as string, SUNDAY])).toEqual([[null], [null]]);
    expect(await of(['2026-10-01', '2026-10-02'])).toEqual([[null], [null]]);
    // Today, of which nothing is told, does not count.
    const before = await ask({
      date_range: [MONDAY, addDays(SUNDAY, 1)],
      include: { comparisons: { mode: 'previous_period' } },
    });
    expect(before.meta['comparison_date_range']).toEqual(['2026-11-02', '2026-11-08']);
  });

  it('are not revealed by the meta of a response', async () => {
    const empty = await makePixel('UTC', { min_group: LEAST });
    for (const request of [
      {},
      { dimensions: ['event:page'] },
      { filters: [['is', 'event:page', ['/secret']]] },
    ]) {
      const query = { metrics: ['visitors'], date_range: [DAYS[1], DAYS[2]], ...request };
      const { results, meta } = await askWith(pixel, query, NOW);
      const other = await askWith(empty, query, NOW);
      expect([results, meta]).toEqual([other.results, other.meta]);
      expect(meta).toMatchObject({ as_of: `${addDays(SUNDAY, 1)}T00:00:00.000Z`, min_group: LEAST });
    }
  });

  it('reach the end of retention by the calendar, not by their events', async () => {
    const query = { metrics: ['visitors'], filters: [['is', 'event:page', ['/secret']]] };
    const later = NOW + 91 * 86_400_000;
    const errorPaths = async (date_range: unknown, now = later) => {
      const parsed = parseQuery({ site_id: pixel.id, ...query, date_range });
      if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
      const answer = await runQuery(db, parsed.value, pixel, now);
      return answer.ok ? null : answer.error.reason;
    };
    // Columns answer from the first day on that has some.
    expect(await errorPaths([DAYS[1], DAYS[1]])).toBeNull();
    const keepDays = pixel.settings.keep_days * 86_400_000;
    expect(await errorPaths([DAYS[1], DAYS[1]], NOW + keepDays - 7 * 86_400_000)).toBeNull();
    expect(await errorPaths([DAYS[1], DAYS[1]], NOW + keepDays)).toBe('beyond_retention');
    // Days before it, whether or not they had events, have none.
    await db.prepare('UPDATE days SET columns = 0 WHERE pixel = ? AND day < ?').bind(pixel.id, DAYS[3]).run();
    expect(await errorPaths([DAYS[1], DAYS[1]])).toBe('beyond_retention');
    expect(await errorPaths([DAYS[3], DAYS[3]])).toBeNull();
    await db.prepare('UPDATE days SET columns = 0 WHERE pixel = ?').bind(pixel.id).run();
    expect(await errorPaths([DAYS[3], DAYS[3]])).toBe('beyond_retention');
    expect(await errorPaths(['2026-12-01', '2026-12-01'])).toBeNull();
    expect(await errorPaths(['2026-12-01', addDays('2026-12-01', 70)])).toBeNull();
  });
});

describe('funnels of a pixel that protects small groups', () => {
  const funnel: Funnel = { name: 'F', steps: ['Saw anything', 'Saw the shop', 'Bought'], within: 'visit' };
  let pixel: Pixel;
  beforeAll(async () => {
    const goals = [...GOALS, { name: 'Saw the shop', page: '/shop' }];
    pixel = await makePixel('UTC', { min_group: LEAST, goals });
    await store(pixel, town());
    await runJobs(NOW);
  });

  async function run(
    date_range: unknown,
    of: Funnel = funnel,
    filters: unknown[] = [],
  ): Promise<FunnelResult['steps'] | QueryError> {
    const query = parseQuery({ site_id: pixel.id, metrics: ['visitors'], date_range, filters });
    if (!query.ok) throw new Error(JSON.stringify(query.error));
    const answer = await runFunnel(db, pixel, of, query.value, NOW);
    return answer.ok ? answer.value.steps : answer.error;
  }
  const counts = async (date_range: unknown) => {
    const steps = await run(date_range);
    return 'reason' in steps ? steps : steps.map(({ count, lost }) => [count, lost]);
  };

  it('are summed over the same days and weeks', async () => {
    const goals = funnel.steps.flatMap(
      (step) => pixel.settings.goals.find(({ name }) => name === step) ?? [],
    );
    const truth = (to: string) => funnelOf(town(), 'UTC', { steps: goals, within: 'visit' }, [MONDAY, to]);
    expect(truth(MONDAY)).toEqual([30, 13, 7]);
    expect(await counts([MONDAY, MONDAY])).toEqual([
      [30, 0],
      [15, 15],
      [5, 10],
    ]);
    expect(truth(SUNDAY)).toEqual([42, 19, 7]);
    expect(await counts([MONDAY, SUNDAY])).toEqual([
      [40, 0],
      [20, 20],
      [5, 15],
    ]);
    // The days between the two, of two visits each, are in neither.
    expect(await counts([MONDAY, DAYS[5]])).toEqual(await counts([MONDAY, MONDAY]));
    expect(await counts([DAYS[1], DAYS[5]])).toEqual([
      [null, null],
      [null, null],
      [null, null],
    ]);
  });

  it('accept no filters, and no windows across days', async () => {
    const filter = [['is', 'event:page', ['/']]];
    expect(await run([MONDAY, SUNDAY], funnel, filter)).toMatchObject({ errors: [{ path: 'filters' }] });
    const window = { ...funnel, within: { hours: 24 } };
    expect(await run([MONDAY, SUNDAY], window)).toMatchObject({ errors: [{ path: 'name' }] });
  });
});
