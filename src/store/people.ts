/**
 * Keeps people: which aliases are of one person, and on which days it was there. `events.person` is the strongest alias of
 * an event, so that what is learned of a person later needs no event to be rewritten: links are followed when it is asked.
 */
import type { PlacedEvent } from '../model/batch.ts';
import { PERSON_DAYS, STRENGTHS } from '../model/person.ts';

/**
 * SQL for the strongest alias that an alias is linked to, itself when there is none. A link leads to a stronger kind, so
 * there are at most as many hops as kinds but one.
 *
 * @param alias a parameter, or a column with its table: `person_links` has columns of its own.
 */
export function rootOf(alias: string, pixel = '?1'): string {
  let sql = `l${STRENGTHS.length - 2}.target`;
  for (let hop = STRENGTHS.length - 2; hop >= 0; hop--) {
    const from = hop === 0 ? alias : `l${hop - 1}.target`;
    sql = `coalesce((SELECT ${sql} FROM person_links l${hop} WHERE l${hop}.pixel = ${pixel} AND l${hop}.alias = ${from}), ${from})`;
  }
  return sql;
}

/** Greater for a weaker kind. */
const weakness = (alias: string): string => `instr('${STRENGTHS}', substr(${alias}, 1, 1))`;

const [WEAKEST = ''] = STRENGTHS.slice(-1);

/**
 * The links of pairs of aliases that are of one person. Of two people that turn out to be one, the weaker known is linked to
 * the stronger; two that are known by different aliases of one kind stay two. A cookie is linked once, and never makes one
 * person of two: several people may share a browser.
 */
const LINK = `
  INSERT INTO person_links (pixel, alias, target)
  SELECT DISTINCT pixel, iif(${weakness('a')} > ${weakness('b')}, a, b), iif(${weakness('a')} > ${weakness('b')}, b, a)
  FROM (
    SELECT pixel, iif(substr(alias, 1, 1) = '${WEAKEST}', alias, ${rootOf('pair.alias', 'pair.pixel')}) AS a,
      ${rootOf('pair.person', 'pair.pixel')} AS b
    FROM (
      SELECT value ->> 0 AS pixel, value ->> 1 AS alias, value ->> 2 AS person FROM json_each(?1) LIMIT -1) pair)
  WHERE ${weakness('a')} <> ${weakness('b')}
  ON CONFLICT DO NOTHING`;

/** Statements that link what the events of a batch show to be one person. */
export function linkStatements(db: D1Database, events: readonly PlacedEvent[]): D1PreparedStatement[] {
  const pairs = new Map<string, readonly string[]>();
  for (const { event, aliases = [] } of events) {
    for (const alias of aliases) {
      const pair = [event.pixel, alias, event.person];
      pairs.set(pair.join(' '), pair);
    }
  }
  // A statement does not see its own links, so no alias may be in it twice.
  const waves: Map<string, readonly string[]>[] = [];
  for (const pair of pairs.values()) {
    const key = `${pair[0]} ${pair[1]}`;
    const wave = waves.find((one) => !one.has(key));
    if (wave) wave.set(key, pair);
    else waves.push(new Map([[key, pair]]));
  }
  return waves.map((wave) => db.prepare(LINK).bind(JSON.stringify([...wave.values()])));
}

/** All aliases of the person that `?2` is one of. */
const ALIASES = `
  WITH RECURSIVE member (alias) AS (
    SELECT ${rootOf('?2')}
    UNION
    SELECT l.alias FROM member m CROSS JOIN person_links l ON l.pixel = ?1 AND l.target = m.alias)
  SELECT alias FROM member`;

export async function aliasesOf(db: D1Database, pixel: string, alias: string): Promise<string[]> {
  const { results } = await db.prepare(ALIASES).bind(pixel, alias).all<{ alias: string }>();
  return results.map((row) => row.alias);
}

/** A day on which a person was there. */
export interface PersonDay {
  readonly day: string;
  readonly devices: string;
}

/** The days on which a person of these aliases was there, with the kinds of device as `devices`, an SQL, names them. */
export async function daysOfPerson(
  db: D1Database,
  pixel: string,
  aliases: readonly string[],
  devices: string,
): Promise<PersonDay[]> {
  const { results } = await db
    .prepare(
      `SELECT p.day, ${devices} AS devices
       FROM json_each(?2) j CROSS JOIN person_days p ON p.pixel = ?1 AND p.person = j.value AND p.devices > 0
       GROUP BY p.day ORDER BY p.day`,
    )
    .bind(pixel, JSON.stringify(aliases))
    .all<PersonDay>();
  return results;
}

/** Whose events are to be erased, or are asked for: those of a person's aliases, and those of a visitor. */
export interface Subject {
  readonly aliases: readonly string[];
  /** A visitor's hash with the bounds of its day; null for none. */
  readonly visitor: { readonly hash: string; readonly start: number; readonly end: number } | null;
}

/** `?2` the aliases; `?3` the visitor's hash, `''` for none; `?4` and `?5` the bounds of its day. */
const OF_SUBJECT = `
  SELECT e.pixel, e.ts, e.id
  FROM json_each(?2) j CROSS JOIN events e INDEXED BY events_person ON e.pixel = ?1 AND e.person = j.value AND e.person <> ''
  UNION
  SELECT pixel, ts, id FROM events WHERE pixel = ?1 AND ?3 <> '' AND ts >= ?4 AND ts < ?5 AND visitor = ?3`;

/** Whether a row of `days` has an event of the subject: by the index, and by a scan of the visitor's day alone. */
const HAS_SUBJECT = `
  EXISTS (
    SELECT 1 FROM json_each(?2) j CROSS JOIN events e INDEXED BY events_person
      ON e.pixel = ?1 AND e.person = j.value AND e.person <> '' AND e.ts >= days.starts_at AND e.ts < days.ends_at)
  OR ?3 <> '' AND days.starts_at < ?5 AND days.ends_at > ?4 AND EXISTS (
    SELECT 1 FROM events e
    WHERE e.pixel = ?1 AND e.ts >= max(?4, days.starts_at) AND e.ts < min(?5, days.ends_at) AND e.visitor = ?3)`;

function subjectParameters(pixel: string, { aliases, visitor }: Subject): unknown[] {
  return [pixel, JSON.stringify(aliases), visitor?.hash ?? '', visitor?.start ?? 0, visitor?.end ?? 0];
}

/** Where an event stands among a pixel's: its time and its id. */
export type Place = readonly [ts: number, id: string];

/**
 * The events of a subject, the latest first: values of columns in the order given.
 * @param before where to begin; null for the latest.
 */
export async function eventsOf(
  db: D1Database,
  pixel: string,
  subject: Subject,
  columns: readonly string[],
  limit: number,
  before: Place | null = null,
): Promise<(string | number | null)[][]> {
  const [ts, id] = before ?? [Number.MAX_SAFE_INTEGER, ''];
  return db
    .prepare(
      `SELECT ${columns.join(', ')} FROM events
       WHERE (pixel, ts, id) IN (SELECT * FROM (${OF_SUBJECT}) WHERE (ts, id) < (?7, ?8))
       ORDER BY ts DESC, id DESC LIMIT ?6`,
    )
    .bind(...subjectParameters(pixel, subject), limit, ts, id)
    .raw<(string | number | null)[]>();
}

export async function countEvents(db: D1Database, pixel: string, subject: Subject): Promise<number> {
  const count = await db
    .prepare(`SELECT count(*) AS events FROM (${OF_SUBJECT})`)
    .bind(...subjectParameters(pixel, subject))
    .first<number>('events');
  return count ?? 0;
}

/** What an erasure has deleted. */
export interface Erased {
  readonly events: number;
  /** Local days whose rollups are recomputed from what is left. */
  readonly days: number;
  /** Days on which the person was known to have been there. */
  readonly person_days: number;
  readonly links: number;
}

/**
 * Erases a subject, all or nothing: its events, the days it was there, its links. The days of its events become dirty, so
 * that they are answered from what is left at once, and rolled up anew by the next run of the cron.
 */
export async function erase(db: D1Database, pixel: string, subject: Subject): Promise<Erased> {
  const parameters = subjectParameters(pixel, subject);
  const aliases = JSON.stringify(subject.aliases);
  const of = (column: string) => `pixel = ?1 AND ${column} IN (SELECT value FROM json_each(?2))`;
  const results = await db.batch([
    db
      .prepare(
        `UPDATE days SET dirty = 1
         WHERE pixel = ?1 AND raw = 0 AND (${HAS_SUBJECT})`,
      )
      .bind(...parameters),
    db.prepare(`DELETE FROM events WHERE (pixel, ts, id) IN (${OF_SUBJECT})`).bind(...parameters),
    db.prepare(`DELETE FROM person_days WHERE ${of('person')}`).bind(pixel, aliases),
    db.prepare(`DELETE FROM person_links WHERE ${of('alias')} OR ${of('target')}`).bind(pixel, aliases),
  ]);
  const [days = 0, events = 0, personDays = 0, links = 0] = results.map(({ meta }) => meta.changes);
  return { events, days, person_days: personDays, links };
}

/** The first day of which it is known who was there. */
export function peopleSince(now: number): string {
  return new Date(now - PERSON_DAYS * 86_400_000).toISOString().slice(0, 10);
}

/**
 * Deletes what is left of people who have not been there for long, and rows of days that nobody was there after all. It
 * looks at all rows there are, so it is to be asked once an hour.
 */
export function forgetPeople(db: D1Database, now: number): D1PreparedStatement[] {
  const isThere = (alias: string) => `
    EXISTS (SELECT 1 FROM person_days p WHERE p.pixel = person_links.pixel AND p.person = ${alias})
    OR EXISTS (SELECT 1 FROM events e WHERE e.pixel = person_links.pixel AND e.person = ${alias} AND e.person <> '')`;
  return [
    db.prepare('DELETE FROM person_days WHERE day < ? OR devices = 0').bind(peopleSince(now)),
    db.prepare(
      `DELETE FROM person_links WHERE NOT (${isThere('person_links.alias')} OR ${isThere('person_links.target')})`,
    ),
  ];
}
