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

/** The preferred language of an `Accept-Language` header, by its weights (RFC 9110, section 12.5.4). */
export function firstLanguage(header: string): string {
  let best = '';
  let most = 0;
  for (const item of header.split(',')) {
    const [tag = '', ...parameters] = item.split(';');
    const weight = /^\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*$/i.exec(parameters.join(';'))?.[1];
    const quality = parameters.length === 0 ? 1 : Number(weight ?? 0);
    // A weight of 0 excludes a language. `*` stands for any language, so it names none.
    if (!(quality > most)) continue;
    const language = languageOf(tag);
    if (language === '' && tag.trim() !== '*') continue;
    best = language;
    most = quality;
    if (most === 1) break;
  }
  return best;
}
