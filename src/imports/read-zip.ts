/**
 * Reads zip files (PKWARE APPNOTE 6.3) by their directory, which also has the sizes of entries that were written as a stream. Nothing is
 * unpacked before it is read, and what is unpacked is a stream.
 */

/** A zip file that cannot be read. The message is a sentence for people. */
export class ZipError extends Error {}

export interface ZipEntry {
  /** The path within the archive, with `/` between folders. */
  readonly name: string;
  /** Its bytes when unpacked. */
  readonly size: number;
  /** The unpacked bytes. The stream fails with a ZipError if the entry is damaged, encrypted or larger than it says. */
  readonly stream: () => ReadableStream<Uint8Array>;
}

/** The most entries of an archive, and the most bytes of its directory. */
const MAX_ENTRIES = 10_000;
const MAX_DIRECTORY = 10_000_000;

/** An archive may unpack to this many bytes, or to this many times its own size. CSV shrinks to a tenth, a bomb to a thousandth. */
const SMALL = 100_000_000;
const MAX_RATIO = 200;

const SIGNATURE = {
  file: 0x04034b50,
  central: 0x02014b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator: 0x07064b50,
};
const END_SIZE = 22;
const LOCATOR_SIZE = 20;
const END64_SIZE = 56;
const CENTRAL_SIZE = 46;
const FILE_SIZE = 30;
const MAX_COMMENT = 0xffff;

/** A field with this value is in a field of 64 bits instead. */
const IN_64_BITS = 0xffffffff;

const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 1;
const EXTRA_64 = 1;

/** Whether a file begins as a zip file does, an empty one included. */
export function isZip(start: Uint8Array): boolean {
  return (
    start[0] === 0x50 &&
    start[1] === 0x4b &&
    ((start[2] === 3 && start[3] === 4) || (start[2] === 5 && start[3] === 6))
  );
}

/**
 * The files in a zip file, in the order of its directory, without folders.
 *
 * @throws ZipError if it is no complete zip file, or would unpack to far more than its own size.
 */
export async function entriesOfZip(blob: Blob): Promise<ZipEntry[]> {
  const { count, size, offset, shift } = await readEnd(blob);
  if (count > MAX_ENTRIES) throw new ZipError(`The zip file has more than ${MAX_ENTRIES} entries.`);
  if (size > MAX_DIRECTORY || offset + shift + size > blob.size) throw damaged();
  const view = await viewOf(blob, offset + shift, size);
  const heads: Head[] = [];
  for (let at = 0; heads.length < count; ) {
    const head = headAt(view, at);
    heads.push({ ...head, offset: head.offset + shift });
    at = head.end;
  }
  const files = heads.filter(({ name }) => !name.endsWith('/'));
  refuseBombs(files, blob.size);
  return files.map((head) => ({ name: head.name, size: head.size, stream: () => streamOf(blob, head) }));
}

/** What the directory says about an entry. */
interface Head {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  /** Where its local header begins. */
  readonly offset: number;
  /** Where the next entry of the directory begins. */
  readonly end: number;
}

interface End {
  readonly count: number;
  readonly size: number;
  readonly offset: number;
  /** The bytes before the archive, such as a program that unpacks it. Offsets do not include them. */
  readonly shift: number;
}

async function readEnd(blob: Blob): Promise<End> {
  const start = Math.max(0, blob.size - END_SIZE - MAX_COMMENT - LOCATOR_SIZE);
  const tail = await viewOf(blob, start, blob.size - start);
  for (let at = tail.byteLength - END_SIZE; at >= 0; at--) {
    if (tail.getUint32(at, true) !== SIGNATURE.end) continue;
    // The comment ends the file. Otherwise the signature is a part of the comment.
    if (at + END_SIZE + tail.getUint16(at + 20, true) !== tail.byteLength) continue;
    if (at >= LOCATOR_SIZE && tail.getUint32(at - LOCATOR_SIZE, true) === SIGNATURE.locator) {
      return readEnd64(blob, start + at - LOCATOR_SIZE, tail, at - LOCATOR_SIZE);
    }
    const [count, size, offset] = [
      tail.getUint16(at + 10, true),
      tail.getUint32(at + 12, true),
      tail.getUint32(at + 16, true),
    ];
    if (tail.getUint16(at + 8, true) !== count)
      throw new ZipError('This is one part of a zip file in several parts.');
    return { count, size, offset, shift: shiftOf(start + at, size, offset) };
  }
  throw new ZipError('This is no zip file, or its end is missing.');
}

/** @param position where the locator is in the file. */
async function readEnd64(blob: Blob, position: number, tail: DataView, at: number): Promise<End> {
  const declared = numberAt(tail, at + 8);
  // With bytes before the archive, the record is not where the locator says, but still right before it.
  for (const where of [declared, position - END64_SIZE]) {
    if (where < 0 || where + END64_SIZE > blob.size) continue;
    const view = await viewOf(blob, where, END64_SIZE);
    if (view.getUint32(0, true) !== SIGNATURE.end64) continue;
    const [count, size, offset] = [numberAt(view, 32), numberAt(view, 40), numberAt(view, 48)];
    return { count, size, offset, shift: shiftOf(where, size, offset) };
  }
  throw damaged();
}

function shiftOf(end: number, size: number, offset: number): number {
  const shift = end - size - offset;
  if (shift < 0) throw damaged();
  return shift;
}

function headAt(view: DataView, at: number): Head {
  if (at + CENTRAL_SIZE > view.byteLength || view.getUint32(at, true) !== SIGNATURE.central) throw damaged();
  const nameLength = view.getUint16(at + 28, true);
  const extraLength = view.getUint16(at + 30, true);
  const end = at + CENTRAL_SIZE + nameLength + extraLength + view.getUint16(at + 32, true);
  if (end > view.byteLength) throw damaged();
  const name = new Uint8Array(view.buffer, view.byteOffset + at + CENTRAL_SIZE, nameLength);
  const extra = new DataView(view.buffer, view.byteOffset + at + CENTRAL_SIZE + nameLength, extraLength);
  const short = {
    size: view.getUint32(at + 24, true),
    packed: view.getUint32(at + 20, true),
    offset: view.getUint32(at + 42, true),
  };
  return {
    name: new TextDecoder().decode(name).replaceAll('\\', '/'),
    flags: view.getUint16(at + 8, true),
    method: view.getUint16(at + 10, true),
    crc: view.getUint32(at + 16, true),
    ...inFull(short, extra),
    end,
  };
}

/** The fields of an entry, those of 64 bits included. The extra field has them in this order, and only those that need it. */
function inFull<T extends Readonly<Record<'size' | 'packed' | 'offset', number>>>(
  short: T,
  extra: DataView,
): T {
  if (!Object.values(short).includes(IN_64_BITS)) return short;
  for (let at = 0; at + 4 <= extra.byteLength; at += 4 + extra.getUint16(at + 2, true)) {
    if (extra.getUint16(at, true) !== EXTRA_64) continue;
    const end = Math.min(at + 4 + extra.getUint16(at + 2, true), extra.byteLength);
    let next = at + 4;
    const read = (value: number): number => {
      if (value !== IN_64_BITS) return value;
      if (next + 8 > end) throw damaged();
      next += 8;
      return numberAt(extra, next - 8);
    };
    return { ...short, size: read(short.size), packed: read(short.packed), offset: read(short.offset) };
  }
  return short;
}

/** Refuses archives that unpack to far more than their own size, such as those whose entries share their bytes. */
function refuseBombs(heads: readonly Head[], fileSize: number): void {
  const total = heads.reduce((sum, { size }) => sum + size, 0);
  if (total > SMALL && total > MAX_RATIO * fileSize) {
    throw new ZipError(`The zip file would unpack to more than ${MAX_RATIO} times its size.`);
  }
  let end = 0;
  for (const { offset, packed } of heads.toSorted((a, b) => a.offset - b.offset)) {
    if (offset < end || offset + FILE_SIZE + packed > fileSize) throw damaged();
    end = offset + FILE_SIZE + packed;
  }
}

function streamOf(blob: Blob, head: Head): ReadableStream<Uint8Array> {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>(checked(head));
  openEntry(blob, head)
    .then((unpacked) => unpacked.pipeTo(writable, { preventAbort: true }))
    .catch((error) => writable.abort(zipErrorOf(error, head)).catch(() => undefined));
  return readable;
}

/** An entry's bytes, unpacked as they are read. */
async function openEntry(
  blob: Blob,
  { name, flags, method, offset, packed }: Head,
): Promise<ReadableStream<Uint8Array>> {
  if (flags & ENCRYPTED) throw new ZipError(`${name} is encrypted. Unpack it, and import what is in it.`);
  if (method !== STORED && method !== DEFLATED) {
    throw new ZipError(
      `${name} is packed by a method that is not supported (${method}). Unpack it, and import what is in it.`,
    );
  }
  const local = await viewOf(blob, offset, FILE_SIZE);
  if (local.byteLength < FILE_SIZE || local.getUint32(0, true) !== SIGNATURE.file) throw damaged();
  const start = offset + FILE_SIZE + local.getUint16(26, true) + local.getUint16(28, true);
  const bytes = blob.slice(start, start + packed);
  if (bytes.size < packed) throw damaged();
  const stream = bytes.stream() as ReadableStream<Uint8Array>;
  return method === STORED
    ? stream
    : stream.pipeThrough(
        new DecompressionStream('deflate-raw') as unknown as TransformStream<Uint8Array, Uint8Array>,
      );
}

/** Lets an entry's bytes through while they are no more than it says, and compares their checksum at the end. */
function checked({ name, size, crc }: Head): Transformer<Uint8Array, Uint8Array> {
  let left = size;
  let sum = -1;
  return {
    transform(chunk, controller) {
      left -= chunk.byteLength;
      if (left < 0) throw new ZipError(`${name} is larger than the zip file says.`);
      for (const byte of chunk) sum = (CRC[(sum ^ byte) & 0xff] as number) ^ (sum >>> 8);
      controller.enqueue(chunk);
    },
    flush() {
      if (left > 0 || ~sum >>> 0 !== crc) throw new ZipError(`${name} is damaged: its checksum is wrong.`);
    },
  };
}

/** The table of CRC-32 (ISO 3309). */
const CRC = Int32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** What unpacking has thrown, as a ZipError. */
function zipErrorOf(error: unknown, { name }: Head): ZipError {
  return error instanceof ZipError ? error : new ZipError(`${name} is damaged and cannot be unpacked.`);
}

const damaged = (): ZipError => new ZipError('The zip file is damaged.');

async function viewOf(blob: Blob, start: number, length: number): Promise<DataView> {
  return new DataView(await blob.slice(start, start + length).arrayBuffer());
}

/** A number of 64 bits. One beyond 2^53 is the size of no file. */
function numberAt(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged();
  return Number(value);
}
