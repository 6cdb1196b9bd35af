/** Reads the text of a file in pieces, in constant memory. */
import { streamChunks } from './read-lines.ts';

/** The text of a stream in UTF-8, or in UTF-16 if it begins with the mark of UTF-16. The mark itself is left out. */
export async function* textOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined;
  let held: Uint8Array | undefined;
  for await (const bytes of streamChunks(stream)) {
    let chunk = bytes;
    if (decoder === undefined) {
      chunk = held === undefined ? bytes : concat(held, bytes);
      // A stream may hand over its first byte alone.
      if (chunk.length < 2) {
        held = chunk;
        continue;
      }
      decoder = new TextDecoder(encodingOf(chunk));
    }
    const text = decoder.decode(chunk, { stream: true });
    if (text !== '') yield text;
  }
  const rest = decoder === undefined ? new TextDecoder().decode(held) : decoder.decode();
  if (rest !== '') yield rest;
}

function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

/** The beginning of a file as text, for `recognize`. */
export function startOf(bytes: Uint8Array): string {
  return new TextDecoder(encodingOf(bytes)).decode(bytes);
}
