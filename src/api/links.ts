/** `/api/v1/pixels/:id/links`: shared links. Anyone with a link can see its pixel's statistics, and nothing else. */
import * as v from 'valibot';
import { normalEmbedOrigin } from '../model/embed-origin.ts';
import { LIMITS } from '../model/limits.ts';
import { hex, randomBase58 } from '../model/random.ts';
import { newPublicId, newSecret } from '../model/token.ts';
import { deleteLink, insertLink, type Link, type ListedLink, listLinks, updateLink } from '../store/links.ts';
import { check, readJson } from './body.ts';
import type { PixelCall } from './call.ts';
import { loadPixel, requireScope } from './grant.ts';
import { hashToken } from './hash.ts';
import { Problem } from './problem.ts';
import { noContent, uncachedJson } from './uncached.ts';

const ExpiresAt = v.nullable(
  v.pipe(
    v.string(),
    v.isoTimestamp('Send a time in ISO 8601, such as 2026-12-31T23:59:59Z.'),
    v.check((text) => Date.parse(text) > Date.now(), 'This time has passed.'),
  ),
);

/** The most sites that may embed a public page. */
export const MAX_EMBED_ORIGINS = 20;

const EmbedOrigins = v.pipe(
  v.array(
    v.pipe(
      v.string(),
      v.maxLength(300),
      v.transform((text) => normalEmbedOrigin(text) ?? ''),
      v.minLength(1, 'Send an origin, such as https://www.example.com, or https://*.example.com.'),
    ),
  ),
  v.maxLength(MAX_EMBED_ORIGINS),
  v.transform((origins) => [...new Set(origins)]),
);

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
  expires_at: v.optional(ExpiresAt, null),
  public: v.optional(v.boolean(), false),
  embed_origins: v.optional(EmbedOrigins, []),
});

export const LinkChange = v.strictObject({
  expires_at: v.optional(ExpiresAt),
  public: v.optional(v.boolean()),
  embed_origins: v.optional(EmbedOrigins),
});

/**
 * Only this response holds the link itself, since the store has just the hash of its secret. A link shows statistics, so the
 * token must be allowed to read them.
 */
export async function addLink({ request, env, grant, pixel }: PixelCall): Promise<Response> {
  requireScope(grant, 'stats:read');
  const {
    name,
    password,
    expires_at,
    public: isPublic,
    embed_origins,
  } = check(NewLink, await readJson(request));
  if (isPublic && password !== null) throw publicWithPassword();
  const secret = newSecret();
  const now = Date.now();
  const link: Link = {
    id: `lnk_${randomBase58(12)}`,
    pixel: pixel.id,
    name,
    password: password === null ? null : await passwordHash(password, secret),
    expires_at: timeOf(expires_at),
    created_at: now,
    token: grant.token,
    public_id: isPublic ? newPublicId() : null,
    embed_origins,
  };
  if (!(await insertLink(env.DB, link, await hashToken(secret)))) {
    await loadPixel(env, grant, pixel.id);
    if ((await listLinks(env.DB, pixel.id, now)).length < LIMITS.links) {
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
  const { origin } = new URL(request.url);
  return uncachedJson(
    { ...linkToJson({ ...link, used_at: null, sessions: 0 }, origin), url: `${origin}/app/share#${secret}` },
    201,
  );
}

/** A token that publishes statistics must be allowed to read them. */
export async function changeLink({ request, env, grant, pixel, part }: PixelCall): Promise<Response> {
  const { expires_at, public: isPublic, embed_origins } = check(LinkChange, await readJson(request));
  if (isPublic) requireScope(grant, 'stats:read');
  const now = Date.now();
  const change = {
    expires_at: expires_at === undefined ? undefined : timeOf(expires_at),
    public_id: isPublic === undefined ? undefined : isPublic ? newPublicId() : null,
    embed_origins,
  };
  const link = await updateLink(env.DB, pixel.id, part, change, now);
  if (link) return uncachedJson(linkToJson(link, new URL(request.url).origin));
  const exists = (await listLinks(env.DB, pixel.id, now)).some(({ id }) => id === part);
  throw exists ? publicWithPassword() : unknownLink();
}

function publicWithPassword(): Problem {
  const message = 'A link with a password cannot be public. Create another link without a password.';
  return new Problem('invalid_body', message, { errors: [{ path: 'public', message }] });
}

function unknownLink(): Problem {
  return new Problem('not_found', 'No link has this id.');
}

export async function readLinks({ request, env, pixel }: PixelCall): Promise<Response> {
  const links = await listLinks(env.DB, pixel.id, Date.now());
  const { origin } = new URL(request.url);
  return uncachedJson({ links: links.map((link) => linkToJson(link, origin)) });
}

export async function removeLink({ env, pixel, part }: PixelCall): Promise<Response> {
  if (!(await deleteLink(env.DB, pixel.id, part))) throw unknownLink();
  return noContent();
}

function linkToJson(
  { pixel: _, password, public_id, used_at, ...link }: ListedLink,
  origin: string,
): Record<string, unknown> {
  return {
    ...link,
    has_password: password !== null,
    expires_at: isoTime(link.expires_at),
    created_at: isoTime(link.created_at),
    public: public_id !== null,
    public_url: public_id === null ? null : `${origin}/app/public/${public_id}`,
    badge_url: public_id === null ? null : `${origin}/badge/${public_id}.svg`,
    last_used_at: isoTime(used_at),
  };
}

const isoTime = (time: number | null): string | null => (time === null ? null : new Date(time).toISOString());
const timeOf = (text: string | null): number | null => (text === null ? null : Date.parse(text));

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
