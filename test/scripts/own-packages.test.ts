/** Packages of their own, from a registry on this machine: no test depends on the network. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  installPackage,
  loadPackage,
  type OwnPackage,
  PackageError,
} from '../../scripts/lib/own-packages.ts';

const root = mkdtempSync(join(tmpdir(), 'speck-packages-'));
const NAMES = ['speck-example', '@speck-example/scoped'];
const wanted = (name = 'speck-example', version = '1.2.3'): OwnPackage => ({
  name,
  version,
  about: 'an example.',
});

let registry: Server;
let url: string;
let requests: string[] = [];
/** The folder of packages, and a registry without one. */
let tools: string;
const environment = (address = url): NodeJS.ProcessEnv => ({
  ...process.env,
  npm_config_registry: address,
  npm_config_cache: join(tools, '..', 'cache'),
  npm_config_fetch_retries: '0',
});
const install = (one: OwnPackage, address?: string): Promise<void> =>
  installPackage(one, { tools, environment: environment(address), log: () => undefined });

beforeAll(async () => {
  const tarballs = new Map(NAMES.map((name) => [name, pack(name, '1.2.3')]));
  registry = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '').slice(1);
    requests.push(path);
    const name = path.replace(/\/-\/.*/, '');
    const tarball = tarballs.get(name);
    if (!tarball) return response.writeHead(404).end('{}');
    if (path !== name) return response.end(tarball);
    const dist = { tarball: `${url}${name}/-/package.tgz` };
    return response.setHeader('content-type', 'application/json').end(
      JSON.stringify({
        name,
        versions: { '1.2.3': { name, version: '1.2.3', dist } },
        'dist-tags': { latest: '1.2.3' },
      }),
    );
  });
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(registry.address() as AddressInfo).port}/`;
});
afterAll(() => {
  registry?.close();
  rmSync(root, { recursive: true, force: true });
});
beforeEach(() => {
  tools = join(mkdtempSync(join(root, 'case-')), '.tools');
  requests = [];
});

function pack(name: string, version: string): Buffer {
  const folder = mkdtempSync(join(root, 'source-'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version, main: 'main.cjs' }));
  writeFileSync(join(folder, 'main.cjs'), `module.exports = { answer: 42, name: ${JSON.stringify(name)} };`);
  const packed = spawnSync('npm', ['pack', '--json'], {
    cwd: folder,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  const file = readdirSync(folder).find((one) => one.endsWith('.tgz'));
  if (!file) throw new Error(packed.stderr);
  return readFileSync(join(folder, file));
}

describe('a package of its own', () => {
  it.each(NAMES)('is installed once: %s', async (name) => {
    await install(wanted(name));
    expect(loadPackage(wanted(name), tools)).toEqual({ answer: 42, name });
    expect(requests).not.toEqual([]);

    requests = [];
    await install(wanted(name), 'http://127.0.0.1:1/');
    expect(requests).toEqual([]);
    expect(readdirSync(tools)).toEqual([`${name.replace('/', '+')}-1.2.3`]);
  });

  it('is installed by two processes at a time', async () => {
    await Promise.all([install(wanted()), install(wanted())]);
    expect(loadPackage(wanted(), tools)).toHaveProperty('answer', 42);
    expect(readdirSync(tools)).toEqual(['speck-example-1.2.3']);
  });

  it.each([
    [
      'a version that does not exist',
      wanted('speck-example', '9.9.9'),
      undefined,
      /speck-example 9\.9\.9 could not be installed:\n.*\n?.*(ETARGET|No matching version)/,
    ],
    [
      'a name that does not exist',
      wanted('speck-unknown'),
      undefined,
      /speck-unknown 1\.2\.3 could not be installed:\n.*E404/,
    ],
    [
      'no network',
      wanted(),
      'http://127.0.0.1:1/',
      /speck-example 1\.2\.3 could not be installed:\n.*ECONNREFUSED[\s\S]*run the command again/,
    ],
  ])('says why it is not there, and leaves nothing: %s', async (_, one, address, message) => {
    const error = await install(one, address).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PackageError);
    expect((error as Error).message).toMatch(message);
    expect(readdirSync(tools)).toEqual([]);
    expect(() => loadPackage(one, tools)).toThrow(PackageError);
  });

  it('is installed again where a part of it was deleted', async () => {
    await install(wanted());
    rmSync(join(tools, 'speck-example-1.2.3', 'node_modules'), { recursive: true });
    expect(() => loadPackage(wanted(), tools)).toThrow(/is not installed/);
    await install(wanted());
    expect(loadPackage(wanted(), tools)).toHaveProperty('answer', 42);
  });

  it('says so when it does not load on this system', async () => {
    const folder = join(tools, 'speck-example-1.2.3', 'node_modules', 'speck-example');
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'speck-example', version: '1.2.3', main: 'main.cjs' }),
    );
    writeFileSync(join(folder, 'main.cjs'), 'throw new Error("no build for this system");');
    expect(() => loadPackage(wanted(), tools)).toThrow(/does not load on .*no build for this system/);
  });
});
