/** What a filter is compared with: the value as it is stored, whatever spelling the owner has typed. */
import { scrubReferrer } from '../enrich/scrub.ts';
import type { Dimension } from '../model/dimensions.ts';
import { nameOfEvent } from '../model/event.ts';
import { normalHost, withoutWww } from '../model/text/host.ts';
import { languageOf } from '../model/text/language.ts';
import { formerPages, lowerEscapes, pageOf } from '../model/text/page.ts';
import { formEncoded, normalPath } from '../model/text/percent.ts';
import { printableText } from '../model/text/printable.ts';
import { readableHost, readablePage, readableReferrer } from '../model/text/readable.ts';
import type { Comparison } from './question.ts';

export interface Spellings {
  /** Each value in the spelling in which events have it. */
  readonly values: readonly string[];
  /** Other spellings that stand for the same: as typed, and those in which earlier versions stored it. */
  readonly others: readonly string[];
}

interface Spelling {
  /** The stored spelling of a whole value. */
  readonly whole: (text: string) => string;
  /** Other stored spellings of a whole value. */
  readonly former?: (stored: string) => readonly string[];
  /** The stored spellings of a part of a value, the usual one first; as it is, if nothing is said. */
  readonly part?: (text: string) => readonly [stored: string, ...string[]];
  /** What is stored, in the letters of people. Parts and patterns are compared with this, too. */
  readonly readable?: (stored: string) => string;
}

const CODE: Spelling = {
  whole: (text) => (/^[a-z]{2,3}(?:-[a-z\d]+)?$/i.test(text) ? text.toUpperCase() : text),
};
const TEXT: Spelling = { whole: printableText, part: (text) => [text.normalize()] };

const BY_COLUMN: Readonly<Record<string, Spelling>> = {
  page: { whole: pageOf, former: formerPages, part: partsOfPage, readable: readablePage },
  hostname: { whole: (text) => normalHost(text) ?? text, readable: readableHost },
  // A source may be a name with a dot: `Booking.com`.
  source: {
    whole: (text) =>
      /[^\0-\x7f]/.test(text) ? (hostOfSource(text) ?? printableText(text)) : printableText(text),
    former: (stored) => [hostOfSource(stored) ?? stored],
    readable: readableHost,
  },
  referrer: { whole: referrerOf, former: formerEscapes, part: partsOfPage, readable: readableReferrer },
  country: CODE,
  region: CODE,
  currency: CODE,
  language: { whole: (text) => languageOf(text) || text },
  name: { whole: (text) => nameOfEvent(printableText(text)) },
};

function spellingOf(dimension: Dimension): Spelling {
  // The name of a country is no code.
  if (dimension.kind === 'goal' || (dimension.kind === 'column' && dimension.labels)) return TEXT;
  return dimension.kind === 'property' ? TEXT : (BY_COLUMN[dimension.column] ?? TEXT);
}

/** What a test of some values is compared with. */
export function spellings(dimension: Dimension, comparison: Comparison, typed: readonly string[]): Spellings {
  const { whole, former = () => [], part = (text) => [text] } = spellingOf(dimension);
  switch (comparison) {
    case 'is': {
      // How an answer names the absence of a value, and the empty text, which is another name of it.
      const isNone = (text: string): boolean => text === dimension.none || text === '';
      const values = typed.map((text) => (isNone(text) ? dimension.none : whole(text)));
      const given = typed.filter((text) => !isNone(text));
      return { values, others: without(values, [...given, ...values.flatMap(former)]) };
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

/** Whether a part of a value can only be found in what people read: a host is stored in Punycode as a whole. */
export function isFoundInReadable(dimension: Dimension, typed: readonly string[]): boolean {
  return (
    'column' in dimension &&
    ['hostname', 'source', 'referrer'].includes(dimension.column) &&
    typed.some((text) => /[^\0-\x7f]/.test(text))
  );
}

/** What else than itself a stored value is compared with by its parts and patterns. */
export function readableOf(dimension: Dimension): (stored: string) => string {
  return spellingOf(dimension).readable ?? ((stored) => stored);
}

function without(values: readonly string[], others: readonly string[]): string[] {
  const known = new Set(values);
  return [...new Set(others)].filter((text) => !known.has(text));
}

/** The host that a source with a dot, of whichever alphabet, or in brackets may be. */
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

/** What is spelled alike in a path and in a query, whoever types it. */
const PLAIN_PART = /^[\w.*/-]*$/;

/** A part of a path, of a query (which has `+` for a space), and of what earlier versions stored. */
function partsOfPage(text: string): [stored: string, ...string[]] {
  if (PLAIN_PART.test(text)) return [text];
  const inPath = text.normalize().split('?').map(normalPath).join('?');
  const isOfSeveral = /[/?&=]/.test(text);
  const inQuery = isOfSeveral ? inPath.replaceAll('%20', '+') : formEncoded(decodedText(inPath));
  return [inPath, inQuery, lowerEscapes(inPath)];
}

function decodedText(escaped: string): string {
  try {
    return decodeURIComponent(escaped);
  } catch {
    return escaped;
  }
}

/** A pattern whose escapes are written as they are stored. */
function upperEscapes(pattern: string): string {
  return pattern.replaceAll(/%[\da-f]{2}/gi, (part) => part.toUpperCase());
}
