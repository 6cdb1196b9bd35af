/** Sends events to `POST /api/v1/events`, and again where sending again may help: their ids make that harmless. */
import { setTimeout as sleep } from 'node:timers/promises';

/** What one request may hold, by the API's contract. */
export const MOST_EVENTS = 1000;
export const MOST_BYTES = 1024 * 1024;

export interface Refusal {
  /** The event's place among those sent. */
  readonly index: number;
  readonly reason: string;
  readonly message: string;
}

export interface Answer {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: readonly Refusal[];
}

/** Sending failed, and sending the same again would fail again. The message says what to do. */
export class SendError extends Error {}

export interface ClientOptions {
  /** Speck's address, without a slash at the end. */
  readonly url: string;
  readonly token: string;
  /** How often one request is tried. */
  readonly tries?: number;
  /** Says that a try failed and another will follow. */
  readonly onRetry?: (message: string) => void;
  /** Waits that many milliseconds. */
  readonly wait?: (milliseconds: number) => Promise<unknown>;
}

const TRIES = 8;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;
const REQUEST_TIMEOUT = 60_000;

/** @param body The request's JSON. @throws SendError */
export async function sendEvents(body: string, options: ClientOptions): Promise<Answer> {
  const tries = options.tries ?? TRIES;
  const wait = options.wait ?? sleep;
  for (let attempt = 1; ; attempt++) {
    const outcome = await attemptToSend(body, options);
    if (outcome.answer) return outcome.answer;
    if (attempt === tries) {
      throw new SendError(`${outcome.failure}, ${tries} times. Try again later: ${SAFE_TO_REPEAT}`);
    }
    const pause = pauseAfter(attempt, outcome.retryAfter);
    options.onRetry?.(`${outcome.failure}; trying again in ${(pause / 1000).toFixed(1)} s`);
    await wait(pause);
  }
}

export const SAFE_TO_REPEAT =
  'run the same command once more; what has been taken is recognised and not counted twice.';

type Outcome =
  | { readonly answer: Answer }
  | { readonly answer?: never; readonly failure: string; readonly retryAfter: number };

async function attemptToSend(body: string, { url, token }: ClientOptions): Promise<Outcome> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${url}/api/v1/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(REQUEST_TIMEOUT),
    });
    text = await response.text();
  } catch (error) {
    return { failure: `${url} does not answer (${causeOf(error)})`, retryAfter: 0 };
  }
  const parsed = parseJson(text);
  if (response.status === 202 && isAnswer(parsed)) return { answer: parsed };
  const problem = problemOf(parsed);
  if (isPassing(response.status, problem)) {
    return {
      failure: `${url} answered ${response.status}${problem ? ` (${problem.detail})` : ''}`,
      retryAfter: retryAfterOf(response.headers.get('retry-after')),
    };
  }
  throw new SendError(explain(response.status, problem, url));
}

interface Problem {
  readonly reason: string;
  readonly detail: string;
}

/** Whether the same request may fare better later. That no token is set, time does not heal. */
function isPassing(status: number, problem: Problem | null): boolean {
  return status === 429 || (status >= 500 && problem?.reason !== 'no_admin_token');
}

function explain(status: number, problem: Problem | null, url: string): string {
  const said = problem ? ` It says: ${problem.detail}` : '';
  switch (status) {
    case 401:
      return `${url} does not know the token (401). Check --token, SPECK_TOKEN or ADMIN_TOKEN in .dev.vars.${said}`;
    case 403:
      return `The token may not write events of this pixel (403). Make one with the scope events:write for it.${said}`;
    case 404:
      return `${url} has no such address or pixel (404). Check --url and --pixel.${said}`;
    case 503:
      return `${url} is not ready (503). Set its ADMIN_TOKEN: npx wrangler secret put ADMIN_TOKEN.${said}`;
    case 413:
      return `${url} finds the request too large (413). Send fewer events at a time: --batch 100.${said}`;
    default:
      return `${url} answered ${status}, which is not an answer to events. Is it a Speck? Check --url.${said}`;
  }
}

/** Twice as long after each failure, and a part of it by chance, so that many clients do not come back as one. */
function pauseAfter(attempt: number, retryAfter: number): number {
  const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (attempt - 1));
  return Math.max(retryAfter, Math.round(longest * (0.5 + Math.random() / 2)));
}

/** The milliseconds that a Retry-After header asks for, within reason. It gives seconds, or a date. */
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

function isAnswer(value: unknown): value is Answer {
  const answer = value as Partial<Answer> | null | undefined;
  return (
    typeof answer?.accepted === 'number' &&
    typeof answer.duplicates === 'number' &&
    Array.isArray(answer.rejected)
  );
}

function problemOf(value: unknown): Problem | null {
  const problem = value as Partial<Problem> | null | undefined;
  if (typeof problem?.reason !== 'string' || typeof problem.detail !== 'string') return null;
  return problem as Problem;
}
