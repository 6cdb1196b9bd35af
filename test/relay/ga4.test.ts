/** Google Analytics 4: what is sent, and how little its answers mean. */
import fc from 'fast-check';
import * as v from 'valibot';
import { beforeEach, describe, expect, it } from 'vitest';
import page from '../../docs/relay/ga4.md?raw';
import { ga4Body, makeGa4 } from '../../scripts/lib/networks/ga4.ts';
import { ga4 } from '../../src/relay/networks/ga4.ts';
import { runs } from '../runs.ts';
import {
  accessOf,
  answered,
  answerIn,
  bodyOf,
  conversions,
  expectDocumented,
  expectNothingPersonal,
  kindsOf,
  NOW,
  outgoing,
  PURCHASE,
  send,
} from './conversions.ts';
import { ask } from './sending.ts';

const fake = makeGa4(() => NOW);
const access = accessOf(fake);
const testing = accessOf(fake, { mode: 'test' });

beforeEach(() => fake.reset());

describe('a request', () => {
  it('has one event, in microseconds', async () => {
    const sent = await send(ga4, fake, [outgoing('purchase')], access);
    expect(kindsOf(sent.verdict)).toEqual(['delivered']);
    expect(sent.request.url).toBe(
      'https://www.google-analytics.com/mp/collect?measurement_id=G-FAKE1234AB&api_secret=fake-mp-secret_0123456',
    );
    expect(v.is(ga4Body, bodyOf(sent))).toBe(true);
    expect(bodyOf(sent)).toEqual({
      client_id: '1234567890.1700000000',
      timestamp_micros: (NOW - 60_000) * 1000,
      consent: { ad_user_data: 'GRANTED', ad_personalization: 'GRANTED' },
      user_data: { sha256_email_address: ['b'.repeat(64)], sha256_phone_number: ['e'.repeat(64)] },
      events: [
        {
          name: 'purchase',
          params: {
            engagement_time_msec: 1,
            page_location: 'https://shop.example.com/thanks/for-you',
            page_referrer: 'https://shop.example.com/checkout',
            value: 49.9,
            currency: 'EUR',
            transaction_id: 'ORDER-2026-17',
            items: [
              { item_id: 'sku-red-1', quantity: 2, price: 19.95 },
              { item_id: 'sku-gift', quantity: 1 },
            ],
          },
        },
      ],
    });
    expect(sent.request.body).not.toContain(PURCHASE.ip);
    expect(sent.request.body).not.toContain(PURCHASE.user_agent);
    expect(ga4.batch.events).toBe(1);
    expect(fake.counted()).toHaveLength(1);
  });

  it.each([
    ['12345678901234567890', {}, '1234567890.1234567890'],
    ['1234567890', {}, '1234567890.1'],
    ['42', {}, '42.1'],
    ['42', { ga: 'GA1.1.5.6' }, '42.1'],
    ['42', { ga: '5.6' }, '5.6'],
  ])('of the person %s with the ids %j is of the client %s', (client_number, network_ids, client_id) => {
    const event = ga4.event(outgoing('purchase', { client_number, network_ids }), access);
    expect(event['client_id']).toBe(client_id);
  });

  it.each([
    ['Google’s tag', { ga: '5.6' }, undefined],
    ['Speck', {}, String(Date.UTC(2026, 10, 20) / 1000)],
  ])('of a visitor whom %s knows has the session %s %s', (_, network_ids, session_id) => {
    const event = ga4.event(outgoing('purchase', { network_ids }), access);
    expect(event['events']).toMatchObject([{ params: session_id === undefined ? {} : { session_id } }]);
    expect(JSON.stringify(event).includes('session_id')).toBe(session_id !== undefined);
  });

  it('has no half of a character where a text is cut', async () => {
    const long = `${'x'.repeat(99)}😀`;
    const contents = [{ id: long, quantity: 1, price: null }];
    const { events } = await send(ga4, fake, [outgoing('purchase', { order_id: long, contents })], access);
    expect(JSON.stringify(events)).not.toContain('\\ud83d');
    expect(fake.counted()).toMatchObject([{ id: 'x'.repeat(99) }]);
  });

  it('of a purchase without an order has the event’s own id, and never an empty one', () => {
    const paramsOf = (as: string): object =>
      ga4.event(outgoing(as, { order_id: '' }), access)['events'] as unknown as object;
    expect(paramsOf('purchase')).toMatchObject([{ params: { transaction_id: PURCHASE.event_id } }]);
    expect(paramsOf('add_to_cart')).not.toMatchObject([{ params: { transaction_id: expect.anything() } }]);
  });

  it('has a value only with a currency, and cuts what is too long', () => {
    const long = `https://example.com/${'x'.repeat(2000)}`;
    const changes = { currency: '', url: long, referrer: long, order_id: 'y'.repeat(200) };
    expect(ga4.event(outgoing('purchase', changes), access)['events']).toEqual([
      {
        name: 'purchase',
        params: {
          engagement_time_msec: 1,
          page_location: long.slice(0, 1000),
          page_referrer: long.slice(0, 420),
          transaction_id: 'y'.repeat(100),
          items: expect.any(Array),
        },
      },
    ]);
  });

  it('goes to the European Union, or elsewhere, if the destination says so', async () => {
    const settings = { host: 'https://region1.google-analytics.com' };
    const { url } = await ga4.request([{}], accessOf(fake, { settings }));
    expect(url).toMatch(/^https:\/\/region1\.google-analytics\.com\/mp\/collect\?/);
  });

  it('goes to the server for validation in test mode, which counts nothing', async () => {
    const sent = await send(ga4, fake, [outgoing('purchase')], testing);
    expect(sent.request.url).toContain('/debug/mp/collect?');
    expect(bodyOf(sent)).toMatchObject({ validation_behavior: 'ENFORCE_RECOMMENDATIONS' });
    expect(kindsOf(sent.verdict)).toEqual(['delivered']);
    expect(answerIn(sent.verdict).message).toContain('does not check the API secret');
    expect(fake.counted()).toHaveLength(0);
  });

  it('is valid for any conversion that has no problem', async () => {
    const names = fc.oneof(
      fc.constantFrom('purchase', 'page_view'),
      fc.stringMatching(/^[A-Za-z]\w{0,39}$/),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(conversions(ga4.maxAge), names, async (conversion, as) => {
        const item = { conversion, as };
        if (ga4.problemOf(item, access.destination) !== null) return;
        const { verdict, response } = await send(ga4, fake, [item], testing);
        expect(response.body).toBe('{"validationMessages":[]}');
        expect(kindsOf(verdict)).toEqual(['delivered']);
        fake.reset();
        await send(ga4, fake, [item], access);
        expect(fake.counted()).toHaveLength(1);
      }),
      { numRuns: runs(50, 1000) },
    );
  });
});

describe('Google Analytics', () => {
  it('answers 204 to anything, also to a wrong secret', async () => {
    const wrong = await send(ga4, fake, [outgoing('purchase')], { ...access, secret: 'another-secret' });
    expect(wrong.response.status).toBe(204);
    const milliseconds = await ga4.request([{ ...wrong.events[0], timestamp_micros: NOW }], access);
    expect((await ask(fake, milliseconds)).status).toBe(204);
    const nonsense = await ga4.request([{ nonsense: true }], access);
    expect((await ask(fake, nonsense)).status).toBe(204);
    expect(fake.counted()).toHaveLength(0);
    expect(answerIn(wrong.verdict).message).toContain('does not say whether it counts');
  });

  it('counts a purchase once for each order, and everything else each time', async () => {
    fake.browserEvent('purchase', PURCHASE.order_id, NOW - 50_000);
    await send(ga4, fake, [outgoing('purchase')], access);
    await send(ga4, fake, [outgoing('purchase', { event_id: 'another' })], access);
    expect(fake.counted()).toHaveLength(1);
    await send(ga4, fake, [outgoing('generate_lead')], access);
    await send(ga4, fake, [outgoing('generate_lead')], access);
    expect(fake.counted()).toHaveLength(3);
    expect(ga4.deduplicates).toBe('purchases');
  });

  it('takes at most 25 events, 130 kB and 72 hours', async () => {
    const [event = {}] = (await send(ga4, fake, [outgoing('purchase')], testing)).events;
    const one = (event['events'] as readonly object[])[0] as object;
    const messagesOf = async (body: object): Promise<string> =>
      (await ask(fake, await ga4.request([body as never], testing))).body;
    expect(await messagesOf({ ...event, events: Array(26).fill(one) })).toContain('EXCEEDED_MAX_ENTITIES');
    expect(await messagesOf({ ...event, timestamp_micros: (NOW - 73 * 3_600_000) * 1000 })).toContain(
      '72 hours',
    );
    expect(await messagesOf({ ...event, client_id: 'x'.repeat(131_000) })).toContain('130kB');
    expect(ga4.maxAge).toBe(72 * 3_600_000);
  });
});

it.each([
  ['purchase', true],
  ['page_view', true],
  ['Bought2', true],
  ['a'.repeat(40), true],
  ['a'.repeat(41), false],
  ['', false],
  ['2bought', false],
  ['_private', false],
  ['two words', false],
  ['gtag.event', false],
  ['firebase_event', false],
  ['ga_event', false],
  ['google_event', false],
  ['session_start', false],
  ['first_visit', false],
  ['error', false],
  ['app_store_refund', false],
  ['notification_open', false],
  ['errors', true],
])('the name %s of a rule: %s', (name, isAllowed) => {
  expect(ga4.as.pattern.test(name)).toBe(isAllowed);
  expect(ga4.problemOf(outgoing(name), access.destination) === null).toBe(isAllowed);
});

it.each(Object.entries(ga4.events))('the name %s is %s, which is allowed', (_, name) => {
  expect(ga4.as.pattern.test(name)).toBe(true);
});

describe('an answer', () => {
  it.each<[Parameters<typeof fake.trouble>[0], string]>([
    ['throttled', 'unknown'],
    ['down', 'unknown'],
    // Google Analytics does not tell these.
    ['revoked', 'delivered'],
    ['hidden', 'delivered'],
    ['ended', 'stop'],
  ])('with the trouble %s means %s', async (trouble, kind) => {
    fake.trouble(trouble);
    const { verdict } = await send(ga4, fake, [outgoing('purchase')], access);
    expect(kindsOf(verdict)).toEqual([kind]);
    expect(fake.counted()).toHaveLength(0);
  });

  it.each<[number, string]>([
    [200, 'delivered'],
    [202, 'delivered'],
    [204, 'delivered'],
    [301, 'stop'],
    [403, 'stop'],
    [404, 'stop'],
    [429, 'unknown'],
    [500, 'unknown'],
    [503, 'unknown'],
  ])('%d is never a reason to send again: %s', (status, kind) => {
    const verdict = ga4.verdict(answered(status, 'anything'), 1, access);
    expect(kindsOf(verdict)).toEqual([kind]);
    expect(answerIn(verdict).message).not.toBe('');
  });

  it('in test mode names the fault, and nothing that was sent', async () => {
    const event = ga4.event(outgoing('purchase'), testing);
    const messages = [
      { fieldPath: 'events', description: `Bad [${PURCHASE.order_id}].`, validationCode: 'NAME_RESERVED' },
      { description: 'Second.' },
    ];
    const verdict = ga4.verdict(answered(200, { validationMessages: messages }), 1, testing);
    expect(kindsOf(verdict)).toEqual(['refused']);
    expect(answerIn(verdict)).toMatchObject({
      code: 'NAME_RESERVED',
      message: `events: Bad [${PURCHASE.order_id}]. Second.`,
      advice: 'Enter another name in the rule.',
    });
    const bad = {
      ...event,
      events: [{ name: 'error', params: { page_location: `${PURCHASE.url}${'x'.repeat(1100)}` } }],
    };
    const response = await ask(fake, await ga4.request([bad], testing));
    expect(response.body).toContain(PURCHASE.url);
    const { verdictOf } = await import('../../src/relay/networks/shared.ts');
    expectNothingPersonal(verdictOf(ga4, response, [event], testing), fake.secret);
  });

  it.each([
    ['VALUE_REQUIRED', 'Send the missing value with the event.'],
    ['VALUE_INVALID', 'Correct this field on your page or your server.'],
  ])('with the code %s gives advice', (validationCode, advice) => {
    const body = { validationMessages: [{ description: 'x', validationCode }] };
    expect(answerIn(ga4.verdict(answered(200, body), 1, testing)).advice).toBe(advice);
  });
});

it('sends what docs/relay/ga4.md lists', () => {
  const events = [outgoing('purchase'), outgoing('purchase', { network_ids: {} })];
  expectDocumented(
    page,
    ga4,
    events.map((each) => ga4.event(each, access)),
  );
});
