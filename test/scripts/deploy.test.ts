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
  cloudflare.broken = false;
});

async function deploy(...args: string[]) {
  const script = project.run('scripts/deploy.ts', args, cloudflare.environment);
  const code = await script.ended;
  return { code, output: script.stdout() + script.stderr() };
}

test('at first the database, the Worker and then the tables; after that the tables first', async () => {
  const first = await deploy();
  expect(first.output).toContain('wrangler secret put ADMIN_TOKEN');
  expect(first.output).not.toContain('ERROR');
  expect(first.code).toBe(0);
  expect(cloudflare.changes).toEqual(['database', 'worker', 'schema']);

  const again = await deploy();
  expect(again.code).toBe(0);
  expect(cloudflare.changes.slice(3)).toEqual(['schema', 'worker']);
});

test('without its tables nothing is deployed', async () => {
  cloudflare.changes.push('database');
  cloudflare.broken = true;
  const { code, output } = await deploy();
  expect(code).toBe(1);
  expect(output).toContain('nothing was deployed');
  expect(cloudflare.changes).toEqual(['database']);
});

test('a dry run asks nobody', async () => {
  const { code, output } = await deploy('--dry-run');
  expect(code).toBe(0);
  expect(output).toContain('env.DB (speck)');
  expect(cloudflare.changes).toEqual([]);
});
