/**
 * Stores which aliases belong to one person. `events.person` is the strongest alias of an event. Queries follow the links from
 * it, so no event has to be rewritten when a person gets another alias.
 *
 * A link is confirmed if the owner's server vouched for it. The other links are claimed: anyone can make them. Statistics follow
 * both. Showing and erasing a person follows confirmed links only. These lead to a root of their own, as if there were no claimed
 * links. A confirmed link replaces a claimed one.
 */
import type { PlacedEvent } from '../model/batch.ts';
import { LIMITS } from '../model/limits.ts';
import { STRENGTHS } from '../model/person.ts';
import { isErased } from './erasures.ts';
import { hasPixel } from './pixels.ts';

/**
 * SQL for the strongest alias that an alias is linked to; the alias itself if it has no link. Each link leads to a stronger kind,
 * so there is at most one hop less than there are kinds.
 *
 * @param alias SQL: a parameter, or a column with its table, since `person_links` has columns of the same names.
 * @param proof SQL: 1 to follow confirmed links only, 0 to follow all.
 */
export function rootOf(alias: string, pixel = '?1', proof = '0'): string {
  let sql = `l${STRENGTHS.length - 2}.target`;
  for (let hop = STRENGTHS.length - 2; hop >= 0; hop--) {
    const from = hop === 0 ? alias : `l${hop - 1}.target`;
    const link = `l${hop}.pixel = ${pixel} AND l${hop}.alias = ${from}${proof === '0' ? '' : ` AND l${hop}.confirmed >= ${proof}`}`;
    sql = `coalesce((SELECT ${sql} FROM person_links l${hop} WHERE ${link}), ${from})`;
  }
  return sql;
}

/** Greater for a weaker kind. */
const weakness = (alias: string): string => `instr('${STRENGTHS}', substr(${alias}, 1, 1))`;

const [STRONGEST = ''] = STRENGTHS;
const [WEAKEST = ''] = STRENGTHS.slice(-1);

/** Links by target. Without the index's name SQLite uses the primary key, and reads all links of the pixel for each alias. */
export const LINKED_TO = 'person_links l INDEXED BY person_links_target';

/** SQL for the number of aliases that lead to one, including itself. It counts no further than the limit. */
const sizeOf = (alias: string): string => `(
  WITH RECURSIVE member (alias) AS (
    SELECT ${alias}
    UNION ALL
    SELECT l.alias
    FROM member m CROSS JOIN ${LINKED_TO} ON l.pixel = new.pixel AND l.target = m.alias AND l.confirmed >= new.confirmed
    LIMIT ${LIMITS.aliases + 1})
  SELECT count(*) FROM member)`;

/**
 * Inserts the links of pairs of aliases that belong to one person. If two people turn out to be one, the one with the weaker
 * alias is linked to the one with the stronger alias. Two people with different aliases of the same kind stay two. A cookie is
 * linked once and never joins two people, since multiple people may share a browser. A person with the maximum number of aliases
 * gets no more.
 */
const LINK = `
  INSERT INTO person_links (pixel, alias, target, confirmed)
  WITH pair AS (
    SELECT value ->> 0 AS pixel, value ->> 1 AS alias, value ->> 2 AS person, value ->> 3 AS ts, value ->> 4 AS confirmed
    FROM json_each(?1) LIMIT -1),
  met AS (
    SELECT pixel, confirmed, ${rootOf('pair.person', 'pair.pixel', 'pair.confirmed')} AS b,
      iif(substr(alias, 1, 1) = '${WEAKEST}', alias, ${rootOf('pair.alias', 'pair.pixel', 'pair.confirmed')}) AS a
    FROM pair
    WHERE ${hasPixel('pair.pixel')} AND NOT ${isErased('pair.pixel', ['pair.person', 'pair.alias'], 'pair.ts')}
    LIMIT -1),
  link AS (
    SELECT DISTINCT pixel, confirmed,
      iif(${weakness('a')} > ${weakness('b')}, a, b) AS alias, iif(${weakness('a')} > ${weakness('b')}, b, a) AS target
    FROM met WHERE ${weakness('a')} <> ${weakness('b')}),
  new AS MATERIALIZED (
    SELECT * FROM link
    WHERE NOT EXISTS (
      SELECT 1 FROM person_links l
      WHERE l.pixel = link.pixel AND l.alias = link.alias AND l.confirmed >= link.confirmed)),
  person AS MATERIALIZED (
    SELECT pixel, target, confirmed, ${sizeOf('new.target')} AS size
    FROM (SELECT DISTINCT pixel, target, confirmed FROM new) new)
  SELECT pixel, alias, target, confirmed
  FROM (
    SELECT pixel, alias, target, confirmed, size + sum(${sizeOf('new.alias')}) OVER (
      PARTITION BY pixel, target, confirmed ORDER BY alias ROWS UNBOUNDED PRECEDING) AS size
    FROM person JOIN new USING (pixel, target, confirmed)
    WHERE size < ${LIMITS.aliases})
  WHERE size <= ${LIMITS.aliases}
  ON CONFLICT (pixel, alias) DO UPDATE SET target = excluded.target, confirmed = 1
  WHERE person_links.confirmed < excluded.confirmed`;

/**
 * Two aliases of one event, which belong to one person; the time of the latest such event; 1 if the owner's server vouches for
 * it.
 */
type Pair = readonly [pixel: string, alias: string, person: string, ts: number, confirmed: number];

/**
 * The statements that link the aliases of a batch's events, at most `LIMITS.linkStatements`. Further pairs are left to the
 * person's next event.
 */
export function linkStatements(db: D1Database, events: readonly PlacedEvent[]): D1PreparedStatement[] {
  const pairs = new Map<string, Pair>();
  for (const placed of events) {
    const { event, aliases = [] } = placed;
    for (const alias of aliases) {
      const key = `${event.pixel} ${alias} ${event.person}`;
      const [, , , ts = 0, confirmed = 0] = pairs.get(key) ?? [];
      pairs.set(key, [
        event.pixel,
        alias,
        event.person,
        Math.max(event.ts, ts),
        Math.max(confirmed, isConfirmed(placed, alias) ? 1 : 0),
      ]);
    }
  }
  // A statement does not see the links that it inserts itself. So a statement may contain each alias only
  // once, and no person whom another pair of it may link to a stronger alias.
  const waves: { readonly keys: Set<string>; readonly pairs: Pair[] }[] = [];
  for (const pair of pairs.values()) {
    const [pixel, alias, person] = pair;
    const mayMove = !person.startsWith(STRONGEST) && !alias.startsWith(WEAKEST);
    const keys = [`${pixel} ${alias}`, ...(mayMove ? [`${pixel} ${person} moves`] : [])];
    let wave = waves.find((one) => !keys.some((key) => one.keys.has(key)));
    if (!wave) {
      if (waves.length === LIMITS.linkStatements) continue;
      wave = { keys: new Set(), pairs: [] };
      waves.push(wave);
    }
    for (const key of keys) wave.keys.add(key);
    wave.pairs.push(pair);
  }
  return waves.map((wave) => db.prepare(LINK).bind(JSON.stringify(wave.pairs)));
}

/**
 * Whether the owner's server vouches that an alias of an event belongs to its person. It does so with a token or, for the cookie
 * of the browser that sent the event, with a signature of the user id. The signature does not cover e-mail addresses, which
 * anyone can add.
 */
function isConfirmed({ event, isSigned = false }: PlacedEvent, alias: string): boolean {
  return event.authenticated === 1 || (isSigned && alias.startsWith(WEAKEST));
}

/** An alias of a person, and the stronger one that it is linked to; null for the strongest. */
export interface Member {
  readonly alias: string;
  readonly target: string | null;
}

/** SQL for the aliases of a person, depth first: an alias is followed by all that are linked to it. */
const memberSql = (proof: 0 | 1): string => `
  WITH RECURSIVE member (alias, target, depth) AS (
    SELECT ${rootOf('?2', '?1', String(proof))}, NULL, 0
    UNION ALL
    SELECT l.alias, m.alias, m.depth + 1
    FROM member m CROSS JOIN ${LINKED_TO} ON l.pixel = ?1 AND l.target = m.alias AND l.confirmed >= ${proof}
    ORDER BY 3 DESC
    LIMIT ?3)
  SELECT alias, target FROM member`;

/**
 * The aliases of the person that an alias belongs to, at most `limit`: the strongest first, each followed by all that are linked
 * to it.
 *
 * @param proof `confirmed` to follow confirmed links only, `claimed` to follow all.
 */
export async function membersOf(
  db: D1Database,
  pixel: string,
  alias: string,
  proof: 'confirmed' | 'claimed',
  limit: number,
): Promise<Member[]> {
  const { results } = await db
    .prepare(memberSql(proof === 'confirmed' ? 1 : 0))
    .bind(pixel, alias, limit)
    .all<Member>();
  return results;
}

/**
 * The order in which to erase the aliases of a person. The weaker ones come first, and the path from `alias` to the strongest
 * last. So if the erasure is interrupted, the remaining aliases can still be reached from `alias`.
 *
 * @param isComplete whether `members` are all of the person's. If not, the result lacks the path, and the aliases whose weaker
 *   aliases may be missing.
 */
export function erasureOrder(members: readonly Member[], alias: string, isComplete: boolean): string[] {
  const targets = new Map(members.map((member) => [member.alias, member.target]));
  const pathFrom = (start: string | undefined): string[] => {
    const path: string[] = [];
    for (let one: string | null | undefined = start; one; one = targets.get(one)) path.push(one);
    return path;
  };
  const last = pathFrom(alias);
  const remaining = new Set(isComplete ? last : [...last, ...pathFrom(members.at(-1)?.alias)]);
  const first = members.map((member) => member.alias).filter((one) => !remaining.has(one));
  return [...first.toReversed(), ...(isComplete ? last : [])];
}
