/** What `npm start` prints when the local Worker answers. */

const windows = process.platform === 'win32';

/** How the token is printed. Only a terminal shows the token itself, since other output is often stored as a log. */
export interface PrintedToken {
  readonly line: string;
  readonly header: string;
}

export function printedToken(token: string, terminal: boolean): PrintedToken {
  return terminal
    ? { line: `${token}   (ADMIN_TOKEN in .dev.vars)`, header: token }
    : { line: 'ADMIN_TOKEN in .dev.vars', header: 'TOKEN' };
}

export function banner(url: string, token: PrintedToken): string {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const pixel = JSON.stringify({ name: 'My site', url: 'https://example.com', timezone: zone });
  return `
Speck runs at ${url}
Dashboard     ${url}/app/
Token         ${token.line}
Stop          Ctrl-C

Add a pixel there, or here:

  ${addPixelCommand(url, token.header, pixel)}

The answer holds its id and the snippets for your pages and e-mails. A page on this machine needs data-local, too:

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
  if (protocol === 'https' || isLoopback(ip)) return undefined;
  return `Warning: other machines reach Speck on ${ip} in plain http, where anyone on the way reads along. Pixels are counted; \
the dashboard and the API answer on 127.0.0.1 and localhost only. For TLS with a certificate of its own:
  npm start -- --ip ${ip} --local-protocol https
Whoever reaches the port can also trigger the cron, so do this in a network that you trust, with data that may be lost.
`;
}

function isLoopback(ip: string): boolean {
  return ip === 'localhost' || ip === '::1' || /^127(\.\d{1,3}){3}$/.test(ip);
}
