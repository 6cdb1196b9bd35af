/** Reads the lines of a text file in constant memory, in Node and in browsers. */

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without its line break; null if it is too long. */
  readonly text: string | null;
  /** Whether it ends with a line break. The last line may be incomplete. */
  readonly ended: boolean;
}

export type Chunks = AsyncIterable<Uint8Array>;

/** In bytes. Web servers reject far shorter requests, so a file with a longer line is not a log. */
export const LONGEST_LINE = 64 * 1024;

/** A file's bytes. */
export function blobChunks(blob: Blob): AsyncGenerator<Uint8Array> {
  return streamChunks(blob.stream());
}

/** A stream's bytes. Not every browser can iterate over a stream. */
export async function* streamChunks(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    // A stream that has failed cannot be cancelled, and its error is thrown already.
    await reader.cancel().catch(() => undefined);
  }
}

/** A text's bytes without the mark that it may begin with. @throws when it is no UTF-8 but UTF-16, as some editors save it. */
export async function* utf8(chunks: Chunks): AsyncGenerator<Uint8Array> {
  const { start, all } = await peek(chunks, 4);
  if (isUtf16(start)) {
    throw new Error('it is in UTF-16. Convert it first: iconv -f UTF-16 -t UTF-8');
  }
  let left = MARK.every((byte, index) => start[index] === byte) ? MARK.length : 0;
  for await (const chunk of all) {
    const cut = Math.min(left, chunk.length);
    left -= cut;
    yield chunk.subarray(cut);
  }
}

const MARK = [0xef, 0xbb, 0xbf];

/** By its mark, or, without one, by the zero in every other byte of what is ASCII. */
function isUtf16([first, second, third, fourth]: Uint8Array): boolean {
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  const isLittle = second === 0 && fourth === 0 && first !== 0 && third !== 0;
  const isBig = first === 0 && third === 0 && second !== 0 && fourth !== 0;
  return third !== undefined && (isLittle || isBig);
}

/** The first bytes of a stream, `least` of them where there are as many, and all of it to be read from the start. */
export async function peek(
  chunks: Chunks,
  least: number,
): Promise<{ readonly start: Uint8Array; readonly all: Chunks }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const parts: Uint8Array[] = [];
  // A pipe may hand over its first byte alone.
  for (let length = 0; length < least; length += (parts.at(-1) as Uint8Array).length) {
    const next = await iterator.next();
    if (next.done) break;
    parts.push(next.value);
  }
  const start = joined(parts);
  return { start, all: withStart(start, iterator) };
}

async function* withStart(start: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (start.length > 0) yield start;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  if (parts.length === 1 && first) return first;
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let end = 0;
  for (const part of parts) {
    all.set(part, end);
    end += part.length;
  }
  return all;
}

/** The lines one by one. Only a line feed ends a line: other breaks, such as U+2028, may stand inside of one. */
export async function* splitLines(chunks: Chunks, longest = LONGEST_LINE): AsyncGenerator<Line> {
  for await (const block of lineBlocks(chunks, longest)) yield* block;
}

const LINE_FEED = 0x0a;

/** The lines as they arrive, many at a time: a log has millions, and a promise for each takes longer than to read it. */
export async function* lineBlocks(chunks: Chunks, longest = LONGEST_LINE): AsyncGenerator<readonly Line[]> {
  const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
  let number = 0;
  let parts: Uint8Array[] = [];
  let length = 0;
  const lineOf = (text: string | null, ended: boolean): Line => {
    number += 1;
    return { number, text: text?.endsWith('\r') ? text.slice(0, -1) : text, ended };
  };
  const add = (part: Uint8Array) => {
    length += part.length;
    if (length <= longest) parts.push(part);
    else parts = [];
  };
  const take = (ended: boolean): Line => {
    const text = length > longest ? null : decoder.decode(joined(parts));
    parts = [];
    length = 0;
    return lineOf(text, ended);
  };

  for await (const chunk of chunks) {
    const lines: Line[] = [];
    // No line within a piece is too long.
    for (let at = 0; at < chunk.length; at += longest) {
      const piece = chunk.subarray(at, at + longest);
      const first = piece.indexOf(LINE_FEED);
      if (first < 0) {
        add(piece);
        continue;
      }
      add(piece.subarray(0, first));
      lines.push(take(true));
      const last = piece.lastIndexOf(LINE_FEED);
      if (last > first) {
        // The whole lines of a piece are decoded at once, which takes half the time.
        for (const text of decoder.decode(piece.subarray(first + 1, last)).split('\n'))
          lines.push(lineOf(text, true));
      }
      if (last + 1 < piece.length) add(piece.subarray(last + 1));
    }
    if (lines.length > 0) yield lines;
  }
  if (length > 0) yield [take(false)];
}
