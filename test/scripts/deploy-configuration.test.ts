/** What `--env` and `--domain` write into wrangler.toml, read by wrangler itself. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  bucketsOf,
  customDomainsOf,
  databaseOf,
  queuesOf,
  readFile,
} from '../../scripts/lib/deploy/configuration.ts';
import { domainOf } from '../../scripts/lib/deploy/domain.ts';
import { editStep, planConfiguration } from '../../scripts/lib/deploy/edit.ts';
import { parseOptions } from '../../scripts/lib/deploy/options.ts';
import { addressOf } from '../../scripts/lib/deploy/worker.ts';
import { ROOT } from './project.ts';

const directory = mkdtempSync(join(tmpdir(), 'speck-toml-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const OWN = readFileSync(join(ROOT, 'wrangler.toml'), 'utf8');
const file = join(directory, 'wrangler.toml');

/** Writes what the flags ask for into a configuration. @returns its text, and whether it was changed */
async function edit(text: string, ...flags: string[]) {
  writeFileSync(file, text);
  const options = parseOptions(['--config', file, ...flags]);
  const { configuration, edit: change } = await planConfiguration(options);
  expect(readFileSync(file, 'utf8')).toBe(text);
  await editStep.run({ options, configuration, edit: change, url: undefined, token: undefined });
  return { text: readFileSync(file, 'utf8'), isChanged: change !== undefined, configuration };
}

const read = (env = '') => readFile({ config: file, env });
const PX = { pattern: 'px.example.com', custom_domain: true };
const OTHER = { pattern: 'px.other.example', custom_domain: true };

describe('--domain', () => {
  const HEAD = 'name = "speck"\ncompatibility_date = "2026-10-20"\n';
  const TAIL = '\n[[d1_databases]]\nbinding = "DB"\ndatabase_name = "speck"\n';
  test.each([
    ['the file as it is delivered', OWN, [PX]],
    ['a file without routes', `${HEAD}workers_dev = true\n${TAIL}`, [PX]],
    ['a file without workers_dev', HEAD + TAIL, [PX]],
    ['a file without sections', HEAD, [PX]],
    ['an empty list', `${HEAD}routes = []\n${TAIL}`, [PX]],
    [
      'a list of one',
      `${HEAD}routes = [{ pattern = "px.other.example", custom_domain = true }]\n${TAIL}`,
      [OTHER, PX],
    ],
    [
      'a list over lines, with a comment, brackets in a text, and a comma at the end',
      `${HEAD}routes = [ # [mine\n  { pattern = "px.other.example", custom_domain = true },\n  "site.example/[a]*", # one ]\n]\n${TAIL}`,
      [OTHER, 'site.example/[a]*', PX],
    ],
  ])('into %s', async (_, text, routes) => {
    const written = await edit(text, '--domain', 'px.example.com');
    expect(await read()).toMatchObject({ routes, workers_dev: false });
    expect(databaseOf(await read())).toEqual(databaseOf(written.configuration));
    // Again, nothing changes; also not what the owner has decided since.
    const both = written.text.replace('workers_dev = false', 'workers_dev = true');
    for (const again of [written.text, both]) {
      expect(await edit(again, '--domain', 'px.example.com')).toMatchObject({
        text: again,
        isChanged: false,
      });
    }
  });

  test('changes two lines of the file as it is delivered', async () => {
    const { text } = await edit(OWN, '--domain', 'PX.example.com.');
    const before = OWN.split('\n');
    const changed = text.split('\n').filter((line, index) => line !== before[index]);
    expect(changed).toEqual([
      'routes = [{ pattern = "px.example.com", custom_domain = true }]',
      'workers_dev = false',
    ]);
  });

  test.each([
    ['route', `${HEAD}route = "site.example/*"\n${TAIL}`],
    ['[[routes]]', `${HEAD}${TAIL}\n[[routes]]\npattern = "px.other.example"\ncustom_domain = true\n`],
  ])('leaves a file with %s to its owner', async (_, text) => {
    writeFileSync(file, text);
    const options = parseOptions(['--config', file, '--domain', 'px.example.com']);
    await expect(planConfiguration(options)).rejects.toThrow(
      'wrangler.toml could not be changed, and is as it was. It has routes in another form. Add this one by hand: { pattern = "px.example.com"',
    );
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  test('leaves JSON to its owner', async () => {
    const json = join(directory, 'wrangler.json');
    writeFileSync(json, '{"name": "speck", "compatibility_date": "2026-10-20"}');
    const options = parseOptions(['--config', json, '--domain', 'px.example.com']);
    await expect(planConfiguration(options)).rejects.toThrow('Only a .toml file can be written to');
  });

  test.each([
    ['https://px.example.com', 'more than a name'],
    ['px.example.com/stats', 'more than a name'],
    ['px.example.com:8787', 'more than a name'],
    ['me@px.example.com', 'more than a name'],
    ['px example.com', 'more than a name'],
    ['*.example.com', 'a pattern'],
    ['example.com', 'a whole site'],
    ['localhost', 'a whole site'],
    ['speck.account.workers.dev', 'belongs to Cloudflare'],
    ['127.0.0.1', 'not the name of a host'],
    ['-px.example.com', 'not the name of a host'],
    ['px..example.com', 'not the name of a host'],
    ['px_1.example.com', 'not the name of a host'],
    ['px.example.com"', 'not the name of a host'],
    [`${'a'.repeat(64)}.example.com`, 'not the name of a host'],
    ['', 'not the name of a host'],
  ])('refuses %j', (domain, message) => {
    expect(() => domainOf(domain)).toThrow(message);
  });

  test.each([
    ['PX.Example.COM', 'px.example.com'],
    ['px.example.com.', 'px.example.com'],
    ['zähler.münchen.example', 'xn--zhler-gra.xn--mnchen-3ya.example'],
    ['a.b.c.example', 'a.b.c.example'],
  ])('takes %j', (domain, expected) => {
    expect(domainOf(domain)).toBe(expected);
  });
});

describe('--env', () => {
  const MORE = `${OWN}
[[r2_buckets]]
binding = "ARCHIVE"
bucket_name = "speck-archive"
jurisdiction = "eu"
`;

  test('adds an environment that shares nothing with the Worker without one', async () => {
    const text = MORE.replace('[vars]', '[vars]\nPUBLIC_URL = "https://site.example/stats"').replace(
      'database_name = "speck"',
      'database_name = "speck"\ndatabase_id = "11111111-1111-4111-8111-111111111111"',
    );
    await edit(text, '--env', 'staging');
    const top = await read();
    const staging = await read('staging');
    expect(staging.name).toBe('speck-staging');
    expect(databaseOf(staging)).toEqual({ binding: 'DB', database_name: 'speck-staging' });
    expect(queuesOf(staging)).toEqual(['speck-staging-events', 'speck-staging-dead-letters']);
    expect(bucketsOf(staging)).toEqual([{ name: 'speck-staging-archive', jurisdiction: 'eu' }]);
    expect(staging).toMatchObject({
      routes: [],
      workers_dev: true,
      analytics_engine_datasets: [{ dataset: 'speck_staging_events' }],
    });
    expect(top).toMatchObject({ vars: { PUBLIC_URL: 'https://site.example/stats' } });
    expect((staging as unknown as { vars: object }).vars).not.toHaveProperty('PUBLIC_URL');
    // All else is as above: the same bindings, limits of queues, cron.
    const shape = (configuration: object) =>
      JSON.stringify(configuration, (key, value) =>
        /^(name|database_\w+|preview_database_id|queue|dead_letter_queue|dataset|bucket_name|routes|PUBLIC_URL|targetEnvironment)$/.test(
          key,
        )
          ? undefined
          : value,
      );
    expect(shape(staging)).toBe(shape(top));
  });

  test('with a domain for it; then another environment; each once', async () => {
    const staging = await edit(OWN, '--env', 'staging', '--domain', 'px.example.com');
    const both = await edit(staging.text, '-e', 'test-2', '--domain', 'px.other.example');
    expect(both.text.startsWith(staging.text.trimEnd())).toBe(true);
    expect(customDomainsOf(await read('staging'))).toEqual(['px.example.com']);
    expect(customDomainsOf(await read('test-2'))).toEqual(['px.other.example']);
    expect(databaseOf(await read('test-2'))?.database_name).toBe('speck-test-2');
    expect(await read()).toMatchObject({ workers_dev: true });
    expect(customDomainsOf(await read())).toEqual([]);
    for (const env of ['staging', 'test-2']) {
      expect(await edit(both.text, '--env', env)).toMatchObject({ text: both.text, isChanged: false });
    }
  });

  test('leaves an environment as its owner has written it, and adds only the domain', async () => {
    const text = `${OWN}\n[[env.mine.d1_databases]]\nbinding = "DB"\ndatabase_name = "other"\n`;
    expect((await edit(text, '--env', 'mine')).isChanged).toBe(false);
    await edit(text, '--env', 'mine', '--domain', 'px.example.com');
    expect(databaseOf(await read('mine'))?.database_name).toBe('other');
    expect(await read('mine')).toMatchObject({ routes: [PX], workers_dev: false });
    expect(await read()).toMatchObject({ workers_dev: true });
  });

  test('gives names that do not begin with that of the Worker one in front', async () => {
    const text = OWN.replace('database_name = "speck"', 'database_name = "numbers"').replaceAll(
      'speck-events',
      'events',
    );
    await edit(text, '--env', 'staging');
    expect(databaseOf(await read('staging'))?.database_name).toBe('staging-numbers');
    expect(queuesOf(await read('staging'))).toEqual(['staging-events', 'speck-staging-dead-letters']);
  });
});

test('the address is a domain, or else the one under workers.dev', () => {
  const targets = ['site.example/stats/* (zone name: site.example)', 'https://speck.account.workers.dev'];
  expect(addressOf(['px.example.com'], targets)).toBe('https://px.example.com');
  expect(addressOf([], targets)).toBe('https://speck.account.workers.dev');
  expect(addressOf([], targets.slice(0, 1))).toBeUndefined();
});
