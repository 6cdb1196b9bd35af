/**
 * Reads logs of JSON objects, one a line. Caddy, Traefik, Cloudflare and CloudFront write fields of fixed names. What nginx and
 * others write is up to their owners, so the names that are common in published configurations are known.
 *
 * Formats: https://caddyserver.com/docs/logging, https://doc.traefik.io/traefik/observability/access-logs/,
 * https://developers.cloudflare.com/logs/reference/log-fields/zone/http_requests/
 */
import { err } from '../../model/result.ts';
import { cloudfrontEntry } from './cloudfront.ts';
import { entryOf, type LineReader, type Parsed, present, requestOf } from './entry.ts';
import { anyTime } from './times.ts';

type Fields = Readonly<Record<string, unknown>>;

/** @param parse reads the fields of a line; null if the line is of another format. */
function jsonReader(parse: (fields: Fields) => Parsed | null): LineReader {
  return {
    read: (text, ended) => {
      const fields = objectOf(text);
      if (fields === null) return err(ended ? 'not_json' : 'cut_short');
      return parse(fields) ?? err('other_format');
    },
  };
}

function objectOf(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A field as a text; undefined if there is none. */
function textOf(fields: Fields, name: string): string | undefined {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** The first of several fields that has a value; else the first that there is. */
function firstOf(fields: Fields, names: readonly string[]): string | undefined {
  let none: string | undefined;
  for (const name of names) {
    const text = textOf(fields, name);
    if (text !== undefined && present(text) !== '') return text;
    none ??= text;
  }
  return none;
}

/** The first of several fields that is a time. */
function timeOf(fields: Fields, names: readonly string[]): number | null {
  for (const name of names) {
    const time = anyTime(Object.hasOwn(fields, name) ? fields[name] : undefined);
    if (time !== null) return time;
  }
  return null;
}

/** A header as Caddy logs it: a list of values under its canonical name. */
function headerOf(headers: unknown, name: string): string | undefined {
  const values = isObject(headers) && Object.hasOwn(headers, name) ? headers[name] : undefined;
  const [first] = Array.isArray(values) ? (values as unknown[]) : [];
  return typeof first === 'string' ? first : undefined;
}

export function caddyReader(): LineReader {
  return jsonReader((fields) => {
    const { request } = fields;
    if (!isObject(request)) return textOf(fields, 'logger') === undefined ? null : err('no_request');
    const hasHeaders = isObject(request['headers']);
    return entryOf({
      host: textOf(request, 'host'),
      // client_ip is behind trusted proxies what remote_ip is without; versions before 2.5 have an address with its port.
      address: firstOf(request, ['client_ip', 'remote_ip', 'remote_addr']),
      time: timeOf(fields, ['ts']),
      method: textOf(request, 'method'),
      target: textOf(request, 'uri'),
      status: textOf(fields, 'status'),
      referer: headerOf(request['headers'], 'Referer') ?? (hasHeaders ? '' : undefined),
      userAgent: headerOf(request['headers'], 'User-Agent') ?? (hasHeaders ? '' : undefined),
    });
  });
}

/** What Traefik writes in place of a header that it is told to hide. */
const REDACTED = 'REDACTED';

export function traefikReader(): LineReader {
  return jsonReader((fields) => {
    const path = textOf(fields, 'RequestPath');
    if (path === undefined) return textOf(fields, 'level') === undefined ? null : err('no_request');
    const header = (name: string): string | undefined => {
      const text = textOf(fields, name);
      return text === REDACTED ? undefined : text;
    };
    // Unless told to, Traefik logs no headers. A header that a client did not send is missing, too.
    const hasHeaders = Object.keys(fields).some(
      (name) => name.startsWith('request_') && fields[name] !== REDACTED,
    );
    const missing = hasHeaders ? '' : undefined;
    return entryOf({
      host: firstOf(fields, ['RequestHost', 'RequestAddr']),
      address: firstOf(fields, ['ClientHost', 'ClientAddr']),
      time: timeOf(fields, ['StartUTC', 'StartLocal', 'time']),
      method: textOf(fields, 'RequestMethod'),
      target: path,
      status: firstOf(fields, ['DownstreamStatus', 'OriginStatus']),
      referer: header('request_Referer') ?? missing,
      userAgent: header('request_User-Agent') ?? missing,
    });
  });
}

/** Cloudflare: "Scores below 30 are commonly associated with automated traffic." 0 means that there is none. */
const LEAST_HUMAN_SCORE = 30;

/** Cloudflare's Logpush, of the dataset http_requests. */
export function cloudflareReader(): LineReader {
  return jsonReader((fields) => {
    if (textOf(fields, 'ClientIP') === undefined) return null;
    const score = Number(textOf(fields, 'BotScore') ?? 0);
    return entryOf({
      host: textOf(fields, 'ClientRequestHost'),
      address: textOf(fields, 'ClientIP'),
      time: timeOf(fields, ['EdgeStartTimestamp', 'EdgeEndTimestamp']),
      method: textOf(fields, 'ClientRequestMethod'),
      target: firstOf(fields, ['ClientRequestURI', 'ClientRequestPath']),
      status: textOf(fields, 'EdgeResponseStatus'),
      referer: textOf(fields, 'ClientRequestReferer'),
      userAgent: textOf(fields, 'ClientRequestUserAgent'),
      country: textOf(fields, 'ClientCountry'),
      isAutomated: (score > 0 && score < LEAST_HUMAN_SCORE) || fields['WorkerSubrequest'] === true,
    });
  });
}

/** CloudFront's standard logs of the second version, in JSON. */
export function cloudfrontJsonReader(): LineReader {
  return jsonReader((fields) => {
    if (textOf(fields, 'c-ip') === undefined || textOf(fields, 'cs-uri-stem') === undefined) return null;
    const named = new Map(Object.keys(fields).map((name) => [name.toLowerCase(), name]));
    return cloudfrontEntry((name) => textOf(fields, named.get(name) ?? name));
  });
}

/** The names that fields have in logs of nginx, Apache and others, the most exact first. */
const NAMES = {
  address:
    'remote_addr remote_ip client_ip clientip clientIp client_addr remoteIp remote_address remoteAddress RemoteIP remote remote_host client ip'.split(
      ' ',
    ),
  time: 'time_iso8601 msec @timestamp timestamp time_local time ts timestamp_log event_datetime datetime date Time'.split(
    ' ',
  ),
  request: ['request', 'request_line', 'requestLine'],
  method: 'request_method method http_method verb request_type requestMethod httpMethod Method'.split(' '),
  target: 'request_uri requestUri request_url requestUrl uri url path target Request'.split(' '),
  query: 'args query_string query queryString Query'.split(' '),
  status: 'status status_code statusCode response_code responseCode response code Status'.split(' '),
  referer: 'http_referer http_referrer referer referrer request_referer requestReferer Referer'.split(' '),
  userAgent: 'http_user_agent user_agent userAgent useragent request_user_agent agent ua UserAgent'.split(
    ' ',
  ),
  host: 'http_host host vhost virtual_host server_name request_host domain Host'.split(' '),
} as const;
/** Objects that published configurations put the fields into, and Google Cloud's load balancers. */
const INNER = ['@nginx_fields', 'nginx', 'httpRequest', 'fields'] as const;

export function anyJsonReader(): LineReader {
  return jsonReader((outer) => {
    const inner = INNER.map((name) => outer[name]).find(isObject);
    const fields = inner ? { ...outer, ...inner } : outer;
    const address = firstOf(fields, NAMES.address);
    const line = firstOf(fields, NAMES.request);
    const path = firstOf(fields, NAMES.target);
    if (address === undefined || (line === undefined && path === undefined)) return null;
    // A client that did not speak HTTP has a first line that is none, and no path.
    const whole = requestOf(line ?? '') ?? (path === undefined ? { method: '?', target: '?' } : null);
    return entryOf({
      host: firstOf(fields, NAMES.host),
      address,
      time: timeOf(fields, NAMES.time),
      method: whole?.method ?? firstOf(fields, NAMES.method),
      target: whole?.target ?? withQuery(path ?? '', firstOf(fields, NAMES.query)),
      status: firstOf(fields, NAMES.status),
      referer: firstOf(fields, NAMES.referer),
      userAgent: firstOf(fields, NAMES.userAgent),
    });
  });
}

/** nginx's `$uri` is without the query, which is `$args`. */
function withQuery(path: string, query = ''): string {
  const text = present(query).replace(/^\?/, '');
  return text === '' || path.includes('?') ? path : `${path}?${text}`;
}
