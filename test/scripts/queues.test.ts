import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { queueNames } from '../../scripts/lib/queues.ts';

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
  expect(await queueNames(args)).toEqual(names);
});
