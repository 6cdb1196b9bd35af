/** Enriching: bots, mail proxies and the client of an event. */
import { describe, expect, it } from 'vitest';
import { api, eventOf, run } from './inputs.ts';

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
  ])('parses %s as %s on %s, %s, as Plausible does', (agent, browser, os, device) => {
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

  it('trusts the user agent over a hint of Linux if it names Android or a distribution', () => {
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

  it('trusts client hints over a frozen user agent', () => {
    const hints = { platform: '"Windows"', platformVersion: '"15.0.0"', mobile: '?0' };
    expect(eventOf(run({}, { hints }))).toMatchObject({ os: 'Windows', os_version: '11' });
  });

  it.each([
    ['Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', 'bot', 'Googlebot'],
    ['Mozilla/5.0 AppleWebKit (compatible; bingbot/2.0)', 'bot', 'bingbot'],
    ['', 'bot', 'no user agent'],
  ])('rejects %s as a program', (userAgent, reason, detail) => {
    expect(run({}, { userAgent })).toMatchObject({ ok: false, error: { reason, family: detail } });
  });

  it('accepts curl with a token, but not in a log line', () => {
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
  ])('counts a mail opened through %s without visitor and geo', (userAgent) => {
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
