/**
 * Which instance of D1 answers a request. With read replication, D1 has a primary and read-only replicas, which are behind it by an
 * unknown time. A request reads from a replica only if its route and its header allow that. Everything else is up to the primary:
 * authentication, single events, what grants access, and all writes.
 */
import type { Env } from '../env.ts';
import type { Result } from '../model/result.ts';
import type { QueryError } from '../query/query-error.ts';
import { type BookmarkedDatabase, bookmarkedPrimary, databaseFrom } from '../store/bookmarks.ts';
import { getPixel } from '../store/pixels.ts';
import type { Grant } from './grant.ts';
import { Problem } from './problem.ts';
import type { Route } from './route.ts';

/** The header with a bookmark, which stands for a state of the database. It has the name that D1's documentation uses. */
export const BOOKMARK_HEADER = 'x-d1-bookmark';

/** In place of a bookmark: any state will do. */
const UNCONSTRAINED = 'first-unconstrained';
/** D1's bookmarks are numbers in hex, separated by hyphens. Anything else is not passed on to D1. */
const BOOKMARK = /^[\da-f]{4,64}(?:-[\da-f]{4,64}){1,7}$/;

/** The database of a request. Its bookmark is null if the primary has answered a read. */
export interface RequestDatabase extends BookmarkedDatabase {
  /** Where its reads begin: a bookmark, `first-unconstrained`, or `''` for the primary. */
  readonly readsFrom: string;
}

/** The database of a request whose grant is known. */
export async function databaseFor(
  route: Route,
  grant: Grant,
  { headers }: Request,
  { DB: primary }: Pick<Env, 'DB'>,
): Promise<RequestDatabase> {
  const atPrimary: RequestDatabase = { db: primary, readsFrom: '', bookmark: () => null };
  if (!route.replica) {
    return route.method === 'GET' ? atPrimary : { ...bookmarkedPrimary(primary), readsFrom: '' };
  }
  const readsFrom = headers.get(BOOKMARK_HEADER)?.trim() ?? '';
  if (readsFrom !== UNCONSTRAINED && !BOOKMARK.test(readsFrom)) return atPrimary;
  const database = databaseFrom(primary, readsFrom);
  if (!(await hasCurrentSettings(database.db, primary, grant))) return atPrimary;
  return { ...database, readsFrom };
}

/**
 * Whether a replica has the settings by which the grant is answered. Only who may change them may be answered by former ones:
 * others would see small groups for some time after the owner has hidden them.
 */
async function hasCurrentSettings(replica: D1Database, primary: D1Database, grant: Grant): Promise<boolean> {
  if (grant.scopes.includes('pixels:write')) return true;
  if (grant.pixel === null) return false;
  const [stored, current] = await Promise.all([
    getPixel(replica, grant.pixel),
    getPixel(primary, grant.pixel),
  ]);
  return JSON.stringify(stored) === JSON.stringify(current);
}

/**
 * Runs a query, and once more if it found events gone that it had to read. If one statement went to a replica and the next to an
 * instance that was ahead, a rollup and a purge may lie between them. The second run begins where the first one ended.
 */
export async function settled<T extends Result<unknown, QueryError>>(
  readsFrom: string,
  run: () => Promise<T>,
): Promise<T> {
  const result = await run();
  const isGone = !result.ok && result.error.reason === 'beyond_retention';
  return isGone && readsFrom !== '' ? run() : result;
}

/** Answers a request with the bookmark of its database, also if there is a problem: the client has to see what it conflicts with. */
export async function withBookmark(
  database: RequestDatabase,
  respond: () => Promise<Response>,
): Promise<Response> {
  try {
    const response = await respond();
    const bookmark = database.bookmark();
    if (bookmark !== null) response.headers.set(BOOKMARK_HEADER, bookmark);
    return response;
  } catch (error) {
    const bookmark = database.bookmark();
    throw error instanceof Problem && bookmark !== null ? error.with({ [BOOKMARK_HEADER]: bookmark }) : error;
  }
}
