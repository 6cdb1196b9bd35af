/** Opens the files of imports: unpacks gzip, reads the first bytes, and tells one file from another. */
import { Gunzip as Unpacker } from 'fflate';
import type { ImportFile, ImportOptions } from './importer.ts';

type Bytes = ReadableStream<Uint8Array>;

/** Unpacks a gzipped stream. */
export type Gunzip = (packed: Bytes) => Bytes;

/**
 * The unpacking of browsers. Logs that are rotated are often joined from several gzip files, which `DecompressionStream` refuses.
 */
export function gunzip(packed: Bytes): Bytes {
  let unpacker: Unpacker;
  let size = 0;
  return packed.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      start(controller) {
        unpacker = new Unpacker((part) => {
          if (part.length > 0) controller.enqueue(part);
        });
      },
      transform(part) {
        size += part.length;
        unpacker.push(part);
      },
      flush() {
        if (size < LEAST_GZIP) throw new Error('The gzip file is cut off.');
        // Throws if the data is cut off.
        unpacker.push(NO_BYTES, true);
      },
    }),
  );
}

const NO_BYTES = new Uint8Array(0);
/** Bytes of a gzip file of nothing: its header, an empty block, and its trailer. */
const LEAST_GZIP = 20;

/** The file as importers read it: unpacked if it begins as gzip does, whatever its name. */
export async function openFile(file: ImportFile, unpack: Gunzip = gunzip): Promise<ImportFile> {
  const [first, second] = await bytesOf(file.blob.slice(0, 2));
  if (first !== 0x1f || second !== 0x8b) return file;
  const name = file.name.replace(/\.gz$/i, '');
  return { name, blob: new StreamedBlob(() => unpack(file.blob.stream() as Bytes)) };
}

/** Bytes that importers are recognized by. */
const RECOGNIZED_BYTES = 64 * 1024;

/** The first bytes of a file that has been opened. */
export const startOfFile = ({ blob }: ImportFile): Promise<Uint8Array> =>
  bytesOf(blob.slice(0, RECOGNIZED_BYTES));

/** Of a file, these many bytes at its beginning, at its end, and at some places between are hashed. */
const SAMPLE = 256 * 1024;
const SAMPLES = 16;

/**
 * A hash of a file, as it lies on the disk, and of the options that its import depends on. A file that has grown has another one. Of a
 * large file, samples are hashed, so that a file of many gigabytes is recognized at once.
 *
 * @param range the days that are imported, if they were chosen.
 */
export async function fingerprintOf(
  { blob }: ImportFile,
  options: ImportOptions,
  range: { readonly since?: string; readonly until?: string | null } = {},
): Promise<string> {
  const step = Math.max(SAMPLE, Math.floor((blob.size - SAMPLE) / (SAMPLES - 1)));
  const starts = Array.from({ length: SAMPLES }, (_, index) =>
    Math.min(index * step, Math.max(0, blob.size - SAMPLE)),
  );
  const samples = [...new Set(starts)].map((start) => blob.slice(start, start + SAMPLE));
  const { since, until } = range;
  const text = JSON.stringify([blob.size, options, since ?? '', until === undefined ? '' : until]);
  const hash = await crypto.subtle.digest('SHA-256', await new Blob([text, ...samples]).arrayBuffer());
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function bytesOf(blob: Blob): Promise<Uint8Array> {
  return new Uint8Array(await blob.arrayBuffer());
}

/** A blob whose bytes are made when they are read, each time anew, so that a large one needs no memory. Its size is not known. */
class StreamedBlob extends Blob {
  readonly #open: () => Bytes;

  constructor(open: () => Bytes) {
    super();
    this.#open = open;
  }

  override stream(): ReturnType<Blob['stream']> {
    return this.#open() as ReturnType<Blob['stream']>;
  }

  override arrayBuffer(): Promise<ArrayBuffer> {
    return new Response(this.stream()).arrayBuffer();
  }

  override text(): Promise<string> {
    return new Response(this.stream()).text();
  }

  /** @param start not negative. */
  override slice(start = 0, end = Number.POSITIVE_INFINITY): Blob {
    return new StreamedBlob(() => cut(this.#open(), start, end));
  }
}

/** A stream without the bytes before `start` and from `end` on. */
function cut(stream: Bytes, start: number, end: number): Bytes {
  const reader = stream.getReader();
  let at = 0;
  return new ReadableStream({
    async pull(controller) {
      for (;;) {
        const { done, value } = at < end ? await reader.read() : { done: true, value: undefined };
        if (done || value === undefined) {
          await reader.cancel().catch(() => undefined);
          controller.close();
          return;
        }
        const part = value.subarray(Math.max(0, start - at), Math.max(0, end - at));
        at += value.length;
        if (part.length > 0) {
          controller.enqueue(part);
          return;
        }
      }
    },
    cancel: () => reader.cancel().catch(() => undefined),
  });
}
