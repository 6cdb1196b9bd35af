/** Reads a request's body within a bound, whatever its headers claim. */
import { err, ok, type Result } from '../model/result.ts';

export type BodyError = 'body_too_large' | 'unsupported_encoding' | 'broken_encoding' | 'broken_body';

/**
 * Bytes of a body that is too large which are read and discarded before the request is rejected. If the server closed the
 * connection while the client is still sending, the client would not see why.
 */
const MAX_DISCARDED = 8 * 1024 * 1024;

let decoder: TextDecoder | undefined;

/** The body of a request without one. */
export const NO_BYTES = new Uint8Array(0);

/** A body as text, read as `readBytes` reads it. */
export async function readBody(request: Request, limit: number): Promise<Result<string, BodyError>> {
  const bytes = await readBytes(request, limit);
  return bytes.ok ? ok(decodeText(bytes.value)) : bytes;
}

/** A body, unpacked if `Content-Encoding` says `gzip`: at most `limit` bytes, both before and after. */
export async function readBytes(request: Request, limit: number): Promise<Result<Uint8Array, BodyError>> {
  const encoding = request.headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity' && encoding !== 'gzip') {
    await discardBody(request);
    return err('unsupported_encoding');
  }
  if (request.body === null) return ok(NO_BYTES);
  const bytes = await readAll(request.body, limit, MAX_DISCARDED, 'broken_body');
  return bytes.ok && encoding === 'gzip' ? gunzip(bytes.value, limit) : bytes;
}

/** The text of bytes in UTF-8. Bytes that are not UTF-8 become U+FFFD, as a browser would show them. */
export function decodeText(bytes: Uint8Array): string {
  decoder ??= new TextDecoder();
  return decoder.decode(bytes);
}

/**
 * Bytes that are unpacked at a time. Gzip can expand data a thousandfold in one step, so a body of a megabyte could become a
 * gigabyte before its size could be checked.
 */
export const CHUNK_BYTES = 4096;

/** What a byte stream reader returns. At the end, `value` is empty or missing. */
interface ReadResult {
  readonly done: boolean;
  readonly value: Uint8Array<ArrayBuffer> | undefined;
}

async function gunzip(zipped: Uint8Array, limit: number): Promise<Result<Uint8Array, BodyError>> {
  const { readable, writable } = new DecompressionStream('gzip');
  const writer = writable.getWriter();
  const feed = async (): Promise<void> => {
    for (let from = 0; from < zipped.length; from += CHUNK_BYTES) {
      await writer.write(zipped.slice(from, from + CHUNK_BYTES));
    }
    await writer.close();
  };
  // The reader below gets the same error.
  void feed().catch(() => undefined);
  const reader = readable.getReader({ mode: 'byob' });
  // All reads fill the same buffer, which has room for one byte more than the limit.
  let buffer = new ArrayBuffer(limit + 1);
  let size = 0;
  try {
    for (;;) {
      const { done, value } = (await reader.read(new Uint8Array(buffer, size))) as ReadResult;
      if (value) buffer = value.buffer;
      if (done) return ok(new Uint8Array(buffer, 0, size));
      size += value?.length ?? 0;
      if (size > limit) {
        await reader.cancel();
        return err('body_too_large');
      }
    }
  } catch {
    return err('broken_encoding');
  }
}

/** Reads and discards the body of a request that is rejected for another reason, so that the client sees the answer. */
export async function discardBody(request: Request): Promise<void> {
  if (request.body !== null && !request.bodyUsed)
    await readAll(request.body, 0, MAX_DISCARDED, 'broken_body');
}

/**
 * Reads a stream to its end.
 *
 * @param limit bytes that are returned at most.
 * @param maxRead bytes that are read at most, before the stream is cancelled.
 * @param broken the error if the stream fails before its end.
 */
async function readAll(
  stream: ReadableStream<Uint8Array>,
  limit: number,
  maxRead: number,
  broken: BodyError,
): Promise<Result<Uint8Array, BodyError>> {
  const reader = stream.getReader();
  let chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
      if (size <= limit) chunks.push(value);
      else chunks = [];
      if (size > maxRead) {
        await reader.cancel();
        break;
      }
    }
  } catch {
    return err(broken);
  }
  if (size > limit) return err('body_too_large');
  if (chunks.length === 1) return ok(chunks[0] as Uint8Array);
  const all = new Uint8Array(size);
  let offset = 0;
  for (const part of chunks) {
    all.set(part, offset);
    offset += part.length;
  }
  return ok(all);
}
