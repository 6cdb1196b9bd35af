/** A pixel's statistics: headline, chart, panels; all of one period and with the same filters. */
import { useMemo } from 'preact/hooks';
import { AllRows } from './all-rows.tsx';
import type { Answer, MetricValue, Question, Row } from './api.ts';
import { Chart, type Series } from './chart.tsx';
import { Controls, FilterBar } from './controls.tsx';
import { amount, change, dayRange, metricName, metricValue, moment, type Step } from './format.ts';
import { type Asked, go, useAnswer, usePlace } from './hooks.ts';
import { Panels } from './panels.tsx';
import type { Subject } from './subject.ts';
import { Heading, Trouble } from './ui.tsx';
import { addDays, parseView, rangeOf, searchOf, stepsOf, todayIn, type View } from './view.ts';

const HEADLINES = ['visitors', 'visits', 'pageviews', 'views_per_visit', 'bounce_rate', 'visit_duration'];
const CHARTED = [
  ...HEADLINES,
  'events',
  'time_on_page',
  'scroll_depth',
  'conversion_rate',
  'total_revenue',
  'average_revenue',
  'people',
];

/** What every question of this page begins with. */
export type Base = Pick<Question, 'site_id' | 'date_range' | 'filters'>;

export function Stats({ subject }: { readonly subject: Subject }) {
  const { search } = usePlace();
  const view = useMemo(() => parseView(search), [search]);
  const set = (part: Partial<View>, how: 'push' | 'replace' = 'push'): void =>
    go(`${location.pathname}${searchOf({ ...view, ...part })}${location.hash}`, how);

  const range = rangeOf(view.period, subject.timezone);
  const base: Base = {
    site_id: subject.id,
    date_range: range,
    ...(view.filters.length > 0 ? { filters: view.filters } : {}),
  };
  const extra = HEADLINES.includes(view.metric) ? [] : [view.metric];
  const compared = view.compare !== 'none' && view.period !== 'all';
  const headline = useAnswer({
    ...base,
    metrics: [...HEADLINES, ...extra],
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
          <Headlines asked={headline} metrics={[...HEADLINES, ...extra]} view={view} set={set} />
          <Timeline base={base} subject={subject} view={view} set={set} headline={headline} />
          <Panels base={base} subject={subject} view={view} set={set} />
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

interface HeadlinesProps {
  readonly asked: Asked<Answer>;
  readonly metrics: readonly string[];
  readonly view: View;
  readonly set: (part: Partial<View>, how?: 'push' | 'replace') => void;
}

function Headlines({ asked, metrics, view, set }: HeadlinesProps) {
  const row = asked.data?.results[0];
  return (
    <section
      class={`headlines${asked.pending ? ' pending' : ''}`}
      aria-label="Metrics; choose one to chart it"
    >
      {metrics.map((metric, place) => {
        const changed = change(metric, row?.comparison?.change[place]);
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
                  <span class="muted">
                    <span class="hidden">before: </span>
                    {metricValue(metric, row.comparison.metrics[place], true)}
                  </span>
                </>
              )}
            </span>
          </button>
        );
      })}
    </section>
  );
}

interface TimelineProps extends Omit<HeadlinesProps, 'asked' | 'metrics'> {
  readonly base: Base;
  readonly subject: Subject;
  readonly headline: Asked<Answer>;
}

function Timeline({ base, subject, view, set, headline }: TimelineProps) {
  const { steps, usual } = stepsOf(view.period);
  const step = view.step !== null && steps.includes(view.step) ? view.step : usual;
  const overTime: Omit<Question, 'date_range'> = {
    ...base,
    metrics: [view.metric],
    dimensions: [`time:${step}`],
    include: { time_labels: true },
  };
  const asked = useAnswer({ ...overTime, date_range: base.date_range });
  const before = headline.data?.meta.comparison_date_range;
  const other = useAnswer(
    before && !headline.pending ? { ...overTime, date_range: [before[0], before[1]] } : null,
  );
  const series = useMemo(() => seriesOf(asked.data, view.metric), [asked.data]);
  const otherSeries = useMemo(
    () => (other.data && before ? seriesOf(other.data, view.metric) : null),
    [other.data, before],
  );
  const range = headline.data?.query.date_range;
  const today = todayIn(subject.timezone);
  const currency = currencyOf(asked.data?.results);
  const severalCurrencies = asked.data?.meta.metric_warnings !== undefined;

  const pick = (label: string): void => {
    const day = label.slice(0, 10);
    const last = step === 'week' ? addDays(day, 6) : step === 'month' ? endOfMonth(day) : day;
    set({ period: [day, last < today ? last : today], step: null });
  };

  return (
    <section class="timeline" aria-label={`${metricName(view.metric)} over time`}>
      <header>
        <p class="muted">
          {range && (
            <>
              <span class="solid" aria-hidden="true" />{' '}
              {dayRange(range[0].slice(0, 10), range[1].slice(0, 10))}
            </>
          )}
          {before && (
            <span class="versus">
              <span class="dashed" aria-hidden="true" />{' '}
              {dayRange(before[0].slice(0, 10), before[1].slice(0, 10))}
            </span>
          )}
        </p>
        <div class="row">
          <label class="inline">
            <span class="hidden">Chart</span>
            <select
              value={view.metric}
              onChange={(event) => set({ metric: event.currentTarget.value }, 'replace')}
            >
              {[...new Set([...CHARTED, view.metric])].map((metric) => (
                <option key={metric} value={metric}>
                  {metricName(metric)}
                </option>
              ))}
            </select>
          </label>
          <label class="inline">
            <span class="hidden">Step</span>
            <select
              value={step}
              onChange={(event) => set({ step: event.currentTarget.value as Step }, 'replace')}
            >
              {steps.map((one) => (
                <option key={one} value={one}>
                  by {one}
                </option>
              ))}
            </select>
          </label>
        </div>
      </header>
      {asked.failure ? (
        <Trouble failure={asked.failure} retry={asked.retry} />
      ) : (
        <Chart
          name={metricName(view.metric)}
          series={series}
          other={otherSeries}
          step={step}
          open={(range?.[1].slice(0, 10) ?? '') >= today}
          pending={asked.pending || asked.data === null}
          format={(value, short) =>
            metricValue(view.metric, value !== null && currency ? { value, currency } : value, short)
          }
          pick={step === 'hour' ? null : pick}
        />
      )}
      <p class="muted note">
        Times are in {subject.timezone}.
        {severalCurrencies && ' There is money in several currencies: filter by one to see it.'}
        {asked.data?.meta.as_of && ` Today as of ${moment(asked.data.meta.as_of, subject.timezone, false)}.`}
      </p>
    </section>
  );
}

function currencyOf(rows: readonly Row[] | undefined): string | null {
  for (const { metrics } of rows ?? []) {
    const [value] = metrics;
    if (value !== null && typeof value === 'object') return value.currency;
  }
  return null;
}

/** What is null where there is nothing to tell; all else is 0 there. */
const UNKNOWN_AT_REST = ['time_on_page', 'scroll_depth', 'average_revenue', 'bounce_rate', 'visit_duration'];

function seriesOf(answer: Answer | null, metric: string): Series {
  const labels = answer?.meta.time_labels ?? [];
  const found = new Map<string, MetricValue>(
    answer?.results.map(({ dimensions, metrics }) => [dimensions[0] ?? '', metrics[0] ?? null]),
  );
  const rest = UNKNOWN_AT_REST.includes(metric) ? null : 0;
  return { labels, values: labels.map((label) => (found.has(label) ? amount(found.get(label)) : rest)) };
}

function endOfMonth(day: string): string {
  const next = new Date(Date.UTC(Number(day.slice(0, 4)), Number(day.slice(5, 7)), 1));
  return addDays(next.toISOString().slice(0, 10), -1);
}
