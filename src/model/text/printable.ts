/** Control characters and line separators. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029]+/gu;

/** A printable text without the characters that `printableText` replaces by spaces; null if the text has none. */
export function joinedText(text: string): string | null {
  const joined = text.replace(UNPRINTABLE, '');
  return joined === text ? null : printableText(joined);
}

/** A text without unprintable characters, which become spaces, in Unicode's normalization form C. */
export function printableText(text: string): string {
  // JSON can contain half a surrogate pair. UTF-8 cannot, and neither can the store.
  return text.toWellFormed().normalize().replace(UNPRINTABLE, ' ').trim();
}
