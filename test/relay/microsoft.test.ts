/** Microsoft's Conversions API: what is sent, and what its answers mean. */
import fc from 'fast-check';
import * as v from 'valibot';
import { beforeEach, describe, expect, it } from 'vitest';
import page from '../../docs/relay/microsoft.md?raw';
import { makeMicrosoft, microsoftBody } from '../../scripts/lib/networks/microsoft.ts';
import { microsoft } from '../../src/relay/networks/microsoft.ts';
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

const fake = makeMicrosoft(() => NOW);
const access = accessOf(fake);

beforeEach(() => fake.reset());

describe('a request', () => {
  it('has the events of a batch in Microsoft’s form', async () => {
    const sent = await send(microsoft, fake, [outgoing('purchase')], access);
    expect(kindsOf(sent.verdict)).toEqual(['delivered']);
    expect(sent.request.url).toBe('https://capi.uet.microsoft.com/v1/187012345/events');
    expect(sent.request.headers['authorization']).toBe(`Bearer ${fake.secret}`);
    expect(v.is(microsoftBody, bodyOf(sent))).toBe(true);
    expect(bodyOf(sent)).toEqual({
      data: [
        {
          eventType: 'custom',
          eventName: 'purchase',
          eventId: 'A-17-9f3kq2',
          eventTime: Math.floor(NOW / 1000) - 60,
          eventSourceUrl: 'https://shop.example.com/thanks/for-you',
          referrerUrl: 'https://shop.example.com/checkout',
          adStorageConsent: 'G',
          userData: {
            anonymousId: '1c9e61d0a0c911efb8d5f1a2b3c4d5e6',
            externalId: 'f'.repeat(64),
            em: 'c'.repeat(64),
            ph: 'e'.repeat(64),
            msclkid: 'dd4afcccb1c9a4cad9544dd7e5006abc',
            clientIpAddress: '203.0.113.77',
            clientUserAgent: PURCHASE.user_agent,
          },
          customData: {
            value: 49.9,
            currency: 'EUR',
            transactionId: 'ORDER-2026-17',
            itemIds: ['sku-red-1', 'sku-gift'],
            items: [
              { id: 'sku-red-1', quantity: 2, price: 19.95 },
              { id: 'sku-gift', quantity: 1 },
            ],
          },
        },
      ],
      // In the body: in an event Microsoft does not look for it.
      continueOnValidationError: true,
      dataProvider: 'speck',
    });
  });

  it('of a page view is a page load, which needs the page', async () => {
    const { events, verdict } = await send(microsoft, fake, [outgoing('pageLoad')], access);
    expect(events[0]).toMatchObject({ eventType: 'pageLoad', eventSourceUrl: PURCHASE.url });
    expect(events[0]).not.toHaveProperty('eventName');
    expect(kindsOf(verdict)).toEqual(['delivered']);
    expect(microsoft.problemOf(outgoing('pageLoad', { url: '' }), access.destination)).toContain(
      'URL of the page',
    );
    expect(microsoft.problemOf(outgoing('purchase', { url: '' }), access.destination)).toBeNull();
  });

  it('leaves out what there is not, and a click id that is none of Microsoft’s', async () => {
    const bare = outgoing('lead', {
      url: '',
      referrer: '',
      ip: '',
      user_agent: '',
      hashes: {},
      network_ids: {},
      clicks: { msclkid: { id: 'hello', at: NOW } },
      value: null,
      currency: '',
      order_id: '',
      contents: [{ id: '', quantity: 1, price: null }],
    });
    const { events, verdict } = await send(microsoft, fake, [bare], access);
    expect(kindsOf(verdict)).toEqual(['delivered']);
    expect(events[0]).toEqual({
      eventType: 'custom',
      eventName: 'lead',
      eventId: 'A-17-9f3kq2',
      eventTime: Math.floor(NOW / 1000) - 60,
      adStorageConsent: 'G',
      userData: { anonymousId: '12345678901234567890' },
    });
  });

  it('has no click that came after it, and whole numbers of things', async () => {
    const msclkid = { id: 'dd4afcccb1c9a4cad9544dd7e5006abc', at: PURCHASE.ts + 1 };
    const contents = [
      { id: 'cloth', quantity: 1.5, price: null },
      { id: 'ham', quantity: 0.2, price: null },
    ];
    const { events, verdict } = await send(
      microsoft,
      fake,
      [outgoing('purchase', { clicks: { msclkid }, contents })],
      access,
    );
    expect(kindsOf(verdict)).toEqual(['delivered']);
    expect(events[0]).not.toHaveProperty('userData.msclkid');
    expect(events[0]).toMatchObject({
      customData: {
        items: [
          { id: 'cloth', quantity: 2 },
          { id: 'ham', quantity: 1 },
        ],
      },
    });
  });

  it('falls back to the other form of a hash', async () => {
    const { em, ph } = PURCHASE.hashes;
    const hashes = { ...(em && { em }), ...(ph && { ph }) };
    const { events } = await send(microsoft, fake, [outgoing('lead', { hashes })], access);
    expect(events[0]).toMatchObject({ userData: { em, ph } });
  });

  it('goes to the host and the version of the destination', async () => {
    const settings = { host: 'http://127.0.0.1:9/microsoft', version: 'v2' };
    const request = await microsoft.request([], accessOf(fake, { settings }));
    expect(request.url).toBe('http://127.0.0.1:9/microsoft/v2/187012345/events');
  });

  it('is accepted for any conversion that has no problem', async () => {
    const names = fc.oneof(fc.constantFrom('purchase', 'pageLoad'), fc.string({ minLength: 1 }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(conversions(microsoft.maxAge), names), { minLength: 1, maxLength: 4 }),
        async (pairs) => {
          const batch = pairs
            .map(([conversion, as]) => ({ conversion, as }))
            .filter((item) => microsoft.problemOf(item, access.destination) === null);
          if (batch.length === 0) return;
          const { verdict } = await send(microsoft, fake, batch, access);
          expect(kindsOf(verdict)).toEqual(batch.map(() => 'delivered'));
        },
      ),
      { numRuns: runs(50, 1000) },
    );
  });
});

describe('Microsoft', () => {
  it('counts an event once that its own tag, and Speck twice, have reported', async () => {
    fake.browserEvent('purchase', PURCHASE.event_id, NOW - 50_000);
    await send(microsoft, fake, [outgoing('purchase')], access);
    await send(microsoft, fake, [outgoing('purchase')], access);
    expect(fake.counted()).toHaveLength(1);
    expect(fake.arrivals().get(PURCHASE.event_id)).toBe(3);
    await send(microsoft, fake, [outgoing('add_to_cart')], access);
    expect(fake.counted()).toHaveLength(2);
  });

  it('takes the good events of a batch, and names the bad one', async () => {
    fake.refuse(['bad']);
    const batch = ['one', 'bad', 'two'].map((event_id) => outgoing('purchase', { event_id }));
    const { verdict } = await send(microsoft, fake, batch, access);
    expect(kindsOf(verdict)).toEqual(['delivered', 'refused', 'delivered']);
    expect(fake.counted().map(({ id }) => id)).toEqual(['one', 'two']);
  });

  it('takes seconds only, of the last week', async () => {
    for (const eventTime of [NOW, NOW * 1000, Math.floor(NOW / 1000) - 8 * 86_400, 1]) {
      const [event = {}] = (await send(microsoft, fake, [outgoing('purchase')], access)).events;
      const request = await microsoft.request([{ ...event, eventTime }], access);
      const { url, headers, body } = request;
      const response = await fake.fetch(new Request(url, { method: 'POST', headers, body }));
      expect(await response.json()).toMatchObject({ eventsReceived: 0, error: { details: [{ index: 0 }] } });
    }
  });

  it('repeats what it did not like, and nothing of it is recorded', async () => {
    fake.refuse([PURCHASE.event_id]);
    const sent = await send(microsoft, fake, [outgoing('purchase')], access);
    for (const value of [PURCHASE.ip, PURCHASE.event_id, 'c'.repeat(64)])
      expect(sent.response.body).toContain(value);
    expect(kindsOf(sent.verdict)).toEqual(['refused']);
    expectNothingPersonal(sent.verdict, fake.secret);
  });
});

describe('an answer', () => {
  it.each<[Parameters<typeof fake.trouble>[0], string, number]>([
    ['throttled', 'retry', 0],
    ['down', 'retry', 0],
    ['revoked', 'stop', 0],
    ['ended', 'stop', 0],
    ['hidden', 'split', 0],
  ])('with the trouble %s means %s', async (trouble, kind, counted) => {
    fake.trouble(trouble);
    const { verdict } = await send(microsoft, fake, [outgoing('purchase')], access);
    expect(kindsOf(verdict)).toEqual([kind]);
    if (kind === 'stop') expect(answerIn(verdict).advice).not.toBe('');
    expect(fake.counted()).toHaveLength(counted);
  });

  it('with a wrong token stops, and says where the token is', async () => {
    const { verdict } = await send(microsoft, fake, [outgoing('purchase')], {
      ...access,
      secret: 'other-token',
    });
    expect(verdict).toMatchObject({ kind: 'stop', answer: { status: 401, code: 'Unauthorized' } });
    expect(answerIn(verdict).advice).toContain('Use Conversions API');
  });

  it('may say when to try again', () => {
    const verdict = microsoft.verdict(answered(429, {}, { 'retry-after': '20' }), 1, access);
    expect(verdict).toMatchObject({ kind: 'retry', after: 20 });
  });

  const detail = (index: unknown, more: object = {}): object => ({
    index,
    propertyName: 'Data[0].EventTime',
    attemptedValue: PURCHASE.ip,
    errorMessage: 'is out of range',
    errorCode: 'E7',
    ...more,
  });
  const failed = (...details: readonly object[]): object => ({
    eventsReceived: 1,
    error: { code: 'ValidationError', message: 'Some are wrong.', details },
    traceId: 't-1',
  });

  it.each<[string, number, unknown, readonly string[]]>([
    ['success', 200, { eventsReceived: 2, traceId: 't-1' }, ['delivered', 'delivered']],
    ['success without a body of meaning', 202, {}, ['delivered', 'delivered']],
    ['success of something else', 200, '<html>', ['retry']],
    ['one fault', 200, failed(detail(1)), ['delivered', 'refused']],
    ['a warning', 200, failed(detail(1, { isWarning: true })), ['delivered', 'delivered']],
    ['a fault without an index', 200, failed(detail(null)), ['split']],
    ['a fault beyond the batch', 200, failed(detail(2)), ['split']],
    [
      'nothing taken',
      200,
      { eventsReceived: 0, error: { code: 'X', message: 'no', details: [] } },
      ['split'],
    ],
    ['all refused for one', 400, failed(detail(0)), ['refused', 'retry']],
    ['refused without a reason', 400, {}, ['split']],
    ['too large', 413, {}, ['split']],
    ['no right', 403, {}, ['stop']],
    ['a redirect', 302, {}, ['stop']],
    ['no such tag', 404, {}, ['stop']],
    ['a timeout', 408, {}, ['retry']],
    ['a failure', 500, 'oops', ['retry']],
  ])('that is %s (%d) has its meaning', (_, status, body, kinds) => {
    const verdict = microsoft.verdict(answered(status, body), 2, access);
    expect(kindsOf(verdict)).toEqual(kinds);
    expect(JSON.stringify(verdict)).not.toContain(PURCHASE.ip);
  });

  it('keeps the trace, the code and the words of a fault, with advice', () => {
    const verdict = microsoft.verdict(answered(200, failed(detail(0))), 1, access);
    expect(answerIn(verdict)).toEqual({
      status: 200,
      code: 'E7',
      message: 'Data[0].EventTime: is out of range',
      trace: 't-1',
      advice: 'Microsoft accepts only events of the last seven days.',
    });
  });

  it('keeps a warning of an event that was accepted', () => {
    const verdict = microsoft.verdict(answered(200, failed(detail(0, { isWarning: true }))), 1, access);
    expect(answerIn(verdict).message).toContain('with a warning');
  });

  it.each([
    ['customData.currency', 'three letters'],
    ['EventName', 'another name'],
    ['EventSourceUrl', 'URL of the page'],
    ['UserData.Em', 'this field'],
  ])('about %s gives advice', (propertyName, words) => {
    const verdict = microsoft.verdict(answered(200, failed(detail(0, { propertyName }))), 1, access);
    expect(answerIn(verdict).advice).toContain(words);
  });
});

it.each([
  ['purchase', true],
  ['Bestellung abgeschlossen', true],
  ['', false],
  [' purchase', false],
  ['two\nlines', false],
  ['x'.repeat(101), false],
])('the name %j of a rule: %s', (name, isAllowed) => {
  expect(microsoft.as.pattern.test(name)).toBe(isAllowed);
  expect(microsoft.problemOf(outgoing(name), access.destination) === null).toBe(isAllowed);
});

it('sends what docs/relay/microsoft.md lists', () => {
  expectDocumented(page, microsoft, [microsoft.event(outgoing('purchase'), access)]);
});
