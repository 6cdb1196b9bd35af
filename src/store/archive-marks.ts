/** Marks the archived files that an erasure or a deletion has to reach. The cron changes them: see rollup/archive-changes.ts. */

/**
 * The statement that marks the files in which events of erased people may be: those with people, and those that are being written. `?1`
 * is a list of `[pixel, alias]`, `?2` the time. Each mark is greater than the one before.
 */
export const MARK_FILES = `
  UPDATE archives SET erase_at = max(erase_at + 1, ?2)
  WHERE pixel IN (SELECT DISTINCT value ->> 0 FROM json_each(?1)) AND (people > 0 OR written_at = 0)`;

/** The statement that marks the files of a deleted pixel. Their rows stay until the files are deleted. */
export function markFilesOf(db: D1Database, pixel: string, now: number): D1PreparedStatement {
  return db.prepare('UPDATE archives SET erase_at = max(erase_at + 1, ?2) WHERE pixel = ?1').bind(pixel, now);
}
