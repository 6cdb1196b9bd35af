/**
 * A transparent GIF of one pixel, as small as browsers take it: 42 bytes. As a buffer, not a view of one: the runtime answers
 * with a buffer in half the time.
 */
let gif: ArrayBuffer | undefined;

function gifBody(): ArrayBuffer {
  gif ??= Uint8Array.from(atob('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'), (character) =>
    character.charCodeAt(0),
  ).buffer;
  return gif;
}

/** A page that is isolated (COEP) loads only what says it may be loaded from anywhere. */
const HEADERS = {
  'content-type': 'image/gif',
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'cross-origin',
  'x-content-type-options': 'nosniff',
};
/** Made once: the runtime copies a Headers object faster than it reads a plain one. */
let init: ResponseInit | undefined;

/** @param error why the request is rejected: then the status is 400 and `X-Speck-Reason` says it. */
export function gifResponse(error: string | null): Response {
  if (error !== null) {
    return new Response(gifBody(), { status: 400, headers: { ...HEADERS, 'x-speck-reason': error } });
  }
  init ??= { headers: new Headers(HEADERS) };
  return new Response(gifBody(), init);
}
