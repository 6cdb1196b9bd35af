/** What a request tells of its client, and what an answer owes to the choice of who is counted. */
import { beforeAll, describe, expect, it } from 'vitest';
import { clientOf } from '../../src/collect/client.ts';
import { mayChoose, settle } from '../../src/collect/consent.ts';
import { corsHeaders, preflight } from '../../src/collect/cors.ts';
import type { PixelSettings } from '../../src/model/pixel.ts';
import { BLANK_EVENT, type Client, type RawEvent, UNKNOWN_CLIENT } from '../../src/model/wire.ts';
import { applySchema, makePixel, testEnv } from '../fixtures.ts';

beforeAll(applySchema);

const COOKIE = 'AAAAAAAAAAAAAAAAAAAAAA';

describe('a client', () => {
  const of = (headers: Record<string, string>, cf?: object) =>
    clientOf(new Request('https://px.example.com/p.gif', { headers, ...(cf ? { cf } : {}) } as RequestInit));

  it('that says nothing is unknown', () => {
    expect(of({})).toEqual(UNKNOWN_CLIENT);
  });

  it('is what its headers say', () => {
    const headers = {
      'cf-connecting-ip': '192.0.2.1',
      'user-agent': 'Agent',
      'accept-language': 'de',
      referer: 'https://site.example/page',
      origin: 'https://site.example',
      'sec-purpose': 'prefetch',
      purpose: 'another',
      'sec-fetch-site': 'cross-site',
      'sec-ch-ua-platform': '"Linux"',
      'sec-ch-ua-platform-version': '"6"',
      'sec-ch-ua-mobile': '?0',
      cookie: `other=1; speck_id=${COOKIE}`,
    };
    const place = { country: 'AT', regionCode: '9', region: 'Vienna', city: 'Wien' };
    expect(of(headers, place)).toEqual({
      ip: '192.0.2.1',
      userAgent: 'Agent',
      languages: 'de',
      referer: 'https://site.example/page',
      origin: 'https://site.example',
      purpose: 'prefetch',
      crossSite: true,
      refusal: '',
      cookie: COOKIE,
      hints: { platform: '"Linux"', platformVersion: '"6"', mobile: '?0' },
      place: { country: 'AT', region: 'AT-9', regionName: 'Vienna', city: 'Wien' },
    });
    expect(of({ purpose: 'preview' }).purpose).toBe('preview');
    expect(of({ 'sec-ch-ua-platform': '"X"' }).hints).toEqual({
      platform: '"X"',
      platformVersion: '',
      mobile: '',
    });
  });

  it.each([
    [{ country: 'AT' }, { country: 'AT', region: '', regionName: '', city: '' }],
    [{ country: 'T1', city: 'Tor' }, UNKNOWN_CLIENT.place],
    [{ country: 'XX', city: 'Nowhere' }, UNKNOWN_CLIENT.place],
    [{ city: 'Without a country' }, UNKNOWN_CLIENT.place],
  ])('that Cloudflare locates at %j is at %j', (cf, place) => {
    expect(of({}, cf).place).toEqual(place);
  });

  it.each([
    [{ 'sec-gpc': '1' }, 'signal'],
    [{ dnt: '1' }, 'signal'],
    [{ 'sec-gpc': '0', dnt: '0' }, ''],
    [{ cookie: 'speck_optout=1', 'sec-gpc': '1' }, 'opt_out'],
    [{ cookie: 'a=b;speck_optout=1 ; c=d' }, 'opt_out'],
    [{ cookie: 'speck_optout=0' }, ''],
    [{ cookie: 'not_speck_optout=1' }, ''],
    [{ cookie: 'a=speck_optout=1' }, ''],
  ])('that sends %j refuses by %j', (headers, refusal) => {
    expect(of(headers).refusal).toBe(refusal);
  });

  it.each([`${COOKIE}A`, COOKIE.slice(1), `${COOKIE.slice(1)}/`, ''])(
    'with the cookie %j is nobody known',
    (value) => {
      expect(of({ cookie: `speck_id=${value}` }).cookie).toBe('');
    },
  );
});

describe('a choice', () => {
  const settled = async (
    settings: readonly Partial<PixelSettings>[],
    events: readonly (Partial<RawEvent> | null)[],
    client: Partial<Client> = {},
  ) => {
    const pixels = await Promise.all(settings.map((one) => makePixel('UTC', one)));
    const raw = events.map(
      (event, index) => event && { ...BLANK_EVENT, id: pixels[index]?.id ?? 'px_unknown', ...event },
    );
    const result = await settle(raw, { ...UNKNOWN_CLIENT, ...client }, testEnv, Date.now());
    return { ...result, raw };
  };
  const FIRST = { cookie: 'first_party' } as const;
  const THIRD = { cookie: 'third_party' } as const;
  const granted = { consent: 'granted', cid: COOKIE };
  const denied = { consent: 'denied' };
  const set = (value: string, reach: string) => [
    `speck_id=${value}; Path=/; Max-Age=34128000; HttpOnly; Secure; ${reach}`,
  ];

  it.each([
    [{}, '', false],
    [{}, 'consent=denied', false],
    [{}, 'consent=granted', true],
    [{ cookie: COOKIE }, '', true],
    [{ refusal: 'opt_out' }, '', true],
    [{ refusal: 'signal' }, '', false],
  ] as const)('may be in what comes from %j with %j: %s', (client, text, may) => {
    expect(mayChoose({ ...UNKNOWN_CLIENT, ...client }, text)).toBe(may);
  });

  it.each([
    [[FIRST], [granted], set(COOKIE, 'SameSite=Lax')],
    [[THIRD], [granted], set(COOKIE, 'SameSite=None; Partitioned')],
    [[FIRST, THIRD], [granted, granted], set(COOKIE, 'SameSite=None; Partitioned')],
    [[FIRST, THIRD], [granted, {}], set(COOKIE, 'SameSite=Lax')],
    [[FIRST, {}], [denied, granted], []],
    [[{}], [granted], []],
    [[FIRST], [{}], []],
    [[FIRST], [null], []],
    [[], [granted], []],
  ] as const)('at pixels with %j, by events with %j, sets %j', async (settings, events, cookies) => {
    const result = await settled(settings, events);
    expect(result.cookies).toEqual(cookies);
    expect(result.client.cookie).toBe(cookies.length > 0 ? COOKIE : '');
    expect(result.events).toEqual(result.raw);
  });

  it('keeps the cookie that there is, and makes one where none that is fit is proposed', async () => {
    const other = 'BBBBBBBBBBBBBBBBBBBBBB';
    const kept = await settled([FIRST], [granted], { cookie: other });
    expect([kept.client.cookie, kept.cookies]).toEqual([other, set(other, 'SameSite=Lax')]);
    const made = await settled([FIRST], [{ consent: 'granted', cid: 'not fit' }]);
    expect(made.client.cookie).toMatch(/^[\w-]{22}$/);
    expect(made.cookies).toEqual(set(made.client.cookie, 'SameSite=Lax'));
    expect((await settled([FIRST], [{ consent: 'granted' }])).client.cookie).not.toBe(made.client.cookie);
  });

  it.each([
    ['the last word is no', [granted, denied], {}],
    ['the browser refuses', [granted], { refusal: 'signal' }],
  ] as const)('is no when %s, and the cookie goes however it was set', async (_, events, client) => {
    const result = await settled([FIRST, FIRST], events, { ...client, cookie: COOKIE });
    expect(result.client.cookie).toBe('');
    expect(result.cookies).toEqual([
      'speck_id=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax',
      'speck_id=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=None; Partitioned',
    ]);
    expect((await settled([FIRST, FIRST], events, client)).cookies).toEqual([]);
  });

  it('is yes when the last word is yes', async () => {
    const result = await settled([FIRST, FIRST], [denied, granted]);
    expect(result.cookies).toEqual(set(COOKIE, 'SameSite=Lax'));
  });

  it('of who is out leaves no more than which pixels are meant', async () => {
    const client = { refusal: 'opt_out', cookie: COOKIE, ip: '192.0.2.1', userAgent: 'Agent' } as const;
    const result = await settled([FIRST], [{ ...granted, ev: 'Secret', uid: 'u' }, null], client);
    expect(result.client).toEqual({ ...UNKNOWN_CLIENT, refusal: 'opt_out' });
    expect(result.events).toEqual([{ ...BLANK_EVENT, id: result.raw[0]?.id }, null]);
    expect(result.cookies).toEqual([]);
  });

  it('sets nothing when the store is silent', async () => {
    const silent = { ...testEnv, DB: {} as D1Database };
    const events = [{ ...BLANK_EVENT, id: 'px_neverseennever11', ...granted }];
    const result = await settle(events, { ...UNKNOWN_CLIENT, cookie: COOKIE }, silent, Date.now());
    expect([result.client.cookie, result.cookies]).toEqual(['', []]);
  });
});

describe('an answer to another origin', () => {
  it('names the origin, since it takes credentials', () => {
    expect(corsHeaders(null)).toEqual({});
    expect(corsHeaders('https://site.example')).toEqual({
      'access-control-allow-origin': 'https://site.example',
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'x-speck-reason',
      vary: 'Origin',
    });
  });

  it('before a request says what may be sent', () => {
    const asked = new Request('https://px.example.com/beacon', {
      method: 'OPTIONS',
      headers: { origin: 'https://site.example' },
    });
    const { status, headers } = preflight(asked, 'POST, OPTIONS');
    expect(status).toBe(204);
    expect(Object.fromEntries(headers)).toEqual({
      ...corsHeaders('https://site.example'),
      allow: 'POST, OPTIONS',
      'access-control-allow-methods': 'POST, OPTIONS',
      'access-control-allow-headers': 'content-type, content-encoding',
      'access-control-max-age': '86400',
    });
  });
});
