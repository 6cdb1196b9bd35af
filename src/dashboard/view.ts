/**
 * The state of a statistics page, which is in its address. Everything here is pure. The parameters are `period`, or `from` and
 * `to`; `compare`, with `compare_from` and `compare_to` for `custom`, and `weekdays`; `metric`, `by`; `f` for each filter; `imports=off` without imported totals; and `tab` for each panel whose first tab is not shown; and for the dialog of
 * all rows `all`, `split` and `sort`.
 */
import { isDay } from '../model/time-zone.ts';
import type { RangeName } from '../query/parsed-query.ts';
import { comparedDayRange, resolveRange } from '../query/range.ts';
import type { Filter } from './api.ts';
import { filterText, parseFilter } from './filters.ts';
import type { Step } from './format.ts';

export const PERIODS = {
  day: 'Today',
  yesterday: 'Yesterday',
  '7d': 'Last 7 days',
  '28d': 'Last 28 days',
  '30d': 'Last 30 days',
  '91d': 'Last 91 days',
  month: 'This month',
  last_month: 'Last month',
  '6mo': 'Last 6 months',
  '12mo': 'Last 12 months',
  year: 'This year',
  all: 'All time',
} as const;
export type PeriodName = keyof typeof PERIODS;

export const COMPARISONS = {
  previous_period: 'Previous period',
  year_over_year: 'Year before',
  custom: 'Custom period',
  none: 'No comparison',
} as const;
export type Comparison = keyof typeof COMPARISONS;

export interface View {
  /** A named period, or two days. */
  readonly period: PeriodName | readonly [from: string, to: string];
  readonly compare: Comparison;
  /** The days of the comparison `custom`; else null. */
  readonly compareDays: readonly [from: string, to: string] | null;
  /** Whether the comparison begins on the same weekday; null: as is usual for the period. */
  readonly weekdays: boolean | null;
  readonly metric: string;
  /** Null: the usual one of the period. */
  readonly step: Step | null;
  readonly filters: readonly Filter[];
  /** Whether imported totals are added, if there are any. */
  readonly imports: boolean;
  /** The tabs that are shown instead of their panels' first ones: see panel-tabs.ts. */
  readonly tabs: readonly string[];
  /** The dimension whose dialog of all rows is open. */
  readonly all: string | null;
  /** The second dimension of that dialog. */
  readonly split: string | null;
  /** The column by which that dialog is sorted, after a minus in descending order; null: as the API sorts. */
  readonly sort: string | null;
}

/** Changes a part of the view, as a new entry of the browser's history or in place of the current one. */
export type SetView = (part: Partial<View>, how?: 'push' | 'replace') => void;

export const DEFAULT_VIEW: View = {
  period: '30d',
  compare: 'previous_period',
  compareDays: null,
  weekdays: null,
  metric: 'visitors',
  step: null,
  filters: [],
  imports: true,
  tabs: [],
  all: null,
  split: null,
  sort: null,
};

/** The parts of a view that close the dialog of all rows. */
export const NO_DIALOG = { all: null, split: null, sort: null } as const;

const STEPS: readonly string[] = ['hour', 'day', 'week', 'month'];

const isPeriod = (name: string): name is PeriodName => Object.hasOwn(PERIODS, name);
const isComparison = (name: string): name is Comparison => Object.hasOwn(COMPARISONS, name);
const isStep = (name: string): name is Step => STEPS.includes(name);

const isWeekdays = (text: string): boolean => text === 'match' || text === 'any';

function daysIn(params: URLSearchParams, first: string, last: string): DayPair | null {
  const [from, to] = [params.get(first) ?? '', params.get(last) ?? ''];
  return isDay(from) && isDay(to) && from <= to ? [from, to] : null;
}

/** The view of an address. Parts that are missing or unknown have their defaults. */
export function parseView(search: string): View {
  const params = new URLSearchParams(search);
  const period = params.get('period') ?? '';
  const step = params.get('by') ?? '';
  return {
    period: daysIn(params, 'from', 'to') ?? (isPeriod(period) ? period : DEFAULT_VIEW.period),
    ...comparisonIn(params),
    metric: params.get('metric') ?? DEFAULT_VIEW.metric,
    step: isStep(step) ? step : null,
    filters: params
      .getAll('f')
      .map(parseFilter)
      .filter((filter) => filter !== null),
    imports: params.get('imports') !== 'off',
    tabs: params.getAll('tab'),
    all: params.get('all'),
    split: params.get('split'),
    sort: params.get('sort'),
  };
}

/** A comparison `custom` without days has no meaning. */
function comparisonIn(params: URLSearchParams): Pick<View, 'compare' | 'compareDays' | 'weekdays'> {
  const compare = params.get('compare') ?? '';
  const days = compare === 'custom' ? daysIn(params, 'compare_from', 'compare_to') : null;
  const weekdays = params.get('weekdays') ?? '';
  return {
    compare: isComparison(compare) && (compare !== 'custom' || days) ? compare : DEFAULT_VIEW.compare,
    compareDays: days,
    weekdays: isWeekdays(weekdays) ? weekdays === 'match' : null,
  };
}

/** The parts of an address that have no meaning, as `name=value`. Unknown metrics and dimensions are left to the API. */
export function unknownParts(search: string): string[] {
  const params = new URLSearchParams(search);
  const hasDays = daysIn(params, 'from', 'to') !== null;
  const hasCompareDays = daysIn(params, 'compare_from', 'compare_to') !== null;
  const checks = new Map<string, (value: string) => boolean>([
    ['period', isPeriod],
    ['from', () => hasDays],
    ['to', () => hasDays],
    ['compare', (name) => isComparison(name) && (name !== 'custom' || hasCompareDays)],
    ['compare_from', () => hasCompareDays],
    ['compare_to', () => hasCompareDays],
    ['weekdays', isWeekdays],
    ['by', isStep],
    ['imports', (text) => text === 'off'],
    ['f', (text) => parseFilter(text) !== null],
  ]);
  return [...params].flatMap(([name, value]) =>
    (checks.get(name)?.(value) ?? true) ? [] : [`${name}=${value}`],
  );
}

/** The part of a view that other pixels have, too. */
export const commonPart = ({ period, compare, compareDays, weekdays }: View): View => ({
  ...DEFAULT_VIEW,
  period,
  compare,
  compareDays,
  weekdays,
});

/** The query of an address, without defaults. */
export function searchOf(view: View): string {
  const parts: string[] = [];
  const add = (name: string, value: string): void => {
    parts.push(`${name}=${readable(value)}`);
  };
  if (typeof view.period !== 'string') {
    add('from', view.period[0]);
    add('to', view.period[1]);
  } else if (view.period !== DEFAULT_VIEW.period) add('period', view.period);
  if (view.compare !== DEFAULT_VIEW.compare) add('compare', view.compare);
  if (view.compareDays !== null) {
    add('compare_from', view.compareDays[0]);
    add('compare_to', view.compareDays[1]);
  }
  if (view.weekdays !== null) add('weekdays', view.weekdays ? 'match' : 'any');
  if (view.metric !== DEFAULT_VIEW.metric) add('metric', view.metric);
  if (view.step !== null) add('by', view.step);
  for (const filter of view.filters) add('f', filterText(filter));
  if (!view.imports) add('imports', 'off');
  for (const tab of view.tabs) add('tab', tab);
  if (view.all !== null) add('all', view.all);
  if (view.all !== null && view.split !== null) add('split', view.split);
  if (view.all !== null && view.sort !== null) add('sort', view.sort);
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

/** Encodes only what must be encoded, so that people can read the address. */
const readable = (value: string): string =>
  encodeURIComponent(value).replaceAll('%2C', ',').replaceAll('%3A', ':').replaceAll('%2F', '/');

/** The current hour in a time zone, as the API labels it. */
export function hourIn(timezone: string, now = Date.now()): string {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: timezone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(now);
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? '';
  return `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:00:00`;
}

/** Today in a time zone. */
export function todayIn(timezone: string, now = Date.now()): string {
  return hourIn(timezone, now).slice(0, 10);
}

export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** The range as the API takes it. */
export function rangeOf(
  period: View['period'],
  timezone: string,
  now = Date.now(),
): string | readonly [string, string] {
  if (typeof period !== 'string') return period;
  const today = todayIn(timezone, now);
  if (period === 'yesterday') {
    const yesterday = addDays(today, -1);
    return [yesterday, yesterday];
  }
  if (period === 'last_month') {
    const end = addDays(`${today.slice(0, 8)}01`, -1);
    return [`${end.slice(0, 8)}01`, end];
  }
  return period;
}

/** The first and the last day of a range that the API takes. */
export function daysOf(range: ReturnType<typeof rangeOf>, timezone: string, now = Date.now()): DayPair {
  if (typeof range !== 'string') return range;
  const { from, to } = resolveRange(range as RangeName, timezone, now, FIRST_DAY);
  return [from, to];
}

type DayPair = readonly [from: string, to: string];

type ComparedView = Pick<View, 'compare' | 'compareDays' | 'weekdays' | 'period'>;

const isCompared = ({ compare, period }: ComparedView): boolean => compare !== 'none' && period !== 'all';

/** Whether it makes a difference for a view to match weekdays. */
export function canMatchWeekdays(view: ComparedView): boolean {
  if (!isCompared(view) || view.compare === 'custom') return false;
  // Whole weeks are preceded by weeks that begin on the same weekday.
  return view.compare === 'year_over_year' || view.period === 'month' || dayCount(view.period) % 7 !== 0;
}

/** Whether a view's comparison begins on the same weekday. By default, it does for periods of about one to three months. */
export function matchesWeekdays(view: ComparedView): boolean {
  const days = dayCount(view.period);
  return canMatchWeekdays(view) && (view.weekdays ?? (days >= 28 && days <= 92));
}

/** Whether weekdays are matched once that is switched; null where that is usual, so the address need not say it. */
export function switchedWeekdays(view: ComparedView): boolean | null {
  const matches = !matchesWeekdays(view);
  return matches === matchesWeekdays({ ...view, weekdays: null }) ? null : matches;
}

/** The comparison as the API takes it; null if the view has none. */
export function comparisonOf(view: ComparedView): object | null {
  if (!isCompared(view)) return null;
  return {
    mode: view.compare,
    ...(view.compareDays ? { date_range: view.compareDays } : {}),
    ...(matchesWeekdays(view) ? { match_day_of_week: true } : {}),
  };
}

/** The days that a view's range is compared with, as the API computes them; null if it is not compared. */
export function comparedDays(
  view: ComparedView,
  range: ReturnType<typeof rangeOf>,
  timezone: string,
  now = Date.now(),
): DayPair | null {
  const { compare, compareDays } = view;
  if (compare === 'none' || !isCompared(view)) return null;
  const [from, to] = daysOf(range, timezone, now);
  const compared = { mode: compare, range: compareDays, matchDayOfWeek: matchesWeekdays(view) };
  return comparedDayRange(compared, { from, to }) as DayPair;
}

/** No event is older. */
const FIRST_DAY = '2000-01-01';

const LENGTHS: Readonly<Record<PeriodName, number>> = {
  day: 1,
  yesterday: 1,
  '7d': 7,
  '28d': 28,
  '30d': 30,
  '91d': 91,
  month: 31,
  last_month: 31,
  '6mo': 184,
  '12mo': 366,
  year: 366,
  all: 800,
};

export function dayCount(period: View['period']): number {
  if (typeof period === 'string') return LENGTHS[period];
  return Math.round((Date.parse(period[1]) - Date.parse(period[0])) / 86_400_000) + 1;
}

/** The steps that a chart of a period can have, and the usual one. */
export function stepsOf(period: View['period']): { readonly steps: readonly Step[]; readonly usual: Step } {
  const days = dayCount(period);
  const steps: Step[] = [];
  if (days <= 92) steps.push('hour');
  if (days > 1) steps.push('day');
  if (days >= 14) steps.push('week');
  if (days > 31) steps.push('month');
  const usual: Step = days <= 1 ? 'hour' : days <= 92 ? 'day' : days <= 400 ? 'day' : 'month';
  return { steps, usual };
}
