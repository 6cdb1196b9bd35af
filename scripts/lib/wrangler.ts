/** Runs this project's own wrangler with this very Node, so that neither a shell nor what else is installed matters. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url).href);
const WRANGLER = join(ROOT, 'node_modules', 'wrangler', 'bin', 'wrangler.js');

/**
 * Settings of wrangler's local runtime. By default it writes each request with its whole URL into a trace store on disk, and
 * serves an explorer at /cdn-cgi/explorer that runs SQL for anyone who reaches the port.
 */
export const NO_TRACES = { X_LOCAL_EXPLORER: 'false', X_LOCAL_OBSERVABILITY: 'false' } as const;

/** Megabytes in which V8 puts what is new. Wrangler's code fills the usual ones at once; with these it starts a fifth faster. */
const YOUNG = ['--min-semi-space-size=64', '--max-semi-space-size=64'];

/** @param nodeFlags flags of Node itself, which wrangler hands on to the process that does its work. */
export function spawnWrangler(
  args: readonly string[],
  options: SpawnOptions,
  nodeFlags: readonly string[] = [],
): ChildProcess {
  return spawn(process.execPath, [...YOUNG, ...nodeFlags, WRANGLER, ...args], {
    cwd: ROOT,
    ...options,
    env: {
      ...process.env,
      ...options.env,
      // The build command in wrangler.toml says `node`: that must be the project's, which may be newer than the
      // system's.
      [pathVariable()]: [join(ROOT, 'node_modules', '.bin'), process.env[pathVariable()]].join(delimiter),
      // Without it the local runtime asks the network for an example of `request.cf` before it starts.
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
      WRANGLER_SEND_METRICS: 'false',
      ...NO_TRACES,
    },
  });
}

export interface Output {
  /** Its exit code, or 1 when a signal ended it or it could not be started. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs wrangler, without input unless it may ask, and gives what it printed. */
export async function runWrangler(
  args: readonly string[],
  { stdin = 'ignore' }: { readonly stdin?: 'ignore' | 'inherit' } = {},
): Promise<Output> {
  const child = spawnWrangler(args, { stdio: [stdin, 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  return { code: await ended(child), ...output };
}

/** How a process ended: its exit code, or 1 when a signal ended it or it could not be started. */
export function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(1));
    child.once('close', (code) => resolve(code ?? 1));
  });
}

/** The flags of `args` that choose a project, an environment or an account, and so belong to every wrangler command. */
export function sharedFlags(args: readonly string[]): string[] {
  return flagsNamed(args, ['--config', '-c', '--env', '-e', '--env-file', '--profile']);
}

/** The flags of the given names, each with its value, in either spelling: `--port 1` or `--port=1`. */
export function flagsNamed(args: readonly string[], names: readonly string[]): string[] {
  return args.flatMap((arg, index) => {
    if (names.some((name) => arg.startsWith(`${name}=`))) return [arg];
    const value = args[index + 1];
    return names.includes(arg) && value !== undefined ? [arg, value] : [];
  });
}

/** The value of a flag, the last one when it is given twice, as wrangler reads it. */
export function flagValue(args: readonly string[], name: string): string | undefined {
  const last = flagsNamed(args, [name]).at(-1);
  return last?.startsWith(`${name}=`) ? last.slice(name.length + 1) : last;
}

/** The arguments without the flags of the given names and their values. */
export function withoutFlags(args: readonly string[], names: readonly string[]): string[] {
  return args.filter(
    (arg, index) =>
      !names.includes(arg) &&
      !names.includes(args[index - 1] ?? '') &&
      !names.some((name) => arg.startsWith(`${name}=`)),
  );
}

/** Windows spells it `Path`, and a second spelling in the same environment would hide the first. */
function pathVariable(): string {
  return Object.keys(process.env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
}
