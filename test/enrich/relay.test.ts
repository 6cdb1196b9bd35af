/** Conversions: which events have one, what it says, and that it is stored with its event or not at all. */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { deliver, ingest, ingestFromApi } from '../../src/enrich/ingest.ts';
import type { ParcelMessage } from '../../src/model/batch.ts';
import { LONGEST_WAIT } from '../../src/model/delivery.ts';
import { nextEventId, randomHex } from '../../src/model/random.ts';
import { type RawEvent, UNKNOWN_CLIENT } from '../../src/model/wire.ts';
import { deletePixel, forgetPixel } from '../../src/store/pixels.ts';
import { applySchema, db, makePixel, metered } from '../fixtures.ts';
import {
  AGENT,
  addDestination,
  browser,
  clicksOf,
  conversionIn,
  deliveriesOf,
  envWith,
  eventOf,
  hitOf,
  relayPixel,
  send,
} from './relay.ts';

beforeAll(async () => {
  await applySchema();
  vi.spyOn(console, 'warn').mockImplementation(() => {});
});

const EMAIL_HASH = randomHex(32);

describe('a conversion', () => {
  it('says what networks ask for, and nothing of the address but the page', async () => {
    const { pixel, destination } = await relayPixel();
    const event = eventOf(pixel, {
      eid: 'order-9',
      rl: 'https://search.example/find?q=secret',
      ud: [
        ['em', EMAIL_HASH.toUpperCase()],
        ['em_g', EMAIL_HASH],
        ['ph_e164', 'not a hash'],
        ['fbp', 'fb.1.1700000000000.1234567890.AQYB-_1A'],
        ['ga', 'ann@mail.example'],
        ['px', 'tiktok meta nobody'],
      ],
      cd: [
        ['value', '12.50'],
        ['currency', 'eur'],
        ['transaction_id', 'T-1'],
        ['contents', '[{"id":"a","quantity":2,"item_price":"5.25"},{"id":""},{"id":7}]'],
      ],
    });
    await send([event]);
    const [row] = await deliveriesOf(pixel);
    expect(row).toMatchObject({
      destination: destination.id,
      name: 'Purchase',
      event_id: 'order-9',
      sent_as: 'Purchase',
      has_eid: 1,
      reported: 1,
      on_page: 1,
      state: 'waiting',
    });
    expect(row?.due_at).toBe(row?.queued_at);
    expect(row?.expires_at).toBe((row?.ts ?? 0) + LONGEST_WAIT);
    const conversion = await conversionIn(row);
    expect(conversion).toEqual({
      event_id: 'order-9',
      name: 'Purchase',
      ts: row?.ts,
      url: 'https://site.example/thanks',
      referrer: 'https://search.example/find',
      reporter: 'browser',
      page_pixels: ['meta', 'tiktok'],
      ip: '192.0.2.7',
      user_agent: AGENT,
      language: 'de',
      country: '',
      hashes: { em: EMAIL_HASH, em_g: EMAIL_HASH },
      network_ids: { fbp: 'fb.1.1700000000000.1234567890.AQYB-_1A' },
      clicks: { fbclid: { id: 'CLICK-1', at: row?.ts } },
      client_number: expect.stringMatching(/^\d{1,20}$/),
      value: 12_500_000,
      currency: 'EUR',
      order_id: 'T-1',
      contents: [
        { id: 'a', quantity: 2, price: 5_250_000 },
        { id: '7', quantity: 1, price: null },
      ],
    });
  });

  it('has the same number for a person, and another for each event of nobody', async () => {
    const { pixel } = await relayPixel();
    await send([eventOf(pixel)]);
    await send([eventOf(pixel)]);
    await send([eventOf(pixel)], browser({ cookie: '' }));
    await send([eventOf(pixel)], browser({ cookie: '' }));
    const rows = await deliveriesOf(pixel);
    const numbers = await Promise.all(rows.map(async (row) => (await conversionIn(row)).client_number));
    expect(new Set(numbers).size).toBe(3);
    const other = await relayPixel();
    await send([eventOf(other.pixel)]);
    const [theirs] = await deliveriesOf(other.pixel);
    expect(numbers).not.toContain((await conversionIn(theirs)).client_number);
  });

  it('is of the visitor whom a server with a token names', async () => {
    const { pixel } = await relayPixel();
    const raw = eventOf(pixel, { dl: '', uid: 'customer-1', cd: [['content_ids', ['a', 'b']]] });
    const overrides = { ip: '198.51.100.9', ua: AGENT, country: 'AT' };
    const arrival = {
      id: nextEventId(),
      receivedAt: Date.now(),
      head: false,
      client: UNKNOWN_CLIENT,
      overrides,
    };
    await ingestFromApi(envWith(), [{ raw, arrival }], Date.now());
    const conversion = await conversionIn((await deliveriesOf(pixel))[0]);
    expect(conversion).toMatchObject({
      reporter: 'server',
      ip: '198.51.100.9',
      user_agent: AGENT,
      country: 'AT',
      url: '',
    });
    expect(conversion.contents).toEqual([
      { id: 'a', quantity: 1, price: null },
      { id: 'b', quantity: 1, price: null },
    ]);
  });

  it.each<[string, (event: RawEvent) => RawEvent, Parameters<typeof browser>[0]?]>([
    ['without consent', (one) => ({ ...one, consent: '' })],
    ['with a denied consent', (one) => ({ ...one, consent: 'denied' })],
    ['with a signal of the browser', (one) => one, { refusal: 'signal' }],
    ['of a browser that has opted out', (one) => one, { refusal: 'opt_out' }],
    ['of a bot', (one) => one, { userAgent: 'Googlebot/2.1 (+http://www.google.com/bot.html)' }],
    ['of a mail proxy', (one) => ({ ...one, ev: '' }), { userAgent: 'GoogleImageProxy' }],
    ['of another site', (one) => one, { origin: 'https://other.example', referer: 'https://other.example/' }],
    ['by a link of any page', (one) => one, { cookieReach: '' }],
    ['that no rule names', (one) => ({ ...one, ev: 'Lead' })],
  ])('is not made of an event %s', async (_, change, client = {}) => {
    const { pixel } = await relayPixel(
      {},
      {
        rules: [
          { event: 'Purchase', as: 'Purchase' },
          { event: 'pageview', as: 'PageView' },
        ],
      },
    );
    await send([change(eventOf(pixel))], browser(client));
    expect(await deliveriesOf(pixel)).toEqual([]);
  });

  it('goes to each destination with a rule that is met, by the first such rule', async () => {
    const goals = [{ name: 'Thanked', page: '/thanks*' }];
    const { pixel, destination } = await relayPixel(
      { goals },
      {
        rules: [
          { goal: 'Thanked', as: 'first' },
          { event: 'pageview', as: 'second' },
        ],
      },
    );
    const tiktok = await addDestination(pixel, {
      network: 'tiktok',
      rules: [{ event: 'PageView', as: 'View' }],
    });
    await addDestination(pixel, { network: 'ga4', rules: [{ goal: 'gone', as: 'x' }] });
    await addDestination(pixel, { state: 'off', rules: [{ event: 'pageview', as: 'x' }] });
    await addDestination(pixel, {
      state: 'stopped',
      network: 'snap',
      rules: [{ event: 'pageview', as: 'VIEW' }],
    });
    const messages = await send([eventOf(pixel, { ev: '' })]);
    const rows = await deliveriesOf(pixel);
    expect(rows.map(({ sent_as }) => sent_as).toSorted()).toEqual(['VIEW', 'View', 'first']);
    const named = messages.map((one) => (one.kind === 'relay' ? one.destination : ''));
    expect(named).toHaveLength(3);
    expect(new Set(named)).toEqual(new Set(rows.map((row) => row.destination)));
    expect(named).toContain(destination.id);
    expect(named).toContain(tiktok.id);
  });
});

describe('a delivery', () => {
  it('is made once, however often its event is written and reported, and names the reporters', async () => {
    const { pixel } = await relayPixel();
    const hit = hitOf([eventOf(pixel, { eid: 'o1' })]);
    const messages = await send([]);
    await ingest(envWith(messages), [hit]);
    await ingest(envWith(messages), [hit, hitOf([eventOf(pixel, { eid: 'o1', ud: [['px', 'meta']] })])]);
    expect(messages).toHaveLength(1);
    const arrival = { receivedAt: Date.now(), head: false, client: UNKNOWN_CLIENT, overrides: {} };
    const report = { raw: eventOf(pixel, { eid: 'o1' }), arrival: { ...arrival, id: nextEventId() } };
    const outcomes = await ingestFromApi(envWith(messages), [report], Date.now());
    expect(outcomes).toMatchObject([{ status: 'stored' }]);
    // The report with a token has corrected the delivery.
    expect(messages).toHaveLength(2);
    const rows = await deliveriesOf(pixel);
    expect(rows).toMatchObject([{ event_id: 'o1', reported: 3, on_page: 1, state: 'waiting' }]);
    expect(
      await db.prepare('SELECT count(*) AS n FROM events WHERE pixel = ?').bind(pixel.id).first('n'),
    ).toBe(1);
  });

  it('is made once of a report of the server and one of the tag that arrive together or in this order', async () => {
    const { pixel } = await relayPixel();
    const arrival = { receivedAt: Date.now(), head: false, client: UNKNOWN_CLIENT, overrides: {} };
    await ingestFromApi(
      envWith(),
      [{ raw: eventOf(pixel, { eid: 'o1' }), arrival: { ...arrival, id: nextEventId() } }],
      Date.now(),
    );
    await send([eventOf(pixel, { eid: 'o1' })]);
    expect(await deliveriesOf(pixel)).toMatchObject([{ reported: 3 }]);
    const server = { ...hitOf([eventOf(pixel, { eid: 'o2' })], UNKNOWN_CLIENT), sender: { isApart: false } };
    await ingest(envWith(), [hitOf([eventOf(pixel, { eid: 'o2' })]), server]);
    expect((await deliveriesOf(pixel)).map(({ event_id, reported }) => [event_id, reported])).toEqual([
      ['o1', 3],
      ['o2', 3],
    ]);
  });

  it('is not made of an event that is too old, or of a destination that is gone or off', async () => {
    const { pixel, destination } = await relayPixel();
    const arrival = { receivedAt: Date.now(), head: false, client: UNKNOWN_CLIENT };
    const old = { ts: Date.now() - LONGEST_WAIT - 1000 };
    await ingestFromApi(
      envWith(),
      [{ raw: eventOf(pixel), arrival: { ...arrival, id: nextEventId(), overrides: old } }],
      Date.now(),
    );
    expect(await deliveriesOf(pixel)).toEqual([]);
    // The pixel is cached with its destination.
    await db.prepare(`UPDATE destinations SET state = 'off' WHERE id = ?`).bind(destination.id).run();
    await send([eventOf(pixel)]);
    expect(await deliveriesOf(pixel)).toEqual([]);
    forgetPixel(pixel.id);
    await send([eventOf(pixel)]);
    expect(await deliveriesOf(pixel)).toEqual([]);
  });

  it('waits with its event in the queue, and is made when that is written, for as long as it can be sent', async () => {
    const { pixel } = await relayPixel();
    const broken = {
      ...envWith().DB,
      batch: () => Promise.reject(new Error('D1_ERROR: overloaded')),
      prepare: db.prepare.bind(db),
    };
    const messages: ParcelMessage[] = [];
    await send([]);
    await ingest(envWith(messages as never, { DB: broken as unknown as D1Database }), [
      hitOf([eventOf(pixel)]),
    ]);
    expect(await deliveriesOf(pixel)).toEqual([]);
    expect(messages.map(({ kind }) => kind)).toEqual(['sealed']);
    const sent = await send([]);
    await deliver(envWith(sent), messages[0] as ParcelMessage, Date.now());
    expect(await deliveriesOf(pixel)).toHaveLength(1);
    expect(sent).toMatchObject([{ kind: 'relay' }]);
    const other = await relayPixel();
    const late: ParcelMessage[] = [];
    await ingest(envWith(late as never, { DB: broken as unknown as D1Database }), [
      hitOf([eventOf(other.pixel)]),
    ]);
    await deliver(envWith(), late[0] as ParcelMessage, Date.now() + LONGEST_WAIT);
    expect(
      await db.prepare('SELECT count(*) AS n FROM events WHERE pixel = ?').bind(other.pixel.id).first('n'),
    ).toBe(1);
    expect(await deliveriesOf(other.pixel)).toEqual([]);
  });

  it('does not depend on the queue, and goes with its pixel', async () => {
    const { pixel } = await relayPixel();
    await ingest(envWith(null), [hitOf([eventOf(pixel)])]);
    expect(await deliveriesOf(pixel)).toHaveLength(1);
    await deletePixel(db, pixel.id);
    for (const table of ['deliveries', 'clicks', 'destinations', 'withdrawals']) {
      expect(
        await db.prepare(`SELECT count(*) AS n FROM ${table} WHERE pixel = ?`).bind(pixel.id).first('n'),
        table,
      ).toBe(0);
    }
  });

  it('costs nothing where there is no destination', async () => {
    const pixel = await makePixel('UTC', { cookie: 'first_party' });
    const { pixel: relayed } = await relayPixel();
    const statements = async (id: typeof pixel, of: Partial<RawEvent>) => {
      await ingest(envWith(), [hitOf([eventOf(id, of)])]);
      const { db: counted, cost } = metered();
      await ingest(envWith([], { DB: counted }), [hitOf([eventOf(id, of)])]);
      return cost.statements;
    };
    const plain = await statements(pixel, { consent: 'granted' });
    expect(await statements(pixel, { consent: 'denied' })).toBeLessThanOrEqual(plain);
    expect(await statements(relayed, { ev: 'Lead', dl: 'https://site.example/' })).toBe(plain);
    expect(await statements(relayed, {})).toBe(plain + 2);
  });
});

describe('clicks', () => {
  it('are kept, sealed, for each alias of a person who has consented, the latest of each parameter', async () => {
    const { pixel } = await relayPixel();
    const landing = (query: string, of: Partial<RawEvent> = {}) =>
      eventOf(pixel, { ev: '', dl: `https://site.example/?${query}`, ...of });
    await send([landing('gclid=G1&sccid=S1&utm_source=x&fbclid=%40%40')]);
    await send([landing('gclid=G2', { uid: 'ann' })]);
    const kept = await clicksOf(pixel);
    expect(kept.map(({ person, parameter, click }) => [person[0], parameter, click?.id])).toEqual([
      ['c', 'ScCid', 'S1'],
      ['c', 'gclid', 'G2'],
      ['u', 'gclid', 'G2'],
    ]);
    expect(JSON.stringify((await db.prepare('SELECT * FROM clicks').all()).results)).not.toMatch(/"G2"|"S1"/);
  });

  it.each<[string, Partial<RawEvent>, Parameters<typeof browser>[0]?]>([
    ['without consent', { consent: '' }],
    ['of nobody who can be found again', {}, { cookie: '' }],
    ['that refuses', {}, { refusal: 'signal' }],
  ])('are not kept of an event %s', async (_, of, client = {}) => {
    const { pixel } = await relayPixel();
    await send([eventOf(pixel, { ev: '', ...of })], browser(client));
    expect(await clicksOf(pixel)).toEqual([]);
  });

  it('are not kept for pixels without destinations', async () => {
    const pixel = await makePixel('UTC', { cookie: 'first_party' });
    await send([eventOf(pixel)]);
    expect(await clicksOf(pixel)).toEqual([]);
  });
});
