/** What tests of the archive share: a pixel with old events, its rows, its rollups, and its files in a real bucket. */
import { env } from 'cloudflare:workers';
import { ArchivedEvents } from '../../src/archive/decode.ts';
import { ARCHIVED_COLUMNS } from '../../src/archive/schema.ts';
import type { Env } from '../../src/env.ts';
import { type ArchivePart, archiveFolder, archiveKey } from '../../src/model/archive.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { runJob } from '../../src/rollup/job.ts';
import { db, testEnv } from '../fixtures.ts';

export const bucket = (env as unknown as { TEST_ARCHIVE: R2Bucket }).TEST_ARCHIVE;
export const archiveEnv: Env = { ...testEnv, ARCHIVE: bucket };

export const DAY = 86_400_000;
export const HOUR = 3_600_000;

/** Runs the cron with an archive until nothing is left to do. */
export async function runArchive(now: number, runEnv: Env = archiveEnv): Promise<void> {
  for (let run = 0; run < 1000; run++) {
    const { more, failed } = await runJob(runEnv, now);
    if (failed > 0) throw new Error('a task failed');
    if (!more) return;
  }
  throw new Error('the job never ends');
}

const NAMES = ARCHIVED_COLUMNS.map(({ name }) => name);

/** The stored events of a pixel, in the order of their keys. */
export async function storedEvents(pixel: Pixel): Promise<unknown[][]> {
  return db
    .prepare(`SELECT ${NAMES.join(', ')} FROM events WHERE pixel = ? ORDER BY ts, id`)
    .bind(pixel.id)
    .raw<unknown[]>();
}

export async function fileOf(part: ArchivePart): Promise<ArchivedEvents | null> {
  const object = await bucket.get(archiveKey(part));
  return object && new ArchivedEvents(await object.arrayBuffer());
}

/** The parts that the index has of a pixel. */
export async function indexOf(pixel: Pixel) {
  const { results } = await db
    .prepare('SELECT * FROM archives WHERE pixel = ? ORDER BY day, part')
    .bind(pixel.id)
    .all<
      ArchivePart &
        Record<'events' | 'people' | 'bytes' | 'written_at' | 'erase_at' | 'is_last' | 'restored', number>
    >();
  return results;
}

/** The events in all files of a pixel, in the order of their keys. */
export async function archivedEvents(pixel: Pixel): Promise<unknown[][]> {
  const rows: unknown[][] = [];
  for (const part of await indexOf(pixel)) {
    const file = await fileOf(part);
    if (file) rows.push(...(await file.rows(0, file.events)).map((row) => [...row]));
  }
  return rows;
}

export async function keysIn(pixel: Pixel): Promise<string[]> {
  return (await bucket.list({ prefix: archiveFolder(pixel.id) })).objects.map(({ key }) => key).toSorted();
}

export async function rollupsOf(pixel: Pixel): Promise<unknown[]> {
  const { results } = await db
    .prepare('SELECT * FROM rollups WHERE pixel = ? ORDER BY day, dimension, currency, value')
    .bind(pixel.id)
    .all();
  return results;
}

export async function rawOf(pixel: Pixel): Promise<Record<string, number>> {
  const { results } = await db
    .prepare('SELECT day, raw FROM days WHERE pixel = ? ORDER BY day')
    .bind(pixel.id)
    .all<{ day: string; raw: number }>();
  return Object.fromEntries(results.map(({ day, raw }) => [day, raw]));
}
