/**
 * npm packages that a few commands need and an ordinary `npm ci` should not load: a database of half a gigabyte, for one. Each is installed
 * once, in an exact version, into a folder of its own below `.tools/`, which git ignores and `npm ci` leaves alone. After that it needs no network.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface OwnPackage {
  readonly name: string;
  /** An exact version: what is installed depends on nothing else. */
  readonly version: string;
  /** What it is for, how large it is: said before it is loaded. */
  readonly about: string;
}

const TOOLS = fileURLToPath(new URL('../../.tools', import.meta.url).href);

/** The package is neither installed nor could be. The message says why, and what to do. */
export class PackageError extends Error {
  override readonly name = 'PackageError';
}

export interface InstallOptions {
  /** The folder that holds the folders of packages. */
  readonly tools?: string;
  readonly environment?: NodeJS.ProcessEnv;
  /** Where progress is told. */
  readonly log?: (line: string) => void;
}

/**
 * Installs a package unless it is installed. Another process may install the same one meanwhile: the first to finish wins. An
 * interrupted installation is never taken for a finished one.
 *
 * @throws PackageError
 */
export async function installPackage(wanted: OwnPackage, options: InstallOptions = {}): Promise<void> {
  const { tools = TOOLS, log = console.error } = options;
  if (isInstalled(wanted, tools)) return;
  log(`Installing ${wanted.name} ${wanted.version} into ${folderOf(wanted, tools)}: ${wanted.about}`);
  mkdirSync(tools, { recursive: true });
  const partial = mkdtempSync(join(tools, 'partial-'));
  try {
    writeFileSync(join(partial, 'package.json'), manifestOf(wanted));
    const { code, output } = await npmInstall(partial, options.environment ?? process.env);
    if (code !== 0) throw new PackageError(failure(wanted, output));
    if (versionIn(partial, wanted) !== wanted.version) {
      throw new PackageError(failure(wanted, 'npm installed another version.'));
    }
    place(partial, wanted, tools);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/**
 * Loads an installed package.
 *
 * @throws PackageError if it is not installed, or does not run on this system.
 */
export function loadPackage<Module>(wanted: OwnPackage, tools = TOOLS): Module {
  if (!isInstalled(wanted, tools)) {
    throw new PackageError(
      `${wanted.name} ${wanted.version} is not installed in ${folderOf(wanted, tools)}.`,
    );
  }
  try {
    return createRequire(join(folderOf(wanted, tools), 'package.json'))(wanted.name) as Module;
  } catch (error) {
    throw new PackageError(
      `${wanted.name} ${wanted.version} is installed and does not load on ${process.platform}-${process.arch}: ${error}`,
      { cause: error },
    );
  }
}

function isInstalled(wanted: OwnPackage, tools: string): boolean {
  return versionIn(folderOf(wanted, tools), wanted) === wanted.version;
}

function folderOf({ name, version }: OwnPackage, tools: string): string {
  return join(tools, `${name.replace('/', '+')}-${version}`);
}

function versionIn(folder: string, { name }: OwnPackage): string | null {
  const manifest = join(folder, 'node_modules', name, 'package.json');
  if (!existsSync(manifest)) return null;
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

/** With a manifest of its own in the folder, npm does not look for one in the folders above. */
function manifestOf({ name, version }: OwnPackage): string {
  return JSON.stringify({ private: true, dependencies: { [name]: version } });
}

/** Scripts of packages do not run: what is installed here comes built. */
function npmInstall(
  folder: string,
  environment: NodeJS.ProcessEnv,
): Promise<{ readonly code: number; readonly output: string }> {
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--no-update-notifier'];
  return new Promise((resolve) => {
    const child = spawn('npm', ['install', ...flags], {
      cwd: folder,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.once('error', (error) => resolve({ code: 1, output: `npm does not run: ${error.message}` }));
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** A rename is atomic, so the folder exists only once everything is in it. */
function place(partial: string, wanted: OwnPackage, tools: string): void {
  const folder = folderOf(wanted, tools);
  try {
    renameSync(partial, folder);
  } catch (error) {
    if (isInstalled(wanted, tools)) return;
    // A folder of that name without the package in it: somebody deleted a part of it.
    rmSync(folder, { recursive: true, force: true });
    renameSync(partial, folder);
    if (!isInstalled(wanted, tools)) throw error;
  }
}

function failure({ name, version }: OwnPackage, output: string): string {
  // npm says the code and the reason first, then much more.
  const reasons = output
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('npm warn'))
    .slice(0, 6)
    .map((line) => `  ${line}`);
  return [
    `${name} ${version} could not be installed:`,
    ...reasons,
    'It is loaded from the npm registry once. Check the connection and npm’s settings, then run the command again.',
  ].join('\n');
}
