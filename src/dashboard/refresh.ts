import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { useInterval } from './hooks.ts';

/**
 * A version for `Version.Provider` that increases at an interval while the page is visible, and when the page becomes visible again
 * after a longer time.
 *
 * @param isOn whether it increases by itself.
 */
export function useVersion(milliseconds: number, isOn: boolean): [version: number, increase: () => void] {
  const [version, set] = useState(0);
  const last = useRef(Date.now());
  const increase = useCallback(() => {
    last.current = Date.now();
    set((before) => before + 1);
  }, []);
  useInterval(milliseconds, () => isOn && increase());
  useEffect(() => {
    if (!isOn) return;
    const shown = (): void => {
      if (document.visibilityState === 'visible' && Date.now() - last.current >= milliseconds) increase();
    };
    document.addEventListener('visibilitychange', shown);
    return () => document.removeEventListener('visibilitychange', shown);
  }, [milliseconds, isOn]);
  return [version, increase];
}
