/** Brings the database's tables to this version, before the Worker that needs them runs. */
import { localDatabase, remoteDatabase } from './d1.ts';
import { readMigrations } from './files.ts';
import { type Execute, type Migrated, migrate } from './run.ts';

/** Migrates the local database. Says why if it fails, and what was done if tables had to change. */
export async function migrateLocal(args: readonly string[]): Promise<boolean> {
  try {
    const migrated = await migrateAll(localDatabase(args));
    if (migrated.from !== migrated.to || migrated.isLater) console.log(textFor(migrated, 'npm start'));
    return true;
  } catch (error) {
    console.error(`${textOf(error)}\n\nThe local database could not be migrated: see above.`);
    return false;
  }
}

/** Migrates the database at Cloudflare. @returns what was done. @throws what wrangler or D1 said */
export async function migrateRemote(args: readonly string[]): Promise<string> {
  return textFor(await migrateAll(remoteDatabase(args)), 'npm run deploy');
}

function migrateAll(execute: Execute): Promise<Migrated> {
  return migrate(execute, readMigrations());
}

function textFor({ from, to, isNew, isLater }: Migrated, command: string): string {
  if (isLater) {
    return (
      `The database has version ${to} of the schema, which is later than this checkout knows. It works with the older Worker,` +
      ` and was left as it is. To use what is new, update the checkout and run ${command} again.`
    );
  }
  if (isNew) return `Made the tables: version ${to} of the schema.`;
  if (from === to) return `The tables are up to date: version ${to} of the schema.`;
  return `Migrated the database from ${from === 0 ? 'before versions' : `version ${from}`} to version ${to} of the schema.`;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
