/** The choice of days and of what they are compared with. */
import { useState } from 'preact/hooks';
import { dayRange } from './format.ts';
import { InlineChoice, Input } from './forms.tsx';
import type { Subject } from './subject.ts';
import { Dialog } from './ui.tsx';
import {
  addDays,
  COMPARISONS,
  type Comparison,
  PERIODS,
  type PeriodName,
  type SetView,
  todayIn,
  type View,
} from './view.ts';

interface Props {
  readonly subject: Subject;
  readonly view: View;
  readonly set: SetView;
}

export function Controls({ subject, view, set }: Props) {
  const [choosing, choose] = useState(false);
  const custom = typeof view.period !== 'string';
  const named = Object.entries(PERIODS);
  const days = custom ? dayRange(view.period[0] as string, view.period[1] as string) : 'Pick days…';
  return (
    <section class="controls" aria-label="Days">
      <InlineChoice
        label="Period"
        options={[...named, ['custom', days]]}
        value={custom ? 'custom' : (view.period as string)}
        set={(name) => {
          if (name === 'custom') choose(true);
          else set({ period: name as PeriodName, step: null });
        }}
      />
      <button type="button" class={custom ? 'quiet' : 'quiet roomy'} onClick={() => choose(true)}>
        {custom ? 'Change days' : 'Pick days'}
      </button>
      <InlineChoice
        label="Compare with"
        options={Object.entries(COMPARISONS).map(([name, label]) => [
          name,
          name === 'none' ? label : `vs ${label.toLowerCase()}`,
        ])}
        value={view.compare}
        set={(name) => set({ compare: name as Comparison })}
      />
      {choosing && (
        <DayPicker
          subject={subject}
          view={view}
          close={() => choose(false)}
          set={(part) => {
            choose(false);
            set(part);
          }}
        />
      )}
    </section>
  );
}

function DayPicker({ subject, view, close, set }: Props & { readonly close: () => void }) {
  const today = todayIn(subject.timezone);
  const at = typeof view.period === 'string' ? [addDays(today, -29), today] : view.period;
  const [from, setFrom] = useState(at[0] as string);
  const [to, setTo] = useState(at[1] as string);
  const isInvalid = from === '' || to === '' || from > to;
  return (
    <Dialog title="Days" close={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!isInvalid) set({ period: [from, to], step: null });
        }}
      >
        <div class="row">
          <Input label="First day" type="date" value={from} max={today} required set={setFrom} />
          <Input label="Last day" type="date" value={to} max={today} required set={setTo} />
        </div>
        <p class="muted">
          {isInvalid
            ? 'The first day must not come after the last.'
            : `Both included, midnight to midnight in ${subject.timezone}.`}
        </p>
        <footer>
          <button type="submit" disabled={isInvalid}>
            Show these days
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
