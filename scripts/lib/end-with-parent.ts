/**
 * Preloaded into wrangler by `npm start`, so that nothing of the local Worker outlives it. Standard input is a pipe that only
 * `npm start` holds: the system closes it however that process ends, also by SIGKILL.
 */
import { isMainThread } from 'node:worker_threads';

// wrangler's worker threads preload this, too, and have an empty standard input of their own.
if (isMainThread) {
  process.stdin.once('close', end).once('error', end).resume();
  // Waiting for the end must not keep wrangler's other commands running.
  (process.stdin as typeof process.stdin & { unref?(): void }).unref?.();
}

function end(): void {
  // Wrangler leads a process group of its own; 0 is all of that group, the runtime included. Windows has no groups: there the
  // runtime is ended by wrangler's own handler of this process's exit.
  if (process.platform === 'win32') process.exit(1);
  process.kill(0, 'SIGKILL');
}
