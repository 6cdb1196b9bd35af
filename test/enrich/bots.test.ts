/** Who is taken for a program, and what is told of it. */
import { describe, expect, it } from 'vitest';
import { classify } from '../../src/enrich/bots.ts';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0';
const GOOGLEBOT = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';

describe('a user agent', () => {
  it.each([
    [FIREFOX, 'pageview', 'human', ''],
    [FIREFOX, 'email_open', 'human', ''],
    [GOOGLEBOT, 'pageview', 'bot', 'Googlebot'],
    ['GOOGLEIMAGEPROXY', 'email_open', 'mail_proxy', ''],
    ['Mozilla/5.0', 'email_open', 'mail_proxy', ''],
    ['Mozilla/5.0', 'pageview', 'bot', 'Mozilla/5.0'],
    ['curl/8.5.0', 'pageview', 'human', ''],
    ['Wget/1.2 curl/8.5.0', 'pageview', 'bot', 'Wget'],
    ['', 'pageview', 'bot', 'no user agent'],
  ])('%j with %s is %s, by %j', (userAgent, name, agentClass, detail) => {
    const expected = { class: agentClass, detail };
    expect(classify(userAgent, '', name, true)).toEqual(expected);
    // What is remembered of an agent is the same as what was found.
    expect(classify(userAgent, '', name, true)).toEqual(expected);
  });

  it('may be missing if a server sends for the client', () => {
    expect(classify('', '', 'pageview', false)).toEqual({ class: 'human', detail: '' });
  });

  it('is reported by the matching word alone, in at most 60 characters', () => {
    expect(classify('Mozilla/5.0 My-Crawler_1.2 (like Firefox)', '', 'pageview', true).detail).toBe(
      'My-Crawler_1.2',
    );
    expect(classify(`bot${'x'.repeat(100)}`, '', 'pageview', true).detail).toBe(`bot${'x'.repeat(57)}`);
  });

  it('is read only up to 512 characters', () => {
    const long = FIREFOX.padEnd(512, ' like Gecko');
    expect(classify(`${long} Googlebot`, '', 'pageview', true).class).toBe('human');
    expect(classify(`${long.slice(0, 502)} Googlebot`, '', 'pageview', true).class).toBe('bot');
  });
});

describe("the purpose of a browser's request", () => {
  it.each([
    ['prefetch', 'prefetch'],
    ['Prefetch;Prerender', 'prefetch'],
    ['preview', 'prefetch'],
    ['something else', 'human'],
    ['', 'human'],
  ])('%j makes it %s', (purpose, agentClass) => {
    expect(classify(FIREFOX, purpose, 'pageview', true).class).toBe(agentClass);
  });

  it('is reported in 40 characters at most', () => {
    expect(classify(FIREFOX, `prefetch${'x'.repeat(40)}`, 'pageview', true).detail).toBe(
      `prefetch${'x'.repeat(32)}`,
    );
  });
});
