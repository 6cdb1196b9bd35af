/** Columns that cannot be read: damaged ones, and those of a day that is rolled up again while a query reads. */
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Pixel } from '../../../src/model/pixel.ts';
import { runFunnel } from '../../../src/query/funnel.ts';
import { parseQuery } from '../../../src/query/language.ts';
import type { QueryResult } from '../../../src/query/present.ts';
import { applySchema, db, GOALS, makePixel, runJobs, store } from '../../fixtures.ts';
import type { OracleEvent } from '../../oracle.ts';
import { addDays } from '../oracle-language.ts';
import { ask } from '../random-queries.ts';
import { answerIn, tryToAsk, withoutColumns } from './sealed.ts';

beforeAll(applySchema);
afterEach(() => vi.restoreAllMocks());

const FIRST = '2026-02-02';
const DAYS = [0, 1, 2].map((count) => addDays(FIRST, count));
const [, SECOND, THIRD] = DAYS as [string, string, string];
/** All days are over, and stored. */
const NOW = Date.parse('2026-02-10T00:00:00Z');

const view = (day: string, index: number): OracleEvent =>
  ({
    ts: Date.parse(`${day}T10:00:00Z`) + index * 60_000,
    id: `${day} ${index}`,
    name: index % 3 === 2 ? 'Signup' : 'pageview',
    visitor: `v${index % 5}`,
    page: ['/', '/a', '/blog/one'][index % 3],
    country: ['DE', 'US'][index % 2],
  }) as OracleEvent;

const QUERY = {
  metrics: ['visitors', 'events', 'visit_duration'],
  dimensions: ['time:day', 'visit:country'],
  filters: [['is_not', 'event:page', ['/a']]],
  date_range: [FIRST, addDays(FIRST, 2)],
};

async function sealed(): Promise<Pixel> {
  const pixel = await makePixel('UTC', { goals: GOALS });
  await store(
    pixel,
    DAYS.flatMap((day) => Array.from({ length: 12 }, (_, index) => view(day, index))),
  );
  await runJobs(NOW);
  return pixel;
}

const bySql = (pixel: Pixel) => withoutColumns(pixel, () => ask(pixel, QUERY, NOW));

const DAMAGES: Readonly<Record<string, string>> = {
  'its codes are cut': `UPDATE segments SET codes = substr(codes, 2) WHERE pixel = ?1 AND period = ?2 AND codes <> ''`,
  'a code is beyond the dictionary': `UPDATE segments SET codes = replace(codes, '#', 'z') WHERE pixel = ?1 AND period = ?2 AND name = 'country'`,
  'a dictionary is no JSON': `UPDATE segments SET dictionary = '[' WHERE pixel = ?1 AND period = ?2 AND name = 'country'`,
  'a column is gone': `DELETE FROM segments WHERE pixel = ?1 AND period = ?2 AND name = 'event:page'`,
  'its header is gone': `DELETE FROM segments WHERE pixel = ?1 AND period = ?2 AND name = ''`,
  'its header is no JSON': `UPDATE segments SET dictionary = '{' WHERE pixel = ?1 AND period = ?2 AND name = ''`,
  'its header is of a newer version': `UPDATE segments SET dictionary = json_set(dictionary, '$.version', 9) WHERE pixel = ?1 AND period = ?2 AND name = ''`,
  'all of it is gone': 'DELETE FROM segments WHERE pixel = ?1 AND period = ?2',
  'a second slice is damaged': `INSERT INTO segments
    SELECT pixel, period, generation, 1, name, chunk, size, dictionary, iif(name = 'country', '', codes) FROM segments WHERE pixel = ?1 AND period = ?2`,
};

describe('a day whose columns cannot be read', () => {
  it.each(Object.entries(DAMAGES))('is answered from its events: %s', async (_, damage) => {
    const log = vi.spyOn(console, 'error').mockReturnValue();
    const pixel = await sealed();
    expect((await ask(pixel, QUERY, NOW)).meta['source']).toBe('columns');
    await db.prepare(damage).bind(pixel.id, SECOND).run();
    const answer = await ask(pixel, QUERY, NOW);
    expect(answerIn(answer)).toEqual(answerIn(await bySql(pixel)));
    expect(answer.meta).toMatchObject({ source: 'columns+events', events_read: { columns: 24, events: 12 } });
    expect(log.mock.calls.flat().join()).toContain(SECOND);
  });

  it.each(Object.entries(DAMAGES))('is named if its events are gone: %s', async (name, damage) => {
    vi.spyOn(console, 'error').mockReturnValue();
    const pixel = await sealed();
    await db.batch([
      db.prepare('UPDATE days SET raw = 2 WHERE pixel = ? AND day <= ?').bind(pixel.id, THIRD),
      db.prepare(damage).bind(pixel.id, SECOND),
    ]);
    const refusal = (await tryToAsk(pixel, QUERY, NOW)) as { reason: string; detail: string };
    expect(refusal).toMatchObject({ reason: 'beyond_retention', detail: expect.stringContaining(SECOND) });
    // Without a header nothing is known of the columns.
    expect(refusal.detail).toContain(/header|all of it/.test(name) ? 'has neither' : 'are damaged');
    // Other days are answered.
    expect(await tryToAsk(pixel, { ...QUERY, date_range: [THIRD, THIRD] }, NOW)).toMatchObject({
      meta: { source: 'columns' },
    });
  });

  it('is answered from its events in a funnel', async () => {
    vi.spyOn(console, 'error').mockReturnValue();
    const pixel = await sealed();
    const funnel = {
      name: 'F',
      steps: ['Saw anything', 'Read the blog', 'Signup'],
      within: 'visit',
    } as const;
    const query = parseQuery({ ...QUERY, site_id: pixel.id });
    if (!query.ok) throw new Error('not a query');
    const run = () => runFunnel(db, pixel, funnel, query.value, NOW);
    const whole = await run();
    expect(whole).toMatchObject({ ok: true, value: { steps: [{ count: 15 }, {}, {}] } });
    await db
      .prepare(DAMAGES['a column is gone'] as string)
      .bind(pixel.id, SECOND)
      .run();
    await db.prepare("DELETE FROM segments WHERE pixel = ? AND name = 'event:name'").bind(pixel.id).run();
    expect(await run()).toEqual(whole);
  });

  it('is charged for its events, and refused if they are too many', async () => {
    vi.spyOn(console, 'error').mockReturnValue();
    const pixel = await sealed();
    await db.batch([
      db.prepare('UPDATE days SET events = 90000000 WHERE pixel = ? AND day = ?').bind(pixel.id, SECOND),
      db.prepare(DAMAGES['a column is gone'] as string).bind(pixel.id, SECOND),
    ]);
    expect(await tryToAsk(pixel, QUERY, NOW)).toMatchObject({
      reason: 'invalid_query',
      errors: [{ path: 'date_range' }],
    });
  });
});

/** The database, which does something before it prepares a statement that reads columns. */
function interrupted(times: number, act: () => Promise<void>): D1Database {
  let left = times;
  return new Proxy(db, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property);
      if (property !== 'prepare') return typeof value === 'function' ? value.bind(target) : value;
      return (sql: string) => {
        const statement = target.prepare(sql);
        if (!sql.includes('s.codes')) return statement;
        return {
          bind: (...values: unknown[]) => ({
            async all() {
              if (left-- > 0) await act();
              return statement.bind(...values).all();
            },
          }),
        };
      };
    },
  });
}

describe('a day that is rolled up again while a query reads', () => {
  async function asked(times: number): Promise<{ pixel: Pixel; answer: QueryResult }> {
    const pixel = await sealed();
    let late = 0;
    const database = interrupted(times, async () => {
      await store(pixel, [{ ...view(SECOND, 3), id: `late ${late++}`, visitor: 'late' }]);
      await runJobs(NOW);
    });
    const answer = (await tryToAsk(pixel, QUERY, NOW, database)) as QueryResult;
    expect(late).toBe(times);
    return { pixel, answer };
  }

  it('is answered from its new columns', async () => {
    const { pixel, answer } = await asked(1);
    expect(answer.meta['source']).toBe('columns');
    expect(answerIn(answer)).toEqual(answerIn(await bySql(pixel)));
  });

  it('is answered from its events if that happens again', async () => {
    const log = vi.spyOn(console, 'error').mockReturnValue();
    const { pixel, answer } = await asked(2);
    expect(answer.meta['source']).toBe('columns+events');
    expect(answerIn(answer)).toEqual(answerIn(await bySql(pixel)));
    expect(log.mock.calls.flat().join()).toContain(SECOND);
  });

  it('is counted once if it is rolled up before the final statement', async () => {
    const pixel = await sealed();
    const before = await ask(pixel, QUERY, NOW);
    const batches = { left: 2 };
    const database = new Proxy(db, {
      get(target, property) {
        const value: unknown = Reflect.get(target, property);
        if (property !== 'batch') return typeof value === 'function' ? value.bind(target) : value;
        return async (statements: D1PreparedStatement[]) => {
          if (--batches.left === 0) {
            await store(pixel, [{ ...view(SECOND, 3), id: 'late', visitor: 'late' }]);
          }
          return target.batch(statements);
        };
      },
    });
    const answer = (await tryToAsk(pixel, QUERY, NOW, database)) as QueryResult;
    expect(batches.left).toBe(0);
    expect(answerIn(answer)).toEqual(answerIn(before));
  });
});
