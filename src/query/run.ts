/** Runs a question against the store and puts the answer into the words of the Plausible Stats API v2. */
import type { Pixel } from '../model/pixel.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Mistake, Question } from './language.ts';
import { planQuestion, withTime } from './plan.ts';
import { type DayRange, dayCount, MAX_LABELS, resolveRange, resolveTime, timeLabels } from './range.ts';

export interface Answer {
  readonly results: readonly {
    readonly metrics: readonly number[];
    readonly dimensions: readonly string[];
  }[];
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
}

export async function runQuestion(
  db: D1Database,
  asked: Question,
  pixel: Pixel,
  now: number,
): Promise<Result<Answer, Refusal>> {
  const firstDay = asked.range === 'all' ? await firstDayOf(db, pixel.id) : null;
  const range = resolveRange(asked.range, pixel.timezone, now, firstDay);
  const time = asked.time && resolveTime(asked.time, range);
  const question = withTime(asked, time);
  if (asked.include.time_labels && time !== null && tooManyLabels(time, range)) {
    const message = `That is more than ${MAX_LABELS} labels. Ask for a shorter range or a coarser time dimension.`;
    return err({ reason: 'invalid_query', errors: [{ path: 'include.time_labels', message }] });
  }

  const known = await daysIn(db, pixel.id, range);
  const days = known.first === null || known.last === null ? null : { from: known.first, to: known.last };
  const plan = planQuestion(question, pixel.timezone, days, countryNames());
  const statements = [
    // Asked in the transaction that answers: a day must not lose its events between the check and the answer.
    daysStatement(db, pixel.id, range),
    db.prepare(plan.sql).bind(...plan.parameters),
    ...(asked.include.total_rows ? [db.prepare(plan.countSql).bind(...plan.parameters.slice(0, 4))] : []),
  ];
  const [daysNow, rows, total] = await db.batch<Record<string, unknown>>(statements);
  const state = daysNow?.results[0] as unknown as KnownDays;
  if (!plan.usesRollups && state.purged !== null) {
    return err({ reason: 'beyond_retention', detail: beyondRetention(state.purged, question) });
  }

  return ok({
    results: (rows?.results ?? []).map((row) => ({
      metrics: question.metrics.map((name) => Number(row[name])),
      dimensions: question.dimensions.map((_, index) => String(row[`dimension${index}`])),
    })),
    meta: {
      source: sourceOf(plan.usesRollups, state),
      ...(asked.include.imports ? { imports_included: true } : {}),
      ...(asked.include.time_labels && time ? { time_labels: timeLabels(time, pixel.timezone, range) } : {}),
      ...(total ? { total_rows: Number(total.results[0]?.['total'] ?? 0) } : {}),
    },
    query: echo(question, range),
  });
}

function beyondRetention(purged: string, question: Question): string {
  const why =
    question.filters.length > 0
      ? 'A filtered question'
      : question.time === 'time:hour'
        ? 'A dimension by hour'
        : 'A question of several dimensions';
  return `${why} needs raw events, and those up to ${purged} are past this pixel's retention and gone. Ask from the day after, or without it.`;
}

/** Which rows answered: `rollups`, `events`, or `rollups+events`. */
function sourceOf(usesRollups: boolean, { rolled, live }: KnownDays): string {
  if (!usesRollups || rolled === 0) return 'events';
  return live === 0 ? 'rollups' : 'rollups+events';
}

async function firstDayOf(db: D1Database, pixel: string): Promise<string | null> {
  return db.prepare('SELECT min(day) AS day FROM days WHERE pixel = ?').bind(pixel).first<string>('day');
}

function daysStatement(db: D1Database, pixel: string, { from, to }: DayRange): D1PreparedStatement {
  return db
    .prepare(
      `SELECT min(day) AS first, max(day) AS last,
         coalesce(sum(dirty = 0 AND rolled_at IS NOT NULL), 0) AS rolled,
         coalesce(sum(NOT (dirty = 0 AND rolled_at IS NOT NULL)), 0) AS live,
         max(iif(raw > 0, day, NULL)) AS purged
       FROM days WHERE pixel = ? AND day BETWEEN ? AND ?`,
    )
    .bind(pixel, from, to);
}

async function daysIn(db: D1Database, pixel: string, range: DayRange): Promise<KnownDays> {
  return (await daysStatement(db, pixel, range).first<KnownDays>()) as KnownDays;
}

const HOURS_A_DAY = 25;

function tooManyLabels(time: string, range: DayRange): boolean {
  const days = dayCount(range);
  return (time === 'time:hour' ? days * HOURS_A_DAY : days) > MAX_LABELS;
}

/** The question as it was understood. */
function echo(question: Question, { from, to }: DayRange): Record<string, unknown> {
  return {
    site_id: question.pixel,
    metrics: question.metrics,
    date_range: [from, to],
    dimensions: question.dimensions.map((dimension) => dimension?.name ?? question.time),
    filters: question.filters.map(echoFilter),
    order_by: question.order,
    include: question.include,
    pagination: question.pagination,
  };
}

function echoFilter(filter: Question['filters'][number]): unknown {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return [filter.kind, filter.filters.map(echoFilter)];
    case 'not':
      return ['not', echoFilter(filter.filter)];
    case 'test':
      return [filter.operator, filter.dimension.name, filter.values];
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
