/** Which days a query's parameters ask for. */
import { describe, expect, it } from 'vitest';
import { rangeOf } from '../../src/api/period.ts';

describe('a period', () => {
  it.each([
    [{}, '30d'],
    [{ period: '7d' }, '7d'],
    [{ from: '2026-11-01', to: '2026-11-30' }, ['2026-11-01', '2026-11-30']],
    [{ from: '2026-11-01', to: '2026-11-01' }, ['2026-11-01', '2026-11-01']],
  ] as const)('%j is %j', (parameters, range) => {
    expect(rangeOf(parameters)).toEqual(range);
  });

  it.each([
    [{ period: '7d', from: '2026-11-01' }, 'period'],
    [{ period: '7d', to: '2026-11-01' }, 'period'],
    [{ from: '2026-11-01' }, 'to'],
    [{ to: '2026-11-01' }, 'from'],
    [{ from: '2026-11-02', to: '2026-11-01' }, 'from'],
  ] as const)('%j is none, because of %s', (parameters, parameter) => {
    expect(() => rangeOf(parameters)).toThrow(new RegExp(`^${parameter}\\b`));
  });
});
