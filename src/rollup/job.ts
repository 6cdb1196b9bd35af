/**
 * The cron job. It rolls up finished days that have changed, deletes raw events past retention, and cleans up. It replaces numbers
 * and never adds to them. So two runs may overlap, and a run may be late by a week. The next run continues work beyond the
 * statements of a run, and failed tasks are tried again later.
 */
import { type Env, STATEMENTS_TO_ARCHIVE } from '../env.ts';
import { type OpenEngine, Run, type RunReport, TaskBudget } from './run.ts';
import { type CronTask, LEAST_AT_FIRST, LEAST_AT_LAST, TASKS } from './tasks.ts';

/** @throws Error when `CRON_STATEMENTS` is not valid; and what D1 throws if the outcome of the run cannot be recorded. */
export async function runJob(
  env: Env,
  now: number,
  tasks = TASKS,
  openEngine?: OpenEngine,
): Promise<RunReport> {
  const run = new Run(env, now, openEngine);
  await run.start();
  const stage = (name: CronTask['stage']): CronTask[] =>
    tasks.filter((task) => task.stage === name && task.when(now) && (task.hasWork?.(run) ?? true));
  const hourly = rotated(stage('hourly'), now);
  const last = LEAST_AT_LAST + (env.ARCHIVE ? STATEMENTS_TO_ARCHIVE : 0);
  /** The statements to reserve for later tasks. This task keeps at least `least`. */
  const reserveFor = (later: readonly CronTask[], least: number): number =>
    last + Math.min(leastOf(later), Math.max(0, run.statements.left - last - least));

  const reserve = reserveFor(hourly, LEAST_AT_FIRST);
  for (const task of stage('first')) await runTask(run, task, reserve);
  for (const [index, task] of hourly.entries()) {
    await runTask(run, task, reserveFor(hourly.slice(index + 1), task.least));
  }
  for (const task of stage('last')) await runTask(run, task, 0);
  await run.finish();
  return run.report;
}

async function runTask(run: Run, task: CronTask, reserve: number): Promise<void> {
  const budget = new TaskBudget(run.statements, reserve);
  if (budget.left < task.least) {
    // Tasks of the first stage set `more` themselves, and the next run begins with them.
    if (task.stage !== 'first') run.report.more = true;
    return;
  }
  await run.tryGlobal(task.name, '', task.least, () => task.run(run, budget));
}

/** Begins with another task each hour, so that all tasks run even with a small budget. */
function rotated(tasks: readonly CronTask[], now: number): readonly CronTask[] {
  const first = tasks.length === 0 ? 0 : Math.floor(now / 3_600_000) % tasks.length;
  return [...tasks.slice(first), ...tasks.slice(0, first)];
}

function leastOf(tasks: readonly CronTask[]): number {
  return tasks.reduce((sum, { least }) => sum + least, 0);
}
