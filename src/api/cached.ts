/** Answers that a client may keep for a while, and then ask whether they still hold. */
import { base64url } from '../model/random.ts';

/** Bytes of a hash that tell answers apart. */
const TAG_BYTES = 12;

/**
 * An answer with an ETag, or 304 when a GET says that the client has it already. The tag is weak, as Cloudflare makes
 * it when it compresses an answer. The runtime hashes: ten megabytes in JavaScript would hold the isolate for 200 ms.
 */
export async function cachedResponse(
  request: Request,
  text: string,
  headers: Readonly<Record<'content-type' | 'cache-control', string> & Record<string, string>>,
): Promise<Response> {
  const body = new TextEncoder().encode(text);
  const hash = await crypto.subtle.digest('SHA-256', body);
  const etag = `W/"${base64url(new Uint8Array(hash, 0, TAG_BYTES))}"`;
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
