/** Imports in words. */
import { type ImportJson, LEFT_OUT } from '../../model/import.ts';
import { REJECTION_REASONS } from '../../model/rejection.ts';
import { localDay } from '../../model/time-zone.ts';
import { count, dayRange } from '../format.ts';
import type { Options } from '../forms.tsx';

/** The importers with what they are called. */
export const IMPORTERS: Options = [
  ['counterscale', 'Counterscale'],
  ['ga4', 'Google Analytics 4: BigQuery export'],
  ['ga4-report', 'Google Analytics 4: reports of the Data API'],
  ['goatcounter', 'GoatCounter'],
  ['logs', 'Access log of a web server'],
  ['matomo', 'Matomo: visits log'],
  ['plausible', 'Plausible'],
  ['segment', 'Segment, RudderStack'],
  ['snowplow', 'Snowplow'],
  ['umami', 'Umami'],
];

export const importerName = (name: string): string => IMPORTERS.find(([one]) => one === name)?.[1] ?? name;

/** A number of things, such as `1 event`. */
export const countOf = (number: number, one: string, many = `${one}s`): string =>
  `${count(number)} ${number === 1 ? one : many}`;

/** The days between two times, in the pixel's time zone. */
export function daysBetween(timezone: string, first: number, last: number): string {
  // A source may have times that no calendar has.
  if (Math.max(Math.abs(first), Math.abs(last)) > 8.64e15) return 'of impossible times';
  return dayRange(localDay(timezone, first), localDay(timezone, last));
}

export interface Fact {
  readonly number: number;
  readonly what: string;
  /** Whether the owner may have something to do about it. */
  readonly isBad?: boolean;
}

const byCount = (counts: Readonly<Record<string, number>>): [string, number][] =>
  Object.entries(counts).toSorted(([, a], [, b]) => b - a);

/** What was left out, by reason. */
export const leftOutFacts = (leftOut: Readonly<Record<string, number>>): Fact[] =>
  byCount(leftOut).map(([reason, number]) => ({
    number,
    what: `left out: ${LEFT_OUT[reason as keyof typeof LEFT_OUT] ?? reason}`,
  }));

/** What became of the items of an import. */
export function factsOf(one: ImportJson): Fact[] {
  const rejected = byCount(one.rejected).map(([reason, number]) => ({
    number,
    what: `rejected: ${REJECTION_REASONS[reason as keyof typeof REJECTION_REASONS] ?? reason}`,
    isBad: reason !== 'bot',
  }));
  const incomplete = byCount(one.incomplete).map(([reason, number]) => ({
    number,
    what: `incomplete: ${REJECTION_REASONS[reason as keyof typeof REJECTION_REASONS] ?? reason}`,
  }));
  return [
    { number: one.stored, what: one.stored === 1 ? 'event stored' : 'events stored' },
    { number: one.totals, what: 'rows of daily totals stored' },
    { number: one.duplicates, what: 'stored before, by another file or by the site itself' },
    ...rejected,
    ...incomplete,
    ...leftOutFacts(one.left_out),
    { number: one.unreadable, what: 'lines that cannot be read', isBad: true },
  ].filter(({ number }) => number > 0);
}
