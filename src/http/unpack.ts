/** Unpacks bodies within a bound. Few bodies are packed, so only a request with one loads this module. */
import { err, ok, type Result } from '../model/result.ts';
import type { BodyError, Packing } from './body-error.ts';

/**
 * Bytes that are unpacked at a time. Packing can expand data a thousandfold in one step, so a body of a megabyte could become a
 * gigabyte before its size could be checked.
 */
export const CHUNK_BYTES = 4096;

/** What a byte stream reader returns. At the end, `value` is empty or missing. */
interface ReadResult {
  readonly done: boolean;
  readonly value: Uint8Array<ArrayBuffer> | undefined;
}

/** Unpacks bytes. Bytes that break off or are not what they begin as are `broken_encoding`. */
export async function unpack(
  zipped: Uint8Array,
  packing: Packing,
  limit: number,
): Promise<Result<Uint8Array, BodyError>> {
  const { readable, writable } = new DecompressionStream(packing);
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
