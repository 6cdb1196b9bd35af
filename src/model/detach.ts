let encoder: TextEncoder | undefined;
let decoder: TextDecoder | undefined;

/**
 * At most `limit` characters of a text, as a text of its own. V8 makes a slice of a longer text a view of it, so that whoever
 * keeps twenty characters of a header keeps the whole header in memory.
 */
export function detachedSlice(text: string, limit: number): string {
  return text.length <= limit ? text : detach(text.slice(0, limit));
}

/** A text of its own, whatever longer text it may be a part of. */
export function detach(text: string): string {
  encoder ??= new TextEncoder();
  decoder ??= new TextDecoder();
  return decoder.decode(encoder.encode(text));
}
