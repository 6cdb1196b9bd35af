/** All rows of a dimension: searched and leafed through here, saved as CSV by the API. */
import { useState } from 'preact/hooks';
import type { Base } from './base.ts';
import { CsvButton } from './csv-button.tsx';
import { count, dimensionName } from './format.ts';
import { metricsOf } from './panels/metrics.ts';
import { useRows } from './panels/use-rows.ts';
import { Rows, rowName } from './rows.tsx';
import { Dialog, Empty, Show } from './ui.tsx';
import type { SetView, View } from './view.ts';

const PAGE = 50;
const MOST = 10_000;

interface Props {
  readonly base: Base;
  readonly dimension: string;
  readonly view: View;
  readonly close: () => void;
  readonly set: SetView;
}

export function AllRows({ base, dimension, view, close, set }: Props) {
  const [search, setSearch] = useState('');
  const [page, setPage] = useState(0);
  const metrics = metricsOf(dimension, true);
  const { asked, dimensions, question } = useRows(base, dimension, metrics, MOST);
  return (
    <Dialog title={dimensionName(dimension)} close={close} wide>
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
        <CsvButton question={question} what={dimensionName(dimension)} />
      </div>
      <Show asked={asked} rows={12}>
        {(answer) => {
          const wanted = search.trim().toLowerCase();
          const found = answer.results.filter((row) =>
            `${row.dimensions.join(' ')}\n${rowName(row, dimensions)}`.toLowerCase().includes(wanted),
          );
          const pages = Math.max(1, Math.ceil(found.length / PAGE));
          const all = answer.meta.total_rows ?? answer.results.length;
          return (
            <>
              {found.length === 0 ? (
                <Empty title={wanted === '' ? 'Nothing in these days' : 'No row has this in it'} />
              ) : (
                <Rows
                  answer={{ ...answer, results: found.slice(page * PAGE, (page + 1) * PAGE) }}
                  dimensions={dimensions}
                  metrics={metrics}
                  view={view}
                  set={set}
                />
              )}
              <footer class="row">
                <span class="muted" role="status">
                  {count(found.length)} of {count(all)} rows
                  {all > MOST && `, searched in the first ${count(MOST)}`}
                </span>
                {pages > 1 && <Pages page={page} pages={pages} turn={setPage} />}
              </footer>
            </>
          );
        }}
      </Show>
    </Dialog>
  );
}

interface PagesProps {
  /** From 0. */
  readonly page: number;
  readonly pages: number;
  readonly turn: (page: number) => void;
}

function Pages({ page, pages, turn }: PagesProps) {
  return (
    <span class="row">
      <button type="button" class="quiet" disabled={page === 0} onClick={() => turn(page - 1)}>
        Previous
      </button>
      <span class="muted">
        {count(page + 1)} / {count(pages)}
      </span>
      <button type="button" class="quiet" disabled={page >= pages - 1} onClick={() => turn(page + 1)}>
        Next
      </button>
    </span>
  );
}
