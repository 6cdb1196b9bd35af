/** Which of D1 and Analytics Engine stores an event: exactly one of them, whatever fails. */
import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { eventOf, KIND } from '../../src/engine/point.ts';
import { consume } from '../../src/enrich/consume.ts';
import { ingest, ingestFromApi, ingestImported } from '../../src/enrich/ingest.ts';
import { type Env, eventStore, eventStoreProblem } from '../../src/env.ts';
import worker from '../../src/index.ts';
import type { Message } from '../../src/model/batch.ts';
import { EVENT_COLUMNS, type Event } from '../../src/model/event.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { nextEventId, randomBase58 } from '../../src/model/random.ts';
import { BLANK_EVENT, type RawEvent, type RawHit, UNKNOWN_CLIENT } from '../../src/model/wire.ts';
import { rowOfPoint } from '../engine/rows.ts';
import { applySchema, db, makePixel, place, testEnv } from '../fixtures.ts';
import '../seed.ts';

const MINUTE = 60_000;
const HUMAN = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0';

let pixel: Pixel;
beforeAll(async () => {
  await applySchema();
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterAll(() => vi.restoreAllMocks());
beforeEach(async () => {
  pixel = await makePixel('UTC', { identity: 'open' });
});

/** What Analytics Engine has got. It refuses points from the given one on. */
class Engine {
  readonly points: AnalyticsEngineDataPoint[] = [];
  readonly most: number;

  constructor(most = Number.POSITIVE_INFINITY) {
    this.most = most;
  }

  writeDataPoint(point: AnalyticsEngineDataPoint): void {
    if (this.points.length >= this.most) throw new Error('no more points');
    this.points.push(point);
  }

  events(kind: number = KIND.event): Event[] {
    return this.points
      .filter(({ doubles = [] }) => doubles[2] === kind)
      .map((point) => eventOf(rowOfPoint(point)));
  }
}

class TestQueue {
  readonly messages: Message[] = [];

  async sendBatch(list: Iterable<{ body: Message }>): Promise<void> {
    for (const { body } of list) this.messages.push(JSON.parse(JSON.stringify(body)) as Message);
  }
}

function envWith(engine: Engine, more: Partial<Env> = {}): Env {
  return {
    ...testEnv,
    QUEUE: undefined,
    EVENT_STORE: 'analytics_engine',
    ANALYTICS: engine as unknown as AnalyticsEngineDataset,
    ACCOUNT_ID: 'account',
    ANALYTICS_TOKEN: 'token',
    ...more,
  } as Env;
}

/** A database that fails every call, and counts them. */
function brokenDatabase() {
  const calls = { count: 0 };
  const fail = () => {
    calls.count++;
    throw new Error('D1_ERROR: D1 DB is overloaded.');
  };
  return { calls, database: { prepare: fail, batch: fail } as unknown as D1Database };
}

let next = 0;
function hit(events: readonly Partial<RawEvent>[], more: Partial<RawHit> = {}): RawHit {
  const n = next++;
  return {
    id: nextEventId(),
    receivedAt: Date.now(),
    head: false,
    client: { ...UNKNOWN_CLIENT, ip: `192.0.2.${n % 250}`, userAgent: HUMAN, languages: 'en' },
    events: events.map((event) => ({
      ...BLANK_EVENT,
      id: pixel.id,
      ev: 'pageview',
      dl: `https://site.example/${n}`,
      ...event,
    })),
    ...more,
  };
}

const rows = async (): Promise<Event[]> =>
  (await db.prepare('SELECT * FROM events WHERE pixel = ? ORDER BY ts, id').bind(pixel.id).all<Event>())
    .results;

const stored = async (engine: Engine) => ({ points: engine.events().length, rows: (await rows()).length });

const sender = { isApart: false } as NonNullable<RawHit['sender']>;
/** Who is known, what a point cannot hold, and what is not of now: each goes to D1. All else goes to Analytics Engine. */
const CASES: readonly (readonly [string, 'engine' | 'd1', () => RawHit])[] = [
  ['a page view', 'engine', () => hit([{}])],
  ['an event', 'engine', () => hit([{ ev: 'Signup' }])],
  [
    'an event with revenue',
    'engine',
    () =>
      hit([
        {
          ev: 'Purchase',
          cd: [
            ['value', '9.99'],
            ['currency', 'EUR'],
          ],
        },
      ]),
  ],
  [
    'an engagement',
    'engine',
    () =>
      hit([
        {
          ev: 'engagement',
          cd: [
            ['engaged', 5000],
            ['scroll', 50],
          ],
        },
      ]),
  ],
  [
    'a visitor who asks for privacy',
    'engine',
    () => hit([{}], { client: { ...UNKNOWN_CLIENT, ip: '192.0.2.1', userAgent: HUMAN, refusal: 'signal' } }),
  ],
  [
    'a client without an address',
    'engine',
    () => hit([{}], { client: { ...UNKNOWN_CLIENT, userAgent: HUMAN } }),
  ],
  ['a hit of nine minutes ago', 'engine', () => hit([{}], { receivedAt: Date.now() - 9 * MINUTE })],
  ["an event with a client's id", 'd1', () => hit([{ ev: 'Purchase', eid: `order-${next}` }])],
  ['an event with custom data', 'd1', () => hit([{ ev: 'Signup', cd: [['plan', 'pro']] }])],
  ['a signed-in user', 'd1', () => hit([{ uid: 'user-1', consent: 'granted' }])],
  ['a hit of eleven minutes ago', 'd1', () => hit([{}], { receivedAt: Date.now() - 11 * MINUTE })],
  ['a hit of a clock that is ahead', 'd1', () => hit([{}], { receivedAt: Date.now() + 11 * MINUTE })],
  ['an authenticated sender', 'd1', () => hit([{}], { sender })],
];

describe('an event', () => {
  it.each(CASES)('is stored once: %s in %s', async (_, where, make) => {
    for (const mode of ['direct', 'queue'] as const) {
      const engine = new Engine();
      const queue = new TestQueue();
      const env = envWith(engine, { INGEST_MODE: mode, QUEUE: queue as unknown as Queue<Message> });
      const before = await rows();
      await ingest(env, [make()]);
      expect(queue.messages).toHaveLength(mode === 'queue' && where === 'd1' ? 1 : 0);
      await deliverAll(queue, env);
      // The dataset has nothing else either: D1's events have no copy.
      expect([engine.points.length, (await rows()).length - before.length]).toEqual(
        where === 'engine' ? [1, 0] : [0, 1],
      );
    }
  });

  it('is read back from its point as D1 would have stored it', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      fc.string({ unit: 'binary', maxLength: 20 }),
    );
    const raw = fc.record({
      ev: fc.oneof(fc.constant('pageview'), fc.constant('engagement'), text),
      dl: fc.oneof(
        text,
        text.map(
          (path) => `https://site.example/${encodeURIComponent(path.toWellFormed())}?utm_source=a&utm_term=b`,
        ),
      ),
      rl: fc.oneof(fc.constant('https://www.google.com/'), text),
      cd: fc.oneof(
        fc.constant([]),
        fc.tuple(fc.constantFrom('value', 'engaged', 'scroll'), text).map((one) => [one]),
      ),
    });
    const sent = fc.sample(raw, { numRuns: 400, seed: 7 }).map((one) => hit([one as Partial<RawEvent>]));
    const engine = new Engine();
    await ingest(envWith(engine), sent);
    const rest = await rows();
    const points = engine.events();
    expect(points.length).toBeGreaterThan(100);
    await ingest(envWith(new Engine(), { EVENT_STORE: 'd1' }), sent);
    const inD1 = (await rows()).filter(({ id }) => !rest.some((row) => row.id === id));
    const byId = (a: Event, b: Event) => (a.id < b.id ? -1 : 1);
    const columns = (event: Event) =>
      Object.fromEntries(EVENT_COLUMNS.map((column) => [column, event[column]]));
    expect(points.toSorted(byId).map(columns)).toEqual(inD1.toSorted(byId).map(columns));
  });

  it('of the API goes to D1, since its sender is told when it is durable', async () => {
    const engine = new Engine();
    const { events, ...arrival } = hit([{}]);
    const incoming = events.map((raw) => ({ raw, arrival: { ...arrival, overrides: {}, isApart: false } }));
    const [outcome] = await ingestFromApi(envWith(engine), incoming, Date.now());
    expect([outcome?.status, await stored(engine)]).toEqual(['stored', { points: 0, rows: 1 }]);
  });

  it('of an import goes to D1, since an import can be undone', async () => {
    const engine = new Engine();
    const placed = place(pixel, { id: 'imp_1', name: 'pageview', ts: Date.now() } as Parameters<
      typeof place
    >[1]);
    const batch = { id: randomBase58(12), events: [placed], rejections: [], importId: 'imp_none' };
    await ingestImported(envWith(engine), batch, Date.now());
    expect(engine.points).toEqual([]);
  });
});

describe('a batch', () => {
  /** Reads the pixel and the salt into this isolate's memory. */
  const warmUp = async () => {
    await ingest(envWith(new Engine()), [hit([{}])]);
  };

  it('of points only asks D1 nothing, so it is stored while D1 fails', async () => {
    await warmUp();
    const { database, calls } = brokenDatabase();
    const engine = new Engine();
    await ingest(envWith(engine, { DB: database }), [hit([{}, {}]), hit([{}])]);
    expect([engine.events().length, calls.count]).toEqual([3, 0]);
  });

  it('has its points stored once while D1 fails, and the rest waits in the queue', async () => {
    await warmUp();
    const { database } = brokenDatabase();
    const engine = new Engine();
    const queue = new TestQueue();
    const more = { QUEUE: queue as unknown as Queue<Message> };
    await ingest(envWith(engine, { ...more, DB: database }), [hit([{}, { eid: 'order-2' }])]);
    expect([engine.events().length, queue.messages.length]).toEqual([1, 1]);
    await deliverAll(queue, envWith(engine, more));
    expect(await stored(engine)).toEqual({ points: 1, rows: 1 });
  });

  it('counts its rejections in D1', async () => {
    const engine = new Engine();
    const bot = {
      ...UNKNOWN_CLIENT,
      ip: '192.0.2.1',
      userAgent: 'Googlebot/2.1 (+http://www.google.com/bot.html)',
    };
    await ingest(envWith(engine), [hit([{}]), hit([{}, {}], { client: bot })]);
    const { results } = await db
      .prepare('SELECT reason, sum(count) AS count FROM rejections WHERE pixel = ? GROUP BY reason')
      .bind(pixel.id)
      .all();
    expect([results, await stored(engine)]).toEqual([[{ reason: 'bot', count: 2 }], { points: 1, rows: 0 }]);
  });

  it('stores in D1 what exceeds the points of an invocation', async () => {
    const engine = new Engine();
    await ingest(
      envWith(engine),
      Array.from({ length: 3 }, () => hit(Array.from({ length: 100 }, () => ({})))),
    );
    expect(await stored(engine)).toEqual({ points: 250, rows: 50 });
  });

  it.each([0, 1, 7])('stores in D1 what Analytics Engine refuses after %i points', async (most) => {
    const engine = new Engine(most);
    await ingest(envWith(engine), [hit(Array.from({ length: 10 }, () => ({})))]);
    expect(await stored(engine)).toEqual({ points: most, rows: 10 - most });
    const ids = [...engine.events(), ...(await rows())].map(({ id }) => id);
    expect(new Set(ids).size).toBe(10);
  });
});

describe('a queue message', () => {
  /** Hits wait in the queue if D1 does not even answer what their pixel is. */
  async function spilled(hits: readonly RawHit[]): Promise<TestQueue> {
    const queue = new TestQueue();
    const { database } = brokenDatabase();
    const unknown = { ...envWith(new Engine()), DB: database, QUEUE: queue as unknown as Queue<Message> };
    await ingest(unknown, hits);
    expect(queue.messages.length).toBeGreaterThan(0);
    return queue;
  }

  it('has its points written when it is delivered', async () => {
    const engine = new Engine();
    await deliverAll(await spilled([hit([{}, { eid: 'order-3' }])]), envWith(engine));
    expect(await stored(engine)).toEqual({ points: 1, rows: 1 });
  });

  it('is stored in D1 if it has waited', async () => {
    const engine = new Engine();
    await deliverAll(await spilled([hit([{}], { receivedAt: Date.now() - 11 * MINUTE })]), envWith(engine));
    expect(await stored(engine)).toEqual({ points: 0, rows: 1 });
  });

  it('writes no point as long as D1 does not accept the rest', async () => {
    const queue = await spilled([hit([{}, { eid: 'order-4' }])]);
    const engine = new Engine();
    let fails = true;
    const halfBroken = {
      prepare: (sql: string) => db.prepare(sql),
      batch: (list: D1PreparedStatement[]) =>
        fails ? Promise.reject(new Error('D1_ERROR: D1 DB is overloaded.')) : db.batch(list),
    } as unknown as D1Database;
    const env = envWith(engine, { DB: halfBroken });
    for (let delivery = 0; delivery < 3; delivery++) await deliver(queue.messages, env);
    expect(await stored(engine)).toEqual({ points: 0, rows: 0 });
    fails = false;
    await deliver(queue.messages, env);
    expect(await stored(engine)).toEqual({ points: 1, rows: 1 });
  });

  it('shares the points of an invocation with the others', async () => {
    const queue = await spilled(Array.from({ length: 4 }, () => hit(Array.from({ length: 80 }, () => ({})))));
    const engine = new Engine();
    await deliver(queue.messages, envWith(engine));
    expect(await stored(engine)).toEqual({ points: 250, rows: 70 });
  });
});

describe('the store', () => {
  const engine = { ANALYTICS: new Engine(), EVENT_STORE: 'analytics_engine' };
  it.each<[string, object, 'd1' | 'analytics_engine', RegExp | null]>([
    ['nothing', {}, 'd1', null],
    ['d1', { EVENT_STORE: 'd1' }, 'd1', null],
    [
      'an account and a token',
      { ...engine, ACCOUNT_ID: 'a', ANALYTICS_TOKEN: 't' },
      'analytics_engine',
      null,
    ],
    ['the binding', { ...engine, ANALYTICS_SQL: {} }, 'analytics_engine', null],
    [
      'another word',
      { ...engine, ANALYTICS_SQL: {}, EVENT_STORE: 'Analytics Engine' },
      'd1',
      /"Analytics Engine"; set it to d1/,
    ],
    [
      'no dataset',
      { EVENT_STORE: 'analytics_engine', ANALYTICS_SQL: {} },
      'd1',
      /bind a dataset as ANALYTICS/,
    ],
    ['nothing that reads', engine, 'd1', /bind ANALYTICS_SQL/],
    ['an account without a token', { ...engine, ACCOUNT_ID: 'a' }, 'd1', /ANALYTICS_TOKEN/],
  ])('is known, and what is wrong with it, with %s', (_, settings, store, problem) => {
    const env = settings as unknown as Env;
    expect(eventStore(env)).toBe(store);
    if (problem === null) expect(eventStoreProblem(env)).toBeNull();
    else expect(eventStoreProblem(env)).toMatch(problem);
  });

  it.each([
    [{}, 'analytics_engine'],
    [{ EVENT_STORE: 'd1' }, 'd1'],
    [{ EVENT_STORE: 'analytics' }, 'd1: EVENT_STORE is "analytics"; set it to d1 or analytics_engine.'],
  ])('is in the answer of /health: %j', async (more, expected) => {
    const own = {
      prepare: (sql: string) => db.prepare(sql),
      batch: (list: D1PreparedStatement[]) => db.batch(list),
    };
    const response = await worker.fetch(
      new Request('https://px.example.com/health') as Request<unknown, IncomingRequestCfProperties>,
      envWith(new Engine(), { ...more, DB: own as unknown as D1Database }),
      createExecutionContext(),
    );
    const health = (await response.json()) as { status: string; ingest: { event_store: string } };
    expect(health.ingest.event_store).toBe(expected);
    if (expected.includes(':')) expect(health.status).toBe('degraded');
  });

  it('keeps copies of events of D1, as long as it is D1', async () => {
    const dataset = new Engine();
    await ingest(envWith(dataset, { EVENT_STORE: '' }), [hit([{}, { eid: 'order-5' }])]);
    expect([dataset.events(KIND.copy).length, await stored(dataset)]).toEqual([2, { points: 0, rows: 2 }]);
  });
});

async function deliver(messages: readonly Message[], env: Env): Promise<void> {
  const list = messages.map((body, index) => ({ id: `m${index}`, timestamp: new Date(), attempts: 1, body }));
  const batch = createMessageBatch<Message>('speck-events', list);
  const context = createExecutionContext();
  await consume(batch, env);
  await getQueueResult(batch, context);
}

async function deliverAll(queue: TestQueue, env: Env): Promise<void> {
  const messages = queue.messages.splice(0);
  if (messages.length > 0) await deliver(messages, env);
}
