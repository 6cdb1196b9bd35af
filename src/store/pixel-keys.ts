/** Looks up which pixels the names lead to that other tools' clients have for their sites. pixel-key-changes.ts changes them. */
import { Cache } from '../model/cache.ts';
import type { SiteKey } from '../model/site-key.ts';
import { PIXEL_CACHE_TTL } from './pixels.ts';

interface CachedKey {
  readonly pixels: readonly string[];
  readonly until: number;
}

/** As long as pixels are cached; also names that lead nowhere, so that a wrong snippet does not cost a lookup per request. */
const cache = new Cache<string, CachedKey>(1000);

export const cacheKey = ({ tool, name }: SiteKey): string => `${tool} ${name}`;

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
    const rows = Map.groupBy(await selectPixelKeys(db, [...missing.values()]), cacheKey);
    for (const key of missing.keys()) {
      const pixels = (rows.get(key) ?? []).map(({ pixel }) => pixel);
      found.set(key, pixels);
      cache.set(key, { pixels, until: now + PIXEL_CACHE_TTL });
    }
  }
  return (key) => found.get(cacheKey(key)) ?? [];
}

/** The names among `keys` that lead to pixels, and these. */
export async function selectPixelKeys(
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

/** Removes a name from this isolate's cache. */
export function forgetPixelKey(key: SiteKey): void {
  cache.delete(cacheKey(key));
}
