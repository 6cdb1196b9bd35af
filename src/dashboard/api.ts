/** Speaks to the API as the signed-in browser does, and keeps answers for a moment so that going back costs nothing. */
import { Cache } from '../model/cache.ts';

export interface Snippets {
  readonly script: string;
  readonly noscript: string;
  readonly email: string;
}

export interface Settings {
  readonly retention_days: number;
  readonly query_params: readonly string[];
  readonly origins: readonly string[];
  readonly gpc: string;
  readonly identity: string;
  readonly cookie: string;
  readonly min_group: number;
  readonly goals: readonly Goal[];
  readonly funnels: readonly Funnel[];
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
  readonly install: Snippets;
}

export interface Session {
  readonly kind: 'admin' | 'token' | 'link';
  readonly scopes: readonly string[];
  readonly pixel: string | null;
  readonly expires_at: string | null;
  readonly shown?: {
    readonly id: string;
    readonly name: string;
    readonly timezone: string;
    readonly goals: readonly string[];
    readonly funnels: readonly string[];
  };
}

export interface Money {
  readonly value: number;
  readonly currency: string;
}
export type MetricValue = number | Money | null;

export interface Row {
  readonly metrics: readonly MetricValue[];
  readonly dimensions: readonly string[];
  readonly comparison?: {
    readonly metrics: readonly MetricValue[];
    readonly change: readonly (number | null)[];
  };
}
export interface Answer {
  readonly results: readonly Row[];
  readonly meta: {
    readonly source: string;
    readonly as_of?: string;
    /** Of a pixel that protects small groups: what has fewer visitors is null or left out. */
    readonly min_group?: number;
    readonly total_rows?: number;
    readonly time_labels?: readonly string[];
    readonly comparison_date_range?: readonly [string, string];
    readonly metric_warnings?: Readonly<Record<string, unknown>>;
  };
  readonly query: { readonly date_range: readonly [string, string] };
}

export type Filter = readonly [operator: string, dimension: string, values: readonly string[]];

export interface Question {
  readonly site_id: string;
  readonly metrics: readonly string[];
  readonly date_range: string | readonly [string, string];
  readonly dimensions?: readonly string[];
  readonly filters?: readonly Filter[];
  readonly order_by?: readonly (readonly [string, 'asc' | 'desc'])[];
  readonly include?: Readonly<Record<string, unknown>>;
  readonly pagination?: { readonly limit: number; readonly offset?: number };
}

/** An answer that is none: what the API says of it, or that it could not be reached. */
export class Failure extends Error {
  readonly status: number;
  readonly reason: string;
  readonly errors: readonly { readonly path: string; readonly message: string }[];

  constructor(status: number, problem: Partial<Pick<Failure, 'reason' | 'errors'>> & { detail?: string }) {
    super(problem.detail ?? 'The server gave an answer that makes no sense here.');
    this.status = status;
    this.reason = problem.reason ?? '';
    this.errors = problem.errors ?? [];
  }

  /** What is wrong, mistake by mistake. */
  get sentences(): readonly string[] {
    return this.errors.length > 0 ? this.errors.map(({ message }) => message) : [this.message];
  }
}

/** What went wrong, for people; also where it is no answer's fault. */
export function failureOf(error: unknown): Failure {
  return error instanceof Failure ? error : new Failure(0, { detail: String(error) });
}

/** Which session requests go by: that of the shared link on a page that shows one. */
export const sharing = location.pathname === '/app/share';

let ended: () => void = () => undefined;
/** Sets what is to be done when an answer says that nobody is signed in any more. */
export function onSessionEnd(act: () => void): void {
  ended = act;
}

const OVER = ['session_ended', 'missing_token'];

/** The one route that is posted to and changes nothing. */
const ASKING = '/api/v2/query';

export async function request(
  method: string,
  path: string,
  body?: unknown,
  options: { readonly accept?: string; readonly signal?: AbortSignal; readonly quiet?: boolean } = {},
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      headers: {
        'x-speck-session': sharing ? 'link' : 'owner',
        accept: options.accept ?? 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Failure(0, { reason: 'offline', detail: 'Speck cannot be reached. Is this device online?' });
  }
  if (method !== 'GET' && path !== ASKING) forgetAnswers();
  if (response.ok) return response;
  const problem = (await response.json().catch(() => ({}))) as ConstructorParameters<typeof Failure>[1];
  const failure = new Failure(response.status, problem);
  if (OVER.includes(failure.reason)) {
    forgetAnswers();
    if (!options.quiet) ended();
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

/** How long an answer will do, in milliseconds: as long as the API says it may be kept. */
const KEPT = 30_000;
const MOST_KEPT = 200;
let kept = new Cache<string, { readonly answer: unknown; readonly at: number }>(MOST_KEPT);
/** Another number after each change: what was asked before it is not kept. */
let generation = 0;

/** Forgets all answers, since something has changed, or somebody else may ask. */
function forgetAnswers(): void {
  kept = new Cache(MOST_KEPT);
  generation++;
}

/** An answer that has been given within the last half minute. */
export function keptAnswer<T>(key: string): T | undefined {
  const found = kept.get(key);
  return found && Date.now() - found.at < KEPT ? (found.answer as T) : undefined;
}

/** Begins to ask for an answer. @returns what keeps it, unless something has changed meanwhile. */
export function keeper(key: string): (answer: unknown) => void {
  const asked = generation;
  return (answer) => {
    if (asked === generation) kept.set(key, { answer, at: Date.now() });
  };
}

/** Tells Excel that a file is UTF-8. Without it umlauts are read as signs of the system's old character set. */
const BYTE_ORDER_MARK = '\ufeff';

/** Saves the answer to a question as a file. */
export async function saveCsv(question: Question, name: string): Promise<void> {
  const response = await request('POST', ASKING, question, { accept: 'text/csv' });
  save(new Blob([BYTE_ORDER_MARK, await response.blob()], { type: 'text/csv;charset=utf-8' }), name);
}

function save(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
