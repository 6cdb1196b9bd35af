import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Arrival } from '../../src/enrich/candidate.ts';
import { enrich } from '../../src/enrich/enrich.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { localDayOf } from '../../src/model/local-day.ts';
import { DEFAULT_SETTINGS, type Pixel, type PixelSettings } from '../../src/model/pixel.ts';
import { REJECTION_REASONS } from '../../src/model/rejection.ts';
import { BLANK_EVENT, type Client, NO_GEO, NO_HINTS, type RawEvent } from '../../src/model/wire.ts';

const NOW = Date.parse('2026-11-24T10:00:00Z');
const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36';

const pixel: Pixel = {
  id: 'px_1111111111111111',
  name: 'Test',
  url: 'https://www.site.example',
  timezone: 'Europe/Berlin',
  settings: { ...DEFAULT_SETTINGS, query_params: ['q'] },
  created_at: 0,
};
const client: Client = {
  ip: '192.0.2.1',
  userAgent: CHROME,
  languages: 'de-AT,en;q=0.5',
  referer: 'https://site.example/from-referer',
  origin: '',
  purpose: '',
  cookieReach: 'first_party',
  refusal: '',
  cookie: '',
  staleCookie: false,
  hints: NO_HINTS,
  place: { country: 'AT', region: 'AT-9', regionName: 'Vienna', city: 'Wien' },
};
const arrival: Arrival = { id: 'edge00', receivedAt: NOW, head: false, client, overrides: null };
const raw: RawEvent = { ...BLANK_EVENT, id: pixel.id, dl: 'https://site.example/' };

const run = (event: Partial<RawEvent>, from: Partial<Client> = {}) =>
  enrich({ ...raw, ...event }, { ...arrival, client: { ...client, ...from } }, pixel);
const api = (event: Partial<RawEvent>, overrides: Record<string, unknown>) =>
  enrich(
    { ...raw, ...event },
    {
      ...arrival,
      client: { ...client, ip: '', userAgent: '', referer: '', place: NO_GEO },
      overrides: { ts: undefined, ip: undefined, ua: undefined, country: undefined, ...overrides },
    },
    pixel,
  );
const under = (settings: Partial<PixelSettings>, event: Partial<RawEvent>, from: Partial<Client> = {}) =>
  enrich(
    { ...raw, ...event },
    { ...arrival, client: { ...client, ...from } },
    { ...pixel, settings: { ...pixel.settings, ...settings } },
  );
function eventOf(result: ReturnType<typeof enrich>) {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value.event;
}

describe('pages', () => {
  it.each([
    ['https://user:pass@site.example:8443/a/b?utm_source=x&id=7#top', 'site.example', '/a/b'],
    ['https://site.example/search?page=2&q=shoes&x=1', 'site.example', '/search?q=shoes'],
    ['https://site.example/u/ann@mail.example/edit', 'site.example', '/u/(email)/edit'],
    ['https://site.example/u/ann%40mail.example', 'site.example', '/u/(email)'],
    ['https://site.example/search?q=ann@mail.example', 'site.example', '/search?q=(email)'],
    ['/relative', 'www.site.example', '/relative'],
    ['http://site.example/plain', 'site.example', '/plain'],
    ['', 'site.example', '/from-referer'],
  ])('%s is %s%s', (dl, hostname, page) => {
    expect(eventOf(run({ dl }))).toMatchObject({ hostname, page });
  });

  it.each(['ftp://site.example/', 'about:blank', 'javascript:alert(1)', 'not a url', '//x'])(
    'refuses %s',
    (dl) => {
      expect(run({ dl })).toMatchObject({ ok: false, error: { reason: 'invalid_url' } });
    },
  );

  it('cuts what is too long', () => {
    expect(eventOf(run({ dl: `https://site.example/${'x'.repeat(5000)}` })).page).toHaveLength(LIMITS.page);
    const late = `https://site.example/?q=${'x'.repeat(LIMITS.url)}&utm_source=late`;
    expect(eventOf(run({ dl: late })).source).toBe('');
  });

  it('are empty when nobody says which', () => {
    expect(eventOf(run({ dl: '' }, { referer: '' }))).toMatchObject({ hostname: '', page: '' });
  });
});

describe('a changed address within a page', () => {
  const nav = (dl: string, rl: string, more: Partial<RawEvent> = {}) =>
    eventOf(run({ nav: '1', ev: 'pageview', dl: `https://site.example${dl}`, rl, ...more })).name;

  it.each([
    ['/a?filter=red', 'https://site.example/a'],
    ['/a', 'https://site.example/a?utm_source=news&gclid=x'],
    ['/a?filter=red&q=1', 'https://site.example/a?q=1&filter=blue'],
    ['/caf%c3%a9?x=1', 'https://site.example/caf%C3%A9'],
  ])('is no view of the page that it is already: %s after %s', (dl, rl) => {
    expect(nav(dl, rl)).toBe('engagement');
  });

  it.each([
    ['/b', 'https://site.example/a'],
    ['/a?q=2', 'https://site.example/a?q=1'],
    ['/a?q=2', 'https://site.example/a'],
    ['/a', 'https://other.example/a'],
    ['/a', ''],
  ])('is a view of another page: %s after %s', (dl, rl) => {
    expect(nav(dl, rl)).toBe('pageview');
  });

  it('is told by the tag: a page that has loaded is a view, and so is an event of the owner', () => {
    const rl = 'https://site.example/a';
    expect(nav('/a?filter=red', rl, { nav: '' })).toBe('pageview');
    expect(nav('/a?filter=red', rl, { ev: 'Filter' })).toBe('Filter');
  });
});

describe('sources and channels', () => {
  it.each([
    ['', '', '', '', 'Direct'],
    ['https://www.google.com/search?q=private', '', 'google.com/search', 'Google', 'Organic Search'],
    ['https://www.google.com/', '?gclid=abc', 'google.com', 'Google', 'Paid Search'],
    ['', '?msclkid=abc', '', 'Bing', 'Paid Search'],
    ['', '?fbclid=abc', '', 'Facebook', 'Organic Social'],
    ['https://t.co/x1', '', 't.co/x1', 'Twitter', 'Organic Social'],
    ['https://t.company.example/x', '', 't.company.example/x', 't.company.example', 'Referral'],
    ['https://chatgpt.com/', '', 'chatgpt.com', 'ChatGPT', 'AI Assistants'],
    ['https://mail.google.com/mail/u/0', '', 'mail.google.com/mail/u/0', 'Gmail', 'Email'],
    ['https://blog.example/post', '', 'blog.example/post', 'blog.example', 'Referral'],
    ['https://site.example/other', '', '', '', 'Direct'],
    ['https://www.site.example/other', '', '', '', 'Direct'],
    ['', '?utm_source=newsletter&utm_medium=email', '', 'newsletter', 'Email'],
    ['', '?utm_source=google&utm_medium=cpc', '', 'Google', 'Paid Search'],
    ['', '?utm_source=fb&utm_medium=paid-social', '', 'Facebook', 'Paid Social'],
    ['', '?ref=producthunt', '', 'Product Hunt', 'Organic Social'],
    ['', '?utm_medium=banner', '', '', 'Display'],
  ])('referrer %s and query %s', (rl, query, referrer, source, channel) => {
    expect(eventOf(run({ rl, dl: `https://site.example/${query}` }))).toMatchObject({
      referrer,
      source,
      channel,
    });
  });

  it("tells no visit from the pixel's own site as a source, wherever the page is", () => {
    const from = { rl: 'https://site.example/shop', dl: 'https://checkout.example/' };
    expect(eventOf(run(from))).toMatchObject({ referrer: '', source: '', channel: 'Direct' });
  });

  it('keeps the five UTM fields, and no click id anywhere', () => {
    const event = eventOf(
      run({
        dl: 'https://site.example/?utm_source=a&utm_medium=b&utm_campaign=c&utm_content=d&utm_term=e&gclid=SECRET',
      }),
    );
    expect(event).toMatchObject({
      utm_source: 'a',
      utm_medium: 'b',
      utm_campaign: 'c',
      utm_content: 'd',
      utm_term: 'e',
    });
    expect(JSON.stringify(event)).not.toContain('SECRET');
  });
});

describe('agents', () => {
  it('reads browser, system, device and language', () => {
    expect(eventOf(run({}))).toMatchObject({
      browser: 'Chrome',
      browser_version: '130',
      os: 'Windows',
      os_version: '10',
      device: 'Desktop',
      language: 'de',
      country: 'AT',
      city: 'Wien',
    });
  });

  it.each([
    [
      '(Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15',
      'Safari',
      'Mac',
      'Desktop',
    ],
    [
      '(iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1',
      'Safari',
      'iOS',
      'Mobile',
    ],
    ['(X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0', 'Firefox', 'GNU/Linux', 'Desktop'],
    ['(X11; Ubuntu; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0', 'Firefox', 'Ubuntu', 'Desktop'],
    [
      '(X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
      'Chrome',
      'Chrome OS',
      'Desktop',
    ],
    [
      '(Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0',
      'Microsoft Edge',
      'Windows',
      'Desktop',
    ],
    [
      '(Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36',
      'Samsung Browser',
      'Android',
      'Mobile',
    ],
  ])('names %s as %s on %s, %s, as Plausible does', (agent, browser, os, device) => {
    expect(eventOf(run({}, { userAgent: `Mozilla/5.0 ${agent}` }))).toMatchObject({ browser, os, device });
  });

  it.each([
    ['macOS', 'Mac'],
    ['Chromium OS', 'Chrome OS'],
    ['Unknown', 'Windows'],
    ['constructor', 'Windows'],
  ])('names the platform %s of a hint %s', (platform, os) => {
    const hints = { platform: `"${platform}"`, platformVersion: '""', mobile: '?0' };
    expect(eventOf(run({}, { hints }))).toMatchObject({ os });
  });

  it('believes a hint of Linux where the agent names Android, and an agent that names a distribution', () => {
    const hints = { platform: '"Linux"', platformVersion: '""', mobile: '?0' };
    const osOf = (system: string): string =>
      eventOf(run({}, { hints, userAgent: `Mozilla/5.0 (${system}) Chrome/142.0.0.0 Safari/537.36` })).os;
    expect(osOf('Linux; Android 10; K')).toBe('GNU/Linux');
    expect(osOf('X11; Ubuntu; Linux x86_64')).toBe('Ubuntu');
  });

  it.each([
    ['de-AT,en;q=0.5', 'de'],
    [' EN-us', 'en'],
    ['gsw', 'gsw'],
    ['*, de', ''],
    ['german', ''],
    ['', ''],
  ])('reads the language of %j as %j', (languages, language) => {
    expect(eventOf(run({}, { languages })).language).toBe(language);
  });

  it('believes client hints over a frozen user agent', () => {
    const hints = { platform: '"Windows"', platformVersion: '"15.0.0"', mobile: '?0' };
    expect(eventOf(run({}, { hints }))).toMatchObject({ os: 'Windows', os_version: '11' });
  });

  it.each([
    ['Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', 'bot', 'Googlebot'],
    ['Mozilla/5.0 AppleWebKit (compatible; bingbot/2.0)', 'bot', 'bingbot'],
    ['', 'bot', 'no user agent'],
  ])('refuses %s as a program', (userAgent, reason, detail) => {
    expect(run({}, { userAgent })).toMatchObject({ ok: false, error: { reason, family: detail } });
  });

  it('lets a person with curl in, but not a log line of curl', () => {
    expect(run({}, { userAgent: 'curl/8.5.0' }).ok).toBe(true);
    expect(api({}, { ua: 'curl/8.5.0', ip: '192.0.2.1' })).toMatchObject({ error: { reason: 'bot' } });
  });

  it.each(['prefetch', 'prefetch;prerender', 'preview'])('refuses what is fetched for %s', (purpose) => {
    expect(run({}, { purpose })).toMatchObject({ error: { reason: 'prefetch' } });
  });

  it.each([
    'Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)',
    'YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html',
    'Mozilla/5.0',
  ])('counts a mail opened through %s, as no visitor and nowhere', (userAgent) => {
    const result = run({ ev: 'email_open' }, { userAgent });
    expect(eventOf(result)).toMatchObject({
      agent_class: 'mail_proxy',
      country: '',
      device: '',
      browser: '',
      browser_version: '',
      os: '',
      os_version: '',
    });
    expect(result.ok && result.value.identity).toBe(null);
  });
});

describe('values', () => {
  it.each([
    [
      [
        ['value', '9.99'],
        ['currency', 'eur'],
      ],
      9_990_000,
      'EUR',
    ],
    [
      [
        ['value', 0.1 + 0.2],
        ['currency', 'USD'],
      ],
      300_000,
      'USD',
    ],
    [[['value', 5]], 5_000_000, ''],
    [[['value', '1.005']], 1_005_000, ''],
    [[['value', -5]], -5_000_000, ''],
    [[['value', '9007199254.74']], 9_007_199_254_740_000, ''],
    [[['value', null]], null, ''],
    [[['currency', 'USD']], null, ''],
    [[['value', '']], null, ''],
    [[['value', ' ']], null, ''],
  ] as [RawEvent['cd'], number | null, string][])('%j', (cd, value, currency) => {
    expect(eventOf(run({ cd }))).toMatchObject({ value, currency });
  });

  it.each([
    [[['value', 'NaN']], 'invalid_value'],
    [[['value', Number.POSITIVE_INFINITY]], 'invalid_value'],
    [[['value', '1e999']], 'invalid_value'],
    [[['value', {}]], 'invalid_value'],
    [[['value', [5]]], 'invalid_value'],
    [[['value', '9007199254.740993']], 'invalid_value'],
    [[['value', '-9007199254.740993']], 'invalid_value'],
    [
      [
        ['value', '1'],
        ['currency', ['EUR']],
      ],
      'invalid_currency',
    ],
    [
      [
        ['value', '1'],
        ['currency', 'dollars'],
      ],
      'invalid_currency',
    ],
    [[['value', '12,50']], 'invalid_value'],
    [[['value', '1.234,50']], 'invalid_value'],
    [[['value', '€5']], 'invalid_value'],
    [[['value', '5 EUR']], 'invalid_value'],
    [[['value', "1'000"]], 'invalid_value'],
    [[['value', true]], 'invalid_value'],
  ] as [RawEvent['cd'], string][])('keeps the event without %j, and says so', (cd, reason) => {
    const result = run({ ev: 'Purchase', cd: [...cd, ['plan', 'pro']] });
    expect(eventOf(result)).toMatchObject({ value: null, currency: '', props: '{"plan":"pro"}' });
    expect(result.ok && result.value.flaws).toEqual([{ reason, detail: REJECTION_REASONS[reason as 'bot'] }]);
  });

  it('says nothing of an amount that a refusal leaves out anyway', () => {
    const result = run({ cd: [['value', '12,50']], consent: 'denied' });
    expect(result.ok && result.value.flaws).toEqual([]);
  });

  it('takes the currencies of ISO 4217 in either case, those that the runtime knows among them, and no others', () => {
    const currencyOf = (currency: unknown) => {
      const result = run({
        cd: [
          ['value', 1],
          ['currency', currency],
        ],
      });
      return (result.ok && result.value.flaws[0]?.reason) || eventOf(result).currency;
    };
    const known = Intl.supportedValuesOf('currency').filter((code) => !['XDR', 'XSU', 'XUA'].includes(code));
    expect(known.length).toBeGreaterThan(150);
    for (const code of [...known, 'SLE', 'VED', 'XCG', 'ZWG', 'CLF', 'HRK', 'LTL']) {
      expect(currencyOf(code)).toBe(code);
      expect(currencyOf(code.toLowerCase())).toBe(code);
    }
    const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
    const all = letters.flatMap((a) => letters.flatMap((b) => letters.map((c) => a + b + c)));
    const taken = all.filter((code) => currencyOf(code) === code);
    expect(taken.length).toBeLessThan(190);
    const none = [
      'AAA',
      'XXX',
      'XTS',
      'XAU',
      'XDR',
      'ZZZ',
      'EU',
      'EURO',
      'ſEK',
      'DKK\n',
      ' EUR',
      '€',
      1,
      true,
      ['EUR'],
      {},
    ];
    for (const other of none) expect(currencyOf(other)).toBe('invalid_currency');
  });

  it('keeps custom data, hostile keys included, within its limits', () => {
    const cd: RawEvent['cd'] = [
      ['__proto__', 'x'],
      ['mail', 'ann@mail.example'],
      ['n', 1],
      ['list', [1, 2]],
      ['big', 'y'.repeat(9999)],
    ];
    expect(eventOf(run({ cd })).props).toBe(
      `{"__proto__":"x","mail":"(email)","n":"1","list":"[1,2]","big":"${'y'.repeat(LIMITS.propValue)}"}`,
    );
    const odd: RawEvent['cd'] = [
      ['value', 1],
      ['currency', 'EUR'],
      ['', 'nameless'],
      ['nothing', null],
      ['twice', 'first'],
      ['twice', 'second'],
    ];
    expect(eventOf(run({ cd: odd })).props).toBe('{"nothing":"","twice":"first"}');
    const many = Array.from({ length: 100 }, (_, index): [string, unknown] => [`k${index}`, 1]);
    expect(Object.keys(JSON.parse(eventOf(run({ cd: many })).props))).toHaveLength(LIMITS.props);
  });
});

describe('names, ids and times', () => {
  it('takes PageView and nothing at all for pageview', () => {
    expect([eventOf(run({ ev: '' })).name, eventOf(run({ ev: 'PageView' })).name]).toEqual([
      'pageview',
      'pageview',
    ]);
  });

  it.each([
    [{ ev: 'x'.repeat(121) }, 'invalid_name'],
    [{ ev: `${'x'.repeat(120)}😀` }, 'invalid_name'],
    [{ ev: '\u0001' }, 'invalid_name'],
    [{ eid: 'x'.repeat(129) }, 'invalid_eid'],
    [{ eid: 'ann@mail.example' }, 'invalid_eid'],
    [{ uid: 'x'.repeat(257) }, 'invalid_uid'],
  ])('refuses %j', (event, reason) => {
    expect(run(event)).toMatchObject({ ok: false, error: { reason } });
  });

  it.each([
    'ann@mail.example',
    'order-7-ann@mail.example',
    '<7.1@mail.example>',
    'ann%40mail.example',
    'ann%2540mail.example',
    'jürgen@müller.example',
    'ann@[192.0.2.1]',
  ])('refuses an event id that is certainly an address, or holds one: %s', (eid) => {
    expect(run({ eid })).toMatchObject({ ok: false, error: { reason: 'invalid_eid' } });
  });

  it.each([
    'order@7',
    '7@shop',
    'react@18.2.0',
    'sku@2x',
    '@ann',
    'ann@',
    'a@b',
    'a@1.5',
    '3f1c@1732960800',
    'evt_@_01',
    'a@@b.example',
    '100%40',
    'ann at mail.example',
  ])('takes an event id with the sign of an address in it that is none, and keeps it whole: %s', (eid) => {
    expect(eventOf(run({ eid })).eid).toBe(eid);
  });

  it.each([{ ev: 'x'.repeat(120) }, { eid: 'x'.repeat(128) }, { uid: 'x'.repeat(256) }])(
    'takes what is as long as may be: %j',
    (event) => {
      expect(run(event).ok).toBe(true);
    },
  );

  it('gives an event the id it arrived with, and keeps the one that its client gave', () => {
    expect(eventOf(run({ eid: 'order-7', ev: 'Purchase' }))).toMatchObject({ id: 'edge00', eid: 'order-7' });
    expect(eventOf(run({}))).toMatchObject({ id: 'edge00', eid: '' });
  });

  it.each([
    ['2026-11-23T23:30:00Z', '2026-11-24'],
    ['2026-11-24T00:30:00+01:00', '2026-11-24'],
    [Date.parse('2026-11-23T22:59:59Z'), '2026-11-23'],
  ])('puts %s on the local day %s', (ts, day) => {
    const result = api({}, { ts });
    expect(result.ok && result.value.day.day).toBe(day);
  });

  it('knows a day by its bounds, whatever day was asked for before', () => {
    const start = Date.parse('2026-11-23T23:00:00Z');
    const end = Date.parse('2026-11-24T23:00:00Z');
    for (const ts of [start, end - 1, start]) {
      expect(localDayOf(pixel.timezone, ts)).toEqual({ day: '2026-11-24', start, end, zone: pixel.timezone });
    }
    expect(localDayOf(pixel.timezone, end).day).toBe('2026-11-25');
    expect(localDayOf(pixel.timezone, start - 1).day).toBe('2026-11-23');
  });

  it.each([
    ['2026-11-24T09:00Z', '2026-11-24T09:00:00.000Z'],
    ['2026-11-24T09:00:00.123456Z', '2026-11-24T09:00:00.123Z'],
    [NOW - 0.5, '2026-11-24T09:59:59.999Z'],
    [NOW + LIMITS.clockSkew, '2026-11-24T10:05:00.000Z'],
    [LIMITS.oldestTs, '2000-01-01T00:00:00.000Z'],
    [undefined, '2026-11-24T10:00:00.000Z'],
  ])('takes the time %j for %s', (ts, time) => {
    expect(new Date(eventOf(api({}, { ts })).ts).toISOString()).toBe(time);
  });

  it.each([
    ['yesterday', 'invalid_time'],
    ['2026-02-30T10:00:00Z', 'invalid_time'],
    ['2026-11-24T10:00:00', 'invalid_time'],
    ['2026-11-24T09:00:00Z (UTC)', 'invalid_time'],
    [['2026-11-24T09:00:00Z'], 'invalid_time'],
    [{}, 'invalid_time'],
    [Number.NaN, 'invalid_time'],
    ['9999-12-31T00:00:00Z', 'time_in_future'],
    [1e15, 'time_in_future'],
    [NOW + LIMITS.clockSkew + 1, 'time_in_future'],
    [LIMITS.oldestTs - 1, 'time_too_old'],
    [1_700_000_000, 'time_too_old'],
    ['1999-12-31T23:59:59Z', 'time_too_old'],
  ])('refuses the time %j', (ts, reason) => {
    expect(api({}, { ts })).toMatchObject({ ok: false, error: { reason } });
  });

  it.each([
    { ip: 'no address' },
    { ip: 7 },
    { ip: ['192.0.2.1'] },
    { ip: 'x'.repeat(256) },
    { ua: 7 },
    { country: 'Austria' },
    { country: 7 },
    { country: ['AT'] },
  ])('refuses the override %j, and says which it is', (overrides) => {
    const [field = ''] = Object.keys(overrides);
    expect(api({}, overrides)).toMatchObject({
      ok: false,
      error: { reason: 'invalid_override', detail: expect.stringMatching(`^${field} is `) },
    });
  });

  it('believes who has a token about address, agent and country', () => {
    const result = api({}, { ip: 'x'.repeat(255), ua: CHROME.replace(' ', '\n'), country: 'de' });
    expect(eventOf(result)).toMatchObject({ country: 'DE', region: '', city: '' });
    expect(result.ok && result.value.identity).toEqual({
      ip: 'x'.repeat(255),
      userAgent: CHROME,
      isApart: false,
    });
  });

  it('counts no visitor when it cannot tell one from another', () => {
    const identities = [{}, { ip: '192.0.2.1' }, { ua: CHROME }, { ip: '192.0.2.1', ua: CHROME }].map(
      (overrides) => {
        const result = api({}, overrides);
        return result.ok && result.value.identity !== null;
      },
    );
    expect(identities).toEqual([false, false, false, true]);
  });
});

describe('origins', () => {
  const only = (origins: string[], from: Partial<Client>, overrides: Arrival['overrides'] = null) =>
    enrich(
      raw,
      { ...arrival, overrides, client: { ...client, referer: '', ...from } },
      { ...pixel, settings: { ...pixel.settings, origins } },
    );

  it.each([
    [[], {}, true],
    [['site.example'], { origin: 'https://site.example' }, true],
    [['site.example'], { referer: 'https://site.example/page' }, true],
    [['site.example'], { origin: 'https://evil.example', referer: 'https://site.example/' }, false],
    [['site.example'], { origin: 'https://www.site.example' }, false],
    [['*.site.example'], { origin: 'https://shop.site.example:8443' }, true],
    [['*.site.example'], { origin: 'https://site.example' }, false],
    [['*.site.example'], { origin: 'https://evilsite.example' }, false],
    [['site.example'], { origin: 'null' }, false],
    [['site.example'], {}, false],
  ] as [string[], Partial<Client>, boolean][])('%j and %j: %s', (origins, from, allowed) => {
    const result = only(origins, from);
    expect(result.ok).toBe(allowed);
    if (!result.ok) expect(result.error.reason).toBe('origin_not_allowed');
  });

  it('are any of those that are listed, and what is none of them is named', () => {
    const listed = ['other.example', '*.site.example', 'site.example'];
    expect(only(listed, { origin: 'https://site.example' }).ok).toBe(true);
    const of = (from: Partial<Client>) => {
      const result = only(listed, from);
      return result.ok ? '' : result.error.detail;
    };
    expect(of({ origin: 'https://evil.example' })).toMatch(/^evil\.example is not on /);
    expect(of({})).toMatch(/^No origin is not on /);
  });

  it('do not bind who has a token', () => {
    expect(
      only(['site.example'], {}, { ts: undefined, ip: undefined, ua: undefined, country: undefined }).ok,
    ).toBe(true);
  });
});

describe('who asks not to be followed', () => {
  const everything: Partial<RawEvent> = {
    ev: 'Purchase',
    dl: 'https://site.example/offer',
    rl: 'https://forum.example/thread/12',
    uid: 'customer-4711',
    cd: [
      ['value', 5],
      ['currency', 'EUR'],
      ['plan', 'pro'],
    ],
  };
  const ways = [
    ['Sec-GPC or DNT', {}, { refusal: 'signal' }],
    ['denied consent', { consent: 'denied' }, {}],
  ] as [string, Partial<RawEvent>, Partial<Client>][];

  it.each(ways)('by %s is nobody, and what they did is all that is left', (_, event, from) => {
    const result = run({ ...everything, ...event }, from);
    expect(eventOf(result)).toMatchObject({
      name: 'Purchase',
      page: '/offer',
      referrer: 'forum.example',
      source: 'forum.example',
      device: 'Desktop',
      country: 'AT',
      region: '',
      region_name: '',
      city: '',
      value: null,
      currency: '',
      props: '',
    });
    expect(result).toMatchObject({ value: { identity: null, identifiers: [] } });
  });

  it.each(ways)('by %s is not counted at all where the owner wants it so', (_, event, from) => {
    const error = { reason: 'refused', detail: REJECTION_REASONS.refused };
    expect(under({ gpc: 'drop' }, { ...everything, ...event }, from)).toEqual({ ok: false, error });
    expect(under({ gpc: 'drop' }, everything).ok).toBe(true);
  });

  it.each(ways)('by %s is not measured either', (_, event, from) => {
    const error = { reason: 'refused', detail: REJECTION_REASONS.refused };
    expect(run({ ev: 'engagement', ...event }, from)).toEqual({ ok: false, error });
    expect(run({ ev: 'engagement' }).ok).toBe(true);
  });

  it('by the cookie of /opt-out is not counted, nor is a HEAD request', () => {
    const optedOut = { reason: 'opted_out', detail: REJECTION_REASONS.opted_out };
    expect(run(everything, { refusal: 'opt_out' })).toEqual({ ok: false, error: optedOut });
    const head = { reason: 'head_request', detail: REJECTION_REASONS.head_request };
    expect(enrich(raw, { ...arrival, head: true }, pixel)).toEqual({ ok: false, error: head });
  });
});

describe('a person', () => {
  const sha = 'AB'.repeat(32);
  const identifiers = (result: ReturnType<typeof enrich>) => result.ok && result.value.identifiers;
  const cookie = 'AAAAAAAAAAAAAAAAAAAAAA';

  it.each([
    ['granted', 'first_party', true],
    ['granted', 'third_party', true],
    ['granted', 'off', false],
    ['', 'first_party', false],
    ['yes', 'first_party', false],
  ] as const)('is known by the cookie with consent %j and the setting %s: %s', (consent, setting, known) => {
    expect(identifiers(under({ cookie: setting }, { consent }, { cookie }))).toEqual(
      known ? [{ kind: 'cookie', value: cookie }] : [],
    );
  });

  it('is known by what the event says, the strongest first', () => {
    const event: Partial<RawEvent> = {
      uid: 'customer-4711',
      consent: 'granted',
      ud: [
        ['ph', [sha]],
        ['em', sha],
        ['fn', 'Ann'],
        ['external_id', ''],
      ],
    };
    expect(identifiers(under({ cookie: 'first_party' }, event, { cookie }))).toEqual([
      { kind: 'uid', value: 'customer-4711' },
      { kind: 'em', value: sha.toLowerCase() },
      { kind: 'ph', value: sha.toLowerCase() },
      { kind: 'cookie', value: cookie },
    ]);
    expect(identifiers(run({ consent: 'granted', ud: [['em', null]] }))).toEqual([]);
  });

  it.each(['ann@mail.example', sha.slice(1), `${sha}0`, `x${sha}`, 7, {}])(
    'is not told by %j, which is no SHA-256',
    (em) => {
      expect(run({ ud: [['em', em]] })).toMatchObject({ error: { reason: 'unhashed_user_data' } });
    },
  );
});

describe('an engagement', () => {
  it.each([
    [1499.6, 1500],
    ['1500', 1500],
    [0, 0],
    [' ', null],
    [1e12, LIMITS.engaged],
    [-1, null],
    ['', null],
    ['long', null],
    [null, null],
    [true, null],
    [[5], null],
  ])('of %j milliseconds lasts %j', (engaged, expected) => {
    expect(eventOf(run({ ev: 'engagement', cd: [['engaged', engaged]] }))).toMatchObject({
      engaged: expected,
      scroll: null,
    });
  });

  it.each([
    [55.5, 56],
    [100, 100],
    [250, 100],
  ])('at %j per cent of the page went down to %j', (scroll, expected) => {
    expect(eventOf(run({ ev: 'engagement', cd: [['scroll', scroll]] }))).toMatchObject({
      engaged: null,
      scroll: expected,
    });
  });

  it('has no custom data, and no other event has what an engagement has', () => {
    const cd: RawEvent['cd'] = [
      ['engaged', 1500],
      ['scroll', 50],
    ];
    expect(eventOf(run({ ev: 'engagement', cd })).props).toBe('');
    expect(eventOf(run({ ev: 'Read', cd }))).toMatchObject({
      engaged: null,
      scroll: null,
      props: '{"engaged":"1500","scroll":"50"}',
    });
  });
});

it('never throws and never breaks a limit, whatever the event', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.webUrl(),
    fc.constantFrom('', "' OR 1=1 --", '<script>'),
  );
  fc.assert(
    fc.property(
      fc.record({
        ev: text,
        dl: fc.oneof(
          text,
          text.map((path) => `https://site.example/${path}`),
        ),
        rl: text,
        eid: text,
        cd: fc.array(fc.tuple(fc.oneof(text, fc.constantFrom('value', 'currency')), fc.anything()), {
          maxLength: 5,
        }),
      }),
      text,
      (event, userAgent) => {
        const result = run(event, { userAgent: `Chrome ${userAgent}` });
        if (!result.ok) return;
        const { event: stored } = result.value;
        expect(stored.page.length).toBeLessThanOrEqual(LIMITS.page);
        expect(stored.name.length).toBeLessThanOrEqual(LIMITS.name);
        expect(stored.referrer.length).toBeLessThanOrEqual(LIMITS.referrer);
        for (const value of Object.values(stored)) {
          if (typeof value === 'string') expect(value.isWellFormed() && !/\p{Cc}/u.test(value)).toBe(true);
        }
      },
    ),
    { numRuns: 3000 },
  );
});
