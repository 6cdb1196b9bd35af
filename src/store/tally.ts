/** Counts the statements of an invocation, of which the free plan has 50 and a batch may take many. */
import { LIMITS } from '../model/limits.ts';

export interface Tally {
  /** The database. Each of its statements is counted when it is made, and runs once. */
  readonly db: D1Database;
  /** Whether another batch may be written, whatever is in it. */
  mayWrite(): boolean;
}

export function tallied(db: D1Database): Tally {
  let made = 0;
  const counted = {
    prepare: (sql: string) => {
      made++;
      return db.prepare(sql);
    },
    batch: <Row>(statements: D1PreparedStatement[]) => db.batch<Row>(statements),
  };
  return {
    db: counted as unknown as D1Database,
    mayWrite: () => made + LIMITS.batchStatements <= LIMITS.statements,
  };
}
