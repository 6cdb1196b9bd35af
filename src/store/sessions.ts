/** Keeps who is signed in at the dashboard. Only the SHA-256 of a cookie's secret is stored. */
import type { Scope } from '../model/token.ts';

const HOUR = 3_600_000;
/** A session ends so long after it was last used. */
export const SESSION_IDLE = 12 * HOUR;
/** And so long after it was begun, however much it is used. */
export const SESSION_LONGEST = 30 * 24 * HOUR;
/** A use moves the end by at least this, so that it costs a written row an hour at most. */
const WORTH_MOVING = HOUR;

export interface Session {
  readonly kind: 'admin' | 'token' | 'link';
  /** What it was made with, in a form that only its holder can have made. See schema.sql. */
  readonly proof: string;
  readonly created_at: number;
  readonly expires_at: number;
  /** What its token may do now. */
  readonly scopes: readonly Scope[];
  /** The pixel of its token or link. */
  readonly pixel: string | null;
  /** The id of its token, if it was made with one. */
  readonly token: string | null;
}

/** Sessions that a token or a link may have at a time: a new one ends those that would end first. */
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

/** Deletes up to `limit` sessions that have ended: they open nothing since. It reads all there are. */
export async function deleteEndedSessions(db: D1Database, now: number, limit: number): Promise<void> {
  await db.prepare('DELETE FROM sessions WHERE expires_at <= ? LIMIT ?').bind(now, limit).run();
}

type Row = Omit<Session, 'scopes'> & { readonly scopes: string | null };

/** A session that has not ended, and whose token or link is still there and has not expired. */
export async function findSession(db: D1Database, hash: string, now: number): Promise<Session | null> {
  const row = await db
    .prepare(
      `SELECT s.kind, s.proof, s.created_at, s.expires_at, t.scopes, t.id AS token,
         coalesce(t.pixel, l.pixel) AS pixel
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

/** Moves a session's end, now that it is used. @returns when it ends. */
export async function prolongSession(
  db: D1Database,
  hash: string,
  { created_at, expires_at }: Session,
  now: number,
): Promise<number> {
  const until = Math.min(now + SESSION_IDLE, created_at + SESSION_LONGEST);
  if (until - expires_at < WORTH_MOVING) return expires_at;
  await db.prepare('UPDATE sessions SET expires_at = ?2 WHERE hash = ?1').bind(hash, until).run();
  return until;
}

export async function deleteSession(db: D1Database, hash: string): Promise<void> {
  await db.prepare('DELETE FROM sessions WHERE hash = ?').bind(hash).run();
}
