/**
 * One run of the cron: the statements that it may use, and the outcome of its tasks and their steps. Each is tried by itself. A
 * failure is recorded, is tried again after a wait, and stops no other task or step.
 */
import type { EngineReader } from '../engine/reader.ts';
import { cronStatements, type Env } from '../env.ts';
import { Budget, countStatements } from '../store/budget.ts';
import { count, writeCounts } from '../store/counters.ts';
import { engineOf, hasEngine } from '../store/engine.ts';
import { type FailedItem, readRunStart, recordOutcomes, type TaskKind } from '../store/failed-tasks.ts';

/** Milliseconds after which a run begins no further rollup: the next run is due within minutes. */
const RUN_TIME = 60_000;

/** Statements reserved for the end of a run: failures, recoveries and counters. */
const STATEMENTS_TO_FINISH = 3;

/** The statements that a task may use: the remaining ones, except those reserved for other tasks. */
export class TaskBudget {
  readonly #statements: Budget;
  readonly #reserve: number;

  constructor(statements: Budget, reserve: number) {
    this.#statements = statements;
    this.#reserve = reserve;
  }

  get left(): number {
    return this.#statements.left - this.#reserve;
  }

  /** The same budget without some statements. */
  less(statements: number): TaskBudget {
    return new TaskBudget(this.#statements, this.#reserve + statements);
  }
}

export interface RunReport {
  readonly rolledUp: number;
  /** Tasks and steps that failed. Each is tried again later. */
  readonly failed: number;
  readonly purgedEvents: number;
  readonly deletedSalts: number;
  /** Whether the next run may find work left over from this one. */
  readonly more: boolean;
}

/** Opens Analytics Engine for reading; null if this Worker has neither a binding nor a token. */
export type OpenEngine = (env: Env) => Promise<EngineReader | null>;

const openEngine: OpenEngine = async (env) =>
  hasEngine(env) ? ((await engineOf(env))?.reader ?? null) : null;

export class Run {
  /** The bindings. The database counts its statements. */
  readonly env: Env;
  readonly db: D1Database;
  /** The scheduled time, in epoch milliseconds. */
  readonly now: number;
  /** Statements, and questions of Analytics Engine. */
  readonly statements: Budget;
  /** Reads Analytics Engine. Null as long as it has not answered in this run, and after a failure: its days wait for the next run. */
  engine: EngineReader | null = null;
  readonly #openEngine: OpenEngine;
  readonly report: { -readonly [Field in keyof RunReport]: RunReport[Field] } = {
    rolledUp: 0,
    failed: 0,
    purgedEvents: 0,
    deletedSalts: 0,
    more: false,
  };
  readonly #startedAt = Date.now();
  readonly #failed: (FailedItem & { readonly error: unknown })[] = [];
  readonly #recovered: FailedItem[] = [];
  #hasConversions = true;
  /** When each global step that failed in an earlier run is due again, by kind and item. */
  #retryTimes: ReadonlyMap<string, number> = new Map();

  /** @throws Error when `CRON_STATEMENTS` is not valid. */
  constructor(env: Env, now: number, open: OpenEngine = openEngine) {
    this.#openEngine = open;
    this.statements = new Budget(cronStatements(env) - STATEMENTS_TO_FINISH);
    this.db = countStatements(env.DB, this.statements);
    this.env = { ...env, DB: this.db };
    this.now = now;
  }

  /** Reads which global steps have to wait after a failure. If that fails, none waits. */
  async start(): Promise<void> {
    const start = await this.#attempt({ kind: 'look', pixel: '', item: 'failed tasks' }, () =>
      readRunStart(this.db),
    );
    this.#retryTimes = new Map(
      (start?.failures ?? []).map(({ kind, item, retry_at }) => [`${kind} ${item}`, retry_at]),
    );
    this.#hasConversions = start?.hasConversions ?? true;
  }

  /** Whether the tasks of conversions may have something to do. */
  get hasConversions(): boolean {
    return this.#hasConversions;
  }

  /** Opens Analytics Engine. Each question takes one of the run's statements. */
  async openEngine(): Promise<EngineReader | null> {
    const reader = await this.#openEngine(this.env);
    return (
      reader && {
        rows: (statement) => {
          this.statements.use(1);
          return reader.rows(statement);
        },
      }
    );
  }

  get isOver(): boolean {
    return Date.now() - this.#startedAt > RUN_TIME;
  }

  /**
   * Tries a task, or a step that belongs to no single pixel, unless it has to wait after a failure or its statements are not
   * left.
   *
   * @returns the result of `work`; null if it was not tried or has failed.
   */
  async tryGlobal<T>(
    kind: TaskKind,
    item: string,
    statements: number,
    work: () => Promise<T>,
  ): Promise<T | null> {
    const retryAt = this.#retryTimes.get(`${kind} ${item}`);
    if (this.statements.left < statements || (retryAt !== undefined && retryAt > this.now)) return null;
    const hasFailed = retryAt !== undefined;
    return this.#attempt({ kind, pixel: '', item }, work, hasFailed);
  }

  /**
   * Tries a step that belongs to a pixel.
   *
   * @param attempts how often it has failed since it last succeeded.
   * @returns the result of `work`; null if it has failed.
   */
  async tryForPixel<T>(step: FailedItem, attempts: number, work: () => Promise<T>): Promise<T | null> {
    return this.#attempt(step, work, attempts > 0);
  }

  async #attempt<T>(step: FailedItem, work: () => Promise<T>, hasFailed = false): Promise<T | null> {
    try {
      const result = await work();
      if (hasFailed) this.#recovered.push(step);
      return result;
    } catch (error) {
      this.#failed.push({ ...step, error });
      this.report.failed++;
      const name = [step.kind, step.item].filter((text) => text !== '').join(' ');
      console.error(`cron: ${name}${step.pixel && ` of ${step.pixel}`} failed: ${error}`);
      return null;
    }
  }

  /**
   * Writes the counters and the outcomes of tasks and steps.
   *
   * @throws what D1 throws. Then the run has failed: its failures are recorded nowhere.
   */
  async finish(): Promise<void> {
    count('cron_runs', 1, this.now);
    await writeCounts(this.db);
    const outcomes = recordOutcomes(this.db, this.#failed, this.#recovered, this.now);
    if (outcomes.length > 0) await this.db.batch(outcomes);
  }
}
