/**
 * The hot path: answers a pixel or beacon request at once and hands its events to the buffer. It reads from top to
 * bottom like the protocol. Nothing is looked up here, unless consent asks for a cookie: an unknown pixel or a bot is found
 * out after the answer has gone. What this file imports is what an isolate evaluates before its first answer: all else is
 * loaded by `import()`.
 */
import type { Env } from '../env.ts';
import { discardBody, readBody } from '../http/body.ts';
import { clientOf, mayChoose } from '../http/client.ts';
import { corsHeaders, preflight } from '../http/cors.ts';
import { LIMITS } from '../model/limits.ts';
import { nextEventId } from '../model/random.ts';
import type { RawEvent, RawHit } from '../model/wire.ts';
import { Buffer, FLUSH_AFTER, type Hit } from './buffer.ts';
import { mayConsent } from './choice.ts';
import { gifBody } from './gif.ts';
import type { Mistake, WireFormat } from './wire/format.ts';
import { FORMATS } from './wire/table.ts';

const buffer = new Buffer();

const GIF_METHODS = 'GET, HEAD, OPTIONS';
const BEACON_METHODS = 'POST, OPTIONS';

/** A page that is isolated (COEP) loads only what says it may be loaded from anywhere. */
const GIF_HEADERS = {
  'content-type': 'image/gif',
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'cross-origin',
  'x-content-type-options': 'nosniff',
};
/** Made once: the runtime copies a Headers object faster than it reads a plain one. */
let gifInit: ResponseInit | undefined;

/** Answers a collecting request, or gives null when the request is for someone else. */
export function collect(
  request: Request,
  env: Env,
  ctx: ExecutionContext,
): Response | Promise<Response> | null {
  const { url } = request;
  const pathStart = url.indexOf('/', 'https://'.length);
  const queryStart = url.indexOf('?', pathStart);
  const path = queryStart < 0 ? url.slice(pathStart) : url.slice(pathStart, queryStart);
  const format = FORMATS.get(path);
  if (format === undefined) return null;
  if (format.answers === 'beacon') return beacon(request, format, env, ctx);
  const query = queryStart < 0 ? '' : url.slice(queryStart + 1, queryStart + 1 + LIMITS.url);
  return gif(request, format, query, env, ctx);
}

function gif(
  request: Request,
  format: WireFormat,
  query: string,
  env: Env,
  ctx: ExecutionContext,
): Response | Promise<Response> {
  const { method } = request;
  if (method !== 'GET' && method !== 'HEAD') {
    return method === 'OPTIONS' ? preflight(request, GIF_METHODS) : wrongMethod(request, GIF_METHODS);
  }
  const body = method === 'HEAD' ? null : gifBody();
  const mistake = format.mistakeIn(query);
  const consents = mayConsent(query);
  const client = clientOf(request, consents);
  if (mistake !== null) {
    const headers = { ...gifHeaders(client.origin), 'x-speck-reason': mistake };
    return new Response(body, { status: 400, headers });
  }
  const hit: Hit = {
    receivedAt: Date.now(),
    head: method === 'HEAD',
    client,
    format,
    events: query,
    size: query.length,
  };
  if (mayChoose(client, consents)) return settledGif(hit, body, env, ctx);
  keep(hit, 1, env, ctx);
  gifInit ??= { headers: new Headers(GIF_HEADERS) };
  return new Response(body, client.origin === '' ? gifInit : { headers: gifHeaders(client.origin) });
}

async function settledGif(
  hit: Hit,
  body: ArrayBuffer | null,
  env: Env,
  ctx: ExecutionContext,
): Promise<Response> {
  const { settle } = await import('./consent.ts');
  const { cookies, ...settled } = await settle(eventsOf(hit), hit.client, env, hit.receivedAt);
  keep({ ...hit, ...settled }, 1, env, ctx);
  const headers = new Headers(gifHeaders(hit.client.origin));
  for (const cookie of cookies) headers.append('set-cookie', cookie);
  return new Response(body, { headers });
}

/** An image is fetched without an Origin header unless a page asks for CORS. */
function gifHeaders(origin: string): Record<string, string> {
  return { ...GIF_HEADERS, ...corsHeaders(origin === '' ? null : origin) };
}

async function beacon(
  request: Request,
  format: WireFormat,
  env: Env,
  ctx: ExecutionContext,
): Promise<Response> {
  const { method } = request;
  if (method !== 'POST') {
    return method === 'OPTIONS' ? preflight(request, BEACON_METHODS) : wrongMethod(request, BEACON_METHODS);
  }
  const headers = { 'cache-control': 'no-store', ...corsHeaders(request.headers.get('origin')) };
  // The body must be read before the answer: the runtime closes it with the response.
  const body = await readBody(request, LIMITS.beaconBytes);
  if (!body.ok) return refuse(body.error, headers);
  const events = format.parse(body.value);
  if (typeof events === 'string') return refuse(events, headers);
  const consents = mayConsent(body.value);
  const client = clientOf(request, consents);
  const hit: Hit = {
    receivedAt: Date.now(),
    head: false,
    client,
    format,
    events,
    size: body.value.length,
  };
  if (!mayChoose(client, consents)) {
    keep(hit, events.length, env, ctx);
    return new Response(null, { status: 204, headers });
  }
  const { settle } = await import('./consent.ts');
  const { cookies, ...settled } = await settle(events, client, env, hit.receivedAt);
  keep({ ...hit, ...settled }, events.length, env, ctx);
  const withCookies = new Headers(headers);
  for (const cookie of cookies) withCookies.append('set-cookie', cookie);
  return new Response(null, { status: 204, headers: withCookies });
}

const REFUSALS: Record<
  Mistake,
  { readonly status: number; readonly title: string; readonly detail: string }
> = {
  body_too_large: {
    status: 413,
    title: 'Body too large',
    detail: `A beacon takes up to ${LIMITS.beaconBytes} bytes, also once unpacked. Send fewer events at a time.`,
  },
  unsupported_encoding: {
    status: 415,
    title: 'Unsupported encoding',
    detail: 'Send the body as it is, or with Content-Encoding: gzip.',
  },
  broken_body: { status: 400, title: 'Broken body', detail: 'The body ended before it was complete.' },
  broken_encoding: {
    status: 400,
    title: 'Broken encoding',
    detail: 'The body is not the gzip stream it claims to be.',
  },
  broken_json: { status: 400, title: 'Broken JSON', detail: 'The body begins like JSON but does not parse.' },
  missing_id: { status: 400, title: 'No pixel id', detail: 'Send id=px_… with each event.' },
  too_many_events: {
    status: 413,
    title: 'Too many events',
    detail: `A beacon takes up to ${LIMITS.beaconEvents} events.`,
  },
};

const PROBLEM_HEADERS = { 'content-type': 'application/problem+json', 'x-content-type-options': 'nosniff' };

function refuse(reason: Mistake, headers: Record<string, string>): Response {
  return Response.json(
    { ...REFUSALS[reason], reason },
    {
      status: REFUSALS[reason].status,
      headers: { ...headers, ...PROBLEM_HEADERS, 'x-speck-reason': reason },
    },
  );
}

async function wrongMethod(request: Request, allow: string): Promise<Response> {
  await discardBody(request);
  return Response.json(
    { title: 'Wrong method', status: 405, detail: `Use ${allow}.`, reason: 'method_not_allowed' },
    { status: 405, headers: { allow, ...PROBLEM_HEADERS } },
  );
}

/** Hands a hit to the buffer and does what that asks of this request, after its answer. */
function keep(hit: Hit, count: number, env: Env, ctx: ExecutionContext): void {
  const duty = buffer.push(hit, count, hit.receivedAt);
  if (duty.full) ctx.waitUntil(ingestHits(env, duty.full));
  if (duty.take) ctx.waitUntil(flushLater(env, duty.take));
}

async function flushLater(env: Env, take: () => readonly Hit[]): Promise<void> {
  await scheduler.wait(FLUSH_AFTER);
  const hits = take();
  if (hits.length > 0) await ingestHits(env, hits);
}

/** Has a batch enriched and stored. What that takes is loaded after an isolate's first answer, not before. */
async function ingestHits(env: Env, hits: readonly Hit[]): Promise<void> {
  const { ingest } = await import('../enrich/ingest.ts');
  await ingest(env, hits.map(rawHit));
}

function rawHit(hit: Hit): RawHit {
  const { receivedAt, head, client } = hit;
  return { id: nextEventId(), receivedAt, head, client, events: eventsOf(hit) };
}

/** A hit's events. A query that holds none stands for one that is none. */
function eventsOf({ format, events }: Hit): readonly (RawEvent | null)[] {
  const parsed = typeof events === 'string' ? format.parse(events) : events;
  return typeof parsed === 'string' ? [null] : parsed;
}
