/** Enriching: pages, sources, origins and privacy, and whatever the event. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Arrival } from '../../src/enrich/candidate.ts';
import { enrich } from '../../src/enrich/enrich.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { REJECTION_REASONS } from '../../src/model/rejection.ts';
import type { Client, RawEvent } from '../../src/model/wire.ts';
import { arrival, client, eventOf, pixel, raw, run, under } from './inputs.ts';

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

  it('cuts values that are too long', () => {
    expect(eventOf(run({ dl: `https://site.example/${'x'.repeat(5000)}` })).page).toHaveLength(LIMITS.page);
    const late = `https://site.example/?q=${'x'.repeat(LIMITS.url)}&utm_source=late`;
    expect(eventOf(run({ dl: late })).source).toBe('');
  });

  it('are empty if the event names none', () => {
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
  ])('is not a view of the same page: %s after %s', (dl, rl) => {
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

  it('is reported by the tag: a loaded page is a view, and so is an event of the owner', () => {
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

  it("does not report the pixel's own site as a source, wherever the page is", () => {
    const from = { rl: 'https://site.example/shop', dl: 'https://checkout.example/' };
    expect(eventOf(run(from))).toMatchObject({ referrer: '', source: '', channel: 'Direct' });
  });

  it('stores the five UTM fields, and no click id', () => {
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

  it('are those in the list, and others are reported', () => {
    const listed = ['other.example', '*.site.example', 'site.example'];
    expect(only(listed, { origin: 'https://site.example' }).ok).toBe(true);
    const of = (from: Partial<Client>) => {
      const result = only(listed, from);
      return result.ok ? '' : result.error.detail;
    };
    expect(of({ origin: 'https://evil.example' })).toMatch(/^evil\.example is not on /);
    expect(of({})).toMatch(/^No origin is not on /);
  });

  it('do not apply to a sender with a token', () => {
    expect(
      only(['site.example'], {}, { ts: undefined, ip: undefined, ua: undefined, country: undefined }).ok,
    ).toBe(true);
  });
});

describe('a visitor with a privacy signal', () => {
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

  it.each(ways)('by %s is anonymous, and only the event remains', (_, event, from) => {
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

  it.each(ways)('by %s is not counted at all if the pixel drops such events', (_, event, from) => {
    const error = { reason: 'refused', detail: REJECTION_REASONS.refused };
    expect(under({ gpc: 'drop' }, { ...everything, ...event }, from)).toEqual({ ok: false, error });
    expect(under({ gpc: 'drop' }, everything).ok).toBe(true);
  });

  it.each(ways)('by %s has no engagement', (_, event, from) => {
    const error = { reason: 'refused', detail: REJECTION_REASONS.refused };
    expect(run({ ev: 'engagement', ...event }, from)).toEqual({ ok: false, error });
    expect(run({ ev: 'engagement' }).ok).toBe(true);
  });

  it('by the opt-out cookie is not counted, nor is a HEAD request', () => {
    const optedOut = { reason: 'opted_out', detail: REJECTION_REASONS.opted_out };
    expect(run(everything, { refusal: 'opt_out' })).toEqual({ ok: false, error: optedOut });
    const head = { reason: 'head_request', detail: REJECTION_REASONS.head_request };
    expect(enrich(raw, { ...arrival, head: true }, pixel)).toEqual({ ok: false, error: head });
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
