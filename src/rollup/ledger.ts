/** Ends conversions that wait too long, and deletes what is kept of others past its time. */
import { cleanLedger, LEDGER_STEPS } from '../store/ledger-clean-up.ts';
import type { Run, TaskBudget } from './run.ts';

/** Rows of one statement. */
export const LEDGER_CHUNK = 5000;

export const STATEMENTS_TO_TIDY_LEDGER = LEDGER_STEPS.length;

/** Some steps read whole tables, so run it once an hour. */
export async function tidyLedger(run: Run, budget: TaskBudget): Promise<void> {
  for (const step of LEDGER_STEPS) {
    let hasMore: boolean | null = true;
    while (hasMore) {
      if (budget.left < 1) {
        run.report.more = true;
        return;
      }
      hasMore = await run.tryGlobal('ledger', step, 1, () =>
        cleanLedger(run.db, step, run.now, LEDGER_CHUNK),
      );
    }
  }
}
