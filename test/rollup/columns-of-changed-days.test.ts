/** What becomes of the columns of days that change, end or are deleted. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Pixel } from '../../src/model/pixel.ts';
import { runJob } from '../../src/rollup/job.ts';
import { markGoalsChanged } from '../../src/store/days.ts';
import { erase } from '../../src/store/people.ts';
import { updatePixel } from '../../src/store/pixel-changes.ts';
import { deletePixel } from '../../src/store/pixels.ts';
import { changeTimeZone } from '../../src/store/rezone.ts';
import { byDay, expectedColumns } from '../columns/expected.ts';
import { expectColumns, NOW, rolledUp, texts, visits } from '../columns/history.ts';
import { segmentsOf, storedPeriods } from '../columns/stored.ts';
import { applySchema, db, makePixel, runJobs, store, testEnv } from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';
import { tampered } from './tampered.ts';

const DAY = 86_400_000;
const ON_THE_HOUR = Date.parse('2026-03-08T01:00:00Z');

beforeAll(applySchema);

const LATE: OracleEvent = {
  ts: Date.parse('2026-03-02T13:00:00Z'),
  id: 'late',
  name: 'pageview',
  visitor: 'late',
  page: '/late',
};

/** Has a large day not wait until it is rolled up again. */
const isDue = (pixel: Pixel) =>
  db.prepare('UPDATE days SET rolled_at = 0 WHERE pixel = ?').bind(pixel.id).run();

describe('the columns of a day', () => {
  it('are replaced after a late event, and stay as they are until then', async () => {
    const events = visits('2026-03-01', 3);
    const pixel = await rolledUp(events);
    expect(await storedPeriods(pixel)).toEqual(['2026-03-01 1.0', '2026-03-02 1.0', '2026-03-03 1.0']);
    await store(pixel, [LATE], NOW);
    expect(await texts(pixel)).not.toContain('/late');
    await runJobs(NOW + 300_000);
    expect(await storedPeriods(pixel)).toEqual(['2026-03-01 1.0', '2026-03-02 2.0', '2026-03-03 1.0']);
    await expectColumns(pixel, [...events, LATE]);
  });

  it('contain nothing of an erased person after the next run', async () => {
    const events = visits('2026-03-01', 3);
    const pixel = await rolledUp(events);
    expect(await texts(pixel)).toContain('/2026-03-02/23:30');
    await erase(db, [{ pixel: pixel.id, aliases: ['uann'], visitor: null }], NOW);
    await runJobs(NOW + 300_000);
    expect(await texts(pixel)).not.toContain('23:30');
    await expectColumns(
      pixel,
      events.filter(({ person }) => person !== 'uann'),
    );
  });

  it('are the same after a change of goals', async () => {
    const events = visits('2026-03-01', 2);
    const pixel = await rolledUp(events);
    await updatePixel(db, pixel.id, { settings: { goals: [{ name: 'All', page: '/*' }] } }, [
      markGoalsChanged(db, pixel.id),
    ]);
    await expectColumns(pixel, events);
    await runJobs(NOW + 300_000);
    expect(await storedPeriods(pixel)).toEqual(['2026-03-01 2.0', '2026-03-02 2.0']);
    await expectColumns(pixel, events);
  });

  it('are empty when all of its events have been erased', async () => {
    const [, , last] = visits('2026-03-01', 1) as [OracleEvent, OracleEvent, OracleEvent];
    const pixel = await rolledUp([last]);
    await erase(db, [{ pixel: pixel.id, aliases: ['uann'], visitor: null }], NOW);
    await runJobs(NOW + 300_000);
    const [segment, ...others] = await segmentsOf(pixel);
    expect(others).toEqual([]);
    expect(segment?.header).toMatchObject({ events: 0, visits: 0, constants: {} });
    expect(Object.values(segment?.columns ?? {}).flat()).toEqual([]);
  });

  it('move with the time zone, except for those of days whose events are deleted', async () => {
    const events = visits('2026-02-01', 32);
    const pixel = await rolledUp(events, { retention_days: 5 }, NOW - 20 * DAY + 300_000);
    await runJobs(NOW);
    const purged = await db
      .prepare('SELECT day FROM days WHERE pixel = ? AND raw = 2 ORDER BY day')
      .bind(pixel.id)
      .all<{ day: string }>();
    const kept = purged.results.map(({ day }) => day);
    expect(kept.length).toBeGreaterThan(10);
    const moved = { ...pixel, timezone: 'Asia/Tokyo' };
    await changeTimeZone(db, moved);
    expect((await storedPeriods(pixel)).map((text) => text.slice(0, 10))).toEqual(kept);
    await runJobs(NOW + 300_000);
    const stored = await segmentsOf(pixel);
    // The first days in the new zone begin within days whose events are deleted.
    const days = byDay(
      events.filter(({ id }) => !kept.includes(id.slice(0, 10))),
      'Asia/Tokyo',
    );
    for (const { period, columns } of stored) {
      if (kept.includes(period)) continue;
      expect(columns, period).toEqual(expectedColumns(days.get(period) ?? [], 'Asia/Tokyo'));
    }
    expect(stored.length).toBeGreaterThan(kept.length);
  });

  it('go with the pixel', async () => {
    const pixel = await rolledUp(visits('2026-03-01', 2));
    await deletePixel(db, pixel.id);
    expect(await storedPeriods(pixel)).toEqual([]);
    // As an interrupted deletion leaves them.
    await db
      .prepare(`INSERT INTO segments VALUES (?, '2026-03-01', 1, 0, '', 0, 0, '', '')`)
      .bind(pixel.id)
      .run();
    await runJobs(ON_THE_HOUR);
    expect(await storedPeriods(pixel)).toEqual([]);
  });

  it('stay when its events are deleted, until keep_days are over', async () => {
    const events = visits('2026-03-01', 3);
    const pixel = await rolledUp(events, { retention_days: 10, keep_days: 20 });
    const countEvents = () => db.prepare('SELECT count(*) AS n FROM events WHERE pixel = ?').bind(pixel.id);
    await runJobs(ON_THE_HOUR + 12 * DAY);
    expect(await countEvents().first('n')).toBe(0);
    await expectColumns(pixel, events);
    // The third day ended on 4 March at midnight.
    await runJobs(Date.parse('2026-03-23T23:00:00Z'));
    await expectColumns(
      pixel,
      events.filter(({ id }) => id > '2026-03-03'),
    );
    expect(await storedPeriods(pixel)).toEqual(['2026-03-03 1.0']);
    await runJobs(Date.parse('2026-03-24T01:00:00Z'));
    expect(await storedPeriods(pixel)).toEqual([]);
    await expectColumns(pixel, []);
  });

  it.each([
    ['as long as events, if those are stored longer', { retention_days: 30, keep_days: 1 }, 29, 33],
    ['three years without a setting', { retention_days: 30 }, 1094, 1096],
  ] as const)('are kept %s', async (_, settings, before, after) => {
    const pixel = await rolledUp(visits('2026-03-01', 1), settings);
    if (!('keep_days' in settings)) {
      await db
        .prepare(`UPDATE pixels SET settings = json_remove(settings, '$.keep_days') WHERE id = ?`)
        .bind(pixel.id)
        .run();
    }
    const end = Date.parse('2026-03-02T01:00:00Z');
    await runJobs(end + before * DAY);
    expect(await storedPeriods(pixel)).toEqual(['2026-03-01 1.0']);
    await runJobs(end + after * DAY);
    expect(await storedPeriods(pixel)).toEqual([]);
  });

  it('are complete after slices that were interrupted and begun again, and the old ones answer meanwhile', async () => {
    const events = visits('2026-03-02', 1);
    const pixel = await rolledUp(events);
    const run = (scale: number, now: number) => {
      const DB = tampered(db, { scale, before: async () => {} });
      return runJob({ ...testEnv, DB, CRON_STATEMENTS: '19' }, now);
    };
    await store(pixel, [LATE], NOW);
    await isDue(pixel);
    // Of 4 events, 4 slices. A run does some of them.
    const runUntil = async (segments: number, from: number) => {
      for (let at = from; at < from + 10; at++) {
        await run(200_000, NOW + at * 300_000);
        if ((await storedPeriods(pixel)).length >= segments) return;
      }
    };
    await runUntil(4, 1);
    expect(await storedPeriods(pixel)).toEqual([
      '2026-03-02 1.0',
      '2026-03-02 2.0',
      '2026-03-02 2.1',
      '2026-03-02 2.2',
    ]);
    const [old] = await segmentsOf(pixel);
    expect(old?.columns).toEqual(expectedColumns(events, 'UTC'));
    const later = { ...LATE, id: 'later', ts: LATE.ts + 1, page: '/later' };
    await store(pixel, [later], NOW);
    // Of 5 events, 2 slices.
    for (let at = 11; at < 30; at++) await run(60_000, NOW + at * 300_000);
    expect(await storedPeriods(pixel)).toEqual(['2026-03-02 2.0', '2026-03-02 2.1']);
    const slices = await segmentsOf(pixel);
    for (const [name, values] of Object.entries(expectedColumns([...events, LATE, later], 'UTC'))) {
      expect(
        slices.flatMap(({ columns }) => columns[name]),
        name,
      ).toEqual(values);
    }

    // Slices that are begun and then not needed: the day is small again.
    await store(pixel, [{ ...LATE, id: 'again', ts: LATE.ts + 2 }], NOW);
    await isDue(pixel);
    await runUntil(3, 30);
    expect((await storedPeriods(pixel)).at(-1)).toBe('2026-03-02 3.0');
    await store(pixel, [{ ...LATE, id: 'last', ts: LATE.ts + 3 }], NOW);
    await runJobs(NOW + 40 * 300_000);
    expect(await storedPeriods(pixel)).toEqual(['2026-03-02 3.0']);
    const [whole] = await segmentsOf(pixel);
    expect(whole?.header.events).toBe(7);
  });

  it.each([1, 200_000])(
    'are left out if they fail twice, so that the day is rolled up (%i times its events)',
    async (scale) => {
      const pixel = await makePixel('UTC');
      const events = visits('2026-03-02', 1);
      await store(pixel, events, NOW);
      const columns = () =>
        db
          .prepare('SELECT dirty, columns FROM days WHERE pixel = ?')
          .bind(pixel.id)
          .first<{ dirty: number; columns: number }>();
      await db
        .prepare(
          `CREATE TRIGGER broken BEFORE INSERT ON segments WHEN NEW.pixel = '${pixel.id}' BEGIN SELECT raise(ABORT, 'broken'); END`,
        )
        .run();
      const DB = tampered(db, { scale, before: async () => {} });
      try {
        for (const minutes of [0, 5]) {
          expect(await runJob({ ...testEnv, DB }, NOW + minutes * 60_000)).toMatchObject({ failed: 1 });
          expect(await columns()).toMatchObject({ columns: 0 });
        }
        for (let run = 0; run < 5; run++) await runJob({ ...testEnv, DB }, NOW + (20 + run) * 60_000);
      } finally {
        await db.prepare('DROP TRIGGER broken').run();
      }
      expect(await columns()).toEqual({ dirty: 0, columns: 0 });
      expect(await storedPeriods(pixel)).toEqual([]);
      // The next change brings them back.
      await store(pixel, [LATE], NOW);
      await isDue(pixel);
      await runJobs(NOW + 60 * 60_000);
      await expectColumns(pixel, [...events, LATE]);
    },
  );
});
