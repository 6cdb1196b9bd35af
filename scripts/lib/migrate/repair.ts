/**
 * Brings a database to a structure, whatever it is like. Databases of the first days were made by files of
 * `CREATE … IF NOT EXISTS`, one over the other, with no record of it: what is missing is told by looking.
 *
 * Every statement may be the last one of a run that is interrupted, and may meet what another run has done meanwhile.
 */
import type { Column } from './sql.ts';
import type { State, Structure } from './structure.ts';

/** A table's copy in the making. */
const aside = (table: string): string => `${table}_new`;

/** Defaults that rows get in a column that the schema has none for, where an empty text or 0 would be wrong. */
const FILLERS: Readonly<Record<string, string>> = { 'rejections.samples': "'[]'" };

/** Values that have moved to another column, for as long as the old one is there. */
const MOVED: readonly { readonly table: string; readonly from: string; readonly sql: string }[] = [
  {
    table: 'rejections',
    from: 'sample',
    sql: `UPDATE rejections
      SET samples = json_array(iif(json_valid(sample), json(sample), json_object('detail', sample)))
      WHERE samples = '[]' AND sample <> ''`,
  },
];

/** Statements that a database still needs to have all of a structure. What it has besides is left alone. */
export function repairs(state: State, target: Structure): string[] {
  const statements = movePersonLinks(state, target);
  const tables = new Map(state.tables);
  if (statements.length > 0) {
    tables.delete('links');
    tables.set('person_links', state.tables.get('person_links') ?? target.tables.get('person_links') ?? []);
  }
  for (const [table, columns] of target.tables) {
    statements.push(...repairTable(table, columns, tables));
  }
  for (const [index, definition] of target.indexes) {
    const present = state.indexes.get(index);
    if (present === definition) continue;
    if (present !== undefined) statements.push(`DROP INDEX IF EXISTS ${index}`);
    statements.push(`CREATE INDEX IF NOT EXISTS ${definition}`);
  }
  return statements;
}

/** `links` were the people's links for a while, before shared links took the name. */
function movePersonLinks({ tables }: State, target: Structure): string[] {
  const columns = target.tables.get('person_links');
  if (!columns || !tables.get('links')?.some(({ name }) => name === 'alias')) return [];
  return [
    createTable('person_links', columns),
    'INSERT OR IGNORE INTO person_links (pixel, alias, target) SELECT pixel, alias, target FROM links',
    'DROP TABLE links',
  ];
}

function repairTable(
  table: string,
  columns: readonly Column[],
  tables: ReadonlyMap<string, readonly Column[]>,
): string[] {
  const copy = aside(table);
  const names = columns.map(({ name }) => name).join(', ');
  const present = tables.get(table);
  if (!present) return [createTable(table, columns)];
  const missing = columns.filter(({ name }) => !present.some((one) => one.name === name));
  const added = missing.map((column) => `ALTER TABLE ${table} ADD COLUMN ${addable(table, column)}`);
  if (!mustBeRebuilt(present, columns)) {
    if (added.length > 0 || !tables.has(copy)) return added;
    // The table was dropped when its copy was whole, and made anew before the copy had its name.
    return [
      `INSERT OR IGNORE INTO ${table} (${names}) SELECT ${names} FROM ${copy}`,
      `DROP TABLE IF EXISTS ${copy}`,
    ];
  }
  const moved = MOVED.filter(
    (one) => one.table === table && present.some(({ name }) => name === one.from),
  ).map(({ sql }) => sql);
  return [
    ...added,
    ...moved,
    // An interrupted run's copy may be older than the table.
    `DROP TABLE IF EXISTS ${copy}`,
    createTable(copy, columns),
    `INSERT INTO ${copy} (${names}) SELECT ${names} FROM ${table}`,
    `DROP TABLE ${table}`,
    `ALTER TABLE ${copy} RENAME TO ${table}`,
  ];
}

/** Another primary key cannot be given to a table, and no row can be written without a column that is no more. */
function mustBeRebuilt(present: readonly Column[], columns: readonly Column[]): boolean {
  return (
    keyOf(present) !== keyOf(columns) ||
    present.some(
      (one) => one.notNull && one.default === null && !columns.some(({ name }) => name === one.name),
    )
  );
}

function keyOf(columns: readonly Column[]): string {
  return columns
    .filter(({ key }) => key > 0)
    .sort((a, b) => a.key - b.key)
    .map(({ name }) => name)
    .join(', ');
}

function createTable(table: string, columns: readonly Column[]): string {
  const lines = [...columns.map(columnSql), `PRIMARY KEY (${keyOf(columns)})`];
  return `CREATE TABLE IF NOT EXISTS ${table} (\n  ${lines.join(',\n  ')}\n) STRICT, WITHOUT ROWID`;
}

function columnSql({ name, type, notNull, default: byDefault }: Column): string {
  return `${name} ${type}${notNull ? ' NOT NULL' : ''}${byDefault === null ? '' : ` DEFAULT ${byDefault}`}`;
}

/** A column as it can be added to a table that has rows, which need a value. */
function addable(table: string, column: Column): string {
  const empty = column.type === 'INTEGER' ? '0' : "''";
  const filler = column.notNull ? (FILLERS[`${table}.${column.name}`] ?? empty) : null;
  return columnSql({ ...column, default: column.default ?? filler });
}
