/** Sums of D1's work. */
import type { Call } from '../../../bench/lib/recorder.ts';
import { rowsOf, statementsIn } from '../../../bench/lib/rows.ts';
import type { Work } from './measured.ts';

export const NOTHING: Work = { statements: 0, rowsRead: 0, rowsWritten: 0 };

export function workOf(calls: readonly Call[]): Work {
  const { read, written } = rowsOf(calls);
  return { statements: statementsIn(calls), rowsRead: read, rowsWritten: written };
}

/** One work, and so many times another. */
export function combined(one: Work, other: Work, count = 1): Work {
  return {
    statements: one.statements + other.statements * count,
    rowsRead: one.rowsRead + other.rowsRead * count,
    rowsWritten: one.rowsWritten + other.rowsWritten * count,
  };
}

export const times = (work: Work, count: number): Work => combined(NOTHING, work, count);
