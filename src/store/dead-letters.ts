/**
 * Stores the messages that the queue has given up on, sealed, until the owner replays them. What is erased or deleted meanwhile is
 * removed from them. Each letter has the time up to which that has been done.
 */
import { LONGEST_WAIT } from '../model/delivery.ts';
import type { Event } from '../model/event.ts';
import { LIMITS } from '../model/limits.ts';
import type { Secrets } from '../model/secret-key.ts';
import { isErased } from './erasures.ts';
import { hasPixel } from './pixels.ts';
import { canOpen, notSealedBy, sealParameters } from './sealed-keys.ts';

export interface DeadLetter {
  readonly id: string;
  /** A sealed parcel. A message from before SECRET_KEY is stored as JSON. */
  readonly body: string;
  readonly received_at: number;
}

/** A letter to check for what has been erased. */
export interface CheckedLetter extends DeadLetter {
  /** The time up to which erased and deleted data has been removed, in epoch milliseconds. */
  readonly checked_at: number;
}

/** Stores messages by their ids, so that a message that arrives twice is stored once. */
export async function storeDeadLetters(db: D1Database, letters: readonly DeadLetter[]): Promise<void> {
  await db
    .prepare(
      `INSERT INTO dead_letters (id, body, received_at)
       SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?) WHERE true
       ON CONFLICT DO NOTHING`,
    )
    .bind(JSON.stringify(letters.map(({ id, body, received_at }) => [id, body, received_at])))
    .run();
}

/** The letters after an id, in the order of their ids. */
export async function readDeadLetters(db: D1Database, after: string, limit: number): Promise<DeadLetter[]> {
  const { results } = await db
    .prepare('SELECT id, body, received_at FROM dead_letters WHERE id > ? ORDER BY id LIMIT ?')
    .bind(after, limit)
    .all<DeadLetter>();
  return results;
}

export async function countDeadLetters(db: D1Database): Promise<number> {
  return (await db.prepare('SELECT count(*) AS n FROM dead_letters').first<number>('n')) ?? 0;
}

export async function deleteDeadLetter(db: D1Database, id: string): Promise<void> {
  await db.prepare('DELETE FROM dead_letters WHERE id = ?').bind(id).run();
}

/**
 * How long after its arrival a letter is checked again, in milliseconds: by then, none of its conversions can be sent any more. The time of an event
 * may be some minutes ahead of its arrival.
 */
const CONVERSIONS_EXPIRE = LONGEST_WAIT + 2 * LIMITS.clockSkew;

/**
 * The letters that may hold erased or deleted data, or conversions that have expired, or are not sealed under the current secret. Letters that no
 * secret can open are left out.
 */
export async function lettersToCheck(
  db: D1Database,
  secrets: Secrets,
  limit: number,
  now: number,
): Promise<CheckedLetter[]> {
  const { results } = await db
    .prepare(
      `SELECT id, body, received_at, checked_at FROM dead_letters
       WHERE (checked_at <= coalesce((SELECT last_at FROM counters WHERE name = 'erasures'), 0) OR ${notSealedBy('body')}
           OR (received_at < ?4 AND checked_at < received_at + ${CONVERSIONS_EXPIRE}))
         AND ${canOpen('body')}
       ORDER BY checked_at, id LIMIT ?3`,
    )
    .bind(...(await sealParameters(secrets)), limit, now - CONVERSIONS_EXPIRE)
    .all<CheckedLetter>();
  return results;
}

/** What of an event has been erased. */
export interface ErasedParts {
  /** Whether the event must not be written: its pixel has been deleted, or its person or visitor erased. */
  readonly event: boolean;
  /** Those of its further aliases that must not be linked. */
  readonly aliases: readonly string[];
}

/** Whom something concerns, and when it happened. */
export interface Concerned {
  readonly event: Pick<Event, 'pixel' | 'ts' | 'person' | 'visitor'>;
  readonly aliases?: readonly string[];
}

/** What of each event has been erased since the event, in the order of the events. */
export async function erasedParts(db: D1Database, placed: readonly Concerned[]): Promise<ErasedParts[]> {
  const rows = placed.map(({ event: { pixel, ts, person, visitor }, aliases = [] }) => [
    pixel,
    ts,
    person,
    visitor,
    aliases,
  ]);
  const [pixel = '', ts = '', person = '', visitor = '', aliases = ''] = [0, 1, 2, 3, 4].map(
    (index) => `j.value ->> ${index}`,
  );
  const { results } = await db
    .prepare(
      `SELECT NOT ${hasPixel(pixel)} OR ${isErased(pixel, [person, visitor], ts)} AS event,
         (SELECT json_group_array(a.value) FROM json_each(${aliases}) a WHERE ${isErased(pixel, ['a.value'], ts)}) AS aliases
       FROM json_each(?) j ORDER BY j.key`,
    )
    .bind(JSON.stringify(rows))
    .all<{ event: number; aliases: string }>();
  return results.map(({ event, aliases }) => ({
    event: event === 1,
    aliases: JSON.parse(aliases) as string[],
  }));
}

/** Those of some pixels that exist. */
export async function existingPixels(
  db: D1Database,
  pixels: readonly string[],
): Promise<ReadonlySet<string>> {
  const { results } = await db
    .prepare('SELECT id FROM pixels WHERE id IN (SELECT value FROM json_each(?))')
    .bind(JSON.stringify(pixels))
    .all<{ id: string }>();
  return new Set(results.map(({ id }) => id));
}

/** A checked letter with its new body; null if its body stays. */
export interface CheckResult {
  readonly letter: CheckedLetter;
  readonly body: string | null | 'nothing left';
}

/** Stores the results of a check that began at `now`. Letters that another run has checked meanwhile stay as they are. */
export async function storeChecks(
  db: D1Database,
  checked: readonly CheckResult[],
  now: number,
): Promise<void> {
  const rows = (isEmpty: boolean) =>
    JSON.stringify(
      checked
        .filter(({ body }) => (body === 'nothing left') === isEmpty)
        .map(({ letter, body }) => [letter.id, letter.checked_at, body]),
    );
  await db.batch([
    db
      .prepare(
        `UPDATE dead_letters SET body = coalesce(j.value ->> 2, body), checked_at = ?1
         FROM json_each(?2) j WHERE dead_letters.id = j.value ->> 0 AND dead_letters.checked_at = j.value ->> 1`,
      )
      .bind(now, rows(false)),
    db
      .prepare(
        'DELETE FROM dead_letters WHERE (id, checked_at) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))',
      )
      .bind(rows(true)),
  ]);
}
