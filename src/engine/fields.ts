/** The column of a point that holds an event's field, alone or packed with others. */
import type { DimensionColumn } from '../model/dimensions.ts';
import { BLOBS } from './point.ts';

const PLACES: ReadonlyMap<string, { readonly column: string; readonly place: number | null }> = new Map(
  BLOBS.flatMap((fields, index) =>
    fields.map((field, place) => [
      field,
      { column: `blob${index + 1}`, place: fields.length === 1 ? null : place },
    ]),
  ),
);

function placeOf(field: DimensionColumn): { readonly column: string; readonly place: number | null } {
  const found = PLACES.get(field);
  if (!found) throw new Error(`points have no ${field}`);
  return found;
}

export const columnOfField = (field: DimensionColumn): string => placeOf(field).column;

/** Whether a column has further fields, so that a condition on one of them needs the column's texts. */
export const isPacked = (field: DimensionColumn): boolean => placeOf(field).place !== null;

/** The field in the text of its column. */
export function textOfField(field: DimensionColumn, text: string): string {
  const { place } = placeOf(field);
  return place === null ? text : (text.split('\n')[place] ?? '');
}
