/**
 * The example shop's conversions. The networks' APIs are played on this machine, so nothing leaves it. One network takes what it gets, one is busy, and one
 * has ended the version of its API that the destination names.
 */
import { createHash } from 'node:crypto';
import type { NetworkName } from '../../src/model/destination.ts';
import type { DestinationSummaryJson, DestinationsJson } from '../../src/model/relay-json.ts';
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
  readonly settings?: Readonly<Record<string, string>>;
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
    settings: { version: '202511' },
  },
];

/** The number of a purchase that Meta does not take. */
const REFUSED = 4;
const PURCHASES = 12;
/** Enough runs of the cron to send everything, if the local runtime has no queue. */
const MOST_RUNS = 20;

/** Adds destinations to a pixel, and sends purchases that go there. */
export async function fillConversions(url: string, pixel: string, call: Call): Promise<ServedFakes> {
  const served = await serveFakes();
  const path = `/api/v1/pixels/${pixel}/destinations`;
  for (const { network, settings = {}, ...rest } of DESTINATIONS) {
    const fake = served.fakes.get(network);
    if (fake === undefined) throw new Error(`there is no fake of ${network}`);
    const { account, secret } = fake;
    const host = served.hostOf(network);
    await call(
      'POST',
      path,
      JSON.stringify({ ...rest, network, account, secret, settings: { ...settings, host } }),
    );
  }
  served.fakes.get('meta')?.refuse([orderOf(REFUSED)]);
  served.fakes.get('reddit')?.trouble('throttled', 100_000);
  for (let number = 1; number <= PURCHASES; number++) await purchase(url, pixel, number);
  for (let run = 0; run < MOST_RUNS && !(await areSettled(path, call)); run++) {
    await fetch(`${url}/cdn-cgi/handler/scheduled`);
  }
  return served;
}

/** Whether each network has been asked: nothing waits but for one that is busy, or has stopped. */
async function areSettled(path: string, call: Call): Promise<boolean> {
  const { destinations } = (await call('GET', path)) as DestinationsJson;
  for (const { id, network, state } of destinations) {
    if (state === 'stopped' || network === 'reddit') continue;
    const { states } = (await call('GET', `${path}/${id}/summary`)) as DestinationSummaryJson;
    if (network === 'linkedin' || states.waiting > 0) return false;
  }
  return true;
}

const orderOf = (number: number): string => `tea-${10_400 + number}`;

/** A purchase as the tag reports it, by a visitor who has consented. Each third page has Meta's own pixel. */
async function purchase(url: string, pixel: string, number: number): Promise<void> {
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  const email = sha256(`visitor-${number}@example.com`);
  const click = (name: string): string => `${name}=demo-${name}-${sha256(String(number)).slice(0, 12)}`;
  const clicks = ['fbclid', 'oppref', 'rdt_cid', 'li_fat_id'].map(click).join('&');
  const query = new URLSearchParams({
    id: pixel,
    ev: 'Purchase',
    eid: orderOf(number),
    dl: `${SHOP}/checkout/thanks?${clicks}`,
    consent: 'granted',
    'ud[em]': email,
    'ud[em_r]': email,
    ...(number % 3 === 0 ? { 'ud[px]': 'meta' } : {}),
    // The last one has no value, without which Meta refuses it.
    ...(number === PURCHASES ? {} : { 'cd[value]': String(9 + number * 3.5), 'cd[currency]': 'EUR' }),
  });
  const headers = {
    'user-agent': BROWSER,
    referer: `${SHOP}/checkout/thanks`,
    'sec-fetch-site': 'same-site',
    'sec-fetch-dest': 'image',
    'sec-fetch-mode': 'no-cors',
  };
  await fetch(`${url}/p.gif?${query}`, { headers });
}
