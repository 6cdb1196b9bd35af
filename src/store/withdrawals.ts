/**
 * Stores that someone does not want to be recognized any more. What waits for advertising networks is not sent, the clicks that are kept are
 * deleted, and what happened before the withdrawal and arrives later is not sent either.
 */
import type { Withdrawal } from '../model/batch.ts';
import { LIMITS } from '../model/limits.ts';
import { LINKED_TO, rootOf } from './aliases.ts';
import { isErased } from './erasures.ts';
import { hasPixel } from './pixels.ts';

/** SQL for whether a person has withdrawn since a time, under an alias or under the strongest one that it is linked to. The parameters are SQL. */
export const hasWithdrawn = (pixel: string, person: string, ts: string): string =>
  `EXISTS (SELECT 1 FROM withdrawals w WHERE w.pixel = ${pixel} AND w.person IN (${person}, ${rootOf(person, pixel)}) AND w.at >= ${ts})`;

/**
 * `named`: the aliases of the withdrawals in parameter `?1`, and the strongest aliases that these are linked to. Links that anyone can have
 * claimed count, too: at worst, less is sent.
 */
const NAMED = `
  alias AS MATERIALIZED (
    SELECT j.value ->> 0 AS pixel, p.value AS alias, j.value ->> 3 AS at FROM json_each(?1) j CROSS JOIN json_each(j.value -> 1) p),
  named AS MATERIALIZED (
    SELECT pixel, alias, max(at) AS at
    FROM (
      SELECT * FROM alias
      UNION ALL
      SELECT pixel, ${rootOf('alias.alias', 'alias.pixel')}, at FROM alias)
    GROUP BY pixel, alias)`;

const REMEMBER = `
  INSERT INTO withdrawals (pixel, person, at)
  WITH ${NAMED}
  SELECT pixel, alias, at FROM named
  WHERE ${hasPixel('named.pixel')} AND NOT ${isErased('named.pixel', ['named.alias'], 'named.at')}
  ON CONFLICT (pixel, person) DO UPDATE SET at = excluded.at WHERE excluded.at > withdrawals.at`;

/** `person`: all aliases of the people in `named`, up to a limit. */
const PEOPLE = `
  WITH RECURSIVE ${NAMED},
  person (pixel, alias, at) AS (
    SELECT pixel, alias, at FROM named
    UNION
    SELECT m.pixel, l.alias, m.at FROM person m CROSS JOIN ${LINKED_TO} ON l.pixel = m.pixel AND l.target = m.alias
    LIMIT ${10 * LIMITS.aliases})`;

const FORGET_CLICKS = `
  DELETE FROM clicks WHERE (pixel, person, parameter) IN (
    ${PEOPLE}
    SELECT c.pixel, c.person, c.parameter
    FROM person m CROSS JOIN clicks c ON c.pixel = m.pixel AND c.person = m.alias AND c.at <= m.at)`;

/** Stops what waits. A row that is just being sent counts as waiting: its answer finds it withdrawn. */
const STOP = `UPDATE deliveries SET state = 'withdrawn', payload = NULL, fields = NULL, answer = NULL`;

const STOP_PEOPLE = `
  ${STOP} WHERE (destination, name, event_id) IN (
    ${PEOPLE}
    SELECT d.destination, d.name, d.event_id
    FROM person m
    CROSS JOIN deliveries d INDEXED BY deliveries_person
      ON d.pixel = m.pixel AND d.person = m.alias AND d.person <> '' AND d.ts <= m.at
    WHERE d.state = 'waiting')`;

const STOP_VISITORS = `
  ${STOP} WHERE (destination, name, event_id) IN (
    SELECT d.destination, d.name, d.event_id
    FROM json_each(?1) j
    CROSS JOIN deliveries d INDEXED BY deliveries_visitor
      ON d.pixel = j.value ->> 0 AND d.visitor = j.value ->> 2 AND d.ts <= j.value ->> 3
    WHERE d.state = 'waiting')`;

/** The statements of withdrawals, for one transaction: those that come before deliveries are stored in it, and those that come after. */
export interface WithdrawalStatements {
  readonly before: readonly D1PreparedStatement[];
  readonly after: readonly D1PreparedStatement[];
}

export function withdraw(db: D1Database, withdrawals: readonly Withdrawal[]): WithdrawalStatements {
  const rows = withdrawals.map(({ pixel, people, visitor, at }) => [pixel, people, visitor, at]);
  const ofPeople = rows.filter(([, people]) => (people as readonly string[]).length > 0);
  const ofVisitors = rows.filter(([, , visitor]) => visitor !== '');
  const statements = (sqls: readonly string[], of: readonly unknown[]): D1PreparedStatement[] =>
    of.length === 0 ? [] : sqls.map((sql) => db.prepare(sql).bind(JSON.stringify(of)));
  return {
    before: statements([REMEMBER], ofPeople),
    after: [
      ...statements([FORGET_CLICKS, STOP_PEOPLE], ofPeople),
      ...statements([STOP_VISITORS], ofVisitors),
    ],
  };
}

/** The pixels that have destinations: no other has anything to withdraw. */
export async function relayPixels(
  db: D1Database,
): Promise<{ readonly id: string; readonly timezone: string }[]> {
  const { results } = await db
    .prepare('SELECT id, timezone FROM pixels WHERE id IN (SELECT pixel FROM destinations)')
    .all<{ id: string; timezone: string }>();
  return results;
}

/** An alias of a person of a pixel, and a time in epoch milliseconds. */
export interface PersonAt {
  readonly pixel: string;
  readonly alias: string;
  readonly at: number;
}

/** Those of the people for whom something waits or is kept, or who are linked to someone. */
export async function knownPeople(db: D1Database, people: readonly PersonAt[]): Promise<PersonAt[]> {
  if (people.length === 0) return [];
  const [pixel, alias] = [0, 1].map((index) => `j.value ->> ${index}`);
  const { results } = await db
    .prepare(
      `SELECT j.key AS place FROM json_each(?) j
       WHERE EXISTS (SELECT 1 FROM clicks c WHERE c.pixel = ${pixel} AND c.person = ${alias})
         OR EXISTS (SELECT 1 FROM person_links l WHERE l.pixel = ${pixel} AND l.alias = ${alias})
         OR EXISTS (SELECT 1 FROM deliveries d INDEXED BY deliveries_person
           WHERE d.pixel = ${pixel} AND d.person = ${alias} AND d.person <> '' AND d.state = 'waiting')`,
    )
    .bind(JSON.stringify(people.map((one) => [one.pixel, one.alias])))
    .all<{ place: number }>();
  return results.flatMap(({ place }) => people[place] ?? []);
}
