/**
 * Reads and erases the data of people: their events, the days on which they were here, their links, and what advertising networks are told of them. Which aliases belong to
 * one person is in aliases.ts.
 */

import { DIRTY, RAW } from '../model/day-state.ts';
import type { EventKey } from '../model/event.ts';
import { MARK_FILES } from './archive-marks.ts';
import { countErasure } from './counters.ts';
import { HOUR } from './visitor-hours.ts';

/** A day on which a person was here. */
export interface PersonDay {
  readonly day: string;
  readonly devices: string;
}

/** The days on which the person with these aliases was here. `devices` is SQL that names the kinds of device. */
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

/** Whose events are read or erased: at one pixel, those of a person's aliases and those of a visitor. */
export interface Subject {
  readonly pixel: string;
  readonly aliases: readonly string[];
  /** A visitor's hash with the times of its events; null for none. */
  readonly visitor: { readonly hash: string; readonly times: readonly number[] } | null;
}

/**
 * The JSON parameters of the statements below. Each element of the first, `a`, is one alias of a person, so that a statement
 * parses few bytes at a time. Each element of the second, `s`, is a visitor.
 */
function parametersOf(subjects: readonly Subject[]): [aliases: string, visitors: string] {
  return [
    JSON.stringify(subjects.flatMap(({ pixel, aliases }) => aliases.map((alias) => [pixel, alias]))),
    JSON.stringify(
      subjects.flatMap(({ pixel, visitor }) =>
        visitor ? [[pixel, visitor.hash, visitor.times, ...boundsOf(visitor.times)]] : [],
      ),
    ),
  ];
}

const [A_PIXEL, ALIAS] = [0, 1].map((index) => `a.value ->> ${index}`);
/** The first and the last time. */
function boundsOf(times: readonly number[]): [first: number, last: number] {
  return [
    times.reduce((a, b) => Math.min(a, b), Number.MAX_SAFE_INTEGER),
    times.reduce((a, b) => Math.max(a, b), 0),
  ];
}

const [V_PIXEL, VISITOR, TIMES, FIRST, LAST] = [0, 1, 2, 3, 4].map((index) => `s.value ->> ${index}`);

const IS_OF_ALIAS = `e.pixel = ${A_PIXEL} AND e.person = ${ALIAS} AND e.person <> ''`;

/**
 * The events of the subjects `?1` and `?2`: a person's by the index, a visitor's by their times. The UNION is within a SELECT,
 * since SQLite scans a complete table for `IN` with a UNION.
 */
const OF_SUBJECTS = `
  SELECT * FROM (
    SELECT e.pixel, e.ts, e.id FROM json_each(?1) a CROSS JOIN events e INDEXED BY events_person ON ${IS_OF_ALIAS}
    UNION
    SELECT e.pixel, e.ts, e.id
    FROM json_each(?2) s CROSS JOIN json_each(${TIMES}) t
    CROSS JOIN events e ON e.pixel = ${V_PIXEL} AND e.ts = t.value AND e.visitor = ${VISITOR})`;

/** The days that have one of these events and are not closed. A person's events of a day are looked up by the index, too. */
const DAYS_OF_SUBJECTS = `
  SELECT * FROM (
    SELECT d.pixel, d.day
    FROM (
      SELECT value FROM json_each(?1) a
      WHERE EXISTS (SELECT 1 FROM events e INDEXED BY events_person WHERE ${IS_OF_ALIAS})) a
    CROSS JOIN days d ON d.pixel = ${A_PIXEL} AND d.raw = ${RAW.stored}
    WHERE EXISTS (
      SELECT 1 FROM events e INDEXED BY events_person
      WHERE ${IS_OF_ALIAS} AND e.ts >= d.starts_at AND e.ts < d.ends_at)
    UNION
    SELECT d.pixel, d.day
    FROM json_each(?2) s
    CROSS JOIN days d ON d.pixel = ${V_PIXEL} AND d.raw = ${RAW.stored} AND d.starts_at <= ${LAST} AND d.ends_at > ${FIRST}
    WHERE EXISTS (
      SELECT 1 FROM json_each(${TIMES}) t
      WHERE t.value >= d.starts_at AND t.value < d.ends_at AND EXISTS (
        SELECT 1 FROM events e WHERE e.pixel = d.pixel AND e.ts = t.value AND e.visitor = ${VISITOR})))`;

/**
 * The events of a subject, the latest first: values of columns in the order given.
 * @param before only events before this one in that order; null for all.
 */
export async function eventsOf(
  db: D1Database,
  subject: Subject,
  columns: readonly string[],
  limit: number,
  before: EventKey | null = null,
): Promise<(string | number | null)[][]> {
  const [ts, id] = before ?? [Number.MAX_SAFE_INTEGER, ''];
  return db
    .prepare(
      `SELECT ${columns.join(', ')} FROM events
       WHERE (pixel, ts, id) IN (${OF_SUBJECTS} WHERE (ts, id) < (?4, ?5))
       ORDER BY ts DESC, id DESC LIMIT ?3`,
    )
    .bind(...parametersOf([subject]), limit, ts, id)
    .raw<(string | number | null)[]>();
}

export async function countEvents(db: D1Database, subject: Subject): Promise<number> {
  const count = await db
    .prepare(`SELECT count(*) AS events FROM (${OF_SUBJECTS})`)
    .bind(...parametersOf([subject]))
    .first<number>('events');
  return count ?? 0;
}

/** The most links that one statement deletes. Strangers may have linked any number of aliases to one. */
const MAX_LINKS = 5000;

const MARK_DAYS = `UPDATE days SET dirty = ${DIRTY.eventsChanged} WHERE (pixel, day) IN (${DAYS_OF_SUBJECTS})`;

const DELETE_EVENTS = `DELETE FROM events WHERE (pixel, ts, id) IN (${OF_SUBJECTS})`;

const DELETE_PERSON_DAYS = `
  DELETE FROM person_days WHERE (pixel, day, person) IN (
    SELECT p.pixel, p.day, p.person
    FROM json_each(?1) a
    CROSS JOIN person_days p INDEXED BY person_days_person ON p.pixel = ${A_PIXEL} AND p.person = ${ALIAS})`;

/** Deletes the links of aliases, and links to them. */
const UNLINK = `
  DELETE FROM person_links WHERE (pixel, alias) IN (
    SELECT * FROM (
      SELECT ${A_PIXEL}, ${ALIAS} FROM json_each(?1) a
      UNION ALL
      SELECT l.pixel, l.alias
      FROM json_each(?1) a
      CROSS JOIN person_links l INDEXED BY person_links_target ON l.pixel = ${A_PIXEL} AND l.target = ${ALIAS})
    LIMIT ?2)`;

/** Deletes the index rows of a visitor's hours. They are made again from the remaining events. */
const REOPEN_HOURS = `
  DELETE FROM visitor_hours WHERE (pixel, hour) IN (SELECT pixel, ts / ${HOUR} * ${HOUR} FROM (${OF_SUBJECTS}))`;

/** Deletes what waits for networks of the subjects, and the record of what was sent: a person's and a visitor's, each by its index. */
const DELETE_DELIVERIES = `
  DELETE FROM deliveries WHERE (destination, name, event_id) IN (
    SELECT * FROM (
      SELECT d.destination, d.name, d.event_id
      FROM json_each(?1) a
      CROSS JOIN deliveries d INDEXED BY deliveries_person ON d.pixel = ${A_PIXEL} AND d.person = ${ALIAS} AND d.person <> ''
      UNION
      SELECT d.destination, d.name, d.event_id
      FROM json_each(?2) s
      CROSS JOIN deliveries d INDEXED BY deliveries_visitor ON d.pixel = ${V_PIXEL} AND d.visitor = ${VISITOR} AND d.visitor <> ''))`;

/** Deletes the rows of a table with the key `pixel`, `person` and perhaps more, of the aliases. */
const deletePeople = (table: 'clicks' | 'withdrawals'): string =>
  `DELETE FROM ${table} WHERE (pixel, person) IN (SELECT ${A_PIXEL}, ${ALIAS} FROM json_each(?1) a)`;

/** Stores that the subjects were erased at `?3`. */
const REMEMBER = `
  INSERT INTO erasures (pixel, who, at)
  SELECT ${A_PIXEL}, ${ALIAS}, ?3 FROM json_each(?1) a
  UNION ALL
  SELECT ${V_PIXEL}, ${VISITOR}, ?3 FROM json_each(?2) s
  WHERE true
  ON CONFLICT (pixel, who) DO UPDATE SET at = max(at, excluded.at)`;

/** The numbers of rows that an erasure has deleted. */
export interface ErasureResult {
  readonly events: number;
  /** Local days whose rollups are recomputed from the remaining events. */
  readonly days: number;
  /** Days on which the person was here. */
  readonly person_days: number;
  readonly links: number;
  /** What waited for advertising networks, and records of what was sent to them. */
  readonly deliveries: number;
  /** Click ids that were kept for a purchase. */
  readonly clicks: number;
  /** Files of the archive that may have events of the subjects. The cron rewrites those that do. */
  readonly files: number;
}

/**
 * Erases subjects: their events, the days on which they were here, their links, and what is stored of them for advertising networks. The days of these events become dirty. So
 * queries are answered from the remaining events at once, and the next run of the cron rolls these days up again. Events of the
 * subjects from before `now` that have not been written yet will not be stored. Everything happens in one transaction, except
 * links beyond the first thousands.
 */
export async function erase(
  db: D1Database,
  subjects: readonly Subject[],
  now: number,
): Promise<ErasureResult> {
  const [aliases, visitors] = parametersOf(subjects);
  const named = subjects.reduce((sum, subject) => sum + subject.aliases.length, 0);
  const unlink = db.prepare(UNLINK).bind(aliases, named + MAX_LINKS);
  const [, ...results] = await db.batch([
    db.prepare(REOPEN_HOURS).bind(aliases, visitors),
    db.prepare(MARK_DAYS).bind(aliases, visitors),
    db.prepare(DELETE_EVENTS).bind(aliases, visitors),
    db.prepare(DELETE_PERSON_DAYS).bind(aliases),
    unlink,
    db.prepare(REMEMBER).bind(aliases, visitors, now),
    db.prepare(MARK_FILES).bind(aliases, now),
    db.prepare(DELETE_DELIVERIES).bind(aliases, visitors),
    db.prepare(deletePeople('clicks')).bind(aliases),
    db.prepare(deletePeople('withdrawals')).bind(aliases),
    countErasure(db, now),
  ]);
  const [days = 0, events = 0, personDays = 0, firstLinks = 0, , files = 0, deliveries = 0, clicks = 0] =
    results.map(({ meta }) => meta.changes);
  let links = firstLinks;
  for (let more = firstLinks >= MAX_LINKS; more; ) {
    const { meta } = await unlink.run();
    links += meta.changes;
    more = meta.changes >= MAX_LINKS;
  }
  return { events, days, person_days: personDays, links, deliveries, clicks, files };
}

/** Stores that subjects are erased, so that none of their events from before `now` is written any more. */
export async function storeErasures(
  db: D1Database,
  subjects: readonly Subject[],
  now: number,
): Promise<void> {
  const [aliases, visitors] = parametersOf(subjects);
  await db.prepare(REMEMBER).bind(aliases, visitors, now).run();
}
