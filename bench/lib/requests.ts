/**
 * The traffic: what browsers send for `<img src="https://px…/p.gif?…">` on pages of one site, as Cloudflare hands it to
 * a Worker. Made once, as bytes ready to write, so that a request costs the client next to nothing. The same seed makes
 * the same requests for every Worker.
 */

/** Distinct requests; the client goes round. More visitors than a Worker will remember, so that each comes as new. */
const POOL = 30_000;
const ADDRESSES = 5_000;
/** Behind one address: households and offices. */
const AGENTS_PER_ADDRESS = 2;
/** Visits that go on at the same time, page by page. */
const OPEN_VISITS = 500;
const PAGES_PER_VISIT = 3;
const PAGES = 2_000;

const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)';
const MAC = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)';
const WEBKIT = 'AppleWebKit/537.36 (KHTML, like Gecko)';

const AGENTS = [
  `${WINDOWS} ${WEBKIT} Chrome/142.0.0.0 Safari/537.36`,
  `${WINDOWS} ${WEBKIT} Chrome/141.0.0.0 Safari/537.36`,
  `${WINDOWS} ${WEBKIT} Chrome/139.0.0.0 Safari/537.36`,
  `${WINDOWS} ${WEBKIT} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0`,
  `${WINDOWS} ${WEBKIT} Chrome/140.0.0.0 Safari/537.36 OPR/124.0.0.0`,
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0',
  `${MAC} ${WEBKIT} Chrome/142.0.0.0 Safari/537.36`,
  `${MAC} ${WEBKIT} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0`,
  `${MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15`,
  `${MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Safari/605.1.15`,
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:144.0) Gecko/20100101 Firefox/144.0',
  `Mozilla/5.0 (X11; Linux x86_64) ${WEBKIT} Chrome/142.0.0.0 Safari/537.36`,
  'Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0',
  `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${WEBKIT} Chrome/141.0.0.0 Safari/537.36`,
  `Mozilla/5.0 (Linux; Android 10; K) ${WEBKIT} Chrome/142.0.0.0 Mobile Safari/537.36`,
  `Mozilla/5.0 (Linux; Android 10; K) ${WEBKIT} Chrome/140.0.0.0 Mobile Safari/537.36`,
  `Mozilla/5.0 (Linux; Android 10; K) ${WEBKIT} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36`,
  `Mozilla/5.0 (Linux; Android 10; K) ${WEBKIT} Chrome/141.0.0.0 Safari/537.36`,
  'Mozilla/5.0 (Android 15; Mobile; rv:144.0) Gecko/144.0 Firefox/144.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.7444.46 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1',
];

/** A part of the user agent, and the name that Chromium's platform hint gives that system. */
const SYSTEMS = [
  ['Windows', 'Windows'],
  ['Macintosh', 'macOS'],
  ['Android', 'Android'],
  ['CrOS', 'Chrome OS'],
  ['Linux', 'Linux'],
] as const;

const REFERRERS = [
  '',
  'https://www.google.com/',
  'https://www.google.com/',
  'https://www.bing.com/',
  'https://duckduckgo.com/',
  'https://news.ycombinator.com/item?id=42424242',
  'https://t.co/',
  'https://www.reddit.com/r/programming/',
  'https://l.facebook.com/',
  'https://blog.example.org/2026/11/links',
];

const CAMPAIGNS = [
  '',
  '?utm_source=nl',
  '',
  '?utm_source=google&utm_medium=cpc&utm_campaign=autumn',
  '?ref=partner',
];

const LANGUAGES = ['en-US,en;q=0.9', 'de-DE,de;q=0.9,en;q=0.8', 'fr-FR,fr;q=0.9', 'pt-BR,pt;q=0.9,en;q=0.7'];

const PLACES = [
  {
    country: 'US',
    region: 'California',
    regionCode: 'CA',
    city: 'San Francisco',
    timezone: 'America/Los_Angeles',
  },
  { country: 'US', region: 'New York', regionCode: 'NY', city: 'New York', timezone: 'America/New_York' },
  { country: 'DE', region: 'Land Berlin', regionCode: 'BE', city: 'Berlin', timezone: 'Europe/Berlin' },
  { country: 'FR', region: 'Île-de-France', regionCode: 'IDF', city: 'Paris', timezone: 'Europe/Paris' },
  { country: 'BR', region: 'São Paulo', regionCode: 'SP', city: 'São Paulo', timezone: 'America/Sao_Paulo' },
  { country: 'JP', region: 'Tokyo', regionCode: '13', city: 'Tokyo', timezone: 'Asia/Tokyo' },
];

/** The header by which Miniflare's runtime takes `request.cf`. */
const CF_HEADER = 'MF-CF-Blob';

export function makeRequests(pixel: string): Buffer[] {
  const random = randomFrom(20_261_124);
  let visitors = 0;
  const visits = Array.from({ length: OPEN_VISITS }, () => visitors++);
  return Array.from({ length: POOL }, (_, index) => {
    const slot = Math.floor(random() * OPEN_VISITS);
    const visitor = visits[slot] as number;
    if (random() < 1 / PAGES_PER_VISIT) visits[slot] = visitors++;
    return Buffer.from(requestOf(pixel, index, visitor % (ADDRESSES * AGENTS_PER_ADDRESS), random), 'latin1');
  });
}

function requestOf(pixel: string, index: number, visitor: number, random: () => number): string {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const address = visitor % ADDRESSES;
  const ip = `203.0.${Math.floor(address / 250)}.${1 + (address % 250)}`;
  const agent = AGENTS[visitor % AGENTS.length] as string;
  const place = PLACES[address % PLACES.length] as (typeof PLACES)[number];
  // Few pages have most of the views.
  const page = `https://site.example/blog/${Math.floor(PAGES * random() ** 3)}${pick(CAMPAIGNS)}`;
  const referrer = pick(REFERRERS);
  const rl = referrer === '' ? '' : `&rl=${encodeURIComponent(referrer)}`;
  const cf = {
    ...place,
    colo: 'FRA',
    continent: 'EU',
    asn: 64_500,
    httpProtocol: 'HTTP/3',
    tlsVersion: 'TLSv1.3',
  };
  const lines = [
    `GET /p.gif?id=${pixel}&ev=PageView&dl=${encodeURIComponent(page)}${rl} HTTP/1.1`,
    'Host: px.site.example',
    `User-Agent: ${agent}`,
    'Accept: image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8',
    `Accept-Language: ${LANGUAGES[address % LANGUAGES.length]}`,
    'Accept-Encoding: gzip, br',
    'Referer: https://site.example/',
    'Sec-Fetch-Dest: image',
    'Sec-Fetch-Mode: no-cors',
    'Sec-Fetch-Site: same-site',
    ...clientHints(agent),
    `CF-Connecting-IP: ${ip}`,
    `X-Forwarded-For: ${ip}`,
    'X-Forwarded-Proto: https',
    `CF-IPCountry: ${place.country}`,
    `CF-Ray: 9a${index.toString(16).padStart(14, '0')}-FRA`,
    'CF-Visitor: {"scheme":"https"}',
    `${CF_HEADER}: ${asciiJson(cf)}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** What Chromium says of itself unasked. The other engines send none of it. */
function clientHints(agent: string): string[] {
  const version = / Chrome\/(\d+)/.exec(agent)?.[1];
  if (version === undefined) return [];
  const system = SYSTEMS.find(([part]) => agent.includes(part))?.[1] ?? 'Unknown';
  return [
    `Sec-CH-UA: "Chromium";v="${version}", "Not_A Brand";v="99"`,
    `Sec-CH-UA-Mobile: ?${agent.includes('Mobile') ? 1 : 0}`,
    `Sec-CH-UA-Platform: "${system}"`,
  ];
}

/** JSON that survives a header: anything beyond ASCII escaped. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[\u0080-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** mulberry32: small, seeded, good enough to shuffle traffic. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
