/**
 * One run of the cron: how many statements it may still use, and what became of its tasks. Each task is tried by itself.
 * One that fails is noted, steps back and holds up no other.
 */
import type { Env } from '../env.ts';
import { count, writeCounts } from '../store/counters.ts';
import { type CommonKind, noteTasks, readCommonFailures, type Task } from '../store/failed-tasks.ts';

/** Milliseconds after which a run begins no further rollup: the next one is due within minutes. */
const RUN_TIME = 60_000;

/** Kept back for the end: what has failed, what has recovered, the counters. */
const TO_FINISH = 3;

export class Run {
  readonly env: Env;
  readonly db: D1Database;
  /** When the run is for, in epoch milliseconds. */
  readonly now: number;
  /** Statements that are left. */
  left: number;
  readonly #started = Date.now();
  readonly #failed: (Task & { readonly error: unknown })[] = [];
  readonly #recovered: Task[] = [];
  /** Common tasks that have failed before, by kind and item, with when each is due. */
  #known: ReadonlyMap<string, number> = new Map();

  constructor(env: Env, now: number, statements: number) {
    this.env = env;
    this.db = env.DB;
    this.now = now;
    this.left = statements - TO_FINISH;
  }

  /** Looks which of the tasks that are of no single pixel step back. When that fails, none does. */
  async begin(): Promise<void> {
    const known = await this.#attempt({ kind: 'look', pixel: '', item: 'failed tasks' }, async () => {
      this.use(1);
      return readCommonFailures(this.db);
    });
    this.#known = new Map((known ?? []).map(({ kind, item, retry_at }) => [`${kind} ${item}`, retry_at]));
  }

  /** Counts statements, before they are sent. */
  use(statements: number): void {
    this.left -= statements;
  }

  get isOver(): boolean {
    return Date.now() - this.#started > RUN_TIME;
  }

  get failures(): number {
    return this.#failed.length;
  }

  /**
   * Tries a task that is of no single pixel, if it is due and there are statements for it. It may tell that it has `used` fewer.
   * @returns what the task returns; null when it was not tried, or failed.
   */
  async common<T>(
    kind: CommonKind,
    item: string,
    statements: number,
    work: () => Promise<T>,
  ): Promise<T | null> {
    const retryAt = this.#known.get(`${kind} ${item}`);
    if (this.left < statements || (retryAt !== undefined && retryAt > this.now)) return null;
    const task = { kind, pixel: '', item };
    return this.#attempt(task, async () => {
      this.use(statements);
      const result = await work();
      if (typeof result === 'object' && result !== null && 'used' in result) {
        this.use(Number(result.used) - statements);
      }
      if (retryAt !== undefined) this.#recovered.push(task);
      return result;
    });
  }

  /** Tries a task of a pixel. It counts its statements itself. @param attempts how often it has failed before. */
  async of<T>(task: Task, attempts: number, work: () => Promise<T>): Promise<T | null> {
    return this.#attempt(task, async () => {
      const result = await work();
      if (attempts > 0) this.#recovered.push(task);
      return result;
    });
  }

  async #attempt<T>(task: Task, work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      this.#failed.push({ ...task, error });
      console.error(`cron: ${task.kind} ${task.item}${task.pixel && ` of ${task.pixel}`} failed: ${error}`);
      return null;
    }
  }

  /**
   * Writes what became of the tasks.
   * @throws what D1 throws: a run of which nothing can be noted has failed.
   */
  async finish(): Promise<void> {
    count('cron_runs', 1, this.now);
    await writeCounts(this.db);
    const notes = noteTasks(this.db, this.#failed, this.#recovered, this.now);
    if (notes.length > 0) await this.db.batch(notes);
  }
}
