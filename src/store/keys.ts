/**
 * Keeps one random key a pixel, under which its people are hashed. No answer and no export holds it; it goes with its
 * pixel, and with it what its hashes could be compared with.
 */
import { Cache } from '../model/cache.ts';
import { randomHex } from '../model/random.ts';
import { hasPixel } from './pixels.ts';

const cache = new Cache<string, string>(1000);

const KNOWN = 'SELECT pixel, key FROM keys WHERE pixel IN (SELECT value FROM json_each(?))';

interface KeyRow {
  readonly pixel: string;
  readonly key: string;
}

/** The keys of those of some pixels that have one. None is made. */
export async function knownKeys(
  db: D1Database,
  pixels: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { results } = await db.prepare(KNOWN).bind(JSON.stringify(pixels)).all<KeyRow>();
  return new Map(results.map(({ pixel, key }) => [pixel, key]));
}

/** The keys of pixels, as 64 hex digits. Missing ones are made, but of pixels that are gone; the first to reach D1 wins. */
export async function findKeys(
  db: D1Database,
  pixels: Iterable<string>,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const missing: string[] = [];
  for (const pixel of new Set(pixels)) {
    const key = cache.get(pixel);
    if (key === undefined) missing.push(pixel);
    else found.set(pixel, key);
  }
  if (missing.length === 0) return found;

  const [, kept] = await db.batch<KeyRow>([
    db
      .prepare(
        `INSERT INTO keys (pixel, key)
         SELECT value ->> 0, value ->> 1 FROM json_each(?) WHERE ${hasPixel('value ->> 0')}
         ON CONFLICT (pixel) DO NOTHING`,
      )
      .bind(JSON.stringify(missing.map((pixel) => [pixel, randomHex(32)]))),
    db.prepare(KNOWN).bind(JSON.stringify(missing)),
  ]);
  for (const { pixel, key } of kept?.results ?? []) {
    found.set(pixel, key);
    cache.set(pixel, key);
  }
  return found;
}
