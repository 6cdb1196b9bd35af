/** How filters change: by the editor, and by clicks on rows. */
import { describe, expect, it } from 'vitest';
import type { Filter } from '../../src/dashboard/api.ts';
import {
  filterText,
  hasRow,
  operatorsOf,
  type Pairs,
  parseFilter,
  withFilter,
  withRow,
} from '../../src/dashboard/filters.ts';

const page: Filter = ['is', 'event:page', ['/a', '/b']];
const notPage: Filter = ['is_not', 'event:page', ['/b', '/c']];
const source: Filter = ['is', 'visit:source', ['Google']];

describe('a filter in an address', () => {
  it.each<Filter>([
    page,
    notPage,
    ['contains', 'event:page', ['a,b', '100%', 'é', '%2C']],
    ['matches', 'event:props:plan, or so', ['^/(a|b),$', '']],
    ['matches_not', 'visit:source', ['x']],
    ['contains_not', 'visit:city', ['München']],
  ])('is read as it was written: %j', (...filter) => {
    expect(parseFilter(filterText(filter))).toEqual(filter);
  });

  it.each([
    '',
    'is',
    'is,event:page',
    'equals,event:page,/a',
    'is,,x',
    'is,event:page,%E0%A4%A',
    'toString,a,b',
  ])('is none: %s', (text) => expect(parseFilter(text)).toBeNull());
});

describe('the editor', () => {
  it('adds a filter, and replaces one in its position', () => {
    expect(withFilter([page], 1, source)).toEqual([page, source]);
    expect(withFilter([page, source], 0, notPage)).toEqual([notPage, source]);
    expect(withFilter([page, source], 0, page)).toEqual([page, source]);
    expect(withFilter([], 0, source)).toEqual([source]);
  });

  it('merges filters of the same dimension and operator, each value once', () => {
    const more: Filter = ['is', 'event:page', ['/b', '/d']];
    const merged: Filter = ['is', 'event:page', ['/a', '/b', '/d']];
    expect(withFilter([page, source], 2, more)).toEqual([merged, source]);
    expect(withFilter([page, source, notPage], 2, more)).toEqual([merged, source]);
    expect(withFilter([notPage, source, page], 0, more)).toEqual([source, merged]);
  });

  it('offers what the API takes for goals', () => {
    expect(operatorsOf('event:goal')).toEqual(['is', 'contains']);
    expect(operatorsOf('event:page')).toHaveLength(6);
  });
});

describe('a click on a row', () => {
  const row = (value: string): Pairs => [['event:page', value]];
  const version: Pairs = [
    ['visit:browser', 'Chrome'],
    ['visit:browser_version', '120'],
  ];

  it('filters by it, in place of other values', () => {
    expect(withRow([], row('/a'), false)).toEqual([['is', 'event:page', ['/a']]]);
    expect(withRow([page, source], row('/b'), false)).toEqual([['is', 'event:page', ['/b']], source]);
    expect(withRow([notPage], row('/b'), false)).toEqual([notPage, ['is', 'event:page', ['/b']]]);
  });

  it.each([row('/a'), version, [...version, ['visit:country', 'DE']] as Pairs])(
    'takes the filters off again the second time',
    (...pairs) => {
      const once = withRow([notPage], pairs as unknown as Pairs, false);
      expect(hasRow(once, pairs as unknown as Pairs)).toBe(true);
      expect(withRow(once, pairs as unknown as Pairs, false)).toEqual([notPage]);
    },
  );

  it('with Ctrl or Shift adds it to the others, or removes it from them', () => {
    expect(withRow([page], row('/c'), true)).toEqual([['is', 'event:page', ['/a', '/b', '/c']]]);
    expect(withRow([page, source], row('/a'), true)).toEqual([['is', 'event:page', ['/b']], source]);
    expect(withRow([source], row('/a'), true)).toEqual([source, ['is', 'event:page', ['/a']]]);
    expect(withRow([source, ...withRow([], row('/a'), false)], row('/a'), true)).toEqual([source]);
  });

  it('is marked only if the filters name all of its values', () => {
    expect(hasRow([page], row('/a'))).toBe(true);
    expect(hasRow([notPage], row('/b'))).toBe(false);
    expect(hasRow([['is', 'visit:browser', ['Chrome']]], version)).toBe(false);
    expect(hasRow([], row('/a'))).toBe(false);
  });
});
