/** Random identifiers and secrets, and event ids. */

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** `length` random base58 characters, each equally likely. */
export function randomBase58(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length * 2))) {
      // 232 = 4 * 58. Greater bytes would make the first characters more likely.
      if (byte < 232 && text.length < length) text += BASE58[byte % 58];
    }
  }
  return text;
}

/** Whether a text has the form of `randomBase58(length)`. */
export function isBase58(text: string, length: number): boolean {
  return text.length === length && /^[1-9A-HJ-NP-Za-km-z]*$/.test(text);
}

export function randomHex(bytes: number): string {
  return hex(crypto.getRandomValues(new Uint8Array(bytes)));
}

export function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

let isolate = '';
let sequence = 0;

/**
 * A new event id. The ids of one isolate sort in the order in which they were made, so events of one millisecond keep their order.
 * 64 random bits, made once per isolate, make the ids of all isolates unique.
 */
export function nextEventId(): string {
  // Not at the top of the module: the runtime has no randomness before the first request.
  isolate ||= shortRandom();
  sequence = (sequence + 1) % 36 ** 6;
  return sequence.toString(36).padStart(6, '0') + isolate;
}

function shortRandom(): string {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return high.toString(36).padStart(7, '0') + low.toString(36).padStart(7, '0');
}
