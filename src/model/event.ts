import { DIMENSIONS, type DimensionColumn } from './dimensions.ts';

/** The class of the client that sent an event. Events of other clients are rejected. */
export type AgentClass = 'human' | 'mail_proxy';

/**
 * An event as it is stored. Nothing in it identifies a person: no address, no user agent, no complete referrer. An absent text is
 * `''`. docs/storage.md describes each field.
 */
export interface Event extends Readonly<Record<DimensionColumn, string>> {
  readonly pixel: string;
  /** Epoch milliseconds. */
  readonly ts: number;
  /** Unique together with `pixel` and `ts`. Made at the edge, in order of arrival. */
  readonly id: string;
  /** The client's own id of the event. It makes the event unique per pixel and name for 48 hours. */
  readonly eid: string;
  /** The visitor id of the day, or `''` if the client cannot be distinguished from others. */
  readonly visitor: string;
  /** An alias of the person, identified by consent or by a user id; else `''`. */
  readonly person: string;
  readonly agent_class: AgentClass;
  /** For an engagement: milliseconds that its page was visible since the last report; else null. */
  readonly engaged: number | null;
  /** For an engagement: how far its page has been scrolled, in per cent; else null. */
  readonly scroll: number | null;
  /** Revenue in millionths of `currency`, or null. */
  readonly value: number | null;
  /** Custom data as a JSON object, or `''`. */
  readonly props: string;
  /** 1 if the sender was authenticated by a token; else 0. */
  readonly authenticated: number;
}

/** The key of an event among those of its pixel: its time and its id. */
export type EventKey = readonly [ts: number, id: string];

/** The columns of `events`, in the order of the rows that are sent to D1. */
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

/** The stored name of an event. `PageView` is Meta's name for a page view. */
export function nameOfEvent(name: string): string {
  return name === 'PageView' ? PAGEVIEW : name;
}

/** The tag's report of the time on a page and its scroll depth. It does not count as an event. */
export const ENGAGEMENT = 'engagement';

/** Milliseconds for which an `eid` is unique: a browser and a server may both report one purchase. */
export const EID_WINDOW = 48 * 3_600_000;

/** The longest gap between two events of a visit, in milliseconds. */
export const VISIT_GAP = 30 * 60_000;
