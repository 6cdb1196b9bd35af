/** `/api/v1/tokens`: tokens for servers and colleagues. Only ADMIN_TOKEN can add, list and delete them. */
import * as v from 'valibot';
import { LIMITS } from '../model/limits.ts';
import { PIXEL_ID } from '../model/pixel.ts';
import { randomBase58 } from '../model/random.ts';
import { newToken, SCOPES, type Token } from '../model/token.ts';
import { deleteToken, insertToken, listTokens } from '../store/tokens.ts';
import { check, readJson } from './body.ts';
import type { Call } from './call.ts';
import { loadPixel } from './grant.ts';
import { hashToken } from './hash.ts';
import { Problem } from './problem.ts';
import { noContent, uncachedJson } from './uncached.ts';

export const NewToken = v.strictObject({
  name: v.pipe(v.string(), v.trim(), v.minLength(1, 'A token needs a name.'), v.maxLength(120)),
  scopes: v.pipe(v.array(v.picklist(SCOPES)), v.minLength(1, `Give one or more of ${SCOPES.join(', ')}.`)),
  pixel: v.optional(v.nullable(v.pipe(v.string(), v.regex(PIXEL_ID, 'This is not a pixel id.'))), null),
});

/** Only this response holds the token itself, since the store has just its hash. */
export async function addToken({ request, env, grant }: Call): Promise<Response> {
  const { name, scopes, pixel } = check(NewToken, await readJson(request));
  if (pixel !== null) await loadPixel(env, grant, pixel);
  const secret = newToken();
  const token: Token = {
    id: `tok_${randomBase58(12)}`,
    name,
    scopes: SCOPES.filter((scope) => scopes.includes(scope)),
    pixel,
    created_at: Date.now(),
  };
  if (!(await insertToken(env.DB, token, await hashToken(secret)))) {
    if (pixel !== null) await loadPixel(env, grant, pixel);
    throw new Problem(
      'invalid_body',
      `There are ${LIMITS.tokens} tokens, which is the maximum. Delete one first.`,
    );
  }
  return uncachedJson({ ...tokenToJson(token), token: secret }, 201);
}

export async function readTokens({ env }: Call): Promise<Response> {
  const tokens = await listTokens(env.DB);
  return uncachedJson({ tokens: tokens.map(tokenToJson) });
}

export async function removeToken({ env, id }: Call): Promise<Response> {
  if (!(await deleteToken(env.DB, id))) throw new Problem('not_found', 'No token has this id.');
  return noContent();
}

function tokenToJson(token: Token): Record<string, unknown> {
  return { ...token, created_at: new Date(token.created_at).toISOString() };
}
