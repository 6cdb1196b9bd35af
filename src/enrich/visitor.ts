/**
 * The visitor hash: a keyed hash of pixel, address and user agent under the random salt of one local date. It tells
 * visitors of a day apart and, once the salt is gone, nothing else.
 */
import { keyedHash } from './keyed-hash.ts';

/**
 * @param salt 64 hex digits.
 * @param isApart whether it is to be another visitor than the browser of this address and user agent. Whoever may both send events
 *   for an address and read statistics could else ask whether it was there, by counting visitors.
 */
export function visitorHash(
  salt: string,
  pixel: string,
  ip: string,
  userAgent: string,
  isApart = false,
): string | Promise<string> {
  // A line feed can be in none of the parts, so no two visitors share a message.
  return keyedHash(salt, `${pixel}\n${ip}\n${userAgent}${isApart ? '\napart' : ''}`);
}
