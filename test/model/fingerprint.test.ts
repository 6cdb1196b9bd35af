/** Numbers that stand for texts in caches. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprint, MAX_LENGTH } from '../../src/model/fingerprint.ts';

describe('a fingerprint', () => {
  it('is an integer that differs for texts that differ in one character, their order or their length', () => {
    const texts = [''];
    for (let length = 1; length <= MAX_LENGTH; length += 93) {
      const plain = 'a'.repeat(length);
      texts.push(
        plain,
        `${plain.slice(1)}b`,
        `b${plain.slice(1)}`,
        '\0'.repeat(length),
        '\uffff'.repeat(length),
      );
    }
    const numbers = [...new Set(texts)].map(fingerprint);
    expect(numbers.every(Number.isSafeInteger)).toBe(true);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  it('is equal for equal texts and different for different texts', () => {
    const text = fc.string({ unit: fc.constantFrom('0', '1', '\n', 'ü', '😀'), maxLength: 200 });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(fingerprint(a)).toBe(fingerprint(`${a} `.slice(0, -1)));
        expect(fingerprint(a) === fingerprint(b)).toBe(a === b);
      }),
      { numRuns: 2000 },
    );
  });

  it('distributes texts evenly over its range', () => {
    // Random texts: whatever the factors, their sums are random too. Of texts that differ in a few digits only, they need not be.
    const random = () => String.fromCharCode(...crypto.getRandomValues(new Uint16Array(40)));
    const numbers = Array.from({ length: 4000 }, () => fingerprint(random()));
    // Of 4,000 random numbers 2,000 have a bit set, give or take six deviations.
    for (const bit of [2 ** 52, 2 ** 30, 2 ** 21, 1]) {
      const ones = numbers.filter((number) => Math.floor(number / bit) % 2 === 1).length;
      expect(Math.abs(ones - 2000)).toBeLessThan(200);
    }
  });

  it('of a text does not match that of a longer text', () => {
    expect(() => fingerprint('x'.repeat(MAX_LENGTH + 1))).toThrow(RangeError);
  });
});
