/** Closed days are in the bucket before their events are deleted, as they were, whatever fails in between. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { RAW } from '../../src/model/day-state.ts';
import { archiveExpired } from '../../src/rollup/archive.ts';
import { Run, TaskBudget } from '../../src/rollup/run.ts';
import { applySchema, histories, makePixel, ODD_DAYS, runJobs, store } from '../fixtures.ts';
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
