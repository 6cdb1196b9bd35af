/** Counts what an invocation uses: statements, of which the free plan has 50 and a batch may take many, and points. */
import { LIMITS } from '../model/limits.ts';

/** The points that Analytics Engine takes an invocation. The local runtime does not check. */
const MAX_POINTS = 250;

export interface Points {
  left: number;
}

export interface Tally {
  /** The database. Each of its statements is counted when it is made, and runs once. */
  readonly db: D1Database;
  /** Points that Analytics Engine still takes. */
  readonly points: Points;
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
    points: { left: MAX_POINTS },
    mayWrite: () => made + LIMITS.batchStatements <= LIMITS.statements,
  };
}
