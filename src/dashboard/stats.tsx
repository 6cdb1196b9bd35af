/** A pixel's statistics: headline, chart, panels; all of one period and with the same filters. */
import { useMemo } from 'preact/hooks';
import { AllRows } from './all-rows.tsx';
import { amount } from './amount.ts';
import type { Answer } from './api.ts';
import type { Base } from './base.ts';
import { Controls, FilterBar } from './controls.tsx';
import { change, metricName, metricValue } from './format.ts';
import { type Asked, go, useAnswer, usePlace } from './hooks.ts';
import { HEADLINES } from './metrics.ts';
import { Panels } from './panels.tsx';
import type { Subject } from './subject.ts';
import { Timeline } from './timeline.tsx';
import { Empty, Heading, Link, Trouble } from './ui.tsx';
import { parseView, rangeOf, type SetView, searchOf, type View } from './view.ts';

export function Stats({ subject }: { readonly subject: Subject }) {
  const { search } = usePlace();
  const view = useMemo(() => parseView(search), [search]);
  const set: SetView = (part, how = 'push') =>
    go(`${location.pathname}${searchOf({ ...view, ...part })}${location.hash}`, how);

  const range = rangeOf(view.period, subject.timezone);
  const base: Base = {
    site_id: subject.id,
    date_range: range,
    ...(view.filters.length > 0 ? { filters: view.filters } : {}),
  };
  const shown = HEADLINES.includes(view.metric) ? HEADLINES : [...HEADLINES, view.metric];
  const compared = view.compare !== 'none' && view.period !== 'all';
  const headline = useAnswer({
    ...base,
    // Whether anything at all was counted is told by events alone.
    metrics: [...new Set([...shown, 'events'])],
    ...(compared ? { include: { comparisons: { mode: view.compare } } } : {}),
  });

  return (
    <>
      <div class="row title">
        <Heading>{subject.name}</Heading>
        <Controls subject={subject} view={view} set={set} />
      </div>
      <FilterBar base={base} subject={subject} view={view} set={set} />
      {headline.failure ? (
        <Trouble failure={headline.failure} retry={headline.retry} />
      ) : (
        <>
          <Headlines asked={headline} metrics={shown} view={view} set={set} />
          {isEmpty(headline) ? (
            <Nothing subject={subject} view={view} set={set} least={headline.data?.meta.min_group} />
          ) : (
            <>
              <Timeline base={base} subject={subject} view={view} set={set} headline={headline} />
              <Panels base={base} subject={subject} view={view} set={set} />
            </>
          )}
        </>
      )}
      {view.all !== null && (
        <AllRows
          base={base}
          dimension={view.all}
          view={view}
          close={() => set({ all: null }, 'replace')}
          set={set}
        />
      )}
    </>
  );
}

function isEmpty({ data, pending }: Asked<Answer>): boolean {
  return (
    !pending && data !== null && data.results.every((row) => row.metrics.every((value) => !amount(value)))
  );
}

interface NothingProps {
  readonly subject: Subject;
  readonly view: View;
  readonly set: SetView;
  /** The fewest visitors that are shown, where there is such a bound. */
  readonly least: number | undefined;
}

/** In place of a chart and panels that would all be empty: why they are, and what to do. */
function Nothing({ subject, view, set, least }: NothingProps) {
  const { filters, period } = view;
  if (least !== undefined && filters.length === 0) {
    return (
      <Empty title="Nothing that may be shown in these days">
        This pixel shows days that are over, and groups of at least {least} visitors.{' '}
        {period !== 'all' && <AllTime set={set} />}
      </Empty>
    );
  }
  if (filters.length > 0) {
    return (
      <Empty title="Nothing in these days matches the filters">
        <button type="button" class="quiet" onClick={() => set({ filters: [] })}>
          Clear all filters
        </button>
      </Empty>
    );
  }
  return (
    <Empty title={period === 'all' ? 'No event has come yet' : 'Nothing was counted in these days'}>
      {subject.install && (
        <Link class="button" href={subject.install}>
          See whether it is installed
        </Link>
      )}{' '}
      {period !== 'all' && <AllTime set={set} />}
    </Empty>
  );
}

function AllTime({ set }: { readonly set: SetView }) {
  return (
    <button type="button" class="quiet" onClick={() => set({ period: 'all', step: null })}>
      Show all time
    </button>
  );
}

interface HeadlinesProps {
  readonly asked: Asked<Answer>;
  readonly metrics: readonly string[];
  readonly view: View;
  readonly set: SetView;
}

function Headlines({ asked, metrics, view, set }: HeadlinesProps) {
  const row = asked.data?.results[0];
  return (
    <section
      class={`headlines${asked.pending ? ' pending' : ''}`}
      aria-label="Metrics; choose one to chart it"
    >
      {metrics.map((metric, place) => {
        const before = row?.comparison?.metrics[place];
        // Of nothing, a hundred per cent more tells nothing.
        const changed = amount(before) ? change(metric, row?.comparison?.change[place]) : null;
        return (
          <button
            key={metric}
            type="button"
            class="headline"
            data-metric={metric}
            aria-pressed={metric === view.metric}
            onClick={() => set({ metric }, 'replace')}
          >
            <span class="name">{metricName(metric)}</span>
            <span class="value">{row ? metricValue(metric, row.metrics[place], true) : ' '}</span>
            <span class="since">
              {row?.comparison && (
                <>
                  {changed && <span class={changed.mood}>{changed.text}</span>}{' '}
                  <span class="muted">from {metricValue(metric, before, true)}</span>
                </>
              )}
            </span>
          </button>
        );
      })}
    </section>
  );
}
