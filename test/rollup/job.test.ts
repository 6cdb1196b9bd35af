import { beforeAll, describe, expect, it } from 'vitest';
import { addDays } from '../../src/model/time-zone.ts';
import { runJob } from '../../src/rollup/job.ts';
import { deletePixel } from '../../src/store/pixels.ts';
import { changeTimeZone } from '../../src/store/rezone.ts';
import { applySchema, db, makePixel, store, testEnv } from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';
import { tampered } from './tampered.ts';

const DAY = 86_400_000;
const FIRST = '2026-01-01';
const NOW = Date.parse('2026-03-01T00:00:00Z');
/** When the tasks of each hour are not due, so that a run has statements for several days. */
const OFF_HOUR = NOW + 600_000;

beforeAll(applySchema);

/** One page view at noon on each of so many days. */
const days = (count: number): OracleEvent[] =>
  Array.from({ length: count }, (_, index) => ({
    ts: Date.parse(`${addDays(FIRST, index)}T12:00:00Z`),
    id: `e${index}`,
    name: 'pageview',
    visitor: 'v',
    page: '/',
  }));

async function rolledDays(pixel: string): Promise<number> {
  const sql = `SELECT count(*) AS n FROM rollups WHERE pixel = ? AND dimension = 'total' AND pageviews = 1`;
  return (await db.prepare(sql).bind(pixel).first<number>('n')) ?? 0;
}

/** Runs the job with 25 statements, and holds it to them. */
function budgeted() {
  let statements = 0;
  const counting = new Proxy(db, {
    get(target, property) {
      const value = Reflect.get(target, property);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (property === 'prepare') statements++;
        return Reflect.apply(value, target, args);
      };
    },
  });
  return async (now: number) => {
    statements = 0;
    const report = await runJob({ ...testEnv, DB: counting, CRON_STATEMENTS: '25' }, now);
    expect(statements).toBeLessThanOrEqual(25);
    return report;
  };
}

describe('the cron job', () => {
  it('stays within its budget of statements and continues in the next run', async () => {
    const pixel = await makePixel('UTC');
    await store(pixel, days(20), NOW);
    const run = budgeted();
    const first = await run(NOW);
    expect(first.more).toBe(true);
    expect(await rolledDays(pixel.id)).toBe(first.rolledUp);
    for (let runs = 0; runs < 40 && (await run(NOW)).more; runs++);
    expect(await rolledDays(pixel.id)).toBe(20);
  });

  it('reports remaining work until all events past retention are deleted', async () => {
    const pixel = await makePixel('UTC', { retention_days: 30 });
    await store(pixel, days(20), NOW);
    const run = budgeted();
    for (let runs = 0; runs < 50 && (await run(NOW)).more; runs++);
    // Those of the tests before are past retention, too.
    const count = db.prepare('SELECT count(*) AS n FROM events');
    // On the hour, when there is more to do than that, and off it.
    for (const later of [NOW + 200 * DAY, NOW + 200 * DAY + 600_000]) {
      const before = Number(await count.first('n'));
      const { purgedEvents, more } = await run(later);
      const left = Number(await count.first('n'));
      expect(purgedEvents).toBeGreaterThanOrEqual(before - left);
      expect([before > left, more]).toEqual([true, true]);
    }
    for (let runs = 0; runs < 50 && (await run(NOW + 200 * DAY + 600_000)).more; runs++);
    expect(await count.first('n')).toBe(0);
    expect(await run(NOW + 200 * DAY + 600_000)).toMatchObject({ purgedEvents: 0, more: false });
  });

  it('may run three times at once', async () => {
    const pixel = await makePixel('UTC');
    await store(pixel, days(4), NOW);
    await Promise.all([runJob(testEnv, OFF_HOUR), runJob(testEnv, OFF_HOUR), runJob(testEnv, OFF_HOUR)]);
    expect(await rolledDays(pixel.id)).toBe(4);
  });

  it("skips a day until it is over in the pixel's time zone", async () => {
    const early = await makePixel('Pacific/Kiritimati');
    const late = await makePixel('America/Los_Angeles');
    const noon = Date.parse('2026-02-10T12:00:00Z');
    const view = { id: 'a', name: 'pageview', visitor: 'v', ts: noon - 3 * 3_600_000 };
    for (const pixel of [early, late]) await store(pixel, [view], noon);
    await runJob(testEnv, noon);
    expect(await rolledDays(early.id)).toBe(1);
    expect(await rolledDays(late.id)).toBe(0);
    await runJob(testEnv, noon + DAY);
    expect(await rolledDays(late.id)).toBe(1);
  });

  it('continues with other days if one fails, and retries that one', async () => {
    const pixel = await makePixel('UTC');
    await store(pixel, days(3), NOW);
    await db
      .prepare(
        `CREATE TRIGGER broken BEFORE INSERT ON rollups WHEN NEW.day = '2026-01-02' BEGIN SELECT raise(ABORT, 'broken'); END`,
      )
      .run();
    expect(await runJob(testEnv, OFF_HOUR)).toMatchObject({ rolledUp: 2, failed: 1, more: false });
    await db.prepare('DROP TRIGGER broken').run();
    expect(await runJob(testEnv, OFF_HOUR)).toMatchObject({ rolledUp: 0, failed: 0 });
    expect(await runJob(testEnv, OFF_HOUR + 300_000)).toMatchObject({ rolledUp: 1, failed: 0 });
    expect(await rolledDays(pixel.id)).toBe(3);
  });

  it('does not finish a day whose bounds changed meanwhile', async () => {
    const pixel = await makePixel('UTC');
    const at = Date.parse(`${FIRST}T03:00:00Z`);
    await store(pixel, [{ ts: at, id: 'a', name: 'pageview', visitor: 'v', page: '/', person: 'uann' }], NOW);
    const moved = { ...pixel, timezone: 'America/Los_Angeles' };
    let calls = 0;
    // Its fourth call reads the days, its fifth rolls one up.
    const before = async () => {
      if (++calls === 5) await changeTimeZone(db, moved);
    };
    await runJob({ ...testEnv, DB: tampered(db, { scale: 1, before }) }, NOW);
    const days = async (table: string) => {
      const { results } = await db
        .prepare(`SELECT DISTINCT day FROM ${table} WHERE pixel = ?`)
        .bind(pixel.id)
        .all();
      return results.map(({ day }) => day);
    };
    expect(calls).toBeGreaterThan(5);
    expect([await days('rollups'), await days('person_days')]).toEqual([[], []]);
    await runJob(testEnv, NOW);
    expect([await days('rollups'), await days('person_days')]).toEqual([['2025-12-31'], ['2025-12-31']]);

    // A day that goes on under its date stays to be rolled up.
    calls = 0;
    const back = async () => {
      if (++calls === 5) await changeTimeZone(db, pixel);
    };
    await store(moved, [{ ts: at - 12 * 3_600_000, id: 'b', name: 'pageview', visitor: 'w' }], NOW);
    await runJob({ ...testEnv, DB: tampered(db, { scale: 1, before: back }) }, OFF_HOUR);
    await runJob(testEnv, OFF_HOUR);
    expect(await rolledDays(pixel.id)).toBe(2);
  });

  it('rolls up a large day correctly, however two runs overlap', async () => {
    const events = days(1).flatMap((one) =>
      [...'-AZaz'].flatMap((visitor) =>
        ['/', '/a'].map((page) => ({ ...one, id: `${visitor}${page}`, visitor, page })),
      ),
    );
    /** Runs two jobs at once, each of which waits at some call until the other has come to its own. */
    const overlap = async (stops: readonly [number, number], statements: string) => {
      const goOn = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
      const run = async (job: 0 | 1) => {
        const other = goOn[job === 0 ? 1 : 0];
        let calls = 0;
        const before = async () => {
          if (++calls !== stops[job]) return;
          other.resolve();
          await goOn[job].promise;
        };
        const DB = tampered(db, { scale: 50_000, before });
        await runJob({ ...testEnv, DB, CRON_STATEMENTS: job === 0 ? '45' : statements }, OFF_HOUR);
        other.resolve();
      };
      await Promise.all([run(0), run(1)]);
    };
    const env = { ...testEnv, DB: tampered(db, { scale: 50_000, before: async () => {} }) };
    const pages = `SELECT value, visitors, pageviews FROM rollups WHERE pixel = ? AND dimension = 'event:page'`;
    for (const statements of ['19', '45']) {
      for (let first = 5; first <= 10; first++) {
        for (let second = 5; second <= 10; second++) {
          const pixel = await makePixel('UTC');
          await store(pixel, events, NOW);
          await overlap([first, second], statements);
          // Both may have left it to the next run.
          const rolls = 'SELECT rolls FROM days WHERE pixel = ?';
          if ((await db.prepare(rolls).bind(pixel.id).first<number>('rolls')) === 0)
            await runJob(env, OFF_HOUR);
          const { results } = await db.prepare(pages).bind(pixel.id).all();
          expect(results, `calls ${first} and ${second}`).toEqual([
            { value: '/', visitors: 5, pageviews: 5 },
            { value: '/a', visitors: 5, pageviews: 5 },
          ]);
          await deletePixel(db, pixel.id);
        }
      }
    }
  });

  it('rejects an invalid setting with one sentence', async () => {
    await expect(runJob({ ...testEnv, CRON_STATEMENTS: 'many' }, NOW)).rejects.toThrow(
      /CRON_STATEMENTS is "many"; set it/,
    );
  });
});
