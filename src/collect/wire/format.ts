/**
 * A wire format is how one kind of client sends its events and expects to be answered. A format defines routes, limits, reading and
 * answering. Everything else is the same for all formats: CORS, consent, cookies, limits, authentication and buffering.
 */
import type { BodyError } from '../../http/body-error.ts';
import type { Result } from '../../model/result.ts';
import type { SentEvent } from '../../model/wire.ts';

/** Why a request cannot be read. */
export type ReadError = BodyError | 'broken_json' | 'missing_id' | 'too_many_events';
/** Why a request with a token is rejected: the token may not send events, or not for this pixel, or D1 does not answer. */
export type SenderError = 'wrong_token' | 'wrong_pixel' | 'store_unavailable';
/** Why a complete request is rejected. */
export type WireError = ReadError | SenderError;

/** A request as a format reads it. */
export interface WireRequest {
  /** A `HEAD` request is read and answered as the `GET` request that it stands for. */
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Without its question mark, at most `LIMITS.url` characters. */
  readonly query: string;
  /** Empty on a route with `screen`. */
  readonly headers: Pick<Headers, 'get'>;
  /** The body, unpacked if it is gzip or zlib. Empty for `GET`. */
  readonly bytes: Uint8Array;
}

/** What a format reads from a request. */
export interface WireReading {
  /** An entry that is not an event is null. */
  readonly events: readonly (SentEvent | null)[];
  /** Whether a request without events lacks none: it asks for a client's settings, or says only what Speck does not keep. */
  readonly mayBeEmpty?: true;
  /** The API token that the protocol carries. With a token that may send events the events' `overrides` count, else they do not. */
  readonly token?: string;
}

/** What became of a request. */
export interface WireResult {
  readonly request: WireRequest;
  /** Null if the events were accepted. They are checked one by one after the answer. */
  readonly error: WireError | null;
  /** Empty if there was an error, and on a route with `screen`. */
  readonly events: readonly (SentEvent | null)[];
}

export interface WireRoute {
  /** `GET` answers `HEAD` too. */
  readonly method: 'GET' | 'POST';
  /** A path, or the beginning of paths: `/flags/*` is any path below `/flags/`. Only a path of `clients.ts` may have a `*`. */
  readonly path: string;
  /**
   * For a route whose requests have one event each, all of it in the query. Such a request is answered first and read later, without
   * its headers, and a token in it does not count. This function runs before the answer, so it must be cheap.
   */
  readonly screen?: (query: string) => ReadError | null;
}

export interface WireFormat {
  readonly routes: readonly WireRoute[];
  readonly limits: {
    /** Bytes of a body, also after unpacking. */
    readonly bytes: number;
    /** Events in one request, at most `MAX_BATCH_EVENTS`. */
    readonly events: number;
  };
  /** Request headers that browsers may send from other origins, besides those of a body. Default: none. */
  readonly requestHeaders?: readonly string[];
  /** Reads a request's events. Never throws, whatever the request. */
  readonly read: (request: WireRequest) => Awaitable<Result<WireReading, ReadError>>;
  /** The response that the client expects, without CORS headers and cookies. */
  readonly answer: (result: WireResult) => Awaitable<Response>;
}

/** A format that is seldom used may load the code that it needs. */
export type Awaitable<T> = T | Promise<T>;
