/** Stores shared links. Only the SHA-256 of a link's secret is stored. The link itself is shown once, when it is created. */
import { LIMITS } from '../model/limits.ts';
import { hasPixel } from './pixels.ts';

export interface Link {
  readonly id: string;
  readonly pixel: string;
  readonly name: string;
  /** PBKDF2 of the password; null if the link has none. */
  readonly password: string | null;
  /** Epoch milliseconds; null if the link does not expire. */
  readonly expires_at: number | null;
  readonly created_at: number;
  /** The id of the token that created the link, and with which it is deleted; null if ADMIN_TOKEN created it. */
  readonly token: string | null;
}

const COLUMNS = 'id, pixel, name, password, expires_at, created_at, token';

/** @returns false if the pixel has the maximum number of links, or the pixel or the token has been deleted. */
export async function insertLink(db: D1Database, link: Link, hash: string): Promise<boolean> {
  const { meta } = await db
    .prepare(
      `INSERT INTO links (hash, ${COLUMNS}) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
       WHERE (SELECT count(*) FROM links WHERE pixel = ?3) < ${LIMITS.links} AND ${hasPixel('?3')}
         AND (?8 IS NULL OR EXISTS (SELECT 1 FROM tokens WHERE tokens.id = ?8))`,
    )
    .bind(hash, link.id, link.pixel, link.name, link.password, link.expires_at, link.created_at, link.token)
    .run();
  return meta.changes > 0;
}

export async function listLinks(db: D1Database, pixel: string): Promise<Link[]> {
  const { results } = await db
    .prepare(`SELECT ${COLUMNS} FROM links WHERE pixel = ? ORDER BY created_at, id`)
    .bind(pixel)
    .all<Link>();
  return results;
}

/** The link with a hash, unless it has expired. */
export async function findLink(db: D1Database, hash: string, now: number): Promise<Link | null> {
  return db
    .prepare(`SELECT ${COLUMNS} FROM links WHERE hash = ?1 AND (expires_at IS NULL OR expires_at > ?2)`)
    .bind(hash, now)
    .first<Link>();
}

/** Deletes a link with its sessions. @returns whether it existed. */
export async function deleteLink(db: D1Database, pixel: string, id: string): Promise<boolean> {
  const [, deleted] = await db.batch([
    db
      .prepare(
        `DELETE FROM sessions WHERE kind = 'link' AND proof IN (SELECT hash FROM links WHERE pixel = ? AND id = ?)`,
      )
      .bind(pixel, id),
    db.prepare('DELETE FROM links WHERE pixel = ? AND id = ?').bind(pixel, id),
  ]);
  return (deleted?.meta.changes ?? 0) > 0;
}

/**
 * Counts an attempt at a link's password. Call it before checking the password, so that simultaneous attempts are counted too.
 *
 * @returns the number of attempts in this window, and when it ends.
 */
export async function countGuess(
  db: D1Database,
  hash: string,
  now: number,
  window: number,
): Promise<{ readonly guesses: number; readonly guess_until: number }> {
  const row = await db
    .prepare(
      `UPDATE links SET guesses = iif(guess_until > ?2, guesses + 1, 1),
         guess_until = iif(guess_until > ?2, guess_until, ?2 + ?3)
       WHERE hash = ?1 RETURNING guesses, guess_until`,
    )
    .bind(hash, now, window)
    .first<{ guesses: number; guess_until: number }>();
  return row ?? { guesses: 0, guess_until: now };
}

/** Resets the attempts at a link's password, after a correct one. */
export async function resetGuesses(db: D1Database, hash: string): Promise<void> {
  await db.prepare('UPDATE links SET guesses = 0, guess_until = 0 WHERE hash = ?').bind(hash).run();
}
