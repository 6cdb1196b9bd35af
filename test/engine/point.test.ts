import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BLOBS,
  COLUMN,
  DOUBLES,
  eventOf,
  indexesOf,
  indexOf,
  KIND,
  NO_VALUE,
  pointOf,
} from '../../src/engine/point.ts';
import { VALUE_LIMITS } from '../../src/model/dimensions.ts';
import { EVENT_COLUMNS, type Event } from '../../src/model/event.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { sliceBounds } from '../../src/rollup/local-day.sql.ts';
import '../seed.ts';
import { anonymousEvent, rowOfPoint } from './rows.ts';

const MAX = LIMITS.valueMicros;
const blank = Object.fromEntries(EVENT_COLUMNS.map((column) => [column, ''])) as unknown as Event;
const event = (more: Partial<Event> = {}): Event => ({
  ...blank,
  pixel: 'px_1111111111111111',
  ts: 1_767_225_600_000,
  id: '000001abcdefghijklmn00',
  name: 'pageview',
  agent_class: 'human',
  engaged: null,
  scroll: null,
  value: null,
  authenticated: 0,
  ...more,
});
const point = (more: Partial<Event> = {}): AnalyticsEngineDataPoint => {
  const one = pointOf(event(more), KIND.event);
  if (one === null) throw new Error('not a point');
  return one;
};
const bytes = (one: unknown): number => new TextEncoder().encode(String(one)).length;

describe('a point', () => {
  it('is read back as its event, whatever the event has', () => {
    fc.assert(
      fc.property(anonymousEvent, (one) => {
        const made = pointOf(one, KIND.event);
        expect(made).not.toBeNull();
        expect(eventOf(rowOfPoint(made as AnalyticsEngineDataPoint))).toEqual(one);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['the least revenue', { value: -MAX }],
    ['the greatest revenue', { value: MAX }],
    ['a revenue of nothing', { value: 0 }],
    ['no revenue', { value: null }],
    ['an engagement of no time and no scroll', { engaged: 0, scroll: 0 }],
    [
      'the longest texts',
      Object.fromEntries(Object.entries(VALUE_LIMITS).map(([one, limit]) => [one, 'x'.repeat(limit)])),
    ],
    ['one packed field only', { utm_term: 't', os_version: '1', region_name: 'n' }],
    ['the other packed field only', { utm_content: 'c', browser_version: '1', region: 'r' }],
    ['the last packed field only', { city: 'c' }],
  ])('holds %s', (_, more) => {
    expect(eventOf(rowOfPoint(point(more)))).toEqual(event(more));
  });

  it('stays within the limits of the platform, with the longest texts of three bytes a character', () => {
    const longest = Object.fromEntries(
      Object.entries(VALUE_LIMITS)
        // Values of these come from tables of our own.
        .filter(([one]) => !['channel', 'device', 'browser', 'os', 'language'].includes(one))
        .map(([one, limit]) => [one, '\u20ac'.repeat(limit)]),
    );
    const { blobs = [], doubles = [], indexes = [] } = point({ ...longest, visitor: '\u20ac'.repeat(22) });
    expect(blobs.length).toBeLessThanOrEqual(20);
    expect(doubles.length).toBeLessThanOrEqual(20);
    expect(indexes.map(bytes).every((length) => length <= 96)).toBe(true);
    expect(blobs.map(bytes).reduce((sum, length) => sum + length, 0)).toBeLessThanOrEqual(16 * 1024);
  });

  it.each([
    ['exactly 16 KB', { page: 'p'.repeat(16 * 1024 - 40) }, true],
    ['16 KB in characters of three bytes', { page: '\u20ac'.repeat(5448) }, true],
    ['more than 16 KB', { page: 'p'.repeat(16 * 1024 + 1) }, false],
    ['more than 16 KB in characters of three bytes', { page: '\u20ac'.repeat(6000) }, false],
    ['an index of more than 96 bytes', { pixel: 'p'.repeat(97) }, false],
    ['an index of 96 bytes', { pixel: 'p'.repeat(94), visitor: 'v' }, true],
  ])('is null for what it cannot hold: %s', (_, more, fits) => {
    expect(pointOf(event(more), KIND.event) !== null).toBe(fits);
  });

  it('keeps a line feed from moving one field into another', () => {
    const one = eventOf(
      rowOfPoint(point({ utm_content: 'a\nb', utm_term: 'c', region: '\n\n', city: '\n' })),
    );
    expect(one).toMatchObject({
      utm_content: 'a b',
      utm_term: 'c',
      region_name: '',
      region: '  ',
      city: ' ',
    });
  });

  it('has a field for everything that an event of nobody known has, and nothing else', () => {
    const fields = [...BLOBS.flat(), ...DOUBLES] as string[];
    const carried = [...fields, 'pixel', 'agent_class'];
    expect(EVENT_COLUMNS.filter((column) => !carried.includes(column)).toSorted()).toEqual(
      ['authenticated', 'eid', 'person', 'props'].toSorted(),
    );
    expect(JSON.stringify(point({ props: '{"secret":1}', eid: 'secret', person: 'usecret' }))).not.toContain(
      'secret',
    );
  });

  it('is indexed by its pixel and the first character of its visitor', () => {
    expect(point({ visitor: 'Abc' }).indexes).toEqual(['px_1111111111111111/A']);
    expect(point().indexes).toEqual(['px_1111111111111111/']);
    expect(indexOf('px_1', '-x')).toBe('px_1/-');
  });

  it('has an index in the list of its slice, and in no other', () => {
    const all = indexesOf('px_1');
    expect(all).toHaveLength(65);
    expect(all.every((one) => all.indexOf(one) === all.lastIndexOf(one))).toBe(true);
    for (const slices of [1, 2, 5, 64]) {
      const lists = Array.from({ length: slices }, (_, slice) => {
        const { from, before } = sliceBounds(slice, slices);
        return indexesOf('px_1', from, before);
      });
      expect(lists.flat()).toEqual(all);
    }
  });

  it('has the columns that statements name', () => {
    expect(COLUMN).toMatchObject({
      name: 'blob1',
      visitor: 'blob2',
      language: 'blob18',
      currency: 'blob19',
      id: 'blob20',
      ts: 'double1',
      kind: 'double3',
      value: 'double7',
    });
    expect(NO_VALUE).toBeLessThan(-MAX);
    expect(new Set(Object.values(KIND)).size).toBe(3);
  });
});
