/** What changes the archive afterwards: erasures, deletions, and time. */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { archiveKey } from '../../src/model/archive.ts';
import { peopleSince } from '../../src/model/person.ts';
import { runJob } from '../../src/rollup/job.ts';
import { erase } from '../../src/store/people.ts';
import { deletePixel } from '../../src/store/pixels.ts';
import { applySchema, db, makePixel, runJobs, store } from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';
import {
  archivedEvents,
  archiveEnv,
  bucket,
  DAY,
  HOUR,
  indexOf,
  keysIn,
  rollupsOf,
  runArchive,
  storedEvents,
} from './archive-fixture.ts';

beforeAll(applySchema);

const NOW = Date.parse('2026-06-15T12:00:00Z');
const ANN = `u${'a'.repeat(22)}`;
const BOB = `c${'b'.repeat(22)}`;

const event = (at: string, person: string, more: Partial<OracleEvent> = {}): OracleEvent =>
  ({
    ts: Date.parse(at),
    id: `e${at}${person}`,
    name: 'pageview',
    visitor: 'v',
    person,
    page: '/',
    ...more,
  }) as OracleEvent;

/** A pixel with three archived days: of Ann and Bob, of Bob alone, and of nobody known. */
async function archivedPixel(settings = {}) {
  const pixel = await makePixel('UTC', { retention_days: 30, ...settings });
  await store(pixel, [
    event('2026-05-01T10:00:00Z', ANN, { eid: 'order-1' }),
    event('2026-05-01T11:00:00Z', BOB),
    event('2026-05-01T12:00:00Z', ''),
    event('2026-05-02T10:00:00Z', BOB),
    event('2026-05-03T10:00:00Z', ''),
  ]);
  await runJobs(NOW - 40 * DAY);
  const events = await storedEvents(pixel);
  await runArchive(NOW);
  expect(await archivedEvents(pixel)).toEqual(events);
  return { pixel, events };
}

const PERSON = 4;
const without = (events: unknown[][], person: string) => events.filter((row) => row[PERSON] !== person);
const subjects = (pixel: string, alias: string) => [{ pixel, aliases: [alias], visitor: null }];

describe('an erasure', () => {
  it('reaches into the archive, and into no event of anybody else', async () => {
    const { pixel, events } = await archivedPixel();
    const rollups = await rollupsOf(pixel);
    const { files } = await erase(db, subjects(pixel.id, ANN), NOW);
    // Two files have people. The third has none, and is not read.
    expect(files).toBe(2);
    const old = await bucket.head(archiveKey({ pixel: pixel.id, day: '2026-05-02', part: 0 }));
    await runArchive(NOW);
    expect(await archivedEvents(pixel)).toEqual(without(events, ANN));
    expect((await indexOf(pixel)).map((part) => [part.events, part.people, part.erase_at])).toEqual([
      [2, 1, 0],
      [1, 1, 0],
      [1, 0, 0],
    ]);
    // A file without events of the person is not written again, and the rollups of closed days stay.
    expect((await bucket.head(archiveKey({ pixel: pixel.id, day: '2026-05-02', part: 0 })))?.etag).toBe(
      old?.etag,
    );
    expect(await rollupsOf(pixel)).toEqual(rollups);
  });

  it('leaves events that the person sends afterwards', async () => {
    const { pixel, events } = await archivedPixel();
    await erase(db, subjects(pixel.id, BOB), Date.parse('2026-05-01T12:00:00Z'));
    await runArchive(NOW);
    expect(await archivedEvents(pixel)).toEqual(
      events.filter((row) => row[PERSON] !== BOB || row[0] === Date.parse('2026-05-02T10:00:00Z')),
    );
  });

  it('is kept as long as a file waits for it, and reported, while there is no bucket', async () => {
    const { pixel, events } = await archivedPixel();
    await erase(db, subjects(pixel.id, ANN), NOW);
    await runJobs(NOW + 200 * DAY);
    expect(await archivedEvents(pixel)).toEqual(events);
    await runArchive(NOW + 200 * DAY);
    expect(await archivedEvents(pixel)).toEqual(without(events, ANN));
    // From then on, nothing needs it any more.
    await runArchive(NOW + 201 * DAY);
    expect(await db.prepare('SELECT 1 FROM erasures WHERE pixel = ?').bind(pixel.id).first()).toBe(null);
  });

  it('applies to a day that is being archived at that moment', async () => {
    const pixel = await makePixel('UTC', { retention_days: 30 });
    await store(pixel, [event('2026-05-01T10:00:00Z', ANN), event('2026-05-01T11:00:00Z', BOB)]);
    await runJobs(NOW - 40 * DAY);
    const put = bucket.put.bind(bucket);
    const env = {
      ...archiveEnv,
      ARCHIVE: new Proxy(bucket, {
        get(target, name) {
          if (name !== 'put') return Reflect.get(target, name).bind(target);
          return async (...args: Parameters<typeof put>) => {
            await erase(db, subjects(pixel.id, ANN), NOW);
            return put(...args);
          };
        },
      }),
    };
    await runArchive(NOW, env);
    await runArchive(NOW);
    expect((await archivedEvents(pixel)).map((row) => row[PERSON])).toEqual([BOB]);
  });
});

describe('time', () => {
  it('makes people of archived events unknown when their links are forgotten', async () => {
    const { pixel, events } = await archivedPixel();
    const later = Date.parse('2026-05-02T12:00:00Z') + 395 * DAY;
    expect(peopleSince(later)).toBe('2026-05-02');
    await runArchive(later);
    const expected = events.map((row) =>
      row[0] === Date.parse('2026-05-01T10:00:00Z') || row[0] === Date.parse('2026-05-01T11:00:00Z')
        ? row.with(PERSON, '').with(2, '')
        : row,
    );
    expect(await archivedEvents(pixel)).toEqual(expected);
  });

  it('deletes files that are past the days of their pixel', async () => {
    const { pixel, events } = await archivedPixel({ archive_days: 100 });
    await runArchive(Date.parse('2026-05-02T00:00:00Z') + 102 * DAY);
    expect(await keysIn(pixel)).toHaveLength(2);
    expect(await archivedEvents(pixel)).toEqual(events.slice(3));
    await runArchive(NOW + 200 * DAY);
    expect([await keysIn(pixel), await indexOf(pixel)]).toEqual([[], []]);
  });
});

describe('the deletion of a pixel', () => {
  it('deletes its files, also those that the index has not, and no others', async () => {
    const [{ pixel }, other] = [await archivedPixel(), await archivedPixel()];
    await bucket.put(`events/pixel=${pixel.id}/day=2026-05-01/part-7.parquet`, 'left');
    await deletePixel(db, pixel.id);
    expect(await keysIn(pixel)).toHaveLength(4);
    await runArchive(NOW + HOUR);
    expect([await keysIn(pixel), await indexOf(pixel)]).toEqual([[], []]);
    expect(await archivedEvents(other.pixel)).toEqual(other.events);
  });
});

describe('when R2 fails', () => {
  it('the erasure waits, is named, and is tried again', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const { pixel, events } = await archivedPixel();
    await erase(db, subjects(pixel.id, ANN), NOW);
    for (const broken of ['get', 'put'] as const) {
      const at = NOW + (broken === 'get' ? 0 : HOUR);
      const ARCHIVE = new Proxy(bucket, {
        get: (target, name) =>
          name === broken
            ? async () => {
                throw new Error('R2 is down');
              }
            : Reflect.get(target, name).bind(target),
      });
      expect((await runJob({ ...archiveEnv, ARCHIVE }, at)).failed).toBeGreaterThan(0);
      const failed = await db
        .prepare(`SELECT item FROM failed_tasks WHERE task = 'rewrite' AND pixel = ?`)
        .bind(pixel.id)
        .all();
      expect(failed.results).toContainEqual({ item: '2026-05-01' });
      expect(await archivedEvents(pixel)).toEqual(events);
    }
    await runArchive(NOW + 2 * HOUR);
    expect(await archivedEvents(pixel)).toEqual(without(events, ANN));
    expect(await db.prepare('SELECT 1 FROM failed_tasks WHERE pixel = ?').bind(pixel.id).first()).toBe(null);
  });
});
