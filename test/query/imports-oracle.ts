/** What the answer to a query with imported totals should be, by loops over lists: no SQL, and no code of src/. */
import { countsOf, local, type OracleCounts, type OracleEvent } from '../oracle.ts';
import {
  absence,
  groupsOf,
  type History,
  labelOf,
  type QueryRequest,
  type Row,
  ratio,
} from './oracle-language.ts';

/** A row of imported totals. */
export interface OracleTotals extends OracleCounts {
  readonly day: string;
  /** `''` for the day itself. */
  readonly dimension: string;
  readonly value: string;
}

/** The dimension of a query that imported totals can answer; `''` for none. */
const dimensionOf = ({ dimensions, filters }: QueryRequest): string => {
  const named = dimensions.filter((name) => !name.startsWith('time:'));
  const [first = ''] = [...named, ...filters.flatMap(namesIn)];
  return first === 'visit:country_name' ? 'visit:country' : first;
};

function namesIn(filter: unknown): string[] {
  const [operator, second] = filter as [string, unknown];
  if (operator === 'and' || operator === 'or') return (second as unknown[]).flatMap(namesIn);
  return operator === 'not' ? namesIn(second) : [second as string];
}

const COUNTRIES: Record<string, string> = { DE: 'Germany', US: 'United States', AT: 'Austria' };

const shown = (dimension: string, value: string): string => {
  if (value === '') return absence(dimension);
  return dimension === 'visit:country_name' ? (COUNTRIES[value] ?? value) : value;
};

function passes(filter: unknown, stored: string): boolean {
  const [operator, second, texts = [], modifiers] = filter as [
    string,
    unknown,
    string[]?,
    { case_sensitive?: boolean }?,
  ];
  if (operator === 'and') return (second as unknown[]).every((one) => passes(one, stored));
  if (operator === 'or') return (second as unknown[]).some((one) => passes(one, stored));
  if (operator === 'not') return !passes(second, stored);
  const fold = (text: string): string => (modifiers?.case_sensitive === false ? text.toLowerCase() : text);
  const value = fold(shown(second as string, stored));
  const isMatch = texts.some((text) => {
    if (operator.startsWith('is')) return value === fold(text);
    return operator.startsWith('contains') ? value.includes(fold(text)) : new RegExp(text, 'u').test(value);
  });
  return operator.endsWith('_not') ? !isMatch : isMatch;
}

/** The totals that count in an answer: of its days, unless these have events, and of its filters. */
function totalsIn(
  { events, zone }: History,
  request: QueryRequest,
  totals: readonly OracleTotals[],
  dimension: string,
): OracleTotals[] {
  const live = new Set(events.map((event: OracleEvent) => local(zone, event.ts).day));
  const [from, to] = request.date_range;
  return totals.filter(
    (one) =>
      one.dimension === dimension &&
      one.day >= from &&
      one.day <= to &&
      !live.has(one.day) &&
      request.filters.every((filter) => one.value !== '(other)' && passes(filter, one.value)),
  );
}

/** The rows of an answer, in no order. */
export function answerWithImports(
  history: History,
  request: QueryRequest,
  totals: readonly OracleTotals[],
): Row[] {
  const counted = totalsIn(history, request, totals, dimensionOf(request));
  const labelsOf = ({ day, value }: OracleTotals): string[] =>
    request.dimensions.map((name) =>
      name.startsWith('time:') ? labelOf(name, day, request.date_range[0]) : shown(name, value),
    );
  const live = groupsOf(history, request);
  const imported = Map.groupBy(counted, (one) => JSON.stringify(labelsOf(one)));
  const countsIn = (key: string): OracleCounts =>
    [...(imported.get(key) ?? [])].reduce(added, countsOf(live.get(key) ?? []));
  const whole = totalVisitors(history, request, totals);
  const keys = new Set([...live.keys(), ...imported.keys()]);
  const rows = request.dimensions.length === 0 ? ['[]'] : [...keys].filter((key) => countsIn(key).events > 0);
  return rows.map((key) => ({
    dimensions: JSON.parse(key) as string[],
    metrics: request.metrics.map((metric) => metricOf(metric, countsIn(key), whole)),
  }));
}

function totalVisitors(history: History, request: QueryRequest, totals: readonly OracleTotals[]): number {
  const all = { ...request, dimensions: [] };
  const live = countsOf(groupsOf(history, all).get('[]') ?? []).visitors;
  const dimension = request.filters.length === 0 ? '' : dimensionOf(request);
  return totalsIn(history, all, totals, dimension).reduce((sum, { visitors }) => sum + visitors, live);
}

function added(sum: OracleCounts, one: OracleTotals): OracleCounts {
  return Object.fromEntries(
    Object.entries(sum).map(([name, count]) => [name, count + one[name as keyof OracleCounts]]),
  ) as unknown as OracleCounts;
}

function metricOf(metric: string, counts: OracleCounts, whole: number): number | null {
  const { visitors, visits, pageviews, bounces, duration } = counts;
  switch (metric) {
    case 'views_per_visit':
      return ratio(pageviews, visits, 2) ?? 0;
    case 'bounce_rate':
      return ratio(100 * bounces, visits) ?? 0;
    case 'visit_duration':
      return ratio(duration, 1000 * visits) ?? 0;
    case 'time_on_page':
      return ratio(counts.engaged, 1000 * counts.engaged_visits);
    case 'scroll_depth':
      return ratio(counts.scroll, counts.scrolled_visits);
    case 'percentage':
      return ratio(100 * visitors, whole, 2) ?? 0;
    default:
      return counts[metric as keyof OracleCounts];
  }
}

/** Whether a range has a day of imported totals that counts in it. */
export function hasImported(
  history: History,
  request: QueryRequest,
  totals: readonly OracleTotals[],
): boolean {
  return totalsIn(history, { ...request, filters: [] }, totals, dimensionOf(request)).length > 0;
}
