/** The spellings of single things, apart from who sends or types them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalAddress } from '../../../src/model/text/address.ts';
import { COUNTRIES } from '../../../src/model/text/countries.ts';
import { DISPLAY_FIELDS, displayHost } from '../../../src/model/text/display.ts';
import { normalHost } from '../../../src/model/text/host.ts';
import { firstLanguage, languageOf } from '../../../src/model/text/language.ts';
import { decimalNumber } from '../../../src/model/text/number.ts';
import { pageOf } from '../../../src/model/text/page.ts';
import { cutEscaped, formEncoded, normalPath } from '../../../src/model/text/percent.ts';
import { readableHost, readablePage, readableReferrer } from '../../../src/model/text/readable.ts';

const graphemes = fc.string({ unit: 'grapheme', maxLength: 20 });

describe('a page', () => {
  it('in its stored spelling stays as it is, and its readable form has the same stored spelling', () => {
    fc.assert(
      fc.property(
        graphemes,
        fc.string({ unit: fc.constantFrom('%', 'c', '3', 'A', '9', '7', 'e', '/', '*', '?', '=', '&') }),
        (a, b) => {
          for (const text of [`/${a}`, `/${b}`, `/${a}${b}`]) {
            const page = pageOf(text);
            expect(pageOf(page)).toBe(page);
            expect(pageOf(readablePage(page))).toBe(page);
            expect(page).toMatch(/^[\x21-\x7e]*$/);
          }
        },
      ),
      { numRuns: 5000 },
    );
  });

  it.each([
    ['/caf%C3%A9', '/café'],
    ['/my%20file.pdf', '/my file.pdf'],
    ['/a%2Fb%3Fc%25d', '/a%2Fb%3Fc%25d'],
    // Not UTF-8, and what cannot be seen or turns the rest around.
    ['/caf%E9', '/caf%E9'],
    ['/%E2%80%AEtxt', '/%E2%80%AEtxt'],
    ['/a%C2%A0b%E2%80%8B', '/a%C2%A0b%E2%80%8B'],
    ['/%0A%C2%85', '/%0A%C2%85'],
  ])('%s is read as %s', (page, readable) => {
    expect(readablePage(page)).toBe(readable);
  });

  it('has query parameters as URLSearchParams writes them', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(..."!'()~*-._ +%&=", 'ü', '😀', '\ud83d') }),
    );
    fc.assert(
      fc.property(text, (value) => {
        expect(formEncoded(value)).toBe(String(new URLSearchParams([['', value]])).slice(1));
      }),
    );
  });

  it('is never cut within an escape or a multi-byte character', () => {
    fc.assert(
      fc.property(graphemes, fc.nat(120), (text, limit) => {
        const fullPath = normalPath(text);
        const part = cutEscaped(fullPath, limit);
        expect(fullPath.startsWith(part)).toBe(true);
        expect(part.length).toBeLessThanOrEqual(limit);
        expect(() => decodeURIComponent(part)).not.toThrow();
        // No more is lost than one character.
        expect(part.length).toBeGreaterThan(Math.min(limit, fullPath.length) - 12);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('a host', () => {
  it('is formatted in its own letters, which have the same stored spelling', () => {
    const letters = fc.string({
      unit: fc.constantFrom(...'abz019-äöüßéđλςдяשعहिไ日本語한글😀'),
      minLength: 1,
      maxLength: 16,
    });
    let decoded = 0;
    fc.assert(
      fc.property(fc.array(letters, { minLength: 1, maxLength: 3 }), (labels) => {
        const typed = `${labels.join('.')}.example`;
        const host = normalHost(typed);
        fc.pre(host !== null);
        const readable = readableHost(host as string);
        expect(normalHost(readable)).toBe(host);
        if (host?.includes('xn--')) {
          expect(readable).not.toContain('xn--');
          decoded++;
        }
      }),
      { numRuns: 3000 },
    );
    expect(decoded).toBeGreaterThan(1000);
  });

  it.each([
    ['xn--mller-kva.example', 'müller.example'],
    ['shop.xn--80a1acny.xn--p1ai', 'shop.почта.рф'],
    ['axn--mller-kva.example', 'axn--mller-kva.example'],
    // No Punycode, or that of another host.
    ['xn--.example', 'xn--.example'],
    ['xn--a.example', 'xn--a.example'],
    ['xn--99999999999.example', 'xn--99999999999.example'],
    ['xn--MLLER-KVA.example', 'xn--MLLER-KVA.example'],
  ])('%s is read as %s', (host, readable) => {
    expect(readableHost(host)).toBe(readable);
    expect(readableReferrer(`${host}/stra%C3%9Fe`)).toBe(`${readable}/straße`);
  });

  it.each([
    ['müller.example', true],
    ['日本語とカナ.example', true],
    ['abc日本.example', true],
    ['한글漢字.example', true],
    ['почта.рф', true],
    ['хор.рф', true],
    ['жук.example', true],
    ['ελλάδα.example', true],
    ['हिन्दी.example', true],
    ['שלום.example', true],
    ['a_b.müller.example', true],
    // Looks like apple.example: one Cyrillic letter, and all of them.
    ['аpple.example', false],
    ['appӏe.example', false],
    ['аррӏе.example', false],
    ['сос-1.example', false],
    ['shop.аррӏе.example', false],
    // Greek among Latin letters and among Cyrillic ones.
    ['gοοgle.example', false],
    ['жλ.example', false],
    // What looks like a slash, and what is no letter.
    ['bank.example⁄login.evil.example', false],
    ['❤.example', false],
  ])(
    'that could be mistaken for another is formatted in Punycode: %s is formatted decoded: %j',
    (typed, isDecoded) => {
      const host = normalHost(typed) as string;
      expect(host).toContain('xn--');
      expect(displayHost(host)).toBe(isDecoded ? typed : host);
      expect(DISPLAY_FIELDS.referrer(`${host}/stra%C3%9Fe`)).toBe(`${isDecoded ? typed : host}/straße`);
    },
  );

  it.each([
    '',
    ' ',
    'a b',
    'site.example:80',
    'https://site.example',
    'site.example/a',
    'ann@site.example',
    'a?b',
    'a#b',
    '::1',
    '[::1',
    '.',
  ])('%j is invalid', (text) => {
    expect(normalHost(text)).toBeNull();
  });
});

describe('an address', () => {
  const groups = fc.array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 });
  const ipv4 = fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }).map((parts) => parts.join('.'));

  it('of IPv6 has one stored spelling', () => {
    fc.assert(
      fc.property(groups, (numbers) => {
        const hex = numbers.map((number) => number.toString(16));
        const plain = hex.join(':');
        const padded = hex.map((group) => group.padStart(4, '0').toUpperCase()).join(':');
        const zero = numbers.indexOf(0);
        const short = zero < 0 ? plain : `${hex.slice(0, zero).join(':')}::${hex.slice(zero + 1).join(':')}`;
        const one = normalAddress(plain);
        expect(one).not.toBeNull();
        for (const text of [padded, short, `[${padded}]:443`, `${short}%eth0`, `[${plain}]`, one as string]) {
          expect(normalAddress(text), text).toBe(one);
        }
      }),
    );
  });

  it('of IPv4 has one stored spelling', () => {
    fc.assert(
      fc.property(ipv4, (address) => {
        const padded = address
          .split('.')
          .map((part) => part.padStart(3, '0'))
          .join('.');
        const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
        const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
        for (const text of [
          address,
          padded,
          `${address}:80`,
          `::ffff:${address}`,
          `::FFFF:${hex}`,
          `[0:0:0:0:0:ffff:${address}]:80`,
        ]) {
          expect(normalAddress(text), text).toBe(address);
        }
      }),
    );
  });

  it.each([
    '',
    '192.0.2',
    '192.0.2.256',
    '0x7f.0.0.1',
    '192.0.2.1.5',
    '2130706433',
    'site.example',
    '1:2',
    ':::',
    '2001:db8::g',
    '[192.0.2.1',
    '192.0.2.1, 192.0.2.2',
  ])('%j is invalid', (text) => {
    expect(normalAddress(text)).toBeNull();
  });
});

describe('languages', () => {
  it.each([
    ['de-AT,en;q=0.8', 'de'],
    ['de_DE', 'de'],
    ['en-US;q=0.5,de', 'de'],
    ['en;q=0.5, fr;q=0.7 ,de;q=0.6', 'fr'],
    ['en;q=0,de;q=0.1', 'de'],
    ['en;q=0', ''],
    ['en;q=x,de;q=0.2', 'de'],
    ['*;q=0.1,de;q=0.5', 'de'],
    ['*,de', ''],
    ['ZH-Hant-TW', 'zh'],
    ['iw-IL', 'he'],
    ['deu', 'de'],
    ['gsw-CH', 'gsw'],
    ['und', ''],
    ['i-klingon,de;q=0.5', 'de'],
    ['C', ''],
    ['posix', ''],
    ['', ''],
  ])('%j becomes %j', (header, language) => {
    expect(firstLanguage(header)).toBe(language);
  });

  it('are typed in any case, with or without a country', () => {
    expect(['DE', 'de-AT', ' de_at ', 'deu', 'Deutsch!'].map(languageOf)).toEqual([
      'de',
      'de',
      'de',
      'de',
      '',
    ]);
  });

  it('never throw, whatever the header', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('d', 'e', 'z', '-', '_', ';', 'q', '=', ',', '1', '.', ' ') }),
        (header) => {
          expect(firstLanguage(header)).toMatch(/^(?:[a-z]{2,3})?$/);
        },
      ),
      { numRuns: 5000 },
    );
  });
});

it('countries are valid if they have a name', () => {
  const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
  expect(COUNTRIES.size).toBe(250);
  for (const code of COUNTRIES) expect(names.of(code), code).toBeTypeOf('string');
});

it('numbers are decimal', () => {
  expect(['5', ' 5.25 ', '-.5', '+5.', '007'].map(decimalNumber)).toEqual([5, 5.25, -0.5, 5, 7]);
  for (const text of [
    '',
    ' ',
    '0x10',
    '0b1',
    '0o7',
    '1e3',
    'Infinity',
    '1_000',
    '12,50',
    '1.2.3',
    '٣',
    '-',
    '.',
  ]) {
    expect(decimalNumber(text), text).toBeNaN();
  }
});
