/** The steps of a deploy, in order: nothing of the new version runs before what it needs is there. */
import { accountStep } from './account.ts';
import { editStep } from './edit.ts';
import { bucketsStep, databaseStep, queuesStep } from './resources.ts';
import type { Step } from './step.ts';
import { tablesStep } from './tables.ts';
import { testStep } from './test-step.ts';
import { workerStep } from './worker.ts';

export const STEPS: readonly Step[] = [
  accountStep,
  editStep,
  databaseStep,
  queuesStep,
  bucketsStep,
  // Migrations only add, so the Worker before keeps working with the new tables, and none runs on old ones.
  tablesStep,
  workerStep,
  testStep,
];
