/**
 * Queries of people on days of Analytics Engine. All events of people are in D1, and most others are not. So people are counted from the
 * events of D1, and all other metrics as they are counted without people.
 */
import type { Metric } from '../model/metrics.ts';
import { ok, type Result } from '../model/result.ts';
import type { ResultRow } from './compare.ts';
import type { ParsedQuery } from './parsed-query.ts';
import type { QueryResult } from './present.ts';
import type { QueryError } from './query-error.ts';
import { isOfPeople } from './sources.ts';

/** Answers queries of people from D1, and others from everything. */
type Run = (query: ParsedQuery) => Promise<Result<QueryResult, QueryError>>;

const WARNING = {
  code: 'needs_events_without_people',
  warning:
    'Analytics Engine has the events of this range that are of nobody known. With a dimension or filter of people, only metrics of people can be counted.',
};

/** The rows of the second part are looked up by those of the first, so all are read. */
const ALL_ROWS = { limit: 10_000, offset: 0 };

/** Answers a query of people in two parts. */
export async function runPeopleApart(query: ParsedQuery, run: Run): Promise<Result<QueryResult, QueryError>> {
  const { metrics, order } = query;
  const ofPeople = metrics.filter((metric) => metric.ofPeople);
  const others = metrics.filter((metric) => !metric.ofPeople);
  if (others.length === 0) return run(query);
  const byPeople = isOfPeople({ ...query, metrics: others });
  const startsWithPeople = byPeople || ofPeople.some(({ name }) => order.some(([key]) => key === name));
  const [first, second] = startsWithPeople ? [ofPeople, others] : [others, ofPeople];
  const own = await run(byPeople ? query : partOf(query, first));
  if (!own.ok) return own;
  const warnings = Object.fromEntries(byPeople ? others.map(({ name }) => [name, WARNING]) : []);
  if (byPeople) return ok(joined(query, [metrics, own.value], null, ofPeople, warnings));
  const added = await run({ ...partOf(query, second), pagination: ALL_ROWS });
  if (!added.ok) return added;
  return ok(joined(query, [first, own.value], [second, added.value], metrics, warnings));
}

/** The part of a query with some of its metrics. It is ordered by what it has. */
function partOf(query: ParsedQuery, metrics: readonly Metric[]): ParsedQuery {
  const absent = new Set<string>(
    query.metrics.filter((metric) => !metrics.includes(metric)).map(({ name }) => name),
  );
  return { ...query, metrics, order: query.order.filter(([key]) => !absent.has(key)) };
}

type Part = readonly [metrics: readonly Metric[], result: QueryResult];

/**
 * The rows of the first part, with the metrics of both.
 *
 * @param shown the metrics that have values. Others are null.
 */
function joined(
  query: ParsedQuery,
  first: Part,
  second: Part | null,
  shown: readonly Metric[],
  warnings: Readonly<Record<string, unknown>>,
): QueryResult {
  const keyOf = ({ dimensions }: ResultRow): string => JSON.stringify(dimensions);
  const added = new Map(second?.[1].results.map((row) => [keyOf(row), row]));
  const results = first[1].results.map((row): ResultRow => {
    const other = added.get(keyOf(row));
    const valuesOf = <T>(pick: (row: ResultRow) => readonly T[] | undefined): (T | null)[] =>
      query.metrics.map((metric) => {
        if (!shown.includes(metric)) return null;
        const place = first[0].indexOf(metric);
        if (place >= 0) return pick(row)?.[place] ?? null;
        return (other && pick(other)?.[second?.[0].indexOf(metric) ?? -1]) ?? null;
      });
    const { comparison } = row;
    return {
      ...row,
      metrics: valuesOf((one) => one.metrics),
      ...(comparison && {
        comparison: {
          ...comparison,
          metrics: valuesOf((one) => one.comparison?.metrics),
          change: valuesOf((one) => one.comparison?.change),
        },
      }),
    };
  });
  const all = { ...objectOf(first[1]), ...(second ? objectOf(second[1]) : {}), ...warnings };
  return {
    results,
    meta: { ...first[1].meta, ...(Object.keys(all).length > 0 ? { metric_warnings: all } : {}) },
    query: { ...first[1].query, metrics: query.metrics.map(({ name }) => name), order_by: query.order },
  };
}

const objectOf = ({ meta }: QueryResult): object => (meta['metric_warnings'] as object | undefined) ?? {};
