/** Snowplow's tracker protocol, with payloads as @snowplow/browser-tracker 4.10.1 and @snowplow/node-tracker 4.8.0 send them. */
import { beforeAll, describe, expect, it } from 'vitest';
import { snowplow } from '../../../src/collect/wire/snowplow.ts';
import { insertPixelKey } from '../../../src/store/pixel-key-changes.ts';
import { applySchema, db, makePixel } from '../../fixtures.ts';
import { BROWSER, eventOf, eventsOf, makeToken, propsOf, rejectionsOf, senderTo } from './stored.ts';

const send = senderTo(snowplow);
beforeAll(applySchema);

const BATCH = '/com.snowplowanalytics.snowplow/tp2';
const SCHEMA = 'iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4';

type Payload = Readonly<Record<string, unknown>>;

const post = (data: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  send(BATCH, {
    method: 'POST',
    headers: { 'content-type': 'application/json; charset=UTF-8', ...headers },
    body: JSON.stringify({ schema: SCHEMA, data }),
  });

/** A payload with what the browser's tracker adds to all of them. */
const payload = (aid: string, fields: Payload): Payload => ({
  eid: crypto.randomUUID(),
  tv: 'js-4.10.1',
  tna: 'sp',
  aid,
  p: 'web',
  cookie: '1',
  cs: 'UTF-8',
  lang: 'en-US',
  res: '1280x720',
  cd: '24',
  tz: 'Europe/Vienna',
  dtm: '1764000000000',
  stm: '1764000000001',
  vp: '1280x500',
  ds: '1280x2000',
  vid: '1',
  sid: 'a7b3',
  duid: 'd1b2',
  url: 'https://site.example/p?utm_source=nl',
  refr: 'https://www.google.com/',
  ...fields,
});

const described = (vendor: string, name: string, data: unknown): object => ({
  schema: `iglu:${vendor}/${name}/jsonschema/1-0-0`,
  data,
});
const unstruct = (vendor: string, name: string, data: unknown): string =>
  JSON.stringify({
    schema: 'iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0',
    data: described(vendor, name, data),
  });
const contexts = (...entities: readonly object[]): string =>
  JSON.stringify({ schema: 'iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0', data: entities });
const base64url = (text: string): string =>
  btoa(String.fromCharCode(...new TextEncoder().encode(text)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

const WEB_PAGE = described('com.snowplowanalytics.snowplow', 'web_page', { id: 'a' });
const PLAN = described('com.acme', 'account', { plan: 'pro', value: 3, owner: { name: 'Zoë' } });

describe('a page view', () => {
  it('of a batch is stored, and answered as a collector does', async () => {
    const { id } = await makePixel('UTC');
    const response = await post([
      payload(id, { e: 'pv', page: 'A title', uid: 'u1', co: contexts(WEB_PAGE, PLAN) }),
    ]);
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
      200,
      'text/plain',
      'ok',
    ]);
    const event = await eventOf(id);
    expect(event).toMatchObject({
      name: 'pageview',
      hostname: 'site.example',
      page: '/p',
      utm_source: 'nl',
      browser: 'Firefox',
      value: null,
    });
    expect(propsOf(event)).toEqual({ plan: 'pro', event_value: '3', 'owner.name': 'Zoë' });
    expect([event.visitor !== '', event.person[0]]).toEqual([true, 'u']);
  });

  it.each(['/i', BATCH])('of an image at %s is stored, with base64', async (path) => {
    const { id } = await makePixel('UTC');
    await insertPixelKey(db, { tool: 'snowplow', name: `shop${path}`, pixel: id, created_at: 0 });
    const fields = payload(`shop${path}`, { e: 'pv', cx: base64url(contexts(WEB_PAGE, PLAN)) });
    const response = await send(`${path}?${new URLSearchParams(fields as Record<string, string>)}`);
    expect([
      response.status,
      response.headers.get('content-type'),
      response.headers.get('set-cookie'),
    ]).toEqual([200, 'image/gif', null]);
    expect(propsOf(await eventOf(id))).toEqual({ plan: 'pro', event_value: '3', 'owner.name': 'Zoë' });
  });

  it('that is sent again counts once', async () => {
    const { id } = await makePixel('UTC');
    const again = payload(id, { e: 'pv' });
    await post([again]);
    await post([again, payload(id, { e: 'pv' })]);
    expect(await eventsOf(id)).toHaveLength(2);
  });
});

describe('what an event means', () => {
  const ECOMMERCE = 'com.snowplowanalytics.snowplow.ecommerce';
  const sale = described(ECOMMERCE, 'transaction', { transaction_id: 'T7', revenue: 50.5, currency: 'EUR' });
  const commerce = (type: string): string => unstruct(ECOMMERCE, 'snowplow_ecommerce_action', { type });
  it.each<[string, Payload, object, object]>([
    [
      'structured',
      { e: 'se', se_ca: 'Video', se_ac: 'Play', se_la: 'Intro', se_pr: 'x', se_va: '3' },
      { name: 'Play', value: null },
      { category: 'Video', label: 'Intro', property: 'x', event_value: '3' },
    ],
    [
      'structured, called as Speck’s own',
      { e: 'se', se_ac: 'engagement' },
      { name: 'Engagement', engaged: null },
      {},
    ],
    [
      'self-describing',
      { e: 'ue', ue_pr: unstruct('com.acme', 'signup', { plan: 'pro', currency: 'EUR', value: 9 }) },
      { name: 'signup', value: null, currency: '' },
      { plan: 'pro', event_currency: 'EUR', event_value: '9' },
    ],
    [
      'self-describing, in base64',
      {
        e: 'ue',
        ue_px: base64url(unstruct('com.acme', 'signup', { name: 'Zoë>>>???' })),
        cx: base64url(contexts(PLAN)),
      },
      { name: 'signup' },
      { name: 'Zoë>>>???', plan: 'pro', event_value: '3', 'owner.name': 'Zoë' },
    ],
    [
      'a transaction',
      { e: 'tr', tr_id: 'T1', tr_af: 'web', tr_tt: '19.99', tr_tx: '2', tr_sh: '1', tr_cu: 'eur' },
      { name: 'transaction', eid: 'T1', value: 19_990_000, currency: 'EUR' },
      { order_id: 'T1', affiliation: 'web', tax: '2', shipping: '1' },
    ],
    [
      'an item of a transaction',
      {
        e: 'ti',
        ti_id: 'T1',
        ti_sk: 'S',
        ti_nm: 'Shoe',
        ti_ca: 'Men',
        ti_pr: '9.99',
        ti_qu: '2',
        ti_cu: 'EUR',
      },
      { name: 'transaction_item', value: null },
      { order_id: 'T1', sku: 'S', name: 'Shoe', category: 'Men', price: '9.99', quantity: '2' },
    ],
    [
      'a sale',
      { e: 'ue', ue_pr: commerce('transaction'), co: contexts(sale) },
      { name: 'snowplow_ecommerce_action', eid: 'T7', value: 50_500_000, currency: 'EUR' },
      { type: 'transaction' },
    ],
    [
      'a cart',
      { e: 'ue', ue_pr: commerce('add_to_cart'), co: contexts(sale) },
      { name: 'snowplow_ecommerce_action', value: null },
      { type: 'add_to_cart' },
    ],
  ])('%s', async (_, fields, event, props) => {
    const { id } = await makePixel('UTC');
    await post([payload(id, fields)]);
    const stored = await eventOf(id);
    expect(stored).toMatchObject({ page: '/p', ...event });
    expect(propsOf(stored)).toEqual(props);
  });

  it.each<[string, Payload, number | null]>([
    ['half of the page', { pp_may: '500' }, 50],
    ['more than there is', { pp_may: '9000' }, 100],
    ['an unknown offset', {}, 25],
    ['a page without a height', { pp_may: '1', ds: '0x0', vp: '0x0' }, null],
    ['no numbers', { pp_may: 'x', ds: 'y', vp: '' }, null],
  ])('a page ping is an engagement that has seen %s', async (_, fields, scroll) => {
    const { id } = await makePixel('UTC');
    await post([payload(id, { e: 'pp', ...fields })]);
    expect(await eventOf(id)).toMatchObject({ name: 'engagement', engaged: null, scroll, props: '' });
  });

  it('of a kind that nobody knows, or that is none, is counted as rejected', async () => {
    const { id } = await makePixel('UTC');
    const response = await post([
      payload(id, { e: 'ad' }),
      payload(id, { e: 'ue', ue_pr: '{"data":7}' }),
      payload(id, { e: 'ue', ue_px: '!!' }),
      payload(id, {}),
      7,
    ]);
    expect(response.status).toBe(200);
    expect([await eventsOf(id), await rejectionsOf(id)]).toEqual([[], Array(4).fill('invalid_name')]);
  });
});

describe('consent', () => {
  const gdpr = (basisForProcessing: string) =>
    contexts(described('com.snowplowanalytics.snowplow', 'gdpr', { basisForProcessing }));
  const preferences = (eventType: string) =>
    unstruct('com.snowplowanalytics.snowplow', 'consent_preferences', { eventType });
  const headers = {
    'sec-fetch-site': 'same-site',
    'sec-fetch-dest': 'empty',
    origin: 'https://site.example',
  };

  it.each<[string, Payload, Record<string, string>, 'person' | 'visitor' | 'nobody']>([
    ['nobody says anything of', { e: 'pv' }, {}, 'visitor'],
    ['all processing is based on', { e: 'pv', co: gdpr('consent') }, {}, 'person'],
    ['processing is not based on', { e: 'pv', co: gdpr('legitimate_interests') }, {}, 'visitor'],
    ['is given to all', { e: 'ue', ue_pr: preferences('allow_all') }, {}, 'person'],
    ['is given to some', { e: 'ue', ue_pr: preferences('allow_selected') }, {}, 'visitor'],
    ['is denied', { e: 'ue', ue_pr: preferences('deny_all') }, {}, 'nobody'],
    [
      'is withdrawn, on any basis',
      { e: 'ue', ue_pr: preferences('withdrawn'), co: gdpr('consent') },
      {},
      'nobody',
    ],
    [
      'is not needed for anonymous tracking',
      { e: 'pv', co: gdpr('consent') },
      { 'sp-anonymous': '*' },
      'nobody',
    ],
  ])('%s', async (_, fields, more, who) => {
    const { id } = await makePixel('UTC', { cookie: 'first_party' });
    await post([payload(id, fields)], { ...headers, ...more });
    const { visitor, person } = await eventOf(id);
    expect([visitor !== '', person !== '']).toEqual([who !== 'nobody', who === 'person']);
  });

  it('lets a page from another origin send what its tracker sends', async () => {
    const response = await send(BATCH, { method: 'OPTIONS', headers: { origin: 'https://site.example' } });
    expect(response.headers.get('access-control-allow-credentials')).toBe('true');
    expect(response.headers.get('access-control-allow-headers')).toMatch(/content-type.*sp-anonymous/);
  });
});

describe('a server', () => {
  const fromServer = (aid: string, fields: Payload): Payload => ({
    e: 'se',
    se_ac: 'Renewed',
    p: 'srv',
    tv: 'node-4.8.0',
    aid,
    eid: crypto.randomUUID(),
    dtm: '1772600767000',
    ua: BROWSER,
    ip: '192.0.2.1',
    lang: 'de-AT',
    ...fields,
  });
  const NODE = { 'user-agent': 'node' };

  it('is no bot and no visitor, and its time does not count', async () => {
    const { id } = await makePixel('UTC');
    const before = Date.now();
    await post([fromServer(id, {})], NODE);
    const event = await eventOf(id);
    expect(event).toMatchObject({ visitor: '', browser: 'Firefox', language: 'de', authenticated: 0 });
    expect(event.ts).toBeGreaterThanOrEqual(before);
  });

  it('with a token of Speck says time, address and user agent', async () => {
    const { id } = await makePixel('UTC');
    const headers = { ...NODE, authorization: `Bearer ${await makeToken(id)}` };
    await post([fromServer('anything', {}), fromServer('', { ttm: '1772600768000', dtm: '' })], headers);
    const events = await eventsOf(id);
    expect(events.map(({ ts, authenticated }) => [ts, authenticated])).toEqual([
      [1_772_600_767_000, 1],
      [1_772_600_768_000, 1],
    ]);
    expect(events.every(({ visitor }) => visitor !== '')).toBe(true);
  });

  it('with a secret that is no token of Speck is as any other', async () => {
    const { id } = await makePixel('UTC');
    await post([fromServer(id, {})], { ...NODE, authorization: 'Bearer abc' });
    expect((await eventOf(id)).authenticated).toBe(0);
  });

  it('with a wrong token gets an answer after which trackers do not retry', async () => {
    const { id } = await makePixel('UTC');
    const response = await post([fromServer(id, {})], {
      ...NODE,
      authorization: `Bearer speck_${'a'.repeat(40)}`,
    });
    expect([response.status, response.headers.get('x-speck-reason')]).toEqual([401, 'wrong_token']);
    expect(await eventsOf(id)).toEqual([]);
  });
});

describe('a webhook', () => {
  const PATH = '/com.snowplowanalytics.iglu/v1';
  const schema = 'iglu:com.acme/campaign/jsonschema/1-0-0';
  it.each<[string, string, string | null]>([
    ['a query', `schema=${encodeURIComponent(schema)}&plan=pro&aid=PIXEL&p=srv`, null],
    ['a query and a body', `schema=${encodeURIComponent(schema)}&aid=PIXEL`, '{"plan":"pro"}'],
    ['a body', 'aid=PIXEL', JSON.stringify({ schema, data: { plan: 'pro' } })],
  ])('has its event in %s', async (_, query, body) => {
    const { id } = await makePixel('UTC');
    const init = body === null ? {} : { method: 'POST', body };
    const response = await send(`${PATH}?${query.replace('PIXEL', id)}`, init);
    expect(response.status).toBe(200);
    const event = await eventOf(id);
    expect(event).toMatchObject({ name: 'campaign', visitor: '' });
    expect(propsOf(event)).toEqual({ plan: 'pro' });
  });
});

it.each<[string, string, number]>([
  ['broken JSON', '{', 400],
  ['JSON of another shape', '{"data":{}}', 400],
  ['no events', '{"data":[]}', 400],
  ['no event with a name of the site', '{"data":[{"e":"pv"}]}', 400],
  ['too many events', JSON.stringify({ data: Array(201).fill({ e: 'pv', aid: 'x' }) }), 400],
  ['too large a body', JSON.stringify({ data: 'x'.repeat(1024 * 1024) }), 400],
])('%s is an error after which trackers do not retry', async (_, body, status) => {
  const response = await send(BATCH, { method: 'POST', body });
  expect(response.status).toBe(status);
  await response.text();
});
