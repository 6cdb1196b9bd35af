/**
 * SHA-256 (FIPS 180-4) of short texts, at once: `crypto.subtle` returns a promise for each, which takes several times as long, and a
 * log has millions of lines.
 */

/** The first 32 bits of the fractional part of a root of each of the first 64 primes. */
const PRIMES = primes(64);
const K = Int32Array.from(PRIMES, (prime) => fraction(Math.cbrt(prime)));
const START = Int32Array.from(PRIMES.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));

function primes(count: number): number[] {
  const found: number[] = [];
  for (let number = 2; found.length < count; number++) {
    if (found.every((prime) => number % prime !== 0)) found.push(number);
  }
  return found;
}

function fraction(root: number): number {
  return ((root - Math.floor(root)) * 2 ** 32) | 0;
}

const encoder = new TextEncoder();
const words = new Int32Array(64);
let buffer = new Uint8Array(4096);
let view = new DataView(buffer.buffer);

/** The digest as eight 32-bit numbers. */
export function sha256(text: string): Int32Array {
  // A character takes three bytes at most, and the end of the last block nine.
  if (text.length * 3 + 72 > buffer.length) {
    buffer = new Uint8Array(text.length * 3 + 72);
    view = new DataView(buffer.buffer);
  }
  const { written: length } = encoder.encodeInto(text, buffer);
  const blocks = Math.ceil((length + 9) / 64);
  buffer.fill(0, length, blocks * 64);
  buffer[length] = 0x80;
  view.setUint32(blocks * 64 - 8, Math.floor(length / 2 ** 29));
  view.setUint32(blocks * 64 - 4, length * 8);
  const hash = START.slice();
  for (let block = 0; block < blocks; block++) addBlock(hash, view, block * 64);
  return hash;
}

function addBlock(hash: Int32Array, view: DataView, at: number): void {
  for (let i = 0; i < 16; i++) words[i] = view.getInt32(at + 4 * i);
  for (let i = 16; i < 64; i++) {
    const x = words[i - 15] as number;
    const y = words[i - 2] as number;
    const low = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const high = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    words[i] = (words[i - 16] as number) + low + (words[i - 7] as number) + high;
  }
  // Variables, as FIPS 180-4 names them: an array of them takes twice as long.
  let a = hash[0] as number;
  let b = hash[1] as number;
  let c = hash[2] as number;
  let d = hash[3] as number;
  let e = hash[4] as number;
  let f = hash[5] as number;
  let g = hash[6] as number;
  let h = hash[7] as number;
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const first = (h + s1 + (g ^ (e & (f ^ g))) + (K[i] as number) + (words[i] as number)) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const second = (s0 + ((a & b) | (c & (a | b)))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  hash[0] = (hash[0] as number) + a;
  hash[1] = (hash[1] as number) + b;
  hash[2] = (hash[2] as number) + c;
  hash[3] = (hash[3] as number) + d;
  hash[4] = (hash[4] as number) + e;
  hash[5] = (hash[5] as number) + f;
  hash[6] = (hash[6] as number) + g;
  hash[7] = (hash[7] as number) + h;
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The first 132 bits of the digest, in base64url: 22 characters. */
export function shortHash(text: string): string {
  const hash = sha256(text);
  let short = '';
  for (let bit = 0; bit < 132; bit += 6) {
    const word = hash[bit >>> 5] as number;
    const rest = 26 - (bit & 31);
    const six =
      rest >= 0 ? word >>> rest : (word << -rest) | ((hash[(bit >>> 5) + 1] as number) >>> (32 + rest));
    short += DIGITS[six & 63];
  }
  return short;
}
