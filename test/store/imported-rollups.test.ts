/** Totals of imports: what is stored of them, once, and what undoing leaves. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { newImportId } from '../../src/model/import.ts';
import type { ImportedTotals } from '../../src/model/imported-totals.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { deleteTotals, readDaysOfTotals, storeTotals } from '../../src/store/imported-rollups.ts';
import { getPixel } from '../../src/store/pixels.ts';
import { applySchema, db, makePixel, store } from '../fixtures.ts';
import { beginImport, moveImport } from '../imports/imported.ts';

beforeAll(applySchema);

function row(day: string, dimension: string, value: string, visitors: number): ImportedTotals {
  const counts = { visits: 2 * visitors, pageviews: 3 * visitors, events: 4 * visitors, bounces: visitors };
  return { day, dimension, value, visitors, ...counts, duration: 1000 * visitors };
}

async function stored({ id }: Pixel): Promise<Record<string, Record<string, number[]>>> {
  const { results } = await db
    .prepare('SELECT dimension, day, size, json(counts) AS counts FROM imported_rollups WHERE pixel = ?')
    .bind(id)
    .all<{ dimension: string; day: string; size: number; counts: string }>();
  return Object.fromEntries(
    results.map(({ dimension, day, size, counts }) => {
      const list = JSON.parse(counts) as [string, ...number[]][];
      expect(list).toHaveLength(size);
      return [`${dimension} ${day}`, Object.fromEntries(list.map(([value, ...rest]) => [value, rest]))];
    }),
  );
}

describe('totals of an import', () => {
  it('are stored once, and equal values are added', async () => {
    const pixel = await makePixel('UTC');
    const id = await beginImport(pixel);
    const first = [
      row('2024-01-01', '', '', 10),
      row('2024-01-01', 'visit:source', 'Google', 3),
      row('2024-01-01', 'visit:source', 'Google', 1),
      row('2024-01-02', '', '', 5),
    ];
    expect(await storeTotals(db, id, pixel.id, 0, first, [moveImport(pixel, id, 0, 4)])).toBe(0);
    const second = [{ ...row('2024-01-02', '', '', 1), engaged: 7, scrolled_visits: 8 }];
    for (let times = 0; times < 3; times++) {
      await storeTotals(db, id, pixel.id, 0, first, [moveImport(pixel, id, 0, 4)]);
      await storeTotals(db, id, pixel.id, 4, second, [moveImport(pixel, id, 4, 5)]);
    }
    expect(await stored(pixel)).toEqual({
      ' 2024-01-01': { '': [10, 20, 30, 40, 10, 10_000, 0, 0, 0, 0] },
      ' 2024-01-02': { '': [6, 12, 18, 24, 6, 6000, 7, 0, 0, 8] },
      'visit:source 2024-01-01': { Google: [4, 8, 12, 16, 4, 4000, 0, 0, 0, 0] },
    });
    expect((await getPixel(db, pixel.id))?.imported).toEqual({ from: '2024-01-01', to: '2024-01-02' });
  });

  it('are those of the import that had their day and dimension first', async () => {
    const pixel = await makePixel('UTC');
    const [one, other] = [await beginImport(pixel), await beginImport(pixel)];
    await storeTotals(db, one, pixel.id, 0, [row('2024-01-02', '', '', 10)]);
    const rows = [
      row('2024-01-01', '', '', 1),
      row('2024-01-02', '', '', 2),
      row('2024-01-02', 'event:page', '/', 3),
    ];
    expect(await storeTotals(db, other, pixel.id, 0, rows)).toBe(1);
    expect(Object.values(await stored(pixel)).map((list) => Object.values(list)[0]?.[0])).toEqual([1, 10, 3]);
  });

  it('are the thousand most visited values of a day, and the rest together', async () => {
    const pixel = await makePixel('UTC');
    const id = await beginImport(pixel);
    const rows = Array.from({ length: 1500 }, (_, index) =>
      row('2024-01-01', 'event:page', `/${index}`, 2000 - index),
    );
    const other = [row('2024-01-01', 'event:page', '(other)', 1_000_000)];
    await storeTotals(db, id, pixel.id, 0, [...other, ...rows.slice(0, 1200)], [moveImport(pixel, id, 0, 1)]);
    await storeTotals(db, id, pixel.id, 1, rows.slice(1200));
    const list = (await stored(pixel))['event:page 2024-01-01'] ?? {};
    expect(Object.keys(list)).toHaveLength(1001);
    const rest = rows.slice(1000).reduce((sum, { visitors }) => sum + visitors, 0);
    expect(list['(other)']?.[0]).toBe(1_000_000 + rest);
    expect(list['/999']?.[0]).toBe(1001);
  });

  it('leave nothing when they are deleted, and what others have stays', async () => {
    const pixel = await makePixel('UTC');
    const [one, other] = [await beginImport(pixel), await beginImport(pixel)];
    const days = Array.from({ length: 9 }, (_, index) => `2024-02-0${index + 1}`);
    await storeTotals(
      db,
      one,
      pixel.id,
      0,
      days.map((day) => row(day, '', '', 1)),
    );
    await storeTotals(db, other, pixel.id, 0, [row('2024-02-03', 'event:page', '/', 1)]);
    await store(pixel, [{ ts: Date.parse('2024-02-08T12:00:00Z'), id: 'a', name: 'pageview', visitor: 'v' }]);
    expect(await readDaysOfTotals(db, one, pixel.id)).toEqual({
      days: 9,
      from: '2024-02-01',
      to: '2024-02-09',
      hidden: 1,
    });
    expect(await deleteTotals(db, one, pixel.id, 5)).toBe(5);
    expect(await deleteTotals(db, one, pixel.id, 5)).toBe(4);
    expect((await getPixel(db, pixel.id))?.imported).toEqual({ from: '2024-02-03', to: '2024-02-03' });
    expect(await readDaysOfTotals(db, one, pixel.id)).toEqual({ days: 0, from: null, to: null, hidden: 0 });
    expect(await deleteTotals(db, other, pixel.id, 5)).toBe(1);
    expect(await stored(pixel)).toEqual({});
    expect(await getPixel(db, pixel.id)).not.toHaveProperty('imported');
  });

  it('are not stored for an import that is gone, is not there yet, or is being undone', async () => {
    const pixel = await makePixel('UTC');
    const id = await beginImport(pixel);
    const rows = [row('2024-01-01', '', '', 1)];
    await storeTotals(db, newImportId(), pixel.id, 0, rows);
    await storeTotals(db, id, pixel.id, 1, rows);
    await storeTotals(db, id, (await makePixel('UTC')).id, 0, rows);
    await db.prepare(`UPDATE imports SET state = 'undoing' WHERE id = ?`).bind(id).run();
    await storeTotals(db, id, pixel.id, 0, rows);
    expect(await stored(pixel)).toEqual({});
    expect(await getPixel(db, pixel.id)).not.toHaveProperty('imported');
  });

  it('add up, however they are cut into batches, and whichever batches come again', async () => {
    const value = fc.constantFrom('', '/', '/a', 'it\'s "a.b"', 'größe');
    const rows = fc.array(
      fc.tuple(
        fc.constantFrom('2024-01-01', '2024-01-02'),
        fc.constantFrom('', 'event:page'),
        value,
        fc.nat(9),
      ),
      { maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(
        rows,
        fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.boolean())),
        async (list, cuts) => {
          const pixel = await makePixel('UTC');
          const id = await beginImport(pixel);
          const all = list.map((fields) => row(...fields));
          let at = 0;
          for (const [length, again] of [...cuts, [30, false] as const]) {
            const batch = all.slice(at, at + length);
            for (let times = 0; times < (again ? 2 : 1); times++) {
              await storeTotals(db, id, pixel.id, at, batch, [moveImport(pixel, id, at, at + batch.length)]);
              if (batch.length === 0) break;
            }
            at += batch.length;
          }
          const sums: Record<string, number> = {};
          for (const { dimension, day, value: name, visitors } of all) {
            const key = JSON.stringify([`${dimension} ${day}`, name]);
            sums[key] = (sums[key] ?? 0) + visitors;
          }
          const found = Object.entries(await stored(pixel)).flatMap(([group, values]) =>
            Object.entries(values).map(
              ([name, counts]) => [JSON.stringify([group, name]), counts[0] ?? 0] as const,
            ),
          );
          expect(Object.fromEntries(found)).toEqual(sums);
        },
      ),
      { numRuns: 30 },
    );
  });
});
