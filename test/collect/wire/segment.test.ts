/** Reading what Segment's and RudderStack's libraries send; test/clients has the libraries themselves. */
import { describe, expect, it } from 'vitest';
import { segment } from '../../../src/collect/wire/segment.ts';
import { newToken } from '../../../src/model/token.ts';
import type { Sample } from '../../fuzz.ts';
import { eventsOf, readingOf, requestOf } from './read.ts';

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0';
const PIXEL = 'px_1111111111111111';

const call = (message: object, path = '/v1/track', headers: Record<string, string> = {}): Sample => ({
  method: 'POST',
  path,
  headers: { 'user-agent': BROWSER, ...headers },
  body: JSON.stringify({ writeKey: PIXEL, ...message }),
});
const only = async (message: object, path?: string, headers?: Record<string, string>) => {
  const events = await eventsOf(segment, call(message, path, headers));
  expect(events).toHaveLength(1);
  return events[0];
};
const basic = (text: string) => ({ authorization: `Basic ${btoa(text)}` });

describe('the write key', () => {
  it.each<[string, Sample]>([
    ['in the body', call({ writeKey: 'wk', event: 'A' })],
    ['as the user of Basic authentication', call({ writeKey: undefined, event: 'A' }, '/v1/t', basic('wk:'))],
    ['in the query', { ...call({ writeKey: undefined, event: 'A' }), query: 'writeKey=wk' }],
  ])('is read %s', async (_, sample) => {
    expect(await eventsOf(segment, sample)).toMatchObject([{ id: 'wk', key: 'segment', ev: 'A' }]);
  });

  it('that is a token authenticates, and is no name', async () => {
    const token = newToken();
    for (const sample of [
      call({ writeKey: token }),
      call({ writeKey: undefined }, undefined, basic(`${token}:`)),
    ]) {
      const reading = await readingOf(segment, sample);
      expect(reading).toMatchObject({ token, events: [{ id: '' }] });
    }
  });

  it('is needed, for calls that Speck does not keep too', async () => {
    expect(await readingOf(segment, call({ writeKey: '', event: 'A' }))).toBe('missing_id');
    expect(await readingOf(segment, call({ writeKey: '', groupId: 'g' }, '/v1/group'))).toBe('missing_id');
    expect(await readingOf(segment, call({ groupId: 'g' }, '/v1/group'))).toMatchObject({ events: [] });
  });
});

describe('a call', () => {
  it.each([
    ['/v1/track', { event: 'pageview' }, 'Pageview'],
    ['/v1/track', { event: 'engagement' }, 'Engagement'],
    ['/v1/track', {}, ' '],
    ['/v1/track', { event: { a: 1 } }, ' '],
    ['/v1/page', { name: 'Home' }, ''],
    ['/v1/screen', { name: 'Home' }, 'screen'],
    ['/v1/identify', { userId: 'u' }, 'engagement'],
  ])('of %s with %j is the event %j', async (path, message, ev) => {
    expect(await only(message, path)).toMatchObject({ ev });
  });

  it.each([
    ['/v1/identify', { traits: { plan: 'pro' } }],
    ['/v1/alias', { userId: 'u', previousId: 'a' }],
    ['/v1/group', { userId: 'u', groupId: 'g' }],
  ])('of %s with %j says nothing that is kept', async (path, message) => {
    expect(await eventsOf(segment, call(message, path))).toEqual([]);
  });

  it('that is none is rejected by itself, and the others of its batch are kept', async () => {
    const batch = [
      { type: 'track', event: 'A' },
      null,
      7,
      'x',
      [],
      { type: 'nothing' },
      { type: '__proto__' },
      {},
    ];
    const events = await eventsOf(segment, call({ batch }, '/v1/batch'));
    expect(events.map((event) => event?.ev ?? null)).toEqual(['A', ...Array(7).fill(null)]);
    expect(await readingOf(segment, call({}, '/v1/batch'))).toBe('missing_id');
  });

  it('beyond the limit of a batch is too much, and what is no JSON is broken', async () => {
    const batch = Array(201).fill({ type: 'track', event: 'A' });
    expect(await readingOf(segment, call({ batch }, '/v1/b'))).toBe('too_many_events');
    expect(await readingOf(segment, { ...call({}), body: '{' })).toBe('broken_json');
    expect(await readingOf(segment, { ...call({}), body: '[]' })).toBe('broken_json');
  });
});

describe('revenue', () => {
  const amount = (value: unknown, ...rest: [string, unknown][]) => [['value', value], ...rest];
  it.each([
    [
      'A',
      { revenue: 1, value: 2, total: 3 },
      [
        ['value', 1],
        ['event_value', 2],
        ['total', 3],
      ],
    ],
    [
      'A',
      { value: 2, currency: 'EUR', total: 3 },
      [
        ['event_value', 2],
        ['event_currency', 'EUR'],
        ['total', 3],
      ],
    ],
    [
      'A',
      { revenue: '', value: 2 },
      [
        ['revenue', ''],
        ['event_value', 2],
      ],
    ],
    ['A', { price: 5 }, [['price', 5]]],
    ['Order Completed', { revenue: 1, total: 3 }, amount(1, ['total', 3])],
    ['Order Completed', { total: 3, currency: 'EUR' }, amount(3, ['currency', 'EUR'])],
    ['Completed Order', { value: 2 }, amount(2)],
  ])('of %s with %j', async (event, properties, cd) => {
    expect(await only({ event, properties })).toMatchObject({ cd });
  });
});

describe('the page', () => {
  it('of a page call is its own, of a track call that of the context', async () => {
    const context = { page: { url: 'https://a.example/b', referrer: 'https://r.example/' } };
    const properties = {
      url: 'https://p.example/q',
      referrer: 'https://s.example/',
      title: 'T',
      plan: 'pro',
    };
    expect(await only({ context, properties }, '/v1/page')).toMatchObject({
      dl: 'https://p.example/q',
      rl: 'https://s.example/',
      cd: [['plan', 'pro']],
    });
    expect(await only({ context, properties, event: 'A' })).toMatchObject({
      dl: 'https://a.example/b',
      rl: 'https://r.example/',
    });
  });

  it.each([
    ['https://a.example/b#c', 'https://a.example/b?utm_source=nl&utm_campaign=x+y#c'],
    ['https://a.example/b?utm_source=own', 'https://a.example/b?utm_source=own&utm_campaign=x+y'],
    ['/path', '/path?utm_source=nl&utm_campaign=x+y'],
    ['javascript:alert(1)', ''],
  ])('%s has the campaign of the context', async (url, dl) => {
    const context = { page: { url }, campaign: { source: 'nl', name: 'x y', term: null } };
    expect(await only({ event: 'A', context })).toMatchObject({ dl });
  });
});

describe('what a token allows', () => {
  it('is the time by our clock, however wrong the client’s is', async () => {
    const sentAt = '2001-01-01T00:00:10.000Z';
    const before = Date.now();
    const { ts } =
      (await only({ event: 'A', originalTimestamp: '2001-01-01T00:00:00.000Z', sentAt }))?.overrides ?? {};
    expect(Number(ts) + 10_000).toBeGreaterThanOrEqual(before);
    expect(Number(ts) + 10_000).toBeLessThanOrEqual(Date.now());
  });

  it.each([
    [{ timestamp: '2026-01-01T00:00:00Z' }, { ts: Date.parse('2026-01-01T00:00:00Z') }],
    [{ timestamp: 'never' }, { ts: 'never' }],
    [{ context: { ip: '192.0.2.7', userAgent: BROWSER } }, { ip: '192.0.2.7', ua: BROWSER }],
    [{ context: { ip: '0.0.0.0' } }, {}],
  ])('in %j', async (message, overrides) => {
    expect((await only({ event: 'A', ...message }))?.overrides).toEqual(overrides);
  });
});

describe('the sender', () => {
  const context = { userAgent: BROWSER, locale: 'de-AT' };
  const server = { ua: BROWSER, languages: 'de-AT' };
  it.each([
    ['analytics-node-next/latest', {}, server],
    ['python-requests/2.32', { library: { name: 'analytics-python' } }, server],
    ['okhttp/4.12.0', { library: { name: 'analytics-kotlin' } }, server],
    ['node', { library: { name: 'analytics.js' } }, undefined],
    [BROWSER, { library: { name: 'RudderLabs JavaScript SDK' } }, undefined],
    [BROWSER, {}, undefined],
    ['Shop/1 CFNetwork/1490.0.4 Darwin/23.2.0', { library: { name: 'analytics-swift' } }, undefined],
  ])('with the user agent %s and %j', async (agent, more, expected) => {
    const event = await only({ event: 'A', context: { ...context, ...more } }, undefined, {
      'user-agent': agent,
    });
    expect(event?.server).toEqual(expected);
  });
});

describe('consent', () => {
  it.each([
    [{ consent: { categoryPreferences: { Analytics: true, Advertising: false } } }, 'granted', 'denied'],
    [{ consent: { categoryPreferences: { Analytics: true, Advertising: true } } }, 'granted', 'granted'],
    [{ consent: { categoryPreferences: { C0002: false, C0004: true } } }, 'denied', 'granted'],
    [{ consent: { categoryPreferences: { Advertising: false } } }, 'denied', 'denied'],
    [{ consent: { categoryPreferences: { Advertising: true } } }, '', 'granted'],
    [{ consent: { categoryPreferences: { Advertising: true, Marketing: false } } }, '', 'denied'],
    [{ consent: { categoryPreferences: { Analytics: 'yes', Targeting: 'yes' } } }, '', ''],
    [{ consent: { categoryPreferences: { Analytics: true } } }, 'granted', ''],
    [{ consent: { categoryPreferences: { Analytics: true, Ads: false } } }, 'granted', 'denied'],
    [{ consent: { categoryPreferences: { Analytics: true, Uploads: false } } }, 'granted', ''],
    [
      { consentManagement: { allowedConsentIds: ['C0002'], deniedConsentIds: ['C0004'] } },
      'granted',
      'denied',
    ],
    [{ consentManagement: { allowedConsentIds: [], deniedConsentIds: ['C0002'] } }, 'denied', ''],
    [{ consent: 7, consentManagement: { deniedConsentIds: 'C0002' } }, '', ''],
    [{}, '', ''],
  ])('of %j is %j, and to advertising %j', async (context, consent, ads) => {
    expect(await only({ event: 'A', context })).toMatchObject({ consent, ads });
  });
});

describe('an image', () => {
  const image = (path: string, query: string): Sample => ({ method: 'GET', path, query });
  const MESSAGE = { writeKey: 'wk', userId: 'u', event: 'Email Opened', properties: { subject: 'ä +' } };
  const expected = [{ id: 'wk', key: 'segment', ev: 'Email Opened', uid: 'u', cd: [['subject', 'ä +']] }];
  const bytes = Array.from(new TextEncoder().encode(JSON.stringify(MESSAGE)), (byte) =>
    String.fromCharCode(byte),
  );

  it.each([
    ['base64', `data=${encodeURIComponent(btoa(bytes.join('')))}`],
    ['base64 that was not escaped', `data=${btoa(bytes.join(''))}`],
    ['JSON', `data=${encodeURIComponent(JSON.stringify(MESSAGE))}`],
    ['fields', 'writeKey=wk&userId=u&event=Email+Opened&properties.subject=%C3%A4%20%2B'],
  ])('has its message in %s', async (_, query) => {
    expect(await eventsOf(segment, image('/v1/pixel/track', query))).toMatchObject(expected);
    expect(await eventsOf(segment, image('/pixel/v1/track', query))).toMatchObject(expected);
  });

  it('is answered with an image, whatever it says', async () => {
    const fields =
      'properties.a=1&properties.a.b=2&__proto__.polluted=1&a.b.c.d.e.f.g.h.i.j=1&.=1&properties=x';
    for (const query of ['data=%FF', 'data=e30=', fields, '']) {
      const sample = image('/v1/pixel/track', query);
      const error = 'missing_id';
      expect(await readingOf(segment, sample)).toBe(error);
      const response = await segment.answer({ request: requestOf(sample), error, events: [] });
      expect([response.status, response.headers.get('content-type')]).toEqual([400, 'image/gif']);
    }
    expect(({} as Record<string, unknown>)['polluted']).toBe(undefined);
  });
});

describe('settings', () => {
  const ask = async (path: string, host = 'px.example.com') => {
    const request = requestOf({ method: 'GET', path, headers: { host } });
    return segment.answer({ request, error: null, events: [] });
  };

  it('send the library back here, by https but on this machine', async () => {
    const settings = (await (await ask('/v1/projects/wk/settings')).json()) as { integrations: object };
    expect(settings.integrations).toEqual({
      'Segment.io': { apiKey: 'wk', apiHost: 'px.example.com/v1', protocol: 'https' },
    });
    const local = (await (await ask('/v1/projects/wk/settings', '127.0.0.1:8787')).json()) as typeof settings;
    expect(local.integrations).toMatchObject({ 'Segment.io': { protocol: 'http' } });
  });

  it.each(['/v1/projects/wk', '/v1/projects/a%22b/settings', '/v1/projects//settings'])(
    'are not at %s',
    async (path) => {
      expect((await ask(path)).status).toBe(404);
    },
  );
});
