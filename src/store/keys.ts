/**
 * Keeps one random key a pixel, sealed under SECRET_KEY, under which its people are hashed. No answer and no export holds
 * it; it goes with its pixel, and with it what its hashes could be compared with. One that no secret opens is left as it
 * is, since a mistyped secret must not cost the people: until then its pixel knows nobody.
 */
import { Cache } from '../model/cache.ts';
import { randomHex } from '../model/random.ts';
import type { Secrets } from '../model/secret-key.ts';
import { hasPixel } from './pixels.ts';
import { openKey, sealKey } from './sealed-keys.ts';

const cache = new Cache<string, string>(1000);

const SELECT_KEYS = 'SELECT pixel, key FROM keys WHERE pixel IN (SELECT value FROM json_each(?))';

interface KeyRow {
  readonly pixel: string;
  readonly key: string;
}

/** The keys of those of some pixels that have one which the secrets open. None is made. */
export async function existingKeys(
  db: D1Database,
  secrets: Secrets,
  pixels: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { results } = await db.prepare(SELECT_KEYS).bind(JSON.stringify(pixels)).all<KeyRow>();
  return openAll(secrets, results);
}

/**
 * The keys of pixels, as 64 hex digits; of none when there is no secret. Missing ones are made, but of pixels that are
 * gone; the first to reach D1 wins.
 */
export async function findKeys(
  db: D1Database,
  secrets: Secrets,
  pixels: Iterable<string>,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const [secret] = secrets;
  if (secret === undefined) return found;
  const missing: string[] = [];
  for (const pixel of new Set(pixels)) {
    const key = cache.get(cacheKey(secret, pixel));
    if (key === undefined) missing.push(pixel);
    else found.set(pixel, key);
  }
  if (missing.length === 0) return found;

  const candidates = await Promise.all(
    missing.map(async (pixel) => [pixel, await sealKey(secret, 'alias keys', pixel, randomHex(32))]),
  );
  const [, kept] = await db.batch<KeyRow>([
    db
      .prepare(
        `INSERT INTO keys (pixel, key)
         SELECT value ->> 0, value ->> 1 FROM json_each(?) WHERE ${hasPixel('value ->> 0')}
         ON CONFLICT (pixel) DO NOTHING`,
      )
      .bind(JSON.stringify(candidates)),
    db.prepare(SELECT_KEYS).bind(JSON.stringify(missing)),
  ]);
  const opened = await openAll(secrets, kept?.results ?? []);
  for (const [pixel, key] of opened) {
    found.set(pixel, key);
    cache.set(cacheKey(secret, pixel), key);
  }
  return found;
}

const cacheKey = (secret: string, pixel: string): string => `${pixel} ${secret}`;

async function openAll(secrets: Secrets, rows: readonly KeyRow[]): Promise<Map<string, string>> {
  const opened = await Promise.all(
    rows.map(async ({ pixel, key }) => [pixel, await openKey(secrets, 'alias keys', pixel, key)] as const),
  );
  return new Map(opened.filter((one): one is [string, string] => one[1] !== null));
}
