/** The dialog that lists the keyboard shortcuts, and switches them off. */
import { useState } from 'preact/hooks';
import { hasKeys, switchKeys } from './keys.ts';
import { PERIOD_KEYS } from './period-keys.ts';
import { Dialog } from './ui.tsx';
import { PERIODS, type PeriodName } from './view.ts';

const OTHERS: readonly (readonly [keys: readonly string[], what: string])[] = [
  [['←'], 'Previous period'],
  [['→'], 'Next period'],
  [['X'], 'Compare, or not'],
  [['F', '/'], 'Add a filter'],
  [['?'], 'This list'],
];

export default function ShortcutList({ close }: { readonly close: () => void }) {
  const [isOn, turn] = useState(hasKeys);
  const periods = Object.entries(PERIODS).map(
    ([name, label]) => [[PERIOD_KEYS[name as PeriodName].toUpperCase()], label] as const,
  );
  return (
    <Dialog title="Keyboard shortcuts" close={close}>
      <label class="check-box">
        <input
          type="checkbox"
          autofocus
          checked={isOn}
          onChange={(event) => {
            switchKeys(event.currentTarget.checked);
            turn(event.currentTarget.checked);
          }}
        />
        Use keyboard shortcuts
      </label>
      <dl class="keys">
        {[...periods, ...OTHERS].map(([keys, what]) => (
          <div key={what}>
            <dt>
              {keys.map((key, index) => (
                <>
                  {index > 0 && ' or '}
                  <kbd>{key}</kbd>
                </>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
