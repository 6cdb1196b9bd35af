/** Converts the values of filters, as people type them, to the spellings that events store. */
import { scrubReferrer } from '../enrich/scrub.ts';
import type { Dimension } from '../model/dimensions.ts';
import { nameOfEvent } from '../model/event.ts';
import { normalHost, withoutWww } from '../model/text/host.ts';
import { languageOf } from '../model/text/language.ts';
import { formerPages, lowerEscapes, pageOf } from '../model/text/page.ts';
import { formEncoded, normalPath } from '../model/text/percent.ts';
import { printableText } from '../model/text/printable.ts';
import { readableHost, readablePage, readableReferrer } from '../model/text/readable.ts';
import type { Comparison } from './parsed-query.ts';

export interface Spellings {
  /** Each value in the spelling that events store. */
  readonly values: readonly string[];
  /** Other spellings of the same values: as typed, and as earlier versions stored them. */
  readonly others: readonly string[];
}

interface Spelling {
  /** The stored spelling of a complete value. */
  readonly complete: (text: string) => string;
  /** Spellings in which earlier versions stored a complete value. */
  readonly former?: (stored: string) => readonly string[];
  /** The stored spellings of a part of a value, the usual one first. Default: the part unchanged. */
  readonly part?: (text: string) => readonly [stored: string, ...string[]];
  /** A stored value, decoded for people. Parts and patterns are also compared with it. */
  readonly readable?: (stored: string) => string;
}

const CODE: Spelling = {
  complete: (text) => (/^[a-z]{2,3}(?:-[a-z\d]+)?$/i.test(text) ? text.toUpperCase() : text),
};
const TEXT: Spelling = { complete: printableText, part: (text) => [text.normalize()] };

const BY_COLUMN: Readonly<Record<string, Spelling>> = {
  page: { complete: pageOf, former: formerPages, part: partsOfPage, readable: readablePage },
  hostname: { complete: (text) => normalHost(text) ?? text, readable: readableHost },
  // A source may be a name with a dot: `Booking.com`.
  source: {
    complete: (text) =>
      /[^\0-\x7f]/.test(text) ? (hostOfSource(text) ?? printableText(text)) : printableText(text),
    former: (stored) => [hostOfSource(stored) ?? stored],
    readable: readableHost,
  },
  referrer: { complete: referrerOf, former: formerEscapes, part: partsOfPage, readable: readableReferrer },
  country: CODE,
  region: CODE,
  currency: CODE,
  language: { complete: (text) => languageOf(text) || text },
  name: { complete: (text) => nameOfEvent(printableText(text)) },
};

function spellingOf(dimension: Dimension): Spelling {
  // A dimension with labels is filtered by the name of a country, not by its code.
  if (dimension.kind === 'goal' || (dimension.kind === 'column' && dimension.labels)) return TEXT;
  return dimension.kind === 'property' ? TEXT : (BY_COLUMN[dimension.column] ?? TEXT);
}

/** The stored spellings of a test's values. */
export function spellings(dimension: Dimension, comparison: Comparison, typed: readonly string[]): Spellings {
  const { complete, former = () => [], part = (text) => [text] } = spellingOf(dimension);
  switch (comparison) {
    case 'is': {
      // Answers name a missing value `none`. In filters an empty text means the same.
      const isNone = (text: string): boolean => text === dimension.none || text === '';
      const values = typed.map((text) => (isNone(text) ? dimension.none : complete(text)));
      const named = typed.filter((text) => !isNone(text));
      return { values, others: without(values, [...named, ...values.flatMap(former)]) };
    }
    case 'contains': {
      const parts = typed.map(part);
      const values = parts.map(([stored]) => stored);
      return { values, others: without(values, [...typed, ...parts.flat()]) };
    }
    case 'matches':
      return { values: typed, others: without(typed, typed.map(upperEscapes)) };
  }
}

/** Whether a part of a value can match only decoded values: the Punycode of a host does not contain that of its parts. */
export function matchesOnlyReadable(dimension: Dimension, typed: readonly string[]): boolean {
  return (
    'column' in dimension &&
    ['hostname', 'source', 'referrer'].includes(dimension.column) &&
    typed.some((text) => /[^\0-\x7f]/.test(text))
  );
}

/** The decoding of stored values, for parts and patterns that people type. */
export function readableOf(dimension: Dimension): (stored: string) => string {
  return spellingOf(dimension).readable ?? ((stored) => stored);
}

function without(values: readonly string[], others: readonly string[]): string[] {
  const existing = new Set(values);
  return [...new Set(others)].filter((text) => !existing.has(text));
}

/** The host of a source that has a dot, in any alphabet, or a bracket; null if it is no host. */
function hostOfSource(text: string): string | null {
  const host = /[.\u3002\uff0e\uff61]|^\[/.test(text) ? normalHost(text) : null;
  return host && withoutWww(host);
}

function referrerOf(text: string): string {
  const url = URL.parse((text.includes('://') ? text : `http://${text}`).normalize());
  return url ? scrubReferrer(url) : text;
}

function formerEscapes(stored: string): string[] {
  return [lowerEscapes(stored)];
}

/** A text with the same spelling in a path and in a query. */
const PLAIN_PART = /^[\w.*/-]*$/;

/** The spellings of a part: in a path, in a query (where `+` is a space), and as earlier versions stored it. */
function partsOfPage(text: string): [stored: string, ...string[]] {
  if (PLAIN_PART.test(text)) return [text];
  const inPath = text.normalize().split('?').map(normalPath).join('?');
  const hasDelimiters = /[/?&=]/.test(text);
  const inQuery = hasDelimiters ? inPath.replaceAll('%20', '+') : formEncoded(decodedText(inPath));
  return [inPath, inQuery, lowerEscapes(inPath)];
}

function decodedText(escaped: string): string {
  try {
    return decodeURIComponent(escaped);
  } catch {
    return escaped;
  }
}

/** A pattern with percent-escapes in upper case, as they are stored. */
function upperEscapes(pattern: string): string {
  return pattern.replaceAll(/%[\da-f]{2}/gi, (part) => part.toUpperCase());
}
