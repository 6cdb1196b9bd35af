/** Days whose events are in Analytics Engine only, or in both stores, are rolled up as if all of them were in D1. */
import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { EngineError } from '../../src/engine/engine-error.ts';
import { DIRTY } from '../../src/model/day-state.ts';
import type { Event } from '../../src/model/event.ts';
import type { Goal } from '../../src/model/goal.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { runJob } from '../../src/rollup/job.ts';
import type { RunReport } from '../../src/rollup/run.ts';
import { TASKS } from '../../src/rollup/tasks.ts';
import { changeTimeZone } from '../../src/store/rezone.ts';
import { type MemoryEngine, memoryEngine, rowOf } from '../engine/memory-engine.ts';
import { applySchema, db, GOALS, histories, makePixel, place, store, testEnv } from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';
import { runs } from '../runs.ts';

const DAY = '2026-03-29';
const ZONE = 'Europe/Berlin';
const NOON = Date.parse(`${DAY}T12:00:00Z`);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Half an hour after the end of the day, when days of Analytics Engine are due, and off the hour. */
const LATER = Date.parse('2026-03-29T22:35:00Z');

const ENV = { ...testEnv, EVENT_STORE: 'analytics_engine', CRON_STATEMENTS: '900' };

let engine: MemoryEngine;

beforeAll(applySchema);
beforeEach(reset);

async function reset(): Promise<void> {
  engine = memoryEngine();
  await db.batch(
    ['days', 'events', 'counters', 'failed_tasks', 'segments', 'rollups', 'erasures'].map((table) =>
      db.prepare(`DELETE FROM ${table}`),
    ),
  );
}

/** Writes points, at the times of their events if not at another. */
function write(
  events: readonly Event[],
  { at, kind, interval = 1 }: { at?: number; kind?: number; interval?: number } = {},
): void {
  for (const event of events) {
    const row = rowOf(event, kind, interval);
    const timestamp = new Date(at ?? event.ts).toISOString().slice(0, 19).replace('T', ' ');
    engine.rows.push({ ...row, timestamp });
  }
}

const run = (now: number, env = ENV): Promise<RunReport> =>
  runJob(env, now, TASKS, async () => engine.reader);

/** Runs the cron until nothing is left to do. */
async function runAll(now: number, env = ENV): Promise<void> {
  for (let left = 200; left > 0; left--) {
    const { more, failed } = await run(now, env);
    expect(failed).toBe(0);
    if (!more) return;
  }
  throw new Error('the job never ends');
}

/** Whether an event goes to Analytics Engine: it has nothing that a point has no room for. */
const isPoint = ({ person = '', props = '' }: OracleEvent): boolean => person === '' && props === '';

const eventOf = (pixel: Pixel, event: OracleEvent): Event => place(pixel, event).event;

/** Stores events where they belong. */
async function storeBoth(pixel: Pixel, events: readonly OracleEvent[], at?: number): Promise<void> {
  await store(
    pixel,
    events.filter((event) => !isPoint(event)),
  );
  write(
    events.filter(isPoint).map((event) => eventOf(pixel, event)),
    at === undefined ? {} : { at },
  );
}

const TABLES = {
  rollups:
    'day, dimension, value, currency, visitors, visits, pageviews, events, bounces, duration, engaged, engaged_visits, scroll, scrolled_visits, revenue, sales',
  segments: 'period, generation, slice, name, chunk, size, dictionary, codes',
  person_days: 'day, person, devices',
};

/** What is stored of days whose rollups are made. */
async function storedOf({ id }: Pixel): Promise<Record<string, unknown>> {
  const entries = Object.entries(TABLES).map(async ([table, columns]) => {
    const { results } = await db
      .prepare(`SELECT ${columns} FROM ${table} WHERE pixel = ? ORDER BY ${columns}`)
      .bind(id)
      .all();
    return [table, results];
  });
  return Object.fromEntries(await Promise.all(entries)) as Record<string, unknown>;
}

const dayOf = ({ id }: Pixel, day = DAY) =>
  db
    .prepare(
      'SELECT dirty, points, sample_interval, events, rolls, columns, counted_at FROM days WHERE pixel = ? AND day = ?',
    )
    .bind(id, day)
    .first<Record<string, number>>();

const failures = async () =>
  (await db.prepare('SELECT task, pixel, item, error FROM failed_tasks').all()).results;

const view = (index: number, ts = NOON + index * MINUTE): OracleEvent => ({
  ts,
  id: `e${String(index).padStart(5, '0')}`,
  name: 'pageview',
  visitor: `${'AZaz-_09'[index % 8]}visitor${index % 5}`,
  page: `/${index % 7}`,
  hostname: 'site.example',
});

describe('a day with events in Analytics Engine', () => {
  it('has the rollups, columns and people that it has with all events in D1, day by day', async () => {
    await fc.assert(
      fc.asyncProperty(
        histories(DAY, 60),
        fc.subarray(GOALS.slice()),
        fc.array(fc.nat(59), { maxLength: 8 }),
        async (events, goals, twice) => {
          const settings = { goals: goals as Goal[] };
          const now = Date.parse('2026-03-31T12:20:00Z');
          await run(Date.parse('2026-03-27T18:00:00Z'));
          const inD1 = await makePixel(ZONE, settings);
          await store(inD1, events);
          const inBoth = await makePixel(ZONE, settings);
          await storeBoth(inBoth, events);
          // A point may be written twice.
          await storeBoth(inBoth, twice.flatMap((index) => events[index] ?? []).filter(isPoint));
          await runAll(now);
          expect(await storedOf(inBoth)).toEqual(await storedOf(inD1));
          await reset();
        },
      ),
      { numRuns: runs(12, 60) },
    );
  });

  it('has them in one slice, in several and in more than 64, whatever the attempts before', async () => {
    const events = Array.from({ length: 300 }, (_, index) => view(index, NOON + (index % 120) * 7000));
    const inD1 = await makePixel(ZONE);
    await store(inD1, events);
    await runAll(LATER + 24 * HOUR);
    const expected = (await storedOf(inD1)) as { rollups: unknown[] };
    for (const slices of [1, 3, 70]) {
      await db.prepare('DELETE FROM counters').run();
      const pixel = await makePixel(ZONE);
      write(events.map((event) => eventOf(pixel, event)));
      await run(LATER - 2 * HOUR);
      // As a rollup that was interrupted before its first slice.
      await db
        .prepare(`UPDATE days SET dirty = ${DIRTY.inSlices}, slices = ?2, points = 300 WHERE pixel = ?1`)
        .bind(pixel.id, slices)
        .run();
      await runAll(LATER);
      const stored = (await storedOf(pixel)) as { rollups: unknown[]; segments: { slice: number }[] };
      expect(stored.rollups).toEqual(expected.rollups);
      expect(new Set(stored.segments.map(({ slice }) => slice)).size).toBe(slices);
      expect(await dayOf(pixel)).toMatchObject({ dirty: 0, points: 300, events: 300, columns: 1 });
    }
  });

  it('is found whatever its zone, and those of unknown pixels and copies of events are not', async () => {
    const pixels = await Promise.all(
      ['UTC', 'Asia/Kathmandu', 'Pacific/Kiritimati', 'America/St_Johns'].map((zone) => makePixel(zone)),
    );
    const midnight = Date.parse('2026-03-29T00:00:00Z');
    for (const pixel of pixels) {
      write([-5, 5].map((minutes) => eventOf(pixel, view(0, midnight + minutes * MINUTE))));
    }
    const copied = await makePixel('UTC');
    write([eventOf(copied, view(0, midnight))], { kind: 1 });
    write([{ ...eventOf(copied, view(0, midnight)), pixel: 'px_gonegonegonegone' }]);
    await run(midnight + 10 * MINUTE);
    const { results } = await db
      .prepare('SELECT pixel, day, points > 0 AS has, dirty FROM days ORDER BY pixel, day')
      .all<{ pixel: string; day: string }>();
    const daysOf = (place: number) =>
      results.filter(({ pixel }) => pixel === pixels[place]?.id).map(({ day }) => day);
    expect(daysOf(0)).toEqual(['2026-03-28', '2026-03-29']);
    expect(daysOf(1)).toEqual(['2026-03-29']);
    expect(daysOf(2)).toEqual(['2026-03-29']);
    expect(daysOf(3)).toEqual(['2026-03-28']);
    expect(results).toHaveLength(5);
  });

  it('is found after a time in which nothing ran, in steps of half a day', async () => {
    const pixel = await makePixel('UTC');
    await run(NOON);
    for (const days of [0, 1, 2, 3]) {
      write([eventOf(pixel, view(days, NOON + HOUR + days * 24 * HOUR))]);
    }
    await run(NOON + 4 * 24 * HOUR);
    const { results } = await db.prepare('SELECT day FROM days ORDER BY day').all();
    expect(results.map(({ day }) => day)).toEqual(['2026-03-29', '2026-03-30', '2026-03-31', '2026-04-01']);
  });

  it('is rolled up when its points have come, once, and again if later ones come', async () => {
    const pixel = await makePixel(ZONE);
    write([0, 1, 2].map((index) => eventOf(pixel, view(index))));
    const end = Date.parse('2026-03-29T22:00:00Z');
    await runAll(end + 5 * MINUTE);
    expect(await dayOf(pixel)).toMatchObject({ dirty: DIRTY.eventsChanged, rolls: 0 });
    for (const minutes of [20, 25, 60, 65, 90, 120]) await runAll(end + minutes * MINUTE);
    expect(await dayOf(pixel)).toMatchObject({ dirty: 0, rolls: 1, points: 3 });
    // Analytics Engine shows a point late.
    write([eventOf(pixel, view(3, end - MINUTE))], { at: end });
    await runAll(end + 2 * HOUR + 5 * MINUTE);
    expect(await dayOf(pixel)).toMatchObject({ rolls: 1, points: 3 });
    await runAll(end + 3 * HOUR);
    expect(await dayOf(pixel)).toMatchObject({ dirty: 0, rolls: 2, points: 4, events: 4 });
    write([eventOf(pixel, view(4, end - MINUTE))], { at: end });
    await runAll(end + 24 * HOUR);
    expect(await dayOf(pixel)).toMatchObject({ dirty: 0, rolls: 3, points: 5, events: 5 });
    // After a day the count is final, and costs no question.
    await runAll(end + 30 * HOUR);
    engine.asked.length = 0;
    await runAll(end + 30 * HOUR + 5 * MINUTE);
    expect(engine.asked).toHaveLength(1);
  });

  it('drops what an erased visitor did before the erasure, and nothing else', async () => {
    const pixel = await makePixel(ZONE);
    const events = [0, 8, 16].map((index) => ({ ...view(index), visitor: 'Avisitor', page: `/${index}` }));
    write([...events, { ...view(1), visitor: 'Bvisitor' }].map((event) => eventOf(pixel, event)));
    await db
      .prepare('INSERT INTO erasures (pixel, who, at) VALUES (?1, ?2, ?3), (?1, ?4, ?5)')
      .bind(pixel.id, 'Avisitor', NOON + 8 * MINUTE, 'Bvisitor', NOON - HOUR)
      .run();
    await runAll(LATER);
    const { rollups } = (await storedOf(pixel)) as { rollups: Record<string, unknown>[] };
    const pages = rollups.filter(({ dimension }) => dimension === 'event:page');
    expect(pages.map(({ value }) => value)).toEqual(['/1', '/16']);
    expect(JSON.stringify(await storedOf(pixel))).not.toMatch(/"\/(0|8)"/);
  });

  it('is rolled up again with new goals, and after a new version of the code', async () => {
    const pixel = await makePixel(ZONE);
    write([eventOf(pixel, view(0))]);
    await runAll(LATER);
    const goals = [{ name: 'Anything', page: '/*' }];
    await db.batch([
      db
        .prepare("UPDATE pixels SET settings = json_set(settings, '$.goals', json(?2)) WHERE id = ?1")
        .bind(pixel.id, JSON.stringify(goals)),
      db.prepare(`UPDATE days SET dirty = ${DIRTY.goalsChanged} WHERE pixel = ?`).bind(pixel.id),
    ]);
    await runAll(LATER + 5 * MINUTE);
    const { rollups } = (await storedOf(pixel)) as { rollups: Record<string, unknown>[] };
    expect(rollups).toContainEqual(expect.objectContaining({ dimension: 'event:goal', value: 'Anything' }));
    await db.prepare('UPDATE days SET rollup_version = 0 WHERE pixel = ?').bind(pixel.id).run();
    await runAll(LATER + 10 * MINUTE);
    expect(await dayOf(pixel)).toMatchObject({ dirty: 0, rolls: 3 });
    // Three months later it keeps what it has, whatever Analytics Engine still answers.
    const before = await storedOf(pixel);
    engine.rows.length = 0;
    await db
      .prepare(`UPDATE days SET dirty = ${DIRTY.goalsChanged}, rollup_version = 0 WHERE pixel = ?`)
      .bind(pixel.id)
      .run();
    await runAll(LATER + 89 * 24 * HOUR);
    expect(await dayOf(pixel)).toMatchObject({ dirty: 0, rolls: 3 });
    expect(await storedOf(pixel)).toEqual(before);
  });

  it('gets a snapshot with columns every hour while it is open and large', async () => {
    const pixel = await makePixel(ZONE);
    write(Array.from({ length: 50 }, (_, index) => eventOf(pixel, view(index % 50))));
    await run(NOON);
    await db.prepare('UPDATE days SET points = 50000, counted_at = ?').bind(NOON).run();
    await run(NOON + 5 * MINUTE);
    expect(await dayOf(pixel)).toMatchObject({ rolls: 0 });
    await db
      .prepare('UPDATE days SET counted_at = ?')
      .bind(NOON + 30 * MINUTE)
      .run();
    await run(NOON + HOUR);
    expect(await dayOf(pixel)).toMatchObject({
      rolls: 1,
      columns: 1,
      dirty: DIRTY.eventsChanged,
      points: 50,
    });
    // An hour later its points are counted again, and it is not large.
    await run(NOON + 2 * HOUR);
    expect(await dayOf(pixel)).toMatchObject({ rolls: 1, points: 50 });
  });

  it('is in no month of columns that SQL makes of events', async () => {
    const pixel = await makePixel('UTC');
    write([view(0), view(1, NOON + 24 * HOUR)].map((event) => eventOf(pixel, event)));
    await run(NOON + 25 * HOUR);
    await runAll(Date.parse('2026-04-05T00:00:00Z'));
    const { results } = await db.prepare('SELECT DISTINCT period FROM segments ORDER BY 1').all();
    expect(results.map(({ period }) => period)).toEqual(['2026-03-29', '2026-03-30']);
  });
});

describe('when Analytics Engine fails', () => {
  beforeEach(() => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** A pixel with a day in Analytics Engine, and one with a day in D1. */
  async function twoPixels(): Promise<readonly [Pixel, Pixel]> {
    const pixels = [await makePixel(ZONE), await makePixel(ZONE)] as const;
    write([0, 1, 2].map((index) => eventOf(pixels[0], view(index))));
    await run(NOON);
    await store(pixels[1], [view(0)]);
    return pixels;
  }

  it('delays its days only, says so, and makes them when it answers', async () => {
    const [inEngine, inD1] = await twoPixels();
    engine.before = () => {
      throw new EngineError('unavailable', 'Analytics Engine answered 503: down');
    };
    expect(await run(LATER)).toMatchObject({ failed: 1 });
    expect(await dayOf(inD1)).toMatchObject({ dirty: 0, rolls: 1 });
    expect(await dayOf(inEngine)).toMatchObject({ dirty: DIRTY.eventsChanged, rolls: 0 });
    expect(await failures()).toMatchObject([{ task: 'points', pixel: '', item: '' }]);
    expect(JSON.stringify(await failures())).toContain('answered 503');
    engine.before = () => {};
    await runAll(LATER + 30 * MINUTE);
    expect(await dayOf(inEngine)).toMatchObject({ dirty: 0, rolls: 1, points: 3 });
    expect(await failures()).toEqual([]);
  });

  it('in the middle of a day, that day is tried again later, and no other is asked for', async () => {
    const [inEngine] = await twoPixels();
    const other = await makePixel(ZONE);
    write([eventOf(other, view(0))]);
    await run(NOON + 5 * MINUTE);
    let pages = 0;
    engine.before = ({ groupBy, select }) => {
      if (groupBy || select.length < 10) return;
      pages++;
      throw new EngineError('unavailable', 'gone');
    };
    expect(await run(LATER)).toMatchObject({ failed: 1, more: true });
    expect(pages).toBe(1);
    expect(await failures()).toMatchObject([{ task: 'day' }]);
    engine.before = () => {};
    await runAll(LATER + HOUR);
    for (const pixel of [inEngine, other]) expect(await dayOf(pixel)).toMatchObject({ dirty: 0, rolls: 1 });
    expect(await failures()).toEqual([]);
  });

  it('and cannot be read at all, the reason says what to do, once', async () => {
    const [inEngine, inD1] = await twoPixels();
    for (const now of [LATER, LATER + HOUR]) await runJob(ENV, now, TASKS, async () => null);
    expect(await failures()).toMatchObject([{ task: 'points', pixel: '', item: '' }]);
    expect(JSON.stringify(await failures())).toContain('Set ACCOUNT_ID and the secret ANALYTICS_TOKEN');
    expect(await dayOf(inD1)).toMatchObject({ dirty: 0 });
    expect(await dayOf(inEngine)).toMatchObject({ rolls: 0 });
  });

  it('by answering with points that appear between two pages, no event is lost or counted twice for good', async () => {
    const pixel = await makePixel(ZONE);
    write(Array.from({ length: 30 }, (_, index) => eventOf(pixel, view(index))));
    await run(NOON);
    let hasWritten = false;
    engine.before = ({ groupBy, select }) => {
      if (groupBy || select.length < 10 || hasWritten) return;
      hasWritten = true;
      // One before what is read next, one after it, and some again.
      write(
        [view(100, NOON - HOUR), view(101, NOON + HOUR), view(3), view(4)].map((one) => eventOf(pixel, one)),
      );
    };
    await runAll(LATER);
    expect(hasWritten).toBe(true);
    await runAll(LATER + HOUR);
    expect(await dayOf(pixel)).toMatchObject({ dirty: 0 });
    const { rollups } = (await storedOf(pixel)) as { rollups: Record<string, unknown>[] };
    expect(rollups.find(({ dimension }) => dimension === 'total')).toMatchObject({ events: 32 });
  });

  it('and D1 fails while a slice is stored, the slice is stored again, whole', async () => {
    const [inEngine] = await twoPixels();
    await db
      .prepare(
        `CREATE TRIGGER broken BEFORE INSERT ON rollup_slices BEGIN SELECT RAISE(ABORT, 'broken'); END`,
      )
      .run();
    try {
      expect(await run(LATER)).toMatchObject({ failed: 1 });
    } finally {
      await db.prepare('DROP TRIGGER broken').run();
    }
    expect(await storedOf(inEngine)).toMatchObject({ segments: [], rollups: [] });
    await runAll(LATER + HOUR);
    expect(await dayOf(inEngine)).toMatchObject({ dirty: 0, rolls: 1, columns: 1 });
  });
});

describe('the budget of a run', () => {
  it('holds for questions and statements together, and a day is done in several runs', async () => {
    const pixel = await makePixel(ZONE);
    write(Array.from({ length: 40 }, (_, index) => eventOf(pixel, view(index))));
    await run(NOON);
    let left = 40;
    for (; left > 0 && ((await dayOf(pixel))?.['rolls'] ?? 0) === 0; left--) {
      engine.asked.length = 0;
      let statements = 0;
      const DB = new Proxy(db, {
        get(target, property) {
          const value = Reflect.get(target, property);
          if (typeof value !== 'function') return value;
          return (...args: unknown[]) => {
            if (property === 'prepare') statements++;
            return Reflect.apply(value, target, args);
          };
        },
      });
      await run(LATER, { ...ENV, DB, CRON_STATEMENTS: '45' });
      expect(statements + engine.asked.length).toBeLessThanOrEqual(45);
    }
    expect(left).toBeGreaterThan(0);
    expect(await dayOf(pixel)).toMatchObject({ dirty: 0, points: 40 });
  });
});

describe('a change of the time zone', () => {
  it('makes the days of points anew in the new zone', async () => {
    const pixel = await makePixel('UTC');
    const now = Math.floor(Date.now() / (24 * HOUR)) * 24 * HOUR;
    const times = [now - 46 * HOUR, now - 30 * HOUR, now - 20 * HOUR];
    write(times.map((ts, index) => eventOf(pixel, view(index, ts))));
    await runAll(now + 2 * HOUR);
    const moved = { ...pixel, timezone: 'Asia/Tokyo' };
    await changeTimeZone(db, moved);
    await runAll(now + 2 * HOUR);
    const inD1 = await makePixel('Asia/Tokyo');
    await store(
      inD1,
      times.map((ts, index) => view(index, ts)),
    );
    await runAll(now + 2 * HOUR);
    const totals = async ({ id }: Pixel) =>
      (
        await db
          .prepare("SELECT day, events FROM rollups WHERE pixel = ? AND dimension = 'total' ORDER BY day")
          .bind(id)
          .all()
      ).results;
    expect(await totals(moved)).toEqual(await totals(inD1));
    expect((await totals(moved)).length).toBeGreaterThan(1);
  });
});

describe('a sampled day', () => {
  const sampled = async (interval = 10): Promise<Pixel> => {
    const pixel = await makePixel(ZONE);
    const events = Array.from({ length: 200 }, (_, index) =>
      eventOf(pixel, {
        ts: NOON + index * 1000,
        id: `e${index}`,
        name: 'pageview',
        visitor: `v${index % 50}`,
        page: index < 150 ? '/a' : '/b',
        source: index % 10 === 0 ? 'Google' : '',
        country: 'DE',
        ...(index < 5 ? { value: 2_000_000, currency: 'EUR' } : {}),
      }),
    );
    write(events, { interval });
    await store(pixel, [{ ts: NOON, id: 'x', name: 'pageview', visitor: 'w', person: 'uann', page: '/a' }]);
    return pixel;
  };
  const rollupOf = async (pixel: Pixel, dimension: string) => {
    const { results } = await db
      .prepare(
        `SELECT value, currency, visitors, visits, pageviews, events, revenue, sales FROM rollups
         WHERE pixel = ? AND day = ? AND dimension = ? ORDER BY value, currency`,
      )
      .bind(pixel.id, DAY, dimension)
      .all<Record<string, number>>();
    return results;
  };

  async function expectEstimates(pixel: Pixel): Promise<void> {
    const [all, euros] = await rollupOf(pixel, 'total');
    expect(all).toMatchObject({ events: 2001, pageviews: 2001, visits: 0 });
    expect(all?.['visitors']).toBeGreaterThanOrEqual(51);
    expect(euros).toMatchObject({ currency: 'EUR', revenue: 100_000_000, sales: 50 });
    expect(await rollupOf(pixel, 'event:page')).toMatchObject([
      { value: '/a', currency: '', events: 1501 },
      { value: '/a', currency: 'EUR', sales: 50 },
      { value: '/b', currency: '', events: 500 },
    ]);
    expect(await rollupOf(pixel, 'time:hour')).toMatchObject([
      { value: `${DAY} 14:00:00`, currency: '', events: 2001 },
      { currency: 'EUR' },
    ]);
    // Of a visit's source only the first event says something.
    expect(await rollupOf(pixel, 'visit:source')).toMatchObject([
      { value: 'Google', events: 0, visitors: expect.any(Number) },
    ]);
    expect(await rollupOf(pixel, 'visit:entry_page')).toEqual([]);
    expect(await dayOf(pixel)).toMatchObject({ dirty: DIRTY.clean, columns: 0 });
    const { results } = await db.prepare('SELECT 1 FROM segments WHERE pixel = ?').bind(pixel.id).all();
    expect(results).toEqual([]);
  }

  it('has a rollup of estimates, and no columns', async () => {
    const pixel = await sampled();
    await runAll(LATER);
    await expectEstimates(pixel);
    expect(await dayOf(pixel)).toMatchObject({ sample_interval: 10 });
  });

  it('has it also if only its pages turn out to be a sample', async () => {
    const pixel = await sampled();
    engine.before = ({ select }) => {
      const isCount = select.some(({ as }) => as === 'points');
      for (const row of engine.rows) (row as Record<string, unknown>)['_sample_interval'] = isCount ? 1 : 10;
    };
    await runAll(LATER);
    await expectEstimates(pixel);
  });
});
