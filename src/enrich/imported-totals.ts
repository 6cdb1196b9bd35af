/** Makes imported totals safe to store: values in the spelling of events, with e-mail addresses masked, and bounded counts. */

import { OTHER, ROLLED_DIMENSIONS, VALUE_LIMITS } from '../model/dimensions.ts';
import { ENGAGEMENT, nameOfEvent } from '../model/event.ts';
import type { ImportedTotals } from '../model/imported-totals.ts';
import { LIMITS } from '../model/limits.ts';
import { VISIT_COUNTS } from '../model/metrics.ts';
import { COUNTRIES } from '../model/text/countries.ts';
import { normalHost } from '../model/text/host.ts';
import { languageOf } from '../model/text/language.ts';
import { addDays, isDay } from '../model/time-zone.ts';
import { attribute, linkParametersOf } from './referrer.ts';
import { scrubPage, scrubReferrer, scrubText } from './scrub.ts';

/** Sums of thousands of days stay exact. */
const LARGEST = 1e12;

const COLUMNS: ReadonlyMap<string, keyof typeof VALUE_LIMITS> = new Map(
  ROLLED_DIMENSIONS.map(({ name, column }) => [name, column]),
);

/**
 * A row as it is stored; null if it is none: with an unknown dimension, a day that does not exist or is to come, or a count that is no
 * count. An empty value stands for none, as in rollups.
 *
 * @param row of an importer, or whatever a client of the API has sent.
 */
export function enrichTotals(row: unknown, now: number): ImportedTotals | null {
  const { day, dimension, value, via, ...rest } = (row ?? {}) as Record<string, unknown>;
  if (typeof day !== 'string' || typeof dimension !== 'string' || typeof value !== 'string') return null;
  // Days may be those of a time zone in which it is tomorrow.
  if (!isDay(day) || day < FIRST_DAY || day > addDays(new Date(now).toISOString().slice(0, 10), 1))
    return null;
  const counts = countsOf(rest);
  const stored = storedValue(dimension, value, via);
  return counts && stored !== null ? { day, dimension, value: stored, ...counts } : null;
}

const FIRST_DAY = new Date(LIMITS.oldestTs).toISOString().slice(0, 10);

type Counts = Omit<ImportedTotals, 'day' | 'dimension' | 'value' | 'via'>;

function countsOf(fields: Readonly<Record<string, unknown>>): Counts | null {
  const counts = VISIT_COUNTS.map((name) => [name, fields[name] ?? 0] as const);
  const isCount = (count: unknown): boolean =>
    Number.isInteger(count) && Number(count) >= 0 && Number(count) <= LARGEST;
  return counts.every(([, count]) => isCount(count))
    ? (Object.fromEntries(counts) as unknown as Counts)
    : null;
}

/** A value in the spelling of events; null if there is no such dimension. */
function storedValue(dimension: string, value: string, via: unknown): string | null {
  if (dimension === '') return '';
  const column = COLUMNS.get(dimension);
  if (column === undefined) return null;
  if (value === OTHER) return OTHER;
  const text = value.slice(0, LONGEST);
  switch (column) {
    case 'name':
      return text === ENGAGEMENT ? null : nameOfEvent(scrubText(text, LIMITS.name));
    case 'page': {
      const url =
        text === '' ? null : URL.parse(`${text.startsWith('/') ? 'http://page' : ''}${text.normalize()}`);
      return url ? scrubPage(url, []).page : '';
    }
    case 'hostname':
      return (normalHost(text) ?? '').slice(0, LIMITS.hostname);
    case 'source':
      return sourceOf(text, '', '').source;
    case 'channel':
      return via === undefined ? scrubText(text, VALUE_LIMITS.channel) : channelOf(via);
    case 'referrer': {
      const url =
        text === '' ? null : URL.parse((text.includes('://') ? text : `http://${text}`).normalize());
      return url ? scrubReferrer(url) : '';
    }
    case 'country':
      return COUNTRIES.has(text.toUpperCase()) ? text.toUpperCase() : '';
    case 'region':
      return scrubText(text.toUpperCase(), LIMITS.geo);
    case 'language':
      return languageOf(text);
    default:
      return scrubText(text, VALUE_LIMITS[column]);
  }
}

/** Characters of a value that are read: enough to be masked before it is cut to its limit. */
const LONGEST = 4000;

function channelOf(via: unknown): string {
  const { source = '', medium = '', campaign = '' } = (via ?? {}) as Record<string, unknown>;
  return sourceOf(
    ...([source, medium, campaign].map((one) => String(one).slice(0, LONGEST)) as [string, string, string]),
  ).channel;
}

/** The source and channel of a link with these parameters. */
function sourceOf(utm_source: string, utm_medium: string, utm_campaign: string) {
  return attribute(
    linkParametersOf(
      new URL(`http://page/?${new URLSearchParams({ utm_source, utm_medium, utm_campaign })}`),
    ),
    null,
    [],
  );
}
