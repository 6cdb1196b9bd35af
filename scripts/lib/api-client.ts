/** Calls Speck's API, and retries if that may help. So a call must be idempotent. */
import { setTimeout as sleep } from 'node:timers/promises';

/** A call has failed and would fail again. The message says what to do. */
export class SendError extends Error {}

export interface ClientOptions {
  /** Speck's address, without a slash at the end. */
  readonly url: string;
  readonly token: string;
  /** The most attempts of one request. */
  readonly tries?: number;
  /** Reports that an attempt has failed and another will follow. */
  readonly onRetry?: (message: string) => void;
  /** Waits for a number of milliseconds. */
  readonly wait?: (milliseconds: number) => Promise<unknown>;
}

export interface Call<T> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: string;
  /** What the body is. Default: JSON. */
  readonly contentType?: string;
  /** The statuses and the form of a successful answer. */
  readonly status: number | readonly number[];
  readonly isAnswer: (value: unknown) => value is T;
  /** What a status means for this call, and what to do about it. */
  readonly explanations: Explanations;
  /** The error to throw for an answer that the caller handles; undefined for all others. */
  readonly errorOf?: (status: number) => Error | undefined;
}

export type Explanations = Readonly<Record<number, (url: string) => string>>;

const TRIES = 8;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;
const REQUEST_TIMEOUT = 60_000;

/** @throws SendError */
export async function callApi<T>(call: Call<T>, options: ClientOptions): Promise<T> {
  const tries = options.tries ?? TRIES;
  const wait = options.wait ?? sleep;
  for (let attempt = 1; ; attempt++) {
    const outcome = await attemptToCall(call, options);
    if ('answer' in outcome) return outcome.answer;
    if (attempt === tries) {
      throw new SendError(`${outcome.failure}, ${tries} times. Try again later: ${SAFE_TO_REPEAT}`);
    }
    const pause = pauseAfter(attempt, outcome.retryAfter);
    options.onRetry?.(`${outcome.failure}; trying again in ${(pause / 1000).toFixed(1)} s`);
    await wait(pause);
  }
}

export const SAFE_TO_REPEAT =
  'run the same command once more; what has been taken is recognized and not counted twice.';

type Outcome<T> = { readonly answer: T } | { readonly failure: string; readonly retryAfter: number };

async function attemptToCall<T>(call: Call<T>, { url, token }: ClientOptions): Promise<Outcome<T>> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url + call.path, {
      method: call.method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(call.body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }),
      },
      body: call.body ?? null,
      redirect: 'manual',
      signal: AbortSignal.timeout(REQUEST_TIMEOUT),
    });
    text = await response.text();
  } catch (error) {
    return { failure: `${url} does not answer (${causeOf(error)})`, retryAfter: 0 };
  }
  const parsed = parseJson(text);
  if ([call.status].flat().includes(response.status) && call.isAnswer(parsed)) return { answer: parsed };
  const problem = problemOf(parsed);
  if (isPassing(response.status, problem)) {
    return {
      failure: `${url} answered ${response.status}${problem ? ` (${problem.detail})` : ''}`,
      retryAfter: retryAfterOf(response.headers.get('retry-after')),
    };
  }
  throw (
    call.errorOf?.(response.status) ??
    new SendError(explain(response.status, problem, url, call.explanations))
  );
}

interface Problem {
  readonly reason: string;
  readonly detail: string;
}

/** The answers while a secret is missing: retrying does not help. */
const CLOSED: readonly (string | undefined)[] = ['no_admin_token', 'no_secret_key'];

/** Whether the same request may succeed later. */
function isPassing(status: number, problem: Problem | null): boolean {
  return status === 429 || (status >= 500 && !CLOSED.includes(problem?.reason));
}

/** What these statuses mean for every call. */
const EXPLANATIONS: Explanations = {
  401: (url) =>
    `${url} does not know the token (401). Check --token, SPECK_TOKEN or ADMIN_TOKEN in .dev.vars.`,
  503: (url) =>
    `${url} is not ready (503). Set its secrets: npm run deploy makes missing ones; or npx wrangler secret put ADMIN_TOKEN.`,
};

function explain(status: number, problem: Problem | null, url: string, own: Explanations): string {
  const known = own[status] ?? EXPLANATIONS[status];
  const what =
    known?.(url) ?? `${url} answered ${status}, which was not to be expected. Is it a Speck? Check --url.`;
  return problem ? `${what} It says: ${problem.detail}` : what;
}

/** The wait doubles after each failure. A part of it is random, so that many clients do not retry at the same time. */
function pauseAfter(attempt: number, retryAfter: number): number {
  const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (attempt - 1));
  return Math.max(retryAfter, Math.round(longest * (0.5 + Math.random() / 2)));
}

/** The milliseconds of a Retry-After header, up to a limit. The header has seconds or a date. */
function retryAfterOf(header: string | null): number {
  if (header === null) return 0;
  const milliseconds = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(milliseconds) ? 0 : Math.min(Math.max(0, milliseconds), 2 * LONGEST_WAIT);
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // fetch says "fetch failed"; why, says its cause.
  const cause = error.cause instanceof Error ? error.cause : error;
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function problemOf(value: unknown): Problem | null {
  const problem = value as Partial<Problem> | null | undefined;
  if (typeof problem?.reason !== 'string' || typeof problem.detail !== 'string') return null;
  return problem as Problem;
}
