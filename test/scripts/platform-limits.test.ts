/** The table of Cloudflare's limits and prices has what its readers rely on. */
import { describe, expect, it } from 'vitest';
import {
  billedAs,
  includedOf,
  PLATFORM_FIGURES,
  type PlatformFigure,
  platformLimit,
  priceOf,
} from '../../scripts/lib/platform-limits.ts';

const figures: readonly PlatformFigure[] = PLATFORM_FIGURES;
const plansOf = ({ plan }: PlatformFigure): string[] => (plan === 'all' ? ['free', 'paid'] : [plan]);

describe('the table of limits and prices', () => {
  it.each(figures)('has a value and a source for the $kind of $name ($plan)', (figure) => {
    expect(figure.value).toBeGreaterThan(0);
    expect(Number.isFinite(figure.value)).toBe(true);
    expect(figure.unit).not.toBe('');
    expect(figure.source).toMatch(/^https:\/\/developers\.cloudflare\.com\/[\w/-]+\/$/);
  });

  it('has one figure for each name, kind and plan', () => {
    const keys = figures.flatMap((one) => plansOf(one).map((plan) => `${one.kind} ${one.name} ${plan}`));
    expect(keys).toEqual([...new Set(keys)]);
  });

  it('has a price in dollars for whatever a plan includes, in the same unit', () => {
    for (const { name, unit } of figures.filter(({ kind }) => kind === 'included')) {
      const price = figures.find((one) => one.kind === 'price' && one.name === name);
      expect(price?.unit, name).toMatch(/^\$\//);
      const [thing = ''] = unit.split('/');
      expect(price?.unit.replace('GB', 'bytes').replace('database ', 'databases '), name).toContain(thing);
    }
  });

  it('allows on the paid plan at least what the free plan allows', () => {
    for (const { name, value } of figures.filter(({ kind, plan }) => kind === 'limit' && plan === 'free')) {
      const paid = figures.find((one) => one.kind === 'limit' && one.name === name && one.plan === 'paid');
      if (paid) expect(paid.value, name).toBeGreaterThanOrEqual(value);
    }
  });
});

it('limits, allowances and prices are looked up by plan', () => {
  expect(platformLimit('d1 database size', 'free')).toBe(500e6);
  expect(platformLimit('d1 database size', 'paid')).toBe(10e9);
  expect(platformLimit('queues messages', 'free')).toBe(5000);
  expect(platformLimit('queues messages', 'paid')).toBe(5000);
  // The paid plan has no limit of requests.
  expect(platformLimit('workers requests', 'paid')).toBeNull();
  expect(includedOf('d1 rows written')).toBe(50e6);
  expect(includedOf('workers plan')).toBe(0);
  expect(priceOf('d1 rows written')).toBe(1);
  expect(billedAs('queues operations of a message')).toBe(3);
});
