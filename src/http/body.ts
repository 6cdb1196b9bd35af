/** Reads a request's body within a bound, whatever its headers claim. */
import { err, ok, type Result } from '../model/result.ts';

export type BodyError = 'body_too_large' | 'unsupported_encoding' | 'broken_encoding' | 'broken_body';

/**
 * How far past its limit a body is still read, and thrown away, before it is refused: who closes a connection on a
 * client that is still sending takes the refusal's reason from it.
 */
const DRAINED = 8 * 1024 * 1024;

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
  const bytes = await readAll(request.body, limit, DRAINED, 'broken_body');
  return bytes.ok && encoding === 'gzip' ? gunzip(bytes.value, limit) : bytes;
}

/** The text of bytes in UTF-8. Bytes that are not UTF-8 become U+FFFD, as a browser would show them. */
export function decodeText(bytes: Uint8Array): string {
  decoder ??= new TextDecoder();
  return decoder.decode(bytes);
}

/**
 * Bytes that are gunzipped at a time. They become up to a thousand times as many, all at once, and a body of a megabyte would be a
 * gigabyte before anyone could look at how much it is.
 */
export const PORTION = 4096;

/** At the end there is a value of no bytes, or none. */
interface Read {
  readonly done: boolean;
  readonly value: Uint8Array<ArrayBuffer> | undefined;
}

async function gunzip(zipped: Uint8Array, limit: number): Promise<Result<Uint8Array, BodyError>> {
  const { readable, writable } = new DecompressionStream('gzip');
  const writer = writable.getWriter();
  const feed = async (): Promise<void> => {
    for (let from = 0; from < zipped.length; from += PORTION) {
      await writer.write(zipped.slice(from, from + PORTION));
    }
    await writer.close();
  };
  // What is wrong with the bytes is told to who reads.
  void feed().catch(() => undefined);
  const reader = readable.getReader({ mode: 'byob' });
  // Each read takes all that there is, as it comes, into the same buffer: one byte more than the limit is too much.
  let buffer = new ArrayBuffer(limit + 1);
  let size = 0;
  try {
    for (;;) {
      const { done, value } = (await reader.read(new Uint8Array(buffer, size))) as Read;
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

/** Reads a body that nobody wants, for the same reason, before a request is refused for something else. */
export async function discardBody(request: Request): Promise<void> {
  if (request.body !== null && !request.bodyUsed) await readAll(request.body, 0, DRAINED, 'broken_body');
}

/**
 * All of a stream.
 *
 * @param limit the most bytes that are kept.
 * @param drained the most bytes that are read.
 * @param broken the error when the stream fails before its end.
 */
async function readAll(
  stream: ReadableStream<Uint8Array>,
  limit: number,
  drained: number,
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
      if (size > drained) {
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
