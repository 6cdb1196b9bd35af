/**
 * Each file of the worker project starts as in an isolate of its own. Starting a runtime takes a second, so that the files of a
 * worker share one, and this undoes what the files before have left: what is stored (D1, queues), modules with their caches,
 * timers and globals.
 */
import { reset } from 'cloudflare:test';
import { vi } from 'vitest';

export async function startAfresh(): Promise<void> {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  await reset();
  vi.resetModules();
}

await startAfresh();
