/** Matomo's tracking API, with requests as matomo.js 5.2, matomo-tracker 2.2.4 and Matomo's import of logs send them. */
import { beforeAll, describe, expect, it } from 'vitest';
import { matomo } from '../../../src/collect/wire/matomo.ts';
import { LIMITS } from '../../../src/model/limits.ts';
import { newToken } from '../../../src/model/token.ts';
import { insertPixelKey } from '../../../src/store/pixel-key-changes.ts';
import { applySchema, db, makePixel } from '../../fixtures.ts';
import { BROWSER, eventOf, eventsOf, makeToken, propsOf, rejectionsOf, senderTo } from './stored.ts';

const send = senderTo(matomo);
beforeAll(applySchema);

const fields = (entries: Record<string, string>): string => new URLSearchParams(entries).toString();
/** A request with what matomo.js adds to all of them. */
const track = (site: string, entries: Record<string, string>, init?: RequestInit): Promise<Response> =>
  send(`/matomo.php?${query(site, entries)}`, init);
const query = (site: string, entries: Record<string, string>): string =>
  fields({
    ...entries,
    idsite: site,
    rec: '1',
    r: '123456',
    h: '10',
    m: '0',
    s: '1',
    _id: 'aaaabbbbccccdddd',
    _idn: '0',
  });
const bulk = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  send('/matomo.php', { method: 'POST', body: JSON.stringify(body), headers });

const URL = 'https://site.example/shop?mtm_campaign=Fall&mtm_kwd=red+shoes&mtm_source=news#top';

describe('a page view', () => {
  const view = {
    action_name: 'A title',
    url: URL,
    urlref: 'https://www.google.com/search',
    pf_srv: '20',
    res: '1x1',
    pv_id: 'abc123',
  };

  it('of the script is stored, with its campaign, and without what Speck has no field for', async () => {
    const { id } = await makePixel('UTC');
    const response = await track(id, { ...view, send_image: '0', dimension2: 'blog', uid: 'user 1' });
    expect([response.status, await response.text()]).toEqual([204, '']);
    const event = await eventOf(id);
    expect(event).toMatchObject({
      name: 'pageview',
      hostname: 'site.example',
      page: '/shop',
      source: 'news',
      utm_source: 'news',
      utm_campaign: 'Fall',
      utm_term: 'red shoes',
      browser: 'Firefox',
      authenticated: 0,
    });
    expect(propsOf(event)).toEqual({ dimension2: 'blog' });
    expect(event.person).toMatch(/^u/);
    expect(event.visitor).not.toBe('');
  });

  it.each([
    ['an image', 'GET', true, 200, 'image/gif'],
    ['a beacon with all in its query', 'POST', true, 200, 'image/gif'],
    ['a form', 'POST', false, 200, 'image/gif'],
  ])('is answered as %s', async (_, method, inQuery, status, type) => {
    const { id } = await makePixel('UTC');
    const text = query(id, view);
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' };
    const response = await send(`/piwik/piwik.php${inQuery ? `?${text}` : ''}`, {
      method,
      ...(method === 'POST' ? { headers, body: inQuery ? '' : text } : {}),
    });
    expect([response.status, response.headers.get('content-type')]).toEqual([status, type]);
    expect(response.headers.get('set-cookie')).toBe(null);
    expect((await response.arrayBuffer()).byteLength).toBe(42);
    expect(await eventOf(id)).toMatchObject({ name: 'pageview', page: '/shop' });
  });

  it('is the site’s whose number leads to a pixel', async () => {
    const { id } = await makePixel('UTC');
    await insertPixelKey(db, { tool: 'matomo', name: '77', pixel: id, created_at: 0 });
    await track('77', view);
    expect(await eventOf(id)).toMatchObject({ name: 'pageview' });
  });

  it('without a site is rejected as Matomo does', async () => {
    for (const [image, body] of [
      ['1', 42],
      ['0', 0],
    ] as const) {
      const response = await send(`/matomo.php?${fields({ ...view, rec: '1', send_image: image })}`);
      expect([response.status, response.headers.get('x-speck-reason')]).toEqual([400, 'missing_id']);
      expect((await response.arrayBuffer()).byteLength).toBe(body);
    }
  });
});

describe('what an event means', () => {
  const url = 'https://site.example/p';
  it.each<[string, Record<string, string>, object, object]>([
    [
      'an event',
      { e_c: 'Video', e_a: 'Play', e_n: 'Intro', e_v: '12.5', ca: '1' },
      { name: 'Play', value: null },
      { category: 'Video', name: 'Intro', event_value: '12.5' },
    ],
    [
      'an event called as Speck’s own',
      { e_c: 'Video', e_a: 'engagement', ca: '1' },
      { name: 'Engagement', engaged: null },
      { category: 'Video' },
    ],
    [
      'an event called as a page view',
      { e_c: 'x', e_a: 'pageview' },
      { name: 'Pageview' },
      { category: 'x' },
    ],
    [
      'a search',
      { search: 'shoes', search_cat: 'blue', search_count: '3' },
      { name: 'Site Search' },
      { keyword: 'shoes', category: 'blue', results: '3' },
    ],
    [
      'a download',
      { download: 'https://site.example/a.pdf' },
      { name: 'File Download', page: '/p' },
      { url: 'https://site.example/a.pdf' },
    ],
    [
      'an outlink',
      { link: 'https://other.example/' },
      { name: 'Outbound Link: Click', page: '/p' },
      { url: 'https://other.example/' },
    ],
    [
      'content shown',
      { c_n: 'Ad', c_p: 'a.jpg', c_t: '/x', ca: '1' },
      { name: 'Content Impression' },
      { content: 'Ad', piece: 'a.jpg', target: '/x' },
    ],
    [
      'content used',
      { c_n: 'Ad', c_p: 'a.jpg', c_i: 'click', ca: '1' },
      { name: 'Content Interaction' },
      { content: 'Ad', piece: 'a.jpg', interaction: 'click' },
    ],
    ['a goal', { idgoal: '3', revenue: '9.99' }, { name: 'Goal 3', value: 9_990_000, currency: '' }, {}],
    ['a goal without revenue', { idgoal: '3' }, { name: 'Goal 3', value: null }, {}],
    [
      'an order',
      {
        idgoal: '0',
        ec_id: 'A-1',
        revenue: '112.3',
        ec_st: '100',
        ec_tx: '12.3',
        ec_sh: '0',
        ec_dt: 'false',
        ec_items: '[["sku","Shoe",["Men","Red"],56.15,2]]',
      },
      { name: 'Purchase', eid: 'A-1', value: 112_300_000, currency: '' },
      {
        order_id: 'A-1',
        subtotal: '100',
        tax: '12.3',
        shipping: '0',
        items: '[{"sku":"sku","name":"Shoe","category":["Men","Red"],"price":56.15,"quantity":2}]',
      },
    ],
    [
      'a cart',
      { idgoal: '0', revenue: '50', ec_items: '[]' },
      { name: 'Cart Update', value: null },
      { cart_value: '50' },
    ],
    [
      'a page of a product',
      { _pks: 'sku', _pkn: 'Shoe', _pkp: '5', _pkc: '["Men"]' },
      { name: 'pageview' },
      { product_sku: 'sku', product_name: 'Shoe', product_price: '5', product_category: '["Men"]' },
    ],
    [
      'variables and custom data',
      {
        cvar: '{"1":["plan","pro"],"2":["value","7"]}',
        _cvar: '{"1":["__proto__","x"]}',
        e_cvar: 'x',
        data: '{"a":{"b":1},"currency":"EUR"}',
        dimension1: '',
        dimension12: 'y',
      },
      { name: 'pageview', value: null, currency: '' },
      JSON.parse(
        '{"dimension12":"y","plan":"pro","event_value":"7","__proto__":"x","a.b":"1","event_currency":"EUR"}',
      ) as object,
    ],
  ])('%s', async (_, entries, event, props) => {
    const { id } = await makePixel('UTC');
    await track(id, { ...entries, url, send_image: '0' });
    const stored = await eventOf(id);
    expect(stored).toMatchObject(event);
    expect(propsOf(stored)).toEqual(props);
  });

  it('a heartbeat is an engagement without a time of its own', async () => {
    const { id } = await makePixel('UTC');
    await track(id, { ping: '1', url });
    expect(await eventOf(id)).toMatchObject({ name: 'engagement', engaged: null, props: '', page: '/p' });
  });

  it('a request of a plugin is counted as rejected, and answered', async () => {
    const { id } = await makePixel('UTC');
    expect((await track(id, { ca: '1', ma_id: 'x', send_image: '0', url })).status).toBe(204);
    expect([await eventsOf(id), await rejectionsOf(id)]).toEqual([[], ['invalid_name']]);
  });

  it('an order is counted once', async () => {
    const { id } = await makePixel('UTC');
    const order = { idgoal: '0', ec_id: 'B-1', revenue: '5', url };
    for (const entries of [order, order, { ...order, ec_id: 'B-2' }]) await track(id, entries);
    expect((await eventsOf(id)).map(({ eid }) => eid)).toEqual(['B-1', 'B-2']);
  });

  it('more items than fit into a property are left out as a whole', async () => {
    const { id } = await makePixel('UTC');
    const items = Array.from({ length: 90 }, (_, n) => [`sku ${n}`, 'x'.repeat(60), '', 1, 1]);
    await track(id, { idgoal: '0', ec_id: 'C', revenue: '5', ec_items: JSON.stringify(items), url });
    const { items: text } = propsOf(await eventOf(id)) as { items: string };
    expect(text.length).toBeLessThanOrEqual(LIMITS.propValue);
    expect((JSON.parse(text) as unknown[]).length).toBeGreaterThan(2);
  });
});

describe('consent', () => {
  const settings = { cookie: 'first_party' } as const;
  const headers = {
    'sec-fetch-site': 'same-site',
    'sec-fetch-dest': 'image',
    referer: 'https://site.example/',
  };
  it.each([
    ['that the script reports makes its id of the visitor a person', { consent: '1' }, /^c./],
    ['that nobody reports makes nobody a person', {}, /^$/],
  ])('%s', async (_, entries, person) => {
    const { id } = await makePixel('UTC', settings);
    const response = await track(id, { ...entries, url: 'https://site.example/' }, { headers });
    expect(response.headers.get('set-cookie')).toBe(null);
    expect((await eventOf(id)).person).toMatch(person);
  });
});

describe('a server', () => {
  const page = { url: 'https://site.example/p' };
  const CDT = '2026-03-04 05:06:07';

  it('without a user agent, as matomo-tracker, is no bot and no visitor', async () => {
    const { id } = await makePixel('UTC');
    await track(
      id,
      { ...page, ua: BROWSER, lang: 'de-AT', cip: '192.0.2.1' },
      { headers: { 'user-agent': '' } },
    );
    expect(await eventOf(id)).toMatchObject({
      visitor: '',
      browser: 'Firefox',
      language: 'de',
      authenticated: 0,
    });
  });

  it.each([
    ['the lack of a user agent', {}, { 'user-agent': '' }],
    ['a user agent of its own', { ua: BROWSER }, { 'user-agent': 'python-requests/2.31' }],
    ['an address of its own', { cip: '192.0.2.1' }, {}],
  ])('is known by %s', async (_, said, headers) => {
    const { id } = await makePixel('UTC');
    await track(id, { ...page, ...said }, { headers });
    expect((await eventOf(id)).visitor).toBe('');
  });

  it('with a token of Speck says time, address, user agent and country', async () => {
    const { id } = await makePixel('UTC');
    const token = await makeToken(id);
    const said = { ...page, token_auth: token, cdt: CDT, cip: '192.0.2.1', ua: BROWSER, country: 'at' };
    expect((await track('1', said, { headers: { 'user-agent': '' } })).status).toBe(200);
    const event = await eventOf(id);
    expect(event).toMatchObject({ ts: Date.parse('2026-03-04T05:06:07Z'), country: 'AT', authenticated: 1 });
    expect(event.visitor).not.toBe('');
  });

  it.each([
    ['seconds', { cdt: '1772600767' }, 1_772_600_767_000],
    ['seconds, and as many earlier', { cdt: '1772600767', cdo: '60' }, 1_772_600_707_000],
    ['ISO 8601', { cdt: '2026-03-04T05:06:07+01:00' }, Date.parse('2026-03-04T04:06:07Z')],
  ])('says the time in %s', async (_, time, ts) => {
    const { id } = await makePixel('UTC');
    await track(id, { ...page, ...time, token_auth: await makeToken() });
    expect((await eventOf(id)).ts).toBe(ts);
  });

  it('that says no time counts now, and a time that is none is a rejection', async () => {
    const { id } = await makePixel('UTC');
    const token_auth = await makeToken();
    const before = Date.now();
    await track(id, { ...page, token_auth });
    await track(id, { ...page, token_auth, cdt: 'yesterday?' });
    expect((await eventOf(id)).ts).toBeGreaterThanOrEqual(before);
    expect(await rejectionsOf(id)).toEqual(['invalid_time']);
  });

  it.each([
    ['a token of Matomo', 'a'.repeat(32)],
    ['no token', ''],
  ])('with %s counts now and says nothing else', async (_, token_auth) => {
    const { id } = await makePixel('UTC');
    const before = Date.now();
    const cdt = String(Math.floor(before / 1000) - 3600);
    await track(id, { ...page, token_auth, cdt, cip: '192.0.2.1', country: 'fr' });
    const event = await eventOf(id);
    expect(event).toMatchObject({ visitor: '', country: '', authenticated: 0 });
    expect(event.ts).toBeGreaterThanOrEqual(before);
  });

  it.each([
    ['no token', ''],
    ['a token of Matomo', 'a'.repeat(32)],
    ['a wrong token of Speck', newToken()],
  ])('with %s may not say a time of the day before yesterday', async (_, token_auth) => {
    const { id } = await makePixel('UTC');
    const response = await track(id, { ...page, cdt: CDT, token_auth });
    expect([response.status, response.headers.get('x-speck-reason')]).toEqual([401, 'wrong_token']);
    const list = await bulk({ requests: [`?${query(id, { ...page, cdt: CDT })}`], token_auth });
    expect([list.status, await list.json()]).toEqual([
      401,
      { status: 'error', tracked: 0, invalid: 0, invalid_indices: [], message: 'wrong_token' },
    ]);
    expect(await eventsOf(id)).toEqual([]);
  });
});

describe('a list of requests', () => {
  const page = { url: 'https://site.example/p' };

  it('has them as queries and as objects, of which some may be none', async () => {
    const { id } = await makePixel('UTC');
    const requests = [
      `?${query(id, { ...page, e_c: 'a', e_a: 'One' })}`,
      { ...page, idsite: id, rec: 1, e_c: 'a', e_a: 'Two', cvar: { 1: ['plan', 'pro'] } },
      7,
      null,
      `https://matomo.example/matomo.php?${query(id, { ...page, e_c: 'a', e_a: 'Three' })}`,
    ];
    const response = await bulk({ requests });
    expect([response.status, response.headers.get('content-type'), await response.json()]).toEqual([
      200,
      'application/json',
      { status: 'success', tracked: 3, invalid: 2, invalid_indices: [2, 3] },
    ]);
    const events = await eventsOf(id);
    expect(events.map(({ name }) => name)).toEqual(['One', 'Two', 'Three']);
    expect(propsOf(events[1] as (typeof events)[0])).toEqual({ category: 'a', plan: 'pro' });
  });

  it('of the script wants no answer', async () => {
    const { id } = await makePixel('UTC');
    const body = `{"requests":["?${query(id, page)}","?${query(id, page)}"],"send_image":0}`;
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' };
    expect((await send('/matomo.php', { method: 'POST', headers, body })).status).toBe(204);
    expect(await eventsOf(id)).toHaveLength(2);
  });

  it('has a token for all, or one in each request', async () => {
    const { id } = await makePixel('UTC');
    const token_auth = await makeToken();
    const old = { ...page, cdt: '2026-03-04 05:06:07' };
    await bulk({ requests: [`?${query(id, old)}`], token_auth });
    await bulk({ requests: [`?${query(id, { ...old, token_auth })}`] });
    expect((await eventsOf(id)).map(({ authenticated }) => authenticated)).toEqual([1, 1]);
  });

  it.each<[string, string, number]>([
    ['broken', '{"requests":[', 400],
    ['of another shape', '{"requests":{}}', 400],
    ['empty', '{"requests":[]}', 400],
    ['too long', JSON.stringify({ requests: Array(201).fill('?idsite=1') }), 413],
    ['too large', JSON.stringify({ requests: ['?idsite=1&x='.padEnd(1024 * 1024)] }), 413],
  ])('that is %s is an error', async (_, body, status) => {
    const response = await send('/matomo.php', { method: 'POST', body });
    expect(response.status).toBe(status);
    await response.arrayBuffer();
  });
});
