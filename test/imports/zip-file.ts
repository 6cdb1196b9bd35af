/** Writes zip files byte by byte (PKWARE APPNOTE 6.3), sound ones and damaged ones. */
import { deflateSync } from 'fflate';

export interface Written {
  readonly name: string;
  readonly text: string;
  readonly deflated?: boolean;
  /** As programs that stream do: the local header has neither sizes nor checksum, and a descriptor follows the data. */
  readonly streamed?: boolean;
  /** Sizes and offset in an extra field of 64 bits. */
  readonly in64?: boolean;
  readonly flags?: number;
  readonly method?: number;
  readonly crc?: number;
  /** What the directory says of its size. */
  readonly size?: number;
  /** Shares the data of the entry before. */
  readonly overlapping?: boolean;
}

interface Archive {
  readonly prefix?: string;
  readonly comment?: string;
  /** Whether the directory is found by a record of 64 bits. */
  readonly end64?: boolean;
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** CRC-32, bit by bit. */
export function crcOf(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc >>> 0;
}

class Bytes {
  readonly parts: Uint8Array[] = [];
  length = 0;

  add(bytes: Uint8Array): this {
    this.parts.push(bytes);
    this.length += bytes.length;
    return this;
  }

  /** Numbers, each with its count of bytes. */
  numbers(...list: readonly (readonly [value: number, bytes: 2 | 4 | 8])[]): this {
    for (const [value, size] of list) {
      const view = new DataView(new ArrayBuffer(size));
      if (size === 2) view.setUint16(0, value, true);
      else if (size === 4) view.setUint32(0, value, true);
      else view.setBigUint64(0, BigInt(value), true);
      this.add(new Uint8Array(view.buffer));
    }
    return this;
  }
}

const MAX = 0xffffffff;

export function zipFile(
  entries: readonly Written[],
  { prefix = '', comment = '', end64 = false }: Archive = {},
): Uint8Array {
  const file = new Bytes().add(utf8(prefix));
  const start = file.length;
  const directory = new Bytes();
  let before = 0;
  for (const entry of entries) {
    const { name, text, deflated = false, streamed = false, in64 = false } = entry;
    const data = utf8(text);
    const packed = deflated ? deflateSync(data) : data;
    const crc = entry.crc ?? crcOf(data);
    const size = entry.size ?? data.length;
    const flags = (entry.flags ?? 0) | (streamed ? 8 : 0);
    const method = entry.method ?? (deflated ? 8 : 0);
    const offset = entry.overlapping ? before : file.length - start;
    before = offset;
    if (!entry.overlapping) {
      file.numbers([0x04034b50, 4], [20, 2], [flags, 2], [method, 2], [0, 2], [0, 2]);
      file.numbers(
        [streamed ? 0 : crc, 4],
        [streamed ? 0 : packed.length, 4],
        [streamed ? 0 : data.length, 4],
      );
      file
        .numbers([utf8(name).length, 2], [0, 2])
        .add(utf8(name))
        .add(packed);
      if (streamed) file.numbers([0x08074b50, 4], [crc, 4], [packed.length, 4], [data.length, 4]);
    }
    const extra = new Bytes();
    // Another extra field comes first, as with the time of a Unix file.
    if (in64)
      extra.numbers([0x5455, 2], [2, 2], [0, 2], [1, 2], [24, 2], [size, 8], [packed.length, 8], [offset, 8]);
    directory.numbers([0x02014b50, 4], [45, 2], [45, 2], [flags, 2], [method, 2], [0, 2], [0, 2], [crc, 4]);
    directory.numbers(
      [in64 ? MAX : packed.length, 4],
      [in64 ? MAX : size, 4],
      [utf8(name).length, 2],
      [extra.length, 2],
    );
    directory.numbers([0, 2], [0, 2], [0, 2], [0, 4], [in64 ? MAX : offset, 4]).add(utf8(name));
    for (const part of extra.parts) directory.add(part);
  }
  const offset = file.length - start;
  for (const part of directory.parts) file.add(part);
  if (end64) {
    const record = file.length - start;
    file.numbers([0x06064b50, 4], [44, 8], [45, 2], [45, 2], [0, 4], [0, 4]);
    file.numbers([entries.length, 8], [entries.length, 8], [directory.length, 8], [offset, 8]);
    file.numbers([0x07064b50, 4], [0, 4], [record, 8], [1, 4]);
  }
  const count = end64 ? 0xffff : entries.length;
  file.numbers([0x06054b50, 4], [0, 2], [0, 2], [count, 2], [count, 2]);
  file
    .numbers([end64 ? MAX : directory.length, 4], [end64 ? MAX : offset, 4], [utf8(comment).length, 2])
    .add(utf8(comment));
  const whole = new Uint8Array(file.length);
  let at = 0;
  for (const part of file.parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
