/** Sends one request to a network: with a time limit, a bounded answer, and no redirects. It logs nothing, since URLs and headers hold secrets. */
import type { RelayRequest, RelayResponse } from './network.ts';

/** Milliseconds from the beginning of a request to the end of its answer. */
export const SEND_TIMEOUT = 10_000;

/** Bytes of an answer that are read. */
export const ANSWER_BYTES = 64 * 1024;

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** How requests reach the networks. */
export interface Io {
  readonly fetch: Fetch;
  /** Milliseconds for one request with its answer. */
  readonly timeout: number;
}

export const DEFAULT_IO: Io = { fetch: (url, init) => fetch(url, init), timeout: SEND_TIMEOUT };

/** The answer; null if none came in time, or the connection broke. Whether the network has the request is then unknown. Never throws. */
export async function send(
  { method, url, headers, body }: RelayRequest,
  io: Io,
): Promise<RelayResponse | null> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), io.timeout);
  try {
    const answering = io.fetch(url, {
      method,
      headers: { ...headers },
      redirect: 'manual',
      signal: over.signal,
      ...(method === 'GET' ? {} : { body }),
    });
    const response = await orAborted(answering, over.signal);
    const text = await orAborted(readText(response), over.signal);
    return { status: response.status, headers: response.headers, body: text };
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}

/** A promise's result, or a failure as soon as the time is over, whether or not whoever answers cares for the signal. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => {});
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new Error('no answer in time'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject);
  });
}

/** The first bytes of a body as a text. The rest is not read. */
async function readText({ body }: Response): Promise<string> {
  if (body === null) return '';
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = '';
  for (let left = ANSWER_BYTES; left > 0; ) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value.subarray(0, left), { stream: true });
    left -= value.byteLength;
  }
  await reader.cancel();
  return text;
}
