/** Asks the store one question, and tells what answered. */

import type { Pixel } from '../model/pixel.ts';
import { err, ok, type Result } from '../model/result.ts';
import { addDays, localDay } from '../model/time-zone.ts';
import { prepare } from '../sql/statement.ts';
import type { Setting, Told } from './draft.ts';
import { daysStatement, type KnownDays } from './known-days.ts';
import { type Plan, planQuestion } from './plan.ts';
import type { Mistake, Moments, Question } from './question.ts';
import type { DayRange } from './range.ts';
import { type Revenue, revenueOf } from './revenue.ts';

export type MetricValue = number | Revenue | null;

export interface Row {
  readonly metrics: readonly MetricValue[];
  readonly dimensions: readonly string[];
}

/** Why a question that makes sense has no answer. */
export type Refusal =
  | { readonly reason: 'beyond_retention'; readonly detail: string }
  | { readonly reason: 'invalid_query'; readonly errors: readonly Mistake[] };

/** A question's days and, when it is not made of whole days, its moments. */
export interface Span {
  readonly range: DayRange;
  readonly moments: Moments | null;
  /** The first day of which it is known who was there. */
  readonly peopleSince: string;
  /** Of a pixel that protects small groups: what it tells. The range ends with the last day that it may tell of. */
  readonly told: Told | null;
}

/** A span, with what is known of its days. */
export interface KnownSpan extends Span {
  readonly known: KnownDays;
}

export interface Found {
  readonly rows: readonly Row[];
  readonly total: number | null;
  readonly state: KnownDays;
  readonly plan: Plan;
  readonly severalCurrencies: boolean;
}

export async function ask(
  db: D1Database,
  question: Question,
  pixel: Pixel,
  span: KnownSpan,
  rows: Setting['rows'],
  withTotal: boolean,
): Promise<Result<Found, Refusal>> {
  const { known } = span;
  const plan = planQuestion(question, settingOf(pixel, span, known, rows));
  const statements = [
    // Asked in the transaction that answers: a day must not lose its events between the check and the answer.
    daysStatement(db, question, span),
    prepare(db, plan.sql, plan.values),
    ...(withTotal ? [prepare(db, plan.countSql, plan.values)] : []),
  ];
  const [daysNow, answer, total] = await db.batch<Record<string, unknown>>(statements);
  const state = daysNow?.results[0] as unknown as KnownDays;
  const missing = plan.usesRollups ? state.lost : (pastRetention(pixel, span) ?? state.purged);
  if (missing !== null) {
    const detail =
      (plan.usesRollups ? lackingRollup(state) : null) ?? beyondRetention(missing, question, span.moments);
    return err({ reason: 'beyond_retention', detail });
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

export function settingOf(
  pixel: Pixel,
  span: Span,
  known: Pick<KnownDays, 'first' | 'last'>,
  rows: Setting['rows'],
): Setting {
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

/**
 * The last day of a range whose events are past retention, of a pixel that protects small groups: by the calendar, since
 * whether a day had events tells of its visitors.
 */
export function pastRetention({ timezone, settings }: Pixel, { range, told }: Span): string | null {
  if (told === null || told.first === null) return null;
  const last = addDays(localDay(timezone, told.before - settings.retention_days * 86_400_000), -1);
  const from = range.from > told.first ? range.from : told.first;
  return from <= range.to && from <= last ? (range.to < last ? range.to : last) : null;
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

/** Why rollups cannot answer for days whose events are gone; null when they could. */
function lackingRollup({ never, lacking }: KnownDays): string | null {
  if (never !== null) {
    return `The rollup of ${never} could not be made before its raw events were past this pixel's retention, and they are gone. Ask for days before or after it.`;
  }
  if (lacking !== null) {
    return `Days up to ${lacking} were rolled up by a version of Speck that did not know all that is asked for, and their raw events are past this pixel's retention and gone. Ask from the day after, or without it.`;
  }
  return null;
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
            : question.dimensions.some((dimension) => dimension?.kind === 'person')
              ? 'A dimension of people'
              : 'A question of several dimensions';
  return `${why} needs raw events, and those up to ${purged} are past this pixel's retention and gone. Ask from the day after, or without it.`;
}

export function momentsOf(range: Question['range']): Moments | null {
  return typeof range === 'object' && 'from' in range ? range : null;
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
