/**
 * What the fakes of the networks' APIs have in common. A fake behaves as the network documents: its limits, its errors, its odd successes and its
 * deduplication. It is a function of requests, so it runs behind an HTTP server (`npm start -- --demo`, tests from outside) and in a Worker (tests).
 */
import type { NetworkName } from '../../../src/model/destination.ts';

/** A conversion as the network would count it. */
export interface CountedEvent {
  readonly name: string;
  /** The id by which the network deduplicates; `''` if there is none. */
  readonly id: string;
  /** The network's event as it was received. */
  readonly event: unknown;
  readonly from: 'browser' | 'server';
}

/** What can go wrong for a number of requests. */
export type Trouble =
  /** Too many requests, in the network's own way, with Retry-After where it sends one. */
  | 'throttled'
  /** The server fails: 500, 502 or 503. */
  | 'down'
  /** The secret has no right any more. */
  | 'revoked'
  /** No answer for as long as the test holds it back. */
  | 'slow'
  /** The connection breaks after the events were taken: the sender never learns of it. */
  | 'lost'
  /** An error behind a status of success, where the network does that. */
  | 'hidden'
  /** The version of the API has ended, where the network has versions. */
  | 'ended';

export interface FakeNetwork {
  readonly name: NetworkName;
  /** The id and the secret that it accepts. */
  readonly account: string;
  readonly secret: string;
  fetch(request: Request): Promise<Response>;
  /** What the network counts, after its deduplication. */
  counted(): readonly CountedEvent[];
  /** How often each event id has arrived, from servers and browsers. */
  arrivals(): ReadonlyMap<string, number>;
  /** Lets the next requests fail. */
  trouble(kind: Trouble, requests?: number): void;
  /** The network's own pixel on the page reports an event. */
  browserEvent(name: string, id: string, at: number): void;
  /** Events with these ids are refused, as the network refuses an event with a wrong field. */
  refuse(ids: readonly string[]): void;
  reset(): void;
}
