/**
 * The address of a Speck that a test can disturb: it passes requests on to a real one. It stands for what lies between a command and a
 * deployed Worker.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Front {
  readonly url: string;
  /** How many connections are refused before the first is accepted. */
  refuses: number;
  /** Answers in place of Speck, if it gives something. */
  instead:
    | ((method: string, path: string) => { status: number; type?: string; body?: string } | undefined)
    | undefined;
  /** Changes an answer of Speck. */
  rewrite: ((path: string, body: string) => string) | undefined;
  /** The token that Speck gets for one that a request has. */
  token: ((given: string) => string) | undefined;
  /** The requests that were passed on, as `POST /beacon`. */
  readonly passed: string[];
  reset(): void;
  close(): void;
}

export async function startFront(speck: string): Promise<Front> {
  const server = createServer(async (request, response) => {
    const { method = 'GET', url: path = '/' } = request;
    const body = await text(request);
    if (front.refuses > 0) {
      front.refuses--;
      request.socket.destroy();
      return;
    }
    const instead = front.instead?.(method, path);
    if (instead)
      return end(
        response,
        instead.status,
        { 'content-type': instead.type ?? 'text/html' },
        instead.body ?? '',
      );
    const { host, connection, authorization, ...headers } = request.headers;
    const given = authorization?.replace('Bearer ', '');
    front.passed.push(`${method} ${path.split('?')[0]}`);
    const answer = await fetch(speck + path, {
      method,
      headers: {
        ...(headers as Record<string, string>),
        ...(given === undefined ? {} : { authorization: `Bearer ${front.token?.(given) ?? given}` }),
      },
      ...(body === '' ? {} : { body }),
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    const type = answer.headers.get('content-type');
    const rewritten = front.rewrite && type?.includes('json') ? front.rewrite(path, bytes.toString()) : bytes;
    end(response, answer.status, type === null ? {} : { 'content-type': type }, rewritten);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const front: Front = {
    url: `http://127.0.0.1:${port}`,
    refuses: 0,
    instead: undefined,
    rewrite: undefined,
    token: undefined,
    passed: [],
    reset() {
      front.refuses = 0;
      front.instead = undefined;
      front.rewrite = undefined;
      front.token = undefined;
      front.passed.length = 0;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
  return front;
}

function end(
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  body: string | Buffer,
): void {
  response.writeHead(status, headers);
  response.end(body);
}
