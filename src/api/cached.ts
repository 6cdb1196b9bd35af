/** Responses that a client may cache for a while, and then revalidate by their ETag. */
import { base64url } from '../model/random.ts';

/** Bytes of the hash in an ETag. */
const ETAG_BYTES = 12;

/**
 * A response with an ETag, or 304 if a GET says that the client already has it. The ETag is weak, since Cloudflare weakens
 * ETags when it compresses a response. The runtime computes the hash: in JavaScript, ten megabytes would block the isolate for
 * 200 ms.
 */
export async function cachedResponse(
  request: Request,
  text: string,
  headers: Readonly<Record<'content-type' | 'cache-control', string> & Record<string, string>>,
): Promise<Response> {
  const body = new TextEncoder().encode(text);
  const hash = await crypto.subtle.digest('SHA-256', body);
  const etag = `W/"${base64url(new Uint8Array(hash, 0, ETAG_BYTES))}"`;
  const { 'content-type': _, ...rest } = headers;
  if (request.method === 'GET' && matchesEtag(request.headers.get('if-none-match'), etag)) {
    return new Response(null, { status: 304, headers: { ...rest, etag } });
  }
  return new Response(body, { headers: { ...headers, etag } });
}

/** Whether an If-None-Match header matches an ETag. The comparison is weak (RFC 9110, 13.1.2). */
function matchesEtag(header: string | null, etag: string): boolean {
  const opaque = etag.replace(/^W\//, '');
  return (header ?? '').split(',').some((item) => ['*', opaque].includes(item.trim().replace(/^W\//, '')));
}
