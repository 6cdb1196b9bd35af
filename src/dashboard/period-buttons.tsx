/** Buttons for the previous and the next period. The arrow keys do the same. */
import { useKeys } from './keys.ts';
import { shiftPeriod } from './shift-period.ts';
import type { Subject } from './subject.ts';
import type { SetView, View } from './view.ts';

interface Props {
  readonly subject: Subject;
  readonly view: View;
  readonly set: SetView;
}

const BUTTONS = [
  { label: 'Previous period', sign: '‹', key: 'ArrowLeft', by: -1 },
  { label: 'Next period', sign: '›', key: 'ArrowRight', by: 1 },
] as const;

export function PeriodButtons({ subject, view, set }: Props) {
  const shifted = (by: 1 | -1): View['period'] | null => shiftPeriod(view.period, by, subject.timezone);
  const shift = (by: 1 | -1): void => {
    const period = shifted(by);
    if (period !== null) set({ period, step: null });
  };
  useKeys(Object.fromEntries(BUTTONS.map(({ key, by }) => [key, () => shift(by)])));
  return (
    <span class="shift">
      {BUTTONS.map(({ label, sign, key, by }) => (
        <button
          key={key}
          type="button"
          class="quiet"
          aria-label={label}
          aria-keyshortcuts={key}
          // Not disabled: a button that is would lose the focus.
          aria-disabled={shifted(by) === null}
          title={label}
          onClick={() => shift(by)}
        >
          {sign}
        </button>
      ))}
    </span>
  );
}
