/** Keeps the local days that have events: which must be rolled up, which still hold raw events. */

export interface DirtyDay {
  readonly pixel: string;
  readonly day: string;
  readonly timezone: string;
  readonly rolled_at: number | null;
}

/** The oldest closed days whose events have changed since their rollup. */
export async function dirtyDays(db: D1Database, now: number, limit: number): Promise<DirtyDay[]> {
  const { results } = await db
    .prepare(
      `SELECT d.pixel, d.day, d.rolled_at, p.timezone
       FROM days d JOIN pixels p ON p.id = d.pixel
       WHERE d.dirty = 1 AND d.ends_at <= ?
       ORDER BY d.ends_at
       LIMIT ?`,
    )
    .bind(now, limit)
    .all<DirtyDay>();
  return results;
}

/** Marks a day's rollup as true to its events. It belongs into the transaction that wrote the rollup. */
export function markRolledUp(db: D1Database, pixel: string, day: string, now: number): D1PreparedStatement {
  return db
    .prepare('UPDATE days SET dirty = 0, rolled_at = ?3 WHERE pixel = ?1 AND day = ?2')
    .bind(pixel, day, now);
}

export interface ExpiredDay {
  readonly pixel: string;
  readonly day: string;
  readonly starts_at: number;
  readonly ends_at: number;
  readonly raw: number;
}

/**
 * Days whose raw events are past their pixel's retention. A day that was changed within the last `grace`
 * milliseconds waits: it may be one that an import is still filling.
 */
export async function expiredDays(
  db: D1Database,
  now: number,
  grace: number,
  limit: number,
): Promise<ExpiredDay[]> {
  const { results } = await db
    .prepare(
      `SELECT d.pixel, d.day, d.starts_at, d.ends_at, d.raw
       FROM pixels p
       JOIN days d ON d.pixel = p.id AND d.raw < 2
         AND d.ends_at < ?1 - 86400000 * CAST(p.settings ->> 'retention_days' AS INTEGER)
       WHERE d.dirty = 0 AND d.rolled_at < ?1 - ?2
       ORDER BY d.ends_at
       LIMIT ?3`,
    )
    .bind(now, grace, limit)
    .all<ExpiredDay>();
  return results;
}

/** Closes a day for good: from now on it takes no events, and its rollup is all that answers for it. */
export async function closeDay(db: D1Database, { pixel, day }: ExpiredDay): Promise<boolean> {
  const { meta } = await db
    .prepare('UPDATE days SET raw = 1 WHERE pixel = ? AND day = ? AND dirty = 0 AND raw = 0')
    .bind(pixel, day)
    .run();
  return meta.changes > 0;
}

/** Deletes up to `limit` raw events of a closed day. */
export async function purgeEvents(
  db: D1Database,
  { pixel, starts_at, ends_at }: ExpiredDay,
  limit: number,
): Promise<number> {
  const { meta } = await db
    .prepare('DELETE FROM events WHERE pixel = ? AND ts >= ? AND ts < ? LIMIT ?')
    .bind(pixel, starts_at, ends_at, limit)
    .run();
  return meta.changes;
}

export async function markPurged(db: D1Database, { pixel, day }: ExpiredDay): Promise<void> {
  await db.prepare('UPDATE days SET raw = 2 WHERE pixel = ? AND day = ?').bind(pixel, day).run();
}
