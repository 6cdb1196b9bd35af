/** A server that takes events as Speck's API does, and answers as a test tells it to. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TakenEvent {
  readonly eid: string;
  readonly dl: string;
  readonly [field: string]: unknown;
}

/** An answer that is not the usual one; `hang up` closes the connection without any. */
export type Reply =
  | 'hang up'
  | { readonly status: number; readonly body?: unknown; readonly headers?: Record<string, string> };

export interface FakeSpeck {
  readonly url: string;
  /** The requests that came, with their events. */
  readonly requests: {
    readonly authorization: string;
    readonly bytes: number;
    readonly events: TakenEvent[];
  }[];
  /** The events that were taken, by id. */
  readonly taken: Map<string, TakenEvent>;
  /** What to answer to the next requests instead. */
  readonly replies: Reply[];
  /** Refuses an event, for this reason. */
  reject: (event: TakenEvent) => string | undefined;
  close(): void;
}

export async function startFakeSpeck(): Promise<FakeSpeck> {
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    const { events } = JSON.parse(body) as { events: TakenEvent[] };
    const { authorization = '' } = request.headers;
    fake.requests.push({ authorization, bytes: Buffer.byteLength(body), events });
    const reply = fake.replies.shift();
    if (reply === 'hang up') {
      request.socket.destroy();
      return;
    }
    const { status, body: answer, headers } = reply ?? { status: 202, body: take(fake, events), headers: {} };
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const fake: FakeSpeck = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    taken: new Map(),
    replies: [],
    reject: () => undefined,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  return fake;
}

function take(fake: FakeSpeck, events: readonly TakenEvent[]) {
  const rejected: unknown[] = [];
  let duplicates = 0;
  let accepted = 0;
  events.forEach((event, index) => {
    const reason = fake.reject(event);
    if (reason !== undefined) rejected.push({ index, reason, message: `refused for ${reason}` });
    else if (fake.taken.has(event.eid)) duplicates += 1;
    else {
      fake.taken.set(event.eid, event);
      accepted += 1;
    }
  });
  return { accepted, duplicates, rejected };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
