/**
 * What strangers, the holder of a shared link and the holder of another pixel's token try: known tricks, and queries and
 * events at random. Each is allowed to them; none may do harm.
 */
import { constants, deflateRawSync, gzipSync } from 'node:zlib';
import { BROWSER, type Call, type Client, type Reply } from './client.ts';
import { LINK_HOLDERS } from './link-holders.ts';
import type { Random } from './random.ts';
import { TOKEN_HOLDERS } from './token-holders.ts';

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

/** Tricks that are never to be answered, however often they are tried. */
export const ALWAYS_REFUSED: readonly string[] = [
  'too many events',
  'gzip bomb',
  'gzip bomb of a gigabyte',
  'guessed tokens',
  'guessed sessions',
  'guessed links',
  'far day',
  'three centuries of hours',
  'funnel of a millennium',
  'funnel of all time',
  'properties of all time',
  'hours compared with the end of time',
  '4,000 classes',
  '40 times contains',
  '3,000 orders',
  'events of another pixel',
  'another pixel',
  "another pixel's people",
  'own statistics of all time',
];

/** Pages of hostile events begin with this, those of honest ones do not. */
export const HOSTILE_PAGES = 'https://site.example/hostile/';

export type Fields = Record<string, unknown>;

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

/** The same trick, several times at once. */
const repeated = (times: number, trick: Trick): Trick => ({
  ...trick,
  run: (arms) => Promise.all(Array.from({ length: times }, () => trick.run(arms))),
});

const page = (arms: Arms): string => encodeURIComponent(HOSTILE_PAGES + arms.random.letters(8));

const STRANGERS: readonly Trick[] = [
  // A thousand of them are past 64 bits.
  repeated(
    4,
    flood('greatest amounts', 100, () => ({
      ev: 'Purchase',
      cd: { value: '9007199254.7', currency: 'EUR' },
    })),
  ),
  repeated(
    4,
    flood('least amounts', 100, () => ({ ev: 'Purchase', cd: { value: '-9007199254.7', currency: 'USD' } })),
  ),
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
  flood('long pages', 30, ({ random }) => ({
    ev: 'pageview',
    dl: HOSTILE_PAGES + random.letters(900, 'ab'),
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
  repeated(
    10,
    stranger('guessed tokens', ({ client, random }) =>
      client.send('guessed tokens', '/api/v1/pixels', {
        headers: { authorization: `Bearer ${random.letters(40)}` },
      }),
    ),
  ),
  stranger('guessed sessions', ({ client, random }) =>
    client.send('guessed sessions', '/api/v1/session', {
      headers: { cookie: `speck=${random.letters(43)}`, 'x-speck-session': 'owner' },
    }),
  ),
  repeated(
    10,
    stranger('guessed links', ({ client, random }) =>
      client.send('guessed links', '/api/v1/session', {
        method: 'POST',
        body: `{"link":"${random.letters(43)}"}`,
      }),
    ),
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

export const TRICKS: readonly Trick[] = [...STRANGERS, ...LINK_HOLDERS, ...TOKEN_HOLDERS];
