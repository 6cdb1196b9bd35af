/** A pixel's statistics: headline, chart and panels of one period, with the same filters. */
import { amount } from './amount.ts';
import type { QueryResponse } from './api.ts';
import type { Base } from './base.ts';
import { comparedText } from './compared.ts';
import { Controls } from './controls.tsx';
import { FilterBar } from './filter-bar.tsx';
import { Headlines, hadEvents, PRESENCE } from './headlines.tsx';
import { type Resource, useQuery, Version } from './hooks.ts';
import { lazy } from './lazy.tsx';
import { loadLater } from './load-later.ts';
import { PeriodButtons } from './period-buttons.tsx';
import { Progress } from './progress.tsx';
import { useVersion } from './refresh.ts';
import { Shortcuts } from './shortcuts.tsx';
import type { Subject } from './subject.ts';
import { hasGoal, type Tiles, tilesOf } from './tiles.ts';
import { Timeline } from './timeline.tsx';
import { Age, ErrorMessage, Heading, isOld } from './ui.tsx';
import { UnknownParts } from './unknown-parts.tsx';
import { useView } from './use-view.ts';
import {
  comparedDays,
  comparisonOf,
  daysOf,
  NO_DIALOG,
  rangeOf,
  type SetView,
  todayIn,
  type View,
} from './view.ts';

// Loads while the headline is requested. Until then, its place is as high as two panels.
const Panels = loadLater(
  (later) => later.Panels,
  <div class="panels" aria-busy="true">
    <section class="panel" />
    <section class="panel" />
  </div>,
);
const AllRows = lazy(() => import('./all-rows.tsx'), null);
const Badge = loadLater((later) => later.Badge, null);
const NoData = loadLater((later) => later.NoData, null);

/** Milliseconds between refreshes of a range that includes today. */
const INTERVAL = 60_000;

export function Stats({ subject }: { readonly subject: Subject }) {
  const [view, set] = useView();
  const { timezone } = subject;
  const includesToday = daysOf(rangeOf(view.period, timezone), timezone)[1] >= todayIn(timezone);
  const [version, refresh] = useVersion(INTERVAL, includesToday);
  return (
    <Progress>
      <Version.Provider value={version}>
        <StatsOf subject={subject} requestedView={view} set={set} refresh={refresh} />
      </Version.Provider>
    </Progress>
  );
}

interface Props {
  readonly subject: Subject;
  readonly requestedView: View;
  readonly set: SetView;
  readonly refresh: () => void;
}

function StatsOf({ subject, requestedView, set, refresh }: Props) {
  const tiles = tilesOf(requestedView.filters);
  const view = isCharted(tiles, requestedView) ? requestedView : { ...requestedView, metric: 'visitors' };

  const range = rangeOf(view.period, subject.timezone);
  const hasImports = isImported(subject, view, range);
  const base: Base = {
    site_id: subject.id,
    date_range: range,
    ...(view.filters.length > 0 ? { filters: view.filters } : {}),
    ...(hasImports && view.imports ? { include: { imports: true } } : {}),
  };
  const metrics = tiles.metrics.includes(view.metric) ? tiles.metrics : [...tiles.metrics, view.metric];
  const requested = [...new Set([...metrics, PRESENCE])];
  const comparison = comparisonOf(view);
  const headline = useQuery(
    {
      ...base,
      metrics: requested,
      ...(comparison ? { include: { ...base.include, comparisons: comparison } } : {}),
    },
    'first',
  );
  const { comparison_date_range: versus, comparison_until } = headline.data?.meta ?? {};

  return (
    <>
      <div class="sticky">
        <div class="row title">
          <span class="row">
            <Heading>{subject.name}</Heading>
            <Badge base={base} subject={subject} />
          </span>
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
          <Headlines
            resource={headline}
            requested={requested}
            tiles={tiles}
            metrics={metrics}
            versus={versus && comparedText(versus, comparison_until, subject.timezone)}
            view={view}
            set={set}
          />
        </div>
      )}
      {isEmpty(headline) ? (
        <NoData subject={subject} view={view} set={set} minGroup={headline.data?.meta.min_group} />
      ) : (
        <>
          <Timeline
            base={base}
            subject={subject}
            view={view}
            set={set}
            tiles={tiles}
            headline={headline}
            hasImports={hasImports}
            hasBefore={headline.pending || headline.data === null || hadEvents(headline.data, requested)}
            refresh={refresh}
          />
          <Panels base={base} subject={subject} view={view} set={set} />
        </>
      )}
      {view.all !== null && (
        <AllRows
          base={base}
          subject={subject}
          dimension={view.all}
          // Small-group protection allows one dimension.
          maySplit={headline.data?.meta.min_group === undefined}
          view={view}
          close={() => set(NO_DIALOG, 'replace')}
          set={set}
        />
      )}
      <Shortcuts view={view} set={set} />
    </>
  );
}

/** Whether a view's metric can be shown. Any other than those of visits is left to the API. */
const isCharted = ({ charted }: Tiles, { metric, filters }: View): boolean =>
  charted.includes(metric) || !hasGoal(filters);

/** Whether a view's days, or those that they are compared with, may have imported totals. */
function isImported({ imported, timezone }: Subject, view: View, range: ReturnType<typeof rangeOf>): boolean {
  const first = comparedDays(view, range, timezone) ?? daysOf(range, timezone);
  return imported !== undefined && first[0] <= imported.to;
}

function isEmpty({ data, pending }: Resource<QueryResponse>): boolean {
  return (
    !pending && data !== null && data.results.every((row) => row.metrics.every((value) => !amount(value)))
  );
}
