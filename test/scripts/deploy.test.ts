/** The whole of `npm run deploy`, with the real wrangler, against a fake of Cloudflare's API. Each deploy runs wrangler some ten times. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { madeSecrets } from '../../scripts/lib/deploy/secrets.ts';
import { type Deploying, startDeploying } from './deploying.ts';
import { ACCOUNT, type FakeCloudflare } from './fake-cloudflare.ts';
import { copyProject } from './project.ts';
import { apply, expectUpToDate, fill, MIGRATIONS, NEWEST, run } from './sqlite.ts';

// Each deploy starts wrangler up to ten times, which takes seconds each on a machine that has more to do.
vi.setConfig({ testTimeout: 600_000 });

let deploying: Deploying;
let cloudflare: FakeCloudflare;
let configuration: string;
beforeAll(async () => {
  deploying = await startDeploying();
  cloudflare = deploying.cloudflare;
  configuration = deploying.project.read('wrangler.toml');
});
afterAll(() => deploying.close());
beforeEach(() => {
  deploying.reset();
  configure(configuration);
});

const deploy: Deploying['deploy'] = (...args) => deploying.deploy(...args);
const configure = (text: string) => writeFileSync(join(deploying.project.directory, 'wrangler.toml'), text);
const BUCKET = '\n[[r2_buckets]]\nbinding = "ARCHIVE"\nbucket_name = "speck-archive"\n';
const QUEUES = ['queue speck-events', 'queue speck-dead-letters'];
const SECRET = /^[\w-]{43}$/;

function database(name = 'speck') {
  const found = cloudflare.databases.get(name);
  if (!found) throw new Error('there is no database');
  return found;
}

function worker(name = 'speck') {
  const found = cloudflare.workers.get(name);
  if (!found) throw new Error('there is no Worker');
  return found;
}

const uploads = () => cloudflare.changes.filter((change) => change.startsWith('worker')).length;

test('at first all that the account lacks; after that only what is new', async () => {
  configure(configuration + BUCKET);
  deploying.front.refuses = 1;
  const first = await deploy();
  expect(first.output).toContain(
    `Signed in as owner@site.example: deploying to the account "My account" (${ACCOUNT})`,
  );
  expect(first.output).toContain('Created the database speck.');
  expect(first.output).toContain('Created the queues speck-events, speck-dead-letters.');
  expect(first.output).toContain('Created the buckets speck-archive.');
  expect(first.output).toContain(`Made the tables: version ${MIGRATIONS.length} of the schema.`);
  expect(first.output).toContain('answered with the right numbers');
  expect(first.output).toContain(`Next: open ${deploying.front.url}/app/`);
  expect(first.output).not.toContain('ERROR');
  expect(first.code).toBe(0);
  expect(cloudflare.changes).toEqual([
    'database speck',
    ...QUEUES,
    'bucket speck-archive',
    'migration',
    'migration',
    'worker',
  ]);
  expectUpToDate(database(), []);
  expect([...cloudflare.queues].map(([name, { consumer }]) => [name, consumer?.deadLetters])).toEqual([
    ['speck-events', 'speck-dead-letters'],
    ['speck-dead-letters', undefined],
  ]);
  const secrets = Object.fromEntries(worker().secrets);
  expect(secrets).toEqual({
    ADMIN_TOKEN: expect.stringMatching(SECRET),
    SECRET_KEY: expect.stringMatching(SECRET),
  });
  for (const [name, secret] of Object.entries(secrets)) {
    // This output is no terminal's: it may be kept where others read it.
    expect(first.output).toContain(`Made the secret ${name}`);
    expect(first.output).not.toContain(secret);
  }
  // The Worker goes up in parts, with what it serves as texts.
  const types = Object.fromEntries(worker().modules);
  expect(types['index.mjs']).toBe('application/javascript+module');
  expect(Object.keys(types).filter((name) => /^api-.*\.mjs$/.test(name))).toHaveLength(1);
  expect(types['texts/speck.min.js.txt']).toBe('text/plain');
  expect(Object.keys(types).some((name) => /^texts\/index-.*\.js\.txt$/.test(name))).toBe(true);

  const rows = fill(database());
  cloudflare.queues.set('speck-events', { consumer: { deadLetters: 'another' } });
  const passed = deploying.front.passed.length;
  const again = await deploy([], { SPECK_TOKEN: secrets['ADMIN_TOKEN'] });
  expect(again.output).not.toMatch(/Made|Created/);
  expect(again.output).toContain('answered with the right numbers');
  expect(again.code).toBe(0);
  expect(cloudflare.changes.slice(7)).toEqual(['worker']);
  expect(cloudflare.queues.get('speck-events')?.consumer?.deadLetters).toBe('speck-dead-letters');
  expect(Object.fromEntries(worker().secrets)).toEqual(secrets);
  expectUpToDate(database(), rows);
  expect(deploying.front.passed.slice(passed)).toContain('POST /api/v2/query');
});

describe('a failure at each step says what failed, what was done and what to do; the next run continues', () => {
  const STEPS = ['Account', 'Database', 'Queues', 'Buckets', 'Tables', 'Worker', 'Smoke test'];

  /** Deploys, and expects that a step fails. @returns what the run printed, and what it changed all the same */
  async function failAt(step: string) {
    const before = cloudflare.changes.length;
    const token = cloudflare.workers.get('speck')?.secrets.get('ADMIN_TOKEN');
    const { code, output } = await deploy([], token === undefined ? {} : { SPECK_TOKEN: token });
    const index = STEPS.indexOf(step);
    expect(output).toContain(`${index + 1}/${STEPS.length}  ${step} failed.`);
    expect(output).toContain(
      `Done before it: ${STEPS.slice(0, index).join(', ')}. Run the same command again`,
    );
    expect(code).toBe(1);
    deploying.mend();
    return { output, changes: cloudflare.changes.slice(before) };
  }

  // Each run does no more than the one before has left.
  test('missing rights, an interrupted migration, a Worker without its triggers, and a Worker that fails', async () => {
    configure(configuration + BUCKET);
    cloudflare.rejects = 'database';
    const first = await failAt('Database');
    expect(first.output).toContain('An API token needs the permission D1: Edit');
    expect(first.changes).toEqual([]);

    cloudflare.rejects = 'queues';
    const second = await failAt('Queues');
    expect(second.output).toContain('speck-events was not found and could not be created');
    expect(second.output).toContain('An API token needs the permission Queues: Edit');
    expect(second.changes).toEqual(['database speck']);

    cloudflare.queues.set('speck-events', {});
    cloudflare.rejects = 'buckets';
    const third = await failAt('Buckets');
    expect(third.output).toContain('An API token needs the permission Workers R2 Storage: Edit');
    expect(third.changes).toEqual(['queue speck-dead-letters']);

    cloudflare.failsAfter = 12;
    const fourth = await failAt('Tables');
    expect(fourth.output).toContain('[code: 7500]');
    expect(fourth.changes.filter((change) => change !== 'migration')).toEqual(['bucket speck-archive']);

    cloudflare.rejects = 'worker';
    const fifth = await failAt('Worker');
    expect(fifth.output).toContain('An API token needs the permission Workers Scripts: Edit');
    expect(fifth.output).not.toContain('Made the secret');
    expect(fifth.changes.filter((change) => change !== 'migration')).toEqual([]);
    expectUpToDate(database(), []);

    // The Worker is there with its secrets, although the deploy has failed.
    cloudflare.rejects = 'triggers';
    const sixth = await failAt('Worker');
    expect(sixth.output).toContain('Made the secret ADMIN_TOKEN');
    expect(sixth.changes).toEqual(['worker']);
    const secrets = Object.fromEntries(worker().secrets);

    deploying.front.instead = (_, path) => (path === '/beacon' ? { status: 500 } : undefined);
    const seventh = await failAt('Smoke test');
    expect(seventh.output).toContain('/beacon answered 500');
    expect(seventh.output).toContain(`SPECK_TOKEN=… npm run deploy -- --smoke-test ${deploying.front.url}`);
    expect(seventh.output).toContain('To go back to the Worker before: npx wrangler rollback');

    const { code, output } = await deploy();
    expect(code).toBe(0);
    expect(output).toContain('answers. To test more, give the owner');
    expect(Object.fromEntries(worker().secrets)).toEqual(secrets);
    expectUpToDate(database(), []);
  });
});

describe('the account', () => {
  const nothing = async (outcome: Awaited<ReturnType<typeof deploy>>) => {
    expect(outcome.code).toBe(1);
    expect(outcome.output).toContain('1/6  Account failed.');
    expect(outcome.output).toContain('Done before it: nothing.');
    expect(cloudflare.changes).toEqual([]);
    return outcome.output;
  };

  /** A home without `.wrangler`, which wrangler would prefer to the folder of configuration. */
  const homeless = (): string => {
    const home = join(deploying.project.directory, 'home');
    mkdirSync(home, { recursive: true });
    return home;
  };

  test('must be signed in to', async () => {
    const home = {
      HOME: homeless(),
      XDG_CONFIG_HOME: join(deploying.project.directory, 'config'),
    };
    const output = await nothing(await deploy([], { ...home, CLOUDFLARE_API_TOKEN: '' }));
    expect(output).toContain('Nobody is signed in to Cloudflare. Run npx wrangler login.');
    expect(output).toContain('set CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID');
  });

  test('must be signed in to with what a deploy needs', async () => {
    const folder = join(deploying.project.directory, 'config', '.wrangler', 'config');
    mkdirSync(folder, { recursive: true });
    const signIn = (scopes: readonly string[]) =>
      writeFileSync(
        join(folder, 'default.toml'),
        `oauth_token = "token"\nexpiration_time = "2099-01-01T00:00:00.000Z"\nscopes = ${JSON.stringify(scopes)}\n`,
      );
    signIn(['account:read', 'user:read', 'workers:write', 'workers_scripts:write']);
    const environment = {
      HOME: homeless(),
      XDG_CONFIG_HOME: join(deploying.project.directory, 'config'),
      CLOUDFLARE_API_TOKEN: '',
      CLOUDFLARE_ACCOUNT_ID: '',
    };
    const output = await nothing(await deploy([], environment));
    expect(output).toContain('You signed in without what a deploy needs: d1:write, queues:write.');
    rmSync(folder, { recursive: true });
  });

  test('must be said if there are several', async () => {
    cloudflare.accounts.set('second', 'Their account');
    const output = await nothing(await deploy([], { CLOUDFLARE_ACCOUNT_ID: '' }));
    expect(output).toMatch(/2 accounts:\n\n {2}account {2}My account\n {2}second {2}Their account\n/);
    expect(output).toContain('set CLOUDFLARE_ACCOUNT_ID');
  });

  test('must be one of those that are signed in to', async () => {
    const output = await nothing(await deploy([], { CLOUDFLARE_ACCOUNT_ID: 'other' }));
    expect(output).toContain(
      'CLOUDFLARE_ACCOUNT_ID is other, which is none of the accounts of owner@site.example',
    );
    configure(`account_id = "another"\n${configuration}`);
    const second = await nothing(await deploy());
    expect(second).toContain('account_id of wrangler.toml is another, which is none');
  });

  test('must be said to a token that lists none', async () => {
    cloudflare.accounts.clear();
    expect(await nothing(await deploy([], { CLOUDFLARE_ACCOUNT_ID: '' }))).toContain(
      'The token lists no account',
    );
  });
});

test('a token that may not tell whose it is deploys to the account that the owner says', async () => {
  cloudflare.rejects = 'account';
  apply(NEWEST, cloudflare.makeDatabase());
  cloudflare.makeWorker({ ADMIN_TOKEN: 'mine', SECRET_KEY: 'the one before' });
  const { code, output } = await deploy();
  expect(output).toContain(
    'CLOUDFLARE_ACCOUNT_ID says where to deploy to: deploying to the account account.',
  );
  expect(code).toBe(0);
});

test('a database of a later version is not changed, and the older Worker is deployed', async () => {
  apply(NEWEST, cloudflare.makeDatabase());
  const later = MIGRATIONS.length + 1;
  run(database(), `INSERT INTO schema_migrations VALUES (${later}, 0)`);
  cloudflare.makeWorker({ ADMIN_TOKEN: 'mine' });
  const { code, output } = await deploy();
  expect(code).toBe(0);
  expect(output).toContain(`The database has version ${later} of the schema`);
  expect(cloudflare.changes).toEqual(['worker']);
  expect(Object.fromEntries(worker().secrets)).toEqual({
    ADMIN_TOKEN: 'mine',
    SECRET_KEY: expect.stringMatching(SECRET),
  });
});

test('a SECRET_KEY that could exist is never replaced, and no Worker goes up', async () => {
  apply(NEWEST, cloudflare.makeDatabase());
  const { secrets } = cloudflare.makeWorker({ SECRET_KEY: 'the one before' });
  cloudflare.rejects = 'secrets';
  const { code, output } = await deploy();
  expect(code).toBe(1);
  expect(output).toContain('Which secrets the Worker has could not be looked up');
  expect(output).toContain('An API token needs the permission Workers Scripts: Edit');
  expect(Object.fromEntries(secrets)).toEqual({ SECRET_KEY: 'the one before' });
  expect(uploads()).toBe(0);
});

test('secrets of a file go up, and only those that are missing are made', async () => {
  const file = join(deploying.project.directory, 'secrets.env');
  writeFileSync(file, 'ADMIN_TOKEN=mine\n');
  const { code, output } = await deploy(['--secrets-file', file, '--jurisdiction', 'eu']);
  expect(code).toBe(0);
  expect(output).toContain('answered with the right numbers');
  expect(output).not.toContain('Made the secret ADMIN_TOKEN');
  expect(cloudflare.changes[0]).toBe('database speck in eu');
  expect(Object.fromEntries(worker().secrets)).toEqual({
    ADMIN_TOKEN: 'mine',
    SECRET_KEY: expect.stringMatching(SECRET),
  });
  rmSync(file);
});

test('--env and --domain: a Speck of its own with an address of its own, beside the one that is there', async () => {
  apply(NEWEST, cloudflare.makeDatabase());
  cloudflare.makeWorker({ ADMIN_TOKEN: 'mine', SECRET_KEY: 'mine' });
  const first = await deploy(['--env', 'staging', '--domain', 'px.example.com']);
  expect(first.output).toContain('Added to wrangler.toml: the environment staging');
  expect(first.output).toContain('answered with the right numbers');
  expect(first.code).toBe(0);
  expect(cloudflare.changes).toEqual([
    'database speck-staging',
    'queue speck-staging-events',
    'queue speck-staging-dead-letters',
    'migration',
    'migration',
    'worker speck-staging',
  ]);
  expectUpToDate(database('speck-staging'), []);
  expect(worker('speck-staging').domains).toEqual(['px.example.com']);
  expect(worker('speck-staging').secrets.get('SECRET_KEY')).toMatch(SECRET);
  expect(Object.fromEntries(worker().secrets)).toEqual({ ADMIN_TOKEN: 'mine', SECRET_KEY: 'mine' });

  const written = deploying.project.read('wrangler.toml');
  expect(written.startsWith(configuration.trimEnd())).toBe(true);
  const again = await deploy(['--env=staging', '--domain=px.example.com']);
  expect(again.code).toBe(0);
  expect(again.output).not.toMatch(/Made|Created|Added/);
  expect(deploying.project.read('wrangler.toml')).toBe(written);
  expect(cloudflare.changes.slice(6)).toEqual(['worker speck-staging']);
});

test('an environment that would take the domain of the Worker is refused before anything is done', async () => {
  const owned = configuration.replace(
    /^# routes = .*px\.example\.com.*$/m,
    'routes = [{ pattern = "px.example.com", custom_domain = true }]',
  );
  configure(`${owned}\n[env.staging]\nworkers_dev = true\n`);
  const { code, output } = await deploy(['--env', 'staging']);
  expect(code).toBe(1);
  expect(output).toContain('this deploy would take px.example.com from it. Add to [env.staging]');
  expect(cloudflare.changes).toEqual([]);
});

test('a dry run shows every step, builds the Worker, and sends no request', async () => {
  const copy = copyProject({ builds: true });
  rmSync(join(copy.directory, 'dist'), { recursive: true });
  const before = copy.read('wrangler.toml');
  const args = ['--dry-run', '--env', 'staging', '--domain', 'px.example.com'];
  // No account, and nobody to answer.
  const script = copy.run('scripts/deploy.ts', args, { CLOUDFLARE_API_BASE_URL: 'http://127.0.0.1:9' });
  expect(await script.ended, script.stderr()).toBe(0);
  const output = script.stdout();
  for (const text of [
    '1/7  Account',
    'Add to wrangler.toml: the environment staging',
    'the route of px.example.com',
    'Create the D1 database speck-staging',
    'Create the queues speck-staging-events, speck-staging-dead-letters',
    '5/7  Tables',
    'Build the Worker speck-staging',
    'Test https://px.example.com',
    'Nothing was changed.',
  ]) {
    expect(output).toContain(text);
  }
  expect(copy.read('wrangler.toml')).toBe(before);
  expect(copy.read('dist/modules/index.mjs')).not.toBe('');
  copy.remove();
});

test('the smoke test alone: deploys nothing, and needs a token', async () => {
  cloudflare.makeWorker({ ADMIN_TOKEN: 'mine' });
  const args = ['--smoke-test', deploying.front.url];
  const passes = await deploy(args, { SPECK_TOKEN: 'mine' });
  expect(passes).toEqual({ code: 0, output: expect.stringContaining('answered with the right numbers') });
  const fails = await deploy(args, { SPECK_TOKEN: 'another' });
  expect(fails).toEqual({
    code: 1,
    output: expect.stringContaining('Is SPECK_TOKEN the one of this Speck?'),
  });
  expect(cloudflare.changes).toEqual([]);
});

test.each([
  [['--domain', 'https://px.example.com/'], 'is more than a name'],
  [['--domain'], '--domain needs a value'],
  [['--env', 'a b'], 'is not a name such as staging'],
  [['--url', 'px.example.com'], 'is not like https://example.com'],
  [['--smoke-test', 'https://px.example.com'], 'No token for https://px.example.com'],
])('a wrong command, %j, is explained', async (args, message) => {
  expect(await deploy(args)).toEqual({ code: 2, output: expect.stringContaining(message) });
});

test('secrets are printed only to a terminal', () => {
  const made = { SECRET_KEY: 'the-secret', ADMIN_TOKEN: 'the-token' };
  expect(madeSecrets(made, true, [])).toMatch(/the-secret[\s\S]*the-token/);
  const hidden = madeSecrets(made, false, ['--env', 'staging']);
  expect(hidden).not.toMatch(/the-secret|the-token/);
  expect(hidden).toContain('npx wrangler secret put ADMIN_TOKEN --env staging');
  expect(madeSecrets({}, true, [])).toBe('');
});
