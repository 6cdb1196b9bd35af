/**
 * Plays version 3 of Snap's Conversions API: developers.snap.com/api/marketing-api/Conversions-API, with the schemas of Snap's own business-sdk-v3. Times are
 * in seconds. One bad event refuses a whole request, sometimes behind the status 200. `/validate` counts nothing and answers for each event.
 */
import * as v from 'valibot';
import { FIRST_WINS, fakeOf, json, makeCounter, SECONDS, SHA_256 } from './counter.ts';
import type { FakeNetwork, Trouble } from './fake.ts';

const OLDEST = 37 * 86_400;

const hash = v.pipe(v.string(), v.regex(SHA_256));
const hashes = v.pipe(v.array(hash), v.minLength(1));
const text = v.pipe(v.string(), v.nonEmpty());

const event = v.strictObject({
  event_name: v.pipe(v.string(), v.regex(/^[A-Z][A-Z_]*(?:_[1-5])?$/)),
  event_time: v.pipe(v.number(), v.integer()),
  event_id: v.optional(text),
  action_source: v.picklist(['WEB', 'OFFLINE', 'MOBILE_APP']),
  event_source_url: v.pipe(v.string(), v.url()),
  user_data: v.strictObject({
    em: v.optional(hashes),
    ph: v.optional(hashes),
    external_id: v.optional(hash),
    client_ip_address: v.optional(v.pipe(v.string(), v.ip())),
    client_user_agent: v.optional(text),
    sc_click_id: v.optional(text),
    sc_cookie1: v.optional(text),
  }),
  custom_data: v.optional(
    v.strictObject({
      currency: v.optional(v.pipe(v.string(), v.regex(/^[A-Z]{3}$/))),
      value: v.optional(v.number()),
      order_id: v.optional(text),
      content_ids: v.optional(v.array(text)),
      // Texts, unlike the conversion's own value.
      contents: v.optional(
        v.array(
          v.strictObject({
            id: text,
            quantity: v.pipe(v.string(), v.regex(/^\d+$/)),
            item_price: v.optional(v.pipe(v.string(), v.regex(/^-?\d+(?:\.\d+)?$/))),
          }),
        ),
      ),
      num_items: v.optional(v.pipe(v.number(), v.integer())),
    }),
  ),
});

/** The recorded schema of a request's body. */
export const snapBody = v.strictObject({
  data: v.pipe(v.array(event), v.minLength(1), v.maxLength(2000)),
});
type SnapEvent = v.InferOutput<typeof event>;
const batch = v.strictObject({ data: v.pipe(v.array(v.unknown()), v.minLength(1), v.maxLength(2000)) });

const invalid = (code: string, message: string) => ({
  status: 'INVALID',
  errors: { codes: [code], error_msgs: [message] },
});

/** @param now the fake's clock. */
export function makeSnap(now: () => number = Date.now): FakeNetwork {
  const account = '67d34640-b7a4-4a1c-9b5e-0123456789ab';
  const secret = 'eyJfakeSnapToken.0123456789';
  const counter = makeCounter(FIRST_WINS);

  async function answer(request: Request, trouble: Trouble | null): Promise<Response> {
    if (trouble === 'throttled') return json(429, invalid('E429', 'Too many requests.'));
    if (trouble === 'down') return new Response('upstream connect error', { status: 503 });
    if (trouble === 'revoked') return json(401, invalid('E401', 'The access token is not valid.'));

    const { pathname, searchParams } = new URL(request.url);
    const [, pixel, validate] = /^\/v3\/([^/]+)\/events(\/validate)?$/.exec(pathname) ?? [];
    if (request.method !== 'POST' || pixel === undefined) return new Response('not found', { status: 404 });
    if (searchParams.get('access_token') !== secret)
      return json(401, invalid('E401', 'The access token is not valid.'));
    if (pixel !== account) return json(403, invalid('E403', `The token has no right to ${pixel}.`));
    const read = v.safeParse(batch, await request.json().catch(() => null));
    if (!read.success) return json(400, invalid('E400', 'data has to be a list of 1 to 2000 events.'));

    const events = read.output.data.map(checked);
    if (validate !== undefined) {
      const event_logs = events.map((sent, index) =>
        typeof sent === 'string'
          ? { event: index, ...invalid('E1001', sent), warnings: [] }
          : { event: index, status: 'VALID', warnings: [] },
      );
      const status = event_logs.every((log) => log.status === 'VALID') ? 'VALID' : 'INVALID';
      return json(status === 'VALID' ? 200 : 400, { status, test_event: true, event_logs });
    }
    if (trouble === 'hidden')
      return json(200, { event: 0, ...invalid('E1001', 'The events could not be processed.') });
    const bad = events.findIndex((sent) => typeof sent === 'string');
    if (bad !== -1) return json(400, { event: bad, ...invalid('E1001', String(events[bad])) });
    for (const sent of events as SnapEvent[]) {
      counter.count({ name: sent.event_name, id: sent.event_id ?? '', event: sent, from: 'server' }, now());
    }
    return json(200, { status: 'VALID', reason: 'Events have been processed successfully.' });
  }

  /** The event, or what is wrong with it. */
  function checked(value: unknown): SnapEvent | string {
    const read = v.safeParse(event, value);
    if (!read.success) {
      const [issue] = read.issues;
      return `${v.getDotPath(issue)}: ${issue.message}, ${JSON.stringify(issue.input)}`;
    }
    const sent = read.output;
    const seconds = now() / 1000;
    if (
      sent.event_time < SECONDS.from ||
      sent.event_time > seconds + 60 ||
      sent.event_time < seconds - OLDEST
    ) {
      return `event_time ${sent.event_time} is out of range`;
    }
    const { em, ph, client_ip_address, client_user_agent } = sent.user_data;
    const hasClient = client_ip_address !== undefined && client_user_agent !== undefined;
    if (em === undefined && ph === undefined && !hasClient) {
      return `user_data ${JSON.stringify(sent.user_data)} has too few identifiers`;
    }
    if (
      sent.event_name === 'PURCHASE' &&
      (sent.custom_data?.currency === undefined || sent.custom_data.value === undefined)
    ) {
      return 'PURCHASE needs currency and value';
    }
    if (counter.refuses(sent.event_id ?? '')) return `The event ${JSON.stringify(sent)} is invalid.`;
    return sent;
  }

  return fakeOf(counter, {
    name: 'snap',
    account,
    secret,
    answer,
    ofBrowser: (name, id) => ({ event_name: name, event_id: id }),
  });
}
