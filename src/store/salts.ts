/**
 * Keeps one random salt a calendar date. A visitor is recognised under the salt of the pixel's local date and cannot
 * be once it is gone, not even by the owner: the way from a hash back to an address ends with its salt.
 */
import { Cache } from '../model/cache.ts';
import { randomHex } from '../model/random.ts';

const HOUR = 3_600_000;
/** How long a salt outlives its date, or its making when that came later (an import of an old log). */
export const SALT_GRACE = 48 * HOUR;
/** A date is over everywhere when it is over at UTC-12. */
const LAST_ZONE = 12 * HOUR;

const cache = new Cache<string, { readonly salt: string; readonly expiresAt: number }>(500);

/** When the salt of a date, made now or before, is to be deleted. */
export function saltExpiry(date: string, now: number): number {
  const over = Date.parse(`${date}T00:00:00Z`) + 24 * HOUR + LAST_ZONE;
  return Math.max(over, now) + SALT_GRACE;
}

const KNOWN = 'SELECT date, salt, expires_at FROM salts WHERE date IN (SELECT value FROM json_each(?))';

interface SaltRow {
  readonly date: string;
  readonly salt: string;
  readonly expires_at: number;
}

/** The salts of those of some dates that have one. None is made: who only asks leaves no trace. */
export async function knownSalts(
  db: D1Database,
  dates: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { results } = await db.prepare(KNOWN).bind(JSON.stringify(dates)).all<SaltRow>();
  return new Map(results.map(({ date, salt }) => [date, salt]));
}

/**
 * The salts of dates, as 64 hex digits. Missing ones are made; of several isolates that make one at once, the first
 * to reach D1 wins and all get its salt.
 */
export async function findSalts(
  db: D1Database,
  dates: Iterable<string>,
  now: number,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const missing: string[] = [];
  for (const date of new Set(dates)) {
    const cached = cache.get(date);
    if (cached && cached.expiresAt > now) found.set(date, cached.salt);
    else missing.push(date);
  }
  if (missing.length === 0) return found;

  const candidates = missing.map((date) => [date, randomHex(32), saltExpiry(date, now)]);
  const [, kept] = await db.batch<SaltRow>([
    db
      .prepare(
        `INSERT INTO salts (date, salt, expires_at)
         SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?) WHERE true
         ON CONFLICT (date) DO NOTHING`,
      )
      .bind(JSON.stringify(candidates)),
    db.prepare(KNOWN).bind(JSON.stringify(missing)),
  ]);
  for (const { date, salt, expires_at } of kept?.results ?? []) {
    found.set(date, salt);
    cache.set(date, { salt, expiresAt: expires_at });
  }
  return found;
}

/** Deletes the salts whose time is over. */
export async function deleteExpiredSalts(db: D1Database, now: number): Promise<number> {
  const { meta } = await db.prepare('DELETE FROM salts WHERE expires_at <= ?').bind(now).run();
  return meta.changes;
}
