/**
 * The SQL of a query, put together from its parts.
 *
 * Days that have a valid rollup are read from rollups if the query needs no more than a rollup has: no filter, at most one
 * dimension beside the time, and nothing that is counted person by person. Everything else is computed from events, by the SQL
 * that made the rollups.
 */
import { GOALS } from '../../sql/goals.ts';
import { STRETCHES } from '../../sql/stretches.ts';
import type { QueryPlan } from '../needs.ts';
import { groupsOfCells } from './cells.ts';
import { counted, denominator, type JoinedCte, people, sales } from './counts.ts';
import { eventCtes } from './events.ts';
import { dayCtes } from './rollup-rows.ts';
import { answerColumns, orderBy, whereRequested } from './rows.ts';

/** Statements with named parameters: see parameters.ts. */
export interface QuerySql {
  readonly rows: string;
  /** The same query, for the number of its rows. */
  readonly total: string;
}

export function sqlOf(plan: QueryPlan): QuerySql {
  const { query, context, needs } = plan;
  const { metrics, dimensions } = query;
  const { reportable } = context;
  const { groups, joined } =
    reportable === null ? groupsOf(plan) : groupsOfCells(plan, needs.groupings, reportable);
  const columns = ['answer.*', ...joined.flatMap((one) => one.columns)];
  const ctes = [
    STRETCHES,
    GOALS,
    ...dayCtes(plan),
    ...eventCtes(plan),
    ...groups,
    ...joined.map(({ cte }) => cte),
    `answer_row AS (SELECT ${columns.join(', ')} FROM answer ${joined.map(({ join }) => join).join(' ')})`,
    `labeled_row AS (
      SELECT ${answerColumns(query, reportable !== null)} FROM answer_row
      ${dimensions.length === 0 || metrics.length === 0 ? '' : 'WHERE events > 0'})`,
    `requested_row AS (SELECT * FROM labeled_row ${whereRequested(query, context)})`,
  ];
  const withClause = `WITH RECURSIVE ${ctes.join(',\n')}`;
  return {
    rows: `${withClause} SELECT * FROM requested_row ORDER BY ${orderBy(query)} LIMIT :limit OFFSET :offset`,
    total: `${withClause} SELECT count(*) AS total FROM requested_row`,
  };
}

/** The CTEs of an answer's groups, and those joined to them. */
function groupsOf(plan: QueryPlan): {
  readonly groups: readonly string[];
  readonly joined: readonly JoinedCte[];
} {
  const { metrics } = plan.query;
  const { answer, denominators } = plan.needs.groupings;
  return {
    groups: [counted(plan, answer)],
    joined: [
      ...(metrics.some(({ ofSales }) => ofSales) ? [sales(plan, answer)] : []),
      ...(metrics.some(({ ofPeople }) => ofPeople) ? [people(plan, answer)] : []),
      ...denominators.map((grouping) => denominator(plan, grouping)),
    ],
  };
}
