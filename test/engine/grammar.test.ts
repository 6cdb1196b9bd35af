/** The checker itself: what it must refuse, by the platform's documents, and what it must let pass. */
import { describe, expect, it } from 'vitest';
import { mistakesIn } from '../../src/engine/grammar.ts';

const http = (query: string) => mistakesIn({ query, params: [] }, 'http');
const binding = (query: string, ...params: string[]) => mistakesIn({ query, params }, 'binding');
const BOUND = 'timestamp >= toDateTime(1700000000)';

describe('the grammar of the SQL API of Analytics Engine', () => {
  it.each([
    [`SELECT blob1, double1 FROM d WHERE ${BOUND} LIMIT 5`],
    [
      `SELECT blob1 AS name, sum(_sample_interval) AS n FROM d WHERE ${BOUND} GROUP BY name ORDER BY n DESC, name LIMIT 5`,
    ],
    [
      `select sum(_sample_interval * double1) as total from d where ${BOUND} and blob1 in ('a', 'b''c') limit 5 format JSON`,
    ],
    [
      `SELECT if(double1 < 0, 0, double1) AS x FROM d WHERE ${BOUND} AND (double1 > 5 OR (double1 = 5 AND blob20 > 'a')) LIMIT 5 FORMAT JSONEachRow`,
    ],
    [
      `SELECT blob1 FROM d WHERE timestamp >= now() AND double1 NOT IN (1, 2) AND double2 BETWEEN 1 AND 2 LIMIT 1 OFFSET 2`,
    ],
    [
      `SELECT floor(double1 / 3600000) AS hour, count(DISTINCT blob2) AS n FROM d WHERE ${BOUND} GROUP BY hour HAVING count() > 1 LIMIT 9`,
    ],
    [`SELECT blob1 FROM d WHERE ${BOUND} AND blob1 = 'a\nb ; -- SELECT' LIMIT 1`],
  ])('takes %s', (query) => {
    expect(http(query)).toEqual([]);
  });

  it.each([
    ['two statements', `SELECT blob1 FROM d WHERE ${BOUND} LIMIT 1; SELECT 1`],
    ['a second statement', `SELECT blob1 FROM d WHERE ${BOUND} LIMIT 1 SELECT blob1`],
    ['another statement', 'DROP TABLE d'],
    ['a join', `SELECT blob1 FROM d JOIN e ON 1 WHERE ${BOUND} LIMIT 1`],
    ['two tables', `SELECT blob1 FROM d, e WHERE ${BOUND} LIMIT 1`],
    ['a union', `SELECT blob1 FROM d WHERE ${BOUND} UNION ALL SELECT blob1 FROM d WHERE ${BOUND} LIMIT 1`],
    ['a sub-query in FROM', `SELECT blob1 FROM (SELECT blob1 FROM d WHERE ${BOUND}) WHERE ${BOUND} LIMIT 1`],
    [
      'a sub-query in a condition',
      `SELECT blob1 FROM d WHERE ${BOUND} AND blob1 IN (SELECT blob1 FROM d) LIMIT 1`,
    ],
    ['a common table expression', `WITH x AS (SELECT 1) SELECT blob1 FROM d WHERE ${BOUND} LIMIT 1`],
    ['a window function', `SELECT sum(double1) OVER (PARTITION BY blob1) AS x FROM d WHERE ${BOUND} LIMIT 1`],
    ['an unknown function', `SELECT sleep(3) AS x FROM d WHERE ${BOUND} LIMIT 1`],
    ['a function of tables', `SELECT blob1 FROM url('http://x') WHERE ${BOUND} LIMIT 1`],
    ['an unknown column', `SELECT blob21 FROM d WHERE ${BOUND} LIMIT 1`],
    ['a column in capitals', `SELECT BLOB1 FROM d WHERE ${BOUND} LIMIT 1`],
    ['no time', 'SELECT blob1 FROM d WHERE double1 > 5 LIMIT 1'],
    ['an upper bound only', 'SELECT blob1 FROM d WHERE timestamp < now() LIMIT 1'],
    ['a time in an alternative', `SELECT blob1 FROM d WHERE ${BOUND} OR double1 = 1 LIMIT 1`],
    [
      'a time in parentheses with an alternative',
      `SELECT blob1 FROM d WHERE (${BOUND} OR double1 = 1) LIMIT 1`,
    ],
    ['no limit', `SELECT blob1 FROM d WHERE ${BOUND}`],
    ['an order without a limit', `SELECT blob1 FROM d WHERE ${BOUND} ORDER BY blob1`],
    ['a limit that is no number', `SELECT blob1 FROM d WHERE ${BOUND} LIMIT ALL`],
    ['a broken limit', `SELECT blob1 FROM d WHERE ${BOUND} LIMIT 1.5`],
    ['a comment', `SELECT blob1 FROM d WHERE ${BOUND} -- x\nLIMIT 1`],
    ['a comment in the middle', `SELECT /* x */ blob1 FROM d WHERE ${BOUND} LIMIT 1`],
    ['an open literal', `SELECT blob1 FROM d WHERE ${BOUND} AND blob1 = 'a LIMIT 1`],
    [
      'a literal that a backslash may end',
      `SELECT blob1 FROM d WHERE ${BOUND} AND blob1 = 'a\\' OR blob2 = 'b' LIMIT 1`,
    ],
    ['a placeholder', `SELECT blob1 FROM d WHERE ${BOUND} AND blob1 = $1 LIMIT 1`],
    ['a placeholder of D1', `SELECT blob1 FROM d WHERE ${BOUND} AND blob1 = ?1 LIMIT 1`],
    ['a column that is not grouped', `SELECT blob1, sum(double1) AS x FROM d WHERE ${BOUND} LIMIT 1`],
    ['an aggregate in a condition', `SELECT blob1 FROM d WHERE ${BOUND} AND sum(double1) > 1 LIMIT 1`],
    ['an aggregate of an aggregate', `SELECT sum(max(double1)) AS x FROM d WHERE ${BOUND} LIMIT 1`],
    ['a name of a column for something else', `SELECT sum(double1) AS double1 FROM d WHERE ${BOUND} LIMIT 1`],
    ['a name twice', `SELECT blob1 AS x, blob2 AS x FROM d WHERE ${BOUND} LIMIT 1`],
    ['a selected name in a condition', `SELECT blob1 AS x FROM d WHERE ${BOUND} AND x = 'a' LIMIT 1`],
    ['an unknown format', `SELECT blob1 FROM d WHERE ${BOUND} LIMIT 1 FORMAT CSV`],
    ["the binding's dataset", `SELECT blob1 FROM events.analyticsEngine.d WHERE ${BOUND} LIMIT 1`],
    ["the binding's weight", `SELECT sampleInterval AS w FROM d WHERE ${BOUND} LIMIT 1`],
    ['a count of an expression', `SELECT count(blob1) AS x FROM d WHERE ${BOUND} LIMIT 1`],
    ['more than 10 KiB', `SELECT blob1 FROM d WHERE ${BOUND} AND blob1 = '${'x'.repeat(10 * 1024)}' LIMIT 1`],
    [
      'deep nesting',
      `SELECT blob1 FROM d WHERE ${BOUND} AND ${'('.repeat(11)}1${')'.repeat(11)} = 1 LIMIT 1`,
    ],
    ['nothing', ''],
    ['an expression that breaks off', `SELECT blob1 FROM d WHERE ${BOUND} AND double1 >`],
  ])('refuses %s', (_, query) => {
    expect(http(query)).not.toEqual([]);
  });
});

describe('the grammar of the binding', () => {
  const FROM = 'FROM events.analyticsEngine.d WHERE timestamp >= $1';

  it.each([
    [`SELECT blob1, sampleInterval AS w ${FROM} LIMIT 5`],
    [
      `SELECT blob1 AS name, COUNT(*) AS n, SUM(double1) AS t, APPROX_MAX(double1) AS m ${FROM} GROUP BY name LIMIT 5`,
    ],
  ])('takes %s', (query) => {
    expect(binding(query, '2026-01-01T00:00:00Z')).toEqual([]);
  });

  it.each([
    ['a bare dataset', 'SELECT blob1 FROM d WHERE timestamp >= $1 LIMIT 1'],
    ['the weight of the other API', `SELECT _sample_interval AS w ${FROM} LIMIT 1`],
    ['an exact extreme', `SELECT max(double1) AS x ${FROM} LIMIT 1`],
    ['a format', `SELECT blob1 ${FROM} LIMIT 1 FORMAT JSON`],
    ['a placeholder without a value', `SELECT blob1 ${FROM} AND blob1 = $2 LIMIT 1`],
    ['a named placeholder', `SELECT blob1 ${FROM} AND blob1 = $name LIMIT 1`],
    ['a limit as a parameter', `SELECT blob1 ${FROM} LIMIT $1`],
    [
      'a value that nothing names',
      'SELECT blob1 FROM events.analyticsEngine.d WHERE timestamp >= now() LIMIT 1',
    ],
  ])('refuses %s', (_, query) => {
    expect(binding(query, '2026-01-01T00:00:00Z')).not.toEqual([]);
  });
});
