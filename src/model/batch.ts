/** Events and rejections that are written together, and the messages of the queue. Plain data, since it is serialized. */
import type { ClickParameter, Conversion } from './conversion.ts';
import type { NetworkName } from './destination.ts';
import type { Event } from './event.ts';
import type { RejectionReason } from './rejection.ts';
import type { RawHit } from './wire.ts';

/** An event to be stored, with its local day. */
export interface PlacedEvent {
  readonly event: Event;
  readonly day: LocalDay;
  /** Further aliases of the person of the event, besides `event.person`. */
  readonly aliases?: readonly string[];
  /** Whether the user id behind `event.person` was signed by the owner's server. */
  readonly isSigned?: boolean;
  /** What advertising networks are told of the event. Absent for most events. */
  readonly relay?: EventRelay;
}

/** What advertising networks are told of an event, and what is kept for a later one: only with consent, and for pixels with destinations. */
export interface EventRelay {
  /** Null if no rule of a destination is met. */
  readonly conversion: Conversion | null;
  /** Where the conversion goes. */
  readonly routes: readonly RelayRoute[];
  /** The click ids in the address of the event's page. */
  readonly clicks: readonly (readonly [parameter: ClickParameter, id: string])[];
}

export interface RelayRoute {
  /** The destination's id. */
  readonly destination: string;
  readonly network: NetworkName;
  /** The network's name of the event. */
  readonly as: string;
}

/** That someone does not want to be recognized any more: what is kept for them is forgotten, and what waits for networks is not sent. */
export interface Withdrawal {
  readonly pixel: string;
  /** The aliases of the person that the request names. */
  readonly people: readonly string[];
  /** The visitor id of the day, or `''`. */
  readonly visitor: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

export interface LocalDay {
  readonly day: string;
  readonly start: number;
  readonly end: number;
  /** The time zone of the day. Batches that an older version has put into the queue lack it. */
  readonly zone?: string;
}

/** A rejection, and where it is counted. `pixel` is `''` if there is no such pixel. */
export interface CountedRejection {
  readonly pixel: string;
  readonly day: string;
  readonly reason: RejectionReason;
  /** The name of a bot, or of a site: see `familyOfKey`; else `''`. */
  readonly family: string;
  readonly at: number;
  /** Shown to the owner, without personal data. Null if the visitor has opted out or asks for privacy: that is only counted. */
  readonly sample: Readonly<Record<string, string>> | null;
}

/**
 * Events and rejections that are written together. A batch may be delivered more than once. Its id makes it count once.
 */
export interface Batch {
  readonly id: string;
  readonly events: readonly PlacedEvent[];
  readonly rejections: readonly CountedRejection[];
  /** The id of the import that the events are of. They are stored as long as it is open, and it counts its rejections itself. */
  readonly importId?: string;
  /** Those of pixels with destinations. Absent for most batches. */
  readonly withdrawals?: readonly Withdrawal[];
}

/** The content of a queue message: a batch ready to be written, or hits, if the pixels and salts could not be looked up. */
export type Parcel =
  | { readonly kind: 'batch'; readonly batch: Batch }
  | { readonly kind: 'hits'; readonly id: string; readonly hits: readonly RawHit[] };

/** Says that a destination has deliveries to be sent. It holds none of them: these are in D1, and the cron sends them, too. */
export interface RelayMessage {
  readonly kind: 'relay';
  /** The destination's id. */
  readonly destination: string;
}

/** A queue message. */
export type Message = ParcelMessage | RelayMessage;

/** A message with a parcel, also as a dead letter: it is sealed. The other two kinds are from before SECRET_KEY. */
export type ParcelMessage =
  | { readonly kind: 'sealed'; readonly sealed: string }
  | { readonly kind: 'batch'; readonly batch: Batch }
  | { readonly kind: 'hits'; readonly id: string; readonly sealed: string };
