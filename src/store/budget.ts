/** What an invocation may still use: statements of D1, of which the free plan has 50, and data points of Analytics Engine. */
import { LIMITS } from '../model/limits.ts';

/** The data points that an invocation may write. The local runtime does not check. */
const DATA_POINTS = 250;

/** The amount that may still be used. It falls below zero if a caller uses more. */
export class Budget {
  #left: number;

  constructor(amount: number) {
    this.#left = amount;
  }

  get left(): number {
    return this.#left;
  }

  use(amount: number): void {
    this.#left -= amount;
  }
}

/** A database that takes one from a budget for each statement it prepares. Run each statement once. */
export function countStatements(db: D1Database, statements: Budget): D1Database {
  const counted = {
    prepare: (sql: string) => {
      statements.use(1);
      return db.prepare(sql);
    },
    batch: <Row>(batch: D1PreparedStatement[]) => db.batch<Row>(batch),
  };
  return counted as unknown as D1Database;
}

export interface InvocationBudget {
  /** The database, which counts its statements. */
  readonly db: D1Database;
  readonly statements: Budget;
  readonly points: Budget;
}

export function invocationBudget(db: D1Database): InvocationBudget {
  const statements = new Budget(LIMITS.statements);
  return { db: countStatements(db, statements), statements, points: new Budget(DATA_POINTS) };
}

/** Whether enough statements are left for one more batch, whatever it holds. */
export function canWriteBatch({ statements }: InvocationBudget): boolean {
  return statements.left >= LIMITS.batchStatements;
}
