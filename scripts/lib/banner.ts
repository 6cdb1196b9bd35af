/** What `npm start` prints when the local Worker answers. */
import { isLoopback } from '../../src/model/loopback.ts';

const windows = process.platform === 'win32';

/** How the token is printed. Only a terminal shows the token itself, since other output is often stored as a log. */
export interface PrintedToken {
  readonly line: string;
  readonly header: string;
  /** The fragment that makes the dashboard's address a link that signs in; empty if the token is not shown. */
  readonly fragment: string;
}

export function printedToken(token: string, terminal: boolean): PrintedToken {
  return terminal
    ? {
        line: `${token}   (ADMIN_TOKEN in .dev.vars)`,
        header: token,
        fragment: `#token=${encodeURIComponent(token)}`,
      }
    : { line: 'ADMIN_TOKEN in .dev.vars', header: 'TOKEN', fragment: '' };
}

/** The lines that say where the dashboard is and how to sign in. @param path of the view to open, below `/app/`. */
export function signInLines(url: string, path: string, token: PrintedToken): string {
  const address = `${url}/app/${path}`;
  // The dashboard signs in by a link on this machine only.
  const signsIn = token.fragment !== '' && isLoopback(new URL(url).hostname);
  return [
    signsIn ? `Dashboard     ${address}${token.fragment}   (signs you in)` : `Dashboard     ${address}`,
    `Token         ${token.line}`,
    'Stop          Ctrl-C',
  ].join('\n');
}

export function banner(url: string, token: PrintedToken): string {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const pixel = JSON.stringify({ name: 'My site', url: 'https://example.com', timezone: zone });
  return `
Speck runs at ${url}
${signInLines(url, '', token)}

Add a pixel there, or here:

  ${addPixelCommand(url, token.header, pixel)}

The answer holds its id and the snippets for your pages and e-mails. With data-local, pages on this machine count, too:

  <script defer src="${url}/speck.js" data-pixel="px_…" data-local></script>
`;
}

function addPixelCommand(url: string, token: string, pixel: string): string {
  const parts = [
    `curl ${url}/api/v1/pixels`,
    `-H "Authorization: Bearer ${token}"`,
    '-H "Content-Type: application/json"',
  ];
  // The command line of Windows has neither single quotes nor a backslash at the end of a line.
  if (windows) return [...parts, `-d ${JSON.stringify(pixel)}`].join(' ');
  return [...parts, `-d '${pixel}'`].join(' \\\n    ');
}

/** The warning if other machines can reach the local Worker without TLS; undefined if they cannot. */
export function exposure(ip: string, protocol: 'http' | 'https'): string | undefined {
  if (protocol === 'https' || ip === '::1' || isLoopback(ip)) return undefined;
  return `Warning: other machines reach Speck on ${ip} in plain http, where anyone on the way reads along. Pixels are counted; \
the dashboard and the API answer on 127.0.0.1 and localhost only. For TLS with a certificate of its own:
  npm start -- --ip ${ip} --local-protocol https
Whoever reaches the port can also trigger the cron, so do this in a network that you trust, with data that may be lost.
`;
}
