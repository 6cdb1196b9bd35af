/** In which requests a session's cookie counts, and what it is set with. */
import { describe, expect, it } from 'vitest';
import { expiredSessionCookie, sessionCookie, sessionSecret } from '../../src/api/session-cookie.ts';

const SAFARI =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15';
const CHROME =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';
const TLS = 'https://px.example.com/api/v1/session';
const PLAIN = 'http://localhost:8787/api/v1/session';

const requestTo = (url: string, headers: Record<string, string>) => new Request(url, { headers });

describe('the cookie of a session', () => {
  it.each([
    [TLS, {}, '__Host-speck=x; Max-Age=2678400; Path=/; HttpOnly; SameSite=Strict; Secure'],
    [
      TLS,
      { 'user-agent': SAFARI },
      '__Host-speck=x; Max-Age=2678400; Path=/; HttpOnly; SameSite=Strict; Secure',
    ],
    [PLAIN, { 'user-agent': CHROME }, 'speck=x; Max-Age=2678400; Path=/; HttpOnly; SameSite=Strict; Secure'],
    [PLAIN, { 'user-agent': SAFARI }, 'speck=x; Max-Age=2678400; Path=/; HttpOnly; SameSite=Strict'],
  ])('at %s from %j is %s', (url, headers, cookie) => {
    expect(sessionCookie(requestTo(url, headers), 'owner', 'x')).toBe(cookie);
  });

  it("of a shared link is separate from the owner's, and each is removed alone", () => {
    expect(sessionCookie(requestTo(TLS, {}), 'link', 'x')).toMatch(/^__Host-speck-link=x; /);
    expect(expiredSessionCookie(requestTo(TLS, { 'x-speck-session': 'link' }))).toMatch(
      /^__Host-speck-link=; Max-Age=0; /,
    );
    expect(expiredSessionCookie(requestTo(TLS, { 'x-speck-session': 'owner' }))).toMatch(
      /^__Host-speck=; Max-Age=0; /,
    );
  });

  const both = '__Host-speck=owner; __Host-speck-link=link';
  it.each([
    [{ 'x-speck-session': 'owner', cookie: both }, 'owner'],
    [{ 'x-speck-session': 'link', cookie: both }, 'link'],
    [{ 'x-speck-session': 'owner', cookie: 'speck=owner' }, null],
    [{ 'x-speck-session': 'owner' }, null],
    [{}, null],
    [{ 'x-speck-session': 'owner', cookie: both, origin: 'https://px.example.com' }, 'owner'],
    [{ 'x-speck-session': 'owner', cookie: both, 'sec-fetch-site': 'same-origin' }, 'owner'],
  ])('in a request with %j is that of %j', (headers, secret) => {
    expect(sessionSecret(requestTo(TLS, headers))).toBe(secret);
  });

  it.each([
    { cookie: both },
    { 'x-speck-session': 'owner', cookie: both, 'sec-fetch-site': 'same-site' },
    { 'x-speck-session': 'owner', cookie: both, 'sec-fetch-site': 'cross-site' },
    { 'x-speck-session': 'owner', cookie: both, 'sec-fetch-site': 'none' },
    { 'x-speck-session': 'owner', cookie: both, origin: 'https://evil.example' },
    { 'x-speck-session': 'owner', cookie: both, origin: 'null' },
  ])('is ignored in a request with %j', (headers) => {
    expect(() => sessionSecret(requestTo(TLS, headers))).toThrow(
      expect.objectContaining({ reason: 'cross_site' }),
    );
  });
});
