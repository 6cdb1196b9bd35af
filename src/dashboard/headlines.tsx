/** The metrics above the chart, compared with another range. */
import { amount, hasCurrencies } from './amount.ts';
import type { QueryResponse } from './api.ts';
import { exactnessOf, marginText, UNKNOWN, UNKNOWN_SHORT } from './estimate.ts';
import type { Resource } from './hooks.ts';
import type { Tiles } from './tiles.ts';
import { Approximately, ChangeText, ShortValue } from './value.tsx';
import type { SetView, View } from './view.ts';

/** Above zero for every event, so it tells whether a range has any. */
export const PRESENCE = 'events';

interface Props {
  readonly resource: Resource<QueryResponse>;
  /** The metrics of the query. */
  readonly requested: readonly string[];
  readonly tiles: Tiles;
  /** The metrics to show. */
  readonly metrics: readonly string[];
  /** The days of the comparison, in words. */
  readonly versus: string | undefined;
  readonly view: View;
  readonly set: SetView;
}

export function Headlines({ resource, requested, tiles, metrics, versus, view, set }: Props) {
  const { data, pending } = resource;
  const row = data?.results[0];
  // Nothing is compared with a range that has no events.
  const before = hadEvents(data, requested) ? row?.comparison : undefined;
  return (
    <section
      class={`headlines${pending ? ' pending' : ''}${row ? '' : ' blank'}`}
      aria-label="Metrics. Choose one for the chart."
      aria-busy={pending || data === null}
    >
      {metrics.map((metric) => {
        const index = requested.indexOf(metric);
        const value = before?.metrics[index];
        const exactness = data ? exactnessOf(data, row, metric, index) : null;
        const margin = exactness === 'unknown' ? null : exactness;
        return (
          <button
            key={metric}
            type="button"
            class="headline"
            data-metric={metric}
            aria-pressed={metric === view.metric}
            onClick={() => set({ metric }, 'replace')}
          >
            <span class="name">{tiles.nameOf(metric)}</span>
            <span class="value">
              {margin && <Approximately />}
              {row ? <ShortValue metric={metric} value={row.metrics[index]} /> : ' '}
            </span>
            <span class="since">
              {exactness === 'unknown' && (
                <span class="muted" title={UNKNOWN}>
                  {UNKNOWN_SHORT}
                </span>
              )}
              {margin && (
                <span class="muted margin">{marginText(metric, row?.metrics[index], margin, true)} </span>
              )}
              {hasCurrencies(data, metric) ? (
                <span class="muted">in several currencies</span>
              ) : (
                before && (
                  <>
                    {/* A change from zero has no meaningful percentage. */}
                    {amount(value) ? <ChangeText metric={metric} value={before.change[index] ?? null} /> : ''}{' '}
                    <span class="muted" title={versus}>
                      from <ShortValue metric={metric} value={value} />
                    </span>
                  </>
                )
              )}
            </span>
          </button>
        );
      })}
    </section>
  );
}

/** Whether the range of the comparison has any events. */
export function hadEvents(data: QueryResponse | null, requested: readonly string[]): boolean {
  return Boolean(amount(data?.results[0]?.comparison?.metrics[requested.indexOf(PRESENCE)]));
}
