let encoder: TextEncoder | undefined;
let decoder: TextDecoder | undefined;

/**
 * The first `limit` characters of a text, as a copy. V8 makes a slice a view of the longer text: without a copy, twenty characters
 * of a header would keep the complete header in memory.
 */
export function detachedSlice(text: string, limit: number): string {
  return text.length <= limit ? text : detach(text.slice(0, limit));
}

/** A copy of a text, which does not keep a longer text in memory. */
export function detach(text: string): string {
  encoder ??= new TextEncoder();
  decoder ??= new TextDecoder();
  return decoder.decode(encoder.encode(text));
}
