/**
 * Sends to the queue: batches that D1 did not accept, all batches in queue mode, or raw hits if not even pixels and salts could be read.
 * A message is a parcel of them, sealed under SECRET_KEY: hits contain addresses and user agents, and batches contain what people did.
 */
import type { Batch, Message, Parcel, ParcelMessage } from '../model/batch.ts';
import { randomBase58 } from '../model/random.ts';
import { seal, unseal } from '../model/sealed.ts';
import type { Secrets } from '../model/secret-key.ts';
import { jsonText } from '../model/text/json.ts';
import type { RawHit } from '../model/wire.ts';

/**
 * The most characters of a parcel's JSON. A message has 128 KB. A UTF-16 unit takes up to three bytes in UTF-8, and base64 turns three
 * bytes into four.
 */
const MESSAGE_CHARACTERS = 30_000;
const MESSAGE_BYTES = 127_000;
/** `sendBatch` takes 100 messages and 256 KB at a time. */
const MESSAGES_AT_ONCE = 2;

/** Nothing is sent unencrypted. */
const NO_SECRET = 'SECRET_KEY is not set, so nothing can be encrypted for the queue';

/**
 * Sends a batch, cut into messages that the queue accepts.
 *
 * @returns the number of events that were left out, since they exceed a message.
 * @throws if there is no secret, and what the queue throws. Some messages may have been sent. Sending them again stores nothing twice.
 */
export async function sendBatch(queue: Queue<Message>, secrets: Secrets, batch: Batch): Promise<number> {
  const parcels: Parcel[] = [];
  const add = (part: Omit<Batch, 'id'>): void => {
    parcels.push({ kind: 'batch', batch: { id: `${batch.id}.${parcels.length}`, ...part } });
  };
  for (const events of cut(batch.events)) add({ events, rejections: [] });
  for (const rejections of cut(batch.rejections)) add({ events: [], rejections });
  for (const withdrawals of cut(batch.withdrawals ?? [])) add({ events: [], rejections: [], withdrawals });
  return sendAll(queue, secrets, parcels);
}

/**
 * Sends raw hits.
 *
 * @returns the number of events that were left out, since they exceed a message or are nested too deeply to be written.
 * @throws if there is no secret, and what the queue throws.
 */
export async function sendHits(
  queue: Queue<Message>,
  secrets: Secrets,
  hits: readonly RawHit[],
): Promise<number> {
  const writable = hits.filter((hit) => jsonText(hit) !== '');
  const rest = hits.filter((hit) => !writable.includes(hit));
  const parcels = cut(writable.flatMap(smallHits)).map(parcelOf);
  return eventsIn(parcelOf(rest)) + (await sendAll(queue, secrets, parcels));
}

const parcelOf = (hits: readonly RawHit[]): Parcel => ({ kind: 'hits', id: randomBase58(12), hits });

/** A destination that has deliveries to be sent. */
export interface RelayCall {
  readonly destination: string;
  /** How long the queue waits before it says so, at most 12 hours. */
  readonly delaySeconds: number;
}

/** @throws what the queue throws. */
export async function sendRelays(queue: Queue<Message>, calls: readonly RelayCall[]): Promise<void> {
  const messages = calls.map(({ destination, delaySeconds }) => ({
    body: { kind: 'relay', destination } as const,
    delaySeconds,
  }));
  if (messages.length > 0) await queue.sendBatch(messages);
}

/** A parcel as it is sent and stored. @throws if there is no secret. */
export async function sealParcel([secret]: Secrets, parcel: Parcel): Promise<string> {
  if (secret === undefined) throw new Error(NO_SECRET);
  return seal(secret, 'queue messages', '', JSON.stringify(parcel));
}

/**
 * The parcel of a message.
 *
 * @param adminToken opens the hits of messages from before SECRET_KEY.
 * @throws if the message was sealed under another secret, or is damaged.
 */
export async function openMessage(
  secrets: Secrets,
  adminToken: string | undefined,
  message: ParcelMessage,
): Promise<Parcel> {
  if (message.kind === 'batch') return message;
  if (message.kind === 'hits') {
    return { kind: 'hits', id: message.id, hits: await openOlderHits(adminToken ?? '', message.sealed) };
  }
  const text = await unseal(secrets, 'queue messages', '', message.sealed);
  if (text === null) {
    throw new Error(
      'The message was sealed under another SECRET_KEY, or is damaged. Set SECRET_KEY_PREVIOUS to the previous secret.',
    );
  }
  return JSON.parse(text) as Parcel;
}

/** Seals and sends parcels, except those that exceed a message. @returns the number of events of these. */
async function sendAll(queue: Queue<Message>, secrets: Secrets, parcels: readonly Parcel[]): Promise<number> {
  const messages: Message[] = [];
  let left = 0;
  for (const parcel of parcels) {
    const sealed = await sealParcel(secrets, parcel);
    if (sealed.length <= MESSAGE_BYTES) messages.push({ kind: 'sealed', sealed });
    else left += eventsIn(parcel);
  }
  for (let start = 0; start < messages.length; start += MESSAGES_AT_ONCE) {
    await queue.sendBatch(messages.slice(start, start + MESSAGES_AT_ONCE).map((body) => ({ body })));
  }
  return left;
}

function eventsIn(parcel: Parcel): number {
  if (parcel.kind === 'batch') return parcel.batch.events.length + parcel.batch.rejections.length;
  return parcel.hits.reduce((sum, { events }) => sum + events.length, 0);
}

/**
 * A hit, or multiple hits with its events if they exceed one message. Their ids begin with the id of the hit and the place of their first
 * event, so the events stay in order.
 */
function smallHits(hit: RawHit): RawHit[] {
  if (JSON.stringify(hit).length <= MESSAGE_CHARACTERS || hit.events.length === 1) return [hit];
  const middle = Math.ceil(hit.events.length / 2);
  const halves = [hit.events.slice(0, middle), hit.events.slice(middle)];
  return halves.flatMap((events, index) => smallHits({ ...hit, id: hit.id + index, events }));
}

/** Splits a list so that each part's JSON stays below a size. */
function cut<T>(list: readonly T[]): T[][] {
  const parts: T[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const one of list) {
    const length = JSON.stringify(one).length + 1;
    if (size + length > MESSAGE_CHARACTERS) {
      parts.push([]);
      size = 0;
    }
    parts.at(-1)?.push(one);
    size += length;
  }
  return parts;
}

const IV_BYTES = 12;

/** The hits of a message from before SECRET_KEY: base64, encrypted with a key derived from ADMIN_TOKEN. */
async function openOlderHits(adminToken: string, sealed: string): Promise<RawHit[]> {
  const encoder = new TextEncoder();
  const bytes = Uint8Array.fromBase64(sealed);
  const material = await crypto.subtle.importKey('raw', encoder.encode(adminToken), 'HKDF', false, [
    'deriveKey',
  ]);
  const key = await crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(32), info: encoder.encode('speck queued hits') },
    material,
    { name: 'AES-GCM', length: 256 },
    false,
    ['decrypt'],
  );
  const text = await crypto.subtle.decrypt(
    { name: 'AES-GCM', iv: bytes.subarray(0, IV_BYTES) },
    key,
    bytes.subarray(IV_BYTES),
  );
  return JSON.parse(new TextDecoder().decode(text)) as RawHit[];
}
