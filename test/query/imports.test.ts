/** Queries that add imported totals: random ones must be answered as the oracle says, and all others as if nothing were imported. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ImportedTotals } from '../../src/model/imported-totals.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { parseQuery } from '../../src/query/language.ts';
import { runQuery } from '../../src/query/run.ts';
import { deleteTotals, storeTotals } from '../../src/store/imported-rollups.ts';
import { getPixel } from '../../src/store/pixels.ts';
import { applySchema, db, GOALS, histories, makePixel, ODD_DAYS, runJobs, store } from '../fixtures.ts';
import { beginImport, moveImport } from '../imports/imported.ts';
import type { OracleEvent } from '../oracle.ts';
import { answerWithImports, hasImported, type OracleTotals } from './imports-oracle.ts';
import { addDays, historyOf, type QueryRequest } from './oracle-language.ts';
import { answered, ask, inOneOrder, LATER, randomQueries } from './random-queries.ts';

beforeAll(applySchema);

/** Stores totals, and reads the pixel again. */
async function importTotals(pixel: Pixel, totals: readonly ImportedTotals[]): Promise<Pixel> {
  const id = await beginImport(pixel);
  // The cron undoes an import that has stored nothing.
  await storeTotals(db, id, pixel.id, 0, totals, [moveImport(pixel, id, 0, 1)]);
  return (await getPixel(db, pixel.id)) as Pixel;
}

const VALUES: Readonly<Record<string, readonly string[]>> = {
  '': [''],
  'visit:source': ['', 'Google', 'news', '(other)'],
  'event:page': ['/', '/a', '/blog/one', '/a?b[c]', '/Blog/one', '(other)'],
  'visit:country': ['DE', 'US', 'AT', ''],
  'visit:entry_page': ['/', '/blog/', ''],
  'event:name': ['pageview', 'Signup'],
};

/** Totals of some days around a day: each value of a day and dimension once. */
function totalsAround(day: string): fc.Arbitrary<OracleTotals[]> {
  const place = fc.constantFrom(...Object.keys(VALUES)).chain((dimension) =>
    fc.record({
      dimension: fc.constant(dimension),
      // Around the day itself, many have events.
      day: fc
        .oneof(fc.integer({ min: -12, max: 3 }), fc.integer({ min: -1, max: 1 }))
        .map((shift) => addDays(day, shift)),
      value: fc.constantFrom(...(VALUES[dimension] as readonly string[])),
    }),
  );
  const small = fc.integer({ min: 0, max: 9 });
  const counts = fc.record({
    ...{ visitors: small, visits: small, pageviews: small, events: small, bounces: small },
    duration: fc.nat(900_000),
    ...{ engaged: fc.nat(90_000), engaged_visits: small, scroll: fc.nat(300), scrolled_visits: small },
  });
  const row = fc.tuple(place, counts).map(([where, numbers]) => ({ ...where, ...numbers }));
  return fc.uniqueArray(row, {
    maxLength: 60,
    selector: ({ day: on, dimension, value }) => `${on} ${dimension} ${value}`,
  });
}

const TEXTS = [
  '/',
  '/a',
  'Google',
  'DE',
  'Germany',
  'pageview',
  '(not set)',
  'Direct / None',
  '(other)',
  'o',
];

function filtersOf(dimension: string): fc.Arbitrary<unknown> {
  const texts = fc.array(fc.constantFrom(...TEXTS), { minLength: 1, maxLength: 2 });
  const operator = fc.constantFrom('is', 'is_not', 'contains', 'contains_not');
  const test = fc.oneof(
    fc.tuple(operator, fc.constant(dimension), texts),
    fc.tuple(operator, fc.constant(dimension), texts, fc.constant({ case_sensitive: false })),
    fc.tuple(fc.constantFrom('matches', 'matches_not'), fc.constant(dimension), fc.constant(['^/|^G', 'a$'])),
  );
  return fc.oneof(
    test,
    test.map((inner) => ['not', inner]),
    fc.tuple(fc.constantFrom('and', 'or'), fc.array(test, { minLength: 1, maxLength: 2 })),
  );
}

/** Queries that imported totals can answer. */
function queries(day: string): fc.Arbitrary<QueryRequest> {
  const names = [...Object.keys(VALUES).filter((name) => name !== ''), 'visit:country_name'];
  return fc.constantFrom('', ...names).chain((dimension) => {
    const ofEvents = dimension.startsWith('event:');
    const metrics = ['visitors', 'pageviews', 'visits', 'events', 'time_on_page', 'scroll_depth'];
    const ofVisits = ['views_per_visit', 'bounce_rate', 'visit_duration'];
    const time = fc.option(fc.constantFrom('time:day', 'time:week', 'time:month'), { nil: undefined });
    return fc
      .record({
        time,
        isGrouped: fc.boolean(),
        filters: dimension === '' ? fc.constant([]) : fc.array(filtersOf(dimension), { maxLength: 2 }),
        metrics: fc.uniqueArray(fc.constantFrom(...metrics, ...ofVisits, 'percentage'), { minLength: 1 }),
        from: fc.integer({ min: -14, max: 1 }),
        length: fc.nat(16),
      })
      .map(({ time: bucket, isGrouped, filters, metrics: asked, from, length }): QueryRequest => {
        const grouped = isGrouped && dimension !== '' ? [dimension] : [];
        const dimensions = [...grouped, ...(bucket ? [bucket] : [])];
        const fits = asked.filter(
          (name) =>
            !(ofEvents && grouped.length > 0 && ofVisits.includes(name)) &&
            !(name === 'percentage' && dimensions.length === 0),
        );
        const first = addDays(day, from);
        return {
          dimensions,
          filters,
          metrics: fits.length > 0 ? fits : ['visitors'],
          date_range: [first, addDays(first, length)],
        };
      });
  });
}

describe('imported totals', () => {
  it.each(ODD_DAYS)('are added to answers as the oracle adds them in %s around %s', async (zone, day) => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(histories(day), fc.constant<OracleEvent[]>([])),
        totalsAround(day),
        fc.array(queries(day), { minLength: 10, maxLength: 10 }),
        async (events, totals, list) => {
          const made = await makePixel(zone);
          const history = historyOf(events, zone, []);
          await store(made, events);
          const pixel = await importTotals(made, totals);
          const check = async (): Promise<void> => {
            for (const request of list) {
              const { results, meta } = await ask(pixel, { ...request, include: { imports: true } });
              const expected = answerWithImports(history, request, totals).map(answered);
              expect(inOneOrder(results), JSON.stringify([request, totals])).toEqual(inOneOrder(expected));
              expect(meta['imports_included'], JSON.stringify(request)).toBe(
                hasImported(history, request, totals),
              );
            }
          };
          await check();
          await runJobs(LATER);
          await check();
        },
      ),
      { numRuns: 4, endOnFailure: true },
    );
  });

  it('leave all other answers as they are, and say why', async () => {
    const day = '2026-03-29';
    const reasons = new Set<unknown>();
    await fc.assert(
      fc.asyncProperty(
        histories(day),
        totalsAround(day),
        fc.array(randomQueries(day), { minLength: 12, maxLength: 12 }),
        async (events, totals, list) => {
          const made = await makePixel('Europe/Berlin', { goals: GOALS });
          await store(made, events);
          const pixel = await importTotals(made, totals);
          for (const request of list) {
            const withImports = await ask(pixel, {
              ...request,
              include: { ...request.include, imports: true },
            });
            reasons.add(withImports.meta['imports_skip_reason'] ?? 'included');
            if (withImports.meta['imports_included']) continue;
            const without = await ask(pixel, request);
            expect(withImports.results).toEqual(without.results);
            expect(withImports.meta['source']).toBe(without.meta['source']);
          }
        },
      ),
      { numRuns: 6, endOnFailure: true },
    );
    for (const reason of ['no_imported_data', 'out_of_range', 'unsupported_interval', 'unsupported_query']) {
      expect(reasons).toContain(reason);
    }
  });
});

const DAY: Omit<ImportedTotals, 'day' | 'value'> = {
  dimension: '',
  ...{ visitors: 10, visits: 12, pageviews: 30, events: 30, bounces: 3, duration: 60_000 },
};
const DAYS = Array.from({ length: 40 }, (_, index) => addDays('2026-03-01', index));

/** Totals of forty days from the first of March 2026 on, in total and by source. */
const history = (): ImportedTotals[] =>
  DAYS.flatMap((day) => [
    { ...DAY, day, value: '' },
    { ...DAY, day, dimension: 'visit:source', value: 'Google' },
  ]);

const event = (day: string, more: object = {}): OracleEvent =>
  ({
    ts: Date.parse(`${day}T12:00:00Z`),
    id: `e${day}`,
    name: 'pageview',
    visitor: 'v',
    page: '/',
    source: 'Google',
    channel: 'Organic Search',
    ...more,
  }) as OracleEvent;

async function imported(settings: object = {}, events: readonly OracleEvent[] = []): Promise<Pixel> {
  const made = await makePixel('UTC', settings);
  await store(made, events);
  return importTotals(made, history());
}

const NOW = Date.parse('2026-04-09T18:00:00Z');
const MARCH = { metrics: ['visitors'], date_range: ['2026-03-01', '2026-03-31'] };
const include = { imports: true };

describe('an answer says what is imported', () => {
  it('and from when to when', async () => {
    const pixel = await imported({}, [event('2026-03-15')]);
    const { results, meta } = await ask(pixel, { ...MARCH, include }, NOW);
    expect(results).toEqual([{ dimensions: [], metrics: [301] }]);
    expect(meta).toMatchObject({
      imports_included: true,
      imports: { days: 30, from: '2026-03-01', to: '2026-03-31' },
      source: 'events+imports',
    });
    const before = await ask(pixel, { ...MARCH, date_range: ['2026-03-01', '2026-03-10'], include }, NOW);
    expect(before.meta).toMatchObject({ source: 'imports', imports: { days: 10, to: '2026-03-10' } });
    expect((await ask(pixel, MARCH, NOW)).meta).not.toHaveProperty('imports_included');
  });

  it('begins with the first imported day, if it is of all days', async () => {
    const pixel = await imported({}, [event('2026-04-05')]);
    const all = {
      metrics: ['visitors'],
      date_range: 'all',
      dimensions: ['time:month'],
      include: { imports: true, time_labels: true },
    };
    const { results, meta } = await ask(pixel, all, NOW);
    expect(results).toEqual([
      { dimensions: ['2026-03-01'], metrics: [310] },
      { dimensions: ['2026-04-01'], metrics: [81] },
    ]);
    expect(meta['time_labels']).toEqual(['2026-03-01', '2026-04-01']);
  });

  it.each([
    [{ dimensions: ['time:hour'] }, 'unsupported_interval', /too short/],
    [{ date_range: ['2026-03-01', '2026-03-02'], dimensions: ['time'] }, 'unsupported_interval', /too short/],
    [{ date_range: ['2026-03-01T00:00:00Z', '2026-03-02T12:00:00Z'] }, 'unsupported_query', /not supported/],
    [{ dimensions: ['visit:source', 'visit:country'] }, 'unsupported_query', /not supported/],
    [
      { dimensions: ['visit:source'], filters: [['is', 'visit:country', ['DE']]] },
      'unsupported_query',
      /not supported/,
    ],
    [{ filters: [['has_done', ['is', 'event:page', ['/']]]] }, 'unsupported_query', /not supported/],
    [{ filters: [['is', 'event:props:plan', ['pro']]] }, 'unsupported_query', /not supported/],
    [{ metrics: ['people', 'total_revenue'] }, 'unsupported_query', /not supported/],
    [{ date_range: ['2026-02-01', '2026-02-28'] }, 'out_of_range', undefined],
    [{ dimensions: ['visit:os'] }, 'out_of_range', undefined],
  ])('and why nothing is: %j', async (more, reason, warning) => {
    const pixel = await imported();
    const { meta } = await ask(pixel, { ...MARCH, ...more, include }, NOW);
    expect(meta).toMatchObject({ imports_included: false, imports_skip_reason: reason });
    if (warning) expect(meta['imports_warning']).toMatch(warning);
    else expect(meta).not.toHaveProperty('imports_warning');
  });

  it('and that nothing has been imported at all', async () => {
    const { meta } = await ask(await makePixel('UTC'), { ...MARCH, include }, NOW);
    expect(meta).toMatchObject({ imports_included: false, imports_skip_reason: 'no_imported_data' });
  });

  it('and which metrics imports do not have', async () => {
    const pixel = await imported({}, [event('2026-03-15', { value: 5_000_000, currency: 'EUR' })]);
    const metrics = ['visitors', 'total_revenue', 'people', 'events', 'scroll_depth', 'bounce_rate'];
    const { results, meta } = await ask(
      pixel,
      { ...MARCH, metrics, dimensions: ['visit:source'], include },
      NOW,
    );
    expect(results[0]?.metrics[1]).toMatchObject({ value: 5 });
    expect(Object.entries(meta['metric_warnings'] as object).map(([name, { code }]) => [name, code])).toEqual(
      ['total_revenue', 'people', 'events', 'scroll_depth'].map((name) => [name, `no_imported_${name}`]),
    );
  });

  it('also of the range that it is compared with', async () => {
    const pixel = await imported({}, [event('2026-04-09')]);
    const week = {
      metrics: ['visitors', 'visits'],
      date_range: '7d',
      include: { imports: true, comparisons: { mode: 'previous_period' } },
    };
    const { results, meta } = await ask(pixel, week, NOW);
    expect(results[0]).toMatchObject({ metrics: [61, 73], comparison: { metrics: [70, 84] } });
    // The last day of the comparison has totals only: it counts in full.
    expect(meta).not.toHaveProperty('comparison_until');
    expect(meta).toMatchObject({ imports: { days: 6 }, comparison_imports: { days: 7, to: '2026-04-02' } });
    const live = await imported({}, [event('2026-04-02'), event('2026-04-09')]);
    expect((await ask(live, week, NOW)).meta).toMatchObject({
      comparison_until: '2026-04-02T18:00:00.000Z',
      comparison_imports: { days: 6 },
    });
  });
});

describe('a query that asks for imports', () => {
  /** The statements that a query sends. */
  async function statementsOf(pixel: Pixel, body: object): Promise<string[]> {
    const sent: string[] = [];
    const watching = new Proxy(db, {
      get(target, property) {
        const value: unknown = Reflect.get(target, property);
        if (property !== 'prepare') return typeof value === 'function' ? value.bind(target) : value;
        return (sql: string) => {
          sent.push(sql);
          return target.prepare(sql);
        };
      },
    });
    const query = parseQuery({ site_id: pixel.id, ...MARCH, ...body });
    if (!query.ok) throw new Error(JSON.stringify(query.error));
    expect(await runQuery(watching, query.value, pixel, NOW)).toMatchObject({ ok: true });
    return sent;
  }

  it('sends the same SQL if nothing has been imported', async () => {
    const pixel = await makePixel('UTC');
    await store(pixel, [event('2026-03-15')]);
    const body = { dimensions: ['visit:source'] };
    expect(await statementsOf(pixel, { ...body, include })).toEqual(await statementsOf(pixel, body));
  });

  it('sends no more statements if something has, and the same SQL if it does not ask', async () => {
    const events = [event('2026-03-15')];
    const [plain, pixel] = [await makePixel('UTC'), await imported({}, events)];
    await store(plain, events);
    const body = { dimensions: ['visit:source'] };
    expect(await statementsOf(pixel, body)).toEqual(await statementsOf(plain, body));
    expect((await statementsOf(pixel, { ...body, include })).length).toBe(
      (await statementsOf(plain, body)).length,
    );
  });

  it('pays for the values that it reads', async () => {
    const pixel = await imported();
    const prices: number[] = [];
    for (const size of [2, 200_000]) {
      await db.prepare('UPDATE imported_rollups SET size = ? WHERE pixel = ?').bind(size, pixel.id).run();
      const query = parseQuery({ site_id: pixel.id, ...MARCH, include });
      if (!query.ok) throw new Error(JSON.stringify(query.error));
      const spend = (price: number) => void prices.push(price);
      await runQuery(db, query.value, pixel, NOW, { total: 1e9, atOnce: 1e9, spend });
    }
    expect((prices[1] ?? 0) - (prices[0] ?? 0)).toBe(2 * 31 * (200_000 - 2));
  });

  it('gets nothing of an import that has been undone', async () => {
    const made = await makePixel('UTC');
    const id = await beginImport(made);
    await storeTotals(db, id, made.id, 0, history());
    while ((await deleteTotals(db, id, made.id, 7)) === 7);
    const pixel = (await getPixel(db, made.id)) as Pixel;
    const { results, meta } = await ask(pixel, { ...MARCH, include }, NOW);
    expect(results).toEqual([{ dimensions: [], metrics: [0] }]);
    expect(meta).toMatchObject({ imports_skip_reason: 'no_imported_data' });
  });
});

describe('with small groups protected', () => {
  const metrics = ['visitors', 'visits', 'pageviews', 'events'];

  it('imported totals are cells of their own: an answer with them is one without them and one of them alone', async () => {
    const small = fc.integer({ min: 0, max: 9 });
    const days = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 28 }), small), {
      selector: ([day]) => day,
    });
    await fc.assert(
      fc.asyncProperty(days, days, fc.integer({ min: 2, max: 9 }), async (liveDays, importedDays, least) => {
        const dayOf = (day: number): string => addDays('2026-02-01', day);
        const events = liveDays.flatMap(([day, count]) =>
          Array.from({ length: count + 1 }, (_, visitor) =>
            event(dayOf(day), { id: `${day}-${visitor}`, visitor: `v${visitor}` }),
          ),
        );
        const live = new Set(liveDays.map(([day]) => day));
        const rows = (which: (day: number) => boolean) =>
          importedDays
            .filter(([day]) => which(day))
            .flatMap(([day, visitors]) => {
              const counts = {
                visitors,
                visits: visitors,
                pageviews: 2 * visitors,
                events: 2 * visitors,
                bounces: 0,
                duration: 0,
              };
              return ['', 'visit:source'].map((dimension) => ({
                ...counts,
                day: dayOf(day),
                dimension,
                value: dimension && 'Google',
              }));
            });
        const [mixed, alone] = [
          await makePixel('UTC', { min_group: least }),
          await makePixel('UTC', { min_group: least }),
        ];
        await store(mixed, events);
        await runJobs(NOW);
        const both = await importTotals(
          mixed,
          rows(() => true),
        );
        const only = await importTotals(
          alone,
          rows((day) => !live.has(day)),
        );
        for (const dimensions of [[], ['visit:source'], ['time:week'], ['visit:source', 'time:day']]) {
          const query = { metrics, dimensions, date_range: ['2026-02-02', '2026-03-01'] };
          const sums = async (pixel: Pixel, also: object): Promise<Record<string, number[]>> =>
            Object.fromEntries(
              (await ask(pixel, { ...query, ...also }, NOW)).results
                .map((row) => [row.dimensions.join(), row.metrics.map(Number)] as const)
                .filter(([, numbers]) => numbers.some((number) => number > 0)),
            );
          const [without, imports] = [await sums(both, {}), await sums(only, { include })];
          const expected = new Map(Object.entries(without));
          for (const [key, numbers] of Object.entries(imports)) {
            expected.set(
              key,
              numbers.map((number, index) => number + (expected.get(key)?.[index] ?? 0)),
            );
          }
          const found = await sums(both, { include });
          expect(found).toEqual(Object.fromEntries(expected));
          expect(
            Object.values(found)
              .flat()
              .every((number) => number % least === 0),
          ).toBe(true);
        }
      }),
      { numRuns: 25, endOnFailure: true },
    );
  });

  it('the answer says nothing of which days have events', async () => {
    const [one, other] = [
      await imported({ min_group: 5 }),
      await imported(
        { min_group: 5 },
        DAYS.map((day) => event(day)),
      ),
    ];
    const metas = await Promise.all(
      [one, other].map(async (pixel) => (await ask(pixel, { ...MARCH, include }, NOW)).meta),
    );
    expect(metas[0]).toEqual(metas[1]);
    expect(metas[0]).toMatchObject({
      imports_included: true,
      imports: { from: '2026-03-01', to: '2026-03-31' },
    });
  });
});
