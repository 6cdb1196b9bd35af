/**
 * Problem documents (RFC 9457) for complete requests that are rejected: by formats whose clients expect no other answer, and for
 * methods that a path does not have.
 */
import type { WireError, WireFormat } from './format.ts';

/** What is said of a request that is rejected. */
interface Problem {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
}

const problemOf = (limits: WireFormat['limits']): Readonly<Record<WireError, Problem>> => ({
  body_too_large: {
    status: 413,
    title: 'Body too large',
    detail: `The body may have up to ${limits.bytes} bytes, also after unpacking. Send fewer events at a time.`,
  },
  unsupported_encoding: {
    status: 415,
    title: 'Unsupported encoding',
    detail: 'Send the body as it is, or packed with gzip or deflate.',
  },
  broken_body: { status: 400, title: 'Broken body', detail: 'The body ended before it was complete.' },
  broken_encoding: {
    status: 400,
    title: 'Broken encoding',
    detail: 'The body is not the gzip or zlib stream that it begins as.',
  },
  broken_json: { status: 400, title: 'Broken JSON', detail: 'The body begins like JSON but does not parse.' },
  missing_id: { status: 400, title: 'No pixel id', detail: 'Send id=px_… with each event.' },
  too_many_events: {
    status: 413,
    title: 'Too many events',
    detail: `Send up to ${limits.events} events at a time.`,
  },
  wrong_token: { status: 401, title: 'Wrong token', detail: 'Send a token with the scope events:write.' },
  wrong_pixel: { status: 403, title: 'Not allowed', detail: 'This token is for another pixel.' },
  store_unavailable: { status: 503, title: 'Store unavailable', detail: 'Send the request again shortly.' },
});

const PROBLEM_HEADERS = {
  'content-type': 'application/problem+json',
  'x-content-type-options': 'nosniff',
};

export const problemFor = (error: WireError, limits: WireFormat['limits']): Problem =>
  problemOf(limits)[error];

/** The response to a complete request that is rejected. */
export function problemResponse(error: WireError, limits: WireFormat['limits']): Response {
  const problem = problemFor(error, limits);
  return Response.json(
    { ...problem, reason: error },
    {
      status: problem.status,
      headers: { 'cache-control': 'no-store', ...PROBLEM_HEADERS, 'x-speck-reason': error },
    },
  );
}

/** The response to a method that a path does not have. */
export function methodResponse(methods: string): Response {
  return Response.json(
    { title: 'Wrong method', status: 405, detail: `Use ${methods}.`, reason: 'method_not_allowed' },
    { status: 405, headers: { allow: methods, ...PROBLEM_HEADERS } },
  );
}
