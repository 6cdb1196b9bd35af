/**
 * Brings an archived day back. Its events are written back while the day is still closed, so queries are answered from its rollup until
 * all of them are there. Then the day is stored again, in one statement, and the cron rolls it up. Each step may be repeated.
 */
import type { ArchivedRow } from '../archive/schema.ts';
import { RESTORED_FOR } from '../model/archive.ts';
import { DIRTY, RAW, type RawState } from '../model/day-state.ts';
import { EVENT_COLUMNS } from '../model/event.ts';
import { chunksOf, FIELD, ROWS, VALUES } from './batch-rows.ts';
import { isErased } from './erasures.ts';
import { hasPixel } from './pixels.ts';

/** A part of an archived day. */
export interface StoredPart {
  readonly part: number;
  readonly events: number;
  /** How many of them the restore has written back. */
  readonly restored: number;
  readonly sha256: string;
  readonly written_at: number;
  readonly is_last: number;
}

/** An archived day. */
export interface ArchivedDay {
  readonly raw: RawState;
  readonly starts_at: number;
  readonly ends_at: number;
  readonly held_until: number;
  readonly points: number;
  /** In order. */
  readonly parts: readonly StoredPart[];
}

/** @returns null if the day is not in the archive. */
export async function archivedDay(db: D1Database, pixel: string, day: string): Promise<ArchivedDay | null> {
  const row = await db
    .prepare(
      `SELECT d.raw, d.starts_at, d.ends_at, d.held_until, d.points, (
         SELECT json_group_array(json_object('part', part, 'events', events, 'restored', restored, 'sha256', sha256,
           'written_at', written_at, 'is_last', is_last))
         FROM (SELECT * FROM archives a WHERE a.pixel = d.pixel AND a.day = d.day ORDER BY part)) AS parts
       FROM days d WHERE d.pixel = ? AND d.day = ?`,
    )
    .bind(pixel, day)
    .first<Omit<ArchivedDay, 'parts'> & { readonly parts: string }>();
  const parts = JSON.parse(row?.parts ?? '[]') as StoredPart[];
  return row === null || parts.length === 0 ? null : { ...row, parts };
}

/** Begins a restore, if none is in progress: the purge of the day waits from now on. */
export async function beginRestore(db: D1Database, pixel: string, day: string, now: number): Promise<void> {
  const isClosed = `raw > ${RAW.stored} AND held_until <= ?3`;
  await db.batch([
    db
      .prepare(
        `UPDATE archives SET restored = 0 WHERE pixel = ?1 AND day = ?2
           AND EXISTS (SELECT 1 FROM days d WHERE d.pixel = ?1 AND d.day = ?2 AND d.${isClosed})`,
      )
      .bind(pixel, day, now),
    db
      .prepare(
        `UPDATE days SET raw = ${RAW.purging}, held_until = ?3 + ${RESTORED_FOR} WHERE pixel = ?1 AND day = ?2 AND ${isClosed}`,
      )
      .bind(pixel, day, now),
  ]);
}

/** SQL for whether day `?2`, `?3` is being restored at `?4`. */
const IS_RESTORING = `EXISTS (
  SELECT 1 FROM days d WHERE d.pixel = ?2 AND d.day = ?3 AND d.raw = ${RAW.purging} AND d.held_until > ?4)`;

const INSERT_ROWS = `
  INSERT INTO events (${EVENT_COLUMNS.join(', ')})
  SELECT ${VALUES.join(', ')} FROM ${ROWS}
  WHERE ${IS_RESTORING} AND ${hasPixel('?2')} AND NOT ${isErased(FIELD.pixel, [FIELD.person, FIELD.visitor], FIELD.ts)}
  ON CONFLICT DO NOTHING`;

/**
 * Writes rows of a part back, all or nothing. Events of people who have been erased are left out.
 *
 * @param rows those after the first `restored` ones of the part.
 */
export async function restoreRows(
  db: D1Database,
  pixel: string,
  day: string,
  { part, restored }: StoredPart,
  rows: readonly ArchivedRow[],
  now: number,
): Promise<void> {
  const chunks = chunksOf(
    rows.map((row) => [pixel, ...row]),
    0,
  );
  await db.batch([
    ...chunks.map(({ json }) => db.prepare(INSERT_ROWS).bind(json, pixel, day, now)),
    db
      .prepare(
        `UPDATE archives SET restored = ?1 WHERE pixel = ?2 AND day = ?3 AND part = ?5 AND restored = ?6 AND ${IS_RESTORING}`,
      )
      .bind(restored + rows.length, pixel, day, now, part, restored),
  ]);
}

/** Ends a restore: the day is stored again, and dirty. @returns false if not all of its events are back. */
export async function endRestore(db: D1Database, pixel: string, day: string, now: number): Promise<boolean> {
  const { meta } = await db
    .prepare(
      `UPDATE days SET raw = ${RAW.stored}, dirty = ${DIRTY.eventsChanged}, held_until = ?3 + ${RESTORED_FOR}
       WHERE pixel = ?1 AND day = ?2 AND raw = ${RAW.purging} AND held_until > ?3
         AND NOT EXISTS (
           SELECT 1 FROM archives a WHERE a.pixel = ?1 AND a.day = ?2 AND (a.written_at = 0 OR a.restored < a.events))`,
    )
    .bind(pixel, day, now)
    .run();
  return meta.changes > 0;
}
