/**
 * The ceiling: a Worker that answers every request with one fixed answer and does nothing else. The bench puts in
 * place of ANSWER what Speck answers, so that it is the same byte for byte.
 */
declare const ANSWER: {
  readonly status: number;
  readonly headers: Record<string, string>;
  /** Base64. */
  readonly body: string;
};

// A buffer, which the runtime answers with in half the time of a view of one.
const BODY = Uint8Array.from(atob(ANSWER.body), (character) => character.charCodeAt(0)).buffer;
// Prepared once, which the runtime copies faster than it reads an object.
const HEADERS = new Headers(ANSWER.headers);

export default {
  fetch(): Response {
    return new Response(BODY, { headers: HEADERS });
  },
};
