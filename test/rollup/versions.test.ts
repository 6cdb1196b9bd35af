/** A rollup knows the version of the code that made it: older ones are made again, or say what they lack. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ColumnDimension } from '../../src/model/dimensions.ts';
import type { Metric } from '../../src/model/metrics.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { ROLLUP_VERSION } from '../../src/model/rollup-version.ts';
import { addDays } from '../../src/model/time-zone.ts';
import { parseQuery } from '../../src/query/language.ts';
import type { ParsedQuery } from '../../src/query/parsed-query.ts';
import { runQuery } from '../../src/query/run.ts';
import { runJob } from '../../src/rollup/job.ts';
import { FIRST_PART } from '../../src/store/days.ts';
import { deletePixel } from '../../src/store/pixels.ts';
import { applySchema, db, makePixel, runJobs, store, testEnv } from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';
import { tampered } from './tampered.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-03-05T00:10:00Z');
/** On the hour, when months are summed. */
const HOURLY = Date.parse('2026-03-05T01:00:00Z');
const NEXT = ROLLUP_VERSION + 1;

beforeAll(applySchema);

let pixel: Pixel;
beforeEach(async () => {
  for (const { id } of (await db.prepare('SELECT id FROM pixels').all<{ id: string }>()).results) {
    await deletePixel(db, id);
  }
  pixel = await makePixel('UTC', { retention_days: 60 });
});

const views = (first: string, count: number) =>
  Array.from({ length: count }, (_, index) => ({
    ts: Date.parse(`${addDays(first, index)}T12:00:00Z`),
    id: `e${index}`,
    name: 'pageview',
    visitor: `v${index}`,
    page: '/',
    os: index % 2 === 0 ? 'Linux' : '',
  }));

/** A query by a dimension, or of a metric, of the version to come. */
function requestBy(
  dimension: string,
  { fake = true, range = ['2026-02-01', '2026-02-28'], newMetric = false } = {},
) {
  const parsed = parseQuery({
    site_id: pixel.id,
    metrics: ['visitors'],
    date_range: range,
    dimensions: dimension === '' ? [] : [dimension],
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  const newer = { since: NEXT, rollup: `${dimension}_of_the_next_version` };
  return {
    ...parsed.value,
    metrics: parsed.value.metrics.map((one): Metric => (newMetric ? { ...one, since: NEXT } : one)),
    dimensions: parsed.value.dimensions.map((one) =>
      fake ? ({ ...(one as ColumnDimension), ...newer } as ColumnDimension) : one,
    ),
  } as ParsedQuery;
}

const ask = (query: ParsedQuery, now = NOW) => runQuery(db, query, pixel, now);

const versions = async () =>
  (
    await db
      .prepare('SELECT rollup_version AS v FROM days WHERE pixel = ? ORDER BY day')
      .bind(pixel.id)
      .all<{ v: number }>()
  ).results.map(({ v }) => v);

const setVersion = (version: number) =>
  db.prepare('UPDATE days SET rollup_version = ? WHERE pixel = ?').bind(version, pixel.id).run();

/** Takes all rows of a dimension out of the rollups, as if they had been made before there was such a one. */
const forget = (dimension: string) =>
  db.batch(
    ['rollups', 'month_rollups'].map((table) =>
      db.prepare(`DELETE FROM ${table} WHERE pixel = ? AND dimension = ?`).bind(pixel.id, dimension),
    ),
  );

describe('days rolled up by an older version', () => {
  it('are rolled up again, after changed days, with the remaining budget of a run', async () => {
    await store(pixel, views('2026-02-01', 20), NOW);
    await runJobs(NOW);
    expect(new Set(await versions())).toEqual(new Set([ROLLUP_VERSION]));
    await setVersion(0);
    await forget('visit:os');
    await store(pixel, views('2026-03-01', 3), NOW);
    const before = await db
      .prepare('SELECT sum(rolled_at) AS at FROM days WHERE pixel = ? AND day < ?')
      .bind(pixel.id, '2026-03-01')
      .first('at');
    const env = { ...testEnv, CRON_STATEMENTS: '30' };
    await runJob(env, NOW + 300_000);
    expect((await versions()).slice(20)).toEqual([ROLLUP_VERSION, ROLLUP_VERSION, ROLLUP_VERSION]);
    for (let run = 0; run < 30 && (await runJob(env, NOW + 300_000)).more; run++);
    expect(new Set(await versions())).toEqual(new Set([ROLLUP_VERSION]));
    const rows = `SELECT count(*) AS n FROM rollups WHERE pixel = ? AND dimension = 'visit:os'`;
    expect(await db.prepare(rows).bind(pixel.id).first('n')).toBe(23);
    // They have not changed, so that their purge does not wait.
    const after = await db
      .prepare('SELECT sum(rolled_at) AS at FROM days WHERE pixel = ? AND day < ?')
      .bind(pixel.id, '2026-03-01')
      .first('at');
    expect(after).toBe(before);
  });

  it('cost one row read if there are none', async () => {
    await store(pixel, views('2026-01-06', 50), NOW);
    await runJobs(NOW);
    const plan = await db
      .prepare(
        `EXPLAIN QUERY PLAN SELECT * FROM days d INDEXED BY days_outdated WHERE d.raw = 0 AND d.dirty = 0 AND d.rollup_version < 1 ORDER BY d.rollup_version, d.ends_at LIMIT 5`,
      )
      .all<{ detail: string }>();
    expect(plan.results.map(({ detail }) => detail)).toEqual([
      expect.stringContaining('SEARCH d USING INDEX days_outdated'),
    ]);
  });

  it('delay nothing if they fail, and still answer queries', async () => {
    await store(pixel, views('2026-02-01', 3), NOW);
    await runJobs(NOW);
    await setVersion(0);
    await db.prepare('UPDATE rollups SET pageviews = 7 WHERE pixel = ?').bind(pixel.id).run();
    await db
      .prepare(
        `CREATE TRIGGER broken BEFORE INSERT ON rollups WHEN NEW.day = '2026-02-01' BEGIN SELECT raise(ABORT, 'broken'); END`,
      )
      .run();
    try {
      expect(await runJob(testEnv, NOW)).toMatchObject({ rolledUp: 2, failed: 1, more: false });
    } finally {
      await db.prepare('DROP TRIGGER broken').run();
    }
    expect(await versions()).toEqual([0, ROLLUP_VERSION, ROLLUP_VERSION]);
    expect(await ask(requestBy('', { fake: false }))).toMatchObject({
      value: { results: [{ metrics: [3] }], meta: { source: 'rollups' } },
    });
    expect(await runJob(testEnv, NOW + 300_000)).toMatchObject({ rolledUp: 1, failed: 0 });
  });

  it('are rolled up again if their slices are of an older version', async () => {
    const [view] = views('2026-02-01', 1);
    await store(pixel, [{ ...view, visitor: '-first' }] as OracleEvent[], NOW);
    const DB = tampered(db, { scale: 600_000, before: async () => {} });
    // The first run begins the slices.
    for (let run = 0; run < 2; run++) await runJob({ ...testEnv, DB, CRON_STATEMENTS: '19' }, NOW);
    const parts = 'SELECT min(part) AS part FROM rollup_slices WHERE pixel = ?';
    expect(await db.prepare(parts).bind(pixel.id).first('part')).toBe(FIRST_PART);
    await db
      .prepare('UPDATE rollup_slices SET part = part - ?2 WHERE pixel = ?1')
      .bind(pixel.id, FIRST_PART)
      .run();
    for (let run = 0; run < 5; run++) await runJob({ ...testEnv, DB, CRON_STATEMENTS: '19' }, NOW);
    expect(await versions()).not.toEqual([ROLLUP_VERSION]);
    // Large as it is, it waits for its turn.
    for (let run = 0; run < 9; run++) await runJob({ ...testEnv, DB }, NOW + DAY);
    expect(await versions()).toEqual([ROLLUP_VERSION]);
  });
});

describe('a query for a column that older rollups lack', () => {
  const RANGES = { days: ['2026-02-02', '2026-02-27'], month: ['2026-02-01', '2026-02-28'] };

  it.each(Object.entries(RANGES))(
    'is computed from events as long as they are stored (%s)',
    async (_, range) => {
      await store(pixel, views('2026-02-05', 10), NOW);
      const live = await ask(requestBy('visit:os', { range }));
      await runJobs(HOURLY);
      expect(await db.prepare('SELECT month FROM months WHERE pixel = ?').bind(pixel.id).first('month')).toBe(
        '2026-02',
      );
      for (const version of [0, ROLLUP_VERSION]) {
        await setVersion(version);
        const answer = await ask(requestBy('visit:os', { range }));
        expect(answer).toMatchObject({ ok: true, value: { meta: { source: 'events' } } });
        expect(answer.ok && answer.value.results).toEqual(live.ok && live.value.results);
      }
      // Rollups of the version that has it answer, and one that nobody had a value of has no rows.
      await setVersion(NEXT);
      expect(await ask(requestBy('visit:os', { range }))).toMatchObject({
        value: { results: [], meta: { source: 'rollups' } },
      });
    },
  );

  it.each(Object.entries(RANGES))(
    'is an error once they are deleted, with the last such day (%s)',
    async (_, range) => {
      const later = NOW + 120 * DAY;
      await store(pixel, views('2026-02-05', 10), NOW);
      await runJobs(HOURLY);
      await runJobs(later);
      expect(
        await db.prepare('SELECT count(*) AS n FROM events WHERE pixel = ?').bind(pixel.id).first('n'),
      ).toBe(0);
      const rejection = {
        error: {
          reason: 'beyond_retention',
          detail: expect.stringContaining('Days up to 2026-02-14 were rolled up by an older version'),
        },
      };
      // Columns have the counts of a metric that is newer than the rollup, but not the column of such a dimension.
      expect(await ask(requestBy('', { range, newMetric: true }), later)).toMatchObject({ ok: true });
      expect(await ask(requestBy('visit:os', { range }), later)).toMatchObject(rejection);
      await db.prepare('UPDATE days SET columns = 0 WHERE pixel = ?').bind(pixel.id).run();
      for (const version of [0, ROLLUP_VERSION]) {
        await setVersion(version);
        expect(await ask(requestBy('visit:os', { range }), later), String(version)).toMatchObject(rejection);
        expect(await ask(requestBy('', { range, newMetric: true }), later), String(version)).toMatchObject(
          rejection,
        );
        // What they have they answer.
        for (const dimension of ['', 'visit:os', 'event:page', 'event:goal', 'event:props:plan']) {
          expect(
            (await ask(requestBy(dimension, { range, fake: false }), later)).ok,
            `${version} ${dimension}`,
          ).toBe(true);
        }
        const after = ['2026-02-15', '2026-02-28'];
        expect((await ask(requestBy('visit:os', { range: after }), later)).ok).toBe(true);
      }
      // Of before there were versions, rows tell.
      await setVersion(0);
      await forget('visit:os');
      expect(await ask(requestBy('visit:os', { range, fake: false }), later)).toMatchObject(rejection);
      expect((await ask(requestBy('visit:browser', { range, fake: false }), later)).ok).toBe(true);
    },
  );
});
