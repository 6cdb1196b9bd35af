import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Condition, type Dialect, type Statement, textOf } from '../../src/engine/dialect.ts';
import { mistakesIn, shapeIn } from '../../src/engine/grammar.ts';
import '../seed.ts';

const SINCE = Date.parse('2026-03-04T10:00:00.500Z');
const DIALECTS: readonly Dialect[] = ['http', 'binding'];
const ROWS: Statement = {
  select: [{ as: 'blob1', value: { column: 'blob1' } }],
  since: SINCE,
  where: [],
  limit: 10,
};
const equal = (value: string | number): Condition => ({
  left: { column: 'blob1' },
  is: '=',
  right: { value },
});

/** Of every kind of expression, aggregate, condition and clause. */
const ALL: Statement = {
  select: [
    { as: 'name', value: { column: 'blob1' } },
    {
      as: 'hour',
      value: {
        floor: {
          op: '/',
          left: { op: '-', left: { column: 'double1' }, right: { value: 5 } },
          right: { value: 3_600_000 },
        },
      },
    },
    { as: 'points', value: { total: { value: 1 } } },
    {
      as: 'revenue',
      value: {
        total: {
          if: { left: { column: 'double7' }, is: '>', right: { value: -(2 ** 53) } },
          yes: { column: 'double7' },
          no: { value: 0 },
        },
      },
    },
    { as: 'spread', value: { total: { op: '-', left: { of: 'weight' }, right: { value: 1 } } } },
    { as: 'weight', value: { most: { of: 'weight' } } },
    { as: 'first', value: { least: { column: 'double1' } } },
    { as: 'visitors', value: { distinct: { column: 'blob2' } } },
    { as: 'written', value: { most: { of: 'written' } } },
    { as: 'half', value: { total: { op: '*', left: { column: 'double2' }, right: { value: 0.5 } } } },
    { as: 'ratio', value: { total: { op: '+', left: { column: 'double2' }, right: { value: -0.25 } } } },
  ],
  since: SINCE,
  until: SINCE + 1000,
  where: [
    { column: 'index1', in: ['px_1/', 'px_1/a'] },
    {
      or: [equal('a'), { and: [equal('b'), { left: { column: 'double1' }, is: '<>', right: { value: 1 } }] }],
    },
  ],
  groupBy: ['name', 'hour'],
  orderBy: [{ by: 'points', descending: true }, { by: 'name' }],
  limit: 100,
};

describe('a statement', () => {
  it.each(DIALECTS)('keeps the grammar in %s, whatever it is made of', (dialect) => {
    for (const statement of [ROWS, ALL])
      expect(mistakesIn(textOf(statement, dialect, 'd'), dialect)).toEqual([]);
  });

  it('is written for the SQL API of Analytics Engine', () => {
    const { query, params } = textOf(
      { ...ALL, select: ALL.select.slice(0, 3).toSpliced(1, 1), groupBy: ['name'] },
      'http',
      'speck_events',
    );
    expect(query.split('\n')).toEqual([
      'SELECT blob1 AS name, sum(_sample_interval) AS points',
      'FROM speck_events',
      "WHERE timestamp >= toDateTime(1772618400) AND timestamp < toDateTime(1772618402) AND index1 IN ('px_1/', 'px_1/a') AND (blob1 = 'a' OR (blob1 = 'b' AND double1 <> 1))",
      'GROUP BY name',
      'ORDER BY points DESC, name',
      'LIMIT 100',
    ]);
    expect(params).toEqual([]);
  });

  it('is written for the binding, which weights sums itself and takes parameters', () => {
    const { query, params } = textOf(
      { ...ALL, select: ALL.select.slice(0, 5).toSpliced(1, 1), groupBy: ['name'] },
      'binding',
      'speck_events',
    );
    expect(query).toContain('COUNT(*) AS points');
    expect(query).toContain('SUM(if(double7 > -9007199254740992, double7, 0)) AS revenue');
    expect(query).toContain('SUM((sampleInterval - 1)) AS spread');
    expect(query).toContain(
      'FROM events.analyticsEngine.speck_events\nWHERE timestamp >= $1 AND timestamp < $2 AND index1 IN ($3, $4)',
    );
    expect(params).toEqual([
      '2026-03-04T10:00:00.000Z',
      '2026-03-04T10:00:02.000Z',
      'px_1/',
      'px_1/a',
      'a',
      'b',
    ]);
  });

  it('has the same shape whatever its values are', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.stringMatching(/^['\\ \n;$1()"-]{0,12}$/),
      fc.constantFrom(
        "'",
        "\\'",
        "\\\\'",
        "''",
        "' OR 1 = 1 --",
        "'); DROP TABLE d; --",
        '/*',
        '$1',
        '\u0000',
        '\ud800',
        "'\\",
      ),
    );
    const number = fc.oneof(fc.integer(), fc.constantFrom(-0, 2 ** 53, -(2 ** 53), 0.5, -0.25, -1e300, 1e21));
    fc.assert(
      fc.property(fc.tuple(hostile, hostile, hostile), number, ([a, b, c], n) => {
        const made = (texts: readonly string[], value: number): Statement => ({
          ...ROWS,
          where: [
            equal(texts[0] ?? ''),
            { column: 'blob2', in: [texts[1] ?? '', texts[2] ?? ''] },
            { or: [equal(texts[1] ?? ''), { left: { column: 'double1' }, is: '>', right: { value } }] },
          ],
        });
        for (const dialect of DIALECTS) {
          const query = textOf(made([a, b, c], n), dialect, 'd');
          expect(mistakesIn(query, dialect)).toEqual([]);
          // The sign of a number is a token of its own.
          expect(shapeIn(query)).toBe(shapeIn(textOf(made(['x', 'y', 'z'], n < 0 ? -1 : 1), dialect, 'd')));
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each<readonly [string, Statement]>([
    ['a column', { ...ROWS, select: [{ as: 'x', value: { column: 'blob1; DROP' } }] }],
    ['a column of conditions', { ...ROWS, where: [{ column: "blob1'", in: ['a'] }] }],
    ['a name', { ...ROWS, select: [{ as: 'x, y', value: { column: 'blob1' } }] }],
    ['the name of another column', { ...ROWS, select: [{ as: 'blob2', value: { column: 'blob1' } }] }],
    ['an order', { ...ROWS, orderBy: [{ by: 'blob1; DROP' }] }],
    ['a group', { ...ROWS, groupBy: ['1'] }],
    ['a number', { ...ROWS, where: [equal(Number.NaN)] }],
    ['an infinite number', { ...ROWS, where: [equal(Number.POSITIVE_INFINITY)] }],
    ['a number without a decimal form', { ...ROWS, where: [equal(1e-9)] }],
    ['a list', { ...ROWS, where: [{ column: 'blob1', in: [] }] }],
    ['a conjunction', { ...ROWS, where: [{ and: [] }] }],
    ['a limit', { ...ROWS, limit: Number.NaN }],
  ])('is not written with %s that does not exist', (_, statement) => {
    for (const dialect of DIALECTS) expect(() => textOf(statement, dialect, 'd')).toThrow();
  });

  it.each(['d; DROP', "d'", 'd e', '', 'a.b', '1d'])('is not written for the dataset %j', (dataset) => {
    for (const dialect of DIALECTS) expect(() => textOf(ROWS, dialect, dataset)).toThrow();
  });
});
