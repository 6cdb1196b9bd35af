/** Numbers, times and names in the reader's language. */
import { DISPLAY_FIELDS } from '../model/text/display.ts';
import type { MetricValue, Money } from './api.ts';
import { displayOf as dimensionDisplay, type ValueKind, valueKindOf } from './dimensions.ts';
import { displayOf as metricDisplay } from './metrics.ts';

/** The reader's languages; English if the browser names one that does not exist. */
const locale = wellFormed(navigator.languages);

function wellFormed(languages: readonly string[]): readonly string[] {
  try {
    return Intl.getCanonicalLocales(languages as string[]);
  } catch {
    return ['en'];
  }
}

const integer = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const precise = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
const hundredths = new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const compact = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
const tenths = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const signed = new Intl.NumberFormat(locale, { maximumFractionDigits: 0, signDisplay: 'exceptZero' });

/** A metric's label; of an unknown one, its own name in words. */
export const metricName = (metric: string): string => metricDisplay(metric)?.label ?? words(metric);

export const words = (name: string): string =>
  name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' ');

/** From this value on, numbers are shortened where space is scarce. */
export const FIRST_ROUNDED = 10_000;

/** A metric's value, written in full or as short as an axis needs it. A dash stands for an unknown value. */
export function metricValue(metric: string, value: MetricValue | undefined, short = false): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'object') return money(value, short);
  switch (metricDisplay(metric)?.format) {
    case 'share':
      return `${tenths.format(value)}%`;
    case 'percent':
      return `${percent.format(value)}%`;
    case 'seconds':
      return duration(value);
    case 'ratio':
      return hundredths.format(value);
    default:
      return short && Math.abs(value) >= FIRST_ROUNDED ? compact.format(value) : precise.format(value);
  }
}

export function money({ value, currency }: Money, short = false): string {
  return new Intl.NumberFormat(locale, {
    style: 'currency',
    currency,
    ...(short && Math.abs(value) >= FIRST_ROUNDED ? { notation: 'compact', maximumFractionDigits: 1 } : {}),
    // Omit cents of large amounts, and of round values on an axis.
    ...(short ? { trailingZeroDisplay: 'stripIfInteger' } : {}),
    ...(!short && Math.abs(value) >= FIRST_ROUNDED ? { maximumFractionDigits: 0 } : {}),
  }).format(value);
}

export const count = (value: number): string => integer.format(value);

export function duration(seconds: number): string {
  const all = Math.round(seconds);
  if (all < 60) return `${all}s`;
  if (all < 3600) return `${Math.floor(all / 60)}m ${String(all % 60).padStart(2, '0')}s`;
  return `${Math.floor(all / 3600)}h ${String(Math.floor((all % 3600) / 60)).padStart(2, '0')}m`;
}

/** A metric's value without rounding it. */
export function exactValue(metric: string, value: MetricValue | undefined): string {
  if (value === null || typeof value !== 'object') return metricValue(metric, value);
  return new Intl.NumberFormat(locale, { style: 'currency', currency: value.currency }).format(value.value);
}

export interface Change {
  /** With an arrow. */
  readonly text: string;
  readonly mood: 'better' | 'worse' | 'same';
}

/** A change in per cent, or in points where the metric itself is in per cent. */
export function change(metric: string, value: number | null | undefined): Change | null {
  if (value === null || value === undefined) return null;
  const { format, isLessBetter = false } = metricDisplay(metric) ?? {};
  const unit = format === 'percent' || format === 'share' ? ' pt' : '%';
  const isBetter = value > 0 !== isLessBetter;
  const number = signed.format(value).replace('-', '\u2212');
  const rounded = Math.round(value);
  const arrow = rounded > 0 ? '↑ ' : rounded < 0 ? '↓ ' : '';
  return {
    text: `${arrow}${number}${unit}`,
    mood: value === 0 ? 'same' : isBetter ? 'better' : 'worse',
  };
}

const regions = new Intl.DisplayNames(locale, { type: 'region', fallback: 'code' });
const languages = new Intl.DisplayNames(locale, { type: 'language', fallback: 'code' });

const VALUE_NAMES: Readonly<Record<ValueKind, (value: string) => string>> = {
  page: DISPLAY_FIELDS.page,
  host: DISPLAY_FIELDS.hostname,
  referrer: DISPLAY_FIELDS.referrer,
  country: (code) => (/^[A-Z]{2}$/.test(code) ? (regions.of(code) ?? code) : code),
  language: (code) => (/^[a-z]{2,3}$/.test(code) ? (languages.of(code) ?? code) : code),
};

/** A dimension's value as people write it: countries and languages by their names, pages and hosts in their own letters. */
export function valueName(dimension: string, value: string): string {
  if (dimension.startsWith('person:') && value === '(unknown)') return 'Not identified';
  const kind = valueKindOf(dimension);
  try {
    return kind === null ? value : VALUE_NAMES[kind](value);
  } catch {
    // `Intl` throws for a code that is no country's or language's.
    return value;
  }
}

/** A field of an event for display. Countries and languages stay codes. */
export function fieldValue(name: string, value: unknown): string {
  const format = DISPLAY_FIELDS[name as keyof typeof DISPLAY_FIELDS];
  return format ? format(String(value)) : String(value);
}

const PROPERTY = 'event:props:';

export function dimensionName(dimension: string): string {
  if (dimension.startsWith(PROPERTY)) return dimension.slice(PROPERTY.length);
  return dimensionDisplay(dimension)?.label ?? words(dimension.slice(dimension.indexOf(':') + 1));
}

/** A dimension's label for many values: `Pages`. */
export function pluralName(dimension: string): string {
  const display = dimensionDisplay(dimension);
  return display ? (display.plural ?? `${display.label}s`) : dimensionName(dimension);
}

/** A day or an hour in the pixel's time zone. The API sends it without an offset, and it is shown unchanged. */
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

/** The label of a point in a chart, short for the axis or in full. */
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

/** A time of day in a time zone; by default, in the reader's. */
export const clock = (epoch: number, timeZone?: string): string =>
  new Intl.DateTimeFormat(locale, {
    ...(timeZone === undefined ? {} : { timeZone }),
    hour: 'numeric',
    minute: '2-digit',
  }).format(epoch);

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
