/**
 * A connection to the inspector of one isolate, in the protocol of Chromium's developer tools. The runtime handles a message when
 * it next runs the isolate, so somebody has to send the Worker requests meanwhile.
 */

/** The parts of an answer of the inspector that are read here. */
interface Answer {
  readonly id?: number;
  readonly error?: { readonly message: string };
  readonly result?: unknown;
}

const TIMEOUT_MS = 10_000;
const POKE_MS = 20;

export class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #calls = 0;

  /** @param isolate as the runtime calls it: `core:user:NAME` is that of a Worker. */
  static open(inspector: URL, isolate: string): Promise<Inspector> {
    const url = new URL(`/${isolate}`, inspector);
    const socket = new WebSocket(url);
    return new Promise((resolve, reject) => {
      socket.addEventListener('open', () => resolve(new Inspector(socket)));
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

  async call<Result>(method: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<Result> {
    const id = ++this.#calls;
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(id, answer);
    this.#socket.send(JSON.stringify({ id, method, params: parameters }));
    const timer = setTimeout(() => {
      answer.reject(new Error(`${method}: no answer`));
      this.close();
    }, TIMEOUT_MS);
    try {
      return (await answer.promise) as Result;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  /** A call while nothing else runs the isolate: `poke`, which sends the Worker a request, is called until it is answered. */
  async poked<Result>(
    method: string,
    parameters: Readonly<Record<string, unknown>>,
    poke: () => Promise<unknown>,
  ): Promise<Result> {
    let isAnswered = false;
    const answer = this.call<Result>(method, parameters).finally(() => {
      isAnswered = true;
    });
    const pokes = (async () => {
      while (!isAnswered && this.isOpen) {
        await poke();
        if (!isAnswered) await new Promise((resolve) => setTimeout(resolve, POKE_MS));
      }
    })();
    const [result] = await Promise.all([answer, pokes]);
    return result;
  }

  close(): void {
    this.#socket.close();
  }

  /** A message without an id is an event; events are ignored. */
  #take({ id, error, result }: Answer): void {
    const answer = id === undefined ? undefined : this.#waiting.get(id);
    if (error) answer?.reject(new Error(error.message));
    else answer?.resolve(result ?? {});
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
  }
}
