/** The axis and the points of charts. */
import { describe, expect, it } from 'vitest';
import { linePath, lonePoints, ticksUpTo } from '../../src/dashboard/scale.ts';

describe('the ticks of an axis', () => {
  it('are integers for counts, as few as the count itself', () => {
    expect(ticksUpTo(1, true)).toEqual([0, 1]);
    expect(ticksUpTo(3, true)).toEqual([0, 1, 2, 3]);
    for (let max = 1; max <= 2000; max++) {
      const ticks = ticksUpTo(max, true);
      expect(ticks.filter((tick) => !Number.isInteger(tick))).toEqual([]);
      expect(ticks.at(-1)).toBeGreaterThanOrEqual(max);
      expect(ticks.length).toBeLessThanOrEqual(5);
    }
  });

  it('may have fractions otherwise', () => {
    expect(ticksUpTo(1, false)).toEqual([0, 0.25, 0.5, 0.75, 1]);
  });
});

describe('a point between two gaps', () => {
  it.each([
    [[null, 3, null], [1]],
    [[3, null, null], [0]],
    [[3], [0]],
    [[null, null, 0], [2]],
    [[1, 2, null, 4, null, 6, 7], [3]],
    [[null, null], []],
    [[], []],
  ])('of %j is %j', (values, expected) => {
    expect(lonePoints(values)).toEqual(expected);
  });

  it('has no part of the line', () => {
    const same = (value: number): number => value;
    expect(linePath([1, null, 3, 4], same, same)).toBe('M0.0 1.0M2.0 3.0L3.0 4.0');
  });
});
