/** Where charts put their lines: round numbers for the axis, and paths through points. */

export type Scale = (value: number) => number;

/** A line that breaks where a value is not known. One between two that are not is a dot. */
export function linePath(values: readonly (number | null)[], x: Scale, y: Scale): string {
  let path = '';
  let pen = 'M';
  values.forEach((value, place) => {
    if (value === null) {
      pen = 'M';
      return;
    }
    const isAlone = pen === 'M' && (values[place + 1] ?? null) === null;
    path += `${pen}${x(place).toFixed(1)} ${y(value).toFixed(1)}${isAlone ? 'h0' : ''}`;
    pen = 'L';
  });
  return path;
}

export function areaPath(values: readonly (number | null)[], x: Scale, y: Scale): string {
  if (values.length < 2 || values.includes(null)) return '';
  return `${linePath(values, x, y)}L${x(values.length - 1).toFixed(1)} ${y(0)}L${x(0).toFixed(1)} ${y(0)}Z`;
}

/** Round numbers from 0 to at least `most`, three to five of them. */
export function ticksUpTo(most: number): number[] {
  if (most <= 0) return [0, 1];
  const size = 10 ** Math.floor(Math.log10(most / 3));
  const step = [1, 2, 2.5, 5, 10].map((times) => times * size).find((one) => most / one <= 4) ?? size * 10;
  return Array.from(
    { length: Math.ceil(most / step) + 1 },
    (_, place) => Math.round(place * step * 1e6) / 1e6,
  );
}
