/** Reads the text of a file in pieces, in constant memory. */

/** The bytes of a stream. The stream is cancelled when its reader stops early. */
async function* bytesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  // Not every browser iterates a stream with `for await`.
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** The text of a stream in UTF-8, or in UTF-16 if it begins with the mark of UTF-16. The mark itself is left out. */
export async function* textOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined;
  let held: Uint8Array | undefined;
  for await (const bytes of bytesOf(stream)) {
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

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without its line break; null if it is too long. */
  readonly text: string | null;
}

/** @param longest in characters. Only a line feed ends a line, and a carriage return before it is left out. */
export async function* linesOf(texts: AsyncIterable<string>, longest: number): AsyncGenerator<Line> {
  let number = 0;
  let line = '';
  let isTooLong = false;
  const add = (part: string) => {
    if (isTooLong) return;
    isTooLong = line.length + part.length > longest;
    line = isTooLong ? '' : line + part;
  };
  const take = (): Line => {
    number += 1;
    const text = isTooLong ? null : line.endsWith('\r') ? line.slice(0, -1) : line;
    line = '';
    isTooLong = false;
    return { number, text };
  };
  for await (const text of texts) {
    let from = 0;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', from)) {
      add(text.slice(from, at));
      from = at + 1;
      yield take();
    }
    add(text.slice(from));
  }
  if (line !== '' || isTooLong) yield take();
}

/** The beginning of a file as text, for `recognize`. */
export function startOf(bytes: Uint8Array): string {
  return new TextDecoder(encodingOf(bytes)).decode(bytes);
}
