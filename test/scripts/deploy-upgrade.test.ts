/**
 * `npm run deploy` over databases of every version that there was, each full of rows. test/scripts/migrate.test.ts interrupts the same
 * migrations after every statement.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type Deploying, startDeploying } from './deploying.ts';
import { apply, expectUpToDate, fill, MIGRATIONS, run, SCHEMAS } from './sqlite.ts';

// Each deploy starts wrangler up to ten times, which takes seconds each on a machine that has more to do.
vi.setConfig({ testTimeout: 600_000 });

let deploying: Deploying;
beforeAll(async () => {
  deploying = await startDeploying();
  // Queues have no tables, and each would need wrangler twice more.
  const file = join(deploying.project.directory, 'wrangler.toml');
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/^\[\[queues\.\w+\]\]\n(?:[\w#].*\n)+/gm, ''));
});
afterAll(() => deploying.close());
beforeEach(() => deploying.reset());

/** Each version of before migrations as its schema.sql, and each after as the migrations that it has. */
const VERSIONS: readonly (readonly [name: string, statements: readonly string[]])[] = [
  ...SCHEMAS.map(([name, sql]) => [`schema ${name}`, [sql]] as const),
  ...MIGRATIONS.map(({ version }) => [`version ${version}`, upTo(version)] as const),
];

function upTo(last: number): string[] {
  return MIGRATIONS.filter(({ version }) => version <= last).flatMap(({ version, statements }) => [
    ...statements.map(({ sql }) => `${sql};\n`),
    `CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER NOT NULL PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;\n`,
    `INSERT OR IGNORE INTO schema_migrations VALUES (${version}, 0);\n`,
  ]);
}

test.each(VERSIONS)('%s with data', async (name, statements) => {
  const database = apply(statements.join(''), deploying.cloudflare.makeDatabase());
  const rows = fill(database).filter(({ table }) => table !== 'schema_migrations');
  expect(rows.length).toBeGreaterThan(15);
  deploying.cloudflare.makeWorker({ ADMIN_TOKEN: 'mine' });

  const { code, output } = await deploying.deploy([], { SPECK_TOKEN: 'mine' });
  expect(output).toContain(
    name === `version ${MIGRATIONS.length}`
      ? 'The tables are up to date'
      : `to version ${MIGRATIONS.length} of the schema.`,
  );
  expect(output).toContain('answered with the right numbers');
  expect(code).toBe(0);
  // The tables first, then the Worker that needs them. What is kept stays, and nothing else is made.
  const { changes, workers } = deploying.cloudflare;
  expect(changes.at(-1)).toBe('worker');
  expect(changes.filter((change) => change !== 'migration')).toEqual(['worker']);
  expect(workers.get('speck')?.secrets.get('ADMIN_TOKEN')).toBe('mine');
  expect(workers.get('speck')?.secrets.get('SECRET_KEY')).toMatch(/^[\w-]{43}$/);
  expectUpToDate(database, rows);
  expect(run(database, 'SELECT max(version) AS version FROM schema_migrations')).toEqual([
    { version: MIGRATIONS.length },
  ]);
});
