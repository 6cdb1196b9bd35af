/** The format of revenue in answers. */
import { Cache } from '../model/cache.ts';

export interface Revenue {
  readonly value: number;
  /** ISO 4217. */
  readonly currency: string;
  /** For people, such as `€12.5K`. */
  readonly short: string;
  /** For people, such as `€12,500.00`. */
  readonly long: string;
}

/** @param micros millionths of the currency. */
export function revenueOf(micros: number, currency: string): Revenue {
  const value = micros / 1e6;
  return {
    value,
    currency,
    short: format(value, currency, 'short'),
    long: format(value, currency, 'long'),
  };
}

const OPTIONS: Readonly<Record<'short' | 'long', Intl.NumberFormatOptions>> = {
  short: { notation: 'compact', maximumFractionDigits: 1 },
  long: {},
};

/** Creating a format takes as long as formatting a hundred amounts, so formats are cached. */
const formats = new Cache<string, Intl.NumberFormat>(100);

/** An unknown currency code is written unchanged before the number. */
function format(value: number, currency: string, length: 'short' | 'long'): string {
  return formats
    .getOrInsertComputed(
      `${currency} ${length}`,
      () => new Intl.NumberFormat('en-US', { style: 'currency', currency, ...OPTIONS[length] }),
    )
    .format(value);
}
