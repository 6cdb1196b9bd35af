/** The SQL that rolls up a local day from its events: in one statement, or slice by slice. */
import { LAST, VISITOR_CHARACTERS } from '../engine/point.ts';
import { COUNTS } from '../model/metrics.ts';
import { GOALS } from '../sql/goals.ts';
import { STRETCHES } from '../sql/stretches.ts';
import { sumOf } from '../sql/sums.ts';
import { unionAll } from '../sql/union.ts';
import { numberedEvents, visits } from '../sql/visits.ts';
import { ALL_SLICES_DONE, FIRST_PART } from '../store/days.ts';
import { PROPERTIES, PROPERTY_TERMS } from './properties.sql.ts';
import { deleteVanished, isThere, rollupRowsCtes, sums, upsert } from './stored-rows.sql.ts';
import {
  EVENT_DIMENSIONS,
  MIXED,
  MORE_OF_VISITS,
  SALES,
  VALUE_TERMS,
  VISIT_DIMENSIONS,
} from './values.sql.ts';

/** The columns of events that a rollup reads. `visits` reads the columns of visit dimensions. */
const ROLLUP_COLUMNS = [
  ...EVENT_DIMENSIONS.map(({ column }) => column),
  ...['value', 'props', 'engaged', 'scroll'],
];

/** SQL for whether an event is of a visitor of the slice whose bounds are `:from` and `:before`. */
export const inSlice = (event: string): string => `${event}.visitor >= :from AND ${event}.visitor < :before`;

/** A row with revenue has sales too, so the condition skips revenue. */
const isAnything = `HAVING ${COUNTS.filter((count) => count !== 'revenue')
  .map((count) => `sum(${count}) <> 0`)
  .join(' OR ')}`;

/**
 * The rollup of a slice of local day `:day`: pixel `:pixel`, the day's segments `:stretches`, the pixel's goals `:goals`. Its
 * visitors are those from `:from` on and before `:before`. A visitor is in one slice only, so the counts of slices add up to the
 * day's.
 */
const SLICE = `
  WITH ${STRETCHES},
  ${GOALS},
  ${numberedEvents({ source: 'stretch', columns: ROLLUP_COLUMNS, where: inSlice, oneDay: true })},
  ${visits(VISIT_DIMENSIONS, MORE_OF_VISITS)},
  ${MIXED},
  ${SALES},
  ${PROPERTIES},
  value_counts AS MATERIALIZED (
    SELECT dimension, value, currency, ${sums}
    FROM (${unionAll([...VALUE_TERMS, ...PROPERTY_TERMS])})
    GROUP BY dimension, value, currency
    ${isAnything})`;

/** Rolls up a day of one slice. Its parameters are those of `SLICE`. */
export const ROLL_UP_DAY = `${SLICE}, ${rollupRowsCtes()} ${upsert('day', isThere())}`;

/** Rows stored together. Even with values of the greatest length, they fit into the 2 MB that D1 allows for a row. */
const ROWS_A_PART = 400;

/** The factor by which a slice stores more values, currencies and rows of revenue than a day. */
const SLICE_LIMIT_FACTOR = 10;

/** Stores the rows of slice `:slice` of `:slices`, if it is the next slice of the day. */
export const STORE_SLICE = `${SLICE}, ${rollupRowsCtes(SLICE_LIMIT_FACTOR)}
  INSERT OR REPLACE INTO rollup_slices (pixel, day, slice, part, counts)
  SELECT :pixel, :day, :slice, part, jsonb_group_array(jsonb_array(dimension, value, currency, ${COUNTS.join(', ')}))
  FROM (SELECT *, ${FIRST_PART} + (row_number() OVER () - 1) / ${ROWS_A_PART} AS part FROM rollup_row)
  WHERE ${isThere('slice = :slice AND slices = :slices')}
  GROUP BY part`;

/** The parts that a list of rows may take. */
const PARTS_A_LIST = 10_000;

/** Stores the rows of list `:rows`, the list `:list` of a slice, as `STORE_SLICE` does: dimension, value, currency and counts. */
export const STORE_SLICE_ROWS = `
  INSERT OR REPLACE INTO rollup_slices (pixel, day, slice, part, counts)
  SELECT :pixel, :day, :slice, ${FIRST_PART} + :list * ${PARTS_A_LIST} + key / ${ROWS_A_PART} AS part, jsonb_group_array(jsonb(value))
  FROM json_each(:rows)
  WHERE ${isThere('slice = :slice AND slices = :slices')}
  GROUP BY part`;

/** Rolls up day `:day` of pixel `:pixel` from its slices, if all of them are stored. */
export const ROLL_UP_SLICES = `
  WITH value_counts AS MATERIALIZED (
    SELECT row ->> 0 AS dimension, row ->> 1 AS value, row ->> 2 AS currency,
      ${COUNTS.map((count, index) => `${sumOf(count, `(row ->> ${index + 3})`)} AS ${count}`).join(', ')}
    FROM (
      SELECT jsonb(j.value) AS row
      FROM rollup_slices s CROSS JOIN json_each(s.counts) j
      WHERE s.pixel = :pixel AND s.day = :day
      LIMIT -1)
    GROUP BY 1, 2, 3),
  ${rollupRowsCtes()} ${upsert('day', isThere(ALL_SLICES_DONE))}`;

export const DELETE_SLICES = 'DELETE FROM rollup_slices WHERE pixel = :pixel AND day = :day';

/** Deletes a day's slices, unless another run has started the day again. */
export const DELETE_USED_SLICES = `${DELETE_SLICES} AND NOT ${isThere('slices > 0')}`;

export const DELETE_VANISHED = deleteVanished('day');

/** The slices whose bounds are single characters. More slices have bounds of two. */
const MAX_COARSE_SLICES = VISITOR_CHARACTERS.length;
/** The most slices of a day. */
export const MAX_SLICES = MAX_COARSE_SLICES ** 2;

/** The bounds of a slice's visitors: `from` is included, `before` is not. */
export function sliceBounds(
  slice: number,
  slices: number,
): { readonly from: string; readonly before: string } {
  const base = VISITOR_CHARACTERS.length;
  const bound = (at: number): string => {
    if (at >= slices) return LAST;
    if (slices <= MAX_COARSE_SLICES) return VISITOR_CHARACTERS[Math.floor((base * at) / slices)] as string;
    const place = Math.floor((MAX_SLICES * at) / slices);
    return `${VISITOR_CHARACTERS[Math.floor(place / base)]}${VISITOR_CHARACTERS[place % base]}`;
  };
  return { from: slice === 0 ? '' : bound(slice), before: bound(slice + 1) };
}
