/**
 * Plays the SQL API of Analytics Engine over HTTP, on loopback: `POST /accounts/ID/analytics_engine/sql` with a bearer token, a statement as
 * the body, and the answer in the format that the statement names. What the platform refuses is refused, with its status and its kind of body.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Engine } from './engine.ts';

export interface SqlApi {
  /** For `ANALYTICS_API`: the address of the API, without what an account adds. */
  readonly url: string;
  readonly account: string;
  readonly token: string;
  /** The statements that it has executed, in order. */
  readonly statements: readonly string[];
  /** Answers the next request with this instead. */
  failNext(status: number, headers?: Readonly<Record<string, string>>): void;
  close(): Promise<void>;
}

const ACCOUNT = '0123456789abcdef0123456789abcdef';
const TOKEN = 'analytics-read-token';
const FORMATS = ['JSON', 'JSONEachRow', 'TabSeparated'];

/** @param check throws if a statement is not of the documented language. */
export async function serveSqlApi(engine: Engine, check: (statement: string) => void): Promise<SqlApi> {
  const statements: string[] = [];
  let failure: { readonly status: number; readonly headers: Readonly<Record<string, string>> } | null = null;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await bodyOf(request);
    if (failure) {
      const { status, headers } = failure;
      failure = null;
      refuse(response, status, `Refused on demand: ${status}`, headers);
      return;
    }
    const path = /^\/accounts\/([^/]+)\/analytics_engine\/sql$/.exec(request.url ?? '');
    if (!path || request.method !== 'POST') return gatewayError(response, 404, 7003, 'Could not route');
    const { authorization } = request.headers;
    if (!authorization?.startsWith('Bearer '))
      return gatewayError(response, 400, 6003, 'Invalid request headers');
    if (authorization !== `Bearer ${TOKEN}`)
      return gatewayError(response, 401, 10000, 'Authentication error');
    if (path[1] !== ACCOUNT) return gatewayError(response, 403, 10000, 'Authentication error');
    const { statement, format } = withoutFormat(text);
    try {
      check(statement);
    } catch (error) {
      return refuse(response, 422, `Input was invalid: ${error}`);
    }
    const dataset = /\bFROM\s+(\w+)/i.exec(statement)?.[1] ?? '';
    if (!engine.has(dataset)) {
      return refuse(
        response,
        422,
        `Input was invalid: unable to find type of column: dataset ${dataset} does not exist`,
      );
    }
    statements.push(statement);
    const result = await engine.run(statement, format);
    response.writeHead(200, { 'content-type': 'application/json' }).end(documented(result, format));
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => refuse(response, 500, String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    account: ACCOUNT,
    token: TOKEN,
    statements,
    failNext(status, headers = {}) {
      failure = { status, headers };
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function withoutFormat(text: string): { readonly statement: string; readonly format: string } {
  const clause = /\s+FORMAT\s+(\w+)\s*;?\s*$/i.exec(text);
  const format = FORMATS.find((one) => one.toLowerCase() === (clause?.[1] ?? 'JSON').toLowerCase());
  if (!format) throw new Error(`unknown format ${clause?.[1]}`);
  return { statement: clause ? text.slice(0, clause.index) : text, format };
}

/** The documented part of ClickHouse's answer. */
function documented(result: string, format: string): string {
  if (format !== 'JSON') return result;
  const { meta, data, rows } = JSON.parse(result) as Record<string, unknown>;
  return JSON.stringify({ meta, data, rows });
}

function refuse(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'text/plain', ...headers }).end(text);
}

/** An error of the API gateway, which comes before Analytics Engine. */
function gatewayError(response: ServerResponse, status: number, code: number, message: string): void {
  const body = { success: false, errors: [{ code, message }], messages: [], result: null };
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
