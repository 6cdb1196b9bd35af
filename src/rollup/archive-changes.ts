/**
 * Changes the archive afterwards: removes erased people from files, and people who are to be forgotten; deletes the files of deleted
 * pixels, and those that are past their time. What is left to do is recorded in the index, so a run may stop anywhere.
 */
import { type ArchivedRow, placeOf } from '../archive/schema.ts';
import { type ArchivePart, archiveKey } from '../model/archive.ts';
import { peopleSince } from '../model/person.ts';
import {
  deleteRows,
  deleteRowsOf,
  endRewrite,
  erasuresOf,
  type FileToRewrite,
  filesToRewrite,
  forgetPeople,
  oldFiles,
} from '../store/archives.ts';
import { deleteFiles, deleteSomeOf, FILES_AT_ONCE, sha256Of, writeFile } from '../store/bucket.ts';
import type { Run, TaskBudget } from './run.ts';

/** Aliases that one statement looks up, some 500 kB. */
const PEOPLE_AT_ONCE = 20_000;
/** One statement looks up the people of a file, and one ends it. A file with more people takes more. */
const STATEMENTS_A_FILE = 2;
/** Two statements find files with people to forget, and files to change. */
export const STATEMENTS_TO_REWRITE = 2 + STATEMENTS_A_FILE;
const ROWS_AT_ONCE = 5000;

/** Removes people from files, and deletes those of deleted pixels, until the budget is used up. Without a bucket, the marks stay. */
export async function rewriteFiles(run: Run, budget: TaskBudget): Promise<void> {
  const { db, now, env, report } = run;
  if (!env.ARCHIVE) return;
  await forgetPeople(db, peopleSince(now), now);
  const limit = Math.floor((budget.left - 1) / STATEMENTS_A_FILE);
  const files = await filesToRewrite(db, now, limit);
  const deleted = new Set<string>();
  let isDone = files.length < limit;
  for (const file of files) {
    if (budget.left < STATEMENTS_A_FILE || run.isOver) {
      isDone = false;
      break;
    }
    if (file.has_pixel === 0) {
      if (deleted.has(file.pixel)) continue;
      deleted.add(file.pixel);
      const isGone = await run.tryGlobal('rewrite', file.pixel, 1, () => deleteFolder(run, file.pixel));
      if (isGone === false) isDone = false;
      continue;
    }
    const step = { kind: 'rewrite', pixel: file.pixel, item: file.day } as const;
    const isRewritten = await run.tryForPixel(step, file.attempts, () => rewriteFile(run, budget, file));
    if (isRewritten === false) isDone = false;
  }
  if (!isDone) report.more = true;
}

/** @returns false if some files or rows are left. */
async function deleteFolder({ db, env }: Run, pixel: string): Promise<boolean> {
  if (await deleteSomeOf(env.ARCHIVE as R2Bucket, pixel)) return false;
  return deleteRowsOf(db, pixel, ROWS_AT_ONCE);
}

/** @returns false if the budget does not suffice for its people. */
async function rewriteFile(run: Run, budget: TaskBudget, file: FileToRewrite): Promise<boolean> {
  const { db, env, now } = run;
  const bucket = env.ARCHIVE as R2Bucket;
  const object = await bucket.get(archiveKey(file));
  if (object === null) {
    await endRewrite(db, file, { events: 0, people: 0, bytes: 0, sha256: '' });
    return true;
  }
  const [{ ArchivedEvents }, { EventFile }] = await Promise.all([
    import('../archive/decode.ts'),
    import('../archive/encode.ts'),
  ]);
  const stored = await object.arrayBuffer();
  const before = new ArchivedEvents(stored);
  const people = await before.countsOf('person');
  const aliases = [...people.keys()];
  const isForgotten = file.day < peopleSince(now);
  if (budget.left < 1 + Math.ceil(aliases.length / PEOPLE_AT_ONCE)) return false;
  const erasures = new Map<string, number>();
  for (let start = 0; start < aliases.length; start += PEOPLE_AT_ONCE) {
    const some = await erasuresOf(db, file.pixel, aliases.slice(start, start + PEOPLE_AT_ONCE));
    for (const [who, at] of some) erasures.set(who, at);
  }
  if (erasures.size === 0 && !(isForgotten && aliases.length > 0)) {
    // A run may have written the file and not the index.
    const sum = [...people.values()].reduce((total, count) => total + count, 0);
    const sha256 = await sha256Of(stored);
    await endRewrite(db, file, { events: before.events, people: sum, bytes: stored.byteLength, sha256 });
    return true;
  }
  const after = new EventFile();
  for (const { start, end } of before.groups) {
    const kept = (await before.rows(start, end)).filter((row) => !isErased(row, erasures));
    after.add(isForgotten ? kept.map(withoutPerson) : kept);
  }
  const bytes = after.finish();
  const sha256 = await writeFile(bucket, file, bytes, object.etag);
  await endRewrite(db, file, { events: after.events, people: after.people, bytes: bytes.length, sha256 });
  return true;
}

const [TS, PERSON, EID] = [placeOf('ts'), placeOf('person'), placeOf('eid')];

/** Whether the person of an event has been erased since it happened. */
function isErased(row: ArchivedRow, erasures: ReadonlyMap<string, number>): boolean {
  return (erasures.get(String(row[PERSON])) ?? -1) >= Number(row[TS]);
}

/** An event of a person who is forgotten: without the alias, and without the client's id, which may tell whose it is. */
function withoutPerson(row: ArchivedRow): ArchivedRow {
  return row[PERSON] === '' ? row : row.with(PERSON, '').with(EID, '');
}

/** One statement finds the files, and one deletes their rows. */
export const STATEMENTS_TO_EXPIRE = 2;

/** Deletes the files that are past their time, and those that a day has no more. */
export async function expireFiles({ db, now, env, report }: Run, budget: TaskBudget): Promise<void> {
  if (!env.ARCHIVE) return;
  while (budget.left >= STATEMENTS_TO_EXPIRE) {
    const files: readonly ArchivePart[] = await oldFiles(db, now, FILES_AT_ONCE);
    if (files.length === 0) return;
    await deleteFiles(env.ARCHIVE, files);
    await deleteRows(db, files);
    if (files.length < FILES_AT_ONCE) return;
  }
  report.more = true;
}
