/** Hooks: requests to the API, the address of the page, timers and sizes. */
import { createContext } from 'preact';
import { useCallback, useContext, useEffect, useRef, useState } from 'preact/hooks';
import {
  cachedResponse,
  cacheWriter,
  call,
  type Failure,
  failureOf,
  type QueryRequest,
  type QueryResponse,
} from './api.ts';
import { type ListName, sendInTurn, sendQuery } from './query-list.ts';

/** A response, and the state of the request for it. */
export interface Resource<T> {
  /** The latest response, also for a moment while a new one is pending. */
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

/** Milliseconds until a request is sent again that could not reach the server. The delay doubles up to the maximum. */
const FIRST_RETRY = 2000;
const MAX_RETRY = 60_000;

/** Milliseconds for which the data of an earlier request stays while a new one is pending. */
const MAX_STALE = 800;

interface State<T> {
  readonly key: string | null;
  readonly data: T | null;
  readonly at: number;
  readonly failure: Failure | null;
}

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
 * the page does not flicker. A request that could not reach the server is sent again when the device is online and after a delay: a
 * network seldom works at once when the browser reports it.
 *
 * @param key null: nothing to load.
 */
export function useResource<T>(key: string | null, load: (signal: AbortSignal) => Promise<T>): Resource<T> {
  const isNear = useContext(Near);
  const version = useContext(Version);
  const [state, set] = useState<State<T>>(() => {
    const cached = key === null ? undefined : cachedResponse<T>(key);
    return { key, data: cached?.response ?? null, at: cached?.at ?? 0, failure: null };
  });
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
      set({ key, data: null, at: 0, failure: null });
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
      set({ key, data: cached.response, at: cached.at, failure: null });
      return keep;
    }
    const stop = new AbortController();
    const store = cacheWriter(key);
    // The reader does not wait for what only brings the data up to date.
    let isCounted = !(isAgain && state.data !== null && state.failure === null);
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
          if (!stop.signal.aborted) set({ key, data, at: Date.now(), failure: null });
        },
        (error: unknown) => {
          if (stop.signal.aborted) return;
          set((before) => ({ ...before, key, failure: failureOf(error) }));
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
  useEffect(() => {
    if (state.failure?.reason !== 'offline') return;
    const timer = setTimeout(retry, Math.min(FIRST_RETRY * 2 ** times, MAX_RETRY));
    addEventListener('online', retry);
    return () => {
      clearTimeout(timer);
      removeEventListener('online', retry);
    };
  }, [state.failure, retry]);
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

/** Goes to another address of the dashboard, as a new entry of the browser's history or in place of the current one. */
export function go(address: string, mode: 'push' | 'replace' = 'push'): void {
  const samePath = new URL(address, location.href).pathname === location.pathname;
  if (mode === 'push') history.pushState(null, '', address);
  else history.replaceState(null, '', address);
  dispatchEvent(new PopStateEvent('popstate'));
  if (!samePath) scrollTo(0, 0);
}

/** Whether the browser reports that the device is online. */
export function useOnline(): boolean {
  const [online, set] = useState(navigator.onLine);
  useEffect(() => {
    const changed = (): void => set(navigator.onLine);
    addEventListener('online', changed);
    addEventListener('offline', changed);
    return () => {
      removeEventListener('online', changed);
      removeEventListener('offline', changed);
    };
  }, []);
  return online;
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
