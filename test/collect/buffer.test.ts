import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Buffer, type Hit, MAX_BATCH_EVENTS, MAX_BATCH_SIZE } from '../../src/collect/buffer.ts';

const hit = (name: string, size = 0): Hit => ({ events: name, size }) as unknown as Hit;

describe('the buffer', () => {
  it('makes the request that opens a batch its owner, and releases the others', () => {
    const buffer = new Buffer();
    const owner = buffer.push(hit('a'), 1, 0);
    expect(buffer.push(hit('b'), 1, 10)).toEqual({});
    expect(owner.take?.()).toEqual([hit('a'), hit('b')]);
    expect(buffer.push(hit('c'), 1, 60)).toHaveProperty('take');
  });

  it('gives a full batch to the request that fills it, and nothing to its owner', () => {
    const buffer = new Buffer();
    const owner = buffer.push(hit('first'), 1, 0);
    for (let count = 2; count < MAX_BATCH_EVENTS; count++) expect(buffer.push(hit('more'), 1, 1)).toEqual({});
    const { full, take } = buffer.push(hit('last'), 1, 2);
    expect(full).toHaveLength(MAX_BATCH_EVENTS);
    expect(take).toBe(undefined);
    expect(owner.take?.()).toEqual([]);
    expect(buffer.push(hit('next'), 1, 3)).toHaveProperty('take');
  });

  it('counts events, not requests, and flushes a request alone if its events do not fit', () => {
    const buffer = new Buffer();
    const owner = buffer.push(hit('a'), MAX_BATCH_EVENTS - 1, 0);
    expect(buffer.push(hit('b'), 2, 0)).toEqual({ full: [hit('b')] });
    expect(owner.take?.()).toEqual([hit('a')]);
  });

  it('limits characters, and flushes a request that has more alone', () => {
    const buffer = new Buffer();
    const owner = buffer.push(hit('a', 1), 1, 0);
    expect(buffer.push(hit('b', MAX_BATCH_SIZE - 1), 1, 0)).toEqual({});
    expect(buffer.push(hit('c', 1), 1, 0)).toEqual({ full: [hit('c', 1)] });
    expect(owner.take?.()).toEqual([hit('a', 1), hit('b', MAX_BATCH_SIZE - 1)]);
  });

  it('never gives a request more events than Analytics Engine accepts per invocation', () => {
    const counts = fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 300 });
    // Now and then an owner is so late that another takes over.
    const waits = fc.array(fc.constantFrom(0, 1, 1, 1, 3000), { minLength: 300, maxLength: 300 });
    fc.assert(
      fc.property(counts, waits, (counts, waits) => {
        const buffer = new Buffer();
        const sizes = new Map(counts.map((count, index) => [`h${index}`, count]));
        const owners: (() => readonly Hit[])[] = [];
        const flushed: string[] = [];
        const flush = (hits: readonly Hit[]) => {
          const names = hits.map(({ events }) => String(events));
          expect(names.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0)).toBeLessThanOrEqual(
            MAX_BATCH_EVENTS,
          );
          flushed.push(...names);
        };
        let now = 0;
        counts.forEach((count, index) => {
          now += waits[index] ?? 0;
          const { full, take } = buffer.push(hit(`h${index}`), count, now);
          expect(full && take).toBe(undefined);
          if (full) flush(full);
          if (take) owners.push(take);
        });
        for (const take of owners) flush(take());
        expect(flushed.toSorted()).toEqual([...sizes.keys()].toSorted());
      }),
    );
  });

  it('takes over a batch when its owner is overdue, and not before', () => {
    const buffer = new Buffer();
    buffer.push(hit('lost?'), 1, 10_000);
    expect(buffer.push(hit('in time'), 1, 12_000)).toEqual({});
    expect(buffer.push(hit('rescuer'), 1, 15_000)).toEqual({
      full: [hit('lost?'), hit('in time'), hit('rescuer')],
    });
  });

  it('flushes a request alone if it fills a batch', () => {
    const buffer = new Buffer();
    expect(buffer.push(hit('many'), MAX_BATCH_EVENTS, 0)).toEqual({ full: [hit('many')] });
    expect(buffer.push(hit('next'), 1, 0)).toHaveProperty('take');
  });

  it('does not give a late owner the batch of another', () => {
    const buffer = new Buffer();
    const late = buffer.push(hit('first'), 1, 0);
    buffer.push(hit('rescuer'), 1, 5_000);
    const owner = buffer.push(hit('second'), 1, 5_001);
    expect(late.take?.()).toEqual([]);
    expect(buffer.push(hit('third'), 1, 5_002)).toEqual({});
    expect(owner.take?.()).toEqual([hit('second'), hit('third')]);
  });
});
