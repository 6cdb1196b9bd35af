/** Random queries over random histories: the columns' counts must be those of the oracle. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Goal } from '../../../src/model/goal.ts';
import { COUNTS, VISIT_COUNTS } from '../../../src/model/metrics.ts';
import { Evaluator } from '../../../src/query/columns/evaluate.ts';
import { FunnelEvaluator } from '../../../src/query/columns/funnel.ts';
import type { GroupedRows } from '../../../src/query/columns/grouping.ts';
import { testOf } from '../../../src/query/compare-values.ts';
import { type Grouping, groupingsOf, keysOf } from '../../../src/query/groupings.ts';
import { parseQuery } from '../../../src/query/language.ts';
import { Meter } from '../../../src/query/meter.ts';
import type { ParsedQuery } from '../../../src/query/parsed-query.ts';
import { bucketOf, resolveRange } from '../../../src/query/range.ts';
import { momentsOf } from '../../../src/query/spans.ts';
import { GOALS, histories, ODD_DAYS } from '../../fixtures.ts';
import { countsOf, funnelOf, local, type OracleEvent, type Part, salesOf } from '../../oracle.ts';
import { runs } from '../../runs.ts';
import { eventsIn, groupsOf, type History, historyOf, type QueryRequest } from '../oracle-language.ts';
import { LATER, randomQueries, TIMES } from '../random-queries.ts';
import { isCurrent, type Layout, segmentsOf } from './segments.ts';

const layouts: fc.Arbitrary<Layout> = fc
  .record({ months: fc.integer({ min: 0, max: 255 }), hasStale: fc.boolean(), isSliced: fc.boolean() })
  .map(({ months, ...layout }) => ({ ...layout, inMonth: (place) => (months & (1 << (place % 8))) > 0 }));

/** Dimensions that random queries rarely have. */
const MORE_DIMENSIONS = [
  'visit:entry_page',
  'visit:entry_page_hostname',
  'visit:exit_page',
  'visit:exit_page_hostname',
  'visit:device',
  'event:hostname',
];
const OF_FULL_VISITS = ['views_per_visit', 'bounce_rate', 'visit_duration'];

/** Queries of no people. Their moments begin and end with a minute. */
const queries = (day: string): fc.Arbitrary<QueryRequest> =>
  fc
    .tuple(
      randomQueries(day),
      fc.option(fc.uniqueArray(fc.constantFrom(...MORE_DIMENSIONS), { minLength: 1, maxLength: 2 })),
    )
    .map(([request, more]) => ({
      ...request,
      metrics: request.metrics.filter(
        (name) => !name.includes('people') && !(more && OF_FULL_VISITS.includes(name)),
      ),
      dimensions: more
        ? [...request.dimensions.filter((name) => /^time|goal$/.test(name)), ...more]
        : request.dimensions,
      date_range: aligned(request.date_range),
    }))
    .filter((request) => !JSON.stringify(request).includes('person:'));

/** A history in one of the odd zones, and queries. All tests share the seed, so a test for each zone would repeat the same values. */
const cases = (count: number) =>
  fc.constantFrom(...ODD_DAYS).chain(([zone, day]) =>
    fc.record({
      zone: fc.constant(zone),
      events: histories(day),
      list: fc.array(fc.tuple(queries(day), layouts), { minLength: count, maxLength: count }),
    }),
  );

function aligned([from, to]: readonly [string, string]): readonly [string, string] {
  if (!from.includes('T')) return [from, to];
  const minute = (text: string): number => Math.floor(Date.parse(text) / 60_000) * 60_000;
  return [new Date(minute(from)).toISOString(), new Date(minute(to) + 59_999).toISOString()];
}

function parsed(request: QueryRequest): ParsedQuery {
  const query = parseQuery({ site_id: 'px', ...request });
  if (!query.ok) throw new Error(JSON.stringify(query.error));
  return query.value;
}

/** The counts and sales of a group: its rows. */
type Rows = ReadonlyMap<string, readonly (readonly (string | number)[])[]>;

interface Evaluated {
  readonly query: ParsedQuery;
  readonly groupings: readonly Grouping[];
  readonly time?: ParsedQuery['time'];
  readonly layout: Layout;
}

function evaluated(
  { events, zone }: History,
  { query, groupings, time = query.time, layout }: Evaluated,
): ReadonlyMap<string, GroupedRows> {
  const range = resolveRange(query.range, zone, LATER, null);
  const meter = new Meter();
  const evaluator = new Evaluator({
    groupings,
    counts: VISIT_COUNTS,
    time,
    moments: momentsOf(query.range),
    trimmed: null,
    goals: GOALS as readonly Goal[],
    sales: 'first',
    bucketOf: (day) => bucketOf(time, day, range.from),
    testOf: (test) => testOf(test, meter),
    meter,
  });
  const isWithin = (day: string): boolean => day >= range.from && day <= range.to;
  for (const segment of segmentsOf(events, zone, layout, evaluator.columns)) {
    evaluator.add(segment, (day, rolls) => isWithin(day) && isCurrent(day, rolls));
  }
  return evaluator.results();
}

/** The rows of a grouping as the oracle names its groups: by labels, in the order of the query's dimensions. */
function named(
  rows: readonly (readonly (string | number)[])[],
  grouping: Grouping,
  dimensions: readonly string[],
): Rows {
  const keys = keysOf(grouping);
  return Map.groupBy(
    rows.map((row) => row.slice(keys.length)),
    (_, index) => {
      const values = new Map(keys.map((key, place) => [key, rows[index]?.[place] ?? '']));
      const labels = [...grouping.dimensions].map(([key, dimension]) => {
        const value = values.get(key) ?? '';
        return [
          dimension.name,
          label(dimension.name, value === '' ? dimension.none : String(value)),
        ] as const;
      });
      const all = new Map<string, unknown>([...labels, ['time', values.get('bucket')]]);
      return JSON.stringify(dimensions.map((name) => all.get(TIMES.includes(name) ? 'time' : name)));
    },
  );
}

const label = (dimension: string, value: string): string =>
  dimension === 'visit:country_name' ? ({ DE: 'Germany', US: 'United States' }[value] ?? value) : value;

const countRows = (parts: readonly Part[]): (string | number)[][] => {
  const counts = countsOf(parts);
  return [VISIT_COUNTS.map((count) => counts[count])];
};
const saleRows = (parts: readonly Part[]): (string | number)[][] =>
  [...salesOf(parts)].map(([currency, { revenue, sales }]) => [currency, revenue, sales]);

function expectGrouping(
  rows: GroupedRows | undefined,
  grouping: Grouping,
  history: History,
  request: QueryRequest,
  whole: QueryRequest,
): void {
  const groups = groupsOf(history, request, whole);
  const message = JSON.stringify([grouping.name, request]);
  const sorted = (all: Rows) => [...all].map(([key, list]) => [key, list.toSorted()]).toSorted();
  const expected = (of: (parts: readonly Part[]) => (string | number)[][]): Rows =>
    new Map(
      [...groups].map(([key, parts]) => [key, of(parts)] as const).filter(([, list]) => list.length > 0),
    );
  expect(sorted(named(rows?.counts ?? [], grouping, request.dimensions)), message).toEqual(
    sorted(expected(countRows)),
  );
  // Only the answer has sales.
  const sales = grouping.name === 'answer' ? expected(saleRows) : new Map();
  expect(sorted(named(rows?.sales ?? [], grouping, request.dimensions)), message).toEqual(sorted(sales));
}

const isGoalTest = (filter: unknown): boolean => (filter as unknown[])[1] === 'event:goal';

/** The queries that have the denominators as their answers. */
function denominatorsOf(request: QueryRequest): Readonly<Record<string, QueryRequest>> {
  const filters = request.filters.filter((filter) => !isGoalTest(filter));
  return {
    whole: { ...request, dimensions: [] },
    whole_without_goal: { ...request, dimensions: [], filters },
    group_without_goal: {
      ...request,
      dimensions: request.dimensions.filter((name) => name !== 'event:goal'),
      filters,
    },
  };
}

describe('the counts of columns', () => {
  it('are all counts', () => {
    expect([...VISIT_COUNTS, 'revenue', 'sales']).toEqual(COUNTS);
  });

  it('are those of the oracle in all zones', () => {
    fc.assert(
      fc.property(cases(8), ({ zone, events, list }) => {
        const history = historyOf(events, zone, GOALS);
        for (const [request, layout] of list) {
          const query = parsed(request);
          const { answer, denominators } = groupingsOf(query);
          const results = evaluated(history, { query, groupings: [answer, ...denominators], layout });
          expectGrouping(results.get('answer'), answer, history, request, request);
          const others = denominatorsOf(request);
          for (const grouping of denominators) {
            const other = others[grouping.name] as QueryRequest;
            expectGrouping(results.get(grouping.name), grouping, history, other, request);
          }
        }
      }),
      { numRuns: runs(50, 200) },
    );
  });

  it('of cells are those of the oracle in all zones', () => {
    fc.assert(
      fc.property(cases(4), ({ zone, events, list }) => {
        const history = historyOf(events, zone, GOALS);
        for (const [request, layout] of list) {
          const query = parsed(request);
          const { answer } = groupingsOf(query);
          const cells: Grouping = { ...answer, timed: true, byDay: true };
          const results = evaluated(history, { query, groupings: [cells], time: 'time:hour', layout });
          const others = request.dimensions.filter((name) => !TIMES.includes(name));
          const byDay = { ...request, dimensions: ['time:day', ...others] };
          expectGrouping(results.get('answer'), cells, history, byDay, byDay);
        }
      }),
      { numRuns: runs(20, 80) },
    );
  });
});

describe('funnels of columns', () => {
  const steps = fc.array(fc.constantFrom(...GOALS), { minLength: 1, maxLength: 4 });

  it('count as the oracle does in all zones', () => {
    fc.assert(
      fc.property(cases(1), steps, ({ zone, events, list }, goals) => {
        const [[{ filters }, layout]] = list as [(typeof list)[0]];
        const history = historyOf(events, zone, GOALS);
        const days = [...new Set(events.map(({ ts }) => local(zone, ts).day))].toSorted();
        const [from, to] = [days[0] ?? '2026-01-01', days.at(-1) ?? '2026-01-01'];
        const request: QueryRequest = {
          metrics: ['visits'],
          dimensions: [],
          filters,
          date_range: [from, to],
        };
        const picked = filters.length === 0 ? null : eventsIn(history, request);
        const isPicked = picked ? (event: OracleEvent) => picked.has(event) : undefined;
        const countsIn = (first: string, last: string): number[] =>
          funnelOf(events, zone, { steps: goals, within: 'visit' }, [first, last], {}, isPicked);
        const meter = new Meter();
        const evaluator = new FunnelEvaluator({
          steps: goals as readonly Goal[],
          filters: parsed(request).filters,
          goals: GOALS as readonly Goal[],
          testOf: (test) => testOf(test, meter),
          meter,
        });
        for (const segment of segmentsOf(events, zone, layout, evaluator.columns))
          evaluator.add(segment, isCurrent);
        const { visits, days: byDay } = evaluator.results();
        expect(visits).toEqual(countsIn(from, to));
        const expected = days.flatMap((one) =>
          countsIn(one, one).flatMap((count, step) => (count > 0 ? [[one, step, count]] : [])),
        );
        expect(byDay.map(([one, step, , count]) => [one, step, count]).toSorted()).toEqual(
          expected.toSorted(),
        );
        for (const [one, step, visitors] of byDay) {
          const names = new Set(events.map(({ visitor }) => visitor));
          const came = [...names].filter((visitor) => {
            const own = events.filter((event) => event.visitor === visitor);
            const counts = funnelOf(own, zone, { steps: goals, within: 'visit' }, [one, one], {}, isPicked);
            return (counts[step] ?? 0) > 0;
          });
          expect(visitors).toBe(came.length);
        }
      }),
      { numRuns: runs(100, 400) },
    );
  });
});
