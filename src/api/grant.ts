/** A grant is what a request may do. The checks here are closed by default: a grant allows only what it names. */
import type { Env } from '../env.ts';
import { PIXEL_ID, type Pixel } from '../model/pixel.ts';
import type { Scope } from '../model/token.ts';
import { isProtected } from '../query/small-groups.ts';
import { getPixel } from '../store/pixels.ts';
import { Problem } from './problem.ts';

/** What a request's token or session allows. */
export interface Grant {
  readonly admin: boolean;
  readonly scopes: readonly Scope[];
  /** The only pixel that the grant reaches, or null if it reaches all. */
  readonly pixel: string | null;
  /** The id of the token. Null for ADMIN_TOKEN and for a shared link. */
  readonly token: string | null;
  /** Whether the grant is that of a shared link, which shows statistics and nothing else. */
  readonly shared?: true;
  /** The hash of the shared link's secret, if a session of a shared link has the grant. */
  readonly link?: string;
  /** The id of the public page, if anyone has the grant. Then `shared` is true, too. */
  readonly publicId?: string;
  /** When the session ends, in epoch milliseconds, if a session has the grant. */
  readonly endsAt?: number;
}

/** The grant of a request that needs neither a token nor a session. */
export const ANONYMOUS: Grant = { admin: false, scopes: [], pixel: null, token: null };

/**
 * What a route requires: a scope; `any` token or session; ADMIN_TOKEN (`admin`); nothing, although a token or session counts if the
 * request has one (`optional`); or nothing (`none`).
 */
export type Access = Scope | 'any' | 'admin' | 'optional' | 'none';

/** Whether the access is no scope and not ADMIN_TOKEN. */
export const isOpen = (access: Access): access is 'any' | 'optional' | 'none' =>
  access === 'any' || access === 'optional' || access === 'none';

/** What a route says about who may use it. */
export interface RouteAccess {
  readonly access: Access;
  /** Whether a shared link may use this route for its pixel. */
  readonly shared?: true;
  /** Whether the public page of a link may use it, too. */
  readonly public?: true;
}

/** @throws Problem if the grant does not have the access that a route requires. */
export function requireAccess(grant: Grant, { access, shared, public: isPublic }: RouteAccess): void {
  if (grant.shared && !shared) throw new Problem('missing_scope', 'A shared link shows statistics only.');
  if (grant.publicId !== undefined && !isPublic) {
    throw new Problem('missing_scope', 'A public page shows statistics only.');
  }
  if (access === 'admin') requireAdmin(grant);
  else if (!isOpen(access)) requireScope(grant, access);
}

function requireAdmin(grant: Grant): void {
  if (!grant.admin) throw new Problem('missing_scope', 'Only ADMIN_TOKEN may do this.');
}

/** @throws Problem if the grant lacks the scope. */
export function requireScope(grant: Grant, scope: Scope): void {
  if (grant.scopes.includes(scope)) return;
  throw new Problem('missing_scope', `This token lacks the scope ${scope}.`);
}

/** @throws Problem if the grant is for another pixel. */
export function requirePixel(grant: Grant, pixel: string): void {
  if (grant.pixel === null || grant.pixel === pixel) return;
  throw new Problem('wrong_pixel', 'This token is for another pixel.');
}

/**
 * Reads a pixel from D1.
 * @throws Problem if the grant is for another pixel, or no pixel has this id.
 */
export async function loadPixel(env: Env, grant: Grant, id: string): Promise<Pixel> {
  requirePixel(grant, id);
  const pixel = PIXEL_ID.test(id) ? await getPixel(env.DB, id) : null;
  if (!pixel) throw unknownPixel();
  return pixel;
}

export function unknownPixel(): Problem {
  return new Problem('not_found', 'No pixel has this id.');
}

/**
 * Checks that a grant may read single events. If a pixel protects small groups, only its owner may: anyone else could count
 * small groups from single events.
 *
 * @throws Problem if the grant may not.
 */
export function requireEventAccess(grant: Grant, pixel: Pixel): void {
  if (canReadEvents(grant, pixel)) return;
  throw new Problem(
    'missing_scope',
    'This pixel protects small groups, so single events, exports and live counts need a token with the scope pixels:write.',
  );
}

/** Whether a grant may read single events. */
export function canReadEvents({ scopes }: Grant, { settings }: Pixel): boolean {
  return !isProtected(settings.min_group) || scopes.includes('pixels:write');
}
