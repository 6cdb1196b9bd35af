/**
 * Plays Pinterest's Conversions API: developers.pinterest.com/docs/api/v5/events-create. It answers for each event. What arrives more than an hour after it
 * happened is taken for an offline event, which is never recognized. `test=true` records nothing.
 */
import * as v from 'valibot';
import { FIRST_WINS, fakeOf, json, makeCounter, SECONDS, SHA_256 } from './counter.ts';
import type { FakeNetwork, Trouble } from './fake.ts';

const HOUR = 3600;

const hashes = v.pipe(v.array(v.pipe(v.string(), v.regex(SHA_256))), v.minLength(1));
const text = v.pipe(v.string(), v.nonEmpty());
/** Amounts are texts, which Pinterest reads as decimals. */
const amount = v.pipe(v.string(), v.regex(/^-?\d+(?:\.\d+)?$/));
const whole = v.pipe(v.number(), v.integer());

const event = v.strictObject({
  event_name: v.picklist([
    'add_to_cart',
    'checkout',
    'custom',
    'lead',
    'page_visit',
    'search',
    'signup',
    'view_category',
    'watch_video',
  ]),
  action_source: v.picklist(['web', 'offline', 'app_android', 'app_ios']),
  event_time: whole,
  event_id: text,
  event_source_url: v.optional(v.pipe(v.string(), v.url())),
  language: v.optional(v.pipe(v.string(), v.regex(/^[a-z]{2}$/))),
  user_data: v.strictObject({
    em: v.optional(hashes),
    ph: v.optional(hashes),
    external_id: v.optional(hashes),
    client_ip_address: v.optional(v.pipe(v.string(), v.ip())),
    client_user_agent: v.optional(text),
    click_id: v.optional(text),
  }),
  custom_data: v.optional(
    v.strictObject({
      currency: v.optional(v.pipe(v.string(), v.regex(/^[A-Z]{3}$/))),
      value: v.optional(amount),
      order_id: v.optional(text),
      content_ids: v.optional(v.array(text)),
      contents: v.optional(
        v.array(v.strictObject({ id: text, quantity: whole, item_price: v.optional(amount) })),
      ),
      num_items: v.optional(whole),
    }),
  ),
});

/** The recorded schema of a request's body. */
export const pinterestBody = v.strictObject({
  data: v.pipe(v.array(event), v.minLength(1), v.maxLength(1000)),
});
/** What a body needs to be looked at event by event. */
const batch = v.strictObject({ data: v.pipe(v.array(v.unknown()), v.minLength(1), v.maxLength(1000)) });

const TROUBLES: { readonly [Kind in Trouble]?: readonly [status: number, code: number, message: string] } = {
  throttled: [429, 8, 'This request exceeded a rate limit.'],
  down: [503, 4197, 'The endpoint has been ramped down and is currently not accepting any traffic.'],
  revoked: [401, 2, 'Authentication failed.'],
};

/** @param now the fake's clock. */
export function makePinterest(now: () => number = Date.now): FakeNetwork {
  const account = '549755885175';
  const secret = 'pina_FAKE0123456789ABCDEF';
  const counter = makeCounter(FIRST_WINS);
  const say = (status: number, body: unknown): Response =>
    json(status, body, { 'x-pinterest-rid': '1234567890' });

  async function answer(request: Request, trouble: Trouble | null): Promise<Response> {
    const [status, code, message] = (trouble && TROUBLES[trouble]) ?? [];
    if (status !== undefined) return say(status, { code, message });

    const { pathname, searchParams } = new URL(request.url);
    const [, adAccount] = /^\/v5\/ad_accounts\/(\d{1,18})\/events$/.exec(pathname) ?? [];
    if (request.method !== 'POST' || adAccount === undefined)
      return say(404, { code: 4, message: 'Not found.' });
    if (request.headers.get('authorization') !== `Bearer ${secret}`) {
      return say(401, { code: 2, message: 'Authentication failed.' });
    }
    if (adAccount !== account)
      return say(403, { code: 29, message: 'You are not permitted to access that resource.' });
    const read = v.safeParse(batch, await request.json().catch(() => null));
    if (!read.success) return say(400, { code: 4196, message: 'The request was invalid.' });

    const isTest = searchParams.get('test') === 'true';
    const events = read.output.data.map((sent) => {
      const error_message = trouble === 'hidden' ? 'Internal error.' : take(sent, isTest);
      return error_message === null
        ? { status: 'processed', error_message, warning_message: null }
        : { status: 'failed', error_message, warning_message: null };
    });
    const num_events_processed = events.filter((each) => each.status === 'processed').length;
    return say(200, { num_events_received: events.length, num_events_processed, events });
  }

  /** @returns why it cannot be processed. */
  function take(value: unknown, isTest: boolean): string | null {
    const read = v.safeParse(event, value);
    if (!read.success) {
      const [issue] = read.issues;
      return `${v.getDotPath(issue)}: ${issue.message}, ${JSON.stringify(issue.input)}`;
    }
    const sent = read.output;
    const seconds = now() / 1000;
    if (sent.event_time < SECONDS.from || sent.event_time > seconds + 60) {
      return `event_time ${sent.event_time} is no Unix timestamp in seconds`;
    }
    const { em, client_ip_address, client_user_agent } = sent.user_data;
    if (em === undefined && (client_ip_address === undefined || client_user_agent === undefined)) {
      return `user_data ${JSON.stringify(sent.user_data)} has neither em nor client_ip_address and client_user_agent`;
    }
    if (counter.refuses(sent.event_id)) return `The event ${JSON.stringify(sent)} is invalid.`;
    if (isTest) return null;
    const counted = { name: sent.event_name, id: sent.event_id, event: sent, from: 'server' } as const;
    if (sent.action_source === 'offline' || seconds - sent.event_time > HOUR) counter.countAlways(counted);
    else counter.count(counted, now());
    return null;
  }

  return fakeOf(counter, {
    name: 'pinterest',
    account,
    secret,
    answer,
    ofBrowser: (name, id) => ({ event_name: name, event_id: id }),
  });
}
