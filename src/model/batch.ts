/** What is written together, and what waits in the queue. Plain data, since it travels. */
import type { Event } from './event.ts';
import type { RejectionReason } from './rejection.ts';
import type { RawHit } from './wire.ts';

/** An event on its way to the store, with the local day that holds it. */
export interface PlacedEvent {
  readonly event: Event;
  readonly day: LocalDay;
  /** Other aliases than `event.person` that the event shows to be of the same person. */
  readonly aliases?: readonly string[];
  /** Whether the user id, of which `event.person` is made, came with the signature of the owner's server. */
  readonly isSigned?: boolean;
}

export interface LocalDay {
  readonly day: string;
  readonly start: number;
  readonly end: number;
  /** The time zone whose day it is. A batch that an older Speck has put into the queue does not say. */
  readonly zone?: string;
}

/** A rejection with where it is counted. `pixel` is `''` when there is none to count it for. */
export interface CountedRejection {
  readonly pixel: string;
  readonly day: string;
  readonly reason: RejectionReason;
  /** Of a bot: what it calls itself; else `''`. */
  readonly family: string;
  readonly at: number;
  /** What the owner is shown: scrubbed of anything personal. Null of who has refused: that is counted, and no more. */
  readonly sample: Readonly<Record<string, string>> | null;
}

/**
 * Events and rejections that are written together. Plain data: it also travels through the queue. Its id makes it count
 * once, however often it arrives.
 */
export interface Batch {
  readonly id: string;
  readonly events: readonly PlacedEvent[];
  readonly rejections: readonly CountedRejection[];
}

/** What a message of the queue says: a batch as it will be written, or hits of which nothing could be looked up yet. */
export type Parcel =
  | { readonly kind: 'batch'; readonly batch: Batch }
  | { readonly kind: 'hits'; readonly id: string; readonly hits: readonly RawHit[] };

/** A message as it travels and is kept: a sealed parcel. The other kinds are from before SECRET_KEY. */
export type Message =
  | { readonly kind: 'sealed'; readonly sealed: string }
  | { readonly kind: 'batch'; readonly batch: Batch }
  | { readonly kind: 'hits'; readonly id: string; readonly sealed: string };
