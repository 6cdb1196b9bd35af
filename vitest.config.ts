import { existsSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

const TMPDIR = tmpdir();
/**
 * The runtime keeps the databases of the worker project in the directory for temporary files, and deletes them in the end. In
 * memory they take a quarter less CPU than on a disk, so they are there where the system has room for them.
 */
const MEMORY = '/dev/shm';
if (existsSync(MEMORY)) {
  const { bavail, bsize } = statfsSync(MEMORY);
  if (bavail * bsize > 2 ** 30) process.env['TMPDIR'] = MEMORY;
}

/** What all projects have. Two files at a time, also on machines of two cores: many tests wait. */
const common = {
  maxWorkers: 2,
  provide: {
    seed: process.env['SEED'] ?? '1',
    long: process.env['LONG'] === '1',
    fuzzRuns: Number(process.env['FUZZ_RUNS'] ?? 0),
  },
  setupFiles: ['test/seed.ts'],
};

/**
 * worker: unit and property tests inside workerd, with a real D1.
 * node: the whole Worker from outside, the scripts, and pages in a real Chromium.
 * data: what needs a log of real traffic (SPECK_ACCESS_LOG), and so is not part of `npm test`.
 * clickhouse: what needs ClickHouse, which `npm run test:clickhouse` installs first.
 * duckdb: what needs DuckDB, which `npm run test:duckdb` installs first.
 */
export default defineConfig({
  test: {
    // A golden file is written on demand only: a missing one fails.
    update: process.env['UPDATE_GOLDEN'] ? 'all' : 'none',
    // Prints what fails, and the sum.
    reporters: ['minimal'],
    projects: [
      {
        plugins: [
          cloudflareTest({
            // The sources, not what is built of them.
            main: './src/index.ts',
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              // vitest asks for the inspector in each file, and the runtime reports each time that it has none.
              compatibilityFlags: ['enable_nodejs_inspector_module'],
              // Plays a read replica of the database: see test/replica.ts.
              d1Databases: { REPLICA: 'replica' },
              // Under another name than the Worker's, so that a test has an archive only if it asks for one.
              r2Buckets: ['TEST_ARCHIVE'],
              bindings: {
                ADMIN_TOKEN: 'test-admin-token',
                SECRET_KEY: 'test-secret-key-of-32-characters-or-more',
                MODEL_RUNS: process.env['MODEL_RUNS'] ?? '',
                MODEL_SEED: process.env['MODEL_SEED'] ?? '',
                ATTACK_HISTORIES: process.env['ATTACK_HISTORIES'] ?? '',
              },
            },
          }),
        ],
        test: {
          name: 'worker',
          ...common,
          include: ['test/**/*.test.ts'],
          exclude: ['test/{e2e,browser,scripts,data,clients,packages,clickhouse,duckdb}/**'],
          globalSetup: ['test/build.ts'],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'node',
          ...common,
          env: { TMPDIR },
          include: ['test/{e2e,browser,scripts,clients,packages}/**/*.test.ts'],
          globalSetup: ['test/build.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'data',
          ...common,
          env: { TMPDIR },
          include: ['test/data/**/*.test.ts'],
          globalSetup: ['test/build.ts'],
          testTimeout: 600_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'duckdb',
          ...common,
          env: { TMPDIR },
          include: ['test/duckdb/**/*.test.ts'],
          globalSetup: ['test/build.ts'],
          testTimeout: 600_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'clickhouse',
          ...common,
          env: { TMPDIR },
          include: ['test/clickhouse/**/*.test.ts'],
          globalSetup: ['test/build.ts'],
          testTimeout: 600_000,
          hookTimeout: 120_000,
          // Each file has a database of its own, and a process can have one at a time.
          pool: 'forks',
          fileParallelism: false,
        },
      },
    ],
  },
});
