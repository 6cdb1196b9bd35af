/** One conversion by the API: what the page and the server reported of an event id, and what became of it at each destination. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Pixel } from '../../src/model/pixel.ts';
import type { ConversionsJson } from '../../src/model/relay-json.ts';
import { applySchema, makePixel, store } from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';
import { delivered, deliveryOf, insertDeliveries, makeDestination, send } from './relay-rows.ts';

beforeAll(applySchema);

const pathOf = (pixel: Pixel, eventId: string, query = ''): string =>
  `/pixels/${pixel.id}/conversions/${encodeURIComponent(eventId)}${query}`;

async function conversionsOf(pixel: Pixel, eventId: string, query = ''): Promise<ConversionsJson> {
  const reply = await send('GET', pathOf(pixel, eventId, query));
  expect(reply.status, reply.text).toBe(200);
  return reply.body as unknown as ConversionsJson;
}

const eventOf = (change: Partial<OracleEvent>): OracleEvent =>
  ({
    ts: Date.now() - 60_000,
    id: '0001',
    eid: '',
    name: 'Purchase',
    visitor: 'v1',
    hostname: 'site.example',
    page: '/thanks?step=2',
    ...change,
  }) as unknown as OracleEvent;

describe('a conversion', () => {
  it('has both halves, the stored event, and the answer of each destination', async () => {
    const pixel = await makePixel('UTC');
    const meta = await makeDestination(pixel);
    const tiktok = await makeDestination(pixel, { network: 'tiktok' });
    const ts = Date.now() - 60_000;
    await store(pixel, [
      eventOf({ ts, id: 'e1', eid: 'order-1', value: 12_500_000, currency: 'EUR' } as Partial<OracleEvent>),
    ]);
    await insertDeliveries([
      delivered(meta, { ts, id: 'e1', event_id: 'order-1', reported: 3, on_page: 1 }),
      deliveryOf(tiktok, { ts, id: 'e1', event_id: 'order-1', reported: 1 }),
      delivered(meta, { ts, event_id: 'order-2' }),
    ]);
    const answer = await conversionsOf(pixel, 'order-1');
    expect(answer).toMatchObject({
      event_id: 'order-1',
      conversions: [
        {
          name: 'Purchase',
          ts: new Date(ts).toISOString(),
          has_eid: true,
          reported: ['browser', 'server'],
          event: { id: 'e1', page: 'site.example/thanks', value: 12.5, currency: 'EUR' },
        },
      ],
    });
    const [{ deliveries } = { deliveries: [] }] = answer.conversions;
    expect(
      deliveries
        .map(({ destination, state, on_page }) => ({ destination, state, on_page }))
        .toSorted(byDestination),
    ).toEqual(
      [
        { destination: meta.id, state: 'delivered', on_page: true },
        { destination: tiktok.id, state: 'waiting', on_page: false },
      ].toSorted(byDestination),
    );
  });

  it('has the other report of the event, if that one was stored', async () => {
    const pixel = await makePixel('UTC');
    const destination = await makeDestination(pixel);
    const ts = Date.now() - 60_000;
    await store(pixel, [eventOf({ ts, id: 'server', eid: 'order-1', value: 1 } as Partial<OracleEvent>)]);
    await insertDeliveries([
      delivered(destination, { ts: ts - 5000, id: 'replaced', event_id: 'order-1' }),
      delivered(destination, { ts, id: 'gone', event_id: 'order-9', has_eid: 0 }),
    ]);
    expect((await conversionsOf(pixel, 'order-1')).conversions).toMatchObject([{ event: { id: 'server' } }]);
    expect((await conversionsOf(pixel, 'order-9')).conversions).toMatchObject([
      { event: null, has_eid: false },
    ]);
  });

  it('is each event that has the id, or the one of a name', async () => {
    const pixel = await makePixel('UTC');
    const first = await makeDestination(pixel);
    const second = await makeDestination(pixel, { network: 'snap' });
    const names = ['A', 'Lead', 'Purchase', 'Z', 'ü / ?'];
    await insertDeliveries([
      ...names.flatMap((name) => [
        deliveryOf(first, { name, event_id: '1' }),
        deliveryOf(first, { name, event_id: '2' }),
      ]),
      deliveryOf(second, { name: 'Purchase', event_id: '1' }),
      deliveryOf(second, { name: 'Only here', event_id: '1' }),
    ]);
    const namesOf = ({ conversions }: ConversionsJson): string[] =>
      conversions.map(({ name }) => name).toSorted();
    expect(namesOf(await conversionsOf(pixel, '1'))).toEqual([...names, 'Only here'].toSorted());
    expect(namesOf(await conversionsOf(pixel, '2'))).toEqual(names.toSorted());
    for (const name of names) {
      const query = `?${new URLSearchParams({ name })}`;
      const { conversions } = await conversionsOf(pixel, '1', query);
      expect(conversions).toHaveLength(1);
      expect(conversions[0]).toMatchObject({ name });
      expect(conversions[0]?.deliveries).toHaveLength(name === 'Purchase' ? 2 : 1);
    }
  });

  it.each(['a/b', 'ü ?#%', '日本', 'o\'1"', '..%2F'])('is found by the id %j', async (eventId) => {
    const pixel = await makePixel('UTC');
    const destination = await makeDestination(pixel);
    await insertDeliveries([deliveryOf(destination, { event_id: eventId })]);
    expect(await conversionsOf(pixel, eventId)).toMatchObject({ event_id: eventId, conversions: [{}] });
  });

  it('is found within its pixel only', async () => {
    const pixel = await makePixel('UTC');
    const other = await makePixel('UTC');
    const destination = await makeDestination(pixel);
    await makeDestination(other);
    await insertDeliveries([deliveryOf(destination, { event_id: 'order-1' })]);
    for (const path of [
      pathOf(other, 'order-1'),
      pathOf(pixel, 'order-2'),
      pathOf(pixel, 'order-1', '?name=Lead'),
    ]) {
      expect(await send('GET', path)).toMatchObject({ status: 404, body: { reason: 'not_found' } });
    }
    expect((await send('GET', `/pixels/${pixel.id}/conversions/%ff`)).status).toBe(404);
  });
});

const byDestination = (one: { destination: string }, other: { destination: string }): number =>
  one.destination < other.destination ? -1 : 1;
