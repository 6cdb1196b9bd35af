/**
 * One Worker in a runtime process of its own. Miniflare's usual address leads through an entry Worker in the same process,
 * which costs every contender the same and so draws them closer together than they are; the runtime's own socket leads
 * past it.
 */
import { convertV4MiniflareOptions, Miniflare, type V4WorkerOptions } from 'miniflare';
import type { Database } from '../../test/e2e/harness.ts';
import { runtimeProcesses } from './processes.ts';

export interface Runtime {
  readonly port: number;
  /** The runtime process; undefined if unknown. */
  readonly pid: number | undefined;
  /** Where the runtime's inspector listens, if requested. */
  readonly inspector: URL | undefined;
  database(binding: string): Promise<Database>;
  /** Runs the Worker's cron trigger as of a moment, and waits for it. */
  cron(at: Date): Promise<void>;
  close(): Promise<void>;
}

/** How the Workers are reached, in the words of the bench's output. */
export type Way = keyof typeof WAYS;
export const WAYS = {
  direct: "the runtime's own socket into the Worker (Miniflare's unsafeDirectSockets), no entry Worker",
  entry: "Miniflare's address, through its entry Worker, as wrangler dev and the test harness do",
} as const;

/**
 * With `inspected` the runtime listens for an inspector too.
 *
 * @param directory where its databases are kept; undefined means: nowhere.
 */
export async function startRuntime(
  worker: V4WorkerOptions,
  way: Way,
  inspected = false,
  directory?: string,
): Promise<Runtime> {
  const others = new Set(runtimeProcesses());
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers: [{ ...worker, unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }] }],
      ...(directory === undefined ? {} : { resourcePersistencePath: directory }),
      cf: false,
      logRequests: false,
      unsafeObservability: false,
      unsafeLocalExplorer: false,
      ...(inspected ? { inspectorPort: 0 } : {}),
    }),
  );
  await miniflare.ready;
  const [pid, ...more] = runtimeProcesses().filter((candidate) => !others.has(candidate));
  if (more.length > 0)
    throw new Error('the runtime has more than one process; the bench counts the time of one');
  return {
    port: Number((way === 'direct' ? await miniflare.unsafeGetDirectURL() : await miniflare.ready).port),
    pid,
    inspector: inspected ? await miniflare.getInspectorURL() : undefined,
    database: (binding) => miniflare.getD1Database(binding) as Promise<Database>,
    async cron(at) {
      const own = await miniflare.getWorker();
      await own.scheduled({ cron: '*/5 * * * *', scheduledTime: at });
    },
    close: () => miniflare.dispose(),
  };
}
