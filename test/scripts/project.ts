/** A copy of the project in a temporary directory, so that scripts run for a test touch nobody's token or database. */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What is built and not listed here, such as what benches build, may change while it is copied. */
const COPIED = [
  '.dev.vars.example',
  'dist/modules',
  'migrations',
  'package.json',
  'scripts',
  'src',
  'wrangler.toml',
];

export interface Project {
  readonly directory: string;
  read(file: string): string;
  /** Starts a script of the copy. */
  run(script: string, args?: readonly string[], environment?: NodeJS.ProcessEnv): Script;
  /** Runs `npm start` in the copy, as an owner does, in a process group of its own. */
  npmStart(args?: readonly string[]): Script;
  remove(): void;
}

/** @param options.builds whether wrangler builds the Worker anew, as in the project, or takes what the tests have built. */
export function copyProject({ builds = false }: { readonly builds?: boolean } = {}): Project {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'speck-')));
  for (const name of COPIED) cpSync(join(ROOT, name), join(directory, name), { recursive: true });
  if (!builds) {
    const config = join(directory, 'wrangler.toml');
    writeFileSync(config, readFileSync(config, 'utf8').replace(/^\[build\]\n(?:\w+ = .*\n)+/m, ''));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'), 'junction');
  // wrangler's own notes stay in the copy, too, and its code compiled, which each start takes from there.
  const notes = {
    NODE_COMPILE_CACHE: join(directory, 'compile-cache'),
    WRANGLER_LOG_PATH: join(directory, 'wrangler-log'),
    WRANGLER_REGISTRY_PATH: join(directory, 'wrangler-registry'),
  };
  return {
    directory,
    read: (file) => readFileSync(join(directory, file), 'utf8'),
    run: (script, args = [], environment = {}) =>
      runScript(join(directory, script), args, { ...notes, ...environment }),
    npmStart: (args = []) =>
      runCommand('npm', ['start', '--', ...args], {
        cwd: directory,
        env: { ...inherited(), ...notes },
        detached: true,
      }),
    remove: () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }),
  };
}

export interface Script {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  stdout(): string;
  stderr(): string;
  /** Its exit code, once it has ended. A signal that it did not handle is a failure: -1. */
  readonly ended: Promise<number>;
  /** Waits until it has printed a text that matches, and gives the match. The two streams come in no order: name the one. */
  printed(pattern: RegExp, stream?: 'stdout' | 'stderr'): Promise<RegExpExecArray>;
}

/** Runs a script with this Node. Its standard input is `input`, or empty. */
export function runScript(
  path: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  input?: string | Buffer,
): Script {
  return runCommand(process.execPath, [path, ...args], { env: { ...inherited(), ...environment } }, input);
}

export function runCommand(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env: NodeJS.ProcessEnv; readonly detached?: boolean },
  input?: string | Buffer,
): Script {
  const child = spawn(command, [...args], {
    ...options,
    stdio: ['pipe', 'pipe', 'pipe'],
    shell: process.platform === 'win32' && command === 'npm',
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  // A script that ends before it has read its input breaks the pipe: that is its right.
  child.stdin.on('error', () => undefined).end(input);
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? -1));
  });
  return {
    child,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    ended,
    async printed(pattern, stream = 'stdout') {
      let over = false;
      void ended.finally(() => {
        over = true;
      });
      for (;;) {
        const match = pattern.exec(output[stream]);
        if (match) return match;
        if (over)
          throw new Error(`It ended without printing ${pattern}:\n${output.stdout}\n${output.stderr}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
}

/** The environment without what would change how a script behaves. */
function inherited(): NodeJS.ProcessEnv {
  const { PORT, SPECK_TOKEN, NODE_OPTIONS, FORCE_COLOR, ...environment } = process.env;
  return { ...environment, NO_COLOR: '1' };
}

/** The ids of running processes that work in a copy, where the system can tell. */
export function processesOf(copy: Project): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && worksIn(name, copy.directory));
}

function worksIn(id: string, directory: string): boolean {
  try {
    return readlinkSync(`/proc/${id}/cwd`).startsWith(directory);
  } catch {
    // It has ended, or is not ours to look at.
    return false;
  }
}
