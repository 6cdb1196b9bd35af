/** Encodes segments of plain lists of values, for tests of what reads them. */
import { encodeSegment as encode, rowsOf } from '../../src/columns/encode.ts';
import { COLUMNS, type ColumnFormat } from '../../src/columns/format.ts';
import type { SegmentDay, SegmentRow, Value } from '../../src/columns/segment.ts';

/** The values of columns, one for each row. Columns of visits are as long as `visit:rows`, the others as long as `event:name`. */
export type Values = Readonly<Record<string, readonly Value[]>>;

/** A day for segments whose times do not matter. */
export const SOME_DAY: SegmentDay = {
  day: '2026-11-24',
  rolls: 1,
  stretches: [{ start: Date.UTC(2026, 10, 24), end: Date.UTC(2026, 10, 25), offset: 0 }],
};

/** The rows of a segment: the header first, then the columns. */
export function encodeSegment(
  values: Values,
  sizes: { visits: number; events: number } = sizesOf(values),
  days: readonly SegmentDay[] = [SOME_DAY],
): SegmentRow[] {
  const columns = Object.entries(values).map(([name, column]) => {
    if (COLUMNS.get(name)?.kind === 'codes') {
      return [name, { values: null, codes: Uint32Array.from(column, Number) }] as const;
    }
    const different = [...new Set(column)];
    const codes = new Map(different.map((value, code) => [value, code]));
    return [
      name,
      { values: different, codes: Uint32Array.from(column, (value) => codes.get(value) ?? 0) },
    ] as const;
  });
  return rowsOf(encode(days, sizes, columns));
}

function sizesOf(values: Values): { visits: number; events: number } {
  const lengthOf = (of: ColumnFormat['of']): number =>
    Math.max(
      0,
      ...Object.entries(values).map(([name, { length }]) => (COLUMNS.get(name)?.of === of ? length : 0)),
    );
  return { visits: lengthOf('visit'), events: lengthOf('event') };
}
