/**
 * What leaves the Worker's memory of someone whose conversions are sent, on each way that an event can take into the store: tables, messages of the queue,
 * dead letters, points of Analytics Engine, entries of the cache and log lines. Nothing that identifies may be readable in any of them.
 */
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { bodyOf, checkDeadLetters } from '../../src/enrich/dead-letters.ts';
import { deliver, ingest } from '../../src/enrich/ingest.ts';
import type { Env } from '../../src/env.ts';
import type { Message, ParcelMessage } from '../../src/model/batch.ts';
import { nextEventId, randomBase58, randomHex } from '../../src/model/random.ts';
import { applySchema, db, testEnv } from '../fixtures.ts';
import { leaksIn } from '../leaks.ts';
import {
  browser,
  clicksOf,
  conversionIn,
  deliveriesOf,
  envWith,
  eventOf,
  hitOf,
  relayPixel,
} from './relay.ts';

beforeAll(applySchema);

const LOGS = ['debug', 'error', 'info', 'log', 'warn'] as const;
const logged: string[] = [];
const cached: string[] = [];
beforeAll(() => {
  for (const name of LOGS)
    vi.spyOn(console, name).mockImplementation((...parts: unknown[]) => {
      logged.push(
        parts
          .map((part) => (part instanceof Error ? `${part} ${part.stack}` : JSON.stringify(part)))
          .join(' '),
      );
    });
  vi.spyOn(caches.default, 'put').mockImplementation(async (request, response) => {
    cached.push(
      `${typeof request === 'string' ? request : (request as Request).url} ${await response.clone().text()}`,
    );
  });
});
afterEach(() => {
  logged.length = 0;
  cached.length = 0;
});

const visitor = () => ({
  address: '2001:db8:4711:17:aaaa:bbbb:cccc:dddd',
  agent: `Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0 ${randomHex(4)}`,
  cookie: randomBase58(22),
  uid: `customer-${randomHex(6)}`,
  mail: randomHex(32),
  click: `IwAR0${randomBase58(20)}`,
  fbp: 'fb.1.1700000000000.1234567890',
  order: `order-token-${randomHex(6)}`,
});
type Visitor = ReturnType<typeof visitor>;

/** Everything that was stored, by table. */
async function tables(): Promise<Record<string, string>> {
  const { results } = await db
    .prepare(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'`)
    .all<{ name: string }>();
  const texts = await Promise.all(
    results.map(async ({ name }) => [
      `table ${name}`,
      JSON.stringify((await db.prepare(`SELECT * FROM "${name}"`).all()).results),
    ]),
  );
  return Object.fromEntries(texts) as Record<string, string>;
}

const purchase = (pixel: Parameters<typeof eventOf>[0], { uid, mail, click, fbp, order }: Visitor) =>
  eventOf(pixel, {
    eid: 'o1',
    dl: `https://site.example/thanks?fbclid=${click}&token=${order}`,
    rl: `https://search.example/find?q=${order}`,
    uid,
    ud: [
      ['em', mail],
      ['fbp', fbp],
    ],
  });

const DOWN = () => {
  throw new Error('D1_ERROR: overloaded');
};

/** The database if it cannot be written to; and if it cannot even be read. */
const READ_ONLY = { prepare: db.prepare.bind(db), batch: DOWN } as unknown as D1Database;
const AWAY = { prepare: DOWN, batch: DOWN } as unknown as D1Database;

describe.each<[string, (messages: Message[]) => Partial<Env>]>([
  ['straight into the store', () => ({})],
  ['by way of the queue, as INGEST_MODE says', () => ({ INGEST_MODE: 'queue' }) as Partial<Env>],
  ['by way of the queue, as a batch that the database does not take', () => ({ DB: READ_ONLY })],
  ['by way of the queue, as a request', () => ({ DB: AWAY })],
])('a purchase that comes %s', (way, settings) => {
  it('can be read nowhere', async () => {
    const one = visitor();
    const { pixel } = await relayPixel();
    const points: unknown[] = [];
    const messages: Message[] = [];
    const analytics = { writeDataPoint: (point: unknown) => points.push(point) };
    const env = envWith(messages, { ANALYTICS: analytics as unknown as AnalyticsEngineDataset });
    const client = browser({ ip: one.address, userAgent: one.agent, cookie: one.cookie });
    // The isolate knows the pixel, unless the database is away.
    if (!way.endsWith('request')) await ingest(env, [hitOf([eventOf(pixel, { ev: 'Warm', consent: '' })])]);
    else vi.setSystemTime(Date.now() + 60_000);
    await ingest({ ...env, ...settings(messages) }, [hitOf([purchase(pixel, one)], client)]);
    vi.useRealTimers();
    const parcels = messages.filter((message): message is ParcelMessage => message.kind !== 'relay');
    expect(parcels.length > 0).toBe(way !== 'straight into the store');
    const raw = Object.values(one);
    const places = async () => ({
      ...(await tables()),
      'the queue': JSON.stringify(messages),
      'Analytics Engine': JSON.stringify(points),
      'the cache': cached.join('\n'),
      'the log': logged.join('\n'),
    });
    expect(await leaksIn(await places(), raw)).toEqual([]);

    for (const message of parcels) {
      const id = nextEventId();
      await db
        .prepare('INSERT INTO dead_letters (id, body, received_at, checked_at) VALUES (?, ?, ?, 0)')
        .bind(id, await bodyOf(testEnv, message), Date.now())
        .run();
    }
    await checkDeadLetters(env, 5);
    expect(await leaksIn(await places(), raw)).toEqual([]);
    for (const message of parcels) await deliver(env, message, Date.now());
    expect(await leaksIn(await places(), raw)).toEqual([]);

    // It is all there, for the network only: otherwise nothing could be found.
    const [row] = await deliveriesOf(pixel);
    const waiting = JSON.stringify(await conversionIn(row));
    for (const value of [one.address, one.agent, one.mail, one.click, one.fbp])
      expect(waiting).toContain(value);
    expect(await leaksIn({ waiting }, [one.order, one.uid, one.cookie])).toEqual([]);
    expect(JSON.stringify(await clicksOf(pixel))).toContain(one.click);
    expect(points.length).toBeGreaterThan(0);
    await db.prepare('DELETE FROM dead_letters').run();
  });
});

describe('the search for leaks', () => {
  const VALUE = 'Mozilla/5.0 (X11; "rv:144")';

  it.each<[string, (text: string) => string]>([
    ['in clear', (text) => text],
    ['in capitals', (text) => text.toUpperCase()],
    ['in JSON', (text) => JSON.stringify({ a: text })],
    ['in JSON with escaped slashes', (text) => text.replaceAll('/', '\\/')],
    ['percent-encoded', encodeURIComponent],
    ['in hex', (text) => Buffer.from(text).toString('hex')],
    ['in base64', btoa],
    ['in base64url', (text) => Buffer.from(text).toString('base64url')],
    ['within base64', (text) => btoa(`ab${text}c`)],
  ])('finds a value %s', async (_, write) => {
    expect(await leaksIn({ log: `x ${write(VALUE)} y` }, [VALUE])).not.toEqual([]);
    expect(await leaksIn({ log: `x ${write('something else')} y` }, [VALUE])).toEqual([]);
  });

  it('finds its SHA-256, and the bytes of a hash', async () => {
    const hash = 'b4c9a289323b21a01c3e940f150eb9b8c542587f1abfd8f0e1cc1ffc5e475514';
    expect(await leaksIn({ log: `[${Buffer.from(hash, 'hex').toString('base64')}]` }, [hash])).not.toEqual(
      [],
    );
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(VALUE)));
    for (const text of [digest.toHex(), digest.toBase64()])
      expect(await leaksIn({ log: text }, [VALUE])).not.toEqual([]);
  });
});
