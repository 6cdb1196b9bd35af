/**
 * Keeps people: which aliases are of one person, and on which days it was there. `events.person` is the strongest alias of
 * an event, so that what is learned of a person later needs no event to be rewritten: links are followed when it is asked.
 */
import type { PlacedEvent } from '../model/batch.ts';
import { LIMITS } from '../model/limits.ts';
import { PERSON_DAYS, STRENGTHS } from '../model/person.ts';
import { hasPixel } from './pixels.ts';

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

const [STRONGEST = ''] = STRENGTHS;
const [WEAKEST = ''] = STRENGTHS.slice(-1);

/** SQL for whether an event of a time, or one of those whom it is of, has been erased since. `''` is nobody. */
export function isErased(pixel: string, who: readonly string[], ts: string): string {
  const rows = who.map(
    (one) =>
      `EXISTS (SELECT 1 FROM erasures x WHERE x.pixel = ${pixel} AND x.who = ${one} AND x.at >= ${ts})`,
  );
  return `(${rows.join(' OR ')})`;
}

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
      SELECT value ->> 0 AS pixel, value ->> 1 AS alias, value ->> 2 AS person, value ->> 3 AS ts
      FROM json_each(?1) LIMIT -1) pair
    WHERE ${hasPixel('pair.pixel')} AND NOT ${isErased('pair.pixel', ['pair.person', 'pair.alias'], 'pair.ts')})
  WHERE ${weakness('a')} <> ${weakness('b')}
  ON CONFLICT DO NOTHING`;

/** Two aliases that an event has shown to be of one person, and when it last did. */
type Pair = readonly [pixel: string, alias: string, person: string, ts: number];

/**
 * Statements that link what the events of a batch show to be one person, at most `LIMITS.linkStatements`. Pairs beyond are
 * left out: the person's next event that shows them links them.
 */
export function linkStatements(db: D1Database, events: readonly PlacedEvent[]): D1PreparedStatement[] {
  const pairs = new Map<string, Pair>();
  for (const { event, aliases = [] } of events) {
    for (const alias of aliases) {
      const key = `${event.pixel} ${alias} ${event.person}`;
      const last = Math.max(event.ts, pairs.get(key)?.[3] ?? 0);
      pairs.set(key, [event.pixel, alias, event.person, last]);
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

/** Whose events are to be erased, or are asked for: at a pixel those of a person's aliases, and those of a visitor. */
export interface Subject {
  readonly pixel: string;
  readonly aliases: readonly string[];
  /** A visitor's hash with the bounds of its day; null for none. */
  readonly visitor: { readonly hash: string; readonly start: number; readonly end: number } | null;
}

/** The JSON parameter that the statements below read as `s`. */
function subjectParameter(subjects: readonly Subject[]): string {
  return JSON.stringify(
    subjects.map(({ pixel, aliases, visitor }) => [
      pixel,
      aliases,
      visitor?.hash ?? '',
      visitor?.start ?? 0,
      visitor?.end ?? 0,
    ]),
  );
}

const [PIXEL, ALL_ALIASES, VISITOR, START, END] = [0, 1, 2, 3, 4].map((index) => `s.value ->> ${index}`);
const EACH_ALIAS = `json_each(?1) s CROSS JOIN json_each(${ALL_ALIASES}) a`;

/**
 * The events of the subjects `?1`: a person's by the index, a visitor's by a scan of its day. A SELECT around the UNION, since
 * SQLite scans a whole table for what is `IN` a UNION itself.
 */
const OF_SUBJECTS = `
  SELECT * FROM (
    SELECT e.pixel, e.ts, e.id
    FROM ${EACH_ALIAS}
    CROSS JOIN events e INDEXED BY events_person ON e.pixel = ${PIXEL} AND e.person = a.value AND e.person <> ''
    UNION
    SELECT e.pixel, e.ts, e.id
    FROM json_each(?1) s
    CROSS JOIN events e ON e.pixel = ${PIXEL} AND e.ts >= ${START} AND e.ts < ${END} AND e.visitor = ${VISITOR}
    WHERE ${VISITOR} <> '')`;

/** The days that have one of these events, and take changes: a person's events of a day by the index, too. */
const DAYS_OF_SUBJECTS = `
  SELECT d.pixel, d.day
  FROM json_each(?1) s CROSS JOIN days d ON d.pixel = ${PIXEL} AND d.raw = 0
  WHERE EXISTS (
      SELECT 1
      FROM json_each(${ALL_ALIASES}) a CROSS JOIN events e INDEXED BY events_person
        ON e.pixel = d.pixel AND e.person = a.value AND e.person <> '' AND e.ts >= d.starts_at AND e.ts < d.ends_at)
    OR ${VISITOR} <> '' AND d.starts_at < ${END} AND d.ends_at > ${START} AND EXISTS (
      SELECT 1 FROM events e
      WHERE e.pixel = d.pixel AND e.ts >= max(${START}, d.starts_at) AND e.ts < min(${END}, d.ends_at)
        AND e.visitor = ${VISITOR})`;

/** Where an event stands among a pixel's: its time and its id. */
export type Place = readonly [ts: number, id: string];

/**
 * The events of a subject, the latest first: values of columns in the order given.
 * @param before where to begin; null for the latest.
 */
export async function eventsOf(
  db: D1Database,
  subject: Subject,
  columns: readonly string[],
  limit: number,
  before: Place | null = null,
): Promise<(string | number | null)[][]> {
  const [ts, id] = before ?? [Number.MAX_SAFE_INTEGER, ''];
  return db
    .prepare(
      `SELECT ${columns.join(', ')} FROM events
       WHERE (pixel, ts, id) IN (${OF_SUBJECTS} WHERE (ts, id) < (?3, ?4))
       ORDER BY ts DESC, id DESC LIMIT ?2`,
    )
    .bind(subjectParameter([subject]), limit, ts, id)
    .raw<(string | number | null)[]>();
}

export async function countEvents(db: D1Database, subject: Subject): Promise<number> {
  const count = await db
    .prepare(`SELECT count(*) AS events FROM (${OF_SUBJECTS})`)
    .bind(subjectParameter([subject]))
    .first<number>('events');
  return count ?? 0;
}

const linksOf = (column: string): string =>
  `(pixel, ${column}) IN (SELECT ${PIXEL}, a.value FROM ${EACH_ALIAS})`;

/** In the order of what `erase` counts. */
const ERASE = [
  `UPDATE days SET dirty = 1 WHERE (pixel, day) IN (${DAYS_OF_SUBJECTS})`,
  `DELETE FROM events WHERE (pixel, ts, id) IN (${OF_SUBJECTS})`,
  `DELETE FROM person_days WHERE (pixel, day, person) IN (
    SELECT p.pixel, p.day, p.person
    FROM ${EACH_ALIAS} CROSS JOIN person_days p INDEXED BY person_days_person ON p.pixel = ${PIXEL} AND p.person = a.value)`,
  `DELETE FROM person_links WHERE ${linksOf('alias')} OR ${linksOf('target')}`,
];

/** Remembers the subjects as erased at `?2`. */
const REMEMBER = `
  INSERT INTO erasures (pixel, who, at)
  SELECT ${PIXEL}, a.value, ?2 FROM ${EACH_ALIAS}
  UNION ALL
  SELECT ${PIXEL}, ${VISITOR}, ?2 FROM json_each(?1) s WHERE ${VISITOR} <> ''
  ON CONFLICT (pixel, who) DO UPDATE SET at = max(at, excluded.at)`;

/** Days for which an erasure is remembered when the raw events of before it are past retention: dead letters come late. */
const REMEMBERED_DAYS = 14;

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
 * Erases subjects, all or nothing: their events, the days they were there, their links. The days of these events become
 * dirty, so that they are answered from what is left at once, and rolled up anew by the next run of the cron. What they did
 * before `now` and has not been written yet will not be.
 */
export async function erase(db: D1Database, subjects: readonly Subject[], now: number): Promise<Erased> {
  const subject = subjectParameter(subjects);
  const results = await db.batch([
    ...ERASE.map((sql) => db.prepare(sql).bind(subject)),
    db.prepare(REMEMBER).bind(subject, now),
  ]);
  const [days = 0, events = 0, personDays = 0, links = 0] = results.map(({ meta }) => meta.changes);
  return { events, days, person_days: personDays, links };
}

/** The first day of which it is known who was there. */
export function peopleSince(now: number): string {
  return new Date(now - PERSON_DAYS * 86_400_000).toISOString().slice(0, 10);
}

/**
 * Deletes what is left of people who have not been there for long, rows of days that nobody was there after all, and
 * erasures that nothing of before can come after. It looks at all rows there are, so it is to be asked once an hour.
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
    db
      .prepare(
        `DELETE FROM erasures WHERE at < ?1 - 86400000 * (
           SELECT ${REMEMBERED_DAYS} + CAST(p.settings ->> 'retention_days' AS INTEGER) FROM pixels p WHERE p.id = erasures.pixel)`,
      )
      .bind(now),
  ];
}
