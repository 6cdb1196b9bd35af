/** Keyboard shortcuts of a page: single keys that act wherever the focus is. */
import { useEffect, useRef } from 'preact/hooks';

const STORED = 'speck-keys';

/** Whether the reader has shortcuts on. Some people need them off: their speech recognition would press keys while they speak. */
export function hasKeys(): boolean {
  try {
    return localStorage.getItem(STORED) !== 'off';
  } catch {
    return true;
  }
}

export function switchKeys(on: boolean): void {
  try {
    if (on) localStorage.removeItem(STORED);
    else localStorage.setItem(STORED, 'off');
  } catch {
    // Storage is disabled: they stay on.
  }
}

/** Elements that take keys themselves. */
const TAKES_KEYS = 'input, select, textarea, [contenteditable]';

/** Calls the function of a key. Not while the reader types, in a dialog, or if an element has handled the key. */
export function useKeys(keys: Readonly<Record<string, () => void>>): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing)
        return;
      const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      const act = Object.hasOwn(latest.current, name) ? latest.current[name] : undefined;
      const { target } = event;
      if (!act || !hasKeys() || document.querySelector('dialog[open]')) return;
      if (target instanceof Element && target.closest(TAKES_KEYS)) return;
      event.preventDefault();
      act();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, []);
}
