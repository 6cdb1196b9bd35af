/** Which sites may be listed for a frame, and that no text gets more into a policy than one origin. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalEmbedOrigin } from '../../src/model/embed-origin.ts';

describe('a site that may embed', () => {
  it.each([
    ['https://www.example.com', 'https://www.example.com'],
    [' HTTPS://WWW.Example.com:443/ ', 'https://www.example.com'],
    ['https://example.com:8443', 'https://example.com:8443'],
    ['http://localhost:3000', 'http://localhost:3000'],
    ['http://127.0.0.1', 'http://127.0.0.1'],
    ['https://*.example.com', 'https://*.example.com'],
    ['https://*.Example.co.uk:8443/', 'https://*.example.co.uk:8443'],
    ['https://müller.example', 'https://xn--mller-kva.example'],
  ])('is %j: %s', (text, origin) => {
    expect(normalEmbedOrigin(text)).toBe(origin);
  });

  it.each([
    '',
    '*',
    'https:',
    'https://',
    'https://*',
    'https://*.com',
    'https://*.127.0.0.1',
    'http://*.example.com',
    '*.example.com',
    'example.com',
    "'self'",
    "'none'",
    'data:',
    'javascript:alert(1)',
    'ftp://example.com',
    'https://*.*.example.com',
    'https://www.*.example.com',
    'https://example.com/page',
    'https://example.com?x',
    'https://example.com#x',
    'https://user@example.com',
    'https://user:pass@example.com',
    'https://example.com https://evil.example',
    'https://example.com, *',
    'https://example.com;script-src *',
    'https://a;b',
    "https://a'b",
    'https://a,b',
    'https://a\r\nx: y',
    'https://[::1]',
    'https://example.com:99999',
    'https://example.com:*',
    'https://example.com.',
    'https://exa_mple.com',
    'https://%3b.example',
    `https://${'a.'.repeat(130)}example`,
  ])('is not %j', (text) => {
    expect(normalEmbedOrigin(text)).toBe(null);
  });

  it('is one origin in its normal form, whatever the text', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'https://',
        'http://',
        '*.',
        '*',
        '.',
        ':',
        ';',
        ',',
        ' ',
        "'",
        '\n',
        '\t',
        '/',
        '%3b',
        '@',
      ),
      fc.constantFrom('example', 'com', 'www', 'self', 'script-src', '443', 'ü', '。'),
      fc.string({ maxLength: 3, unit: 'binary' }),
    );
    const text = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
    const inDomain = fc.tuple(
      fc.constantFrom('https://', 'http://', 'https://*.'),
      text,
      fc.constantFrom('', '.example.com'),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          inDomain.map((parts) => parts.join('')),
        ),
        (any) => {
          const origin = normalEmbedOrigin(any);
          if (origin === null) return;
          expect(origin).toMatch(
            /^(?:https:\/\/\*\.[a-z\d-]+(?:\.[a-z\d-]+)+|https?:\/\/[a-z\d-]+(?:\.[a-z\d-]+)*)(?::\d+)?$/,
          );
          expect(normalEmbedOrigin(origin)).toBe(origin);
        },
      ),
      { numRuns: 5000 },
    );
  });
});
