/** Conversions for benches: destinations at the played networks of scripts/lib/networks, and purchases with consent that go there. */
import { createHash } from 'node:crypto';
import type { ServedFakes } from '../../scripts/lib/networks/serve.ts';
import { NETWORKS, type NetworkName } from '../../src/model/destination.ts';
import { ADMIN_TOKEN } from '../../test/e2e/harness.ts';
import type { EventFields } from './beacons.ts';
import { PIXEL } from './history.ts';
import type { RecordedSpeck } from './recorded-speck.ts';

export { NETWORKS, type NetworkName };

/** The networks' names of a purchase. */
const PURCHASE: Readonly<Record<NetworkName, string>> = {
  meta: 'Purchase',
  google: '123456789',
  ga4: 'purchase',
  tiktok: 'Purchase',
  linkedin: '104012',
  pinterest: 'checkout',
  snap: 'PURCHASE',
  reddit: 'PURCHASE',
  microsoft: 'purchase',
  openai: 'order_created',
  webhook: 'purchase',
};

/**
 * Adds a destination, and gives its id.
 *
 * @param event the name of the events that go there.
 * @param account by default the one that the network accepts. A pixel has an account once.
 */
export async function addDestination(
  speck: RecordedSpeck,
  served: ServedFakes,
  network: NetworkName,
  event: string,
  account?: string,
): Promise<string> {
  const fake = served.fakes.get(network);
  if (fake === undefined) throw new Error(`there is no fake of ${network}`);
  const host = served.hostOf(network);
  const settings = { host, ...(network === 'google' ? { token_host: host } : {}) };
  const response = await fetch(`${speck.url}/api/v1/pixels/${PIXEL}/destinations`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    body: JSON.stringify({
      network,
      name: event,
      account: account ?? (network === 'webhook' ? `${host}/conversions` : fake.account),
      secret: fake.secret,
      settings: network === 'webhook' ? {} : settings,
      rules: [{ event, as: PURCHASE[network] }],
    }),
  });
  const body = (await response.json()) as { readonly id?: string };
  if (body.id === undefined) throw new Error(`${network}: ${response.status} ${JSON.stringify(body)}`);
  return body.id;
}

/** What the ids of clicks look like. */
const CLICK = 'IwZXh0bgNhZW0CMTEAAR2fBv3mQzJ0aGlzLWlzLWEtY2xpY2staWQ';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The page view with which a person lands from an advertisement. */
export const landing: EventFields = (person) => ({
  id: PIXEL,
  uid: `user-${person}`,
  consent: 'granted',
  dl: `https://site.example/?fbclid=${CLICK}${person}`,
});

/**
 * A purchase of two things by a known person who has consented, as the tag reports it with user data.
 *
 * @param at numbers the purchases. Each is an order and a person of its own.
 */
export function purchase(name: string, at: number): Readonly<Record<string, string>> {
  const email = sha256(`person-${at}@example.com`);
  const phone = sha256(`+4366012345${at}`);
  const clicks = ['gclid', 'oppref', 'li_fat_id', 'ttclid'].map((parameter) => `${parameter}=${CLICK}${at}`);
  return {
    id: PIXEL,
    ev: name,
    eid: `order-${name}-${at}`,
    uid: `user-${at}`,
    consent: 'granted',
    dl: `https://site.example/checkout/thanks?${clicks.join('&')}`,
    rl: 'https://site.example/checkout',
    'ud[em]': email,
    'ud[em_g]': email,
    'ud[em_r]': email,
    'ud[ph]': phone,
    'ud[ph_e164]': phone,
    'ud[fbp]': 'fb.1.1778869247376.523905064992',
    'ud[ga]': '1234567890.1778869247',
    'cd[value]': String(20 + at),
    'cd[currency]': 'EUR',
    'cd[order_id]': `order-${at}`,
    'cd[contents]': JSON.stringify([
      { id: 'sku-1', quantity: 1, item_price: 12.5 },
      { id: 'sku-2', quantity: 2, item_price: 3.75 + at },
    ]),
  };
}
