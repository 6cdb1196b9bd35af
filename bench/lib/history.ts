/**
 * Events as a busy site has them, made up with a seed and written straight into the SQLite file of a local D1 while no
 * runtime has it open: some hundred thousand rows a second, of which one day at a time is in memory.
 *
 * Visitors make visits of one to eight page views. Pages, sources, cities and the like follow Zipf's law; some events are
 * custom ones with a property, some are purchases. More happens on weekdays and by day than on weekends and by night.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { Random, Weighted, zipf } from '../../scripts/lib/random.ts';
import { addDays, dayStart } from '../../src/model/time-zone.ts';

/** To be raised with every change to what is made here: what was made before is then made anew. */
export const GENERATOR = 1;

export const PIXEL = 'px_2222222222222222';
export const ZONE = 'Europe/Berlin';

export interface History {
  readonly seed: number;
  /** The first local day, and how many there are. */
  readonly from: string;
  readonly days: number;
  readonly events: number;
  /** Settings of the pixel, beside a retention that covers all days. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Whether most page views report their time and scroll depth, as the tag does, each in an event of its own. */
  readonly hasEngagements?: boolean;
}

const CUSTOM_EVENTS = 0.04;
const ENGAGED = 0.8;
const PURCHASES = 0.01;
const DIRECT = 0.3;
const WITH_CAMPAIGN = 0.1;
const RETURNING = 0.15;
const BETWEEN_VIEWS_MS = 50_000;
/** Well below the thirty minutes after which a visit is another one. */
const LONGEST_BETWEEN_VIEWS_MS = 20 * 60_000;
/** Chance of one, two, … eight page views. */
const VIEWS = new Weighted([45, 18, 12, 8, 6, 5, 3, 3]);

const HOURS = [3, 2, 1, 1, 1, 2, 4, 7, 10, 12, 13, 13, 12, 12, 13, 13, 12, 11, 11, 12, 13, 12, 9, 6];
/** From Sunday on. */
const WEEKDAYS = [0.7, 1.15, 1.2, 1.2, 1.15, 1, 0.6];

interface Group {
  readonly weights: Weighted;
  readonly values: readonly Readonly<Record<string, string>>[];
}

function group(values: readonly Readonly<Record<string, string>>[], weights: readonly number[]): Group {
  return { values, weights: new Weighted(weights) };
}

const list = <T>(count: number, make: (place: number) => T): T[] =>
  Array.from({ length: count }, (_, place) => make(place));
const code = (place: number): string => String.fromCharCode(65 + Math.floor(place / 26), 65 + (place % 26));

const PAGES = list(2000, (place) => (place === 0 ? '/' : `/articles/${place}-about-topic-${place % 97}`));
const PAGE = new Weighted(zipf(PAGES.length));

const CHANNELS = [
  'Organic Search',
  'Organic Social',
  'Referral',
  'Email',
  'Paid Search',
  'Paid Social',
  'Display',
];
/** Where visits come from; the eighth channel is Direct, which has no source. */
const ORIGINS = group(
  list(300, (place) => ({
    referrer: `site-${place}.example/links`,
    source: `Source ${place}`,
    channel: CHANNELS[place % CHANNELS.length] as string,
  })),
  zipf(300),
);

const CAMPAIGNS = group(
  list(60, (place) => ({
    utm_source: `partner-${place % 12}`,
    utm_medium: ['cpc', 'email', 'social', 'banner'][place % 4] as string,
    utm_campaign: `campaign-${place}`,
    utm_content: `variant-${place % 3}`,
    utm_term: place % 4 === 0 ? `word-${place % 9}` : '',
  })),
  zipf(60),
);

const BROWSERS = [
  'Chrome',
  'Mobile Chrome',
  'Safari',
  'Mobile Safari',
  'Edge',
  'Firefox',
  'Mobile Firefox',
  'Samsung Internet',
  'Opera',
  'Brave',
  'Vivaldi',
  'DuckDuckGo',
];
const SYSTEMS = ['Windows', 'Mac OS', 'Linux', 'Android', 'iOS', 'Chrome OS'];
const CLIENTS = group(
  list(400, (place) => {
    const os = SYSTEMS[place % SYSTEMS.length] as string;
    return {
      device: os === 'Android' || os === 'iOS' ? (place % 7 === 0 ? 'Tablet' : 'Mobile') : 'Desktop',
      browser: BROWSERS[(place * 5) % BROWSERS.length] as string,
      browser_version: String(142 - (place % 15)),
      os,
      os_version: String(18 - (place % 8)),
    };
  }),
  zipf(400),
);

const CITIES = group(
  list(2000, (place) => {
    // Cities one after the other lie in different countries, so that the largest countries have most of the large cities.
    const country = code(Math.floor(60 * (((place * 37) % 101) / 101) ** 2));
    const region = place % 8;
    return {
      country,
      region: `${country}-${region}`,
      region_name: `Region ${region} of ${country}`,
      city: `City ${place}`,
    };
  }),
  zipf(2000),
);

const LANGUAGES = group(
  list(25, (place) => ({ language: code(place * 17).toLowerCase() })),
  zipf(25),
);
const HOSTNAMES = group([{ hostname: 'site.example' }, { hostname: 'shop.site.example' }], [9, 1]);

/** An event, and what it shares with the others of its visit. `place` is its place in the day. */
interface Row {
  readonly id: string;
  readonly ts: number;
  readonly visit: Visit;
  readonly kind: Kind;
  readonly page: string;
  readonly place: number;
}

type Visit = Readonly<Record<string, string>>;

const KINDS = ['pageview', 'engagement', 'Signup', 'Download', 'Purchase'] as const;
type Kind = (typeof KINDS)[number];

const PLANS = ['{"plan":"free"}', '{"plan":"free"}', '{"plan":"pro"}', '{"plan":"team"}'];
const CURRENCIES = ['EUR', 'EUR', 'USD', 'GBP'];

/** The columns that are not a visit's, and how their values come about. */
const COLUMNS: Readonly<Record<string, (row: Row) => SQLInputValue>> = {
  pixel: () => PIXEL,
  ts: ({ ts }) => ts,
  id: ({ id }) => id,
  eid: ({ kind, id }) => (kind === 'Purchase' ? `order-${id}` : ''),
  name: ({ kind }) => kind,
  page: ({ page }) => page,
  agent_class: () => 'human',
  authenticated: () => 0,
  engaged: ({ kind, place }) => (kind === 'engagement' ? 1000 + ((place * 7919) % 120_000) : null),
  scroll: ({ kind, place }) => (kind === 'engagement' ? 5 + ((place * 31) % 96) : null),
  value: ({ kind, place }) => (kind === 'Purchase' ? (5 + (place % 200)) * 990_000 : null),
  currency: ({ kind, place }) => (kind === 'Purchase' ? (CURRENCIES[place % 4] as string) : ''),
  props: ({ kind, place }) => (kind === 'Signup' || kind === 'Purchase' ? (PLANS[place % 4] as string) : ''),
};

/** How many events fall on each day. */
export function eventsByDay({ seed, from, days, events }: History): [day: string, events: number][] {
  const random = new Random(seed);
  const weights = list(days, (index) => {
    const day = addDays(from, index);
    const weekday = WEEKDAYS[new Date(`${day}T12:00:00Z`).getUTCDay()] as number;
    return [day, weekday * (0.9 + 0.2 * random.next())] as const;
  });
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0);
  let before = 0;
  let weightBefore = 0;
  return weights.map(([day, weight]) => {
    weightBefore += weight;
    const until = Math.round((events * weightBefore) / total);
    const count = until - before;
    before = until;
    return [day, count];
  });
}

/** Writes a pixel, its days (all to be rolled up) and its events into a database that has Speck's schema. */
export function writeHistory(file: string, history: History): void {
  const db = new DatabaseSync(file);
  try {
    db.exec('PRAGMA synchronous = OFF');
    insertInto(db, 'pixels', {
      id: PIXEL,
      name: 'Bench',
      url: 'https://site.example',
      timezone: ZONE,
      settings: JSON.stringify({ retention_days: 3650, ...history.settings }),
      created_at: dayStart(ZONE, history.from),
    });
    const insert = eventStatement(db);
    for (const day of daysOf(history)) {
      db.exec('BEGIN');
      insertDay(db, day);
      for (const row of rowsOf(history, day)) insert(row);
      db.exec('COMMIT');
    }
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  } finally {
    db.close();
  }
}

/** Takes everything out of a database that has been made from the events of a history since it was written. */
export function unseal(file: string, history: History): void {
  const db = new DatabaseSync(file);
  try {
    db.exec('BEGIN');
    const tables = db.prepare(
      `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'`,
    );
    for (const { name } of tables.all()) {
      if (name !== 'pixels' && name !== 'events') db.exec(`DELETE FROM ${name}`);
    }
    for (const day of daysOf(history)) insertDay(db, day);
    db.exec('COMMIT');
  } finally {
    db.close();
  }
}

interface Day {
  readonly day: string;
  readonly start: number;
  readonly end: number;
  /** Never none. */
  readonly events: number;
}

function daysOf(history: History): Day[] {
  return eventsByDay(history).flatMap(([day, events]) =>
    events === 0 ? [] : [{ day, events, start: dayStart(ZONE, day), end: dayStart(ZONE, addDays(day, 1)) }],
  );
}

function insertDay(db: DatabaseSync, { day, start, end }: Day): void {
  insertInto(db, 'days', {
    pixel: PIXEL,
    day,
    starts_at: start,
    ends_at: end,
    dirty: 1,
    rolled_at: null,
    raw: 0,
  });
}

/** The columns that a table has now, in order. */
function columnsOf(db: DatabaseSync, table: string): { name: string; type: string; mayBeLeftOut: boolean }[] {
  const rows = db.prepare(`PRAGMA table_info(${table})`).all() as {
    name: string;
    type: string;
    notnull: number;
    dflt_value: unknown;
  }[];
  if (rows.length === 0) throw new Error(`there is no table ${table}: apply the schema first`);
  return rows.map(({ name, type, notnull, dflt_value }) => ({
    name,
    type,
    mayBeLeftOut: notnull === 0 || dflt_value !== null,
  }));
}

/** The value of a column that nothing here knows and that must have one. */
const empty = (type: string): SQLInputValue => (type === 'TEXT' ? '' : 0);

function insertInto(db: DatabaseSync, table: string, values: Readonly<Record<string, SQLInputValue>>): void {
  const columns = columnsOf(db, table).filter(({ name, mayBeLeftOut }) => name in values || !mayBeLeftOut);
  db.prepare(insertSql(table, columns)).run(
    ...columns.map(({ name, type }) => values[name] ?? (name in values ? null : empty(type))),
  );
}

function insertSql(table: string, columns: readonly { readonly name: string }[]): string {
  return `INSERT INTO ${table} (${columns.map(({ name }) => name).join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`;
}

/** Inserts a row of `events`, whatever columns the table has now. */
function eventStatement(db: DatabaseSync): (row: Row) => void {
  const ofVisit = new Set(Object.keys(newVisit(new Random(1))));
  const columns = columnsOf(db, 'events').filter(
    ({ name, mayBeLeftOut }) => name in COLUMNS || ofVisit.has(name) || !mayBeLeftOut,
  );
  const values = columns.map(({ name, type }) => {
    const own = COLUMNS[name];
    if (own !== undefined) return own;
    if (ofVisit.has(name)) return ({ visit }: Row): SQLInputValue => visit[name] as string;
    return (): SQLInputValue => empty(type);
  });
  const statement: StatementSync = db.prepare(insertSql('events', columns));
  return (row) => {
    statement.run(...values.map((value) => value(row)));
  };
}

/** The events of a day, in order. */
function* rowsOf({ seed, hasEngagements }: History, { start, end, events: count }: Day): Generator<Row> {
  const random = new Random(seed ^ Math.floor(start / 60_000));
  const hours = new Weighted(HOURS);
  const visits: Visit[] = [];
  const events: { visit: number; kind: Kind; page: string }[] = [];
  // Milliseconds of the day and the event's number in one: sorting these sorts the events.
  const keys = new Float64Array(count);
  while (events.length < count) {
    const visitor =
      visits.length > 0 && random.chance(RETURNING) ? visits[random.below(visits.length)] : undefined;
    const visit = visits.push(newVisit(random, visitor)) - 1;
    let at = Math.floor((hours.pick(random) + random.next()) * 3_600_000);
    const add = (kind: Kind, page: string): void => {
      if (start + at >= end || events.length === count) return;
      keys[events.length] = at * 2 ** 24 + events.length;
      events.push({ visit, kind, page });
    };
    const views = VIEWS.pick(random) + 1;
    for (let view = 0; view < views; view++) {
      if (view > 0)
        at += 2000 + Math.floor(Math.min(random.around(BETWEEN_VIEWS_MS), LONGEST_BETWEEN_VIEWS_MS));
      const page = PAGES[PAGE.pick(random)] as string;
      add('pageview', page);
      if (hasEngagements && random.chance(ENGAGED)) {
        at += 500 + Math.floor(random.around(BETWEEN_VIEWS_MS / 5));
        add('engagement', page);
      }
      const kind = otherKind(random);
      if (kind === null) continue;
      at += 1000 + Math.floor(random.around(BETWEEN_VIEWS_MS / 5));
      add(kind, page);
    }
  }
  keys.sort();
  const isolate = `${random.bits().toString(36).padStart(7, '0')}${random.bits().toString(36).padStart(7, '0')}`;
  for (let place = 0; place < count; place++) {
    const key = keys[place] as number;
    const at = Math.floor(key / 2 ** 24);
    const { visit, kind, page } = events[key - at * 2 ** 24] as (typeof events)[number];
    // As ids are made at the edge: in order.
    const id = place.toString(36).padStart(6, '0') + isolate;
    yield { id, ts: start + at, visit: visits[visit] as Visit, kind, page, place };
  }
}

function otherKind(random: Random): Kind | null {
  const drawn = random.next();
  if (drawn < PURCHASES) return 'Purchase';
  if (drawn < PURCHASES + CUSTOM_EVENTS) return random.chance(0.5) ? 'Signup' : 'Download';
  return null;
}

/** What one visit has in common. A visitor who comes again has the same device and place, but comes from elsewhere. */
function newVisit(random: Random, again?: Visit): Visit {
  const pick = ({ weights, values }: Group): Readonly<Record<string, string>> =>
    values[weights.pick(random)] as Readonly<Record<string, string>>;
  const direct = random.chance(DIRECT);
  const campaign = random.chance(WITH_CAMPAIGN);
  const visitor = again ?? {
    visitor: newVisitor(random),
    ...pick(CLIENTS),
    ...pick(CITIES),
    ...pick(LANGUAGES),
  };
  return {
    ...visitor,
    ...pick(HOSTNAMES),
    ...(direct ? { referrer: '', source: '', channel: 'Direct' } : pick(ORIGINS)),
    ...(campaign
      ? pick(CAMPAIGNS)
      : { utm_source: '', utm_medium: '', utm_campaign: '', utm_content: '', utm_term: '' }),
  };
}

/** As a visitor's hash is written: 128 bits in 22 characters. */
function newVisitor(random: Random): string {
  const bits = Uint32Array.from([random.bits(), random.bits(), random.bits(), random.bits()]);
  return Buffer.from(bits.buffer).toString('base64url');
}
