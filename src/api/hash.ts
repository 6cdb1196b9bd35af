/** Hashes of tokens, links and sessions, and how they are compared. */
import { hex } from '../model/random.ts';

const encoder = new TextEncoder();

export function sha256(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest('SHA-256', encoder.encode(text));
}

/** SHA-256 in hex. The store keeps a token in this form only. */
export async function hashToken(token: string): Promise<string> {
  return hex(new Uint8Array(await sha256(token)));
}

/** Compares two hashes in constant time, so that the time reveals nothing about them. */
export function areEqual(a: string, b: string): boolean {
  const [left, right] = [encoder.encode(a), encoder.encode(b)];
  return left.length === right.length && crypto.subtle.timingSafeEqual(left, right);
}
