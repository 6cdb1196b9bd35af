/**
 * The loss table of docs/reliability.md, row by row: D1, the queue and messages made to fail in each way, by faults put
 * between the code and the real database. What is answered must be stored once, or be accounted for.
 */
import {
  createExecutionContext,
  createMessageBatch,
  getQueueResult,
  waitOnExecutionContext,
} from 'cloudflare:test';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { consume } from '../../src/enrich/consume.ts';
import { ingest, ingestFromApi } from '../../src/enrich/ingest.ts';
import type { Env } from '../../src/env.ts';
import worker from '../../src/index.ts';
import type { Message } from '../../src/model/batch.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { nextEventId, randomBase58 } from '../../src/model/random.ts';
import { BLANK_EVENT, type RawHit, UNKNOWN_CLIENT } from '../../src/model/wire.ts';
import { readCounters } from '../../src/store/counters.ts';
import { applySchema, db, makePixel, testEnv } from '../fixtures.ts';

const SECRET = 'secret-of-this-test';

/** How long D1 stays broken in each row. */
const OUTAGE = 30_000;

beforeAll(async () => {
  await applySchema();
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterAll(() => vi.restoreAllMocks());

const RETRYABLE = [
  'Network connection lost.',
  'Internal error in D1 DB storage caused object to be reset.',
  'D1 DB reset because its code was updated.',
  'Cannot resolve D1 DB due to transient issue on remote node.',
];
const OVERWHELMED = [
  'D1 DB is overloaded. Too many requests queued.',
  'D1 DB storage operation exceeded timeout which caused object to be reset.',
  "Your Worker's isolate exceeded its memory limit: out of memory",
  'something nobody has seen before',
];

interface Fault {
  /** Whether this call fails. */
  readonly fails: () => boolean;
  readonly message: string;
  /** Whether the call reaches the database before its answer is lost. */
  readonly after?: boolean;
  readonly delay?: number;
}

/** The real database, with calls that fail as told. */
function faulty(fault: Fault): D1Database {
  const run = async <T>(call: () => Promise<T>): Promise<T> => {
    if (fault.delay) await scheduler.wait(fault.delay);
    if (!fault.fails()) return call();
    if (fault.after) await call();
    throw new Error(`D1_ERROR: ${fault.message}`);
  };
  const wrapped = new WeakMap<object, D1PreparedStatement>();
  const statement = (real: D1PreparedStatement): D1PreparedStatement => {
    const proxy = {
      bind: (...values: unknown[]) => statement(real.bind(...values)),
      all: () => run(() => real.all()),
      run: () => run(() => real.run()),
      first: (column?: string) => run(() => (column === undefined ? real.first() : real.first(column))),
    } as unknown as D1PreparedStatement;
    wrapped.set(proxy, real);
    return proxy;
  };
  return {
    prepare: (sql: string) => statement(db.prepare(sql)),
    batch: (list: D1PreparedStatement[]) =>
      run(() => db.batch(list.map((one) => wrapped.get(one) as D1PreparedStatement))),
  } as unknown as D1Database;
}

/** A queue that keeps what it is sent, or refuses. */
class TestQueue {
  messages: Message[] = [];
  rejects = false;

  async sendBatch(list: Iterable<{ body: Message }>): Promise<void> {
    if (this.rejects) throw new Error('Queue sendBatch failed: Too Many Requests');
    // A message is JSON on its way, and has 128 KB.
    for (const { body } of list) {
      const text = JSON.stringify(body);
      if (new TextEncoder().encode(text).length > 128_000) throw new Error('message length exceeds limit');
      this.messages.push(JSON.parse(text) as Message);
    }
  }
}

function envWith(database: D1Database, queue?: TestQueue): Env {
  const { ANALYTICS: _, ...rest } = testEnv as Env & { ANALYTICS?: unknown };
  return {
    ...rest,
    ADMIN_TOKEN: SECRET,
    DB: database,
    ...(queue ? { QUEUE: queue as unknown as Queue<Message> } : { QUEUE: undefined }),
  } as Env;
}

let next = 0;
function hit(pixel: Pixel, ev = 'pageview', more: Partial<RawHit> = {}): RawHit {
  const n = next++;
  return {
    id: nextEventId(),
    receivedAt: Date.now(),
    head: false,
    client: {
      ...UNKNOWN_CLIENT,
      ip: `192.0.2.${n % 250}`,
      userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0',
      languages: 'en',
    },
    events: [{ ...BLANK_EVENT, id: pixel.id, ev, dl: `https://site.example/${n}` }],
    ...more,
  };
}

/** Delivers what is in a queue until it is empty. */
async function drain(queue: TestQueue, env: Env): Promise<void> {
  for (let round = 0; queue.messages.length > 0; round++) {
    if (round > 20) throw new Error('the queue does not empty');
    const messages = queue.messages.splice(0);
    const batch = createMessageBatch<Message>(
      'speck-events',
      messages.map((body, index) => ({ id: `m${round}-${index}`, timestamp: new Date(), attempts: 1, body })),
    );
    await consume(batch, env);
    const context = createExecutionContext();
    const result = await getQueueResult(batch, context);
    const again = new Set(result.retryMessages.map(({ msgId }) => msgId));
    messages.forEach((body, index) => {
      if (again.has(`m${round}-${index}`)) queue.messages.push(body);
    });
  }
}

async function storedOf(pixel: Pixel): Promise<{ stored: number; doubled: number }> {
  const sql =
    'SELECT count(*) AS stored, count(*) - count(DISTINCT page) AS doubled FROM events WHERE pixel = ?';
  return (
    (await db.prepare(sql).bind(pixel.id).first<{ stored: number; doubled: number }>()) ?? {
      stored: 0,
      doubled: 0,
    }
  );
}

/** Batches of five events from many requests, a few a second while D1 is broken. */
async function outage(pixel: Pixel, env: Env, milliseconds: number): Promise<number> {
  const end = Date.now() + milliseconds;
  const flushes: Promise<void>[] = [];
  let answered = 0;
  while (Date.now() < end) {
    flushes.push(
      ingest(
        env,
        Array.from({ length: 5 }, () => hit(pixel)),
      ),
    );
    answered += 5;
    await scheduler.wait(1_000);
  }
  await Promise.all(flushes);
  return answered;
}

describe('D1 fails for 30 seconds', () => {
  const rows = [
    ...RETRYABLE.flatMap((message) => [0.1, 0.5, 1].map((share) => ({ message, share, after: false }))),
    ...RETRYABLE.map((message) => ({ message, share: 0.5, after: true })),
    ...OVERWHELMED.map((message) => ({ message, share: 1, after: false })),
  ];

  it.concurrent('in each way and share: every event is stored once, and nothing is lost', {
    timeout: 120_000,
  }, async () => {
    const report = await Promise.all(
      rows.map(async ({ message, share, after }) => {
        const pixel = await makePixel('UTC');
        const queue = new TestQueue();
        const env = envWith(faulty({ fails: () => Math.random() < share, message, after }), queue);
        const answered = await outage(pixel, env, OUTAGE);
        const spilled = queue.messages.length;
        await drain(queue, envWith(db, queue));
        return { message, share, after, answered, spilled, ...(await storedOf(pixel)) };
      }),
    );
    console.log(JSON.stringify(report));
    for (const row of report) {
      expect(row, JSON.stringify(row)).toMatchObject({ stored: row.answered, doubled: 0 });
      if (row.share === 1) expect(row.spilled).toBeGreaterThan(0);
    }
  });

  it.concurrent('or is slow by 5 seconds: every event is stored once', { timeout: 60_000 }, async () => {
    const pixel = await makePixel('UTC');
    const queue = new TestQueue();
    const env = envWith(faulty({ fails: () => false, message: '', delay: 5_000 }), queue);
    const answered = await outage(pixel, env, 5_000);
    expect(queue.messages).toEqual([]);
    expect(await storedOf(pixel)).toEqual({ stored: answered, doubled: 0 });
  });
});

describe('the queue', () => {
  const down = () => faulty({ fails: () => true, message: 'D1 DB is overloaded.' });

  it('fails too: lost events are counted, and health reports them', async () => {
    const pixel = await makePixel('UTC');
    const queue = new TestQueue();
    queue.rejects = true;
    await ingest(envWith(down(), queue), [hit(pixel), hit(pixel)]);
    expect(await storedOf(pixel)).toEqual({ stored: 0, doubled: 0 });
    // The count waits for D1 to come back.
    await ingest(envWith(db, queue), [hit(pixel)]);
    expect((await readCounters(db)).get('lost_events')?.value).toBe(2);
    const response = await worker.fetch(
      new Request('https://px.example.com/health') as Request<unknown, IncomingRequestCfProperties>,
      envWith(db),
      createExecutionContext(),
    );
    expect(await response.json()).toMatchObject({
      status: 'degraded',
      ingest: { lost_events: 2, spilling: expect.stringContaining('off') },
    });
  });

  it('is not bound: direct mode works, and an outage is counted as a loss', async () => {
    const pixel = await makePixel('UTC');
    await ingest(envWith(db), [hit(pixel)]);
    expect(await storedOf(pixel)).toEqual({ stored: 1, doubled: 0 });
    await ingest(envWith(down()), [hit(pixel)]);
    expect(await storedOf(pixel)).toEqual({ stored: 1, doubled: 0 });
  });

  it('receives all events in queue mode, and those that it rejects go to D1', async () => {
    const pixel = await makePixel('UTC');
    const queue = new TestQueue();
    const env = { ...envWith(db, queue), INGEST_MODE: 'queue' };
    await ingest(env, [hit(pixel), hit(pixel)]);
    expect(await storedOf(pixel)).toEqual({ stored: 0, doubled: 0 });
    await drain(queue, env);
    queue.rejects = true;
    await ingest(env, [hit(pixel)]);
    expect(await storedOf(pixel)).toEqual({ stored: 3, doubled: 0 });
  });

  it('contains no address and no user agent in plain text, even if lookups failed', async () => {
    const pixel = await makePixel('UTC');
    const queue = new TestQueue();
    const unknown = {
      ...hit(pixel),
      events: [{ ...BLANK_EVENT, id: `px_${randomBase58(16)}`, ev: 'e' }],
    };
    await ingest(envWith(down(), queue), [hit(pixel), unknown]);
    expect(queue.messages.length).toBeGreaterThan(0);
    const text = JSON.stringify(queue.messages);
    expect(text).not.toContain('192.0.2.');
    expect(text).not.toContain('Firefox/130');
    await drain(queue, envWith(db, queue));
    expect(await storedOf(pixel)).toEqual({ stored: 1, doubled: 0 });
  });

  it('receives a batch of any size as multiple messages', async () => {
    const pixel = await makePixel('UTC');
    const queue = new TestQueue();
    const long = '\u20ac'.repeat(500);
    const cd = Array.from({ length: 30 }, (_, index): [string, unknown] => [`key${index}`, long]);
    const big = Array.from({ length: 30 }, () => {
      const one = hit(pixel);
      return { ...one, events: one.events.map((event) => event && { ...event, cd }) };
    });
    await ingest({ ...envWith(db, queue), INGEST_MODE: 'queue' }, big);
    expect(queue.messages.length).toBeGreaterThan(1);
    await drain(queue, envWith(db, queue));
    expect(await storedOf(pixel)).toEqual({ stored: 30, doubled: 0 });
  });
});

describe('a message', () => {
  async function spilled(pixel: Pixel, hits: RawHit[], isStored: boolean): Promise<TestQueue> {
    const queue = new TestQueue();
    if (isStored) await ingest({ ...envWith(db, queue), INGEST_MODE: 'queue' }, hits);
    else {
      const stranger = {
        ...hit(pixel),
        events: [{ ...BLANK_EVENT, id: `px_${randomBase58(16)}`, ev: 'e', dl: '' }],
      };
      await ingest(envWith(faulty({ fails: () => true, message: 'overloaded' }), queue), [...hits, stranger]);
    }
    return queue;
  }

  it.each([true, false])(
    'delivered three times is stored and counted once (enriched: %s)',
    async (isStored) => {
      const pixel = await makePixel('UTC');
      const bot = hit(pixel);
      const asBot = { ...bot, client: { ...bot.client, userAgent: 'Googlebot/2.1' } };
      const queue = await spilled(pixel, [hit(pixel), hit(pixel), asBot], isStored);
      const messages = [...queue.messages];
      for (let time = 0; time < 3; time++) {
        queue.messages = [...messages];
        await drain(queue, envWith(db, queue));
      }
      expect(await storedOf(pixel)).toEqual({ stored: 2, doubled: 0 });
      const sql = `SELECT sum(count) AS n FROM rejections WHERE pixel = ? AND reason = 'bot'`;
      expect(await db.prepare(sql).bind(pixel.id).first('n')).toBe(1);
    },
  );

  it('whose consumer dies between writing and acknowledging is redelivered and doubles nothing', async () => {
    const pixel = await makePixel('UTC');
    const queue = await spilled(pixel, [hit(pixel), hit(pixel)], true);
    // Every write succeeds, and its answer is lost each time.
    const lostAnswers = faulty({ fails: () => true, message: 'overloaded', after: true });
    const batch = createMessageBatch<Message>(
      'speck-events',
      queue.messages.map((body, index) => ({ id: `m${index}`, timestamp: new Date(), attempts: 1, body })),
    );
    await consume(batch, envWith(lostAnswers, queue));
    const result = await getQueueResult(batch, createExecutionContext());
    expect(result.explicitAcks).toEqual([]);
    expect(result.retryMessages).toHaveLength(queue.messages.length);
    await drain(queue, envWith(db, queue));
    expect(await storedOf(pixel)).toEqual({ stored: 2, doubled: 0 });
  });

  it('that cannot be read delays no other, becomes a dead letter, and can be replayed', async () => {
    const pixel = await makePixel('UTC');
    const queue = await spilled(pixel, [hit(pixel)], true);
    const poison = { kind: 'hits', id: 'p', sealed: btoa('x'.repeat(40)) } as Message;
    const batch = createMessageBatch<Message>('speck-events', [
      { id: 'poison', timestamp: new Date(), attempts: 1, body: poison },
      { id: 'good', timestamp: new Date(), attempts: 1, body: queue.messages[0] as Message },
    ]);
    await consume(batch, envWith(db, queue));
    const result = await getQueueResult(batch, createExecutionContext());
    expect(result.explicitAcks).toEqual(['good']);
    expect(result.retryMessages.map(({ msgId }) => msgId)).toEqual(['poison']);

    // What the queue gives up arrives on the dead-letter queue; here one that is fine, and one that is not.
    const later = await spilled(pixel, [hit(pixel)], true);
    const dead = createMessageBatch<Message>('speck-dead-letters', [
      { id: 'poison', timestamp: new Date(), attempts: 1, body: poison },
      { id: 'good', timestamp: new Date(), attempts: 1, body: later.messages[0] as Message },
    ]);
    const env = envWith(db, queue);
    await worker.queue(dead, env);
    await worker.queue(dead, env);
    const call = async (method: string, path: string) => {
      const context = createExecutionContext();
      const request = new Request(`https://px.example.com${path}`, {
        method,
        headers: { authorization: `Bearer ${SECRET}` },
      });
      const response = await worker.fetch(
        request as Request<unknown, IncomingRequestCfProperties>,
        env,
        context,
      );
      await waitOnExecutionContext(context);
      return response.json();
    };
    expect(await call('GET', '/api/v1/dead-letters')).toEqual({ count: 2 });
    expect(await call('POST', '/api/v1/dead-letters/replay')).toMatchObject({
      replayed: 1,
      failed: [{ id: 'poison' }],
      next: null,
    });
    expect(await call('GET', '/api/v1/dead-letters')).toEqual({ count: 1 });
    expect(await storedOf(pixel)).toEqual({ stored: 2, doubled: 0 });
  });
});

describe('a poison event', () => {
  it('in a full batch is counted as unstorable, and the others are stored', async () => {
    const pixel = await makePixel('UTC');
    await db
      .prepare(
        `CREATE TRIGGER poison BEFORE INSERT ON events WHEN NEW.name = 'Poison' BEGIN SELECT raise(ABORT, 'poison'); END`,
      )
      .run();
    const hits = Array.from({ length: 200 }, (_, index) => hit(pixel, index === 137 ? 'Poison' : 'pageview'));
    await ingest(envWith(db), hits);
    await db.prepare('DROP TRIGGER poison').run();
    expect(await storedOf(pixel)).toEqual({ stored: 199, doubled: 0 });
    const sql = `SELECT count FROM rejections WHERE pixel = ? AND reason = 'unstorable'`;
    expect(await db.prepare(sql).bind(pixel.id).first('count')).toBe(1);
  });
});

describe('an API batch', () => {
  it('is acknowledged only when it is stored, and is not doubled if sent again', async () => {
    const pixel = await makePixel('UTC');
    const arrival = (id: string) => ({
      id,
      receivedAt: Date.now(),
      head: false,
      client: hit(pixel).client,
      overrides: { ts: Date.now() - 1000, ip: undefined, ua: undefined, country: undefined },
    });
    const incoming = Array.from({ length: 50 }, (_, index) => ({
      raw: {
        ...BLANK_EVENT,
        id: pixel.id,
        ev: 'Sale',
        dl: `https://site.example/${index}`,
        eid: `s${index}`,
      },
      arrival: arrival(`a${index}`),
    }));
    const lost = envWith(faulty({ fails: () => true, message: 'overloaded', after: true }));
    await expect(ingestFromApi(lost, incoming, Date.now())).rejects.toThrow('overloaded');
    const outcomes = await ingestFromApi(envWith(db), incoming, Date.now());
    expect(outcomes.every(({ status }) => status === 'stored' || status === 'duplicate')).toBe(true);
    expect(await storedOf(pixel)).toEqual({ stored: 50, doubled: 0 });
  });
});
