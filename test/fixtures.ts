/** What tests of the store, the rollup and the query share: a database with the schema, and random histories. */
import { env } from 'cloudflare:workers';
import fc from 'fast-check';
import schema from '../schema.sql?raw';
import { localDayOf } from '../src/enrich/enrich.ts';
import type { Env } from '../src/env.ts';
import type { PlacedEvent } from '../src/model/batch.ts';
import { EVENT_COLUMNS, type Event } from '../src/model/event.ts';
import { DEFAULT_SETTINGS, type Pixel, type PixelSettings } from '../src/model/pixel.ts';
import { randomBase58 } from '../src/model/random.ts';
import { runJob } from '../src/rollup/job.ts';
import { writeBatch } from '../src/store/events.ts';
import { insertPixel } from '../src/store/pixels.ts';
import type { OracleEvent } from './oracle.ts';

export const testEnv = env as unknown as Env;
export const db = testEnv.DB;

export async function applySchema(): Promise<void> {
  const statements = schema.split(/;\s*$/m).filter((text) => text.replaceAll(/^--.*$/gm, '').trim() !== '');
  await db.batch(statements.map((text) => db.prepare(text)));
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
  const whole = {
    ...blank,
    value: null,
    agent_class: 'human',
    ...event,
    pixel: pixel.id,
  } as unknown as Event;
  return { event: whole, day: localDayOf(pixel.timezone, event.ts) };
}

/** Runs the cron until nothing is left to do. */
export async function runJobs(now: number): Promise<void> {
  for (let run = 0; run < 100; run++) {
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

/** Events from a day before to a day after an odd day, of few visitors and values, so that they meet often. */
export function histories(day: string): fc.Arbitrary<OracleEvent[]> {
  const noon = Date.parse(`${day}T12:00:00Z`);
  const event = fc.record({
    ts: fc.oneof(
      fc.integer({ min: noon - 40 * HOUR, max: noon + 40 * HOUR }),
      // Steps of ten minutes: ties, and gaps of exactly thirty minutes.
      fc.integer({ min: -240, max: 240 }).map((step) => noon + step * 600_000),
    ),
    name: fc.constantFrom('pageview', 'pageview', 'pageview', 'Signup'),
    visitor: fc.constantFrom('', 'ann', 'bob', 'eve'),
    page: fc.constantFrom('/', '/a', '/b', ''),
    hostname: fc.constantFrom('site.example', 'www.site.example'),
    source: fc.constantFrom('', 'Google', 'news'),
    channel: fc.constantFrom('Direct', 'Organic Search'),
    browser: fc.constantFrom('Firefox', 'Chrome', ''),
    country: fc.constantFrom('DE', 'US', ''),
    city: fc.constantFrom('Berlin', ''),
  });
  return fc
    .array(event, { maxLength: 40 })
    .map((events) =>
      events.map((one, index): OracleEvent => ({ ...one, id: `e${String(index).padStart(3, '0')}` })),
    );
}
