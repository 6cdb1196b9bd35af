/** The reader of a page: their language, and how numbers, dates and names are written in it. */
import { fill, type Html, type Part } from './html.ts';
import { isLanguage, LANGUAGES, type Language, negotiate } from './languages.ts';
import type { Plural, Texts } from './texts/texts.ts';

export class Reader {
  readonly texts: Texts;
  readonly language: Language;
  readonly #locale: string;
  readonly #numbers: Intl.NumberFormat;
  readonly #plurals: Intl.PluralRules;

  /** @param locale a locale of the language, which may name a country. */
  constructor(texts: Texts, language: Language, locale: string) {
    this.texts = texts;
    this.language = language;
    this.#locale = locale;
    this.#numbers = new Intl.NumberFormat(locale);
    this.#plurals = new Intl.PluralRules(locale);
  }

  number(value: number): string {
    return this.#numbers.format(value);
  }

  /** A text with a number, in the form that the number needs. */
  count(plural: Plural, value: number): Html {
    const form = this.#plurals.select(value);
    const text = form === 'one' || form === 'many' ? plural[form] : plural.other;
    return fill(text ?? plural.other, { count: this.number(value) });
  }

  /** Formats times of one time zone. */
  timesIn(timeZone: string): (time: Date) => string {
    const format = new Intl.DateTimeFormat(this.#locale, {
      dateStyle: 'medium',
      timeStyle: 'medium',
      timeZone,
    });
    return (time) => format.format(time);
  }

  /** A date such as `2026-01-31`. */
  day(date: string): string {
    return new Date(date).toLocaleDateString(this.#locale, { dateStyle: 'medium', timeZone: 'UTC' });
  }

  duration(milliseconds: number): string {
    const style = { style: 'unit', unit: 'second', unitDisplay: 'long' } as const;
    return (milliseconds / 1000).toLocaleString(this.#locale, style);
  }

  /** @param percent from 0 to 100. */
  percent(percent: number): string {
    return (percent / 100).toLocaleString(this.#locale, { style: 'percent' });
  }

  /**
   * An amount of money. `Intl` formats the text of a number without rounding it to a double.
   * @param decimal such as `29.99`.
   * @param currency ISO 4217, or `''`.
   */
  amount(decimal: string, currency: string): string {
    const value = decimal as `${number}`;
    const digits = { maximumFractionDigits: 6 };
    if (!/^[A-Z]{3}$/.test(currency)) {
      return [new Intl.NumberFormat(this.#locale, digits).format(value), currency].join(' ').trim();
    }
    return new Intl.NumberFormat(this.#locale, { style: 'currency', currency, ...digits }).format(value);
  }

  /** The name of a country or a language; a code that has none stays as it is. */
  nameOf(type: 'region' | 'language', code: string): string {
    if (!/^([A-Z]{2}|[a-z]{2,3})$/.test(code)) return code;
    return new Intl.DisplayNames(this.#locale, { type }).of(code) ?? code;
  }

  list(items: readonly string[]): string {
    return new Intl.ListFormat(this.#locale).format(items);
  }
}

/** The language that the reader of a request has chosen by a link; null for that of the browser. */
export function chosenLanguage({ url }: Request): Language | null {
  const chosen = new URL(url).searchParams.get('lang');
  return isLanguage(chosen) ? chosen : null;
}

export async function readerOf(request: Request): Promise<Reader> {
  const header = request.headers.get('accept-language');
  const { language, locale } = negotiate(header, chosenLanguage(request));
  const { default: texts } = await LANGUAGES[language].load();
  return new Reader(texts, language, locale);
}

/** The result of filling the `{names}` of a text, as plain text. The text must be plain, too. */
export function fillPlain(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
}

/** Paragraphs or items, filled. */
export function fillAll(texts: readonly string[], parts: Readonly<Record<string, Part>>): readonly Html[] {
  return texts.map((text) => fill(text, parts));
}
