/** Sends events from a server: Node, or any runtime that has `fetch`. An event is acknowledged once it is stored. */
import { type Answer, type Attempt, attempt, pauseAfter } from './request.ts';

/** An event. Without `ip` and `userAgent` it counts for no visitor and no visit. */
export interface ServerEvent {
  /** The event's name. Default: `pageview`. */
  name?: string | undefined;
  /** The page's full URL, or its path on the pixel's site. */
  url?: string | undefined;
  referrer?: string | undefined;
  /** `value` and `currency` (ISO 4217) are revenue. */
  data?: Readonly<Record<string, unknown>> | undefined;
  /** Your own id of the event. Default: a random one, so that the event counts once, however often it is sent. */
  eventID?: string | undefined;
  /** Your id of the signed-in user. */
  uid?: string | number | undefined;
  /** Hashes of user data: SHA-256 in hexadecimal of normalized values. */
  userData?: Readonly<Partial<Record<'em' | 'ph' | 'external_id', string>>> | undefined;
  consent?: 'granted' | 'denied' | undefined;
  /** When it happened, as a Date or epoch milliseconds. Default: now. */
  time?: Date | number | undefined;
  /** The visitor's IP address and user agent. Speck hashes and then discards them. */
  ip?: string | undefined;
  userAgent?: string | undefined;
  /** ISO 3166-1 alpha-2. */
  country?: string | undefined;
  /** Another pixel than the client's. */
  pixel?: string | undefined;
}

/** An event that Speck did not store, or of which it stored only a part. */
export interface Refusal {
  readonly event: ServerEvent;
  /** A word that does not change, such as `bot` or `unknown_pixel`. */
  readonly reason: string;
  /** A sentence that says what is wrong. */
  readonly message: string;
}

export interface SendResult {
  readonly accepted: number;
  /** Events that were stored before under the same id. */
  readonly duplicates: number;
  /** Events that were not stored. Sending them again would not help. */
  readonly rejected: readonly Refusal[];
  /** Events that were stored in part, such as one without its unreadable amount. */
  readonly warnings: readonly Refusal[];
}

/** A request has failed. The events that it held are in `events`. */
export class SpeckError extends Error {
  override readonly name = 'SpeckError';
  /** `unreachable`, `queue_full`, `closed`, or the `reason` of the response. */
  readonly reason: string;
  /** The status of the response; 0 without one. */
  readonly status: number;
  readonly events: readonly ServerEvent[];
  /** Whether the events are back in the queue, and are sent again with the next flush. */
  readonly isKept: boolean;
  /** What was stored of the same flush before the failure. */
  readonly result: SendResult;

  constructor(
    message: string,
    about: {
      reason: string;
      status?: number;
      events: readonly ServerEvent[];
      isKept?: boolean;
      result?: SendResult;
    },
  ) {
    super(message);
    this.reason = about.reason;
    this.status = about.status ?? 0;
    this.events = about.events;
    this.isKept = about.isKept ?? false;
    this.result = about.result ?? NOTHING;
  }
}

export interface ClientOptions {
  /** The URL of the Worker, such as `https://px.example.com`. */
  readonly endpoint: string;
  /** A token with the scope `events:write`. */
  readonly token: string;
  /** The pixel of events that name none. */
  readonly pixel?: string;
  /** Events in one request, at most 1,000, which is the default. */
  readonly batch?: number;
  /** Milliseconds that an event waits for others. Default: 1,000. With 0, nothing is sent until `flush` is called. */
  readonly interval?: number;
  /** Events that may wait at a time. Default: 10,000. */
  readonly queue?: number;
  /** Attempts of one request. Default: 8, which take about half a minute. */
  readonly tries?: number;
  /** Milliseconds that a request may take. Default: 30,000. */
  readonly timeout?: number;
  /** Called with the result of what was sent in the background. */
  readonly onResult?: (result: SendResult) => void;
  /** Called if something could not be sent in the background. Default: `console.error`. */
  readonly onError?: (error: SpeckError) => void;
  /** In place of the global `fetch`. */
  readonly fetch?: typeof fetch;
}

export interface Client {
  /** Queues an event. It is sent in the background. */
  track(name: string, event?: Omit<ServerEvent, 'name'>): void;
  /** Queues a page view. */
  pageview(url: string, event?: Omit<ServerEvent, 'name' | 'url'>): void;
  /** Sends what is queued, and waits until it is stored. @throws SpeckError */
  flush(): Promise<SendResult>;
  /** Sends events at once, apart from the queue. @throws SpeckError */
  send(events: readonly ServerEvent[]): Promise<SendResult>;
  /** Sends what is queued, and accepts no more events. Call it before the process ends. @throws SpeckError */
  close(): Promise<SendResult>;
}

/** The limits of one request. */
const MOST_EVENTS = 1_000;
const MOST_BYTES = 1024 * 1024;
const OPENING = '{"events":[';
const CLOSING = ']}';

const NOTHING: SendResult = { accepted: 0, duplicates: 0, rejected: [], warnings: [] };

/** An event as it is sent, made when it is queued: the caller may change its data afterwards. */
interface Entry {
  readonly event: ServerEvent;
  readonly json: string;
  readonly bytes: number;
}

/** What a Node process has, and other runtimes may lack. */
interface Runtime {
  readonly process?: {
    on?(event: 'beforeExit', run: () => void): void;
    off?(event: 'beforeExit', run: () => void): void;
  };
}

export function createClient(options: ClientOptions): Client {
  const { interval = 1_000, queue: mostQueued = 10_000, tries = 8, timeout = 30_000 } = options;
  const batch = Math.min(Math.max(1, options.batch ?? MOST_EVENTS), MOST_EVENTS);
  const onError = options.onError ?? ((error: SpeckError) => console.error(`Speck: ${error.message}`));
  const target = {
    url: `${options.endpoint.replace(/\/+$/, '')}/api/v1/events`,
    token: options.token,
    timeout,
    fetch: options.fetch ?? ((...given: Parameters<typeof fetch>) => fetch(...given)),
  };
  let queue: Entry[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isClosed = false;
  /** The flush under way. Flushes follow each other, so that events arrive in their order. */
  let flushing: Promise<unknown> = Promise.resolve();

  const { process } = globalThis as Runtime;
  /** Also without `close`, a process that has nothing left to do sends what waits. If that fails, the process ends. */
  const beforeExit = (): void => {
    if (queue.length === 0) return;
    flush().then(options.onResult, (error: SpeckError) => {
      process?.off?.('beforeExit', beforeExit);
      onError(error);
    });
  };
  if (interval > 0) process?.on?.('beforeExit', beforeExit);

  function flushInBackground(): void {
    flush().then(options.onResult, onError);
  }

  function flushLater(): void {
    if (interval <= 0 || isClosed || timer !== undefined || queue.length === 0) return;
    timer = setTimeout(flushInBackground, interval);
    // In Node, waiting events do not keep the process alive: `beforeExit` sends them.
    (timer as { unref?(): void }).unref?.();
  }

  function add(event: ServerEvent): void {
    if (isClosed || queue.length >= mostQueued) {
      const why = isClosed ? 'the client is closed' : `${mostQueued} events wait already`;
      const reason = isClosed ? 'closed' : 'queue_full';
      onError(new SpeckError(`An event was dropped: ${why}.`, { reason, events: [event] }));
      return;
    }
    queue.push(entryOf(event, options.pixel));
    if (interval > 0 && queue.length === batch) flushInBackground();
    else flushLater();
  }

  function flush(): Promise<SendResult> {
    const run = flushing.then(async () => {
      clearTimeout(timer);
      timer = undefined;
      const entries = queue;
      queue = [];
      return sendAll(entries, (unsent) => {
        queue = [...unsent, ...queue];
        flushLater();
      });
    });
    flushing = run.catch(() => undefined);
    return run;
  }

  /** @param keep takes back the events of a request that may succeed later, and those that follow. */
  async function sendAll(
    entries: readonly Entry[],
    keep?: (unsent: readonly Entry[]) => void,
  ): Promise<SendResult> {
    let result = NOTHING;
    let sent = 0;
    for (const part of partsOf(entries, batch)) {
      const outcome = await sendPart(part);
      if (outcome.kind === 'answer') {
        result = withAnswer(result, outcome.answer, part);
        sent += part.length;
        continue;
      }
      const isKept = outcome.mayPass && keep !== undefined;
      const rest = entries.slice(sent + (isKept ? 0 : part.length));
      if (keep) keep(rest);
      const { message, reason, status } = outcome;
      const events = (keep ? part : [...part, ...rest]).map(({ event }) => event);
      throw new SpeckError(message, { reason, status, events, isKept, result });
    }
    return result;
  }

  async function sendPart(part: readonly Entry[]): Promise<Attempt> {
    if (part[0] && part[0].bytes > MOST_BYTES - OPENING.length - CLOSING.length) {
      const rejected = [{ index: 0, reason: 'too_large', message: 'The event has more than 1 MiB.' }];
      return { kind: 'answer', answer: { accepted: 0, duplicates: 0, rejected } };
    }
    const body = OPENING + part.map(({ json }) => json).join() + CLOSING;
    for (let count = 1; ; count++) {
      const outcome = await attempt(body, target);
      if (outcome.kind === 'answer' || !outcome.mayPass || count >= tries) return outcome;
      await new Promise((resolve) => setTimeout(resolve, pauseAfter(count, outcome.retryAfter)));
    }
  }

  return {
    track: (name, event = {}) => add({ ...event, name }),
    pageview: (url, event = {}) => add({ ...event, url, name: 'pageview' }),
    flush,
    send: (events) => sendAll(events.map((event) => entryOf(event, options.pixel))),
    close() {
      isClosed = true;
      process?.off?.('beforeExit', beforeExit);
      return flush();
    },
  };
}

function entryOf(event: ServerEvent, pixel: string | undefined): Entry {
  const { time = Date.now(), eventID = crypto.randomUUID() } = event;
  const json = JSON.stringify({
    id: event.pixel ?? pixel,
    ev: event.name,
    dl: event.url,
    rl: event.referrer,
    eid: eventID,
    ts: Number(time),
    uid: event.uid,
    ud: event.userData,
    consent: event.consent,
    cd: event.data,
    ip: event.ip,
    ua: event.userAgent,
    country: event.country,
  });
  return { event, json, bytes: new TextEncoder().encode(json).length };
}

/** Cuts events into requests within the limits. An event that is too large is a part of its own. */
function partsOf(entries: readonly Entry[], most: number): Entry[][] {
  const parts: Entry[][] = [];
  let bytes = Infinity;
  for (const entry of entries) {
    const last = parts.at(-1);
    if (last && last.length < most && bytes + entry.bytes + 1 <= MOST_BYTES) {
      last.push(entry);
      bytes += entry.bytes + 1;
    } else {
      parts.push([entry]);
      bytes = OPENING.length + CLOSING.length + entry.bytes;
    }
  }
  return parts;
}

function withAnswer(result: SendResult, answer: Answer, part: readonly Entry[]): SendResult {
  const refusals = (list: Answer['rejected'] = []): Refusal[] =>
    list.map(({ index, reason, message }) => ({
      event: (part[index] as Entry).event,
      reason,
      message,
    }));
  return {
    accepted: result.accepted + answer.accepted,
    duplicates: result.duplicates + answer.duplicates,
    rejected: [...result.rejected, ...refusals(answer.rejected)],
    warnings: [...result.warnings, ...refusals(answer.warnings)],
  };
}
