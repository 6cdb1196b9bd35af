/** `/api/v1/pixels/:id/archive`: lists the files of archived events, sends one, and brings a day back. */
import * as v from 'valibot';
import { type ArchivePart, archiveKey } from '../model/archive.ts';
import { RAW } from '../model/day-state.ts';
import type { Pixel } from '../model/pixel.ts';
import { addDays, dayStart } from '../model/time-zone.ts';
import { listFiles } from '../store/archives.ts';
import { sha256Of } from '../store/bucket.ts';
import {
  type ArchivedDay,
  archivedDay,
  beginRestore,
  endRestore,
  restoreRows,
  type StoredPart,
} from '../store/restore-archive.ts';
import type { PixelCall } from './call.ts';
import { badParameter, Day, integer } from './parameters.ts';
import { Problem } from './problem.ts';
import { uncachedJson } from './uncached.ts';

/** Files of one response. */
const MAX_FILES = 1000;

export const ArchiveQuery = v.strictObject({
  from: v.pipe(v.optional(Day), v.description('The first local day. Default: the first in the archive.')),
  to: v.pipe(v.optional(Day), v.description('The last local day. Default: the last in the archive.')),
});

export const FileQuery = v.strictObject({
  part: v.pipe(v.optional(integer(0, 99_999)), v.description('The part of the day. Default: 0.')),
});

const isoTime = (time: number): string => new Date(time).toISOString();

export async function readArchive({
  env,
  pixel,
  query,
}: PixelCall<v.InferOutput<typeof ArchiveQuery>>): Promise<Response> {
  const { from = '', to = '~' } = query;
  const rows = await listFiles(env.DB, pixel.id, from, to, MAX_FILES + 1);
  // A response has whole days, unless one day has more parts than that.
  const next = rows[MAX_FILES]?.day ?? null;
  const whole = rows.filter(({ day }) => day !== next);
  return uncachedJson({
    pixel: pixel.id,
    bucket: env.ARCHIVE !== undefined,
    files: (whole.length > 0 ? whole : rows.slice(0, MAX_FILES)).map(({ written_at, erase_at, ...file }) => ({
      ...file,
      key: archiveKey({ pixel: pixel.id, ...file }),
      written_at: written_at === 0 ? null : isoTime(written_at),
      erasure_pending: erase_at > 0,
    })),
    next,
  });
}

export async function readArchiveFile({
  env,
  pixel,
  part: day,
  query,
}: PixelCall<v.InferOutput<typeof FileQuery>>): Promise<Response> {
  const file: ArchivePart = { pixel: pixel.id, day: requireDay(day), part: query.part ?? 0 };
  const object = await requireBucket(env.ARCHIVE).get(archiveKey(file));
  if (object === null) throw notArchived();
  return new Response(object.body, {
    headers: {
      'content-type': 'application/vnd.apache.parquet',
      'content-length': String(object.size),
      'content-disposition': `attachment; filename="${pixel.id}-${day}-${file.part}.parquet"`,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
  });
}

/** Brings a day back, as far as one request can: a group of rows takes up to 31 of the 50 D1 statements of the free plan. */
export async function restoreDay({ env, pixel, part }: PixelCall): Promise<Response> {
  const { DB: db } = env;
  const bucket = requireBucket(env.ARCHIVE);
  const day = requireDay(part);
  const now = Date.now();
  const before = await archivedDay(db, pixel.id, day);
  if (before === null) throw notArchived();
  if (before.raw !== RAW.stored) {
    requireRestorable(before, pixel, day);
    if (before.held_until <= now) await beginRestore(db, pixel.id, day, now);
    const begun = before.held_until > now ? before : await archivedDay(db, pixel.id, day);
    const next = begun?.parts.find(({ events, restored }) => restored < events);
    if (next) await restoreGroup(db, bucket, pixel.id, day, next, now);
    await endRestore(db, pixel.id, day, now);
  }
  const after = (await archivedDay(db, pixel.id, day)) ?? before;
  const sum = (field: 'events' | 'restored'): number =>
    after.parts.reduce((total, one) => total + one[field], 0);
  return uncachedJson({
    pixel: pixel.id,
    day,
    state: after.raw === RAW.stored ? 'stored' : 'restoring',
    events: sum('events'),
    restored: after.raw === RAW.stored ? sum('events') : sum('restored'),
    held_until: after.held_until > now ? isoTime(after.held_until) : null,
  });
}

/** @throws Problem if the day could not be rolled up again as it was. */
function requireRestorable(
  { parts, starts_at, ends_at, points }: ArchivedDay,
  pixel: Pixel,
  day: string,
): void {
  if (!parts.every(({ written_at }) => written_at > 0) || parts.at(-1)?.is_last !== 1) {
    throw new Problem('conflict', 'This day is being archived. Try again in a few minutes.');
  }
  const [start, end] = [dayStart(pixel.timezone, day), dayStart(pixel.timezone, addDays(day, 1))];
  if (start !== starts_at || end !== ends_at) {
    throw new Problem(
      'conflict',
      'This day was counted in another time zone than the pixel has now. Download its files instead.',
    );
  }
  if (points > 0) {
    throw new Problem(
      'conflict',
      'A part of the events of this day was in Analytics Engine, so its rollup could not be computed again. Download its files instead.',
    );
  }
}

/** Writes the next group of rows of a part back. */
async function restoreGroup(
  db: D1Database,
  bucket: R2Bucket,
  pixel: string,
  day: string,
  part: StoredPart,
  now: number,
): Promise<void> {
  const object = await bucket.get(archiveKey({ pixel, day, part: part.part }));
  if (object === null) throw notArchived();
  const bytes = await object.arrayBuffer();
  if ((await sha256Of(bytes)) !== part.sha256) {
    throw new Problem(
      'conflict',
      `Part ${part.part} of this day is not as the index says. If an erasure is pending, try again later.`,
    );
  }
  const { ArchivedEvents } = await import('../archive/decode.ts');
  const file = new ArchivedEvents(bytes);
  const group = file.groups.find(({ end }) => end > part.restored);
  if (group) await restoreRows(db, pixel, day, part, await file.rows(part.restored, group.end), now);
}

function requireBucket(bucket: R2Bucket | undefined): R2Bucket {
  if (bucket) return bucket;
  throw new Problem(
    'not_found',
    'This Worker has no archive: bind an R2 bucket as ARCHIVE in wrangler.toml.',
  );
}

function requireDay(text: string): string {
  const day = v.safeParse(Day, text);
  if (!day.success) throw badParameter('day', 'A day is written as 2026-11-24.');
  return day.output;
}

function notArchived(): Problem {
  return new Problem(
    'not_found',
    'The archive does not have this day of the pixel. GET …/archive lists what it has.',
  );
}
