/**
 * Serves the fakes of the networks' APIs on one port of this machine, each under a path of its own. A destination reaches one if its host
 * setting is that address: `http://127.0.0.1:PORT/linkedin`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { NetworkName } from '../../../src/model/destination.ts';
import { type FakeNetworks, makeFakes } from './table.ts';

export interface ServedFakes {
  readonly fakes: FakeNetworks;
  /** The host setting for a network's destination. */
  hostOf(name: NetworkName): string;
  close(): Promise<void>;
}

/** @param port 0 takes a free one. */
export async function serveFakes(port = 0): Promise<ServedFakes> {
  const fakes = makeFakes();
  const server = createServer((request, response) => {
    // A fake that fails has lost the connection.
    void answer(fakes, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    // A process may end while it serves.
    server.unref().once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  return {
    fakes,
    hostOf: (name) => `http://127.0.0.1:${taken}/${name}`,
    close: () => closed(server),
  };
}

async function answer(
  fakes: FakeNetworks,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [, name = '', path = '/'] = /^\/([a-z\d]+)(\/.*)?$/.exec(request.url ?? '') ?? [];
  const fake = fakes.get(name as NetworkName);
  if (fake === undefined) {
    response.writeHead(404).end();
    return;
  }
  const { method = 'GET' } = request;
  const headers = Object.entries(request.headersDistinct).flatMap(([header, values = []]) =>
    values.map((value): [string, string] => [header, value]),
  );
  const body = await buffer(request);
  const answered = await fake.fetch(
    new Request(`http://127.0.0.1${path}`, {
      method,
      headers,
      ...(method === 'GET' || method === 'HEAD' ? {} : { body: new Uint8Array(body) }),
    }),
  );
  response.writeHead(answered.status, Object.fromEntries(answered.headers));
  response.end(new Uint8Array(await answered.arrayBuffer()));
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
