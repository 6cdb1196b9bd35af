/**
 * A small web site for tests: pages under this machine's own address, and a record of what was asked for. The same
 * pages answer under every host name that a test's Chromium maps to the port, so one server is several sites.
 */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export { eventually } from '../eventually.ts';

export interface SeenRequest {
  readonly method: string;
  /** With the host name that was asked for. */
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** Nothing instead of an answer: the connection is cut after the request was read. */
export type Handler = (request: SeenRequest) => Answer | undefined | Promise<Answer | undefined>;

export interface Site {
  readonly port: number;
  /** `http://127.0.0.1:port`. `http://localhost:port` is another site with the same pages. */
  readonly origin: string;
  /** Every request in the order it arrived, also those that nothing answers. */
  readonly requests: readonly SeenRequest[];
  /** Answers GET requests for a path with an HTML page. */
  page(path: string, html: string, headers?: Readonly<Record<string, string>>): void;
  /** Answers every request for a path. */
  on(path: string, handler: Handler): void;
  /** Forgets the requests seen so far. */
  forget(): void;
  close(): Promise<void>;
}

export async function startSite(): Promise<Site> {
  const requests: SeenRequest[] = [];
  const handlers = new Map<string, Handler>();

  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const request: SeenRequest = {
      method: incoming.method ?? '',
      url: new URL(incoming.url ?? '/', `http://${incoming.headers.host}`),
      headers: incoming.headers,
      body: Buffer.concat(chunks).toString(),
    };
    requests.push(request);
    const handler = handlers.get(request.url.pathname);
    send(response, handler ? await handler(request) : { status: 404 });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    requests,
    page(path, html, headers = {}) {
      const page = { headers: { 'content-type': 'text/html; charset=utf-8', ...headers }, body: html };
      handlers.set(path, () => page);
    },
    on(path, handler) {
      handlers.set(path, handler);
    },
    forget() {
      requests.length = 0;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function send(response: ServerResponse, answer: Answer | undefined): void {
  if (!answer) {
    response.destroy();
    return;
  }
  response.writeHead(answer.status ?? 200, { 'cache-control': 'no-store', ...answer.headers });
  response.end(answer.body);
}
