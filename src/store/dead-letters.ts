/**
 * Keeps messages that the queue has given up, sealed, until an owner replays them. What is erased or deleted meanwhile is
 * taken out of them: each letter says until when that has been done.
 */
import type { PlacedEvent } from '../model/batch.ts';
import type { Secrets } from '../model/secret-key.ts';
import { isErased } from './erasures.ts';
import { hasPixel } from './pixels.ts';
import { canOpen, notSealedBy, sealParameters } from './sealed-keys.ts';

export interface DeadLetter {
  readonly id: string;
  /** A sealed parcel; of a message from before SECRET_KEY, the JSON of the message. */
  readonly body: string;
  readonly received_at: number;
}

/** A letter as it is checked. */
export interface CheckedLetter extends DeadLetter {
  /** Until when what was erased and deleted has been taken out, in epoch milliseconds. */
  readonly checked_at: number;
}

/** Keeps messages by their ids, so that one that arrives twice is kept once. */
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

/** The oldest ones after a given id. */
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
 * Letters that something may have to be taken out of, or that are not sealed under the current secret, and that the
 * secrets may open.
 */
export async function lettersToCheck(
  db: D1Database,
  secrets: Secrets,
  limit: number,
): Promise<CheckedLetter[]> {
  const { results } = await db
    .prepare(
      `SELECT id, body, received_at, checked_at FROM dead_letters
       WHERE (checked_at <= coalesce((SELECT last_at FROM counters WHERE name = 'erasures'), 0) OR ${notSealedBy('body')})
         AND ${canOpen('body')}
       ORDER BY checked_at, id LIMIT ?3`,
    )
    .bind(...(await sealParameters(secrets)), limit)
    .all<CheckedLetter>();
  return results;
}

/** Of an event: whether it must not be written any more, and which of its other aliases must not be linked. */
export interface ErasedParts {
  readonly event: boolean;
  readonly aliases: readonly string[];
}

/** What of events has been erased since, or deleted with its pixel; in the order given. */
export async function erasedParts(db: D1Database, placed: readonly PlacedEvent[]): Promise<ErasedParts[]> {
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

/** Which of some pixels there are. */
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

/** What became of a letter that was checked: its new body, null to keep the one it has, or nothing is left of it. */
export interface CheckResult {
  readonly letter: CheckedLetter;
  readonly body: string | null | 'nothing left';
}

/** Keeps what became of letters that were checked from `now` on, but of those that another run has checked meanwhile. */
export async function storeChecks(
  db: D1Database,
  checked: readonly CheckResult[],
  now: number,
): Promise<void> {
  const rows = (wanted: boolean) =>
    JSON.stringify(
      checked
        .filter(({ body }) => (body === 'nothing left') === wanted)
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
