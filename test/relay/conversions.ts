/** Conversions, destinations and the way of a batch to a fake, for the tests of networks. */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { FakeNetwork } from '../../scripts/lib/networks/fake.ts';
import type { Conversion } from '../../src/model/conversion.ts';
import type { Destination, NetworkName } from '../../src/model/destination.ts';
import type {
  Access,
  JsonObject,
  Network,
  Outgoing,
  RelayRequest,
  RelayResponse,
  Verdict,
} from '../../src/relay/network.ts';
import { sentFields } from '../../src/relay/networks/shared.ts';
import { destinationOf, exchange } from './sending.ts';

/** The clock of the tests and of their fakes. */
export const NOW = Date.UTC(2026, 10, 20, 12, 34, 56, 789);

const HASH = (character: string): string => character.repeat(64);

/** A purchase with everything that a conversion can have. */
export const PURCHASE: Conversion = {
  event_id: 'A-17-9f3kq2',
  name: 'Purchase',
  ts: NOW - 60_000,
  url: 'https://shop.example.com/thanks/for-you',
  referrer: 'https://shop.example.com/checkout',
  reporter: 'browser',
  page_pixels: [],
  ip: '203.0.113.77',
  user_agent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/150.0 Safari/537.36',
  language: 'en',
  country: 'DE',
  hashes: {
    em: HASH('a'),
    em_g: HASH('b'),
    em_r: HASH('c'),
    ph: HASH('d'),
    ph_e164: HASH('e'),
    external_id: HASH('f'),
  },
  network_ids: {
    fbp: 'fb.1.1700000000000.1234567890',
    fbc: 'fb.1.1700000000000.IwAR0click',
    ga: '1234567890.1700000000',
    ttp: 'ttp-0123456789',
    scid: 'scid-0123456789',
    rdt_uuid: '1700000000000.rdt-uuid-01234',
    uetvid: '1c9e61d0a0c911efb8d5f1a2b3c4d5e6',
    epik: 'dj0yJnU9epik0123',
  },
  clicks: {
    fbclid: { id: 'IwAR0facebook-click', at: NOW - 3_600_000 },
    gclid: { id: 'Cj0KCQiA-google-click', at: NOW - 7_200_000 },
    wbraid: { id: 'CjgKCQiA-wbraid-click', at: NOW - 9_000_000 },
    msclkid: { id: 'dd4afcccb1c9a4cad9544dd7e5006abc', at: NOW - 3_600_000 },
  },
  client_number: '12345678901234567890',
  value: 49_900_000,
  currency: 'EUR',
  order_id: 'ORDER-2026-17',
  contents: [
    { id: 'sku-red-1', quantity: 2, price: 19_950_000 },
    { id: 'sku-gift', quantity: 1, price: null },
  ],
};

const text = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: 'grapheme', minLength: 1, maxLength }).filter((value) => value.trim() !== '');
const orNone = (values: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.oneof(fc.constant(''), values);
const hash = fc.stringMatching(/^[\da-f]{64}$/);
const address = fc.webUrl({ validSchemes: ['https'] });
/** As a server writes it. */
const ipV6 = fc.ipV6().map((value) => new URL(`http://[${value}]`).hostname.slice(1, -1));
const click = fc.record({ id: text(200), at: fc.integer({ min: NOW - 80 * 86_400_000, max: NOW }) });

/** Any conversion of the last `maxAge` milliseconds. */
export const conversions = (maxAge: number): fc.Arbitrary<Conversion> =>
  fc.record({
    event_id: text(128),
    name: text(120),
    ts: fc.integer({ min: NOW - maxAge + 60_000, max: NOW }),
    url: orNone(address),
    referrer: orNone(address),
    reporter: fc.constantFrom('browser', 'server'),
    page_pixels: fc.subarray<NetworkName>(['meta', 'google', 'tiktok']),
    ip: orNone(fc.oneof(fc.ipV4(), ipV6)),
    user_agent: orNone(text(300)),
    language: fc.constantFrom('', 'en', 'de'),
    country: fc.constantFrom('', 'DE', 'US'),
    hashes: fc.record(
      { em: hash, em_g: hash, em_r: hash, ph: hash, ph_e164: hash, external_id: hash },
      { requiredKeys: [] },
    ),
    network_ids: fc.record({ ga: text(60), uetvid: text(60), fbp: text(60) }, { requiredKeys: [] }),
    clicks: fc.record(
      { gclid: click, gbraid: click, wbraid: click, msclkid: click, fbclid: click },
      { requiredKeys: [] },
    ),
    client_number: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
    value: fc.option(fc.maxSafeInteger()),
    currency: fc.constantFrom('', 'EUR', 'USD', 'JPY'),
    order_id: orNone(text(200)),
    contents: fc.array(
      fc.record({
        id: orNone(text(200)),
        quantity: fc.oneof(
          fc.integer({ min: 1, max: 1000 }),
          fc.double({ min: 0.001, max: 1000, noNaN: true }),
        ),
        price: fc.option(fc.maxSafeInteger()),
      }),
      { maxLength: 5 },
    ),
  });

export const accessOf = (fake: FakeNetwork, changes: Partial<Destination> = {}): Access => ({
  destination: destinationOf(fake, changes),
  secret: fake.secret,
  now: NOW,
});

export const outgoing = (as: string, changes: Partial<Conversion> = {}): Outgoing => ({
  conversion: { ...PURCHASE, ...changes },
  as,
});

export interface Sent {
  readonly events: readonly JsonObject[];
  readonly request: RelayRequest;
  readonly response: RelayResponse;
  readonly verdict: Verdict;
}

/** Sends a batch to a fake, as deliveries are sent. */
export async function send(
  network: Network,
  fake: FakeNetwork,
  batch: readonly Outgoing[],
  access: Access,
): Promise<Sent> {
  const { answered: response, ...sent } = await exchange(network, fake, batch, access);
  return { ...sent, response };
}

/** The body of a request. */
export const bodyOf = ({ request }: Pick<Sent, 'request'>): unknown => JSON.parse(request.body);

/** What became of each event, or of the batch. */
export const kindsOf = (verdict: Verdict): readonly string[] =>
  verdict.kind === 'each' ? verdict.events.map(({ kind }) => kind) : [verdict.kind];

/** The first answer of a verdict. */
export function answerIn(verdict: Verdict) {
  const [first] = verdict.kind === 'each' ? verdict.events : [verdict];
  if (first === undefined) throw new Error('a verdict without an event');
  return first.answer;
}

/** An answer that a network might give. */
export const answered = (
  status: number,
  body: unknown = '',
  headers: Readonly<Record<string, string>> = {},
): RelayResponse => ({
  status,
  headers: new Headers(headers),
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

/** Checks that an owner's page about a network lists the fields of its events, and has the words of the dashboard's form. */
export function expectDocumented(page: string, network: Network, events: readonly JsonObject[]): void {
  const [, table = ''] = /<!-- sent -->\n([\s\S]*?)\n<!-- \/sent -->/.exec(page) ?? [];
  const rows = Array.from(
    table.matchAll(/^\| `([^`]+)` \| (yes|no) \|/gm),
    ([, name, hashed]) => `${name} ${hashed}`,
  );
  // `…` stands for any key.
  const listed = rows.map((row) => new RegExp(`^${row.replaceAll('.', '\\.').replaceAll('…', '\\w+')}$`));
  const sent = new Set(
    events
      .flatMap((event) => network.fields?.(event) ?? sentFields(event))
      .map(({ name, hashed }) => `${name} ${hashed ? 'yes' : 'no'}`),
  );
  for (const field of sent)
    expect(
      listed.filter((row) => row.test(field)),
      field,
    ).toHaveLength(1);
  for (const [index, row] of listed.entries()) {
    expect([...sent].filter((field) => row.test(field)).length, rows[index]).toBeGreaterThan(0);
  }
  for (const { label } of [network.account, network.secret]) expect(page).toContain(`**${label}**`);
  for (const [name, as] of Object.entries(network.events))
    expect(page).toContain(`| \`${name}\` | \`${as}\` |`);
}

/** Checks that nothing of the sample purchase, and no secret, stands in what is recorded of an answer. */
export function expectNothingPersonal(verdict: Verdict, secret: string): void {
  const recorded = JSON.stringify(verdict);
  const { event_id, url, ip, user_agent, order_id, client_number, hashes, network_ids, clicks } = PURCHASE;
  const personal = [
    ...[event_id, url, ip, user_agent, order_id, client_number, secret],
    ...Object.values(hashes),
    ...Object.values(network_ids),
    ...Object.values(clicks).map(({ id }) => id),
  ];
  for (const value of personal) expect(recorded).not.toContain(value);
}
