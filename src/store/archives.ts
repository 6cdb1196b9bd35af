/**
 * The index of the archive: which files of events the bucket has. A row is made before its file is written, so every file has one. The
 * index is authoritative: a file is valid once its row says that it is written.
 */
import type { ArchivedRow } from '../archive/schema.ts';
import type { ArchivePart } from '../model/archive.ts';
import { RAW } from '../model/day-state.ts';
import type { EventKey } from '../model/event.ts';
import { EXPORTED_EVENTS } from '../model/exported.ts';
import { DEFAULT_SETTINGS } from '../model/pixel.ts';
import { hasPixel } from './pixels.ts';

const DAY = 24 * 3_600_000;

/** SQL for how many days pixel `p` keeps archived events. Pixels from before there was an archive have no setting. */
export const ARCHIVE_DAYS = `coalesce(p.settings ->> 'archive_days', ${DEFAULT_SETTINGS.archive_days})`;

const ofDay = (day: string): string => `a.pixel = ${day}.pixel AND a.day = ${day}.day`;

/**
 * SQL for whether the events of a closed day are in the archive as they are in the database: all parts are written, or it has no
 * events.
 */
const isArchived = (day: string): string => `(
  EXISTS (SELECT 1 FROM archives a WHERE ${ofDay(day)} AND a.is_last = 1 AND a.written_at > 0)
    AND NOT EXISTS (SELECT 1 FROM archives a WHERE ${ofDay(day)} AND a.written_at = 0)
  OR NOT EXISTS (
    SELECT 1 FROM events e WHERE e.pixel = ${day}.pixel AND e.ts >= ${day}.starts_at AND e.ts < ${day}.ends_at))`;

/**
 * SQL for whether day `d` of pixel `p` has to be archived before its events are deleted. A day that is not closed is: its files, if it
 * has any, are of a time before it was restored.
 *
 * @param now SQL for the time.
 */
export const needsArchive = (now: string): string =>
  `(d.ends_at >= ${now} - ${DAY} * ${ARCHIVE_DAYS} AND (d.raw = ${RAW.stored} OR NOT ${isArchived('d')}))`;

/**
 * The statement that makes the files of a day outdated. Run it in the transaction that closes the day.
 *
 * @param condition SQL for whether day `?1`, `?2` is closed by that transaction.
 */
export const outdateFiles = (condition: string): string =>
  `UPDATE archives SET written_at = 0, is_last = 0, restored = 0 WHERE pixel = ?1 AND day = ?2 AND ${condition}`;

/** The next part to write. */
export interface NextPart extends ArchivePart {
  /** The key of the last event of the part before; null for the first part. */
  readonly after: EventKey | null;
}

/**
 * Makes the row of the next part of a closed day. The parts are written in order, so as many are written as come before it.
 *
 * @returns null if all parts are written, or the day is not being purged any more.
 */
export async function beginPart(db: D1Database, pixel: string, day: string): Promise<NextPart | null> {
  const row = await db
    .prepare(
      `INSERT INTO archives (pixel, day, part)
       SELECT ?1, ?2, (SELECT count(*) FROM archives a WHERE a.pixel = ?1 AND a.day = ?2 AND a.written_at > 0)
       WHERE ${hasPixel('?1')} AND EXISTS (SELECT 1 FROM days d WHERE d.pixel = ?1 AND d.day = ?2 AND d.raw = ${RAW.purging})
         AND NOT EXISTS (SELECT 1 FROM archives a WHERE a.pixel = ?1 AND a.day = ?2 AND a.written_at > 0 AND a.is_last = 1)
       ON CONFLICT (pixel, day, part) DO UPDATE SET is_last = 0
       RETURNING part, (
         SELECT json_array(b.last_ts, b.last_id) FROM archives b WHERE b.pixel = ?1 AND b.day = ?2 AND b.part = archives.part - 1) AS after`,
    )
    .bind(pixel, day)
    .first<{ part: number; after: string | null }>();
  if (row === null) return null;
  return {
    pixel,
    day,
    part: row.part,
    after: row.after === null ? null : (JSON.parse(row.after) as EventKey),
  };
}

/** Most events of a page, and bytes of their texts, with 300 bytes for each event that it takes in memory besides. */
export const PAGE_EVENTS = 20_000;
const PAGE_BYTES = 8_000_000;
const ROW_BYTES = 300;

const NAMES = EXPORTED_EVENTS.columns.map(({ name }) => name).join(', ');
const BYTES = [
  ROW_BYTES,
  ...EXPORTED_EVENTS.columns
    .filter(({ kind }) => kind === 'text' || kind === 'json')
    .map(({ name }) => `octet_length(${name})`),
].join(' + ');

/** As many events as fit into a page. */
const EVENTS_AFTER = `
  SELECT ${NAMES}, more FROM (
    SELECT *, ${BYTES} AS bytes, sum(${BYTES}) OVER so_far AS total, count(*) OVER so_far < count(*) OVER () AS more
    FROM (
      SELECT ${NAMES} FROM events
      WHERE pixel = ?1 AND (ts, id) > (?2, ?3) AND ts < ?4 ORDER BY ts, id LIMIT ${PAGE_EVENTS + 1})
    WINDOW so_far AS (ORDER BY ts, id ROWS UNBOUNDED PRECEDING)
    ORDER BY ts, id
    LIMIT ${PAGE_EVENTS})
  WHERE total - bytes < ${PAGE_BYTES}`;

export interface EventPage {
  readonly rows: readonly ArchivedRow[];
  /** Whether more events follow. */
  readonly more: boolean;
}

/** The events of a pixel after a key and before a time. @throws what D1 throws. */
export async function eventsAfter(
  db: D1Database,
  pixel: string,
  [ts, id]: EventKey,
  until: number,
): Promise<EventPage> {
  const rows = await db
    .prepare(EVENTS_AFTER)
    .bind(pixel, ts, id, until)
    .raw<[...(string | number | null)[]]>();
  return { rows: rows.map((row) => row.slice(0, -1)), more: rows.at(-1)?.at(-1) === 1 };
}

/** What a row says of a file. */
export interface FileFacts {
  readonly events: number;
  /** The events that belong to people. */
  readonly people: number;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Records that a part is written. An erasure that came meanwhile stays recorded.
 *
 * @returns false if the part is not to be written any more, or somebody else has written it.
 */
export async function endPart(
  db: D1Database,
  { pixel, day, part }: ArchivePart,
  { events, people, bytes, sha256 }: FileFacts,
  last: EventKey,
  isLast: boolean,
  now: number,
): Promise<boolean> {
  const { meta } = await db
    .prepare(
      `UPDATE archives SET last_ts = ?4, last_id = ?5, is_last = ?6, events = ?7, people = ?8, bytes = ?9, sha256 = ?10, written_at = ?11
       WHERE pixel = ?1 AND day = ?2 AND part = ?3 AND written_at = 0
         AND EXISTS (SELECT 1 FROM days d WHERE d.pixel = ?1 AND d.day = ?2 AND d.raw = ${RAW.purging})`,
    )
    .bind(pixel, day, part, ...last, Number(isLast), events, people, bytes, sha256, now)
    .run();
  return meta.changes > 0;
}

export async function hasRow(db: D1Database, { pixel, day, part }: ArchivePart): Promise<boolean> {
  const row = await db
    .prepare('SELECT 1 FROM archives WHERE pixel = ? AND day = ? AND part = ?')
    .bind(pixel, day, part)
    .first();
  return row !== null;
}

/** The parts of a day that are not written: those that an earlier state of it had, once all parts of this one are written. */
export async function unwrittenParts(db: D1Database, pixel: string, day: string): Promise<ArchivePart[]> {
  const { results } = await db
    .prepare('SELECT pixel, day, part FROM archives WHERE pixel = ? AND day = ? AND written_at = 0')
    .bind(pixel, day)
    .all<ArchivePart>();
  return results;
}

/** Deletes the rows of files that have been deleted. Rows whose file has been written since stay. */
export async function deleteRows(
  db: D1Database,
  files: readonly (ArchivePart & { written_at?: number })[],
): Promise<void> {
  await db
    .prepare(
      `DELETE FROM archives WHERE (pixel, day, part, written_at) IN (
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?))`,
    )
    .bind(JSON.stringify(files.map(({ pixel, day, part, written_at = 0 }) => [pixel, day, part, written_at])))
    .run();
}

/** A file that an erasure or a deletion may still have to reach. */
export interface FileToRewrite extends ArchivePart {
  readonly erase_at: number;
  /** 0 if its pixel has been deleted. */
  readonly has_pixel: number;
  /** How often it has failed since it last succeeded. */
  readonly attempts: number;
}

/** Marks the files from before a day that have events of people, so that these are forgotten. */
export async function forgetPeople(db: D1Database, since: string, now: number): Promise<void> {
  await db
    .prepare('UPDATE archives SET erase_at = ?2 WHERE day < ?1 AND people > 0 AND erase_at = 0')
    .bind(since, now)
    .run();
}

/** The marked files that are written, and those of deleted pixels. Those that have not failed come first, then the oldest mark. */
export async function filesToRewrite(db: D1Database, now: number, limit: number): Promise<FileToRewrite[]> {
  const { results } = await db
    .prepare(
      `SELECT a.pixel, a.day, a.part, a.erase_at, ${hasPixel('a.pixel')} AS has_pixel, coalesce(f.attempts, 0) AS attempts
       FROM archives a INDEXED BY archives_erase
       LEFT JOIN failed_tasks f ON f.task = 'rewrite' AND f.pixel = a.pixel AND f.item = a.day
       WHERE a.erase_at > 0 AND (f.retry_at IS NULL OR f.retry_at <= ?1) AND (a.written_at > 0 OR NOT ${hasPixel('a.pixel')})
       ORDER BY attempts > 0, a.erase_at
       LIMIT ?2`,
    )
    .bind(now, limit)
    .all<FileToRewrite>();
  return results;
}

/** When each of some people was erased. People who were not are absent. */
export async function erasuresOf(
  db: D1Database,
  pixel: string,
  people: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const { results } = await db
    .prepare('SELECT who, at FROM erasures WHERE pixel = ? AND who IN (SELECT value FROM json_each(?))')
    .bind(pixel, JSON.stringify(people))
    .all<{ who: string; at: number }>();
  return new Map(results.map(({ who, at }) => [who, at]));
}

/**
 * Records that a file follows all erasures until it was read, and what is in it now; a later erasure stays recorded. If the file has
 * changed, a restore of its day begins the part again.
 */
export async function endRewrite(
  db: D1Database,
  { pixel, day, part, erase_at }: FileToRewrite,
  { events, people, bytes, sha256 }: FileFacts,
): Promise<void> {
  await db
    .prepare(
      `UPDATE archives SET erase_at = iif(erase_at = ?4, 0, erase_at), events = ?5, people = ?6, bytes = ?7, sha256 = ?8,
         restored = iif(sha256 = ?8, restored, 0)
       WHERE pixel = ?1 AND day = ?2 AND part = ?3`,
    )
    .bind(pixel, day, part, erase_at, events, people, bytes, sha256)
    .run();
}

/** Deletes up to `limit` rows of a deleted pixel. @returns whether all are deleted. */
export async function deleteRowsOf(db: D1Database, pixel: string, limit: number): Promise<boolean> {
  const { meta } = await db
    .prepare(`DELETE FROM archives WHERE pixel = ?1 AND NOT ${hasPixel('?1')} LIMIT ?2`)
    .bind(pixel, limit)
    .run();
  return meta.changes < limit;
}

/** A file to delete, as its row was read. */
export interface OldFile extends ArchivePart {
  readonly written_at: number;
}

/**
 * Files that are no longer needed: those that are past their pixel's `archive_days`, and those that are not written although nothing is
 * left to be written. A day is compared by its date, so a file may stay up to two days longer.
 */
export async function oldFiles(db: D1Database, now: number, limit: number): Promise<OldFile[]> {
  const { results } = await db
    .prepare(
      `SELECT * FROM (
         SELECT a.pixel, a.day, a.part, a.written_at
         FROM pixels p CROSS JOIN archives a
           ON a.pixel = p.id AND a.day < date((?1 - ${DAY} * (2 + ${ARCHIVE_DAYS})) / 1000, 'unixepoch')
         LIMIT ?2)
       UNION
       SELECT * FROM (
         SELECT a.pixel, a.day, a.part, a.written_at
         FROM archives a INDEXED BY archives_unwritten
         WHERE a.written_at = 0 AND ${hasPixel('a.pixel')} AND NOT EXISTS (
           SELECT 1 FROM days d WHERE d.pixel = a.pixel AND d.day = a.day AND d.raw < ${RAW.purged})
         LIMIT ?2)
       LIMIT ?2`,
    )
    .bind(now, limit)
    .all<OldFile>();
  return results;
}

/** A file, as the index lists it. */
export interface ListedFile {
  readonly day: string;
  readonly part: number;
  readonly events: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly written_at: number;
  readonly erase_at: number;
}

/** The files of a pixel between two days, in order. */
export async function listFiles(
  db: D1Database,
  pixel: string,
  from: string,
  to: string,
  limit: number,
): Promise<ListedFile[]> {
  const { results } = await db
    .prepare(
      `SELECT day, part, events, bytes, sha256, written_at, erase_at FROM archives
       WHERE pixel = ? AND day >= ? AND day <= ? AND bytes > 0 ORDER BY day, part LIMIT ?`,
    )
    .bind(pixel, from, to, limit)
    .all<ListedFile>();
  return results;
}
