/** What anyone can send has a bound where it concerns advertising networks, too: rows of the database, and messages of the queue. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { ANNOUNCED_EACH, announce } from '../../src/enrich/announce.ts';
import { ingest, ingestFromApi } from '../../src/enrich/ingest.ts';
import { admits, MAX_REPORTED } from '../../src/enrich/relay-limit.ts';
import type { Env } from '../../src/env.ts';
import type { Message } from '../../src/model/batch.ts';
import { nextEventId, randomBase58 } from '../../src/model/random.ts';
import { UNKNOWN_CLIENT } from '../../src/model/wire.ts';
import { MAX_DELIVERIES } from '../../src/store/deliveries.ts';
import { applySchema, db } from '../fixtures.ts';
import {
  addDestination,
  browser,
  clicksOf,
  conversionIn,
  deliveriesOf,
  envWith,
  eventOf,
  hitOf,
  relayPixel,
} from './relay.ts';

beforeAll(async () => {
  await applySchema();
  vi.spyOn(console, 'warn').mockImplementation(() => {});
});

const HOUR = 3_600_000;
const FREE = { CRON_STATEMENTS: '45' } as Env;

describe('conversions that pages report', () => {
  it.each([
    ['free', FREE],
    ['free', {} as Env],
    ['free', { CRON_STATEMENTS: 'many' } as Env],
    ['paid', { CRON_STATEMENTS: '900' } as Env],
  ] as const)('are bounded, a pixel and hour, as the %s plan can bear', (plan, env) => {
    const [pixel, other] = [randomBase58(8), randomBase58(8)];
    for (let left = MAX_REPORTED[plan]; left > 0; left -= 100) expect(admits(env, pixel, 100, 7)).toBe(true);
    expect(admits(env, pixel, 1, 7 + HOUR - 1)).toBe(false);
    expect(admits(env, other, 1, 7 + HOUR - 1)).toBe(true);
    expect(admits(env, pixel, 1, 7 + HOUR)).toBe(true);
  });

  it('beyond the bound are stored as events only, and the owner sees how many', async () => {
    const { pixel } = await relayPixel();
    await addDestination(pixel, { network: 'tiktok' });
    const events = Array.from({ length: 100 }, () => eventOf(pixel));
    // Two destinations and a click: three rows for each event.
    const most = Math.floor(MAX_REPORTED.free / 3);
    for (let sent = 0; sent < most + 50; sent += 100) await ingest(envWith(), [hitOf(events)]);
    const stored = await db
      .prepare('SELECT count(*) AS n FROM events WHERE pixel = ?')
      .bind(pixel.id)
      .first<number>('n');
    expect(await deliveriesOf(pixel)).toHaveLength(2 * most);
    const { results } = await db
      .prepare('SELECT reason, count FROM rejections WHERE pixel = ?')
      .bind(pixel.id)
      .all();
    expect(results).toEqual([{ reason: 'too_many_conversions', count: (stored ?? 0) - most }]);
    const arrival = {
      ...{ id: nextEventId(), receivedAt: Date.now(), head: false },
      ...{ client: UNKNOWN_CLIENT, overrides: {} },
    };
    const own = [{ raw: eventOf(pixel, { eid: 'own' }), arrival }];
    expect(await ingestFromApi(envWith(), own, Date.now())).toMatchObject([{ status: 'stored', flaws: [] }]);
    expect(await deliveriesOf(pixel)).toHaveLength(2 * most + 2);
    const honest = await relayPixel();
    await ingest(envWith(), [hitOf([eventOf(honest.pixel)])]);
    expect(await conversionIn((await deliveriesOf(honest.pixel))[0])).toMatchObject({ name: 'Purchase' });
  });

  it('count with the clicks that are kept of them, and a page view without any counts nothing', async () => {
    const { pixel } = await relayPixel();
    const landing = (query: string) => eventOf(pixel, { ev: '', dl: `https://site.example/?${query}` });
    while (admits(FREE, pixel.id, 100, Date.now()));
    await ingest(envWith(), [hitOf([landing(''), landing('gclid=G1')], browser())]);
    expect(await clicksOf(pixel)).toEqual([]);
    const { results } = await db
      .prepare('SELECT reason, count FROM rejections WHERE pixel = ?')
      .bind(pixel.id)
      .all();
    expect(results).toEqual([{ reason: 'too_many_conversions', count: 1 }]);
  });
});

describe('a batch with more conversions than one transaction makes', () => {
  it('is cut before they are sealed, and has all of them', async () => {
    const { pixel } = await relayPixel();
    for (let more = 1; more < 20; more++) await addDestination(pixel, { account: String(more) });
    const events = Array.from({ length: MAX_DELIVERIES / 20 + 10 }, (_, index) => ({
      raw: eventOf(pixel, { eid: `A-${index}` }),
      arrival: {
        ...{ id: nextEventId(), receivedAt: Date.now(), head: false },
        ...{ client: UNKNOWN_CLIENT, overrides: {} },
      },
    }));
    const prepared = vi.spyOn(db, 'prepare');
    const outcomes = await ingestFromApi(envWith([], { DB: db }), events, Date.now());
    const transactions = prepared.mock.calls.filter(([sql]) => sql.includes('INSERT INTO events'));
    prepared.mockRestore();
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['stored']));
    expect(transactions.length).toBe(2);
    const count = 'SELECT count(*) AS n FROM deliveries WHERE pixel = ?';
    expect(await db.prepare(count).bind(pixel.id).first('n')).toBe(20 * events.length);
  });
});

describe('messages about new deliveries', () => {
  it('are two in two minutes: one at once, and one that arrives after all others', async () => {
    const sent: [string, number | undefined][] = [];
    const sendBatch = async (list: Iterable<MessageSendRequest<{ destination: string }>>) => {
      for (const { body, delaySeconds } of list) sent.push([body.destination, delaySeconds]);
    };
    const env = envWith([], { QUEUE: { sendBatch } as unknown as Queue<Message> });
    const [one, other] = [randomBase58(8), randomBase58(8)];
    await announce(env, new Set([one]), 1000);
    for (let more = 1; more < 100; more++) await announce(env, new Set([one]), 1000 + 1000 * more);
    expect(sent).toEqual([
      [one, 0],
      [one, 119],
    ]);
    await announce(env, new Set([one, other]), 1000 + ANNOUNCED_EACH - 1);
    await announce(env, new Set([one]), 1000 + ANNOUNCED_EACH);
    expect(sent.slice(2)).toEqual([
      [other, 0],
      [one, 0],
    ]);
  });

  it('leave no delivery without a message that arrives after it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 200_000 }), { maxLength: 30 }), async (waits) => {
        const arrivals: number[] = [];
        let now = Date.now();
        const sendBatch = async (list: Iterable<MessageSendRequest<unknown>>) => {
          for (const { delaySeconds = 0 } of list) arrivals.push(now + 1000 * delaySeconds);
        };
        const env = envWith([], { QUEUE: { sendBatch } as unknown as Queue<Message> });
        const destination = randomBase58(8);
        for (const wait of waits) {
          now += wait;
          await announce(env, new Set([destination]), now);
          expect(Math.max(...arrivals)).toBeGreaterThanOrEqual(now);
          expect(Math.max(...arrivals)).toBeLessThanOrEqual(now + ANNOUNCED_EACH + 1000);
        }
      }),
    );
  });

  it('are not missed where there is no queue, or it refuses', async () => {
    await expect(announce(envWith(null), new Set([randomBase58(8)]), 1)).resolves.toBeUndefined();
    const { QUEUE: _, ...without } = envWith();
    await expect(announce(without as Env, new Set([randomBase58(8)]), 1)).resolves.toBeUndefined();
  });
});
