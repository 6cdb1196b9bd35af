/** Runs a question against the store and puts the answer into the words of the Plausible Stats API v2. */

import type { Metric } from '../model/metrics.ts';
import type { Pixel } from '../model/pixel.ts';
import { err, ok, type Result } from '../model/result.ts';
import { firstDayOf } from '../store/days.ts';
import { peopleSince } from '../store/people.ts';
import { type Filter, type Mistake, type Moments, type Question, type Test, testsIn } from './language.ts';
import { compilePattern } from './pattern.ts';
import { hasRollup, type Plan, planQuestion, planValues, type Setting, withTime } from './plan.ts';
import {
  comparedRange,
  type DayRange,
  dayCount,
  MAX_LABELS,
  resolveRange,
  resolveTime,
  timeLabels,
} from './range.ts';
import { type Revenue, revenueOf } from './revenue.ts';
import { isProtected, protectionMistakes } from './small-groups.ts';

export type MetricValue = number | Revenue | null;

interface Row {
  readonly metrics: readonly MetricValue[];
  readonly dimensions: readonly string[];
}

export interface ComparedRow extends Row {
  /** In per cent, or in points for what is a per cent itself. */
  readonly change: readonly (number | null)[];
}

export interface Answer {
  /** A time that the other range has no counterpart of, such as an hour that it skipped, is compared with null. */
  readonly results: readonly (Row & { readonly comparison?: ComparedRow | null })[];
  readonly meta: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, unknown>>;
}

/** Why a question that makes sense has no answer. */
export type Refusal =
  | { readonly reason: 'beyond_retention'; readonly detail: string }
  | { readonly reason: 'invalid_query'; readonly errors: readonly Mistake[] };

/** What is known of a pixel's days in a range. */
interface KnownDays {
  readonly first: string | null;
  readonly last: string | null;
  readonly rolled: number;
  readonly live: number;
  /** The latest day of which no raw events are left. */
  readonly purged: string | null;
  /** The latest of these that no rollup answers for either. */
  readonly lost: string | null;
  /** When the oldest rollup was made that has to do though its day has changed since. */
  readonly as_of: number | null;
}

export async function runQuestion(
  db: D1Database,
  asked: Question,
  pixel: Pixel,
  now: number,
): Promise<Result<Answer, Refusal>> {
  const firstDay = asked.range === 'all' ? await firstDayOf(db, pixel.id) : null;
  const range = resolveRange(asked.range, pixel.timezone, now, firstDay);
  const moments = momentsOf(asked.range);
  const time = asked.time && resolveTime(asked.time, range);
  const named = withTime(asked, time);
  if (asked.include.time_labels && time !== null && tooManyLabels(time, range)) {
    const message = `That is more than ${MAX_LABELS} labels. Ask for a shorter range or a coarser time dimension.`;
    return err({ reason: 'invalid_query', errors: [{ path: 'include.time_labels', message }] });
  }
  const span: Span = { range, moments, peopleSince: peopleSince(now) };
  if (isProtected(named, pixel.settings.min_group)) {
    const errors = protectionMistakes(named);
    if (errors.length > 0) return err({ reason: 'invalid_query', errors });
  }
  const resolved = await resolveTests(db, named, pixel, span);
  if (!resolved.ok) return resolved;
  const question = { ...named, filters: resolved.value };

  const found = await ask(db, question, pixel, span, null, asked.include.total_rows);
  if (!found.ok) return found;
  const { rows, total, state, plan, severalCurrencies } = found.value;

  let results: Answer['results'] = rows;
  let comparedWith: readonly [string, string] | null = null;
  if (asked.include.comparisons) {
    const other = comparedRange(asked.include.comparisons, range, moments);
    const compared = await compareRows(db, named, pixel, now, rows, { range, other });
    if (!compared.ok) return compared;
    results = compared.value;
    comparedWith = momentsOf(other) ? isoMoments(other as Moments) : (other as readonly [string, string]);
  }

  return ok({
    results,
    meta: {
      source: sourceOf(plan.usesRollups, state),
      ...(plan.usesRollups && state.as_of !== null ? { as_of: new Date(state.as_of).toISOString() } : {}),
      ...(asked.include.imports ? { imports_included: true } : {}),
      ...(asked.include.time_labels && time ? { time_labels: timeLabels(time, pixel.timezone, range) } : {}),
      ...(total === null ? {} : { total_rows: total }),
      ...(isProtected(named, pixel.settings.min_group) ? { min_group: pixel.settings.min_group } : {}),
      ...(severalCurrencies ? { metric_warnings: warnings(question.metrics) } : {}),
      ...(comparedWith ? { comparison_date_range: comparedWith } : {}),
    },
    query: echo(asked, time, range, moments),
  });
}

/** A question's days and, when it is not made of whole days, its moments. */
interface Span {
  readonly range: DayRange;
  readonly moments: Moments | null;
  /** The first day of which it is known who was there. */
  readonly peopleSince: string;
}

interface Found {
  readonly rows: readonly Row[];
  readonly total: number | null;
  readonly state: KnownDays;
  readonly plan: Plan;
  readonly severalCurrencies: boolean;
}

async function ask(
  db: D1Database,
  question: Question,
  pixel: Pixel,
  span: Span,
  rows: Setting['rows'],
  withTotal: boolean,
): Promise<Result<Found, Refusal>> {
  const known = await daysIn(db, question, span);
  const plan = planQuestion(question, settingOf(pixel, span, known, rows));
  const statements = [
    // Asked in the transaction that answers: a day must not lose its events between the check and the answer.
    daysStatement(db, question, span),
    db.prepare(plan.sql).bind(...plan.parameters),
    ...(withTotal ? [db.prepare(plan.countSql).bind(...plan.parameters)] : []),
  ];
  const [daysNow, answer, total] = await db.batch<Record<string, unknown>>(statements);
  const state = daysNow?.results[0] as unknown as KnownDays;
  const missing = plan.usesRollups ? state.lost : state.purged;
  if (missing !== null) {
    return err({ reason: 'beyond_retention', detail: beyondRetention(missing, question, span.moments) });
  }
  const found = answer?.results ?? [];
  return ok({
    rows: found.map((row) => rowOf(row, question)),
    total: total ? Number(total.results[0]?.['total'] ?? 0) : null,
    state,
    plan,
    severalCurrencies: found.some((row) => Number(row['currencies'] ?? 0) > 1),
  });
}

function settingOf(pixel: Pixel, span: Span, known: KnownDays, rows: Setting['rows']): Setting {
  return {
    ...span,
    zone: pixel.timezone,
    minGroup: pixel.settings.min_group,
    days: known.first === null || known.last === null ? null : { from: known.first, to: known.last },
    goals: pixel.settings.goals,
    countries: countryNames(),
    rows,
  };
}

function rowOf(row: Record<string, unknown>, { metrics, dimensions }: Question): Row {
  return {
    metrics: metrics.map(({ name, ofSales }): MetricValue => {
      const value = row[name];
      if (value === null || value === undefined) return null;
      return ofSales ? revenueOf(Number(value), String(row['currency'])) : Number(value);
    }),
    dimensions: dimensions.map((_, index) => String(row[`dimension${index}`])),
  };
}

/** Goals by name, and what SQL cannot compare: patterns, and texts whatever their case. */
async function resolveTests(
  db: D1Database,
  question: Question,
  pixel: Pixel,
  span: Span,
): Promise<Result<readonly Filter[], Refusal>> {
  const tests = question.filters.flatMap(testsIn);
  const found = new Map<Test, readonly string[]>();
  const errors: Mistake[] = [];
  const names = pixel.settings.goals.map(({ name }) => name);
  for (const test of tests.filter(({ dimension }) => dimension.kind === 'goal')) {
    const matching = names.filter(passes(test));
    if (matching.length === 0 && test.comparison === 'is') {
      errors.push({
        path: `${test.path}[2]`,
        message:
          names.length === 0
            ? 'This pixel has no goals: add some to its settings.'
            : `No goal has this name. Goals: ${names.join(', ')}.`,
      });
    }
    found.set(test, matching);
  }
  if (errors.length > 0) return err({ reason: 'invalid_query', errors });

  // Of a pixel that protects small groups no filter may name one.
  const least = pixel.settings.min_group;
  const inCode = tests.filter(
    ({ dimension, comparison, caseSensitive }) =>
      least > 1 || (dimension.kind !== 'goal' && (comparison === 'matches' || !caseSensitive)),
  );
  const byDimension = Map.groupBy(inCode, ({ dimension }) => dimension.name);
  if (byDimension.size > 0) {
    const known = await daysIn(db, question, span);
    // Of whole days: what was done in a visit may have been done before the range begins.
    const setting = settingOf(pixel, { ...span, moments: null }, known, null);
    const groups = [...byDimension.values()];
    const answers = await db.batch<{ dimension0: string; visitors?: number }>(
      groups.map(([first]) => {
        const plan = planValues(question, (first as Test).dimension, MAX_VALUES + 1, setting);
        return db.prepare(plan.sql).bind(...plan.parameters);
      }),
    );
    groups.forEach((group, index) => {
      const rows = answers[index]?.results ?? [];
      const values = rows
        .filter(({ visitors = 0 }) => least <= 1 || visitors >= least)
        .map(({ dimension0 }) => dimension0);
      for (const test of group) {
        const matching = values.filter(passes(test));
        const characters = matching.reduce((sum, value) => sum + value.length + 3, 0);
        if (rows.length > MAX_VALUES || characters > MAX_VALUE_CHARACTERS) {
          const message = `Too many values of ${test.dimension.name} match. Ask for a shorter range or a narrower filter.`;
          errors.push({ path: test.path, message });
        }
        found.set(test, matching);
      }
    });
  }
  if (errors.length > 0) return err({ reason: 'invalid_query', errors });
  return ok(question.filters.map((filter) => withValues(filter, found)));
}

/** Values of a dimension that are looked at one by one, and what of them fits into a parameter of D1. */
const MAX_VALUES = 50_000;
const MAX_VALUE_CHARACTERS = 600_000;

/** Tells whether a value passes a test, were it not negated. */
function passes({ comparison, caseSensitive, values }: Test): (value: string) => boolean {
  const fold = (text: string): string => (caseSensitive ? text : text.toLowerCase());
  const folded = values.map(fold);
  switch (comparison) {
    case 'is': {
      const wanted = new Set(folded);
      return (value) => wanted.has(fold(value));
    }
    case 'contains':
      return (value) => folded.some((part) => fold(value).includes(part));
    case 'matches': {
      const patterns = values.flatMap((text) => {
        const pattern = compilePattern(text);
        return pattern.ok ? [pattern.value] : [];
      });
      return (value) => patterns.some((pattern) => pattern.matches(value));
    }
  }
}

/** A filter whose resolved tests are of the values found. */
function withValues(filter: Filter, found: ReadonlyMap<Test, readonly string[]>): Filter {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return { ...filter, filters: filter.filters.map((inner) => withValues(inner, found)) };
    case 'not':
    case 'done':
      return { ...filter, filter: withValues(filter.filter, found) };
    case 'test': {
      const values = found.get(filter);
      return values === undefined ? filter : { ...filter, comparison: 'is', values };
    }
  }
}

/** Puts beside each row that of the other range: by its dimensions, and by place where one is a time. */
async function compareRows(
  db: D1Database,
  question: Question,
  pixel: Pixel,
  now: number,
  rows: readonly Row[],
  { range, other }: { range: DayRange; other: Moments | readonly [string, string] },
): Promise<Result<Answer['results'], Refusal>> {
  const { zone, time } = { zone: pixel.timezone, time: question.time };
  const otherRange = resolveRange(other, zone, now, null);
  const timeIndex = question.dimensions.indexOf(null);
  const grain = time === 'time' ? null : time;
  const labels = grain && timeLabels(grain, zone, range);
  const otherLabels = grain && timeLabels(grain, zone, otherRange);
  const places = new Map((labels ?? []).map((label, place) => [label, place]));
  const otherDimensions = rows.map(({ dimensions }) => {
    if (timeIndex < 0) return dimensions;
    const label = otherLabels?.[places.get(dimensions[timeIndex] ?? '') ?? -1];
    return label === undefined ? null : dimensions.with(timeIndex, label);
  });
  const span: Span = { range: otherRange, moments: momentsOf(other), peopleSince: peopleSince(now) };
  // What a pattern matches is another matter in another range.
  const filters = await resolveTests(db, question, pixel, span);
  if (!filters.ok) return filters;
  const pagination = { limit: Math.max(1, rows.length), offset: 0 };
  const all = { ...question, filters: filters.value, pagination };
  const found = await ask(
    db,
    all,
    pixel,
    span,
    otherDimensions.filter((one) => one !== null),
    false,
  );
  if (!found.ok) return found;
  const byKey = new Map(found.value.rows.map((row) => [JSON.stringify(row.dimensions), row]));
  return ok(
    rows.map((row, index) => {
      const dimensions = otherDimensions[index] ?? null;
      if (dimensions === null) return { ...row, comparison: null };
      const metrics = byKey.get(JSON.stringify(dimensions))?.metrics ?? question.metrics.map(nothing);
      const change = question.metrics.map((metric, place) =>
        changeOf(metric, row.metrics[place] ?? null, metrics[place] ?? null),
      );
      return { ...row, comparison: { dimensions, metrics, change } };
    }),
  );
}

/** A metric's value where nothing happened. */
function nothing({ name, ofSales }: Metric): MetricValue {
  return ofSales || name === 'time_on_page' || name === 'scroll_depth' ? null : 0;
}

function changeOf({ inPoints }: Metric, value: MetricValue, before: MetricValue): number | null {
  if (value === null || before === null) return null;
  if (typeof value === 'object' || typeof before === 'object') {
    if (typeof value !== 'object' || typeof before !== 'object') return null;
    return value.currency === before.currency ? percent(value.value, before.value) : null;
  }
  return inPoints ? Math.round(100 * (value - before)) / 100 : percent(value, before);
}

function percent(value: number, before: number): number {
  if (before === 0) return value === 0 ? 0 : 100;
  return Math.round((100 * (value - before)) / Math.abs(before));
}

function beyondRetention(purged: string, question: Question, moments: Moments | null): string {
  const why =
    question.filters.length > 0
      ? 'A filtered question'
      : moments !== null
        ? 'A range with times of day'
        : question.metrics.some(({ ofPeople }) => ofPeople)
          ? 'A question of people'
          : question.time === 'time:hour'
            ? 'A dimension by hour'
            : 'A question of several dimensions';
  return `${why} needs raw events, and those up to ${purged} are past this pixel's retention and gone. Ask from the day after, or without it.`;
}

function warnings(metrics: readonly Metric[]): Record<string, unknown> {
  const warning = {
    code: 'no_single_revenue_currency',
    warning: 'Values of several currencies are never added. Ask with the dimension event:currency.',
  };
  return Object.fromEntries(metrics.filter(({ ofSales }) => ofSales).map(({ name }) => [name, warning]));
}

/** Which rows answered: `rollups`, `events`, or `rollups+events`. */
function sourceOf(usesRollups: boolean, { rolled, live }: KnownDays): string {
  if (!usesRollups || rolled === 0) return 'events';
  return live === 0 ? 'rollups' : 'rollups+events';
}

function daysStatement(
  db: D1Database,
  question: Question,
  { range, peopleSince }: Span,
): D1PreparedStatement {
  const rolled = hasRollup(question, peopleSince);
  return db
    .prepare(
      `SELECT min(day) AS first, max(day) AS last,
         coalesce(sum(${rolled}), 0) AS rolled,
         coalesce(sum(NOT (${rolled})), 0) AS live,
         max(iif(raw > 0, day, NULL)) AS purged,
         max(iif(raw > 0 AND NOT (${rolled}), day, NULL)) AS lost,
         min(iif(dirty IN (1, 2) AND ${rolled}, rolled_at, NULL)) AS as_of
       FROM days d WHERE pixel = ? AND day BETWEEN ? AND ?`,
    )
    .bind(question.pixel, range.from, range.to);
}

async function daysIn(db: D1Database, question: Question, span: Span): Promise<KnownDays> {
  return (await daysStatement(db, question, span).first<KnownDays>()) as KnownDays;
}

function momentsOf(range: Question['range']): Moments | null {
  return typeof range === 'object' && 'from' in range ? range : null;
}

function isoMoments({ from, to }: Moments): readonly [string, string] {
  return [new Date(from).toISOString(), new Date(to).toISOString()];
}

const HOURS_A_DAY = 25;

function tooManyLabels(time: string, range: DayRange): boolean {
  const days = dayCount(range);
  return (time === 'time:hour' ? days * HOURS_A_DAY : days) > MAX_LABELS;
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

let names: string | undefined;

/** The English names of all countries by ISO 3166-1 alpha-2 code, as JSON. */
function countryNames(): string {
  if (names !== undefined) return names;
  const display = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  const pairs = letters.flatMap((first) =>
    letters.flatMap((second) => {
      const name = display.of(first + second);
      return name === undefined ? [] : [[first + second, name]];
    }),
  );
  names = JSON.stringify(Object.fromEntries(pairs));
  return names;
}
