/** What an invocation has for all that it does: its time, and the points of Analytics Engine. */
import { createMessageBatch } from 'cloudflare:test';
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { applyConsent } from '../../src/collect/consent.ts';
import { consume } from '../../src/enrich/consume.ts';
import { ingest } from '../../src/enrich/ingest.ts';
import type { Env } from '../../src/env.ts';
import type { Message } from '../../src/model/batch.ts';
import { nextEventId, randomBase58 } from '../../src/model/random.ts';
import { BLANK_EVENT, type RawHit, UNKNOWN_CLIENT } from '../../src/model/wire.ts';
import { applySchema, db, makePixel, place, testEnv } from '../fixtures.ts';

beforeAll(applySchema);
beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  vi.spyOn(console, 'warn').mockImplementation(() => {});
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

it('has one time limit for lookups and writes: the remaining events go to the queue', async () => {
  const pixel = await makePixel('UTC');
  const sent: unknown[] = [];
  let written = 0;
  const slow = {
    prepare: (sql: string) => {
      // The look-up has used up what there is.
      if (sql.includes('FROM pixels p WHERE p.id IN'))
        vi.useFakeTimers({ now: Date.now() + 26_000, toFake: ['Date'] });
      return db.prepare(sql);
    },
    batch: (statements: D1PreparedStatement[]) => {
      written++;
      return db.batch(statements);
    },
  } as unknown as D1Database;
  const queue = { sendBatch: async (list: Iterable<unknown>) => void sent.push(...list) };
  const hit: RawHit = {
    id: nextEventId(),
    receivedAt: Date.now(),
    head: false,
    client: { ...UNKNOWN_CLIENT },
    events: [{ ...BLANK_EVENT, id: pixel.id, ev: 'e', dl: 'https://site.example/' }],
  };
  await ingest({ ...testEnv, DB: slow, QUEUE: queue as unknown as Queue<Message> } as Env, [hit]);
  expect(written).toBe(0);
  expect(sent).toHaveLength(1);
});

it('has one budget of points for all messages, and acknowledges them even if points fail', async () => {
  const pixel = await makePixel('UTC');
  const now = Date.now();
  const messageOf = (name: string): Message => ({
    kind: 'batch',
    batch: {
      id: randomBase58(12),
      events: Array.from({ length: 100 }, (_, index) =>
        place(pixel, { ts: now, id: `${name}${index}`, name: 'pageview', visitor: 'v' }),
      ),
      rejections: [],
    },
  });
  const batchOf = (names: readonly string[]) =>
    createMessageBatch<Message>(
      'speck-events',
      names.map((name) => ({ id: name, timestamp: new Date(), attempts: 1, body: messageOf(name) })),
    );
  let points = 0;
  const dataset = (most: number) => ({
    writeDataPoint: () => {
      if (++points > most) throw new Error('too many data points');
    },
  });
  const deliver = async (names: readonly string[], most: number) => {
    const batch = batchOf(names);
    const retries = batch.messages.map((message) => vi.spyOn(message, 'retry'));
    await consume(batch, { ...testEnv, ANALYTICS: dataset(most) } as unknown as Env);
    return retries.flatMap((retry) => retry.mock.calls);
  };
  expect(await deliver(['a', 'b', 'c'], 250)).toEqual([]);
  expect(points).toBe(250);
  points = 0;
  expect(await deliver(['d'], 10)).toEqual([]);
  const stored = 'SELECT count(*) AS n FROM events WHERE pixel = ?';
  expect(await db.prepare(stored).bind(pixel.id).first('n')).toBe(400);
});

it('answers a consent without a cookie if the store hangs', async () => {
  const hangs = { prepare: () => ({ bind: () => ({ all: () => new Promise(() => {}) }) }) };
  const event = { ...BLANK_EVENT, id: `px_${randomBase58(16)}`, consent: 'granted' as const };
  const client = { ...UNKNOWN_CLIENT, cookieReach: 'first_party' as const, origin: 'https://site.example' };
  const env = { ...testEnv, DB: hangs as unknown as D1Database };
  const { cookies, events } = await applyConsent([event], client, env, Date.now());
  expect(cookies).toEqual([]);
  expect(events).toEqual([event]);
});
