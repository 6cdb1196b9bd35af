/** Reads a request's body within a bound, whatever its headers claim. */

import { err, ok, type Result } from '../model/result.ts';
import type { BodyError, Packing } from './body-error.ts';

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

/**
 * A body, unpacked if it is gzip or zlib: at most `limit` bytes, both before and after. Its bytes say what it is, whatever
 * `Content-Encoding` says: clients pack without saying so, and proxies unpack without changing the header.
 */
export async function readBytes(request: Request, limit: number): Promise<Result<Uint8Array, BodyError>> {
  if (!/^(identity|gzip|deflate)?$/i.test(request.headers.get('content-encoding')?.trim() ?? '')) {
    await discardBody(request);
    return err('unsupported_encoding');
  }
  if (request.body === null) return ok(NO_BYTES);
  const bytes = await readAll(request.body, limit, MAX_DISCARDED, 'broken_body');
  const packing = bytes.ok ? packingOf(bytes.value) : null;
  if (!bytes.ok || packing === null) return bytes;
  const { unpack } = await import('./unpack.ts');
  return unpack(bytes.value, packing, limit);
}

/** The packing that bytes begin with. No JSON and no form begins so. */
export function packingOf([first, second]: Uint8Array): Packing | null {
  if (first === 0x1f && second === 0x8b) return 'gzip';
  return first === 0x78 && (second === 0x01 || second === 0x9c || second === 0xda) ? 'deflate' : null;
}

/** The text of bytes in UTF-8. Bytes that are not UTF-8 become U+FFFD, as a browser would show them. */
export function decodeText(bytes: Uint8Array): string {
  decoder ??= new TextDecoder();
  return decoder.decode(bytes);
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
