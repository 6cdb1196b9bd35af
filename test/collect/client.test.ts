/** What a request tells of its client, and what an answer owes to the choice of who is counted. */
import { beforeAll, describe, expect, it } from 'vitest';
import { mayHoldConsent } from '../../src/collect/choice.ts';
import { applyConsent } from '../../src/collect/consent.ts';
import { clientOf, mayHoldChoice } from '../../src/http/client.ts';
import { corsHeaders, preflight } from '../../src/http/cors.ts';
import { LIMITS } from '../../src/model/limits.ts';
import type { PixelSettings } from '../../src/model/pixel.ts';
import { FORGET_PERSON } from '../../src/model/set-cookie.ts';
import { BLANK_EVENT, type Client, type RawEvent, UNKNOWN_CLIENT } from '../../src/model/wire.ts';
import { applySchema, makePixel, testEnv } from '../fixtures.ts';

beforeAll(applySchema);

const COOKIE = 'AAAAAAAAAAAAAAAAAAAAAA';

describe('a client', () => {
  const of = (headers: Record<string, string>, cf?: object) =>
    clientOf(new Request('https://px.example.com/p.gif', { headers, ...(cf ? { cf } : {}) } as RequestInit));

  it('without headers is unknown', () => {
    expect(of({})).toEqual(UNKNOWN_CLIENT);
  });

  it('is located once per address, and each time if it has none', () => {
    const address = { 'cf-connecting-ip': '198.51.100.23' };
    const [vienna, bern] = [{ country: 'AT' }, { country: 'CH' }];
    expect(of(address, vienna).place.country).toBe('AT');
    expect(of(address, bern).place.country).toBe('AT');
    expect(of({ 'cf-connecting-ip': '198.51.100.24' }, bern).place.country).toBe('CH');
    expect([of({}, vienna).place.country, of({}, bern).place.country]).toEqual(['AT', 'CH']);
  });

  it('is read from the headers', () => {
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
      cookie: `other=1; __Host-speck_id=${COOKIE}`,
    };
    const place = { country: 'AT', regionCode: '9', region: 'Vienna', city: 'Wien' };
    expect(of(headers, place)).toEqual({
      ip: '192.0.2.1',
      userAgent: 'Agent',
      languages: 'de',
      referer: 'https://site.example/page',
      origin: 'https://site.example',
      purpose: 'prefetch',
      cookieReach: 'third_party',
      refusal: '',
      cookie: COOKIE,
      staleCookie: false,
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

  it('is read from the beginning of each header, whatever its length', () => {
    const names = [
      'cf-connecting-ip',
      'user-agent',
      'accept-language',
      'referer',
      'origin',
      'purpose',
      'sec-purpose',
    ];
    const hints = ['sec-ch-ua-platform', 'sec-ch-ua-platform-version', 'sec-ch-ua-mobile'];
    const headers = Object.fromEntries([...names, ...hints].map((name) => [name, name + 'y'.repeat(60_000)]));
    const client = of(headers);
    for (const [name, text, limit] of [
      ['cf-connecting-ip', client.ip, LIMITS.address],
      ['user-agent', client.userAgent, LIMITS.userAgent],
      ['accept-language', client.languages, LIMITS.hint],
      ['referer', client.referer, LIMITS.referer],
      ['origin', client.origin, LIMITS.origin],
      ['sec-purpose', client.purpose, LIMITS.hint],
      ['sec-ch-ua-platform', client.hints.platform, LIMITS.hint],
      ['sec-ch-ua-platform-version', client.hints.platformVersion, LIMITS.hint],
      ['sec-ch-ua-mobile', client.hints.mobile, LIMITS.hint],
    ] as const) {
      expect(text).toBe(headers[name]?.slice(0, limit));
    }
  });

  it.each([
    [{ country: 'AT' }, { country: 'AT', region: '', regionName: '', city: '' }],
    [{ country: 'T1', city: 'Tor' }, UNKNOWN_CLIENT.place],
    [{ country: 'XX', city: 'Nowhere' }, UNKNOWN_CLIENT.place],
    [{ city: 'Without a country' }, UNKNOWN_CLIENT.place],
  ])("with Cloudflare's geo %j has the geo %j", (cf, place) => {
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
  ])('that sends %j has the privacy signal %j', (headers, refusal) => {
    expect(of(headers).refusal).toBe(refusal);
  });

  it.each([`${COOKIE}A`, COOKIE.slice(1), `${COOKIE.slice(1)}/`, ''])(
    'with the cookie %j is not a known person',
    (value) => {
      expect(of({ cookie: `__Host-speck_id=${value}` }).cookie).toBe('');
    },
  );

  const image = (site: string) => ({
    'sec-fetch-site': site,
    'sec-fetch-mode': 'no-cors',
    'sec-fetch-dest': 'image',
  });
  it.each([
    ['GET', image('same-site'), 'first_party'],
    ['GET', image('same-origin'), 'first_party'],
    ['POST', { ...image('same-site'), 'sec-fetch-dest': 'empty' }, 'first_party'],
    ['POST', { ...image('cross-site'), 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }, 'third_party'],
    ['GET', image('cross-site'), 'third_party'],
    ['GET', image('none'), ''],
    ['GET', image('something-new'), ''],
    // A navigation, by a link, a form, a redirect, an address or a frame.
    ...['same-origin', 'same-site', 'cross-site', 'none'].flatMap((site) => [
      ['GET', { ...image(site), 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }, ''] as const,
      ['GET', { ...image(site), 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }, ''] as const,
      ['POST', { ...image(site), 'sec-fetch-mode': 'navigate', origin: 'https://site.example' }, ''] as const,
      ['GET', { ...image(site), 'sec-fetch-dest': 'document' }, ''] as const,
      ['GET', { ...image(site), 'sec-fetch-dest': 'object' }, ''] as const,
    ]),
    // A browser that does not say where a request comes from says the origin of a beacon.
    ['GET', {}, ''],
    ['GET', { origin: 'https://site.example', referer: 'https://site.example/' }, ''],
    ['POST', {}, ''],
    ['POST', { origin: 'https://site.example' }, 'first_party'],
  ] as const)('that asks by %s with %j may have a cookie that reaches %j', (method, headers, reach) => {
    const request = new Request('https://px.example.com/beacon', { method, headers });
    expect(clientOf(request, mayHoldConsent('consent=granted')).cookieReach).toBe(reach);
    // It matters to those only who have made a choice.
    expect(clientOf(request, mayHoldConsent('consent=denied')).cookieReach).toBe('');
  });
});

describe('a consent choice', () => {
  const BROWSER: Client = {
    ...UNKNOWN_CLIENT,
    ip: '192.0.2.1',
    userAgent: 'Agent',
    origin: 'https://www.site.example',
    cookieReach: 'first_party',
  };
  const consentResults = async (
    settings: readonly Partial<PixelSettings>[],
    events: readonly (Partial<RawEvent> | null)[],
    client: Partial<Client> = {},
  ) => {
    const pixels = await Promise.all(settings.map((one) => makePixel('UTC', one)));
    const raw = events.map(
      (event, index) => event && { ...BLANK_EVENT, id: pixels[index]?.id ?? 'px_unknown', ...event },
    );
    const result = await applyConsent(raw, { ...BROWSER, ...client }, testEnv, Date.now());
    return { ...result, raw };
  };
  const FIRST = { cookie: 'first_party' } as const;
  const THIRD = { cookie: 'third_party' } as const;
  const granted = { consent: 'granted', cid: COOKIE };
  const denied = { consent: 'denied' };
  const set = (value: string, reach: string) => [
    `__Host-speck_id=${value}; Path=/; Max-Age=34128000; HttpOnly; Secure; ${reach}`,
  ];

  it.each([
    [{}, '', false],
    [{}, 'consent=denied', false],
    [{}, 'consent=granted', true],
    [{ cookie: COOKIE }, '', true],
    [{ staleCookie: true }, '', true],
    [{ refusal: 'opt_out' }, '', true],
    [{ refusal: 'signal' }, '', false],
  ] as const)('may be in what comes from %j with %j: %s', (client, text, may) => {
    expect(mayHoldChoice({ ...UNKNOWN_CLIENT, ...client }, mayHoldConsent(text))).toBe(may);
  });

  it.each([
    [[FIRST], [granted], 'SameSite=Lax'],
    [[THIRD], [granted], 'SameSite=None; Partitioned'],
    [[FIRST, THIRD], [granted, granted], 'SameSite=None; Partitioned'],
    [[FIRST, THIRD], [granted, {}], 'SameSite=Lax'],
    [[FIRST, {}], [denied, granted], null],
    [[{}], [granted], null],
    [[FIRST], [{}], null],
    [[FIRST], [null], null],
    [[], [granted], null],
  ] as const)(
    'at pixels with %j, by events with %j, sets a cookie of %j',
    async (settings, events, reach) => {
      const result = await consentResults(settings, events);
      expect(result.client.cookie).toEqual(reach === null ? '' : expect.stringMatching(/^[\w-]{22}$/));
      expect(result.cookies).toEqual(reach === null ? [] : set(result.client.cookie, reach));
      expect(result.events).toEqual(result.raw);
    },
  );

  it('keeps an existing cookie, and creates one unless the page proposes a valid one', async () => {
    const other = 'BBBBBBBBBBBBBBBBBBBBBB';
    const results = await consentResults([FIRST], [granted], { cookie: other });
    expect([results.client.cookie, results.cookies]).toEqual([other, set(other, 'SameSite=Lax')]);
    for (const cid of ['not fit', '1,2,3', '1,2,3,4,5', '1,2,3,', '1,2,3,12345678901', '1,2,3,4\n']) {
      const [one, another] = [
        await consentResults([FIRST], [{ consent: 'granted', cid }]),
        await consentResults([FIRST], [{ consent: 'granted', cid }]),
      ];
      expect(one.client.cookie).toMatch(/^[\w-]{22}$/);
      expect(one.client.cookie).not.toBe(another.client.cookie);
    }
    const made = await consentResults([FIRST], [{ consent: 'granted', cid: 'not fit' }]);
    expect(made.client.cookie).toMatch(/^[\w-]{22}$/);
    expect(made.cookies).toEqual(set(made.client.cookie, 'SameSite=Lax'));
    expect((await consentResults([FIRST], [{ consent: 'granted' }])).client.cookie).not.toBe(
      made.client.cookie,
    );
  });

  it.each([COOKIE, '4294967295,0,12,3000000000'])(
    'derives one cookie per visitor from a proposal, which does not reveal it: %s',
    async (cid) => {
      const proposed = { ...granted, cid };
      const made = async (client: Partial<Client>, event: Partial<RawEvent> = proposed, env = testEnv) => {
        const pixel = await makePixel('UTC', FIRST);
        const events = [{ ...BLANK_EVENT, id: pixel.id, ...event }];
        return (await applyConsent(events, { ...BROWSER, ...client }, env, Date.now())).client.cookie;
      };
      const cookie = await made({});
      expect(cookie).not.toBe(COOKIE);
      expect(await made({})).toBe(cookie);
      const others = [
        await made({ ip: '192.0.2.2' }),
        await made({ userAgent: 'Another' }),
        await made({ origin: 'https://site.example' }),
        await made({}, { ...granted, cid: 'B'.repeat(22) }),
        await made({}, proposed, {
          ...testEnv,
          SECRET_KEY: 'another secret of this Worker, as long as one has to be',
        }),
        // Without the secret, by chance.
        await made({}, proposed, { ...testEnv, SECRET_KEY: '' }),
        await made({}, proposed, { ...testEnv, SECRET_KEY: '' }),
      ];
      expect(new Set([cookie, COOKIE, ...others]).size).toBe(9);
    },
  );

  const HERE = 'https://www.site.example';
  it.each([
    // Of the pixel's own site: its host, with or without www, unless the owner lists others.
    [FIRST, 'first_party', HERE, true],
    [FIRST, 'first_party', 'https://site.example', true],
    [FIRST, 'first_party', 'https://users.site.example', false],
    [FIRST, 'first_party', '', false],
    [{ ...FIRST, origins: ['users.site.example'] }, 'first_party', 'https://users.site.example', true],
    [{ ...FIRST, origins: ['*.site.example'] }, 'first_party', 'https://users.site.example', true],
    [{ ...FIRST, origins: ['shop.site.example'] }, 'first_party', HERE, false],
    // Of other sites, where the pixel lets its cookie reach them.
    [FIRST, 'third_party', HERE, false],
    [THIRD, 'third_party', 'https://other.example', true],
    [THIRD, 'first_party', HERE, true],
    [THIRD, 'first_party', 'https://users.site.example', false],
    [{ ...THIRD, origins: ['partner.example'] }, 'third_party', 'https://partner.example', true],
    [{ ...THIRD, origins: ['partner.example'] }, 'third_party', 'https://other.example', false],
    // Of a navigation, or from nowhere.
    [FIRST, '', HERE, false],
    [THIRD, '', HERE, false],
    [{ ...THIRD, origins: ['www.site.example'] }, '', HERE, false],
  ] as const)(
    'at a pixel with %j counts as %j from a page of %s: %s',
    async (settings, reach, origin, is) => {
      for (const client of [{}, { cookie: COOKIE }]) {
        const result = await consentResults([settings], [granted], { ...client, cookieReach: reach, origin });
        expect([result.client.cookie !== '', result.cookies.length]).toEqual([is, is ? 1 : 0]);
        // What is sent in place of an origin where there is none.
        const byReferer = { ...client, cookieReach: reach, origin: '', referer: origin && `${origin}/page` };
        expect((await consentResults([settings], [granted], byReferer)).cookies).toHaveLength(is ? 1 : 0);
      }
    },
  );

  it('ignores the cookie of an older version, and removes it when it sets the new one', async () => {
    const result = await consentResults([FIRST], [granted], { staleCookie: true });
    expect(result.cookies).toEqual([
      ...set(result.client.cookie, 'SameSite=Lax'),
      'speck_id=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax',
      'speck_id=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=None; Partitioned',
    ]);
    expect((await consentResults([FIRST], [denied], { staleCookie: true })).cookies).toHaveLength(4);
    expect((await consentResults([FIRST], [{}], { staleCookie: true })).cookies).toEqual([]);
  });

  it.each([
    ['the last word is no', [granted, denied], {}],
    ['the browser refuses', [granted], { refusal: 'signal' }],
  ] as const)('is no when %s, and the cookie goes however it was set', async (_, events, client) => {
    const result = await consentResults([FIRST, FIRST], events, { ...client, cookie: COOKIE });
    expect(result.client.cookie).toBe('');
    expect(result.cookies).toEqual(FORGET_PERSON);
    expect((await consentResults([FIRST, FIRST], events, client)).cookies).toEqual([]);
  });

  it('is granted if the last event grants it', async () => {
    const result = await consentResults([FIRST, FIRST], [denied, granted]);
    expect(result.cookies).toEqual(set(result.client.cookie, 'SameSite=Lax'));
  });

  it('of a visitor who has opted out reads only the pixel keys', async () => {
    const client = { refusal: 'opt_out', cookie: COOKIE, ip: '192.0.2.1', userAgent: 'Agent' } as const;
    const result = await consentResults([FIRST], [{ ...granted, ev: 'Secret', uid: 'u' }, null], client);
    // The cookie only says whose consent ends.
    expect(result.client).toEqual({ ...UNKNOWN_CLIENT, refusal: 'opt_out', refusedCookie: COOKIE });
    expect(result.events).toEqual([{ ...BLANK_EVENT, id: result.raw[0]?.id }, null]);
    expect(result.cookies).toEqual(FORGET_PERSON);
  });

  it('sets no cookie if the store does not respond', async () => {
    const silent = { ...testEnv, DB: {} as D1Database };
    const events = [{ ...BLANK_EVENT, id: 'px_neverseennever11', ...granted }];
    const result = await applyConsent(events, { ...BROWSER, cookie: COOKIE }, silent, Date.now());
    expect([result.client.cookie, result.cookies]).toEqual(['', []]);
  });
});

describe('a response to another origin', () => {
  it('names the origin, since it allows credentials', () => {
    expect(corsHeaders(null)).toEqual({});
    expect(corsHeaders('https://site.example')).toEqual({
      'access-control-allow-origin': 'https://site.example',
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'x-speck-reason',
      vary: 'Origin',
    });
  });

  it('to a preflight request lists the allowed methods and headers', () => {
    const beaconRequest = new Request('https://px.example.com/beacon', {
      method: 'OPTIONS',
      headers: { origin: 'https://site.example' },
    });
    const { status, headers } = preflight(beaconRequest, 'POST, OPTIONS');
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
