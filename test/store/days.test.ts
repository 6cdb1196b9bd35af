/** Which days a run of the cron chooses, and the names of a day's states. */
import { beforeAll, expect, it } from 'vitest';
import schema from '../../schema.sql?raw';
import { DIRTY, RAW } from '../../src/model/day-state.ts';
import { dirtyDays } from '../../src/store/due-days.ts';
import { applySchema, db, makePixel } from '../fixtures.ts';

beforeAll(applySchema);

it('selects days of every pixel, however many older days another one has', async () => {
  const [busy, quiet] = [await makePixel('UTC'), await makePixel('UTC')];
  const insert = (pixel: string, first: string, count: number): Promise<unknown> =>
    db
      .prepare(
        `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?3)
         INSERT INTO days (pixel, day, starts_at, ends_at, dirty, raw)
         SELECT ?1, date(?2, '+' || i || ' days'), 86400000 * i, 86400000 * (i + 1), 1, 0 FROM n`,
      )
      .bind(pixel, first, count)
      .run();
  await insert(busy.id, '2001-01-01', 9000);
  await db
    .prepare(
      'INSERT INTO days (pixel, day, starts_at, ends_at, dirty, raw) VALUES (?, ?, 86400000 * 9500, 86400000 * 9501, 1, 0)',
    )
    .bind(quiet.id, '2026-01-04')
    .run();
  const chosen = await dirtyDays(db, 86_400_000 * 9600, 8, false);
  expect(chosen).toHaveLength(8);
  expect(chosen.map(({ pixel }) => pixel)).toContain(quiet.id);
});

const SOURCES = Object.entries(
  import.meta.glob<string>('../../src/**/*.ts', { query: '?raw', import: 'default', eager: true }),
);

it('writes the states of a day by their names', () => {
  const digit = /\b(?:dirty|raw) ?(?:[<>=!]+|(?:NOT )?IN \() ?\d/g;
  expect('WHERE raw = 0 AND d.dirty IN (0, 3) AND dirty <> 1 OR day.raw === 2'.match(digit)).toHaveLength(4);
  const digits = SOURCES.filter(([path]) => !path.endsWith('/model/day-state.ts')).flatMap(([path, text]) =>
    [...text.matchAll(digit)].map(([match]) => `${path}: ${match}`),
  );
  expect(SOURCES.length).toBeGreaterThan(100);
  expect(digits).toEqual([]);
});

it('has the conditions of the partial indexes in the schema', () => {
  expect(schema).toContain(`ON days (ends_at) WHERE dirty > ${DIRTY.clean};`);
  expect(schema).toContain(`ON days (pixel, ends_at) WHERE raw < ${RAW.purged};`);
  expect(schema).toContain(
    `ON days (rollup_version, ends_at) WHERE raw = ${RAW.stored} AND dirty = ${DIRTY.clean};`,
  );
});
