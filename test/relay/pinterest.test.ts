/** Pinterest's Conversions API: what is sent, and what its answers mean for each event. */
import { describe, expect, it } from 'vitest';
import page from '../../docs/relay/pinterest.md?raw';
import { makePinterest, pinterestBody } from '../../scripts/lib/networks/pinterest.ts';
import type { Conversion } from '../../src/model/conversion.ts';
import { pinterest } from '../../src/relay/networks/pinterest.ts';
import { testNetwork } from './common-tests.ts';
import { destinationOf, NOW, PURCHASE, send, sendOnce, verdictOn } from './sending.ts';

testNetwork({
  network: pinterest,
  makeFake: makePinterest,
  schema: pinterestBody,
  purchase: 'checkout',
  page,
  passing: ['throttled', 'down'],
  stopping: ['revoked'],
});

const HOUR = 3_600_000;
const fake = makePinterest(() => NOW);
const sending = { network: pinterest, fake };
const access = { destination: destinationOf(fake), secret: fake.secret, now: NOW };
const eventOf = (more: Partial<Conversion> = {}) =>
  pinterest.event({ conversion: { ...PURCHASE, ...more }, as: 'checkout' }, access);

describe('an event', () => {
  it('has seconds, and amounts as texts', () => {
    expect(eventOf()).toEqual({
      event_name: 'checkout',
      action_source: 'web',
      event_time: Math.floor(PURCHASE.ts / 1000),
      event_id: 'A-17-9f3kq2',
      event_source_url: 'https://site.example/thanks',
      language: 'de',
      user_data: {
        em: [PURCHASE.hashes.em],
        ph: [PURCHASE.hashes.ph],
        external_id: [PURCHASE.hashes.external_id],
        client_ip_address: '203.0.113.77',
        client_user_agent: PURCHASE.user_agent,
        click_id: 'dj0yJnU9b2JDcFFH',
      },
      custom_data: {
        currency: 'EUR',
        value: '49.90',
        order_id: 'order-A-17',
        content_ids: ['sku-1', 'sku-2'],
        contents: [
          { id: 'sku-1', quantity: 2, item_price: '19.95' },
          { id: 'sku-2', quantity: 1 },
        ],
        num_items: 3,
      },
    });
  });

  it('has no value without a currency', () => {
    expect(eventOf({ currency: '' })['custom_data']).not.toHaveProperty('value');
  });

  it('names the click of the landing, else that of Pinterest’s own cookie', () => {
    const clickOf = (more: Partial<Conversion>) =>
      (eventOf(more)['user_data'] as Record<string, unknown>)['click_id'];
    expect(clickOf({ clicks: {} })).toBe('cookie-epik-value');
    expect(clickOf({ clicks: { epik: { id: 'later', at: PURCHASE.ts + 1 } } })).toBe('cookie-epik-value');
    expect(clickOf({ clicks: {}, network_ids: {} })).toBeUndefined();
  });

  it('has a language of two letters, or none', () => {
    expect(eventOf({ language: 'fil' })).not.toHaveProperty('language');
    expect(eventOf({ language: '' })).not.toHaveProperty('language');
  });

  it('needs an address’s hash, or both address and agent', () => {
    const problemOf = (more: Partial<Conversion>) =>
      pinterest.problemOf({ conversion: { ...PURCHASE, ...more }, as: 'checkout' }, access.destination);
    const { ph = '', em = '' } = PURCHASE.hashes;
    expect(problemOf({ hashes: {} })).toBeNull();
    expect(problemOf({ hashes: { em }, ip: '', user_agent: '' })).toBeNull();
    expect(problemOf({ hashes: { ph }, ip: '' })).toMatch(/e-mail/);
    expect(problemOf({ hashes: { ph }, user_agent: '' })).toMatch(/e-mail/);
  });
});

describe('a request', () => {
  it('has the token in a header, and is a test only in test mode', async () => {
    const { url, headers } = await pinterest.request([], access);
    expect(url).toBe(`https://api.pinterest.com/v5/ad_accounts/${fake.account}/events`);
    expect(headers).toMatchObject({ authorization: `Bearer ${fake.secret}` });
    const destination = destinationOf(fake, { mode: 'test' });
    const { request, verdict } = await sendOnce({ ...sending, destination }, [
      { conversion: PURCHASE, as: 'checkout' },
    ]);
    expect(request.url).toBe(`${url}?test=true`);
    expect(verdict).toMatchObject({ kind: 'each', events: [{ kind: 'delivered' }] });
    expect(fake.counted()).toHaveLength(0);
  });
});

describe('an answer', () => {
  const events = [
    { status: 'processed', error_message: null, warning_message: 'language is unusual' },
    { status: 'failed', error_message: 'No.', warning_message: null },
  ];
  const headers = { 'x-pinterest-rid': 'r-1' };
  const answer = { code: '', message: '', trace: 'r-1', advice: '' };

  it.each([
    [200, { num_events_received: 2, num_events_processed: 1, events }],
    [
      422,
      { code: 5, message: 'Not all.', details: { num_events_received: 2, num_events_processed: 1, events } },
    ],
  ])('%i is one for each event', (status, body) => {
    expect(verdictOn(sending, status, body, { count: 2, headers })).toMatchObject({
      kind: 'each',
      events: [
        { kind: 'delivered', answer: { status, trace: 'r-1', message: 'language is unusual', advice: '' } },
        { kind: 'refused', answer: { status, message: 'No.', advice: expect.stringMatching(/Pinterest/) } },
      ],
    });
  });

  it('without events is for all of them', () => {
    expect(verdictOn(sending, 200, { num_events_processed: 2 }, { count: 2, headers })).toEqual({
      kind: 'each',
      events: [
        { kind: 'delivered', answer: { status: 200, ...answer } },
        { kind: 'delivered', answer: { status: 200, ...answer } },
      ],
    });
    expect(verdictOn(sending, 200, { num_events_processed: 1, events: [] }, { count: 2 })).toMatchObject({
      kind: 'each',
      events: [{ kind: 'unknown' }, { kind: 'unknown' }],
    });
  });

  it.each([
    [400, 4196, 'split', /Pinterest/],
    [401, 2, 'stop', /Conversion access token/],
    [403, 29, 'stop', /Conversion access token/],
    [404, 4, 'stop', /Ad account ID/],
    [422, 5, 'split', /Pinterest/],
    [429, 8, 'retry', /^$/],
    [500, 1, 'retry', /^$/],
    [503, 4197, 'retry', /^$/],
  ] as const)('%i with the code %i: %s', (status, code, kind, advice) => {
    expect(verdictOn(sending, status, { code, message: 'No.' }, { count: 2, headers })).toMatchObject({
      kind,
      answer: {
        status,
        code: String(code),
        message: 'No.',
        trace: 'r-1',
        advice: expect.stringMatching(advice),
      },
    });
  });

  it.each([
    [302, '', 'stop'],
    [413, '', 'split'],
    [200, '<html>', 'retry'],
    [200, '{}', 'retry'],
  ] as const)('%i %s: %s', (status, body, kind) => {
    expect(verdictOn(sending, status, body)).toMatchObject({ kind, answer: { status } });
  });

  it('of success that has failed all is a refusal', async () => {
    const one = makePinterest(() => NOW);
    one.trouble('hidden');
    expect(
      await send({ network: pinterest, fake: one }, [{ conversion: PURCHASE, as: 'checkout' }]),
    ).toMatchObject([{ kind: 'refused', answer: { status: 200 } }]);
    expect(one.counted()).toHaveLength(0);
  });
});

describe('the fake', () => {
  const post = async (more: object) => {
    const { url, method, headers, body } = await pinterest.request([{ ...eventOf(), ...more }], access);
    const response = await makePinterest(() => NOW).fetch(new Request(url, { method, headers, body }));
    return ((await response.json()) as { events: { status: string }[] }).events[0]?.status;
  };

  it.each([
    ['milliseconds', { event_time: PURCHASE.ts }],
    ['1970', { event_time: Math.floor(PURCHASE.ts / 1e6) }],
    ['an unhashed address', { user_data: { em: ['person@example.com'] } }],
    ['too little to match with', { user_data: { client_ip_address: '203.0.113.77' } }],
    ['a number for a text', { custom_data: { currency: 'EUR', value: 49.9 } }],
    ['an unknown event', { event_name: 'Purchase' }],
    ['no id', { event_id: '' }],
  ])('refuses %s', async (_, more) => {
    expect(await post({})).toBe('processed');
    expect(await post(more)).toBe('failed');
  });

  it('takes an event that arrives an hour late for an offline one, and counts it again', async () => {
    const one = makePinterest(() => NOW);
    const late = { ...PURCHASE, ts: NOW - HOUR - 1000 };
    one.browserEvent('checkout', late.event_id, late.ts);
    await send({ network: pinterest, fake: one }, [{ conversion: late, as: 'checkout' }]);
    expect(one.counted()).toHaveLength(2);
    // So Speck does not send such an event if Pinterest's own tag is on the page.
    expect(NOW - late.ts).toBeGreaterThan(pinterest.deduplicatesFor ?? 0);
  });
});
