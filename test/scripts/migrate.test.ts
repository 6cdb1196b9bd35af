/**
 * Migrations on databases of every schema that there was, and of mixtures of these, interrupted after every statement. SQLite
 * itself holds them; test/store/upgrade.test.ts does the same in D1, and runs the Worker's code on what comes out.
 */
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { parseMigrations, plan } from '../../scripts/lib/migrate/plan.ts';
import { type Execute, migrate } from '../../scripts/lib/migrate/run.ts';
import { statementsOf } from '../../scripts/lib/migrate/sql.ts';
import { LOOK, type Structure, structureAfter } from '../../scripts/lib/migrate/structure.ts';
import { SCHEMA_VERSION } from '../../src/model/version.ts';
import type { Inserted } from '../history.ts';
import {
  apply,
  comparable,
  expectUpToDate,
  FINAL,
  fill,
  look,
  MIGRATIONS,
  NEWEST,
  run,
  SCHEMAS,
} from './sqlite.ts';

/** D1 as it should be: a call is one transaction. */
function inOneTransaction(db: DatabaseSync): Execute {
  return async (statements) => {
    db.exec('SAVEPOINT call');
    try {
      const rows = statements.map((sql) => run(db, sql));
      db.exec('RELEASE call');
      return rows;
    } catch (error) {
      db.exec('ROLLBACK TO call');
      throw error;
    }
  };
}

const LOOKING: ReadonlySet<string> = new Set(LOOK);

/** A database that fails for good once it has run so many statements, whose effects stay. */
function interruptedAfter(db: DatabaseSync, statements: number): Execute & { readonly ran: string[] } {
  const ran: string[] = [];
  const execute: Execute = async (list) =>
    list.map((sql) => {
      if (LOOKING.has(sql)) return run(db, sql);
      if (ran.length >= statements) throw new Error('interrupted');
      const rows = run(db, sql);
      ran.push(sql);
      return rows;
    });
  return Object.assign(execute, { ran });
}

/** Migrates, interrupted after each statement in turn and then repeated. @returns how many statements that were. */
async function interruptEverywhere(db: DatabaseSync, rows: readonly Inserted[]): Promise<number> {
  for (let statements = 0; ; statements++) {
    db.exec('SAVEPOINT start');
    const first = interruptedAfter(db, statements);
    const ended = await migrate(first, MIGRATIONS).then(
      () => true,
      () => false,
    );
    await migrate(inOneTransaction(db), MIGRATIONS);
    expectUpToDate(db, rows);
    db.exec('ROLLBACK TO start; RELEASE start');
    if (ended) return statements;
  }
}

describe('the files', () => {
  test('schema.sql is the sum of the migrations', () => {
    const sum = new DatabaseSync(':memory:');
    for (const { statements } of MIGRATIONS) for (const { sql } of statements) sum.exec(sql);
    expect(comparable(look(sum), FINAL)).toEqual(comparable(FINAL, FINAL));
  });

  test('the parsed schema equals that of SQLite', () => {
    const read = structureAfter(MIGRATIONS.flatMap(({ statements }) => statements));
    expect(comparable(read, read)).toEqual(comparable(FINAL, read));
    const defaults = ({ tables }: Structure) =>
      [...tables]
        .flatMap(([table, columns]) => columns.map((one) => `${table}.${one.name} ${one.default}`))
        .sort();
    expect(defaults(read)).toEqual(defaults(FINAL));
  });

  test('the Worker expects the number of existing migrations', () => {
    expect(SCHEMA_VERSION).toBe(MIGRATIONS.length);
  });

  test('a gap, and a statement that does more than add, are rejected', () => {
    const create =
      'CREATE TABLE IF NOT EXISTS t (\n  a TEXT NOT NULL PRIMARY KEY\n) STRICT, WITHOUT ROWID;\n';
    expect(parseMigrations({ '0001_a.sql': create })).toHaveLength(1);
    expect(() => parseMigrations({ '0001_a.sql': create, '0003_c.sql': create })).toThrow(
      'Migration 2 is missing',
    );
    for (const sql of [
      'DROP TABLE t',
      'ALTER TABLE t DROP COLUMN a',
      'ALTER TABLE t RENAME TO u',
      'ALTER TABLE t RENAME COLUMN a TO b',
      'ALTER TABLE t ADD COLUMN b TEXT NOT NULL',
      'CREATE TABLE t (a TEXT)',
      'CREATE INDEX i ON t (a)',
      'CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END',
      'INSERT INTO t (a) VALUES (1)',
    ]) {
      expect(() => parseMigrations({ '0001_a.sql': `${sql};\n` }), sql).toThrow();
    }
  });
});

describe('a new database', () => {
  test('gets all migrations at once, and a second run changes nothing', async () => {
    const db = new DatabaseSync(':memory:');
    let calls = 0;
    const counted: Execute = (statements) => {
      calls++;
      return inOneTransaction(db)(statements);
    };
    expect(await migrate(counted, MIGRATIONS)).toEqual({
      from: 0,
      to: MIGRATIONS.length,
      isNew: true,
      isLater: false,
    });
    expect(calls).toBe(2);
    expectUpToDate(db, []);
    expect(await migrate(counted, MIGRATIONS)).toMatchObject({ from: MIGRATIONS.length, isNew: false });
    expect(calls).toBe(3);
  });

  test('interrupted after every statement', async () => {
    expect(await interruptEverywhere(new DatabaseSync(':memory:'), [])).toBeGreaterThan(20);
  });
});

describe('a database of each earlier schema', () => {
  test.each(SCHEMAS)('%s, interrupted after every statement', async (_, schema) => {
    const db = apply(schema);
    const rows = fill(db);
    expect(rows.length).toBeGreaterThan(15);
    expect(await interruptEverywhere(db, rows)).toBeGreaterThan(5);
  });

  test.each(SCHEMAS)('%s, with each later schema.sql applied over it', async (name, schema) => {
    const later = [...SCHEMAS.filter(([other]) => other > name).map(([, sql]) => sql), NEWEST];
    for (const over of later) {
      const db = apply(schema);
      const rows = fill(db);
      for (const sql of statementsOf(over)) {
        try {
          db.exec(sql);
        } catch {
          // An index of a column that its table lacks.
        }
      }
      await interruptEverywhere(db, [...rows, ...fill(db)]);
    }
  });
});

test('a table that is recreated between the last two statements of its rebuild gets its rows back', async () => {
  const [, schema] = SCHEMAS[2] as (typeof SCHEMAS)[number];
  const db = apply(schema);
  const rows = fill(db);
  const statements = plan(look(db), MIGRATIONS);
  for (const sql of statements.slice(0, statements.indexOf('DROP TABLE rollups') + 1)) run(db, sql);
  // An npm start of before migrations comes first.
  db.exec(NEWEST.slice(NEWEST.indexOf('CREATE TABLE IF NOT EXISTS rollups')).split(';')[0] as string);
  await migrate(inOneTransaction(db), MIGRATIONS);
  expectUpToDate(db, rows);
});

test('two runs at once have the effect of one', async () => {
  for (const [name, schema] of [['new', ''], ...SCHEMAS] as const) {
    for (let seed = 1; seed <= 20; seed++) {
      const db = apply(schema);
      const rows = schema === '' ? [] : fill(db);
      let random = seed;
      const slow: Execute = async (statements) => {
        random = (random * 48_271) % 2_147_483_647;
        for (let turns = random % 4; turns > 0; turns--) await turn();
        return inOneTransaction(db)(statements);
      };
      const ended = await Promise.all([migrate(slow, MIGRATIONS), migrate(slow, MIGRATIONS)]);
      expect(
        ended.map(({ to }) => to),
        name,
      ).toEqual([MIGRATIONS.length, MIGRATIONS.length]);
      expectUpToDate(db, rows);
    }
  }
});

test('a database of a later version is not changed', async () => {
  const db = apply(NEWEST);
  await migrate(inOneTransaction(db), MIGRATIONS);
  const later = MIGRATIONS.length + 1;
  db.exec(
    `INSERT INTO schema_migrations VALUES (${later}, 0); DROP INDEX events_eid; DROP TABLE failed_tasks`,
  );
  expect(await migrate(inOneTransaction(db), MIGRATIONS)).toEqual({
    from: later,
    to: later,
    isNew: false,
    isLater: true,
  });
  expect(look(db).tables.has('failed_tasks')).toBe(false);
});

describe('objects that were dropped by hand are created again', () => {
  test('at the newest version', async () => {
    const db = apply(NEWEST);
    await migrate(inOneTransaction(db), MIGRATIONS);
    db.exec('DROP INDEX events_eid; DROP INDEX days_outdated; DROP TABLE failed_tasks');
    db.exec('ALTER TABLE days DROP COLUMN rollup_version');
    await migrate(inOneTransaction(db), MIGRATIONS);
    expectUpToDate(db, []);
  });

  test('before the next migration changes it', async () => {
    const db = new DatabaseSync(':memory:');
    await migrate(inOneTransaction(db), MIGRATIONS.slice(0, 1));
    expect(look(db).versions).toEqual(new Set([1]));
    db.exec('DROP TABLE days; DROP TABLE links');
    await migrate(inOneTransaction(db), MIGRATIONS);
    expectUpToDate(db, []);
  });

  test('also when it was everything', async () => {
    const db = new DatabaseSync(':memory:');
    await migrate(inOneTransaction(db), MIGRATIONS);
    for (const table of look(db).tables.keys())
      if (table !== 'schema_migrations') db.exec(`DROP TABLE ${table}`);
    await migrate(inOneTransaction(db), MIGRATIONS);
    expectUpToDate(db, []);
  });
});

test('foreign tables are not changed', async () => {
  const db = apply('CREATE TABLE mine (a TEXT);\n');
  db.exec("INSERT INTO mine VALUES ('x'); CREATE INDEX mine_a ON mine (a)");
  await migrate(inOneTransaction(db), MIGRATIONS);
  expect(run(db, 'SELECT * FROM mine')).toEqual([{ a: 'x' }]);
  expect(look(db).indexes.get('mine_a')).toBe('mine_a ON mine (a)');
});

test('a database error is reported after at most two attempts', async () => {
  const db = apply((SCHEMAS[0] as (typeof SCHEMAS)[number])[1]);
  let calls = 0;
  const broken: Execute = async (statements) => {
    calls++;
    if (statements.length > LOOK.length) throw new Error('D1 is away');
    return inOneTransaction(db)(statements);
  };
  await expect(migrate(broken, MIGRATIONS)).rejects.toThrow('D1 is away');
  expect(calls).toBe(3);
});
