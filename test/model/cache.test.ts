import { describe, expect, it } from 'vitest';
import { Cache } from '../../src/model/cache.ts';

describe('a cache', () => {
  it('never exceeds its size', () => {
    const cache = new Cache<string, number>(100);
    for (let entry = 0; entry < 10_000; entry++) {
      cache.set(`k${entry}`, entry);
      cache.get(`k${entry % 7}`);
      expect(cache.count).toBeLessThanOrEqual(100);
    }
    expect(cache.get('k9999')).toBe(9999);
    expect(cache.get('k5000')).toBe(undefined);
  });

  it('holds as many entries as its size, and evicts none if a value is replaced', () => {
    const cache = new Cache<string, number>(10);
    const keys = Array.from({ length: 10 }, (_, index) => `k${index}`);
    for (const key of keys.slice(0, 5)) cache.set(key, 1);
    for (const key of keys.slice(0, 5)) cache.set(key, 2);
    expect(cache.count).toBe(5);
    expect(cache.get('unknown')).toBe(undefined);
    expect(cache.count).toBe(5);
    for (const key of keys.slice(5)) cache.set(key, 2);
    expect(cache.count).toBe(10);
    expect(keys.slice(5).map((key) => cache.get(key))).toEqual([2, 2, 2, 2, 2]);
    expect(cache.get('k0')).toBe(2);
  });

  it('deletes entries', () => {
    const cache = new Cache<string, number>(4);
    for (const key of ['a', 'b', 'c']) cache.set(key, 1);
    for (const key of ['a', 'c']) cache.delete(key);
    expect(['a', 'b', 'c'].map((key) => cache.get(key))).toEqual([undefined, 1, undefined]);
  });

  it('retains entries that are used often', () => {
    const cache = new Cache<string, number>(10);
    cache.set('wanted', 1);
    for (let entry = 0; entry < 1000; entry++) {
      cache.set(`k${entry}`, entry);
      expect(cache.get('wanted')).toBe(1);
    }
  });
});
