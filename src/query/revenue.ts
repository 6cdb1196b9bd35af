/** How an amount of money is answered. */
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

/** A format takes as long to make as a hundred amounts to write. */
const formats = new Cache<string, Intl.NumberFormat>(100);

/** A code that no list knows is written before the number as it is. */
function format(value: number, currency: string, length: 'short' | 'long'): string {
  return formats
    .getOrInsertComputed(
      `${currency} ${length}`,
      () => new Intl.NumberFormat('en-US', { style: 'currency', currency, ...OPTIONS[length] }),
    )
    .format(value);
}
