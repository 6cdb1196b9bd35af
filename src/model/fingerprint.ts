/**
 * Numbers that stand for texts as keys of caches, for texts that must not stay in memory because they are long or personal. Two
 * texts share a number with a probability of 2^-53, even if somebody chooses the texts: the factors are random and differ between
 * isolates.
 */

/** The greatest length of a text, in characters. */
export const MAX_LENGTH = 1024;

const PRIME = 2 ** 31 - 1;
/** The number of products below 2^47 that can be added without loss of precision. */
const EXACT = 32;

/** Whole numbers, stored as doubles because they are multiplied as doubles. */
let factors: Float64Array | undefined;

/**
 * The number of a text, made of two sums modulo a prime. Each sums the length and the characters, each times a random factor of its
 * position.
 *
 * @throws RangeError if the text is longer than `MAX_LENGTH`.
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
