/**
 * Archives the events of days that are past retention, before they are deleted. The day is closed first, so its events cannot change
 * while they are written. Its files are written part by part, and a run may stop anywhere.
 */
import { type ArchivedRow, placeOf } from '../archive/schema.ts';
import { STATEMENTS_TO_ARCHIVE } from '../env.ts';
import { RAW } from '../model/day-state.ts';
import type { EventKey } from '../model/event.ts';
import {
  beginPart,
  deleteRows,
  endPart,
  eventsAfter,
  hasRow,
  type NextPart,
  unwrittenParts,
} from '../store/archives.ts';
import { deleteFiles, versionOf, writeFile } from '../store/bucket.ts';
import { type ExpiredDay, expiredDays } from '../store/purge.ts';
import { close, PURGE_GRACE, STATEMENTS_TO_PURGE } from './purge.ts';
import type { Run, TaskBudget } from './run.ts';

/** One statement finds the days, and four close one whose rollup is given up. */
export const STATEMENTS_TO_BEGIN = 5;
/** A part takes one statement to begin, one for each page, and one to end. */
const STATEMENTS_A_PART = 3;
/** To find and delete what an earlier state of the day had. */
const STATEMENTS_TO_TIDY = 2;

/** A part ends with the page with which it reaches this size. A page of 20,000 events takes some 600 kB. */
const PART_BYTES = 8_000_000;

/** Archives days until the budget is used up. It leaves as many statements to the purge as that needs. Without a bucket it does nothing. */
export async function archiveExpired(run: Run, all: TaskBudget): Promise<void> {
  const { db, now, env, report } = run;
  if (!env.ARCHIVE) return;
  const budget =
    all.left >= STATEMENTS_TO_ARCHIVE + STATEMENTS_TO_PURGE ? all.less(STATEMENTS_TO_PURGE) : all;
  const limit = Math.floor((budget.left - 1) / STATEMENTS_A_PART);
  const days = await run.tryGlobal('look', 'days to archive', 1, () =>
    expiredDays(db, now, PURGE_GRACE, limit, 'archive'),
  );
  let isDone = days?.length !== limit;
  for (const day of days ?? []) {
    const step = { kind: 'archive', pixel: day.pixel, item: day.day } as const;
    const isArchived = await run.tryForPixel(step, day.attempts, () => archiveDay(run, budget, day));
    if (isArchived === false) isDone = false;
    if (budget.left < STATEMENTS_A_PART || run.isOver) break;
  }
  if (!isDone) report.more = true;
}

/** @returns false if parts are left for the next run. */
async function archiveDay(run: Run, budget: TaskBudget, day: ExpiredDay): Promise<boolean> {
  const { db } = run;
  if (day.raw === RAW.stored) {
    if (budget.left < STATEMENTS_TO_BEGIN - 1) return false;
    // A late event may have arrived since the day was read. The day is then dirty again, and a later run archives it.
    if (!(await close(run, day))) return true;
  }
  while (budget.left >= STATEMENTS_A_PART && !run.isOver) {
    const part = await beginPart(db, day.pixel, day.day);
    if (part !== null) {
      if (!(await writePart(run, budget, day, part))) return true;
      continue;
    }
    if (budget.left < STATEMENTS_TO_TIDY) return false;
    await deleteOutdated(run, day);
    return true;
  }
  return false;
}

/**
 * Writes a part: as many pages as fit into it and into the budget.
 *
 * @returns false if the day has no events, so there is nothing to write.
 */
async function writePart(run: Run, budget: TaskBudget, day: ExpiredDay, part: NextPart): Promise<boolean> {
  const { db, env, now } = run;
  const bucket = env.ARCHIVE as R2Bucket;
  // Read before the events, so that this file replaces none that has been written since.
  const version = await versionOf(bucket, part);
  const { EventFile } = await import('../archive/encode.ts');
  const file = new EventFile();
  let last: EventKey = part.after ?? [day.starts_at, ''];
  let more = true;
  while (more && file.size < PART_BYTES && budget.left > 1) {
    const page = await eventsAfter(db, day.pixel, last, day.ends_at);
    file.add(page.rows);
    last = keyOf(page.rows.at(-1)) ?? last;
    more = page.more;
  }
  if (file.events === 0 && part.part === 0) return false;
  const bytes = file.finish();
  const sha256 = await writeFile(bucket, part, bytes, version);
  const facts = { events: file.events, people: file.people, bytes: bytes.length, sha256 };
  if (await endPart(db, part, facts, last, !more, now)) return true;
  // Either another run has written it, or the pixel has been deleted with its files.
  if (!(await hasRow(db, part))) await deleteFiles(bucket, [part]);
  throw new Error(`part ${part.part} has been written, and is not needed any more`);
}

const [TS, ID] = [placeOf('ts'), placeOf('id')];

function keyOf(row: ArchivedRow | undefined): EventKey | null {
  return row === undefined ? null : [row[TS] as number, row[ID] as string];
}

/** Deletes the parts that an earlier state of a day had, and this one does not. */
async function deleteOutdated({ db, env }: Run, { pixel, day }: ExpiredDay): Promise<void> {
  const parts = await unwrittenParts(db, pixel, day);
  if (parts.length === 0) return;
  await deleteFiles(env.ARCHIVE as R2Bucket, parts);
  await deleteRows(db, parts);
}
