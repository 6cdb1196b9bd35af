/** `/api/v1/pixels/:id/links`: shared links. Anyone with a link can see its pixel's statistics, and nothing else. */
import * as v from 'valibot';
import { LIMITS } from '../model/limits.ts';
import { hex, randomBase58 } from '../model/random.ts';
import { newSecret } from '../model/token.ts';
import { deleteLink, insertLink, type Link, listLinks } from '../store/links.ts';
import { check, readJson } from './body.ts';
import type { PixelCall } from './call.ts';
import { loadPixel, requireScope } from './grant.ts';
import { hashToken } from './hash.ts';
import { Problem } from './problem.ts';
import { noContent, uncachedJson } from './uncached.ts';

export const NewLink = v.strictObject({
  name: v.pipe(v.string(), v.trim(), v.minLength(1, 'A link needs a name.'), v.maxLength(120)),
  password: v.optional(
    v.nullable(
      v.pipe(
        v.string(),
        v.trim(),
        v.minLength(8, 'A password needs at least 8 characters.'),
        v.maxLength(200),
      ),
    ),
    null,
  ),
  expires_at: v.optional(
    v.nullable(
      v.pipe(
        v.string(),
        v.isoTimestamp('Send a time in ISO 8601, such as 2026-12-31T23:59:59Z.'),
        v.check((text) => Date.parse(text) > Date.now(), 'This time has passed.'),
      ),
    ),
    null,
  ),
});

/**
 * Only this response holds the link itself, since the store has just the hash of its secret. A link shows statistics, so the
 * token must be allowed to read them.
 */
export async function addLink({ request, env, grant, pixel }: PixelCall): Promise<Response> {
  requireScope(grant, 'stats:read');
  const { name, password, expires_at } = check(NewLink, await readJson(request));
  const secret = newSecret();
  const link: Link = {
    id: `lnk_${randomBase58(12)}`,
    pixel: pixel.id,
    name,
    password: password === null ? null : await passwordHash(password, secret),
    expires_at: expires_at === null ? null : Date.parse(expires_at),
    created_at: Date.now(),
    token: grant.token,
  };
  if (!(await insertLink(env.DB, link, await hashToken(secret)))) {
    await loadPixel(env, grant, pixel.id);
    if ((await listLinks(env.DB, pixel.id)).length < LIMITS.links) {
      throw new Problem(
        'conflict',
        'The token of this request was deleted at the same time. No link was added.',
      );
    }
    throw new Problem(
      'invalid_body',
      `The pixel has ${LIMITS.links} links, which is the maximum. Delete one first.`,
    );
  }
  return uncachedJson(
    { ...linkToJson(link), url: `${new URL(request.url).origin}/app/share#${secret}` },
    201,
  );
}

export async function readLinks({ env, pixel }: PixelCall): Promise<Response> {
  const links = await listLinks(env.DB, pixel.id);
  return uncachedJson({ links: links.map(linkToJson) });
}

export async function removeLink({ env, pixel, part }: PixelCall): Promise<Response> {
  if (!(await deleteLink(env.DB, pixel.id, part))) throw new Problem('not_found', 'No link has this id.');
  return noContent();
}

function linkToJson({ pixel: _, password, ...link }: Link): Record<string, unknown> {
  return {
    ...link,
    has_password: password !== null,
    expires_at: link.expires_at === null ? null : new Date(link.expires_at).toISOString(),
    created_at: new Date(link.created_at).toISOString(),
  };
}

/**
 * Takes some 3 ms of CPU time; the free plan allows 10 ms a request. More iterations would not help. The salt is the link's
 * secret, whose 230 bits are not stored, so an attacker cannot test passwords against a stolen table. Attempts over the API are
 * limited (session.ts).
 */
const ITERATIONS = 10_000;

/** The form in which the store holds a password. */
export async function passwordHash(password: string, secret: string): Promise<string> {
  const encoder = new TextEncoder();
  const key = await crypto.subtle.importKey('raw', encoder.encode(password), 'PBKDF2', false, ['deriveBits']);
  const salt = encoder.encode(secret);
  const bits = await crypto.subtle.deriveBits(
    { name: 'PBKDF2', hash: 'SHA-256', salt, iterations: ITERATIONS },
    key,
    256,
  );
  return hex(new Uint8Array(bits));
}
