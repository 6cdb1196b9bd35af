/** Delivering as such, with a network without peculiarities: who is sent what, when, how often, and what is stored of it. */
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { randomBase58 } from '../../src/model/random.ts';
import { LEASE } from '../../src/relay/deliver.ts';
import type { Network } from '../../src/relay/network.ts';
import { updateDestination } from '../../src/store/destination-changes.ts';
import { dueDestinations, NEVER } from '../../src/store/due-deliveries.ts';
import { applySchema, db, metered } from '../fixtures.ts';
import {
  answerIn,
  DAY,
  deliverOnce,
  enqueue,
  HOUR,
  keepClick,
  ledgerOf,
  MINUTE,
  makeDestination,
  NOW,
  OWNERS_SECRET,
  rowOf,
  statesOf,
} from './fixture.ts';
import { answering, conversionOf, PlainServer, plainNetwork } from './plain-network.ts';

beforeAll(applySchema);
afterEach(() => vi.restoreAllMocks());

const SECOND = 1000;

/** A destination with so many conversions that wait. */
async function withWaiting(count: number, more = {}) {
  const destination = await makeDestination(more);
  const ids = Array.from({ length: count }, (_, index) => `c${String(index).padStart(3, '0')}`);
  await enqueue(
    destination,
    ids.map((id, index) => conversionOf(id, NOW - MINUTE + index)),
  );
  return { destination, ids, server: new PlainServer() };
}

const once = (ids: readonly string[]) => new Map(ids.map((id) => [id, 1]));

describe('conversions that are due', () => {
  it('are sent once, in one request, and stored without what was sent', async () => {
    const { destination, ids, server } = await withWaiting(20);
    expect(await deliverOnce(destination, plainNetwork(), server.fetch)).toEqual({ more: false, next: null });
    expect(server.requests).toHaveLength(1);
    expect(server.arrivals).toEqual(once(ids));
    for (const row of (await ledgerOf(destination)).values()) {
      expect(row).toMatchObject({ state: 'delivered', tries: 1, payload: null, sent_at: NOW });
      expect(answerIn(row)).toEqual({ status: 200, code: '', message: '', trace: 't1', advice: '' });
      expect(JSON.parse(row.fields ?? '')).toContainEqual({ name: 'em', hashed: true });
      expect(JSON.stringify(row)).not.toContain('a'.repeat(64));
    }
    await deliverOnce(destination, plainNetwork(), server.fetch, { now: NOW + DAY });
    expect(server.requests).toHaveLength(1);
  });

  it('are cut into batches by number and by bytes', async () => {
    const { destination, ids, server } = await withWaiting(20);
    const large = (id: string) => ({ id, text: 'ü'.repeat(1000) });
    await deliverOnce(
      destination,
      plainNetwork({
        batch: { events: 7, bytes: 9000 },
        event: ({ conversion }) => large(conversion.event_id),
      }),
      server.fetch,
    );
    expect(server.arrivals).toEqual(once(ids));
    for (const { events } of server.requests) {
      expect(new TextEncoder().encode(JSON.stringify({ events, test: false })).length).toBeLessThan(9000);
    }
    expect(server.requests.length).toBeLessThan(8);
  });

  it('are more than one invocation takes: the rest is due at once', async () => {
    const { destination, ids, server } = await withWaiting(60);
    const network = plainNetwork({ batch: { events: 1, bytes: 10_000 } });
    const reports = [];
    for (let call = 0; call < 5; call++) reports.push(await deliverOnce(destination, network, server.fetch));
    expect(reports.map(({ more }) => more)).toEqual([true, false, false, false, false]);
    expect(server.arrivals).toEqual(once(ids));
  });

  it.each(['live', 'test'] as const)(
    'are not read beyond the requests of an invocation, %s',
    async (mode) => {
      const { destination, ids, server } = await withWaiting(60, { mode });
      const { db: measured, cost } = metered();
      const limits = { statements: 48, requests: 6, deliveries: 50 };
      const batch = { events: 2, bytes: 10_000, testEvents: 1 };
      const network = plainNetwork({ batch });
      const sent = limits.requests * (mode === 'live' ? 2 : 1);
      const first = await deliverOnce(destination, network, server.fetch, { db: measured, limits });
      expect(first.more).toBe(true);
      expect(server.arrivals.size).toBe(sent);
      // The index and the row of each that is read, claimed and marked.
      expect(cost.read).toBeLessThan(12 * sent);
      for (let more = true; more; )
        ({ more } = await deliverOnce(destination, network, server.fetch, { limits }));
      expect(server.arrivals).toEqual(once(ids));
    },
  );

  it.each([8, 13, 20, 48])('take no more than %i statements, and not many rows', async (statements) => {
    const { destination, server } = await withWaiting(50);
    await keepClick(destination.pixel, 'p', 'gclid', { id: 'x', at: NOW - HOUR });
    const { db: measured, cost } = metered();
    const limits = { statements, requests: 40, deliveries: 50 };
    const network = plainNetwork({ batch: { events: 3, bytes: 10_000 } });
    await deliverOnce(destination, network, server.fetch, { db: measured, limits });
    expect(cost.statements).toBeLessThanOrEqual(statements);
    expect(server.requests.length).toBeGreaterThan(0);
    // A claim and a mark write a row and its place in the index.
    expect(cost.written / server.arrivals.size).toBeLessThanOrEqual(5);
    expect(cost.read).toBeLessThan(1000);
  });

  it('of many other rows cost nothing: only what is due is read', async () => {
    const { destination, server } = await withWaiting(300);
    await db
      .prepare(`UPDATE deliveries SET state = 'delivered' WHERE destination = ?`)
      .bind(destination.id)
      .run();
    await enqueue(destination, [conversionOf('due', NOW)]);
    const { db: measured, cost } = metered();
    await deliverOnce(destination, plainNetwork(), server.fetch, { db: measured });
    expect(server.arrivals).toEqual(once(['due']));
    expect(cost.read).toBeLessThan(60);
  });
});

describe('clicks that are kept', () => {
  const clickOf = async (id: string, own: string | null, kept: readonly (readonly [string, number])[]) => {
    const destination = await makeDestination();
    const server = new PlainServer();
    for (const [person, at] of kept) {
      await keepClick(destination.pixel, person, 'gclid', { id: `of-${person}`, at });
    }
    const clicks = own === null ? {} : { gclid: { id: own, at: NOW - HOUR } };
    await enqueue(destination, [conversionOf(id, NOW, { clicks })], { people: ['uann', 'cann'] });
    await deliverOnce(destination, plainNetwork(), server.fetch);
    return server.requests[0]?.events[0]?.['click'];
  };

  it('are added: the latest of the people, before the conversion and within 90 days', async () => {
    expect(
      await clickOf('a', null, [
        ['uann', NOW - DAY],
        ['cann', NOW - HOUR],
        ['xbob', NOW - 1],
      ]),
    ).toBe('of-cann');
    expect(
      await clickOf('b', null, [
        ['uann', NOW - DAY],
        ['cann', NOW + 1],
      ]),
    ).toBe('of-uann');
    expect(await clickOf('c', null, [['uann', NOW - 91 * DAY]])).toBe('');
    expect(await clickOf('d', null, [['uann', NOW - 89 * DAY]])).toBe('of-uann');
    expect(await clickOf('e', 'own', [['uann', NOW - 1]])).toBe('own');
  });
});

describe('the time of a conversion', () => {
  it('is never after that of sending, and its own click is not after it', async () => {
    const { destination, server } = await withWaiting(0);
    const network = plainNetwork({
      event: ({ conversion: { event_id, ts, clicks } }) => ({ id: event_id, ts, at: clicks.gclid?.at ?? 0 }),
    });
    const ahead = NOW + 4 * MINUTE;
    const of = (id: string, ts: number) => conversionOf(id, ts, { clicks: { gclid: { id: 'g', at: ts } } });
    await enqueue(destination, [of('ahead', ahead), of('now', NOW), of('past', NOW - 1)], { due: NOW });
    await deliverOnce(destination, network, server.fetch);
    const events = server.requests[0]?.events ?? [];
    expect(new Map(events.map(({ id, ts, at }) => [id, [ts, at]]))).toEqual(
      new Map([
        ['ahead', [NOW, NOW]],
        ['now', [NOW, NOW]],
        ['past', [NOW - 1, NOW - 1]],
      ]),
    );
  });
});

describe('what must not be sent', () => {
  it('is refused with the reason before anything is sent, and holds up no other', async () => {
    const { destination, server } = await withWaiting(1);
    await enqueue(destination, [conversionOf('x', NOW, { order_id: 'unsendable' })]);
    await deliverOnce(destination, plainNetwork(), server.fetch);
    expect(server.arrivals).toEqual(once(['c000']));
    const row = (await ledgerOf(destination)).get('x');
    expect(row).toMatchObject({ state: 'refused', payload: null, tries: 0 });
    expect(answerIn(row)?.message).toBe('It has no order.');
  });

  it('is refused if the network file fails at it', async () => {
    const { destination, server } = await withWaiting(2);
    const plain = plainNetwork();
    const network: Network = {
      ...plain,
      event: (outgoing, access) => {
        if (outgoing.conversion.event_id === 'c000') throw new Error(`broken: ${OWNERS_SECRET}`);
        return plain.event(outgoing, access);
      },
    };
    await deliverOnce(destination, network, server.fetch);
    expect(await statesOf(destination)).toEqual({ c000: 'refused', c001: 'delivered' });
    expect(JSON.stringify([...(await ledgerOf(destination)).values()])).not.toContain(OWNERS_SECRET);
  });

  it('expires when it is due too late, with what the network said last', async () => {
    const { destination, server } = await withWaiting(1);
    server.next = [answering(503, { message: 'Come back later.' })];
    await deliverOnce(destination, plainNetwork(), server.fetch);
    await enqueue(destination, [conversionOf('old', NOW - HOUR)], { expires: NOW });
    await enqueue(destination, [conversionOf('too old for it', NOW - HOUR)]);
    await deliverOnce(destination, plainNetwork({ maxAge: HOUR }), server.fetch, { now: NOW + 8 * DAY });
    const ledger = await ledgerOf(destination);
    expect(Array.from(ledger.values(), ({ state }) => state)).toEqual(['expired', 'expired', 'expired']);
    expect(answerIn(ledger.get('c000'))?.message).toBe('Come back later.');
    expect(answerIn(ledger.get('old'))?.message).toContain('too old');
    expect(server.arrivals.size).toBe(0);
  });

  it('is what its sealed text does not belong to', async () => {
    const { destination, server } = await withWaiting(2);
    await db
      .prepare(
        `UPDATE deliveries SET payload = (SELECT payload FROM deliveries WHERE destination = ?1 AND event_id = 'c001')
         WHERE destination = ?1 AND event_id = 'c000'`,
      )
      .bind(destination.id)
      .run();
    await deliverOnce(destination, plainNetwork(), server.fetch);
    expect(await statesOf(destination)).toEqual({ c000: 'refused', c001: 'delivered' });
  });

  it('is refused in test mode by a network that has none, and sent to one that has', async () => {
    const { destination, server } = await withWaiting(1, { mode: 'test' });
    await deliverOnce(destination, plainNetwork({ test: 'none' }), server.fetch);
    expect(server.requests).toEqual([]);
    expect(answerIn((await ledgerOf(destination)).get('c000'))?.message).toContain('no test mode');
    await enqueue(destination, [conversionOf('next', NOW)]);
    await deliverOnce(destination, plainNetwork(), server.fetch);
    expect(server.requests).toMatchObject([{ test: true }]);
    await enqueue(destination, [conversionOf('a', NOW), conversionOf('b', NOW)]);
    const network = plainNetwork({ batch: { events: 100, bytes: 10_000, testEvents: 1 } });
    await deliverOnce(destination, network, server.fetch);
    expect(server.requests.map(({ events }) => events.length)).toEqual([1, 1, 1]);
  });

  it('would count twice, since the pixel of the network has reported it too long ago', async () => {
    const destination = await makeDestination();
    const server = new PlainServer();
    const network = plainNetwork({ deduplicatesFor: 2 * DAY });
    const page_pixels = ['webhook'] as const;
    await enqueue(destination, [
      conversionOf('late', NOW - 3 * DAY, { page_pixels }),
      conversionOf('in time', NOW - DAY, { page_pixels }),
      conversionOf('alone', NOW - 3 * DAY),
    ]);
    await deliverOnce(destination, network, server.fetch);
    expect(await statesOf(destination)).toEqual({
      late: 'refused',
      'in time': 'delivered',
      alone: 'delivered',
    });
  });
});

describe('a network', () => {
  it('that is throttled is asked again when it says, and its destination waits as a whole', async () => {
    const { destination, ids, server } = await withWaiting(3);
    server.next = [answering(429, { message: 'Slow down.' }, { 'retry-after': '90' })];
    const report = await deliverOnce(destination, plainNetwork(), server.fetch);
    expect(report).toEqual({ more: false, next: NOW + 90 * SECOND });
    expect(await dueDestinations(db, NOW + 89 * SECOND, 1000)).not.toContain(destination.id);
    expect(await dueDestinations(db, NOW + 90 * SECOND, 1000)).toContain(destination.id);
    const { state, problem } = await rowOf(destination);
    expect(state).toBe('on');
    expect(JSON.parse(problem ?? '')).toEqual({
      ...{ status: 429, code: '', message: 'Slow down.', advice: '' },
      ...{ at: NOW, retry_at: NOW + 90 * SECOND },
    });
    await enqueue(destination, [conversionOf('new', NOW)]);
    await deliverOnce(destination, plainNetwork(), server.fetch, { now: NOW + 89 * SECOND });
    expect(server.requests).toHaveLength(1);
    await deliverOnce(destination, plainNetwork(), server.fetch, { now: NOW + 90 * SECOND });
    expect(server.arrivals).toEqual(once([...ids, 'new']));
    expect(await rowOf(destination)).toMatchObject({ failures: 0, retry_at: 0, problem: null });
  });

  it.each([
    ['0', 0],
    ['Sun, 01 Mar 2020 12:00:00 GMT', 0],
    ['-5', 30],
    ['9'.repeat(30), 30],
    ['soon', 30],
  ])('that asks for the wait %s each time is not asked without end', async (asked, first) => {
    const { destination, server } = await withWaiting(1);
    const waits: number[] = [];
    let now = NOW;
    for (let failure = 0; failure < 5; failure++) {
      server.next = [answering(429, {}, { 'retry-after': asked })];
      const { next, more } = await deliverOnce(destination, plainNetwork(), server.fetch, { now });
      expect(more).toBe(false);
      waits.push(((next ?? 0) - now) / SECOND);
      now = next ?? 0;
    }
    expect(waits).toEqual(first === 0 ? [0, 30, 60, 120, 240] : [30, 60, 120, 240, 480]);
  });

  it('that is down is tried after 30 seconds, twice as long, and so on, with one request', async () => {
    const { destination, server } = await withWaiting(10);
    const network = plainNetwork({ batch: { events: 1, bytes: 10_000 } });
    const waits: number[] = [];
    let now = NOW;
    for (let failure = 0; failure < 10; failure++) {
      server.next = Array.from({ length: 10 }, () => 'unreachable' as const);
      const { next } = await deliverOnce(destination, network, server.fetch, { now });
      if (failure > 0) expect(server.next).toHaveLength(9);
      waits.push(((next ?? 0) - now) / SECOND);
      now = next ?? 0;
    }
    expect(waits).toEqual([30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
    server.next = [];
    await deliverOnce(destination, network, server.fetch, { now });
    expect(server.arrivals.size).toBe(10);
  });

  it('that asks for days is asked again after twelve hours', async () => {
    const { destination, server } = await withWaiting(1);
    server.next = [answering(503, {}, { 'retry-after': '999999' })];
    expect((await deliverOnce(destination, plainNetwork(), server.fetch)).next).toBe(NOW + 12 * HOUR);
  });

  it('that takes no secret any more stops the destination, and what waits is sent once the owner has changed it', async () => {
    const { destination, ids, server } = await withWaiting(3);
    server.next = [answering(401, { message: `The key ${OWNERS_SECRET} has no right.` })];
    await deliverOnce(destination, plainNetwork(), server.fetch);
    const { state, problem } = await rowOf(destination);
    expect(state).toBe('stopped');
    expect(JSON.parse(problem ?? '')).toMatchObject({ advice: 'Enter it again.', at: NOW });
    expect(problem).not.toContain(OWNERS_SECRET);
    expect(await statesOf(destination)).toEqual(Object.fromEntries(ids.map((id) => [id, 'waiting'])));
    await deliverOnce(destination, plainNetwork(), server.fetch, { now: NOW + HOUR });
    expect(server.requests).toHaveLength(1);
    const secret = await db
      .prepare('SELECT secret FROM destinations WHERE id = ?')
      .bind(destination.id)
      .first('secret');
    await updateDestination(db, destination, { sealedSecret: String(secret) }, NOW + HOUR);
    await deliverOnce(destination, plainNetwork(), server.fetch, { now: NOW + HOUR });
    expect(server.arrivals).toEqual(once(ids));
  });

  it('does not stop a destination that its owner has changed since the request', async () => {
    const { destination, server } = await withWaiting(1);
    server.next = [answering(401)];
    server.onRequest = async () => {
      await updateDestination(db, destination, { settings: {} }, NOW);
    };
    await deliverOnce(destination, plainNetwork(), server.fetch);
    expect(await rowOf(destination)).toMatchObject({ state: 'on', problem: null });
  });

  it.each([1, 2, 17, 50])('that refuses a batch of %i for one event gets the others', async (count) => {
    const { destination, ids, server } = await withWaiting(count);
    for (const bad of [ids[0], ids.at(-1)] as string[]) server.bad = new Set([...server.bad, bad]);
    for (let call = 0; call < 4; call++) await deliverOnce(destination, plainNetwork(), server.fetch);
    const ledger = await ledgerOf(destination);
    for (const [id, row] of ledger) {
      expect([id, row.state]).toEqual([id, server.bad.has(id) ? 'refused' : 'delivered']);
      expect(row.payload).toBeNull();
    }
    expect(server.arrivals).toEqual(once(ids.filter((id) => !server.bad.has(id))));
  });

  it('that refuses everything gets it in few requests at a time, and all is refused in the end', async () => {
    const { destination, ids, server } = await withWaiting(30);
    server.bad = new Set(ids);
    for (let call = 0; call < 10; call++) {
      const before = server.requests.length;
      await deliverOnce(destination, plainNetwork(), server.fetch);
      expect(server.requests.length - before).toBeLessThanOrEqual(45);
    }
    expect(new Set(Object.values(await statesOf(destination)))).toEqual(new Set(['refused']));
  });

  it('that decides on each event: what it wants again waits by itself', async () => {
    const { destination, server } = await withWaiting(5);
    server.next = [answering(200, { states: ['delivered', 'refused', 'retry', 'sent', 'unknown'] })];
    const report = await deliverOnce(destination, plainNetwork(), server.fetch);
    expect(report).toEqual({ more: false, next: NOW + 30 * SECOND });
    const ledger = await ledgerOf(destination);
    expect(Array.from(ledger.values(), ({ state }) => state)).toEqual([
      'delivered',
      'refused',
      'waiting',
      'sent',
      'unknown',
    ]);
    expect(ledger.get('c003')).toMatchObject({ due_at: NEVER, payload: null });
    expect(ledger.get('c002')).toMatchObject({ due_at: NOW + 30 * SECOND, sent_at: null });
    expect(await rowOf(destination)).toMatchObject({ failures: 0, retry_at: 0 });
    await deliverOnce(destination, plainNetwork(), server.fetch, { now: NOW + 30 * SECOND });
    expect(server.arrivals).toEqual(once(['c002']));
  });

  it('whose answer names another number of events, or cannot be read, may have taken them', async () => {
    const { destination, server } = await withWaiting(2);
    server.next = [answering(200, { states: ['delivered'] })];
    await deliverOnce(destination, plainNetwork({ deduplicates: 'none' }), server.fetch);
    expect(await statesOf(destination)).toEqual({ c000: 'unknown', c001: 'unknown' });
    const other = await withWaiting(1);
    const network = plainNetwork({
      verdict: () => {
        throw new Error(`at ${OWNERS_SECRET}`);
      },
    });
    await deliverOnce(other.destination, network, other.server.fetch);
    const row = (await ledgerOf(other.destination)).get('c000');
    expect(row?.state).toBe('waiting');
    expect(row?.answer).not.toContain(OWNERS_SECRET);
  });
});

describe('a lost answer', () => {
  it.each(['lost', 'slow'] as const)(
    '(%s) is followed by a second try, if the network counts an event once',
    async (how) => {
      const { destination, ids, server } = await withWaiting(3);
      server.next = [how];
      const { next } = await deliverOnce(destination, plainNetwork(), server.fetch, { timeout: 50 });
      expect(next).toBe(NOW + 30 * SECOND);
      await deliverOnce(destination, plainNetwork(), server.fetch, { now: NOW + 30 * SECOND });
      expect(server.requests.map(({ events }) => events.length)).toEqual([3, 3]);
      expect(await statesOf(destination)).toEqual(Object.fromEntries(ids.map((id) => [id, 'delivered'])));
    },
  );

  it('is the end, if the network would count it twice', async () => {
    const { destination, server } = await withWaiting(2);
    server.next = ['lost'];
    const network = plainNetwork({ deduplicates: 'none' });
    await deliverOnce(destination, network, server.fetch);
    await deliverOnce(destination, network, server.fetch, { now: NOW + HOUR });
    expect(await statesOf(destination)).toEqual({ c000: 'unknown', c001: 'unknown' });
    expect(server.arrivals).toEqual(once(['c000', 'c001']));
  });

  it('is the end of what is no purchase, if the network counts only purchases once', async () => {
    const { destination, server } = await withWaiting(1);
    await enqueue(destination, [conversionOf('lead', NOW)], { as: 'lead' });
    server.next = ['lost'];
    const network = plainNetwork({ deduplicates: 'purchases' });
    await deliverOnce(destination, network, server.fetch);
    await deliverOnce(destination, network, server.fetch, { now: NOW + HOUR });
    expect(await statesOf(destination)).toEqual({ c000: 'delivered', lead: 'unknown' });
  });

  it('is the end, once the network does not recognize the event any more', async () => {
    const destination = await makeDestination();
    const server = new PlainServer();
    server.next = ['lost'];
    await enqueue(destination, [conversionOf('old', NOW - 3 * DAY)]);
    await deliverOnce(destination, plainNetwork({ deduplicatesFor: 2 * DAY }), server.fetch);
    expect(await statesOf(destination)).toEqual({ old: 'unknown' });
  });
});

describe('two invocations at once', () => {
  it('do not send the same, however often they start', async () => {
    const { destination, ids, server } = await withWaiting(40);
    server.onRequest = () => scheduler.wait(5);
    await Promise.all(
      Array.from({ length: 6 }, () =>
        deliverOnce(destination, plainNetwork({ batch: { events: 7, bytes: 10_000 } }), server.fetch),
      ),
    );
    expect(server.arrivals).toEqual(once(ids));
    expect(new Set(Object.values(await statesOf(destination)))).toEqual(new Set(['delivered']));
  });

  it('leave alone what the other is sending, until its lease is over', async () => {
    const { destination, server } = await withWaiting(1);
    let answer = (): void => {};
    server.onRequest = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const first = deliverOnce(destination, plainNetwork(), server.fetch, { timeout: 60_000 });
    await vi.waitUntil(() => server.requests.length === 1);
    await deliverOnce(destination, plainNetwork(), server.fetch, { now: NOW + LEASE - 1 });
    expect(server.requests).toHaveLength(1);
    server.onRequest = async () => {};
    await deliverOnce(destination, plainNetwork(), server.fetch, { now: NOW + LEASE });
    expect(server.requests).toHaveLength(2);
    const before = await ledgerOf(destination);
    answer();
    await first;
    // The first one's mark comes too late to change anything.
    expect(await ledgerOf(destination)).toEqual(before);
    expect(before.get('c000')).toMatchObject({ state: 'delivered', tries: 2, sent_at: NOW + LEASE });
  });
});

describe('a withdrawal', () => {
  const withdraw = (id: string) =>
    db
      .prepare(
        `UPDATE deliveries SET state = 'withdrawn', payload = NULL, fields = NULL, answer = NULL WHERE destination = ? AND state = 'waiting'`,
      )
      .bind(id)
      .run();

  it('before the request keeps it from being sent', async () => {
    const { destination, server } = await withWaiting(2);
    const network = plainNetwork({
      token: {
        request: async () => {
          await withdraw(destination.id);
          return { method: 'POST', url: 'https://plain.example/token', headers: {}, body: '{"events":[]}' };
        },
        read: () => ({ token: randomBase58(8), lifetime: 3600 }),
      },
    });
    await deliverOnce(destination, network, server.fetch);
    expect(server.arrivals.size).toBe(0);
    expect(await statesOf(destination)).toEqual({ c000: 'withdrawn', c001: 'withdrawn' });
  });

  it.each(['withdrawn', 'erased'])('during the request: it stays %s', async (how) => {
    const { destination, server } = await withWaiting(2);
    server.onRequest = async () => {
      if (how === 'withdrawn') await withdraw(destination.id);
      else await db.prepare('DELETE FROM deliveries WHERE destination = ?').bind(destination.id).run();
    };
    await deliverOnce(destination, plainNetwork(), server.fetch);
    const ledger = await ledgerOf(destination);
    expect(ledger.size).toBe(how === 'erased' ? 0 : 2);
    for (const row of ledger.values()) {
      expect(row).toMatchObject({ state: 'withdrawn', payload: null, fields: null, answer: null });
    }
  });

  it('of any of its people counts, also if the row names another', async () => {
    const destination = await makeDestination();
    const server = new PlainServer();
    await enqueue(destination, [conversionOf('before', NOW - HOUR), conversionOf('after', NOW)], {
      people: ['uann', 'cann'],
    });
    await db
      .prepare('INSERT INTO withdrawals VALUES (?, ?, ?)')
      .bind(destination.pixel, 'cann', NOW - MINUTE)
      .run();
    await deliverOnce(destination, plainNetwork(), server.fetch);
    expect(server.arrivals).toEqual(once(['after']));
    expect((await ledgerOf(destination)).get('before')).toMatchObject({
      state: 'withdrawn',
      payload: null,
      answer: null,
    });
  });

  it('and switching off between reading and sending keep it from being sent', async () => {
    const { destination, server } = await withWaiting(1);
    const network = plainNetwork({
      event: (outgoing, access) => plainNetwork().event(outgoing, access),
      token: {
        request: async () => {
          await updateDestination(db, destination, { state: 'off' }, NOW);
          return { method: 'POST', url: 'https://plain.example/token', headers: {}, body: '{"events":[]}' };
        },
        read: () => ({ token: randomBase58(8), lifetime: 3600 }),
      },
    });
    await deliverOnce(destination, network, server.fetch);
    expect(server.arrivals.size).toBe(0);
  });
});

describe('a token', () => {
  const network = (given: string[], lifetime = 3600) =>
    plainNetwork({
      token: {
        request: async ({ secret }) => ({
          method: 'POST',
          url: `https://plain.example/token?${secret}`,
          headers: {},
          body: '{"events":[]}',
        }),
        read: (response) => {
          if (response.status === 401)
            return { kind: 'stop', answer: { status: 401, code: '', message: 'No.', trace: '', advice: '' } };
          const token = `token${given.length}`;
          given.push(token);
          return { token, lifetime };
        },
      },
    });

  it('is exchanged once for as long as it lasts, and again when the network refuses it before', async () => {
    const given: string[] = [];
    const { destination, server } = await withWaiting(1);
    const one = network(given);
    await deliverOnce(destination, one, server.fetch);
    await enqueue(destination, [conversionOf('second', NOW)]);
    await deliverOnce(destination, one, server.fetch, { now: NOW + 58 * MINUTE });
    expect(given).toHaveLength(1);
    expect(server.requests.at(-1)?.url).toContain('key=token0');
    await enqueue(destination, [conversionOf('third', NOW)]);
    await deliverOnce(destination, one, server.fetch, { now: NOW + 59 * MINUTE });
    expect(given).toHaveLength(2);
    await enqueue(destination, [conversionOf('fourth', NOW)]);
    server.next = [answering(401)];
    const later = { now: NOW + 60 * MINUTE };
    expect(await deliverOnce(destination, one, server.fetch, later)).toEqual({
      more: false,
      next: later.now,
    });
    await deliverOnce(destination, one, server.fetch, later);
    expect(given).toHaveLength(3);
    expect(new Set(Object.values(await statesOf(destination)))).toEqual(new Set(['delivered']));
  });

  it('that is refused stops the destination before anything is sent', async () => {
    const { destination, server } = await withWaiting(1);
    server.next = [answering(401)];
    await deliverOnce(destination, network([]), server.fetch);
    expect(await rowOf(destination)).toMatchObject({ state: 'stopped' });
    expect((await ledgerOf(destination)).get('c000')).toMatchObject({
      state: 'waiting',
      tries: 0,
      sent_at: null,
    });
  });
});

describe('what a network decides on later', () => {
  const answered: Record<string, unknown>[] = [];
  const network = plainNetwork({
    verdict: ({ status }, count) => ({
      kind: 'each',
      events: Array.from({ length: count }, () => ({
        kind: 'sent',
        answer: { status, code: '', message: '', trace: 'request-1', advice: '' },
      })),
    }),
    followUp: {
      after: 10 * MINUTE,
      request: (trace) => ({
        method: 'POST',
        url: `https://plain.example/${trace}`,
        headers: {},
        body: '{"events":[]}',
      }),
      verdict: ({ status }) => {
        answered.push({ status });
        const answer = {
          status,
          code: '',
          message: status === 200 ? 'Counted.' : 'Not yet.',
          trace: '',
          advice: '',
        };
        return status === 200 ? { kind: 'delivered', answer } : { kind: 'retry', answer, after: null };
      },
    },
  });

  it('is asked for with one question a request, after its time, and then after twice the time', async () => {
    const { destination, server } = await withWaiting(3);
    await deliverOnce(destination, network, server.fetch);
    expect((await ledgerOf(destination)).get('c000')).toMatchObject({
      state: 'sent',
      payload: null,
      due_at: NOW + 10 * MINUTE,
    });
    server.next = [answering(503)];
    await deliverOnce(destination, network, server.fetch, { now: NOW + 10 * MINUTE });
    expect(server.requests.slice(1).map(({ url }) => url)).toEqual(['https://plain.example/request-1']);
    expect((await ledgerOf(destination)).get('c000')).toMatchObject({
      state: 'sent',
      due_at: NOW + 20 * MINUTE,
    });
    await deliverOnce(destination, network, server.fetch, { now: NOW + 20 * MINUTE });
    const row = (await ledgerOf(destination)).get('c000');
    expect(row).toMatchObject({ state: 'delivered', sent_at: NOW });
    expect(answerIn(row)).toMatchObject({ message: 'Counted.', trace: 'request-1' });
  });

  it('is not asked for any more after three days', async () => {
    const { destination, server } = await withWaiting(1);
    await deliverOnce(destination, network, server.fetch);
    server.next = [answering(503)];
    await deliverOnce(destination, network, server.fetch, { now: NOW + 4 * DAY });
    expect((await ledgerOf(destination)).get('c000')).toMatchObject({ state: 'sent', due_at: NEVER });
  });
});

describe('a request', () => {
  it('follows no redirect, and reads no more of an answer than 64 KiB', async () => {
    const { destination, server } = await withWaiting(1);
    let read = 0;
    const endless = () =>
      new Response(
        new ReadableStream({
          pull: (controller) => {
            read += 10_000;
            controller.enqueue(new Uint8Array(10_000).fill(32));
          },
        }),
      );
    const inits: RequestInit[] = [];
    await deliverOnce(destination, plainNetwork(), async (url, init) => {
      inits.push(init);
      await server.fetch(url, init);
      return endless();
    });
    expect(inits[0]).toMatchObject({ redirect: 'manual' });
    expect(read).toBeLessThan(100_000);
    expect(await statesOf(destination)).toEqual({ c000: 'delivered' });
  });

  it('leaves no trace of its address, secret or content in the log, whatever happens', async () => {
    const lines: unknown[] = [];
    for (const method of ['log', 'warn', 'error', 'info', 'debug'] as const) {
      vi.spyOn(console, method).mockImplementation((...line) => void lines.push(...line));
    }
    const { destination, server } = await withWaiting(1);
    for (const [index, next] of (
      ['lost', 'unreachable', 'slow', answering(401), answering(500)] as const
    ).entries()) {
      server.next = [next];
      await deliverOnce(destination, plainNetwork(), server.fetch, { now: NOW + index * HOUR, timeout: 30 });
    }
    expect(JSON.stringify(lines)).not.toMatch(/plain\.example|owners-secret|192\.0\.2|Firefox/);
  });
});
