/** The SQL that rolls up a local day from its events: at once, or slice by slice. */
import { COUNTS } from '../model/metrics.ts';
import { ALL_SLICES_DONE, FIRST_PART } from '../store/days.ts';
import { GOALS } from './goals.sql.ts';
import { deleteVanished, folded, isThere, sums, upsert } from './kept-rows.sql.ts';
import { PROPERTIES, PROPERTY_TERMS } from './properties.sql.ts';
import { STRETCHES } from './stretches.sql.ts';
import { sumOf } from './sums.sql.ts';
import { MIXED, MORE_OF_VISITS, SALES, VALUE_TERMS, VISIT_DIMENSIONS } from './values.sql.ts';
import { numberedEvents, visits } from './visits.sql.ts';

/**
 * A day of fewer events is cheap enough to be answered from them while it changes. Of a larger one, an older rollup has to
 * do until the next; while it is open, it has one every hour.
 */
export const LIVE_EVENTS = 50_000;

/** A statement may have five terms in a UNION, but each may be a UNION again. */
function unionAll(terms: readonly string[]): string {
  if (terms.length <= 5) return terms.join('\n  UNION ALL\n  ');
  const size = Math.max(5, Math.ceil(terms.length / 5));
  const groups: string[] = [];
  for (let at = 0; at < terms.length; at += size) {
    groups.push(`SELECT * FROM (\n  ${unionAll(terms.slice(at, at + size))})`);
  }
  return unionAll(groups);
}

const ROLLUP_COLUMNS = ['page', 'hostname', 'currency', 'value', 'props', 'engaged', 'scroll'];

/** What has revenue has sales, so that revenue need not be looked at. */
const isAnything = `HAVING ${COUNTS.filter((count) => count !== 'revenue')
  .map((count) => `sum(${count}) <> 0`)
  .join(' OR ')}`;

/**
 * The rollup of a slice of one local day `?6`: pixel `?1`, its segments `?2`, the pixel's goals `?3`. Its visitors are those from
 * `?4` on and before `?5`. They lie in one slice only, so the counts of slices add up to the day's.
 */
const SLICE = `
  WITH ${STRETCHES},
  ${GOALS},
  ${numberedEvents({ source: 'stretch', columns: ROLLUP_COLUMNS, where: 'e.visitor >= ?4 AND e.visitor < ?5', oneDay: true })},
  ${visits(VISIT_DIMENSIONS, MORE_OF_VISITS)},
  ${MIXED},
  ${SALES},
  ${PROPERTIES},
  summed AS MATERIALIZED (
    SELECT dimension, value, currency, ${sums}
    FROM (${unionAll([...VALUE_TERMS, ...PROPERTY_TERMS])})
    GROUP BY dimension, value, currency
    ${isAnything})`;

/** Rolls up a day of one slice: parameters as of `SLICE`. */
export const ROLL_UP_DAY = `${SLICE}, ${folded()} ${upsert('day', '?6', isThere('?6'))}`;

/** Rows that are kept together: with the longest values there are, they stay within the 2 MB that D1 takes. */
const ROWS_A_PART = 400;

/** How often more values, currencies and rows of revenue a slice keeps than a day. */
const MORE_OF_A_SLICE = 10;

/** Keeps the rows of slice `?7` of `?8` of day `?6` until all are there, if it is this one's turn. */
export const KEEP_SLICE = `${SLICE}, ${folded(MORE_OF_A_SLICE)}
  INSERT OR REPLACE INTO rollup_slices (pixel, day, slice, part, counts)
  SELECT ?1, ?6, ?7, part, jsonb_group_array(jsonb_array(dimension, value, currency, ${COUNTS.join(', ')}))
  FROM (SELECT *, ${FIRST_PART} + (row_number() OVER () - 1) / ${ROWS_A_PART} AS part FROM folded)
  WHERE ${isThere('?6', 'slice = ?7 AND slices = ?8')}
  GROUP BY part`;

/** Rolls up day `?2` of pixel `?1` from its slices, if all are there. */
export const ROLL_UP_SLICES = `
  WITH summed AS MATERIALIZED (
    SELECT row ->> 0 AS dimension, row ->> 1 AS value, row ->> 2 AS currency,
      ${COUNTS.map((count, index) => `${sumOf(count, `(row ->> ${index + 3})`)} AS ${count}`).join(', ')}
    FROM (
      SELECT jsonb(j.value) AS row
      FROM rollup_slices s CROSS JOIN json_each(s.counts) j
      WHERE s.pixel = ?1 AND s.day = ?2
      LIMIT -1)
    GROUP BY 1, 2, 3),
  ${folded()} ${upsert('day', '?2', isThere('?2', ALL_SLICES_DONE))}`;

export const DELETE_SLICES = 'DELETE FROM rollup_slices WHERE pixel = ?1 AND day = ?2';

/** The same, unless the day has been begun anew. */
export const DELETE_USED_SLICES = `${DELETE_SLICES} AND NOT ${isThere('?2', 'slices > 0')}`;

export const DELETE_VANISHED = deleteVanished('day');

/** The characters that a visitor hash begins with, in order. */
const HASH_CHARACTERS = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';

/** From which visitor on, and before which, a slice of so many goes. */
export function sliceBounds(slice: number, slices: number): readonly [from: string, before: string] {
  const bound = (at: number): string =>
    HASH_CHARACTERS[Math.floor((HASH_CHARACTERS.length * at) / slices)] ?? '\u{10ffff}';
  return [slice === 0 ? '' : bound(slice), bound(slice + 1)];
}
