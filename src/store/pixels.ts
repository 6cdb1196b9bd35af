/** Keeps pixels, and a short-lived copy of those that events ask for. */
import { Cache } from '../model/cache.ts';
import { detach } from '../model/detach.ts';
import { LIMITS } from '../model/limits.ts';
import { DEFAULT_SETTINGS, PIXEL_ID, type Pixel, type PixelSettings } from '../model/pixel.ts';
import { countErasure } from './counters.ts';

/**
 * How long an isolate goes by its own copy, in milliseconds: a change reaches every isolate within this time. An id
 * that no pixel has is remembered as long, so that a mistyped snippet does not cost a look-up a request.
 */
export const PIXEL_CACHE_TTL = 30_000;
interface CachedPixel {
  readonly pixel: Pixel | null;
  readonly until: number;
}

const cache = new Cache<string, CachedPixel>(1000);

export interface PixelRow {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly timezone: string;
  readonly settings: string;
  readonly created_at: number;
}

export function pixelOf({ settings, ...row }: PixelRow): Pixel {
  return { ...row, settings: { ...DEFAULT_SETTINGS, ...(JSON.parse(settings) as Partial<PixelSettings>) } };
}

/**
 * SQL for whether there is a pixel of an id. Whatever is stored of a pixel asks for it in the statement that stores it: an
 * isolate may know a deleted pixel for half a minute, a message of the queue or a dead letter for days.
 */
export const hasPixel = (id: string): string => `EXISTS (SELECT 1 FROM pixels owner WHERE owner.id = ${id})`;

/** The same, in a time zone; any, where none is said. */
export const hasPixelIn = (id: string, zone: string): string =>
  `EXISTS (SELECT 1 FROM pixels owner WHERE owner.id = ${id} AND owner.timezone = coalesce(${zone}, owner.timezone))`;

/** Forgets this isolate's copy of a pixel. */
export function forgetPixel(id: string): void {
  cache.delete(id);
}

/** @returns false when there are as many as there may be. */
export async function insertPixel(db: D1Database, pixel: Pixel): Promise<boolean> {
  const { meta } = await db
    .prepare(
      `INSERT INTO pixels (id, name, url, timezone, settings, created_at) SELECT ?, ?, ?, ?, ?, ?
       WHERE (SELECT count(*) FROM pixels) < ${LIMITS.pixels}`,
    )
    .bind(pixel.id, pixel.name, pixel.url, pixel.timezone, JSON.stringify(pixel.settings), pixel.created_at)
    .run();
  cache.delete(pixel.id);
  return meta.changes > 0;
}

export async function listPixels(db: D1Database): Promise<Pixel[]> {
  const { results } = await db.prepare('SELECT * FROM pixels ORDER BY created_at, id').all<PixelRow>();
  return results.map(pixelOf);
}

/** The pixels that were made last, the newest first. */
export async function newestPixels(db: D1Database, limit: number): Promise<Pixel[]> {
  const { results } = await db
    .prepare('SELECT * FROM pixels ORDER BY created_at DESC, id LIMIT ?')
    .bind(limit)
    .all<PixelRow>();
  return results.map(pixelOf);
}

/** A pixel as D1 has it now. */
export async function getPixel(db: D1Database, id: string): Promise<Pixel | null> {
  const row = await db.prepare('SELECT * FROM pixels WHERE id = ?').bind(id).first<PixelRow>();
  return row ? pixelOf(row) : null;
}

/** The tables that may hold many rows of a pixel, which lie together in each. */
export const LARGE_TABLES = [
  'events',
  'rollups',
  'rollup_slices',
  'month_rollups',
  'months',
  'days',
  'rejections',
  'person_links',
  'person_days',
  'visitor_hours',
  'erasures',
  'keys',
] as const;

/** The few rows of a pixel that open something, or that others write by. */
const FIRST_TABLES = ['tokens', 'links', 'sessions', 'keys', 'days', 'failed_tasks'] as const;

/** Rows that one statement deletes at most, and how often a deletion goes round the large tables by itself. */
const PIECE = 5000;
const ROUNDS = 3;

/**
 * Deletes a pixel and all that was kept of it. From the first transaction on there is no such pixel: nothing of it is
 * answered, and nothing is stored. Its rows go in pieces; those that are too many for one request, with the cron.
 *
 * @returns whether there was one.
 */
export async function deletePixel(db: D1Database, id: string): Promise<boolean> {
  const [pixel] = await db.batch([
    db.prepare('DELETE FROM pixels WHERE id = ?').bind(id),
    countErasure(db, Date.now()),
    ...FIRST_TABLES.map((table) => db.prepare(`DELETE FROM ${table} WHERE pixel = ?`).bind(id)),
  ]);
  cache.delete(id);
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const pieces = await db.batch(
        LARGE_TABLES.map((table) =>
          db.prepare(`DELETE FROM ${table} WHERE pixel = ? LIMIT ${PIECE}`).bind(id),
        ),
      );
      if (pieces.every(({ meta }) => meta.changes < PIECE)) break;
    }
  } catch (error) {
    console.error(`rows of the deleted pixel ${id} are left to the cron: ${error}`);
  }
  return (pixel?.meta.changes ?? 0) > 0;
}

/**
 * The pixels with the given ids, at most `PIXEL_CACHE_TTL` old. Ids that no pixel has are absent; those that cannot be one
 * are not looked up. At most one statement, whatever their number.
 */
export async function findPixels(
  db: D1Database,
  ids: Iterable<string>,
  now: number,
): Promise<ReadonlyMap<string, Pixel>> {
  const found = new Map<string, Pixel>();
  const missing: string[] = [];
  for (const id of new Set(ids)) {
    if (!PIXEL_ID.test(id)) continue;
    const cached = cache.get(id);
    if (!cached || cached.until <= now) missing.push(id);
    else if (cached.pixel) found.set(id, cached.pixel);
  }
  if (missing.length === 0) return found;

  const { results } = await db
    .prepare('SELECT * FROM pixels WHERE id IN (SELECT value FROM json_each(?))')
    .bind(JSON.stringify(missing))
    .all<PixelRow>();
  for (const row of results) found.set(row.id, pixelOf(row));
  for (const id of missing) {
    // An id is cut from the URL or body that it came in.
    cache.set(detach(id), { pixel: found.get(id) ?? null, until: now + PIXEL_CACHE_TTL });
  }
  return found;
}
