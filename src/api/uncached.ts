/** Responses that no client may cache, since the next request may have another answer. */

const HEADERS = { 'cache-control': 'no-store' };

export function uncachedJson(
  body: unknown,
  status = 200,
  headers?: Readonly<Record<string, string>>,
): Response {
  return Response.json(body, { status, headers: { ...HEADERS, ...headers } });
}

/** A 204. */
export function noContent(headers?: Readonly<Record<string, string>>): Response {
  return new Response(null, { status: 204, headers: { ...HEADERS, ...headers } });
}
