/** The SQL of funnels. */
import type { Funnel } from '../../model/goal.ts';
import { GOALS, reaches } from '../../sql/goals.ts';
import { STRETCHES } from '../../sql/stretches.ts';
import { numberedEvents } from '../../sql/visits.ts';
import { rootOf } from '../../store/aliases.ts';
import type { QueryPlan } from '../needs.ts';
import { reportableDaysCte, visitsOfCells } from './cells.ts';
import { eventCtes, eventsOf } from './events.ts';

/** The events of the range; with filters, also `picked`: the visits and persons of those that they let through. */
function eventsOfRange(plan: QueryPlan): string[] {
  const { filters } = plan.question;
  if (filters.length === 0) return [numberedEvents({ source: 'stretch', columns: plan.needs.eventColumns })];
  const { from, where } = eventsOf(plan, { name: 'picked', timed: false, dimensions: new Map(), filters });
  return [
    'open AS (SELECT * FROM stretch)',
    ...eventCtes(plan),
    // Not `WHERE counted AND …`: a filter may be as deep by itself as SQLite takes.
    `picked AS MATERIALIZED (
      SELECT DISTINCT iif(n.counted, n.visit, -1) AS visit, iif(n.counted, n.person, '') AS person FROM ${from} WHERE ${where})`,
  ];
}

/** `whose_visit`: the day and the visitor of each visit. */
const WHOSE_VISIT = `
  whose_visit AS MATERIALIZED (
    SELECT visit, day, visitor FROM numbered WHERE visitor <> '' AND starts)`;

/** The visits that came to a step, day by day. */
const visitsOf = (step: number): string => `
  SELECT w.day AS bucket, count(DISTINCT w.visitor) AS visitors, count(*) AS visits
  FROM (SELECT DISTINCT unit FROM step${step}) s JOIN whose_visit w ON w.visit = s.unit
  GROUP BY w.day`;

/**
 * Of each event that reaches a step in its turn is kept when the latest way to it began: a window that opens later closes
 * later, so an earlier one gets no further. Ways that begin earlier need not be followed, and the cost grows with the events
 * of a person, not with their square.
 */
export function funnelSql(plan: QueryPlan, { within }: Funnel, steps: number): string {
  const { question, context } = plan;
  const { reportable } = context;
  const ofVisit = within === 'visit';
  // Joined, not `IN`: what filters are is as deep by itself as an expression may be.
  const picked = (sql: string): string => (question.filters.length > 0 ? sql : '');
  // An event's place among those of its visitor and day, or of its person.
  const walk = ofVisit
    ? `SELECT n.*, n.visit AS unit, n.seq AS place
       FROM numbered n ${picked('JOIN (SELECT DISTINCT visit FROM picked) p ON p.visit = n.visit')}
       WHERE n.visitor <> ''`
    : `SELECT n.*, k.root AS unit, row_number() OVER (PARTITION BY k.root ORDER BY ts, id) AS place
       FROM numbered n JOIN whose k ON k.person = n.person
       ${picked(`JOIN (
         SELECT DISTINCT w.root FROM picked p JOIN whose w ON w.person = p.person) r ON r.root = k.root`)}
       WHERE n.counted`;
  const reached = `
    whose AS MATERIALIZED (
      SELECT person, ${rootOf('p.person', ':pixel')} AS root
      FROM (SELECT DISTINCT person FROM numbered WHERE person <> '' AND counted) p),
    reached AS MATERIALIZED (
      SELECT g.step, n.unit, n.place, n.ts
      FROM goal g CROSS JOIN (${walk}) n ON g.step < ${steps} AND ${reaches('n', 'g')})`;
  const inTime = ofVisit ? '' : `AND ts <= began + ${within.hours * 3_600_000}`;
  const next = (step: number): string => `
    step${step} AS MATERIALIZED (
      SELECT unit, place, began
      FROM (
        SELECT unit, place, ts, comes,
          max(began) OVER (PARTITION BY unit ORDER BY place RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS began
        FROM (
          SELECT unit, place, began, 0 AS ts, false AS comes FROM step${step - 1}
          UNION ALL
          SELECT unit, place, NULL, ts, true FROM reached WHERE step = ${step}))
      WHERE comes AND began IS NOT NULL ${inTime})`;
  const places = Array.from({ length: steps }, (_, step) => step);
  const count = (step: number): string =>
    `(${reportable === null ? `SELECT count(DISTINCT unit) FROM step${step}` : visitsOfCells(plan, visitsOf(step))}) AS count${step}`;
  return `
    WITH RECURSIVE ${[STRETCHES, GOALS, ...eventsOfRange(plan), ...(reportable === null ? [] : [reportableDaysCte(reportable), WHOSE_VISIT]), reached].join(',')},
    step0 AS MATERIALIZED (SELECT unit, place, ts AS began FROM reached WHERE step = 0)${places
      .slice(1)
      .map((step) => `,${next(step)}`)
      .join('')}
    SELECT ${places.map(count).join(', ')}`;
}
