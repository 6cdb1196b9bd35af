/** The keyboard shortcuts of a statistics page, with a button that lists them. */
import { useState } from 'preact/hooks';
import { useKeys } from './keys.ts';
import { lazy } from './lazy.tsx';
import { PERIOD_KEYS } from './period-keys.ts';
import type { PeriodName, SetView, View } from './view.ts';

const ShortcutList = lazy(() => import('./shortcut-list.tsx'), null);

interface Props {
  readonly view: View;
  readonly set: SetView;
}

export function Shortcuts({ view, set }: Props) {
  const [isOpen, open] = useState(false);
  const periods = Object.entries(PERIOD_KEYS).map(([name, key]) => [
    key,
    () => set({ period: name as PeriodName, step: null }),
  ]);
  useKeys({
    ...Object.fromEntries(periods),
    x: () => set({ compare: view.compare === 'none' ? 'previous_period' : 'none' }),
    '?': () => open(true),
  });
  return (
    <p class="shortcuts">
      <button
        type="button"
        class="quiet"
        aria-haspopup="dialog"
        aria-keyshortcuts="?"
        onClick={() => open(true)}
      >
        Keyboard shortcuts
      </button>
      {isOpen && <ShortcutList close={() => open(false)} />}
    </p>
  );
}
