/** One request to `POST /api/v1/events`, what its response means, and how long to wait before the next attempt. */

interface Item {
  /** The event's place in the request. */
  readonly index: number;
  readonly reason: string;
  readonly message: string;
}

/** The response once the events are stored. */
export interface Answer {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: readonly Item[];
  readonly warnings?: readonly Item[];
}

export type Attempt =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | {
      readonly kind: 'failure';
      readonly message: string;
      readonly reason: string;
      readonly status: number;
      /** Whether the same request may succeed later. */
      readonly mayPass: boolean;
      /** Milliseconds that the response asks to wait. */
      readonly retryAfter: number;
    };

export interface Target {
  readonly url: string;
  readonly token: string;
  readonly timeout: number;
  readonly fetch: typeof fetch;
}

export async function attempt(body: string, { url, token, timeout, fetch: send }: Target): Promise<Attempt> {
  let response: Response;
  let text: string;
  try {
    response = await send(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body,
      // A redirect could carry the token elsewhere.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeout),
    });
    text = await response.text();
  } catch (error) {
    return {
      kind: 'failure',
      message: `${url} does not answer: ${error instanceof Error ? error.message : error}.`,
      reason: 'unreachable',
      status: 0,
      mayPass: true,
      retryAfter: 0,
    };
  }
  const json = parse(text);
  const { status } = response;
  if (status === 202 && isAnswer(json)) return { kind: 'answer', answer: json };
  const { reason, detail } = (json ?? {}) as { reason?: unknown; detail?: unknown };
  return {
    kind: 'failure',
    message: `${url} answered ${status}${typeof detail === 'string' ? `: ${detail}` : ''}`,
    reason: typeof reason === 'string' ? reason : `status_${status}`,
    status,
    mayPass: status === 429 || status >= 500,
    retryAfter: retryAfterOf(response.headers.get('retry-after')),
  };
}

const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;

/** The wait doubles after each failure. Half of it is random, so that many servers do not try again at the same moment. */
export function pauseAfter(failures: number, retryAfter: number): number {
  const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (failures - 1));
  return Math.max(retryAfter, longest * (0.5 + Math.random() / 2));
}

/** The milliseconds of a Retry-After header, which has seconds or a date, up to a minute. */
function retryAfterOf(header: string | null): number {
  if (header === null) return 0;
  const wait = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(wait) ? 0 : Math.min(Math.max(0, wait), 2 * LONGEST_WAIT);
}

function parse(text: string): unknown {
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
