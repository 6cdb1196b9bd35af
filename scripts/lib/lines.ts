/** Reads a file or standard input, gzipped or not, and its lines, in constant memory. */
import { createReadStream, statSync } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without its line break; null if it is too long. */
  readonly text: string | null;
  /** Whether it ends with a line break. The last line may be incomplete. */
  readonly ended: boolean;
}

/** In bytes. Web servers reject far shorter requests, so a file with a longer line is not a log. */
export const LONGEST_LINE = 64 * 1024;

export interface Source {
  /** Unpacked. */
  readonly chunks: AsyncIterable<Buffer>;
  /** The part that has been read, from 0 to 1; undefined if the size is unknown. */
  progress(): number | undefined;
}

/** @param path A file, or `-` for standard input. @throws what the file system throws, now or while it is read. */
export function openSource(path: string): Source {
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
    chunks: utf8(decompressed(counted())),
    progress: () => (size > 0 ? read / size : undefined),
  };
}

/** Decompresses data that begins as gzip does, whatever the file's name. Other data stays as it is. */
export async function* decompressed(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const { start, all } = await peek(chunks, 2);
  if (start[0] !== 0x1f || start[1] !== 0x8b) {
    yield* all;
    return;
  }
  // An error on the way also ends the last stream, where it is thrown.
  yield* pipeline(Readable.from(all), createGunzip(), () => undefined);
}

/** A text's bytes without the mark that it may begin with. @throws when it is no UTF-8 but UTF-16, as some editors save it. */
export async function* utf8(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const { start, all } = await peek(chunks, 4);
  if (isUtf16(start)) {
    throw new Error('it is in UTF-16. Convert it first: iconv -f UTF-16 -t UTF-8');
  }
  let left = start.subarray(0, 3).equals(MARK) ? MARK.length : 0;
  for await (const chunk of all) {
    const cut = Math.min(left, chunk.length);
    left -= cut;
    yield chunk.subarray(cut);
  }
}

const MARK = Buffer.from('\ufeff');

/** By its mark, or, without one, by the zero in every other byte of what is ASCII. */
function isUtf16([first, second, third, fourth]: Buffer): boolean {
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  const isLittle = second === 0 && fourth === 0 && first !== 0 && third !== 0;
  const isBig = first === 0 && third === 0 && second !== 0 && fourth !== 0;
  return third !== undefined && (isLittle || isBig);
}

/** The first bytes of a stream, `least` of them where there are as many, and all of it to be read from the start. */
export async function peek(
  chunks: AsyncIterable<Buffer>,
  least: number,
): Promise<{ readonly start: Buffer; readonly all: AsyncIterable<Buffer> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  let start = Buffer.alloc(0);
  // A pipe may hand over its first byte alone.
  while (start.length < least) {
    const next = await iterator.next();
    if (next.done) break;
    start = Buffer.concat([start, next.value]);
  }
  return { start, all: withStart(start, iterator) };
}

async function* withStart(start: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (start.length > 0) yield start;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

const LINE_FEED = 0x0a;

/** Only a line feed ends a line: Node's readline also takes U+2028, which may stand inside of one. */
export async function* splitLines(
  chunks: AsyncIterable<Buffer>,
  longest = LONGEST_LINE,
): AsyncGenerator<Line> {
  let number = 0;
  let parts: Buffer[] = [];
  let length = 0;
  const add = (part: Buffer) => {
    length += part.length;
    if (length <= longest) parts.push(part);
    else parts = [];
  };
  const take = (ended: boolean): Line => {
    const text = length > longest ? null : Buffer.concat(parts).toString().replace(/\r$/, '');
    parts = [];
    length = 0;
    number += 1;
    return { number, text, ended };
  };

  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      add(chunk.subarray(start, end));
      start = end + 1;
      yield take(true);
    }
    if (start < chunk.length) add(chunk.subarray(start));
  }
  if (length > 0) yield take(false);
}
