import { describe, expect, it } from 'vitest';
import { Buffer, type Hit, MAX_BATCH_EVENTS } from '../../src/collect/buffer.ts';

const hit = (name: string): Hit => ({ events: name }) as unknown as Hit;

describe('the buffer', () => {
  it('makes the request that opens a batch its owner, and lets the others go', () => {
    const buffer = new Buffer();
    const owner = buffer.push(hit('a'), 1, 0);
    expect(buffer.push(hit('b'), 1, 10)).toEqual({});
    expect(owner.take?.()).toEqual([hit('a'), hit('b')]);
    expect(buffer.push(hit('c'), 1, 60)).toHaveProperty('take');
  });

  it('hands a full batch to the request that overfills it, and nothing to its owner', () => {
    const buffer = new Buffer();
    const owner = buffer.push(hit('first'), 1, 0);
    for (let count = 1; count < MAX_BATCH_EVENTS; count++) expect(buffer.push(hit('more'), 1, 1)).toEqual({});
    const { full, take } = buffer.push(hit('over'), 1, 2);
    expect(full).toHaveLength(MAX_BATCH_EVENTS);
    expect(owner.take?.()).toEqual([]);
    expect(take?.()).toEqual([hit('over')]);
  });

  it('counts events, not requests', () => {
    const buffer = new Buffer();
    buffer.push(hit('a'), MAX_BATCH_EVENTS - 1, 0);
    expect(buffer.push(hit('b'), 2, 0).full).toEqual([hit('a')]);
  });

  it('takes over what an owner has abandoned', () => {
    const buffer = new Buffer();
    buffer.push(hit('lost?'), 1, 0);
    expect(buffer.push(hit('rescuer'), 1, 5_000).full).toEqual([hit('lost?')]);
  });
});
