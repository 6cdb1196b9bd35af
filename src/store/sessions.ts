/** Stores the sessions of the dashboard. Of a session's cookie only the SHA-256 of its secret is stored. */
import type { Scope } from '../model/token.ts';

const HOUR = 3_600_000;
/** How long after its last use a session ends. */
export const SESSION_IDLE = 12 * HOUR;
/** How long after its beginning a session ends, however often it is used. */
export const SESSION_LONGEST = 30 * 24 * HOUR;
/** The end of a session is moved by no less than this, so that uses cost at most one written row per hour. */
const MIN_MOVE = HOUR;

export interface Session {
  readonly kind: 'admin' | 'token' | 'link';
  /** A hash of the token, link or ADMIN_TOKEN that the session began with. See schema.sql. */
  readonly proof: string;
  readonly created_at: number;
  readonly expires_at: number;
  /** The scopes that its token has now. */
  readonly scopes: readonly Scope[];
  /** The pixel of its token or link. */
  readonly pixel: string | null;
  /** The id of its token; null if it did not begin with a token. */
  readonly token: string | null;
  /** The last recorded use of its link, in epoch milliseconds; null if there is none. */
  readonly used_at: number | null;
}

/** The most sessions of a token or link. A further session ends the one that would expire first. */
export const MAX_SESSIONS = 200;

export async function insertSession(
  db: D1Database,
  hash: string,
  { kind, proof, pixel }: Pick<Session, 'kind' | 'proof' | 'pixel'>,
  now: number,
): Promise<number> {
  const expiresAt = now + SESSION_IDLE;
  await db.batch([
    db.prepare(END_OLDEST).bind(proof),
    db
      .prepare(
        'INSERT INTO sessions (hash, kind, proof, pixel, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)',
      )
      .bind(hash, kind, proof, pixel, now, expiresAt),
  ]);
  return expiresAt;
}

const END_OLDEST = `
  DELETE FROM sessions WHERE hash IN (
    SELECT hash FROM sessions WHERE proof = ? ORDER BY expires_at DESC LIMIT -1 OFFSET ${MAX_SESSIONS - 1})`;

/** Deletes up to `limit` expired sessions. It reads all sessions. */
export async function deleteEndedSessions(db: D1Database, now: number, limit: number): Promise<void> {
  await db.prepare('DELETE FROM sessions WHERE expires_at <= ? LIMIT ?').bind(now, limit).run();
}

type Row = Omit<Session, 'scopes'> & { readonly scopes: string | null };

/** A session that has not expired and whose token or link is still valid. */
export async function findSession(db: D1Database, hash: string, now: number): Promise<Session | null> {
  const row = await db
    .prepare(
      `SELECT s.kind, s.proof, s.created_at, s.expires_at, t.scopes, t.id AS token,
         coalesce(t.pixel, l.pixel) AS pixel, l.used_at
       FROM sessions s
       LEFT JOIN tokens t ON s.kind = 'token' AND t.hash = s.proof
       LEFT JOIN links l ON s.kind = 'link' AND l.hash = s.proof AND (l.expires_at IS NULL OR l.expires_at > ?2)
       WHERE s.hash = ?1 AND s.expires_at > ?2
         AND (s.kind = 'admin' OR t.hash IS NOT NULL OR l.hash IS NOT NULL)`,
    )
    .bind(hash, now)
    .first<Row>();
  return row && { ...row, scopes: row.scopes === null ? [] : (JSON.parse(row.scopes) as Scope[]) };
}

/** Moves the end of a session that is being used. @returns when it ends, in epoch milliseconds. */
export async function prolongSession(
  db: D1Database,
  hash: string,
  { created_at, expires_at }: Session,
  now: number,
): Promise<number> {
  const until = Math.min(now + SESSION_IDLE, created_at + SESSION_LONGEST);
  if (until - expires_at < MIN_MOVE) return expires_at;
  await db.prepare('UPDATE sessions SET expires_at = ?2 WHERE hash = ?1').bind(hash, until).run();
  return until;
}

export async function deleteSession(db: D1Database, hash: string): Promise<void> {
  await db.prepare('DELETE FROM sessions WHERE hash = ?').bind(hash).run();
}
