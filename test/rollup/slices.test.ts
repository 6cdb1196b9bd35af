import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { DIRTY } from '../../src/model/day-state.ts';
import { MAX_ROLLUP_PROPERTY_KEYS } from '../../src/model/dimensions.ts';
import type { Goal } from '../../src/model/goal.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import * as columnCounts from '../../src/rollup/column-counts.ts';
import {
  ROLL_UP_DAY,
  ROLL_UP_SLICES,
  STORE_SLICE,
  STORE_SLICE_ROWS,
  sliceBounds,
} from '../../src/rollup/local-day.sql.ts';
import { Run, TaskBudget } from '../../src/rollup/run.ts';
import { rollUpSlices } from '../../src/rollup/slices.ts';
import { valuesOf } from '../../src/rollup/values-of-day.ts';
import { prepare } from '../../src/sql/statement.ts';
import type { DayToRollUp } from '../../src/store/due-days.ts';
import { applySchema, db, GOALS, histories, makePixel, store, testEnv } from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';
import { runs } from '../runs.ts';

beforeAll(applySchema);

const DAY = '2026-03-29';

/** The day as the cron finds it, to be rolled up in so many slices. With `attempts` of two, SQL counts its events. */
async function dayOf(pixel: Pixel, slices: number, attempts = 0): Promise<DayToRollUp> {
  await db
    .prepare(
      'UPDATE days SET dirty = ?3, slice = 0, slices = ?4, rolls = rolls + 1 WHERE pixel = ?1 AND day = ?2',
    )
    .bind(pixel.id, DAY, DIRTY.inSlices, slices)
    .run();
  return {
    pixel: pixel.id,
    day: DAY,
    timezone: pixel.timezone,
    goals: pixel.settings.goals,
    goalsText: JSON.stringify(pixel.settings.goals),
    open: false,
    dirty: DIRTY.inSlices,
    slice: 0,
    slices,
    events: 1,
    points: 0,
    sample_interval: 1,
    rolls: 1,
    starts_at: 0,
    ends_at: 0,
    attempts,
  };
}

async function rollUpInSlices(day: DayToRollUp): Promise<void> {
  const run = new Run({ ...testEnv, CRON_STATEMENTS: '900' }, Date.parse('2026-04-01T00:00:00Z'));
  expect(await rollUpSlices(run, new TaskBudget(run.statements, 0), day)).toBe(true);
}

async function rollUpAtOnce(day: DayToRollUp): Promise<void> {
  await prepare(db, ROLL_UP_DAY, valuesOf(day, 0, 1)).run();
}

/** Takes the rollups of a pixel away. */
async function takeRollups({ id }: Pixel): Promise<unknown[]> {
  const { results } = await db.prepare('SELECT * FROM rollups WHERE pixel = ?').bind(id).all();
  await db.prepare('DELETE FROM rollups WHERE pixel = ?').bind(id).run();
  return results;
}

const view = (index: number): OracleEvent => ({
  ts: Date.parse(`${DAY}T12:00:00Z`) + index * 1000,
  id: `e${index}`,
  name: 'pageview',
  visitor: `${'AZaz'[index % 4]}${index % 11}`,
  page: `/${index}`,
});

/** The day has the same rollup, computed at once from its events and in slices. */
async function expectSameRollups(events: readonly OracleEvent[], slices = 3): Promise<void> {
  const pixel = await makePixel('Europe/Berlin');
  await store(pixel, events);
  await rollUpAtOnce(await dayOf(pixel, 1));
  const atOnce = await takeRollups(pixel);
  await rollUpInSlices(await dayOf(pixel, slices));
  expect(await takeRollups(pixel)).toEqual(atOnce);
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a large day', () => {
  it('has the same rollup: computed at once, in slices from its events, and in slices from its columns', async () => {
    const hash = fc.array(fc.constantFrom(...'-09AMZ_amz'), { minLength: 22, maxLength: 22 });
    const counted = vi.spyOn(columnCounts, 'countsOf');
    await fc.assert(
      fc.asyncProperty(
        histories(DAY),
        fc.array(hash, { minLength: 6, maxLength: 6 }),
        fc.constantFrom(1, 2, 3, 7, 40),
        fc.subarray(GOALS.slice()),
        async (events, hashes, slices, goals) => {
          const pixel = await makePixel('Europe/Berlin', { goals: goals as Goal[] });
          const names = new Map<unknown, string>();
          const renamed = events.map((event) => {
            if (event.visitor === '') return event;
            const name = names.get(event.visitor) ?? hashes[names.size % hashes.length]?.join('') ?? '';
            names.set(event.visitor, name);
            return { ...event, visitor: name };
          });
          // The day exists even if none of its events is in it.
          const noon = Date.parse(`${DAY}T12:00:00Z`);
          await store(pixel, [
            ...renamed,
            { ts: noon, id: 'noon', name: 'pageview', visitor: '', page: '/' },
          ]);
          await rollUpAtOnce(await dayOf(pixel, 1));
          const atOnce = await takeRollups(pixel);
          expect(atOnce.length).toBeGreaterThan(0);
          await rollUpInSlices(await dayOf(pixel, slices, 2));
          expect(await takeRollups(pixel)).toEqual(atOnce);
          counted.mockClear();
          await rollUpInSlices(await dayOf(pixel, slices));
          expect(await takeRollups(pixel)).toEqual(atOnce);
          expect(counted.mock.results.map(({ value }) => value)).not.toContain(null);
          expect(counted).toHaveBeenCalledTimes(slices);
        },
      ),
      { numRuns: runs(8, 40) },
    );
  });

  it('with more keys of properties than a rollup stores has the same rollup from its columns', async () => {
    const counted = vi.spyOn(columnCounts, 'countsOf');
    const propsOf = (index: number) =>
      Object.fromEntries([0, 1, 2].map((step) => [`key${index + step}`, 'x']));
    const events = Array.from({ length: MAX_ROLLUP_PROPERTY_KEYS + 5 }, (_, index) => ({
      ...view(index),
      props: JSON.stringify(propsOf(index)),
    }));
    await expectSameRollups(events);
    expect(counted.mock.results.every(({ value }) => value !== null)).toBe(true);
  });

  it.each([
    [
      'numbers that SQL writes in another way than JavaScript',
      Array.from({ length: 4 }, (_, index) => ({ ...view(index), props: '{"size":1.0,"half":0.5}' })),
    ],
    [
      'more rows than two parameters hold',
      Array.from({ length: 1000 }, (_, index) => ({
        ...view(index),
        visitor: `v${index}`,
        page: `/${index}/${'x'.repeat(1500)}`,
      })),
    ],
  ])('with %s is counted from its events', async (_what, events) => {
    const counted = vi.spyOn(columnCounts, 'countsOf');
    await expectSameRollups(events, 1);
    expect(counted.mock.results.some(({ value }) => value === null)).toBe(true);
  });

  it('whose columns are damaged is counted from its events', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {});
    await db
      .prepare(
        `CREATE TRIGGER damage AFTER INSERT ON segments WHEN NEW.name = 'event:page'
         BEGIN UPDATE segments SET codes = codes || '!' WHERE pixel = NEW.pixel AND name = NEW.name; END`,
      )
      .run();
    try {
      await expectSameRollups([0, 1, 2, 3].map(view));
    } finally {
      await db.prepare('DROP TRIGGER damage').run();
    }
    expect(String(logged.mock.calls[0])).toContain('cannot be read');
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
    for (const sql of [ROLL_UP_DAY, STORE_SLICE, STORE_SLICE_ROWS, ROLL_UP_SLICES])
      expect(sql.length).toBeLessThan(60_000);
  });
});
