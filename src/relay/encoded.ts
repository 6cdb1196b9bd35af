/** Reads what a network repeats of a request in another form: escaped as in JSON, an address or a page, or in base64. */

/** Something may be escaped twice, such as JSON within JSON. */
const ROUNDS = 3;

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', quot: '"', apos: "'", lt: '<', gt: '>' };

/** A text without escapes. It is at most as long as before. */
export function unescaped(text: string): string {
  let rest = text;
  for (let round = 0; round < ROUNDS; round++) {
    const next = rest
      .replace(/\\+u([\da-f]{4})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
      .replace(/\\+(["'/])/g, '$1')
      .replace(/(?:%[\da-f]{2})+/gi, percentDecoded)
      .replace(/&#(?:x([\da-f]{1,4})|(\d{1,5}));/gi, (_, hex?: string, decimal = '0') =>
        String.fromCharCode(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)),
      )
      .replace(/&(amp|quot|apos|lt|gt);/g, (_, name: string) => ENTITIES[name] ?? '');
    if (next === rest) break;
    rest = next;
  }
  return rest;
}

function percentDecoded(escaped: string): string {
  try {
    return decodeURIComponent(escaped);
  } catch {
    return escaped;
  }
}

/** Words that may be base64, of a text of at least nine characters. */
export const BASE64 = /[\w+/-]{12,}={0,2}/g;

/** What a word in base64 says: a text of plain characters, or else its bytes in hex. Of a word that is cut, the part that can be read. */
export function fromBase64(word: string): string {
  const characters = word.replace(/=+$/, '').replaceAll('-', '+').replaceAll('_', '/');
  const whole = characters.slice(0, characters.length % 4 === 1 ? -1 : undefined);
  const bytes = atob(whole);
  if (/^[\t\n\r -~]*$/.test(bytes)) return bytes;
  return Array.from(bytes, (one) => one.charCodeAt(0).toString(16).padStart(2, '0')).join('');
}
