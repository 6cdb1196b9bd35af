/** IP addresses in their normal form, so that two spellings of an address are one visitor. */

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;
/** With a port, or an IPv6 address in brackets. */
const WITH_PORT = /^(?:\[([^\]]*)\]|([^:]*))(?::\d{1,5})?$/;
/** The zone of a link-local address, which has a meaning only on one machine. */
const ZONE = /%.*$/s;
/** An IPv4 address in IPv6 (RFC 4291, section 2.5.5.2), as `URL` writes it. */
const MAPPED = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/;

/**
 * The IPv4 or IPv6 address (RFC 5952) in a text, without port, brackets and zone; null if there is none.
 *
 *     normalAddress('[::FFFF:192.0.2.1]:443') === '192.0.2.1'
 */
export function normalAddress(text: string): string | null {
  const bare = WITH_PORT.exec(text);
  const address = (bare?.[1] ?? bare?.[2] ?? text).replace(ZONE, '');
  const parts = IPV4.exec(address)?.slice(1).map(Number);
  if (parts) return parts.every((part) => part < 256) ? parts.join('.') : null;
  if (!/^[\da-f:.]*:[\da-f:.]*$/i.test(address)) return null;
  const ipv6 = URL.parse(`http://[${address}]`)?.hostname.slice(1, -1);
  if (ipv6 === undefined) return null;
  const [, high, low] = MAPPED.exec(ipv6) ?? [];
  if (high === undefined || low === undefined) return ipv6;
  const [a, b] = [high, low].map((half) => Number.parseInt(half, 16)) as [number, number];
  return [a >> 8, a & 255, b >> 8, b & 255].join('.');
}
