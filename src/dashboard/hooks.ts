/** Asking the API, the address of the page, and what else components share. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { type Answer, call, type Failure, failureOf, keeper, keptAnswer, type Question } from './api.ts';

export interface Asked<T> {
  /** The latest answer, also while a new one is awaited. */
  readonly data: T | null;
  readonly failure: Failure | null;
  /** Whether `data` is not yet that of what is asked now. */
  readonly pending: boolean;
  retry(): void;
}

/** Milliseconds until a request that reached nobody is sent again: twice as long after each, up to the second number. */
const AGAIN: readonly [first: number, most: number] = [2000, 60_000];

/**
 * Asks, and asks again when the key changes. What was known stays until the new answer is there, so that nothing jumps.
 * A request that reached nobody is sent again by itself: when the device is online again, and after a while in any case,
 * since a network seldom works at the moment at which it is announced.
 * @param key null: there is nothing to be asked.
 */
export function useAsked<T>(key: string | null, ask: (signal: AbortSignal) => Promise<T>): Asked<T> {
  const [state, set] = useState<{ key: string | null; data: T | null; failure: Failure | null }>(() => ({
    key,
    data: key === null ? null : (keptAnswer<T>(key) ?? null),
    failure: null,
  }));
  const [retried, setRetried] = useState<{ key: string | null; times: number }>({ key, times: 0 });
  const times = retried.key === key ? retried.times : 0;
  useEffect(() => {
    if (key === null) {
      set({ key, data: null, failure: null });
      return;
    }
    const known = times === 0 ? keptAnswer<T>(key) : undefined;
    if (known !== undefined) {
      set({ key, data: known, failure: null });
      return;
    }
    const stop = new AbortController();
    const keep = keeper(key);
    ask(stop.signal).then(
      (data) => {
        keep(data);
        if (!stop.signal.aborted) set({ key, data, failure: null });
      },
      (error: unknown) => {
        if (stop.signal.aborted) return;
        set((before) => ({ key, data: before.data, failure: failureOf(error) }));
      },
    );
    return () => stop.abort();
  }, [key, times]);
  const retry = useCallback(
    () => setRetried((before) => ({ key, times: before.key === key ? before.times + 1 : 1 })),
    [key],
  );
  useEffect(() => {
    if (state.failure?.reason !== 'offline') return;
    const [first, most] = AGAIN;
    const timer = setTimeout(retry, Math.min(first * 2 ** times, most));
    addEventListener('online', retry);
    return () => {
      clearTimeout(timer);
      removeEventListener('online', retry);
    };
  }, [state.failure, retry]);
  return {
    data: state.data,
    failure: state.key === key ? state.failure : null,
    pending: state.key !== key,
    retry,
  };
}

export function useGet<T>(path: string | null): Asked<T> {
  return useAsked<T>(path, (signal) => call('GET', path ?? '', undefined, signal));
}

export function useAnswer(question: Question | null): Asked<Answer> {
  const body = question && JSON.stringify(question);
  return useAsked<Answer>(body && `query ${body}`, (signal) =>
    call('POST', '/api/v2/query', question ?? undefined, signal),
  );
}

/** The page's own address behind `/app`. */
export interface Place {
  readonly path: string;
  readonly search: string;
}

const here = (): Place => ({ path: location.pathname.replace(/^\/app\/?/, '/'), search: location.search });

export function usePlace(): Place {
  const [place, set] = useState(here);
  useEffect(() => {
    const moved = (): void => set(here());
    addEventListener('popstate', moved);
    return () => removeEventListener('popstate', moved);
  }, []);
  return place;
}

/** Goes to another address of the dashboard. A small step, such as of the chart, replaces the last one. */
export function go(address: string, how: 'push' | 'replace' = 'push'): void {
  const samePath = new URL(address, location.href).pathname === location.pathname;
  if (how === 'push') history.pushState(null, '', address);
  else history.replaceState(null, '', address);
  dispatchEvent(new PopStateEvent('popstate'));
  if (!samePath) scrollTo(0, 0);
}

/** Whether the device says that it is online. */
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

/** Asks again every so many milliseconds, while the page is looked at. */
export function useEvery(milliseconds: number, act: () => void): void {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') latest.current();
    }, milliseconds);
    return () => clearInterval(timer);
  }, [milliseconds]);
}

/** The width that an element has. */
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
