/** Late and changed data: whatever happens to a pixel's days, its rollups end equal to a computation from scratch. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { EVENT_COLUMNS } from '../../src/model/event.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { parseQuery } from '../../src/query/language.ts';
import type { QueryResult } from '../../src/query/present.ts';
import { runQuery } from '../../src/query/run.ts';
import { runJob } from '../../src/rollup/job.ts';
import { SLICE_EVENTS } from '../../src/rollup/sizes.ts';
import { LIVE_EVENTS } from '../../src/sql/rollups.ts';
import { beginSlices, markGoalsChanged, markRolledUp } from '../../src/store/days.ts';
import { type DayToRollUp, dirtyDays } from '../../src/store/due-days.ts';
import { updatePixel } from '../../src/store/pixel-changes.ts';
import { deletePixel } from '../../src/store/pixels.ts';
import { changeTimeZone } from '../../src/store/rezone.ts';
import { applySchema, db, GOALS, histories, makePixel, runJobs, store, testEnv } from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';
import { runs } from '../runs.ts';

const LATER = Date.parse('2027-06-01T00:00:00Z');
const HOUR = 3_600_000;

beforeAll(applySchema);

async function rollupsOf({ id }: Pixel): Promise<unknown[]> {
  const { results } = await db.prepare('SELECT * FROM rollups WHERE pixel = ?').bind(id).all();
  return results.map(({ pixel: _, ...row }) => row);
}

async function ask(pixel: Pixel, request: Record<string, unknown>, now: number): Promise<QueryResult> {
  const query = parseQuery({ site_id: pixel.id, metrics: ['pageviews'], ...request });
  if (!query.ok) throw new Error(JSON.stringify(query.error));
  const answer = await runQuery(db, query.value, pixel, now);
  if (!answer.ok) throw new Error(JSON.stringify(answer.error));
  return answer.value;
}

/** The rollups of a new pixel that has had these events, this zone and these goals from the first. */
async function fromScratch(events: readonly OracleEvent[], zone: string, goals = GOALS): Promise<unknown[]> {
  const pixel = await makePixel(zone, { goals });
  await store(pixel, events);
  await runJobs(LATER);
  return rollupsOf(pixel);
}

/** Does some work, and tells the rows that the database read for the one of its statements that read the most. */
async function rowsRead<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly most: number }> {
  const { meta } = await db.prepare('SELECT 1').all();
  expect(meta.rows_read).toBeGreaterThanOrEqual(0);
  let most = 0;
  const note = (results: readonly D1Result[]): void => {
    most = Math.max(most, ...results.map((one) => one.meta.rows_read));
  };
  const ofDatabase = Object.getPrototypeOf(db) as D1Database;
  const ofStatement = Object.getPrototypeOf(db.prepare('SELECT 1')) as D1PreparedStatement;
  const { batch } = ofDatabase;
  const { all } = ofStatement;
  const batches = vi.spyOn(ofDatabase, 'batch').mockImplementation(async function (
    this: D1Database,
    statements,
  ) {
    const results = await batch.call(this, statements);
    note(results);
    return results as never;
  });
  const firsts = vi.spyOn(ofStatement, 'first').mockImplementation(async function (
    this: D1PreparedStatement,
    column: string,
  ) {
    const result = await all.call(this);
    note([result]);
    return (result.results[0] as Record<string, unknown> | undefined)?.[column] ?? null;
  } as never);
  try {
    return { result: await work(), most };
  } finally {
    batches.mockRestore();
    firsts.mockRestore();
  }
}

describe('a change of the time zone', () => {
  const ZONES = ['UTC', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Pacific/Kiritimati', 'America/Los_Angeles'];

  it('recomputes all days that have raw events', async () => {
    const zone = fc.constantFrom(...ZONES);
    await fc.assert(
      fc.asyncProperty(
        histories('2026-04-05'),
        zone,
        zone,
        fc.boolean(),
        async (events, from, to, between) => {
          const pixel = await makePixel(from, { goals: GOALS });
          await store(pixel, events);
          if (between) await runJobs(LATER);
          const moved = { ...pixel, timezone: to };
          const { kept_until, uncounted_events } = await changeTimeZone(db, moved);
          expect([kept_until, uncounted_events]).toEqual([null, 0]);
          await runJobs(LATER);
          expect(await rollupsOf(moved)).toEqual(await fromScratch(events, to));
        },
      ),
      { numRuns: runs(6, 15) },
    );
  });

  it('leaves days without raw events as they are, and reports the last of them', async () => {
    const pixel = await makePixel('UTC', { retention_days: 30 });
    const view = (day: string, hour: number, id: string): OracleEvent => ({
      ts: Date.parse(`${day}T00:00:00Z`) + hour * HOUR,
      id,
      name: 'pageview',
      visitor: `v${id}`,
      page: '/',
    });
    await store(pixel, [view('2026-02-01', 12, 'a'), view('2026-02-02', 12, 'b')]);
    await runJobs(Date.parse('2026-03-20T00:00:00Z'));
    await runJobs(Date.parse('2026-03-23T00:00:00Z'));
    // The first of these is the 2nd of February in Los Angeles as well, a date that is taken.
    await store(pixel, [view('2026-02-03', 3, 'c'), view('2026-02-03', 12, 'd')], Date.parse('2026-02-04'));
    const moved = { ...pixel, timezone: 'America/Los_Angeles' };
    expect(await changeTimeZone(db, moved)).toEqual({
      recomputed_from: '2026-02-03',
      kept_until: '2026-02-02',
      uncounted_events: 1,
    });
    await runJobs(Date.parse('2026-03-23T00:00:00Z'));
    const request = { date_range: ['2026-02-01', '2026-02-05'], dimensions: ['time:day'] };
    expect((await ask(moved, request, LATER)).results).toEqual([
      { dimensions: ['2026-02-01'], metrics: [1] },
      { dimensions: ['2026-02-02'], metrics: [1] },
      { dimensions: ['2026-02-03'], metrics: [1] },
    ]);
    // What counts nowhere is past retention all the same.
    await runJobs(Date.parse('2026-04-20T00:00:00Z'));
    await runJobs(Date.parse('2026-04-23T00:00:00Z'));
    const left = await db.prepare('SELECT id FROM events WHERE pixel = ?').bind(pixel.id).all();
    expect(left.results).toEqual([]);
  });

  it('reads one event per day, and those that will not count once', async () => {
    const pixel = await makePixel('UTC');
    const day = Date.parse('2026-02-10T00:00:00Z');
    const views = Array.from({ length: 400 }, (_, index) => ({
      ts: day + 24 * HOUR * (index % 40) + index * 1000,
      id: `r${index}`,
      name: 'pageview',
      visitor: `v${index}`,
    }));
    await store(pixel, views, day + 50 * 24 * HOUR);
    const moved = { ...pixel, timezone: 'Asia/Kolkata' };
    expect((await rowsRead(() => changeTimeZone(db, moved))).most).toBeLessThan(160);
    // Of half of the days raw events are gone, or still to be deleted.
    await db
      .prepare('UPDATE days SET raw = 1 + (substr(day, 10) % 2) WHERE pixel = ? AND day < ?')
      .bind(pixel.id, '2026-03-02')
      .run();
    const { result, most } = await rowsRead(() => changeTimeZone(db, pixel));
    expect(result.uncounted_events).toBe(100);
    expect(most).toBeLessThan(400);
    // The jobs of later tests would find days that are purged and have events.
    await deletePixel(db, pixel.id);
  });

  it('counts events of the next seconds, on a date that had other bounds before', async () => {
    const pixel = await makePixel('UTC');
    const now = Date.parse('2026-02-10T09:00:00Z');
    const view = (id: string, ts: number) => ({ ts, id, name: 'pageview', visitor: `v${id}` });
    await store(pixel, [view('a', now - 7 * HOUR)], now);
    const moved = { ...pixel, timezone: 'America/Los_Angeles' };
    await changeTimeZone(db, moved);
    await store(moved, [view('b', now - HOUR / 2)], now + 1000);
    const request = { date_range: ['2026-02-09', '2026-02-10'], dimensions: ['time:day'] };
    expect((await ask(moved, request, LATER)).results).toEqual([
      { dimensions: ['2026-02-09'], metrics: [1] },
      { dimensions: ['2026-02-10'], metrics: [1] },
    ]);
  });

  it('retains a day that was filled after later ones were purged', async () => {
    const pixel = await makePixel('UTC', { retention_days: 30 });
    const view = (day: string, id: string) => ({
      ts: Date.parse(`${day}T12:00:00Z`),
      id,
      name: 'pageview',
      visitor: `v${id}`,
    });
    await store(pixel, [view('2026-02-05', 'a')]);
    await runJobs(Date.parse('2026-03-20T00:00:00Z'));
    await runJobs(Date.parse('2026-03-23T00:00:00Z'));
    await store(pixel, [view('2026-02-02', 'b')], Date.parse('2026-03-23'));
    const moved = { ...pixel, timezone: 'Europe/Berlin' };
    expect(await changeTimeZone(db, moved)).toMatchObject({ uncounted_events: 0 });
    const request = { date_range: ['2026-02-01', '2026-02-28'], dimensions: ['time:day'] };
    await runJobs(Date.parse('2026-03-23T00:00:00Z'));
    expect((await ask(moved, request, LATER)).results).toEqual([
      { dimensions: ['2026-02-02'], metrics: [1] },
      { dimensions: ['2026-02-05'], metrics: [1] },
    ]);
  });
});

describe('a change of goals', () => {
  it('is rolled up as far as raw events reach; until then goals are computed from events', async () => {
    const events = fc
      .sample(histories('2026-03-29'), 5)
      .flat()
      .map((event, index) => ({ ...event, id: `g${index}` }));
    const pixel = await makePixel('Europe/Berlin');
    await store(pixel, events);
    await runJobs(LATER);
    const changed = { ...pixel, settings: { ...pixel.settings, goals: GOALS } };
    await updatePixel(db, pixel.id, { settings: { goals: GOALS } }, [markGoalsChanged(db, pixel.id)]);
    const range = { date_range: ['2026-03-27', '2026-03-31'], metrics: ['visitors', 'events'] };
    const before = await ask(changed, { ...range, dimensions: ['event:goal'] }, LATER);
    expect(before.meta).toMatchObject({ source: 'columns' });
    expect((await ask(changed, { ...range, dimensions: ['event:page'] }, LATER)).meta).toMatchObject({
      source: 'rollups',
    });
    await runJobs(LATER);
    const after = await ask(changed, { ...range, dimensions: ['event:goal'] }, LATER);
    expect(after).toMatchObject({ results: before.results, meta: { source: 'rollups' } });
    expect(await rollupsOf(changed)).toEqual(await fromScratch(events, 'Europe/Berlin'));
  });

  /** The day of a new pixel's only event, which waits for its rollup. */
  async function waitingDay(): Promise<{ pixel: Pixel; day: DayToRollUp }> {
    const pixel = await makePixel('UTC');
    const ts = Date.parse('2026-02-10T12:00:00Z');
    await store(pixel, [{ id: 'a', name: 'pageview', visitor: 'v', ts }]);
    const days = await dirtyDays(db, LATER, 1000, false);
    return { pixel, day: days.find((one) => one.pixel === pixel.id) as DayToRollUp };
  }
  const dirtyOf = ({ id }: Pixel) =>
    db.prepare('SELECT dirty FROM days WHERE pixel = ?').bind(id).first<number>('dirty');

  it('restarts a day that is being rolled up in slices, since the first slices lack it', async () => {
    const { pixel, day } = await waitingDay();
    await beginSlices(db, day, 2).run();
    await markGoalsChanged(db, pixel.id).run();
    await markRolledUp(db, { ...day, slices: 2 }, LATER).run();
    expect(await dirtyOf(pixel)).toBe(1);
  });

  it('is not lost on a day that is being rolled up with the previous goals', async () => {
    const { pixel, day } = await waitingDay();
    await updatePixel(db, pixel.id, { settings: { goals: GOALS } }, [markGoalsChanged(db, pixel.id)]);
    await markRolledUp(db, day, LATER).run();
    expect(await dirtyOf(pixel)).toBe(3);
    await runJobs(LATER);
    expect(await dirtyOf(pixel)).toBe(0);
  });
});

/** What `fill` writes into each column, as SQL over the event's number `i`. */
const FILLED: Readonly<Record<string, string>> = {
  ...Object.fromEntries(EVENT_COLUMNS.map((column) => [column, "''"])),
  pixel: '?1',
  ts: '?2 + i * 10',
  id: "format('e%08d', i)",
  visitor: "format('%s%021d', substr('-5AMZ_amz', 1 + i % 20000 % 9, 1), i % 20000)",
  name: "'pageview'",
  page: "'/' || (i % 50)",
  country: "'DE'",
  engaged: 'NULL',
  scroll: 'NULL',
  value: 'NULL',
  authenticated: '0',
};

/** So many page views of one morning, written by SQL alone. */
async function fill({ id }: Pixel, day: string, count: number, first = 0): Promise<void> {
  const start = Date.parse(`${day}T06:00:00Z`);
  await db
    .prepare(
      `INSERT INTO events (${Object.keys(FILLED).join(', ')})
       WITH RECURSIVE n(i) AS (SELECT ?3 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?3 + ?4)
       SELECT ${Object.values(FILLED).join(', ')} FROM n`,
    )
    .bind(id, start, first, count)
    .run();
  await db
    .prepare(
      'INSERT INTO days (pixel, day, starts_at, ends_at, dirty, raw) VALUES (?, ?, ?, ?, 1, 0) ON CONFLICT DO UPDATE SET dirty = 1',
    )
    .bind(id, day, Date.parse(`${day}T00:00:00Z`), Date.parse(`${day}T00:00:00Z`) + 24 * HOUR)
    .run();
}

describe('a large day', () => {
  const DAY = '2026-02-03';
  const NEXT = Date.parse('2026-02-04T00:20:00Z');
  const count = SLICE_EVENTS + 1000;
  const total = { date_range: [DAY, DAY], metrics: ['pageviews', 'visitors'] };

  it('is rolled up slice by slice over multiple runs, and from the first slice again if it changes meanwhile', async () => {
    const pixel = await makePixel('UTC');
    await fill(pixel, DAY, count);
    const env = { ...testEnv, CRON_STATEMENTS: '19' };
    const state = () =>
      db.prepare('SELECT dirty, slice, slices FROM days WHERE pixel = ?').bind(pixel.id).first();
    await runJob(env, NEXT);
    expect(await state()).toEqual({ dirty: 2, slice: 0, slices: 2 });
    await runJob(env, NEXT);
    expect(await state()).toEqual({ dirty: 2, slice: 1, slices: 2 });
    // A late event of a visitor whose slice may be done.
    await store(
      pixel,
      [{ ts: Date.parse(`${DAY}T05:00:00Z`), id: 'late', name: 'pageview', visitor: '-early', page: '/' }],
      NEXT,
    );
    expect(await state()).toMatchObject({ dirty: 1 });
    for (let run = 0; run < 12 && (await runJob(env, NEXT)).more; run++);
    expect(await state()).toEqual({ dirty: 0, slice: 0, slices: 0 });
    expect((await ask(pixel, total, NEXT)).results[0]?.metrics[0]).toBe(count + 1);
    expect((await ask(pixel, total, NEXT)).meta).toEqual({ source: 'rollups' });
    const left = await db.prepare('SELECT count(*) AS n FROM rollup_slices').first<number>('n');
    expect(left).toBe(0);

    // It waits for its turn when it changes again; till then the older rollup answers, and says of when it is.
    const again = NEXT + 60_000;
    await store(
      pixel,
      [{ ts: Date.parse(`${DAY}T05:30:00Z`), id: 'later', name: 'pageview', visitor: 'z', page: '/' }],
      again,
    );
    await runJob(testEnv, again);
    expect(await ask(pixel, total, again)).toMatchObject({
      results: [{ metrics: [count + 1, 20_001] }],
      meta: { source: 'rollups', as_of: new Date(NEXT).toISOString() },
    });
    const turn = NEXT + (count + 1) * 36;
    await runJob(testEnv, turn);
    expect(await ask(pixel, total, turn)).toMatchObject({
      results: [{ metrics: [count + 2, 20_002] }],
      meta: { source: 'rollups' },
    });
    expect(await state()).toMatchObject({ dirty: 0 });
  }, 120_000);

  it('that is not over is read from an hourly snapshot, whose time is in the response', async () => {
    const pixel = await makePixel('UTC');
    // A day of this size needs the paid plan.
    const env = { ...testEnv, CRON_STATEMENTS: '900' };
    await fill(pixel, DAY, LIVE_EVENTS);
    const noon = Date.parse(`${DAY}T12:00:00Z`);
    expect((await ask(pixel, total, noon)).meta).toEqual({
      source: 'events',
      events_read: { events: LIVE_EVENTS },
    });
    await runJob(env, noon);
    expect(await ask(pixel, total, noon)).toMatchObject({
      results: [{ metrics: [LIVE_EVENTS, 20_000] }],
      meta: { source: 'rollups', as_of: new Date(noon).toISOString() },
    });
    // What comes later is seen at the next hour, also by filtered queries, which read the columns of the snapshot.
    await fill(pixel, DAY, 10, LIVE_EVENTS);
    const later = noon + 30 * 60_000;
    await runJob(env, later);
    expect((await ask(pixel, total, later)).results[0]?.metrics[0]).toBe(LIVE_EVENTS);
    const filters = [['is', 'visit:country', ['DE']]];
    expect(await ask(pixel, { ...total, filters }, later)).toMatchObject({
      results: [{ metrics: [LIVE_EVENTS, 20_000] }],
      meta: { source: 'columns', as_of: new Date(noon).toISOString() },
    });
    await runJob(env, noon + HOUR);
    expect((await ask(pixel, total, noon + HOUR)).results[0]?.metrics[0]).toBe(LIVE_EVENTS + 10);
    expect((await ask(pixel, { ...total, filters }, noon + HOUR)).results[0]?.metrics[0]).toBe(
      LIVE_EVENTS + 10,
    );
    // When it is over, it is rolled up for good.
    await runJob(env, NEXT);
    expect((await ask(pixel, total, NEXT)).meta).toEqual({ source: 'rollups' });
  }, 120_000);

  it('that is not over and has few events has no snapshot', async () => {
    const pixel = await makePixel('UTC');
    await fill(pixel, DAY, 10);
    await runJob(testEnv, Date.parse(`${DAY}T12:00:00Z`));
    expect(await rollupsOf(pixel)).toEqual([]);
  });
});
