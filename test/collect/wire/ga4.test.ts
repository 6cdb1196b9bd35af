/**
 * Google Analytics 4: requests to `/g/collect` as gtag.js sends them, by public descriptions of it, and the Measurement
 * Protocol.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { ga4 } from '../../../src/collect/wire/ga4.ts';
import { insertPixelKey } from '../../../src/store/pixel-key-changes.ts';
import { applySchema, db, makePixel } from '../../fixtures.ts';
import { BROWSER, eventOf, eventsOf, makeToken, propsOf, rejectionsOf, senderTo } from './stored.ts';

const send = senderTo(ga4);
beforeAll(applySchema);

const page = 'https://site.example/p?utm_source=nl';

/** The query of a request, with what gtag.js adds to all of them. */
const query = (tid: string, fields: Record<string, string>): string =>
  new URLSearchParams({
    v: '2',
    tid,
    gtm: '45je4bk0v9',
    _p: '1764000000000',
    gcd: '13l3l3l3l1l1',
    npa: '0',
    dma: '0',
    cid: '1234567890.1764000000',
    ul: 'en-us',
    sr: '1280x720',
    ur: 'DE-BE',
    pscdl: 'noapi',
    _s: '1',
    sid: '1764000000',
    sct: '1',
    seg: '0',
    dl: page,
    dr: 'https://www.google.com/',
    dt: 'A title',
    tfd: '900',
    ...fields,
  }).toString();
const get = (tid: string, fields: Record<string, string>, init: RequestInit = {}): Promise<Response> =>
  send(`/g/collect?${query(tid, fields)}`, { method: 'POST', body: '', ...init });

describe('an event of a page', () => {
  it('is a page view without what Speck has no field for', async () => {
    const { id } = await makePixel('UTC');
    await insertPixelKey(db, { tool: 'ga4', name: 'G-AB12CD34EF', pixel: id, created_at: 0 });
    const response = await get('G-AB12CD34EF', { en: 'page_view', _fv: '1', _ss: '1', uid: 'u1' });
    expect([response.status, await response.text()]).toEqual([204, '']);
    const event = await eventOf(id);
    expect(event).toMatchObject({
      name: 'pageview',
      hostname: 'site.example',
      page: '/p',
      utm_source: 'nl',
      browser: 'Firefox',
      props: '',
    });
    expect([event.visitor !== '', event.person[0]]).toEqual([true, 'u']);
  });

  it.each<[string, Record<string, string>, object, object]>([
    [
      'its own',
      {
        en: 'sign_up',
        'ep.method': 'mail',
        'epn.step': '3',
        'up.plan': 'pro',
        'upn.age': '4',
        'ep.debug_mode': 'true',
      },
      { name: 'sign_up' },
      { method: 'mail', step: '3', 'user.plan': 'pro', 'user.age': '4' },
    ],
    [
      'a purchase',
      {
        en: 'purchase',
        cu: 'EUR',
        'epn.value': '19.98',
        'ep.transaction_id': 'T1',
        'epn.tax': '2',
        pr1: 'idS1~nmShoe~brX~caMen~pr9.99~qt2~k0x~v0y',
        pr2: 'idS2',
      },
      { name: 'purchase', eid: 'T1', value: 19_980_000, currency: 'EUR' },
      {
        transaction_id: 'T1',
        tax: '2',
        items:
          '[{"item_id":"S1","item_name":"Shoe","item_brand":"X","item_category":"Men","price":"9.99","quantity":"2"},{"item_id":"S2"}]',
      },
    ],
    [
      'a refund, which is no revenue',
      { en: 'refund', cu: 'EUR', 'epn.value': '5', 'ep.transaction_id': 'T1' },
      { name: 'refund', eid: '', value: null },
      { transaction_id: 'T1', event_value: '5', event_currency: 'EUR' },
    ],
    [
      'a cart, which is no revenue yet',
      { en: 'add_to_cart', cu: 'EUR', 'epn.value': '5' },
      { name: 'add_to_cart', value: null },
      { event_value: '5', event_currency: 'EUR' },
    ],
    [
      'a value without a currency',
      { en: 'LCP', 'epn.value': '1234.5' },
      { name: 'LCP', value: null },
      { event_value: '1234.5' },
    ],
    [
      'a scroll of its own',
      { en: 'scroll', 'ep.area': 'x' },
      { name: 'scroll', scroll: null },
      { area: 'x' },
    ],
    ['called as Speck’s own', { en: 'engagement' }, { name: 'Engagement', engaged: null }, {}],
  ])('is %s', async (_, fields, event, props) => {
    const { id } = await makePixel('UTC');
    await get(id, fields);
    const stored = await eventOf(id);
    expect(stored).toMatchObject({ page: '/p', ...event });
    expect(propsOf(stored)).toEqual(props);
  });

  it('reports engagement', async () => {
    const { id } = await makePixel('UTC');
    await get(id, { en: 'user_engagement', _et: '4200', 'epn.percent_scrolled': '' });
    await get(id, { en: 'scroll', 'epn.percent_scrolled': '90', _et: '800' });
    await get(id, { en: 'select', _et: '500' });
    await get(id, { en: 'page_view', _et: '300', dr: 'https://site.example/before' });
    const events = await eventsOf(id);
    expect(events.map(({ name, page, engaged, scroll }) => [name, page, engaged, scroll])).toEqual([
      ['engagement', '/p', 4200, null],
      ['engagement', '/p', 800, 90],
      ['engagement', '/p', 500, null],
      ['select', '/p', null, null],
      ['engagement', '/before', 300, null],
      ['pageview', '/p', null, null],
    ]);
  });

  it('without a name is counted as rejected', async () => {
    const { id } = await makePixel('UTC');
    expect((await get(id, {})).status).toBe(204);
    expect([await eventsOf(id), await rejectionsOf(id)]).toEqual([[], ['invalid_name']]);
  });

  it('is one of several lines, which repeat only what differs', async () => {
    const { id } = await makePixel('UTC');
    const body =
      'en=one&ep.a=1\r\nen=two&ep.a=2&dl=https%3A%2F%2Fsite.example%2Fq\r\n\r\nen=three&tid=&_et=0';
    const headers = { 'content-type': 'text/plain;charset=UTF-8', origin: 'https://site.example' };
    const response = await get(id, { 'ep.b': 'all' }, { body, headers });
    expect(response.headers.get('access-control-allow-origin')).toBe('https://site.example');
    const events = await eventsOf(id);
    expect(events.map((event) => [event.name, event.page, propsOf(event)])).toEqual([
      ['one', '/p', { a: '1', b: 'all' }],
      ['two', '/q', { a: '2', b: 'all' }],
    ]);
  });

  it('is answered to GET, and not without a measurement id', async () => {
    const { id } = await makePixel('UTC');
    expect((await send(`/g/collect?${query(id, { en: 'page_view' })}`)).status).toBe(204);
    expect(await eventsOf(id)).toHaveLength(1);
    const response = await send(`/g/collect?${query('', { en: 'page_view' })}`);
    expect([response.status, response.headers.get('x-speck-reason')]).toEqual([400, 'missing_id']);
    const many = await get(id, {}, { body: 'en=a\n'.repeat(201) });
    expect([many.status, many.headers.get('x-speck-reason')]).toEqual([413, 'too_many_events']);
  });
});

describe('consent mode', () => {
  const headers = {
    'sec-fetch-site': 'same-site',
    'sec-fetch-dest': 'empty',
    origin: 'https://site.example',
  };
  it.each<[string, Record<string, string>, 'person' | 'visitor' | 'nobody']>([
    ['says nothing', {}, 'visitor'],
    ['denies all', { gcs: 'G100' }, 'nobody'],
    ['denies analytics', { gcs: 'G110' }, 'nobody'],
    ['grants analytics', { gcs: 'G101' }, 'person'],
    ['grants all', { gcs: 'G111' }, 'person'],
    ['knows no ads, and grants analytics', { gcs: 'G1-1' }, 'person'],
    ['is not asked', { gcs: 'G1--' }, 'visitor'],
    ['is something else', { gcs: 'H111' }, 'visitor'],
    ['denies analytics by default', { gcd: '13l3p3l3l1l1' }, 'nobody'],
    ['denies analytics by an update', { gcd: '11t1u1t1t5' }, 'nobody'],
    ['denies only ads', { gcd: '13p3l3p3p5' }, 'visitor'],
    ['grants by default, as a setting of the page', { gcd: '11t1t1t1t5' }, 'visitor'],
  ])('%s', async (_, fields, who) => {
    const { id } = await makePixel('UTC', { cookie: 'first_party' });
    const response = await get(id, { en: 'sign_up', 'ep.method': 'mail', ...fields }, { headers });
    expect(response.headers.get('set-cookie')).toBe(null);
    const { visitor, person, props } = await eventOf(id);
    expect([visitor !== '', person !== '', props !== '']).toEqual([
      who !== 'nobody',
      who === 'person',
      who !== 'nobody',
    ]);
  });

  it('that denies reports no engagement', async () => {
    const { id } = await makePixel('UTC');
    await get(id, { en: 'select', _et: '500', gcs: 'G100' });
    expect(await eventOf(id)).toMatchObject({ name: 'select' });
    expect(await rejectionsOf(id)).toEqual([]);
  });
});

describe('the Measurement Protocol', () => {
  const NODE = { 'user-agent': 'node', 'content-type': 'application/json' };
  const post = (
    id: string,
    body: unknown,
    { secret = 'abc', path = '/mp/collect' } = {},
  ): Promise<Response> =>
    send(`${path}?measurement_id=${id}&api_secret=${secret}`, {
      method: 'POST',
      headers: NODE,
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const purchase = {
    name: 'purchase',
    params: {
      transaction_id: 'T9',
      value: 30.03,
      currency: 'USD',
      coupon: 'FALL',
      page_location: page,
      page_referrer: 'https://www.google.com/',
      page_title: 'A title',
      session_id: '1',
      engagement_time_msec: '100',
      items: [{ item_id: 'S1', price: 10.01, quantity: 3 }],
      nested: { a: 1 },
    },
  };

  it('stores events without a visitor, with their data', async () => {
    const { id } = await makePixel('UTC');
    const response = await post(id, {
      client_id: '1.2',
      user_id: 'u1',
      timestamp_micros: 1_772_600_767_000_000,
      user_agent: BROWSER,
      device: { language: 'de-AT' },
      user_properties: { plan: { value: 'pro' } },
      consent: { ad_user_data: 'DENIED' },
      events: [purchase, { name: 'page_view', params: { page_location: page } }, 7],
    });
    expect([response.status, await response.text()]).toEqual([204, '']);
    const [first, second, ...none] = await eventsOf(id);
    if (!first || !second) throw new Error('too few');
    expect(none).toEqual([]);
    expect(first).toMatchObject({
      name: 'purchase',
      eid: 'T9',
      value: 30_030_000,
      currency: 'USD',
      page: '/p',
      utm_source: 'nl',
      browser: 'Firefox',
      language: 'de',
      visitor: '',
      authenticated: 0,
    });
    expect(first.ts).toBeGreaterThan(1_772_600_767_000);
    expect(propsOf(first)).toEqual({
      transaction_id: 'T9',
      coupon: 'FALL',
      'nested.a': '1',
      items: '[{"item_id":"S1","price":10.01,"quantity":3}]',
      'user.plan': 'pro',
    });
    expect(second).toMatchObject({ name: 'pageview', page: '/p' });
    expect(first.person).toMatch(/^u/);
  });

  it('with a token of Speck as its secret says time, address, user agent and country', async () => {
    const { id } = await makePixel('UTC');
    const secret = await makeToken(id);
    const client = {
      client_id: '1.2',
      ip_override: '192.0.2.1',
      user_agent: BROWSER,
      user_location: { country_id: 'AT' },
    };
    await post(
      'G-ANYTHING',
      { ...client, events: [{ ...purchase, timestamp_micros: '1772600767000000' }] },
      { secret },
    );
    const event = await eventOf(id);
    expect(event).toMatchObject({ ts: 1_772_600_767_000, country: 'AT', authenticated: 1 });
    expect(event.visitor).not.toBe('');
  });

  it('reports engagement by its own event alone', async () => {
    const { id } = await makePixel('UTC');
    const events = [{ name: 'user_engagement', params: { engagement_time_msec: 5000 } }, purchase];
    await post(id, { client_id: '1.2', events });
    expect((await eventsOf(id)).map(({ name, engaged }) => [name, engaged])).toEqual([
      ['engagement', 5000],
      ['purchase', null],
    ]);
  });

  it.each<[string, string, unknown, readonly string[]]>([
    ['nothing', 'px_1111111111111111', { events: [purchase] }, []],
    [
      'events without a name, and what is none',
      'px_1111111111111111',
      { events: [purchase, { params: {} }, 7] },
      ['events[1].name', 'events[2]'],
    ],
    ['a missing id', '', { events: [purchase] }, ['measurement_id']],
    ['a broken body', 'px_1111111111111111', '{', ['events']],
    ['too large a body', 'px_1111111111111111', 'x'.repeat(256 * 1024 + 1), ['events']],
  ])(
    'has a place to try requests, which says of %s what is wrong, and stores nothing',
    async (_, id, body, wrong) => {
      const response = await post(id, body, { path: '/debug/mp/collect' });
      expect(response.status).toBe(200);
      const { validationMessages } = (await response.json()) as {
        validationMessages: { fieldPath: string }[];
      };
      expect(validationMessages.map(({ fieldPath }) => fieldPath)).toEqual(wrong);
    },
  );

  it('stores nothing of what is tried', async () => {
    const { id } = await makePixel('UTC');
    await post(id, { events: [purchase] }, { path: '/debug/mp/collect', secret: await makeToken(id) });
    expect([await eventsOf(id), await rejectionsOf(id)]).toEqual([[], []]);
  });

  it.each<[string, unknown, number]>([
    ['broken JSON', '{', 400],
    ['a list', [], 400],
    ['events that are no list', { events: {} }, 400],
    ['no events', { events: [] }, 400],
    ['too many events', { events: Array(201).fill({ name: 'a' }) }, 413],
    ['too large a body', 'x'.repeat(256 * 1024 + 1), 413],
  ])('reports %s', async (_, body, status) => {
    const response = await post('px_1111111111111111', body);
    expect(response.status).toBe(status);
    await response.text();
  });
});
