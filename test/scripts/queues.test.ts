import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { unstable_readConfig } from 'wrangler';
import { queuesOf, readConfiguration } from '../../scripts/lib/deploy/configuration.ts';
import { ROOT } from '../e2e/harness.ts';

const directory = mkdtempSync(join(tmpdir(), 'speck-queues-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const other = join(directory, 'other.toml');
writeFileSync(
  other,
  `name = "other"
compatibility_date = "2026-10-20"

[[env.staging.queues.producers]]
binding = "QUEUE"
queue = "staging-events"

[[env.staging.queues.consumers]]
queue = "staging-events"
dead_letter_queue = "staging-dead-letters"
`,
);

test.each([
  ['the configuration of this project', [], ['speck-events', 'speck-dead-letters']],
  ['another one, without queues', ['--config', other], []],
  ['one of its environments', [`-c=${other}`, '--env=staging'], ['staging-events', 'staging-dead-letters']],
  ['the same, in short', ['-c', other, '-e', 'staging'], ['staging-events', 'staging-dead-letters']],
])('the queues of %s', async (_, args, names) => {
  expect(queuesOf(await readConfiguration(args))).toEqual(names);
});

/** As much of the configuration as matters here: wrangler's own type of it is in a package that it does not install. */
interface Consuming {
  readonly queues: {
    readonly consumers: readonly {
      readonly queue: string;
      readonly max_retries?: number;
      readonly retry_delay?: number;
    }[];
  };
}

test('dead letters outlast an outage of D1 of one day', () => {
  const config: Consuming = unstable_readConfig(
    { config: join(ROOT, 'wrangler.toml') },
    { hideWarnings: true },
  );
  const { max_retries = 0, retry_delay = 0 } =
    config.queues.consumers.find(({ queue }) => queue === 'speck-dead-letters') ?? {};
  expect(max_retries * retry_delay).toBeGreaterThanOrEqual(24 * 3600);
});
