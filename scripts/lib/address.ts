/** Where the local Worker listens: whether it can, and what it answers. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, createServer } from 'node:net';

export interface Address {
  readonly protocol: 'http' | 'https';
  readonly ip: string;
  readonly port: number;
}

/** The address as a browser on this machine writes it. */
export function urlOf({ protocol, ip, port }: Address): string {
  const host = reachable(ip);
  return `${protocol}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Ports that no system chooses for connections by itself, so nothing takes one between the look and its use. */
const LEAST_PORT = 20_000;
const PORTS = 10_000;

/**
 * Why nothing can listen there, as a system error code such as `EADDRINUSE`, or undefined when it can; and the port,
 * which differs from the one asked for when that is 0: a free one by chance.
 */
export async function tryListen(ip: string, port: number): Promise<{ code?: string; port: number }> {
  if (port === 0) {
    for (let attempt = 1; ; attempt++) {
      const chosen = await tryListen(ip, LEAST_PORT + Math.floor(Math.random() * PORTS));
      if (chosen.code === undefined || attempt === 20) return chosen;
    }
  }
  // macOS lets a second server listen on 127.0.0.1 where another has all addresses: so ask whether someone answers.
  if (await answers(reachable(ip), port)) return { code: 'EADDRINUSE', port };
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve({ code: error.code ?? 'unknown', port }));
    server.listen(port, ip, () => {
      server.close(() => resolve({ port }));
    });
  });
}

/** What the local server answers to a GET. Its certificate, if it has one, is its own: nobody has signed it. */
export function get(url: string, timeout = 60_000): Promise<{ status: number; body: string }> {
  const request = url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const sent = request(url, { rejectUnauthorized: false, timeout }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.once('error', reject);
    });
    sent.once('timeout', () => sent.destroy(new Error(`no answer within ${timeout / 1000} seconds`)));
    sent.once('error', reject);
    sent.end();
  });
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1000 });
    const finish = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
    socket.once('timeout', () => finish(false));
  });
}

/** "All addresses" is a place to listen, not one to connect to. */
function reachable(ip: string): string {
  if (ip === '0.0.0.0') return '127.0.0.1';
  return ip === '::' || ip === '*' ? '::1' : ip;
}
