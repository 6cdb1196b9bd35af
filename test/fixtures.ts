/** What tests of the store, the rollup and the query share: a database with the schema, and random histories. */
import { env } from 'cloudflare:workers';
import fc from 'fast-check';
import schema from '../schema.sql?raw';
import type { Env } from '../src/env.ts';
import type { PlacedEvent } from '../src/model/batch.ts';
import { EVENT_COLUMNS, type Event } from '../src/model/event.ts';
import { localDayOf } from '../src/model/local-day.ts';
import { DEFAULT_SETTINGS, type Pixel, type PixelSettings } from '../src/model/pixel.ts';
import { randomBase58 } from '../src/model/random.ts';
import { SCHEMA_VERSION } from '../src/model/version.ts';
import { runJob } from '../src/rollup/job.ts';
import { membersOf } from '../src/store/aliases.ts';
import { writeBatch } from '../src/store/events.ts';
import { insertPixel } from '../src/store/pixels.ts';
import type { OracleEvent, OracleGoal } from './oracle.ts';

export const testEnv = env as unknown as Env;
export const db = testEnv.DB;

export async function applySchema(): Promise<void> {
  const statements = schema.split(/;\s*$/m).filter((text) => text.replaceAll(/^--.*$/gm, '').trim() !== '');
  await db.batch(statements.map((text) => db.prepare(text)));
  await db.prepare('INSERT OR IGNORE INTO schema_migrations VALUES (?, 0)').bind(SCHEMA_VERSION).run();
}

export async function makePixel(timezone: string, settings: Partial<PixelSettings> = {}): Promise<Pixel> {
  const pixel: Pixel = {
    id: `px_${randomBase58(16)}`,
    name: 'Test',
    url: 'https://site.example',
    timezone,
    settings: { ...DEFAULT_SETTINGS, ...settings },
    created_at: 0,
  };
  await insertPixel(db, pixel);
  return pixel;
}

export async function store(pixel: Pixel, events: readonly OracleEvent[], now = Date.now()) {
  return writeBatch(
    db,
    { id: randomBase58(12), events: events.map((event) => place(pixel, event)), rejections: [] },
    now,
    true,
  );
}

export function place(pixel: Pixel, event: OracleEvent): PlacedEvent {
  const blank = Object.fromEntries(EVENT_COLUMNS.map((column) => [column, '']));
  const fullEvent = {
    ...blank,
    value: null,
    engaged: null,
    scroll: null,
    agent_class: 'human',
    authenticated: 0,
    ...event,
    pixel: pixel.id,
  } as unknown as Event;
  return { event: fullEvent, day: localDayOf(pixel.timezone, event.ts) };
}

/** The aliases of the person that an alias is of, the strongest first. */
export async function aliasesOf(
  pixel: string,
  alias: string,
  proof: 'confirmed' | 'claimed' = 'claimed',
): Promise<string[]> {
  return (await membersOf(db, pixel, alias, proof, 1000)).map((member) => member.alias);
}

/** Runs the cron until nothing is left to do. */
export async function runJobs(now: number): Promise<void> {
  for (let run = 0; run < 1000; run++) {
    const { more, failed } = await runJob(testEnv, now);
    if (failed > 0) throw new Error('a rollup failed');
    if (!more) return;
  }
  throw new Error('the job never ends');
}

/** Zones and days where local time is at its oddest: half hours, 23, 23.5, 24.5 and 25 hours, no midnight, UTC+14. */
export const ODD_DAYS: readonly (readonly [zone: string, day: string])[] = [
  ['UTC', '2026-02-28'],
  ['Asia/Kolkata', '2026-03-01'],
  ['Australia/Lord_Howe', '2026-04-05'],
  ['Australia/Lord_Howe', '2026-10-04'],
  ['Pacific/Kiritimati', '2025-12-31'],
  ['America/Sao_Paulo', '2018-11-04'],
  ['America/Sao_Paulo', '2018-02-17'],
  ['Europe/Berlin', '2026-03-29'],
  ['Europe/Berlin', '2026-10-25'],
  ['America/New_York', '2026-11-01'],
  ['Asia/Kathmandu', '2024-02-29'],
];

const HOUR = 3_600_000;

/** Which aliases of `histories` belong to which: two come to one over another, and one stands alone. */
export const LINKS: Readonly<Record<string, string>> = { ceve: 'exe', exe: 'uann' };

export async function linkPeople(pixel: Pixel): Promise<void> {
  await db
    .prepare(
      'INSERT INTO person_links (pixel, alias, target) SELECT ?1, value ->> 0, value ->> 1 FROM json_each(?2)',
    )
    .bind(pixel.id, JSON.stringify(Object.entries(LINKS)))
    .run();
}

/** Goals of every kind, some of which one event reaches together, one that none does, and pages full of patterns. */
export const GOALS: readonly OracleGoal[] = [
  { name: 'Signup', event: 'Signup' },
  { name: 'Bought', event: 'Purchase' },
  { name: 'Saw anything', event: 'pageview' },
  { name: 'Reported', event: 'engagement' },
  { name: 'Read the blog', page: '/blog/*' },
  { name: 'Odd page', page: '/a?b[c]' },
  { name: 'Below odd page', page: '/a?b[c]*e' },
  { name: 'Went pro', property: 'plan', value: 'pro' },
  { name: 'Größe XL', property: 'Größe in cm', value: 'Übergröße' },
];

const PAGES = ['/', '/', '/a', '/blog/', '/blog/one', '/Blog/one', '/a?b[c]', '/a?b[c]/more', '/axbc', ''];

/** Keys with a space, letters beyond ASCII, quotes and a dot; values that are empty, and that differ by case only. */
const PROPS: readonly Record<string, string>[] = [
  { plan: 'pro' },
  { plan: 'Pro' },
  { plan: 'free' },
  { plan: '' },
  { plan: 'pro', 'Größe in cm': 'Übergröße' },
  { plan: 'free', 'it\'s "a.b"': '%_' },
  { 'Größe in cm': 'übergröße' },
  { 'Größe in cm': 'L', 'it\'s "a.b"': '' },
];
export const PROP_KEYS = ['plan', 'Größe in cm', 'it\'s "a.b"', 'nobody'];

const NO_SALE = { value: null, currency: '' };
const SALES = [
  { value: 12_500_000, currency: 'EUR' },
  { value: 1, currency: 'EUR' },
  { value: 0, currency: 'EUR' },
  { value: -5_000_000, currency: 'USD' },
  { value: 99_990_000, currency: 'USD' },
  { value: 7_000_000, currency: '' },
  { value: null, currency: 'EUR' },
];

/**
 * Events from a day before to a day after an odd day, of few visitors and values, so that they meet often; engagements
 * among them, with or without a visit to belong to.
 */
export function histories(day: string, maxLength = 40): fc.Arbitrary<OracleEvent[]> {
  const noon = Date.parse(`${day}T12:00:00Z`);
  const common = {
    ts: fc.oneof(
      fc.integer({ min: noon - 40 * HOUR, max: noon + 40 * HOUR }),
      // Steps of ten minutes: ties, and gaps of exactly thirty minutes.
      fc.integer({ min: -240, max: 240 }).map((step) => noon + step * 600_000),
      // A few busy hours, for visits of many events.
      fc.integer({ min: -9, max: 9 }).map((step) => noon + step * 600_000),
      fc.integer({ min: -9, max: 9 }).map((step) => noon + step * 600_000),
    ),
    visitor: fc.constantFrom('', 'ann', 'ann', 'bob', 'eve'),
    person: fc.constantFrom('', '', 'uann', 'ceve', 'exe', 'cother'),
    device: fc.constantFrom('Desktop', 'Mobile', 'Tablet', ''),
    page: fc.constantFrom(...PAGES),
    hostname: fc.constantFrom('site.example', 'www.site.example'),
    source: fc.constantFrom('', 'Google', 'news'),
    channel: fc.constantFrom('Direct', 'Organic Search'),
    browser: fc.constantFrom('Firefox', 'Chrome', ''),
    country: fc.constantFrom('DE', 'US', ''),
    city: fc.constantFrom('Berlin', ''),
    props: fc.oneof(
      { weight: 2, arbitrary: fc.constant('') },
      { weight: 3, arbitrary: fc.constantFrom(...PROPS).map((props) => JSON.stringify(props)) },
    ),
  };
  const event = fc
    .record({
      ...common,
      name: fc.constantFrom('pageview', 'pageview', 'pageview', 'Signup', 'Purchase'),
      sale: fc.oneof(
        { weight: 2, arbitrary: fc.constant(NO_SALE) },
        { weight: 1, arbitrary: fc.constantFrom(...SALES) },
      ),
    })
    .map(({ sale, ...one }) => ({ ...one, ...sale }));
  const engagement = fc.record({
    ...common,
    name: fc.constant('engagement'),
    // It carries no custom properties.
    props: fc.constant(''),
    engaged: fc.constantFrom(null, 0, 499, 1500, 30_000),
    scroll: fc.constantFrom(null, 0, 33, 50, 100),
  });
  return fc
    .array(fc.oneof({ weight: 5, arbitrary: event }, { weight: 2, arbitrary: engagement }), { maxLength })
    .map((events) =>
      events.map((one, index): OracleEvent => ({ ...one, id: `e${String(index).padStart(3, '0')}` })),
    );
}

/** The database, with what the statements of its batches have cost so far. */
export function counting(): { readonly db: D1Database; readonly cost: { read: number; written: number } } {
  const cost = { read: 0, written: 0 };
  const counted = new Proxy(db, {
    get(target, property) {
      if (property !== 'batch') return Reflect.get(target, property);
      return async (statements: D1PreparedStatement[]) => {
        const results = await target.batch(statements);
        for (const { meta } of results) {
          cost.read += meta.rows_read;
          cost.written += meta.rows_written;
        }
        return results;
      };
    },
  });
  return { db: counted, cost };
}

/** The database, with what all of its statements have cost so far. Reading statements may run twice to be measured. */
export function metered(): {
  readonly db: D1Database;
  readonly cost: { read: number; written: number; statements: number };
} {
  const cost = { read: 0, written: 0, statements: 0 };
  const add = (meta: D1Meta): void => {
    cost.statements++;
    cost.read += meta.rows_read;
    cost.written += meta.rows_written;
  };
  const real = new WeakMap<object, D1PreparedStatement>();
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement => {
    const proxy = new Proxy(statement, {
      get(target, property) {
        if (property === 'bind') return (...values: unknown[]) => wrap(target.bind(...values));
        return async (...args: []) => {
          if (property === 'first' || property === 'raw') add((await target.all()).meta);
          const result = await (Reflect.get(target, property) as (...args: []) => Promise<D1Result>).apply(
            target,
            args,
          );
          if (property === 'all' || property === 'run') add(result.meta);
          return result;
        };
      },
    });
    real.set(proxy, statement);
    return proxy;
  };
  const proxy = new Proxy(db, {
    get(target, property) {
      if (property === 'prepare') return (sql: string) => wrap(target.prepare(sql));
      if (property !== 'batch') return Reflect.get(target, property);
      return async (statements: D1PreparedStatement[]) => {
        const results = await target.batch(statements.map((one) => real.get(one) ?? one));
        for (const { meta } of results) add(meta);
        return results;
      };
    },
  });
  return { db: proxy, cost };
}
