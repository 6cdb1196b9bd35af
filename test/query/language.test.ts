import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseQuery } from '../../src/query/language.ts';
import { resolveRange, resolveTime, timeLabels } from '../../src/query/range.ts';

const base = { site_id: 'px_1', metrics: ['visitors'], date_range: '7d' };
const pathsOf = (body: unknown): string[] => {
  const parsed = parseQuery(body);
  return parsed.ok ? [] : parsed.error.map(({ path }) => path);
};

describe('the query language', () => {
  it.each([
    [{ metrics: ['visitor'] }, 'metrics[0]'],
    [{ metrics: [] }, 'metrics'],
    [{ metrics: ['visits', 'visits'] }, 'metrics[1]'],
    [{ date_range: 'fortnight' }, 'date_range'],
    [{ date_range: ['2026-02-30', '2026-03-01'] }, 'date_range[0]'],
    [{ date_range: ['2026-03-01', '2026-02-01'] }, 'date_range'],
    [{ date_range: ['2026-03-01'] }, 'date_range[1]'],
    [{ dimensions: ['visit:shoe_size'] }, 'dimensions[0]'],
    [{ dimensions: ['time:day', 'time:hour'] }, 'dimensions[1]'],
    [{ dimensions: ['event:page'], metrics: ['events', 'bounce_rate'] }, 'metrics[1]'],
    [{ filters: [['equals', 'event:page', ['/']]] }, 'filters[0][0]'],
    [{ filters: [['is', 'time:day', ['2026-01-01']]] }, 'filters[0][1]'],
    [{ filters: [['is', 'event:page', '/']] }, 'filters[0][2]'],
    [{ filters: [['is', 'event:page', []]] }, 'filters[0][2]'],
    [{ filters: [['and', [['is', 'nope', ['/']]]]] }, 'filters[0][1][0][1]'],
    [{ filters: [['not', 7]] }, 'filters[0][1]'],
    [{ filters: 'all' }, 'filters'],
    [{ order_by: [['events', 'asc']] }, 'order_by[0][0]'],
    [{ order_by: [['visitors', 'up']] }, 'order_by[0][1]'],
    [
      {
        order_by: [
          ['visitors', 'asc'],
          ['visitors', 'desc'],
        ],
      },
      'order_by[1][0]',
    ],
    [{ order_by: Array.from({ length: 3000 }, () => ['visitors', 'asc']) }, 'order_by'],
    [{ order_by: Array.from({ length: 90 }, () => ['visitors', 'asc']) }, 'order_by'],
    [{ metrics: Array.from({ length: 90 }, () => 'visitors') }, 'metrics'],
    [{ dimensions: Array.from({ length: 90 }, () => 'event:page') }, 'dimensions'],
    [{ pagination: { limit: -1 } }, 'pagination.limit'],
    [{ pagination: { offset: -1 } }, 'pagination.offset'],
    [{ pagination: { limit: 1.5 } }, 'pagination.limit'],
    [{ page: -1 }, 'page'],
    [{ include: { time_labels: true } }, 'include.time_labels'],
    [{ site_id: undefined }, 'site_id'],
  ])('reports the path of the error in %j', (change, path) => {
    expect(pathsOf({ ...base, ...change })).toContain(path);
  });

  it.each(['metrics', 'dimensions', 'order_by'])('says of %s far too long one thing only', (list) => {
    expect(pathsOf({ ...base, [list]: Array.from({ length: 100_000 }, (_, index) => `m${index}`) })).toEqual([
      list,
    ]);
  });

  it('rejects more than 10,000 values in all filters', () => {
    const values = (count: number) => [
      'is',
      'event:page',
      Array.from({ length: count }, (_, at) => `/ü${at}`),
    ];
    const filters = Array.from({ length: 10 }, () => values(1000));
    expect(pathsOf({ ...base, filters })).toEqual([]);
    expect(pathsOf({ ...base, filters: [...filters, values(1)] })).toEqual(['filters[10][2]']);
  });

  it('rejects too many or too deep filters', () => {
    const test = ['is', 'event:page', ['/']];
    expect(pathsOf({ ...base, filters: Array.from({ length: 41 }, () => test) })).toEqual(['filters[40]']);
    let deep: unknown = test;
    for (let level = 0; level < 50; level++) deep = ['not', deep];
    expect(pathsOf({ ...base, filters: [deep] })).toHaveLength(1);
  });

  it('never throws, whatever the body', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (filters, dimensions) => {
        parseQuery(filters);
        parseQuery({ ...base, filters, dimensions });
        parseQuery({ ...base, filters: [filters], order_by: dimensions });
      }),
      { numRuns: 2000 },
    );
  });
});

describe('ranges', () => {
  const now = Date.parse('2026-11-24T22:30:00Z');
  it.each([
    ['day', 'UTC', ['2026-11-24', '2026-11-24']],
    ['day', 'Pacific/Kiritimati', ['2026-11-25', '2026-11-25']],
    ['7d', 'UTC', ['2026-11-18', '2026-11-24']],
    ['30d', 'UTC', ['2026-10-26', '2026-11-24']],
    ['month', 'UTC', ['2026-11-01', '2026-11-24']],
    ['6mo', 'UTC', ['2026-06-01', '2026-11-24']],
    ['12mo', 'UTC', ['2025-12-01', '2026-11-24']],
    ['year', 'UTC', ['2026-01-01', '2026-11-24']],
    ['all', 'UTC', ['2015-05-17', '2026-11-24']],
  ] as const)('%s in %s is %j', (name, zone, [from, to]) => {
    expect(resolveRange(name, zone, now, '2015-05-17')).toEqual({ from, to });
  });

  it('match the time dimension', () => {
    const grain = (from: string, to: string) => resolveTime('time', { from, to });
    expect(grain('2026-01-01', '2026-01-02')).toBe('time:hour');
    expect(grain('2026-01-01', '2026-01-31')).toBe('time:day');
    expect(grain('2026-01-01', '2026-06-30')).toBe('time:week');
    expect(grain('2025-01-01', '2026-06-30')).toBe('time:month');
  });

  it('skip or repeat an hour when the clocks change', () => {
    const hours = (zone: string, day: string) => timeLabels('time:hour', zone, { from: day, to: day });
    expect(hours('Europe/Berlin', '2026-03-29')).toHaveLength(23);
    expect(hours('Europe/Berlin', '2026-03-29')).not.toContain('2026-03-29 02:00:00');
    expect(hours('Europe/Berlin', '2026-10-25')).toHaveLength(24);
    expect(hours('Asia/Kolkata', '2026-10-25')).toHaveLength(24);
  });
});
