/** Reads the events that only Analytics Engine has, page by page in the order of their time and id. */
import type { Event } from '../model/event.ts';
import type { Condition, Expression, Selected, Statement } from './dialect.ts';
import { EngineError } from './engine-error.ts';
import { COLUMN, eventOf, INDEX, indexesOf, KIND, LAST, POINT_COLUMNS } from './point.ts';
import type { EngineReader } from './reader.ts';
import type { EngineRow } from './row.ts';

/** Which points. */
export interface PointRange {
  readonly pixel: string;
  /** The times of the events, in epoch milliseconds: `since` is included, `until` is not. */
  readonly since: number;
  readonly until: number;
  /** The bounds of the visitors' ids, as `sliceBounds` gives them. Default: all visitors. */
  readonly from?: string;
  readonly before?: string;
}

export interface PointPage {
  readonly events: readonly Event[];
  /** For each event, how many written points it stands for: more than 1 if the platform has sampled. */
  readonly intervals: readonly number[];
}

/**
 * A point is written at most ten minutes after its event, and at most five before: so much earlier and later are the points of a
 * range of events, in milliseconds, and an hour is on the safe side.
 */
export const WRITTEN_AROUND = 3_600_000;

/** Rows of a page. A row has some 400 bytes, and 12 KB at most. */
const PAGE_ROWS = 10_000;
/** An answer that is too large is asked for again in pages of a quarter, down to so many rows. */
const LEAST_PAGE_ROWS = 100;

const WEIGHT = 'weight';
const SELECT: readonly Selected[] = [
  ...POINT_COLUMNS.map((column) => ({ as: column, value: { column } })),
  { as: WEIGHT, value: { of: 'weight' } },
];

/** The conditions and times that every statement about the events of a range has. */
export function inRange({
  pixel,
  since,
  until,
  from = '',
  before = LAST,
}: PointRange): Pick<Statement, 'since' | 'until' | 'where'> {
  return {
    since: Math.max(0, since - WRITTEN_AROUND),
    until: until + WRITTEN_AROUND,
    where: [
      { column: INDEX, in: indexesOf(pixel, from, before) },
      // A slice may end within an index.
      ...(from.length > 1 ? [compare(COLUMN.visitor, '>=', from)] : []),
      ...(before.length > 1 && before < LAST ? [compare(COLUMN.visitor, '<', before)] : []),
      compare(COLUMN.kind, '=', KIND.event),
      compare(COLUMN.ts, '>=', since),
      compare(COLUMN.ts, '<', until),
    ],
  };
}

/**
 * Reads points. A point that was written twice is one event. Events of erased visitors are among them.
 *
 * @param rows the most rows of a page.
 * @throws EngineError
 */
export async function* readPoints(
  reader: EngineReader,
  range: PointRange,
  rows = PAGE_ROWS,
): AsyncGenerator<PointPage> {
  if (indexesOf(range.pixel, range.from, range.before).length === 0) return;
  let limit = rows;
  let last: EngineRow | null = null;
  for (;;) {
    let page: readonly EngineRow[];
    try {
      page = await reader.rows(statementOf(range, last, limit));
    } catch (error) {
      if (!(error instanceof EngineError) || error.kind !== 'limit' || limit <= LEAST_PAGE_ROWS) throw error;
      limit = Math.max(LEAST_PAGE_ROWS, Math.floor(limit / 4));
      continue;
    }
    const points = withoutRepeated(page);
    if (points.length > 0) {
      yield { events: points.map(eventOf), intervals: points.map((row) => Number(row[WEIGHT] ?? 1)) };
    }
    last = page.at(-1) ?? null;
    if (last === null || page.length < limit) return;
  }
}

/** @param last the last row of the page before, or null. */
function statementOf(range: PointRange, last: EngineRow | null, limit: number): Statement {
  const bounds = inRange(range);
  return {
    ...bounds,
    select: SELECT,
    where: last === null ? bounds.where : [...bounds.where, after(last)],
    orderBy: [{ by: COLUMN.ts }, { by: COLUMN.id }],
    limit,
  };
}

/** The rows after a row, in the order of time and id. */
function after(last: EngineRow): Condition {
  const ts = Number(last[COLUMN.ts]);
  return {
    or: [
      compare(COLUMN.ts, '>', ts),
      { and: [compare(COLUMN.ts, '=', ts), compare(COLUMN.id, '>', String(last[COLUMN.id]))] },
    ],
  };
}

type Comparison = Extract<Condition, { left: Expression }>['is'];

const compare = (column: string, is: Comparison, value: string | number): Condition => ({
  left: { column },
  is,
  right: { value },
});

/** A point that was written twice has the same time and id, so its rows are neighbours. */
function withoutRepeated(page: readonly EngineRow[]): EngineRow[] {
  return page.filter((row, index) => {
    const before = page[index - 1];
    return before?.[COLUMN.id] !== row[COLUMN.id] || before?.[COLUMN.ts] !== row[COLUMN.ts];
  });
}
