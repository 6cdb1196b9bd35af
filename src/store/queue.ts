/**
 * What waits in the queue: batches that D1 would not take, or all of them in queue mode. A message is a batch as it is
 * written, or, when not even pixels and salts could be read, raw hits. These hold addresses and user agents, which are
 * never stored in the clear: they travel encrypted under a key derived from ADMIN_TOKEN.
 */

import type { Batch, Message } from '../model/batch.ts';
import { randomBase58 } from '../model/random.ts';
import type { RawHit } from '../model/wire.ts';

/** A message has 128 KB, and a UTF-16 unit is up to three bytes of it. */
const MESSAGE_CHARACTERS = 40_000;
/** `sendBatch` takes 100 messages and 256 KB at a time. */
const MESSAGES_AT_ONCE = 2;

/**
 * Sends a batch, cut into messages that the queue takes.
 * @throws what the queue throws. Some of the messages may have been sent; sending them again doubles nothing.
 */
export async function sendBatch(queue: Queue<Message>, batch: Batch): Promise<void> {
  const messages: Message[] = [];
  const add = (part: Omit<Batch, 'id'>): void => {
    messages.push({ kind: 'batch', batch: { id: `${batch.id}.${messages.length}`, ...part } });
  };
  for (const events of cut(batch.events)) add({ events, rejections: [] });
  for (const rejections of cut(batch.rejections)) add({ events: [], rejections });
  await sendAll(queue, messages);
}

/**
 * Sends raw hits, encrypted.
 * @throws when there is no secret, and what the queue throws.
 */
export async function sendHits(
  queue: Queue<Message>,
  secret: string | undefined,
  hits: readonly RawHit[],
): Promise<void> {
  if (!secret) throw new Error('without ADMIN_TOKEN raw hits cannot be encrypted, and so not be put aside');
  const messages: Message[] = [];
  // Encryption and base64 add a third and more.
  for (const part of cut(hits, MESSAGE_CHARACTERS / 2)) {
    messages.push({ kind: 'hits', id: randomBase58(12), sealed: await seal(secret, JSON.stringify(part)) });
  }
  await sendAll(queue, messages);
}

/**
 * The hits of a message.
 * @throws when it was encrypted under another secret, or is damaged.
 */
export async function openHits(secret: string | undefined, sealed: string): Promise<RawHit[]> {
  const bytes = Uint8Array.from(atob(sealed), (character) => character.charCodeAt(0));
  const text = await crypto.subtle.decrypt(
    { name: 'AES-GCM', iv: bytes.slice(0, IV_BYTES) },
    await keyOf(secret ?? ''),
    bytes.slice(IV_BYTES),
  );
  return JSON.parse(new TextDecoder().decode(text)) as RawHit[];
}

async function sendAll(queue: Queue<Message>, messages: readonly Message[]): Promise<void> {
  for (let start = 0; start < messages.length; start += MESSAGES_AT_ONCE) {
    await queue.sendBatch(messages.slice(start, start + MESSAGES_AT_ONCE).map((body) => ({ body })));
  }
}

/** Splits a list so that each part's JSON stays below a size. */
function cut<T>(list: readonly T[], characters = MESSAGE_CHARACTERS): T[][] {
  const parts: T[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const one of list) {
    const length = JSON.stringify(one).length + 1;
    if (size + length > characters) {
      parts.push([]);
      size = 0;
    }
    parts.at(-1)?.push(one);
    size += length;
  }
  return parts;
}

const IV_BYTES = 12;

async function seal(secret: string, text: string): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const key = await keyOf(secret);
  const bytes = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, new TextEncoder().encode(text));
  let binary = String.fromCharCode(...iv);
  for (const byte of new Uint8Array(bytes)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

async function keyOf(secret: string): Promise<CryptoKey> {
  const encoder = new TextEncoder();
  const material = await crypto.subtle.importKey('raw', encoder.encode(secret), 'HKDF', false, ['deriveKey']);
  return crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(32), info: encoder.encode('speck queued hits') },
    material,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  );
}
