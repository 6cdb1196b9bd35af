/** What D1 counts of statements. */
import type { Call } from './recorder.ts';
import { sum } from './statistics.ts';

/** Rows that D1 has read and written. */
export interface Rows {
  readonly read: number;
  readonly written: number;
}

export function rowsOf(calls: readonly Call[]): Rows {
  const statements = calls.flatMap((call) => call.statements);
  return {
    read: sum(statements.map(({ rowsRead }) => rowsRead)),
    written: sum(statements.map(({ rowsWritten }) => rowsWritten)),
  };
}

/** The rows of the statements about one table, as what they do names it. */
export function rowsOn(calls: readonly Call[], table: string): Rows {
  return rowsOf(
    calls.map((call) => ({
      ...call,
      statements: call.statements.filter(({ does }) => does.endsWith(` ${table}`)),
    })),
  );
}

export function statementsIn(calls: readonly Call[]): number {
  return sum(calls.map(({ statements }) => statements.length));
}
