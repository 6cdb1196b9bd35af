/** Meta's Conversions API: what is sent, and what its answers mean. */
import { describe, expect, it } from 'vitest';
import page from '../../docs/relay/meta.md?raw';
import { makeMeta, metaBody } from '../../scripts/lib/networks/meta.ts';
import type { Conversion } from '../../src/model/conversion.ts';
import { meta } from '../../src/relay/networks/meta.ts';
import { type Tested, testLimits, testNetwork } from './common-tests.ts';
import { destinationOf, NOW, PURCHASE, send, sendOnce, verdictOn } from './sending.ts';

const tested: Tested = {
  network: meta,
  makeFake: makeMeta,
  schema: metaBody,
  purchase: 'Purchase',
  page,
  passing: ['throttled', 'down'],
  stopping: ['revoked', 'ended'],
};
testNetwork(tested);
describe('the limits', () => testLimits(tested));

const DAY = 86_400_000;
const fake = makeMeta(() => NOW);
const sending = { network: meta, fake };
const access = { destination: destinationOf(fake), secret: fake.secret, now: NOW };
const eventOf = (more: Partial<Conversion> = {}) =>
  meta.event({ conversion: { ...PURCHASE, ...more }, as: 'Purchase' }, access);
/** When the destination was added. */
const SINCE = 1_700_000_000_000;
const userOf = (more: Partial<Conversion>) => eventOf(more)['user_data'] as Record<string, unknown>;

describe('an event', () => {
  it('has seconds, amounts as numbers, and hashes of the forms that Meta asks for', () => {
    expect(eventOf()).toEqual({
      event_name: 'Purchase',
      event_time: Math.floor(PURCHASE.ts / 1000),
      event_id: 'A-17-9f3kq2',
      action_source: 'website',
      event_source_url: 'https://site.example/thanks',
      user_data: {
        em: [PURCHASE.hashes.em],
        ph: [PURCHASE.hashes.ph],
        external_id: [PURCHASE.hashes.external_id],
        client_ip_address: '203.0.113.77',
        client_user_agent: PURCHASE.user_agent,
        fbc: `fb.1.${NOW - 3 * DAY - 321}.IwAR2F4-dbP0l7Mn1`,
        fbp: 'fb.1.1778869247376.523905064992',
      },
      custom_data: {
        currency: 'EUR',
        value: 49.9,
        order_id: 'order-A-17',
        content_type: 'product',
        content_ids: ['sku-1', 'sku-2'],
        contents: [
          { id: 'sku-1', quantity: 2, item_price: 19.95 },
          { id: 'sku-2', quantity: 1 },
        ],
        num_items: 3,
      },
    });
  });

  it('hashes to what Meta publishes', async () => {
    const sha256 = async (text: string) =>
      new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))).toHex();
    expect(await sha256('john_smith@gmail.com')).toBe(
      '62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f',
    );
    expect(await sha256('16505551212')).toBe(
      'e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176',
    );
  });

  it('names the click by Meta’s own cookie, else by the time of the landing', () => {
    const cookie = 'fb.1.1778869247376.IwAR2F4';
    expect(userOf({ network_ids: { fbc: cookie } })['fbc']).toBe(cookie);
    // Seconds instead of milliseconds, no cookie of Meta's, and a click after the event.
    for (const fbc of ['fb.1.1778869247.IwAR2F4', 'IwAR2F4', `fb.1.${PURCHASE.ts + 1}.IwAR2F4`]) {
      expect(userOf({ network_ids: { fbc } })['fbc']).toBe(`fb.1.${NOW - 3 * DAY - 321}.IwAR2F4-dbP0l7Mn1`);
    }
    expect(userOf({ clicks: {} })).not.toHaveProperty('fbc');
    expect(userOf({ clicks: { fbclid: { id: 'later', at: PURCHASE.ts + 1 } } })).not.toHaveProperty('fbc');
  });

  it('names the browser by Meta’s own cookie, else by the number of the person', () => {
    expect(userOf({ network_ids: {}, page_pixels: ['meta'] })).not.toHaveProperty('fbp');
    expect(userOf({ network_ids: {}, page_pixels: ['tiktok'] })['fbp']).toBe(
      `fb.1.${SINCE}.1844674407370955`,
    );
    expect(userOf({ network_ids: { fbp: 'other' }, page_pixels: [] })['fbp']).toBe(
      `fb.1.${SINCE}.1844674407370955`,
    );
    expect(userOf({ network_ids: { fbp: 'fb.1.1778869247376.52.AQYB' } })['fbp']).toBe(
      'fb.1.1778869247376.52.AQYB',
    );
  });

  it.each([
    ['a user agent', { user_agent: '' }, /user agent/],
    ['a page', { url: '' }, /URL of the page/],
    ['a value', { value: null }, /value and a currency/],
    ['a currency', { currency: '' }, /value and a currency/],
  ] as const)('needs %s', (_, more, problem) => {
    const conversion = { ...PURCHASE, ...more };
    expect(meta.problemOf({ conversion, as: 'Purchase' }, access.destination)).toMatch(problem);
  });

  it('needs no value if it is no purchase', () => {
    const conversion = { ...PURCHASE, value: null, currency: '' };
    expect(meta.problemOf({ conversion, as: 'Lead' }, access.destination)).toBeNull();
    expect(eventOf({ currency: '' })['custom_data']).not.toHaveProperty('value');
  });
});

describe('a request', () => {
  it('has the test code in test mode only', async () => {
    const code = { test_code: 'TEST4711' };
    const live = await meta.request([], { ...access, destination: destinationOf(fake, code) });
    expect(live.body).not.toContain('TEST4711');
    const destination = destinationOf(fake, { ...code, mode: 'test' });
    const { request, verdict } = await sendOnce({ ...sending, destination }, [
      { conversion: PURCHASE, as: 'Purchase' },
    ]);
    expect(JSON.parse(request.body)).toMatchObject({ test_event_code: 'TEST4711' });
    expect(verdict.kind).toBe('each');
  });

  it('has the token escaped in its address', async () => {
    const { url } = await meta.request([], { ...access, secret: 'a|b&c' });
    expect(url).toBe(`https://graph.facebook.com/v25.0/${fake.account}/events?access_token=a%7Cb%26c`);
  });
});

describe('an answer', () => {
  const error = (more: object) => ({
    error: { message: 'No.', type: 'OAuthException', fbtrace_id: 'Ab1', ...more },
  });

  it('of success has the trace', () => {
    expect(
      verdictOn(sending, 200, { events_received: 2, messages: [], fbtrace_id: 'Ab1' }, { count: 2 }),
    ).toEqual({
      kind: 'each',
      events: Array.from({ length: 2 }, () => ({
        kind: 'delivered',
        answer: { status: 200, code: '', message: '', trace: 'Ab1', advice: '' },
      })),
    });
  });

  it('that counts fewer leaves the fate of all unknown', () => {
    const verdict = verdictOn(sending, 200, { events_received: 1, fbtrace_id: 'Ab1' }, { count: 2 });
    expect(verdict).toMatchObject({ kind: 'each', events: [{ kind: 'unknown' }, { kind: 'unknown' }] });
  });

  it.each([
    [400, { code: 190, error_subcode: 463 }, 'stop', '190/463', /Access token/],
    [400, { code: 190 }, 'stop', '190', /Access token/],
    [401, { code: 102 }, 'stop', '102', /Access token/],
    [400, { code: 100, error_subcode: 33 }, 'stop', '100/33', /Dataset ID/],
    [403, { code: 200 }, 'stop', '200', /no right/],
    [403, { code: 10 }, 'stop', '10', /no right/],
    [403, { code: 294 }, 'stop', '294', /no right/],
    [400, { code: 3 }, 'stop', '3', /no right/],
    [400, { code: 803 }, 'stop', '803', /Dataset ID/],
    [400, { code: 2500 }, 'stop', '2500', /Dataset ID/],
    [400, { code: 2635 }, 'stop', '2635', /newer/],
    [400, { code: 4 }, 'retry', '4', /^$/],
    [400, { code: 17 }, 'retry', '17', /^$/],
    [400, { code: 32 }, 'retry', '32', /^$/],
    [400, { code: 613 }, 'retry', '613', /^$/],
    [403, { code: 299 }, 'stop', '299', /no right/],
    [400, { code: 80003 }, 'retry', '80003', /^$/],
    [400, { code: 80004 }, 'retry', '80004', /^$/],
    [500, { code: 1 }, 'retry', '1', /^$/],
    [400, { code: 2 }, 'retry', '2', /^$/],
    [400, { code: 341 }, 'retry', '341', /^$/],
    [400, { code: 368 }, 'retry', '368', /^$/],
    [400, { code: 5000 }, 'retry', '5000', /^$/],
    [400, { code: 77, is_transient: true }, 'retry', '77', /^$/],
    [400, { code: 100, error_subcode: 2804003 }, 'split', '100/2804003', /older than 7 days/],
    [400, { code: 100, error_subcode: 2804009 }, 'split', '100/2804009', /currency/],
    [400, { code: 100, error_subcode: 2804050 }, 'split', '100/2804050', /e-mail/],
    [400, { code: 100 }, 'split', '100', /Meta/],
  ] as const)('%i %o: %s', (status, more, kind, code, advice) => {
    const verdict = verdictOn(sending, status, error(more));
    expect(verdict).toMatchObject({
      kind,
      answer: { status, code, trace: 'Ab1', message: 'No.', advice: expect.stringMatching(advice) },
    });
  });

  it.each([
    [302, '', 'stop'],
    [404, 'Not Found', 'stop'],
    [413, 'Too large', 'split'],
    [429, '', 'retry'],
    [502, '<html>', 'retry'],
    [200, '<html>', 'retry'],
    [200, '{}', 'retry'],
  ] as const)('%i %s: %s', (status, body, kind) => {
    expect(verdictOn(sending, status, body)).toMatchObject({ kind, answer: { status } });
  });

  it('says when to come back', () => {
    const headers = { 'retry-after': '120' };
    expect(verdictOn(sending, 429, error({ code: 4 }), { headers })).toMatchObject({
      kind: 'retry',
      after: 120,
    });
  });
});

it('has only the old event of a batch refused', async () => {
  const events = [3, 8, 6].map((days) => ({
    as: 'Purchase',
    conversion: { ...PURCHASE, event_id: `e-${days}`, ts: NOW - days * DAY },
  }));
  expect(await send({ network: meta, fake: makeMeta(() => NOW) }, events)).toMatchObject([
    { kind: 'delivered' },
    { kind: 'refused', answer: { code: '100/2804003' } },
    { kind: 'delivered' },
  ]);
});

describe('the fake', () => {
  const post = async (more: object) => {
    const { url, method, headers } = await meta.request([], access);
    const body = JSON.stringify({ data: [{ ...eventOf(), ...more }] });
    return (await makeMeta(() => NOW).fetch(new Request(url, { method, headers, body }))).status;
  };

  it.each([
    ['milliseconds', { event_time: PURCHASE.ts }],
    ['1970', { event_time: Math.floor(PURCHASE.ts / 1e6) }],
    ['an unhashed address', { user_data: { ...userOf({}), em: ['person@example.com'] } }],
    ['a hashed agent only', { user_data: { client_user_agent: 'x' } }],
    ['a click in seconds', { user_data: { ...userOf({}), fbc: 'fb.1.1778869247.x' } }],
    ['a click at the time of sending', { user_data: { ...userOf({}), fbc: `fb.1.${NOW}.x` } }],
    ['a text for a number', { custom_data: { currency: 'EUR', value: '49.90' } }],
    ['an unknown field', { event_source: 'web' }],
  ])('refuses %s', async (_, more) => {
    expect(await post({})).toBe(200);
    expect(await post(more)).toBe(400);
  });

  it('prefers the browser’s report within five minutes', async () => {
    const one = makeMeta(() => NOW);
    await send({ network: meta, fake: one }, [{ conversion: PURCHASE, as: 'Purchase' }]);
    one.browserEvent('Purchase', PURCHASE.event_id, NOW + 60_000);
    expect(one.counted()).toMatchObject([{ from: 'browser' }]);
  });
});
