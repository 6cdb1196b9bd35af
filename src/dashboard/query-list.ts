/** Sends the queries of all components of a render in as few requests as possible: lists of `POST /api/v2/query`. */
import { call, Failure, QUERY_PATH, type QueryRequest, type QueryResponse } from './api.ts';

/**
 * The most queries of a request. A query takes up to six statements, access and the pixel take up to four, and Cloudflare's free plan
 * allows a request 50.
 */
const MAX_QUERIES = 7;

/**
 * The lists of a view, in the order in which they are sent: what the reader looks at first, the panels, and what takes long. A list
 * is sent once the lists before it are answered: the database answers one query after another, so lists that are sent at the same
 * time would all be answered at the end.
 */
const LISTS = ['first', 'panels', 'slow'] as const;
export type ListName = (typeof LISTS)[number];

/** Something that waits for the turn of its list. */
interface Waiting {
  readonly list: ListName;
  readonly signal: AbortSignal;
}
interface Entry extends Waiting {
  readonly query: QueryRequest;
  readonly resolve: (response: QueryResponse) => void;
  readonly reject: (error: unknown) => void;
}
/** A request of another path. */
interface Turn extends Waiting {
  readonly begin: () => void;
}

let waiting: (Entry | Turn)[] = [];
/** The number of requests under way. */
const underWay: Record<ListName, number> = { first: 0, panels: 0, slow: 0 };

function wait(one: Entry | Turn): void {
  waiting.push(one);
  // Once the components of a render have all come.
  queueMicrotask(sendWaiting);
}

/** Sends a query in the turn of its list, together with those of the same list that are waiting. */
export function sendQuery(query: QueryRequest, list: ListName, signal: AbortSignal): Promise<QueryResponse> {
  return new Promise((resolve, reject) => wait({ list, signal, query, resolve, reject }));
}

/** Sends a request of another path in the turn of a list. */
export async function sendInTurn<T>(list: ListName, signal: AbortSignal, send: () => Promise<T>): Promise<T> {
  await new Promise<void>((begin) => wait({ list, signal, begin }));
  signal.throwIfAborted();
  return counted(list, send());
}

/** Whether a list has to wait for those before it. */
const isHeld = (list: ListName): boolean =>
  LISTS.slice(0, LISTS.indexOf(list)).some((name) => underWay[name] > 0);

function sendWaiting(): void {
  for (const name of LISTS) {
    if (isHeld(name)) continue;
    const ready = waiting.filter(({ list }) => list === name);
    waiting = waiting.filter(({ list }) => list !== name);
    sendLists(
      name,
      ready.filter((one) => 'query' in one),
    );
    for (const one of ready) if ('begin' in one) one.begin();
  }
}

async function counted<T>(list: ListName, request: Promise<T>): Promise<T> {
  underWay[list]++;
  try {
    return await request;
  } finally {
    underWay[list]--;
    // What was answered is rendered before the next list is sent.
    setTimeout(sendWaiting);
  }
}

/** Sends queries in one request, or in as many as they need: each about one pixel, and with a bounded number of queries. */
function sendLists(name: ListName, entries: readonly Entry[]): void {
  const needed = entries.filter(({ signal }) => !signal.aborted);
  const pixels = new Set(needed.map(({ query }) => query.site_id));
  for (const pixel of pixels) {
    const list = needed.filter(({ query }) => query.site_id === pixel);
    for (let start = 0; start < list.length; start += MAX_QUERIES) {
      void counted(name, sendList(list.slice(start, start + MAX_QUERIES)));
    }
  }
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
