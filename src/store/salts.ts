/**
 * Stores one random salt per calendar date, sealed under SECRET_KEY. Visitors are hashed with the salt of the pixel's local date. Once the
 * salt is deleted, nobody can compare an address with a hash any more, not even the owner. The table alone does not reveal the salts:
 * that takes the secret too.
 */
import { Cache } from '../model/cache.ts';
import { randomHex } from '../model/random.ts';
import type { Secrets } from '../model/secret-key.ts';
import { openKey, sealKey } from './sealed-keys.ts';

const HOUR = 3_600_000;
/** How long a salt is stored after its date, or after it was made if that was later, as in an import of an old log. */
export const SALT_GRACE = 48 * HOUR;
/** A date that is over at UTC-12 is over in all time zones. */
const LAST_ZONE = 12 * HOUR;

const cache = new Cache<string, { readonly salt: string; readonly expiresAt: number }>(500);

/** When the salt of a date is to be deleted, if it is made now. */
export function saltExpiry(date: string, now: number): number {
  const over = Date.parse(`${date}T00:00:00Z`) + 24 * HOUR + LAST_ZONE;
  return Math.max(over, now) + SALT_GRACE;
}

const SELECT_SALTS =
  'SELECT date, salt, expires_at FROM salts WHERE date IN (SELECT value FROM json_each(?))';

const INSERT_SALTS = `
  INSERT INTO salts (date, salt, expires_at)
  SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?) WHERE true
  ON CONFLICT (date) DO NOTHING`;

/** Replaces only the salt that was read, since another isolate may have replaced it first. */
const REPLACE_SALTS = `
  UPDATE salts SET salt = j.value ->> 1
  FROM json_each(?) j WHERE salts.date = j.value ->> 0 AND salts.salt = j.value ->> 2`;

interface SaltRow {
  readonly date: string;
  readonly salt: string;
  readonly expires_at: number;
}

/** The salts of dates that have one which a secret opens. Makes no salts: looking up data must not leave any. */
export async function existingSalts(
  db: D1Database,
  secrets: Secrets,
  dates: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { results } = await db.prepare(SELECT_SALTS).bind(JSON.stringify(dates)).all<SaltRow>();
  return openAll(secrets, results);
}

/**
 * The salts of dates, as 64 hex digits; none if there is no secret. Makes missing salts. If multiple isolates make a salt at once, all get
 * the one that reaches D1 first. A salt that no secret opens is replaced; from then on the visitors of that date count as new ones.
 */
export async function findSalts(
  db: D1Database,
  secrets: Secrets,
  dates: Iterable<string>,
  now: number,
): Promise<ReadonlyMap<string, string>> {
  const salts = new Map<string, string>();
  const [secret] = secrets;
  if (secret === undefined) return salts;
  const missing: string[] = [];
  for (const date of new Set(dates)) {
    const cached = cache.get(cacheKey(secret, date));
    if (cached && cached.expiresAt > now) salts.set(date, cached.salt);
    else missing.push(date);
  }
  if (missing.length === 0) return salts;

  const candidates = await Promise.all(missing.map(async (date) => [date, await newSalt(secret, date)]));
  const made = candidates.map(([date = '', salt]) => [date, salt, saltExpiry(date, now)]);
  let rows = await changeAndRead(db, INSERT_SALTS, made, missing);
  let open = await openAll(secrets, rows);
  if (open.size < rows.length) {
    const closed = rows.filter(({ date }) => !open.has(date));
    console.warn(`replaced the salts of ${closed.length} dates: they were sealed under another SECRET_KEY`);
    const instead = new Map(candidates.map(([date = '', salt]) => [date, salt]));
    const replaced = closed.map(({ date, salt }) => [date, instead.get(date), salt]);
    rows = await changeAndRead(db, REPLACE_SALTS, replaced, missing);
    open = await openAll(secrets, rows);
  }
  for (const { date, expires_at } of rows) {
    const salt = open.get(date);
    if (salt === undefined) continue;
    salts.set(date, salt);
    cache.set(cacheKey(secret, date), { salt, expiresAt: expires_at });
  }
  return salts;
}

const cacheKey = (secret: string, date: string): string => `${date} ${secret}`;

const newSalt = (secret: string, date: string): Promise<string> =>
  sealKey(secret, 'visitor salts', date, randomHex(32));

async function changeAndRead(
  db: D1Database,
  sql: string,
  changes: readonly unknown[],
  dates: readonly string[],
): Promise<readonly SaltRow[]> {
  const [, read] = await db.batch<SaltRow>([
    db.prepare(sql).bind(JSON.stringify(changes)),
    db.prepare(SELECT_SALTS).bind(JSON.stringify(dates)),
  ]);
  return read?.results ?? [];
}

async function openAll(secrets: Secrets, rows: readonly SaltRow[]): Promise<Map<string, string>> {
  const opened = await Promise.all(
    rows.map(async ({ date, salt }) => [date, await openKey(secrets, 'visitor salts', date, salt)] as const),
  );
  return new Map(opened.filter((one): one is [string, string] => one[1] !== null));
}

/** Deletes expired salts. @returns how many. */
export async function deleteExpiredSalts(db: D1Database, now: number): Promise<number> {
  const { meta } = await db.prepare('DELETE FROM salts WHERE expires_at <= ?').bind(now).run();
  return meta.changes;
}
