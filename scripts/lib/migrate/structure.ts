/** What a database consists of: as it is, looked up in the database; as it should be, worked out from migrations. */
import { type Column, indexDefinition, type Statement } from './sql.ts';

export interface Structure {
  /** The columns of each table. */
  readonly tables: ReadonlyMap<string, readonly Column[]>;
  /** The definition of each index, see `indexDefinition`. */
  readonly indexes: ReadonlyMap<string, string>;
}

/** A database as it is, with the versions of the migrations that it has recorded. */
export interface State extends Structure {
  readonly versions: ReadonlySet<number>;
}

/** Rows of one statement's result. */
export type Rows = readonly Readonly<Record<string, unknown>>[];

/** The table of versions. It is made before it is asked: a statement cannot ask a table that may not be there. */
export const MAKE_VERSIONS = `CREATE TABLE IF NOT EXISTS schema_migrations (
  version INTEGER NOT NULL PRIMARY KEY,
  applied_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID`;

/** The statements whose results `stateOf` reads. Cloudflare's own tables (`_cf_…`) may not be looked at. */
export const LOOK: readonly string[] = [
  MAKE_VERSIONS,
  `SELECT m.name AS "table", c.name, c.type, c."notnull" AS not_null, c.dflt_value AS by_default, c.pk AS place
   FROM sqlite_master m JOIN pragma_table_info(m.name) c
   WHERE m.type = 'table' AND substr(m.name, 1, 4) <> '_cf_' AND substr(m.name, 1, 7) <> 'sqlite_'
   ORDER BY m.name, c.cid`,
  `SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name`,
  'SELECT version FROM schema_migrations ORDER BY version',
];

/** What the statements of `LOOK` have found. */
export function stateOf([, columns = [], indexes = [], versions = []]: readonly Rows[]): State {
  const tables = new Map<string, Column[]>();
  for (const row of columns) {
    const table = String(row['table']);
    tables.set(table, [
      ...(tables.get(table) ?? []),
      {
        name: String(row['name']),
        type: String(row['type']),
        notNull: row['not_null'] === 1,
        default: row['by_default'] === null ? null : String(row['by_default']),
        key: Number(row['place']),
      },
    ]);
  }
  return {
    tables,
    indexes: new Map(indexes.map(({ name, sql }) => [String(name), indexDefinition(String(sql))])),
    versions: new Set(versions.map(({ version }) => Number(version))),
  };
}

/** What migrations make of an empty database. */
export function structureAfter(statements: readonly Statement[]): Structure {
  const tables = new Map<string, readonly Column[]>();
  const indexes = new Map<string, string>();
  for (const statement of statements) {
    if (statement.kind === 'create table') tables.set(statement.table, statement.columns);
    if (statement.kind === 'add column') {
      tables.set(statement.table, [...(tables.get(statement.table) ?? []), statement.column]);
    }
    if (statement.kind === 'create index') indexes.set(statement.index, statement.definition);
    if (statement.kind === 'drop index') indexes.delete(statement.index);
  }
  return { tables, indexes };
}

/** Whether nothing has changed from one look to the next. */
export function sameState(one: State, other: State): boolean {
  const plain = ({ tables, indexes, versions }: State): string =>
    JSON.stringify([[...tables], [...indexes], [...versions]]);
  return plain(one) === plain(other);
}
