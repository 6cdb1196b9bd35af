/**
 * Tidies up after imports: continues undoes that nobody continues, lets go of imports that are too old to be undone, and deletes
 * what an undo or an erasure has emptied.
 */
import { deleteEmptyDays, emptyDays, STATEMENTS_TO_DELETE } from '../store/empty-days.ts';
import { importsDue, keepImport } from '../store/imports.ts';
import { beginUndo, STATEMENTS_A_STEP, undoStep } from '../store/undo-imports.ts';
import type { Run, TaskBudget } from './run.ts';

/** Imports that one run works on. */
const IMPORTS_A_RUN = 10;
/** To keep an import, or to begin its undo, and one step of that. */
const STATEMENTS_AN_IMPORT = 2 + STATEMENTS_A_STEP;
/** Most runs only look for work. One that finds some and has no statements left leaves it to the next. */
export const STATEMENTS_TO_LOOK = 1;

export async function tidyImports({ db, now, report }: Run, budget: TaskBudget): Promise<void> {
  const imports = await importsDue(db, now, IMPORTS_A_RUN);
  for (const { pixel, id, state, position } of imports) {
    if (budget.left < STATEMENTS_AN_IMPORT) {
      report.more = true;
      return;
    }
    if (state !== 'undoing' && position > 0) {
      await keepImport(db, pixel, id, now);
      continue;
    }
    if (state !== 'undoing') await beginUndo(db, pixel, id, now);
    let left: number | null = 0;
    while (left !== null && budget.left >= STATEMENTS_A_STEP) left = await undoStep(db, pixel, id);
    if (left !== null) report.more = true;
  }
  if (imports.length === IMPORTS_A_RUN) report.more = true;
}

/** Empty days that are deleted together. */
const DAYS_AT_ONCE = 200;

export async function deleteEmpty({ db, now, report }: Run, budget: TaskBudget): Promise<void> {
  while (budget.left >= 1) {
    const days = await emptyDays(db, now, DAYS_AT_ONCE);
    if (days.length === 0) return;
    if (budget.left < STATEMENTS_TO_DELETE) break;
    await deleteEmptyDays(db, days);
    if (days.length < DAYS_AT_ONCE) return;
  }
  report.more = true;
}
