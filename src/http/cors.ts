/**
 * CORS headers for collecting requests. `sendBeacon` always sends credentials, and browsers reject `*` in the answer to a request
 * with credentials, so each answer names the origin.
 */

/** Headers for an answer to a request from `origin` (the Origin header, or null when there is none). */
export function corsHeaders(origin: string | null): Record<string, string> {
  if (origin === null) return {};
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'x-speck-reason',
    vary: 'Origin',
  };
}

/**
 * The answer to a preflight request.
 *
 * @param methods the methods of the path, as `Allow` lists them.
 * @param requestHeaders the request headers that pages may send, besides those of a body.
 */
export function preflight(
  request: Request,
  methods: string,
  requestHeaders: readonly string[] = [],
): Response {
  return new Response(null, {
    status: 204,
    headers: {
      ...corsHeaders(request.headers.get('origin')),
      allow: methods,
      'access-control-allow-methods': methods,
      'access-control-allow-headers': ['content-type', 'content-encoding', ...requestHeaders].join(', '),
      'access-control-max-age': '86400',
    },
  });
}
