/** Snap's Conversions API: what is sent, and what its answers mean. */
import { describe, expect, it } from 'vitest';
import page from '../../docs/relay/snap.md?raw';
import { makeSnap, snapBody } from '../../scripts/lib/networks/snap.ts';
import type { Conversion } from '../../src/model/conversion.ts';
import { snap } from '../../src/relay/networks/snap.ts';
import { type Tested, testLimits, testNetwork } from './common-tests.ts';
import { destinationOf, NOW, PURCHASE, sendOnce, verdictOn } from './sending.ts';

const tested: Tested = {
  network: snap,
  makeFake: makeSnap,
  schema: snapBody,
  purchase: 'PURCHASE',
  page,
  passing: ['throttled', 'down'],
  stopping: ['revoked'],
};
testNetwork(tested);
describe('the limits', () => testLimits(tested));

const fake = makeSnap(() => NOW);
const sending = { network: snap, fake };
const access = { destination: destinationOf(fake), secret: fake.secret, now: NOW };
const eventOf = (more: Partial<Conversion> = {}) =>
  snap.event({ conversion: { ...PURCHASE, ...more }, as: 'PURCHASE' }, access);

describe('an event', () => {
  it('has seconds, its value as a number, and prices and quantities as texts', () => {
    expect(eventOf()).toEqual({
      event_name: 'PURCHASE',
      event_time: Math.floor(PURCHASE.ts / 1000),
      event_id: 'A-17-9f3kq2',
      action_source: 'WEB',
      event_source_url: 'https://site.example/thanks',
      user_data: {
        em: [PURCHASE.hashes.em],
        ph: [PURCHASE.hashes.ph],
        external_id: PURCHASE.hashes.external_id,
        client_ip_address: '203.0.113.77',
        client_user_agent: PURCHASE.user_agent,
        sc_click_id: 'snap-click-4711',
        sc_cookie1: '0f8fad5b-d9cb-469f-a165-70867728950e',
      },
      custom_data: {
        currency: 'EUR',
        value: 49.9,
        order_id: 'order-A-17',
        content_ids: ['sku-1', 'sku-2'],
        contents: [
          { id: 'sku-1', quantity: '2', item_price: '19.95' },
          { id: 'sku-2', quantity: '1' },
        ],
        num_items: 3,
      },
    });
  });

  it('hashes to what Snap publishes', async () => {
    const sha256 = async (text: string) =>
      new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))).toHex();
    expect(await sha256('person@example.com')).toBe(
      '542d240129883c019e106e3b1b2d3f3cb3537c43c425364de8e951d5a3083345',
    );
    expect(await sha256('448444124653')).toBe(
      'dc008fda46e2e64002cf2f82a4906236282d431c4f75e5b60bfe79fc48546383',
    );
  });

  it('has no click after the event', () => {
    const clicks = { ScCid: { id: 'later', at: PURCHASE.ts + 1 } };
    expect(eventOf({ clicks })['user_data']).not.toHaveProperty('sc_click_id');
  });

  it.each([
    ['a page', { url: '' }, /URL of the page/],
    ['somebody', { hashes: {}, ip: '' }, /e-mail/],
    ['an agent', { hashes: {}, user_agent: '' }, /e-mail/],
    ['a value', { value: null }, /value and a currency/],
    ['a currency', { currency: '' }, /value and a currency/],
  ] as const)('needs %s', (_, more, problem) => {
    const conversion = { ...PURCHASE, ...more };
    expect(snap.problemOf({ conversion, as: 'PURCHASE' }, access.destination)).toMatch(problem);
  });

  it('needs no address and agent if there is a hash, and no value if it is no purchase', () => {
    const { ph = '' } = PURCHASE.hashes;
    const conversion = { ...PURCHASE, hashes: { ph }, ip: '', user_agent: '', value: null };
    expect(snap.problemOf({ conversion, as: 'SIGN_UP' }, access.destination)).toBeNull();
  });
});

describe('a request', () => {
  it('goes to the validation in test mode, which counts nothing and answers for each event', async () => {
    const destination = destinationOf(fake, { mode: 'test' });
    const batch = ['good', 'bad'].map((event_id) => ({
      as: 'PURCHASE',
      conversion: { ...PURCHASE, event_id },
    }));
    fake.refuse(['bad']);
    const { request, verdict } = await sendOnce({ ...sending, destination }, batch);
    fake.refuse([]);
    expect(request.url).toBe(
      `https://tr.snapchat.com/v3/${fake.account}/events/validate?access_token=${fake.secret}`,
    );
    expect(verdict).toMatchObject({
      kind: 'each',
      events: [
        { kind: 'delivered' },
        { kind: 'refused', answer: { code: 'E1001', advice: expect.stringMatching(/Snap/) } },
      ],
    });
    expect(fake.counted()).toHaveLength(0);
  });
});

describe('an answer', () => {
  const invalid = {
    status: 'INVALID',
    event: 0,
    errors: { codes: ['E1', 'E2'], error_msgs: ['No.', 'Neither.'] },
  };
  const reason = 'Events have been processed successfully.';

  it('of success needs no words', () => {
    expect(verdictOn(sending, 200, { status: 'VALID', reason })).toEqual({
      kind: 'each',
      events: [{ kind: 'delivered', answer: { status: 200, code: '', message: '', trace: '', advice: '' } }],
    });
  });

  it.each([
    [400, 'split', /Snap/],
    // Behind the status of success.
    [200, 'split', /Snap/],
    [401, 'stop', /Conversions API token/],
    [403, 'stop', /Conversions API token/],
    [404, 'stop', /Pixel ID/],
    [429, 'retry', /^$/],
    [500, 'retry', /^$/],
  ] as const)('%i with the status INVALID: %s', (status, kind, advice) => {
    expect(verdictOn(sending, status, invalid, { count: 2 })).toMatchObject({
      kind,
      answer: { status, code: 'E1 E2', message: 'No. Neither.', advice: expect.stringMatching(advice) },
    });
  });

  it('may have a reason only', () => {
    expect(verdictOn(sending, 400, { status: 'INVALID', reason: 'No.' })).toMatchObject({
      kind: 'split',
      answer: { message: 'No.' },
    });
  });

  it('of the validation may warn', () => {
    const event_logs = [{ event: 0, status: 'VALID', warnings: ['em is unusual'] }];
    expect(verdictOn(sending, 200, { status: 'VALID', test_event: true, event_logs })).toMatchObject({
      kind: 'each',
      events: [{ kind: 'delivered', answer: { message: 'em is unusual' } }],
    });
  });

  it.each([
    [302, '', 'stop'],
    [413, '', 'split'],
    [503, 'upstream', 'retry'],
    [200, '<html>', 'retry'],
    [200, '{}', 'retry'],
  ] as const)('%i %s: %s', (status, body, kind) => {
    expect(verdictOn(sending, status, body)).toMatchObject({ kind, answer: { status } });
  });
});

describe('the fake', () => {
  const post = async (more: object, trouble = false) => {
    const one = makeSnap(() => NOW);
    if (trouble) one.trouble('hidden');
    const { url, method, headers, body } = await snap.request([{ ...eventOf(), ...more }], access);
    const response = await one.fetch(new Request(url, { method, headers, body }));
    return `${response.status} ${((await response.json()) as { status: string }).status}`;
  };

  it.each([
    ['milliseconds', { event_time: PURCHASE.ts }],
    ['1970', { event_time: Math.floor(PURCHASE.ts / 1e6) }],
    ['38 days ago', { event_time: Math.floor(NOW / 1000) - 38 * 86_400 }],
    ['an unhashed address', { user_data: { em: ['person@example.com'] } }],
    ['too little to match with', { user_data: { client_ip_address: '203.0.113.77' } }],
    ['a purchase without a currency', { custom_data: { value: 49.9 } }],
    [
      'a number for a text',
      { custom_data: { currency: 'EUR', value: 1, contents: [{ id: 'x', quantity: 2 }] } },
    ],
  ])('refuses %s', async (_, more) => {
    expect(await post({})).toBe('200 VALID');
    expect(await post(more)).toBe('400 INVALID');
  });

  it('can hide an error behind a status of success', async () => {
    expect(await post({}, true)).toBe('200 INVALID');
  });
});
