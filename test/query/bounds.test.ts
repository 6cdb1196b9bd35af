/** Ranges that no event can be in are refused before anything is done with them, day by day or at all. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Pixel } from '../../src/model/pixel.ts';
import { outOfBounds } from '../../src/query/bounds.ts';
import { runFunnel } from '../../src/query/funnel.ts';
import { parseQuery } from '../../src/query/language.ts';
import { runQuery } from '../../src/query/run.ts';
import { applySchema, db, GOALS, makePixel, store } from '../fixtures.ts';

beforeAll(applySchema);

const NOW = Date.parse('2026-11-28T12:00:00Z');

/** The database, with the texts of what it is asked. */
function listening(): { readonly db: D1Database; readonly bound: string[] } {
  const bound: string[] = [];
  const listened = new Proxy(db, {
    get(target, property) {
      if (property !== 'prepare') return Reflect.get(target, property);
      return (sql: string) => {
        const statement = target.prepare(sql);
        return {
          bind(...values: unknown[]) {
            bound.push(...values.filter((value) => typeof value === 'string'));
            return statement.bind(...values);
          },
        };
      };
    },
  });
  return { db: listened, bound };
}

describe('ranges', () => {
  let pixel: Pixel;
  beforeAll(async () => {
    pixel = await makePixel('Europe/Berlin', { goals: GOALS });
    await store(pixel, [
      { ts: NOW - 3_600_000, id: 'e1', name: 'Signup', visitor: 'v' },
      { ts: NOW - 3_000_000, id: 'e2', name: 'Purchase', visitor: 'v' },
    ]);
  });

  const parsed = (change: Record<string, unknown>) => {
    const query = parseQuery({
      site_id: pixel.id,
      metrics: ['visitors'],
      date_range: 'day',
      ...change,
    });
    return query.ok ? query.value : query.error.map(({ path }) => path);
  };
  const pathsOf = async (change: Record<string, unknown>) => {
    const query = parsed(change);
    if (Array.isArray(query)) return query;
    const answer = await runQuery(db, query as never, pixel, NOW);
    if (answer.ok) return [];
    return answer.error.reason === 'invalid_query'
      ? answer.error.errors.map(({ path }) => path)
      : [answer.error.reason];
  };
  const custom = (from: string, to: string) => ({
    include: { comparisons: { mode: 'custom', date_range: [from, to] } },
  });

  const FAR: readonly (readonly [string, string])[] = [
    ['0000-01-01', '2026-01-01'],
    ['0001-01-01', '9998-12-31'],
    ['1000-01-01', '2026-01-01'],
    ['1999-12-30', '2026-01-01'],
    ['2026-11-01', '2027-11-30'],
    ['2026-11-30', '2026-12-01'],
    ['2026-11-01', '9999-12-31'],
    ['9998-12-31', '9998-12-31'],
    ['9999-12-31', '9999-12-31'],
    ['1999-01-01T00:00:00Z', '2026-01-01T00:00:00Z'],
    ['0000-01-01T00:00:00+14:00', '0000-01-01T00:00:00Z'],
    ['2026-11-01T00:00:00Z', '9998-12-31T00:00:00Z'],
    ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59Z'],
    ['2026-12-01T00:00:00Z', '2026-12-02T00:00:00Z'],
  ];

  it.each(FAR)('from %s to %s are rejected, whatever the query', async (from, to) => {
    for (const dimensions of [[], ['time'], ['time:hour'], ['time:month'], ['event:page']]) {
      const paths = await pathsOf({ date_range: [from, to], dimensions });
      expect(paths).not.toEqual([]);
      expect(paths.every((path) => path.startsWith('date_range'))).toBe(true);
      if (from.includes('T')) continue;
      const compared = await pathsOf({ dimensions, ...custom(from, to) });
      expect(compared).not.toEqual([]);
      expect(compared.every((path) => path.startsWith('include.comparisons'))).toBe(true);
    }
    const query = parsed({ date_range: [from, to] });
    if (Array.isArray(query)) return;
    const funnel = { name: 'F', steps: ['Signup', 'Bought'], within: 'visit' } as const;
    expect(await runFunnel(db, pixel, funnel, query as never, NOW)).toMatchObject({
      ok: false,
      error: { reason: 'invalid_query', errors: [{ path: 'date_range' }] },
    });
  });

  const NEAR: readonly (readonly [string, string])[] = [
    ['1999-12-31', '2026-11-28'],
    ['2026-01-01', '2026-12-31'],
    ['2026-11-01', '2026-11-30'],
    ['2026-11-28', '2026-11-29'],
    ['2026-11-29', '2026-11-29'],
    ['2026-11-28', '2027-11-29'],
    ['2026-11-28T00:00:00+01:00', '2026-11-28T23:59:59+01:00'],
  ];

  it.each(NEAR)('from %s to %s are accepted, since clients query full months and years', async (from, to) => {
    for (const dimensions of [[], ['time'], ['time:hour'], ['time:month'], ['event:page']]) {
      expect(await pathsOf({ date_range: [from, to], dimensions })).toEqual([]);
    }
  });

  it('are compared with days before 2000 only within the limit of labels', async () => {
    const all = ['2000-01-01', '2026-11-28'];
    for (const mode of ['previous_period', 'year_over_year']) {
      const include = { comparisons: { mode } };
      expect(await pathsOf({ date_range: all, include })).toEqual([]);
      expect(await pathsOf({ date_range: all, include, dimensions: ['time:hour'] })).toEqual([
        'include.comparisons',
      ]);
      expect(
        await pathsOf({ date_range: ['2025-11-28', '2026-11-28'], include, dimensions: ['time:hour'] }),
      ).toEqual(['include.comparisons']);
      expect(
        await pathsOf({ date_range: ['2026-01-01', '2026-11-28'], include, dimensions: ['time:hour'] }),
      ).toEqual([]);
    }
    expect(await pathsOf({ dimensions: ['time:hour'], ...custom('2000-01-01', '2026-11-28') })).toEqual([
      'include.comparisons',
    ]);
  });

  it('pass no more days to the database than exist', async () => {
    const { db: listened, bound } = listening();
    const query = parsed({ date_range: ['2000-01-01', '2026-11-28'] });
    const funnel = { name: 'F', steps: ['Signup', 'Bought'], within: 'visit' } as const;
    const answer = await runFunnel(listened, pixel, funnel, query as never, NOW);
    expect(answer).toMatchObject({ ok: true, value: { steps: [{ count: 1 }, { count: 1 }] } });
    const { db: other, bound: alsoBound } = listening();
    const wide = parsed({
      date_range: ['2000-01-01', '2026-11-28'],
      dimensions: ['time:day', 'event:page', 'visit:source'],
    });
    expect((await runQuery(other, wide as never, pixel, NOW)).ok).toBe(true);
    // A stretch is some sixty characters; nine thousand days would be half a million.
    const stretches = [...bound, ...alsoBound].filter((text) => text.startsWith('[["'));
    expect(Math.max(...stretches.map((text) => JSON.parse(text).length))).toBeLessThan(20);
    expect(stretches.some((text) => text.includes('2026-11-28'))).toBe(true);
  });

  it('may be open at either end', () => {
    expect(outOfBounds({}, 'UTC', NOW)).toBeNull();
    expect(outOfBounds({ from: '2026-11-29' }, 'UTC', NOW)).toBeNull();
    expect(outOfBounds({ from: '2026-11-30' }, 'UTC', NOW)).toMatchObject({ end: 'from' });
    // Where it is tomorrow already.
    expect(outOfBounds({ from: '2026-11-30' }, 'Pacific/Kiritimati', NOW)).toBeNull();
    expect(outOfBounds({ to: '1999-12-30' }, 'UTC', NOW)).toMatchObject({ end: 'to' });
    expect(outOfBounds({ to: '2028-01-01' }, 'UTC', NOW)).toMatchObject({ end: 'to' });
  });
});
