/** How an amount of money is answered. */

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
    short: format(value, currency, { notation: 'compact', maximumFractionDigits: 1 }),
    long: format(value, currency, {}),
  };
}

/** A code that no list knows is written before the number as it is. */
function format(value: number, currency: string, options: Intl.NumberFormatOptions): string {
  return new Intl.NumberFormat('en-US', { style: 'currency', currency, ...options }).format(value);
}
