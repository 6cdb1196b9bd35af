/**
 * Answers questions about days that Analytics Engine has sampled, with an interval for each number. What a sample can tell is what each
 * point says by itself: events, page views, sales, and bounds of visitors. It cannot tell visits, which need every event of a visitor.
 *
 * Everything that is read here adds up over times, so a question about many days is asked in parts.
 */
import type { DimensionColumn } from '../model/dimensions.ts';
import { ENGAGEMENT, PAGEVIEW } from '../model/event.ts';
import type { Aggregate, Condition, Expression, Selected, Statement } from './dialect.ts';
import { columnOfField, textOfField } from './fields.ts';
import { countOf, differenceOf, type Estimate, type Moments, NOTHING, together } from './interval.ts';
import { COLUMN, INDEX, indexesOf, NO_VALUE } from './point.ts';
import { inRange } from './read-points.ts';
import type { EngineReader } from './reader.ts';
import type { EngineRow } from './row.ts';
import type { TimeRun } from './time-runs.ts';
import { NO_VISITORS, type SeenVisitors, visitorsOf } from './visitors.ts';

export interface Question {
  readonly pixel: string;
  /** The times, without overlaps. */
  readonly runs: readonly TimeRun[];
  /** Whether each day, or each hour, is a group of its own. */
  readonly time: 'day' | 'hour' | null;
  readonly fields: readonly DimensionColumn[];
  /** Further conditions on the points. */
  readonly where: readonly Condition[];
  readonly wants: { readonly visitors: boolean; readonly sales: boolean };
}

export interface Sale {
  readonly currency: string;
  /** In millionths. */
  readonly revenue: Estimate;
  readonly sales: Estimate;
}

export interface EstimatedGroup {
  /** A day as `2026-11-24`, or an hour as `2026-11-24 09:00:00`; `''` without a time. */
  readonly time: string;
  /** The values of `fields`, in their order. */
  readonly values: readonly string[];
  readonly events: Estimate;
  readonly pageviews: Estimate;
  /** Null if the question does not want it. */
  readonly visitors: Estimate | null;
  readonly sales: readonly Sale[];
}

export interface Estimates {
  readonly groups: readonly EstimatedGroup[];
  /** The greatest number of points that a kept one stands for: 1 if nothing was sampled. */
  readonly interval: number;
  /** The part of the points that was kept, from 0 to 1. */
  readonly share: number;
  /** Whether there are no further groups, of less events. */
  readonly isComplete: boolean;
}

/** Groups of one statement at most. Further ones have less events. */
export const MAX_GROUPS = 10_000;
/** Pairs of a visitor and a group that are read at most. Of more, a part of the visitors is taken. */
export const MAX_PAIRS = 20_000;

/** What has been read of a group. */
interface Sums {
  readonly time: string;
  readonly values: readonly string[];
  events: Moments;
  pageviews: Moments;
  visitors: SeenVisitors;
  readonly sales: Map<string, { positive: Moments; negative: Moments; count: Moments }>;
}

/** @throws EngineError */
export async function estimate(reader: EngineReader, question: Question): Promise<Estimates> {
  const groups = new Map<string, Sums>();
  let [interval, kept, total] = [1, 0, 0];
  let isComplete = true;
  for (const run of question.runs) {
    const asked = new Asked(question, run);
    const rows = await reader.rows(asked.sums());
    isComplete &&= rows.length < MAX_GROUPS;
    let ofRun = 1;
    let seen = 0;
    for (const row of rows) {
      const group = asked.groupOf(row, groups);
      const events = momentsIn(row, 'events');
      kept += events.seen;
      total += events.sum;
      ofRun = Math.max(ofRun, numberIn(row, 'weight'));
      const found = question.wants.visitors ? numberIn(row, 'visitors') - numberIn(row, 'nobody') : 0;
      seen += found;
      group.events = together(group.events, events);
      group.pageviews = together(group.pageviews, momentsIn(row, 'pageviews'));
      group.visitors = { ...group.visitors, seen: group.visitors.seen + found };
    }
    interval = Math.max(interval, Math.ceil(ofRun));
    if (question.wants.visitors && ofRun > 1) await addVisitors(reader, asked, groups, seen);
    if (question.wants.sales) await addSales(reader, asked, groups);
  }
  const amounts = greatestAmounts(groups);
  return {
    groups: [...groups.values()].map((group) => estimated(group, question, interval, amounts)),
    interval,
    share: total === 0 ? 1 : kept / total,
    isComplete,
  };
}

/** The greatest amount of each currency in any group, without its sign: an unseen sale of a group may be like those of others. */
function greatestAmounts(groups: ReadonlyMap<string, Sums>): ReadonlyMap<string, number> {
  const amounts = new Map<string, number>();
  for (const { sales } of groups.values()) {
    for (const [currency, { positive, negative }] of sales) {
      amounts.set(currency, Math.max(amounts.get(currency) ?? 0, positive.greatest, negative.greatest));
    }
  }
  return amounts;
}

function estimated(
  group: Sums,
  { wants }: Question,
  interval: number,
  amounts: ReadonlyMap<string, number>,
): EstimatedGroup {
  const events = countOf(group.events, interval);
  return {
    time: group.time,
    values: group.values,
    events,
    pageviews: countOf(group.pageviews, interval),
    visitors: wants.visitors ? within(visitorsOf({ ...group.visitors, interval }), events) : null,
    sales: [...group.sales].map(([currency, { positive, negative, count }]) => {
      const greatest = amounts.get(currency) ?? 0;
      return {
        currency,
        revenue: differenceOf({ ...positive, greatest }, { ...negative, greatest }, interval),
        sales: countOf(count, interval),
      };
    }),
  };
}

/** A visitor has an event at least. */
function within(visitors: Estimate, events: Estimate): Estimate {
  const high = Math.max(visitors.low, Math.min(visitors.high, events.high));
  return { ...visitors, value: Math.min(visitors.value, high), high };
}

/** Adds what the visitors of a run say of those of whom nothing was kept. */
async function addVisitors(
  reader: EngineReader,
  asked: Asked,
  groups: Map<string, Sums>,
  seen: number,
): Promise<void> {
  const indexes = indexesOf(asked.question.pixel).slice(1);
  let slices = Math.max(1, Math.min(indexes.length, Math.floor((indexes.length * MAX_PAIRS * 0.8) / seen)));
  let rows = await reader.rows(asked.pairs(indexes.slice(0, slices)));
  while (rows.length >= MAX_PAIRS && slices > 1) {
    slices = Math.max(1, slices >> 1);
    rows = await reader.rows(asked.pairs(indexes.slice(0, slices)));
  }
  const share = indexes.length / slices;
  for (const row of rows) {
    const kept = Math.round(numberIn(row, 'kept'));
    if (kept < 1 || kept > 3) continue;
    const product = productOf(kept, numberIn(row, 'u1'), numberIn(row, 'u2'), numberIn(row, 'u3'));
    const group = asked.groupOf(row, groups);
    const tallies = group.visitors.kept.map((tally, index) =>
      index + 1 === kept
        ? { sum: tally.sum + share * product, squares: tally.squares + (share * product) ** 2 }
        : tally,
    ) as unknown as SeenVisitors['kept'];
    group.visitors = { ...group.visitors, kept: tallies, share: Math.max(group.visitors.share, share) };
  }
}

/** The product of one, two or three numbers, from the sums of their powers (Newton). */
function productOf(count: number, p1: number, p2: number, p3: number): number {
  if (count === 1) return p1;
  const product = count === 2 ? (p1 ** 2 - p2) / 2 : (p1 ** 3 - 3 * p1 * p2 + 2 * p3) / 6;
  return Math.max(0, product);
}

async function addSales(reader: EngineReader, asked: Asked, groups: Map<string, Sums>): Promise<void> {
  for (const row of await reader.rows(asked.sales())) {
    const { sales } = asked.groupOf(row, groups);
    const currency = String(row[COLUMN.currency]);
    const before = sales.get(currency) ?? { positive: NOTHING, negative: NOTHING, count: NOTHING };
    sales.set(currency, {
      positive: together(before.positive, momentsIn(row, 'positive')),
      negative: together(before.negative, momentsIn(row, 'negative')),
      count: together(before.count, momentsIn(row, 'sales')),
    });
  }
}

const numberIn = (row: EngineRow, name: string): number => Number(row[name] ?? 0);

const momentsIn = (row: EngineRow, name: string): Moments => ({
  seen: numberIn(row, `${name}_seen`),
  sum: numberIn(row, `${name}_sum`),
  variance: numberIn(row, `${name}_variance`),
  greatest: row[`${name}_greatest`] === undefined ? 1 : Math.max(0, numberIn(row, `${name}_greatest`)),
});

const WEIGHT: Expression = { of: 'weight' };
const ONE: Expression = { value: 1 };
const LESS_ONE: Expression = { op: '-', left: WEIGHT, right: ONE };
const ZERO: Expression = { value: 0 };

const times = (left: Expression, right: Expression): Expression => ({ op: '*', left, right });
/** A sum over the stored rows as they are, without their weights. */
const plain = (of: Expression): Aggregate => ({ total: { op: '/', left: of, right: WEIGHT } });
const where = (column: string, is: '=' | '<>' | '>' | '<', value: string | number): Condition => ({
  left: { column },
  is,
  right: { value },
});
const onlyIf = (condition: Condition, yes: Expression): Expression => ({ if: condition, yes, no: ZERO });

/** The columns of `momentsIn`. */
function moments(name: string, x: Expression, isCount: boolean): Selected[] {
  const squared = isCount ? x : times(x, x);
  return [
    { as: `${name}_seen`, value: plain(x) },
    { as: `${name}_sum`, value: { total: x } },
    { as: `${name}_variance`, value: { total: times(LESS_ONE, squared) } },
    ...(isCount ? [] : [{ as: `${name}_greatest`, value: { most: x } }]),
  ];
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The statements of a question about one run of days, and what their rows belong to. */
class Asked {
  readonly question: Question;
  readonly #run: TimeRun;

  constructor(question: Question, run: TimeRun) {
    this.question = question;
    this.#run = run;
  }

  sums(): Statement {
    const visitor = COLUMN.visitor;
    return this.#statement(MAX_GROUPS, {
      select: [
        ...moments('events', ONE, true),
        ...moments('pageviews', onlyIf(where(COLUMN.name, '=', PAGEVIEW), ONE), true),
        { as: 'weight', value: { most: WEIGHT } },
        ...(this.question.wants.visitors
          ? [
              { as: 'visitors', value: { distinct: { column: visitor } } },
              { as: 'nobody', value: { most: onlyIf(where(visitor, '=', ''), ONE) } },
            ]
          : []),
      ],
      orderBy: [{ by: 'events_sum', descending: true }],
    });
  }

  /** A row for each visitor of the indexes in each group. */
  pairs(indexes: readonly string[]): Statement {
    const visitor = COLUMN.visitor;
    return this.#statement(MAX_PAIRS, {
      by: [{ as: visitor, value: { column: visitor } }],
      select: [
        { as: 'kept', value: plain(ONE) },
        { as: 'u1', value: plain(LESS_ONE) },
        { as: 'u2', value: plain(times(LESS_ONE, LESS_ONE)) },
        { as: 'u3', value: plain(times(LESS_ONE, times(LESS_ONE, LESS_ONE))) },
      ],
      where: [{ column: INDEX, in: indexes }, where(visitor, '<>', '')],
    });
  }

  /** A row for each currency in each group. */
  sales(): Statement {
    const { currency, value: column } = COLUMN;
    const value: Expression = { column };
    return this.#statement(MAX_GROUPS, {
      by: [{ as: currency, value: { column: currency } }],
      select: [
        ...moments('sales', ONE, true),
        ...moments('positive', onlyIf(where(column, '>', 0), value), false),
        ...moments('negative', onlyIf(where(column, '<', 0), { op: '-', left: ZERO, right: value }), false),
      ],
      where: [where(column, '>', NO_VALUE), where(currency, '<>', '')],
      orderBy: [{ by: 'sales_sum', descending: true }],
    });
  }

  /** The group of a row, new if there is none yet. */
  groupOf(row: EngineRow, groups: Map<string, Sums>): Sums {
    const values = this.question.fields.map((field) => textOfField(field, String(row[columnOfField(field)])));
    const time = this.#timeOf(row);
    const key = JSON.stringify([time, ...values]);
    const known = groups.get(key);
    if (known) return known;
    const visitors: SeenVisitors = {
      seen: 0,
      kept: [NO_VISITORS, NO_VISITORS, NO_VISITORS],
      share: 1,
      interval: 1,
    };
    const made = { time, values, events: NOTHING, pageviews: NOTHING, visitors, sales: new Map() };
    groups.set(key, made);
    return made;
  }

  #statement(
    limit: number,
    parts: Pick<Statement, 'select' | 'orderBy'> & {
      readonly by?: readonly Selected[];
      readonly where?: readonly Condition[];
    },
  ): Statement {
    const { pixel, fields, where: given } = this.question;
    const { since, until, where: bounds } = inRange({ pixel, since: this.#run.start, until: this.#run.end });
    const columns = [...new Set(fields.map(columnOfField))];
    const keys: Selected[] = [
      ...this.#time(),
      ...columns.map((column) => ({ as: column, value: { column } })),
      // A currency, which sales are grouped by, may be a field as well.
      ...(parts.by ?? []).filter(({ as }) => !columns.includes(as)),
    ];
    return {
      select: [...keys, ...parts.select],
      since,
      ...(until === undefined ? {} : { until }),
      where: [...bounds, where(COLUMN.name, '<>', ENGAGEMENT), ...given, ...(parts.where ?? [])],
      ...(keys.length > 0 ? { groupBy: keys.map(({ as }) => as) } : {}),
      ...(parts.orderBy ? { orderBy: parts.orderBy } : {}),
      limit,
    };
  }

  /** The number of a local day or hour since 1970. */
  #time(): Selected[] {
    const { time } = this.question;
    if (time === null) return [];
    const { offsets } = this.#run;
    const [first, second] = offsets;
    const ts: Expression = { column: COLUMN.ts };
    const offset: Expression = second
      ? {
          if: where(COLUMN.ts, '<', second.start),
          yes: { value: first?.offset ?? 0 },
          no: { value: second.offset },
        }
      : { value: first?.offset ?? 0 };
    const unit = { value: time === 'day' ? DAY : HOUR };
    const local: Expression = { op: '+', left: ts, right: offset };
    return [{ as: 'bucket', value: { floor: { op: '/', left: local, right: unit } } }];
  }

  #timeOf(row: EngineRow): string {
    const { time } = this.question;
    if (time === null) return '';
    const [date = '', clock = ''] = new Date(numberIn(row, 'bucket') * (time === 'day' ? DAY : HOUR))
      .toISOString()
      .split('T');
    return time === 'day' ? date : `${date} ${clock.slice(0, 8)}`;
  }
}
