/** Reads who runs the pixels, for the visitor's pages. */
import { OWNER_TEXTS, type Owner } from '../model/owner.ts';

/** How long an isolate uses a cached list, in milliseconds. Anyone may open the pages, so not each view may read all pixels. */
const OWNERS_TTL = 30_000;

/** The most owners that are listed. */
export const MAX_OWNERS = 20;

let cached: { readonly owners: readonly Owner[]; readonly until: number } | null = null;

/** Makes this isolate read the owners again. */
export function forgetOwners(): void {
  cached = null;
}

const SELECTED = `SELECT ${OWNER_TEXTS.map((name) => `coalesce(settings ->> '${name}', '') AS ${name}`).join(', ')} FROM pixels`;

/** The owner of a pixel; null if no pixel has this id. */
export function readOwner(db: D1Database, id: string): Promise<Owner | null> {
  return db.prepare(`${SELECTED} WHERE id = ?`).bind(id).first<Owner>();
}

const OWNERS = `
  ${SELECTED}
  GROUP BY 1, 2, 3 ORDER BY max(created_at) DESC, 1, 2, 3 LIMIT ${MAX_OWNERS + 1}`;

/**
 * The distinct owners of all pixels, of whom one may be unnamed, that of the newest pixel first. If there are more than `MAX_OWNERS`,
 * one more is returned.
 */
export async function listOwners(db: D1Database, now: number): Promise<readonly Owner[]> {
  if (cached !== null && cached.until > now) return cached.owners;
  const { results } = await db.prepare(OWNERS).all<Owner>();
  cached = { owners: results, until: now + OWNERS_TTL };
  return results;
}
