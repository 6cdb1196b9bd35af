/** The processes of the local Worker. They are started, watched and ended together. */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { get } from './address.ts';
import { ended, ROOT, spawnWrangler } from './wrangler.ts';

/** How long the local Worker may take to end before it is killed. */
const STOP_TIMEOUT = 5_000;
/**
 * How often it is asked whether it still answers, how long an answer may take, and how many may fail in a row. SPECK_WATCH_INTERVAL
 * sets the first two, in milliseconds.
 */
const WATCH_INTERVAL = Number(process.env['SPECK_WATCH_INTERVAL'] ?? 10_000);
const WATCH_FAILURES = 3;
const PARENT_INTERVAL = 1_000;

const windows = process.platform === 'win32';
const PRELOAD = pathToFileURL(join(ROOT, 'scripts', 'lib', 'end-with-parent.ts')).href;

export interface LocalWorker {
  /** Aborted once the Worker has ended. */
  readonly signal: AbortSignal;
  /** Its exit code, when all of its processes have ended. */
  readonly ended: Promise<number>;
  /** Whether it has been asked to end. */
  readonly stopping: boolean;
  /** Asks it to end, and kills its remaining processes after a while. */
  stop(): void;
}

/** Starts `wrangler dev` with these flags. It ends with this process, and with the signals that this process gets. */
export function startLocalWorker(flags: readonly string[]): LocalWorker {
  const child = spawnWrangler(
    ['dev', ...flags],
    {
      stdio: ['pipe', 'inherit', 'inherit'],
      // In a process group of its own, Ctrl-C reaches this process alone, and at the end nothing of the group is left.
      // On Windows that would open a second window; there Ctrl-C reaches all.
      detached: !windows,
    },
    ['--import', PRELOAD],
  );
  const over = new AbortController();
  let stopping = false;
  const exit = ended(child).then((code) => {
    over.abort();
    signalGroup(child, 'SIGKILL');
    return code;
  });
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    void end(child, exit);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  stopWithNpm(stop, over.signal);
  return {
    signal: over.signal,
    ended: exit,
    get stopping() {
      return stopping;
    },
    stop,
  };
}

async function end(child: ChildProcess, exit: Promise<number>): Promise<void> {
  if (!windows) child.kill('SIGTERM');
  await Promise.race([exit, sleep(STOP_TIMEOUT, undefined, { ref: false })]);
  signalGroup(child, 'SIGKILL');
}

/** Signals wrangler and all processes that it has started. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (windows) child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // Nothing of the group is left.
  }
}

/**
 * Ends with npm. A signal that is sent to npm alone ends npm, and at most the shell between it and this process, but never
 * arrives here. On Windows nothing tells of it.
 */
function stopWithNpm(stop: () => void, signal: AbortSignal): void {
  if (windows || process.env['npm_lifecycle_event'] === undefined) return;
  const parent = process.ppid;
  const [grandparent = 0, command = ''] = parentOf(parent);
  const npm = /(^|\/)(ba|da|k|z)?sh$/.test(command) ? grandparent : parent;
  const timer = setInterval(() => {
    if (process.ppid !== parent || !isThere(npm)) stop();
  }, PARENT_INTERVAL);
  signal.addEventListener('abort', () => clearInterval(timer));
}

/** A process's parent and the name of what it runs; nothing where `ps` is missing. */
function parentOf(id: number): [parent?: number, command?: string] {
  const { stdout } = spawnSync('ps', ['-o', 'ppid=,comm=', '-p', String(id)], { encoding: 'utf8' });
  const [, parent, command] = /^\s*(\d+)\s+(.*\S)/.exec(stdout ?? '') ?? [];
  return parent === undefined ? [] : [Number(parent), command ?? ''];
}

function isThere(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Resolves when a Worker that has answered no longer does, which happens when its runtime was ended and wrangler waits for it;
 * or when it has ended.
 */
export async function silent(url: string, signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted && failures < WATCH_FAILURES) {
    await sleep(WATCH_INTERVAL, undefined, { ref: false, signal }).catch(() => undefined);
    // A file that needs no database: a database that is busy is no reason to end.
    const answer = await get(`${url}/speck.js`, WATCH_INTERVAL).catch(() => undefined);
    failures = answer === undefined ? failures + 1 : 0;
  }
}
