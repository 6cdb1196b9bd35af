/** All rows of a dimension, in a dialog with search, pages and a second dimension. The API makes the CSV file. */
import { useState } from 'preact/hooks';
import type { Base } from './base.ts';
import { CsvButton } from './csv-button.tsx';
import { splitsOf } from './dimensions.ts';
import { count, dimensionName } from './format.ts';
import { InlineChoice } from './forms.tsx';
import { metricsOf } from './panels/metrics.ts';
import { useRows } from './panels/use-rows.ts';
import { Rows, rowName } from './rows.tsx';
import { Dialog, Empty, ResourceView } from './ui.tsx';
import type { SetView, View } from './view.ts';

const ROWS_PER_PAGE = 50;
const MAX_ROWS = 10_000;

interface Props {
  readonly base: Base;
  readonly dimension: string;
  /** Whether rows may be split by a second dimension. */
  readonly maySplit: boolean;
  readonly view: View;
  readonly close: () => void;
  readonly set: SetView;
}

export default function AllRows({ base, dimension, maySplit, view, close, set }: Props) {
  const [search, setSearch] = useState('');
  const [page, setPage] = useState(0);
  const splits = maySplit ? splitsOf(dimension) : [];
  const split = splits.some(([name]) => name === view.split) ? view.split : null;
  const metrics = metricsOf(dimension, true, split);
  const { resource, dimensions, query } = useRows(base, dimension, metrics, MAX_ROWS, split);
  const title = dimensionName(dimension) + (split === null ? '' : ` by ${withinText(dimensionName(split))}`);
  return (
    <Dialog title={title} close={close} wide>
      <div class="row tools">
        <input
          type="search"
          autofocus
          placeholder="Search"
          aria-label={`Search ${dimensionName(dimension)}`}
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
              set({ split: name === '' ? null : name }, 'replace');
            }}
          />
        )}
        <CsvButton query={query} what={title} />
      </div>
      <ResourceView resource={resource} rows={12}>
        {(response) => {
          const term = search.trim().toLowerCase();
          const matches = response.results.filter((row) =>
            `${row.dimensions.join(' ')}\n${rowName(row, dimensions)}`.toLowerCase().includes(term),
          );
          const pages = Math.max(1, Math.ceil(matches.length / ROWS_PER_PAGE));
          const all = response.meta.total_rows ?? response.results.length;
          return (
            <>
              {matches.length === 0 ? (
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
                    results: matches.slice(page * ROWS_PER_PAGE, (page + 1) * ROWS_PER_PAGE),
                  }}
                  dimensions={dimensions}
                  split={split}
                  metrics={metrics}
                  view={view}
                  set={set}
                />
              )}
              <footer class="row">
                <span class="muted" role="status">
                  {count(matches.length)} of {count(all)} rows
                  {all > MAX_ROWS && `, searched in the first ${count(MAX_ROWS)}`}
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
