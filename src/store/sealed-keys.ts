/**
 * Seals and opens the random keys with which visitors and people are hashed: the salts of dates and the keys of pixels. Each is stored
 * sealed under SECRET_KEY and bound to its date or pixel. The secrets of destinations are sealed again with them after a rotation. Databases from before SECRET_KEY have 64 hex digits instead. These are used as
 * they are until the cron seals them.
 */
import { SEAL_CHARACTERS, SEALED, seal, sealOf, unseal } from '../model/sealed.ts';
import type { Secrets } from '../model/secret-key.ts';

type KeyPurpose = 'visitor salts' | 'alias keys' | 'destination secrets';

const UNSEALED = /^[0-9a-f]{64}$/;

/** @param owner the date or pixel that the key belongs to. */
export function sealKey(secret: string, purpose: KeyPurpose, owner: string, key: string): Promise<string> {
  return seal(secret, purpose, owner, key);
}

/** A stored key as 64 hex digits; null if no secret opens it. */
export async function openKey(
  secrets: Secrets,
  purpose: KeyPurpose,
  owner: string,
  stored: string,
): Promise<string | null> {
  return UNSEALED.test(stored) ? stored : unseal(secrets, purpose, owner, stored);
}

interface Column {
  readonly table: string;
  readonly owner: string;
  readonly key: string;
  readonly purpose: KeyPurpose;
}

const COLUMNS: readonly Column[] = [
  { table: 'salts', owner: 'date', key: 'salt', purpose: 'visitor salts' },
  { table: 'keys', owner: 'pixel', key: 'key', purpose: 'alias keys' },
  { table: 'destinations', owner: 'id', key: 'secret', purpose: 'destination secrets' },
];

/** SQL for whether a text is not sealed under the current secret, whose seal is `?1`. */
export const notSealedBy = (text: string): string => `substr(${text}, 1, ${SEAL_CHARACTERS}) <> ?1`;

/** SQL for whether a text can be opened: it is not sealed, or has one of the seals in the JSON list `?2`. */
export const canOpen = (text: string): string =>
  `(substr(${text}, 1, ${SEALED.length}) <> '${SEALED}' OR substr(${text}, 1, ${SEAL_CHARACTERS}) IN (SELECT value FROM json_each(?2)))`;

/** The parameters `?1` and `?2` of `notSealedBy` and `canOpen`. */
export async function sealParameters(secrets: Secrets): Promise<[current: string, all: string]> {
  const all = await Promise.all(secrets.map(sealOf));
  return [all[0] ?? '', JSON.stringify(all)];
}

/** The most keys of a table that one call seals. Opening and sealing a key takes about 20 µs. */
const AT_ONCE = 200;

/** Statements that `sealKeys` uses at most: to look, and to change each table. */
export const STATEMENTS_TO_SEAL = 1 + COLUMNS.length;

const TO_SEAL = COLUMNS.map(
  ({ table, owner, key }) =>
    `SELECT * FROM (
      SELECT '${table}' AS name, ${owner} AS owner, ${key} AS key FROM ${table}
      WHERE ${notSealedBy(key)} AND ${canOpen(key)} LIMIT ${AT_ONCE})`,
).join(' UNION ALL ');

/**
 * Seals under the current secret the keys that are not: those from before SECRET_KEY, and those from before a rotation. The keys
 * themselves do not change, so visitors and people stay the same. It may run twice at once.
 *
 * @throws what D1 throws.
 */
export async function sealKeys(db: D1Database, secrets: Secrets): Promise<void> {
  const [secret] = secrets;
  if (secret === undefined) return;
  const parameters = await sealParameters(secrets);
  const { results } = await db
    .prepare(TO_SEAL)
    .bind(...parameters)
    .all<{ name: string; owner: string; key: string }>();
  for (const { table, owner, key, purpose } of COLUMNS) {
    const changes = await Promise.all(
      results
        .filter(({ name }) => name === table)
        .map(async (row) => {
          const open = await openKey(secrets, purpose, row.owner, row.key);
          return open === null ? [] : [[row.owner, row.key, await sealKey(secret, purpose, row.owner, open)]];
        }),
    );
    const rows = changes.flat();
    if (rows.length === 0) continue;
    await db
      .prepare(
        `UPDATE ${table} SET ${key} = j.value ->> 2
         FROM json_each(?) j WHERE ${table}.${owner} = j.value ->> 0 AND ${table}.${key} = j.value ->> 1`,
      )
      .bind(JSON.stringify(rows))
      .run();
  }
}

/** The state of the seals. */
export interface SealState {
  /** The number of salts, keys, secrets of destinations and dead letters that the cron has yet to seal under the current secret. */
  readonly waiting: number;
  /** The number of keys and dead letters that no secret opens. Salts are not counted: an unreadable salt is replaced. */
  readonly unreadable: number;
}

/** @throws what D1 throws. */
export async function readSeals(db: D1Database, secrets: Secrets): Promise<SealState> {
  const row = await db
    .prepare(
      `SELECT coalesce(sum(${notSealedBy('text')} AND ${canOpen('text')}), 0) AS waiting,
         coalesce(sum(matters AND NOT ${canOpen('text')}), 0) AS unreadable
       FROM (SELECT salt AS text, 0 AS matters FROM salts
         UNION ALL SELECT key, 1 FROM keys UNION ALL SELECT secret, 0 FROM destinations UNION ALL SELECT body, 1 FROM dead_letters)`,
    )
    .bind(...(await sealParameters(secrets)))
    .first<SealState>();
  return row ?? { waiting: 0, unreadable: 0 };
}
