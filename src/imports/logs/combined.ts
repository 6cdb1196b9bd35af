/**
 * Reads a line of Apache's and nginx's `combined` and `common` formats, also with the virtual host in front (Apache's
 * `vhost_combined`) or at the end (nginx with `$host`). It does not interpret what the line means.
 *
 * Formats: https://httpd.apache.org/docs/2.4/mod/mod_log_config.html#formats
 * and https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format
 */
import { err, ok, type Result } from '../../model/result.ts';
import { normalAddress } from '../../model/text/address.ts';
import {
  hostWithoutPort,
  type Lack,
  type LineReader,
  type LogEntry,
  type Parsed,
  present,
  requestOf,
  type Unreadable,
} from './entry.ts';
import { quoted } from './escapes.ts';
import { commonTime } from './times.ts';

export interface CombinedEntry extends LogEntry {
  /** Whether the line is in combined format, which has the headers. */
  readonly combined: boolean;
}

/**
 * The address, the user and the time. A user name can hold spaces; it cannot hold the `] "` that ends the time, since
 * the server escapes quotes.
 */
const HEAD = /^(\S+) \S+ .*? \[(\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] (?=")/s;
const STATUS_AND_SIZE = / (\d{3}|-) (?:\d+|-)(?= |$)/y;

/** Reads one line, without its line break. Never throws. What follows the last known field is ignored. */
export function parseLine(text: string): Result<CombinedEntry, Unreadable> {
  const { host, line } = withoutHost(text);
  const head = HEAD.exec(line);
  if (!head) return err('not_a_log_line');
  const address = normalAddress(head[1] as string);
  if (address === null) return err('no_address');
  const time = commonTime(head[2] as string);
  if (time === null) return err('no_such_time');

  const request = quoted(line, head[0].length);
  if (!request) return err('cut_short');
  STATUS_AND_SIZE.lastIndex = request.end;
  const status = STATUS_AND_SIZE.exec(line);
  if (!status) return err('cut_short');

  const entry = {
    host,
    address,
    time,
    request: requestOf(request.text),
    status: status[1] === '-' ? null : Number(status[1]),
  };
  // The common format ends here; its lines hold neither referrer nor user agent.
  if (line[STATUS_AND_SIZE.lastIndex + 1] !== '"')
    return ok({ ...entry, referer: '', userAgent: '', combined: false });
  const referer = quoted(line, STATUS_AND_SIZE.lastIndex + 1);
  const userAgent = referer && quoted(line, referer.end + 1);
  if (!userAgent) return err('cut_short');
  const headers = { referer: present(referer.text), userAgent: present(userAgent.text) };
  return ok({ ...entry, ...headers, combined: true });
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

const COMMON_LACKS: readonly Lack[] = ['user_agent', 'referrer'];

export class CombinedReader implements LineReader {
  #isCombined = false;

  read(text: string, ended: boolean): Parsed {
    const parsed = parseLine(text);
    if (!parsed.ok) return parsed;
    const entry = parsed.value;
    // After lines in combined format, a last line without headers is cut short.
    if (this.#isCombined && !ended && !entry.combined) return err('cut_short');
    this.#isCombined = entry.combined;
    return entry.combined ? parsed : ok({ ...entry, lacks: COMMON_LACKS });
  }
}

/** The last field of a line, quoted or not. */
const LAST_FIELD = /[ "]([^ "]+)"?$/;
const HOST = /^(?:[a-z0-9_-]+\.)+[a-z][a-z0-9-]*\.?$/i;

/** Lines in combined format that end with the virtual host, as nginx logs it where `"$host"` was added to its format. */
export class HostLastReader implements LineReader {
  readonly #combined = new CombinedReader();

  read(text: string, ended: boolean): Parsed {
    const parsed = this.#combined.read(text, ended);
    if (!parsed.ok) return parsed;
    const host = hostWithoutPort(LAST_FIELD.exec(text)?.[1] ?? '');
    // A request by address, or to no host at all, is of another site than one that has a name.
    if (host === '' || !(HOST.test(host) || isOther(host))) return err('no_host');
    return ended ? ok({ ...parsed.value, host: present(host) }) : err('not_ended');
  }
}

function isOther(host: string): boolean {
  return host === '-' || host === '_' || host === 'localhost' || normalAddress(host) !== null;
}

/** Whether a line that `HostLastReader` has read ends with a name, which is not an address or a dash. */
export function isNamedHost({ host }: LogEntry): boolean {
  return HOST.test(host);
}
