/** Adds, removes and lists the names that other tools' clients have for the sites of pixels. */
import { isSiteName, isTool, MAX_PIXEL_KEYS, MAX_PIXELS_OF_KEY } from '../model/pixel-key.ts';
import type { SiteKey, UnknownKey } from '../model/site-key.ts';
import { cacheKey, forgetPixelKey, selectPixelKeys } from './pixel-keys.ts';
import { hasPixel } from './pixels.ts';

/** A name that leads to a pixel. */
export interface StoredKey extends SiteKey {
  readonly pixel: string;
  /** Epoch milliseconds. */
  readonly created_at: number;
}

/**
 * Lets a name lead to a pixel. A name that does so already stays as it is.
 * @returns null if the pixel has been deleted, or has the maximum of names, or the name leads to the maximum of pixels.
 */
export async function insertPixelKey(
  db: D1Database,
  { tool, name, pixel, created_at }: StoredKey,
): Promise<StoredKey | null> {
  const [, stored] = await db.batch<StoredKey>([
    db
      .prepare(
        `INSERT INTO pixel_keys (tool, name, pixel, created_at) SELECT ?1, ?2, ?3, ?4
         WHERE ${hasPixel('?3')} AND (SELECT count(*) FROM pixel_keys WHERE pixel = ?3) < ${MAX_PIXEL_KEYS}
           AND (SELECT count(*) FROM pixel_keys WHERE (tool, name) = (?1, ?2)) < ${MAX_PIXELS_OF_KEY}
         ON CONFLICT DO NOTHING`,
      )
      .bind(tool, name, pixel, created_at),
    db.prepare('SELECT * FROM pixel_keys WHERE (tool, name, pixel) = (?, ?, ?)').bind(tool, name, pixel),
  ]);
  forgetPixelKey({ tool, name });
  return stored?.results[0] ?? null;
}

/** @returns false if the name does not lead to the pixel. */
export async function deletePixelKey(db: D1Database, key: SiteKey, pixel: string): Promise<boolean> {
  const { meta } = await db
    .prepare('DELETE FROM pixel_keys WHERE (tool, name, pixel) = (?, ?, ?)')
    .bind(key.tool, key.name, pixel)
    .run();
  forgetPixelKey(key);
  return meta.changes > 0;
}

/** The names that lead to a pixel, the oldest first. */
export async function listPixelKeys(db: D1Database, pixel: string): Promise<readonly StoredKey[]> {
  const { results } = await db
    .prepare(
      'SELECT tool, name, pixel, created_at FROM pixel_keys WHERE pixel = ? ORDER BY created_at, tool, name',
    )
    .bind(pixel)
    .all<StoredKey>();
  return results;
}

/** The unknown name that rejections were counted by; null for those beyond the limit, which are counted together. */
function keyOfFamily(family: string): UnknownKey | null {
  const [tool = '', name = '', hostname = ''] = family.split(' ');
  return isTool(tool) && isSiteName(name) ? { tool, name, hostname } : null;
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
  const known = new Set((await selectPixelKeys(db, sent)).map(cacheKey));
  return sent.filter((key) => !known.has(cacheKey(key)));
}
