/** The choice of a first and a last day, for the period or for what it is compared with. */
import { useState } from 'preact/hooks';
import { Input } from './forms.tsx';
import type { Subject } from './subject.ts';
import { Dialog } from './ui.tsx';
import { addDays, comparedDays, daysOf, rangeOf, type SetView, todayIn, type View } from './view.ts';

interface Props {
  readonly subject: Subject;
  readonly view: View;
  readonly what: 'period' | 'comparison';
  readonly set: SetView;
  readonly close: () => void;
}

type Days = readonly [from: string, to: string];

/** The days to begin with. */
function initialDays({ subject: { timezone }, view, what }: Props): Days {
  const range = rangeOf(view.period, timezone);
  if (what === 'comparison') {
    return (
      view.compareDays ??
      comparedDays({ ...view, compare: 'previous_period' }, range, timezone) ??
      lastDays(timezone)
    );
  }
  return view.period === 'all' ? lastDays(timezone) : daysOf(range, timezone);
}

function lastDays(timezone: string): Days {
  const today = todayIn(timezone);
  return [addDays(today, -29), today];
}

export default function DayPicker(props: Props) {
  const { subject, what, set, close } = props;
  const [[from, to], choose] = useState(() => initialDays(props));
  const today = todayIn(subject.timezone);
  const isInvalid = from === '' || to === '' || from > to;
  const isPeriod = what === 'period';
  return (
    <Dialog title={isPeriod ? 'Custom range' : 'Compare with'} close={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isInvalid) return;
          set(isPeriod ? { period: [from, to], step: null } : { compare: 'custom', compareDays: [from, to] });
        }}
      >
        <div class="row">
          <Input
            label="First day"
            type="date"
            value={from}
            max={today}
            required
            set={(day) => choose([day, to])}
          />
          <Input
            label="Last day"
            type="date"
            value={to}
            max={today}
            required
            set={(day) => choose([from, day])}
          />
        </div>
        <p class="muted">
          {isInvalid
            ? 'The first day must not come after the last.'
            : `Both included, midnight to midnight in ${subject.timezone}.`}
        </p>
        <footer>
          <button type="submit" disabled={isInvalid}>
            {isPeriod ? 'Show these days' : 'Compare with these days'}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
