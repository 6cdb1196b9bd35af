/**
 * Reads the SQL of migrations, of which it knows few forms: a migration may make tables and indexes, add columns, drop
 * indexes, and change rows. Anything else is refused, so that a migration can only add.
 */

/** A column as a table has it. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  /** The default's SQL, or null if there is none. */
  readonly default: string | null;
  /** Its place in the primary key, from 1; 0 if it is not part of it. */
  readonly key: number;
}

export type Statement = { readonly sql: string } & (
  | { readonly kind: 'create table'; readonly table: string; readonly columns: readonly Column[] }
  | { readonly kind: 'add column'; readonly table: string; readonly column: Column }
  | { readonly kind: 'create index'; readonly index: string; readonly definition: string }
  | { readonly kind: 'drop index'; readonly index: string }
  | { readonly kind: 'change rows' }
);

/** The statements of a file, without comments. Each ends with a semicolon at a line's end. */
export function statementsOf(text: string): string[] {
  return text
    .replaceAll(/^\s*--.*$/gm, '')
    .split(/;[ \t\r]*(?:\n|$)/)
    .map((sql) => sql.trim())
    .filter((sql) => sql !== '');
}

const CREATE_TABLE = /^CREATE TABLE IF NOT EXISTS (\w+) \(([\s\S]*)\) STRICT, WITHOUT ROWID$/;
const ADD_COLUMN = /^ALTER TABLE (\w+) ADD COLUMN ([\s\S]+)$/;
const CREATE_INDEX = /^CREATE INDEX IF NOT EXISTS (\w+) ON /;
const DROP_INDEX = /^DROP INDEX IF EXISTS (\w+)$/;
const CHANGE_ROWS = /^(?:UPDATE|DELETE|INSERT OR IGNORE) /;

/** @throws Error when the statement has none of the known forms. */
export function parseStatement(sql: string): Statement {
  const [, table, body] = CREATE_TABLE.exec(sql) ?? [];
  if (table !== undefined && body !== undefined) {
    return { kind: 'create table', sql, table, columns: parseColumns(body) };
  }
  const [, altered, added] = ADD_COLUMN.exec(sql) ?? [];
  if (altered !== undefined && added !== undefined) {
    const column = parseColumn(added);
    if (column.notNull && column.default === null) {
      throw new Error(
        `The Worker before would fail to write rows, since ${column.name} has no default: ${sql}`,
      );
    }
    return { kind: 'add column', sql, table: altered, column };
  }
  const [, index] = CREATE_INDEX.exec(sql) ?? [];
  if (index !== undefined) return { kind: 'create index', sql, index, definition: indexDefinition(sql) };
  const [, dropped] = DROP_INDEX.exec(sql) ?? [];
  if (dropped !== undefined) return { kind: 'drop index', sql, index: dropped };
  if (CHANGE_ROWS.test(sql)) return { kind: 'change rows', sql };
  throw new Error(`No migration may do this: ${sql}`);
}

/** An index's SQL in the form in which definitions are compared. SQLite keeps the text that it was made with. */
export function indexDefinition(sql: string): string {
  return sql.replace(/^CREATE INDEX (?:IF NOT EXISTS )?/, '').replaceAll(/\s+/g, ' ');
}

/** One column a line, and the primary key on a line of its own if it has several columns. */
function parseColumns(body: string): Column[] {
  const lines = body.split(/,\s*\n/).map((line) => line.trim());
  const key = lines
    .map((line) => /^PRIMARY KEY \((.+)\)$/.exec(line)?.[1])
    .find((names) => names !== undefined);
  const names = key?.split(/,\s*/) ?? [];
  return lines
    .filter((line) => !line.startsWith('PRIMARY KEY'))
    .map((line) => {
      const column = parseColumn(line);
      return names.includes(column.name) ? { ...column, key: names.indexOf(column.name) + 1 } : column;
    });
}

const COLUMN = /^(\w+) (TEXT|INTEGER|REAL|BLOB)( NOT NULL)?(?: DEFAULT (-?\d+|'[^']*'))?( PRIMARY KEY)?$/;

function parseColumn(text: string): Column {
  const [whole, name = '', type = '', notNull, byDefault = null, key] = COLUMN.exec(text.trim()) ?? [];
  if (whole === undefined) throw new Error(`No column of a migration may be written like this: ${text}`);
  return { name, type, notNull: notNull !== undefined, default: byDefault, key: key === undefined ? 0 : 1 };
}
