/**
 * What a network's file says about it: which events its API takes, how a batch is requested, and what an answer means. All of it is data and pure
 * functions; deliver.ts sends. Times are in epoch milliseconds, money in millionths, as everywhere in Speck: each file converts them to its network's units.
 */
import type { Conversion } from '../model/conversion.ts';
import type { Answer, SentField } from '../model/delivery.ts';
import type { Destination, NetworkName } from '../model/destination.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** A value that an owner gives for a destination. */
export interface DestinationField {
  /** Its key in `settings`; `account` and `secret` for these two. */
  readonly name: string;
  /** As the network's own pages call it. */
  readonly label: string;
  /** Where the owner finds it, in a sentence. */
  readonly help: string;
  /** What it looks like. */
  readonly pattern: RegExp;
  /** What is used if the owner gives none. Without a default the field is required. */
  readonly default?: string;
}

/** A request to a network. The URL and the headers may hold the secret, so a request is never logged. */
export interface RelayRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An answer, with the first 64 KiB of its body. */
export interface RelayResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: string;
}

/** A conversion with the network's name of its event: `as` of the destination's rule. */
export interface Outgoing {
  readonly conversion: Conversion;
  readonly as: string;
}

/** With what a destination is accessed. */
export interface Access {
  readonly destination: Destination;
  /** The owner's secret; for a network with `token`, what that exchange has returned. */
  readonly secret: string;
  /** The time of sending. */
  readonly now: number;
}

/** What became of one event of a batch. */
export type EventVerdict =
  | { readonly kind: 'delivered'; readonly answer: Answer }
  | { readonly kind: 'sent'; readonly answer: Answer }
  | { readonly kind: 'refused'; readonly answer: Answer }
  | { readonly kind: 'retry'; readonly answer: Answer }
  /** The network counted a part of the request without saying which, or keeps what became of it to itself. */
  | { readonly kind: 'unknown'; readonly answer: Answer };

/** What an answer to a batch means. */
export type Verdict =
  /** One verdict for each event, in order. */
  | { readonly kind: 'each'; readonly events: readonly EventVerdict[] }
  /** The network took nothing, because of at least one event that it does not name. The batch is halved; an event that is alone is refused. */
  | { readonly kind: 'split'; readonly answer: Answer }
  /** Nothing was taken, and the same may be sent again. `after`: seconds, if the network says so. */
  | { readonly kind: 'retry'; readonly answer: Answer; readonly after: number | null }
  /** The network will take nothing before the owner changes something. */
  | { readonly kind: 'stop'; readonly answer: Answer };

/** How a network gives a short-lived token for the owner's secret. */
export interface TokenExchange {
  /** The request that exchanges `access.secret`, which is the owner's here; or that the secret cannot be used. */
  request(access: Access): Promise<RelayRequest | Extract<Verdict, { kind: 'stop' }>>;
  /** The token and its lifetime in seconds, or what is wrong: `stop` and `retry` only. */
  read(response: RelayResponse): { readonly token: string; readonly lifetime: number } | Verdict;
}

export interface Network {
  readonly name: NetworkName;
  /** As people write it. */
  readonly title: string;
  readonly account: DestinationField;
  readonly secret: DestinationField;
  /** Hosts, versions and whatever else the network needs. */
  readonly settings: readonly DestinationField[];
  /** The network's names of Speck's standard events, for the rules that the dashboard offers. Empty if the network gives ids to its owner's conversions. */
  readonly events: Readonly<Record<string, string>>;
  /** What an `as` of a rule has to look like, and how that is said to an owner. */
  readonly as: { readonly pattern: RegExp; readonly help: string };
  /** The most events and bytes of one request. */
  readonly batch: {
    readonly events: number;
    readonly bytes: number;
    /** The most events in test mode, where that is less. */
    readonly testEvents?: number;
  };
  /** How old an event may be, in milliseconds. */
  readonly maxAge: number;
  /** Whether an event that is sent twice counts once: `all`, `purchases` only, or `none`. Decides what is sent again after a lost answer. */
  readonly deduplicates: 'all' | 'purchases' | 'none';
  /**
   * Milliseconds after an event, from which the network does not recognize it any more as one that it has. From then on, an event that its own pixel has
   * reported would count twice, and so would one that is sent again. Left out: as long as `maxAge`.
   */
  readonly deduplicatesFor?: number;
  /** What its test mode does: `code`: shows the events under the owner's code; `validate`: checks them and counts nothing; `none`: there is none. */
  readonly test: 'code' | 'validate' | 'none';
  readonly token?: TokenExchange;
  /** Why the network would refuse a conversion, in a sentence with what to do; null if nothing is missing. */
  problemOf(outgoing: Outgoing, destination: Destination): string | null;
  /** A conversion as the network's own event. */
  event(outgoing: Outgoing, access: Access): JsonObject;
  /** The request of a batch, in the destination's mode. A promise where it is signed. */
  request(events: readonly JsonObject[], access: Access): RelayRequest | Promise<RelayRequest>;
  /** @param count the number of events in the batch. */
  verdict(response: RelayResponse, count: number, access: Access): Verdict;
  /** Asks what has become of events that were `sent`. */
  readonly followUp?: {
    /** Milliseconds after sending, before which the network does not know; each further question waits twice as long. */
    readonly after: number;
    request(trace: string, access: Access): RelayRequest;
    verdict(
      response: RelayResponse,
      access: Access,
    ): EventVerdict | Extract<Verdict, { kind: 'retry' | 'stop' }>;
  };
  /** The fields of its event that were sent. Left out: every leaf of the event, see `sentFields`. */
  fields?(event: JsonObject): readonly SentField[];
}
