/** What a line of any web server's access log says: the fields that page views are made of. */
import { err, ok, type Result } from '../../model/result.ts';
import { normalAddress } from '../../model/text/address.ts';
import { COUNTRIES } from '../../model/text/countries.ts';

/** The fields of a line. A field that was logged as `-` is `''`. */
export interface LogEntry {
  /** The virtual host that was requested, without its port; `''` where none was logged. */
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
  /** The visitor's country (ISO 3166), from logs that have located the address. */
  readonly country?: string;
  /** The headers that the line has no place for. */
  readonly lacks?: readonly Lack[];
  /** Whether the log itself says that a program made the request: a bot score, or the server's own subrequest. */
  readonly isAutomated?: boolean;
}

export type Lack = 'user_agent' | 'referrer';

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
  other_format: 'is not in the format of this log',
  not_json: 'is not a JSON object',
  no_address: 'does not begin with an IP address',
  no_client: "has no IP address of the client's",
  no_such_time: 'has a time that is none',
  no_request: 'has no method and path: it is not about a request',
  cut_short: 'is cut short, or has a quote too many',
  not_ended: 'does not end with a line break, so it may be cut short',
  no_fields: 'comes before any #Fields line, which names its fields',
  misaligned: 'has more or fewer values than the #Fields line before it names',
  lacks_fields: 'is below a #Fields line that lacks date, time, c-ip, cs-method, cs-uri-stem or sc-status',
  no_host: 'does not end with a host name',
} as const;

export type Unreadable = keyof typeof UNREADABLE;

export type Parsed = Result<LogEntry, Unreadable>;

/** Reads the lines of one log, in their order. */
export interface LineReader {
  /**
   * What a line says; null if it only describes the lines that follow, such as `#Fields:`. Never throws.
   * @param ended whether the line ends with a line break.
   */
  read(text: string, ended: boolean): Parsed | null;
}

/** The fields of a line as texts, by whatever names the format has for them; undefined where the line has no such field. */
export interface RawFields {
  readonly host?: string | undefined;
  /** An address, or a list of those that the request came through, the client's first. */
  readonly address: string | undefined;
  /** Epoch milliseconds; null if the log's time is none. */
  readonly time: number | null;
  readonly method: string | undefined;
  readonly target: string | undefined;
  readonly status: string | undefined;
  readonly referer: string | undefined;
  readonly userAgent: string | undefined;
  readonly country?: string | undefined;
  readonly isAutomated?: boolean;
}

const LACKS: Readonly<Record<string, readonly Lack[]>> = {
  both: ['user_agent', 'referrer'],
  agent: ['user_agent'],
  referrer: ['referrer'],
};

/** Makes an entry of a line's fields. */
export function entryOf(fields: RawFields): Parsed {
  const address = addressOf(fields.address ?? '');
  if (address === null) return err('no_client');
  if (fields.time === null) return err('no_such_time');
  const method = present(fields.method ?? '');
  const target = present(fields.target ?? '');
  if (method === '' || target === '') return err('no_request');
  const country = (fields.country ?? '').toUpperCase();
  const lacks = lacksOf(fields);
  return ok({
    host: hostWithoutPort(present(fields.host ?? '')),
    address,
    time: fields.time,
    request: /^[A-Za-z][A-Za-z-]*$/.test(method) ? { method, target } : null,
    status: statusOf(fields.status ?? ''),
    referer: present(fields.referer ?? ''),
    userAgent: present(fields.userAgent ?? ''),
    ...(COUNTRIES.has(country) ? { country } : {}),
    ...(lacks ? { lacks } : {}),
    ...(fields.isAutomated ? { isAutomated: true } : {}),
  });
}

function lacksOf({ userAgent, referer }: RawFields): readonly Lack[] | undefined {
  if (userAgent !== undefined) return referer === undefined ? LACKS['referrer'] : undefined;
  return referer === undefined ? LACKS['both'] : LACKS['agent'];
}

/** The first address of a list. */
function addressOf(text: string): string | null {
  const comma = text.indexOf(',');
  return normalAddress((comma < 0 ? text : text.slice(0, comma)).trim());
}

/** 0 and 000 stand for a client that left before it was answered. */
function statusOf(text: string): number | null {
  return /^\d{3}$/.test(text) && text !== '000' ? Number(text) : null;
}

/** `-` stands for what was not sent. */
export function present(text: string): string {
  return text === '-' ? '' : text;
}

/** A host without its port. An IPv6 address without brackets has none. */
export function hostWithoutPort(host: string): string {
  return host.replace(/^([^:]*|\[[^\]]*\]):\d{1,5}$/, '$1');
}

const REQUEST = /^([A-Za-z][A-Za-z-]*) (.+?)(?: HTTP\/\d(?:\.\d)?)?$/s;

/** The first line of an HTTP request: `GET /page HTTP/1.1`. */
export function requestOf(text: string): LogRequest | null {
  const match = REQUEST.exec(text);
  return match ? { method: match[1] as string, target: match[2] as string } : null;
}
