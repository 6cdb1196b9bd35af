/**
 * One Worker in a runtime process of its own, reached over the runtime's socket straight into the Worker: Miniflare's
 * usual address leads through an entry Worker of its own in the same process, which would cost every contender the
 * same and so draw them closer together than they are.
 */
import { convertV4MiniflareOptions, Miniflare, type V4WorkerOptions } from 'miniflare';
import type { Database } from '../../test/e2e/harness.ts';
import { runtimeProcesses } from './processes.ts';

export interface Runtime {
  readonly port: number;
  /** The runtime process; undefined where it cannot be known. */
  readonly pid: number | undefined;
  database(binding: string): Promise<Database>;
  close(): Promise<void>;
}

/** For the bench's output. */
export const HOW_REACHED =
  "the runtime's own socket into the Worker (Miniflare's unsafeDirectSockets), no entry Worker";

export async function startRuntime(worker: V4WorkerOptions): Promise<Runtime> {
  const others = new Set(runtimeProcesses());
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers: [{ ...worker, unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }] }],
      cf: false,
      logRequests: false,
      unsafeObservability: false,
      unsafeLocalExplorer: false,
    }),
  );
  await miniflare.ready;
  const [pid, ...more] = runtimeProcesses().filter((candidate) => !others.has(candidate));
  if (more.length > 0)
    throw new Error('the runtime has more than one process; the bench counts the time of one');
  return {
    port: Number((await miniflare.unsafeGetDirectURL()).port),
    pid,
    database: (binding) => miniflare.getD1Database(binding) as Promise<Database>,
    close: () => miniflare.dispose(),
  };
}
