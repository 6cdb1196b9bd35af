/** Amounts as they are answered, and what it takes to write many of them. */
import { expect, it, vi } from 'vitest';
import { revenueOf } from '../../src/query/revenue.ts';

it('writes an amount in its currency, short and long', () => {
  expect(revenueOf(12_500_000_000, 'EUR')).toEqual({
    value: 12_500,
    currency: 'EUR',
    short: '€12.5K',
    long: '€12,500.00',
  });
});

it('makes two formats of each currency, however many amounts there are', () => {
  const made = vi.spyOn(Intl, 'NumberFormat');
  for (let amount = 0; amount < 500; amount++) {
    for (const currency of ['SEK', 'NOK', 'DKK']) revenueOf(amount * 1e6, currency);
  }
  expect(made.mock.calls.length).toBe(6);
  made.mockRestore();
});
