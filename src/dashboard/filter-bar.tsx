/** The filters of a view as chips, and the dialog that adds one. */
import { useState } from 'preact/hooks';
import type { Base } from './base.ts';
import { FILTER_DIMENSIONS } from './dimensions.ts';
import { dimensionName, valueName } from './format.ts';
import { Choice, Field, Input } from './forms.tsx';
import { useQuery } from './hooks.ts';
import { Dialog } from './ui.tsx';
import { negateFilter, OPERATORS, oppositeOf, type SetView, type View, withValue } from './view.ts';

interface FilterBarProps {
  readonly base: Base;
  readonly view: View;
  readonly set: SetView;
}

export function FilterBar({ base, view, set }: FilterBarProps) {
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
