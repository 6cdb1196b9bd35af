/** The filters of a view as chips. A click on a chip edits it. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Filter } from './api.ts';
import type { Base } from './base.ts';
import { OPERATORS, type Operator, withFilter } from './filters.ts';
import { count, dimensionName, valueName } from './format.ts';
import { useKeys } from './keys.ts';
import { lazy } from './lazy.tsx';
import type { Subject } from './subject.ts';
import type { SetView, View } from './view.ts';

const FilterEditor = lazy(() => import('./filter-editor.tsx'), null);

/** The most values that a chip names. */
const MAX_NAMED = 3;

interface FilterBarProps {
  readonly base: Base;
  readonly subject: Subject;
  readonly view: View;
  readonly set: SetView;
}

export function FilterBar({ base, subject, view, set }: FilterBarProps) {
  const { filters } = view;
  // The position of the filter in the editor; the number of filters for a new one.
  const [edited, edit] = useState<number | null>(null);
  const bar = useRef<HTMLElement>(null);
  // The button that takes the focus once the filters have changed.
  const next = useRef('');
  useLayoutEffect(() => {
    if (next.current === '') return;
    const last = bar.current?.querySelector<HTMLElement>('.add');
    (bar.current?.querySelector<HTMLElement>(next.current) ?? last)?.focus();
    next.current = '';
  }, [filters]);
  const add = (): void => edit(filters.length);
  useKeys({ f: add, '/': add });
  const change = (changed: readonly Filter[], focus: string): void => {
    next.current = focus;
    set({ filters: changed });
  };
  return (
    <section class="filters" aria-label="Filters" ref={bar}>
      {filters.map((filter, index) => {
        const names = namesOf(filter);
        const text = `${dimensionName(filter[1])} ${OPERATORS[filter[0] as Operator]} ${alternatives(names)}`;
        return (
          <span class="chip" key={index} data-filter={index}>
            <button
              type="button"
              class="what"
              aria-haspopup="dialog"
              title={text}
              onClick={() => edit(index)}
            >
              <span class="hidden">Edit the filter: </span>
              {dimensionName(filter[1])} {OPERATORS[filter[0] as Operator]}{' '}
              <bdi>
                {names.length > MAX_NAMED
                  ? `${names.slice(0, MAX_NAMED - 1).join(', ')} or ${count(names.length - MAX_NAMED + 1)} more`
                  : alternatives(names)}
              </bdi>
            </button>
            <button
              type="button"
              class="away"
              aria-label={`Remove the filter ${text.slice(0, 120)}`}
              onClick={() =>
                change(
                  filters.filter((one) => one !== filter),
                  `[data-filter="${Math.min(index, filters.length - 2)}"] .away`,
                )
              }
            >
              ✕
            </button>
          </span>
        );
      })}
      <button type="button" class="quiet add" aria-haspopup="dialog" aria-keyshortcuts="f /" onClick={add}>
        + Filter
      </button>
      {filters.length > 1 && (
        <button type="button" class="quiet" onClick={() => change([], '.add')}>
          Clear all
        </button>
      )}
      {edited !== null && (
        <FilterEditor
          key={edited}
          base={base}
          timezone={subject.timezone}
          filters={filters}
          index={edited}
          close={() => edit(null)}
          apply={(filter) => {
            const changed = withFilter(filters, edited, filter);
            const at = changed.findIndex(([how, what]) => how === filter[0] && what === filter[1]);
            edit(null);
            change(changed, `[data-filter="${at}"] .what`);
          }}
        />
      )}
    </section>
  );
}

const namesOf = ([operator, dimension, values]: Filter): string[] =>
  values.map((value) => (operator.startsWith('is') ? valueName(dimension, value) : value) || '(empty)');

const alternatives = (names: readonly string[]): string =>
  names.length > 1 ? `${names.slice(0, -1).join(', ')} or ${names.at(-1)}` : (names[0] ?? '');
