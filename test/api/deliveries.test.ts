/** What the API says of deliveries: the ledger, page by page, and the summary against a count by hand. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { DELIVERY_STATES, type DeliveryState } from '../../src/model/delivery.ts';
import type { Destination } from '../../src/model/destination.ts';
import type { DeliveriesJson, DestinationSummaryJson } from '../../src/model/relay-json.ts';
import { dayStart, localDay } from '../../src/model/time-zone.ts';
import { applySchema, db, makePixel } from '../fixtures.ts';
import { runs } from '../runs.ts';
import {
  ANSWER,
  type DeliveryRow,
  delivered,
  deliveryOf,
  insertDeliveries,
  makeDestination,
  send,
} from './relay-rows.ts';

beforeAll(applySchema);

const pathOf = ({ pixel, id }: Destination): string => `/pixels/${pixel}/destinations/${id}`;

async function newDestination(): Promise<Destination> {
  return makeDestination(await makePixel('UTC'));
}

async function pageOf(destination: Destination, query = ''): Promise<DeliveriesJson> {
  const reply = await send('GET', `${pathOf(destination)}/deliveries${query}`);
  expect(reply.status, reply.text).toBe(200);
  return reply.body as unknown as DeliveriesJson;
}

async function summaryOf(destination: Destination, query = ''): Promise<DestinationSummaryJson> {
  const reply = await send('GET', `${pathOf(destination)}/summary${query}`);
  expect(reply.status, reply.text).toBe(200);
  return reply.body as unknown as DestinationSummaryJson;
}

describe('the ledger', () => {
  it('says of a delivery what was sent, when, and what was answered, and nothing of the visitor', async () => {
    const destination = await newDestination();
    const ts = Date.now() - 3_600_000;
    const row = delivered(destination, {
      ts,
      event_id: 'order-1',
      person: 'epersonhash',
      reported: 3,
      on_page: 1,
      tries: 2,
      sent_at: ts + 7000,
    });
    await insertDeliveries([row]);
    const reply = await send('GET', `${pathOf(destination)}/deliveries`);
    expect(reply.body).toEqual({
      deliveries: [
        {
          destination: destination.id,
          name: 'Purchase',
          event_id: 'order-1',
          sent_as: 'Purchase',
          ts: new Date(ts).toISOString(),
          state: 'delivered',
          queued_at: new Date(ts).toISOString(),
          due_at: null,
          expires_at: new Date(row.expires_at).toISOString(),
          sent_at: new Date(ts + 7000).toISOString(),
          tries: 2,
          has_eid: true,
          reported: ['browser', 'server'],
          on_page: true,
          fields: [{ name: 'user_data.em', hashed: true }],
          answer: ANSWER,
        },
      ],
      next: null,
    });
    expect(reply.text).not.toMatch(/personhash|visitor-hash|sealed/);
    expect(reply.headers.get('cache-control')).toBe('no-store');
  });

  it('says when a waiting delivery is due, and that one that is never due is not', async () => {
    const destination = await newDestination();
    const ts = Date.now() - 1000;
    await insertDeliveries([
      deliveryOf(destination, { ts, event_id: 'a', due_at: ts + 500, sent_at: ts + 100 }),
      {
        ...delivered(destination, { ts: ts - 1, event_id: 'b' }),
        state: 'sent',
        due_at: Number.MAX_SAFE_INTEGER,
      },
    ]);
    const { deliveries } = await pageOf(destination);
    expect(deliveries).toMatchObject([
      {
        event_id: 'a',
        state: 'waiting',
        due_at: new Date(ts + 500).toISOString(),
        sent_at: null,
        fields: [],
        answer: null,
      },
      { event_id: 'b', state: 'sent', due_at: null },
    ]);
  });

  it('has every delivery once and in order, page by page, whatever is stored meanwhile', async () => {
    const states = fc.constantFrom(...DELIVERY_STATES);
    const key = fc.record({
      // Few values, so that times and names are equal often.
      ts: fc.integer({ min: 1, max: 5 }),
      name: fc.constantFrom('A', 'B', 'ü'),
      event_id: fc.constantFrom('1', '2', '10', 'x y'),
      state: states,
    });
    const now = Date.now();
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(key, { selector: ({ name, event_id }) => `${name} ${event_id}`, maxLength: 12 }),
        fc.integer({ min: 1, max: 4 }),
        fc.uniqueArray(states, { maxLength: 2 }),
        async (rows, limit, chosen) => {
          const destination = await newDestination();
          const stored = rows.map((row) => deliveryOf(destination, { ...row, ts: now - row.ts }));
          await insertDeliveries(stored);
          const expected = stored
            .filter(({ state }) => chosen.length === 0 || chosen.includes(state))
            .toSorted((a, b) => b.ts - a.ts || compare(b.name, a.name) || compare(b.event_id, a.event_id));
          const seen: string[] = [];
          let before: string | null = null;
          for (let page = 0; page <= rows.length + 1; page++) {
            const query = new URLSearchParams({ limit: String(limit) });
            if (chosen.length > 0) query.set('state', chosen.join());
            if (before !== null) query.set('before', before);
            const { deliveries, next } = await pageOf(destination, `?${query}`);
            seen.push(...deliveries.map(({ name, event_id }) => `${name} ${event_id}`));
            // Later than all that follows, so it is on no later page.
            await insertDeliveries([
              deliveryOf(destination, { ts: now + 1, event_id: `new ${page}`, state: chosen[0] ?? 'sent' }),
            ]);
            before = next;
            if (next === null) break;
            expect(deliveries).toHaveLength(limit);
          }
          expect(before).toBeNull();
          expect(seen).toEqual(expected.map(({ name, event_id }) => `${name} ${event_id}`));
        },
      ),
      { numRuns: runs(8, 40) },
    );
  });

  it.each([
    ['?before=x', 'before'],
    ['?before=[1,"a"]', 'before'],
    ['?before=["1","a","b"]', 'before'],
    ['?before=[1,"a","b","c"]', 'before'],
    ['?before=null', 'before'],
    ['?state=lost', 'state'],
    ['?limit=0', 'limit'],
    ['?limit=501', 'limit'],
    ['?person=a', 'person'],
  ])('refuses %s', async (query, path) => {
    const destination = await newDestination();
    expect(await send('GET', `${pathOf(destination)}/deliveries${query}`)).toMatchObject({
      status: 400,
      body: { reason: 'invalid_query', errors: [{ path }] },
    });
  });

  it('is that of one destination of the pixel', async () => {
    const destination = await newDestination();
    const other = await newDestination();
    await insertDeliveries([delivered(destination)]);
    expect((await pageOf(other)).deliveries).toEqual([]);
    for (const end of ['', '/deliveries', '/summary']) {
      const foreign = `/pixels/${other.pixel}/destinations/${destination.id}${end}`;
      expect(await send('GET', foreign)).toMatchObject({ status: 404, body: { reason: 'not_found' } });
    }
  });
});

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

describe('the summary', () => {
  it('of nothing is zero', async () => {
    expect(await summaryOf(await newDestination())).toMatchObject({
      days: 7,
      complete: true,
      states: { waiting: 0, sent: 0, delivered: 0, refused: 0, expired: 0, withdrawn: 0, unknown: 0 },
      refusals: [],
      sent: 0,
      on_page: 0,
      deduplicable: 0,
      doubled: 0,
      server_only: 0,
      median_delay: null,
      p95_delay: null,
      match_keys_of: 0,
      match_keys: [],
    });
  });

  it('counts by the days of the pixel, to the minute', async () => {
    // 14 hours ahead, and three quarters of an hour off.
    for (const zone of ['Pacific/Kiritimati', 'Asia/Kathmandu', 'America/New_York']) {
      const destination = await makeDestination(await makePixel(zone));
      const midnight = dayStart(zone, localDay(zone, Date.now() - 2 * 86_400_000));
      await insertDeliveries([
        delivered(destination, { ts: midnight - 1, event_id: 'before' }),
        delivered(destination, { ts: midnight, event_id: 'first' }),
        { ...delivered(destination, { ts: midnight + 59_999, event_id: 'second' }), state: 'refused' },
      ]);
      const { by_day, since } = await summaryOf(destination);
      expect(by_day.map(({ date }) => date)).toContain(localDay(zone, Date.now()));
      expect(by_day[0]?.date).toBe(localDay(zone, Date.parse(since)));
      const numbers = new Map(by_day.map(({ date, states }) => [date, states]));
      expect(numbers.get(localDay(zone, midnight - 1))).toMatchObject({ delivered: 1, refused: 0 });
      expect(numbers.get(localDay(zone, midnight))).toMatchObject({ delivered: 1, refused: 1 });
      expect(by_day.every(({ states }) => states.waiting === 0)).toBe(true);
    }
  });

  it.each([
    ['meta', 1, 2],
    ['linkedin', 0, 3],
    ['ga4', null, null],
  ] as const)(
    'says what %s counts twice, as far as it can be known',
    async (network, deduplicable, doubled) => {
      const destination = await makeDestination(await makePixel('UTC'), { network });
      await insertDeliveries(
        [1, 0, 0].map((has_eid, index) =>
          delivered(destination, { event_id: `e${index}`, on_page: 1, has_eid }),
        ),
      );
      expect(await summaryOf(destination)).toMatchObject({ on_page: 3, deduplicable, doubled });
    },
  );

  it('counts each number as its definition says', async () => {
    const DAY = 86_400_000;
    const now = Date.now();
    const bit = fc.constantFrom(0, 1);
    const row = fc.record({
      // In days, none of them near the end of a range.
      age: fc.constantFrom(0.1, 2.5, 6.9, 7.1, 20, 29),
      state: fc.constantFrom(...DELIVERY_STATES),
      name: fc.constantFrom('Purchase', 'Lead'),
      has_eid: bit,
      on_page: bit,
      delay: fc.option(fc.constantFrom(-5000, 0, 1, 40, 1000, 90_000)),
      refusal: fc.constantFrom(
        { ...ANSWER, status: 400, code: '100', message: 'no value', advice: 'Send a value.' },
        { ...ANSWER, status: 400, code: '100', message: 'no currency', advice: 'Send a currency.' },
        null,
      ),
      keys: fc.option(
        fc.subarray(['user_data.em', 'user_data.ph', 'event_name', 'user_data.client_ip_address']),
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 25 }), fc.constantFrom(1, 7, 30), async (drawn, days) => {
        const destination = await newDestination();
        const rows = drawn.map(({ age, delay, refusal, keys, ...rest }, index): DeliveryRow => {
          const ts = now - age * DAY;
          return deliveryOf(destination, {
            ...rest,
            ts,
            event_id: String(index),
            sent_at: delay === null ? null : ts + delay,
            fields: keys === null ? null : keys.map((name) => ({ name, hashed: name === 'user_data.em' })),
            answer: rest.state === 'refused' ? refusal : rest.state === 'delivered' ? ANSWER : null,
          });
        });
        await insertDeliveries(rows);
        const summary = await summaryOf(destination, `?days=${days}`);
        const within = rows.filter(({ ts }) => ts >= now - days * DAY);
        expect(summary.complete).toBe(true);
        expect(summary.states).toEqual(
          Object.fromEntries(
            DELIVERY_STATES.map((state) => [state, within.filter((one) => one.state === state).length]),
          ),
        );
        // Each is of one of the pixel's days, and none of these is left out.
        expect(summary.by_day.map(({ date }) => date)).toEqual(
          Array.from({ length: days + 1 }, (_, index) =>
            new Date(Date.parse(summary.since) + index * DAY).toISOString().slice(0, 10),
          ),
        );
        for (const { date, states } of summary.by_day) {
          const ofDay = within.filter(({ ts }) => new Date(ts).toISOString().startsWith(date));
          for (const state of DELIVERY_STATES) {
            expect(states[state]).toBe(ofDay.filter((one) => one.state === state).length);
          }
        }
        const handed = within.filter(({ state }) =>
          (['sent', 'delivered'] as DeliveryState[]).includes(state),
        );
        const count = (is: (one: DeliveryRow) => boolean): number => handed.filter(is).length;
        expect(summary).toMatchObject({
          sent: handed.length,
          on_page: count((one) => one.on_page === 1),
          deduplicable: count((one) => one.on_page === 1 && one.has_eid === 1),
          doubled: count((one) => one.on_page === 1 && one.has_eid === 0),
          server_only: count((one) => one.on_page === 0),
        });
        const delays = handed
          .flatMap(({ sent_at, ts }) => (sent_at === null ? [] : [Math.max(0, sent_at - ts)]))
          .toSorted((a, b) => a - b);
        const percentile = (part: number): number | null =>
          delays[Math.ceil(delays.length * part) - 1] ?? null;
        expect([summary.median_delay, summary.p95_delay]).toEqual([percentile(0.5), percentile(0.95)]);
        const withFields = handed.flatMap(({ fields }) => (fields === null ? [] : [fields]));
        expect(summary.match_keys_of).toBe(withFields.length);
        const keys = ['user_data.em', 'user_data.ph', 'user_data.client_ip_address'].flatMap((name) => {
          const having = withFields.filter((fields) => fields.some((field) => field.name === name)).length;
          return having === 0
            ? []
            : [{ name, hashed: name === 'user_data.em', share: having / withFields.length }];
        });
        expect(summary.match_keys).toEqual(
          keys.toSorted((a, b) => b.share - a.share || compare(a.name, b.name)),
        );
        const refused = within.filter(({ state }) => state === 'refused');
        const groups = Map.groupBy(refused, ({ name, answer }) =>
          JSON.stringify([name, answer?.message ?? '']),
        );
        expect(summary.refusals.map(({ count: size }) => size)).toEqual(
          [...groups.values()].map(({ length }) => length).toSorted((a, b) => b - a),
        );
        for (const { name, message, advice, count: size, last_at } of summary.refusals) {
          const group = groups.get(JSON.stringify([name, message])) ?? [];
          expect(size).toBe(group.length);
          expect(last_at).toBe(new Date(Math.max(...group.map(({ ts }) => ts))).toISOString());
          expect(advice).toBe(group[0]?.answer?.advice ?? '');
        }
      }),
      { numRuns: runs(8, 60) },
    );
  });

  it.each(['0', '31', '-1', '1.5', 'x'])('refuses %s days', async (days) => {
    expect(await send('GET', `${pathOf(await newDestination())}/summary?days=${days}`)).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'days' }] },
    });
  });
});

describe('deleting a destination', () => {
  it('deletes what waits and the record of what was sent, and nothing of another one', async () => {
    const destination = await newDestination();
    const other = await makeDestination({ id: destination.pixel }, { network: 'webhook' });
    await insertDeliveries([
      deliveryOf(destination),
      delivered(destination),
      ...Array.from({ length: 20 }, () => delivered(destination)),
      delivered(other),
      deliveryOf(other),
    ]);
    expect((await send('DELETE', pathOf(destination))).status).toBe(204);
    const { results } = await db
      .prepare('SELECT destination, count(*) AS count FROM deliveries WHERE pixel = ? GROUP BY destination')
      .bind(destination.pixel)
      .all();
    expect(results).toEqual([{ destination: other.id, count: 2 }]);
    expect((await send('DELETE', pathOf(destination))).status).toBe(404);
    expect((await send('GET', pathOf(destination))).status).toBe(404);
    expect((await send('GET', pathOf(other))).status).toBe(200);
  });

  it('deletes nothing of another pixel', async () => {
    const destination = await newDestination();
    const other = await newDestination();
    await insertDeliveries([deliveryOf(destination)]);
    expect((await send('DELETE', `/pixels/${other.pixel}/destinations/${destination.id}`)).status).toBe(404);
    expect((await pageOf(destination)).deliveries).toHaveLength(1);
  });
});
