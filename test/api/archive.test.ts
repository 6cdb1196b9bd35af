/** The archive through the API: what is there, a file of it, and a day brought back. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { ArchiveQuery, readArchive, readArchiveFile, restoreDay } from '../../src/api/archive.ts';
import { type Grant, loadPixel } from '../../src/api/grant.ts';
import { readParameters } from '../../src/api/parameters.ts';
import { erasePerson, PersonQuery } from '../../src/api/people.ts';
import type { Env } from '../../src/env.ts';
import { RAW } from '../../src/model/day-state.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { SCOPES } from '../../src/model/token.ts';
import { erase } from '../../src/store/people.ts';
import { getPixel } from '../../src/store/pixels.ts';
import { changeTimeZone } from '../../src/store/rezone.ts';
import { applySchema, db, histories, makePixel, ODD_DAYS, runJobs, store } from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';
import {
  archivedEvents,
  archiveEnv,
  bucket,
  DAY,
  indexOf,
  keysIn,
  rawOf,
  rollupsOf,
  runArchive,
  storedEvents,
} from '../rollup/archive-fixture.ts';
import { faulty } from './faulty.ts';

beforeAll(applySchema);

const ADMIN: Grant = { admin: true, scopes: SCOPES, pixel: null, token: null };

async function call(pixel: Pixel, part = '', env: Env = archiveEnv) {
  return {
    request: new Request(`https://px.example/api/v1/pixels/${pixel.id}/archive/${part}`, { method: 'POST' }),
    env,
    grant: ADMIN,
    id: pixel.id,
    part,
    pixel: await loadPixel(archiveEnv, ADMIN, pixel.id),
  };
}

interface DayRestore {
  state: string;
  events: number;
  restored: number;
  held_until: string | null;
}

/** One request of a restore. */
async function restoreOnce(pixel: Pixel, day: string, env: Env = archiveEnv): Promise<DayRestore> {
  return (await restoreDay({ ...(await call(pixel, day, env)), query: undefined })).json();
}

async function restore(pixel: Pixel, day: string): Promise<DayRestore> {
  for (let tries = 0; tries < 100; tries++) {
    const answer = await restoreOnce(pixel, day);
    if (answer.state === 'stored') return answer;
  }
  throw new Error('the restore never ends');
}

async function list(pixel: Pixel, search = '') {
  const query = readParameters(`https://px.example/${search}`, ArchiveQuery);
  return (await readArchive({ ...(await call(pixel)), query })).json() as Promise<{
    files: { day: string; part: number; key: string; events: number; bytes: number; written_at: string }[];
    next: string | null;
  }>;
}

const view = (at: number, id: string, more: Partial<OracleEvent> = {}): OracleEvent =>
  ({ ts: at, id, name: 'pageview', visitor: 'v', page: '/', ...more }) as OracleEvent;

const NOW = Date.now();
const daysAgo = (days: number): string => new Date(NOW - days * DAY).toISOString().slice(0, 10);
const at = (days: number, hour: number): number => Date.parse(daysAgo(days)) + hour * 3_600_000;
const OLD = 60;

/** A pixel with two archived days and one that is stored. */
async function archivedPixel(timezone = 'UTC') {
  const pixel = await makePixel(timezone, { retention_days: 30 });
  await store(pixel, [
    view(at(OLD, 10), 'a', { person: 'uann', eid: 'order', value: 12_340_000, currency: 'EUR' }),
    view(at(OLD, 11), 'b', { person: 'cbob', visitor: 'w' }),
    view(at(OLD, 12), 'c', { page: '\ufeff/ü', props: '{"plan":"pro"}' }),
    view(at(OLD - 1, 12), 'd'),
    view(at(1, 12), 'e'),
  ]);
  await runJobs(NOW - (OLD - 3) * DAY);
  const events = await storedEvents(pixel);
  await runArchive(NOW);
  const rollups = await rollupsOf(pixel);
  expect((await rawOf(pixel))[daysAgo(OLD)]).toBe(RAW.purged);
  return { pixel, events, rollups };
}

describe('the list', () => {
  it('has the files with their sizes, by days', async () => {
    const { pixel } = await archivedPixel();
    const { files, next } = await list(pixel);
    expect(files.map(({ day, part, events }) => [day, part, events])).toEqual([
      [daysAgo(OLD), 0, 3],
      [daysAgo(OLD - 1), 0, 1],
    ]);
    expect(next).toBe(null);
    expect(files.map(({ key }) => key)).toEqual(await keysIn(pixel));
    for (const { key, bytes } of files) expect((await bucket.head(key))?.size).toBe(bytes);
    expect((await list(pixel, `?from=${daysAgo(OLD - 1)}`)).files).toHaveLength(1);
    expect((await list(pixel, `?to=${daysAgo(OLD)}`)).files).toHaveLength(1);
  });

  it('is continued at a day if there are more files', async () => {
    const pixel = await makePixel('UTC');
    await db
      .prepare(
        `INSERT INTO archives (pixel, day, part, bytes, written_at)
         WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1199)
         SELECT ?1, date('2024-01-01', '+' || (i / 2) || ' days'), i % 2, 1, 1 FROM n`,
      )
      .bind(pixel.id)
      .run();
    const first = await list(pixel);
    const second = await list(pixel, `?from=${first.next}`);
    expect(first.files.length + second.files.length).toBe(1200);
    expect(second.next).toBe(null);
  });
});

describe('a file', () => {
  it('is sent as it is in the bucket', async () => {
    const { pixel } = await archivedPixel();
    const response = await readArchiveFile({ ...(await call(pixel, daysAgo(OLD))), query: {} });
    const sent = new Uint8Array(await response.arrayBuffer());
    const stored = await bucket.get((await keysIn(pixel))[0] ?? '');
    expect(sent).toEqual(new Uint8Array((await stored?.arrayBuffer()) ?? new ArrayBuffer(0)));
    expect(response.headers.get('content-type')).toBe('application/vnd.apache.parquet');
  });

  it.each([
    ['2020-01-01', archiveEnv, 'not_found'],
    ['yesterday', archiveEnv, 'invalid_query'],
    [daysAgo(OLD), { ...archiveEnv, ARCHIVE: undefined } as unknown as Env, 'not_found'],
  ])('of %s that is not there is a problem', async (day, env, reason) => {
    const { pixel } = await archivedPixel();
    await expect(readArchiveFile({ ...(await call(pixel, day, env)), query: {} })).rejects.toMatchObject({
      reason,
    });
  });
});

describe('a restored day', () => {
  it('has the same events, the same rollup, and is not purged for 30 days', async () => {
    const { pixel, events, rollups } = await archivedPixel();
    const day = daysAgo(OLD);
    const answer = await restore(pixel, day);
    expect(answer).toMatchObject({ state: 'stored', events: 3, restored: 3 });
    expect(Date.parse(answer.held_until ?? '')).toBeGreaterThan(NOW + 29 * DAY);
    const back = events.filter(([ts]) => new Date(Number(ts)).toISOString().startsWith(day));
    expect((await storedEvents(pixel)).slice(0, 3)).toEqual(back);
    await runArchive(NOW + 5 * DAY);
    expect(await rawOf(pixel)).toMatchObject({ [day]: RAW.stored });
    expect(await rollupsOf(pixel)).toEqual(rollups);
    // Then it is archived again, with what has come meanwhile.
    await store(pixel, [view(at(OLD, 13), 'late')], NOW);
    await runArchive(NOW + 6 * DAY);
    await runArchive(NOW + 32 * DAY);
    expect(await rawOf(pixel)).toMatchObject({ [day]: RAW.purged });
    expect((await archivedEvents(pixel)).map((row) => row[1])).toEqual(['a', 'b', 'c', 'late', 'd', 'e']);
  });

  it('is stored already, or is not in the archive', async () => {
    const { pixel } = await archivedPixel();
    await restore(pixel, daysAgo(OLD));
    expect(await restoreOnce(pixel, daysAgo(OLD))).toMatchObject({ state: 'stored', events: 3 });
    await expect(restoreOnce(pixel, daysAgo(1))).rejects.toMatchObject({ reason: 'not_found' });
    await expect(restoreOnce(pixel, '2020-01-01')).rejects.toMatchObject({ reason: 'not_found' });
  });

  it.each(['before the request', 'between two requests', 'before the file is rewritten'])(
    'has no events of somebody who was erased %s',
    async (when) => {
      const { pixel } = await archivedPixel();
      const eraseAnn = () => erase(db, [{ pixel: pixel.id, aliases: ['uann'], visitor: null }], NOW);
      if (when === 'before the request') {
        await eraseAnn();
        await runArchive(NOW);
      }
      if (when === 'before the file is rewritten') await eraseAnn();
      if (when === 'between two requests') {
        await db
          .prepare(`UPDATE days SET raw = 1, held_until = ? WHERE pixel = ? AND day = ?`)
          .bind(NOW + DAY, pixel.id, daysAgo(OLD))
          .run();
        await eraseAnn();
        await runArchive(NOW);
      }
      await restore(pixel, daysAgo(OLD));
      expect((await storedEvents(pixel)).map((row) => row[1])).toEqual(['b', 'c', 'e']);
    },
  );

  it('is refused in another time zone, with points of Analytics Engine, and while it is being archived', async () => {
    const { pixel } = await archivedPixel();
    const set = (sql: string) =>
      db.prepare(`UPDATE ${sql} WHERE pixel = ? AND day = ?`).bind(pixel.id, daysAgo(OLD)).run();
    await set('days SET points = 1');
    await expect(restoreOnce(pixel, daysAgo(OLD))).rejects.toMatchObject({ reason: 'conflict' });
    await set('days SET points = 0');
    await set('archives SET written_at = 0');
    await expect(restoreOnce(pixel, daysAgo(OLD))).rejects.toMatchObject({ reason: 'conflict' });
    await set('archives SET written_at = 1');
    await changeTimeZone(db, { ...((await getPixel(db, pixel.id)) as Pixel), timezone: 'Asia/Tokyo' });
    await expect(restoreOnce(pixel, daysAgo(OLD))).rejects.toMatchObject({ reason: 'conflict' });
    expect((await storedEvents(pixel)).map((row) => row[1])).toEqual(['e']);
  });

  it('that is not finished changes nothing: its events are purged when its time is over', async () => {
    const { pixel, events, rollups } = await archivedPixel();
    // The fifth call makes the day stored again.
    await expect(restoreOnce(pixel, daysAgo(OLD), { ...archiveEnv, DB: faultyAt(5) })).rejects.toThrow();
    expect(await storedEvents(pixel)).toHaveLength(4);
    await runArchive(NOW + 5 * DAY);
    expect(await rawOf(pixel)).toMatchObject({ [daysAgo(OLD)]: RAW.purging });
    await runArchive(NOW + 31 * DAY);
    expect(await rawOf(pixel)).toMatchObject({ [daysAgo(OLD)]: RAW.purged });
    expect(await archivedEvents(pixel)).toEqual(events);
    expect(await rollupsOf(pixel)).toEqual(rollups);
  });

  it('is right whatever call of the database fails, before it or after it has committed', async () => {
    for (const fault of ['before', 'after'] as const) {
      for (let failing = 1; failing <= 7; failing++) {
        const { pixel, events } = await archivedPixel();
        await restoreOnce(pixel, daysAgo(OLD), { ...archiveEnv, DB: faultyAt(failing, fault) }).catch(
          () => {},
        );
        await restore(pixel, daysAgo(OLD));
        expect(await storedEvents(pixel)).toEqual(events.filter((row) => row[1] !== 'd'));
      }
    }
  });

  it('of any history and zone is as it was', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...ODD_DAYS).chain(([zone, day]) => fc.tuple(fc.constant(zone), histories(day))),
        async ([zone, history]) => {
          // People of days before the last 395 are forgotten.
          const events = history.map((one) => ({ ...one, person: '' }));
          const pixel = await makePixel(zone, { retention_days: 30, archive_days: 3650 });
          await store(pixel, events);
          await runJobs(Math.max(0, ...events.map(({ ts }) => ts)) + 3 * DAY);
          const [before, rollups] = [await storedEvents(pixel), await rollupsOf(pixel)];
          const days = Object.keys(await rawOf(pixel));
          await runArchive(NOW);
          expect(await storedEvents(pixel)).toEqual([]);
          for (const day of days) await restore(pixel, day);
          expect(await storedEvents(pixel)).toEqual(before);
          await runArchive(NOW + DAY);
          expect(await rollupsOf(pixel)).toEqual(rollups);
        },
      ),
      { numRuns: 5 },
    );
  });
});

/** A database whose nth call fails, once. */
function faultyAt(failing: number, fault: 'before' | 'after' = 'before'): D1Database {
  let calls = 0;
  return faulty(db, () => (++calls === failing ? fault : null));
}

describe('the answer to an erasure', () => {
  it('says how many files it still has to reach', async () => {
    const { pixel } = await archivedPixel();
    const request = new Request('https://px.example/?uid=somebody');
    await db.prepare('INSERT OR REPLACE INTO keys VALUES (?, ?)').bind(pixel.id, '0a'.repeat(32)).run();
    const query = readParameters(request.url, PersonQuery);
    const answer = await erasePerson({ ...(await call(pixel)), request, query });
    expect(await answer.json()).toMatchObject({ archive: { pending_files: 1 } });
    expect((await indexOf(pixel)).map(({ erase_at }) => erase_at > 0)).toEqual([true, false]);
  });
});
