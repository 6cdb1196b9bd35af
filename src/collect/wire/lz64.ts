/**
 * Unpacks what `LZString.compressToBase64` has packed, within a bound. Each code of the packed text may stand for all that came
 * before, so a few kilobytes can unpack to hundreds of megabytes, and lz-string itself has no limit. https://pieroxy.net/blog/pages/lz-string/
 */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=';
const BITS_OF_CHARACTER = 6;

/** Codes that stand for no entry: the next 8 or 16 bits are a new character, or the text ends. */
const CHARACTER_8 = 0;
const CHARACTER_16 = 1;
const END = 2;

/** @returns null if the text is not packed so, or unpacks to more than `limit` characters. */
export function unpackLz64(packed: string, limit: number): string | null {
  const bits = bitsOf(packed);
  // The first three entries stand for the codes above.
  const entries: string[] = ['', '', ''];
  const unpacked: string[] = [];
  let size = 0;
  let previous = '';
  /** Bits of a code, and the entries that fit before they are one more. */
  let width = 2;
  let room = 4;
  for (;;) {
    const code = bits.read(width);
    if (code === null) return null;
    if (code === END) return unpacked.join('');
    let entry: string | undefined;
    if (code === CHARACTER_8 || code === CHARACTER_16) {
      const character = bits.read(code === CHARACTER_8 ? 8 : 16);
      if (character === null) return null;
      entry = String.fromCharCode(character);
      entries.push(entry);
      if (--room === 0) room = 2 ** width++;
    } else {
      entry = code === entries.length && previous !== '' ? previous + previous[0] : entries[code];
    }
    if (entry === undefined || entry === '') return null;
    size += entry.length;
    if (size > limit) return null;
    unpacked.push(entry);
    if (previous !== '') {
      entries.push(previous + entry[0]);
      if (--room === 0) room = 2 ** width++;
    } else {
      room = 4;
      width = 3;
    }
    previous = entry;
  }
}

/** Reads numbers from the packed bits, each with its lowest bit first. */
function bitsOf(packed: string): { readonly read: (count: number) => number | null } {
  let at = 0;
  let left = 0;
  let value = 0;
  return {
    read: (count) => {
      let number = 0;
      for (let bit = 0; bit < count; bit++) {
        if (left === 0) {
          if (at >= packed.length) return null;
          value = ALPHABET.indexOf(packed[at++] as string);
          if (value < 0) return null;
          left = BITS_OF_CHARACTER;
        }
        left--;
        number += ((value >> left) & 1) * 2 ** bit;
      }
      return number;
    },
  };
}
