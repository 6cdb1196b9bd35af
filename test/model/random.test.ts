import { describe, expect, it } from 'vitest';
import { nextEventId, randomBase58 } from '../../src/model/random.ts';

describe('ids', () => {
  it('of events sort in the order of their creation', () => {
    const ids = Array.from({ length: 2000 }, nextEventId);
    expect(ids).toEqual(ids.toSorted());
    expect(new Set(ids).size).toBe(2000);
  });

  it('of pixels use all base58 characters equally often', () => {
    const text = randomBase58(29_000);
    expect(text).toMatch(/^[1-9A-HJ-NP-Za-km-z]+$/);
    const counts = new Map<string, number>();
    for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
    expect(counts.size).toBe(58);
    for (const count of counts.values()) expect(Math.abs(count - 500)).toBeLessThan(180);
  });
});
