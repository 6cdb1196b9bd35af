/** What anyone can send has a bound where it concerns advertising networks, too: rows of the database, and messages of the queue. */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { announce, MAX_ANNOUNCED } from '../../src/enrich/announce.ts';
import { ingest, ingestFromApi } from '../../src/enrich/ingest.ts';
import { admits, MAX_REPORTED } from '../../src/enrich/relay-limit.ts';
import type { Env } from '../../src/env.ts';
import { nextEventId, randomBase58 } from '../../src/model/random.ts';
import { UNKNOWN_CLIENT } from '../../src/model/wire.ts';
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

describe('messages about new deliveries', () => {
  it('are as few as help: beyond some in five minutes the cron is as fast', async () => {
    const messages: never[] = [];
    const env = envWith(messages);
    const [one, other] = [randomBase58(8), randomBase58(8)];
    for (let sent = 0; sent < 100; sent++) await announce(env, new Set([one]), 1000 + sent);
    expect(messages).toHaveLength(MAX_ANNOUNCED);
    await announce(env, new Set([one, other]), 2000);
    expect(messages.slice(MAX_ANNOUNCED)).toEqual([{ kind: 'relay', destination: other }]);
    await announce(env, new Set([one]), 1000 + 5 * 60_000);
    expect(messages.at(-1)).toEqual({ kind: 'relay', destination: one });
  });

  it('are not missed where there is no queue, or it refuses', async () => {
    await expect(announce(envWith(null), new Set([randomBase58(8)]), 1)).resolves.toBeUndefined();
    const { QUEUE: _, ...without } = envWith();
    await expect(announce(without as Env, new Set([randomBase58(8)]), 1)).resolves.toBeUndefined();
  });
});
