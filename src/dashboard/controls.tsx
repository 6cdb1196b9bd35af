/** The choice of days and of what they are compared with. */
import { useState } from 'preact/hooks';
import { dayRange } from './format.ts';
import { InlineChoice } from './forms.tsx';
import { lazy } from './lazy.tsx';
import type { Subject } from './subject.ts';
import { COMPARISONS, type Comparison, PERIODS, type PeriodName, type SetView, type View } from './view.ts';

const DayPicker = lazy(() => import('./day-picker.tsx'), null);

interface Props {
  readonly subject: Subject;
  readonly view: View;
  readonly set: SetView;
}

export function Controls({ subject, view, set }: Props) {
  const { period, compare, compareDays } = view;
  const [choosing, choose] = useState<'period' | 'comparison' | null>(null);
  const isCustom = typeof period !== 'string';
  const comparisons = Object.entries(COMPARISONS).map(([name, label]) => [
    name,
    name === 'none'
      ? label
      : name === 'custom'
        ? compareDays
          ? `vs ${dayRange(...compareDays)}`
          : 'vs custom period…'
        : `vs ${label.toLowerCase()}`,
  ]);
  return (
    <section class="controls" aria-label="Days">
      <InlineChoice
        label="Period"
        options={[...Object.entries(PERIODS), ['custom', isCustom ? dayRange(...period) : 'Custom range…']]}
        value={isCustom ? 'custom' : period}
        set={(name) => {
          if (name === 'custom') choose('period');
          else set({ period: name as PeriodName, step: null });
        }}
      />
      <button type="button" class={isCustom ? 'quiet' : 'quiet roomy'} onClick={() => choose('period')}>
        {isCustom ? 'Edit range' : 'Custom range'}
      </button>
      <InlineChoice
        label="Compare with"
        options={comparisons as [string, string][]}
        value={compare}
        set={(name) => {
          if (name === 'custom') choose('comparison');
          else set({ compare: name as Comparison, compareDays: null });
        }}
      />
      {compare === 'custom' && (
        <button type="button" class="quiet" onClick={() => choose('comparison')}>
          Edit comparison
        </button>
      )}
      {choosing && (
        <DayPicker
          subject={subject}
          view={view}
          what={choosing}
          close={() => choose(null)}
          set={(part) => {
            choose(null);
            set(part);
          }}
        />
      )}
    </section>
  );
}
