/** Which statements a database still needs, told from what it is like now. */
import { repairs } from './repair.ts';
import { parseStatement, type Statement, statementsOf } from './sql.ts';
import { type State, structureAfter } from './structure.ts';

/** A file of migrations/. */
export interface Migration {
  /** Its number: 1, 2, 3, … */
  readonly version: number;
  readonly statements: readonly Statement[];
}

/**
 * Migrations in order, from their files' names and texts.
 * @throws Error when the numbers leave a gap, or a statement is none that a migration may hold.
 */
export function parseMigrations(files: Readonly<Record<string, string>>): Migration[] {
  return Object.keys(files)
    .sort()
    .map((name, index) => {
      const version = index + 1;
      if (!name.startsWith(`${String(version).padStart(4, '0')}_`)) {
        throw new Error(`Migration ${version} is missing: ${name} stands in its place.`);
      }
      return { version, statements: statementsOf(files[name] ?? '').map(parseStatement) };
    });
}

/** The version that a database has reached: 0 if none is recorded. */
export function versionOf({ versions }: State): number {
  return Math.max(0, ...versions);
}

/**
 * The statements that a database still needs, in order, as far as they can be told now: once they have run, ask again. None
 * when it is up to date, or of a later version.
 */
export function plan(state: State, migrations: readonly Migration[]): string[] {
  const version = versionOf(state);
  if (version > migrations.length) return [];
  if (!isNew(state)) {
    // A database without a version has, or is made to have, what the first migration makes.
    const whole = structureAfter(statementsUpTo(migrations, Math.max(version, 1)));
    const missing = repairs(state, whole);
    if (missing.length > 0) return missing;
  }
  return migrations
    .filter((migration) => !state.versions.has(migration.version))
    .flatMap(({ version: next, statements }) => [
      ...statements.filter((statement) => !isDone(statement, state)).map(({ sql }) => sql),
      `INSERT OR IGNORE INTO schema_migrations (version, applied_at) VALUES (${next}, unixepoch() * 1000)`,
    ]);
}

function statementsUpTo(migrations: readonly Migration[], last: number): Statement[] {
  return migrations.filter(({ version }) => version <= last).flatMap(({ statements }) => statements);
}

/** Whether nothing has been made yet but the table of versions. */
function isNew({ tables, versions }: State): boolean {
  return versions.size === 0 && !['pixels', 'events', 'days'].some((table) => tables.has(table));
}

/** What cannot be done twice is not, if a run that was interrupted has done it. */
function isDone(statement: Statement, { tables }: State): boolean {
  if (statement.kind !== 'add column') return false;
  return tables.get(statement.table)?.some(({ name }) => name === statement.column.name) ?? false;
}
