/** Finds the days whose columns are past their pixel's `keep_days`, and deletes these columns. */
import { RAW } from '../model/day-state.ts';
import { DEFAULT_SETTINGS } from '../model/pixel.ts';

const DAY = 24 * 3_600_000;

export interface ColumnsOfDay {
  readonly pixel: string;
  readonly day: string;
}

/** SQL for how many days pixel `p` keeps columns. Pixels from before there were columns have no setting. */
const KEEP_DAYS = `coalesce(p.settings ->> 'keep_days', ${DEFAULT_SETTINGS.keep_days})`;

/** Days that have columns and are past the time that their pixel keeps them. Days whose events are still stored wait for their purge. */
export async function expiredColumns(db: D1Database, now: number, limit: number): Promise<ColumnsOfDay[]> {
  const { results } = await db
    .prepare(
      `SELECT d.pixel, d.day
       FROM pixels p
       CROSS JOIN days d INDEXED BY days_columns ON d.pixel = p.id AND d.columns > 0 AND d.ends_at < ?1 - ${DAY} * ${KEEP_DAYS}
       WHERE d.raw = ${RAW.purged}
       LIMIT ?2`,
    )
    .bind(now, limit)
    .all<ColumnsOfDay>();
  return results;
}

/** Deletes the columns of days, and those of months that have no further day with columns. */
export async function deleteColumns(db: D1Database, days: readonly ColumnsOfDay[]): Promise<void> {
  const list = JSON.stringify(days.map(({ pixel, day }) => [pixel, day]));
  await db.batch([
    db
      .prepare(
        `UPDATE days SET columns = 0
         WHERE raw = ${RAW.purged} AND (pixel, day) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1))`,
      )
      .bind(list),
    db
      .prepare(
        `WITH ended AS (SELECT value ->> 0 AS pixel, value ->> 1 AS day FROM json_each(?1))
         DELETE FROM segments WHERE (pixel, period) IN (
           SELECT pixel, day FROM ended
           UNION
           SELECT e.pixel, substr(e.day, 1, 7) FROM ended e
           WHERE NOT EXISTS (
             SELECT 1 FROM days d
             WHERE d.pixel = e.pixel AND d.day BETWEEN substr(e.day, 1, 7) || '-01' AND substr(e.day, 1, 7) || '-31' AND d.columns > 0))`,
      )
      .bind(list),
  ]);
}
