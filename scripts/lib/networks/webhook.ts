/**
 * Plays an owner's server that gets conversions, and verifies them as Standard Webhooks 1.0.0 says: the signature of id, time and body, a time that is near, and
 * each event once.
 */
import * as v from 'valibot';
import { fakeOf, json, makeCounter, SHA_256 } from './counter.ts';
import type { FakeNetwork, Trouble } from './fake.ts';

/** Seconds between the signature and now. */
const TOLERANCE = 300;

const text = v.pipe(v.string(), v.nonEmpty());
const time = v.pipe(v.string(), v.isoTimestamp());
const texts = v.record(v.string(), text);

const event = v.strictObject({
  event: text,
  name: text,
  event_id: text,
  ts: time,
  url: v.string(),
  referrer: v.string(),
  reporter: v.picklist(['browser', 'server']),
  page_pixels: v.array(text),
  language: v.string(),
  country: v.string(),
  hashes: v.record(v.string(), v.pipe(v.string(), v.regex(SHA_256))),
  network_ids: texts,
  clicks: v.record(v.string(), v.strictObject({ id: text, at: time })),
  client_number: v.pipe(v.string(), v.regex(/^\d+$/)),
  value: v.nullable(v.number()),
  currency: v.string(),
  order_id: v.string(),
  contents: v.array(v.strictObject({ id: v.string(), quantity: v.number(), price: v.nullable(v.number()) })),
  ip: v.optional(v.string()),
  user_agent: v.optional(v.string()),
});

/** The recorded schema of a request's body. */
export const webhookBody = v.strictObject({
  type: v.literal('conversions'),
  timestamp: time,
  test: v.boolean(),
  events: v.pipe(v.array(event), v.minLength(1)),
});

/** @param now the fake's clock. */
export function makeWebhook(now: () => number = Date.now): FakeNetwork {
  const secret = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDsnSTn9kGnwI=';
  const counter = makeCounter({ window: Number.POSITIVE_INFINITY, browserWins: 0 });

  async function answer(request: Request, trouble: Trouble | null): Promise<Response> {
    if (trouble === 'throttled') return json(429, { error: 'too many' }, { 'retry-after': '7' });
    if (trouble === 'down') return new Response('', { status: 503 });
    if (trouble === 'revoked') return new Response('', { status: 410 });
    if (trouble === 'ended') return new Response('', { status: 404 });
    if (request.method !== 'POST') return new Response('', { status: 405 });
    const body = await request.text();
    if (!(await isSigned(request.headers, body))) return json(401, { error: 'bad signature' });
    const read = v.safeParse(webhookBody, JSON.parse(body));
    // A careless receiver: it repeats what it was sent.
    if (!read.success) return json(400, { error: 'not valid', received: body });
    const { events, test } = read.output;
    if (events.some(({ event_id }) => counter.refuses(event_id))) {
      return json(422, { error: 'refused', received: body });
    }
    if (!test) {
      for (const sent of events) {
        counter.count({ name: sent.event, id: sent.event_id, event: sent, from: 'server' }, now());
      }
    }
    return new Response(null, { status: 204 });
  }

  async function isSigned(headers: Headers, body: string): Promise<boolean> {
    const id = headers.get('webhook-id') ?? '';
    const timestamp = headers.get('webhook-timestamp') ?? '';
    const [scheme, signature = ''] = (headers.get('webhook-signature') ?? '').split(',');
    if (id === '' || id.includes('.') || !/^\d+$/.test(timestamp) || scheme !== 'v1') return false;
    if (Math.abs(now() / 1000 - Number(timestamp)) > TOLERANCE) return false;
    const key = await crypto.subtle.importKey(
      'raw',
      bytesOf(secret.slice('whsec_'.length)),
      { name: 'HMAC', hash: 'SHA-256' },
      false,
      ['verify'],
    );
    const signed = new TextEncoder().encode(`${id}.${timestamp}.${body}`);
    return await crypto.subtle.verify('HMAC', key, bytesOf(signature), signed);
  }

  return fakeOf(counter, {
    name: 'webhook',
    account: 'https://receiver.example.com/conversions',
    secret,
    answer,
    ofBrowser: (name) => ({ event: name }),
  });
}

const bytesOf = (base64: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
