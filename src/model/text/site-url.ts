/** The URL of a site, as people type it. */
import { isLoopback } from '../loopback.ts';

/** One or more schemes at the start, also without their colon or slashes: `https://`, `https:/`, `https//`. */
const SCHEMES = /^(?:https?(?::\/*|\/\/+))+/i;
/** Another scheme, such as `ftp:`. A colon before digits begins a port. */
const OTHER_SCHEME = /^[a-z][a-z\d+.-]*:(?!\d)/i;

/**
 * Completes a bare domain to a URL, and mends a scheme that is there twice, as after pasting a URL behind one. Any other text stays,
 * for a check to reject.
 *
 *     siteUrl('example.com') === 'https://example.com'
 *     siteUrl('https://http://example.com/shop') === 'http://example.com/shop'
 *     siteUrl('localhost:3000') === 'http://localhost:3000'
 */
export function siteUrl(text: string): string {
  const trimmed = text.trim();
  const [schemes = ''] = SCHEMES.exec(trimmed) ?? [];
  const rest = trimmed.slice(schemes.length);
  // The last scheme is that of the URL itself.
  if (schemes !== '') return `${/https[:/]*$/i.test(schemes) ? 'https' : 'http'}://${rest}`;
  if (OTHER_SCHEME.test(trimmed)) return trimmed;
  const bare = trimmed.replace(/^\/\//, '');
  const host = URL.parse(`https://${bare}`)?.hostname ?? '';
  if (isLoopback(host)) return `http://${bare}`;
  return host.includes('.') ? `https://${bare}` : trimmed;
}
