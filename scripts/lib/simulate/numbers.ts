/** Numbers as the simulation writes them: three digits that mean something, and a unit. */

const UNITS = [
  [1e12, ' trillion'],
  [1e9, ' billion'],
  [1e6, ' million'],
] as const;

/** As 12, 345, 12,300, 1.23 million, 4.56 billion. */
export function amount(value: number): string {
  for (const [size, unit] of UNITS) {
    if (value >= size * 0.9995) return digits(value / size) + unit;
  }
  return digits(value);
}

/** Three significant digits, and no exponent. */
function digits(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en', { maximumSignificantDigits: 3 });
}

const BYTES = [
  [1e12, 'TB'],
  [1e9, 'GB'],
  [1e6, 'MB'],
  [1e3, 'kB'],
] as const;

export function bytes(value: number): string {
  for (const [size, unit] of BYTES) {
    if (value >= size * 0.9995) return `${digits(value / size)} ${unit}`;
  }
  return `${digits(value)} B`;
}

export function percent(share: number): string {
  return `${digits(share * 100)} %`;
}

/** To the cent below a thousand dollars, then to the dollar. */
export function dollars(value: number): string {
  const places = value < 1000 ? 2 : 0;
  return `$${value.toLocaleString('en', { minimumFractionDigits: places, maximumFractionDigits: places })}`;
}
