/**
 * The SQL of people: which people were active in each period, which of them for the first time, on which kinds of device, and
 * what brought them. An event has the alias that it was sent with. Links say which person the alias belongs to today.
 *
 * A period is a bucket of the time dimension. For hours it is their day; without a time dimension it is the full range.
 */
import { DIRTY } from '../../model/day-state.ts';
import type { PersonDimension } from '../../model/dimensions.ts';
import { ENGAGEMENT } from '../../model/event.ts';
import { countOfDevices, deviceBit, namesOfDevices, unionOfDevices } from '../../sql/devices.ts';
import { peopleOf } from '../../sql/people.ts';
import { LINKED_TO, rootOf } from '../../store/aliases.ts';
import type { Moments } from '../parsed-query.ts';

/** The columns of `numbered_event` that `presenceInEvents` needs. */
export const PERSON_COLUMNS = ['person', 'device'] as const;

/** `presence`: a row for each period, day and alias, from the rollups of days that have one, else from events. */
export const presenceInRollups = (hasRollup: string, moments: Moments | null): string => `
  attended_day AS (${
    moments
      ? `SELECT bucket, day, max(starts_at, ${moments.from}) AS starts_at, min(ends_at, ${moments.to + 1}) AS ends_at FROM open_day`
      : 'SELECT * FROM open_day'
  }),
  presence AS MATERIALIZED (
    SELECT c.bucket, c.day, p.person, p.devices
    FROM (
      SELECT DISTINCT s.bucket, s.day
      FROM stretch s CROSS JOIN days d ON d.pixel = :pixel AND d.day = s.day AND ${hasRollup}) c
    CROSS JOIN person_days p ON p.pixel = :pixel AND p.day = c.day AND p.devices > 0
    UNION ALL
    SELECT bucket, day, person, devices FROM (${peopleOf('attended_day')}))`;

/** `presence`, from numbered events. */
export const presenceInEvents = (moments: Moments | null): string => `
  presence AS MATERIALIZED (
    SELECT n.bucket, n.day, n.person, sum(DISTINCT ${deviceBit('n.device')}) AS devices
    FROM numbered_event n
    WHERE n.counted AND n.person <> ''${moments ? ` AND n.ts BETWEEN ${moments.from} AND ${moments.to}` : ''}
    GROUP BY n.bucket, n.day, n.person)`;

/**
 * `alias_root`: the person of each alias. `root_alias`: all aliases of these people. `attendance`: a row for each period and person,
 * with the person's devices and whether this is the person's first period ever. For a day that has changed since its rollup, its
 * events decide.
 *
 * Indexes are named: without that, SQLite reads all of a pixel's events before the range, once for each alias.
 *
 * @param aliases the CTE whose aliases are resolved: `numbered_event` includes those of engagements.
 */
export const attendanceCtes = (aliases: 'presence' | 'numbered_event', moments: Moments | null): string => `
  alias_root AS MATERIALIZED (
    SELECT person AS alias, ${rootOf('p.person', ':pixel')} AS root FROM (SELECT DISTINCT person FROM ${aliases} WHERE person <> '') p
  ),
  root_alias (root, alias) AS MATERIALIZED (
    SELECT DISTINCT root, root FROM alias_root
    UNION
    SELECT a.root, l.alias FROM root_alias a CROSS JOIN ${LINKED_TO} ON l.pixel = :pixel AND l.target = a.alias
  ),
  returning_root AS MATERIALIZED (
    SELECT DISTINCT a.root
    FROM root_alias a
    WHERE EXISTS (
        SELECT 1
        FROM person_days p INDEXED BY person_days_person CROSS JOIN days d ON d.pixel = :pixel AND d.day = p.day AND d.dirty IN (${DIRTY.clean}, ${DIRTY.goalsChanged})
        WHERE p.pixel = :pixel AND p.person = a.alias AND p.day < :first_day AND p.devices > 0)
      OR EXISTS (
        SELECT 1 FROM events e INDEXED BY events_person
        WHERE e.pixel = :pixel AND e.person = a.alias AND e.person <> '' AND e.name <> '${ENGAGEMENT}'
          AND e.ts < ${moments ? moments.from : '(SELECT min(starts_at) FROM stretch)'})
  ),
  attendance AS MATERIALIZED (
    SELECT bucket, root, devices, bucket = first AND root NOT IN (SELECT root FROM returning_root) AS is_new
    FROM (
      SELECT bucket, root, devices, first_value(bucket) OVER (PARTITION BY root ORDER BY day) AS first
      FROM (
        SELECT s.bucket, k.root, min(s.day) AS day, ${unionOfDevices('s.devices')} AS devices
        FROM presence s CROSS JOIN alias_root k ON k.alias = s.person
        GROUP BY s.bucket, k.root))
  )`;

/** The counts of a group of rows of `attendance`. */
export const PEOPLE_COUNTS = `
  count(*) AS people, sum(is_new) AS new_people, sum(${countOfDevices('devices')} > 1) AS cross_device_people`;

/** Joins an event `n` to its person. */
export const PERSON_OF_EVENT = `
  LEFT JOIN alias_root k ON k.alias = n.person
  LEFT JOIN attendance a ON a.bucket = n.bucket AND a.root = k.root`;

/** Joins an event `n` of person `k` to the person's first and last touch up to that moment. */
export const TOUCHES_OF_EVENT = `
  LEFT JOIN moment_touches h ON h.root = k.root AND h.ts = n.ts
  LEFT JOIN touch first ON first.position = h.first
  LEFT JOIN touch last ON last.position = h.last`;

/**
 * `touch`: the events that may have brought a person, in their order. `moment_touches`: for each moment at which a person had an
 * event, the position of the person's first touch within the days before it, and of the last touch up to it. One pass finds them
 * for all moments of a person: a lookup for each event would cost the square of a person's events.
 *
 * @param columns the attributes of a touch that are read.
 * @param days how far back, in days.
 */
export function touches(columns: Iterable<string>, days: number): string {
  const back = days * 86_400_000;
  // Window frames: all moments up to the current one, in either direction.
  const over = (order: string): string => `OVER (PARTITION BY root ORDER BY at ${order})`;
  const along = (sql: string, at: string): string => `
    SELECT root, at, moment, ${sql} AS position
    FROM (
      SELECT root, ts AS at, NULL AS moment, position FROM touch
      UNION ALL
      SELECT root, ${at}, ts, NULL FROM moment)`;
  return `
  moment AS MATERIALIZED (
    SELECT DISTINCT k.root, n.ts FROM numbered_event n CROSS JOIN alias_root k ON k.alias = n.person),
  touch AS MATERIALIZED (
    SELECT x.root, t.ts, ${[...columns].map((column) => `t.${column}, `).join('')}row_number() OVER (ORDER BY t.ts, t.id) AS position
    FROM root_alias x
    CROSS JOIN events t INDEXED BY events_person ON t.pixel = :pixel AND t.person = x.alias AND t.person <> '' AND t.channel <> 'Direct'
      AND t.ts BETWEEN (SELECT min(ts) FROM moment) - ${back} AND (SELECT max(ts) FROM moment)),
  moment_touches AS MATERIALIZED (
    SELECT root, moment AS ts, max(first) AS first, max(last) AS last
    FROM (
      SELECT root, moment, position AS first, NULL AS last FROM (${along(`min(position) ${over('DESC')}`, `ts - ${back}`)})
      UNION ALL
      SELECT root, moment, NULL, position FROM (${along(`max(position) ${over('ASC')}`, 'ts')}))
    WHERE moment IS NOT NULL
    GROUP BY root, moment)`;
}

/**
 * A person dimension's value in a row of event `n`, visit `v` and person `k`. The first or last touch is the earliest or latest of
 * the visit itself and the person's events of the days before, on any device. Direct traffic is no touch. An event without a
 * person has the attribute of its visit.
 *
 * @param days how far back, in days.
 */
export function personValue({ touch, column }: PersonDimension, days: number): string {
  if (touch === null) return namesOfDevices('coalesce(a.devices, 0)');
  const isBrought = `v."visit:channel" <> 'Direct'`;
  const counts =
    touch === 'first'
      ? `first.ts <= iif(${isBrought}, v.first_ts, n.ts)`
      : `last.ts >= max(n.ts - ${days * 86_400_000}, iif(${isBrought}, v.first_ts, 0))`;
  return `iif(${counts}, ${touch}.${column}, v."visit:${column}")`;
}
