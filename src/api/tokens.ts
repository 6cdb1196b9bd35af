/** `/api/v1/tokens`: keys for servers and colleagues. Only the admin token makes, lists and deletes them. */
import * as v from 'valibot';
import type { Env } from '../env.ts';
import { LIMITS } from '../model/limits.ts';
import { PIXEL_ID } from '../model/pixel.ts';
import { randomBase58 } from '../model/random.ts';
import { newToken, SCOPES, type Token } from '../model/token.ts';
import { deleteToken, insertToken, listTokens } from '../store/tokens.ts';
import { type Grant, hashToken } from './auth.ts';
import { check, readJson } from './body.ts';
import { done, freshJson } from './fresh.ts';
import { requireExisting } from './pixels.ts';
import { Problem } from './problem.ts';

export const NewToken = v.strictObject({
  name: v.pipe(v.string(), v.trim(), v.minLength(1, 'A token needs a name.'), v.maxLength(120)),
  scopes: v.pipe(v.array(v.picklist(SCOPES)), v.minLength(1, `Give one or more of ${SCOPES.join(', ')}.`)),
  pixel: v.optional(v.nullable(v.pipe(v.string(), v.regex(PIXEL_ID, 'This is no pixel id.'))), null),
});

/** The answer holds the token itself, this once: the store keeps only its hash. */
export async function addToken(request: Request, env: Env, grant: Grant): Promise<Response> {
  const { name, scopes, pixel } = check(NewToken, await readJson(request));
  if (pixel !== null) await requireExisting(env, grant, pixel);
  const secret = newToken();
  const token: Token = {
    id: `tok_${randomBase58(12)}`,
    name,
    scopes: SCOPES.filter((scope) => scopes.includes(scope)),
    pixel,
    created_at: Date.now(),
  };
  if (!(await insertToken(env.DB, token, await hashToken(secret)))) {
    if (pixel !== null) await requireExisting(env, grant, pixel);
    throw new Problem(
      'invalid_body',
      `There are ${LIMITS.tokens} tokens, which is the most. Delete one first.`,
    );
  }
  return freshJson({ ...shown(token), token: secret }, 201);
}

export async function readTokens(_request: Request, env: Env): Promise<Response> {
  const tokens = await listTokens(env.DB);
  return freshJson({ tokens: tokens.map(shown) });
}

export async function removeToken(_request: Request, env: Env, _grant: Grant, id: string): Promise<Response> {
  if (!(await deleteToken(env.DB, id))) throw new Problem('not_found', 'No token has this id.');
  return done();
}

function shown(token: Token): Record<string, unknown> {
  return { ...token, created_at: new Date(token.created_at).toISOString() };
}
