/**
 * What strangers, the holder of a shared link and the holder of another pixel's token try: known tricks, and questions and
 * events at random. Each is allowed to them; none may do harm.
 */
import { constants, deflateRawSync, gzipSync } from 'node:zlib';
import { BROWSER, type Call, type Client, type Reply } from './client.ts';
import type { Random } from './random.ts';

/** What the attackers have. */
export interface Arms {
  readonly client: Client;
  readonly random: Random;
  /** The pixel under attack, whose id is public. */
  readonly victim: string;
  /** The attackers' own pixel. */
  readonly own: string;
  /** Cookie and header of a session by a shared link to the victim's statistics. */
  readonly link: Readonly<Record<string, string>>;
  /** Authorization of a token of their own pixel, with all scopes. */
  readonly token: Readonly<Record<string, string>>;
}

export interface Trick {
  readonly name: string;
  readonly who: 'stranger' | 'link' | 'token';
  run(arms: Arms): Promise<unknown>;
}

/** Pages of hostile events begin with this, those of honest ones do not. */
export const HOSTILE_PAGES = 'https://site.example/hostile/';

type Fields = Record<string, unknown>;

const stranger = (name: string, run: Trick['run']): Trick => ({ name, who: 'stranger', run });

const beacon = ({ client }: Arms, name: string, events: unknown, call: Call = {}): Promise<Reply> =>
  client.send(name, '/beacon', { method: 'POST', body: JSON.stringify(events), ...call });

/** A beacon of events of the victim. */
const flood = (name: string, count: number, fields: (arms: Arms, index: number) => Fields): Trick =>
  stranger(name, (arms) =>
    beacon(
      arms,
      name,
      Array.from({ length: count }, (_, index) => ({
        id: arms.victim,
        ev: 'hostile',
        dl: `${HOSTILE_PAGES}${name.replaceAll(' ', '-')}`,
        ...fields(arms, index),
      })),
      { headers: { 'cf-connecting-ip': `203.0.113.${arms.random.below(250)}` } },
    ),
  );

const image = (
  name: string,
  query: (arms: Arms) => string,
  headers: (arms: Arms) => Record<string, string>,
): Trick =>
  stranger(name, (arms) => arms.client.send(name, `/p.gif?${query(arms)}`, { headers: headers(arms) }));

const page = (arms: Arms): string => encodeURIComponent(HOSTILE_PAGES + arms.random.letters(8));

const STRANGERS: readonly Trick[] = [
  flood('greatest amounts', 100, () => ({ ev: 'Purchase', cd: { value: '9007199254.7', currency: 'EUR' } })),
  flood('least amounts', 100, () => ({ ev: 'Purchase', cd: { value: '-9007199254.7', currency: 'USD' } })),
  flood('amounts at the bound', 100, () => ({ ev: 'Purchase', cd: { value: 1e6, currency: 'JPY' } })),
  flood('invented currencies', 100, ({ random }) => ({
    ev: 'Purchase',
    cd: { value: 1, currency: random.letters(3, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') },
  })),
  flood('real currencies', 100, ({ random }) => ({
    ev: 'Purchase',
    cd: { value: 1, currency: random.pick(CURRENCIES), [`key${random.below(200)}`]: random.letters(4) },
  })),
  flood('property keys', 100, ({ random }) => ({
    cd: Object.fromEntries(Array.from({ length: 20 }, () => [random.letters(6), random.letters(6)])),
  })),
  flood('pages', 100, ({ random }) => ({ ev: 'pageview', dl: HOSTILE_PAGES + random.letters(12) })),
  flood('aliases of one user', 100, ({ random }) => ({
    uid: 'buyer-1',
    ud: { em: random.hex(64), ph: random.hex(64), external_id: random.hex(64) },
  })),
  flood('users of one address', 100, ({ random }, index) => ({
    uid: `attacker-${random.below(1e6)}-${index}`,
    ud: { em: EMAIL_OF_BUYER },
  })),
  flood('event ids of orders to come', 100, ({ random }) => ({
    ev: 'Purchase',
    eid: `order-${random.below(2000)}`,
    cd: { value: 0.01, currency: 'EUR' },
  })),
  flood('events of one user', 100, ({ random }) => ({
    ev: random.pick(['Signup', 'Purchase']),
    uid: 'walker',
  })),
  flood('names', 100, ({ random }) => ({ ev: random.letters(100) })),
  flood('utm', 100, ({ random }) => ({
    dl: `${HOSTILE_PAGES}?utm_source=${random.letters(20)}&utm_campaign=${random.letters(20)}&utm_term=${random.letters(20)}`,
  })),
  image(
    'costly agent',
    (arms) => `id=${arms.victim}&dl=${page(arms)}`,
    ({ random }) => ({
      'user-agent': `Mozilla/5.0 (Linux; U; Android 4.4; archos ${'1'.repeat(300 + random.below(140))}${random.below(999)}`,
    }),
  ),
  image(
    'slashed agent',
    (arms) => `id=${arms.victim}&dl=${page(arms)}`,
    ({ random }) => ({ 'user-agent': `XIAOMI ${' '.repeat(random.below(200))}${'/'.repeat(200)}` }),
  ),
  image(
    'long agent',
    (arms) => `id=${arms.victim}&dl=${page(arms)}`,
    ({ random }) => ({ 'user-agent': `${BROWSER} ${random.letters(12)}${'x'.repeat(12_000)}` }),
  ),
  image(
    'unknown pixel',
    ({ random }) => `id=${random.letters(6000)}`,
    () => ({}),
  ),
  image(
    'well-formed unknown pixel',
    ({ random }) => `id=px_${random.letters(16, 'abcdefghjkmnpqrstuvwxyz')}`,
    () => ({}),
  ),
  image(
    'families of bots',
    (arms) => `id=${arms.victim}`,
    ({ random }) => ({ 'user-agent': `${random.letters(10)}bot/1.0` }),
  ),
  image(
    'planted consent',
    ({ victim }) =>
      `id=${victim}&dl=${encodeURIComponent(HOSTILE_PAGES)}&consent=granted&cid=AAAAAAAAAAAAAAAAAAAAAA`,
    () => ({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }),
  ),
  stranger('nested JSON', ({ client, victim }) =>
    client.send('nested JSON', '/beacon', {
      method: 'POST',
      body: `{"id":"${victim}","dl":"${HOSTILE_PAGES}","cd":{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`,
    }),
  ),
  stranger('gzip bomb', ({ client }) =>
    client.send('gzip bomb', '/beacon', {
      method: 'POST',
      headers: { 'content-encoding': 'gzip' },
      body: BOMB,
    }),
  ),
  stranger('gzip bomb of a gigabyte', ({ client }) =>
    client.send('gzip bomb of a gigabyte', '/api/v1/session', {
      method: 'POST',
      headers: { 'content-encoding': 'gzip' },
      body: GREAT_BOMB,
    }),
  ),
  stranger('too many events', (arms) =>
    beacon(arms, 'too many events', Array(3000).fill({ id: arms.victim })),
  ),
  stranger("visitor's page", ({ client, victim, random }) =>
    client.send("visitor's page", `/privacy?id=${victim}`, {
      headers: {
        'user-agent': `${BROWSER} ${random.below(50)}`,
        'cf-connecting-ip': `203.0.113.${random.below(250)}`,
      },
    }),
  ),
  stranger('all pixels of a visitor', ({ client }) => client.send('all pixels of a visitor', '/privacy')),
  stranger('guessed tokens', ({ client, random }) =>
    client.send('guessed tokens', '/api/v1/pixels', {
      headers: { authorization: `Bearer ${random.letters(40)}` },
    }),
  ),
  stranger('guessed sessions', ({ client, random }) =>
    client.send('guessed sessions', '/api/v1/session', {
      headers: { cookie: `speck=${random.letters(43)}`, 'x-speck-session': 'owner' },
    }),
  ),
  stranger('guessed links', ({ client, random }) =>
    client.send('guessed links', '/api/v1/session', {
      method: 'POST',
      body: `{"link":"${random.letters(43)}"}`,
    }),
  ),
  stranger('health', ({ client }) => client.send('health', '/health')),
  stranger('paths', ({ client, random }) =>
    client.send('paths', `/${random.letters(30)}/${random.letters(3000)}`),
  ),
];

const CURRENCIES = Intl.supportedValuesOf('currency');
const BOMB = Uint8Array.from(gzipSync(new Uint8Array(20_000_000)));
/** A megabyte of packed bytes at most, in which a block of a megabyte is repeated. It has no end: nobody should get there. */
const GREAT_BOMB = Uint8Array.from(
  Buffer.concat([
    gzipSync(new Uint8Array(0)).subarray(0, 10),
    ...Array(900).fill(deflateRawSync(new Uint8Array(1_000_000), { finishFlush: constants.Z_FULL_FLUSH })),
  ]),
);

/** SHA-256 of an address that honest events carry, too. */
export const EMAIL_OF_BUYER = 'b'.repeat(64);

const ask = (name: string, body: (arms: Arms) => Fields): Trick => ({
  name,
  who: 'link',
  run: (arms) =>
    arms.client.send(name, '/api/v2/query', {
      method: 'POST',
      headers: { ...arms.link, 'content-type': 'application/json' },
      body: JSON.stringify({ site_id: arms.victim, metrics: ['visitors'], date_range: 'day', ...body(arms) }),
    }),
});

const short = (name: string, path: (arms: Arms) => string): Trick => ({
  name,
  who: 'link',
  run: (arms) =>
    arms.client.send(name, `/api/v1/pixels/${arms.victim}/${path(arms)}`, { headers: arms.link }),
});

const DIMENSIONS = [
  'event:page',
  'event:name',
  'event:goal',
  'event:currency',
  'event:props:plan',
  'visit:source',
  'visit:country',
  'visit:browser',
  'visit:entry_page',
  'visit:exit_page',
  'person:devices',
  'person:first_source',
  'time:hour',
  'time:day',
];
const METRICS = [
  'visitors',
  'visits',
  'pageviews',
  'events',
  'people',
  'new_people',
  'total_revenue',
  'percentage',
];
const RANGES: readonly unknown[] = [
  'day',
  '7d',
  '12mo',
  'all',
  ['2000-01-01', '2026-12-31'],
  ['0001-01-01', '9999-12-31'],
  ['2026-11-28T00:00:00Z', '2026-11-29T23:00:00.001Z'],
];

function anyFilter(random: Random, depth = 0): unknown {
  const kind = random.below(depth > 3 ? 3 : 7);
  const dimension = random.pick(DIMENSIONS.slice(0, 12));
  const values = (): string[] =>
    Array.from({ length: 1 + random.below(random.pick([1, 5, 900])) }, () =>
      random.letters(1 + random.below(8)),
    );
  if (kind === 0) return [random.pick(['is', 'is_not']), dimension, values()];
  if (kind === 1) return [random.pick(['contains', 'contains_not']), dimension, values()];
  if (kind === 2) return [random.pick(['matches', 'matches_not']), dimension, [random.pick(PATTERNS)]];
  if (kind === 3) return ['not', anyFilter(random, depth + 1)];
  if (kind === 4) return [random.pick(['has_done', 'has_not_done']), anyFilter(random, depth + 1)];
  return [
    random.pick(['and', 'or']),
    Array.from({ length: 1 + random.below(6) }, () => anyFilter(random, depth + 1)),
  ];
}

const PATTERNS = [
  'a.{100}[^k]{3,400}k$',
  '[a-z]{1000}',
  '(a*)*b',
  '^/hostile/.*x',
  '(x+x+)+y',
  '.{500}',
  '(?i)[\\w-]{200}$',
];

const LINK_HOLDERS: readonly Trick[] = [
  short('far day', () => 'stats?from=9999-12-31&to=9999-12-31'),
  short(
    'three centuries of hours',
    () => 'stats?by=hour&from=1700-01-01&to=2026-11-28&compare=previous_period',
  ),
  short('funnel of a millennium', () => 'funnel?name=Buying&from=1000-01-01&to=2026-01-01'),
  short('funnel of all time', () => 'funnel?name=Buying&from=0001-01-01&to=9998-01-01'),
  short("people's funnel", () => 'funnel?name=Returning'),
  short('properties of all time', () => 'properties?from=2000-01-01&to=9998-01-01'),
  ask('hours compared with the end of time', () => ({
    dimensions: ['time:hour'],
    include: { comparisons: { mode: 'custom', date_range: ['9999-12-30', '9999-12-31'] } },
  })),
  ask('25 patterns', () => ({
    filters: [['matches', 'event:page', Array(25).fill('a.{100}[^k]{3,400}k$')]],
  })),
  ask('4,000 classes', () => ({
    filters: Array.from({ length: 4 }, () => ['matches', 'event:page', Array(1000).fill('[a-z]{1000}')]),
  })),
  ask('contains 1,000', ({ random }) => ({
    filters: [
      ['contains', 'event:page', Array.from({ length: 1000 }, (_, at) => `zz${at}${random.letters(2)}`)],
    ],
  })),
  ask('40 times contains', () => ({
    filters: Array.from({ length: 40 }, (_, at) => ['contains', 'event:page', Array(900).fill(`q${at}`)]),
  })),
  ask('20 properties', () => ({
    filters: Array.from({ length: 20 }, (_, at) => ['is_not', `event:props:plan${at}`, ['x']]),
  })),
  ask('10 behaviours', () => ({
    filters: Array.from({ length: 10 }, (_, at) => ['has_done', ['is', 'event:page', [`/p/${at}`]]]),
  })),
  ask('two dimensions', () => ({ dimensions: ['event:page', 'visit:source'] })),
  ask('3,000 orders', () => ({ order_by: Array(3000).fill(['visitors', 'asc']) })),
  ask('last page', () => ({ dimensions: ['event:page'], pagination: { limit: 10_000, offset: 1e9 } })),
  ask('first source of people', () => ({
    metrics: ['visitors', 'people'],
    dimensions: ['person:first_source'],
    include: { attribution_days: 90 },
  })),
  {
    name: 'the same thirty times at once',
    who: 'link',
    run: (arms) =>
      Promise.all(
        Array.from({ length: 30 }, () =>
          arms.client.send('the same thirty times at once', '/api/v2/query', {
            method: 'POST',
            headers: { ...arms.link, 'content-type': 'application/json' },
            body: JSON.stringify({
              site_id: arms.victim,
              metrics: ['visitors'],
              date_range: 'day',
              dimensions: ['event:page', 'visit:country'],
            }),
          }),
        ),
      ),
  },
  ask('anything', ({ random }) => ({
    metrics: Array.from({ length: 1 + random.below(4) }, () => random.pick(METRICS)),
    date_range: random.pick(RANGES),
    dimensions: Array.from({ length: random.below(4) }, () => random.pick(DIMENSIONS)),
    filters: Array.from({ length: random.below(4) }, () => anyFilter(random)),
    include: { total_rows: random.below(2) === 0 },
  })),
];

const api = (name: string, path: (arms: Arms) => string, call: (arms: Arms) => Call = () => ({})): Trick => ({
  name,
  who: 'token',
  run: (arms) => {
    const { headers, ...rest } = call(arms);
    return arms.client.send(name, path(arms), { headers: { ...arms.token, ...headers }, ...rest });
  },
});

const events = (name: string, fields: (arms: Arms, index: number) => Fields): Trick =>
  api(
    name,
    () => '/api/v1/events',
    (arms) => ({
      method: 'POST',
      body: JSON.stringify({
        events: Array.from({ length: 200 }, (_, index) => ({
          id: arms.own,
          ev: 'x',
          ...fields(arms, index),
        })),
      }),
    }),
  );

const DAY = 86_400_000;

const TOKEN_HOLDERS: readonly Trick[] = [
  events('days of 26 years', ({ random }) => ({ ts: Date.now() - random.below(9500) * DAY })),
  events('amounts of last month', ({ random }) => ({
    ts: Date.now() - random.below(40) * DAY,
    cd: { value: random.pick(['9007199254.7', 1e9, 1e6]), currency: 'EUR' },
  })),
  events('events of another pixel', ({ victim }) => ({ id: victim })),
  events('addresses', ({ random }) => ({ ip: `198.18.0.${random.below(250)}`, ua: BROWSER })),
  events('times that are none', ({ random }) => ({
    ts: random.pick([9e15, -1, 1e300, '9999-12-31T23:59:59Z', '+010000-01-01T00:00:00Z', null]),
  })),
  api('another pixel', ({ victim }) => `/api/v1/pixels/${victim}`),
  api("another pixel's people", ({ victim }) => `/api/v1/pixels/${victim}/people?uid=buyer-1`),
  api(
    'own statistics of all time',
    ({ own }) => `/api/v1/pixels/${own}/stats?from=0001-01-01&to=9999-12-31&by=hour`,
  ),
  api('own export', ({ own }) => `/api/v1/pixels/${own}/events?limit=1000`),
  api(
    'links without end',
    ({ own }) => `/api/v1/pixels/${own}/links`,
    () => ({ method: 'POST', body: '{"name":"one more"}' }),
  ),
  api(
    'erasing without end',
    ({ own, random }) => `/api/v1/pixels/${own}/people?uid=u${random.below(1e6)}`,
    () => ({ method: 'DELETE' }),
  ),
  api(
    'zone after zone',
    ({ own }) => `/api/v1/pixels/${own}`,
    ({ random }) => ({
      method: 'PATCH',
      body: JSON.stringify({
        timezone: random.pick(['Pacific/Kiritimati', 'Asia/Kathmandu', 'America/St_Johns']),
      }),
    }),
  ),
  api(
    'goals and funnels',
    ({ own }) => `/api/v1/pixels/${own}`,
    ({ random }) => ({
      method: 'PATCH',
      body: JSON.stringify({
        settings: {
          goals: Array.from({ length: 50 }, (_, at) => ({ name: `g${at}`, page: `/${random.letters(3)}*` })),
        },
      }),
    }),
  ),
  api(
    'own everything',
    () => '/api/v2/query',
    ({ own, random }) => ({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        site_id: own,
        metrics: ['visitors', 'total_revenue'],
        date_range: random.pick(RANGES),
        dimensions: [random.pick(DIMENSIONS)],
        filters: random.below(2) === 0 ? [] : [anyFilter(random)],
      }),
    }),
  ),
];

export const TRICKS: readonly Trick[] = [...STRANGERS, ...LINK_HOLDERS, ...TOKEN_HOLDERS];
