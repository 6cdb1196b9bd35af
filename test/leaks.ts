/** Finds what must not be readable in what was stored, logged or answered, in each of the forms in which it could stand there. */

/** The least characters of a form: shorter ones are in other texts by chance. */
const LEAST = 8;

/** A text of bytes in base64 at each of its three places in a longer text, without what its neighbors decide. */
function base64In(bytes: string): string[] {
  return [0, 1, 2].map((before) => {
    const written = btoa('\0'.repeat(before) + bytes);
    const start = Math.ceil((before * 8) / 6);
    return written.slice(start, Math.floor(((before + bytes.length) * 8) / 6));
  });
}

const hexOf = (bytes: string): string =>
  Array.from(bytes, (one) => one.charCodeAt(0).toString(16).padStart(2, '0')).join('');

async function digestOf(value: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(value));
  return String.fromCharCode(...new Uint8Array(digest));
}

/** A value in clear, escaped, in hex and in base64; the same of its SHA-256. */
async function formsOf(value: string): Promise<string[]> {
  const digest = await digestOf(value);
  const hash = /^[\da-f]{64}$/.test(value)
    ? [value.replace(/../g, (hex) => String.fromCharCode(Number.parseInt(hex, 16)))]
    : [];
  const texts = [
    value,
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
    value.replaceAll('/', '\\/'),
  ];
  const bytes = [value, digest, ...hash];
  return [...new Set([...texts, ...bytes.map(hexOf), ...bytes.flatMap(base64In)])].filter(
    ({ length }) => length >= LEAST,
  );
}

/** The values that are somewhere in texts, with the form and the place; empty if none is. @param texts by what they are. */
export async function leaksIn(
  texts: Readonly<Record<string, string>>,
  values: readonly string[],
): Promise<string[]> {
  const leaks: string[] = [];
  const places = Object.entries(texts).map(([place, text]) => {
    const lower = text.toLowerCase();
    return { place, lower, url: lower.replaceAll('+', '-').replaceAll('/', '_') };
  });
  for (const value of values) {
    for (const form of await formsOf(value)) {
      const sought = form.toLowerCase();
      const asUrl = sought.replaceAll('+', '-').replaceAll('/', '_');
      for (const { place, lower, url } of places) {
        if (lower.includes(sought) || url.includes(asUrl)) leaks.push(`${value} as ${form} in ${place}`);
      }
    }
  }
  return leaks;
}
