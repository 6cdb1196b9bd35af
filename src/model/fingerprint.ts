/**
 * Keys for caches of what is looked up by a text that must not stay in memory, since it is long or tells of a person. Of the
 * text a number is kept, which another text shares with a chance of one in 2^53, whatever texts are chosen: the factors are
 * random, and differ from isolate to isolate.
 */

/** Characters of the longest text. */
export const MAX_LENGTH = 1024;

const PRIME = 2 ** 31 - 1;
/** Products below 2^47 of which this many can be added up without loss. */
const EXACT = 32;

/** Whole numbers, kept as what they are multiplied as. */
let factors: Float64Array | undefined;

/**
 * The number of a text: two sums of its characters and its length, each character times a random factor of its place, modulo a
 * prime.
 *
 * @throws RangeError when the text is longer than `MAX_LENGTH`.
 */
export function fingerprint(text: string): number {
  if (text.length > MAX_LENGTH)
    throw new RangeError(`a text of ${text.length} characters has no fingerprint`);
  // Not at the top of the module: the runtime has no randomness before the first request.
  factors ??= randomFactors();
  let a = text.length * (factors[0] as number);
  let b = text.length * (factors[1] as number);
  for (let start = 0; start < text.length; start += EXACT) {
    const end = Math.min(start + EXACT, text.length);
    for (let at = start; at < end; at++) {
      const code = text.charCodeAt(at);
      a += code * (factors[2 * at + 2] as number);
      b += code * (factors[2 * at + 3] as number);
    }
    a %= PRIME;
    b %= PRIME;
  }
  return (a % PRIME) * 2 ** 22 + ((b % PRIME) & 0x3f_ffff);
}

function randomFactors(): Float64Array {
  const numbers = crypto.getRandomValues(new Uint32Array(2 * (MAX_LENGTH + 1)));
  return Float64Array.from(numbers, (number) => number % PRIME);
}
