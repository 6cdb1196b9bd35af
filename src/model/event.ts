import { DIMENSIONS, type DimensionColumn } from './dimensions.ts';

/** What kind of client sent an event. Only people and their mail programs are stored; the rest is a rejection. */
export type AgentClass = 'human' | 'mail_proxy';

/**
 * One thing that happened, as it is stored. Nothing in it identifies a person: no address, no user agent, no full
 * referrer. An absent text is `''`. docs/storage.md says what each field holds.
 */
export interface Event extends Readonly<Record<DimensionColumn, string>> {
  readonly pixel: string;
  /** Epoch milliseconds. */
  readonly ts: number;
  /** Unique with `pixel` and `ts`; made at the edge, and in order of arrival there. */
  readonly id: string;
  /** The client's own id of the event, which makes it unique per pixel and name for 48 hours. */
  readonly eid: string;
  /** The day's visitor hash, or `''` when the client cannot be told from others. */
  readonly visitor: string;
  /** A keyed hash of who is known by consent or sign-in, or `''`. */
  readonly person: string;
  readonly agent_class: AgentClass;
  /** Of an engagement: milliseconds that its page was looked at since the last report; else null. */
  readonly engaged: number | null;
  /** Of an engagement: how far its page has been scrolled, in per cent; else null. */
  readonly scroll: number | null;
  /** Revenue in millionths of `currency`, or null. */
  readonly value: number | null;
  /** Custom data as a JSON object, or `''`. */
  readonly props: string;
  /** 1 if the event came with a token, 0 if anyone could have sent it. */
  readonly authenticated: number;
}

/** The columns of `events` in the order in which a row is sent to D1. */
export const EVENT_COLUMNS: readonly (keyof Event)[] = [
  'pixel',
  'ts',
  'id',
  'eid',
  'visitor',
  'person',
  ...new Set([...DIMENSIONS.values()].map((dimension) => dimension.column)),
  'agent_class',
  'authenticated',
  'engaged',
  'scroll',
  'value',
  'props',
];

export const PAGEVIEW = 'pageview';

/** The name under which an event of a name is stored: `PageView` is Meta's for a page view. */
export function nameOfEvent(name: string): string {
  return name === 'PageView' ? PAGEVIEW : name;
}

/** The tag's report of how long a page was looked at and how far it was scrolled: no event that counts. */
export const ENGAGEMENT = 'engagement';

/** A client's event id holds for this long: a browser and a server may both report one purchase. */
export const EID_WINDOW = 48 * 3_600_000;
