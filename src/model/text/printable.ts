/** Control characters and line separators, which separate words. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029]+/gu;

/** The same without what separates words, so that what was taken apart by signs that nobody sees is one again; null without any. */
export function joinedText(text: string): string | null {
  const joined = text.replace(UNPRINTABLE, '');
  return joined === text ? null : printableText(joined);
}

/** A text without what cannot be printed or stored, in one spelling of its letters (Unicode's form C). */
export function printableText(text: string): string {
  // Half a surrogate pair can be in JSON but not in UTF-8, and so not in the store.
  return text.toWellFormed().normalize().replace(UNPRINTABLE, ' ').trim();
}
