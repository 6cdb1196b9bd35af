/** Numbers and times as sentences have them. */

/** To two significant digits below 100, and without decimals above. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return 'unlimited';
  return value < 100
    ? Number(value.toPrecision(2)).toLocaleString('en', { maximumFractionDigits: 4 })
    : Math.round(value >= 10_000 ? Number(value.toPrecision(3)) : value).toLocaleString('en');
}

export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, value)) / 3)));
  return `${number(value / 1000 ** power)} ${units[power]}`;
}

export const percent = (share: number): string => `${number(share * 100)} %`;

/** A span of milliseconds in its largest unit. */
export function span(milliseconds: number): string {
  const seconds = Math.abs(milliseconds) / 1000;
  const [size, name] = (
    [
      [86_400, 'day'],
      [3_600, 'hour'],
      [60, 'minute'],
    ] as const
  ).find(([unit]) => seconds >= unit) ?? [1, 'second'];
  const count = Math.round(seconds / size);
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
