/** What fakes of networks have in common: the deduplication of what arrives, and the troubles that a test orders. */
import type { CountedEvent, FakeNetwork, Trouble } from './fake.ts';

const HOUR = 3_600_000;

/** How a network recognizes that an event arrives again. */
export interface Deduplication {
  /** Milliseconds between two arrivals, within which they are one event. */
  readonly window: number;
  /** Milliseconds within which the browser's report replaces the server's; 0 if the first always wins. */
  readonly browserWins: number;
}

/** 48 hours, and the first report wins. */
export const FIRST_WINS: Deduplication = { window: 48 * HOUR, browserWins: 0 };

export interface Counter extends Pick<FakeNetwork, 'counted' | 'arrivals' | 'trouble' | 'refuse' | 'reset'> {
  /** @param at when it arrives, in epoch milliseconds. */
  count(event: CountedEvent, at: number): void;
  /** Counts an event that the network never recognizes as one that it has. */
  countAlways(event: CountedEvent): void;
  /** What goes wrong with the next request. */
  next(): Trouble | null;
  /** Whether a test has ordered to refuse the event. */
  refuses(id: string): boolean;
  /** Hands over an answer, or keeps it back as the trouble says: `lost` breaks the connection, `slow` waits. */
  deliver(trouble: Trouble | null, request: Request, response: Response): Promise<Response>;
}

export function makeCounter({ window, browserWins }: Deduplication): Counter {
  interface Counted {
    event: CountedEvent;
    readonly at: number;
  }
  let counted: Counted[] = [];
  let arrivals = new Map<string, number>();
  let troubles: Trouble[] = [];
  let refused: ReadonlySet<string> = new Set();
  let release = new AbortController();

  const arrived = ({ id }: CountedEvent): void => {
    if (id !== '') arrivals.set(id, (arrivals.get(id) ?? 0) + 1);
  };
  const endSlowness = (): void => {
    release.abort();
    release = new AbortController();
  };

  return {
    count(event, at) {
      arrived(event);
      const same = counted.find(
        (other) =>
          event.id !== '' &&
          other.event.id === event.id &&
          other.event.name === event.name &&
          Math.abs(other.at - at) <= window,
      );
      if (same === undefined) counted.push({ event, at });
      else if (event.from === 'browser' && Math.abs(same.at - at) <= browserWins) same.event = event;
    },
    countAlways(event) {
      arrived(event);
      // Infinitely far from any other arrival.
      counted.push({ event, at: Number.POSITIVE_INFINITY });
    },
    counted: () => counted.map(({ event }) => event),
    arrivals: () => arrivals,
    trouble(kind, requests = 1) {
      if (kind === 'slow' && requests === 0) endSlowness();
      troubles = Array.from({ length: requests }, () => kind);
    },
    next: () => troubles.shift() ?? null,
    refuse(ids) {
      refused = new Set(ids);
    },
    refuses: (id) => refused.has(id),
    async deliver(trouble, request, response) {
      if (trouble === 'lost') throw new TypeError('the connection was lost');
      if (trouble === 'slow') await aborted(request.signal, release.signal);
      return response;
    },
    reset() {
      counted = [];
      arrivals = new Map();
      troubles = [];
      refused = new Set();
      endSlowness();
    },
  };
}

/** What a fake is of its own. */
export interface FakeParts extends Pick<FakeNetwork, 'name' | 'account' | 'secret'> {
  answer(request: Request, trouble: Trouble | null): Response | Promise<Response>;
  /** The network's event as its own pixel on the page reports it. */
  ofBrowser(name: string, id: string): object;
}

/** A fake that counts by a counter, and has its troubles. */
export function fakeOf(
  counter: Counter,
  { name, account, secret, answer, ofBrowser }: FakeParts,
): FakeNetwork {
  return {
    name,
    account,
    secret,
    async fetch(request) {
      const trouble = counter.next();
      return counter.deliver(trouble, request, await answer(request, trouble));
    },
    counted: counter.counted,
    arrivals: counter.arrivals,
    trouble: counter.trouble,
    browserEvent: (event, id, at) =>
      counter.count({ name: event, id, event: ofBrowser(event, id), from: 'browser' }, at),
    refuse: counter.refuse,
    reset: counter.reset,
  };
}

function aborted(...signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of signals) {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    }
  });
}

/** What the fakes check of a text that has to be a hash: SHA-256 in lower-case hex. */
export const SHA_256 = /^[\da-f]{64}$/;

/** Seconds that lie in the present: neither milliseconds nor 1970. */
export const SECONDS = { from: 1_000_000_000, to: 9_999_999_999 } as const;

export function json(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json(body, { status, headers });
}
