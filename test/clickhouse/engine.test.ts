/** The store that plays Analytics Engine keeps points as the platform does. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Engine, sampledAt, tableOf, UNSAMPLED, type WrittenPoint } from './engine.ts';

const AT = Date.UTC(2026, 10, 24, 12, 0, 0, 500);
const points = (count: number): WrittenPoint[] =>
  Array.from({ length: count }, (_, index) => ({
    point: {
      indexes: [`px/${index % 8}`],
      blobs: [`page ${index % 5}`, 'ü"\\\n\'\u0000'],
      doubles: [index, 0.1 + 0.2],
    },
    at: AT + index,
  }));

let engine: Engine;
beforeAll(() => {
  engine = new Engine();
});
afterAll(() => engine?.close());

async function rows(sql: string): Promise<Record<string, unknown>[]> {
  return (JSON.parse(await engine.run(sql)) as { data: Record<string, unknown>[] }).data;
}

describe('the engine', () => {
  it('keeps every column of a point to the byte, and the seconds of its time', async () => {
    await engine.write('all', points(3), UNSAMPLED);
    expect(await rows(`SELECT * FROM ${tableOf('all')} ORDER BY double1 LIMIT 1`)).toEqual([
      {
        dataset: 'all',
        timestamp: '2026-11-24 12:00:00',
        index1: 'px/0',
        ...Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`blob${index + 1}`, ''])),
        ...Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`double${index + 1}`, 0])),
        blob1: 'page 0',
        blob2: 'ü"\\\n\'\u0000',
        double2: 0.1 + 0.2,
        _sample_interval: 1,
      },
    ]);
  });

  it.each([1, 10, 100])('keeps one point in %i, and its weight', async (interval) => {
    const { kept } = await engine.write(`one_in_${interval}`, points(50_000), sampledAt(interval));
    const table = tableOf(`one_in_${interval}`);
    const [sum] = await rows(
      `SELECT toUInt32(count()) AS kept, toUInt32(sum(_sample_interval)) AS stood FROM ${table}`,
    );
    expect(sum).toEqual({ kept, stood: kept * interval });
    // Five standard deviations of a binomial count.
    const expected = 50_000 / interval;
    expect(Math.abs(kept - expected)).toBeLessThanOrEqual(5 * Math.sqrt(expected * (1 - 1 / interval)));
  });

  it('samples indexes and times apart', async () => {
    const intervalOf = ({ point, at }: WrittenPoint): number =>
      point.indexes?.[0] === 'px/0' ? (at < AT + 10_000 ? 2 : 4) : 1;
    await engine.write('mixed', points(20_000), { intervalOf, seed: 3 });
    expect(
      await rows(
        `SELECT index1 = 'px/0' AS busy, groupUniqArray(_sample_interval) AS weights FROM ${tableOf('mixed')} GROUP BY busy ORDER BY busy`,
      ),
    ).toEqual([
      { busy: 0, weights: [1] },
      { busy: 1, weights: expect.arrayContaining([2, 4]) },
    ]);
  });

  it.each([
    ['two indexes', { indexes: ['a', 'b'] }],
    ['21 blobs', { blobs: Array.from({ length: 21 }, () => '') }],
    ['21 doubles', { doubles: Array.from({ length: 21 }, () => 0) }],
    ['an index of 97 bytes', { indexes: [`${'ü'.repeat(48)}a`] }],
    ['blobs of more than 16 KiB', { blobs: ['a'.repeat(16 * 1024), 'a'] }],
  ])('refuses %s, which the platform would drop', async (_, point) => {
    await expect(engine.write('refused', [{ point, at: AT }])).rejects.toThrow();
  });
});
