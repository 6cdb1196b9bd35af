/** The languages of the visitor's pages: which one a reader gets, and that each has all texts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import channelSource from '../../src/enrich/channels.ts?raw';
import clickSource from '../../src/enrich/clicks.ts?raw';
import { LANGUAGE_NAMES, LANGUAGES, type Language, negotiate } from '../../src/privacy/languages.ts';
import { Reader } from '../../src/privacy/reader.ts';
import english from '../../src/privacy/texts/en.ts';
import { CHANNELS, type Texts } from '../../src/privacy/texts/texts.ts';
import { runs } from '../runs.ts';

describe('the language of a reader', () => {
  it.each<[header: string | null, language: Language, locale: string]>([
    [null, 'en', 'en-GB'],
    ['', 'en', 'en-GB'],
    ['de', 'de', 'de-DE'],
    ['de-AT', 'de', 'de-AT'],
    ['DE_at', 'de', 'de-AT'],
    ['de-Latn-CH-1996', 'de', 'de-CH'],
    ['es-419', 'es', 'es-419'],
    ['en-US,en;q=0.9', 'en', 'en-US'],
    ['pt-BR,pt;q=0.9,en-US;q=0.8,en;q=0.7', 'pt', 'pt-BR'],
    ['pt-PT', 'pt', 'pt-PT'],
    ['fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5', 'fr', 'fr-CH'],
    // By weight, then by order.
    ['en;q=0.1,de;q=0.9', 'de', 'de-DE'],
    ['es,fr', 'es', 'es-ES'],
    ['fr;q=0.50,es;q=0.501', 'es', 'es-ES'],
    ['en;q=0.3,fr-CA;q=0.3,fr;q=0.2', 'en', 'en-GB'],
    ['de;q=0.2,fr;q=0.5,de-AT;q=0.9', 'de', 'de-AT'],
    ['de-AT,de;q=0.2,fr;q=0.5', 'de', 'de-AT'],
    [' de ; q=0.5 , fr ; Q=0.7 ', 'fr', 'fr-FR'],
    // Languages that there are not.
    ['nl,da;q=0.9,fr;q=0.1', 'fr', 'fr-FR'],
    ['zh-CN,zh;q=0.9', 'en', 'en-GB'],
    ['gsw-CH,de-CH;q=0.9,en;q=0.8', 'de', 'de-CH'],
    ['deu', 'de', 'de-DE'],
    ['dexter', 'en', 'en-GB'],
    // Anything.
    ['*', 'en', 'en-GB'],
    ['nl,*;q=0.1', 'en', 'en-GB'],
    ['fr;q=0.2,*;q=0.1', 'fr', 'fr-FR'],
    ['fr;q=0.1,*;q=0.5', 'en', 'en-GB'],
    ['fr,*', 'fr', 'fr-FR'],
    // Excluded.
    ['en;q=0,*;q=0.5', 'de', 'de-DE'],
    ['de;q=0,de-AT,fr;q=0.2', 'fr', 'fr-FR'],
    ['de-AT;q=0,de;q=0.8', 'de', 'de-DE'],
    ['en;q=0', 'en', 'en-GB'],
    ['en;q=0,de;q=0,fr;q=0,es;q=0,pt;q=0.001', 'pt', 'pt-BR'],
    // Malformed weights count as 0.
    ['de;q=2,fr;q=0.1', 'fr', 'fr-FR'],
    ['de;q=1.5,fr;q=0.1', 'fr', 'fr-FR'],
    ['de;q=-1,fr;q=0.1', 'fr', 'fr-FR'],
    ['de;q=0.1234,fr;q=0.1', 'fr', 'fr-FR'],
    ['de;q=high,fr;q=0.1', 'fr', 'fr-FR'],
    ['de;level=1,fr;q=0.1', 'fr', 'fr-FR'],
    ['de;q=1.000,fr', 'de', 'de-DE'],
    // Extensions choose no numerals and no calendar.
    ['de-u-nu-arab', 'de', 'de-DE'],
    ['de-DE-u-ca-buddhist-nu-thai', 'de', 'de-DE'],
    [`${'x,'.repeat(5000)}de`, 'en', 'en-GB'],
    [',,;;,q=1,de', 'de', 'de-DE'],
    ['__proto__,constructor,toString;q=0.5', 'en', 'en-GB'],
  ])('that sends %j', (header, language, locale) => {
    expect(negotiate(header)).toEqual({ language, locale });
  });

  it('who has chosen one is that one, in their country', () => {
    expect(negotiate('en-US,de-AT;q=0.1', 'de')).toEqual({ language: 'de', locale: 'de-AT' });
    expect(negotiate('en-US', 'fr')).toEqual({ language: 'fr', locale: 'fr-FR' });
    expect(negotiate('fr;q=0', 'fr')).toEqual({ language: 'fr', locale: 'fr-FR' });
  });

  it('is one of the five, with a locale that Intl accepts, whatever the header', () => {
    const unit = fc.constantFrom(
      ...[
        'de',
        'fr',
        'en',
        'pt',
        'xx',
        'AT',
        'BR',
        '419',
        'Latn',
        'u',
        'nu',
        'arab',
        '-',
        '_',
        ',',
        ';',
        ' ',
      ],
      ...['q=', 'q', '=', '0', '1', '.', '5', '*', '\t', 'ß', '\ud800'],
    );
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 40 }), (header) => {
        const { language, locale } = negotiate(header);
        expect(LANGUAGE_NAMES).toContain(language);
        expect(locale).toMatch(/^[a-z]{2}-(?:[A-Z]{2}|\d{3})$/);
        expect(Intl.getCanonicalLocales(locale)[0]?.slice(0, 2)).toBe(language);
        expect(() => new Reader(english, language, locale).number(1)).not.toThrow();
      }),
      { numRuns: runs(2000, 50_000) },
    );
  });

  it('is the one with the greatest weight, in any order', () => {
    const weights = fc.uniqueArray(fc.integer({ min: 1, max: 1000 }), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(
        weights,
        fc.shuffledSubarray([...LANGUAGE_NAMES], { minLength: 1 }),
        (numbers, languages) => {
          const items = languages.map((name, index) => [name, (numbers[index] as number) / 1000] as const);
          const header = items.map(([name, weight]) => `${name};q=${weight}`).join(', ');
          const best = items.toSorted((a, b) => b[1] - a[1])[0]?.[0];
          expect(negotiate(header).language).toBe(best);
        },
      ),
      { numRuns: runs(500, 10_000) },
    );
  });
});

/** The texts of a language by their paths. */
function leaves(value: unknown, path = ''): [path: string, text: string][] {
  if (typeof value === 'string') return [[path, value]];
  return Object.entries(value as object).flatMap(([key, part]) => leaves(part, `${path}/${key}`));
}
const PLURAL_FORM = /\/(?:one|many|other)$/;
const placeholders = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g) ?? [])].toSorted();
const tags = (text: string): string[] => (text.match(/<[^>]*>/g) ?? []).toSorted();

const loaded: [Language, Texts][] = await Promise.all(
  LANGUAGE_NAMES.map(
    async (name): Promise<[Language, Texts]> => [name, (await LANGUAGES[name].load()).default],
  ),
);

describe.each(loaded)('the texts in %s', (name, texts) => {
  const own = new Map(leaves(texts));
  const originals = new Map(leaves(english));

  it('are all there, and none more', () => {
    const keys = (map: Map<string, string>) => [
      ...new Set([...map.keys()].map((path) => path.replace(PLURAL_FORM, '/n'))),
    ];
    expect(keys(own).toSorted()).toEqual(keys(originals).toSorted());
  });

  it('have the same values and the same markup in each', () => {
    for (const [path, text] of own) {
      const original = originals.get(path) ?? originals.get(path.replace(PLURAL_FORM, '/other')) ?? '';
      expect(placeholders(text), path).toEqual(placeholders(original));
      expect(tags(text), path).toEqual(tags(original));
      expect(text.trim(), path).toBe(text);
      expect(text, path).not.toBe('');
    }
  });

  it('are markup that is complete, and plain where they must be', () => {
    for (const [path, text] of own) {
      expect(text, path).not.toMatch(/&(?!nbsp;)|<(?!\/?(?:a|b)[ >])|["'](?![^<]*>)/);
      if (path.startsWith('/event/')) expect(text, path).not.toMatch(/[<&]/);
    }
  });

  it('are in that language', () => {
    if (name === 'en') return;
    const same = [...own].filter(([path, text]) => originals.get(path) === text).map(([path]) => path);
    // Words that languages share.
    const shared =
      /direction|\/(?:SMS|Email|Tablet|TV|Desktop|contact|Direct|campaign|Audio)$|navigation\/languages|privacy\/found$/;
    expect(same.filter((path) => !shared.test(path))).toEqual([]);
  });

  it('name the IP address, and never an "address" that could be another', () => {
    const ip = {
      en: /IP address/,
      de: /IP-Adresse/,
      fr: /adresse IP/,
      es: /dirección IP/,
      pt: /endereço IP/,
    };
    for (const path of ['/privacy/lead', '/privacy/shared', '/privacy/agents', '/problems/limited/1'])
      expect(own.get(path), path).toMatch(ip[name]);
  });

  it('have the forms that numbers need', () => {
    const reader = new Reader(texts, name, LANGUAGES[name].locale);
    for (const plural of [texts.privacy.events, texts.privacy.sites, texts.privacy.erased]) {
      const [one, two, million] = [1, 2, 1_000_000].map((value) => reader.count(plural, value).text);
      expect(one).not.toBe(two?.replace('2', '1'));
      expect(one).toContain('1');
      expect(million).toContain(reader.number(1_000_000));
      // French, Spanish and Portuguese say "a million of".
      if (['fr', 'es', 'pt'].includes(name)) expect(million).toMatch(/ de | d’/);
    }
  });
});

describe('numbers and dates', () => {
  const readerOf = (name: Language, locale: string) => new Reader(english, name, locale);

  it.each<[Language, string, string, string, string]>([
    ['en', 'en-GB', '1,234.5', '€1,249.90', '31 Jan 2026'],
    ['en', 'en-US', '1,234.5', '€1,249.90', 'Jan 31, 2026'],
    ['de', 'de-DE', '1.234,5', '1.249,90 €', '31.01.2026'],
    ['fr', 'fr-FR', '1 234,5', '1 249,90 €', '31 janv. 2026'],
    ['es', 'es-ES', '1234,5', '1249,90 €', '31 ene 2026'],
    ['pt', 'pt-BR', '1.234,5', '€ 1.249,90', '31 de jan. de 2026'],
  ])('of %s in %s', (name, locale, number, amount, day) => {
    const reader = readerOf(name, locale);
    const plain = (text: string) => text.replaceAll(/[\u00a0\u202f]/g, ' ');
    expect(plain(reader.number(1234.5))).toBe(number);
    expect(plain(reader.amount('1249.9', 'EUR'))).toBe(amount);
    expect(plain(reader.day('2026-01-31'))).toBe(day);
  });

  it('are exact, even beyond a double, and without a currency', () => {
    const reader = readerOf('en', 'en-GB');
    expect(reader.amount('9007199254.740991', 'EUR')).toBe('€9,007,199,254.740991');
    expect(reader.amount('-0.000001', 'EUR')).toBe('-€0.000001');
    expect(reader.amount('1500', 'JPY')).toBe('JP¥1,500');
    expect(reader.amount('12.5', '')).toBe('12.5');
    expect(reader.amount('12.5', 'a<b')).toBe('12.5 a<b');
  });
});

it('has words for every channel that enrich stores', () => {
  const quoted = [
    ...channelSource.matchAll(/(?:return |[?:] )'([A-Z][\w -]+)'/g),
    ...clickSource.matchAll(/channel: '([A-Z][\w -]+)'/g),
  ];
  const channels = new Set(quoted.map(([, channel]) => channel ?? ''));
  expect(channels.size).toBeGreaterThan(12);
  expect([...channels].filter((channel) => !(CHANNELS as readonly string[]).includes(channel))).toEqual([]);
});
