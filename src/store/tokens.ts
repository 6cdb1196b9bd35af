/** Keeps API tokens. Only a token's SHA-256 is stored; the token itself is shown once, when it is made. */
import type { Scope, Token } from '../model/token.ts';

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

export async function insertToken(db: D1Database, token: Token, hash: string): Promise<void> {
  await db
    .prepare(`INSERT INTO tokens (hash, ${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)`)
    .bind(hash, token.id, token.name, JSON.stringify(token.scopes), token.pixel, token.created_at)
    .run();
}

export async function listTokens(db: D1Database): Promise<Token[]> {
  const { results } = await db
    .prepare(`SELECT ${COLUMNS} FROM tokens ORDER BY created_at, id`)
    .all<TokenRow>();
  return results.map(fromRow);
}

export async function findToken(db: D1Database, hash: string): Promise<Token | null> {
  const row = await db.prepare(`SELECT ${COLUMNS} FROM tokens WHERE hash = ?`).bind(hash).first<TokenRow>();
  return row ? fromRow(row) : null;
}

/** @returns whether there was one. */
export async function deleteToken(db: D1Database, id: string): Promise<boolean> {
  const { meta } = await db.prepare('DELETE FROM tokens WHERE id = ?').bind(id).run();
  return meta.changes > 0;
}
