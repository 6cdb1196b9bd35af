/** Stores which pixels the names lead to that other tools' clients have for their sites. */
import { Cache } from '../model/cache.ts';
import {
  keyOfFamily,
  MAX_PIXEL_KEYS,
  MAX_PIXELS_OF_KEY,
  type PixelKey,
  type SiteKey,
  type UnknownKey,
} from '../model/pixel-key.ts';
import { hasPixel, PIXEL_CACHE_TTL } from './pixels.ts';

/** A name that leads to a pixel. */
export interface StoredKey extends SiteKey {
  readonly pixel: string;
  /** Epoch milliseconds. */
  readonly created_at: number;
}

interface CachedKey {
  readonly pixels: readonly string[];
  readonly until: number;
}

/** As long as pixels are cached; also names that lead nowhere, so that a wrong snippet does not cost a lookup per request. */
const cache = new Cache<string, CachedKey>(1000);

const cacheKey = ({ tool, name }: SiteKey): string => `${tool} ${name}`;

/** Finds the pixels that names lead to. */
export type PixelsOf = (key: SiteKey) => readonly string[];

/** @throws what D1 throws. */
export async function findPixelKeys(
  db: D1Database,
  keys: readonly SiteKey[],
  now: number,
): Promise<PixelsOf> {
  const found = new Map<string, readonly string[]>();
  const missing = new Map<string, SiteKey>();
  for (const key of keys) {
    const cached = cache.get(cacheKey(key));
    if (cached && cached.until > now) found.set(cacheKey(key), cached.pixels);
    else missing.set(cacheKey(key), key);
  }
  if (missing.size > 0) {
    const rows = await selectKeys(db, [...missing.values()]);
    for (const key of missing.keys()) {
      const pixels = rows.filter((row) => cacheKey(row) === key).map(({ pixel }) => pixel);
      found.set(key, pixels);
      cache.set(key, { pixels, until: now + PIXEL_CACHE_TTL });
    }
  }
  return (key) => found.get(cacheKey(key)) ?? [];
}

async function selectKeys(
  db: D1Database,
  keys: readonly SiteKey[],
): Promise<readonly (SiteKey & { readonly pixel: string })[]> {
  const { results } = await db
    .prepare(
      `SELECT k.tool, k.name, k.pixel FROM json_each(?) CROSS JOIN pixel_keys k
         ON k.tool = value ->> 0 AND k.name = value ->> 1
       ORDER BY k.created_at, k.pixel`,
    )
    .bind(JSON.stringify(keys.map(({ tool, name }) => [tool, name])))
    .all<SiteKey & { readonly pixel: string }>();
  return results;
}

/**
 * Lets a name lead to a pixel. A name that does so already stays as it is.
 * @returns false if the pixel has been deleted, or has the maximum of names, or the name leads to the maximum of pixels.
 */
export async function insertPixelKey(
  db: D1Database,
  { tool, name, pixel, created_at }: StoredKey,
): Promise<boolean> {
  const [, stored] = await db.batch([
    db
      .prepare(
        `INSERT INTO pixel_keys (tool, name, pixel, created_at) SELECT ?1, ?2, ?3, ?4
         WHERE ${hasPixel('?3')} AND (SELECT count(*) FROM pixel_keys WHERE pixel = ?3) < ${MAX_PIXEL_KEYS}
           AND (SELECT count(*) FROM pixel_keys WHERE (tool, name) = (?1, ?2)) < ${MAX_PIXELS_OF_KEY}
         ON CONFLICT DO NOTHING`,
      )
      .bind(tool, name, pixel, created_at),
    db.prepare('SELECT 1 FROM pixel_keys WHERE (tool, name, pixel) = (?, ?, ?)').bind(tool, name, pixel),
  ]);
  cache.delete(cacheKey({ tool, name }));
  return (stored?.results.length ?? 0) > 0;
}

/** @returns false if the name does not lead to the pixel. */
export async function deletePixelKey(db: D1Database, key: SiteKey, pixel: string): Promise<boolean> {
  const { meta } = await db
    .prepare('DELETE FROM pixel_keys WHERE (tool, name, pixel) = (?, ?, ?)')
    .bind(key.tool, key.name, pixel)
    .run();
  cache.delete(cacheKey(key));
  return meta.changes > 0;
}

/** The names that lead to a pixel, the oldest first. */
export async function listPixelKeys(db: D1Database, pixel: string): Promise<readonly StoredKey[]> {
  const { results } = await db
    .prepare(
      'SELECT tool, name, pixel, created_at FROM pixel_keys WHERE pixel = ? ORDER BY created_at, tool, name',
    )
    .bind(pixel)
    .all<StoredKey & { tool: PixelKey }>();
  return results;
}

/** A name that was sent and leads to no pixel. */
export interface SentKey extends UnknownKey {
  readonly count: number;
  /** Epoch milliseconds. */
  readonly last_at: number;
}

/** The names that were sent since a UTC day and lead to no pixel now, the most frequent first. */
export async function listUnknownKeys(db: D1Database, since: string): Promise<readonly SentKey[]> {
  const { results } = await db
    .prepare(
      `SELECT family, sum(count) AS count, max(last_at) AS last_at FROM rejections
       WHERE pixel = '' AND day >= ? AND reason = 'unknown_key'
       GROUP BY family ORDER BY count DESC, family LIMIT 1000`,
    )
    .bind(since)
    .all<{ family: string; count: number; last_at: number }>();
  const sent = results.flatMap(({ family, count, last_at }) => {
    const key = keyOfFamily(family);
    return key ? [{ ...key, count, last_at }] : [];
  });
  const known = new Set((await selectKeys(db, sent)).map(cacheKey));
  return sent.filter((key) => !known.has(cacheKey(key)));
}
