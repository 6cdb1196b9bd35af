/** The main chart: a metric over time, compared with another range. */
import { useMemo } from 'preact/hooks';
import { weekStart } from '../model/time-zone.ts';
import { hasCurrencies } from './amount.ts';
import type { QueryRequest, QueryResponse, Row } from './api.ts';
import type { Base } from './base.ts';
import { Chart } from './chart.tsx';
import { comparedText } from './compared.ts';
import { CsvButton } from './csv-button.tsx';
import { samplingNote } from './estimate.ts';
import { clock, dayName, dayRange, metricValue, moment, type Step } from './format.ts';
import { InlineChoice } from './forms.tsx';
import { type Resource, useQuery } from './hooks.ts';
import { displayOf, type MetricFormat } from './metrics.ts';
import { comparisonSeries, seriesOf } from './series.ts';
import type { Subject } from './subject.ts';
import type { Tiles } from './tiles.ts';
import { Age, ErrorMessage, isOld } from './ui.tsx';
import {
  addDays,
  canMatchWeekdays,
  comparedDays,
  daysOf,
  hourIn,
  matchesWeekdays,
  type SetView,
  stepsOf,
  switchedWeekdays,
  todayIn,
  type View,
} from './view.ts';

/** The formats of metrics whose values are integers. */
const WHOLE: readonly (MetricFormat | undefined)[] = ['count', 'seconds', 'percent'];

interface Props {
  readonly base: Base;
  readonly subject: Subject;
  readonly view: View;
  readonly set: SetView;
  readonly tiles: Tiles;
  readonly headline: Resource<QueryResponse>;
  /** Whether the view's days may have imported totals. */
  readonly hasImports: boolean;
  /** Whether the range of the comparison has any events, as far as is known. */
  readonly hasBefore: boolean;
  /** Loads everything again. */
  readonly refresh: () => void;
}

export function Timeline({
  base,
  subject,
  view,
  set,
  tiles,
  headline,
  hasImports,
  hasBefore,
  refresh,
}: Props) {
  const { steps, usual } = stepsOf(view.period);
  const step = view.step !== null && steps.includes(view.step) ? view.step : usual;
  const timeQuery: QueryRequest = { ...base, metrics: [view.metric], dimensions: [`time:${step}`] };
  const labelledQuery: QueryRequest = { ...timeQuery, include: { ...base.include, time_labels: true } };
  const resource = useQuery(labelledQuery, 'first');
  const shown = resource.data?.query.date_range;
  const known = headline.pending ? null : headline.data;
  // What the API will answer is asked for before it has answered, except for a pixel with small-group protection.
  const before = known
    ? known.meta.comparison_date_range
    : comparedDays(view, base.date_range, subject.timezone);
  const other = useQuery(before ? { ...labelledQuery, date_range: [before[0], before[1]] } : null, 'first');
  const { timezone } = subject;
  const today = todayIn(timezone);
  // A named range ends on the day that is today for the server.
  const isNamed = typeof base.date_range === 'string' && !resource.pending;
  const now = currentLabel(step, timezone, (isNamed && shown?.[1].slice(0, 10)) || today);
  const series = useMemo(() => seriesOf(resource.data, view.metric, now), [resource.data, now]);
  const otherSeries = useMemo(() => {
    if (!other.data || !shown) return null;
    const starts = [shown[0].slice(0, 10), other.data.query.date_range[0].slice(0, 10)] as const;
    const points = seriesOf(other.data, view.metric, now);
    // Matched weekdays are not the same dates of the year before.
    const overYears = view.compare === 'year_over_year' && !matchesWeekdays(view);
    return comparisonSeries(series, points, step, starts, overYears);
  }, [other.data, series]);
  // The last point of a range that ends today, by what is drawn: it may still be of the range before.
  const open =
    (shown?.[1] ?? '') >= now.slice(0, 10) ? series.labels.findLastIndex((label) => label <= now) : -1;
  const range =
    shown && !resource.pending ? shown : view.period === 'all' ? null : daysOf(base.date_range, timezone);
  const currency = currencyOf(resource.data?.results);
  const hasMultipleCurrencies = hasCurrencies(resource.data, view.metric);

  const pick = (label: string): void => {
    const day = label.slice(0, 10);
    const last = step === 'week' ? addDays(weekStart(day), 6) : step === 'month' ? endOfMonth(day) : day;
    set({ period: [day, last < today ? last : today], step: null });
  };

  return (
    <section class="timeline" aria-label={`${tiles.nameOf(view.metric)} over time`}>
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
              {hasBefore ? <span class="dashed" aria-hidden="true" /> : 'Nothing in'}{' '}
              {comparedText(before, known?.meta.comparison_until, timezone)}
            </span>
          )}
          {canMatchWeekdays(view) && (
            <button
              type="button"
              class="quiet toggle"
              aria-pressed={matchesWeekdays(view)}
              onClick={() => set({ weekdays: switchedWeekdays(view) })}
            >
              Match weekdays
            </button>
          )}
          {hasImports && (
            <button
              type="button"
              class="quiet toggle"
              aria-pressed={view.imports}
              onClick={() => set({ imports: !view.imports })}
            >
              Imported data
            </button>
          )}
        </p>
        <div class="row">
          <InlineChoice
            label="Chart"
            options={[...new Set([...tiles.charted, view.metric])].map((metric) => [
              metric,
              tiles.nameOf(metric),
            ])}
            value={view.metric}
            set={(metric) => set({ metric }, 'replace')}
          />
          <InlineChoice
            label="Step"
            options={steps.map((one) => [one, `by ${one}`])}
            value={step}
            set={(one) => set({ step: one as Step }, 'replace')}
          />
        </div>
      </header>
      {resource.failure && resource.data === null ? (
        <ErrorMessage failure={resource.failure} retry={resource.retry} />
      ) : (
        <div class={isOld(resource) ? 'old' : ''}>
          <Age resource={resource} />
          <Chart
            name={tiles.nameOf(view.metric)}
            series={series}
            other={hasBefore ? otherSeries : null}
            step={step}
            open={open < 0 ? null : open}
            pending={resource.pending || resource.data === null}
            isWhole={WHOLE.includes(displayOf(view.metric)?.format)}
            format={(value, short) =>
              metricValue(view.metric, value !== null && currency ? { value, currency } : value, short)
            }
            pick={step === 'hour' ? null : pick}
          />
        </div>
      )}
      <footer class="row">
        <p class="muted note">
          Times are in {subject.timezone}.
          {hasMultipleCurrencies && ' Revenue is in more than one currency. Filter by one to see it.'}
          {resource.data && noteOf(resource.data.meta, subject.timezone)}
          {resource.data && samplingNote(resource.data.meta)}
          {resource.data && importsNote(resource.data.meta, view.filters.length > 0)}
        </p>
        {headline.at > 0 && (
          <button type="button" class="quiet" onClick={refresh}>
            Updated <time>{clock(headline.at, timezone)}</time>
            <span aria-hidden="true">↻</span>
            <span class="hidden">. Refresh</span>
          </button>
        )}
        <CsvButton site={subject.name} query={timeQuery} what={`${tiles.nameOf(view.metric)} by ${step}`} />
      </footer>
    </section>
  );
}

/**
 * The label of the current day or hour.
 *
 * @param day today for the server. The clock of the device may differ.
 */
function currentLabel(step: Step, timezone: string, day: string): string {
  const hour = hourIn(timezone);
  const own = hour.slice(0, 10);
  const label = day === own ? hour : day < own ? `${day} 23:00:00` : `${day} 00:00:00`;
  return step === 'hour' ? label : day;
}

/** The limits of a response, in words; empty if it is complete. */
type Meta = QueryResponse['meta'];

/** Until when the chart's numbers are imported, or why none are. */
function importsNote({ imports, imports_included, imports_skip_reason }: Meta, isFiltered: boolean): string {
  if (imports) return ` Includes imported data until ${dayName(imports.to)}.`;
  if (imports_included !== false) return '';
  if (imports_skip_reason === 'unsupported_interval') return ' Imported data has no hours.';
  return isFiltered ? ' Imported data cannot be filtered like this.' : '';
}

function noteOf({ as_of, min_group }: Meta, timezone: string): string {
  if (as_of === undefined) return '';
  if (min_group === undefined)
    return ` Large days that changed since then are as of ${moment(as_of, timezone)}.`;
  return ` Days up to ${moment(as_of, timezone)}. Groups of fewer than ${min_group} visitors are hidden, and counts are rounded to multiples of ${min_group}.`;
}

function currencyOf(rows: readonly Row[] | undefined): string | null {
  for (const { metrics } of rows ?? []) {
    const [value] = metrics;
    if (value !== null && typeof value === 'object') return value.currency;
  }
  return null;
}

function endOfMonth(day: string): string {
  const next = new Date(Date.UTC(Number(day.slice(0, 4)), Number(day.slice(5, 7)), 1));
  return addDays(next.toISOString().slice(0, 10), -1);
}
