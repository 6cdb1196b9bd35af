import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Arrival, enrich } from '../../src/enrich/enrich.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { DEFAULT_SETTINGS, type Pixel } from '../../src/model/pixel.ts';
import { BLANK_EVENT, type Client, NO_HINTS, NOWHERE, type RawEvent } from '../../src/model/wire.ts';

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
  crossSite: false,
  refusal: '',
  cookie: '',
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
      client: { ...client, ip: '', userAgent: '', referer: '', place: NOWHERE },
      overrides: { ts: undefined, ip: undefined, ua: undefined, country: undefined, ...overrides },
    },
    pixel,
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
    ['', '?ref=producthunt', '', 'producthunt', 'Referral'],
    ['', '?utm_medium=banner', '', '', 'Display'],
  ])('referrer %s and query %s', (rl, query, referrer, source, channel) => {
    expect(eventOf(run({ rl, dl: `https://site.example/${query}` }))).toMatchObject({
      referrer,
      source,
      channel,
    });
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
    ['constructor', 'constructor'],
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
    expect(eventOf(result)).toMatchObject({ agent_class: 'mail_proxy', country: '', browser: '' });
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
    [[['currency', 'USD']], null, ''],
    [[['value', '']], null, ''],
  ] as [RawEvent['cd'], number | null, string][])('%j', (cd, value, currency) => {
    expect(eventOf(run({ cd }))).toMatchObject({ value, currency });
  });

  it.each([
    [[['value', 'NaN']], 'invalid_value'],
    [[['value', Number.POSITIVE_INFINITY]], 'invalid_value'],
    [[['value', '1e999']], 'invalid_value'],
    [[['value', {}]], 'invalid_value'],
    [
      [
        ['value', '1'],
        ['currency', 'dollars'],
      ],
      'invalid_currency',
    ],
  ] as [RawEvent['cd'], string][])('refuses %j', (cd, reason) => {
    expect(run({ cd })).toMatchObject({ ok: false, error: { reason } });
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
    [{ ev: '\u0001' }, 'invalid_name'],
    [{ eid: 'x'.repeat(129) }, 'invalid_eid'],
    [{ eid: 'ann@mail.example' }, 'invalid_eid'],
  ])('refuses %j', (event, reason) => {
    expect(run(event)).toMatchObject({ ok: false, error: { reason } });
  });

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

  it.each([
    ['yesterday', 'invalid_time'],
    ['2026-02-30T10:00:00Z', 'invalid_time'],
    ['2026-11-24T10:00:00', 'invalid_time'],
    [{}, 'invalid_time'],
    [Number.NaN, 'invalid_time'],
    ['9999-12-31T00:00:00Z', 'time_in_future'],
    [1e15, 'time_in_future'],
    [1_700_000_000, 'time_too_old'],
    ['1999-12-31T23:59:59Z', 'time_too_old'],
  ])('refuses the time %j', (ts, reason) => {
    expect(api({}, { ts })).toMatchObject({ ok: false, error: { reason } });
  });

  it.each([[{ ip: 'no address' }], [{ ip: 7 }], [{ ua: 7 }], [{ country: 'Austria' }]])(
    'refuses the override %j',
    (overrides) => {
      expect(api({}, overrides)).toMatchObject({ ok: false, error: { reason: 'invalid_override' } });
    },
  );

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

  it('do not bind who has a token', () => {
    expect(
      only(['site.example'], {}, { ts: undefined, ip: undefined, ua: undefined, country: undefined }).ok,
    ).toBe(true);
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
