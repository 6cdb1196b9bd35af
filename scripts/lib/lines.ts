/** Reads the lines of a file or of standard input, gzipped or not, in constant memory. */
import { createReadStream, statSync } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without its line break; null where it is longer than `LONGEST_LINE`. */
  readonly text: string | null;
}

/** In bytes. Web servers refuse far shorter requests; what is longer is not a log. */
export const LONGEST_LINE = 64 * 1024;

export interface Source {
  readonly lines: AsyncIterable<Line>;
  /** The part that has been read, from 0 to 1, or undefined where nobody knows how much there is. */
  progress(): number | undefined;
}

/** @param path A file, or `-` for standard input. @throws what the file system throws, now or while lines are read. */
export function openLines(path: string): Source {
  const size = path === '-' ? 0 : statSync(path).size;
  const input: AsyncIterable<Buffer> = path === '-' ? process.stdin : createReadStream(path);
  let read = 0;
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const chunk of input) {
      read += chunk.length;
      yield chunk;
    }
  }
  return {
    lines: splitLines(decompressed(counted())),
    progress: () => (size > 0 ? read / size : undefined),
  };
}

/** Unpacks what begins as gzip does, whatever the file is called; anything else stays as it is. */
export async function* decompressed(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const iterator = chunks[Symbol.asyncIterator]();
  let start = Buffer.alloc(0);
  // A pipe may hand over its first byte alone.
  while (start.length < 2) {
    const next = await iterator.next();
    if (next.done) break;
    start = Buffer.concat([start, next.value]);
  }
  const all = withStart(start, iterator);
  if (start[0] !== 0x1f || start[1] !== 0x8b) {
    yield* all;
    return;
  }
  // An error on the way also ends the last stream, where it is thrown.
  yield* pipeline(Readable.from(all), createGunzip(), () => undefined);
}

async function* withStart(start: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (start.length > 0) yield start;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

const LINE_FEED = 0x0a;

/** Only a line feed ends a line: Node's readline also takes U+2028, which may stand inside of one. */
export async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let number = 0;
  let parts: Buffer[] = [];
  let length = 0;
  const add = (part: Buffer) => {
    length += part.length;
    if (length <= LONGEST_LINE) parts.push(part);
    else parts = [];
  };
  const take = (): Line => {
    const text = length > LONGEST_LINE ? null : Buffer.concat(parts).toString().replace(/\r$/, '');
    parts = [];
    length = 0;
    number += 1;
    return { number, text };
  };

  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      add(chunk.subarray(start, end));
      start = end + 1;
      yield take();
    }
    if (start < chunk.length) add(chunk.subarray(start));
  }
  if (length > 0) yield take();
}
