/**
 * A transparent GIF of one pixel, as small as browsers take it: 42 bytes. As a buffer, not a view of one: the runtime answers
 * with a buffer in half the time.
 */
let gif: ArrayBuffer | undefined;

export function gifBody(): ArrayBuffer {
  gif ??= Uint8Array.from(atob('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'), (character) =>
    character.charCodeAt(0),
  ).buffer;
  return gif;
}
