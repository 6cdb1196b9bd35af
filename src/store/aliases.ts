/**
 * Keeps which aliases are of one person. `events.person` is the strongest alias of an event, so that what is learned of a person
 * later needs no event to be rewritten: links are followed when it is asked.
 *
 * A link is confirmed if the owner's server vouched for it; anyone may claim the others. Statistics follow both, what is
 * shown and erased of a person the confirmed ones only. The links of an alias that are confirmed lead to a root of their own, as
 * if no other link were there, and a confirmed link takes the place of one that was only claimed.
 */
import type { PlacedEvent } from '../model/batch.ts';
import { LIMITS } from '../model/limits.ts';
import { STRENGTHS } from '../model/person.ts';
import { isErased } from './erasures.ts';
import { hasPixel } from './pixels.ts';

/**
 * SQL for the strongest alias that an alias is linked to, itself when there is none. A link leads to a stronger kind, so
 * there are at most as many hops as kinds but one.
 *
 * @param alias a parameter, or a column with its table: `person_links` has columns of its own.
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

/** By the index: the primary key has the same first column, and would be read as a whole for each alias. */
export const LINKED_TO = 'person_links l INDEXED BY person_links_target';

/** How many aliases lead to one, itself included; more than the limit are not counted. */
const sizeOf = (alias: string): string => `(
  WITH RECURSIVE member (alias) AS (
    SELECT ${alias}
    UNION ALL
    SELECT l.alias
    FROM member m CROSS JOIN ${LINKED_TO} ON l.pixel = new.pixel AND l.target = m.alias AND l.confirmed >= new.confirmed
    LIMIT ${LIMITS.aliases + 1})
  SELECT count(*) FROM member)`;

/**
 * The links of pairs of aliases that are of one person. Of two people that turn out to be one, the weaker known is linked to
 * the stronger; two that are known by different aliases of one kind stay two. A cookie is linked once, and never makes one
 * person of two: several people may share a browser. A person who has as many aliases as one may have gets no more.
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

/** Two aliases that an event has shown to be of one person, when it last did, and 1 if the owner's server vouches for it. */
type Pair = readonly [pixel: string, alias: string, person: string, ts: number, confirmed: number];

/**
 * Statements that link what the events of a batch show to be one person, at most `LIMITS.linkStatements`. Pairs beyond are
 * left out: the person's next event that shows them links them.
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
  // A statement does not see its own links, so no alias may be in it twice, nor a person that the first of its aliases may
  // have made a stronger one's.
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
 * Whether the owner's server vouches for an event's alias to be of its person: by a token, or, for the cookie of the browser that
 * sent it, by its signature of the user id. The signature says nothing of e-mail addresses, which anyone can add.
 */
function isConfirmed({ event, isSigned = false }: PlacedEvent, alias: string): boolean {
  return event.authenticated === 1 || (isSigned && alias.startsWith(WEAKEST));
}

/** An alias of a person, and the stronger one that it is linked to; null for the strongest. */
export interface Member {
  readonly alias: string;
  readonly target: string | null;
}

/** An alias comes before those that are linked to it, and these before its next sibling. */
const members = (proof: 0 | 1): string => `
  WITH RECURSIVE member (alias, target, depth) AS (
    SELECT ${rootOf('?2', '?1', String(proof))}, NULL, 0
    UNION ALL
    SELECT l.alias, m.alias, m.depth + 1
    FROM member m CROSS JOIN ${LINKED_TO} ON l.pixel = ?1 AND l.target = m.alias AND l.confirmed >= ${proof}
    ORDER BY 3 DESC
    LIMIT ?3)
  SELECT alias, target FROM member`;

/**
 * The aliases of the person that an alias is of, at most `limit`: the strongest first, each followed by all that are linked to it.
 * @param proof `confirmed` to follow links that the owner's server vouched for, `claimed` to follow all.
 */
export async function membersOf(
  db: D1Database,
  pixel: string,
  alias: string,
  proof: 'confirmed' | 'claimed',
  limit: number,
): Promise<Member[]> {
  const { results } = await db
    .prepare(members(proof === 'confirmed' ? 1 : 0))
    .bind(pixel, alias, limit)
    .all<Member>();
  return results;
}

/**
 * The order in which to erase the aliases of a person, so that those that are left are still found from `alias` if the erasure is
 * cut short: the weaker ones first, and the way from `alias` to the strongest last.
 *
 * @param isWhole whether these are all members. If not, those of which not all weaker ones are there are left out, and the way.
 */
export function erasureOrder(found: readonly Member[], alias: string, isWhole: boolean): string[] {
  const targets = new Map(found.map((one) => [one.alias, one.target]));
  const wayFrom = (start: string | undefined): string[] => {
    const way: string[] = [];
    for (let one: string | null | undefined = start; one; one = targets.get(one)) way.push(one);
    return way;
  };
  const last = wayFrom(alias);
  const left = new Set(isWhole ? last : [...last, ...wayFrom(found.at(-1)?.alias)]);
  const first = found.map((one) => one.alias).filter((one) => !left.has(one));
  return [...first.toReversed(), ...(isWhole ? last : [])];
}
