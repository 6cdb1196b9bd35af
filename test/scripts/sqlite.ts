/** Databases of every schema that there was, in SQLite itself. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'vitest';
import { readMigrations } from '../../scripts/lib/migrate/files.ts';
import { type Column, statementsOf } from '../../scripts/lib/migrate/sql.ts';
import { LOOK, type Rows, type State, type Structure, stateOf } from '../../scripts/lib/migrate/structure.ts';
import { asStoredNow, countStatement, historicRows, type Inserted, insertStatement } from '../history.ts';
import { ROOT } from './project.ts';

export const MIGRATIONS = readMigrations();
/** schema.sql as it is now. */
export const NEWEST = readFileSync(join(ROOT, 'schema.sql'), 'utf8');

const FOLDER = join(ROOT, 'test', 'schemas');
/** Each schema.sql that there was before migrations, the oldest first. */
export const SCHEMAS: readonly (readonly [name: string, sql: string])[] = readdirSync(FOLDER)
  .sort()
  .map((name) => [name.replace('.sql', ''), readFileSync(join(FOLDER, name), 'utf8')]);

export const run = (db: DatabaseSync, sql: string): Rows => db.prepare(sql).all() as Rows;
export const look = (db: DatabaseSync): State => stateOf(LOOK.map((sql) => run(db, sql)));

/** Applies a schema to a database, a new one if none is given. */
export function apply(schema: string, db = new DatabaseSync(':memory:')): DatabaseSync {
  for (const sql of statementsOf(schema)) db.exec(sql);
  return db;
}

/** Puts rows into all tables. @returns those that are there now and were not before. */
export function fill(db: DatabaseSync): Inserted[] {
  const columns = new Map(
    [...look(db).tables].map(([table, all]) => [table, all.map(({ name }) => name)] as const),
  );
  return historicRows(columns).filter((row) => db.prepare(insertStatement(row)).run().changes > 0);
}

/** The order of columns is how they came to be. A default more than the schema has is of a column that was added to rows. */
export function comparable({ tables, indexes }: Structure, schema: Structure) {
  const withoutFiller = (table: string, column: Column): Column => {
    const expected = schema.tables.get(table)?.find(({ name }) => name === column.name);
    return expected?.default === null && expected.notNull ? { ...column, default: null } : column;
  };
  return {
    tables: Object.fromEntries(
      [...tables].map(([table, columns]) => [
        table,
        columns.map((column) => withoutFiller(table, column)).sort((a, b) => a.name.localeCompare(b.name)),
      ]),
    ),
    indexes: Object.fromEntries(indexes),
  };
}

export const FINAL = look(apply(NEWEST));

/** Holds a database to have the newest structure, all versions, and these rows alone in the tables that they are of. */
export function expectUpToDate(db: DatabaseSync, rows: readonly Inserted[]): void {
  const state = look(db);
  expect(comparable(state, FINAL)).toEqual(comparable(FINAL, FINAL));
  expect([...state.versions]).toEqual(MIGRATIONS.map(({ version }) => version));
  const storedRows = rows.map(asStoredNow);
  for (const row of storedRows)
    expect(run(db, countStatement(row)), JSON.stringify(row)).toEqual([{ count: 1 }]);
  for (const table of new Set(storedRows.map((row) => row.table))) {
    const count = storedRows.filter((row) => row.table === table).length;
    expect(run(db, `SELECT count(*) AS count FROM ${table}`), table).toEqual([{ count }]);
  }
}
