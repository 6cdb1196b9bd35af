/**
 * What a query and a funnel do alike in one span: columns answer their days, filters are resolved for all other days, and one
 * transaction checks these days and reads the answer.
 */
import { err, ok, type Result } from '../model/result.ts';
import type { QueryContext } from './context.ts';
import { type DayStates, statesOfOthers } from './day-states.ts';
import type { Meter } from './meter.ts';
import type { ParsedQuery } from './parsed-query.ts';
import type { QueryError } from './query-error.ts';
import { type ColumnTask, readColumns, type SegmentReader } from './read-columns.ts';
import { matchingGoals, resolveFilters } from './resolve.ts';
import { type Asker, missingEvents } from './retention.ts';

export interface Answer {
  /** With the rows that columns have answered. */
  readonly context: QueryContext;
  /** The days that columns have not answered, as they were when the answer was read. */
  readonly days: DayStates;
  /** The rows of each statement. */
  readonly results: readonly (readonly Record<string, unknown>[])[];
}

interface Span<Reader extends SegmentReader> {
  readonly given: QueryContext;
  readonly task: ColumnTask<Reader>;
  readonly asker: Asker;
  /** Limits the work of comparing values, in this and in other spans together. */
  readonly meter: Meter;
}

/** @param statementsOf the statements that read the answer, of the query with its filters resolved. */
export async function readAnswer<Reader extends SegmentReader>(
  db: D1Database,
  query: ParsedQuery,
  { given, task, asker, meter }: Span<Reader>,
  statementsOf: (query: ParsedQuery, context: QueryContext) => readonly D1PreparedStatement[],
): Promise<Result<Answer, QueryError>> {
  const goals = matchingGoals(query, given.pixel, meter);
  if (!goals.ok) return goals;
  const read = await readColumns(db, query, given, task);
  if (!read.ok) return read;
  const context = read.value;
  const filters = await resolveFilters(db, query, context, goals.value, meter);
  if (!filters.ok) return filters;
  const resolved = { ...query, filters: filters.value };
  const { rollups } = task.sources;
  const [states, ...answers] = await db.batch<Record<string, unknown>>([
    statesOfOthers(db, resolved, context, context.columns.days, rollups),
    ...statementsOf(resolved, context),
  ]);
  const days = states?.results[0] as unknown as DayStates;
  const detail = missingEvents(asker, context, days, rollups);
  if (detail !== null) return err({ reason: 'beyond_retention', detail });
  return ok({ context, days, results: answers.map(({ results }) => results) });
}
