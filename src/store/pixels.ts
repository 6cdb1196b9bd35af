/** Stores pixels, and caches the pixels of events for a short time. */
import { Cache, detach } from '../model/cache.ts';
import type { DestinationRule, NetworkName, RelayTarget } from '../model/destination.ts';
import { LIMITS } from '../model/limits.ts';
import { DEFAULT_SETTINGS, PIXEL_ID, type Pixel, type PixelSettings } from '../model/pixel.ts';
import { markFilesOf } from './archive-marks.ts';
import { countErasure } from './counters.ts';

/**
 * How long an isolate uses a cached pixel, in milliseconds. A change reaches every isolate within this time. An id that no pixel
 * has is cached as long, so that a mistyped snippet does not cost a lookup per request.
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
  readonly imported_from: string | null;
  readonly imported_until: string | null;
}

export function pixelOf({ settings, imported_from, imported_until, ...row }: PixelRow): Pixel {
  return {
    ...row,
    settings: { ...DEFAULT_SETTINGS, ...(JSON.parse(settings) as Partial<PixelSettings>) },
    ...(imported_from && imported_until ? { imported: { from: imported_from, to: imported_until } } : {}),
  };
}

/**
 * SQL for whether a pixel exists. Each statement that stores something for a pixel has this condition: an isolate may cache a
 * deleted pixel for half a minute, and a message of the queue or a dead letter may be days old.
 */
export const hasPixel = (id: string): string => `EXISTS (SELECT 1 FROM pixels owner WHERE owner.id = ${id})`;

/** SQL for whether a pixel exists and has a time zone; any time zone if `zone` is null. */
export const hasPixelIn = (id: string, zone: string): string =>
  `EXISTS (SELECT 1 FROM pixels owner WHERE owner.id = ${id} AND owner.timezone = coalesce(${zone}, owner.timezone))`;

/** Removes a pixel from this isolate's cache. */
export function forgetPixel(id: string): void {
  cache.delete(id);
}

/** @returns false if there is the maximum number of pixels. */
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

/** The newest pixels, the newest first. */
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

/** The tables that may have many rows of a pixel. In each, or in an index of it, these rows are adjacent. */
export const LARGE_TABLES = [
  'events',
  'rollups',
  'rollup_slices',
  'segments',
  'month_rollups',
  'months',
  'days',
  'rejections',
  'person_links',
  'person_days',
  'visitor_hours',
  'erasures',
  'keys',
  'import_dates',
  'imports',
  'imported_rollups',
  'deliveries',
  'clicks',
  'withdrawals',
] as const;

/** The tables whose rows give access to a pixel, make others write to it, or have its events sent. They have few rows of a pixel. */
const FIRST_TABLES = [
  'tokens',
  'links',
  'sessions',
  'keys',
  'pixel_keys',
  'destinations',
  'days',
  'failed_tasks',
] as const;

/** The most rows that one statement deletes, and how often a deletion goes through the large tables. */
const PIECE = 5000;
const ROUNDS = 2;

/**
 * Deletes a pixel with all of its data. After the first transaction the pixel does not exist: none of its data is shown or
 * stored. Its rows are deleted in pieces. What exceeds one request is left to the cron.
 *
 * @returns whether the pixel existed.
 */
export async function deletePixel(db: D1Database, id: string): Promise<boolean> {
  const [pixel] = await db.batch([
    db.prepare('DELETE FROM pixels WHERE id = ?').bind(id),
    countErasure(db, Date.now()),
    markFilesOf(db, id, Date.now()),
    ...FIRST_TABLES.map((table) => db.prepare(`DELETE FROM ${table} WHERE pixel = ?`).bind(id)),
  ]);
  cache.delete(id);
  try {
    let tables: readonly string[] = LARGE_TABLES;
    for (let round = 0; round < ROUNDS && tables.length > 0; round++) {
      const pieces = await db.batch(
        tables.map((table) => db.prepare(`DELETE FROM ${table} WHERE pixel = ? LIMIT ${PIECE}`).bind(id)),
      );
      tables = tables.filter((_, index) => (pieces[index]?.meta.changes ?? 0) >= PIECE);
    }
  } catch (error) {
    console.error(`the cron will delete the remaining rows of the deleted pixel ${id}: ${error}`);
  }
  return (pixel?.meta.changes ?? 0) > 0;
}

/** Pixels with the targets of their conversions. One that is off is sent nothing, but a consent to it can end. */
const SELECT_FOR_EVENTS = `
  SELECT p.*, (
    SELECT json_group_array(json_array(d.id, d.network, iif(d.state = 'off', '[]', d.rules)) ORDER BY d.created_at, d.id)
    FROM destinations d WHERE d.pixel = p.id) AS relay
  FROM pixels p WHERE p.id IN (SELECT value FROM json_each(?))`;

function withTargets(pixel: Pixel, relay: string): Pixel {
  if (relay === '[]') return pixel;
  const rows = JSON.parse(relay) as [id: string, network: NetworkName, rules: string][];
  return {
    ...pixel,
    relay: rows.map(
      ([id, network, rules]): RelayTarget => ({ id, network, rules: JSON.parse(rules) as DestinationRule[] }),
    ),
  };
}

/**
 * The pixels with the given ids, with the targets of their conversions, at most `PIXEL_CACHE_TTL` old. Ids without a pixel are absent from the result. Malformed ids are
 * not looked up. It takes at most one statement for any number of ids.
 */
export async function findPixels(
  db: D1Database,
  ids: Iterable<string>,
  now: number,
): Promise<ReadonlyMap<string, Pixel>> {
  const pixels = new Map<string, Pixel>();
  const missing: string[] = [];
  for (const id of new Set(ids)) {
    if (!PIXEL_ID.test(id)) continue;
    const cached = cache.get(id);
    if (!cached || cached.until <= now) missing.push(id);
    else if (cached.pixel) pixels.set(id, cached.pixel);
  }
  if (missing.length === 0) return pixels;

  const { results } = await db
    .prepare(SELECT_FOR_EVENTS)
    .bind(JSON.stringify(missing))
    .all<PixelRow & { readonly relay: string }>();
  for (const { relay, ...row } of results) pixels.set(row.id, withTargets(pixelOf(row), relay));
  for (const id of missing) {
    // An id is a slice of its URL or body: see `detach`.
    cache.set(detach(id), { pixel: pixels.get(id) ?? null, until: now + PIXEL_CACHE_TTL });
  }
  return pixels;
}
