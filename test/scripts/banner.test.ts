/** What `npm start` prints: the link that signs in, and where it must not be. */
import { expect, test } from 'vitest';
import { banner, exposure, printedToken, signInLines } from '../../scripts/lib/banner.ts';

const TOKEN = 'a+token/of=its owner#1';

test('a terminal gets a link that signs in, beside the token', () => {
  const lines = signInLines('http://127.0.0.1:8787', 'px_1', printedToken(TOKEN, true)).split('\n');
  const link = /^Dashboard +(\S+) +\(signs you in\)$/.exec(lines[0] ?? '')?.[1] ?? '';
  const { origin, pathname, search, hash } = new URL(link);
  expect([origin, pathname, search]).toEqual(['http://127.0.0.1:8787', '/app/px_1', '']);
  expect(decodeURIComponent(hash)).toBe(`#token=${TOKEN}`);
  expect(lines[1]).toContain(TOKEN);
  expect(banner('http://127.0.0.1:8787', printedToken(TOKEN, true))).toContain(
    'http://127.0.0.1:8787/app/#token=',
  );
});

test('other output gets neither', () => {
  const text = banner('http://127.0.0.1:8787', printedToken(TOKEN, false));
  expect(text).toMatch(/^Dashboard +http:\/\/127\.0\.0\.1:8787\/app\/$/m);
  expect(text).not.toContain('token=');
  expect(text).not.toContain(TOKEN);
});

test.each([
  ['http://localhost:8787', true],
  ['http://[::1]:8787', true],
  ['https://127.0.0.1:8787', true],
  ['https://192.168.1.7:8787', false],
  ['https://px.example.com', false],
])('only the dashboard of this machine signs in by a link: %s', (url, isLink) => {
  expect(signInLines(url, '', printedToken(TOKEN, true)).includes('#token=')).toBe(isLink);
});

test.each([
  ['127.0.0.1', false],
  ['127.1.2.3', false],
  ['::1', false],
  ['localhost', false],
  ['0.0.0.0', true],
  ['192.168.1.7', true],
  ['::', true],
])('a warning says when other machines reach it: %s', (ip, warns) => {
  expect(exposure(ip, 'http') !== undefined).toBe(warns);
  expect(exposure(ip, 'https')).toBeUndefined();
});
