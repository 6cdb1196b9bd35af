/** Brings the database's tables to this version, before the Worker that needs them runs. */
import { ended, sharedFlags, spawnWrangler } from '../wrangler.ts';
import { localDatabase, remoteDatabase } from './d1.ts';
import { readMigrations } from './files.ts';
import { type Execute, type Migrated, migrate } from './run.ts';

/** What wrangler says of a database that is in wrangler.toml but not in the account. */
const NO_DATABASE = /Couldn't find an? (auto-provisioned )?D1 DB/;

/** What it says where it would ask someone, if its output were not read by a program: to log in, or for an account. */
const MUST_ASK = /non-interactive|not logged in|wrangler login/i;

/** Migrates the local database. Says why if it fails, and what was done if tables had to change. */
export async function migrateLocal(args: readonly string[]): Promise<boolean> {
  try {
    report(await migrateAll(localDatabase(args)), 'npm start');
    return true;
  } catch (error) {
    console.error(`${textOf(error)}\n\nThe local database could not be migrated: see above.`);
    return false;
  }
}

/** Migrates the database at Cloudflare. Asks to log in when it must, and says why if it fails. */
export async function migrateRemote(args: readonly string[]): Promise<'migrated' | 'no database' | 'failed'> {
  try {
    report(await migrateRemoteAskingFirst(args), 'npm run deploy');
    return 'migrated';
  } catch (error) {
    if (NO_DATABASE.test(textOf(error))) return 'no database';
    console.error(textOf(error));
    return 'failed';
  }
}

async function migrateRemoteAskingFirst(args: readonly string[]): Promise<Migrated> {
  try {
    return await migrateAll(remoteDatabase(args));
  } catch (error) {
    if (!MUST_ASK.test(textOf(error)) || !process.stdin.isTTY || !process.stdout.isTTY) throw error;
    // With our own input and output wrangler asks, and keeps the answer for the commands to come.
    const asking = [
      'd1',
      'execute',
      'DB',
      '--remote',
      '--yes',
      '--command',
      'SELECT 1',
      ...sharedFlags(args),
    ];
    await ended(spawnWrangler(asking, { stdio: 'inherit' }));
    return migrateAll(remoteDatabase(args));
  }
}

function migrateAll(execute: Execute): Promise<Migrated> {
  return migrate(execute, readMigrations());
}

function report({ from, to, isNew, isLater }: Migrated, command: string): void {
  if (isLater) {
    console.log(
      `The database has version ${to} of the schema, which is later than this checkout knows. It works with the older Worker,` +
        ` and was left as it is. To use what is new, update the checkout and run ${command} again.`,
    );
  } else if (isNew) {
    console.log(`Made the tables: version ${to} of the schema.`);
  } else if (from !== to) {
    console.log(
      `Migrated the database from ${from === 0 ? 'before versions' : `version ${from}`} to version ${to} of the schema.`,
    );
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
