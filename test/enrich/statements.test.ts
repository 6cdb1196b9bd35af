/**
 * How many statements an invocation may cause by what it is sent: the free plan has 50. Each batch is made to cause as many as
 * it can: pixels, salts and keys that are not known yet, long rows, days that are closed, aliases that all meet, rejections.
 */
import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { MAX_BATCH_EVENTS, MAX_BATCH_SIZE } from '../../src/collect/buffer.ts';
import { native } from '../../src/collect/wire/native.ts';
import { consume } from '../../src/enrich/consume.ts';
import { deliver, ingest, ingestFromApi } from '../../src/enrich/ingest.ts';
import { type Env, secretsOf } from '../../src/env.ts';
import type { ParcelMessage } from '../../src/model/batch.ts';
import { LIMITS } from '../../src/model/limits.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { nextEventId, randomBase58, randomHex } from '../../src/model/random.ts';
import { BLANK_EVENT, type RawEvent, type RawHit, UNKNOWN_CLIENT } from '../../src/model/wire.ts';
import { sendHits } from '../../src/store/queue.ts';
import { applySchema, db, makePixel, metered, testEnv } from '../fixtures.ts';

/** What the API looks up of who asks before it takes anything in. */
const TO_AUTHENTICATE = 2;
const DAY = 86_400_000;

beforeAll(async () => {
  await applySchema();
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterAll(() => vi.restoreAllMocks());

function envWith(database: D1Database, messages: ParcelMessage[] = []): Env {
  const { ANALYTICS: _, ...rest } = testEnv as Env & { ANALYTICS?: unknown };
  const queue = {
    sendBatch: async (list: Iterable<{ body: ParcelMessage }>) => {
      for (const { body } of list) messages.push(structuredClone(body));
    },
  };
  return { ...rest, DB: database, QUEUE: queue as unknown as Queue<ParcelMessage> };
}

const client = (n: number) => ({
  ...UNKNOWN_CLIENT,
  ip: `192.0.2.${n % 250}`,
  userAgent:
    n % 9 === 1 ? `Bot${n}/1.0` : 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0',
});

const EMAIL = randomHex(32);
/** An event whose aliases meet those of all others, of a pixel of many. */
function hostileEvent(pixels: readonly Pixel[], n: number, cd: RawEvent['cd'] = []): RawEvent {
  return {
    ...BLANK_EVENT,
    id: n % 50 === 7 ? `px_${randomBase58(16)}` : (pixels[n % pixels.length] as Pixel).id,
    ev: n % 13 === 3 ? 'x'.repeat(200) : `event${n}`,
    dl: `https://site.example/${n}`,
    eid: `order-${n}`,
    uid: `user${n}`,
    ud: [
      ['em', EMAIL],
      ['external_id', randomHex(32)],
      ['ph', EMAIL],
    ],
    cd,
  };
}

/** Custom data that grows most on its way to the store: each quote becomes four characters. */
const quotes = (length: number): RawEvent['cd'] =>
  Array.from({ length: Math.ceil(length / 500) }, (_, key) => [`k${key}`, '"'.repeat(500)] as const);

const manyPixels = (count: number): Promise<Pixel[]> =>
  Promise.all(Array.from({ length: count }, () => makePixel('UTC')));

/** Local days of the pixels, whose events are gone. */
async function closeDays(pixels: readonly Pixel[], days: readonly number[]): Promise<void> {
  const rows = pixels.flatMap(({ id }) =>
    days.map((at) => [id, new Date(at).toISOString().slice(0, 10), at - (at % DAY), at - (at % DAY) + DAY]),
  );
  await db
    .prepare(
      `INSERT INTO days (pixel, day, starts_at, ends_at, dirty, raw)
       SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, 0, 2 FROM json_each(?)`,
    )
    .bind(JSON.stringify(rows))
    .run();
}

function hitOf(events: readonly RawEvent[], n: number, receivedAt = Date.now()): RawHit {
  return { id: nextEventId(), receivedAt, head: false, client: client(n), events };
}

describe('the statements', () => {
  it('of the largest batch of pixel requests are few', async () => {
    const pixels = await manyPixels(40);
    const { db: counted, cost } = metered();
    const size = Math.floor(MAX_BATCH_SIZE / MAX_BATCH_EVENTS) - 500;
    const hits = Array.from({ length: MAX_BATCH_EVENTS }, (_, n) =>
      hitOf([hostileEvent(pixels, n, quotes(size))], n),
    );
    await ingest(envWith(counted), hits);
    expect(cost.statements).toBeGreaterThan(LIMITS.linkStatements);
    expect(cost.statements).toBeLessThanOrEqual(LIMITS.statements);
    const stored = await db.prepare('SELECT count(*) AS n FROM events').first<number>('n');
    expect(stored).toBeGreaterThan(150);
  });

  it('of a hundred events of one beacon with shared aliases are few', async () => {
    const pixels = await manyPixels(1);
    const { db: counted, cost } = metered();
    const body = JSON.stringify(
      Array.from({ length: LIMITS.beaconEvents }, (_, n) => ({
        id: pixels[0]?.id,
        ev: 'e',
        uid: `u${n}`,
        ud: { em: EMAIL },
      })),
    );
    const bytes = new TextEncoder().encode(body);
    const reading = await native.read({
      method: 'POST',
      path: '/',
      query: '',
      headers: new Headers(),
      bytes,
    });
    if (!reading.ok) throw new Error(reading.error);
    await ingest(envWith(counted), [{ ...hitOf([], 1), events: reading.value.events }]);
    expect(cost.statements).toBeLessThanOrEqual(LIMITS.statements);
  });

  it('of the largest request to the API are few, authentication included', async () => {
    const pixels = await manyPixels(40);
    const now = Date.now();
    const days = Array.from({ length: 400 }, (_, back) => now - back * DAY);
    await closeDays(pixels, days.slice(3, 50));
    const { db: counted, cost } = metered();
    const incoming = Array.from({ length: LIMITS.apiEvents }, (_, n) => ({
      raw: hostileEvent(pixels, n, quotes(500)),
      arrival: {
        id: nextEventId(),
        receivedAt: now,
        head: false,
        client: UNKNOWN_CLIENT,
        overrides: {
          ts: days[n % days.length],
          ip: `192.0.2.${n % 250}`,
          ua: client(n).userAgent,
          country: 'DE',
        },
      },
    }));
    const outcomes = await ingestFromApi(envWith(counted), incoming, now);
    expect(new Set(outcomes.map(({ status }) => status))).toContain('rejected');
    expect(cost.statements + TO_AUTHENTICATE).toBeLessThanOrEqual(LIMITS.statements);
  });

  it('of one message stay within its share, and of many within the limit of an invocation', async () => {
    const pixels = await manyPixels(40);
    const old = Date.now() - 5 * DAY;
    await closeDays(pixels, [old]);
    const messages: ParcelMessage[] = [];
    const env = envWith(db, messages);
    // Hits that have waited until their days have closed, and each for as many lookups as can be.
    for (let round = 0; round < 20; round++) {
      const hits = Array.from({ length: 40 }, (_, n) =>
        hitOf([hostileEvent(pixels, n + 40 * round)], n, n % 2 ? old : Date.now()),
      );
      await sendHits(env.QUEUE as Queue<ParcelMessage>, secretsOf(env), hits);
    }
    expect(messages.length).toBeGreaterThanOrEqual(20);
    for (const message of messages.slice(0, 3)) {
      const { db: counted, cost } = metered();
      await deliver(envWith(counted), message, Date.now());
      expect(cost.statements).toBeLessThanOrEqual(LIMITS.batchStatements);
    }

    let waiting = messages.slice(0, 20);
    let rounds = 0;
    for (; waiting.length > 0; rounds++) {
      const { db: counted, cost } = metered();
      const batch = createMessageBatch<ParcelMessage>(
        'speck-events',
        waiting.map((body, index) => ({ id: `m${index}`, timestamp: new Date(), attempts: 1, body })),
      );
      await consume(batch, envWith(counted));
      expect(cost.statements).toBeLessThanOrEqual(LIMITS.statements);
      const { retryMessages } = await getQueueResult(batch, createExecutionContext());
      const again = new Set(retryMessages.map(({ msgId }) => msgId));
      expect(again.size).toBeLessThan(waiting.length);
      waiting = waiting.filter((_, index) => again.has(`m${index}`));
    }
    // Within the tries that a message has.
    expect(rounds).toBeLessThan(20);
  });

  it('of a batch full of events that the store rejects are few, and the queue takes the rest', async () => {
    const [pixel] = await manyPixels(1);
    if (!pixel) throw new Error('no pixel');
    await db
      .prepare(
        `CREATE TRIGGER poison BEFORE INSERT ON events WHEN NEW.name LIKE 'Poison%' BEGIN SELECT raise(ABORT, 'poison'); END`,
      )
      .run();
    try {
      const messages: ParcelMessage[] = [];
      const hits = Array.from({ length: MAX_BATCH_EVENTS }, (_, n) =>
        hitOf([{ ...BLANK_EVENT, id: pixel.id, ev: n % 8 === 0 ? `Poison${n}` : `e${n}` }], 0),
      );
      const first = metered();
      await ingest(envWith(first.db, messages), hits);
      expect(first.cost.statements).toBeLessThanOrEqual(LIMITS.statements);
      let invocations = 0;
      for (; messages.length > 0; invocations++) {
        const { db: counted, cost } = metered();
        const [body] = messages.splice(0, 1);
        await deliver(envWith(counted, messages), body as ParcelMessage, Date.now());
        expect(cost.statements).toBeLessThanOrEqual(LIMITS.statements);
        if (invocations > 500) throw new Error('the queue does not empty');
      }
      const stored = await db
        .prepare('SELECT count(*) AS n FROM events WHERE pixel = ?')
        .bind(pixel.id)
        .first('n');
      expect(stored).toBe(175);
      const rejectedSql = `SELECT sum(count) AS n FROM rejections WHERE pixel = ? AND reason = 'unstorable'`;
      expect(await db.prepare(rejectedSql).bind(pixel.id).first('n')).toBe(25);
    } finally {
      await db.prepare('DROP TRIGGER poison').run();
    }
  });
});
