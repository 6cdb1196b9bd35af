/** What tests of conversions share: pixels with destinations, browsers that visit them, and what is stored of it. */
import { ingest } from '../../src/enrich/ingest.ts';
import type { Env } from '../../src/env.ts';
import type { Message } from '../../src/model/batch.ts';
import type { Click, Conversion } from '../../src/model/conversion.ts';
import type { Destination } from '../../src/model/destination.ts';
import type { Pixel, PixelSettings } from '../../src/model/pixel.ts';
import { nextEventId, randomBase58 } from '../../src/model/random.ts';
import { unseal } from '../../src/model/sealed.ts';
import {
  BLANK_EVENT,
  type Client,
  type RawEvent,
  type RawHit,
  UNKNOWN_CLIENT,
} from '../../src/model/wire.ts';
import { openPayload } from '../../src/relay/payload.ts';
import type { NewDelivery } from '../../src/store/deliveries.ts';
import { insertDestination, sealSecret } from '../../src/store/destinations.ts';
import type { LedgerRow } from '../../src/store/ledger.ts';
import { db, makePixel, testEnv } from '../fixtures.ts';

export const SECRETS = [testEnv.SECRET_KEY as string];
export const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0';
export const COOKIE = 'abcdefghijklmnopqrstuv';

export async function addDestination(pixel: Pixel, of: Partial<Destination> = {}): Promise<Destination> {
  const destination: Destination = {
    id: `ds_${randomBase58(16)}`,
    pixel: pixel.id,
    network: 'meta',
    name: 'Test',
    account: '123',
    settings: {},
    rules: [{ event: 'Purchase', as: 'Purchase' }],
    mode: 'live',
    test_code: '',
    state: 'on',
    secret_at: 0,
    problem: null,
    created_at: 0,
    updated_at: 0,
    ...of,
  };
  await insertDestination(db, destination, await sealSecret(SECRETS[0] as string, destination.id, 'secret'));
  return destination;
}

/** A pixel with a destination. */
export async function relayPixel(
  settings: Partial<PixelSettings> = {},
  of: Partial<Destination> = {},
): Promise<{ pixel: Pixel; destination: Destination }> {
  const pixel = await makePixel('UTC', { cookie: 'first_party', ...settings });
  return { pixel, destination: await addDestination(pixel, of) };
}

export function browser(of: Partial<Client> = {}): Client {
  return {
    ...UNKNOWN_CLIENT,
    ip: '192.0.2.7',
    userAgent: AGENT,
    languages: 'de-AT',
    origin: 'https://site.example',
    referer: 'https://site.example/',
    cookieReach: 'first_party',
    cookie: COOKIE,
    ...of,
  };
}

export const eventOf = (pixel: Pixel, of: Partial<RawEvent> = {}): RawEvent => ({
  ...BLANK_EVENT,
  id: pixel.id,
  ev: 'Purchase',
  dl: 'https://site.example/thanks?order=9&fbclid=CLICK-1#top',
  consent: 'granted',
  ...of,
});

export const hitOf = (events: readonly RawEvent[], client = browser(), receivedAt = Date.now()): RawHit => ({
  id: nextEventId(),
  receivedAt,
  head: false,
  client,
  events,
});

/** The environment with a queue that keeps its messages, or refuses them. */
export function envWith(messages: Message[] | null = [], of: Partial<Env> = {}): Env {
  const { ANALYTICS: _, ...rest } = testEnv as Env & { ANALYTICS?: unknown };
  const queue = {
    sendBatch: async (list: Iterable<{ body: Message }>) => {
      if (messages === null) throw new Error('the queue is closed');
      for (const { body } of list) messages.push(structuredClone(body));
    },
  };
  return { ...rest, QUEUE: queue as unknown as Queue<Message>, ...of };
}

export async function send(
  events: readonly RawEvent[],
  client = browser(),
  messages: Message[] = [],
): Promise<Message[]> {
  await ingest(envWith(messages), [hitOf(events, client)]);
  return messages;
}

export interface DeliveryRow extends LedgerRow, Pick<NewDelivery, 'person' | 'visitor'> {
  readonly payload: string | null;
}

export async function deliveriesOf(pixel: Pixel): Promise<DeliveryRow[]> {
  const sql = 'SELECT * FROM deliveries WHERE pixel = ? ORDER BY ts, destination, event_id';
  return (await db.prepare(sql).bind(pixel.id).all<DeliveryRow>()).results;
}

/** What waits in a delivery. */
export async function conversionIn(row: DeliveryRow | undefined): Promise<Conversion> {
  if (!row?.payload) throw new Error('nothing waits');
  const payload = await openPayload(SECRETS, row, row.payload);
  if (payload === null) throw new Error('the payload does not open');
  return payload.conversion;
}

interface ClickRow {
  readonly person: string;
  readonly parameter: string;
  readonly click: string;
  readonly at: number;
}

/** The clicks that are kept, opened. */
export async function clicksOf(
  pixel: Pixel,
): Promise<{ person: string; parameter: string; click: Click | null }[]> {
  const sql = 'SELECT person, parameter, click, at FROM clicks WHERE pixel = ? ORDER BY person, parameter';
  const { results } = await db.prepare(sql).bind(pixel.id).all<ClickRow>();
  return Promise.all(
    results.map(async ({ person, parameter, click }) => {
      const text = await unseal(SECRETS, 'click ids', `${pixel.id}\n${person}\n${parameter}`, click);
      return { person, parameter, click: text === null ? null : (JSON.parse(text) as Click) };
    }),
  );
}
