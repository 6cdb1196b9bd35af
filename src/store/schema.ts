/** Reads the version of the database's tables: the number of the last migration that `npm run deploy` or `npm start` has applied. */
import { SCHEMA_VERSION } from '../model/version.ts';

/**
 * The version of a database. It is 0 if none is recorded: the database is empty, or from before migrations.
 *
 * @throws what D1 throws if it cannot be reached.
 */
export async function readSchemaVersion(db: D1Database): Promise<number> {
  try {
    const version = await db
      .prepare('SELECT max(version) AS version FROM schema_migrations')
      .first('version');
    return Number(version ?? 0);
  } catch (error) {
    if (isSchemaError(error)) return 0;
    throw error;
  }
}

/** Whether an error of D1 says that a table, column or index is missing. This happens if the Worker is newer than the tables. */
export function isSchemaError(error: unknown): boolean {
  return /^D1_.*(no such (table|column|index)|has no column)/.test(
    error instanceof Error ? error.message : '',
  );
}

/** What to do if the database has another version than this Worker needs; null if it has the same. */
export function schemaAdvice(version: number): string | null {
  if (version < SCHEMA_VERSION) {
    return (
      `${isVersion(version)}, and this Worker needs version ${SCHEMA_VERSION}. Run npm run deploy (npm start on your own` +
      ' machine), which migrates it. Until then, events that cannot be stored wait in the queue if there is one.'
    );
  }
  if (version > SCHEMA_VERSION) {
    return (
      `${isVersion(version)}, and this Worker is older, made for version ${SCHEMA_VERSION}. It goes on working. Deploy the` +
      ' later Worker again for what came with it.'
    );
  }
  return null;
}

function isVersion(version: number): string {
  return version === 0
    ? 'The database has no recorded version of the schema'
    : `The database has version ${version} of the schema`;
}
