/** The days of imported totals that answer a query: those without events of their own. */

/**
 * SQL of imported totals `i` of a dimension, on the days `:imported_from` to `:imported_to` that have no events.
 *
 * @param dimension a name of the registry, or `''`.
 */
export const importedTotals = (dimension: string): string =>
  `imported_rollups i WHERE i.pixel = :pixel AND i.dimension = '${dimension}' AND ${isImported('i.day')}`;

/** SQL for whether a day may be answered by imported totals. */
export const isImported = (day: string): string =>
  `${day} BETWEEN :imported_from AND :imported_to AND NOT EXISTS (SELECT 1 FROM days x WHERE x.pixel = :pixel AND x.day = ${day})`;
