/** TikTok's Events API: what is sent, and what its answers mean, whatever their status. */
import { describe, expect, it } from 'vitest';
import page from '../../docs/relay/tiktok.md?raw';
import { makeTiktok, tiktokBody } from '../../scripts/lib/networks/tiktok.ts';
import type { Conversion } from '../../src/model/conversion.ts';
import { tiktok } from '../../src/relay/networks/tiktok.ts';
import { type Tested, testLimits, testNetwork } from './common-tests.ts';
import { destinationOf, NOW, PURCHASE, sendOnce, verdictOn } from './sending.ts';

const tested: Tested = {
  network: tiktok,
  makeFake: makeTiktok,
  schema: tiktokBody,
  purchase: 'Purchase',
  page,
  passing: ['throttled', 'down', 'hidden'],
  stopping: ['revoked'],
};
testNetwork(tested);
describe('the limits', () => testLimits(tested));

const fake = makeTiktok(() => NOW);
const sending = { network: tiktok, fake };
const access = { destination: destinationOf(fake), secret: fake.secret, now: NOW };
const eventOf = (more: Partial<Conversion> = {}) =>
  tiktok.event({ conversion: { ...PURCHASE, ...more }, as: 'Purchase' }, access);

describe('an event', () => {
  it('has seconds, amounts as numbers, and the hash of the telephone number with its plus', () => {
    expect(eventOf()).toEqual({
      event: 'Purchase',
      event_time: Math.floor(PURCHASE.ts / 1000),
      event_id: 'A-17-9f3kq2',
      user: {
        email: [PURCHASE.hashes.em],
        phone: [PURCHASE.hashes.ph_e164],
        external_id: [PURCHASE.hashes.external_id],
        ttclid: 'E.C.P.tiktok-click',
        ttp: '2F7h37YkS1j57AYSKTI7IHhJPYH',
        ip: '203.0.113.77',
        user_agent: PURCHASE.user_agent,
      },
      page: { url: 'https://site.example/thanks', referrer: 'https://site.example/checkout' },
      properties: {
        currency: 'EUR',
        value: 49.9,
        order_id: 'order-A-17',
        content_type: 'product',
        contents: [
          { content_id: 'sku-1', quantity: 2, price: 19.95 },
          { content_id: 'sku-2', quantity: 1 },
        ],
      },
    });
  });

  it('has no hash of a number without its plus, and no click after the event', () => {
    const { ph = '' } = PURCHASE.hashes;
    const event = eventOf({ hashes: { ph }, clicks: { ttclid: { id: 'later', at: PURCHASE.ts + 1 } } });
    expect(event['user']).toEqual({
      ttp: '2F7h37YkS1j57AYSKTI7IHhJPYH',
      ip: '203.0.113.77',
      user_agent: PURCHASE.user_agent,
    });
  });

  it('needs a page, and something to match with', () => {
    const problemOf = (more: Partial<Conversion>) =>
      tiktok.problemOf({ conversion: { ...PURCHASE, ...more }, as: 'Purchase' }, access.destination);
    expect(problemOf({})).toBeNull();
    expect(problemOf({ url: '' })).toMatch(/URL of the page/);
    const nobody = { hashes: {}, clicks: {}, network_ids: {}, ip: '', user_agent: '' };
    expect(problemOf(nobody)).toMatch(/match/);
    expect(problemOf({ ...nobody, ip: '203.0.113.77' })).toBeNull();
  });
});

describe('a request', () => {
  it('has the token in a header', async () => {
    const { url, headers, body } = await tiktok.request([eventOf()], access);
    expect(url).toBe('https://business-api.tiktok.com/open_api/v1.3/event/track/');
    expect(headers).toMatchObject({ 'access-token': fake.secret });
    expect(JSON.parse(body)).toMatchObject({ event_source: 'web', event_source_id: fake.account });
  });

  it('has the test code in test mode, in which each event goes alone', async () => {
    const code = { test_code: 'TEST99' };
    const live = await tiktok.request([eventOf()], { ...access, destination: destinationOf(fake, code) });
    expect(live.body).not.toContain('TEST99');
    const destination = destinationOf(fake, { ...code, mode: 'test' });
    const outgoing = { conversion: PURCHASE, as: 'Purchase' };
    const { request, verdict } = await sendOnce({ ...sending, destination }, [outgoing]);
    expect(JSON.parse(request.body)).toMatchObject({ test_event_code: 'TEST99' });
    expect(verdict.kind).toBe('each');
    expect(tiktok.batch.testEvents).toBe(1);
    expect((await sendOnce({ ...sending, destination }, [outgoing, outgoing])).verdict.kind).toBe('split');
    expect(fake.counted()).toHaveLength(0);
  });
});

describe('an answer', () => {
  it('of success has the trace, and is what its code says', () => {
    expect(verdictOn(sending, 200, { code: 0, message: 'OK', request_id: 'r-1', data: {} })).toEqual({
      kind: 'each',
      events: [
        { kind: 'delivered', answer: { status: 200, code: '', message: '', trace: 'r-1', advice: '' } },
      ],
    });
  });

  it.each([
    [40001, 'stop', /no right/],
    [40102, 'stop', /Access token/],
    [40104, 'stop', /Access token/],
    [40105, 'stop', /Access token/],
    [40002, 'split', /names the field/],
    [40300, 'split', /names the field/],
    [40100, 'retry', /^$/],
    [40700, 'retry', /^$/],
    [50000, 'retry', /^$/],
    [51021, 'retry', /^$/],
  ] as const)('with the status 200 and the code %i: %s', (code, kind, advice) => {
    for (const status of [200, 400]) {
      expect(verdictOn(sending, status, { code, message: 'No.', request_id: 'r-1' })).toMatchObject({
        kind,
        answer: {
          status,
          code: String(code),
          message: 'No.',
          trace: 'r-1',
          advice: expect.stringMatching(advice),
        },
      });
    }
  });

  it('of partial success is halved, until an event is alone', () => {
    const body = { code: 20001, message: 'Partial success', request_id: 'r-1' };
    expect(verdictOn(sending, 200, body, { count: 2 })).toMatchObject({ kind: 'split' });
    expect(verdictOn(sending, 200, body)).toMatchObject({ kind: 'each', events: [{ kind: 'delivered' }] });
  });

  it.each([
    [302, '', 'stop'],
    [401, '', 'stop'],
    [404, 'Not Found', 'stop'],
    [413, '', 'split'],
    [429, '', 'retry'],
    [502, '<html>', 'retry'],
    [200, '<html>', 'retry'],
    [200, '{}', 'retry'],
  ] as const)('%i %s: %s', (status, body, kind) => {
    expect(verdictOn(sending, status, body)).toMatchObject({ kind, answer: { status } });
  });
});

describe('the fake', () => {
  const post = async (more: object) => {
    const { url, method, headers, body } = await tiktok.request([{ ...eventOf(), ...more }], access);
    return makeTiktok(() => NOW)
      .fetch(new Request(url, { method, headers, body }))
      .then((response) => response.json());
  };

  it.each([
    ['milliseconds', { event_time: PURCHASE.ts }],
    ['1970', { event_time: Math.floor(PURCHASE.ts / 1e6) }],
    ['an unhashed address', { user: { email: ['person@example.com'] } }],
    ['a hashed address outside a list', { user: { email: PURCHASE.hashes.em } }],
    ['nothing to match with', { user: {} }],
    ['a text for a number', { properties: { currency: 'EUR', value: '49.90' } }],
  ])('refuses %s with the status 200', async (_, more) => {
    expect(await post({})).toMatchObject({ code: 0 });
    expect(await post(more)).toMatchObject({ code: 40002, message: expect.stringMatching(/^Batch\.0\./) });
  });
});
