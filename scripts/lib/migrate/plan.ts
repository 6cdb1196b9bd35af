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

/** The statements that a database still needs, in order. Empty when it is up to date, or of a later version. */
export function plan(state: State, migrations: readonly Migration[]): string[] {
  const known = migrations.at(-1)?.version ?? 0;
  if (versionOf(state) > known) return [];
  const pending = migrations.filter(({ version }) => !state.versions.has(version));
  if (pending.length === 0) return repairs(state, structureAfter(statementsUpTo(migrations, known)));

  const [first] = pending;
  if (first?.version === 1 && !isEmpty(state)) {
    // Made before versions were recorded. What else it needs is told by the next look.
    const adoption = repairs(state, structureAfter(first.statements));
    if (adoption.length > 0) return adoption;
  }
  return pending.flatMap(({ version, statements }) => [
    ...statements.filter((statement) => !isDone(statement, state)).map(({ sql }) => sql),
    `INSERT OR IGNORE INTO schema_migrations (version, applied_at) VALUES (${version}, unixepoch() * 1000)`,
  ]);
}

function statementsUpTo(migrations: readonly Migration[], last: number): Statement[] {
  return migrations.filter(({ version }) => version <= last).flatMap(({ statements }) => statements);
}

/** Whether a database has nothing of Speck's but the table of versions. */
function isEmpty({ tables }: State): boolean {
  return !['pixels', 'events', 'days'].some((table) => tables.has(table));
}

/** What cannot be done twice is not, if a run that was interrupted has done it. */
function isDone(statement: Statement, { tables }: State): boolean {
  if (statement.kind !== 'add column') return false;
  return tables.get(statement.table)?.some(({ name }) => name === statement.column.name) ?? false;
}
