import { describe, expect, it } from 'vitest';
import { numbered } from '../../src/sql/statement.ts';

describe('named parameters', () => {
  it('are numbered in the order in which they first occur, and bound in that order', () => {
    const sql = 'SELECT :day, :pixel, :day FROM days WHERE pixel = :pixel AND ts > :from_ts';
    expect(numbered(sql, { pixel: 'px_1', day: '2026-11-25', from_ts: 5, unused: 1 })).toEqual({
      sql: 'SELECT ?1, ?2, ?1 FROM days WHERE pixel = ?2 AND ts > ?3',
      values: ['2026-11-25', 'px_1', 5],
    });
  });

  it('are ignored in quoted text', () => {
    const sql = `SELECT "visit:source", 'event:page', 'it''s :day', format(' %02d:00:00', 1) WHERE :day`;
    expect(numbered(sql, { day: 1 })).toEqual({ sql: sql.replace(/:day$/, '?1'), values: [1] });
  });

  it('must each have a value, which may be null', () => {
    expect(() => numbered('SELECT :pixel', {})).toThrow(':pixel');
    expect(numbered('SELECT :pixel', { pixel: null }).values).toEqual([null]);
  });
});
