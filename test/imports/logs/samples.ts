/** Logs as the products write them, with the entry of each line that is a request. */
import type { LogEntry } from '../../../src/imports/logs/entry.ts';
import type { LogFormatName } from '../../../src/imports/logs/formats.ts';

export const AGENT =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36';
const ENCODED_AGENT = AGENT.replaceAll(' ', '%20');

/** 2026-03-04 05:06:07 UTC. */
export const TIME = Date.UTC(2026, 2, 4, 5, 6, 7);
const COMMON_TIME = '04/Mar/2026:05:06:07 +0000';
const REFERER = 'https://www.google.com/';

export const ENTRY: LogEntry = {
  host: 'site.example',
  address: '192.0.2.7',
  time: TIME,
  request: { method: 'GET', target: '/page?a=b' },
  status: 200,
  referer: REFERER,
  userAgent: AGENT,
};
const NO_HOST: LogEntry = { ...ENTRY, host: '' };
const WHOLE_URL = { method: 'GET', target: 'https://site.example:443/page?a=b' };

export interface Sample {
  readonly name: string;
  readonly format: LogFormatName;
  readonly lines: readonly string[];
  readonly entries: readonly LogEntry[];
}

const combined = `192.0.2.7 - - [${COMMON_TIME}] "GET /page?a=b HTTP/1.1" 200 1234 "${REFERER}" "${AGENT}"`;

const IIS_FIELDS =
  '#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken';
const iis = `2026-03-04 05:06:07 10.0.0.4 GET /page a=b 443 - 192.0.2.7 ${AGENT.replaceAll(' ', '+')} ${REFERER} 200 0 0 15`;

const CLOUDFRONT_FIELDS =
  '#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end';
const cloudfront = (agent: string, stem = '/page', query = 'a=b', referer = REFERER): string =>
  `2026-03-04\t05:06:07\tFRA56-P1\t1234\t192.0.2.7\tGET\td111111abcdef8.cloudfront.net\t${stem}\t200\t${referer}\t${agent}\t${query}\t-\tHit\tSOX4xwn4XV6Q4rgb7XiVGOHms_BGlTAC4KyHmureZmBNrjGdRLiNIQ==\tsite.example\thttps\t23\t0.001\t-\tTLSv1.3\tTLS_AES_128_GCM_SHA256\tHit\tHTTP/2.0\t-\t-\t11040\t0.001\tHit\ttext/html\t1234\t-\t-`;

const alb = (type: string, request: string, agent = AGENT): string =>
  `${type} 2026-03-04T05:06:07.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.0.2.7:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 0 57 "${request}" "${agent}" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "Root=1-58337281-1d84f3d73c47ec4e58577259" "site.example" "arn:aws:acm:us-east-2:123456789012:certificate/12345678-1234-1234-1234-123456789012" 1 2026-03-04T05:06:07.100000Z "authenticate,forward" "-" "-" "10.0.0.1:80" "200" "-" "-" TID_1234abcd5678ef90`;
const elb = `2026-03-04T05:06:07.943958Z my-loadbalancer 192.0.2.7:2817 10.0.0.1:80 0.000086 0.001048 0.001337 200 200 0 57 "GET https://site.example:443/page?a=b HTTP/1.1" "${AGENT}" DHE-RSA-AES128-SHA TLSv1.2`;
const s3 = (operation: string, key: string, request: string): string =>
  `79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be site.example [${COMMON_TIME}] 192.0.2.7 - 3E57427F3EXAMPLE ${operation} ${key} "${request}" 200 - 113 113 7 6 "${REFERER}" "${AGENT}" - s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/XV/VLi31234= - - - site.example.s3-website-us-west-1.amazonaws.com - - -`;

const json = (fields: object): string => JSON.stringify(fields);

const caddy = {
  level: 'info',
  ts: 1772600767.5241024,
  logger: 'http.log.access.log0',
  msg: 'handled request',
  request: {
    remote_ip: '10.0.0.1',
    remote_port: '41342',
    client_ip: '192.0.2.7',
    proto: 'HTTP/2.0',
    method: 'GET',
    host: 'site.example',
    uri: '/page?a=b',
    headers: { 'User-Agent': [AGENT], Accept: ['*/*'], Referer: [REFERER] },
    tls: {
      resumed: false,
      version: 772,
      cipher_suite: 4865,
      proto: 'h2',
      server_name: 'site.example',
      ech: false,
    },
  },
  bytes_read: 0,
  user_id: '',
  duration: 0.000929675,
  size: 10900,
  status: 200,
  resp_headers: { Server: ['Caddy'], 'Content-Type': ['text/html; charset=utf-8'] },
};

const traefik = {
  ClientAddr: '10.0.0.1:43912',
  ClientHost: '192.0.2.7, 10.0.0.9',
  ClientPort: '43912',
  ClientUsername: '-',
  DownstreamContentSize: 1234,
  DownstreamStatus: 200,
  Duration: 4500000,
  OriginContentSize: 1234,
  OriginDuration: 4000000,
  OriginStatus: 200,
  Overhead: 500000,
  RequestAddr: 'site.example',
  RequestContentSize: 0,
  RequestCount: 12,
  RequestHost: 'site.example',
  RequestMethod: 'GET',
  RequestPath: '/page?a=b',
  RequestPort: '-',
  RequestProtocol: 'HTTP/2.0',
  RequestScheme: 'https',
  RetryAttempts: 0,
  RouterName: 'web@docker',
  StartLocal: '2026-03-04T06:06:07.123456789+01:00',
  StartUTC: '2026-03-04T05:06:07.123456789Z',
  entryPointName: 'websecure',
  level: 'info',
  msg: '',
  time: '2026-03-04T05:06:07Z',
};

const logpush = {
  BotScore: 97,
  CacheCacheStatus: 'dynamic',
  ClientASN: 64496,
  ClientCountry: 'de',
  ClientIP: '192.0.2.7',
  ClientRequestHost: 'site.example',
  ClientRequestMethod: 'GET',
  ClientRequestProtocol: 'HTTP/2',
  ClientRequestReferer: REFERER,
  ClientRequestURI: '/page?a=b',
  ClientRequestUserAgent: AGENT,
  EdgeEndTimestamp: '2026-03-04T05:06:07Z',
  EdgeResponseBytes: 1234,
  EdgeResponseStatus: 200,
  EdgeStartTimestamp: '2026-03-04T05:06:07Z' as unknown,
  RayID: '41ddf1740f67442d',
  WorkerSubrequest: false,
};

const cloudfrontJson = {
  date: '2026-03-04',
  time: '05:06:07',
  'x-edge-location': 'FRA56-P1',
  'sc-bytes': '1234',
  'c-ip': '192.0.2.7',
  'cs-method': 'GET',
  'cs(Host)': 'd111111abcdef8.cloudfront.net',
  'cs-uri-stem': '/page',
  'sc-status': '200',
  'cs(Referer)': REFERER,
  'cs(User-Agent)': ENCODED_AGENT,
  'cs-uri-query': 'a=b',
  'x-host-header': 'site.example',
  'c-country': 'DE',
};

const BOTH_LACK: LogEntry['lacks'] = ['user_agent', 'referrer'];

export const SAMPLES: readonly Sample[] = [
  { name: 'combined', format: 'combined', lines: [combined], entries: [NO_HOST] },
  {
    name: 'common',
    format: 'combined',
    lines: [combined.slice(0, combined.indexOf(' "https'))],
    entries: [{ ...NO_HOST, referer: '', userAgent: '', lacks: BOTH_LACK }],
  },
  {
    name: "Apache's vhost_combined, of several hosts",
    format: 'combined',
    lines: [`site.example:443 ${combined}`, `other.example:80 ${combined}`],
    entries: [ENTRY, { ...ENTRY, host: 'other.example' }],
  },
  {
    name: "nginx's $host in front",
    format: 'combined',
    lines: [`site.example ${combined}`],
    entries: [ENTRY],
  },
  {
    name: "nginx's $host at the end, quoted and after other fields",
    format: 'combined-host',
    lines: [
      `${combined} "203.0.113.9" 0.012 "site.example"`,
      `${combined} "-" 0.012 "192.0.2.1:8080"`,
      `${combined} "-" 0.1 "other.example"`,
    ],
    entries: [ENTRY, { ...ENTRY, host: '192.0.2.1' }, { ...ENTRY, host: 'other.example' }],
  },
  {
    name: "nginx's $host at the end, bare",
    format: 'combined-host',
    lines: [`${combined} site.example`],
    entries: [ENTRY],
  },
  {
    name: 'a header at the end that clients make up',
    format: 'combined',
    lines: [`${combined} "203.0.113.9"`, `${combined} "evil.example"`, `${combined} "-"`],
    entries: [NO_HOST, NO_HOST, NO_HOST],
  },
  {
    name: "Varnish's varnishncsa: a whole URL",
    format: 'combined',
    lines: [combined.replace('/page', 'http://site.example/page')],
    entries: [{ ...NO_HOST, request: { method: 'GET', target: 'http://site.example/page?a=b' } }],
  },
  {
    name: "Traefik's common log format",
    format: 'combined',
    lines: [`${combined} 1 "web@docker" "http://10.0.0.1:80" 5ms`],
    entries: [NO_HOST],
  },
  {
    name: 'IIS',
    format: 'w3c',
    lines: [
      '#Software: Microsoft Internet Information Services 10.0',
      '#Version: 1.0',
      '#Date: 2026-03-04 05:06:07',
      IIS_FIELDS,
      iis,
    ],
    entries: [NO_HOST],
  },
  {
    name: 'IIS: other fields in the middle, no query, no referrer, a space, signs that IIS has decoded, an address behind a proxy',
    format: 'w3c',
    lines: [
      IIS_FIELDS,
      iis.replace(' a=b ', ' - ').replace(` ${REFERER} `, ' - '),
      '#Software: Microsoft Internet Information Services 10.0',
      '#Date: 2026-03-05 00:00:00',
      '#Fields: time c-ip cs-method cs-uri-stem sc-status cs-host X-Forwarded-For',
      '05:06:07 10.0.0.9 GET /my+page#1? 304 site.example:443 192.0.2.7,+10.0.0.8',
    ],
    entries: [
      { ...NO_HOST, request: { method: 'GET', target: '/page' }, referer: '' },
      {
        ...ENTRY,
        time: TIME + 86_400_000,
        status: 304,
        request: { method: 'GET', target: '/my%20page%231%3F' },
        referer: '',
        userAgent: '',
        lacks: BOTH_LACK,
      },
    ],
  },
  {
    name: 'W3C with quotes',
    format: 'w3c',
    lines: [
      '#Fields: date time c-ip cs-method cs-uri sc-status cs(User-Agent) cs(Referer)',
      `2026-03-04 05:06:07 192.0.2.7 GET /page?a=b 200 "${AGENT}" "${REFERER}"`,
    ],
    entries: [NO_HOST],
  },
  {
    name: 'CloudFront',
    format: 'cloudfront',
    lines: ['#Version: 1.0', CLOUDFRONT_FIELDS, cloudfront(ENCODED_AGENT)],
    entries: [ENTRY],
  },
  {
    name: 'CloudFront: encoded twice, no query, no referrer',
    format: 'cloudfront',
    lines: [CLOUDFRONT_FIELDS, cloudfront(AGENT.replaceAll(' ', '%2520'), '/caf%25C3%25A9%2520x', '-', '-')],
    entries: [{ ...ENTRY, request: { method: 'GET', target: '/caf%C3%A9%20x' }, referer: '' }],
  },
  {
    name: 'CloudFront of the second version in W3C form, with few fields and the country',
    format: 'cloudfront',
    lines: [
      '#Version: 1.0',
      '#Fields: timestamp(ms) c-ip cs-method x-host-header cs-uri-stem cs-uri-query sc-status cs(Referer) cs(User-Agent) c-country',
      `${TIME + 123}\t192.0.2.7\tGET\tsite.example\t/page\ta=b\t200\t${REFERER}\t${ENCODED_AGENT}\tDE`,
    ],
    entries: [{ ...ENTRY, time: TIME + 123, country: 'DE' }],
  },
  {
    name: 'CloudFront in JSON',
    format: 'cloudfront-json',
    lines: [json(cloudfrontJson)],
    entries: [{ ...ENTRY, country: 'DE' }],
  },
  ...['http', 'https', 'h2', 'wss'].map(
    (type): Sample => ({
      name: `application load balancer, ${type}`,
      format: 'alb',
      lines: [alb(type, 'GET https://site.example:443/page?a=b HTTP/2.0')],
      entries: [{ ...NO_HOST, time: TIME + 186, request: WHOLE_URL, referer: '', lacks: ['referrer'] }],
    }),
  ),
  {
    name: 'application load balancer: quotes in the agent, and no HTTP',
    format: 'alb',
    lines: [
      alb('https', 'GET https://site.example:443/page?a=b HTTP/2.0', String.raw`a \"b\" \x22c\x22`),
      alb('http', '- http://site.example:80- -', '-'),
    ],
    entries: [
      {
        ...NO_HOST,
        time: TIME + 186,
        request: WHOLE_URL,
        referer: '',
        userAgent: 'a "b" "c"',
        lacks: ['referrer'],
      },
      { ...NO_HOST, time: TIME + 186, request: null, referer: '', userAgent: '', lacks: ['referrer'] },
    ],
  },
  {
    name: 'classic load balancer',
    format: 'elb',
    lines: [elb],
    entries: [{ ...NO_HOST, time: TIME + 943, request: WHOLE_URL, referer: '', lacks: ['referrer'] }],
  },
  {
    name: 'S3',
    format: 's3',
    lines: [
      s3('WEBSITE.GET.OBJECT', 'page', 'GET /page?a=b HTTP/1.1'),
      s3('REST.GET.VERSIONING', '-', 'GET /?versioning HTTP/1.1'),
    ],
    entries: [NO_HOST, { ...NO_HOST, request: null }],
  },
  { name: 'Caddy', format: 'caddy', lines: [json(caddy)], entries: [{ ...ENTRY, time: TIME + 524 }] },
  ...[
    '2026-03-04T05:06:07.524Z',
    '2026-03-04T06:06:07.524102400+01:00',
    '2026-03-04T06:06:07.524+0100',
    '2026/03/04 05:06:07.524',
    1772600767524,
    1772600767524102400,
  ].map(
    (ts): Sample => ({
      name: `Caddy with the time ${ts}`,
      format: 'caddy',
      lines: [json({ ...caddy, ts })],
      entries: [{ ...ENTRY, time: TIME + 524 }],
    }),
  ),
  {
    name: 'Caddy before version 2.5, and without headers',
    format: 'caddy',
    lines: [
      json({
        ...caddy,
        ts: 1772600767,
        request: {
          remote_addr: '192.0.2.7:41342',
          proto: 'HTTP/1.1',
          method: 'GET',
          host: 'site.example:443',
          uri: '/page?a=b',
          headers: { 'User-Agent': [AGENT] },
        },
      }),
      json({ ...caddy, ts: 1772600767, request: { ...caddy.request, headers: undefined } }),
    ],
    entries: [
      { ...ENTRY, referer: '' },
      { ...ENTRY, referer: '', userAgent: '', lacks: BOTH_LACK },
    ],
  },
  {
    name: 'Traefik, which logs no headers by default',
    format: 'traefik',
    lines: [json(traefik)],
    entries: [{ ...ENTRY, time: TIME + 123, referer: '', userAgent: '', lacks: BOTH_LACK }],
  },
  {
    name: 'Traefik with headers, one of them hidden',
    format: 'traefik',
    lines: [
      json({ ...traefik, 'request_User-Agent': AGENT, request_Referer: REFERER }),
      json({ ...traefik, 'request_User-Agent': AGENT }),
      json({ ...traefik, 'request_User-Agent': AGENT, request_Referer: 'REDACTED' }),
    ],
    entries: [
      { ...ENTRY, time: TIME + 123 },
      { ...ENTRY, time: TIME + 123, referer: '' },
      { ...ENTRY, time: TIME + 123, referer: '' },
    ],
  },
  ...['2026-03-04T05:06:07Z', '2026-03-04T05:06:07.000Z', 1772600767, 1772600767000000000].map(
    (EdgeStartTimestamp): Sample => ({
      name: `Logpush with the time ${EdgeStartTimestamp}`,
      format: 'cloudflare',
      lines: [json({ ...logpush, EdgeStartTimestamp })],
      entries: [{ ...ENTRY, country: 'DE' }],
    }),
  ),
  {
    name: 'Logpush: a bot by its score, a subrequest, no score, unknown countries',
    format: 'cloudflare',
    lines: [
      json({ ...logpush, BotScore: 29 }),
      json({ ...logpush, WorkerSubrequest: true }),
      json({ ...logpush, BotScore: 0, ClientCountry: 'xx' }),
      json({ ...logpush, BotScore: undefined, ClientCountry: 't1' }),
    ],
    entries: [
      { ...ENTRY, country: 'DE', isAutomated: true },
      { ...ENTRY, country: 'DE', isAutomated: true },
      ENTRY,
      ENTRY,
    ],
  },
  {
    name: 'nginx in JSON',
    format: 'json',
    lines: [
      json({
        time_iso8601: '2026-03-04T05:06:07+00:00',
        remote_addr: '192.0.2.7',
        remote_user: '',
        request: 'GET /page?a=b HTTP/2.0',
        status: '200',
        body_bytes_sent: '1234',
        http_referer: REFERER,
        http_user_agent: AGENT,
        http_x_forwarded_for: '',
        host: 'site.example',
      }),
    ],
    entries: [ENTRY],
  },
  {
    name: 'nginx and others in JSON: times and names of other configurations, and no HTTP',
    format: 'json',
    lines: [
      json({
        msec: '1772600767.000',
        remote_addr: '192.0.2.7',
        request_method: 'GET',
        request_uri: '/page?a=b',
        status: 200,
        http_referrer: REFERER,
        http_user_agent: AGENT,
        http_host: 'site.example',
      }),
      json({
        time_local: COMMON_TIME,
        client_ip: '192.0.2.7',
        method: 'GET',
        uri: '/page',
        args: 'a=b',
        status: 200,
        referer: REFERER,
        user_agent: AGENT,
        server_name: 'site.example',
      }),
      json({
        '@timestamp': '2026-03-04T06:06:07+01:00',
        '@source': '10.0.0.4',
        '@nginx_fields': {
          remote_addr: '192.0.2.7',
          status: '200',
          host: 'site.example',
          uri: '/page',
          request_uri: '/page?a=b',
          request_method: 'GET',
          http_referrer: REFERER,
          http_user_agent: AGENT,
        },
      }),
      json({
        timestamp: '2026-03-04T05:06:07.000Z',
        httpRequest: {
          requestMethod: 'GET',
          requestUrl: 'https://site.example:443/page?a=b',
          status: 200,
          userAgent: AGENT,
          remoteIp: '192.0.2.7',
          referer: REFERER,
        },
      }),
      json({
        time_iso8601: '2026-03-04T05:06:07+00:00',
        remote_addr: '192.0.2.7',
        request: '\u0016\u0003\u0001',
        status: '400',
        http_referer: '',
        http_user_agent: '',
        host: 'site.example',
      }),
    ],
    entries: [
      ENTRY,
      ENTRY,
      ENTRY,
      { ...NO_HOST, request: WHOLE_URL },
      { ...ENTRY, status: 400, request: null, referer: '', userAgent: '' },
    ],
  },
];
