/** Withdrawn consents: what waits is not sent, what is kept is forgotten, and what happened before and arrives later is not sent either. */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { applyConsent } from '../../src/collect/consent.ts';
import { deliver, ingest, ingestFromApi } from '../../src/enrich/ingest.ts';
import type { Env } from '../../src/env.ts';
import type { ParcelMessage } from '../../src/model/batch.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { nextEventId, randomBase58 } from '../../src/model/random.ts';
import { type Client, type RawEvent, UNKNOWN_CLIENT } from '../../src/model/wire.ts';
import { deleteDestination, updateDestination } from '../../src/store/destination-changes.ts';
import { applySchema, db, makePixel, metered } from '../fixtures.ts';
import { browser, clicksOf, deliveriesOf, envWith, eventOf, hitOf, relayPixel, send } from './relay.ts';

beforeAll(async () => {
  await applySchema();
  vi.spyOn(console, 'warn').mockImplementation(() => {});
});

/** A request as the hot path passes it on, with what the visitor's choice makes of its client. */
async function visit(
  pixel: Pixel,
  of: Partial<RawEvent>,
  client: Partial<Client> = {},
  { env = envWith(), at = Date.now() }: { env?: Env; at?: number } = {},
) {
  const events = [eventOf(pixel, of)];
  const applied = await applyConsent(events, browser(client), env, at);
  await ingest(env, [hitOf(applied.events as RawEvent[], applied.client, at)]);
  return applied.cookies;
}

const states = async (pixel: Pixel) =>
  (await deliveriesOf(pixel)).map(({ state, payload }) => [state, payload !== null]);
const WAITING = ['waiting', true];
const WITHDRAWN = ['withdrawn', false];

const withdrawalsOf = async (pixel: Pixel) =>
  (
    await db
      .prepare('SELECT person FROM withdrawals WHERE pixel = ?')
      .bind(pixel.id)
      .all<{ person: string }>()
  ).results;

describe('a withdrawn consent', () => {
  it.each<[string, Partial<RawEvent>, Partial<Client>]>([
    ['by a denied consent', { consent: 'denied', ev: '' }, {}],
    ['by a signal of the browser', { ev: '' }, { refusal: 'signal' }],
    ['by an opt-out', { ev: '' }, { refusal: 'opt_out' }],
    ['by an event that is not stored', { consent: 'denied', ev: 'x'.repeat(500) }, {}],
    [
      'from another address, by the cookie',
      { consent: 'denied', ev: '' },
      { ip: '203.0.113.1', userAgent: 'Mozilla/5.0 (Other)' },
    ],
    [
      'from a page of any site, by a link',
      { consent: 'denied', ev: '' },
      { cookieReach: '', origin: 'https://other.example' },
    ],
  ])('stops what waits, and forgets the clicks: %s', async (_, of, client) => {
    const { pixel } = await relayPixel();
    await visit(pixel, {});
    await visit(pixel, { eid: 'o' }, { cookie: 'zzzzzzzzzzzzzzzzzzzzzz', ip: '203.0.113.99' });
    expect(await states(pixel)).toEqual([WAITING, WAITING]);
    expect(await clicksOf(pixel)).toHaveLength(2);
    const cookies = await visit(pixel, of, client);
    expect(cookies.join()).toContain('__Host-speck_id=;');
    // The other browser's waits on.
    expect((await states(pixel)).toSorted()).toEqual([WAITING, WITHDRAWN]);
    expect(await clicksOf(pixel)).toHaveLength(1);
    expect(await withdrawalsOf(pixel)).toHaveLength(1);
    const { results } = await db
      .prepare(`SELECT payload, fields, answer FROM deliveries WHERE pixel = ? AND state = 'withdrawn'`)
      .bind(pixel.id)
      .all();
    expect(results).toEqual([{ payload: null, fields: null, answer: null }]);
  });

  it('of a pixel that does not count who refuses counts, too', async () => {
    const { pixel } = await relayPixel({ gpc: 'drop' });
    await visit(pixel, {});
    await visit(pixel, { ev: '' }, { refusal: 'signal' });
    expect(await states(pixel)).toEqual([WITHDRAWN]);
    expect(
      await db.prepare('SELECT count(*) AS n FROM events WHERE pixel = ?').bind(pixel.id).first('n'),
    ).toBe(1);
  });

  it('reaches what a signed-in person bought in that browser, and their clicks under any alias', async () => {
    const { pixel } = await relayPixel();
    const hash = 'a'.repeat(64);
    await visit(pixel, { uid: 'ann', ud: [['em', hash]] });
    await visit(pixel, { uid: 'ann', eid: 'o2' }, { cookie: 'yyyyyyyyyyyyyyyyyyyyyy', ip: '198.51.100.1' });
    expect((await clicksOf(pixel)).map(({ person }) => person[0])).toEqual(['c', 'c', 'e', 'u']);
    await visit(pixel, { consent: 'denied', ev: '' });
    expect(await states(pixel)).toEqual([WITHDRAWN, WITHDRAWN]);
    expect(await clicksOf(pixel)).toEqual([]);
  });

  it('finds a visitor without a cookie on the same day, and stores nothing of it', async () => {
    const { pixel } = await relayPixel({ cookie: 'off' });
    await visit(pixel, {}, { cookie: '' });
    await visit(pixel, { eid: 'o2' }, { cookie: '', ip: '203.0.113.5' });
    await visit(pixel, { consent: 'denied', ev: '' }, { cookie: '' });
    expect((await states(pixel)).toSorted()).toEqual([WAITING, WITHDRAWN]);
    expect(await withdrawalsOf(pixel)).toEqual([]);
  });

  it('is said by the server with a token, of the person whom it names', async () => {
    const { pixel } = await relayPixel({ identity: 'signed' });
    const say = (consent: string, uid: string, overrides: object | null, client = UNKNOWN_CLIENT) =>
      ingestFromApi(
        envWith(),
        [
          {
            raw: eventOf(pixel, { consent, uid }),
            arrival: { id: nextEventId(), receivedAt: Date.now(), head: false, client, overrides },
          },
        ],
        Date.now(),
      );
    await say('granted', 'ann', {});
    await say('granted', 'ben', {});
    // Nobody else may say so for a pixel that requires proof.
    await say('denied', 'ann', null, browser({ cookie: '', ip: '203.0.113.7' }));
    expect(await states(pixel)).toEqual([WAITING, WAITING]);
    await say('denied', 'ann', {});
    expect((await states(pixel)).toSorted()).toEqual([WAITING, WITHDRAWN]);
  });

  it('counts for what happened before it and arrives later, and not for what was consented to again', async () => {
    const { pixel } = await relayPixel();
    const now = Date.now();
    await visit(pixel, { consent: 'denied', ev: '' }, {}, { at: now });
    await visit(pixel, { eid: 'before' }, {}, { at: now - 1000 });
    await visit(pixel, { eid: 'after' }, {}, { at: now + 1 });
    expect((await deliveriesOf(pixel)).map(({ event_id }) => event_id)).toEqual(['after']);
    expect(await clicksOf(pixel)).toMatchObject([{ click: { at: now + 1 } }]);
    // The same withdrawal, delivered again.
    await visit(pixel, { consent: 'denied', ev: '' }, {}, { at: now });
    expect(await states(pixel)).toEqual([WAITING]);
    expect(await clicksOf(pixel)).toHaveLength(1);
  });

  it('counts in the batch of what it stops', async () => {
    const { pixel } = await relayPixel({ cookie: 'off' });
    const at = Date.now();
    const client = browser({ cookie: '' });
    await ingest(envWith(), [
      hitOf([eventOf(pixel)], client, at),
      hitOf([eventOf(pixel, { ev: '', consent: 'denied' })], { ...client }, at + 1),
    ]);
    // It is not even stored: the parts of a batch may be written in any order.
    expect(await states(pixel)).toEqual([]);
    // Of one request, the last word counts.
    const other = await relayPixel({ cookie: 'off' });
    await ingest(envWith(), [
      hitOf([eventOf(other.pixel, { ev: '', consent: 'denied' }), eventOf(other.pixel)], client, at),
    ]);
    expect(await states(other.pixel)).toEqual([WAITING]);
  });

  it.each(['batch', 'hits'] as const)('works through the queue, as a message of %s', async (kind) => {
    const { pixel } = await relayPixel();
    await visit(pixel, {});
    const messages: ParcelMessage[] = [];
    const down = () => {
      throw new Error('D1_ERROR: overloaded');
    };
    const broken =
      kind === 'hits' ? { prepare: down, batch: down } : { prepare: db.prepare.bind(db), batch: down };
    if (kind === 'batch') await send([eventOf(pixel, { ev: 'warm' })]);
    else vi.setSystemTime(Date.now() + 60_000);
    await visit(
      pixel,
      { consent: 'denied', ev: '' },
      {},
      { env: envWith(messages as never, { DB: broken as unknown as D1Database }) },
    );
    vi.useRealTimers();
    expect(messages.length).toBeGreaterThan(0);
    expect(await states(pixel)).toEqual([WAITING]);
    for (const message of messages) await deliver(envWith(), message, Date.now());
    expect(await states(pixel)).toEqual([WITHDRAWN]);
    expect(await clicksOf(pixel)).toEqual([]);
  });

  it('of one of several visitors, sites or accounts in a request ends that one only', async () => {
    const [one, other] = [await relayPixel(), await relayPixel()];
    const at = Date.now();
    const client = browser({ cookie: '' });
    const buyers = ['ann', 'ben'];
    for (const uid of buyers) {
      await ingest(envWith(), [
        hitOf(
          [eventOf(one.pixel, { uid, eid: uid })],
          browser({ cookie: '', ip: `192.0.2.${uid.length}` }),
          at - 1000,
        ),
      ]);
      await ingest(envWith(), [
        hitOf([eventOf(other.pixel, { uid, eid: uid })], browser({ cookie: '' }), at - 1000),
      ]);
    }
    const denied = { ev: '', consent: 'denied' } as const;
    const granted = { ev: '' } as const;
    await ingest(envWith(), [
      hitOf(
        [
          eventOf(one.pixel, { ...denied, uid: 'ann' }),
          // Consents of another account, and on another site, do not take that back.
          eventOf(one.pixel, { ...granted, uid: 'ben' }),
          eventOf(other.pixel, { ...granted, uid: 'ann' }),
        ],
        { ...client, ip: '203.0.113.80' },
        at,
      ),
    ]);
    const byEid = async (pixel: Pixel) =>
      Object.fromEntries((await deliveriesOf(pixel)).map(({ event_id, state }) => [event_id, state]));
    expect(await byEid(one.pixel)).toEqual({ ann: 'withdrawn', ben: 'waiting' });
    expect(await byEid(other.pixel)).toEqual({ ann: 'waiting', ben: 'waiting' });
  });

  it.each<[string, Partial<RawEvent>, Partial<Client>]>([
    ['by a denied consent', { consent: 'denied', ev: '' }, {}],
    ['by a signal of the browser', { ev: '' }, { refusal: 'signal' }],
    ['by an opt-out', { ev: '' }, { refusal: 'opt_out' }],
  ])('that takes the cookie away ends it for all pixels that know it: %s', async (_, of, client) => {
    const cookie = `c${randomBase58(21)}`;
    const [named, other, never] = [await relayPixel(), await relayPixel(), await relayPixel()];
    const plain = await makePixel('UTC', { cookie: 'first_party' });
    const strangers = { cookie: `s${randomBase58(21)}`, ip: '203.0.113.90' };
    for (const { pixel } of [named, other]) {
      await visit(pixel, { eid: 'own' }, { cookie });
      await visit(pixel, { eid: 'other' }, strangers);
    }
    await visit(never.pixel, { eid: 'other' }, strangers);
    // The request may name a pixel that sends nothing to anybody.
    for (const pixel of [named.pixel, plain]) {
      await visit(pixel, of, { ...client, cookie, ip: '203.0.113.91' });
    }
    for (const { pixel } of [named, other]) {
      const states = (await deliveriesOf(pixel)).map(({ event_id, state }) => [event_id, state]);
      expect(states.toSorted()).toEqual([
        ['other', 'waiting'],
        ['own', 'withdrawn'],
      ]);
      expect(await clicksOf(pixel)).toHaveLength(1);
    }
    expect(await states(never.pixel)).toEqual([WAITING]);
    // Nothing is stored of a cookie that a pixel does not know.
    expect(await withdrawalsOf(never.pixel)).toEqual([]);
  });

  it('reaches what waits in the queue of a cookie that is linked to the account', async () => {
    const { pixel } = await relayPixel();
    const at = Date.now();
    await visit(pixel, { uid: 'ann', eid: 'linked' }, {}, { at: at - 5000 });
    const { pixel: others } = await relayPixel();
    await visit(others, { uid: 'ann', eid: 'linked' }, {}, { at: at - 5000 });
    await visit(pixel, { uid: 'ann', consent: 'denied', ev: '' }, { cookie: '', ip: '203.0.113.7' }, { at });
    // Only the cookie says whose this is.
    for (const one of [pixel, others]) await visit(one, { eid: 'late' }, {}, { at: at - 1000 });
    expect(await states(pixel)).toEqual([WITHDRAWN]);
    expect(await clicksOf(pixel)).toEqual([]);
    expect(await states(others)).toEqual([WAITING, WAITING]);
  });

  it('of an account reaches its clicks while the destination is off', async () => {
    const { pixel, destination } = await relayPixel();
    await visit(pixel, { uid: 'ann' }, { cookie: '' });
    await updateDestination(db, destination, { state: 'off' }, Date.now());
    expect(await clicksOf(pixel)).not.toEqual([]);
    await visit(pixel, { uid: 'ann', consent: 'denied', ev: '' }, { cookie: '', ip: '203.0.113.7' });
    expect(await clicksOf(pixel)).toEqual([]);
  });

  it.each(['off', 'deleted'] as const)(
    'ends the clicks of a pixel whose destination is %s',
    async (state) => {
      const { pixel, destination } = await relayPixel();
      await visit(pixel, {});
      expect(await clicksOf(pixel)).toHaveLength(1);
      if (state === 'off') await updateDestination(db, destination, { state }, Date.now());
      else await deleteDestination(db, pixel.id, destination.id);
      // From now on none is kept, and the one that is kept can be forgotten.
      const strangers = { cookie: 'yyyyyyyyyyyyyyyyyyyyyy', ip: '203.0.113.90' };
      await visit(pixel, { eid: 'o2' }, strangers);
      expect(await clicksOf(pixel)).toHaveLength(state === 'off' ? 1 : 0);
      await visit(pixel, { consent: 'denied', ev: '' });
      expect(await clicksOf(pixel)).toEqual([]);
    },
  );

  it.each<[string, Partial<RawEvent>]>([
    ['denied', { ads: 'denied' }],
    ['denied, whatever is said of being counted', { consent: '', ads: 'denied' }],
  ])('to advertising is one, apart from being counted: %s', async (_, of) => {
    const { pixel } = await relayPixel();
    await visit(pixel, { ads: 'granted', aid: 'A' }, { cookie: '' });
    await visit(pixel, { ads: 'granted', eid: 'cookie' }, { ip: '192.0.2.8' });
    expect(await states(pixel)).toEqual([WAITING, WAITING]);
    await visit(pixel, { ...of, ev: '', aid: 'A' }, { cookie: '', ip: '203.0.113.7' });
    await visit(pixel, { ...of, ev: '' }, { ip: '203.0.113.7' });
    expect(await states(pixel)).toEqual([WITHDRAWN, WITHDRAWN]);
    expect(await clicksOf(pixel)).toEqual([]);
  });

  it('costs a pixel without destinations nothing', async () => {
    await db.exec('DELETE FROM destinations');
    const pixel = await makePixel('UTC', { cookie: 'first_party' });
    const cost = async (of: Partial<RawEvent>, client: Partial<Client>) => {
      await visit(pixel, of, client);
      const { db: counted, cost } = metered();
      await visit(pixel, of, client, { env: envWith([], { DB: counted }) });
      return cost.statements;
    };
    const anonymous = await cost({ consent: 'denied', ev: '' }, { cookie: '' });
    // Whether other pixels have some has to be asked, once for each cookie that is removed.
    expect(await cost({ consent: 'denied', ev: '' }, {})).toBe(anonymous + 1);
    expect(await withdrawalsOf(pixel)).toEqual([]);
  });
});
