/** An authenticated report corrects what strangers have reported under the same id, as long as the network has not got it. */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { ingestFromApi } from '../../src/enrich/ingest.ts';
import { ownAnswer } from '../../src/model/delivery.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { nextEventId, randomHex } from '../../src/model/random.ts';
import { type Overrides, type RawEvent, UNKNOWN_CLIENT } from '../../src/model/wire.ts';
import { claim, markDeliveries } from '../../src/store/due-deliveries.ts';
import { erase } from '../../src/store/people.ts';
import { applySchema, db } from '../fixtures.ts';
import { deliverOnce } from '../relay/fixture.ts';
import { answering, PlainServer, plainNetwork } from '../relay/plain-network.ts';
import { AGENT, conversionIn, deliveriesOf, envWith, eventOf, relayPixel, send } from './relay.ts';

beforeAll(async () => {
  await applySchema();
  vi.spyOn(console, 'warn').mockImplementation(() => {});
});

const STRANGERS: Partial<RawEvent> = {
  eid: 'A-1001',
  dl: 'https://site.example/thanks?fbclid=STRANGER',
  cd: [
    ['value', '999999'],
    ['currency', 'USD'],
  ],
};
const OWN: Partial<RawEvent> = {
  eid: 'A-1001',
  dl: '',
  cd: [
    ['value', '12.50'],
    ['currency', 'EUR'],
    ['order_id', 'A-1001'],
  ],
};

async function report(
  pixel: Pixel,
  of: Partial<RawEvent> = OWN,
  overrides: Overrides = {},
  messages: never[] = [],
): Promise<void> {
  const arrival = {
    ...{ id: nextEventId(), receivedAt: Date.now(), head: false },
    ...{ client: UNKNOWN_CLIENT, overrides },
  };
  await ingestFromApi(envWith(messages), [{ raw: eventOf(pixel, of), arrival }], Date.now());
}

const set = (pixel: Pixel, columns: string) =>
  db.prepare(`UPDATE deliveries SET ${columns} WHERE pixel = ?`).bind(pixel.id).run();

describe('what waits of a report without a token', () => {
  it('is corrected by the first report with one: what the server says counts, and the page completes the browser', async () => {
    const { pixel } = await relayPixel();
    const hash = randomHex(32);
    await send([
      eventOf(pixel, {
        ...STRANGERS,
        ud: [
          ['em', hash],
          ['px', 'meta'],
        ],
      }),
    ]);
    const messages: never[] = [];
    const before = (await deliveriesOf(pixel))[0];
    await report(pixel, OWN, {}, messages);
    const [row, ...others] = await deliveriesOf(pixel);
    expect(others).toEqual([]);
    expect(messages).toMatchObject([{ kind: 'relay', destination: row?.destination }]);
    expect(row).toMatchObject({
      state: 'waiting',
      reported: 3,
      on_page: 1,
      person: before?.person,
      visitor: before?.visitor,
    });
    const event = await db
      .prepare('SELECT id FROM events WHERE pixel = ?')
      .bind(pixel.id)
      .first<string>('id');
    expect(row?.id).toBe(event);
    expect(await conversionIn(row)).toMatchObject({
      ...{ reporter: 'server', value: 12_500_000, currency: 'EUR', order_id: 'A-1001', contents: [] },
      ...{ ip: '192.0.2.7', user_agent: AGENT, url: 'https://site.example/thanks' },
      ...{ hashes: { em: hash }, clicks: { fbclid: { id: 'STRANGER' } }, page_pixels: ['meta'] },
    });
    await report(pixel, {
      ...OWN,
      cd: [
        ['value', '1'],
        ['currency', 'EUR'],
      ],
    });
    await send([eventOf(pixel, STRANGERS)]);
    expect(await conversionIn((await deliveriesOf(pixel))[0])).toMatchObject({ value: 12_500_000 });
  });

  it('does not wait longer than the page’s report may', async () => {
    const { pixel } = await relayPixel();
    await send([eventOf(pixel, STRANGERS)]);
    const [before] = await deliveriesOf(pixel);
    await report(pixel, OWN, { ts: Date.now() + 60_000 });
    const [row] = await deliveriesOf(pixel);
    expect(row?.ts).toBeGreaterThan(before?.ts ?? 0);
    expect(row?.expires_at).toBe(before?.expires_at);
  });

  it('has the click of the page, also if the server says an earlier time', async () => {
    const { pixel } = await relayPixel();
    await send([eventOf(pixel, STRANGERS)]);
    const ts = Date.now() - 60_000;
    await report(pixel, OWN, { ts });
    expect(await conversionIn((await deliveriesOf(pixel))[0])).toMatchObject({
      ...{ ts, clicks: { fbclid: { id: 'STRANGER', at: ts } } },
    });
  });

  it('has the browser that the server names, not a mixture of two', async () => {
    const { pixel } = await relayPixel();
    await send([eventOf(pixel, STRANGERS)]);
    await report(pixel, OWN, { ip: '198.51.100.9', country: 'AT' });
    expect(await conversionIn((await deliveriesOf(pixel))[0])).toMatchObject({
      ...{ ip: '198.51.100.9', user_agent: '', country: 'AT' },
    });
  });

  it.each([
    [
      'was refused, since something was missing',
      `state = 'refused', payload = NULL, answer = '${JSON.stringify(ownAnswer('x'))}'`,
    ],
    ['has expired', `state = 'expired', payload = NULL`],
  ])('is sent after all if it %s', async (_, columns) => {
    const { pixel } = await relayPixel();
    await send([eventOf(pixel, STRANGERS)]);
    await set(pixel, columns);
    await report(pixel);
    const [row] = await deliveriesOf(pixel);
    expect(row).toMatchObject({ state: 'waiting', answer: null });
    expect(await conversionIn(row)).toMatchObject({ value: 12_500_000, ip: '' });
  });

  it.each([
    ['is being sent', 'sent_at = 1, tries = 1'],
    ['has been sent', `state = 'sent', payload = NULL, sent_at = 1`],
    ['has been delivered', `state = 'delivered', payload = NULL, sent_at = 1`],
    ['may have arrived', `state = 'unknown', payload = NULL, sent_at = 1`],
    ['was withdrawn', `state = 'withdrawn', payload = NULL`],
  ])('stays as it is if it %s', async (_, columns) => {
    const { pixel } = await relayPixel();
    await send([eventOf(pixel, STRANGERS)]);
    await set(pixel, columns);
    const [before] = await deliveriesOf(pixel);
    await report(pixel);
    expect(await deliveriesOf(pixel)).toEqual([{ ...before, reported: 3 }]);
  });

  it('is not sent by a delivery that has read it before it was corrected', async () => {
    const { pixel, destination } = await relayPixel();
    await send([eventOf(pixel, STRANGERS)]);
    const read = { name: 'Purchase', event_id: 'A-1001', tries: 0 };
    await report(pixel);
    const later = Date.now() + 1000;
    expect(await claim(db, destination.id, 0, [read], later, later + 1)).toEqual(new Set());
    const mark = {
      ...read,
      from: 'waiting',
      state: 'refused',
      due_at: 0,
      sent_at: null,
      fields: null,
      answer: null,
    } as const;
    await markDeliveries(db, destination.id, [mark]).run();
    const server = new PlainServer();
    await deliverOnce(destination, plainNetwork(), server.fetch, { now: later });
    expect(server.arrivals).toEqual(new Map([['A-1001', 1]]));
    expect(await deliveriesOf(pixel)).toMatchObject([{ state: 'delivered', payload: null }]);
  });

  it('is not corrected by a report without consent, or by one of somebody who has been erased', async () => {
    const { pixel } = await relayPixel();
    await send([eventOf(pixel, STRANGERS)]);
    await report(pixel, { ...OWN, consent: '' });
    const [row] = await deliveriesOf(pixel);
    expect(await conversionIn(row)).toMatchObject({ value: 999_999_000_000, reporter: 'browser' });
  });

  it('is sent of none of the two if either has been erased', async () => {
    const { pixel, destination } = await relayPixel();
    await send([eventOf(pixel, STRANGERS)]);
    await report(pixel, { ...OWN, uid: 'customer-1' });
    const person = await db
      .prepare('SELECT person FROM events WHERE pixel = ?')
      .bind(pixel.id)
      .first<string>('person');
    expect(person).not.toBe((await deliveriesOf(pixel))[0]?.person);
    await erase(db, [{ pixel: pixel.id, aliases: [person ?? ''], visitor: null }], Date.now() + 1);
    const server = new PlainServer();
    await deliverOnce(destination, plainNetwork(), server.fetch, { now: Date.now() + 1000 });
    expect(server.arrivals.size).toBe(0);
    expect((await deliveriesOf(pixel)).filter(({ payload }) => payload !== null)).toEqual([]);
  });

  it('is corrected once, however often the report is written', async () => {
    const { pixel, destination } = await relayPixel({}, { name: 'Twice' });
    await send([eventOf(pixel, STRANGERS)]);
    const server = new PlainServer();
    server.next.push(answering(400, { message: 'no' }));
    await report(pixel);
    await report(pixel);
    const [row] = await deliveriesOf(pixel);
    expect(row?.payload?.split(' ')).toHaveLength(2);
    await deliverOnce(destination, plainNetwork(), server.fetch, { now: Date.now() + 1000 });
    await report(pixel);
    expect(await deliveriesOf(pixel)).toMatchObject([{ payload: null, reported: 3 }]);
  });
});
