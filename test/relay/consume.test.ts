/** The queue's messages and the cron: which destinations are served, by whom, and what one that fails does to the others. */
import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { makeMeta } from '../../scripts/lib/networks/meta.ts';
import { consume } from '../../src/enrich/consume.ts';
import { type Env, secretsOf } from '../../src/env.ts';
import type { Message } from '../../src/model/batch.ts';
import type { Destination } from '../../src/model/destination.ts';
import { MAX_PER_INVOCATION, PAID_TIMES } from '../../src/relay/limits.ts';
import { runJob } from '../../src/rollup/job.ts';
import { openDestination } from '../../src/store/destinations.ts';
import { sealKeys } from '../../src/store/sealed-keys.ts';
import { applySchema, db, testEnv } from '../fixtures.ts';
import {
  DAY,
  enqueue,
  HOUR,
  keepClick,
  ledgerOf,
  MINUTE,
  makeDestination,
  rowOf,
  statesOf,
} from './fixture.ts';
import { PURCHASE } from './sending.ts';

interface Sent {
  readonly body: Message;
  readonly delaySeconds?: number;
}

let fake: ReturnType<typeof makeMeta>;
let asked: Sent[];
let env: Env;

beforeAll(applySchema);
beforeEach(async () => {
  await db.batch(
    ['destinations', 'deliveries', 'clicks', 'withdrawals', 'failed_tasks'].map((table) =>
      db.prepare(`DELETE FROM ${table}`),
    ),
  );
  fake = makeMeta();
  asked = [];
  const queue = { sendBatch: async (list: Iterable<Sent>) => void asked.push(...list) };
  env = { ...testEnv, QUEUE: queue as unknown as Queue<Message> };
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => fake.fetch(new Request(url, init)));
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

let next = 0;
/** A destination at the fake, with so many conversions that wait. */
async function withWaiting(count: number, now = Date.now(), more: Partial<Destination> = {}) {
  const destination = await makeDestination(
    { network: 'meta', account: fake.account, rules: [{ event: 'Purchase', as: 'Purchase' }], ...more },
    fake.secret,
  );
  const conversions = Array.from({ length: count }, () => ({
    ...PURCHASE,
    event_id: `e${next++}`,
    ts: now - MINUTE,
    clicks: {},
  }));
  await enqueue(destination, conversions, { as: 'Purchase' });
  return destination;
}

async function consumeOf(...destinations: readonly Destination[]) {
  const messages = destinations.map(({ id }, index) => ({
    id: `m${index}`,
    timestamp: new Date(),
    attempts: 1,
    body: { kind: 'relay', destination: id } as const,
  }));
  const batch = createMessageBatch<Message>('speck-events', messages);
  await consume(batch, env);
  return getQueueResult(batch, createExecutionContext());
}

const all = (count: number, state: string) => Array.from({ length: count }, () => state);

describe('a message of the queue', () => {
  it('has the conversions of its destination sent, and no others', async () => {
    const [one, other] = [await withWaiting(3), await withWaiting(2)];
    const result = await consumeOf(one, one, one);
    expect(result.explicitAcks).toEqual(['m0', 'm1', 'm2']);
    expect(Object.values(await statesOf(one))).toEqual(all(3, 'delivered'));
    expect(Object.values(await statesOf(other))).toEqual(all(2, 'waiting'));
    expect(asked).toEqual([]);
  });

  it('is followed by another when its network asks to wait, and only by the one that was refused', async () => {
    const one = await withWaiting(3);
    fake.trouble('down');
    await consumeOf(one);
    expect(asked).toMatchObject([{ body: { kind: 'relay', destination: one.id } }]);
    expect(asked[0]?.delaySeconds).toBeGreaterThan(25);
    expect(asked[0]?.delaySeconds).toBeLessThanOrEqual(30);
    await consumeOf(one);
    expect(asked).toHaveLength(1);
  });

  it('is followed by another at once if more is due', async () => {
    const one = await withWaiting(70);
    await consumeOf(one);
    expect(asked).toEqual([{ body: { kind: 'relay', destination: one.id }, delaySeconds: 0 }]);
    await consumeOf(one);
    expect(new Set(Object.values(await statesOf(one)))).toEqual(new Set(['delivered']));
    expect(fake.counted()).toHaveLength(70);
    expect(asked).toHaveLength(1);
  });

  it.each(['free', 'paid'] as const)('sends as much as the %s plan has CPU for', async (plan) => {
    const most = MAX_PER_INVOCATION.deliveries * (plan === 'free' ? 1 : PAID_TIMES);
    env = { ...env, CRON_STATEMENTS: plan === 'free' ? '45' : '900' };
    const one = await withWaiting(most + 1);
    await consumeOf(one);
    expect(fake.counted()).toHaveLength(most);
    expect(asked).toEqual([{ body: { kind: 'relay', destination: one.id }, delaySeconds: 0 }]);
    await consumeOf(one);
    expect(fake.counted()).toHaveLength(most + 1);
  });

  it('of a destination that is gone, off, stopped or unreadable is acknowledged', async () => {
    const gone = { ...(await withWaiting(0)), id: 'ds_1111111111111111' };
    const off = await withWaiting(1, Date.now(), { state: 'off' });
    const unreadable = await withWaiting(1);
    await db.prepare(`UPDATE destinations SET secret = 'x' WHERE id = ?`).bind(unreadable.id).run();
    const { explicitAcks } = await consumeOf(gone, off, unreadable);
    expect(explicitAcks).toEqual(['m0', 'm1', 'm2']);
    expect(fake.counted()).toEqual([]);
    expect(await rowOf(unreadable)).toMatchObject({ state: 'stopped' });
    expect(Object.values(await statesOf(unreadable))).toEqual(['waiting']);
  });

  it('waits for no other: each of many destinations is served, or its message comes again', async () => {
    const many = await Promise.all(Array.from({ length: 8 }, () => withWaiting(2)));
    let inFlight = 0;
    let most = 0;
    vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
      most = Math.max(most, ++inFlight);
      await scheduler.wait(20);
      inFlight--;
      return fake.fetch(new Request(url, init));
    });
    const { explicitAcks, retryMessages } = await consumeOf(...many);
    expect(most).toBeGreaterThan(1);
    expect(explicitAcks.length).toBeGreaterThanOrEqual(4);
    expect(explicitAcks.length + retryMessages.length).toBe(8);
    const left = new Set(retryMessages.map(({ msgId }) => msgId));
    await consumeOf(...many.filter((_, index) => left.has(`m${index}`)));
    expect(fake.counted()).toHaveLength(16);
  });

  it('that D1 does not serve is left to the cron', async () => {
    const one = await withWaiting(1);
    await db.prepare('ALTER TABLE deliveries RENAME TO hidden').run();
    try {
      expect((await consumeOf(one)).explicitAcks).toEqual(['m0']);
    } finally {
      await db.prepare('ALTER TABLE hidden RENAME TO deliveries').run();
    }
    await runJob(env, Date.now());
    expect(Object.values(await statesOf(one))).toEqual(['delivered']);
  });
});

describe('the cron', () => {
  /** Off the hour, and one of the runs that serve conversions whatever else there is to do. */
  const NOW = (() => {
    const turn = 15 * MINUTE;
    const at = Math.ceil(Date.now() / turn) * turn;
    return at % HOUR === 0 ? at + turn : at;
  })();
  const run = (at: number, CRON_STATEMENTS = '45') =>
    runJob({ ...env, QUEUE: undefined, CRON_STATEMENTS } as unknown as Env, at);

  beforeEach(() => {
    fake = makeMeta(() => NOW);
  });

  it('sends what is due, of the destination first that has waited for the longest time', async () => {
    const made = [];
    for (let index = 0; index < 12; index++) made.push(await withWaiting(1, NOW - index * MINUTE));
    expect(await run(NOW)).toMatchObject({ more: true, failed: 0 });
    const served = await Promise.all(
      made.map(async (one) => Object.values(await statesOf(one))[0] === 'delivered'),
    );
    expect(served.lastIndexOf(false)).toBeLessThan(served.indexOf(true));
    expect(served).toContain(true);
    for (let round = 1; round < 12; round++) await run(NOW + round * 5 * MINUTE);
    expect(fake.counted()).toHaveLength(12);
    expect(await run(NOW + HOUR)).toMatchObject({ more: false });
  });

  it('serves all in turn: others with any number of older conversions delay nobody for long', async () => {
    const flooded = [];
    for (let index = 0; index < 9; index++) flooded.push(await withWaiting(40, NOW - DAY));
    // What Speck itself refuses takes no shorter turn.
    await db.prepare(`UPDATE deliveries SET payload = 'x' WHERE destination = ?`).bind(flooded[0]?.id).run();
    const honest = await withWaiting(1, NOW);
    const done = async (one: Destination) =>
      Object.values(await statesOf(one)).filter((state) => state !== 'waiting').length;
    // A run serves three or more.
    for (let round = 0; round < 4; round++) await run(NOW + round * 5 * MINUTE);
    expect(await done(honest)).toBe(1);
    for (let round = 4; round < 8; round++) await run(NOW + round * 5 * MINUTE);
    const served = await Promise.all(flooded.map(done));
    expect(Math.min(...served)).toBeGreaterThanOrEqual(20);
  });

  it.each(['19', '25', '45'])(
    'serves a destination within three runs of %s statements',
    async (statements) => {
      await withWaiting(1, NOW);
      for (let round = 0; round < 3; round++) await run(NOW + (round + 1) * 5 * MINUTE, statements);
      expect(fake.counted()).toHaveLength(1);
    },
  );

  it('lets no failing destination delay another', async () => {
    const [bad, good] = [await withWaiting(1, NOW - HOUR), await withWaiting(1, NOW)];
    await db
      .prepare(
        `CREATE TRIGGER bad_claim BEFORE UPDATE ON deliveries WHEN NEW.destination = '${bad.id}' BEGIN SELECT raise(ABORT, 'broken'); END`,
      )
      .run();
    try {
      expect(await run(NOW)).toMatchObject({ failed: 1 });
    } finally {
      await db.prepare('DROP TRIGGER bad_claim').run();
    }
    expect(Object.values(await statesOf(good))).toEqual(['delivered']);
    const failed = await db.prepare(`SELECT task, item FROM failed_tasks WHERE task = 'relay'`).all();
    expect(failed.results).toEqual([{ task: 'relay', item: bad.id }]);
    await run(NOW + 15 * MINUTE);
    expect(Object.values(await statesOf(bad))).toEqual(['delivered']);
  });
});

describe('what is kept of conversions', () => {
  const HOURLY = Math.floor(Date.now() / HOUR) * HOUR;
  const clean = () => runJob({ ...env, CRON_STATEMENTS: '200' }, HOURLY);

  it('ends: what waits for a stopped destination expires, without its content', async () => {
    const stopped = await withWaiting(2, HOURLY, { state: 'stopped' });
    await db
      .prepare(
        `UPDATE deliveries SET expires_at = ?2 WHERE destination = ?1 AND event_id = (SELECT min(event_id) FROM deliveries)`,
      )
      .bind(stopped.id, HOURLY)
      .run();
    await clean();
    const rows = [...(await ledgerOf(stopped)).values()];
    expect(rows.map(({ state }) => state)).toEqual(['expired', 'waiting']);
    expect(rows.map(({ payload }) => payload === null)).toEqual([true, false]);
    expect(rows[0]?.answer).toContain('too old');
  });

  it('ends: of what may have arrived nobody knows', async () => {
    const stopped = await withWaiting(1, HOURLY, { state: 'stopped' });
    await db
      .prepare('UPDATE deliveries SET expires_at = 1, sent_at = 1 WHERE destination = ?')
      .bind(stopped.id)
      .run();
    await clean();
    expect(Object.values(await statesOf(stopped))).toEqual(['unknown']);
  });

  it('is deleted after its time, and with its destination', async () => {
    const one = await withWaiting(5, HOURLY, { state: 'stopped' });
    const orphaned = await withWaiting(3, HOURLY, { state: 'stopped' });
    const ids = [...(await ledgerOf(one)).keys()];
    const set = (id: string | undefined, ts: number, queued: number, state: string) =>
      db
        .prepare(
          'UPDATE deliveries SET ts = ?3, queued_at = ?4, state = ?5 WHERE destination = ?1 AND event_id = ?2',
        )
        .bind(one.id, id, ts, queued, state);
    const [before, after] = [HOURLY - 30 * DAY - 1, HOURLY - 30 * DAY + 1];
    await db.batch([
      set(ids[0], before, before, 'delivered'),
      set(ids[1], after, after, 'delivered'),
      // An event of long ago that was reported late stays as long as others.
      set(ids[2], before, after, 'refused'),
      set(ids[3], before, before, 'sent'),
      db.prepare('DELETE FROM destinations WHERE id = ?').bind(orphaned.id),
    ]);
    await keepClick(one.pixel, 'uold', 'gclid', { id: 'x', at: HOURLY - 90 * DAY - 1 });
    await keepClick(one.pixel, 'unew', 'gclid', { id: 'x', at: HOURLY - 90 * DAY + 1 });
    await db.batch([
      db.prepare('INSERT INTO withdrawals VALUES (?, ?, ?)').bind(one.pixel, 'uold', before),
      db.prepare('INSERT INTO withdrawals VALUES (?, ?, ?)').bind(one.pixel, 'unew', after),
    ]);
    await clean();
    expect([...(await ledgerOf(one)).keys()]).toEqual([ids[1], ids[2], ids[4]]);
    expect(await ledgerOf(orphaned)).toEqual(new Map());
    for (const table of ['clicks', 'withdrawals']) {
      expect((await db.prepare(`SELECT person FROM ${table}`).all()).results).toEqual([{ person: 'unew' }]);
    }
  });
});

it('a rotation of SECRET_KEY keeps the secrets of destinations', async () => {
  const one = await withWaiting(1);
  const rotated = { ...env, SECRET_KEY: 'another-secret-key-of-32-characters-or-more' };
  await sealKeys(db, [rotated.SECRET_KEY, ...secretsOf(env)]);
  expect((await openDestination(db, secretsOf(rotated), one.id))?.secret).toBe(fake.secret);
  expect((await openDestination(db, secretsOf(env), one.id))?.secret).toBeNull();
});
