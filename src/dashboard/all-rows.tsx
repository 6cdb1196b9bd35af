/** All rows of a dimension, in a dialog: searched, sorted, split by a second dimension, and saved as they are shown. */
import { useMemo, useState } from 'preact/hooks';
import type { QueryResponse } from './api.ts';
import type { Base } from './base.ts';
import { CsvButton } from './csv-button.tsx';
import { splitsOf } from './dimensions.ts';
import { count, dayRange, dimensionName, pluralName } from './format.ts';
import { InlineChoice } from './forms.tsx';
import { unnamedLast } from './panels/dimension-rows.tsx';
import { metricsOf } from './panels/metrics.ts';
import { useRows } from './panels/use-rows.ts';
import { rowName } from './row-name.ts';
import { type Head, Rows } from './rows.tsx';
import { nextSort, parseSort, sortRows } from './sort-rows.ts';
import type { Subject } from './subject.ts';
import { hasGoal } from './tiles.ts';
import { Dialog, Empty, ResourceView } from './ui.tsx';
import { comparisonOf, type SetView, type View } from './view.ts';

const ROWS_PER_PAGE = 50;
const MAX_ROWS = 10_000;

interface Props {
  readonly base: Base;
  readonly subject: Subject;
  readonly dimension: string;
  /** Whether rows may be split by a second dimension. */
  readonly maySplit: boolean;
  readonly view: View;
  readonly close: () => void;
  readonly set: SetView;
}

export default function AllRows({ base, subject, dimension, maySplit, view, close, set }: Props) {
  const [search, setSearch] = useState('');
  const [page, setPage] = useState(0);
  const splits = maySplit ? splitsOf(dimension) : [];
  const split = splits.some(([name]) => name === view.split) ? view.split : null;
  const metrics = metricsOf(dimension, { all: true, split, hasGoal: hasGoal(view.filters) });
  const comparison = comparisonOf(view);
  const { resource, dimensions, query } = useRows({
    base,
    dimension,
    metrics,
    limit: MAX_ROWS,
    split,
    comparison,
  });
  const what = pluralName(dimension) + (split === null ? '' : ` by ${withinText(dimensionName(split))}`);
  const days = resource.data?.query.date_range.map((end) => end.slice(0, 10)) as [string, string] | undefined;
  const sort = parseSort(view.sort ?? `-${metrics[0]}`);
  const hasChange = resource.data?.results.some((row) => row.comparison) ?? false;
  const headOf = (column: string, label: string): Head => ({
    sort: column !== sort.column ? 'none' : sort.isDescending ? 'descending' : 'ascending',
    content: (
      <button
        type="button"
        class="sort"
        onClick={() => {
          setPage(0);
          set({ sort: nextSort(sort, column) }, 'replace');
        }}
      >
        {label}
        <span aria-hidden="true">{column !== sort.column ? '' : sort.isDescending ? ' ↓' : ' ↑'}</span>
      </button>
    ),
  });
  const term = search.trim().toLowerCase();
  const rowsOf = (response: QueryResponse): QueryResponse => {
    const matches = response.results.filter((row) =>
      `${row.dimensions.join(' ')}\n${rowName(row, dimensions)}`.toLowerCase().includes(term),
    );
    const named = split === null ? dimensions : dimensions.slice(0, -1);
    const sorted = view.sort === null ? matches : sortRows(matches, sort, { named, split, metrics });
    return { ...response, results: unnamedLast(sorted, dimension) };
  };
  const shown = useMemo(() => resource.data && rowsOf(resource.data), [resource.data, term, view.sort]);
  return (
    <Dialog title={days ? `${what}, ${dayRange(...days)}` : what} close={close} wide>
      <div class="row tools">
        <input
          type="search"
          autofocus
          placeholder="Search"
          aria-label={`Search ${pluralName(dimension)}`}
          value={search}
          onInput={(event) => {
            setSearch(event.currentTarget.value);
            setPage(0);
          }}
        />
        {splits.length > 0 && (
          <InlineChoice
            label="Split by"
            options={[
              ['', 'Split by…'],
              ...splits.map(([name, label]) => [name, `by ${withinText(label)}`] as const),
            ]}
            value={split ?? ''}
            set={(name) => {
              setPage(0);
              set({ split: name === '' ? null : name, sort: null }, 'replace');
            }}
          />
        )}
        {shown && (
          <CsvButton site={subject.name} query={query} what={what} shown={{ response: shown, hasChange }} />
        )}
      </div>
      <ResourceView resource={resource} rows={12}>
        {(response) => {
          const { results } = shown ?? rowsOf(response);
          const pages = Math.max(1, Math.ceil(results.length / ROWS_PER_PAGE));
          const all = response.meta.total_rows ?? response.results.length;
          return (
            <>
              {results.length === 0 ? (
                <Empty title={term === '' ? 'No data for this period' : 'No rows match'}>
                  {term !== '' && (
                    <button type="button" class="quiet" onClick={() => setSearch('')}>
                      Clear the search
                    </button>
                  )}
                </Empty>
              ) : (
                <Rows
                  response={{
                    ...response,
                    results: results.slice(page * ROWS_PER_PAGE, (page + 1) * ROWS_PER_PAGE),
                  }}
                  dimensions={dimensions}
                  split={split}
                  metrics={metrics}
                  site={subject.url}
                  hasChange={hasChange}
                  headOf={headOf}
                  view={view}
                  set={set}
                />
              )}
              <footer class="row">
                <span class="muted" role="status">
                  {count(results.length)} of {count(all)} rows
                  {all > MAX_ROWS && `, searched and sorted in the first ${count(MAX_ROWS)}`}
                </span>
                {pages > 1 && <Pages page={page} pages={pages} goTo={setPage} />}
              </footer>
            </>
          );
        }}
      </ResourceView>
    </Dialog>
  );
}

/** A label within a text, where only an abbreviation such as UTM keeps its capitals. */
function withinText(label: string): string {
  return /^[A-Z]{2}/.test(label) ? label : label.charAt(0).toLowerCase() + label.slice(1);
}

interface PagesProps {
  /** From 0. */
  readonly page: number;
  readonly pages: number;
  readonly goTo: (page: number) => void;
}

function Pages({ page, pages, goTo }: PagesProps) {
  return (
    <span class="row">
      <button type="button" class="quiet" disabled={page === 0} onClick={() => goTo(page - 1)}>
        Previous
      </button>
      <span class="muted">
        {count(page + 1)} / {count(pages)}
      </span>
      <button type="button" class="quiet" disabled={page >= pages - 1} onClick={() => goTo(page + 1)}>
        Next
      </button>
    </span>
  );
}
