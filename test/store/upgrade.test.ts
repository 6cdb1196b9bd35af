/**
 * Databases of every schema that there was, migrated in D1 itself, and what the Worker of today makes of them.
 * test/scripts/migrate.test.ts has mixtures of schemas, and two runs at once.
 */
import { createExecutionContext } from 'cloudflare:test';
import { beforeEach, describe, expect, it } from 'vitest';
import { parseMigrations } from '../../scripts/lib/migrate/plan.ts';
import { type Execute, migrate } from '../../scripts/lib/migrate/run.ts';
import { statementsOf } from '../../scripts/lib/migrate/sql.ts';
import { LOOK, type Rows, stateOf } from '../../scripts/lib/migrate/structure.ts';
import worker from '../../src/index.ts';
import { SCHEMA_VERSION } from '../../src/model/version.ts';
import { getPixel } from '../../src/store/pixels.ts';
import { db, runJobs, store, testEnv } from '../fixtures.ts';
import {
  asStoredNow,
  CHANGED_DAY,
  countStatement,
  HISTORIC_UID,
  historicRows,
  type Inserted,
  insertStatement,
  LEFT_AT,
  PURGED_DAY,
  ROLLED_DAY,
} from '../history.ts';
import type { OracleEvent } from '../oracle.ts';

const raw = (files: Record<string, unknown>): [name: string, text: string][] =>
  Object.entries(files as Record<string, string>).map(([path, text]) => [path.split('/').at(-1) ?? '', text]);

const MIGRATIONS = parseMigrations(
  Object.fromEntries(
    raw(import.meta.glob('../../migrations/*.sql', { query: '?raw', import: 'default', eager: true })),
  ),
);
const SCHEMAS = raw(
  import.meta.glob('../schemas/*.sql', { query: '?raw', import: 'default', eager: true }),
).map(([name, text]) => [name.replace('.sql', ''), text] as const);

const execute: Execute = async (statements) => {
  const results = await db.batch<Rows[number]>(statements.map((sql) => db.prepare(sql)));
  return results.map(({ results: rows }) => rows);
};

/** A database that fails for good once it has run so many statements, whose effects stay. */
function interruptedAfter(statements: number): Execute {
  let left = statements;
  return async (list) => {
    const end = list.findIndex((sql) => !LOOK.includes(sql) && --left < 0);
    if (end < 0) return execute(list);
    if (end > 0) await execute(list.slice(0, end));
    throw new Error('interrupted');
  };
}

async function dropAll(): Promise<void> {
  const { tables } = stateOf(await execute(LOOK));
  await execute([...tables.keys()].map((table) => `DROP TABLE ${table}`));
}

/** Makes a database of a schema, with rows in all tables. */
async function make(schema: string, pixel?: string): Promise<Inserted[]> {
  await dropAll();
  await execute(statementsOf(schema));
  const { tables } = stateOf(await execute(LOOK));
  const rows = historicRows(
    new Map([...tables].map(([table, columns]) => [table, columns.map(({ name }) => name)])),
    pixel,
  );
  await execute(rows.map(insertStatement));
  return rows;
}

async function expectKept(rows: readonly Inserted[]): Promise<void> {
  const storedRows = rows.map(asStoredNow);
  const counts = await execute(storedRows.map(countStatement));
  const lost = storedRows.filter((_, index) => counts[index]?.[0]?.['count'] !== 1);
  expect(lost).toEqual([]);
}

async function api(method: string, path: string, body?: unknown): Promise<Response> {
  const request = new Request(`https://px.example.com${path}`, {
    method,
    headers: { authorization: `Bearer ${testEnv.ADMIN_TOKEN}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return worker.fetch(
    request as Request<unknown, IncomingRequestCfProperties>,
    testEnv,
    createExecutionContext(),
  );
}

async function answer<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await api(method, path, body);
  const text = await response.text();
  expect(response.status, `${method} ${path}: ${text}`).toBe(200);
  return JSON.parse(text) as T;
}

async function visitors(pixel: string, day: string): Promise<unknown> {
  const query = { site_id: pixel, metrics: ['visitors', 'pageviews'], date_range: [day, day] };
  const { results } = await answer<{ results: { metrics: unknown }[] }>('POST', '/api/v2/query', query);
  return results[0]?.metrics;
}

describe.each(SCHEMAS)('a database of the schema %s', (name, schema) => {
  // Not the same pixel each time: an isolate remembers pixels and their keys.
  const id = `px_HistoricPixe123${name[0]}`;
  const path = `/api/v1/pixels/${id}`;
  let rows: Inserted[];
  beforeEach(async () => {
    rows = await make(schema, id);
  });

  it('keeps its rows, and the current Worker works on it', async () => {
    expect(await migrate(execute, MIGRATIONS)).toMatchObject({ from: 0, to: SCHEMA_VERSION });
    await expectKept(rows);

    const pixel = await getPixel(db, id);
    if (!pixel) throw new Error('the pixel is gone');
    const event = (id: string): OracleEvent =>
      ({
        id,
        ts: Date.parse(`${CHANGED_DAY}T10:00:00Z`),
        name: 'pageview',
        visitor: 'dora',
        page: '/new',
      }) as OracleEvent;
    expect(await store(pixel, [event('n1'), event('n2')], LEFT_AT)).toEqual(['stored', 'stored']);
    await runJobs(LEFT_AT);

    expect(await visitors(id, ROLLED_DAY)).toEqual([2, 3]);
    expect(await visitors(id, CHANGED_DAY)).toEqual([2, 2]);
    // Its events are gone: what was rolled up answers.
    expect(await visitors(id, PURGED_DAY)).toEqual([2, 5]);
    const health = await answer<{ schema: unknown }>('GET', '/health');
    expect(health.schema).toEqual({ version: SCHEMA_VERSION, expected: SCHEMA_VERSION });

    const range = `from=${ROLLED_DAY}&to=${CHANGED_DAY}`;
    const rejections = JSON.stringify(await answer('GET', `${path}/rejections?${range}`));
    expect(rejections).toContain('"reason":"bot"');
    expect(rejections).toContain('"hostname":"site.example"');
    expect((await api('GET', `${path}/links`)).status).toBe(200);
    expect(
      new TextDecoder().decode(await (await api('GET', `${path}/events?${range}`)).arrayBuffer()),
    ).toContain('order-1');

    const hasPeople = name >= '5';
    const person = await answer<{ total_events: number }>('GET', `${path}/people?uid=${HISTORIC_UID}`);
    expect(person.total_events).toBe(hasPeople ? 1 : 0);
    await answer('DELETE', `${path}/people?uid=${HISTORIC_UID}`);
    const after = await answer<{ total_events: number }>('GET', `${path}/people?uid=${HISTORIC_UID}`);
    expect(after.total_events).toBe(0);

    expect((await api('DELETE', path)).status).toBe(204);
    const { tables } = stateOf(await execute(LOOK));
    const owned = [...tables].filter(([, columns]) => columns.some((column) => column.name === 'pixel'));
    const left = await execute(
      owned.map(
        ([table]) => `SELECT '${table}' AS name, count(*) AS count FROM ${table} WHERE pixel = '${id}'`,
      ),
    );
    expect(left.flat().filter(({ count }) => count !== 0)).toEqual([]);
  });
});

it('a migration that is interrupted after any statement loses nothing', { timeout: 300_000 }, async () => {
  for (const [name, schema] of SCHEMAS.filter(([name]) => /^[15]/.test(name))) {
    for (let statements = 0; ; statements++) {
      const rows = await make(schema);
      const ended = await migrate(interruptedAfter(statements), MIGRATIONS).then(
        () => true,
        () => false,
      );
      expect(await migrate(execute, MIGRATIONS), name).toMatchObject({ to: SCHEMA_VERSION });
      await expectKept(rows);
      if (ended) {
        expect(statements).toBeGreaterThan(20);
        break;
      }
    }
  }
});
