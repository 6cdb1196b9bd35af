/** What waits in a delivery, sealed under SECRET_KEY: it opens only for its own destination and event. */
import type { Conversion } from '../model/conversion.ts';
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

/** Null if no secret opens it. */
export async function openPayload(
  secrets: Secrets,
  key: DeliveryKey,
  sealed: string,
): Promise<Payload | null> {
  const text = await unseal(secrets, 'conversions', boundOf(key), sealed);
  return text === null ? null : (JSON.parse(text) as Payload);
}
