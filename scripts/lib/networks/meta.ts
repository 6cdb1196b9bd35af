/**
 * Plays Meta's Conversions API: developers.facebook.com/docs/marketing-api/conversions-api. One bad event refuses a whole request. Test events are counted:
 * an owner has to expect that.
 */
import * as v from 'valibot';
import { fakeOf, json, makeCounter, SECONDS, SHA_256 } from './counter.ts';
import type { FakeNetwork, Trouble } from './fake.ts';

const MINUTE = 60_000;
const WEEK = 7 * 24 * 60 * MINUTE;

const hashes = v.pipe(v.array(v.pipe(v.string(), v.regex(SHA_256))), v.minLength(1));
const text = v.pipe(v.string(), v.nonEmpty());

/** A website event, as it has to be in `data`. */
const event = v.strictObject({
  event_name: text,
  event_time: v.pipe(v.number(), v.integer()),
  event_id: v.optional(text),
  action_source: v.literal('website'),
  event_source_url: v.pipe(v.string(), v.url()),
  user_data: v.strictObject({
    em: v.optional(hashes),
    ph: v.optional(hashes),
    external_id: v.optional(hashes),
    client_ip_address: v.optional(v.pipe(v.string(), v.ip())),
    client_user_agent: text,
    fbc: v.optional(v.pipe(v.string(), v.regex(/^fb\.\d\.\d{13}\.\S+$/))),
    fbp: v.optional(v.pipe(v.string(), v.regex(/^fb\.\d\.\d{13}\.\d+(?:\.[\w-]+)?$/))),
  }),
  custom_data: v.optional(
    v.strictObject({
      currency: v.optional(v.pipe(v.string(), v.regex(/^[A-Z]{3}$/))),
      value: v.optional(v.number()),
      order_id: v.optional(text),
      content_type: v.optional(v.picklist(['product', 'product_group'])),
      content_ids: v.optional(v.array(text)),
      contents: v.optional(
        v.array(
          v.strictObject({
            id: text,
            quantity: v.pipe(v.number(), v.integer(), v.minValue(1)),
            item_price: v.optional(v.number()),
          }),
        ),
      ),
      num_items: v.optional(v.pipe(v.number(), v.integer())),
    }),
  ),
});

/** The recorded schema of a request's body. */
export const metaBody = v.strictObject({
  data: v.pipe(v.array(event), v.minLength(1), v.maxLength(1000)),
  test_event_code: v.optional(v.pipe(v.string(), v.regex(/^TEST\d+$/))),
});
type MetaEvent = v.InferOutput<typeof event>;

/** Match keys that are too weak alone: no more than these is refused since version 13. */
const WEAK_KEYS: readonly (keyof MetaEvent['user_data'])[] = ['client_user_agent'];

interface MetaError {
  readonly message: string;
  readonly code: number;
  readonly error_subcode?: number;
  readonly error_user_title?: string;
  readonly error_user_msg?: string;
  readonly is_transient?: boolean;
}

const TROUBLES: { readonly [Kind in Trouble]?: readonly [status: number, error: MetaError] } = {
  throttled: [
    400,
    {
      code: 80003,
      message: '(#80003) There have been too many calls to this ad-account. Wait a bit and try again.',
    },
  ],
  down: [
    500,
    {
      code: 2,
      message: 'An unexpected error has occurred. Please retry your request later.',
      is_transient: true,
    },
  ],
  revoked: [
    400,
    {
      code: 190,
      error_subcode: 460,
      message:
        'Error validating access token: The session has been invalidated because the user changed their password.',
    },
  ],
  ended: [
    400,
    {
      code: 2635,
      message:
        '(#2635) You are calling a deprecated version of the Ads API. Please update to the latest version: v26.0.',
    },
  ],
};

/** @param now the fake's clock. */
export function makeMeta(now: () => number = Date.now): FakeNetwork {
  const account = '1234567890123456';
  const secret = 'EAAfakeMetaToken0123456789abcdef';
  const counter = makeCounter({ window: 48 * 60 * MINUTE, browserWins: 5 * MINUTE });

  const refusal = (status: number, error: MetaError): Response =>
    json(status, {
      error: {
        type: 'OAuthException',
        is_transient: false,
        ...error,
        fbtrace_id: 'AfakeTrace123',
      },
    });

  async function answer(request: Request, trouble: Trouble | null): Promise<Response> {
    const [status, error] = (trouble && TROUBLES[trouble]) ?? [];
    if (status !== undefined && error !== undefined) return refusal(status, error);

    const { pathname, searchParams } = new URL(request.url);
    const [, pixel] = /^\/v\d+\.\d+\/([^/]+)\/events$/.exec(pathname) ?? [];
    if (request.method !== 'POST' || pixel === undefined) {
      return refusal(400, { code: 2500, message: `Unknown path components: ${pathname}` });
    }
    if (searchParams.get('access_token') !== secret) {
      return refusal(400, { code: 190, message: 'Invalid OAuth access token - Cannot parse access token' });
    }
    if (pixel !== account) {
      return refusal(400, {
        code: 100,
        error_subcode: 33,
        message: `Unsupported post request. Object with ID '${pixel}' does not exist, cannot be loaded due to missing permissions, or does not support this operation`,
      });
    }
    const read = v.safeParse(metaBody, await request.json().catch(() => null));
    if (!read.success) {
      const [issue] = read.issues;
      // Meta repeats what it does not like.
      return refusal(400, {
        code: 100,
        message: 'Invalid parameter',
        error_user_title: 'Invalid parameter',
        error_user_msg: `${v.getDotPath(issue) ?? 'data'}: ${issue.message}, got ${JSON.stringify(issue.input)}`,
      });
    }
    for (const sent of read.output.data) {
      const problem = problemOf(sent);
      if (problem !== null) return refusal(400, { code: 100, message: 'Invalid parameter', ...problem });
    }
    for (const sent of read.output.data) {
      counter.count({ name: sent.event_name, id: sent.event_id ?? '', event: sent, from: 'server' }, now());
    }
    return json(200, { events_received: read.output.data.length, messages: [], fbtrace_id: 'AfakeTrace123' });
  }

  function problemOf(sent: MetaEvent): Omit<MetaError, 'code' | 'message'> | null {
    const seconds = now() / 1000;
    if (sent.event_time < SECONDS.from || sent.event_time < seconds - WEEK / 1000) {
      return {
        error_subcode: 2804003,
        error_user_title: 'Event Timestamp Too Old',
        error_user_msg: `The timestamp ${sent.event_time} for this event is too far in the past.`,
      };
    }
    if (sent.event_time > seconds + 60) {
      return {
        error_user_title: 'Event Timestamp In The Future',
        error_user_msg: `The timestamp ${sent.event_time} for this event is in the future.`,
      };
    }
    if (
      sent.event_name === 'Purchase' &&
      (sent.custom_data?.currency === undefined || sent.custom_data.value === undefined)
    ) {
      return {
        error_subcode: 2804009,
        error_user_title: 'Missing Purchase Currency',
        error_user_msg: `The purchase ${sent.event_id} needs a currency and a value.`,
      };
    }
    if (Object.keys(sent.user_data).every((key) => WEAK_KEYS.includes(key as (typeof WEAK_KEYS)[number]))) {
      return {
        error_subcode: 2804050,
        error_user_title: 'You Haven’t Added Sufficient Customer Information Parameter Data For This Event',
        error_user_msg: `user_data has only ${JSON.stringify(sent.user_data)}.`,
      };
    }
    // The time of a click id is when it was clicked, in milliseconds: never after the event.
    const clickedAt = Number(sent.user_data.fbc?.split('.')[2] ?? 0);
    if (clickedAt > sent.event_time * 1000 + 999) {
      return {
        error_user_title: 'Invalid fbc',
        error_user_msg: `The creation time in ${sent.user_data.fbc} is after the event.`,
      };
    }
    if (counter.refuses(sent.event_id ?? '')) {
      return {
        error_user_title: 'Invalid event',
        error_user_msg: `The event ${JSON.stringify(sent)} is invalid.`,
      };
    }
    return null;
  }

  return fakeOf(counter, {
    name: 'meta',
    account,
    secret,
    answer,
    ofBrowser: (name, id) => ({ event_name: name, event_id: id }),
  });
}
