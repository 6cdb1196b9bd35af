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

export function statementsIn(calls: readonly Call[]): number {
  return sum(calls.map(({ statements }) => statements.length));
}
