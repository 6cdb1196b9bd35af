/** The geometry of charts: round numbers for the axis, and SVG paths through points. */

export type Scale = (value: number) => number;

/** A line with gaps where values are null. */
export function linePath(values: readonly (number | null)[], x: Scale, y: Scale): string {
  let path = '';
  let pen = 'M';
  values.forEach((value, index) => {
    if (value === null) {
      pen = 'M';
      return;
    }
    path += `${pen}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = 'L';
  });
  return path;
}

/** The indexes of values between two gaps, which no line shows. */
export function lonePoints(values: readonly (number | null)[]): number[] {
  const isGap = (index: number): boolean => (values[index] ?? null) === null;
  return [...values.keys()].filter((index) => !isGap(index) && isGap(index - 1) && isGap(index + 1));
}

export function areaPath(values: readonly (number | null)[], x: Scale, y: Scale): string {
  if (values.length < 2 || values.includes(null)) return '';
  return `${linePath(values, x, y)}L${x(values.length - 1).toFixed(1)} ${y(0)}L${x(0).toFixed(1)} ${y(0)}Z`;
}

/**
 * Two to five round numbers from 0 to at least `max`.
 *
 * @param isWhole whether values are integers, so that numbers between them mean nothing.
 */
export function ticksUpTo(max: number, isWhole: boolean): number[] {
  if (max <= 0) return [0, 1];
  const size = 10 ** Math.floor(Math.log10(max / 3));
  const steps = [1, 2, 2.5, 5, 10].map((times) => times * size);
  const step =
    steps.find((one) => max / one <= 4 && !(isWhole && one % 1 !== 0)) ?? (isWhole ? 1 : size * 10);
  return Array.from(
    { length: Math.ceil(max / step) + 1 },
    (_, index) => Math.round(index * step * 1e6) / 1e6,
  );
}
