/** Whether Speck answers, as the latest request shows, and when requests that failed are sent again. */
import { useEffect, useState } from 'preact/hooks';

let isDown = false;
const changeListeners = new Set<() => void>();

/** Called with each response, and with each request that had none. */
export function noteAnswer(answered: boolean): void {
  if (isDown === !answered) return;
  isDown = !answered;
  for (const listener of changeListeners) listener();
  if (answered) retryAll();
}

/** Milliseconds until a request is sent again. The delay doubles up to the maximum. */
const FIRST_RETRY = 2000;
const MAX_RETRY = 60_000;
/** Retries that are due within this time are sent together, so that queries go in few requests. In milliseconds. */
const TICK = 1000;

const retries = new Map<number, Set<() => void>>();

/**
 * Calls a function once after a delay, or earlier: when Speck answers again, when the device is online again, or when the reader
 * asks for it.
 *
 * @param times how often it was called before.
 * @returns a function that cancels it.
 */
export function retryLater(retry: () => void, times: number): () => void {
  const tick = Math.ceil((Date.now() + Math.min(FIRST_RETRY * 2 ** times, MAX_RETRY)) / TICK);
  const existing = retries.get(tick);
  const group = existing ?? new Set();
  if (!existing) {
    retries.set(tick, group);
    setTimeout(() => run(tick), tick * TICK - Date.now());
  }
  group.add(retry);
  return () => group.delete(retry);
}

/** Sends all failed requests again, in the same task. */
export function retryAll(): void {
  for (const tick of [...retries.keys()]) run(tick);
}
addEventListener('online', retryAll);

function run(tick: number): void {
  const group = retries.get(tick) ?? [];
  retries.delete(tick);
  for (const retry of group) retry();
}

/** Why no answers come; null while they do. */
export function useOutage(): 'offline' | 'down' | null {
  const outage = (): 'offline' | 'down' | null => (!navigator.onLine ? 'offline' : isDown ? 'down' : null);
  const [state, set] = useState(outage);
  useEffect(() => {
    const changed = (): void => set(outage());
    changed();
    changeListeners.add(changed);
    addEventListener('online', changed);
    addEventListener('offline', changed);
    return () => {
      changeListeners.delete(changed);
      removeEventListener('online', changed);
      removeEventListener('offline', changed);
    };
  }, []);
  return state;
}
