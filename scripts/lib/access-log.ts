/**
 * Reads a line of a web server's access log: Apache's and nginx's `combined` and `common` formats, also with the
 * virtual host in front (Apache's `vhost_combined`). It does not interpret what the line means.
 *
 * Formats: https://httpd.apache.org/docs/2.4/mod/mod_log_config.html#formats
 * and https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format
 */
import { normalAddress } from '../../src/model/text/address.ts';

/** The fields of a line. A field that was logged as `-` is `''`. */
export interface LogEntry {
  /** The virtual host in front of the line, without its port; `''` where none was logged. */
  readonly host: string;
  /** The client's address, IPv4 or IPv6, in its one spelling. */
  readonly address: string;
  /** When the request was received, in epoch milliseconds. */
  readonly time: number;
  /** The request; null if the client did not speak HTTP, as in a port scan or a TLS handshake. */
  readonly request: LogRequest | null;
  /** The status of the answer; null if there was none. */
  readonly status: number | null;
  /** The Referer header. */
  readonly referer: string;
  /** The User-Agent header. */
  readonly userAgent: string;
  /** Whether the line is in combined format, which has the headers. */
  readonly combined: boolean;
}

export interface LogRequest {
  /** `GET`, `POST`, … as sent. */
  readonly method: string;
  /** The path with its query, or a whole URL, as sent. */
  readonly target: string;
}

/** Why a line could not be read. */
export const UNREADABLE = {
  too_long: 'is longer than any log line',
  not_a_log_line: 'is not in common or combined log format',
  no_address: 'does not begin with an IP address',
  no_such_time: 'has a time that is none',
  cut_short: 'is cut short, or has a quote too many',
} as const;

export type Unreadable = keyof typeof UNREADABLE;

export type Parsed =
  | { readonly ok: true; readonly value: LogEntry }
  | { readonly ok: false; readonly error: Unreadable };

/**
 * The address, the user and the time. A user name can hold spaces; it cannot hold the `] "` that ends the time, since
 * the server escapes quotes.
 */
const HEAD =
  /^(\S+) \S+ .*? \[(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)\] (?=")/s;
/** A quoted field. In it a backslash escapes the next character. */
const QUOTED = /"([^"\\]*(?:\\.[^"\\]*)*)"/sy;
const STATUS_AND_SIZE = / (\d{3}|-) (?:\d+|-)(?= |$)/y;
const REQUEST = /^([A-Za-z][A-Za-z-]*) (.+?)(?: HTTP\/\d(?:\.\d)?)?$/s;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Reads one line, without its line break. Never throws. What follows the last known field is ignored. */
export function parseLine(text: string): Parsed {
  const { host, line } = withoutHost(text);
  const head = HEAD.exec(line);
  if (!head) return fail('not_a_log_line');
  const address = normalAddress(head[1] as string);
  if (address === null) return fail('no_address');
  const time = timeOf(head);
  if (time === null) return fail('no_such_time');

  const request = quoted(line, head[0].length);
  if (!request) return fail('cut_short');
  STATUS_AND_SIZE.lastIndex = request.end;
  const status = STATUS_AND_SIZE.exec(line);
  if (!status) return fail('cut_short');

  const entry = {
    host,
    address,
    time,
    request: requestOf(request.text),
    status: status[1] === '-' ? null : Number(status[1]),
  };
  // The common format ends here; its lines hold neither referrer nor user agent.
  if (line[STATUS_AND_SIZE.lastIndex + 1] !== '"')
    return succeed({ ...entry, referer: '', userAgent: '', combined: false });
  const referer = quoted(line, STATUS_AND_SIZE.lastIndex + 1);
  const userAgent = referer && quoted(line, referer.end + 1);
  if (!userAgent) return fail('cut_short');
  const headers = { referer: present(referer.text), userAgent: present(userAgent.text) };
  return succeed({ ...entry, ...headers, combined: true });
}

/** The virtual host that a line begins with, `%v` or `%v:%p`: what stands before an address, be it an address itself. */
function withoutHost(text: string): { readonly host: string; readonly line: string } {
  const first = text.indexOf(' ');
  const second = text.indexOf(' ', first + 1);
  if (first < 0 || second < 0 || normalAddress(text.slice(first + 1, second)) === null) {
    return { host: '', line: text };
  }
  return { host: present(text.slice(0, first).replace(/:\d{1,5}$/, '')), line: text.slice(first + 1) };
}

function succeed(value: LogEntry): Parsed {
  return { ok: true, value };
}

function fail(error: Unreadable): Parsed {
  return { ok: false, error };
}

function quoted(line: string, start: number): { readonly text: string; readonly end: number } | null {
  QUOTED.lastIndex = start;
  const match = QUOTED.exec(line);
  if (!match || (QUOTED.lastIndex < line.length && line[QUOTED.lastIndex] !== ' ')) return null;
  return { text: unescaped(match[1] as string), end: QUOTED.lastIndex };
}

/** Month by name, day first, and an offset that says how far the clock is ahead of UTC. */
function timeOf(head: RegExpExecArray): number | null {
  const month = MONTHS.indexOf(head[3] as string);
  const [day, year, hour, minute, second, offsetHours, offsetMinutes] = [2, 4, 5, 6, 7, 9, 10].map((place) =>
    Number(head[place]),
  ) as [number, number, number, number, number, number, number];
  // Day 31 of a month of 30 would become the next month's first. A leap second is logged as 60.
  if (month < 0 || year < 1970 || new Date(Date.UTC(year, month, day)).getUTCDate() !== day) return null;
  if (hour > 23 || minute > 59 || second > 60 || offsetMinutes > 59) return null;
  const local = Date.UTC(year, month, day, hour, minute, second);
  const offset = (offsetHours * 60 + offsetMinutes) * 60_000;
  return head[8] === '-' ? local + offset : local - offset;
}

function requestOf(text: string): LogRequest | null {
  const match = REQUEST.exec(text);
  return match ? { method: match[1] as string, target: match[2] as string } : null;
}

function present(text: string): string {
  return text === '-' ? '' : text;
}

const ESCAPE = /\\(?:x([0-9A-Fa-f]{2})|(.))/gs;
const CONTROLS: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/**
 * Undoes the server's escaping: Apache writes `\"`, `\\`, `\n` and the like, both write `\xHH` for a byte. Bytes that
 * follow each other are UTF-8, or were meant to be.
 */
function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  const parts: Buffer[] = [];
  let done = 0;
  for (const match of text.matchAll(ESCAPE)) {
    const [whole, byte, character] = match;
    parts.push(Buffer.from(text.slice(done, match.index)));
    parts.push(
      byte === undefined
        ? Buffer.from(CONTROLS[character as string] ?? (character as string))
        : Buffer.of(Number.parseInt(byte, 16)),
    );
    done = match.index + whole.length;
  }
  parts.push(Buffer.from(text.slice(done)));
  return Buffer.concat(parts).toString();
}
