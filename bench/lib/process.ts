/** A runtime process started for one Worker alone, without Miniflare, to measure what a start takes. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join, relative } from 'node:path';
import workerd from 'workerd';
import { ROOT } from '../../scripts/lib/wrangler.ts';
import type { BuiltModule } from './built-modules.ts';
import { configuredOptions } from './contenders.ts';

export interface Start {
  /** Milliseconds from the start of the process to the end of its first answer. */
  readonly first: number;
  /** The same of its second answer, from the request on. */
  readonly second: number;
}

const TIMEOUT_MS = 20_000;

/** Names of a module's content in the runtime's configuration. */
const FIELDS = { ESModule: 'esModule', Text: 'text' } as const;

/**
 * Starts a process, asks it for a path until it answers, and once more, and ends it.
 *
 * @param folder what the modules are named by.
 * @throws Error when it does not answer with 200.
 */
export async function measureStart(
  modules: readonly BuiltModule[],
  folder: string,
  path: string,
): Promise<Start> {
  // Below the project: the configuration embeds files by relative paths only.
  const directory = mkdtempSync(join(ROOT, 'dist/start-'));
  const port = await freePort();
  const file = join(directory, 'config.capnp');
  writeFileSync(file, configuration(directory, modules, folder, port));
  const began = performance.now();
  const child = spawn(workerd.default, ['serve', file], { stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    await reachable(port);
    await get(port, path);
    const first = performance.now() - began;
    const sent = performance.now();
    await get(port, path);
    return { first, second: performance.now() - sent };
  } finally {
    child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  }
}

function configuration(
  directory: string,
  modules: readonly BuiltModule[],
  folder: string,
  port: number,
): string {
  const list = modules.map(
    ({ type, path }) =>
      `(name = ${JSON.stringify(relative(folder, path))}, ${FIELDS[type]} = embed ${JSON.stringify(relative(directory, path))})`,
  );
  // What wrangler.toml says, so that both Workers run as Speck is deployed.
  const { compatibilityDate = '', compatibilityFlags = [] } = configuredOptions();
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);
const main :Workerd.Worker = (
  modules = [${list.join(',\n    ')}],
  compatibilityDate = ${JSON.stringify(compatibilityDate)},
  compatibilityFlags = ${JSON.stringify(compatibilityFlags)}
);
`;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** Resolves once somebody listens. The runtime listens before it has started the Worker. */
async function reachable(port: number): Promise<void> {
  const end = performance.now() + TIMEOUT_MS;
  while (performance.now() < end) {
    const isThere = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (isThere) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error('the runtime did not start');
}

async function get(port: number, path: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers: {
      'cf-connecting-ip': '192.0.2.1',
      'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0',
    },
  });
  await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`${path}: ${response.status}`);
}
