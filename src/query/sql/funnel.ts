/** The SQL of funnels. */
import type { Funnel } from '../../model/goal.ts';
import { GOALS, reaches } from '../../sql/goals.ts';
import { STRETCHES } from '../../sql/stretches.ts';
import { numberedEvents } from '../../sql/visits.ts';
import { rootOf } from '../../store/aliases.ts';
import { FUNNEL_ROWS } from '../column-rows.ts';
import type { QueryContext } from '../context.ts';
import type { QueryPlan } from '../needs.ts';
import { reportableDaysCte, visitsOfCells } from './cells.ts';
import { listedRows } from './column-rows.ts';
import { eventCtes, eventsOf } from './events.ts';

/** The events of the range; with filters, also `matching_event`: the visits and persons of those that they let through. */
function eventsOfRange(plan: QueryPlan): string[] {
  const { filters } = plan.query;
  if (filters.length === 0) return [numberedEvents({ source: 'stretch', columns: plan.needs.eventColumns })];
  const { from, where } = eventsOf(plan, { name: 'picked', timed: false, dimensions: new Map(), filters });
  return [
    'open_day AS (SELECT * FROM stretch)',
    ...eventCtes(plan),
    // Not `WHERE counted AND …`: a filter alone may be as deep as SQLite allows.
    `matching_event AS MATERIALIZED (
      SELECT DISTINCT iif(n.counted, n.visit, -1) AS visit, iif(n.counted, n.person, '') AS person FROM ${from} WHERE ${where})`,
  ];
}

/** `visit_owner`: the day and the visitor of each visit. */
const VISIT_OWNERS = `
  visit_owner AS MATERIALIZED (
    SELECT visit, day, visitor FROM numbered_event WHERE visitor <> '' AND starts)`;

/** The visits that came to a step, day by day. */
function visitsOf({ columns }: QueryContext, step: number): string {
  const ofEvents = `
  SELECT w.day AS bucket, count(DISTINCT w.visitor) AS visitors, count(*) AS visits
  FROM (SELECT DISTINCT unit FROM step${step}) s JOIN visit_owner w ON w.visit = s.unit
  GROUP BY w.day`;
  const ofColumns = listedRows(FUNNEL_ROWS, columns.lists.get(FUNNEL_ROWS) ?? []);
  return ofColumns === null
    ? ofEvents
    : `${ofEvents}
  UNION ALL
  SELECT r.value ->> 0, r.value ->> 2, r.value ->> 3 FROM ${ofColumns} WHERE r.value ->> 1 = ${step}`;
}

/** The number of units that came to a step: of visits, also those that columns have counted. */
function unitsOf({ columns }: QueryContext, step: number): string {
  const ofEvents = `SELECT count(DISTINCT unit) FROM step${step}`;
  const ofColumns = listedRows(FUNNEL_ROWS, columns.lists.get(FUNNEL_ROWS) ?? []);
  return ofColumns === null
    ? ofEvents
    : `(${ofEvents}) + coalesce((SELECT sum(r.value ->> 3) FROM ${ofColumns} WHERE r.value ->> 1 = ${step}), 0)`;
}

/**
 * For each event that reaches a step after the step before, `began_at` is the latest moment at which a path to it began. A window
 * that opens later closes later, so a path that began earlier gets no further and is not followed. The cost grows with a person's
 * events, not with their square.
 */
export function funnelSql(plan: QueryPlan, { within }: Funnel, steps: number): string {
  const { query, context } = plan;
  const { reportable } = context;
  const ofVisit = within === 'visit';
  // A join, not `IN`: a filter alone may be as deep as an expression may be.
  const onlyMatching = (sql: string): string => (query.filters.length > 0 ? sql : '');
  // An event's position among those of its visitor and day, or of its person.
  const walk = ofVisit
    ? `SELECT n.*, n.visit AS unit, n.seq AS position
       FROM numbered_event n ${onlyMatching('JOIN (SELECT DISTINCT visit FROM matching_event) p ON p.visit = n.visit')}
       WHERE n.visitor <> ''`
    : `SELECT n.*, k.root AS unit, row_number() OVER (PARTITION BY k.root ORDER BY ts, id) AS position
       FROM numbered_event n JOIN person_root k ON k.person = n.person
       ${onlyMatching(`JOIN (
         SELECT DISTINCT w.root FROM matching_event p JOIN person_root w ON w.person = p.person) r ON r.root = k.root`)}
       WHERE n.counted`;
  const stepEvents = `
    person_root AS MATERIALIZED (
      SELECT person, ${rootOf('p.person', ':pixel')} AS root
      FROM (SELECT DISTINCT person FROM numbered_event WHERE person <> '' AND counted) p),
    step_event AS MATERIALIZED (
      SELECT g.step, n.unit, n.position, n.ts
      FROM goal g CROSS JOIN (${walk}) n ON g.step < ${steps} AND ${reaches('n', 'g')})`;
  const inTime = ofVisit ? '' : `AND ts <= began_at + ${within.hours * 3_600_000}`;
  const next = (step: number): string => `
    step${step} AS MATERIALIZED (
      SELECT unit, position, began_at
      FROM (
        SELECT unit, position, ts, is_arrival,
          max(began_at) OVER (PARTITION BY unit ORDER BY position RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS began_at
        FROM (
          SELECT unit, position, began_at, 0 AS ts, false AS is_arrival FROM step${step - 1}
          UNION ALL
          SELECT unit, position, NULL, ts, true FROM step_event WHERE step = ${step}))
      WHERE is_arrival AND began_at IS NOT NULL ${inTime})`;
  const places = Array.from({ length: steps }, (_, step) => step);
  const count = (step: number): string =>
    `(${reportable === null ? unitsOf(context, step) : visitsOfCells(plan, visitsOf(context, step))}) AS count${step}`;
  return `
    WITH RECURSIVE ${[STRETCHES, GOALS, ...eventsOfRange(plan), ...(reportable === null ? [] : [reportableDaysCte(reportable), VISIT_OWNERS]), stepEvents].join(',')},
    step0 AS MATERIALIZED (SELECT unit, position, ts AS began_at FROM step_event WHERE step = 0)${places
      .slice(1)
      .map((step) => `,${next(step)}`)
      .join('')}
    SELECT ${places.map(count).join(', ')}`;
}
