/** One request, written as each product would, becomes the same event whatever the format, as far as the format has its fields. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LOG_FORMATS, type LogFormatName, recognizeFormat } from '../../../src/imports/logs/formats.ts';
import { LogReader } from '../../../src/imports/logs/log-reader.ts';
import { type PageViewEvent, Site } from '../../../src/imports/logs/page-views.ts';
import { normalAddress } from '../../../src/model/text/address.ts';

/** What a visitor's browser sends. */
interface Request {
  readonly address: string;
  /** A whole second: not every format has more. */
  readonly time: number;
  readonly host: string;
  /** As browsers send it. */
  readonly path: string;
  readonly query: string;
  readonly referer: string;
  readonly userAgent: string;
  readonly country: string;
}

const iso = (time: number): string => new Date(time).toISOString();
const date = (time: number): string => iso(time).slice(0, 10);
const clock = (time: number): string => iso(time).slice(11, 19);
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
function common(time: number): string {
  const [year = '', month = '', day = ''] = date(time).split('-');
  return `${day}/${MONTHS[Number(month) - 1]}/${year}:${clock(time)} +0000`;
}

const targetOf = ({ path, query }: Request): string => (query === '' ? path : `${path}?${query}`);
const dash = (text: string): string => text || '-';
/** Escapes as Apache and nginx do. */
const asApache = (text: string): string =>
  [...new TextEncoder().encode(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      if (character === '"' || character === '\\') return `\\${character}`;
      return byte < 32 || byte > 126 ? `\\x${byte.toString(16).padStart(2, '0')}` : character;
    })
    .join('');
/** Escapes as CloudFront does: everything outside ASCII, spaces and some signs. */
const asCloudfront = (text: string): string =>
  [...new TextEncoder().encode(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      const isEscaped = byte <= 32 || byte >= 127 || '<>"#%{}|\\^~[]`\''.includes(character);
      return isEscaped ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}` : character;
    })
    .join('');

const combined = (request: Request): string =>
  `${request.address} - - [${common(request.time)}] "GET ${asApache(targetOf(request))} HTTP/1.1" 200 1 ` +
  `"${asApache(dash(request.referer))}" "${asApache(dash(request.userAgent))}"`;

/** With brackets, or without. */
const clientOf = ({ address, time }: Request): string =>
  address.includes(':') && time % 2000 === 0 ? `[${address}]` : address;

const CLOUDFRONT_FIELDS =
  '#Fields: date time x-edge-location c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query x-host-header c-country';

interface Rendering {
  readonly format: LogFormatName;
  readonly lines: (request: Request) => readonly string[];
  /** The fields of an event that the format does not have. */
  readonly lacks?: readonly ('rl' | 'ua' | 'country')[];
  /** Which requests the format can write without loss. */
  readonly keeps?: (request: Request) => boolean;
  /** Whether requests are logged with the whole URL, which has the host that was requested. */
  readonly hasWholeUrl?: boolean;
}

/** What stands in URLs as it is. CloudFront encodes all else, as clients do. */
const isUrlText = (text: string): boolean => /^[!$&-;=?-Z_a-z~|[\]]*$/.test(text);
const isAscii = (text: string): boolean => /^[ -~]*$/.test(text);

const RENDERINGS: Readonly<Record<string, Rendering>> = {
  combined: { format: 'combined', lines: (request) => [combined(request)], lacks: ['country'] },
  'the host in front': {
    format: 'combined',
    lines: (request) => [`${request.host}:443 ${combined(request)}`],
    lacks: ['country'],
  },
  'the host at the end': {
    format: 'combined-host',
    lines: (request) => [`${combined(request)} "${request.host}"`],
    lacks: ['country'],
  },
  common: {
    format: 'combined',
    lines: (request) => [combined(request).replace(/ "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*"$/, '')],
    lacks: ['country', 'rl', 'ua'],
  },
  IIS: {
    format: 'w3c',
    lines: (request) => [
      '#Fields: date time cs-method cs-uri-stem cs-uri-query c-ip cs(User-Agent) cs(Referer) sc-status cs-host',
      [
        date(request.time),
        clock(request.time),
        'GET',
        decodeURI(request.path).replaceAll(' ', '+'),
        dash(request.query),
        request.address,
        dash(request.userAgent.replaceAll(' ', '+')),
        dash(request.referer.replaceAll(' ', '+')),
        '200',
        request.host,
      ].join(' '),
    ],
    lacks: ['country'],
    // IIS does not escape: a plus in an agent or a path, and a quote, are lost. Stems are decoded.
    keeps: ({ userAgent, path, referer }) =>
      !/["+\t]/.test(userAgent) &&
      !/["\t +]/.test(referer) &&
      !/[+%"]/.test(path) &&
      userAgent.trim() === userAgent,
  },
  CloudFront: {
    format: 'cloudfront',
    lines: (request) => [
      CLOUDFRONT_FIELDS,
      [
        date(request.time),
        clock(request.time),
        'FRA56-P1',
        request.address,
        'GET',
        'd1.cloudfront.net',
        asCloudfront(request.path),
        '200',
        dash(asCloudfront(request.referer)),
        dash(asCloudfront(request.userAgent)),
        dash(asCloudfront(request.query)),
        request.host,
        request.country,
      ].join('\t'),
    ],
    // What an agent has encoded itself looks like CloudFront's own encoding.
    keeps: ({ userAgent, referer }) => !userAgent.includes('%') && isUrlText(referer),
  },
  'CloudFront, an agent encoded twice': {
    format: 'cloudfront',
    lines: (request) => [
      CLOUDFRONT_FIELDS,
      `${date(request.time)}\t${clock(request.time)}\tFRA\t${request.address}\tGET\td1.cloudfront.net\t${asCloudfront(request.path)}\t200\t${dash(
        asCloudfront(request.referer),
      )}\t${dash(asCloudfront(asCloudfront(request.userAgent)))}\t${dash(asCloudfront(request.query))}\t${request.host}\t${request.country}`,
    ],
    keeps: ({ userAgent, referer }) => !userAgent.includes('%') && isUrlText(referer),
  },
  'CloudFront in JSON': {
    format: 'cloudfront-json',
    lines: (request) => [
      JSON.stringify({
        date: date(request.time),
        time: clock(request.time),
        'c-ip': request.address,
        'cs-method': 'GET',
        'cs-uri-stem': asCloudfront(request.path),
        'sc-status': '200',
        'cs(Referer)': dash(asCloudfront(request.referer)),
        'cs(User-Agent)': dash(asCloudfront(request.userAgent)),
        'cs-uri-query': dash(asCloudfront(request.query)),
        'x-host-header': request.host,
        'c-country': request.country,
      }),
    ],
    keeps: ({ userAgent, referer }) => !userAgent.includes('%') && isUrlText(referer),
  },
  'application load balancer': {
    format: 'alb',
    lines: (request) => [
      `https ${iso(request.time)} app/lb/1 ${clientOf(request)}:2817 10.0.0.1:80 0 0 0 200 200 0 57 ` +
        `"GET https://${request.host}:443${asApache(targetOf(request))} HTTP/2.0" "${asApache(dash(request.userAgent))}" - - arn "-" "-" "-" 1`,
    ],
    lacks: ['country', 'rl'],
    hasWholeUrl: true,
  },
  'classic load balancer': {
    format: 'elb',
    lines: (request) => [
      `${iso(request.time)} lb ${clientOf(request)}:2817 10.0.0.1:80 0 0 0 200 200 0 57 "GET https://${request.host}:443${asApache(targetOf(request))} HTTP/1.1" "${asApache(dash(request.userAgent))}" - -`,
    ],
    lacks: ['country', 'rl'],
    hasWholeUrl: true,
  },
  S3: {
    format: 's3',
    lines: (request) => [
      `${'0'.repeat(64)} bucket [${common(request.time)}] ${request.address} - 3E57 WEBSITE.GET.OBJECT key "GET ${asApache(targetOf(request))} HTTP/1.1" 200 - 1 1 7 6 ` +
        `"${asApache(dash(request.referer))}" "${asApache(dash(request.userAgent))}" - id`,
    ],
    lacks: ['country'],
  },
  Caddy: {
    format: 'caddy',
    lines: (request) => [
      JSON.stringify({
        level: 'info',
        ts: request.time / 1000,
        request: {
          remote_ip: request.address,
          method: 'GET',
          host: request.host,
          uri: targetOf(request),
          headers: {
            ...(request.userAgent === '' ? {} : { 'User-Agent': [request.userAgent] }),
            ...(request.referer === '' ? {} : { Referer: [request.referer] }),
          },
        },
        status: 200,
      }),
    ],
    lacks: ['country'],
  },
  Traefik: {
    format: 'traefik',
    lines: (request) => [
      JSON.stringify({
        ClientHost: request.address,
        DownstreamStatus: 200,
        RequestHost: request.host,
        RequestMethod: 'GET',
        RequestPath: targetOf(request),
        StartUTC: iso(request.time),
        request_Accept: '*/*',
        ...(request.userAgent === '' ? {} : { 'request_User-Agent': request.userAgent }),
        ...(request.referer === '' ? {} : { request_Referer: request.referer }),
      }),
    ],
    lacks: ['country'],
  },
  Logpush: {
    format: 'cloudflare',
    lines: (request) => [
      JSON.stringify({
        ClientIP: request.address,
        ClientCountry: request.country.toLowerCase(),
        ClientRequestHost: request.host,
        ClientRequestMethod: 'GET',
        ClientRequestURI: targetOf(request),
        ClientRequestReferer: request.referer,
        ClientRequestUserAgent: request.userAgent,
        EdgeStartTimestamp: request.time * 1_000_000,
        EdgeResponseStatus: 200,
      }),
    ],
  },
  'nginx in JSON': {
    format: 'json',
    lines: (request) => [
      JSON.stringify({
        time_iso8601: iso(request.time).replace('.000Z', '+00:00'),
        remote_addr: request.address,
        request: `GET ${targetOf(request)} HTTP/1.1`,
        status: '200',
        http_referer: request.referer,
        http_user_agent: request.userAgent,
        http_host: request.host,
      }),
    ],
    lacks: ['country'],
  },
};

const SITE = 'https://site.example';

/** The event that a request must become. */
function eventOf(request: Request, { lacks = [], hasWholeUrl }: Rendering): Omit<PageViewEvent, 'eid'> {
  return {
    dl: new URL((hasWholeUrl ? `https://${request.host}` : SITE) + targetOf(request)).href,
    ts: request.time,
    ip: normalAddress(request.address) as string,
    ua: lacks.includes('ua') ? '' : request.userAgent,
    ...(request.referer === '' || lacks.includes('rl') ? {} : { rl: request.referer }),
    ...(lacks.includes('country') ? {} : { country: request.country }),
  };
}

/** Texts that try to end a field, a line or an object, beside what browsers send. */
const hostile = fc.constantFrom(
  '"',
  '\\',
  '\\"',
  '" 200 1 "',
  '] "',
  '\t',
  ' - ',
  '%',
  '%20',
  '%2520',
  '{',
  '}',
  "'",
  '#Fields: ',
  '=1+1',
  '\\x22',
  'é',
  '\u2028',
  '日本',
);
const text = fc
  .array(fc.oneof({ weight: 3, arbitrary: fc.stringMatching(/^[A-Za-z0-9 .;:/()=-]{1,12}$/) }, hostile), {
    maxLength: 6,
  })
  .map((parts) => parts.join('').trim())
  .filter((whole) => whole !== '-');
/** A path as a URL has it. */
const path = fc
  .array(
    fc.oneof(
      fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/),
      fc.constantFrom('%20', '%C3%A9', '%22', '+', '&', '=', "'", '~'),
    ),
    { maxLength: 5 },
  )
  .map((parts) => `/${parts.join('')}`);
const query = fc
  .array(
    fc.oneof(
      fc.stringMatching(/^[a-z0-9=&]{1,8}$/),
      fc.constantFrom('%20', '+', '%22', '%25', '"x'.slice(1)),
    ),
    { maxLength: 4 },
  )
  .map((parts) => parts.join(''));
const request: fc.Arbitrary<Request> = fc.record({
  address: fc.oneof(fc.ipV4(), fc.ipV6()),
  time: fc.integer({ min: 1_000_000_000, max: 2_000_000_000 }).map((seconds) => seconds * 1000),
  host: fc.constantFrom('site.example', 'www.site.example', 'SITE.example'),
  path,
  query,
  referer: fc.oneof(fc.constantFrom('', 'https://news.example/a?b=c', 'news.example'), text),
  userAgent: text,
  country: fc.constantFrom('DE', 'US', 'XK'),
});

describe.each(Object.entries(RENDERINGS))('%s', (_, rendering) => {
  const { format, lines, keeps = () => true } = rendering;

  test('has the event, or as much of it as the format has', () => {
    fc.assert(
      fc.property(request, (one) => {
        fc.pre(keeps(one));
        const reader = new LogReader(LOG_FORMATS[format].open(), new Site(SITE), new Set());
        const items = lines(one).map((line, index) =>
          reader.read({ number: index + 1, text: line, ended: true }),
        );
        const { event } = items.at(-1) as { event: PageViewEvent };
        const { eid, ...rest } = event;
        expect(eid).toMatch(/^log_[\w-]{22}_1$/);
        expect(rest).toEqual(eventOf(one, rendering));
      }),
      { numRuns: 500 },
    );
  });

  test('is recognized, whatever clients send', () => {
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 8 }), (requests) => {
        const kept = requests.filter((one) => keeps(one) && isAscii(one.userAgent + one.referer));
        fc.pre(kept.length > 0);
        const start = new TextEncoder().encode(`${kept.flatMap(lines).join('\n')}\n`);
        expect(recognizeFormat(start).format).toBe(format);
      }),
      { numRuns: 100 },
    );
  });
});
