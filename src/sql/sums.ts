/** The SQL of sums over counts. Clients send some of these numbers, so the sums must be exact and must not overflow. */

/** The greatest sum, in millionths; its negative is the least. */
export const GREATEST_SUM = 2n ** 63n - 1n;

/** The halves of a 64-bit integer: `x = (x >> 32) * 2^32 + (x & LOW)`, whatever its sign. */
const LOW = 2 ** 32 - 1;
const GREATEST_HIGH = 2 ** 31 - 1;

/**
 * The sum of integers `x` of a group. SQLite's `sum()` fails beyond 2^63, which a thousand amounts can reach. This sum adds up
 * the halves of each integer separately, so fewer than 2^31 rows cannot overflow. It is exact up to `GREATEST_SUM`; a greater sum
 * becomes `GREATEST_SUM`. Null for no rows, as with `sum()`.
 */
export function saturatingSum(x: string): string {
  return ofHalves(...halfSums(x));
}

/** The sums of the upper and lower halves of integers `x` of a group. Such sums can be added and subtracted. */
export function halfSums(x: string): readonly [high: string, low: string] {
  return [`sum(${x} >> 32)`, `sum(${x} & ${LOW})`];
}

/** The complete sum, from the sums of halves. At most `GREATEST_SUM`. */
export function ofHalves(highs: string, lows: string): string {
  const high = `(${highs} + (${lows} >> 32))`;
  return `CASE
    WHEN ${high} > ${GREATEST_HIGH} THEN ${GREATEST_SUM}
    WHEN ${high} < -${GREATEST_HIGH + 1} THEN -${GREATEST_SUM}
    ELSE max((${high} << 32) | (${lows} & ${LOW}), -${GREATEST_SUM}) END`;
}

/**
 * The sum of a count over rows. Only sums of money can overflow. Every other count is a number of events, or a duration of at
 * most a day in milliseconds per event.
 */
export const sumOf = (count: string, x: string = count): string =>
  count === 'revenue' ? saturatingSum(x) : `sum(${x})`;
