import { rmSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { madeSecretKey } from '../../scripts/lib/secret-key.ts';
import { type FakeCloudflare, startFakeCloudflare } from './fake-cloudflare.ts';
import { copyProject, type Project } from './project.ts';
import { apply, expectUpToDate, fill, MIGRATIONS, NEWEST, run, SCHEMAS } from './sqlite.ts';

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
beforeEach(() => cloudflare.reset());

async function deploy(...args: string[]) {
  const script = project.run('scripts/deploy.ts', args, cloudflare.environment);
  const code = await script.ended;
  return { code, output: script.stdout() + script.stderr() };
}

const deployedWorkers = () => cloudflare.changes.filter((change) => change === 'worker').length;

const QUEUES = ['queue speck-events', 'queue speck-dead-letters'];

function database() {
  if (!cloudflare.database) throw new Error('there is no database');
  return cloudflare.database;
}

/** All that an account needs, in as few deploys as show it: each runs wrangler five times and more. */
test('at first the queues, the database, the Worker with a SECRET_KEY, and then the tables; after that only what is new', async () => {
  const first = await deploy();
  expect(first.output).toContain('wrangler secret put ADMIN_TOKEN');
  expect(first.output).toContain('Made the queue speck-dead-letters.');
  expect(first.output).toContain(`Made the tables: version ${MIGRATIONS.length} of the schema.`);
  expect(first.output).not.toContain('ERROR');
  expect(first.code).toBe(0);
  expect(cloudflare.changes).toEqual([...QUEUES, 'database speck', 'worker', 'migration', 'migration']);
  expectUpToDate(database(), []);
  expect(Object.fromEntries(cloudflare.consumers)).toEqual({
    'speck-events': 'speck-dead-letters',
    'speck-dead-letters': undefined,
  });
  const secret = cloudflare.secrets.get('SECRET_KEY') ?? '';
  expect(secret).toMatch(/^[\w-]{43}$/);
  // This output is no terminal's: it may be kept where others read it.
  expect(first.output).toContain('Made the secret SECRET_KEY');
  expect(first.output).not.toContain(secret);

  // The Worker goes up in parts, with what it serves as texts.
  const types = Object.fromEntries(cloudflare.modules);
  expect(types['index.mjs']).toBe('application/javascript+module');
  expect(Object.keys(types).filter((name) => /^api-.*\.mjs$/.test(name))).toHaveLength(1);
  expect(types['texts/speck.min.js.txt']).toBe('text/plain');
  expect(Object.keys(types).some((name) => /^texts\/index-.*\.js\.txt$/.test(name))).toBe(true);

  const rows = fill(database());
  cloudflare.consumers.set('speck-events', 'another');
  const again = await deploy();
  expect(again.output).not.toContain('Made the');
  expect(again.code).toBe(0);
  expect(cloudflare.changes.slice(6)).toEqual(['worker']);
  expect(cloudflare.consumers.get('speck-events')).toBe('speck-dead-letters');
  expect(Object.fromEntries(cloudflare.secrets)).toEqual({ SECRET_KEY: secret });
  expectUpToDate(database(), rows);
});

/** The ones that need the most, and the last one; migrate.test.ts has all of them. */
const SOME = SCHEMAS.filter(([name]) => /^[1358]/.test(name));

test.each(SOME.map(([name, sql], index) => [name, sql, 6 + 3 * index] as const))(
  'a database of the schema %s: interrupted, nothing is deployed; repeated, it is migrated and then the Worker deployed, with a SECRET_KEY beside its other secrets',
  async (_, schema, failsAfter) => {
    const rows = fill(apply(schema, cloudflare.makeDatabase()));
    cloudflare.changes.push(...QUEUES, 'worker');
    cloudflare.secrets.set('ADMIN_TOKEN', 'mine');
    cloudflare.failsAfter = failsAfter;
    const interrupted = await deploy();
    expect(interrupted.output).toContain('nothing was deployed');
    expect(interrupted.code).toBe(1);
    expect(deployedWorkers()).toBe(1);

    cloudflare.rejects = undefined;
    const { code, output } = await deploy();
    expect(output).toContain(`version ${MIGRATIONS.length} of the schema.`);
    expect(output).not.toContain('ERROR');
    expect(code).toBe(0);
    expect(cloudflare.changes.at(-1)).toBe('worker');
    expect(deployedWorkers()).toBe(2);
    expect(Object.fromEntries(cloudflare.secrets)).toEqual({
      ADMIN_TOKEN: 'mine',
      SECRET_KEY: expect.stringMatching(/^[\w-]{43}$/),
    });
    expectUpToDate(database(), rows);
  },
);

test('a database error prevents the deployment', async () => {
  cloudflare.makeDatabase();
  cloudflare.rejects = 'queries';
  const { code, output } = await deploy();
  expect(code).toBe(1);
  expect(output).toContain('[code: 7500]');
  expect(output).toContain('nothing was deployed');
  expect(cloudflare.changes).toEqual([]);
});

test('tables that cannot be created after the first deploy are reported, and created by the next', async () => {
  cloudflare.failsAfter = 2;
  const { code, output } = await deploy();
  expect(code).toBe(1);
  expect(output).toContain('The Worker is there, but its tables are not');
  cloudflare.rejects = undefined;
  const again = await deploy();
  expect(again.code).toBe(0);
  expectUpToDate(database(), []);
});

test('a rejected Worker leaves a migrated database, which the previous Worker supports', async () => {
  apply(SCHEMAS.at(-1)?.[1] ?? '', cloudflare.makeDatabase());
  cloudflare.changes.push(...QUEUES);
  cloudflare.rejects = 'worker';
  const { code, output } = await deploy();
  expect(code).toBe(1);
  expect(output).toContain('The Worker was not deployed');
  expectUpToDate(database(), []);
});

test('a database of a later version is not changed, and the older Worker is deployed', async () => {
  apply(NEWEST, cloudflare.makeDatabase());
  const later = MIGRATIONS.length + 1;
  run(database(), `INSERT INTO schema_migrations VALUES (${later}, 0)`);
  cloudflare.changes.push(...QUEUES);
  const { code, output } = await deploy();
  expect(code).toBe(0);
  expect(output).toContain(`The database has version ${later} of the schema`);
  expect(cloudflare.changes.slice(2)).toEqual(['worker']);
});

test('without its queues the Worker is not deployed, and the message has instructions', async () => {
  cloudflare.makeDatabase();
  cloudflare.changes.push('queue speck-events');
  cloudflare.rejects = 'queues';
  const { code, output } = await deploy();
  expect(code).toBe(1);
  expect(output).toContain('[code: 10000]');
  expect(output).toContain('The queue speck-dead-letters was not found and could not be made');
  expect(output).toContain('the permission Queues: Edit');
  expect(cloudflare.changes).not.toContain('worker');
});

test('a dry run builds the Worker, and sends no request', async () => {
  const copy = copyProject({ builds: true });
  rmSync(`${copy.directory}/dist`, { recursive: true });
  const script = copy.run('scripts/deploy.ts', ['--dry-run'], cloudflare.environment);
  expect(await script.ended, script.stderr()).toBe(0);
  expect(script.stdout()).toContain('env.QUEUE (speck-events)');
  expect(copy.read('dist/modules/index.mjs')).not.toBe('');
  copy.remove();
  expect(cloudflare.changes).toEqual([]);
});

test('a SECRET_KEY that could exist is never replaced', async () => {
  apply(NEWEST, cloudflare.makeDatabase());
  cloudflare.changes.push(...QUEUES, 'worker');
  cloudflare.secrets.set('SECRET_KEY', 'the one before');
  cloudflare.rejects = 'secrets';
  const { code, output } = await deploy();
  expect(code).toBe(1);
  expect(output).toContain('Whether the Worker has its SECRET_KEY could not be looked up');
  expect(Object.fromEntries(cloudflare.secrets)).toEqual({ SECRET_KEY: 'the one before' });
  expect(deployedWorkers()).toBe(1);
});

test('a secret is printed only to a terminal', () => {
  expect(madeSecretKey('the-secret', true)).toContain('the-secret');
  expect(madeSecretKey('the-secret', false)).not.toContain('the-secret');
});
