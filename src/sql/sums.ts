/** The SQL of sums over counts that a client's numbers go into. They are exact, and never fail. */

/** The greatest sum, in millionths; its negative is the least. */
export const GREATEST_SUM = 2n ** 63n - 1n;

/** The halves of a 64-bit integer: `x = (x >> 32) * 2^32 + (x & LOW)`, whatever its sign. */
const LOW = 2 ** 32 - 1;
const GREATEST_HIGH = 2 ** 31 - 1;

/**
 * The sum of integers `x` of a group. SQLite's `sum()` fails past 2^63, which a thousand amounts reach. Here the halves of
 * each are summed apart, so that no sum of less than 2^31 rows overflows: it is exact up to `GREATEST_SUM`, and past that
 * it is `GREATEST_SUM`. Null for no rows, as `sum()` is.
 */
export function saturatingSum(x: string): string {
  return ofHalves(...halfSums(x));
}

/** The sums of the upper and lower halves of integers `x` of a group, which may be added to others and taken from them. */
export function halfSums(x: string): readonly [high: string, low: string] {
  return [`sum(${x} >> 32)`, `sum(${x} & ${LOW})`];
}

/** The sum that sums of halves are of, up to `GREATEST_SUM`. */
export function ofHalves(highs: string, lows: string): string {
  const high = `(${highs} + (${lows} >> 32))`;
  return `CASE
    WHEN ${high} > ${GREATEST_HIGH} THEN ${GREATEST_SUM}
    WHEN ${high} < -${GREATEST_HIGH + 1} THEN -${GREATEST_SUM}
    ELSE max((${high} << 32) | (${lows} & ${LOW}), -${GREATEST_SUM}) END`;
}

/**
 * The sum of a count over rows. Only amounts of money can be so large that their sum may not fit: all else is a number of
 * events, or at most a day in milliseconds an event.
 */
export const sumOf = (count: string, x: string = count): string =>
  count === 'revenue' ? saturatingSum(x) : `sum(${x})`;
