/** The sites that may show a public page in a frame, in the form that `frame-ancestors` of a content security policy takes. */

const PARTS = /^(https?:\/\/)(\*\.)?([^/:*@?#\\\s]+(?::\d+)?)\/?$/i;
/** The characters that a host may have in a policy. Others could end the directive, such as a semicolon. */
const HOST = /^(?=.{1,253}$)[a-z\d-]+(?:\.[a-z\d-]+)*$/;
const ADDRESS = /^[\d.]+$/;

/**
 * The normal form of an origin, or of `https://*.` and a domain, which stands for all of its subdomains; null for any other text.
 *
 *     normalEmbedOrigin('https://WWW.Example.com:443/') === 'https://www.example.com'
 */
export function normalEmbedOrigin(text: string): string | null {
  const [, scheme = '', wildcard = '', host = ''] = PARTS.exec(text.trim()) ?? [];
  const url = URL.parse(scheme + host);
  if (!url || !HOST.test(url.hostname)) return null;
  if (wildcard !== '') {
    const isDomain = url.hostname.includes('.') && !ADDRESS.test(url.hostname);
    if (url.protocol !== 'https:' || !isDomain) return null;
  }
  return `${url.protocol}//${wildcard}${url.host}`;
}
