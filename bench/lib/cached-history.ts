/**
 * Twelve months of generated events, all rolled up by the cron, stored in a folder under the system's folder for temporary
 * files. Ten million take minutes to make and to roll up, so they are made once: events as long as the schema and what
 * makes them stay the same, rollups as long as their code does.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { addDays, dayStart } from '../../src/model/time-zone.ts';
import { ROOT } from '../../test/e2e/harness.ts';
import { GENERATOR, type History, unseal, writeHistory, ZONE } from './history.ts';
import { DAYS, FIRST_DAY, FUNNEL_SETTINGS, LAST_DAY } from './queries.ts';
import { databaseFile, makeDatabase, rollUp, rollUpMonths, startRecorded } from './recorded-speck.ts';

/** Statements a cron run may use while twelve months are rolled up: many days a run. */
const STATEMENTS = 900;

/** The directory of a database with so many events behind twelve months, all of them rolled up. */
export async function cachedHistory(events: number, speckDir: string): Promise<string> {
  const history: History = {
    seed: events,
    from: FIRST_DAY,
    days: DAYS,
    events,
    settings: FUNNEL_SETTINGS,
  };
  const folder = join(tmpdir(), 'speck-bench');
  const name = `history-${events}-`;
  const directory = join(folder, name + hashOf(`${GENERATOR} ${JSON.stringify(history)}`, ['schema.sql']));
  if (!existsSync(directory)) {
    mkdirSync(folder, { recursive: true });
    for (const entry of readdirSync(folder)) {
      if (entry.startsWith(name)) rmSync(join(folder, entry), { recursive: true });
    }
    // Under another name until it is complete.
    const part = `${directory}.part`;
    progress(events, 'making');
    writeHistory(await makeDatabase({ speckDir, directory: part }), history);
    renameSync(part, directory);
  }
  const rolledUpBy = hashOf('days and months', [
    'schema.sql',
    ...sourcesIn('src/rollup'),
    ...sourcesIn('src/columns'),
    ...sourcesIn('src/sql'),
    ...sourcesIn('src/model'),
  ]);
  const mark = join(directory, 'rolled-up-by');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === rolledUpBy) return directory;
  rmSync(mark, { force: true });
  unseal(databaseFile(directory), history);
  progress(events, 'rolling up');
  const speck = await startRecorded({ speckDir, directory });
  try {
    const { seconds, runs } = await rollUp(
      speck,
      dayStart(ZONE, addDays(LAST_DAY, 1)) + 5 * 60_000,
      STATEMENTS,
    );
    // Months are summed at the beginning of an hour, and once they are over everywhere.
    await rollUpMonths(speck, dayStart('UTC', addDays(LAST_DAY, 3)), STATEMENTS);
    progress(events, `rolled up in ${seconds.toFixed(0)} s by ${runs.length} runs of the cron`);
  } finally {
    await speck.close();
  }
  writeFileSync(mark, rolledUpBy);
  return directory;
}

/**
 * Takes the columns from the days of a database that no runtime has open, so that raw events answer all that has a filter.
 * Returns false if no day has any.
 */
export function removeColumns(directory: string): boolean {
  const db = new DatabaseSync(databaseFile(directory));
  try {
    const exists = db.prepare(`SELECT 1 FROM pragma_table_info('days') WHERE name = 'columns'`).get();
    return (
      exists !== undefined && db.prepare('UPDATE days SET columns = 0 WHERE columns > 0').run().changes > 0
    );
  } finally {
    db.close();
  }
}

function progress(events: number, what: string): void {
  console.error(`${events.toLocaleString('en')} events: ${what}`);
}

function sourcesIn(folder: string): string[] {
  if (!existsSync(join(ROOT, folder))) return [];
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .sort()
    .map((file) => `${folder}/${file}`);
}

function hashOf(text: string, files: readonly string[]): string {
  const hash = createHash('sha256').update(text);
  for (const file of files) hash.update(readFileSync(join(ROOT, file)));
  return hash.digest('hex').slice(0, 16);
}
