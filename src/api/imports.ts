/**
 * `/api/v1/pixels/:id/imports`: the history of another tool, from a file that the sender reads. The sender begins an import, sends the
 * items of the file in batches, and may continue after an interruption. An import can be undone until it is kept.
 */
import * as v from 'valibot';
import {
  type Import,
  type ImportJson,
  MAX_FILE_NAME,
  MAX_IMPORTS,
  NO_COUNTS,
  newImportId,
  UNDO_TIME,
} from '../model/import.ts';
import type { Pixel } from '../model/pixel.ts';
import { addDays, dayStart } from '../model/time-zone.ts';
import {
  beginImport,
  firstOwnEvent,
  keepImport,
  listImports,
  moveImport,
  readImport,
} from '../store/imports.ts';
import { beginUndo, undoStep } from '../store/undo-imports.ts';
import { check, readJson } from './body.ts';
import type { PixelCall } from './call.ts';
import { takeItems } from './import-items.ts';
import { ImportItems } from './import-schemas.ts';
import { Day } from './parameters.ts';
import { Problem } from './problem.ts';
import { uncachedJson } from './uncached.ts';

export const NewImport = v.strictObject({
  source: v.pipe(
    v.string(),
    v.regex(/^[a-z][a-z\d-]{0,39}$/, 'Send the name of an importer, such as matomo.'),
  ),
  file: v.pipe(v.string(), v.minLength(1, 'Send the name of the file.'), v.maxLength(MAX_FILE_NAME)),
  fingerprint: v.pipe(
    v.string(),
    v.regex(/^[\w-]{16,100}$/, 'Send a hash of the file: 16 to 100 letters, digits, - or _.'),
  ),
  since: v.optional(v.nullable(Day), null),
  until: v.optional(v.nullable(Day)),
});

export const ImportChange = v.strictObject({
  state: v.literal('kept', 'An import can only be kept. Send kept.'),
});

/** An import continues if there is one of the same file: then its range of days stays as it is. */
export async function addImport({ request, env, pixel }: PixelCall): Promise<Response> {
  const { source, file, fingerprint, since, until } = check(NewImport, await readJson(request));
  const now = Date.now();
  const id = newImportId();
  const stored = await beginImport(env.DB, {
    ...{ pixel: pixel.id, id, source, file, fingerprint },
    state: 'open',
    since: since === null ? null : dayStart(pixel.timezone, since),
    until: await endOf(env.DB, pixel, until),
    position: 0,
    counts: NO_COUNTS,
    created_at: now,
    updated_at: now,
  });
  if (stored === null) {
    throw new Problem('conflict', `A pixel has at most ${MAX_IMPORTS} imports. Undo one that is not needed.`);
  }
  requireNotUndoing(stored);
  return uncachedJson(importToJson(stored), stored.id === id ? 201 : 200);
}

/** Before when events are imported. By default, what Speck has counted itself is not imported: it would count twice. */
async function endOf(db: D1Database, pixel: Pixel, until: string | null | undefined): Promise<number | null> {
  if (until === null) return null;
  if (until === undefined) return firstOwnEvent(db, pixel.id, pixel.created_at);
  return dayStart(pixel.timezone, addDays(until, 1));
}

export async function readImports({ env, pixel }: PixelCall): Promise<Response> {
  const imports = await listImports(env.DB, pixel.id);
  return uncachedJson({ imports: imports.map(importToJson) });
}

export async function addImportItems({ request, env, pixel, part }: PixelCall): Promise<Response> {
  const items = check(ImportItems, await readJson(request));
  const one = await requireImport(env.DB, pixel, part);
  // The sender has not seen the answer to these items.
  if (items.to <= one.position && (items.from < one.position || one.state === 'complete')) {
    const isLast = items.end && one.state === 'open' && items.to === one.position;
    if (isLast) await moveImport(env.DB, { ...one, state: 'complete' }, one.position).run();
    return uncachedJson({ import: importToJson(isLast ? { ...one, state: 'complete' } : one), rejected: [] });
  }
  requireNotUndoing(one);
  if (one.state !== 'open') {
    throw new Problem('conflict', 'This import has ended. Begin another one to import more.');
  }
  if (items.from !== one.position) throw wrongPosition(one);
  const { moved, rejected } = await takeItems(env, pixel, one, items, Date.now());
  if (moved) return uncachedJson({ import: importToJson(moved), rejected });
  const current = await requireImport(env.DB, pixel, part);
  requireNotUndoing(current);
  if (current.position < items.to) throw wrongPosition(current);
  return uncachedJson({ import: importToJson(current), rejected });
}

function wrongPosition({ position }: Import): Problem {
  return new Problem('conflict', `This import is at position ${position}. Continue there.`);
}

export async function changeImport({ request, env, pixel, part }: PixelCall): Promise<Response> {
  check(ImportChange, await readJson(request));
  if (!(await keepImport(env.DB, pixel.id, part, Date.now()))) {
    requireNotUndoing(await requireImport(env.DB, pixel, part));
  }
  return uncachedJson(importToJson(await requireImport(env.DB, pixel, part)));
}

/** Steps of an undo in one request. Each takes up to six of the 50 statements of the free plan. */
const UNDO_STEPS = 5;

/** Deletes what one request can delete. The cron continues an undo that nobody continues. */
export async function removeImport({ env, pixel, part }: PixelCall): Promise<Response> {
  if (!(await beginUndo(env.DB, pixel.id, part, Date.now()))) {
    await requireImport(env.DB, pixel, part);
    throw new Problem(
      'conflict',
      'This import cannot be undone any more: it was kept, or is older than 30 days.',
    );
  }
  let left: number | null = 0;
  for (let step = 0; step < UNDO_STEPS && left !== null; step++)
    left = await undoStep(env.DB, pixel.id, part);
  return uncachedJson({ id: part, done: left === null, dates_left: left ?? 0 });
}

/** @throws Problem if the pixel has no such import. */
async function requireImport(db: D1Database, pixel: Pixel, id: string): Promise<Import> {
  const one = await readImport(db, pixel.id, id);
  if (one) return one;
  throw new Problem('not_found', 'This pixel has no such import. It may have been undone.');
}

function requireNotUndoing({ state }: Import): void {
  if (state === 'undoing') {
    throw new Problem('conflict', 'This import is being undone. Import the file again when that is done.');
  }
}

function importToJson({ pixel: _, fingerprint: __, counts, ...one }: Import): ImportJson {
  const { first_ts, last_ts, ...counted } = counts;
  const canUndo = one.state === 'open' || one.state === 'complete';
  return {
    ...one,
    since: timeOf(one.since),
    until: timeOf(one.until),
    ...counted,
    first_at: timeOf(first_ts),
    last_at: timeOf(last_ts),
    created_at: isoTime(one.created_at),
    updated_at: isoTime(one.updated_at),
    undo_until: canUndo ? isoTime(one.updated_at + UNDO_TIME) : null,
  };
}

const isoTime = (ts: number): string => new Date(ts).toISOString();
const timeOf = (ts: number | null): string | null => (ts === null ? null : isoTime(ts));
