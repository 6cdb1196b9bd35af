/** The columns of a month in one segment: when they are stored, deleted, and replace those of its days. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Pixel } from '../../src/model/pixel.ts';
import { runJob } from '../../src/rollup/job.ts';
import { erase } from '../../src/store/people.ts';
import { archivedDay, beginRestore, endRestore, restoreRows } from '../../src/store/restore-archive.ts';
import { changeTimeZone } from '../../src/store/rezone.ts';
import { expectColumns, NOW, rolledUp, texts, visits } from '../columns/history.ts';
import { headsOf, storedPeriods } from '../columns/stored.ts';
import { applySchema, db, runJobs, store, testEnv } from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';
import { fileOf, runArchive } from './archive-fixture.ts';

const DAY = 86_400_000;
/** On the hour, two days after the month's days were rolled up. */
const PACKING = Date.parse('2026-03-08T01:00:00Z');

beforeAll(applySchema);

const FEBRUARY = visits('2026-02-01', 28);
const LATE: OracleEvent = {
  ts: Date.parse('2026-02-20T13:00:00Z'),
  id: 'late',
  name: 'pageview',
  visitor: 'late',
  page: '/late',
  person: 'uann',
};

const heads = async (pixel: Pixel): Promise<string[]> =>
  (await headsOf(pixel)).map(({ period, slice }) => `${period} ${slice}`);
const months = async (pixel: Pixel): Promise<string[]> =>
  (await storedPeriods(pixel)).filter((text) => text.startsWith('2026-02 '));
const ownDays = async (pixel: Pixel): Promise<number> =>
  (await storedPeriods(pixel)).filter((text) => text.startsWith('2026-02-')).length;

async function packed(retention = 60): Promise<Pixel> {
  const pixel = await rolledUp(FEBRUARY, { retention_days: retention });
  await runJobs(PACKING);
  return pixel;
}

describe('the columns of a month', () => {
  it('are one segment, once its days have not changed for two days', async () => {
    const pixel = await rolledUp([...FEBRUARY, ...visits('2026-03-01', 2)]);
    await runJobs(PACKING - 2 * DAY);
    expect(await months(pixel)).toEqual([]);
    await runJobs(PACKING);
    expect(await months(pixel)).toEqual(['2026-02 28.0']);
    expect(await ownDays(pixel)).toBe(28);
    // Readers read the month's alone.
    expect(await heads(pixel)).toEqual(['2026-02 0', '2026-03-01 0', '2026-03-02 0']);
    await expectColumns(pixel, [...FEBRUARY, ...visits('2026-03-01', 2)]);
    const { written } = await db
      .prepare('SELECT count(*) AS written FROM segments WHERE pixel = ?')
      .bind(pixel.id)
      .first<{ written: number }>()
      .then((row) => ({ written: row?.written ?? 0 }));
    await runJobs(PACKING + 3_600_000);
    expect(
      await db.prepare('SELECT count(*) AS n FROM segments WHERE pixel = ?').bind(pixel.id).first('n'),
    ).toBe(written);
  });

  it('are in slices if it is large, over several runs', async () => {
    const pixel = await rolledUp(FEBRUARY);
    // 28 days of 20,000 events: three slices.
    await db.prepare('UPDATE days SET events = 20000 WHERE pixel = ?').bind(pixel.id).run();
    for (let hour = 0; hour < 24; hour++) {
      await runJob({ ...testEnv, CRON_STATEMENTS: '26' }, PACKING + hour * 3_600_000);
      if (hour === 8) expect(await months(pixel)).not.toEqual([]);
    }
    expect(await months(pixel)).toEqual(['2026-02 28.0', '2026-02 28.1', '2026-02 28.2']);
    expect(await heads(pixel)).toEqual(['2026-02 0', '2026-02 1', '2026-02 2']);
  });

  it('are deleted with the next rollup of a day, and stored again', async () => {
    const pixel = await packed();
    await store(pixel, [LATE], PACKING);
    await runJobs(PACKING + 600_000);
    expect(await months(pixel)).toEqual([]);
    await expectColumns(pixel, [...FEBRUARY, LATE]);
    await runJobs(PACKING + 3 * DAY);
    expect(await months(pixel)).toEqual(['2026-02 29.0']);
    await expectColumns(pixel, [...FEBRUARY, LATE]);
  });

  it('replace those of its days when all of its events are deleted', async () => {
    const pixel = await packed();
    const half = Date.parse('2026-04-15T01:00:00Z');
    await runJobs(half);
    expect(await ownDays(pixel)).toBe(28);
    await runJobs(half + 20 * DAY);
    expect(await ownDays(pixel)).toBe(0);
    expect(await heads(pixel)).toEqual(['2026-02 0']);
    await expectColumns(pixel, FEBRUARY);
  });

  it('keep nothing of a person who is erased when some of its events are deleted', async () => {
    const pixel = await packed();
    const half = Date.parse('2026-04-15T01:00:00Z');
    await runJobs(half);
    await erase(db, [{ pixel: pixel.id, aliases: ['uann'], visitor: null }], half);
    await runJobs(half + 600_000);
    expect(await months(pixel)).toEqual([]);
    const purged = await db
      .prepare('SELECT max(day) AS day FROM days WHERE pixel = ? AND raw > 0')
      .bind(pixel.id)
      .first<string>('day');
    expect(purged).toMatch(/^2026-02-1\d$/);
    const left = FEBRUARY.filter(({ person, id }) => person !== 'uann' || id.slice(0, 10) <= (purged ?? ''));
    await expectColumns(pixel, left);
    expect(await texts(pixel)).not.toContain('/2026-02-27/23:30');
    // Days of a month without a segment keep their own.
    await runJobs(half + 40 * DAY);
    await expectColumns(pixel, left);
    expect(await ownDays(pixel)).toBe(28);
  });

  it('stay when a day without events gets some after all others are closed', async () => {
    const gap = FEBRUARY.filter(({ id }) => !id.startsWith('2026-02-10'));
    const pixel = await rolledUp(gap, { retention_days: 60 });
    await runJobs(PACKING);
    const later = Date.parse('2026-05-15T02:00:00Z');
    await runJobs(later - 3_600_000);
    await runJobs(later);
    expect(await heads(pixel)).toEqual(['2026-02 0']);
    const late = { ...LATE, ts: Date.parse('2026-02-10T13:00:00Z') };
    await store(pixel, [late], later);
    await runJobs(later + 600_000);
    expect(await heads(pixel)).toEqual(['2026-02 0', '2026-02-10 0']);
    await expectColumns(pixel, [...gap, late]);
    await runJobs(later + 5 * DAY);
    await expectColumns(pixel, [...gap, late]);
  });

  it('stay when the time zone changes after its events are deleted, and are deleted before', async () => {
    const [purged, stored] = [await packed(30), await packed(365)];
    const later = Date.parse('2026-04-10T02:00:00Z');
    await runJobs(later - 3_600_000);
    await runJobs(later);
    for (const pixel of [purged, stored]) await changeTimeZone(db, { ...pixel, timezone: 'Asia/Tokyo' });
    expect(await heads(purged)).toEqual(['2026-02 0']);
    await expectColumns(purged, FEBRUARY);
    expect(await storedPeriods(stored)).toEqual([]);
    await runJobs(later + 3_600_000);
    await expectColumns(purged, FEBRUARY);
    await expectColumns(stored, FEBRUARY, 'Asia/Tokyo');
    await runJobs(later + 3 * DAY);
    expect((await heads(stored)).slice(0, 1)).toEqual(['2026-02 0']);
    await expectColumns(stored, FEBRUARY, 'Asia/Tokyo');
  });

  it('are deleted with the last of its days', async () => {
    const pixel = await rolledUp(FEBRUARY, { retention_days: 30, keep_days: 60 });
    await runJobs(PACKING);
    await runJobs(Date.parse('2026-04-20T01:00:00Z'));
    await expectColumns(
      pixel,
      FEBRUARY.filter(({ id }) => id >= '2026-02-19'),
    );
    expect(await heads(pixel)).toEqual(['2026-02 0']);
    await runJobs(Date.parse('2026-05-01T01:00:00Z'));
    expect(await storedPeriods(pixel)).toEqual([]);
  });

  it('are not stored for months of one day, or of more than a million events', async () => {
    const [single, large] = [await rolledUp(visits('2026-02-03', 1)), await rolledUp(FEBRUARY)];
    await db.prepare('UPDATE days SET events = 40000 WHERE pixel = ?').bind(large.id).run();
    await runJobs(PACKING);
    expect([await months(single), await months(large)]).toEqual([[], []]);
    expect(NOW).toBeLessThan(PACKING);
  });
});

describe('the columns of a packed month', () => {
  it('stay beside those of a day that has been restored from the archive', async () => {
    const pixel = await packed();
    await runArchive(PACKING + 90 * DAY);
    await runArchive(PACKING + 90 * DAY + 3_600_000);
    expect([await months(pixel), await ownDays(pixel)]).toEqual([['2026-02 28.0'], 0]);
    const now = PACKING + 91 * DAY;
    await beginRestore(db, pixel.id, '2026-02-10', now);
    const file = await fileOf({ pixel: pixel.id, day: '2026-02-10', part: 0 });
    const [part] = (await archivedDay(db, pixel.id, '2026-02-10'))?.parts ?? [];
    if (!file || !part) throw new Error('the day is not archived');
    await restoreRows(db, pixel.id, '2026-02-10', part, await file.rows(0, file.events), now);
    expect(await endRestore(db, pixel.id, '2026-02-10', now)).toBe(true);
    await runArchive(now);
    // The month's segment has the day as it was rolled up before, and is the only one of all others.
    for (const at of [now + DAY, now + 40 * DAY, now + 40 * DAY + 3_600_000]) {
      await runArchive(at);
      expect([await months(pixel), await ownDays(pixel)]).toEqual([['2026-02 28.0'], 1]);
      await expectColumns(pixel, FEBRUARY);
    }
  });
});
