/** Numbers, times and names as the reader writes them. */
import { readableHost, readablePage, readableReferrer } from '../model/text/readable.ts';
import type { MetricValue, Money } from './api.ts';

/** The reader's languages, or English where a browser names what is none. */
const locale = wellFormed(navigator.languages);

function wellFormed(languages: readonly string[]): readonly string[] {
  try {
    return Intl.getCanonicalLocales(languages as string[]);
  } catch {
    return ['en'];
  }
}

const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const precise = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
const hundredths = new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const compact = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
const tenths = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const signed = new Intl.NumberFormat(locale, { maximumFractionDigits: 0, signDisplay: 'exceptZero' });

export const METRICS: Readonly<Record<string, string>> = {
  visitors: 'Visitors',
  visits: 'Visits',
  pageviews: 'Page views',
  events: 'Events',
  views_per_visit: 'Views per visit',
  bounce_rate: 'Bounce rate',
  visit_duration: 'Visit duration',
  time_on_page: 'Time on page',
  scroll_depth: 'Scroll depth',
  percentage: 'Share',
  conversion_rate: 'Conversion rate',
  group_conversion_rate: 'Conversion rate',
  total_revenue: 'Revenue',
  average_revenue: 'Average revenue',
  people: 'People',
  new_people: 'New people',
  cross_device_people: 'People on several devices',
};

/** A metric's name for people; one that this page has not heard of by its own. */
export const metricName = (metric: string): string => METRICS[metric] ?? words(metric);

export const words = (name: string): string =>
  name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' ');

/** Shares, of which tenths matter, and other rates, which the API gives whole. */
const SHARES = ['percentage', 'conversion_rate', 'group_conversion_rate'];
const PERCENT = ['bounce_rate', 'scroll_depth', ...SHARES];
const SECONDS = ['visit_duration', 'time_on_page'];
/** Of which less is better. */
const LESS_IS_BETTER = ['bounce_rate'];

/** A metric's value in full; a dash where it is not known. */
export function metricValue(metric: string, value: MetricValue | undefined, short = false): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'object') return money(value, short);
  if (PERCENT.includes(metric)) return `${(SHARES.includes(metric) ? tenths : percent).format(value)}%`;
  if (SECONDS.includes(metric)) return duration(value);
  if (metric === 'views_per_visit') return hundredths.format(value);
  if (short && Math.abs(value) >= 10_000) return compact.format(value);
  return precise.format(value);
}

export function money({ value, currency }: Money, short = false): string {
  return new Intl.NumberFormat(locale, {
    style: 'currency',
    currency,
    ...(short && Math.abs(value) >= 10_000 ? { notation: 'compact', maximumFractionDigits: 1 } : {}),
    // Cents tell nothing beside thousands, nor when there are none on an axis.
    ...(short ? { trailingZeroDisplay: 'stripIfInteger' } : {}),
    ...(!short && Math.abs(value) >= 10_000 ? { maximumFractionDigits: 0 } : {}),
  }).format(value);
}

export const count = (value: number): string => whole.format(value);

export function duration(seconds: number): string {
  const all = Math.round(seconds);
  if (all < 60) return `${all}s`;
  if (all < 3600) return `${Math.floor(all / 60)}m ${String(all % 60).padStart(2, '0')}s`;
  return `${Math.floor(all / 3600)}h ${String(Math.floor((all % 3600) / 60)).padStart(2, '0')}m`;
}

export interface Change {
  readonly text: string;
  readonly mood: 'better' | 'worse' | 'same';
}

/** A change in per cent, or in points for what is one already. */
export function change(metric: string, value: number | null | undefined): Change | null {
  if (value === null || value === undefined) return null;
  const up = value > 0 !== LESS_IS_BETTER.includes(metric);
  const unit = PERCENT.includes(metric) ? ' pt' : '%';
  return { text: `${signed.format(value)}${unit}`, mood: value === 0 ? 'same' : up ? 'better' : 'worse' };
}

const regions = new Intl.DisplayNames(locale, { type: 'region', fallback: 'code' });
const languages = new Intl.DisplayNames(locale, { type: 'language', fallback: 'code' });

const READABLE: readonly (readonly [RegExp, (value: string) => string])[] = [
  [/^event:page$|_page$/, readablePage],
  [/hostname$|source$/, readableHost],
  [/referrer$/, readableReferrer],
];

/** A dimension's value for people: countries and languages by their names, pages and hosts in their own letters. */
export function valueName(dimension: string, value: string): string {
  try {
    if (dimension === 'visit:country' && /^[A-Z]{2}$/.test(value)) return regions.of(value) ?? value;
    if (dimension === 'visit:language' && /^[a-z]{2,3}$/.test(value)) return languages.of(value) ?? value;
  } catch {
    // No code of any country or language.
  }
  const readable = READABLE.find(([dimensions]) => dimensions.test(dimension))?.[1];
  return readable ? readable(value) : value;
}

export const DIMENSIONS: Readonly<Record<string, string>> = {
  'event:page': 'Page',
  'visit:entry_page': 'Entry page',
  'visit:exit_page': 'Exit page',
  'event:hostname': 'Host',
  'visit:channel': 'Channel',
  'visit:source': 'Source',
  'visit:referrer': 'Referrer',
  'visit:utm_source': 'UTM source',
  'visit:utm_medium': 'UTM medium',
  'visit:utm_campaign': 'UTM campaign',
  'visit:utm_content': 'UTM content',
  'visit:utm_term': 'UTM term',
  'visit:country': 'Country',
  'visit:region_name': 'Region',
  'visit:city': 'City',
  'visit:language': 'Language',
  'visit:device': 'Device',
  'visit:browser': 'Browser',
  'visit:browser_version': 'Browser version',
  'visit:os': 'Operating system',
  'visit:os_version': 'System version',
  'event:goal': 'Goal',
  'event:name': 'Event',
  'event:currency': 'Currency',
};

const PROPERTY = 'event:props:';

export function dimensionName(dimension: string): string {
  if (dimension.startsWith(PROPERTY)) return dimension.slice(PROPERTY.length);
  return DIMENSIONS[dimension] ?? words(dimension.slice(dimension.indexOf(':') + 1));
}

/** A day or an hour of a pixel's zone, which the API gives without a zone: it is told as it stands. */
const local = (label: string): Date =>
  new Date(`${label.length === 10 ? `${label} 00:00:00` : label}Z`.replace(' ', 'T'));
const utc = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' });
const dayShort = utc({ day: 'numeric', month: 'short' });
const dayLong = utc({ weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' });
const hourShort = utc({ hour: 'numeric', minute: '2-digit' });
const hourLong = utc({
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: 'numeric',
  minute: '2-digit',
});
const monthShort = utc({ month: 'short' });
const monthLong = utc({ month: 'long', year: 'numeric' });
const day = utc({ day: 'numeric', month: 'short', year: 'numeric' });

export type Step = 'hour' | 'day' | 'week' | 'month';

/** A moment of a chart, for its axis or in full. */
export function timeLabel(label: string, step: Step, full = false, oneDay = false): string {
  const at = local(label);
  if (step === 'hour')
    return full ? hourLong.format(at) : oneDay ? hourShort.format(at) : dayShort.format(at);
  if (step === 'month') return full ? monthLong.format(at) : monthShort.format(at);
  if (step === 'week' && full) return `Week of ${day.format(at)}`;
  return full ? dayLong.format(at) : dayShort.format(at);
}

export function dayName(text: string): string {
  return day.format(local(text));
}

export function dayRange(from: string, to: string): string {
  return from === to ? dayLong.format(local(from)) : day.formatRange(local(from), local(to));
}

/** A moment in a pixel's time zone. */
export function moment(iso: string, timeZone: string, withDay = true): string {
  return new Intl.DateTimeFormat(locale, {
    timeZone,
    ...(withDay ? { day: 'numeric', month: 'short' } : {}),
    hour: 'numeric',
    minute: '2-digit',
    second: '2-digit',
  }).format(new Date(iso));
}

export function date(iso: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium' }).format(new Date(iso));
}
