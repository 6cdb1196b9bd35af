/** The languages of the visitor's pages, and which of them a reader gets. */
import { languageOf, languageRanges } from '../model/text/language.ts';
import type { Texts } from './texts/texts.ts';

interface LanguageEntry {
  /** The language's name for itself. */
  readonly name: string;
  /** The locale of numbers and dates if the reader's browser names no country. */
  readonly locale: string;
  readonly load: () => Promise<{ readonly default: Texts }>;
}

/** The first one is for readers who understand none of them. */
export const LANGUAGES = {
  en: { name: 'English', locale: 'en-GB', load: () => import('./texts/en.ts') },
  de: { name: 'Deutsch', locale: 'de-DE', load: () => import('./texts/de.ts') },
  fr: { name: 'Français', locale: 'fr-FR', load: () => import('./texts/fr.ts') },
  es: { name: 'Español', locale: 'es-ES', load: () => import('./texts/es.ts') },
  pt: { name: 'Português', locale: 'pt-BR', load: () => import('./texts/pt.ts') },
} as const satisfies Readonly<Record<string, LanguageEntry>>;

export type Language = keyof typeof LANGUAGES;

export const LANGUAGE_NAMES = Object.keys(LANGUAGES) as readonly Language[];

export function isLanguage(text: string | null): text is Language {
  return text !== null && Object.hasOwn(LANGUAGES, text);
}

export interface ReaderLocale {
  readonly language: Language;
  /** For `Intl`: the language, with the reader's country if the browser names it. */
  readonly locale: string;
}

/** Longer headers are cut here. Browsers send up to some 200 characters. */
const MAX_HEADER = 500;

/**
 * The language that suits a reader best: the one with the greatest weight in `Accept-Language`, and of several such the first one.
 * A range with a country stands for its language (RFC 4647, section 3.4), unless it is excluded by `q=0`. `*` stands for the
 * languages that the header does not name.
 *
 * @param header `Accept-Language`, or null.
 * @param chosen the language that the reader has chosen. Then the header decides the country only.
 */
export function negotiate(header: string | null, chosen: Language | null = null): ReaderLocale {
  const qualities = new Map<Language, number>();
  const locales = new Map<Language, string>();
  const localeQualities = new Map<Language, number>();
  const excluded = new Set<Language>();
  let ofOthers = 0;
  for (const [range, quality] of languageRanges((header ?? '').slice(0, MAX_HEADER))) {
    if (range === '*') ofOthers = Math.max(ofOthers, quality);
    const language = languageOf(range);
    if (!isLanguage(language)) continue;
    const country = countryOf(range);
    if (quality === 0) {
      if (country === '') excluded.add(language);
      continue;
    }
    if (quality > (qualities.get(language) ?? 0)) qualities.set(language, quality);
    if (country !== '' && quality > (localeQualities.get(language) ?? 0)) {
      localeQualities.set(language, quality);
      locales.set(language, `${language}-${country}`);
    }
  }
  const named = [...qualities].filter(([language]) => !excluded.has(language));
  const others = LANGUAGE_NAMES.filter((language) => !qualities.has(language) && !excluded.has(language)).map(
    (language) => [language, ofOthers] as const,
  );
  const best = [...named, ...others]
    .filter(([, quality]) => quality > 0)
    .reduce<readonly [Language | null, number]>((a, b) => (b[1] > a[1] ? b : a), [null, 0])[0];
  const language = chosen ?? best ?? 'en';
  return { language, locale: locales.get(language) ?? LANGUAGES[language].locale };
}

/** The country (or UN M.49 region) of a language range such as `de-AT` and `de-Latn-AT`; `''` if there is none. */
function countryOf(range: string): string {
  return /^[a-z]{2,3}(?:[-_][a-z]{4})?[-_]([a-z]{2}|\d{3})(?:[-_]|$)/i.exec(range)?.[1]?.toUpperCase() ?? '';
}
