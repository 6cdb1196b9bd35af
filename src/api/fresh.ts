/** Answers that no client keeps: what they say may have changed at the next request. */

const HEADERS = { 'cache-control': 'no-store' };

export function freshJson(body: unknown, status = 200, headers?: Readonly<Record<string, string>>): Response {
  return Response.json(body, { status, headers: { ...HEADERS, ...headers } });
}

/** Says that it is done, and no more. */
export function done(headers?: Readonly<Record<string, string>>): Response {
  return new Response(null, { status: 204, headers: { ...HEADERS, ...headers } });
}
