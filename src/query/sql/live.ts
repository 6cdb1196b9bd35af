/** The SQL of live counts: the events of the last minutes that filters let through, by the definitions of queries. */
import { ENGAGEMENT, VISIT_GAP } from '../../model/event.ts';
import { GOALS } from '../../sql/goals.ts';
import { STRETCHES } from '../../sql/stretches.ts';
import type { QueryPlan } from '../needs.ts';
import { eventCtes, eventsOf } from './events.ts';
import { dayCtes } from './rollup-rows.ts';

/**
 * Reads from when on events are needed to see the visits of `:from` to `:to` in full, and how many events there are since then. A
 * visit has an event in each half hour, so this goes back by half hours while one of the visitors was there, at most to
 * `:earliest`.
 */
export const VISITS_BEGIN = `
  WITH RECURSIVE
  back (at, visitors) AS (
    SELECT :from, (
      SELECT json_group_array(DISTINCT visitor) FROM events
      WHERE pixel = :pixel AND ts BETWEEN :from AND :to AND visitor <> '' AND name <> '${ENGAGEMENT}')
    UNION ALL
    SELECT b.at - ${VISIT_GAP}, (
      SELECT json_group_array(DISTINCT e.visitor) FROM events e
      WHERE e.pixel = :pixel AND e.ts >= b.at - ${VISIT_GAP} AND e.ts < b.at AND e.name <> '${ENGAGEMENT}'
        AND e.visitor IN (SELECT value FROM json_each(b.visitors)))
    FROM back b WHERE b.visitors <> '[]' AND b.at > :earliest),
  begin AS (SELECT max(min(at), :earliest) AS at FROM back)
  SELECT at, (SELECT count(*) FROM events WHERE pixel = :pixel AND ts BETWEEN begin.at AND :to) AS events FROM begin`;

interface LiveSql {
  /** A row for each minute since the epoch with an event, and one without a minute: the visitors since `:recent`. */
  readonly counts: string;
  /** The latest events since `:since`, the latest first, engagements included. */
  readonly latest: string;
}

/** @param columns the columns of the latest events. */
export function liveSql(plan: QueryPlan, columns: readonly string[]): LiveSql {
  const { from, where } = eventsOf(plan, plan.needs.groupings.answer);
  // Without filters, nothing of a visit is needed.
  const source = plan.query.filters.length === 0 ? 'numbered_event n' : from;
  const ctes = [
    STRETCHES,
    GOALS,
    ...dayCtes(plan),
    ...eventCtes(plan),
    `picked AS MATERIALIZED (
      SELECT n.ts, n.id, n.counted, n.pageview, iif(n.visitor <> '', n.visitor_number, NULL) AS visitor_number
      FROM ${source} WHERE ${where})`,
  ];
  const withClause = `WITH RECURSIVE ${ctes.join(',\n')}`;
  return {
    counts: `${withClause}
      SELECT ts / 60000 AS minute, count(DISTINCT visitor_number) AS visitors, count(*) AS events, sum(pageview) AS pageviews
      FROM picked WHERE counted GROUP BY minute
      UNION ALL SELECT NULL, count(DISTINCT visitor_number), 0, 0 FROM picked WHERE counted AND ts > :recent`,
    latest: `${withClause}
      SELECT ${columns.map((column) => `e.${column}`).join(', ')}
      FROM picked p CROSS JOIN events e ON e.pixel = :pixel AND e.ts = p.ts AND e.id = p.id
      WHERE p.ts > :since ORDER BY e.ts DESC, e.id DESC LIMIT :limit`,
  };
}
