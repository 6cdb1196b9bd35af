/**
 * The visitor id: a keyed hash of pixel, address and user agent under the random salt of one local date. It distinguishes the
 * visitors of a day. Once the salt is deleted, it cannot be linked to an address.
 */
import { keyedHash } from './keyed-hash.ts';

/**
 * @param salt 64 hex digits.
 * @param isApart whether the visitor is not to be that of a browser with the same address and user agent. Otherwise the holder of
 *   a token that can both send events and read statistics could find out whether an address had visited, by counting visitors.
 */
export function visitorHash(
  salt: string,
  pixel: string,
  ip: string,
  userAgent: string,
  isApart = false,
): string | Promise<string> {
  // None of the parts can contain a line feed, so no two visitors share a message.
  return keyedHash(salt, `${pixel}\n${ip}\n${userAgent}${isApart ? '\napart' : ''}`);
}
