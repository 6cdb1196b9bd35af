/** What is taken from texts and addresses before anything of them is kept. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MASK, maskEmails } from '../../src/enrich/mask.ts';
import { cut, scrubPage, scrubReferrer, scrubText } from '../../src/enrich/scrub.ts';
import { withoutWww } from '../../src/model/text/host.ts';

describe('a text from outside', () => {
  it.each([
    ['as it is, 100 %', 'as it is, 100 %'],
    ['Größe 😀', 'Größe 😀'],
    ['  spaces around ', 'spaces around'],
    ['  Größe  ', 'Größe'],
    ['tab\tfeed\r\nnull\0', 'tab feed null'],
    ['line\u2028paragraph\u2029', 'line paragraph'],
    ['Gro\u0308\u00dfe', 'Gr\u00f6\u00dfe'],
    ['half \ud800 a pair', 'half \ufffd a pair'],
    ['', ''],
  ])('%j becomes %j', (text, scrubbed) => {
    expect(scrubText(text, 100)).toBe(scrubbed);
  });

  it.each([
    ['ann@mail.example', '(email)'],
    ['to ann@mail.example and bob@mail.example', 'to (email) and (email)'],
    ["o'neil.ann+news*!#$~%2B-1@mail.example", '(email)'],
    ['ann%40mail.example', '(email)'],
    ['ANN@A-LONG.MAIL.CO.EXAMPLE', '(email)'],
    ['ann@localhost', 'ann@localhost'],
    ['@mail.example', '@mail.example'],
    ['ü@mail.example', '(email)'],
    // Control characters separate words, and hide no address.
    ['write to\nann@mail.example\tat once', 'write to (email) at once'],
    ['ann\0@mail.example', '(email)'],
    ['ann@mail\x07.example', '(email)'],
    ['ann\r\n@\u2028mail.example', '(email)'],
  ])('%j is stored as %j', (text, masked) => {
    expect(scrubText(text, 100)).toBe(masked);
  });

  it.each([
    // Other alphabets, as they are, as Punycode and percent-encoded.
    ['Ann Müller <müller@exämple.de>', 'Ann Müller <(email)>'],
    ['иван@почта.рф', '(email)'],
    ['用户@例子。中国', '(email)'],
    ['ann@xn--exmple-cua.xn--p1ai', '(email)'],
    ['/u/ann@ex%C3%A4mple.de', '/u/(email)'],
    ['/u/%D0%B8%40%D0%BF%D0%BE.%D1%80%D1%84/x', '/u/(email)/x'],
    // The sign, however escaped.
    ['ann\uff20mail.example', '(email)'],
    ['ann\ufe6bmail.example', '(email)'],
    ['/u/ann%EF%BC%A0mail.example', '/u/(email)'],
    ['/u/ann%2540mail.example', '/u/(email)'],
    ['/u/ann%25252540mail%252Eexample', '/u/(email)'],
    ['ann&#64;mail.example, ann&#x40;mail.example, ann&commat;mail.example', '(email), (email), (email)'],
    // No part of a name is left.
    ['/u/ann=x@mail.example', '/u/(email)'],
    ['/u/ann&bob@mail.example', '/u/(email)'],
    ['"ann x"@mail.example', '(email)'],
    ['/u/%22ann%20x%22@mail.example', '/u/(email)'],
    [`/u/${'a'.repeat(140)}@mail.example`, '/u/(email)'],
    [
      'mailto:ann@mail.example?cc=bob@mail.example&bcc=eve@mail.example',
      'mailto:(email)?cc=(email)&bcc=(email)',
    ],
    ['/s?q=ann@mail.example&x=1', '/s?q=(email)&x=1'],
    ['ann@mail.example@mail.example', '(email)@mail.example'],
    // A host that is an address, or looks like a version or an image.
    ['ann@[192.0.2.1]', '(email)'],
    ['/u/ann@%5BIPv6:2001:db8::1%5D', '/u/(email)'],
    ['ann@3.4.example', '(email)'],
    ['ann@2x.example', '(email)'],
    ['ann@1.example.min.js.example', '(email)'],
    // Letters of all kinds, and signs that nobody sees.
    ['jürgen@mail.example', '(email)'],
    ['аня@почта.рф', '(email)'],
    ['/reset/user@m%C3%BCller.example', '/reset/(email)'],
    ['/reset/user%2540m%25C3%25BCller.example', '/reset/(email)'],
    ['ann\u200b@mail\u00ad.example', '(email)'],
    ['δοκιμή@παράδειγμα.δοκιμή', '(email)'],
    ['ann@日本。jp', '(email)'],
  ])('has its address masked: %j becomes %j', (text, masked) => {
    expect(scrubText(text, 200)).toBe(masked);
    expect(scrubText(masked, 200)).toBe(masked);
  });

  it.each([
    'left-pad@1.2.3',
    'react@18.3.0-beta.1 and pkg@1.0.0-rc',
    '/img/photo@2x.png',
    'icon@1.5x.webp',
    '/img/logo@3x~ipad.png',
    '/img/logo@2x.8a6b3c1f.png',
    '/img/logo@2x-dark.min.svg',
    '/img/hero@2x.ico',
    '/npm/vue@3.4.1.min.js',
    '/npm/jquery@3.7.1.slim.min.js',
    'pkg@1.0.0.beta and pkg@v2.1.rc.3',
    'ruby@3.3.0.preview2',
    '/npm/react%4018.2.0',
    'lib@10.4.tar.gz',
    'berlin@52.52,13.405',
    '52.52@13.405',
    'apples@0.99EUR',
    '5@1.99',
    '/maps/@52.5,13.4,15z',
    '3@4.99',
    '40%',
    '/sale/40%25off',
    '@handle said @mail.example',
    'R&D &#65; caf\u00e9',
    '%EF%BB%BFtext',
  ])('without an address is unchanged: %j', (text) => {
    expect(maskEmails(text)).toBe(text);
  });

  it('contains no part of an address that crosses the limit', () => {
    for (let before = 1; before < 30; before++) {
      const scrubbed = scrubText(`${'-'.repeat(before)} ann.example@mail.example`, 20);
      expect(scrubbed.length).toBeLessThanOrEqual(20);
      expect(`${'-'.repeat(before)} ${MASK}`.startsWith(scrubbed.trimEnd())).toBe(true);
    }
  });

  it('is printable, well formed, and within its limit', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(' ', 'a', '.', '@', '%40', 'ü', '😀', '\ud83d', '\n', '\u2028') }),
        fc.integer({ min: 1, max: 12 }),
        (text, limit) => {
          const scrubbed = scrubText(text, limit);
          expect(scrubbed.length).toBeLessThanOrEqual(limit);
          expect(scrubbed.isWellFormed()).toBe(true);
          expect(scrubbed).not.toMatch(/[\p{Cc}\u2028\u2029]|^\s/u);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('cutting', () => {
  it.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'abc'],
    ['ab😀', 3, 'ab'],
    ['a😀b', 3, 'a😀'],
    ['', 3, ''],
  ])('%j to %d leaves %j', (text, limit, left) => {
    expect(cut(text, limit)).toBe(left);
  });
});

describe('an address', () => {
  it('keeps the parameters that belong to the page, in one order', () => {
    const page = (query: string) =>
      scrubPage(new URL(`https://site.example/list?${query}`), ['q', 'b', 'a']).page;
    expect(page('q=1&x=2&b=3&a=5&a=4')).toBe('/list?a=4&a=5&b=3&q=1');
    expect(page('a=4&b=3&q=1&a=5')).toBe('/list?a=4&a=5&b=3&q=1');
    expect(page('x=2')).toBe('/list');
  });

  it.each([
    ['https://www.blog.example/', 'blog.example'],
    ['https://ann:secret@blog.example:8443/post?user=ann#top', 'blog.example/post'],
    ['https://blog.example/u/ann@mail.example', 'blog.example/u/(email)'],
  ])('%s becomes the referrer %s', (url, referrer) => {
    expect(scrubReferrer(new URL(url))).toBe(referrer);
  });

  it('loses www. only at its beginning', () => {
    expect(['www.a.example', 'a.www.example', 'wwwa.example'].map(withoutWww)).toEqual([
      'a.example',
      'a.www.example',
      'wwwa.example',
    ]);
  });
});
