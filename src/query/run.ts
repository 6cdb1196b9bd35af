/** Runs a question against the store and puts the answer into the words of the Plausible Stats API v2. */

import type { Metric } from '../model/metrics.ts';
import { peopleSince } from '../model/person.ts';
import type { Pixel } from '../model/pixel.ts';
import { err, ok, type Result } from '../model/result.ts';
import { dayStart, localDay } from '../model/time-zone.ts';
import { firstDayOf } from '../store/days.ts';
import { ask, type KnownSpan, momentsOf, type Refusal, type Span } from './ask.ts';
import { rangeMistakes } from './bounds.ts';
import { compareRows, type ResultRow } from './compare.ts';
import { daysIn, type KnownDays } from './known-days.ts';
import { Meter } from './meter.ts';
import type { Plan } from './plan.ts';
import { type Allowance, pay, priceMistakes, pricesOf, VIEWERS } from './price.ts';
import type { Filter, Mistake, Moments, Question } from './question.ts';
import {
  comparedRange,
  type DayRange,
  hasTooManyLabels,
  MAX_LABELS,
  resolveRange,
  resolveTime,
  timeLabels,
} from './range.ts';
import { resolveTests, testsToResolve } from './resolve.ts';
import { isProtected, protectionMistakes, toldRange } from './small-groups.ts';

export interface Answer {
  readonly results: readonly ResultRow[];
  readonly meta: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, unknown>>;
}

export async function runQuestion(
  db: D1Database,
  asked: Question,
  pixel: Pixel,
  now: number,
  allowance: Allowance = VIEWERS,
): Promise<Result<Answer, Refusal>> {
  const outside = rangeMistakes(asked, pixel.timezone, now);
  if (outside.length > 0) return err({ reason: 'invalid_query', errors: outside });
  const { min_group } = pixel.settings;
  const isSafe = isProtected(min_group);
  const firstDay = isSafe || asked.range === 'all' ? await firstDayOf(db, pixel.id) : null;
  const range = resolveRange(asked.range, pixel.timezone, now, firstDay);
  const moments = momentsOf(asked.range);
  const time = asked.time && resolveTime(asked.time, range);
  const named = withTime(asked, time);
  const { comparisons } = asked.include;
  const answered = isSafe ? toldRange(range, pixel.timezone, now) : range;
  const days = hasDays(answered) ? answered : range;
  const other = comparisons && comparedRange(comparisons, days, moments, pixel.timezone);
  const otherRange = other && resolveRange(other, pixel.timezone, now, null);
  const tooMany = labelMistakes(named, range, otherRange);
  if (tooMany.length > 0) return err({ reason: 'invalid_query', errors: tooMany });
  const told = isSafe ? { before: now, first: firstDay } : null;
  const span: Span = { range: answered, moments, peopleSince: peopleSince(now), told };
  if (isSafe) {
    const errors = protectionMistakes(named);
    if (errors.length > 0) return err({ reason: 'invalid_query', errors });
  }
  const spans: Span[] = [span];
  if (other && otherRange) {
    const told = isSafe ? toldRange(otherRange, pixel.timezone, now) : otherRange;
    spans.push({ ...span, range: told, moments: momentsOf(other) });
  }
  const known = await daysIn(db, named, spans);
  const setting = { goals: pixel.settings.goals.length, isSafe };
  const prices = pricesOf(named, testsToResolve(named), known, setting);
  const tooDear = priceMistakes(prices, allowance);
  if (tooDear.length > 0) return err({ reason: 'invalid_query', errors: tooDear });
  pay(prices, allowance);
  const [here, there] = spans.map((one, index) => ({ ...one, known: known[index] }) as KnownSpan);
  const meter = new Meter();
  const resolved = await resolveTests(db, named, pixel, here as KnownSpan, meter);
  if (!resolved.ok) return resolved;
  const question = { ...named, filters: resolved.value };

  const found = await ask(db, question, pixel, here as KnownSpan, null, asked.include.total_rows);
  if (!found.ok) return found;
  const { rows, total, state, plan, severalCurrencies } = found.value;

  let results: Answer['results'] = rows;
  let comparedWith: readonly [string, string] | null = null;
  if (other && there) {
    const compared = await compareRows(db, named, pixel, rows, [here as KnownSpan, there], meter);
    if (!compared.ok) return compared;
    results = compared.value;
    comparedWith = momentsOf(other) ? isoMoments(other as Moments) : (other as readonly [string, string]);
  }

  return ok({
    results,
    meta: {
      ...(isSafe ? { ...sourceOfTold(plan, pixel.timezone, now), min_group } : sourceOf(plan, state)),
      ...(asked.include.imports ? { imports_included: true } : {}),
      ...(asked.include.time_labels && time ? { time_labels: timeLabels(time, pixel.timezone, range) } : {}),
      ...(total === null ? {} : { total_rows: total }),
      ...(severalCurrencies ? { metric_warnings: warnings(question.metrics) } : {}),
      ...(comparedWith ? { comparison_date_range: comparedWith } : {}),
    },
    query: echo(asked, time, range, moments),
  });
}

const hasDays = ({ from, to }: DayRange): boolean => from <= to;

/** A question that names the time it resolved to. */
function withTime(question: Question, time: Question['time']): Question {
  return {
    ...question,
    time,
    order: question.order.map(
      ([key, direction]) => [key === 'time' && time ? time : key, direction] as const,
    ),
  };
}

function warnings(metrics: readonly Metric[]): Record<string, unknown> {
  const warning = {
    code: 'no_single_revenue_currency',
    warning: 'Values of several currencies are never added. Ask with the dimension event:currency.',
  };
  return Object.fromEntries(metrics.filter(({ ofSales }) => ofSales).map(({ name }) => [name, warning]));
}

/** Which rows answered, `rollups`, `events`, or `rollups+events`, and when a rollup was made that is not the latest. */
function sourceOf({ usesRollups }: Plan, { rolled, live, as_of }: KnownDays): Record<string, string> {
  return {
    source: !usesRollups || rolled === 0 ? 'events' : live === 0 ? 'rollups' : 'rollups+events',
    ...(usesRollups && as_of !== null ? { as_of: new Date(as_of).toISOString() } : {}),
  };
}

/**
 * The same of a pixel that protects small groups: when the last day ended that it answers for. What depends on the days
 * themselves would tell of their events.
 */
function sourceOfTold({ usesRollups }: Plan, zone: string, now: number): Record<string, string> {
  const asOf = new Date(dayStart(zone, localDay(zone, now))).toISOString();
  return { source: usesRollups ? 'rollups' : 'events', as_of: asOf };
}

function isoMoments({ from, to }: Moments): readonly [string, string] {
  return [new Date(from).toISOString(), new Date(to).toISOString()];
}

/** Comparisons put rows side by side by the labels of either range. */
function labelMistakes({ time, include }: Question, range: DayRange, other: DayRange | null): Mistake[] {
  if (time === null) return [];
  const message = `That is more than ${MAX_LABELS} labels. Ask for a shorter range or a coarser time dimension.`;
  if (include.time_labels && hasTooManyLabels(time, range)) return [{ path: 'include.time_labels', message }];
  if (other && [range, other].some((one) => hasTooManyLabels(time, one))) {
    return [{ path: 'include.comparisons', message }];
  }
  return [];
}

/** The question as it was understood. */
function echo(
  question: Question,
  time: Question['time'],
  { from, to }: DayRange,
  moments: Moments | null,
): Record<string, unknown> {
  const { comparisons, ...include } = question.include;
  return {
    site_id: question.pixel,
    metrics: question.metrics.map(({ name }) => name),
    date_range: moments ? isoMoments(moments) : [from, to],
    dimensions: question.dimensions.map((dimension) => dimension?.name ?? time),
    filters: question.filters.map(echoFilter),
    order_by: question.order,
    include: {
      ...include,
      ...(comparisons
        ? {
            comparisons: {
              mode: comparisons.mode,
              ...(comparisons.range ? { date_range: comparisons.range } : {}),
            },
          }
        : {}),
    },
    pagination: question.pagination,
  };
}

function echoFilter(filter: Filter): unknown {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return [filter.kind, filter.filters.map(echoFilter)];
    case 'not':
      return ['not', echoFilter(filter.filter)];
    case 'done':
      return [filter.negated ? 'has_not_done' : 'has_done', echoFilter(filter.filter)];
    case 'test': {
      const { comparison, negated, dimension, values, caseSensitive } = filter;
      return [
        negated ? `${comparison}_not` : comparison,
        dimension.name,
        values,
        ...(caseSensitive ? [] : [{ case_sensitive: false }]),
      ];
    }
  }
}
