/** The column of a point that holds an event's field, alone or packed with others. */
import { DIMENSIONS, type DimensionColumn, dimensionOf } from '../model/dimensions.ts';
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

/**
 * What brought a visit. Each event has these of its own page only: an internal page view has none, while an unsampled answer attributes the
 * whole visit to its first event. All other fields of a visit are the same in all of its events, but for its entry and exit pages.
 */
export const ATTRIBUTION_FIELDS: ReadonlySet<DimensionColumn> = new Set(
  // What brought a visit is what brings people, and each of these has a dimension for that.
  [...DIMENSIONS.values()].flatMap(({ column }) => (dimensionOf(`person:first_${column}`) ? [column] : [])),
);
