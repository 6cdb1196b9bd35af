/** Which days a run of the cron chooses. */
import { beforeAll, expect, it } from 'vitest';
import { dirtyDays } from '../../src/store/days.ts';
import { applySchema, db, makePixel } from '../fixtures.ts';

beforeAll(applySchema);

it('leaves no pixel out, however many older days another has waiting', async () => {
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
  const chosen = await dirtyDays(db, 86_400_000 * 9600, 8);
  expect(chosen).toHaveLength(8);
  expect(chosen.map(({ pixel }) => pixel)).toContain(quiet.id);
});
