import { expect, it } from 'vitest';
import { tilesOf } from '../../src/dashboard/tiles.ts';

it('the headline shows conversions under a filter by goals, and visits otherwise', () => {
  const goal = ['is', 'event:goal', ['Bought']] as const;
  const page = ['is', 'event:page', ['/']] as const;
  expect(tilesOf([page, goal]).metrics).toEqual(['visitors', 'events', 'conversion_rate', 'total_revenue']);
  expect(tilesOf([goal]).nameOf('visitors')).toBe('Unique conversions');
  expect(tilesOf([goal]).nameOf('people')).toBe('People');
  expect(tilesOf([goal]).charted).not.toContain('bounce_rate');
  expect(tilesOf([page]).metrics).toContain('bounce_rate');
  expect(tilesOf([page]).nameOf('visitors')).toBe('Visitors');
  // The API answers a rate of conversions only for goals.
  expect(tilesOf([page]).charted).not.toContain('conversion_rate');
});
