/** All rows of a dimension: searched and leafed through here, saved as CSV by the API. */
import { useState } from 'preact/hooks';
import { saveCsv } from './api.ts';
import { count, dimensionName, valueName } from './format.ts';
import { useSending } from './forms.tsx';
import { useAnswer } from './hooks.ts';
import { metricsOf } from './panels.tsx';
import { Rows } from './rows.tsx';
import type { Base } from './stats.tsx';
import { Dialog, Empty, Show, Trouble } from './ui.tsx';
import type { View } from './view.ts';

const PAGE = 50;
const MOST = 10_000;

export function AllRows({
  base,
  dimension,
  view,
  close,
  set,
}: {
  readonly base: Base;
  readonly dimension: string;
  readonly view: View;
  readonly close: () => void;
  readonly set: (part: Partial<View>) => void;
}) {
  const [search, setSearch] = useState('');
  const [page, setPage] = useState(0);
  const saving = useSending();
  const metrics = metricsOf(dimension, true);
  const question = { ...base, metrics, dimensions: [dimension] };
  const asked = useAnswer({ ...question, include: { total_rows: true }, pagination: { limit: MOST } });
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
        <button
          type="button"
          class="quiet"
          disabled={saving.busy}
          onClick={() =>
            saving.send(async () => {
              await saveCsv(question, `${dimension.replaceAll(/\W+/g, '-')}.csv`);
              return undefined;
            })
          }
        >
          Save as CSV
        </button>
      </div>
      {saving.failure && <Trouble failure={saving.failure} />}
      <Show asked={asked} rows={12}>
        {(answer) => {
          const wanted = search.trim().toLowerCase();
          const found = answer.results.filter(({ dimensions: [value = ''] }) =>
            `${value}\n${valueName(dimension, value)}`.toLowerCase().includes(wanted),
          );
          const pages = Math.max(1, Math.ceil(found.length / PAGE));
          const all = answer.meta.total_rows ?? answer.results.length;
          return (
            <>
              {found.length === 0 && wanted !== '' ? (
                <Empty title="No row has this in it" />
              ) : (
                <Rows
                  answer={{ ...answer, results: found.slice(page * PAGE, (page + 1) * PAGE) }}
                  dimension={dimension}
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
                {pages > 1 && (
                  <span class="row">
                    <button
                      type="button"
                      class="quiet"
                      disabled={page === 0}
                      onClick={() => setPage(page - 1)}
                    >
                      Previous
                    </button>
                    <span class="muted">
                      {count(page + 1)} / {count(pages)}
                    </span>
                    <button
                      type="button"
                      class="quiet"
                      disabled={page >= pages - 1}
                      onClick={() => setPage(page + 1)}
                    >
                      Next
                    </button>
                  </span>
                )}
              </footer>
            </>
          );
        }}
      </Show>
    </Dialog>
  );
}
