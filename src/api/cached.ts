/** Answers that a client may keep for a while, and then ask whether they still hold. */
import { shortHash } from '../model/random.ts';

/**
 * An answer with an ETag, or 304 when a GET says that the client has it already. The tag is weak, as Cloudflare makes
 * it when it compresses an answer.
 */
export function cachedResponse(
  request: Request,
  body: string,
  headers: Readonly<Record<'content-type' | 'cache-control', string> & Record<string, string>>,
): Response {
  const etag = `W/"${shortHash(`${headers['content-type']}\n${body}`)}"`;
  const { 'content-type': _, ...kept } = headers;
  if (request.method === 'GET' && hasTag(request.headers.get('if-none-match'), etag)) {
    return new Response(null, { status: 304, headers: { ...kept, etag } });
  }
  return new Response(body, { headers: { ...headers, etag } });
}

/** Compared weakly, as If-None-Match is (RFC 9110, 13.1.2). */
function hasTag(given: string | null, etag: string): boolean {
  const opaque = etag.replace(/^W\//, '');
  return (given ?? '').split(',').some((one) => ['*', opaque].includes(one.trim().replace(/^W\//, '')));
}
