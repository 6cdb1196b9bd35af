/** Hooks: requests to the API, the address of the page, timers and sizes. */
import { createContext } from 'preact';
import { useCallback, useContext, useEffect, useRef, useState } from 'preact/hooks';
import {
  type Answer,
  cachedResponse,
  cacheWriter,
  call,
  type Failure,
  failureOf,
  lastResponse,
  type QueryRequest,
  type QueryResponse,
} from './api.ts';
import { retryLater } from './connection.ts';
import { withParameters } from './public.ts';
import { type ListName, sendInTurn, sendQuery } from './query-list.ts';

/** A response, and the state of the request for it. */
export interface Resource<T> {
  /** The latest response, also for a moment while a new one is pending, and as long as Speck cannot be reached. */
  readonly data: T | null;
  /** When `data` arrived, in epoch milliseconds. */
  readonly at: number;
  readonly failure: Failure | null;
  /** Whether `data` is of an earlier request. */
  readonly pending: boolean;
  retry(): void;
}

/** Whether the components below are near what the reader sees. Only then do their resources load. */
export const Near = createContext(true);

/** A number that increases when the resources below are to be loaded again. Their data stays until they are. */
export const Version = createContext(0);

interface State<T> extends Pick<Resource<T>, 'data' | 'at' | 'failure'> {
  readonly key: string | null;
}

const stateOf = <T>(key: string | null, answer?: Answer<T>, failure: Failure | null = null): State<T> => ({
  key,
  data: answer?.response ?? null,
  at: answer?.at ?? 0,
  failure,
});

/** Milliseconds for which the data of an earlier request stays while a new one is pending. */
const MAX_STALE = 800;

/** The number of resources that load and whose data is not shown yet. */
let loading = 0;
const listeners = new Set<(isLoading: boolean) => void>();
function countLoading(by: 1 | -1): void {
  loading += by;
  for (const tell of listeners) tell(loading > 0);
}

/** Whether anything is on its way that the reader waits for. */
export function useLoading(): boolean {
  const [isLoading, set] = useState(loading > 0);
  useEffect(() => {
    listeners.add(set);
    set(loading > 0);
    return () => void listeners.delete(set);
  }, []);
  return isLoading;
}

/**
 * Loads a resource, again whenever the key changes, and aborts the previous request. The previous data stays for a moment, so that
 * the page does not flicker. If Speck cannot be reached, the last response for the same key stays, however old, and the request is
 * sent again by itself.
 *
 * @param key null: nothing to load.
 */
export function useResource<T>(key: string | null, load: (signal: AbortSignal) => Promise<T>): Resource<T> {
  const isNear = useContext(Near);
  const version = useContext(Version);
  const [state, set] = useState<State<T>>(() => stateOf(key, cachedResponse<T>(key ?? '')));
  const [retried, setRetried] = useState<{ key: string | null; times: number }>({ key, times: 0 });
  const times = retried.key === key ? retried.times : 0;
  const id = `${version} ${times} ${key}`;
  // What has begun is not given up when the reader scrolls on.
  const begun = useRef('');
  if (isNear) begun.current = id;
  const isWanted = begun.current === id;
  const lastKey = useRef<string | null>(null);
  useEffect(() => {
    if (key === null) {
      lastKey.current = null;
      set(stateOf<T>(key));
      return;
    }
    const stale = setTimeout(
      () => set((before) => (before.key === key ? before : { ...before, data: null })),
      MAX_STALE,
    );
    const keep = (): void => clearTimeout(stale);
    if (!isWanted) return keep;
    const isAgain = lastKey.current === key;
    lastKey.current = key;
    const cached = isAgain ? undefined : cachedResponse<T>(key);
    if (cached !== undefined) {
      set(stateOf(key, cached));
      return keep;
    }
    const stop = new AbortController();
    const store = cacheWriter(key);
    // The reader does not wait for what only brings the data up to date.
    let isCounted = !(isAgain && state.data !== null);
    const settled = (): void => {
      keep();
      if (isCounted) countLoading(-1);
      isCounted = false;
    };
    if (isCounted) countLoading(1);
    load(stop.signal)
      .then(
        (data) => {
          store(data);
          if (!stop.signal.aborted) set(stateOf(key, { response: data, at: Date.now() }));
        },
        (error: unknown) => {
          if (stop.signal.aborted) return;
          const failure = failureOf(error);
          set(stateOf(key, failure.isTemporary ? lastResponse<T>(key) : undefined, failure));
        },
      )
      .finally(settled);
    return () => {
      settled();
      stop.abort();
    };
  }, [id, isWanted]);
  const retry = useCallback(
    () => setRetried((before) => ({ key, times: before.key === key ? before.times + 1 : 1 })),
    [key],
  );
  useEffect(
    () => (state.failure?.isTemporary ? retryLater(retry, times) : undefined),
    [state.failure, retry],
  );
  return {
    data: state.data,
    at: state.at,
    failure: state.key === key ? state.failure : null,
    pending: state.key !== key,
    retry,
  };
}

/** @param list the list of queries in whose turn the request is sent; left out: at once. */
export function useGet<T>(path: string | null, list?: ListName): Resource<T> {
  return useResource<T>(path, (signal) => {
    const send = (): Promise<T> => call('GET', path ?? '', undefined, signal);
    return list ? sendInTurn(list, signal, send) : send();
  });
}

/** Queries of the same render are sent in one request for each list. */
export function useQuery(query: QueryRequest | null, list: ListName = 'panels'): Resource<QueryResponse> {
  const key = query && `query ${JSON.stringify(query)}`;
  return useResource<QueryResponse>(key, (signal) => sendQuery(query as QueryRequest, list, signal));
}

/** The address of the page, relative to `/app`. */
export interface Location {
  readonly path: string;
  readonly search: string;
  readonly hash: string;
}

const currentLocation = (): Location => ({
  path: location.pathname.replace(/^\/app\/?/, '/'),
  search: location.search,
  hash: location.hash,
});

export function useLocation(): Location {
  const [current, set] = useState(currentLocation);
  useEffect(() => {
    const moved = (): void => set(currentLocation());
    addEventListener('popstate', moved);
    return () => removeEventListener('popstate', moved);
  }, []);
  return current;
}

/** What is asked before the reader leaves a view. */
interface Guard {
  /** The address of the view. */
  readonly href: string;
  isNeeded(): boolean;
  /** Calls `leave` if the reader wants to. */
  ask(leave: () => void): void;
}
let guard: Guard | null = null;
export function setGuard(next: Guard | null): void {
  guard = next;
}

/** Leaves a view, once its guard agrees. */
export function leave(act: () => void): void {
  if (guard?.isNeeded()) guard.ask(act);
  else act();
}

// Before all other listeners: Back and Forward have moved already, so the view's address comes back until the reader has decided.
addEventListener('popstate', (event) => {
  if (!event.isTrusted || !guard?.isNeeded() || new URL(guard.href).pathname === location.pathname) return;
  event.stopImmediatePropagation();
  history.pushState(null, '', guard.href);
  guard.ask(() => history.back());
});

/** Goes to another address of the dashboard, as a new entry of the browser's history or in place of the current one. */
export function go(address: string, mode: 'push' | 'replace' = 'push'): void {
  const target = withParameters(address);
  const samePath = new URL(target, location.href).pathname === location.pathname;
  const move = (): void => {
    if (mode === 'push') history.pushState(null, '', target);
    else history.replaceState(null, '', target);
    dispatchEvent(new PopStateEvent('popstate'));
    if (!samePath) scrollTo(0, 0);
  };
  if (samePath) move();
  else leave(move);
}

/** Calls a function at an interval while the page is visible. */
export function useInterval(milliseconds: number, act: () => void): void {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') latest.current();
    }, milliseconds);
    return () => clearInterval(timer);
  }, [milliseconds]);
}

/** The width of an element in CSS pixels. */
export function useWidth(initial: number): [ref: (element: Element | null) => void, width: number] {
  const [width, set] = useState(initial);
  const observer = useRef<ResizeObserver | null>(null);
  const ref = useCallback((element: Element | null) => {
    observer.current?.disconnect();
    if (!element) return;
    observer.current = new ResizeObserver(([entry]) => {
      const now = Math.round(entry?.contentRect.width ?? 0);
      if (now > 0) set(now);
    });
    observer.current.observe(element);
  }, []);
  return [ref, width];
}
