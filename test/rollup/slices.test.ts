import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { segments } from '../../src/model/time-zone.ts';
import {
  DELETE_SLICES,
  DELETE_VANISHED,
  ROLL_UP_DAY,
  ROLL_UP_SLICES,
  STORE_SLICE,
  sliceBounds,
} from '../../src/rollup/local-day.sql.ts';
import { goalParameter } from '../../src/sql/goals.ts';
import { prepare } from '../../src/sql/statement.ts';
import { stretchParameter } from '../../src/sql/stretches.ts';
import { applySchema, db, histories, makePixel, store } from '../fixtures.ts';
import { runs } from '../runs.ts';

beforeAll(applySchema);

const GOALS = [
  { name: 'Signed up', event: 'Signup' },
  { name: 'Saw a', page: '/a*' },
  { name: 'Pro', property: 'plan', value: 'pro' },
] as const;

describe('a large day', () => {
  it('has the same rollup, computed at once or in slices', async () => {
    const hash = fc.array(fc.constantFrom(...'-09AMZ_amz'), { minLength: 22, maxLength: 22 });
    await fc.assert(
      fc.asyncProperty(
        histories('2026-03-29'),
        fc.array(hash, { minLength: 6, maxLength: 6 }),
        fc.integer({ min: 2, max: 64 }),
        async (events, hashes, slices) => {
          const pixel = await makePixel('Europe/Berlin');
          const names = new Map<unknown, string>();
          const renamed = events.map((event) => {
            if (event.visitor === '') return event;
            const name = names.get(event.visitor) ?? hashes[names.size % hashes.length]?.join('') ?? '';
            names.set(event.visitor, name);
            return { ...event, visitor: name };
          });
          await store(pixel, renamed);
          const day = '2026-03-29';
          const stretches = segments(pixel.timezone, day, day).map((one) => ({ ...one, bucket: '' }));
          const valuesOf = (slice: number, slices: number) => ({
            pixel: pixel.id,
            stretches: stretchParameter(stretches),
            goals: goalParameter(GOALS),
            ...sliceBounds(slice, slices),
            day,
            slice,
            slices,
          });
          await prepare(db, ROLL_UP_DAY, valuesOf(0, 1)).run();
          const rollups = async () =>
            (await db.prepare('SELECT * FROM rollups WHERE pixel = ?').bind(pixel.id).all()).results;
          const rollupsOfOneSlice = await rollups();
          await db.prepare('DELETE FROM rollups WHERE pixel = ?').bind(pixel.id).run();
          for (let slice = 0; slice < slices; slice++) {
            await db.batch([
              db
                .prepare('UPDATE days SET slice = ?, slices = ? WHERE pixel = ? AND day = ?')
                .bind(slice, slices, pixel.id, day),
              prepare(db, STORE_SLICE, valuesOf(slice, slices)),
              db.prepare('UPDATE days SET slice = slice + 1 WHERE pixel = ? AND day = ?').bind(pixel.id, day),
            ]);
          }
          await db.batch([
            prepare(db, ROLL_UP_SLICES, { pixel: pixel.id, day }),
            prepare(db, DELETE_VANISHED, { pixel: pixel.id, day }),
            prepare(db, DELETE_SLICES, { pixel: pixel.id, day }),
          ]);
          expect(await rollups()).toEqual(rollupsOfOneSlice);
        },
      ),
      { numRuns: runs(6, 15) },
    );
  });

  it('is cut into slices that contain every visitor once', () => {
    for (const slices of [1, 2, 7, 64]) {
      let last = '';
      for (let slice = 0; slice < slices; slice++) {
        const { from, before } = sliceBounds(slice, slices);
        expect(from).toBe(slice === 0 ? '' : last);
        expect(before > from).toBe(true);
        last = before;
      }
      expect(last).toBe('\u{10ffff}');
    }
  });
});

describe('the statements of a rollup', () => {
  it("are far below D1's limit of 100 KB", () => {
    for (const sql of [ROLL_UP_DAY, STORE_SLICE, ROLL_UP_SLICES]) expect(sql.length).toBeLessThan(60_000);
  });
});
