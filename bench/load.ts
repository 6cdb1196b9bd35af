/**
 * The client, a process of its own: keeps a number of connections busy for some seconds, one request in flight on each,
 * and times every answer. It speaks just the HTTP it needs, straight on the socket, so that the Worker and not the
 * client is what the clock sees.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { count, type Histogram } from './lib/histogram.ts';
import { makeRequests } from './lib/requests.ts';

export interface Load {
  readonly port: number;
  readonly pixel: string;
  readonly connections: number;
  readonly seconds: number;
  /** Requests a second on all connections together; undefined means: as many as are answered. */
  readonly rate?: number | undefined;
}

export interface LoadResult {
  /** Requests answered 200, the lead-in and the last ones in flight included: each of them has to be stored. */
  readonly answered: number;
  /** Answers of any other status, and connections that broke. */
  readonly failed: number;
  /**
   * Requests sent and answered in the measured window, by how long they took. At a given rate a request takes from when it is due:
   * one that waits because others are slow is late itself.
   */
  readonly latencies: Histogram;
  /** Processor seconds of the client in the measured window. */
  readonly clientCpu: number;
}

/** Connections open and caches fill before the window opens. */
const LEAD_IN_SECONDS = 0.3;

/** Each pixel's requests, and which comes next: a later run goes on where the last one ended. */
const traffic = new Map<string, { readonly requests: readonly Buffer[]; next: number }>();

process.on('message', (load: Load) => {
  run(load).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});

async function run({ port, pixel, connections, seconds, rate }: Load): Promise<LoadResult> {
  const source = traffic.get(pixel) ?? { requests: makeRequests(pixel), next: 0 };
  traffic.set(pixel, source);
  const { requests } = source;
  const began = performance.now();
  const opens = began + LEAD_IN_SECONDS * 1000;
  const closes = opens + seconds * 1000;
  const latencies: Histogram = [];
  let answered = 0;
  let failed = 0;
  let requested = 0;

  const cpuAt = (time: number): Promise<NodeJS.CpuUsage> =>
    new Promise((resolve) => setTimeout(() => resolve(process.cpuUsage()), time - performance.now()));
  const cpu = Promise.all([cpuAt(opens), cpuAt(closes)]);

  const drive = async (socket: Socket): Promise<void> => {
    const reader = new AnswerReader(socket);
    while (performance.now() < closes) {
      const due = rate === undefined ? performance.now() : began + (requested++ / rate) * 1000;
      if (due >= closes) break;
      if (due > performance.now()) await sleep(due - performance.now());
      // A timer may be early.
      const sent = Math.min(due, performance.now());
      const request = requests[source.next++ % requests.length] as Buffer;
      socket.write(request);
      const status = await reader.status();
      const received = performance.now();
      if (status === 200) answered++;
      else failed++;
      if (status === undefined) return;
      if (sent >= opens && received < closes) count(latencies, received - sent);
    }
    socket.destroy();
  };
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  await Promise.all(sockets.map(drive));

  const [before, after] = await cpu;
  const clientCpu = (after.user + after.system - before.user - before.system) / 1e6;
  return { answered, failed, latencies, clientCpu };
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => {
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

/** Reads one answer after another off a socket: status and Content-Length, the body skipped. */
class AnswerReader {
  #received = '';
  #resolve: ((status: number | undefined) => void) | undefined;
  #closed = false;

  constructor(socket: Socket) {
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      this.#received = this.#received === '' ? chunk : this.#received + chunk;
      this.#settle();
    });
    const close = (): void => {
      this.#closed = true;
      this.#settle();
    };
    socket.on('error', close);
    socket.on('close', close);
  }

  /** The next answer's status; undefined when the connection broke before it came. */
  status(): Promise<number | undefined> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#settle();
    });
  }

  #settle(): void {
    if (this.#resolve === undefined) return;
    const status = this.#take();
    if (status === undefined && !this.#closed) return;
    const resolve = this.#resolve;
    this.#resolve = undefined;
    resolve(status);
  }

  #take(): number | undefined {
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd < 0) return undefined;
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.#received);
    if (length === null)
      throw new Error(`an answer without Content-Length:\n${this.#received.slice(0, headEnd)}`);
    const end = headEnd + 4 + Number(length[1]);
    if (this.#received.length < end) return undefined;
    const status = Number(this.#received.slice(9, 12));
    this.#received = this.#received.slice(end);
    return status;
  }
}
