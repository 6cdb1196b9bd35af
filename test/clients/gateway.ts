/** A server in front of Speck that records what clients request and what they are answered. */
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly status: number;
}

export interface Gateway {
  readonly url: string;
  /** Every exchange, preflight requests too, in the order of the responses. */
  readonly exchanges: readonly Exchange[];
  close(): Promise<void>;
}

export async function startGateway(to: string): Promise<Gateway> {
  const exchanges: Exchange[] = [];
  const { hostname, port } = new URL(to);
  const server = createServer((incoming, outgoing) => {
    const { method = '', url: path = '', headers } = incoming;
    // With the host that the client requested, as a proxy in front of a Worker has it.
    const upstream = request({ hostname, port, method, path, headers }, (response) => {
      const { statusCode: status = 0 } = response;
      exchanges.push({ method, path, headers, status });
      outgoing.writeHead(status, response.headers);
      response.pipe(outgoing);
    });
    upstream.on('error', () => outgoing.destroy());
    incoming.pipe(upstream);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    exchanges,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
