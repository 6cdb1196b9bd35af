/** How many events arrive by hour and pixel: rolled-up days and open days are counted alike. */
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { readEngineDays } from '../../src/store/backlog.ts';
import { readVolume, sampleHour } from '../../src/store/volume.ts';
import { applySchema, db, makePixel, runJobs, store } from '../fixtures.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A noon, so that no test depends on when it runs. */
const NOON = Date.parse('2026-03-18T12:00:00Z');

beforeAll(applySchema);
beforeEach(async () => {
  await db.batch(
    ['pixels', 'events', 'days', 'rollups', 'segments'].map((table) => db.prepare(`DELETE FROM ${table}`)),
  );
});

let made = 0;
const view = (ts: number, more: Record<string, unknown> = {}) => ({
  id: `e${String(made++).padStart(6, '0')}`,
  ts,
  name: 'PageView',
  page: '/',
  visitor: `v${made % 7}`,
  props: '',
  ...more,
});

/** Events at these times, as many as each number says. */
const views = (counts: ReadonlyMap<number, number>) =>
  [...counts].flatMap(([at, count]) => Array.from({ length: count }, (_, n) => view(at + n * 1000)));

async function storeAll(
  pixel: Awaited<ReturnType<typeof makePixel>>,
  events: ReturnType<typeof view>[],
): Promise<void> {
  await store(pixel, events as never, NOON);
}

it.each(['UTC', 'America/New_York', 'Pacific/Kiritimati'])(
  'counts the hours of %s from rollups as from events',
  async (zone) => {
    const pixel = await makePixel(zone);
    const counts = new Map([
      [NOON - 50 * HOUR, 3],
      [NOON - 49 * HOUR, 11],
      [NOON - 30 * HOUR, 7],
      [NOON - HOUR, 2],
    ]);
    await storeAll(pixel, views(counts));
    const counted = await readVolume(db, NOON - 7 * DAY);
    expect(counted.hours).toEqual([...counts].map(([at, events]) => ({ at, events, busiest: events })));
    await runJobs(NOON);
    const { results } = await db.prepare('SELECT 1 FROM days WHERE rolled_at IS NOT NULL').all();
    expect(results.length).toBeGreaterThan(0);
    expect(await readVolume(db, NOON - 7 * DAY)).toEqual(counted);
  },
);

it('counts engagements, which take a row each, and of each hour the busiest pixel', async () => {
  const [one, other] = [await makePixel('UTC'), await makePixel('UTC', { retention_days: 10 })];
  const yesterday = NOON - DAY;
  await storeAll(one, [
    ...views(new Map([[yesterday, 4]])),
    ...Array.from({ length: 4 }, (_, n) => view(yesterday + n, { name: 'engagement', engaged: 1000 })),
  ]);
  await storeAll(other, views(new Map([[yesterday, 5]])));
  for (const rolled of [false, true]) {
    if (rolled) await runJobs(NOON);
    const volume = await readVolume(db, NOON - 7 * DAY);
    expect(volume.hours).toEqual([{ at: yesterday, events: 13, busiest: 8 }]);
    expect(volume.pixels).toEqual([
      { pixel: one.id, events: 8, busiestHour: 8, retentionDays: 90 },
      { pixel: other.id, events: 5, busiestHour: 5, retentionDays: 10 },
    ]);
    expect(volume.eventDays).toBe(8 * 90 + 5 * 10);
    expect(volume.complete).toBe(true);
  }
});

it('leaves out what is older, and nothing without events', async () => {
  expect(await readVolume(db, NOON - 7 * DAY)).toEqual({
    hours: [],
    pixels: [],
    eventDays: 0,
    complete: true,
  });
  await storeAll(await makePixel('UTC'), views(new Map([[NOON - 9 * DAY, 3]])));
  expect((await readVolume(db, NOON - 7 * DAY)).hours).toEqual([]);
});

it('finds the busiest minute of an hour, and the events that Analytics Engine alone may hold', async () => {
  const [one, other] = [await makePixel('UTC'), await makePixel('UTC')];
  const at = NOON - 2 * HOUR;
  await storeAll(one, [
    view(at),
    view(at + 60_000),
    view(at + 61_000, { person: 'u1' }),
    view(at + 62_000, { eid: 'order-1' }),
    view(at + 63_000, { props: '{"plan":"pro"}' }),
    view(at + 64_000, { authenticated: 1 }),
    view(at + HOUR),
  ]);
  await storeAll(other, [view(at + 65_000), view(at - 1)]);
  const hour = { at, events: 7, busiest: 6 };
  expect(await sampleHour(db, hour)).toEqual({ events: 7, busiestMinute: 6, plain: 3 });
  expect(await sampleHour(db, { ...hour, at: at - 5 * DAY })).toBeNull();
  expect(await sampleHour(db, { ...hour, events: 500_001 })).toBeNull();
});

it('counts the days of Analytics Engine, and those that are a sample', async () => {
  const pixel = await makePixel('UTC');
  const day = (date: string, points: number, interval: number) =>
    db
      .prepare(
        'INSERT INTO days (pixel, day, starts_at, ends_at, dirty, raw, points, sample_interval) VALUES (?, ?, 0, 1, 0, 0, ?, ?)',
      )
      .bind(pixel.id, date, points, interval)
      .run();
  expect(await readEngineDays(db, '2026-03-11')).toEqual({ days: 0, sampled: 0, interval: 1 });
  await day('2026-03-10', 5, 50);
  await day('2026-03-11', 5, 1);
  await day('2026-03-12', 5, 10);
  await day('2026-03-13', 0, 1);
  expect(await readEngineDays(db, '2026-03-11')).toEqual({ days: 2, sampled: 1, interval: 10 });
});
