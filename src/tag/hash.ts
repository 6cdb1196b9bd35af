/** Hashes a user's data for advanced matching, normalized as Meta documents it. Raw values never leave the browser. */

type Values = Record<string, unknown>;

/** @param user by the names of speck('identify', …) or those of fbq('init', …). */
export default async function hash(hashes: Values, user: Values): Promise<void> {
  await put(hashes, 'em', user['em'] || user['email'], (text) => text.toLowerCase());
  // With the country code, without leading zeros or a plus.
  await put(hashes, 'ph', user['ph'] || user['phone'], (text) => text.replace(/^[\D0]+|\D/g, ''));
  await put(hashes, 'external_id', user['external_id'], (text) => text);
}

async function put(
  hashes: Values,
  key: string,
  value: unknown,
  normalize: (text: string) => string,
): Promise<void> {
  const text = String(value || '').trim();
  if (/^[\da-f]{64}$/i.test(text)) hashes[key] = text;
  else if (normalize(text)) {
    // Throws on pages without https, which have no SubtleCrypto.
    const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(normalize(text)));
    let hex = '';
    for (const byte of new Uint8Array(bytes)) hex += (byte + 256).toString(16).slice(1);
    hashes[key] = hex;
  }
}
