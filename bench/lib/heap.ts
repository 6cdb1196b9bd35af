/**
 * What an isolate holds once its garbage is collected, read over the inspector protocol. The resident memory of a process
 * says little of it: V8 lets garbage lie as long as nobody bounds its heap.
 *
 * The inspector is attached only while it reads, so that under load the isolate runs as it does without. One thing stays
 * changed: V8 sizes the heap anew at each collection.
 */
import { Inspector } from './inspector.ts';

export interface HeapUsage {
  /** Bytes of objects in use. */
  readonly used: number;
  /** Bytes that V8 has set aside for them. */
  readonly total: number;
  /** Bytes that objects hold outside of the heap: those of buffers. */
  readonly outside: number;
}

/**
 * Collects the garbage of a Worker's isolate and gives what is left. The runtime collects when it next runs the isolate,
 * so `poke` has to send the Worker a request; it is called until the garbage is collected.
 */
export async function heapAfterCollection(
  inspector: URL,
  worker: string,
  poke: () => Promise<unknown>,
): Promise<HeapUsage> {
  const session = await Inspector.open(inspector, `core:user:${worker}`);
  try {
    await session.poked('HeapProfiler.collectGarbage', {}, poke);
    const { usedSize, totalSize, backingStorageSize } = await session.call<{
      readonly usedSize?: number;
      readonly totalSize?: number;
      readonly backingStorageSize?: number;
    }>('Runtime.getHeapUsage');
    if (usedSize === undefined || totalSize === undefined || backingStorageSize === undefined)
      throw new Error('the inspector gives no heap usage');
    return { used: usedSize, total: totalSize, outside: backingStorageSize };
  } finally {
    session.close();
  }
}
