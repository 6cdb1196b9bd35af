/** Conversions, and how the tests of a network send them to its fake: as delivery does, in halves if a batch is refused. */
import fc from 'fast-check';
import type { FakeNetwork } from '../../scripts/lib/networks/fake.ts';
import { CLICK_PARAMETERS, type Conversion, NETWORK_IDS, USER_HASHES } from '../../src/model/conversion.ts';
import { CURRENCIES } from '../../src/model/currencies.ts';
import type { Destination } from '../../src/model/destination.ts';
import type {
  Access,
  EventVerdict,
  JsonObject,
  Network,
  Outgoing,
  RelayRequest,
  RelayResponse,
  Verdict,
} from '../../src/relay/network.ts';
import { verdictOf } from '../../src/relay/networks/shared.ts';

export const NOW = Date.UTC(2026, 10, 30, 23, 30);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const hash = (digit: string): string => digit.repeat(64);

/** A purchase with everything that a conversion can have, ten minutes ago. */
export const PURCHASE: Conversion = {
  event_id: 'A-17-9f3kq2',
  name: 'Purchase',
  ts: NOW - 600_000 + 456,
  url: 'https://site.example/thanks',
  referrer: 'https://site.example/checkout',
  reporter: 'browser',
  page_pixels: [],
  ip: '203.0.113.77',
  user_agent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/150.0 Safari/537.36',
  language: 'de-AT',
  country: 'AT',
  hashes: {
    em: hash('1'),
    em_g: hash('2'),
    em_r: hash('3'),
    ph: hash('4'),
    ph_e164: hash('5'),
    external_id: hash('6'),
  },
  network_ids: {
    fbp: 'fb.1.1778869247376.523905064992',
    ttp: '2F7h37YkS1j57AYSKTI7IHhJPYH',
    scid: '0f8fad5b-d9cb-469f-a165-70867728950e',
    epik: 'cookie-epik-value',
  },
  clicks: {
    fbclid: { id: 'IwAR2F4-dbP0l7Mn1', at: NOW - 3 * DAY - 321 },
    ttclid: { id: 'E.C.P.tiktok-click', at: NOW - DAY },
    ScCid: { id: 'snap-click-4711', at: NOW - DAY },
    epik: { id: 'dj0yJnU9b2JDcFFH', at: NOW - DAY },
  },
  client_number: '1844674407370955',
  value: 49_900_000,
  currency: 'EUR',
  order_id: 'order-A-17',
  contents: [
    { id: 'sku-1', quantity: 2, price: 19_950_000 },
    { id: 'sku-2', quantity: 1, price: null },
  ],
};

const text = (max: number) => fc.string({ unit: 'grapheme', minLength: 1, maxLength: max });
const sha256 = fc.stringMatching(/^[\da-f]{64}$/);
const optional = <Name extends string, Value>(names: readonly Name[], value: fc.Arbitrary<Value>) =>
  fc.record(Object.fromEntries(names.map((name) => [name, value])) as Record<Name, fc.Arbitrary<Value>>, {
    requiredKeys: [],
  });

/** Any conversion that is not older than a network takes it. Its parts are absent, usual or odd. */
export const conversions = (maxAge: number): fc.Arbitrary<Conversion> =>
  fc.record({
    event_id: fc.oneof(fc.uuid(), text(64)),
    name: fc.constant('Purchase'),
    ts: fc.integer({ min: NOW - Math.min(maxAge, 7 * DAY) + 60_000, max: NOW }),
    url: fc.oneof({ weight: 9, arbitrary: fc.webUrl() }, { weight: 1, arbitrary: fc.constant('') }),
    referrer: fc.oneof(fc.webUrl(), fc.constant('')),
    reporter: fc.constantFrom('browser' as const, 'server' as const),
    page_pixels: fc.subarray(['meta', 'tiktok', 'snap', 'pinterest'] as const),
    ip: fc.oneof(fc.ipV4(), fc.constant('2001:db8::8a2e:370:7334'), fc.constant('')),
    user_agent: fc.oneof(fc.constant(PURCHASE.user_agent), text(60), fc.constant('')),
    language: fc.constantFrom('', 'en', 'pt-BR', 'fil', 'EN', '*'),
    country: fc.constantFrom('', 'AT'),
    hashes: optional(USER_HASHES, sha256),
    network_ids: optional(
      Object.keys(NETWORK_IDS) as (keyof typeof NETWORK_IDS)[],
      fc.oneof(
        text(40),
        fc.constantFrom('', 'fb.1.1778869247376.523905064992', 'fb.1.1778869247376.523905064992.AQYBAQIA'),
        fc.constantFrom(
          'fb.1.1778869247376.IwAR2F4',
          'fb.1.9978869247376.IwAR2F4',
          'fb.1.1778869247.IwAR2F4',
        ),
      ),
    ),
    clicks: optional(
      Object.keys(CLICK_PARAMETERS) as (keyof typeof CLICK_PARAMETERS)[],
      fc.record({
        id: fc.stringMatching(/^[\w.-]{1,60}$/),
        at: fc.integer({ min: NOW - 90 * DAY, max: NOW }),
      }),
    ),
    client_number: fc.stringMatching(/^[1-9]\d{0,18}$/),
    value: fc.option(fc.integer({ min: -1e10, max: 1e13 })),
    currency: fc.oneof(fc.constantFrom(...CURRENCIES), fc.constant('')),
    order_id: fc.oneof(text(30), fc.constant('')),
    contents: fc.array(
      fc.record({
        id: text(30),
        quantity: fc.oneof(
          fc.integer({ min: 1, max: 1000 }),
          fc.double({ min: 0.001, max: 1000, noNaN: true }),
        ),
        price: fc.option(fc.integer({ min: 0, max: 1e12 })),
      }),
      { maxLength: 4 },
    ),
  });

/** A destination that its network's fake accepts. */
export const destinationOf = (fake: FakeNetwork, more: Partial<Destination> = {}): Destination => ({
  id: 'ds_1111111111111111',
  pixel: 'px_1',
  network: fake.name,
  name: 'Example',
  account: fake.account,
  settings: {},
  rules: [{ event: 'Purchase', as: 'Purchase' }],
  mode: 'live',
  test_code: '',
  state: 'on',
  problem: null,
  created_at: 1_700_000_000_000,
  secret_at: 0,
  updated_at: 0,
  ...more,
});

export interface Sending {
  readonly network: Network;
  readonly fake: FakeNetwork;
  readonly destination?: Destination;
  readonly secret?: string;
  readonly now?: number;
}

const accessOf = ({ fake, destination = destinationOf(fake), secret = fake.secret, now = NOW }: Sending) => ({
  destination,
  secret,
  now,
});

/** What a fake answers to a request. */
export async function ask(fake: FakeNetwork, request: RelayRequest): Promise<RelayResponse> {
  const { method, url, headers, body } = request;
  const response = await fake.fetch(
    new Request(url, { method, headers, ...(method === 'GET' ? {} : { body }) }),
  );
  return { status: response.status, headers: response.headers, body: await response.text() };
}

/** One batch as it is sent, with its verdict, and what was sent and answered. */
export async function exchange(
  network: Network,
  fake: FakeNetwork,
  outgoing: readonly Outgoing[],
  access: Access,
) {
  const events = outgoing.map((each) => network.event(each, access));
  const request = await network.request(events, access);
  const answered = await ask(fake, request);
  return { request, events, answered, verdict: verdictOf(network, answered, events, access) };
}

/** The same with the destination, secret and time of a `Sending`. */
export const sendOnce = (sending: Sending, outgoing: readonly Outgoing[]) =>
  exchange(sending.network, sending.fake, outgoing, accessOf(sending));

/** What becomes of each conversion, with batches that are refused halved; or the verdict that ends it. */
export async function send(
  sending: Sending,
  outgoing: readonly Outgoing[],
): Promise<readonly EventVerdict[] | Verdict> {
  const { verdict } = await sendOnce(sending, outgoing);
  if (verdict.kind === 'each') return verdict.events;
  if (verdict.kind !== 'split') return verdict;
  if (outgoing.length === 1) return [{ kind: 'refused', answer: verdict.answer }];
  const middle = Math.ceil(outgoing.length / 2);
  const halves = [];
  for (const half of [outgoing.slice(0, middle), outgoing.slice(middle)]) {
    const events = await send(sending, half);
    if ('kind' in events) return events;
    halves.push(...events);
  }
  return halves;
}

/** The verdict on an answer that no fake gives. */
export const verdictOn = (
  sending: Sending,
  status: number,
  body: unknown,
  {
    count = 1,
    headers = {},
  }: { readonly count?: number; readonly headers?: Readonly<Record<string, string>> } = {},
): Verdict =>
  verdictOf(
    sending.network,
    { status, headers: new Headers(headers), body: typeof body === 'string' ? body : JSON.stringify(body) },
    Array.from({ length: count }, (): JsonObject => ({})),
    accessOf(sending),
  );
