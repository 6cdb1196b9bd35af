/**
 * The example shop's conversions of the last days. The networks' APIs are played on this machine, so nothing leaves it. One network takes what it gets, one is
 * busy since an hour or two, and one has ended the version of its API that the destination names.
 */
import { createHash } from 'node:crypto';
import type { NetworkName } from '../../src/model/destination.ts';
import type {
  DestinationJson,
  DestinationSummaryJson,
  DestinationsJson,
} from '../../src/model/relay-json.ts';
import { type ServedFakes, serveFakes } from './networks/serve.ts';

/** Calls the API. */
type Call = (method: string, path: string, body?: string) => Promise<unknown>;

const SHOP = 'https://fernandkettle.example';
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

interface DemoDestination {
  readonly network: NetworkName;
  readonly name: string;
  readonly rules: readonly ({ readonly as: string } & (
    | { readonly event: string }
    | { readonly goal: string }
  ))[];
}

const DESTINATIONS: readonly DemoDestination[] = [
  {
    network: 'meta',
    name: 'Meta, teapots',
    rules: [
      { event: 'Purchase', as: 'Purchase' },
      { goal: 'Signed up', as: 'CompleteRegistration' },
    ],
  },
  { network: 'openai', name: 'ChatGPT', rules: [{ event: 'Purchase', as: 'order_created' }] },
  { network: 'reddit', name: 'r/tea', rules: [{ event: 'Purchase', as: 'PURCHASE' }] },
  {
    network: 'linkedin',
    name: 'Tea for offices',
    rules: [{ event: 'Purchase', as: '104012' }],
  },
];

/** A version of its API that LinkedIn has ended. */
const ENDED_VERSION = '202511';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** When the purchases were, in hours ago. The last ones are reported by their pages alone, at this moment. */
const HOURS = [
  151.3, 139.4, 136.6, 127.9, 113.2, 108.7, 104.1, 91.6, 86.3, 80.8, 66.2, 63.9, 61.4, 56.7, 43.1, 38.5, 33.2,
  28.9, 17.6, 14.2, 10.7, 6.3, 3.8, 1.4, 0.9, 0.3, 0, 0,
];
/** Since when Reddit is busy, and LinkedIn's version is over. */
const TROUBLE = 2;
/** For longer, networks do not recognize what their own pixels have reported. */
const OWN_PIXEL = 40;
/** Since when pages report their purchases, too: what they report late counts as a second purchase. */
const BY_PAGE = 30;

/** The purchases that Meta does not take, as numbers. The last one of all has no value, without which Meta refuses it. */
const REFUSED = [9, 18];
/** Enough runs of the cron to send everything, if the local runtime has no queue. */
const MOST_RUNS = 20;

/**
 * Adds destinations to a pixel, and sends purchases that go there.
 *
 * @param database runs SQL in Speck's database: what happened days ago was also sent then. Without it, it was sent now.
 */
export async function fillConversions(
  url: string,
  pixel: string,
  call: Call,
  database: Database | null,
): Promise<ServedFakes> {
  const served = await serveFakes();
  const path = `/api/v1/pixels/${pixel}/destinations`;
  const ids = new Map<NetworkName, string>();
  const settingsOf = (network: NetworkName) => ({ host: served.hostOf(network) });
  for (const { network, ...rest } of DESTINATIONS) {
    const fake = served.fakes.get(network);
    if (fake === undefined) throw new Error(`there is no fake of ${network}`);
    const { account, secret } = fake;
    const body = { ...rest, network, account, secret, settings: settingsOf(network) };
    const { id } = (await call('POST', path, JSON.stringify(body))) as DestinationJson;
    ids.set(network, id);
  }
  served.fakes.get('meta')?.refuse(REFUSED.map(orderOf));
  const start = Date.now();
  const purchases = HOURS.map((hours, index) => purchaseOf(pixel, index, start - hours * HOUR, hours));
  const report = async (some: readonly Purchase[]): Promise<void> => {
    const events = some.flatMap(({ byServer }) => byServer ?? []);
    if (events.length > 0) await call('POST', '/api/v1/events', JSON.stringify({ events }));
    for (const { byPage } of some) if (byPage) await load(url, byPage);
  };
  const settle = async (isOver: () => Promise<boolean>): Promise<void> => {
    for (let run = 0; run < MOST_RUNS && !(await isOver()); run++) {
      await fetch(`${url}/cdn-cgi/handler/scheduled`);
    }
  };

  await report(purchases.filter(({ hours }) => hours > TROUBLE));
  await settle(() => areSent(path, call, DESTINATIONS));
  await database?.(sentThen(pixel, start - 10 * MINUTE));
  served.fakes.get('reddit')?.trouble('throttled', 100_000);
  const linkedin = ids.get('linkedin') ?? '';
  const settings = { ...settingsOf('linkedin'), version: ENDED_VERSION };
  await call('PATCH', `${path}/${linkedin}`, JSON.stringify({ settings }));
  await report(purchases.filter(({ hours }) => hours <= TROUBLE));
  await settle(
    async () =>
      (await haveTrouble(path, call)) &&
      (await areSent(
        path,
        call,
        DESTINATIONS.filter(({ network }) => network !== 'reddit' && network !== 'linkedin'),
      )),
  );
  await database?.(sentThen(pixel, start - 10 * MINUTE));
  return served;
}

/** Runs a statement of SQL. */
export type Database = (sql: string) => Promise<unknown>;

/** What was reported days late was sent as late. This gives it the times at which it would have been sent: some seconds after the purchase. */
function sentThen(pixel: string, until: number): string {
  if (!/^px_\w+$/.test(pixel)) throw new Error(`${pixel} is no pixel`);
  return `UPDATE deliveries SET queued_at = ts + 300, sent_at = ts + 1200 + ts / 1000 * 7919 % 6000
    WHERE pixel = '${pixel}' AND state = 'delivered' AND ts < ${until}`;
}

async function listOf(path: string, call: Call): Promise<DestinationsJson['destinations']> {
  return ((await call('GET', path)) as DestinationsJson).destinations;
}

/** Whether nothing waits for some networks. */
async function areSent(path: string, call: Call, some: readonly DemoDestination[]): Promise<boolean> {
  for (const { id, network } of await listOf(path, call)) {
    if (!some.some((one) => one.network === network)) continue;
    const { states } = (await call('GET', `${path}/${id}/summary`)) as DestinationSummaryJson;
    if (states.waiting > 0 || states.delivered + states.refused === 0) return false;
  }
  return true;
}

/** Whether those that shall have trouble have it. */
async function haveTrouble(path: string, call: Call): Promise<boolean> {
  return (await listOf(path, call)).filter(({ problem }) => problem !== null).length === 2;
}

const orderOf = (number: number): string => `tea-${10_400 + number}`;

/** A purchase, as the shop's server reports it with a token, as the tag reports it, or as both do. */
interface Purchase {
  readonly hours: number;
  readonly byServer: object | null;
  readonly byPage: URLSearchParams | null;
}

const CLICKS = ['fbclid', 'oppref', 'rdt_cid', 'li_fat_id'];

/** A purchase by a visitor who has consented. Meta's own pixel is on each third page. */
function purchaseOf(pixel: string, number: number, ts: number, hours: number): Purchase {
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  const email = sha256(`visitor-${number}@example.com`);
  const click = (name: string): string => `${name}=demo-${name}-${sha256(String(number)).slice(0, 12)}`;
  const hasEmail = number % 4 !== 1;
  // Networks find each visitor by one of both at least.
  const clicks = CLICKS.filter((_, index) => !hasEmail || (number + index) % 5 > 0);
  const isLast = number === HOURS.length - 1;
  const fields = {
    id: pixel,
    ev: 'Purchase',
    eid: orderOf(number),
    dl: `${SHOP}/checkout/thanks?${clicks.map(click).join('&')}`,
    consent: 'granted',
    ...(hasEmail ? { 'ud[em]': email, 'ud[em_r]': email } : {}),
    ...(number % 3 === 1 && hours < OWN_PIXEL ? { 'ud[px]': 'meta' } : {}),
    ...(isLast ? {} : { 'cd[value]': String(9 + ((number * 7) % 23) * 3.5), 'cd[currency]': 'EUR' }),
  };
  return {
    hours,
    byServer:
      hours === 0 ? null : { ...fields, ts: Math.round(ts) - number * 1370, ip: '203.0.113.7', ua: BROWSER },
    byPage: hours < BY_PAGE && (hours === 0 || number % 2 === 1) ? new URLSearchParams(fields) : null,
  };
}

async function load(url: string, query: URLSearchParams): Promise<void> {
  const headers = {
    'user-agent': BROWSER,
    referer: `${SHOP}/checkout/thanks`,
    'sec-fetch-site': 'same-site',
    'sec-fetch-dest': 'image',
    'sec-fetch-mode': 'no-cors',
  };
  await fetch(`${url}/p.gif?${query}`, { headers });
}
