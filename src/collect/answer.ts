/**
 * The hot path: answers a collecting request at once and hands its events to the buffer. It queries the database only if consent
 * may set a cookie or if a server sends a token. Unknown pixels and bots are detected after the answer. An isolate evaluates what
 * this file imports before its first answer; `import()` loads the rest later.
 */
import type { Env } from '../env.ts';
import { discardBody, NO_BYTES, readBytes } from '../http/body.ts';
import { clientOf, mayHoldChoice } from '../http/client.ts';
import { corsHeaders, preflight } from '../http/cors.ts';
import { LIMITS } from '../model/limits.ts';
import { nextEventId } from '../model/random.ts';
import { err, type Result } from '../model/result.ts';
import { type RawHit, type SentEvent, UNKNOWN_CLIENT } from '../model/wire.ts';
import { Buffer, FLUSH_AFTER, type Hit } from './buffer.ts';
import { mayHoldConsent } from './choice.ts';
import { type Authenticate, senderOf } from './sender.ts';
import { type Endpoint, endpointsOf, type Target } from './wire/endpoints.ts';
import type { Awaitable, ReadError, WireError, WireFormat, WireReading, WireRequest } from './wire/format.ts';

const buffer = new Buffer();

type Events = readonly (SentEvent | null)[];

const NO_EVENTS: Events = [];
const NO_COOKIES: readonly string[] = [];
/** The headers of a request that is read after its answer, when they can no longer be read. */
const NO_HEADERS = { get: () => null };

/** Answers a collecting request. Returns null for any other request. @param find the endpoint of a path. */
export type Collect = (
  request: Request,
  env: Env,
  ctx: ExecutionContext,
  find?: (path: string) => Endpoint | undefined,
) => Response | Promise<Response> | null;

/**
 * Collects what clients of these wire formats send, or of those that a request's `find` knows.
 * @param authenticate says whether a token may send events.
 */
export function collectorOf(formats: readonly WireFormat[], authenticate: Authenticate): Collect {
  const endpoints = endpointsOf(formats);
  const findOwn = (path: string): Endpoint | undefined => endpoints.get(path);
  return (request, env, ctx, find = findOwn) => {
    const { url, method } = request;
    const pathStart = url.indexOf('/', 'https://'.length);
    const queryStart = url.indexOf('?', pathStart);
    const path = queryStart < 0 ? url.slice(pathStart) : url.slice(pathStart, queryStart);
    const endpoint = find(path);
    if (endpoint === undefined) return null;
    const target =
      method === 'GET' || method === 'HEAD' ? endpoint.GET : method === 'POST' ? endpoint.POST : undefined;
    if (target === undefined) return otherMethod(request, endpoint);
    const query = queryStart < 0 ? '' : url.slice(queryStart + 1, queryStart + 1 + LIMITS.url);
    const sent: WireRequest = { method: target.method, path, query, headers: NO_HEADERS, bytes: NO_BYTES };
    return target.screen
      ? answerAndRead(request, sent, target, target.screen, env, ctx)
      : readAndAnswer(request, sent, target, authenticate, env, ctx);
  };
}

/** Answers a request whose events are all in its query. They are read when its batch is flushed. */
function answerAndRead(
  request: Request,
  sent: WireRequest,
  { format }: Target,
  screen: (query: string) => ReadError | null,
  env: Env,
  ctx: ExecutionContext,
): Response | Promise<Response> {
  const error = screen(sent.query);
  const hasConsent = mayHoldConsent(sent.query);
  const client = clientOf(request, hasConsent);
  const head = request.method === 'HEAD';
  if (error === null) {
    const size = sent.query.length;
    const hit: Hit = { receivedAt: Date.now(), head, client, format, sent, events: NO_EVENTS, size };
    if (mayHoldChoice(client, hasConsent)) return answerAndReadChoice(hit, env, ctx);
    push(hit, 1, env, ctx);
  }
  return respond(format, sent, { error, head, origin: client.origin });
}

async function answerAndReadChoice(hit: Hit, env: Env, ctx: ExecutionContext): Promise<Response> {
  const { format, head, client, sent } = hit;
  const { cookies, ...consented } = await withConsent({ ...hit, events: await eventsOf(hit) }, env);
  push({ ...consented, sent: null }, 1, env, ctx);
  return respond(format, sent as WireRequest, { head, origin: client.origin, cookies });
}

/** Reads a request's events, then answers it. */
async function readAndAnswer(
  request: Request,
  blank: WireRequest,
  { format }: Target,
  authenticate: Authenticate,
  env: Env,
  ctx: ExecutionContext,
): Promise<Response> {
  const head = request.method === 'HEAD';
  const origin = request.headers.get('origin') ?? '';
  // The body must be read before the answer: the runtime closes it with the response.
  const bytes = blank.method === 'POST' ? await readBytes(request, format.limits.bytes) : null;
  const sent = { ...blank, headers: request.headers, bytes: bytes?.ok ? bytes.value : NO_BYTES };
  const reading = bytes?.ok === false ? bytes : await readWith(format, sent);
  if (!reading.ok) return respond(format, sent, { error: reading.error, head, origin });
  const authenticated = await senderOf(reading.value, request, env, authenticate);
  if (!authenticated.ok) return respond(format, sent, { error: authenticated.error, head, origin });
  const { events, sender } = authenticated.value;
  if (events.length === 0) return respond(format, sent, { head, origin });

  const hasConsent = events.some((event) => event?.consent === 'granted');
  // An authenticated sender is a server, so its own address and headers are not the visitor's.
  const client = sender ? UNKNOWN_CLIENT : clientOf(request, hasConsent);
  const size = sent.query.length + sent.bytes.length;
  const plain: Hit = { receivedAt: Date.now(), head, client, format, sent: null, events, size };
  const hit = sender ? { ...plain, sender } : plain;
  if (!mayHoldChoice(client, hasConsent) || sender) {
    push(hit, events.length, env, ctx);
    return respond(format, sent, { events, head, origin });
  }
  const { cookies, ...consented } = await withConsent(hit, env);
  push(consented, events.length, env, ctx);
  return respond(format, sent, { events, head, origin, cookies });
}

/** A format's events, within its limits. */
export async function readWith(
  format: WireFormat,
  sent: WireRequest,
): Promise<Result<WireReading, ReadError>> {
  const reading = await format.read(sent);
  if (!reading.ok) return reading;
  const { events, mayBeEmpty, token } = reading.value;
  if (events.length > format.limits.events) return err('too_many_events');
  if (events.length === 0 && mayBeEmpty) return reading;
  const namesPixel = (event: SentEvent | null): boolean =>
    event !== null && (event.id !== '' || (event.key !== undefined && token !== undefined));
  return events.some(namesPixel) ? reading : err('missing_id');
}

async function withConsent(hit: Hit, env: Env): Promise<Hit & { readonly cookies: readonly string[] }> {
  const { applyConsent } = await import('./consent.ts');
  return { ...hit, ...(await applyConsent(hit.events, hit.client, env, hit.receivedAt)) };
}

interface Answer {
  readonly error?: WireError | null;
  readonly events?: Events;
  readonly head: boolean;
  readonly origin: string;
  /** `Set-Cookie` headers. */
  readonly cookies?: readonly string[];
}

/** The format's answer, with what the answers of all formats have. */
function respond(format: WireFormat, request: WireRequest, answer: Answer): Response | Promise<Response> {
  const { error = null, events = NO_EVENTS } = answer;
  const response = format.answer({ request, error, events });
  return response instanceof Response
    ? complete(response, answer)
    : response.then((one) => complete(one, answer));
}

function complete(response: Response, { head, origin, cookies = NO_COOKIES }: Answer): Response {
  // An image is fetched without an Origin header unless a page asks for CORS.
  if (origin !== '') {
    for (const [name, value] of Object.entries(corsHeaders(origin))) response.headers.set(name, value);
  }
  for (const cookie of cookies) response.headers.append('set-cookie', cookie);
  return head ? new Response(null, response) : response;
}

function otherMethod(request: Request, { methods, requestHeaders }: Endpoint): Response | Promise<Response> {
  return request.method === 'OPTIONS'
    ? preflight(request, methods, requestHeaders)
    : wrongMethod(request, methods);
}

async function wrongMethod(request: Request, methods: string): Promise<Response> {
  await discardBody(request);
  const { methodResponse } = await import('./wire/problem.ts');
  return methodResponse(methods);
}

/** Pushes a hit into the buffer. If this request has to flush a batch, it does so after its answer. */
function push(hit: Hit, count: number, env: Env, ctx: ExecutionContext): void {
  const task = buffer.push(hit, count, hit.receivedAt);
  if (task.full) ctx.waitUntil(ingestHits(env, task.full));
  if (task.take) ctx.waitUntil(flushLater(env, task.take));
}

async function flushLater(env: Env, take: () => readonly Hit[]): Promise<void> {
  await scheduler.wait(FLUSH_AFTER);
  const hits = take();
  if (hits.length > 0) await ingestHits(env, hits);
}

/** Enriches and stores a batch. The code for that is loaded after an isolate's first answer, not before. */
async function ingestHits(env: Env, hits: readonly Hit[]): Promise<void> {
  const { ingest } = await import('../enrich/ingest.ts');
  const raw: RawHit[] = [];
  for (const hit of hits) {
    const events = eventsOf(hit);
    // Most formats read at once, and waiting costs as much as reading.
    raw.push(rawHit(hit, events instanceof Promise ? await events : events));
  }
  await ingest(env, raw);
}

function rawHit({ receivedAt, head, client, sender }: Hit, events: Events): RawHit {
  const raw = { id: nextEventId(), receivedAt, head, client, events };
  return sender ? { ...raw, sender } : raw;
}

/** The events of a hit. A request that cannot be read counts as one invalid event. */
function eventsOf({ format, sent, events }: Hit): Awaitable<Events> {
  if (sent === null) return events;
  const reading = format.read(sent);
  return reading instanceof Promise ? reading.then(eventsIn) : eventsIn(reading);
}

function eventsIn(reading: Result<WireReading, ReadError>): Events {
  return reading.ok ? reading.value.events : [null];
}
