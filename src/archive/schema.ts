/** The columns of an archived event in a Parquet file: those of an export, in its order. */
import { EXPORTED_EVENTS } from '../model/exported.ts';

/** The values of an event, in the order of `EXPORTED_EVENTS.columns`. */
export type ArchivedRow = readonly (string | number | null)[];

export type ArchivedKind = 'text' | 'json' | 'time' | 'integer' | 'amount';

export interface ArchivedColumn {
  readonly name: string;
  readonly kind: ArchivedKind;
  /** Whether values may be null. */
  readonly nullable: boolean;
}

/** Columns of numbers that every event has. */
const ALWAYS_THERE: readonly string[] = ['authenticated'];

export const ARCHIVED_COLUMNS: readonly ArchivedColumn[] = EXPORTED_EVENTS.columns.map(({ name, kind }) => {
  switch (kind) {
    case 'number':
      return { name, kind: 'integer', nullable: !ALWAYS_THERE.includes(name) };
    case 'amount':
      return { name, kind: 'amount', nullable: true };
    case 'json':
      // Null stands for an event without custom data, since an empty text is no JSON.
      return { name, kind: 'json', nullable: true };
    default:
      return { name, kind, nullable: false };
  }
});

/** The position of a column in a row. */
export const placeOf = (name: string): number => ARCHIVED_COLUMNS.findIndex((column) => column.name === name);
