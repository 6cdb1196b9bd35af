/** The two ways to ask Analytics Engine are played as they are documented. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Binding, forClickHouse } from './binding.ts';
import { Engine, sampledAt } from './engine.ts';
import { type SqlApi, serveSqlApi } from './sql-api.ts';

const AT = Date.UTC(2026, 10, 24, 12);
let engine: Engine;
let api: SqlApi;
let binding: Binding;

beforeAll(async () => {
  engine = new Engine();
  const written = Array.from({ length: 4000 }, (_, index) => ({
    point: { indexes: ['px/a'], blobs: [`it's "page" \\${index % 2}`], doubles: [index % 3] },
    at: AT + index * 1000,
  }));
  await engine.write('speck_events', written, sampledAt(10));
  const check = (statement: string): void => {
    if (statement.includes('JOIN')) throw new Error('JOIN is not supported');
  };
  api = await serveSqlApi(engine, check);
  binding = new Binding(engine, check);
});
afterAll(async () => {
  await api?.close();
  engine?.close();
});

const FROM = "FROM speck_events WHERE timestamp >= toDateTime('2026-11-24 12:00:00')";
const ask = (body: string, headers: Record<string, string> = {}, account = api.account): Promise<Response> =>
  fetch(`${api.url}/accounts/${account}/analytics_engine/sql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${api.token}`, ...headers },
    body,
  });

describe('the SQL API', () => {
  it('answers the documented JSON', async () => {
    const answer = await ask(
      `SELECT blob1 AS page, sum(_sample_interval) AS events ${FROM} GROUP BY page ORDER BY page`,
    );
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      meta: [
        { name: 'page', type: 'String' },
        { name: 'events', type: 'UInt64' },
      ],
      data: [
        { page: 'it\'s "page" \\0', events: expect.stringMatching(/^\d+0$/) },
        { page: 'it\'s "page" \\1', events: expect.stringMatching(/^\d+0$/) },
      ],
      rows: 2,
    });
  });

  it('answers one row a line', async () => {
    const answer = await ask(
      `SELECT timestamp, double1 ${FROM} ORDER BY timestamp LIMIT 2 FORMAT JSONEachRow`,
    );
    const lines = (await answer.text()).trimEnd().split('\n');
    expect(lines.map((line) => Object.keys(JSON.parse(line) as object))).toEqual([
      ['timestamp', 'double1'],
      ['timestamp', 'double1'],
    ]);
  });

  it.each([
    ['no token', 400, () => ask('SELECT 1', { authorization: '' })],
    ['a wrong token', 401, () => ask('SELECT 1', { authorization: 'Bearer other' })],
    ["another's account", 403, () => ask('SELECT 1', {}, 'f'.repeat(32))],
  ])('refuses %s with the gateway’s JSON', async (_, status, request) => {
    const answer = await request();
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ success: false, errors: [{ code: expect.any(Number) }] });
  });

  it.each([
    ['a statement that is not of the language', `SELECT 1 ${FROM} JOIN other`],
    ['a dataset without a point', 'SELECT 1 FROM other_events WHERE timestamp >= toDateTime(0)'],
  ])('refuses %s with a text', async (_, statement) => {
    const answer = await ask(statement);
    expect(answer.status).toBe(422);
    expect(await answer.text()).toMatch(/^Input was invalid: /);
  });

  it.each([400, 401, 403, 429, 500, 503])('fails with %i on demand, once', async (status) => {
    api.failNext(status, { 'retry-after': '1' });
    const answer = await ask(`SELECT 1 AS one ${FROM} LIMIT 1`);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([status, '1']);
    expect((await ask(`SELECT 1 AS one ${FROM} LIMIT 1`)).status).toBe(200);
  });
});

describe('the binding', () => {
  const DATASET = 'FROM events.analyticsEngine.speck_events WHERE timestamp >= $1';
  const since = new Date(AT).toISOString();

  it('weights what the HTTP API does not', async () => {
    const { data, rows } = await binding.query({
      query: `SELECT blob1 AS page, COUNT(*) AS events, SUM(double1) AS sum, SUM(1 / sampleInterval) AS kept,
        countIf(double1 = 2) AS twos, APPROX_MAX(double1) AS most, count(DISTINCT double1) AS kinds
        ${DATASET} AND blob1 IN ($2, $3) GROUP BY page ORDER BY page LIMIT 1`,
      params: [since, 'it\'s "page" \\0', "'; DROP"],
    });
    const same =
      await ask(`SELECT blob1 AS page, sum(_sample_interval) AS events, sum(_sample_interval * double1) AS sum,
      count() AS kept, sumIf(_sample_interval, double1 = 2) AS twos, max(double1) AS most, count(DISTINCT double1) AS kinds
      ${FROM} GROUP BY page ORDER BY page LIMIT 1`);
    const expected = ((await same.json()) as { data: Record<string, unknown>[] }).data[0];
    expect(rows).toBe(1);
    expect(data[0]?.['events']).toBeTypeOf('number');
    expect(Object.entries(data[0] ?? {}).map(([name, value]) => [name, String(value)])).toEqual(
      Object.entries(expected ?? {}).map(([name, value]) => [name, String(value)]),
    );
  });

  it.each([
    ['an exact extreme', 'SELECT MAX(double1) AS most', ''],
    ['the weight by its other name', 'SELECT SUM(_sample_interval) AS sum', ''],
    ['a count of an expression', 'SELECT COUNT(double1) AS count', ''],
    ['a scope', 'SELECT COUNT(*) AS count', " AND accountTag = 'a'"],
    ['a time without a zone', 'SELECT COUNT(*) AS count', " AND timestamp < '2026-11-24 12:00:00'"],
    ['a parameter without a value', 'SELECT COUNT(*) AS count', ' AND blob1 = $2'],
  ])('refuses %s', async (_, select, where) => {
    await expect(
      binding.query({ query: `${select} ${DATASET}${where}`, params: [since] }),
    ).rejects.toMatchObject({
      status: 422,
      retryable: false,
    });
  });

  it('refuses a bare dataset, and fails on demand', async () => {
    await expect(binding.query({ query: `SELECT COUNT(*) AS n ${FROM}` })).rejects.toMatchObject({
      status: 422,
    });
    binding.failNext(429);
    await expect(binding.query({ query: 'SELECT 1' })).rejects.toMatchObject({ retryable: true });
  });

  it('leaves texts as they are', () => {
    expect(
      forClickHouse("SELECT 'SUM(sampleInterval), it''s $1' AS text, if(a = $name, SUM(b * (c + 1)), 0)", {
        name: "o'b",
      }),
    ).toBe(
      "SELECT 'SUM(sampleInterval), it\\'s $1' AS text, if(a = 'o\\'b', sum(_sample_interval * (b * (c + 1))), 0)",
    );
  });
});
