/** Sends the queries of all components of a render in as few requests as possible: lists of `POST /api/v2/query`. */
import { call, Failure, QUERY_PATH, type QueryRequest, type QueryResponse } from './api.ts';

/** The most queries of a request. A query takes up to six statements, and Cloudflare's free plan allows a request 50. */
const MAX_QUERIES = 8;

/**
 * The lists of a view, in the order in which they are sent: what the reader looks at first, the panels, and what takes long. Each
 * is sent once the previous one is answered. The database answers one query after another, so lists that are sent at the same
 * time would all be answered at the end.
 */
const LISTS = ['first', 'panels', 'slow'] as const;
export type ListName = (typeof LISTS)[number];

interface Entry {
  readonly list: ListName;
  readonly query: QueryRequest;
  readonly signal: AbortSignal;
  readonly resolve: (response: QueryResponse) => void;
  readonly reject: (error: unknown) => void;
}

let waiting: Entry[] = [];

/** Sends a query together with those of the same list that follow in the same task. */
export function sendQuery(query: QueryRequest, list: ListName, signal: AbortSignal): Promise<QueryResponse> {
  return new Promise((resolve, reject) => {
    if (waiting.length === 0) queueMicrotask(sendWaiting);
    waiting.push({ list, query, signal, resolve, reject });
  });
}

async function sendWaiting(): Promise<void> {
  const entries = waiting;
  waiting = [];
  for (const name of LISTS) await sendLists(entries.filter(({ list }) => list === name));
}

/** Sends queries in one request, or in as many as they need: each about one pixel, and with a bounded number of queries. */
async function sendLists(entries: readonly Entry[]): Promise<void> {
  const needed = entries.filter(({ signal }) => !signal.aborted);
  const pixels = new Set(needed.map(({ query }) => query.site_id));
  const requests: Promise<void>[] = [];
  for (const pixel of pixels) {
    const list = needed.filter(({ query }) => query.site_id === pixel);
    for (let start = 0; start < list.length; start += MAX_QUERIES) {
      requests.push(sendList(list.slice(start, start + MAX_QUERIES)));
    }
  }
  await Promise.all(requests);
}

type Item =
  | QueryResponse
  | (Partial<Pick<Failure, 'reason' | 'errors'>> & { status: number; detail?: string });

/** Sends one request. It is aborted once no component needs any of its responses. */
async function sendList(entries: readonly Entry[]): Promise<void> {
  const request = new AbortController();
  for (const { signal } of entries) {
    signal.addEventListener('abort', () => {
      if (entries.every((entry) => entry.signal.aborted)) request.abort();
    });
  }
  try {
    const body = entries.map(({ query }) => query);
    const items = await call<readonly Item[]>('POST', QUERY_PATH, body, request.signal);
    for (const [index, { resolve, reject }] of entries.entries()) {
      const item = items[index] ?? { status: 0 };
      if ('results' in item) resolve(item);
      else reject(new Failure(item.status, item));
    }
  } catch (error) {
    for (const { reject } of entries) reject(error);
  }
}
