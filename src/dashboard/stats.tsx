/** A pixel's statistics: headline, chart and panels of one period, with the same filters. */
import { amount } from './amount.ts';
import type { QueryResponse } from './api.ts';
import type { Base } from './base.ts';
import { Controls } from './controls.tsx';
import { FilterBar } from './filter-bar.tsx';
import { change, metricName, metricValue } from './format.ts';
import { type Resource, useQuery } from './hooks.ts';
import { lazy } from './lazy.tsx';
import { HEADLINES } from './metrics.ts';
import { Panels } from './panels.tsx';
import { PeriodButtons } from './period-buttons.tsx';
import { Progress } from './progress.tsx';
import { Shortcuts } from './shortcuts.tsx';
import type { Subject } from './subject.ts';
import { Timeline } from './timeline.tsx';
import { Age, Empty, ErrorMessage, Heading, isOld, Link } from './ui.tsx';
import { UnknownParts } from './unknown-parts.tsx';
import { useView } from './use-view.ts';
import { NO_DIALOG, rangeOf, type SetView, type View } from './view.ts';

const AllRows = lazy(() => import('./all-rows.tsx'), null);

export function Stats({ subject }: { readonly subject: Subject }) {
  const [view, set] = useView();

  const range = rangeOf(view.period, subject.timezone);
  const base: Base = {
    site_id: subject.id,
    date_range: range,
    ...(view.filters.length > 0 ? { filters: view.filters } : {}),
  };
  const metrics = HEADLINES.includes(view.metric) ? HEADLINES : [...HEADLINES, view.metric];
  const isCompared = view.compare !== 'none' && view.period !== 'all';
  const headline = useQuery(
    {
      ...base,
      // Only `events` is above zero for every event.
      metrics: [...new Set([...metrics, 'events'])],
      ...(isCompared ? { include: { comparisons: { mode: view.compare } } } : {}),
    },
    'first',
  );

  return (
    <Progress>
      <div class="sticky">
        <div class="row title">
          <Heading>{subject.name}</Heading>
          <span class="row">
            <PeriodButtons subject={subject} view={view} set={set} />
            <Controls subject={subject} view={view} set={set} />
          </span>
        </div>
        <FilterBar base={base} subject={subject} view={view} set={set} />
      </div>
      <UnknownParts />
      <p class="hidden" role="status">
        {headline.pending && 'Loading the statistics'}
      </p>
      {headline.failure && headline.data === null ? (
        <ErrorMessage failure={headline.failure} retry={headline.retry} />
      ) : (
        <div class={isOld(headline) ? 'old' : ''}>
          <Age resource={headline} />
          <Headlines resource={headline} metrics={metrics} view={view} set={set} />
        </div>
      )}
      {isEmpty(headline) ? (
        <NoData subject={subject} view={view} set={set} minGroup={headline.data?.meta.min_group} />
      ) : (
        <>
          <Timeline base={base} subject={subject} view={view} set={set} headline={headline} />
          <Panels base={base} subject={subject} view={view} set={set} />
        </>
      )}
      {view.all !== null && (
        <AllRows
          base={base}
          dimension={view.all}
          // Small-group protection allows one dimension.
          maySplit={headline.data?.meta.min_group === undefined}
          view={view}
          close={() => set(NO_DIALOG, 'replace')}
          set={set}
        />
      )}
      <Shortcuts view={view} set={set} />
    </Progress>
  );
}

function isEmpty({ data, pending }: Resource<QueryResponse>): boolean {
  return (
    !pending && data !== null && data.results.every((row) => row.metrics.every((value) => !amount(value)))
  );
}

interface NoDataProps {
  readonly subject: Subject;
  readonly view: View;
  readonly set: SetView;
  /** The smallest visible group, with small-group protection. */
  readonly minGroup: number | undefined;
}

/** Shown instead of empty charts and panels: why they are empty, and what to do. */
function NoData({ subject, view, set, minGroup }: NoDataProps) {
  const { filters, period } = view;
  if (minGroup !== undefined && filters.length === 0) {
    return (
      <Empty title="Nothing to show for this period">
        This pixel shows only days that are over and groups of at least {minGroup} visitors.{' '}
        {period !== 'all' && <AllTime set={set} />}
      </Empty>
    );
  }
  if (filters.length > 0) {
    return (
      <Empty title="Nothing in this period matches the filters">
        <button type="button" class="quiet" onClick={() => set({ filters: [] })}>
          Clear all filters
        </button>
      </Empty>
    );
  }
  return (
    <Empty title={period === 'all' ? 'No events yet' : 'No events in this period'}>
      {subject.install && (
        <Link class="button" href={subject.install}>
          Check the installation
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
  readonly resource: Resource<QueryResponse>;
  readonly metrics: readonly string[];
  readonly view: View;
  readonly set: SetView;
}

function Headlines({ resource, metrics, view, set }: HeadlinesProps) {
  const row = resource.data?.results[0];
  return (
    <section
      class={`headlines${resource.pending ? ' pending' : ''}${row ? '' : ' blank'}`}
      aria-label="Metrics. Choose one for the chart."
      aria-busy={resource.pending || resource.data === null}
    >
      {metrics.map((metric, index) => {
        const before = row?.comparison?.metrics[index];
        // A change from zero has no meaningful percentage.
        const difference = amount(before) ? change(metric, row?.comparison?.change[index]) : null;
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
            <span class="value">{row ? metricValue(metric, row.metrics[index], true) : ' '}</span>
            <span class="since">
              {row?.comparison && (
                <>
                  {difference && <span class={difference.mood}>{difference.text}</span>}{' '}
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
