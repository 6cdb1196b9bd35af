/** Stores API tokens. Only the SHA-256 of a token is stored. The token itself is shown once, when it is created. */
import { LIMITS } from '../model/limits.ts';
import type { Scope, Token } from '../model/token.ts';
import { hasPixel } from './pixels.ts';

interface TokenRow {
  readonly id: string;
  readonly name: string;
  readonly scopes: string;
  readonly pixel: string | null;
  readonly created_at: number;
}

const COLUMNS = 'id, name, scopes, pixel, created_at';

function fromRow({ scopes, ...row }: TokenRow): Token {
  return { ...row, scopes: JSON.parse(scopes) as Scope[] };
}

/** @returns false if there is the maximum number of tokens, or the token's pixel has been deleted. */
export async function insertToken(db: D1Database, token: Token, hash: string): Promise<boolean> {
  const { meta } = await db
    .prepare(
      `INSERT INTO tokens (hash, ${COLUMNS}) SELECT ?1, ?2, ?3, ?4, ?5, ?6
       WHERE (SELECT count(*) FROM tokens) < ${LIMITS.tokens} AND (?5 IS NULL OR ${hasPixel('?5')})`,
    )
    .bind(hash, token.id, token.name, JSON.stringify(token.scopes), token.pixel, token.created_at)
    .run();
  return meta.changes > 0;
}

/** A token with the number of shared links that were created with it. They are deleted with it. */
export interface ListedToken extends Token {
  readonly links: number;
}

export async function listTokens(db: D1Database): Promise<ListedToken[]> {
  const { results } = await db
    .prepare(
      `SELECT ${COLUMNS}, coalesce(l.links, 0) AS links FROM tokens
       LEFT JOIN (SELECT token, count(*) AS links FROM links WHERE token IS NOT NULL GROUP BY token) l ON l.token = id
       ORDER BY created_at, id`,
    )
    .all<TokenRow & { links: number }>();
  return results.map((row) => ({ ...fromRow(row), links: row.links }));
}

export async function findToken(db: D1Database, hash: string): Promise<Token | null> {
  const row = await db.prepare(`SELECT ${COLUMNS} FROM tokens WHERE hash = ?`).bind(hash).first<TokenRow>();
  return row ? fromRow(row) : null;
}

/** Deletes a token, the shared links that were created with it, and the sessions of all of them. @returns whether it existed. */
export async function deleteToken(db: D1Database, id: string): Promise<boolean> {
  const results = await db.batch(
    [
      `DELETE FROM sessions WHERE proof IN (
         SELECT hash FROM links WHERE token = ?1 UNION ALL SELECT hash FROM tokens WHERE id = ?1)`,
      'DELETE FROM links WHERE token = ?1',
      'DELETE FROM tokens WHERE id = ?1',
    ].map((sql) => db.prepare(sql).bind(id)),
  );
  return (results.at(-1)?.meta.changes ?? 0) > 0;
}
