/** The state of a statistics page, which is in its address: days, comparison, metric, filters. Everything here is pure. */
import type { RangeName } from '../query/parsed-query.ts';
import { comparedRange, resolveRange } from '../query/range.ts';
import type { Filter } from './api.ts';
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
  none: 'No comparison',
} as const;
export type Comparison = keyof typeof COMPARISONS;

export interface View {
  /** A named period, or two days. */
  readonly period: PeriodName | readonly [from: string, to: string];
  readonly compare: Comparison;
  readonly metric: string;
  /** Null: the usual one of the period. */
  readonly step: Step | null;
  readonly filters: readonly Filter[];
  /** The dimension whose dialog of all rows is open. */
  readonly all: string | null;
  /** The second dimension of that dialog. */
  readonly split: string | null;
}

/** Changes a part of the view, as a new entry of the browser's history or in place of the current one. */
export type SetView = (part: Partial<View>, how?: 'push' | 'replace') => void;

export const DEFAULT_VIEW: View = {
  period: '30d',
  compare: 'previous_period',
  metric: 'visitors',
  step: null,
  filters: [],
  all: null,
  split: null,
};

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const STEPS: readonly string[] = ['hour', 'day', 'week', 'month'];

export function parseView(search: string): View {
  const params = new URLSearchParams(search);
  const [from, to] = [params.get('from') ?? '', params.get('to') ?? ''];
  const period = params.get('period') ?? '';
  const compare = params.get('compare') ?? '';
  const step = params.get('by') ?? '';
  return {
    period:
      DAY.test(from) && DAY.test(to) && from <= to
        ? [from, to]
        : Object.hasOwn(PERIODS, period)
          ? (period as PeriodName)
          : DEFAULT_VIEW.period,
    compare: Object.hasOwn(COMPARISONS, compare) ? (compare as Comparison) : DEFAULT_VIEW.compare,
    metric: params.get('metric') ?? DEFAULT_VIEW.metric,
    step: STEPS.includes(step) ? (step as Step) : null,
    filters: params.getAll('f').flatMap(parseFilter),
    all: params.get('all'),
    split: params.get('split'),
  };
}

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
  if (view.metric !== DEFAULT_VIEW.metric) add('metric', view.metric);
  if (view.step !== null) add('by', view.step);
  for (const [operator, dimension, values] of view.filters) {
    add(
      'f',
      [operator, dimension, ...values].map((part) => part.replaceAll(/[%,]/g, encodeURIComponent)).join(','),
    );
  }
  if (view.all !== null) add('all', view.all);
  if (view.all !== null && view.split !== null) add('split', view.split);
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

/** Encodes only what must be encoded, so that people can read the address. */
const readable = (value: string): string =>
  encodeURIComponent(value).replaceAll('%2C', ',').replaceAll('%3A', ':').replaceAll('%2F', '/');

export const OPERATORS: Readonly<Record<string, string>> = {
  is: 'is',
  is_not: 'is not',
  contains: 'contains',
  contains_not: 'does not contain',
};

function parseFilter(text: string): Filter[] {
  try {
    const [operator = '', dimension = '', ...values] = text.split(',').map(decodeURIComponent);
    return Object.hasOwn(OPERATORS, operator) && dimension !== '' && values.length > 0
      ? [[operator, dimension, values]]
      : [];
  } catch {
    return [];
  }
}

/** The filters with one more value. Values of one dimension and operator are alternatives. */
export function withValue(
  filters: readonly Filter[],
  dimension: string,
  value: string,
  operator = 'is',
): Filter[] {
  const same = filters.find(([how, what]) => how === operator && what === dimension);
  if (!same) return [...filters, [operator, dimension, [value]]];
  if (same[2].includes(value)) return [...filters];
  return filters.map((one) => (one === same ? [operator, dimension, [...one[2], value]] : one));
}

const OPPOSITES: Readonly<Record<string, string>> = { is: 'is_not', is_not: 'is' };

/** The opposite operator; null if there is none. */
export const oppositeOf = (operator: string): string | null => OPPOSITES[operator] ?? null;

/** The filters with one negated. Its values join those of an existing filter of the same dimension and operator. */
export function negateFilter(filters: readonly Filter[], filter: Filter): Filter[] {
  const [operator, dimension, values] = filter;
  const opposite = oppositeOf(operator);
  if (opposite === null) return [...filters];
  const isThere = filters.some(([how, what]) => how === opposite && what === dimension);
  if (!isThere) return filters.map((one) => (one === filter ? [opposite, dimension, values] : one));
  const others = filters.filter((one) => one !== filter);
  return values.reduce((all, value) => withValue(all, dimension, value, opposite), others);
}

/** The current hour in a time zone, as the API labels it. */
export function hourIn(timezone: string): string {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: timezone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    hourCycle: 'h23',
  }).formatToParts();
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? '';
  return `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:00:00`;
}

/** Today in a time zone. */
export function todayIn(timezone: string): string {
  return hourIn(timezone).slice(0, 10);
}

export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** The range as the API takes it. */
export function rangeOf(period: View['period'], timezone: string): string | readonly [string, string] {
  if (typeof period !== 'string') return period;
  const today = todayIn(timezone);
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

/** The days that a view's range is compared with, as the API computes them; null if it is not compared. */
export function comparedDays(
  { compare, period }: Pick<View, 'compare' | 'period'>,
  range: ReturnType<typeof rangeOf>,
  timezone: string,
  now = Date.now(),
): DayPair | null {
  if (compare === 'none' || period === 'all') return null;
  const [from, to] = daysOf(range, timezone, now);
  return comparedRange({ mode: compare, range: null }, { from, to }, null, timezone) as DayPair;
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
