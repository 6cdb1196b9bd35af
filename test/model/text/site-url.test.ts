import fc from 'fast-check';
import { expect, it } from 'vitest';
import { siteUrl } from '../../../src/model/text/site-url.ts';

it.each([
  ['example.com', 'https://example.com'],
  ['  www.example.com/shop?x=1 ', 'https://www.example.com/shop?x=1'],
  ['//example.com/', 'https://example.com/'],
  ['example.com:8443', 'https://example.com:8443'],
  ['müller.example', 'https://müller.example'],
  ['192.0.2.7:8080', 'https://192.0.2.7:8080'],
  ['localhost:3000', 'http://localhost:3000'],
  ['app.localhost', 'http://app.localhost'],
  ['127.0.0.1:5173/x', 'http://127.0.0.1:5173/x'],
  ['[::1]:3000', 'http://[::1]:3000'],
  ['https://example.com', 'https://example.com'],
  ['http://example.com', 'http://example.com'],
  ['HTTPS://Example.com', 'https://Example.com'],
  ['https://https://example.com/a', 'https://example.com/a'],
  ['https://http://example.com', 'http://example.com'],
  ['http://https://example.com', 'https://example.com'],
  ['https://https//example.com', 'https://example.com'],
  ['https:/example.com', 'https://example.com'],
  ['https:example.com', 'https://example.com'],
  ['https.example.com', 'https://https.example.com'],
  ['httpbin.example', 'https://httpbin.example'],
  ['http://intranet', 'http://intranet'],
  ['https://example.com/?to=https://other.example', 'https://example.com/?to=https://other.example'],
])('%j is %j', (typed, url) => {
  expect(siteUrl(typed)).toBe(url);
});

it.each([
  '',
  'example',
  'my shop',
  'ftp://example.com',
  'mailto:ann@example.com',
  'javascript:alert(1)',
  'not a.domain',
])('%j stays, to be rejected', (typed) => {
  expect(siteUrl(typed)).toBe(typed);
});

it('changes nothing the second time, and keeps every URL of the web', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.webUrl(), fc.domain()), (text) => {
      expect(siteUrl(siteUrl(text))).toBe(siteUrl(text));
    }),
  );
  fc.assert(
    fc.property(fc.webUrl(), (url) => {
      expect(siteUrl(url)).toBe(url);
    }),
  );
});
