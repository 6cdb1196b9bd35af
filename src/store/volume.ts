/**
 * Reads how many events arrive, by pixel and hour, so that an owner can choose how they are stored. Rolled-up days have a row for
 * each hour. The events of other days are counted one by one, up to a limit.
 */
import { HOUR } from '../sql/rollups.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The most events of days without a rollup that are counted. */
const MAX_COUNTED = 200_000;
/** The most events of an hour whose minutes are counted: more would read more rows than the answer is worth. */
const MAX_MINUTES_OF = 500_000;
/** The most pixels that are listed. */
const MAX_PIXELS = 20;

export interface HourVolume {
  /** The hour's beginning, in epoch milliseconds. */
  readonly at: number;
  readonly events: number;
  /** The events of the pixel that had most. */
  readonly busiest: number;
}

export interface PixelVolume {
  readonly pixel: string;
  readonly events: number;
  readonly busiestHour: number;
  readonly retentionDays: number;
}

export interface Volume {
  /** The hours that have events, in order. Engagements count, since each is stored as a row. */
  readonly hours: readonly HourVolume[];
  /** The pixels with the most events, and the sum of events multiplied by days of retention over all pixels. */
  readonly pixels: readonly PixelVolume[];
  readonly eventDays: number;
  /** Whether all events were counted. If not, days without a rollup have more. */
  readonly complete: boolean;
}

/** The number of events of each hour and pixel, as rows of `pixel, hour, events, retention`. `?1`: since when, `?2` the date of that less a day. */
const HOURS = `
  SELECT pixel, hour, sum(events) AS events, max(retention) AS retention, sum(counted) AS counted FROM (
    SELECT d.pixel, (d.starts_at + ${HOUR_MS} * CAST(substr(r.value, 12, 2) AS INTEGER)) / ${HOUR_MS} AS hour,
      r.events * max(1.0, CAST(d.events AS REAL) / max(1, sum(r.events) OVER (PARTITION BY d.pixel, d.day))) AS events,
      CAST(p.settings ->> 'retention_days' AS INTEGER) AS retention, 0 AS counted
    FROM pixels p
    CROSS JOIN days d ON d.pixel = p.id AND d.day >= ?2 AND d.ends_at > ?1 AND d.rolled_at IS NOT NULL
    CROSS JOIN rollups r ON r.pixel = d.pixel AND r.day = d.day AND r.dimension = '${HOUR}' AND r.currency = ''
    UNION ALL
    SELECT * FROM (
      SELECT d.pixel, e.ts / ${HOUR_MS} AS hour, 1 AS events, CAST(p.settings ->> 'retention_days' AS INTEGER), 1
      FROM pixels p
      CROSS JOIN days d ON d.pixel = p.id AND d.day >= ?2 AND d.ends_at > ?1 AND d.rolled_at IS NULL
      CROSS JOIN events e ON e.pixel = d.pixel AND e.ts >= d.starts_at AND e.ts < d.ends_at
      LIMIT ${MAX_COUNTED}))
  WHERE (hour + 1) * ${HOUR_MS} > ?1
  GROUP BY pixel, hour`;

/** The volume since a time, in epoch milliseconds. It takes two statements. */
export async function readVolume(db: D1Database, since: number): Promise<Volume> {
  const from = new Date(since - DAY_MS).toISOString().slice(0, 10);
  const [hours, pixels] = await db.batch<Record<string, number | string>>([
    db
      .prepare(
        `SELECT hour, round(sum(events)) AS events, round(max(events)) AS busiest, sum(counted) AS counted
         FROM (${HOURS}) GROUP BY hour ORDER BY hour`,
      )
      .bind(since, from),
    db
      .prepare(
        `SELECT pixel, round(sum(events)) AS events, round(max(events)) AS busiestHour, max(retention) AS retentionDays,
           round(sum(sum(events) * max(retention)) OVER ()) AS eventDays
         FROM (${HOURS}) GROUP BY pixel ORDER BY events DESC, pixel LIMIT ${MAX_PIXELS}`,
      )
      .bind(since, from),
  ]);
  const hourRows = hours?.results ?? [];
  const pixelRows = pixels?.results ?? [];
  const counted = hourRows.reduce((sum, row) => sum + Number(row['counted']), 0);
  return {
    hours: hourRows.map(({ hour, events, busiest }) => ({
      at: Number(hour) * HOUR_MS,
      events: Number(events),
      busiest: Number(busiest),
    })),
    pixels: pixelRows.map(({ pixel, events, busiestHour, retentionDays }) => ({
      pixel: String(pixel),
      events: Number(events),
      busiestHour: Number(busiestHour),
      retentionDays: Number(retentionDays),
    })),
    eventDays: Number(pixelRows[0]?.['eventDays'] ?? 0),
    complete: counted < MAX_COUNTED,
  };
}

/** What the events of an hour are like. */
export interface HourSample {
  readonly events: number;
  /** The events of the busiest minute. */
  readonly busiestMinute: number;
  /** The events without person, event id, custom data and token, which Analytics Engine alone may hold. */
  readonly plain: number;
}

/**
 * Looks at the stored events of an hour. Null if none is stored any more, or there are too many to count.
 *
 * @param hour its events, as `readVolume` gives them.
 */
export async function sampleHour(db: D1Database, hour: HourVolume): Promise<HourSample | null> {
  if (hour.events > MAX_MINUTES_OF) return null;
  return db
    .prepare(
      `SELECT sum(n) OVER () AS events, n AS busiestMinute, sum(plain) OVER () AS plain
       FROM (
         SELECT e.ts / 60000 AS minute, count(*) AS n,
           sum(e.person = '' AND e.eid = '' AND e.props IN ('', '{}') AND e.authenticated = 0) AS plain
         FROM pixels p CROSS JOIN events e ON e.pixel = p.id AND e.ts >= ?1 AND e.ts < ?1 + ${HOUR_MS}
         GROUP BY 1)
       ORDER BY n DESC LIMIT 1`,
    )
    .bind(hour.at)
    .first<HourSample>();
}
