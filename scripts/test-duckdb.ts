/**
 * `npm run test:duckdb`: installs DuckDB as a library, once, and runs the tests of test/duckdb: it reads the files of the archive, and
 * counts as Speck does. What follows `--` goes to vitest.
 */
import { DUCKDB } from './lib/duckdb.ts';
import { runOwnProject } from './lib/run-own-project.ts';

process.exitCode = await runOwnProject(DUCKDB, 'duckdb', process.argv.slice(2));
