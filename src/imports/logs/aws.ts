/**
 * Reads the access logs of Amazon's load balancers and of S3: values separated by spaces, some of them quoted, in a fixed order.
 * Later versions of these formats have more values at the end.
 *
 * Formats: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html,
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/access-log-collection.html
 * and https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html
 */
import { err } from '../../model/result.ts';
import { entryOf, type LineReader, type Parsed, requestOf } from './entry.ts';
import { quoted } from './escapes.ts';
import { commonTime, isoTime } from './times.ts';

/** A time in S3's logs. An IPv6 address in brackets has a port after them. */
const BRACKETED = /\[([^\]]*)\](?= |$)/y;

/**
 * The first values of a line; fewer than `count` if it has no more, or null if a quote does not end.
 */
function valuesOf(line: string, count: number): readonly string[] | null {
  const values: string[] = [];
  let at = 0;
  while (values.length < count && at < line.length) {
    if (line[at] === '"') {
      const value = quoted(line, at);
      if (!value) return null;
      values.push(value.text);
      at = value.end + 1;
      continue;
    }
    BRACKETED.lastIndex = at;
    const bracketed = BRACKETED.exec(line);
    const space = bracketed ? BRACKETED.lastIndex : line.indexOf(' ', at);
    const stop = space < 0 ? line.length : space;
    values.push(bracketed?.[1] ?? line.slice(at, stop));
    at = stop + 1;
  }
  return values;
}

/** Where a format has its values. */
interface Places {
  readonly time: number;
  readonly client: number;
  readonly status: number;
  readonly request: number;
  readonly userAgent: number;
  readonly referer?: number;
}

/** The application load balancer: the kind of connection comes first. */
const APPLICATION: Places = { time: 1, client: 3, status: 8, request: 12, userAgent: 13 };
/** The classic load balancer. */
const CLASSIC: Places = { time: 0, client: 2, status: 7, request: 11, userAgent: 12 };
const S3: Places = { time: 2, client: 3, status: 9, request: 8, userAgent: 16, referer: 15 };

const CONNECTIONS: ReadonlySet<string> = new Set(['http', 'https', 'h2', 'grpcs', 'ws', 'wss']);
/** Reads of objects: by an address of the website, or by the API, as browsers do, too. */
const READ = /^(?:WEBSITE|REST)\.(?:GET|HEAD)\.OBJECT$/;

class AwsReader implements LineReader {
  readonly #places: Places;
  readonly #isOwn: (values: readonly string[]) => boolean;
  readonly #timeOf: (text: string) => number | null;
  readonly #hasPort: boolean;

  /** @param hasPort whether each client's address has a port. */
  constructor(
    places: Places,
    isOwn: (values: readonly string[]) => boolean,
    timeOf: (text: string) => number | null,
    hasPort: boolean,
  ) {
    this.#places = places;
    this.#isOwn = isOwn;
    this.#timeOf = timeOf;
    this.#hasPort = hasPort;
  }

  read(text: string, ended: boolean): Parsed {
    const { time, client, status, request, userAgent, referer } = this.#places;
    const values = valuesOf(text, userAgent + 1);
    if (values === null) return err('cut_short');
    if (!this.#isOwn(values)) return err('other_format');
    if (values.length <= userAgent) return err('cut_short');
    if (!ended) return err('not_ended');
    // A client that did not speak HTTP has a request of dashes.
    const { method, target } = requestOf(values[request] as string) ?? { method: '?', target: '?' };
    return entryOf({
      address: this.#hasPort ? withoutPort(values[client] as string) : values[client],
      time: this.#timeOf(values[time] as string),
      method,
      target,
      status: values[status],
      referer: referer === undefined ? undefined : values[referer],
      userAgent: values[userAgent],
    });
  }
}

/** Load balancers write the port after an IPv6 address, too, whether it is in brackets or not. */
function withoutPort(client: string): string {
  return client.replace(/:\d{1,5}$/, '');
}

export function applicationReader(): LineReader {
  return new AwsReader(APPLICATION, ([connection = '']) => CONNECTIONS.has(connection), isoTime, true);
}

export function classicReader(): LineReader {
  return new AwsReader(CLASSIC, ([time = '']) => isoTime(time) !== null, isoTime, true);
}

/** Requests other than reads of objects are of the bucket's owner. The bucket's host says nothing of the site's. */
export function s3Reader(): LineReader {
  const isRecord = ([owner = '', , time = '', , , , operation = '']: readonly string[]): boolean =>
    /^[0-9a-f]{64}$|^-$/.test(owner) && commonTime(time) !== null && operation.includes('.');
  const reader = new AwsReader(S3, isRecord, commonTime, false);
  return {
    read: (text, ended) => {
      const parsed = reader.read(text, ended);
      if (!parsed?.ok || READ.test(operationOf(text))) return parsed;
      return { ok: true, value: { ...parsed.value, request: null } };
    },
  };
}

function operationOf(text: string): string {
  return valuesOf(text, 7)?.[6] ?? '';
}
