/** Requests to the API with the browser's session. Responses are cached for half a minute, so that going back costs nothing. */
import { Cache } from '../model/cache.ts';
import { BOOKMARK_HEADER, bookmark, noteBookmark } from './bookmark.ts';
import { noteAnswer } from './connection.ts';
import { publicId } from './public.ts';

export interface Snippets {
  readonly script: string;
  readonly noscript: string;
  readonly email: string;
  readonly script_url: string;
  readonly collect_url: string;
}

export interface Settings {
  readonly retention_days: number;
  readonly keep_days: number;
  readonly query_params: readonly string[];
  readonly origins: readonly string[];
  readonly gpc: string;
  readonly identity: string;
  readonly cookie: string;
  readonly min_group: number;
  readonly goals: readonly Goal[];
  readonly funnels: readonly Funnel[];
  readonly owner_name: string;
  readonly owner_contact: string;
  readonly owner_policy: string;
}
export interface ImportedDays {
  readonly from: string;
  readonly to: string;
}
export type Goal = { readonly name: string } & Readonly<Record<string, string>>;
export interface Funnel {
  readonly name: string;
  readonly steps: readonly string[];
  readonly within: 'visit' | { readonly hours: number };
}

export interface Pixel {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly timezone: string;
  readonly settings: Settings;
  readonly created_at: string;
  /** Changes with everything that can be changed. */
  readonly etag: string;
  readonly install: Snippets;
  readonly imported?: ImportedDays;
}

export interface Session {
  readonly kind: 'admin' | 'token' | 'link' | 'public';
  readonly scopes: readonly string[];
  readonly pixel: string | null;
  readonly expires_at: string | null;
  readonly shown?: {
    readonly id: string;
    readonly name: string;
    readonly timezone: string;
    readonly goals: readonly string[];
    readonly funnels: readonly string[];
    readonly imported?: ImportedDays;
  };
}

export interface Money {
  readonly value: number;
  readonly currency: string;
}
export type MetricValue = number | Money | null;
/** The ends of an interval, both included; of money, in the currency of its value. */
export type Margin = readonly [low: number, high: number];

export interface Row {
  readonly metrics: readonly MetricValue[];
  /** If days are sampled: each metric's interval of 95 %; null for a metric without a number. */
  readonly margins?: readonly (Margin | null)[];
  readonly dimensions: readonly string[];
  readonly comparison?: {
    readonly metrics: readonly MetricValue[];
    readonly change: readonly (number | null)[];
  };
}
export interface QueryResponse {
  readonly results: readonly Row[];
  readonly meta: {
    readonly source: string;
    readonly as_of?: string;
    /** With small-group protection: values of smaller groups are null or left out. */
    readonly min_group?: number;
    readonly total_rows?: number;
    /** If days of the result are sampled: of how many events one was kept, at worst, and the part that was kept. */
    readonly sampled?: { readonly interval: number; readonly share: number };
    readonly time_labels?: readonly string[];
    readonly comparison_date_range?: readonly [string, string];
    /** The end of the last compared day, if it counts up to a time of day only. */
    readonly comparison_until?: string;
    readonly metric_warnings?: Readonly<Record<string, { readonly code: string }>>;
    /** If imported totals were asked for. */
    readonly imports_included?: boolean;
    readonly imports_skip_reason?: string;
    /** The days of the result that are imported. */
    readonly imports?: ImportedDays;
  };
  readonly query: { readonly date_range: readonly [string, string]; readonly dimensions: readonly string[] };
}

export type Filter = readonly [operator: string, dimension: string, values: readonly string[]];

export interface QueryRequest {
  readonly site_id: string;
  readonly metrics: readonly string[];
  readonly date_range: string | readonly [string, string];
  readonly dimensions?: readonly string[];
  readonly filters?: readonly (Filter | readonly [...Filter, { readonly case_sensitive: boolean }])[];
  readonly order_by?: readonly (readonly [string, 'asc' | 'desc'])[];
  readonly include?: Readonly<Record<string, unknown>>;
  readonly pagination?: { readonly limit: number; readonly offset?: number };
}

/** A failed request: the API's problem, or that the API could not be reached. */
export class Failure extends Error {
  readonly status: number;
  readonly reason: string;
  readonly errors: readonly { readonly path: string; readonly message: string }[];

  constructor(status: number, problem: Partial<Pick<Failure, 'reason' | 'errors'>> & { detail?: string }) {
    super(problem.detail ?? 'The server sent an unexpected response.');
    this.status = status;
    this.reason = problem.reason ?? '';
    this.errors = problem.errors ?? [];
  }

  /** Whether the same request may succeed later without anyone's doing: Speck, or its database, could not be reached. */
  get isTemporary(): boolean {
    return this.reason === 'offline' || this.reason === 'store_unavailable';
  }

  /** What is wrong, one sentence per error. */
  get sentences(): readonly string[] {
    return this.errors.length > 0 ? this.errors.map(({ message }) => message) : [this.message];
  }
}

/** Any error as a failure. */
export function failureOf(error: unknown): Failure {
  return error instanceof Failure ? error : new Failure(0, { detail: String(error) });
}

/** Whether this page shows a shared link, and requests use the link's session. */
export const isSharedPage = location.pathname === '/app/share';

let endSession: () => void = () => undefined;
/** Sets the handler for responses that say that the session of their request has ended. Another may have begun since. */
export function onSessionEnd(act: () => void): void {
  endSession = act;
}

/** The reasons of a problem that end the session. */
const SESSION_ENDED = ['session_ended', 'missing_token', ...(publicId === null ? [] : ['wrong_link'])];

/** The only POST that changes nothing. */
export const QUERY_PATH = '/api/v2/query';

/** Whether a response is an error that Speck itself has sent. A proxy in front of it sends others, while it does not answer. */
const isProblem = ({ headers }: Response): boolean =>
  headers.get('content-type') === 'application/problem+json';

function unreachable(status: number): Failure {
  noteAnswer(false);
  return new Failure(status, {
    reason: 'offline',
    detail: 'Speck cannot be reached. Check the connection of this device.',
  });
}

interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Whether the caller itself looks after a session that has ended. */
  readonly quiet?: boolean;
}

export async function request(
  method: string,
  path: string,
  body?: unknown,
  options: RequestOptions = {},
): Promise<Response> {
  let response: Response;
  const known = bookmark();
  const isChange = method !== 'GET' && path !== QUERY_PATH;
  try {
    response = await fetch(path, {
      method,
      // A public page shows the same to everyone.
      credentials: publicId === null ? 'same-origin' : 'omit',
      cache: 'no-store',
      headers: {
        ...(publicId === null
          ? { 'x-speck-session': isSharedPage ? 'link' : 'owner' }
          : { 'x-speck-public': publicId }),
        ...(known === '' ? {} : { [BOOKMARK_HEADER]: known }),
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      // A text is JSON already.
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw unreachable(0);
  }
  const isSpeck = response.status < 502 || isProblem(response);
  noteAnswer(isSpeck);
  if (!isSpeck) throw unreachable(response.status);
  noteBookmark(response, isChange);
  if (isChange) clearCache();
  if (response.ok) return response;
  const problem = (await response.json().catch(() => ({}))) as ConstructorParameters<typeof Failure>[1];
  const failure = new Failure(response.status, problem);
  if (SESSION_ENDED.includes(failure.reason)) {
    if (!options.quiet) endSession();
  }
  throw failure;
}

export async function call<T>(
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<T> {
  const response = await request(method, path, body, signal ? { signal } : {});
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/** Milliseconds that a response is cached: as long as the API's `max-age`. */
const MAX_AGE = 30_000;
const MAX_RESPONSES = 200;
let cache = new Cache<string, Answer<unknown>>(MAX_RESPONSES);
/** Increases with each change. Responses to requests from before a change are not cached. */
let generation = 0;

/** Called after a change, and when the session begins or ends. */
export function clearCache(): void {
  cache = new Cache(MAX_RESPONSES);
  generation++;
}

/** A response, and when it came, in epoch milliseconds. */
export interface Answer<T> {
  readonly response: T;
  readonly at: number;
}

/** The latest response of a key, however old; undefined if none is in the cache. */
export function lastResponse<T>(key: string): Answer<T> | undefined {
  return cache.get(key) as Answer<T> | undefined;
}

/** The response of a key, if it is in the cache and not too old. */
export function cachedResponse<T>(key: string): Answer<T> | undefined {
  const entry = lastResponse<T>(key);
  return entry && Date.now() - entry.at < MAX_AGE ? entry : undefined;
}

/**
 * Called before a request.
 * @returns a function that caches the response, unless something has changed since.
 */
export function cacheWriter(key: string): (response: unknown) => void {
  const before = generation;
  return (response) => {
    if (before === generation) cache.set(key, { response, at: Date.now() });
  };
}
