/** A server in front of Speck that a test can kill and start again under an open page. */

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface Relay {
  /** `http://127.0.0.1:port`, the same after a restart. */
  readonly url: string;
  /** Cuts all connections, and refuses others until `start`. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export async function startRelay(to: string): Promise<Relay> {
  const { port: target, hostname } = new URL(to);
  const sockets = new Set<Socket>();
  let server: Server | null = null;
  let port = 0;
  const start = async (): Promise<void> => {
    server = createServer((client) => {
      const upstream = connect(Number(target), hostname);
      for (const socket of [client, upstream]) {
        sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          sockets.delete(socket);
          client.destroy();
          upstream.destroy();
        });
      }
      client.pipe(upstream).pipe(client);
    });
    await new Promise<void>((resolve) => server?.listen(port, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  };
  await start();
  return {
    url: `http://127.0.0.1:${port}`,
    start,
    kill: async () => {
      const closed = new Promise<void>((resolve) => server?.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
