/** Reads a file or standard input, gzipped or not, in constant memory. */
import { createReadStream, statSync } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { type Chunks, peek, utf8 } from '../../src/imports/read-lines.ts';

export interface Source {
  /** Unpacked. */
  readonly chunks: Chunks;
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
export async function* decompressed(chunks: Chunks): AsyncGenerator<Uint8Array> {
  const { start, all } = await peek(chunks, 2);
  if (start[0] !== 0x1f || start[1] !== 0x8b) {
    yield* all;
    return;
  }
  // An error on the way also ends the last stream, where it is thrown.
  yield* pipeline(Readable.from(all), createGunzip(), () => undefined);
}
