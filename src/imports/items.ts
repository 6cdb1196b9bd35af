/** Makes the items that importers yield. */
import { Cache } from '../model/cache.ts';
import { ENGAGEMENT } from '../model/event.ts';
import { LIMITS } from '../model/limits.ts';
import type { ImportedEvent, ImportItem } from './importer.ts';
import { jsonOf } from './values.ts';

/** The fields of an event as a source has them. An absent text is `''`. */
export type Draft = {
  readonly [Name in keyof ImportedEvent]?: ImportedEvent[Name] | undefined;
} & Pick<ImportedEvent, 'ts' | 'dl'>;

export const unreadable = (line: number, why: string): ImportItem => ({ kind: 'unreadable', line, why });
export const leftOut = (line: number, reason: string): ImportItem => ({ kind: 'left_out', line, reason });

/**
 * An event, or `unreadable` if it has no time.
 *
 * @param ids give it an id if the source has none.
 * @param more what else distinguishes the event in the source, for its id.
 */
export function eventItem(line: number, draft: Draft, ids: RowIds, more = ''): ImportItem {
  if (!Number.isFinite(draft.ts)) return unreadable(line, 'has no time');
  const event = withoutBlanks(draft);
  if (event.eid !== undefined) return { kind: 'event', line, event };
  return { kind: 'event', line, event: { ...event, eid: ids.idOf(event, more) } };
}

function withoutBlanks(draft: Draft): ImportedEvent {
  const entries = Object.entries(draft).filter(([, value]) => value !== undefined && value !== '');
  const { utm, ...rest } = Object.fromEntries(entries) as unknown as ImportedEvent;
  // A campaign is a part of the page's address, so an event without a page has none.
  const event = { ...rest, ...(utm === undefined || draft.dl === '' ? {} : { utm }), dl: draft.dl };
  // A source's own event of this name is none of ours.
  const isEngagement = event.engaged !== undefined || event.scroll !== undefined;
  return event.ev === ENGAGEMENT && !isEngagement ? { ...event, ev: 'Engagement' } : event;
}

/** UTM fields without the empty ones; undefined if all are empty. */
export function utmOf(utm: NonNullable<ImportedEvent['utm']>): ImportedEvent['utm'] | undefined {
  const entries = Object.entries(utm).filter(([, value]) => value !== '');
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** Custom data with revenue. The first property of a name counts, and a currency without an amount is no revenue. */
export function customData(
  properties: Iterable<readonly [name: string, value: unknown]>,
  revenue: { readonly value?: unknown; readonly currency?: string } = {},
): ImportedEvent['cd'] | undefined {
  const entries = new Map<string, unknown>();
  for (const [name, value] of properties) {
    if (name === '' || value === null || value === undefined || value === '') continue;
    if (entries.size >= LIMITS.props) break;
    // Only what the source counts as revenue is revenue.
    const key = (name === 'value' || name === 'currency' ? `event_${name}` : name).slice(0, MOST_TEXT);
    if (!entries.has(key)) entries.set(key, plain(value));
  }
  if (revenue.value !== undefined) {
    entries.set('value', revenue.value);
    if (revenue.currency) entries.set('currency', revenue.currency);
  }
  // Not assigned to an object: a property may be named `__proto__`.
  return entries.size === 0 ? undefined : Object.fromEntries(entries);
}

/** What no event keeps, for the losses of importers. */
export const EVENT_LOSSES: readonly string[] = [
  `Of the properties of an event, the first ${LIMITS.props} are kept, and ${LIMITS.propValue} characters of each.`,
  "A campaign is a part of a page's address, so an event without a page has none.",
];

/** Characters of a name or value: enough to be masked before it is cut to its limit. */
const MOST_TEXT = LIMITS.propValue + 400;

function plain(value: unknown): unknown {
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  return (typeof value === 'string' ? value : jsonOf(value)).slice(0, MOST_TEXT);
}

/**
 * Ids of events whose source has none: a hash of what the event says, and the number of equal events before it. So an event that is
 * in two files has one id, and two equal events of one file have two.
 */
export class RowIds {
  /** Equal events have equal times, so they are near each other in files that are in order of time. */
  readonly #counts = new Cache<string, number>(200_000);

  idOf(event: ImportedEvent, more = ''): string {
    const id = `${event.ts.toString(36)}.${hashOf(`${JSON.stringify(event)}\n${more}`)}`;
    const count = this.#counts.get(id) ?? 0;
    this.#counts.set(id, count + 1);
    return count === 0 ? id : `${id}.${count}`;
  }
}

/** 64 bits of a text, the same on every machine. It is no cryptographic hash. */
export function hashOf(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x85ebca6b);
    b ^= b >>> 15;
  }
  return [a ^ (a >>> 16), Math.imul(b, 0xc2b2ae35) ^ (b >>> 16)]
    .map((half) => (half >>> 0).toString(16).padStart(8, '0'))
    .join('');
}
