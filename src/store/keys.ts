/**
 * Stores one random key per pixel, sealed under SECRET_KEY. Aliases of people are hashed with it. No answer and no export contains it. It
 * is deleted with its pixel, and then the pixel's hashes cannot be compared with anything. A key that no secret opens stays as it is,
 * so that a mistyped secret does not lose the people. Until the secret is corrected, the pixel recognizes nobody.
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

/** The keys of pixels that have one which a secret opens. Makes no keys. */
export async function existingKeys(
  db: D1Database,
  secrets: Secrets,
  pixels: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { results } = await db.prepare(SELECT_KEYS).bind(JSON.stringify(pixels)).all<KeyRow>();
  return openAll(secrets, results);
}

/**
 * The keys of pixels, as 64 hex digits; none if there is no secret. Makes missing keys, except for pixels that have been deleted. If
 * multiple isolates make a key at once, all get the one that reaches D1 first.
 */
export async function findKeys(
  db: D1Database,
  secrets: Secrets,
  pixels: Iterable<string>,
): Promise<ReadonlyMap<string, string>> {
  const keys = new Map<string, string>();
  const [secret] = secrets;
  if (secret === undefined) return keys;
  const missing: string[] = [];
  for (const pixel of new Set(pixels)) {
    const key = cache.get(cacheKey(secret, pixel));
    if (key === undefined) missing.push(pixel);
    else keys.set(pixel, key);
  }
  if (missing.length === 0) return keys;

  const candidates = await Promise.all(
    missing.map(async (pixel) => [pixel, await sealKey(secret, 'alias keys', pixel, randomHex(32))]),
  );
  const [, selected] = await db.batch<KeyRow>([
    db
      .prepare(
        `INSERT INTO keys (pixel, key)
         SELECT value ->> 0, value ->> 1 FROM json_each(?) WHERE ${hasPixel('value ->> 0')}
         ON CONFLICT (pixel) DO NOTHING`,
      )
      .bind(JSON.stringify(candidates)),
    db.prepare(SELECT_KEYS).bind(JSON.stringify(missing)),
  ]);
  const opened = await openAll(secrets, selected?.results ?? []);
  for (const [pixel, key] of opened) {
    keys.set(pixel, key);
    cache.set(cacheKey(secret, pixel), key);
  }
  return keys;
}

const cacheKey = (secret: string, pixel: string): string => `${pixel} ${secret}`;

async function openAll(secrets: Secrets, rows: readonly KeyRow[]): Promise<Map<string, string>> {
  const opened = await Promise.all(
    rows.map(async ({ pixel, key }) => [pixel, await openKey(secrets, 'alias keys', pixel, key)] as const),
  );
  return new Map(opened.filter((one): one is [string, string] => one[1] !== null));
}
