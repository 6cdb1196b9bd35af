/** What waits in a delivery, sealed under SECRET_KEY: it opens only for its own destination and event. An event that was reported twice may have two reports. */
import type { Click, Conversion } from '../model/conversion.ts';
import { PAYLOAD_SEPARATOR } from '../model/delivery.ts';
import { seal, unseal } from '../model/sealed.ts';
import type { Secrets } from '../model/secret-key.ts';

export interface Payload {
  readonly conversion: Conversion;
  /** The aliases of the event's person: the clicks that are kept for them are added when it is sent. */
  readonly people: readonly string[];
}

/** The key of a delivery. */
export interface DeliveryKey {
  readonly destination: string;
  readonly name: string;
  readonly event_id: string;
}

const boundOf = ({ destination, name, event_id }: DeliveryKey): string =>
  `${destination}\n${name}\n${event_id}`;

export function sealPayload(secret: string, key: DeliveryKey, payload: Payload): Promise<string> {
  return seal(secret, 'conversions', boundOf(key), JSON.stringify(payload));
}

/** Null if no secret opens it. A report of the server, and the one of the page that it corrects, are one. */
export async function openPayload(
  secrets: Secrets,
  key: DeliveryKey,
  sealed: string,
): Promise<Payload | null> {
  const [report, ...corrected] = await Promise.all(
    sealed.split(PAYLOAD_SEPARATOR).map((text) => openReport(secrets, key, text)),
  );
  if (!report) return null;
  return corrected.reduce<Payload>((whole, page) => (page === null ? whole : completed(whole, page)), report);
}

async function openReport(secrets: Secrets, key: DeliveryKey, sealed: string): Promise<Payload | null> {
  const text = await unseal(secrets, 'conversions', boundOf(key), sealed);
  return text === null ? null : (JSON.parse(text) as Payload);
}

/** What the server says counts. Only what tells the visitor's browser comes from the page, as far as the server has left it out. */
function completed(
  { conversion: server, people }: Payload,
  { conversion: page, people: others }: Payload,
): Payload {
  const { ip, user_agent } = server.ip === '' && server.user_agent === '' ? page : server;
  return {
    conversion: {
      ...server,
      ...{ ip, user_agent },
      url: server.url || page.url,
      referrer: server.referrer || page.referrer,
      language: server.language || page.language,
      country: server.country || page.country,
      page_pixels: [...new Set([...server.page_pixels, ...page.page_pixels])],
      hashes: { ...page.hashes, ...server.hashes },
      network_ids: { ...page.network_ids, ...server.network_ids },
      clicks: { ...clicksUntil(page.clicks, server.ts), ...server.clicks },
      client_number: people.length > 0 ? server.client_number : page.client_number,
    },
    people: [...new Set([...people, ...others])],
  };
}

/** Clicks with times after another one, as clicks of that time: what led to an event came before it. */
export function clicksUntil(clicks: Conversion['clicks'], time: number): Conversion['clicks'] {
  return Object.fromEntries(
    Object.entries(clicks).map(([parameter, { id, at }]): [string, Click] => [
      parameter,
      { id, at: Math.min(at, time) },
    ]),
  );
}
