/** The values of a dimension in a period with their visitors, to choose several of them. */
import { useEffect, useId, useState } from 'preact/hooks';
import { amount } from './amount.ts';
import type { QueryRequest } from './api.ts';
import type { Base } from './base.ts';
import { count, dimensionName, metricValue, valueName } from './format.ts';
import { useQuery } from './hooks.ts';
import { ErrorMessage, Loading, Text } from './ui.tsx';

/** The most values that are listed at once. If a dimension has more, the API searches them. */
const MAX_VALUES = 200;
/** Milliseconds after the last key until the API is asked. */
const TYPING_PAUSE = 250;
/** A row that stands for more than one value. No filter can name it. */
const FOLDED = '(other)';

interface Props {
  /** The pixel, its days and the other filters. */
  readonly base: Base;
  /** Null: not known yet. */
  readonly dimension: string | null;
  readonly chosen: readonly string[];
  readonly choose: (values: readonly string[]) => void;
}

export function ValueList({ base, dimension, chosen, choose }: Props) {
  const id = useId();
  const [term, setTerm] = useState('');
  const [searched, setSearched] = useState('');
  const [chosenBefore] = useState(chosen);
  const query = dimension === null ? null : queryOf(base, dimension);
  const first = useQuery(query);
  const isComplete = first.data === null || (first.data.meta.total_rows ?? 0) <= MAX_VALUES;
  useEffect(() => {
    const timer = setTimeout(() => setSearched(term.trim()), TYPING_PAUSE);
    return () => clearTimeout(timer);
  }, [term]);
  const found = useQuery(
    isComplete || searched === '' || dimension === null ? null : queryOf(base, dimension, searched),
  );
  const resource = found.data || found.failure ? found : first;
  const visitors = new Map(
    resource.data?.results.map(({ dimensions: [value = ''], metrics }) => [value, amount(metrics[0])]),
  );
  const listed = new Set(first.data?.results.map(({ dimensions: [value = ''] }) => value));
  // At the top: what was chosen before, and what is not in the list.
  const top = [...chosenBefore, ...chosen.filter((value) => !listed.has(value))];
  const nameOf = (value: string): string => valueName(dimension ?? '', value);
  const needle = term.trim().toLowerCase();
  // The API matches other spellings, too.
  const isMatch = (value: string): boolean =>
    (resource === found && visitors.has(value)) ||
    `${value}\n${nameOf(value)}`.toLowerCase().includes(needle);
  const values = [...new Set([...top, ...visitors.keys()])].filter(
    (value) => value !== FOLDED && isMatch(value),
  );
  const exact = values.find((value) => [value, nameOf(value)].some((one) => one.toLowerCase() === needle));
  const toggle = (value: string): void =>
    choose(chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value]);
  const add = (value: string): void => {
    if (!chosen.includes(value)) choose([...chosen, value]);
    setTerm('');
  };
  return (
    <fieldset class="choose">
      <legend>Values</legend>
      <input
        type="search"
        placeholder={`Search ${dimension === null ? '' : dimensionName(dimension).toLowerCase()}`}
        aria-label="Search the values"
        aria-describedby={`${id}h`}
        value={term}
        autocomplete="off"
        onInput={(event) => setTerm(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || needle === '' || dimension === null) return;
          event.preventDefault();
          add(exact ?? values[0] ?? term.trim());
        }}
      />
      {resource.failure ? (
        <ErrorMessage failure={resource.failure} retry={resource.retry} />
      ) : dimension !== null && first.data === null ? (
        <Loading rows={5} />
      ) : (
        <ul class="values" aria-label="Values" aria-busy={resource.pending}>
          {values.map((value) => (
            <li key={value}>
              <label class="check-box">
                <input type="checkbox" checked={chosen.includes(value)} onChange={() => toggle(value)} />
                <Text>{nameOf(value)}</Text>
                {visitors.has(value) && (
                  <span class="number muted">
                    {metricValue('visitors', visitors.get(value))}
                    <span class="hidden"> visitors</span>
                  </span>
                )}
              </label>
            </li>
          ))}
        </ul>
      )}
      {needle !== '' && exact === undefined && (
        <button type="button" class="quiet" onClick={() => add(term.trim())}>
          <Text>{`Add “${term.trim()}”`}</Text>
        </button>
      )}
      <p class="muted note" id={`${id}h`}>
        <span role="status">
          {chosen.length === 0 ? 'None selected' : `${count(chosen.length)} selected`}.
        </span>{' '}
        With the visitors of this period.
      </p>
    </fieldset>
  );
}

function queryOf(base: Base, dimension: string, term = ''): QueryRequest {
  const { filters = [], ...rest } = base;
  const search = ['contains', dimension, [term], { case_sensitive: false }] as const;
  const all = term === '' ? filters : [...filters, search];
  return {
    ...rest,
    metrics: ['visitors'],
    dimensions: [dimension],
    ...(all.length > 0 ? { filters: all } : {}),
    include: { ...base.include, total_rows: true },
    pagination: { limit: MAX_VALUES },
  };
}
