/** One failure stays one failure: whatever task of the cron fails, the others are done, and it is named and tried again. */
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { health } from '../../src/api/health.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { addDays } from '../../src/model/time-zone.ts';
import { parseQuery } from '../../src/query/language.ts';
import { runQuery } from '../../src/query/run.ts';
import { runJob } from '../../src/rollup/job.ts';
import { PURGE_CHUNK } from '../../src/rollup/purge.ts';
import { deletePixel } from '../../src/store/pixels.ts';
import { applySchema, db, makePixel, store, testEnv } from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';
import { runs } from '../runs.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const FIRST = '2026-01-01';
const NOW = Date.parse('2026-03-01T00:00:00Z');

beforeAll(applySchema);
beforeEach(async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  await db.batch(['failed_tasks', 'counters'].map((table) => db.prepare(`DELETE FROM ${table}`)));
  for (const { id } of (await db.prepare('SELECT id FROM pixels').all<{ id: string }>()).results) {
    await deletePixel(db, id);
  }
});

const view = (day: string): OracleEvent => ({
  ts: Date.parse(`${day}T12:00:00Z`),
  id: `e${day}`,
  name: 'pageview',
  visitor: 'v',
  person: 'uann',
  page: '/',
});
const views = (count: number, first = FIRST) =>
  Array.from({ length: count }, (_, index) => view(addDays(first, index)));

/** Statements with which a run at the beginning of an hour, which has all hourly tasks, rolls up as many days as others do. */
const ON_THE_HOUR = 90;

/** Makes every write of a kind to a table fail, where `when` holds, as long as `work` takes. */
async function broken<T>(on: string, when: string, work: () => Promise<T>): Promise<T> {
  await db
    .prepare(`CREATE TRIGGER broken BEFORE ${on} WHEN ${when} BEGIN SELECT raise(ABORT, 'broken'); END`)
    .run();
  try {
    return await work();
  } finally {
    await db.prepare('DROP TRIGGER broken').run();
  }
}

/** Runs the job and holds it to its statements. */
async function run(now: number, statements = 45) {
  let used = 0;
  const DB = new Proxy(db, {
    get(target, property) {
      const value = Reflect.get(target, property);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (property === 'prepare') used++;
        return Reflect.apply(value, target, args);
      };
    },
  });
  const report = await runJob({ ...testEnv, DB, CRON_STATEMENTS: String(statements) }, now);
  expect(used).toBeLessThanOrEqual(statements);
  return report;
}

const failures = async () =>
  (await db.prepare('SELECT * FROM failed_tasks ORDER BY task, pixel, item').all()).results;

const countOf = async (table: string, { id }: Pixel, where = 'true'): Promise<number> =>
  (await db
    .prepare(`SELECT count(*) AS n FROM ${table} WHERE pixel = ? AND ${where}`)
    .bind(id)
    .first<number>('n')) ?? 0;
const rolledDays = (pixel: Pixel) => countOf('days', pixel, 'dirty = 0');

/** What every run is to have done, whatever else fails in it. */
const TASKS = [
  { kind: 'salts', on: 'DELETE ON salts', item: '' },
  { kind: 'people', on: 'DELETE ON person_days', item: 'person_days' },
  { kind: 'people', on: 'DELETE ON person_links', item: 'person_links' },
  { kind: 'people', on: 'DELETE ON erasures', item: 'erasures' },
  { kind: 'stray', on: `DELETE ON events`, item: '' },
  { kind: 'sweep', on: 'DELETE ON sessions', item: 'sessions' },
  { kind: 'sweep', on: 'DELETE ON rejections', item: 'rejections' },
  { kind: 'sweep', on: 'DELETE ON failed_tasks', item: 'failed tasks' },
];

/** A pixel with something to do for each task, and how much of it is left. */
async function withAllToDo() {
  const pixel = await makePixel('UTC', { retention_days: 30 });
  await store(pixel, [view('2026-02-27')], NOW - DAY);
  const { id } = pixel;
  const old = NOW - 500 * DAY;
  await db.batch(
    [
      `INSERT INTO salts VALUES ('2020-01-01', 'x', 1) ON CONFLICT DO NOTHING`,
      `INSERT INTO person_days VALUES ('${id}', '2020-01-01', 'ubob', 1)`,
      `INSERT INTO person_links (pixel, alias, target) VALUES ('${id}', 'egone', 'ugone')`,
      `INSERT INTO erasures VALUES ('${id}', 'ugone', ${old})`,
      `INSERT INTO events SELECT '${id}', ${old}, 'stray', eid, name, visitor, '', hostname, page, referrer, source, channel,
         utm_source, utm_medium, utm_campaign, utm_content, utm_term, device, browser, browser_version, os, os_version,
         country, region, region_name, city, language, agent_class, engaged, scroll, value, currency, props, authenticated
       FROM events WHERE pixel = '${id}' LIMIT 1`,
      `INSERT INTO sessions VALUES ('s${id}', 'admin', 'p', NULL, 1, 2)`,
      `INSERT INTO rejections VALUES ('px_gone${id}', '2026-01-01', 'bot', '', 1, '[]', 1, '')`,
      `INSERT INTO failed_tasks VALUES ('day', '${id}', '2000-01-01', 1, 1, 1, '')`,
    ].map((sql) => db.prepare(sql)),
  );
  const left = async () => {
    const counts = await db.batch<{ n: number }>(
      [
        `SELECT count(*) AS n FROM salts WHERE date = '2020-01-01'`,
        `SELECT count(*) AS n FROM person_days WHERE pixel = '${id}' AND person = 'ubob'`,
        `SELECT count(*) AS n FROM person_links WHERE pixel = '${id}'`,
        `SELECT count(*) AS n FROM erasures WHERE pixel = '${id}'`,
        `SELECT count(*) AS n FROM events WHERE pixel = '${id}' AND id = 'stray'`,
        `SELECT count(*) AS n FROM sessions WHERE hash = 's${id}'`,
        `SELECT count(*) AS n FROM rejections WHERE pixel = 'px_gone${id}'`,
        `SELECT count(*) AS n FROM failed_tasks WHERE item = '2000-01-01'`,
      ].map((sql) => db.prepare(sql)),
    );
    return counts.map(({ results }) => results[0]?.n);
  };
  return { pixel, left };
}

describe('a task of the cron that fails', () => {
  it.each(TASKS.map((task, place) => ({ ...task, place })))(
    '($kind $item) holds up no other, is noted, and is done when it can be',
    async ({ kind, on, item, place }) => {
      const { pixel, left } = await withAllToDo();
      const alone = TASKS.map((_, index) => (index === place ? 1 : 0));
      await broken(
        on,
        kind === 'sweep' && item === 'failed tasks' ? `OLD.item = '2000-01-01'` : 'true',
        async () => {
          expect(await run(NOW)).toMatchObject({ failed: 1, rolledUp: 1 });
          // Off its own turn it is not tried.
          expect(await run(NOW + MINUTE)).toMatchObject({ failed: 0 });
        },
      );
      expect(await left()).toEqual(alone);
      expect(await rolledDays(pixel)).toBe(1);
      const noted = (await failures()).filter((task) => task['item'] !== '2000-01-01');
      expect(noted).toMatchObject([{ task: kind, pixel: '', item, attempts: 1, since: NOW }]);
      expect(noted[0]?.['error']).toContain('broken');
      expect(await run(NOW + HOUR)).toMatchObject({ failed: 0 });
      expect(await left()).toEqual(TASKS.map(() => 0));
      expect(await failures()).toEqual([]);
    },
  );

  it.each([
    { kind: 'day', on: 'INSERT ON rollups', when: `NEW.day = '2026-01-02'`, item: '2026-01-02' },
    { kind: 'month', on: 'INSERT ON month_rollups', when: `NEW.month = '2026-01'`, item: '2026-01' },
    { kind: 'purge', on: 'DELETE ON events', when: `OLD.id = 'e2026-01-02'`, item: '2026-01-02' },
  ])('($kind) does not delay other days, months or purges', async ({ kind, on, when, item }) => {
    const [poisoned, clean] = [await makePixel('UTC'), await makePixel('UTC')];
    for (const pixel of [poisoned, clean]) await store(pixel, views(35), NOW - DAY);
    await broken(
      on,
      `${when} AND ${on.startsWith('DELETE') ? 'OLD' : 'NEW'}.pixel = '${poisoned.id}'`,
      async () => {
        for (let runs = 0; runs < 40; runs++) await run(NOW + runs * HOUR, ON_THE_HOUR);
        expect([await rolledDays(poisoned), await rolledDays(clean)]).toEqual([kind === 'day' ? 34 : 35, 35]);
        expect(await countOf('months', clean)).toBe(2);
        // A month of which a day waits has none of its own.
        expect(await countOf('months', poisoned)).toBe(kind === 'purge' ? 2 : 1);
        const later = NOW + 200 * DAY;
        for (let runs = 0; runs < 60; runs++) await run(later + runs * HOUR);
        expect(await countOf('events', clean)).toBe(0);
        expect(await countOf('events', poisoned)).toBe(kind === 'month' ? 0 : kind === 'purge' ? 1 : 0);
        if (kind !== 'day') {
          expect(await failures()).toMatchObject([{ task: kind, pixel: poisoned.id, item }]);
        }
      },
    );
  });

  it('is retried with growing delays of at most a day', async () => {
    const pixel = await makePixel('UTC');
    await store(pixel, views(1), NOW - DAY);
    const tries: number[] = [];
    await broken('INSERT ON rollups', 'true', async () => {
      for (let at = NOW; at < NOW + runs(4, 5) * DAY; at += 5 * MINUTE) {
        if ((await run(at)).failed > 0) tries.push(at);
      }
    });
    const waits = tries.slice(1).map((at, index) => (at - (tries[index] as number)) / MINUTE);
    expect(waits.slice(0, 10)).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 1280, 1440]);
    expect(new Set(waits.slice(9))).toEqual(new Set([1440]));
  });

  it.each([19, 25, 45])(
    'leaves room for other tasks in a run of %i statements, however many fail',
    async (statements) => {
      const poisoned = await makePixel('UTC');
      const others = [await makePixel('UTC'), await makePixel('UTC')];
      await store(poisoned, views(60), NOW - DAY);
      for (const pixel of others) await store(pixel, [view('2026-02-27')], NOW - DAY);
      await broken('INSERT ON rollups', `NEW.pixel = '${poisoned.id}'`, async () => {
        let runs = 0;
        for (; runs < 20; runs++) {
          await run(NOW + (runs + 1) * 5 * MINUTE, statements);
          if ((await Promise.all(others.map(rolledDays))).every((days) => days === 1)) break;
        }
        expect(runs).toBeLessThan(6);
      });
      // A pixel with many days that do not fail holds up no other either.
      await db.prepare('DELETE FROM failed_tasks').run();
      const late = others[0] as Pixel;
      await store(late, [{ ...view('2026-02-27'), id: 'late' }], NOW);
      await run(NOW + 3 * HOUR + 5 * MINUTE, statements);
      await run(NOW + 3 * HOUR + 10 * MINUTE, statements);
      expect(await rolledDays(late)).toBe(1);
      expect(await rolledDays(poisoned)).toBeLessThan(60);
    },
  );

  it('fails the run only if the failure cannot be recorded', async () => {
    const pixel = await makePixel('UTC');
    await store(pixel, views(1), NOW - DAY);
    await broken('INSERT ON rollups', 'true', async () => {
      await db.prepare('ALTER TABLE failed_tasks RENAME TO hidden_tasks').run();
      await expect(run(NOW)).rejects.toThrow();
      await db.prepare('ALTER TABLE hidden_tasks RENAME TO failed_tasks').run();
    });
    const runs = `SELECT value FROM counters WHERE name = 'cron_runs'`;
    expect(await db.prepare(runs).first('value')).toBeGreaterThan(0);
  });
});

async function ask(pixel: Pixel, from: string, to: string, now: number) {
  const query = parseQuery({ site_id: pixel.id, metrics: ['pageviews'], date_range: [from, to] });
  if (!query.ok) throw new Error(JSON.stringify(query.error));
  return runQuery(db, query.value, pixel, now);
}

describe('a day past retention whose rollup fails', () => {
  it('is purged a week after the first failure, and health reports what is lost', async () => {
    const pixel = await makePixel('UTC', { retention_days: 30 });
    const [never, before] = ['2026-01-02', '2026-01-03'];
    await store(pixel, [view('2026-01-01'), view(before), view('2026-01-04')], NOW - DAY);
    await run(NOW, ON_THE_HOUR);
    await store(pixel, [view(never), { ...view(before), id: 'late' }], NOW);
    const end = NOW + 12 * DAY;
    await broken('INSERT ON rollups', `NEW.day IN ('${never}', '${before}')`, async () => {
      for (let at = NOW + 5 * MINUTE; at < end; at += 2 * HOUR) {
        await run(at);
        const there = await countOf('events', pixel, `id IN ('e${never}', 'e${before}', 'late')`);
        if (at < NOW + 7 * DAY) expect(there).toBe(3);
      }
    });
    expect(await countOf('events', pixel)).toBe(0);
    expect(await countOf('days', pixel, 'raw = 2 AND dirty = 0')).toBe(4);
    // Of what was rolled up once, that is the answer; of what never was, there is none.
    expect(await ask(pixel, before, '2026-01-04', end)).toMatchObject({
      value: { results: [{ metrics: [2] }] },
    });
    expect(await ask(pixel, '2026-01-01', '2026-01-04', end)).toMatchObject({
      error: {
        reason: 'beyond_retention',
        detail: expect.stringContaining(`The rollup of ${never} failed`),
      },
    });
    expect(await db.prepare(`SELECT value FROM counters WHERE name = 'given_up_days'`).first('value')).toBe(
      2,
    );
    // An hour later nothing of it is tried any more.
    await run(end + HOUR - (end % HOUR));
    expect(await failures()).toEqual([]);
  });

  it('waits for its rollup as long as that has not failed often', async () => {
    const pixel = await makePixel('UTC', { retention_days: 1 });
    await store(pixel, [view(FIRST)], NOW - DAY);
    // The cron has not run for a month after its first failure.
    await db
      .prepare(`INSERT INTO failed_tasks VALUES ('day', ?, ?, 9, ?, ?, '')`)
      .bind(pixel.id, FIRST, NOW - 30 * DAY, NOW + HOUR)
      .run();
    await run(NOW);
    expect(await countOf('events', pixel)).toBe(1);
    await run(NOW + HOUR);
    expect(await rolledDays(pixel)).toBe(1);
    expect(await failures()).toEqual([]);
  });
});

describe('health', () => {
  const examine = async (now: number) => {
    vi.useFakeTimers({ now, toFake: ['Date'] });
    try {
      return (await (await health({ ...testEnv, DB: new Proxy(db, {}) })).json()) as {
        status: string;
        rollup: { failing_tasks: number; failing: unknown[]; oldest_dirty_day_seconds: number };
      };
    } finally {
      vi.useRealTimers();
    }
  };
  it('names the failing task, and is degraded meanwhile', async () => {
    const pixel = await makePixel('UTC');
    await store(pixel, views(7), NOW - DAY);
    await broken('INSERT ON rollups', `NEW.pixel = '${pixel.id}'`, () => run(NOW + 5 * MINUTE, 60));
    const { status, rollup } = await examine(NOW + 6 * MINUTE);
    expect([status, rollup.failing_tasks, rollup.failing.length]).toEqual(['degraded', 7, 5]);
    expect(rollup.failing[0]).toEqual({
      task: 'day',
      pixel: pixel.id,
      item: FIRST,
      attempts: 1,
      since: new Date(NOW + 5 * MINUTE).toISOString(),
      retry_at: new Date(NOW + 10 * MINUTE).toISOString(),
    });
    await run(NOW + 10 * MINUTE, 60);
    expect(await examine(NOW + 11 * MINUTE)).toMatchObject({
      status: 'ok',
      rollup: { failing_tasks: 0, failing: [] },
    });
  });

  it('is degraded if finished days wait because the cron never ran, has stopped, or does not keep up', async () => {
    const pixel = await makePixel('UTC');
    expect((await examine(NOW)).status).toBe('ok');
    const yesterday = view('2026-02-28');
    await store(pixel, [yesterday], NOW - HOUR);
    expect((await examine(NOW + 10 * MINUTE)).status).toBe('ok');
    expect((await examine(NOW + 20 * MINUTE)).status).toBe('degraded');
    await run(NOW + 20 * MINUTE);
    expect((await examine(NOW + 30 * MINUTE)).status).toBe('ok');
    expect((await examine(NOW + 40 * MINUTE)).status).toBe('degraded');

    // An import fills days of long ago: they wait since now, not since they ended.
    await store(pixel, views(58), NOW);
    await run(NOW + HOUR + 5 * MINUTE, 19);
    const busy = await examine(NOW + HOUR + 6 * MINUTE);
    expect(busy.status).toBe('ok');
    expect(busy.rollup.oldest_dirty_day_seconds).toBeGreaterThan(50 * 86_400);
    // As if no run had caught up with it for hours.
    await db
      .prepare(`UPDATE counters SET last_at = ? WHERE name = 'caught_up_runs'`)
      .bind(NOW - 6 * HOUR)
      .run();
    expect((await examine(NOW + HOUR + 6 * MINUTE)).status).toBe('degraded');
  });

  it('does not report a large day as late while it waits for its turn', async () => {
    const pixel = await makePixel('UTC');
    await store(pixel, [view(FIRST)], NOW - DAY);
    await run(NOW);
    await db
      .prepare('UPDATE days SET dirty = 1, events = 3000000, rolled_at = ? WHERE pixel = ?')
      .bind(NOW, pixel.id)
      .run();
    await run(NOW + 20 * HOUR);
    expect(await rolledDays(pixel)).toBe(0);
    const { status, rollup } = await examine(NOW + 20 * HOUR);
    expect([status, rollup.oldest_dirty_day_seconds]).toEqual(['ok', 0]);
  });
});

describe('a purge', () => {
  it('continues with the next days if one is too large for a statement', async () => {
    const pixel = await makePixel('UTC', { retention_days: 1 });
    await store(pixel, views(2), NOW - DAY);
    await db
      .prepare(
        `INSERT INTO events SELECT pixel, ts, 'x' || j.key, eid, name, visitor, person, hostname, page, referrer, source, channel,
           utm_source, utm_medium, utm_campaign, utm_content, utm_term, device, browser, browser_version, os, os_version,
           country, region, region_name, city, language, agent_class, engaged, scroll, e.value, currency, props, authenticated
         FROM events e JOIN json_each(?2) j WHERE e.pixel = ?1 AND e.id = ?3`,
      )
      .bind(pixel.id, JSON.stringify(Array.from({ length: PURGE_CHUNK + 10 }, () => 0)), `e${FIRST}`)
      .run();
    await run(NOW, ON_THE_HOUR);
    await run(NOW + 3 * DAY + 5 * MINUTE);
    expect(await countOf('events', pixel)).toBe(0);
  });
});
