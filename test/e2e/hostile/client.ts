/** HTTP as the hostile hour speaks it: every request is timed, and its status is counted under a name. */

/** What is known of the answers to one kind of request. */
export interface Tally {
  /** Answers by status; 0 stands for a connection that broke or a request that took too long. */
  readonly statuses: Map<number, number>;
  /** Of each answer, when it was asked for and when it was there. */
  readonly spans: Span[];
}

/** Milliseconds of the clock that the runtime's profiler goes by. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export const clock = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;

export interface Call {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

export interface Reply {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

/** A request that is not answered within this time counts as one that hangs. */
const PATIENCE = 30_000;

export class Client {
  readonly url: string;
  readonly tallies = new Map<string, Tally>();

  constructor(url: string) {
    this.url = url;
  }

  /** Sends a request and counts its answer under `name`. Never throws. */
  async send(name: string, path: string, { method = 'GET', headers = {}, body }: Call = {}): Promise<Reply> {
    const from = clock();
    let reply: Reply;
    try {
      const response = await fetch(this.url + path, {
        method,
        headers: { 'user-agent': BROWSER, ...headers },
        redirect: 'manual',
        signal: AbortSignal.timeout(PATIENCE),
        ...(body === undefined ? {} : { body }),
      });
      reply = { status: response.status, text: await response.text(), headers: response.headers };
    } catch (error) {
      reply = { status: 0, text: String(error), headers: new Headers() };
    }
    const tally = this.tallies.get(name) ?? { statuses: new Map<number, number>(), spans: [] };
    this.tallies.set(name, tally);
    tally.statuses.set(reply.status, (tally.statuses.get(reply.status) ?? 0) + 1);
    tally.spans.push({ from, to: clock() });
    return reply;
  }
}

export const BROWSER =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36';

/** The value below which a share of the numbers lies; 0 of none. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

export const lengthOf = ({ from, to }: Span): number => to - from;

/** Milliseconds that half of the answers of a kind took at most. */
export const medianOf = (name: string, { tallies }: Client): number =>
  quantile((tallies.get(name)?.spans ?? []).map(lengthOf), 0.5);
