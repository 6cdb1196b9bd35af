/**
 * Which requests lead to a conversion: every way into the collector, with every consent that it can express, against the table in docs/privacy.md. A
 * consent to being counted is none to advertising networks being told.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import document from '../../docs/privacy.md?raw';
import { CLIENTS } from '../../src/collect/wire/clients.ts';
import type { WireFormat } from '../../src/collect/wire/format.ts';
import { FORMATS } from '../../src/collect/wire/table.ts';
import { senderTo } from '../collect/wire/stored.ts';
import { applySchema } from '../fixtures.ts';
import { clicksOf, deliveriesOf, relayPixel } from './relay.ts';

beforeAll(applySchema);

interface Sent {
  readonly path: string;
  readonly method?: 'GET' | 'POST';
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `to both`: being counted and advertising. */
type Consent = 'to both' | 'to being counted' | 'to nothing' | 'not asked for';

interface Way {
  readonly name: string;
  /** As in the table of docs/privacy.md. */
  readonly row: string;
  readonly tool: string;
  /** The request of a purchase; null if the client cannot say that. */
  readonly purchase: (pixel: string, consent: Consent) => Sent | null;
  /** Whether a consent to both is sent to networks. */
  readonly isSent: boolean;
}

const PAGE = 'https://site.example/thanks?gclid=CLICK-1';
const JSON_HEADERS = { 'content-type': 'application/json' };

const word = (consent: Consent): string =>
  ({ 'to both': 'granted', 'to being counted': '', 'to nothing': 'denied', 'not asked for': '' })[consent];

const fields = (pixel: string, consent: Consent): Record<string, string> => ({
  id: pixel,
  ev: 'Purchase',
  dl: PAGE,
  consent: word(consent),
});

/** Consent mode. */
const GCS: Readonly<Record<Consent, string>> = {
  'to both': 'G111',
  'to being counted': 'G101',
  'to nothing': 'G100',
  'not asked for': 'G1--',
};

const base64 = (value: unknown): string =>
  btoa(JSON.stringify(value)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

const snowplow = (name: string, data: object, list: boolean): string =>
  base64({
    schema: `iglu:com.snowplowanalytics.snowplow/${list ? 'contexts' : 'unstruct_event'}/jsonschema/1-0-0`,
    data: list
      ? [{ schema: `iglu:com.snowplowanalytics.snowplow/${name}/jsonschema/1-0-0`, data }]
      : { schema: `iglu:com.snowplowanalytics.snowplow/${name}/jsonschema/1-0-0`, data },
  });

const segment = (categories: Readonly<Record<Consent, object>>) => (pixel: string, consent: Consent) => ({
  path: '/v1/track',
  method: 'POST' as const,
  body: {
    writeKey: pixel,
    event: 'Purchase',
    anonymousId: 'a1',
    context: { page: { url: PAGE }, library: { name: 'analytics.js' }, ...categories[consent] },
  },
});

const WAYS: readonly Way[] = [
  {
    name: 'an image',
    row: 'native',
    tool: 'native',
    purchase: (pixel, consent) => ({ path: `/p.gif?${new URLSearchParams(fields(pixel, consent))}` }),
    isSent: true,
  },
  {
    name: 'a beacon',
    row: 'native',
    tool: 'native',
    purchase: (pixel, consent) => ({ path: '/beacon', method: 'POST', body: fields(pixel, consent) }),
    isSent: true,
  },
  {
    name: 'a batch',
    row: 'native',
    tool: 'native',
    purchase: (pixel, consent) => ({ path: '/beacon', method: 'POST', body: [fields(pixel, consent)] }),
    isSent: true,
  },
  {
    name: 'GA4 in a browser',
    row: 'ga4',
    tool: 'ga4',
    purchase: (tid, consent) => ({
      path: `/g/collect?${new URLSearchParams({ v: '2', tid, en: 'Purchase', cid: '1.2', dl: PAGE, gcs: GCS[consent] })}`,
      method: 'POST',
    }),
    isSent: true,
  },
  {
    name: 'GA4 in a browser, whose consent to data for ads is denied',
    row: 'ga4',
    tool: 'ga4',
    purchase: (tid, consent) =>
      consent === 'to both'
        ? {
            path: `/g/collect?${new URLSearchParams({ v: '2', tid, en: 'Purchase', cid: '1.2', dl: PAGE, gcs: 'G111', gcd: '13r3r3u3r5' })}`,
            method: 'POST',
          }
        : null,
    isSent: false,
  },
  {
    name: 'GA4 from a server',
    row: 'ga4',
    tool: 'ga4',
    purchase: (tid) => ({
      path: `/mp/collect?measurement_id=${tid}&api_secret=x`,
      method: 'POST',
      body: {
        client_id: '1.2',
        consent: { ad_user_data: 'GRANTED' },
        events: [{ name: 'Purchase', params: { page_location: PAGE } }],
      },
    }),
    isSent: false,
  },
  {
    name: 'Segment',
    row: 'segment',
    tool: 'segment',
    purchase: segment({
      'to both': { consent: { categoryPreferences: { Analytics: true, Advertising: true } } },
      'to being counted': { consent: { categoryPreferences: { Analytics: true, Advertising: false } } },
      'to nothing': { consent: { categoryPreferences: { Analytics: false, Advertising: false } } },
      'not asked for': {},
    }),
    isSent: true,
  },
  {
    name: 'RudderStack',
    row: 'segment',
    tool: 'segment',
    purchase: segment({
      'to both': { consentManagement: { allowedConsentIds: ['C0002', 'C0004'], deniedConsentIds: [] } },
      'to being counted': {
        consentManagement: { allowedConsentIds: ['C0002'], deniedConsentIds: ['C0004'] },
      },
      'to nothing': { consentManagement: { allowedConsentIds: [], deniedConsentIds: ['C0002', 'C0004'] } },
      'not asked for': {},
    }),
    isSent: true,
  },
  {
    name: 'a consent manager without a category of advertising',
    row: 'segment',
    tool: 'segment',
    purchase: (pixel, consent) =>
      consent === 'to being counted'
        ? segment({
            'to both': {},
            'to being counted': { consent: { categoryPreferences: { Analytics: true } } },
            'to nothing': {},
            'not asked for': {},
          })(pixel, consent)
        : null,
    isSent: false,
  },
  {
    name: 'Meta’s script',
    row: 'meta',
    tool: 'meta',
    purchase: (pixel, consent) => ({ path: `/tr/?${new URLSearchParams(fields(pixel, consent))}` }),
    isSent: true,
  },
  {
    name: 'Meta’s script, whose data may be used for little',
    row: 'meta',
    tool: 'meta',
    purchase: (pixel, consent) => ({
      path: `/tr/?${new URLSearchParams({ ...fields(pixel, consent), dpo: 'LDU' })}`,
    }),
    isSent: false,
  },
  {
    name: 'Snowplow, by the basis of processing',
    row: 'snowplow',
    tool: 'snowplow',
    purchase: (aid, consent) => ({
      path: `/i?${new URLSearchParams({
        ...{ e: 'se', se_ca: 'c', se_ac: 'Purchase', p: 'web', tv: 'js-4.6.0', aid, url: PAGE, duid: 'd1' },
        ...(consent === 'to both' || consent === 'to being counted'
          ? { cx: snowplow('gdpr', { basisForProcessing: 'consent' }, true) }
          : {}),
      })}`,
    }),
    isSent: false,
  },
  {
    name: 'Matomo',
    row: 'matomo',
    tool: 'matomo',
    purchase: (idsite, consent) => ({
      path: `/matomo.php?${new URLSearchParams({
        ...{ idsite, rec: '1', e_c: 'c', e_a: 'Purchase', url: PAGE, _id: 'aaaabbbbccccdddd' },
        ...(consent === 'to both' || consent === 'to being counted' ? { consent: '1' } : {}),
      })}`,
    }),
    isSent: false,
  },
  {
    name: 'PostHog',
    row: 'posthog',
    tool: 'posthog',
    purchase: (api_key, consent) => ({
      path: '/e',
      method: 'POST',
      body: {
        api_key,
        batch: [
          {
            event: consent === 'to both' ? '$opt_in' : 'Purchase',
            properties: { $current_url: PAGE, $lib: 'web', distinct_id: 'a1', $device_id: 'a1' },
          },
        ],
      },
    }),
    isSent: false,
  },
  {
    name: 'Plausible',
    row: 'plausible',
    tool: 'plausible',
    purchase: (d) => ({ path: '/api/event', method: 'POST', body: { n: 'Purchase', u: PAGE, d } }),
    isSent: false,
  },
  {
    name: 'Umami',
    row: 'umami',
    tool: 'umami',
    purchase: (website) => ({
      path: '/api/send',
      method: 'POST',
      body: { type: 'event', payload: { website, hostname: 'site.example', url: PAGE, name: 'Purchase' } },
    }),
    isSent: false,
  },
  {
    name: 'GoatCounter',
    row: 'goatcounter',
    tool: 'goatcounter',
    purchase: (pixel) => ({ path: `/count/${pixel}?p=Purchase&e=true&s=1&b=0&rnd=1`, method: 'POST' }),
    isSent: false,
  },
  {
    name: 'Counterscale',
    row: 'counterscale',
    tool: 'counterscale',
    purchase: (sid) => ({
      path: `/collect?${new URLSearchParams({ sid, h: 'https://site.example', p: '/thanks', r: '' })}`,
    }),
    isSent: false,
  },
  {
    name: 'LinkedIn’s image',
    row: 'linkedin',
    tool: 'linkedin',
    purchase: (pid, consent) => ({
      path: `/collect?${new URLSearchParams({ pid, conversionId: '1', dl: PAGE, consent: word(consent) })}`,
    }),
    isSent: false,
  },
  {
    name: 'OpenAI’s image',
    row: 'openai',
    tool: 'openai',
    purchase: (pid, consent) => ({
      path: `/v1/sdk/events?${new URLSearchParams({ pid, event: 'custom', custom_event_name: 'Purchase', dl: PAGE, consent: word(consent) })}`,
    }),
    isSent: false,
  },
];

const RULES = ['Purchase', 'pageview', '$opt_in', 'conversion'].map((event) => ({ event, as: 'Purchase' }));

async function sender(tool: string) {
  const formats: readonly WireFormat[] =
    tool === 'native'
      ? FORMATS
      : await Promise.all(CLIENTS.filter((one) => one.tool === tool).map(({ load }) => load()));
  return (sent: Sent, headers: Readonly<Record<string, string>> = {}) => {
    const [path = ''] = sent.path.split('?');
    const format = formats.find(({ routes }) =>
      routes.some(
        (one) => one.path === path || (one.path.endsWith('*') && path.startsWith(one.path.slice(0, -1))),
      ),
    );
    if (!format) throw new Error(`no format has ${path}`);
    return senderTo(format)(sent.path, {
      method: sent.method ?? 'GET',
      ...(sent.body === undefined ? {} : { body: JSON.stringify(sent.body) }),
      headers: {
        ...JSON_HEADERS,
        origin: 'https://site.example',
        referer: 'https://site.example/',
        'sec-fetch-site': 'same-site',
        'sec-fetch-dest': sent.method === 'POST' ? 'empty' : 'image',
        ...headers,
      },
    });
  };
}

const COOKIE = '__Host-speck_id=abcdefghijklmnopqrstuv';
const SIGNALS: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['Global Privacy Control', { 'sec-gpc': '1' }],
  ['Do Not Track', { dnt: '1' }],
  ['an opt-out', { cookie: `${COOKIE}; __Host-speck_optout=1` }],
];

describe.each(WAYS)('$name', ({ tool, purchase, isSent }) => {
  it.each<Consent>(['to both', 'to being counted', 'to nothing', 'not asked for'])(
    'with a consent %s',
    async (consent) => {
      const { pixel } = await relayPixel({}, { rules: RULES });
      const request = purchase(pixel.id, consent);
      if (request === null) return;
      const response = await (await sender(tool))(request);
      expect(response.status).toBeLessThan(300);
      const isExpected = isSent && consent === 'to both';
      expect((await deliveriesOf(pixel)).map(({ state }) => state)).toEqual(isExpected ? ['waiting'] : []);
      if (!isExpected) expect(await clicksOf(pixel)).toEqual([]);
    },
  );

  it.each(SIGNALS)('with a consent, and %s', async (_, headers) => {
    const { pixel } = await relayPixel({}, { rules: RULES });
    const request = purchase(pixel.id, 'to both');
    if (request === null) return;
    await (await sender(tool))(request, headers);
    expect(await deliveriesOf(pixel)).toEqual([]);
    expect(await clicksOf(pixel)).toEqual([]);
  });
});

describe('a consent that the sender may not give', () => {
  const image = async (headers: Readonly<Record<string, string>>, settings = {}) => {
    const { pixel } = await relayPixel(settings);
    const sent = { path: `/p.gif?${new URLSearchParams({ ...fields(pixel.id, 'to both'), uid: 'ann' })}` };
    await (await sender('native'))(sent, headers);
    return (await deliveriesOf(pixel)).length;
  };

  it.each<[string, Record<string, string>, number]>([
    ['a page of the site', {}, 1],
    ['a page of the site, with a cookie', { cookie: COOKIE }, 1],
    ['a page of another site', { origin: 'https://evil.example', referer: 'https://evil.example/' }, 0],
    ['a link', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }, 0],
    ['a frame', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }, 0],
    ['an object', { 'sec-fetch-dest': 'object' }, 0],
    ['an e-mail', { origin: '', referer: '', 'sec-fetch-site': 'none' }, 0],
  ])('is that of %s', async (_, headers, count) => {
    expect(await image(headers)).toBe(count);
    // Whether the pixel may set cookies has no say in it.
    expect(await image(headers, { cookie: 'off' })).toBe(count);
  });
});

describe('docs/privacy.md', () => {
  const table = /<!-- consents:[^\n]*-->\n(.*?)<!-- end of consents -->/s.exec(document)?.[1] ?? '';
  const rows = table
    .split('\n')
    .slice(2)
    .filter((line) => line !== '')
    .map((line) => line.split('|').map((cell) => cell.trim()));

  it('has a row for each tool, and says whether its events are sent', () => {
    const documented = new Map<string, boolean>();
    for (const [, client = '', sent = ''] of rows) {
      for (const [, tool = ''] of client.matchAll(/`(\w+)`/g))
        documented.set(tool, (documented.get(tool) ?? false) || sent !== 'never');
    }
    const tested = new Map<string, boolean>();
    for (const { row, isSent } of WAYS) tested.set(row, (tested.get(row) ?? false) || isSent);
    expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(tested));
  });

  it('has every tool that there is', () => {
    const tools = new Set(['native', ...CLIENTS.map(({ tool }) => tool)]);
    expect([...tools].filter((tool) => !WAYS.some((way) => way.tool === tool))).toEqual([]);
  });
});
