/** Many texts looked for at once are found where each alone is, in a time that does not grow with how many they are. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Finder } from '../../src/query/finder.ts';
import { Meter, OutOfSteps } from '../../src/query/meter.ts';

const unlimited = () => new Meter(Number.MAX_SAFE_INTEGER);

describe('texts in values', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'é', '\ud83d', '\ude00'), maxLength: 6 });

  it('match where each matches by itself', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 8 }), fc.array(text, { maxLength: 10 }), (texts, values) => {
        const finder = new Finder(texts, unlimited());
        for (const value of [...values, values.join('')]) {
          expect(finder.isIn(value, unlimited()), JSON.stringify([texts, value])).toBe(
            texts.some((one) => value.includes(one)),
          );
        }
      }),
      { numRuns: 5000 },
    );
  });

  it('cost the same in a thousand values as in one', () => {
    const value = 'a'.repeat(500);
    const costOf = (texts: readonly string[]) => {
      const finder = new Finder(texts, unlimited());
      const meter = new Meter(1_000_000);
      finder.isIn(value, meter);
      return 1_000_000 - meter.left;
    };
    const many = Array.from({ length: 1000 }, (_, index) => `${'a'.repeat(index % 40)}b${index}`);
    expect(costOf(many)).toBe(costOf(['b']));
  });

  it('take at most two steps per character of the value, whatever the texts', () => {
    // Each sign goes at most one deeper, and each way back goes at least one up.
    const texts = [
      `${'a'.repeat(300)}b`,
      ...Array.from({ length: 300 }, (_, index) => `${'a'.repeat(index + 1)}c`),
    ];
    let looked = 0;
    const get = Map.prototype.get;
    const finder = new Finder(texts, unlimited());
    Map.prototype.get = function (key) {
      looked++;
      return get.call(this, key);
    };
    try {
      finder.isIn('aaaaaaaad'.repeat(200), unlimited());
    } finally {
      Map.prototype.get = get;
    }
    expect(looked).toBeGreaterThan(0);
    expect(looked).toBeLessThanOrEqual(2 * 1800 + 10);
  });

  it('stop compiling and searching when the steps run out', () => {
    expect(() => new Finder(['a'.repeat(1000)], new Meter(1000))).toThrow(OutOfSteps);
    expect(() => new Finder(['b'], unlimited()).isIn('a'.repeat(1000), new Meter(1000))).toThrow(OutOfSteps);
  });
});
