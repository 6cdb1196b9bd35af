import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeDeadLetters, startFakeDeadLetters } from './fake-dead-letters.ts';
import { ROOT, runScript } from './project.ts';

const SCRIPT = join(ROOT, 'scripts', 'replay.ts');

let fake: FakeDeadLetters;
beforeEach(async () => {
  fake = await startFakeDeadLetters();
});
afterEach(() => fake.close());

async function run(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const script = runScript(SCRIPT, args, environment);
  const code = await script.ended;
  return { code, stdout: script.stdout(), stderr: script.stderr() };
}

const replay = (...args: string[]) => run(['--url', fake.url, ...args], { SPECK_TOKEN: 'secret' });

test('without dead letters nothing is replayed', async () => {
  const { code, stdout, stderr } = await replay();
  expect(code).toBe(0);
  expect(stdout).toBe(`There is nothing to replay: ${fake.url} has no dead letters.\n`);
  expect(stderr).toBe('');
  expect(fake.requests).toEqual(['GET /api/v1/dead-letters']);
});

test('all dead letters are replayed in portions', async () => {
  fake.letters.push('a', 'b', 'c&d', 'e', 'f');
  const { code, stdout, stderr } = await replay('--token', 'other');
  expect(code).toBe(0);
  expect(stdout).toBe('5 of 5 dead letters replayed.\n');
  expect(stderr).toBe('');
  expect(fake.letters).toEqual([]);
  expect(fake.authorization).toBe('Bearer other');
  expect(fake.requests).toEqual([
    'GET /api/v1/dead-letters',
    'POST /api/v1/dead-letters/replay',
    'POST /api/v1/dead-letters/replay?after=b',
    'POST /api/v1/dead-letters/replay?after=e',
  ]);
});

test('failures are reported, and the rest is replayed', async () => {
  fake.letters.push('a', 'b', 'c');
  fake.failing.set('a', 'D1_ERROR: no such table: events').set('c', 'SyntaxError');
  const { code, stdout, stderr } = await replay();
  expect(code).toBe(1);
  expect(stdout).toBe('1 of 3 dead letters replayed.\n');
  expect(stderr).toContain(
    'a failed: D1_ERROR: no such table: events\nc failed: SyntaxError\n2 failed, and are kept.',
  );
  expect(fake.letters).toEqual(['a', 'c']);
});

describe('problems are reported with the next step', () => {
  test.each([
    [401, 'wrong_token', 'Check --token, SPECK_TOKEN'],
    [403, 'missing_scope', "Give the owner's, ADMIN_TOKEN"],
    [503, 'no_admin_token', 'npx wrangler secret put ADMIN_TOKEN'],
    [404, 'not_found', 'Check --url'],
  ])('%i', async (status, reason, advice) => {
    fake.problems.push({ status, reason, detail: 'This is why.' });
    const { code, stdout, stderr } = await replay();
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain(advice);
    expect(stderr).toContain('It says: This is why.');
  });

  test('in the middle, with what was replayed until then', async () => {
    fake.letters.push('a', 'b', 'c');
    fake.problems.push(null, null, { status: 401, reason: 'wrong_token', detail: 'It was deleted.' });
    const { code, stdout, stderr } = await replay();
    expect(code).toBe(1);
    expect(stdout).toBe('2 of 3 dead letters replayed.\n');
    expect(stderr).toContain('It was deleted.');
  });

  test('a passing one is tried again', async () => {
    fake.letters.push('a');
    fake.problems.push(null, { status: 503, reason: 'store_unavailable', detail: 'The database is busy.' });
    const { code, stdout, stderr } = await replay();
    expect(code).toBe(0);
    expect(stdout).toBe('1 of 1 dead letters replayed.\n');
    expect(stderr).toContain('answered 503 (The database is busy.); trying again in');
  });
});

test.each([
  [['now'], "Unexpected argument 'now'"],
  [['--loud'], "Unknown option '--loud'"],
  [['--url', 'px.example'], '--url "px.example" is not like'],
  [['--url', 'https://px.example'], 'No token for https://px.example: say --token, or set SPECK_TOKEN.'],
])('a wrong command: %j', async (args, message) => {
  const { code, stderr } = await run(args);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
  expect(stderr).toContain('npm run replay -- --help says more.');
});

test('--help', async () => {
  const { code, stdout } = await run(['--help']);
  expect(code).toBe(0);
  expect(stdout).toContain('Usage: npm run replay');
});
