/**
 * Public pages: a shared link that its owner has published can be opened by anyone at `/app/public/ID`. The id is no secret. It
 * stands for no session, since a page in another site's frame has no cookies, and it grants the same as the link does.
 */
import type { Env } from '../env.ts';
import { isPublicId } from '../model/token.ts';
import { findPublicLink, type OpenedLink, recordUse } from '../store/links.ts';
import { AttemptLimit, LookupCache } from './attempts.ts';
import type { Grant } from './grant.ts';
import { Problem } from './problem.ts';

/** The header by which a request names its public page. Pages of other origins cannot send it: the API accepts no preflight. */
export const PUBLIC_HEADER = 'x-speck-public';

/** Counted apart from tokens: a page that still embeds what was revoked must not lock its readers' network out of the dashboard. */
const unknownPages = new AttemptLimit('unknown public pages', 20);
const lookups = new LookupCache();

/**
 * The link with a public page, as it is now, and records that it is used.
 * @throws Problem if there is no such page, or the request's network has tried too many.
 */
export async function openPublicPage(id: string, request: Request, env: Env): Promise<OpenedLink> {
  const now = Date.now();
  const cached = lookups.get(id, now);
  if (!cached) unknownPages.check(request, now);
  const link = isPublicId(id) && cached !== false ? await findPublicLink(env.DB, id, now) : null;
  if (isPublicId(id)) lookups.set(id, link !== null, now);
  if (!link) {
    if (cached === undefined) unknownPages.count(request, now);
    throw new Problem('wrong_link', 'This page is not public, or not any more.');
  }
  await recordUse(env.DB, link, now);
  return link;
}

export async function grantOfPublicPage(id: string, request: Request, env: Env): Promise<Grant> {
  const { pixel } = await openPublicPage(id, request, env);
  return publicGrant(id, pixel);
}

export function publicGrant(publicId: string, pixel: string): Grant {
  return { admin: false, scopes: ['stats:read'], pixel, token: null, shared: true, publicId };
}
