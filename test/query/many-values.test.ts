/** Filters of many values: answered as of few, without looking at each event for each value, and refused where they are too many. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseQuery } from '../../src/query/language.ts';
import { runQuery } from '../../src/query/run.ts';
import { applySchema, db, GOALS, histories, LINKS, linkPeople, makePixel, store } from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';
import { runs } from '../runs.ts';
import { answerOf, historyOf } from './oracle-language.ts';
import { answered, ask, inOneOrder, LATER } from './random-queries.ts';

beforeAll(applySchema);

const DAY = '2026-03-29';
const NOTHING = Array.from({ length: 40 }, (_, index) => `qqq${index}`);

/** Answers a query, with the parameters that its statements had. */
async function listen(pixel: string, request: Readonly<Record<string, unknown>>, now = LATER) {
  const parameters: unknown[][] = [];
  const listened = new Proxy(db, {
    get(target, property) {
      if (property !== 'prepare') return Reflect.get(target, property);
      return (sql: string) => {
        const statement = target.prepare(sql);
        return {
          bind(...values: unknown[]) {
            parameters.push(values);
            return statement.bind(...values);
          },
        };
      };
    },
  });
  const query = parseQuery({ site_id: pixel, metrics: ['visitors'], date_range: [DAY, DAY], ...request });
  if (!query.ok) return { answer: null, parameters, paths: query.error.map(({ path }) => path) };
  const largest =
    (await db.prepare('SELECT settings FROM pixels WHERE id = ?').bind(pixel).first<string>('settings')) ??
    '';
  const answer = await runQuery(
    listened,
    query.value,
    { id: pixel, name: '', url: '', timezone: 'UTC', settings: JSON.parse(largest), created_at: 0 },
    now,
  );
  const errors = answer.ok || answer.error.reason !== 'invalid_query' ? [] : answer.error.errors;
  return { answer, parameters, paths: errors.map(({ path }) => path) };
}

describe('many texts to be contained', () => {
  const dimensions = [
    'event:page',
    'event:name',
    'event:hostname',
    'event:currency',
    'event:props:plan',
    'event:props:Größe in cm',
    'visit:source',
    'visit:country',
    'visit:country_name',
    'visit:entry_page',
    'person:devices',
    'person:first_source',
  ];

  it.each(dimensions)('of %s select what each text selects by itself', async (dimension) => {
    const words = ['/b', 'o', '(n', 'Google', 'EUR', 'pro', 'Ger', 'Desk', 'e', 'Über'];
    const test = fc.tuple(
      fc.constantFrom('contains', 'contains_not'),
      fc.constant(dimension),
      fc.subarray(words, { minLength: 1 }).map((some) => [...NOTHING, ...some]),
    );
    const filter = fc.oneof(
      test,
      fc.tuple(fc.constantFrom('has_done', 'has_not_done'), test),
      fc.tuple(fc.constant('not'), test),
    );
    await fc.assert(
      fc.asyncProperty(
        histories(DAY),
        fc.array(filter, { minLength: 3, maxLength: 3 }),
        async (events, filters) => {
          const pixel = await makePixel('Europe/Berlin', { goals: GOALS });
          await linkPeople(pixel);
          const history = historyOf(events, 'Europe/Berlin', GOALS, LINKS);
          await store(pixel, events);
          for (const one of filters) {
            const request = {
              metrics: ['visitors', 'events'],
              dimensions: ['event:page'],
              filters: [one],
              date_range: [DAY, DAY] as const,
            };
            const { results } = await ask(pixel, { ...request, include: {} });
            const expected = answerOf(history, request as never);
            expect(inOneOrder(results), JSON.stringify(one)).toEqual(inOneOrder(expected).map(answered));
          }
        },
      ),
      { numRuns: runs(3, 6) },
    );
  });

  const views = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      ts: Date.parse(`${DAY}T10:00:00Z`) + index,
      id: `e${index}`,
      name: 'pageview',
      visitor: `v${index}`,
      page: `/p/${index % 20}`,
    }));

  it('are not passed to the database, which would test each event against each text', async () => {
    const pixel = await makePixel('UTC');
    await store(pixel, views(200));
    const contains = (values: readonly string[]) => ['contains', 'event:page', values];
    const few = await listen(pixel.id, { filters: [contains(['/p/1', 'qqq'])] });
    expect(JSON.stringify(few.parameters)).toContain('qqq');
    for (const filters of [
      [contains([...NOTHING, '/p/1'])],
      // Few in each filter, many together.
      Array.from({ length: 10 }, (_, index) => contains(NOTHING.slice(2 * index, 2 * index + 2))),
      [['not', ['has_done', ['or', [contains(NOTHING.slice(0, 10)), contains(NOTHING.slice(10, 20))]]]]],
    ]) {
      const { answer, parameters } = await listen(pixel.id, { filters });
      expect(answer?.ok).toBe(true);
      expect(JSON.stringify(parameters)).not.toContain('qqq');
    }
  });

  it('are bounded in sum, over all filters of a query', async () => {
    const pixel = await makePixel('UTC');
    const long = (count: number) => Array.from({ length: 100 }, (_, index) => `${index}`.padEnd(count, 'x'));
    const filters = (count: number) => [
      ['contains', 'event:page', long(count)],
      ['or', [['contains_not', 'event:name', long(count)]]],
    ];
    expect((await listen(pixel.id, { filters: filters(200) })).paths).toEqual([]);
    expect((await listen(pixel.id, { filters: filters(201) })).paths).toEqual(['filters[1][1][0][2]']);
  });
});

/** Views of a day, each of a page of letters without sense. */
function strangePages(day: string, count: number): OracleEvent[] {
  let state = Number(day.slice(-2));
  const letter = (): string => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return 'abcdefghij'[(state >> 16) % 10] as string;
  };
  return Array.from({ length: count }, (_, index) => ({
    ts: Date.parse(`${day}T10:00:00Z`) + index,
    id: `e${day}${index}`,
    name: 'pageview',
    visitor: 'v',
    page: `/${Array.from({ length: 300 }, letter).join('')}`,
  }));
}

describe('patterns', () => {
  it('are bounded in number and in characters, over all filters of a query', async () => {
    const pixel = await makePixel('UTC');
    const matches = (count: number, pattern = 'a') => [
      'matches',
      'event:page',
      Array.from({ length: count }, () => pattern),
    ];
    expect((await listen(pixel.id, { filters: [matches(25), ['not', matches(25)]] })).paths).toEqual([]);
    expect((await listen(pixel.id, { filters: [matches(25), ['not', matches(26)]] })).paths).toEqual([
      'filters[1][1][2]',
    ]);
    expect((await listen(pixel.id, { filters: [matches(10, 'a'.repeat(1000))] })).paths).toEqual([]);
    expect((await listen(pixel.id, { filters: [matches(11, 'a'.repeat(1000))] })).paths).toEqual([
      'filters[0][2]',
    ]);
    expect(
      (await listen(pixel.id, { filters: Array.from({ length: 4 }, () => matches(1000, '[a-z]{1000}')) }))
        .paths,
    ).toEqual(Array.from({ length: 4 }, (_, index) => `filters[${index}][2]`));
  });

  it('that cost too much are rejected by path, whatever the rest of the query', async () => {
    const pixel = await makePixel('UTC');
    await store(pixel, strangePages(DAY, 400));
    const hostile = Array.from({ length: 25 }, (_, index) => `a.{${index + 100}}[^k]{3,400}k$`);
    const test = ['matches', 'event:page', hostile];
    for (const filters of [
      [test],
      [
        ['is', 'event:name', ['pageview']],
        ['not', ['has_done', test]],
      ],
    ]) {
      for (const extra of [{}, { include: { comparisons: { mode: 'custom', date_range: [DAY, DAY] } } }]) {
        const { paths, answer } = await listen(pixel.id, { filters, ...extra });
        expect(paths).toEqual([filters.length === 1 ? 'filters[0][2]' : 'filters[1][1][1][2]']);
        expect(JSON.stringify(answer)).toMatch(/takes too long/);
      }
    }
    // One of them is answered.
    const { answer } = await listen(pixel.id, { filters: [['matches', 'event:page', ['^/a.*k?']]] });
    expect(answer?.ok).toBe(true);
  });

  it('count the other range of a comparison as well', async () => {
    const pixel = await makePixel('UTC');
    await store(pixel, [...strangePages('2026-03-28', 60), ...strangePages(DAY, 60)]);
    const filters = [['matches', 'event:page', ['a.{100}[^k]{3,400}k$']]];
    expect((await listen(pixel.id, { filters })).paths).toEqual([]);
    const include = { comparisons: { mode: 'previous_period' } };
    expect((await listen(pixel.id, { filters, include })).paths).toEqual(['filters[0][2]']);
  });
});

describe('values of a dimension', () => {
  it('are read only up to what an isolate can hold', async () => {
    const pixel = await makePixel('UTC');
    const rows = (from: number) =>
      Array.from({ length: 1000 }, (_, index) => ({
        ts: Date.parse(`${DAY}T10:00:00Z`) + from + index,
        id: `e${from + index}`,
        name: 'pageview',
        visitor: 'v',
        page: `/${from + index}`.padEnd(1000, 'x'),
      }));
    await store(pixel, rows(0));
    const filters = [['matches', 'event:page', ['^/1']]];
    expect((await listen(pixel.id, { filters })).paths).toEqual([]);
    await store(pixel, rows(1000));
    await store(pixel, rows(2000));
    expect((await listen(pixel.id, { filters })).paths).toEqual(['filters[0]']);
    // Shared by the dimensions that are read.
    const manyFilters = [...filters, ['matches', 'event:name', ['x']], ['matches', 'visit:source', ['x']]];
    const small = await makePixel('UTC');
    await store(small, rows(0));
    expect((await listen(small.id, { filters: manyFilters })).paths).toEqual(['filters[0]']);
  });
});

describe('filters by the maximum number of custom properties', () => {
  it('need no more parameters than the 100 that D1 binds', async () => {
    const pixel = await makePixel('UTC', { goals: GOALS });
    await store(pixel, [
      { ts: Date.parse(`${DAY}T10:00:00Z`), id: 'e1', name: 'pageview', visitor: 'v' } as OracleEvent,
    ]);
    const { answer, parameters } = await listen(pixel.id, {
      dimensions: ['time:day', ...['a', 'b', 'c'].map((key) => `event:props:${key}`)],
      filters: Array.from({ length: 40 }, (_, index) => ['is_not', `event:props:k${index}`, [`v${index}`]]),
      include: { total_rows: true, comparisons: { mode: 'previous_period' } },
    });
    expect(answer?.ok).toBe(true);
    const most = Math.max(...parameters.map(({ length }) => length));
    expect(most).toBeGreaterThan(80);
    expect(most).toBeLessThanOrEqual(100);
  });
});
