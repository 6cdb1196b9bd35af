/**
 * `npm run test:clickhouse`: installs ClickHouse as a library, once, and runs the tests of test/clickhouse against it: every statement
 * that Speck sends to Analytics Engine, and the estimates of sampled answers. What follows `--` goes to vitest.
 */
import { CHDB } from './lib/clickhouse.ts';
import { runOwnProject } from './lib/run-own-project.ts';

// The default reporter prints how often estimates held.
const args = ['--reporter=default', ...process.argv.slice(2)];
process.exitCode = await runOwnProject(CHDB, 'clickhouse', args);
