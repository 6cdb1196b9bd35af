import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type FakeCloudflare, startFakeCloudflare } from './fake-cloudflare.ts';
import { copyProject, type Project } from './project.ts';

let project: Project;
let cloudflare: FakeCloudflare;
beforeAll(async () => {
  project = copyProject();
  cloudflare = await startFakeCloudflare();
});
afterAll(() => {
  cloudflare.close();
  project.remove();
});
beforeEach(() => {
  cloudflare.changes.length = 0;
  cloudflare.consumers.clear();
  cloudflare.refuses = undefined;
});

async function deploy(...args: string[]) {
  const script = project.run('scripts/deploy.ts', args, cloudflare.environment);
  const code = await script.ended;
  return { code, output: script.stdout() + script.stderr() };
}

const QUEUES = ['queue speck-events', 'queue speck-dead-letters'];

test('at first the queues, the database, the Worker and then the tables; after that the tables first', async () => {
  const first = await deploy();
  expect(first.output).toContain('wrangler secret put ADMIN_TOKEN');
  expect(first.output).toContain('Made the queue speck-dead-letters.');
  expect(first.output).not.toContain('ERROR');
  expect(first.code).toBe(0);
  expect(cloudflare.changes).toEqual([...QUEUES, 'database speck', 'worker', 'schema']);
  expect(Object.fromEntries(cloudflare.consumers)).toEqual({
    'speck-events': 'speck-dead-letters',
    'speck-dead-letters': undefined,
  });

  cloudflare.consumers.set('speck-events', 'another');
  const again = await deploy();
  expect(again.output).not.toContain('Made the queue');
  expect(again.code).toBe(0);
  expect(cloudflare.changes.slice(5)).toEqual(['schema', 'worker']);
  expect(cloudflare.consumers.get('speck-events')).toBe('speck-dead-letters');
});

test('without its tables nothing is deployed', async () => {
  cloudflare.changes.push('database speck');
  cloudflare.refuses = 'schema';
  const { code, output } = await deploy();
  expect(code).toBe(1);
  expect(output).toContain('nothing was deployed');
  expect(cloudflare.changes).toEqual(['database speck']);
});

test('without its queues the Worker is not deployed, and that says what to do', async () => {
  cloudflare.changes.push('database speck', 'queue speck-events');
  cloudflare.refuses = 'queues';
  const { code, output } = await deploy();
  expect(code).toBe(1);
  expect(output).toContain('[code: 10000]');
  expect(output).toContain('The queue speck-dead-letters was not found and could not be made');
  expect(output).toContain('the permission Queues: Edit');
  expect(cloudflare.changes).toEqual(['database speck', 'queue speck-events', 'schema']);
});

test('a dry run asks nobody', async () => {
  const { code, output } = await deploy('--dry-run');
  expect(code).toBe(0);
  expect(output).toContain('env.QUEUE (speck-events)');
  expect(cloudflare.changes).toEqual([]);
});
