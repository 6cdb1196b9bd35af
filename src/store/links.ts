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
  /** The id of its public page; null if it has none. A link with a password has none. */
  readonly public_id: string | null;
  /** The sites that may show the public page in a frame, as `normalEmbedOrigin` writes them. */
  readonly embed_origins: readonly string[];
}

/** A link in the list of its pixel's links. */
export interface ListedLink extends Link {
  /** Its last use, to the hour, in epoch milliseconds; null if it has not been used. */
  readonly used_at: number | null;
  /** Sessions that have not expired. */
  readonly sessions: number;
}

type Row<Of extends { readonly embed_origins: readonly string[] }> = Omit<Of, 'embed_origins'> & {
  readonly embed_origins: string;
};

function fromRow<Of extends { readonly embed_origins: readonly string[] }>(row: Row<Of>): Of {
  return { ...row, embed_origins: JSON.parse(row.embed_origins) as string[] } as unknown as Of;
}

const COLUMNS = 'id, pixel, name, password, expires_at, created_at, token, public_id, embed_origins';
const LISTED = `${COLUMNS}, used_at,
  (SELECT count(*) FROM sessions WHERE proof = links.hash AND sessions.expires_at > ?1) AS sessions`;
const IS_VALID = '(expires_at IS NULL OR expires_at > ?2)';

/** @returns false if the pixel has the maximum number of links, or the pixel or the token has been deleted. */
export async function insertLink(db: D1Database, link: Link, hash: string): Promise<boolean> {
  const { meta } = await db
    .prepare(
      `INSERT INTO links (hash, ${COLUMNS}) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10
       WHERE (SELECT count(*) FROM links WHERE pixel = ?3) < ${LIMITS.links} AND ${hasPixel('?3')}
         AND (?8 IS NULL OR EXISTS (SELECT 1 FROM tokens WHERE tokens.id = ?8))`,
    )
    .bind(
      hash,
      link.id,
      link.pixel,
      link.name,
      link.password,
      link.expires_at,
      link.created_at,
      link.token,
      link.public_id,
      JSON.stringify(link.embed_origins),
    )
    .run();
  return meta.changes > 0;
}

export async function listLinks(db: D1Database, pixel: string, now: number): Promise<ListedLink[]> {
  const { results } = await db
    .prepare(`SELECT ${LISTED} FROM links WHERE pixel = ?2 ORDER BY created_at, id`)
    .bind(now, pixel)
    .all<Row<ListedLink>>();
  return results.map((row) => fromRow<ListedLink>(row));
}

/** What changes of a link. A part that is undefined stays. */
export interface LinkChange {
  readonly expires_at: number | null | undefined;
  /** The id of its public page, unless it already has one; null to end the page. */
  readonly public_id: string | null | undefined;
  readonly embed_origins: readonly string[] | undefined;
}

/** Changes a link. @returns null if there is no such link, or it has a password and is to have a public page. */
export async function updateLink(
  db: D1Database,
  pixel: string,
  id: string,
  { expires_at, public_id, embed_origins }: LinkChange,
  now: number,
): Promise<ListedLink | null> {
  const row = await db
    .prepare(
      `UPDATE links SET expires_at = iif(?4, ?5, expires_at),
         public_id = CASE WHEN NOT ?6 THEN public_id WHEN ?7 IS NULL THEN NULL ELSE coalesce(public_id, ?7) END,
         embed_origins = coalesce(?8, embed_origins)
       WHERE pixel = ?2 AND id = ?3 AND (?7 IS NULL OR password IS NULL)
       RETURNING ${LISTED}`,
    )
    .bind(
      now,
      pixel,
      id,
      Number(expires_at !== undefined),
      expires_at ?? null,
      Number(public_id !== undefined),
      public_id ?? null,
      embed_origins === undefined ? null : JSON.stringify(embed_origins),
    )
    .first<Row<ListedLink>>();
  return row && fromRow<ListedLink>(row);
}

/** A link as those who open it find it. */
export type OpenedLink = Link & Pick<ListedLink, 'used_at'> & { readonly hash: string };

/** The link with a hash, unless it has expired. */
export async function findLink(db: D1Database, hash: string, now: number): Promise<OpenedLink | null> {
  const row = await db
    .prepare(`SELECT hash, used_at, ${COLUMNS} FROM links WHERE hash = ?1 AND ${IS_VALID}`)
    .bind(hash, now)
    .first<Row<OpenedLink>>();
  return row && fromRow<OpenedLink>(row);
}

/** The link with a public page, unless it has expired. */
export async function findPublicLink(db: D1Database, id: string, now: number): Promise<OpenedLink | null> {
  const row = await db
    .prepare(`SELECT hash, used_at, ${COLUMNS} FROM links WHERE public_id = ?1 AND ${IS_VALID}`)
    .bind(id, now)
    .first<Row<OpenedLink>>();
  return row && fromRow<OpenedLink>(row);
}

/** Uses within this time after a recorded one are not recorded, so that uses cost at most one written row per hour. */
const USE_INTERVAL = 3_600_000;

/** Records that a link is used. */
export async function recordUse(
  db: D1Database,
  { hash, used_at }: Pick<OpenedLink, 'hash' | 'used_at'>,
  now: number,
): Promise<void> {
  if (used_at !== null && now - used_at < USE_INTERVAL) return;
  await db
    .prepare('UPDATE links SET used_at = ?2 WHERE hash = ?1 AND (used_at IS NULL OR used_at <= ?2 - ?3)')
    .bind(hash, now, USE_INTERVAL)
    .run();
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
