/**
 * What the answer to a query should be, from docs/metrics.md in the plainest way, on top of test/oracle.ts and like
 * it without SQL and without code of src/.
 */
import {
  countsOf,
  inOrder,
  isEngagement,
  type Links,
  local,
  type OracleEvent,
  type OracleGoal,
  type OracleSales,
  type Part,
  partsBy,
  personOf,
  reaches,
  salesOf,
  type Visit,
  valueIn,
  visitsOf,
} from '../oracle.ts';

export interface QueryRequest {
  readonly metrics: readonly string[];
  readonly dimensions: readonly string[];
  readonly filters: readonly unknown[];
  /** Two days, or two moments with their offsets. */
  readonly date_range: readonly [string, string];
  readonly include?: { readonly attribution_days?: number };
}

export type Compared =
  | { readonly mode: 'previous_period' | 'year_over_year'; readonly match_day_of_week?: boolean }
  | { readonly mode: 'custom'; readonly date_range: readonly [string, string] };

/** Revenue is told without its texts. */
export type Value = number | null | { readonly value: number; readonly currency: string };

export interface Row {
  readonly dimensions: readonly string[];
  readonly metrics: readonly Value[];
}

/** Null where the other range has no such place in time. */
export interface ComparisonRow extends Row {
  readonly change: readonly (number | null)[];
}

/** All that happened to a pixel. */
export interface History {
  readonly zone: string;
  readonly goals: readonly OracleGoal[];
  readonly visits: readonly Visit[];
  /** All events, in their order. */
  readonly events: readonly OracleEvent[];
  readonly links: Links;
  /** What has been grouped already, by query. */
  readonly grouped: Map<string, Groups>;
}

export function historyOf(
  events: readonly OracleEvent[],
  zone: string,
  goals: readonly OracleGoal[],
  links: Links = {},
): History {
  return {
    zone,
    goals,
    visits: visitsOf(events, zone),
    events: inOrder(events),
    links,
    grouped: new Map(),
  };
}

/** The events that a query is of: counted, of its range, and let through by its filters. */
export function eventsIn(history: History, request: QueryRequest): Set<OracleEvent> {
  const context: Context = { ...history, request };
  return new Set(
    history.visits.flatMap((visit) =>
      visit.events.filter(
        (event) =>
          !isEngagement(event) &&
          isWithin(event, request.date_range, history.zone) &&
          request.filters.every((filter) => matches(filter, event, visit, context)),
      ),
    ),
  );
}

/** The rows of an answer, in no order. */
export function answerOf(history: History, request: QueryRequest): Row[] {
  const groups = groupsOf(history, request);
  const keys = [...groups]
    .filter(([, parts]) => countsOf(parts).events > 0)
    .map(([key]) => JSON.parse(key) as string[]);
  // Without dimensions there is always one row.
  const rows = request.dimensions.length === 0 ? [[]] : keys;
  return rows.map((dimensions) => ({ dimensions, metrics: metricsOf(history, request, groups, dimensions) }));
}

/** Whether some row has revenue of several currencies, which is not told. */
export function hasMultipleCurrencies(history: History, request: QueryRequest): boolean {
  const groups = [...groupsOf(history, request).values()];
  return groups.some((parts) => salesOf(parts).size > 1);
}

/**
 * The other range's row beside a row, or null where that has no such place in time.
 * @param now a moment of the range's last day, at whose time of day the other range ends, too; null: it ends with its last day.
 */
export function comparisonOf(
  history: History,
  request: QueryRequest,
  row: Row,
  compared: Compared,
  now: number | null = null,
): ComparisonRow | null {
  const date_range = comparedRange(request.date_range, compared);
  const dimensions: string[] = [];
  for (const [index, name] of request.dimensions.entries()) {
    const value = row.dimensions[index] ?? '';
    if (!name.startsWith('time:')) dimensions.push(value);
    else {
      const label = pairedLabel(name, value, request.date_range, date_range, compared, history.zone);
      if (label === undefined) return null;
      dimensions.push(label);
    }
  }
  const moments = now === null ? null : momentsUntil(history.zone, date_range, now);
  const other = { ...request, date_range: moments ?? date_range };
  const metrics = metricsOf(history, other, groupsOf(history, other), dimensions);
  const change = metrics.map((before, index) =>
    changeOf(request.metrics[index] ?? '', row.metrics[index] ?? null, before),
  );
  return { dimensions, metrics, change };
}

const MINUTE = 60_000;

interface DayMinutes {
  readonly start: number;
  readonly end: number;
  /** What clocks show in each minute. */
  readonly clocks: readonly string[];
}

const minutesByDay = new Map<string, DayMinutes>();

/** The minutes of a local day. Each is looked at once: asking for what clocks show takes long. */
function minutesOf(zone: string, day: string): DayMinutes {
  const key = `${zone} ${day}`;
  const cached = minutesByDay.get(key);
  if (cached) return cached;
  const clock = clockIn(zone);
  const noon = Date.parse(`${day}T12:00:00Z`);
  // Days begin up to 26 hours before noon in UTC, and end up to 24 hours after it. No offset is finer than a quarter of an hour.
  const quarters = Array.from({ length: 220 }, (_, index) => noon + (index - 110) * 15 * MINUTE);
  const start = quarters.find((ts) => local(zone, ts).day >= day) as number;
  const end = quarters.find((ts) => local(zone, ts).day > day) as number;
  const clocks = Array.from({ length: (end - start) / MINUTE }, (_, index) =>
    clock.format(start + index * MINUTE),
  );
  const found = { start, end, clocks };
  minutesByDay.set(key, found);
  return found;
}

const clockIn = (timeZone: string): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat('sv-SE', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

/** The first and the last moment of a range that ends at the same time of day as another moment, in full minutes. */
export function momentsUntil(
  zone: string,
  [from, to]: readonly [string, string],
  now: number,
): readonly [string, string] {
  const time = clockIn(zone).format(now);
  const last = minutesOf(zone, to);
  const minute = last.clocks.findIndex((clock) => clock >= time);
  const end = minute < 0 ? last.end : last.start + minute * MINUTE;
  return [new Date(minutesOf(zone, from).start).toISOString(), new Date(end - 1).toISOString()];
}

/** The label beside one: of weeks and months that of the same place, else that of the same date or place of day, and hour. */
function pairedLabel(
  time: string,
  label: string,
  range: readonly [string, string],
  other: readonly [string, string],
  compared: Compared,
  zone: string,
): string | undefined {
  const others = labelsOf(time, other, zone);
  if (time === 'time:week' || time === 'time:month') {
    return others[labelsOf(time, range, zone).indexOf(label)];
  }
  const [day, hour] = [label.slice(0, 10), label.slice(10)];
  const place = daysOf(...range).indexOf(day);
  const pairedDay =
    compared.mode === 'year_over_year' && !compared.match_day_of_week
      ? daysOf(...other).find((one) => yearAfter(one) === day || (place === 0 && one === yearBefore(day)))
      : daysOf(...other)[place];
  return others.find((one) => pairedDay !== undefined && one === pairedDay + hour);
}

const yearAfter = (day: string): string => String(Number(day.slice(0, 4)) + 1) + day.slice(4);

/** The range that a range of days is compared with. */
function comparedRange([from, to]: readonly [string, string], compared: Compared): readonly [string, string] {
  if (compared.mode !== 'custom' && compared.match_day_of_week) {
    const plain = comparedRange([from, to], { mode: compared.mode })[0];
    const weekday = (day: string): number => new Date(`${day}T00:00:00Z`).getUTCDay();
    // The nearest first: that there are seven weekdays leaves no tie.
    const nearest = [0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6, 7, -7]
      .map((shift) => addDays(plain, shift))
      .find((day) => weekday(day) === weekday(from) && day !== from) as string;
    return [nearest, addDays(nearest, daysOf(from, to).length - 1)];
  }
  switch (compared.mode) {
    case 'custom':
      return compared.date_range;
    case 'previous_period': {
      const days = daysOf(from, to).length;
      return [addDays(from, -days), addDays(to, -days)];
    }
    case 'year_over_year':
      return [yearBefore(from), yearBefore(to)];
  }
}

export const yearBefore = (day: string): string =>
  `${String(Number(day.slice(0, 4)) - 1)}${day.slice(4) === '-02-29' ? '-02-28' : day.slice(4)}`;

/** Rates, whose change is told in points. */
export const IN_POINTS = [
  'bounce_rate',
  'percentage',
  'conversion_rate',
  'group_conversion_rate',
  'scroll_depth',
];

/** How much more a value is than another, not rounded: in points for rates, in per cent for all else. */
function changeOf(metric: string, value: Value, before: Value): number | null {
  if (value === null || before === null) return null;
  if (typeof value === 'object' || typeof before === 'object') {
    if (typeof value !== 'object' || typeof before !== 'object') throw new Error('Revenue is an object.');
    return value.currency === before.currency ? changeOf(metric, value.value, before.value) : null;
  }
  if (IN_POINTS.includes(metric)) return value - before;
  if (before === 0) return value === 0 ? 0 : 100;
  return (100 * (value - before)) / Math.abs(before);
}

/** All labels of a time dimension in a range of days, with or without events. */
export function labelsOf(time: string, [from, to]: readonly [string, string], zone: string): string[] {
  const days = daysOf(from, to);
  if (time !== 'time:hour') return [...new Set(days.map((day) => labelOf(time, day, from)))];
  const labels = new Set<string>();
  // No zone's offset is finer than a quarter of an hour, and none is more than 14 hours.
  const end = Date.parse(`${addDays(to, 1)}T14:00:00Z`);
  for (let ts = Date.parse(`${from}T00:00:00Z`) - 14 * 3_600_000; ts < end; ts += 900_000) {
    const { day, hour } = local(zone, ts);
    if (day >= from && day <= to) labels.add(hour);
  }
  return [...labels];
}

/** @param from the first day of the range, by which a week is labelled that began before. */
export function labelOf(time: string, day: string, from: string): string {
  switch (time) {
    case 'time:day':
      return day;
    case 'time:week': {
      const monday = addDays(day, -((new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7));
      return monday < from ? from : monday;
    }
    case 'time:month':
      return `${day.slice(0, 7)}-01`;
    default:
      throw new Error(`${time} is no time dimension.`);
  }
}

export function addDays(day: string, count: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * 86_400_000).toISOString().slice(0, 10);
}

export function daysOf(from: string, to: string): string[] {
  const days = [];
  for (let day = from; day <= to; day = addDays(day, 1)) days.push(day);
  return days;
}

type Groups = ReadonlyMap<string, readonly Part[]>;

/**
 * The parts of visits that an answer's rows are made of, by the values of its dimensions.
 * @param whole the query that the groups are asked for, where that is another one.
 */
export function groupsOf(of: History, request: QueryRequest, groupedRequest: QueryRequest = request): Groups {
  const { dimensions, filters, date_range } = request;
  const query = JSON.stringify([dimensions, filters, date_range, timeOf(groupedRequest), request.include]);
  const cached = of.grouped.get(query);
  if (cached) return cached;
  const history: Context = { ...of, request: groupedRequest };
  const groups = partsBy(
    history.visits,
    (event, visit) =>
      combinations(dimensions.map((dimension) => valuesOf(event, visit, dimension, history))).map((values) =>
        JSON.stringify(values),
      ),
    (event, visit) =>
      isWithin(event, date_range, history.zone) &&
      filters.every((filter) => matches(filter, event, visit, history)),
  );
  of.grouped.set(query, groups);
  return groups;
}

/** A history, and what is asked of it. */
interface Context extends History {
  readonly request: QueryRequest;
}

const timeOf = ({ dimensions }: QueryRequest): string | undefined =>
  dimensions.find((name) => name.startsWith('time:'));

const firstDay = ({ date_range: [from] }: QueryRequest, zone: string): string =>
  from.includes('T') ? local(zone, Date.parse(from)).day : from;

/** The period that an event's person is looked at in: its time label, of hours its day, or the whole range. */
function periodOf(event: OracleEvent, { request, zone }: Context): string {
  const time = timeOf(request);
  const { day } = local(zone, event.ts);
  return time === undefined
    ? ''
    : labelOf(time === 'time:hour' ? 'time:day' : time, day, firstDay(request, zone));
}

/** The kinds of device that a person had in a period. */
function devicesOf(person: string, period: string, context: Context): string[] {
  const { events, links, request, zone } = context;
  const mine = events.filter(
    (one) =>
      !isEngagement(one) &&
      personOf(one, links) === person &&
      isWithin(one, request.date_range, zone) &&
      periodOf(one, context) === period,
  );
  const had = new Set(mine.map(({ device }) => device));
  return ['Desktop', 'Mobile', 'Tablet'].filter((device) => had.has(device));
}

/** The people of a group's events, each with a period. */
function peopleIn(parts: readonly Part[], context: Context): [person: string, period: string][] {
  const touchesByPerson = new Map<string, [string, string]>();
  for (const event of parts.flatMap((part) => part.events)) {
    const person = personOf(event, context.links);
    const period = periodOf(event, context);
    if (person !== '') touchesByPerson.set(`${person} ${period}`, [person, period]);
  }
  return [...touchesByPerson.values()];
}

/** Whether a person was never there before, in this period of the range. */
function isNew(person: string, period: string, context: Context): boolean {
  const { events, links, request, zone } = context;
  const first = events.find((one) => !isEngagement(one) && personOf(one, links) === person);
  return (
    first !== undefined && isWithin(first, request.date_range, zone) && periodOf(first, context) === period
  );
}

/** What brought an event's person first or last, or its visit where that is not known. */
function touchOf(event: OracleEvent, visit: Visit, dimension: string, context: Context): string {
  const { events, links, request, zone } = context;
  const [, which, column = ''] = /^person:(first|last)_(.*)$/.exec(dimension) ?? [];
  const own = valueIn(event, visit, `visit:${column}`, zone);
  const person = personOf(event, links);
  if (person === '') return own;
  const since = event.ts - (request.include?.attribution_days ?? 30) * 86_400_000;
  const brought = valueIn(event, visit, 'visit:channel', zone) === 'Direct' ? null : visit.events[0]?.ts;
  const touches = events.filter(
    (one) =>
      personOf(one, links) === person &&
      one['channel'] !== 'Direct' &&
      one.ts >= since &&
      one.ts <= event.ts &&
      // What brought the visit itself may be nearer.
      (brought == null || (which === 'first' ? one.ts <= brought : one.ts >= brought)),
  );
  const touch = which === 'first' ? touches[0] : touches.at(-1);
  return touch ? String(touch[column] ?? '') : own;
}

/** All lists that have a value of each list. */
function combinations([first, ...rest]: readonly (readonly string[])[]): string[][] {
  if (!first) return [[]];
  return first.flatMap((value) => combinations(rest).map((values) => [value, ...values]));
}

/** A range has both of its ends within. */
function isWithin({ ts }: OracleEvent, [from, to]: readonly [string, string], zone: string): boolean {
  if (from.includes('T')) return ts >= Date.parse(from) && ts <= Date.parse(to);
  const { day } = local(zone, ts);
  return day >= from && day <= to;
}

/** An event's values of a dimension as an answer shows them: one, or of goals as many as it reaches. */
function valuesOf(event: OracleEvent, visit: Visit, dimension: string, context: Context): string[] {
  const { zone, goals, links } = context;
  if (dimension === 'event:goal') {
    return goals.filter((goal) => reaches(event, goal)).map(({ name }) => name);
  }
  if (dimension === 'time:hour') return [local(zone, event.ts).hour];
  if (dimension.startsWith('time:'))
    return [labelOf(dimension, local(zone, event.ts).day, firstDay(context.request, zone))];
  if (dimension === 'person:devices') {
    const person = personOf(event, links);
    const devices = person === '' ? [] : devicesOf(person, periodOf(event, context), context);
    return [devices.join(' + ') || '(unknown)'];
  }
  const value = dimension.startsWith('person:')
    ? touchOf(event, visit, dimension, context)
    : valueIn(event, visit, RENAMED[dimension] ?? dimension, zone);
  if (value === '') return [absence(dimension)];
  return [dimension === 'visit:country_name' ? (COUNTRIES[value] ?? value) : value];
}

/** Dimensions that only rename the values of another. */
const RENAMED: Record<string, string> = {
  'visit:country_name': 'visit:country',
  'visit:city_name': 'visit:city',
};
const COUNTRIES: Record<string, string> = { DE: 'Germany', US: 'United States' };

export function absence(dimension: string): string {
  if (dimension.startsWith('event:props:')) return '(none)';
  return /source$|referrer$/.test(dimension) && !dimension.includes('utm_') ? 'Direct / None' : '(not set)';
}

/** Whether a filter picks an event. */
function matches(filter: unknown, event: OracleEvent, visit: Visit, history: Context): boolean {
  const [operator, second, third, modifiers] = filter as [
    string,
    unknown,
    string[],
    { case_sensitive?: boolean }?,
  ];
  const inner = (one: unknown, of = event) => matches(one, of, visit, history);
  switch (operator) {
    case 'and':
      return (second as unknown[]).every((one) => inner(one));
    case 'or':
      return (second as unknown[]).some((one) => inner(one));
    case 'not':
      return !inner(second);
    case 'has_done':
      return visit.events.some((one) => inner(second, one));
    case 'has_not_done':
      return !visit.events.some((one) => inner(second, one));
  }
  const folded = (text: string) => (modifiers?.case_sensitive === false ? text.toLowerCase() : text);
  const compare = COMPARISONS[operator.replace(/_not$/, '')];
  if (!compare) throw new Error(`${operator} is no operator.`);
  const touchesByPerson = valuesOf(event, visit, second as string, history).some((value) =>
    third.some((text) => compare(folded(value), folded(text))),
  );
  return operator.endsWith('_not') ? !touchesByPerson : touchesByPerson;
}

const COMPARISONS: Record<string, (value: string, text: string) => boolean> = {
  is: (value, text) => value === text,
  contains: (value, text) => value.includes(text),
  matches: (value, text) => new RegExp(text, 'u').test(value),
};

/** A row's metrics, from the groups of its answer. */
function metricsOf(
  history: History,
  request: QueryRequest,
  groups: Groups,
  dimensions: readonly string[],
): Value[] {
  const touchesByPerson = groups.get(JSON.stringify(dimensions)) ?? [];
  // A row without events is none.
  const parts = dimensions.length > 0 && countsOf(touchesByPerson).events === 0 ? [] : touchesByPerson;
  const counts = countsOf(parts);
  const { visitors, visits, pageviews, events, bounces, duration } = counts;
  const { engaged, engaged_visits, scroll, scrolled_visits } = counts;
  const withoutGoals = request.filters.filter((filter) => (filter as unknown[])[1] !== 'event:goal');
  const sales = [...salesOf(parts)];
  const context: Context = { ...history, request };

  return request.metrics.map((metric): Value => {
    switch (metric) {
      case 'visitors':
        return visitors;
      case 'visits':
        return visits;
      case 'pageviews':
        return pageviews;
      case 'events':
        return events;
      case 'views_per_visit':
        return ratio(pageviews, visits, 2) ?? 0;
      case 'bounce_rate':
        return ratio(100 * bounces, visits) ?? 0;
      case 'visit_duration':
        return ratio(duration, 1000 * visits) ?? 0;
      case 'time_on_page':
        return ratio(engaged, 1000 * engaged_visits);
      case 'scroll_depth':
        return ratio(scroll, scrolled_visits);
      case 'percentage': {
        const groupedRequest = groupsOf(history, { ...request, dimensions: [] }, request).get('[]') ?? [];
        return ratio(100 * visitors, countsOf(groupedRequest).visitors, 2) ?? 0;
      }
      case 'conversion_rate': {
        const groupedRequest =
          groupsOf(history, { ...request, dimensions: [], filters: withoutGoals }, request).get('[]') ?? [];
        return ratio(100 * visitors, countsOf(groupedRequest).visitors, 2) ?? 0;
      }
      case 'group_conversion_rate': {
        const positions = request.dimensions.flatMap((name, index) => (name === 'event:goal' ? [] : [index]));
        const names = positions.map((index) => request.dimensions[index] ?? '');
        const groupedRequest = groupsOf(
          history,
          { ...request, dimensions: names, filters: withoutGoals },
          request,
        );
        const mine = groupedRequest.get(JSON.stringify(positions.map((index) => dimensions[index])));
        return ratio(100 * visitors, countsOf(mine ?? []).visitors, 2) ?? 0;
      }
      case 'total_revenue':
        return revenue(sales, (all) => all.revenue);
      case 'average_revenue':
        return revenue(sales, ({ revenue, sales }) => rounded(revenue / sales));
      case 'people':
        return peopleIn(parts, context).length;
      case 'new_people':
        return peopleIn(parts, context).filter((one) => isNew(...one, context)).length;
      case 'cross_device_people':
        return peopleIn(parts, context).filter((one) => devicesOf(...one, context).length > 1).length;
      default:
        throw new Error(`${metric} is no metric.`);
    }
  });
}

/** Revenue of one currency; that of none or of several is not told. */
function revenue(
  sales: readonly (readonly [string, OracleSales])[],
  micros: (all: OracleSales) => number,
): Value {
  const [only, ...more] = sales;
  if (!only || more.length > 0) return null;
  return { value: micros(only[1]) / 1e6, currency: only[0] };
}

/** The nearest whole number, of two the one farther from zero. */
const rounded = (value: number): number => Math.sign(value) * Math.round(Math.abs(value));

/** One whole number over another, neither negative, rounded half up to some decimals; null when that is over nothing. */
export function ratio(over: number, under: number, decimals = 0): number | null {
  if (under === 0) return null;
  const scale = 10 ** decimals;
  // Halves are found among whole numbers, where no fraction is lost.
  return Math.floor((2 * over * scale + under) / (2 * under)) / scale;
}
