/** Destinations: where the conversions of a pixel are sent, which ones, and under which names. */
import type { Answer } from './delivery.ts';

/** The networks that conversions can be sent to. `webhook` is any address of the owner's. */
export const NETWORKS = [
  'meta',
  'google',
  'ga4',
  'tiktok',
  'linkedin',
  'pinterest',
  'snap',
  'reddit',
  'microsoft',
  'openai',
  'webhook',
] as const;
export type NetworkName = (typeof NETWORKS)[number];

/** Which events are sent, and as what: an event by its name, or any event that reaches a goal. */
export type DestinationRule = {
  /** The network's name of the event, or its id of the conversion. */
  readonly as: string;
} & ({ readonly event: string } | { readonly goal: string });

/**
 * `on`; `off`: the owner has switched it off, and nothing is kept for it; `stopped`: the network does not accept the owner's id, secret or
 * version. Conversions wait until the owner has changed these, or until they expire.
 */
export type DestinationState = 'on' | 'off' | 'stopped';

/** `test`: the network checks what is sent, or shows it among its test events, and counts nothing if it can do so. */
export type DestinationMode = 'live' | 'test';

/** A destination without its secret, which is read only to send. */
export interface Destination {
  /** `ds_` and 16 base58 characters. */
  readonly id: string;
  readonly pixel: string;
  readonly network: NetworkName;
  /** The owner's own name of it. */
  readonly name: string;
  /** The network's id of the owner's pixel, data set, tag or account. */
  readonly account: string;
  /** Further settings by their names, as the network's file lists them: its host, the version of its API. Those that are absent have defaults. */
  readonly settings: Readonly<Record<string, string>>;
  readonly rules: readonly DestinationRule[];
  readonly mode: DestinationMode;
  /** The network's code for test events, or `''`. */
  readonly test_code: string;
  readonly state: DestinationState;
  /** Why it has stopped, or why what waits is sent later only; else null. */
  readonly problem: DestinationProblem | null;
  /** When the owner set the secret, in epoch milliseconds. */
  readonly secret_at: number;
  /** Epoch milliseconds. */
  readonly created_at: number;
  readonly updated_at: number;
}

/** What the network answered when it took nothing, without anything that was sent to it, and what the owner can do. */
export interface DestinationProblem extends Omit<Answer, 'trace'> {
  /** Epoch milliseconds. */
  readonly at: number;
  /** When the network is asked again, in epoch milliseconds; null: not before the owner has changed something. */
  readonly retry_at: number | null;
}

/** What storing events needs of a destination: read with the pixel, and cached with it. One that is off has no rules. */
export type RelayTarget = Pick<Destination, 'id' | 'network' | 'rules'>;

export const DESTINATION_ID = /^ds_[1-9A-HJ-NP-Za-km-z]{16}$/;

export const MAX_DESTINATIONS = 20;
export const MAX_DESTINATION_RULES = 50;
/** Test events for a destination per hour and isolate. */
export const MAX_DESTINATION_TESTS = 30;
