/** Languages by their primary subtag (BCP 47). */

/** Two-letter codes that need no `Intl`. `Intl` maps withdrawn codes, and three-letter codes of languages with two letters. */
const PLAIN = /^(?!(?:in|iw|ji|jw|mo|sh|tl)$)[a-z]{2}$/;
const TAG = /^([a-z]{2,3})(?:[-_][a-z\d]{1,8})*$/i;
/** The codes for undetermined, multiple, no and uncoded languages. */
const NONE = /^(?:und|mul|zxx|mis)$/;

/** The language of a tag, without its country: `de` for `de-AT`, `DE_at` and `deu`; `''` for any other text. */
export function languageOf(tag: string): string {
  const code = TAG.exec(tag.trim())?.[1]?.toLowerCase() ?? '';
  if (PLAIN.test(code) || code === '') return code;
  return NONE.test(code) ? '' : new Intl.Locale(code).language;
}

/**
 * The language ranges of an `Accept-Language` header with their weights from 0 to 1 (RFC 9110, section 12.5.4), in the order sent.
 * A weight that is malformed counts as 0.
 */
export function* languageRanges(header: string): Generator<readonly [range: string, quality: number]> {
  for (const item of header.split(',')) {
    const [range = '', ...parameters] = item.split(';');
    const weight = /^\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*$/i.exec(parameters.join(';'))?.[1];
    yield [range.trim(), parameters.length === 0 ? 1 : Number(weight ?? 0)];
  }
}

/** The preferred language of an `Accept-Language` header. */
export function firstLanguage(header: string): string {
  let best = '';
  let most = 0;
  for (const [tag, quality] of languageRanges(header)) {
    // A weight of 0 excludes a language. `*` stands for any language, so it names none.
    if (!(quality > most)) continue;
    const language = languageOf(tag);
    if (language === '' && tag !== '*') continue;
    best = language;
    most = quality;
    if (most === 1) break;
  }
  return best;
}
