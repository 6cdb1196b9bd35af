/** The choice of days, comparison and filters. */
import { useState } from 'preact/hooks';
import type { Base } from './base.ts';
import { FILTER_DIMENSIONS } from './dimensions.ts';
import { dayRange, dimensionName, valueName } from './format.ts';
import { Choice, Field, InlineChoice, Input } from './forms.tsx';
import { useQuery } from './hooks.ts';
import type { Subject } from './subject.ts';
import { Dialog } from './ui.tsx';
import {
  addDays,
  COMPARISONS,
  type Comparison,
  negateFilter,
  OPERATORS,
  oppositeOf,
  PERIODS,
  type PeriodName,
  type SetView,
  todayIn,
  type View,
  withValue,
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

export function FilterBar({ base, view, set }: Props & { readonly base: Base }) {
  const [isAdding, setAdding] = useState(false);
  const { filters } = view;
  return (
    <section class="filters" aria-label="Filters">
      {filters.map((filter, index) => {
        const [operator, dimension, values] = filter;
        const text = values.map((value) => valueName(dimension, value) || '(empty)').join(' or ');
        const without = filters.filter((_, other) => other !== index);
        const opposite = oppositeOf(operator);
        return (
          <span class="chip" key={index}>
            <button
              type="button"
              class="what"
              disabled={opposite === null}
              title={opposite ? `Change to “${OPERATORS[opposite]}”` : text}
              onClick={() => set({ filters: negateFilter(filters, filter) })}
            >
              {dimensionName(dimension)} {OPERATORS[operator]} <bdi>{text}</bdi>
            </button>
            <button
              type="button"
              class="away"
              aria-label={`Remove the filter ${dimensionName(dimension)} ${OPERATORS[operator]} ${text.slice(0, 80)}`}
              onClick={() => set({ filters: without })}
            >
              ✕
            </button>
          </span>
        );
      })}
      <button type="button" class="quiet" onClick={() => setAdding(true)}>
        + Filter
      </button>
      {filters.length > 1 && (
        <button type="button" class="quiet" onClick={() => set({ filters: [] })}>
          Clear all
        </button>
      )}
      {isAdding && (
        <FilterDialog
          base={base}
          close={() => setAdding(false)}
          add={(operator, dimension, value) => {
            setAdding(false);
            set({ filters: withValue(filters, dimension, value, operator) });
          }}
        />
      )}
    </section>
  );
}

const PROPERTY = 'event:props:';

function FilterDialog({
  base,
  close,
  add,
}: {
  readonly base: Base;
  readonly close: () => void;
  readonly add: (operator: string, dimension: string, value: string) => void;
}) {
  const [chosen, choose] = useState('event:page');
  const [key, setKey] = useState('');
  const [operator, setOperator] = useState('is');
  const [value, setValue] = useState('');
  const dimension = chosen === PROPERTY ? PROPERTY + key.trim() : chosen;
  // The API takes only these two for goals.
  const operators = Object.entries(OPERATORS).filter(
    ([name]) => chosen !== 'event:goal' || name === 'is' || name === 'contains',
  );
  const suggestions = useQuery(
    dimension === PROPERTY
      ? null
      : {
          site_id: base.site_id,
          date_range: base.date_range,
          metrics: ['visitors'],
          dimensions: [dimension],
          pagination: { limit: 100 },
        },
  );
  return (
    <Dialog title="Filter" close={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (value !== '' && dimension !== PROPERTY) add(operator, dimension, value);
        }}
      >
        <Choice
          label="What"
          options={[...FILTER_DIMENSIONS, [PROPERTY, 'Property…']]}
          value={chosen}
          set={(one) => {
            choose(one);
            setOperator('is');
          }}
        />
        {chosen === PROPERTY && <Input label="Property" value={key} required set={setKey} />}
        <Choice label="How" options={operators} value={operator} set={setOperator} />
        <Field label="Value">
          {(props) => (
            <>
              <input
                {...props}
                value={value}
                list="filter-values"
                required
                autocomplete="off"
                onInput={(event) => setValue(event.currentTarget.value)}
              />
              <datalist id="filter-values">
                {suggestions.data?.results.map(({ dimensions: [one = ''] }) => (
                  <option key={one} value={one} label={valueName(dimension, one)} />
                ))}
              </datalist>
            </>
          )}
        </Field>
        <footer>
          <button type="submit">Add the filter</button>
        </footer>
      </form>
    </Dialog>
  );
}
