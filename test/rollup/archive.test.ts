/** Closed days are in the bucket before their events are deleted, as they were, whatever fails in between. */
import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { RAW } from '../../src/model/day-state.ts';
import type { EventKey } from '../../src/model/event.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { archiveExpired } from '../../src/rollup/archive.ts';
import { runJob } from '../../src/rollup/job.ts';
import { Run, TaskBudget } from '../../src/rollup/run.ts';
import { TASKS } from '../../src/rollup/tasks.ts';
import { eventsAfter } from '../../src/store/archives.ts';
import { erase } from '../../src/store/people.ts';
import { readState } from '../../src/store/state.ts';
import { faulty } from '../api/faulty.ts';
import { applySchema, db, histories, makePixel, ODD_DAYS, runJobs, store } from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';
import {
  archivedEvents,
  archiveEnv,
  bucket,
  DAY,
  HOUR,
  indexOf,
  keysIn,
  rawOf,
  rollupsOf,
  runArchive,
  storedEvents,
} from './archive-fixture.ts';

beforeAll(applySchema);
beforeEach(() => db.prepare('DELETE FROM failed_tasks').run());

const NOW = Date.parse('2026-06-15T12:00:00Z');
const view = (at: string, more: Partial<OracleEvent> = {}): OracleEvent =>
  ({
    ts: Date.parse(at),
    id: `e${at}${more.visitor ?? ''}`,
    name: 'pageview',
    visitor: 'v',
    page: '/',
    ...more,
  }) as OracleEvent;

describe('a day past retention', () => {
  it('is written as one file, and then purged', async () => {
    const pixel = await makePixel('Europe/Berlin', { retention_days: 30 });
    await store(pixel, [
      view('2026-04-30T22:00:00.001Z', { person: 'uann', eid: 'order-1' }),
      view('2026-05-01T12:00:00Z', { name: 'Purchase', value: 9_007_199_254_740_991, currency: 'EUR' }),
      view('2026-05-01T12:00:01Z', { name: 'engagement', engaged: 1500, scroll: null as unknown as number }),
      view('2026-05-01T21:59:59.999Z', { page: '\ufeff/größe/🎈', props: '{"plan":"größer 🎈"}' }),
      view('2026-06-14T12:00:00Z'),
    ]);
    await runJobs(NOW - 40 * DAY);
    const before = (await storedEvents(pixel)).slice(0, 4);
    await runArchive(NOW);
    expect(await rawOf(pixel)).toEqual({ '2026-05-01': RAW.purged, '2026-06-14': RAW.stored });
    expect(await storedEvents(pixel)).toHaveLength(1);
    expect(await keysIn(pixel)).toEqual([`events/pixel=${pixel.id}/day=2026-05-01/part-0.parquet`]);
    expect(await archivedEvents(pixel)).toEqual(before);
    const [part] = await indexOf(pixel);
    const object = await bucket.head(`events/pixel=${pixel.id}/day=2026-05-01/part-0.parquet`);
    expect(part).toMatchObject({ events: 4, people: 1, bytes: object?.size, written_at: NOW, is_last: 1 });
    const sha256 = new Uint8Array(object?.checksums.sha256 ?? new ArrayBuffer(0)).toHex();
    expect(part).toMatchObject({ sha256 });
  });

  it('is purged without a file if there is no bucket', async () => {
    const pixel = await makePixel('UTC', { retention_days: 30 });
    await store(pixel, [view('2026-05-01T12:00:00Z')]);
    await runJobs(NOW - 40 * DAY);
    await runJobs(NOW);
    expect(await rawOf(pixel)).toEqual({ '2026-05-01': RAW.purged });
    expect([await indexOf(pixel), await keysIn(pixel)]).toEqual([[], []]);
  });

  it.each([
    [0, 0],
    [44, 0],
    [45, 1],
  ])('is archived if its pixel keeps archived events for %i days: %i files', async (archive_days, files) => {
    const pixel = await makePixel('UTC', { retention_days: 30, archive_days });
    await store(pixel, [view('2026-05-01T12:00:00Z')]);
    await runJobs(NOW - 40 * DAY);
    await runArchive(NOW);
    expect(await rawOf(pixel)).toEqual({ '2026-05-01': RAW.purged });
    expect(await keysIn(pixel)).toHaveLength(files);
  });
});

describe('a large day', () => {
  it('is written in parts, as far as the statements of each run go', async () => {
    const pixel = await makePixel('UTC', { retention_days: 30 });
    const start = Date.parse('2026-05-01T00:00:00Z');
    for (let first = 0; first < 45_000; first += 1000) {
      await store(
        pixel,
        Array.from({ length: 1000 }, (_, index) =>
          // Three events a millisecond, so that ties cross the ends of pages.
          view('2026-05-01T12:00:00Z', {
            ts: start + Math.floor((first + index) / 3),
            id: `e${String(first + index).padStart(6, '0')}`,
            visitor: `v${index % 7}`,
          }),
        ),
      );
    }
    await runJobs(NOW - 40 * DAY);
    const before = await storedEvents(pixel);
    for (let runs = 0; runs < 3; runs++) {
      const run = new Run(archiveEnv, NOW);
      await archiveExpired(run, new TaskBudget(run.statements, run.statements.left - 6));
    }
    const parts = await indexOf(pixel);
    expect(parts.map(({ part }) => part)).toEqual(parts.map((_, index) => index));
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.reduce((sum, { events }) => sum + events, 0)).toBe(45_000);
    expect(JSON.stringify(await archivedEvents(pixel)) === JSON.stringify(before)).toBe(true);
    await runArchive(NOW + HOUR);
    expect(await rawOf(pixel)).toEqual({ '2026-05-01': RAW.purged });
    expect(await storedEvents(pixel)).toEqual([]);
  });
});

describe('a page of events', () => {
  it('has a bounded size, whatever the events are', async () => {
    const pixel = await makePixel('UTC');
    const start = Date.parse('2026-05-01T00:00:00Z');
    const props = JSON.stringify(
      Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`key${i}`, 'ü'.repeat(500)])),
    );
    for (let first = 0; first < 600; first += 20) {
      await store(
        pixel,
        Array.from({ length: 20 }, (_, index) =>
          view('2026-05-01T12:00:00Z', {
            ts: start,
            id: `e${String(first + index).padStart(3, '0')}`,
            props,
          }),
        ),
      );
    }
    const sizes: number[] = [];
    let after: EventKey = [start, ''];
    for (let more = true; more; ) {
      const page = await eventsAfter(db, pixel.id, after, start + DAY);
      sizes.push(JSON.stringify(page.rows).length);
      after = [start, String(page.rows.at(-1)?.[1])];
      more = page.more;
    }
    expect(sizes.length).toBeGreaterThan(2);
    // One character of props has two bytes in the database.
    for (const size of sizes) expect(size).toBeLessThan(4_500_000);
  });
});

describe('random histories', () => {
  it('are the same in the archive as they were, and so are the rollups', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...ODD_DAYS), async ([zone, day]) => {
        const events = fc.sample(histories(day), { numRuns: 1 })[0] as OracleEvent[];
        const pixel = await makePixel(zone, { retention_days: 30, archive_days: 3650 });
        await store(pixel, events);
        const end = Date.parse(day) + 3 * DAY;
        await runJobs(end);
        const [before, rollups] = [await storedEvents(pixel), await rollupsOf(pixel)];
        await runArchive(end + 40 * DAY);
        expect(await archivedEvents(pixel)).toEqual(before);
        expect(await storedEvents(pixel)).toEqual([]);
        expect(await rollupsOf(pixel)).toEqual(rollups);
      }),
      { numRuns: 10 },
    );
  });
});

describe('when something fails', () => {
  const ARCHIVE_AND_PURGE = TASKS.filter(({ name }) => name === 'archive' || name === 'purge');

  async function oldPixel() {
    const pixel = await makePixel('UTC', { retention_days: 30 });
    await store(pixel, [view('2026-05-01T12:00:00Z', { person: 'uann' }), view('2026-05-01T13:00:00Z')]);
    await runJobs(NOW - 40 * DAY);
    return { pixel, events: await storedEvents(pixel) };
  }

  /** No event is deleted before the archive has it. */
  async function expectNothingLost(pixel: Pixel, events: unknown[][]): Promise<void> {
    if ((await storedEvents(pixel)).length === events.length) return;
    expect(await archivedEvents(pixel)).toEqual(events);
    expect((await indexOf(pixel)).every(({ written_at }) => written_at > 0)).toBe(true);
  }

  it.each(['before', 'after'] as const)(
    'in D1, %s it commits, at any call, nothing is lost',
    async (fault) => {
      vi.spyOn(console, 'error').mockImplementation(() => {});
      await runArchive(NOW);
      for (let failing = 1; failing <= 13; failing++) {
        const { pixel, events } = await oldPixel();
        let calls = 0;
        const DB = faulty(db, () => (++calls === failing ? fault : null));
        await runJob({ ...archiveEnv, DB }, NOW, ARCHIVE_AND_PURGE).catch(() => {});
        await expectNothingLost(pixel, events);
        await runArchive(NOW + HOUR);
        expect(await archivedEvents(pixel), String(failing)).toEqual(events);
        expect(await rawOf(pixel)).toEqual({ '2026-05-01': RAW.purged });
      }
    },
  );

  it.each(['head', 'put', 'put, with its answer lost'])(
    'in R2, at %s, only that pixel waits, and is named',
    async (what) => {
      vi.spyOn(console, 'error').mockImplementation(() => {});
      await runArchive(NOW);
      const [{ pixel, events }, other] = [await oldPixel(), await oldPixel()];
      const [name = ''] = what.split(',');
      const ARCHIVE = new Proxy(bucket, {
        get(target, property) {
          const method = Reflect.get(target, property).bind(target) as (
            ...args: unknown[]
          ) => Promise<unknown>;
          if (property !== name) return method;
          return async (key: string, ...rest: unknown[]) => {
            if (!key.includes(pixel.id)) return method(key, ...rest);
            if (what.includes('lost')) await method(key, ...rest);
            throw new Error('R2 is down');
          };
        },
      });
      expect((await runJob({ ...archiveEnv, ARCHIVE }, NOW)).failed).toBe(1);
      expect(await storedEvents(pixel)).toEqual(events);
      expect(await storedEvents(other.pixel)).toEqual([]);
      const { failing } = await readState(db, NOW);
      expect(failing.oldest).toMatchObject([{ kind: 'archive', pixel: pixel.id, item: '2026-05-01' }]);
      await runArchive(NOW + HOUR);
      expect(await archivedEvents(pixel)).toEqual(events);
      expect(await storedEvents(pixel)).toEqual([]);
      expect((await readState(db, NOW)).failing.count).toBe(0);
    },
  );

  it('in a late run, it overwrites nothing that another has written', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const { pixel, events } = await oldPixel();
    const ARCHIVE = new Proxy(bucket, {
      get(target, property) {
        if (property !== 'put') return Reflect.get(target, property).bind(target);
        return async (...args: Parameters<R2Bucket['put']>) => {
          // Meanwhile another run does everything, and a person is erased.
          await runArchive(NOW);
          await erase(db, [{ pixel: pixel.id, aliases: ['uann'], visitor: null }], NOW);
          await runArchive(NOW);
          return target.put(...args);
        };
      },
    });
    expect((await runJob({ ...archiveEnv, ARCHIVE }, NOW)).failed).toBe(1);
    await runArchive(NOW + HOUR);
    expect(await archivedEvents(pixel)).toEqual(events.slice(1));
  });
});
