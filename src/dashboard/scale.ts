/** The geometry of charts: round numbers for the axis, and SVG paths through points. */

export type Scale = (value: number) => number;

/** A line with gaps where values are null. A value between two gaps is a dot. */
export function linePath(values: readonly (number | null)[], x: Scale, y: Scale): string {
  let path = '';
  let pen = 'M';
  values.forEach((value, index) => {
    if (value === null) {
      pen = 'M';
      return;
    }
    const isAlone = pen === 'M' && (values[index + 1] ?? null) === null;
    path += `${pen}${x(index).toFixed(1)} ${y(value).toFixed(1)}${isAlone ? 'h0' : ''}`;
    pen = 'L';
  });
  return path;
}

export function areaPath(values: readonly (number | null)[], x: Scale, y: Scale): string {
  if (values.length < 2 || values.includes(null)) return '';
  return `${linePath(values, x, y)}L${x(values.length - 1).toFixed(1)} ${y(0)}L${x(0).toFixed(1)} ${y(0)}Z`;
}

/** Three to five round numbers from 0 to at least `max`. */
export function ticksUpTo(max: number): number[] {
  if (max <= 0) return [0, 1];
  const size = 10 ** Math.floor(Math.log10(max / 3));
  const step = [1, 2, 2.5, 5, 10].map((times) => times * size).find((one) => max / one <= 4) ?? size * 10;
  return Array.from(
    { length: Math.ceil(max / step) + 1 },
    (_, index) => Math.round(index * step * 1e6) / 1e6,
  );
}
