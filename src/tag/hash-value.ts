/** The hash of a value of a user's data. */

/** Values or hashes by their names. */
export type Values = Record<string, unknown>;

export const isHash = (text: string): boolean => /^[\da-f]{64}$/i.test(text);

/** Puts the SHA-256 of what `normalize` makes of a value into `hashes`; a value that is a hash already as it is, and none of an empty one. */
export async function put(
  hashes: Values,
  key: string,
  value: unknown,
  normalize: (text: string) => string,
): Promise<void> {
  const text = String(value || '').trim();
  if (isHash(text)) hashes[key] = text;
  else if (normalize(text)) {
    // Throws on pages without https, which have no SubtleCrypto.
    const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(normalize(text)));
    let hex = '';
    for (const byte of new Uint8Array(bytes)) hex += (byte + 256).toString(16).slice(1);
    hashes[key] = hex;
  }
}
