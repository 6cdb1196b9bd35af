/**
 * What an isolate holds once its garbage is collected, read over the inspector protocol. The resident memory of a process
 * says little of it: V8 lets garbage lie as long as nobody bounds its heap.
 *
 * The inspector is attached only while it reads, so that under load the isolate runs as it does without. One thing stays
 * changed: V8 sizes the heap anew at each collection.
 */

export interface HeapUsage {
  /** Bytes of objects in use. */
  readonly used: number;
  /** Bytes that V8 has set aside for them. */
  readonly total: number;
  /** Bytes that objects hold outside of the heap: those of buffers. */
  readonly outside: number;
}

/** The parts of an answer of the inspector that are read here. */
interface Answer {
  readonly id?: number;
  readonly error?: { readonly message: string };
  readonly result?: Record<string, number>;
}

const POKE_MS = 20;
const TIMEOUT_MS = 10_000;

/**
 * Collects the garbage of a Worker's isolate and gives what is left. The runtime collects when it next runs the isolate,
 * so `poke` has to send the Worker a request; it is called until the garbage is collected.
 */
export async function heapAfterCollection(
  inspector: URL,
  worker: string,
  poke: () => Promise<unknown>,
): Promise<HeapUsage> {
  const session = await Session.open(new URL(`/core:user:${worker}`, inspector));
  try {
    let collected = false;
    const collection = session.call('HeapProfiler.collectGarbage').then(() => {
      collected = true;
    });
    const pokes = (async () => {
      while (!collected && session.isOpen) {
        await poke();
        await new Promise((resolve) => setTimeout(resolve, POKE_MS));
      }
    })();
    await Promise.all([collection, pokes]);
    const { usedSize, totalSize, backingStorageSize } = await session.call('Runtime.getHeapUsage');
    if (usedSize === undefined || totalSize === undefined || backingStorageSize === undefined)
      throw new Error('the inspector gives no heap usage');
    return { used: usedSize, total: totalSize, outside: backingStorageSize };
  } finally {
    session.close();
  }
}

/** A connection to the inspector of one isolate. */
class Session {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<Record<string, number>>>();
  #calls = 0;

  static open(url: URL): Promise<Session> {
    const socket = new WebSocket(url);
    return new Promise((resolve, reject) => {
      socket.addEventListener('open', () => resolve(new Session(socket)));
      socket.addEventListener('error', () => reject(new Error(`no inspector at ${url}`)));
    });
  }

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#take(JSON.parse(String(data)) as Answer));
    socket.addEventListener('close', () => this.#fail(new Error('the inspector has closed')));
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  async call(method: string): Promise<Record<string, number>> {
    const id = ++this.#calls;
    const answer = Promise.withResolvers<Record<string, number>>();
    this.#waiting.set(id, answer);
    this.#socket.send(JSON.stringify({ id, method }));
    const timer = setTimeout(() => {
      answer.reject(new Error(`${method}: no answer`));
      this.close();
    }, TIMEOUT_MS);
    try {
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  close(): void {
    this.#socket.close();
  }

  /** An answer without an id is an event, which nobody here has asked for. */
  #take({ id, error, result }: Answer): void {
    const answer = id === undefined ? undefined : this.#waiting.get(id);
    if (error) answer?.reject(new Error(error.message));
    else answer?.resolve(result ?? {});
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
  }
}
