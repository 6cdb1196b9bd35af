/**
 * Plays version 3 of Reddit's Conversions API: ads-api.reddit.com/docs/v3. Times are in milliseconds. One bad event refuses a whole request; a field of the
 * wrong type is called unauthorized. Of events with the same conversion id and type within two days, the one with more data counts, else the first.
 */
import * as v from 'valibot';
import { FIRST_WINS, fakeOf, json, makeCounter } from './counter.ts';
import type { CountedEvent, FakeNetwork, Trouble } from './fake.ts';

const HOUR = 3_600_000;
const OLDEST = 168 * HOUR;
const AHEAD = 300_000;
const SAME = 48 * HOUR;

const text = v.pipe(v.string(), v.nonEmpty());
const integer = v.pipe(v.number(), v.integer());
/** Match keys may be sent as they are, or as SHA-256. */
const key = text;

const event = v.strictObject({
  event_at: integer,
  action_source: v.picklist(['WEBSITE', 'APP', 'PHYSICAL_STORE', 'OTHER']),
  event_source_url: v.optional(v.pipe(v.string(), v.url())),
  click_id: v.optional(text),
  type: v.variant('tracking_type', [
    v.strictObject({
      tracking_type: v.picklist([
        'PAGE_VISIT',
        'VIEW_CONTENT',
        'SEARCH',
        'ADD_TO_CART',
        'ADD_TO_WISHLIST',
        'PURCHASE',
        'LEAD',
        'SIGN_UP',
      ]),
    }),
    v.strictObject({ tracking_type: v.literal('CUSTOM'), custom_event_name: text }),
  ]),
  user: v.optional(
    v.strictObject({
      email: v.optional(key),
      phone_number: v.optional(key),
      external_id: v.optional(key),
      uuid: v.optional(text),
      ip_address: v.optional(key),
      user_agent: v.optional(text),
    }),
  ),
  metadata: v.optional(
    v.strictObject({
      conversion_id: v.optional(text),
      value: v.optional(v.number()),
      currency: v.optional(v.pipe(v.string(), v.regex(/^[A-Z]{3}$/))),
      item_count: v.optional(integer),
      products: v.optional(
        v.array(v.strictObject({ id: v.optional(text), name: v.optional(text), category: v.optional(text) })),
      ),
    }),
  ),
});

/** The recorded schema of a request's body. */
export const redditBody = v.strictObject({
  data: v.strictObject({
    test_id: v.optional(text),
    events: v.pipe(v.array(event), v.minLength(1), v.maxLength(1000)),
  }),
});
type RedditEvent = v.InferOutput<typeof event>;

interface Counted {
  event: CountedEvent;
  readonly id: string;
  readonly at: number;
}

/** @param now the fake's clock. */
export function makeReddit(now: () => number = Date.now): FakeNetwork {
  const account = 'a2_fakepixel123';
  const secret = 'eyJfakeRedditToken.0123456789-abc_def';
  const counter = makeCounter(FIRST_WINS);
  let counted: Counted[] = [];

  function count(event: CountedEvent, at: number): void {
    counter.countAlways(event);
    const same = counted.find(
      (other) =>
        event.id !== '' &&
        other.id === event.id &&
        other.event.name === event.name &&
        Math.abs(other.at - at) <= SAME,
    );
    if (same === undefined) counted.push({ event, id: event.id, at });
    else if (weight(event.event) > weight(same.event.event)) same.event = event;
  }

  async function answer(request: Request, trouble: Trouble | null): Promise<Response> {
    if (trouble === 'throttled') return json(429, { message: 'Too many requests' });
    if (trouble === 'down') return json(500, { message: 'Internal server error' });
    const [, pixel] =
      /^\/api\/v3\/pixels\/([^/]+)\/conversion_events$/.exec(new URL(request.url).pathname) ?? [];
    if (request.method !== 'POST' || pixel === undefined) return json(404, { message: 'Not found' });
    if (trouble === 'revoked' || request.headers.get('authorization') !== `Bearer ${secret}`) {
      return unauthorized(
        401,
        'This server could not verify that you are authorized to access the document you requested.',
      );
    }
    if (pixel !== account) return json(404, { message: 'The pixel was not found' });
    const read = v.safeParse(redditBody, await request.json().catch(() => null));
    if (!read.success) {
      const [issue] = read.issues;
      const field = (v.getDotPath(issue) ?? '').replaceAll('.', ' ');
      return unauthorized(403, `JSON error unexpected type ${typeof issue.input} on field ${field}`);
    }

    const { events, test_id } = read.output.data;
    const invalid = events.flatMap((sent) => {
      const error_message = problemOf(sent);
      return error_message === null ? [] : [{ error_message, event: sent }];
    });
    if (invalid.length > 0) {
      const message = `There were ${invalid.length} invalid conversion events. None were processed.`;
      return json(400, { message, invalid_events: invalid });
    }
    if (test_id === undefined) {
      for (const sent of events) {
        count(
          { name: nameOf(sent), id: sent.metadata?.conversion_id ?? '', event: sent, from: 'server' },
          now(),
        );
      }
    }
    return json(200, { data: { message: `Successfully processed ${events.length} conversion events.` } });
  }

  function problemOf({ event_at, metadata, user }: RedditEvent): string | null {
    if (event_at < now() - OLDEST) return 'event_at timestamp must be less than 168h0m0s old';
    if (event_at > now() + AHEAD) return 'event_at timestamp must not be more than 5m0s in the future';
    const id = metadata?.conversion_id ?? '';
    return counter.refuses(id) ? `the event ${id} of ${JSON.stringify(user)} is invalid` : null;
  }

  const ofBrowser = (_: string, id: string) => ({ metadata: { conversion_id: id } });
  return {
    ...fakeOf(counter, { name: 'reddit', account, secret, answer, ofBrowser }),
    counted: () => counted.map(({ event }) => event),
    browserEvent(name, id, at) {
      count({ name, id, event: ofBrowser(name, id), from: 'browser' }, at);
    },
    reset() {
      counter.reset();
      counted = [];
    },
  };
}

const unauthorized = (status: number, explanation: string): Response =>
  json(status, { success: false, error: { reason: 'UNAUTHORIZED', explanation } });

const nameOf = ({ type }: RedditEvent): string =>
  type.tracking_type === 'CUSTOM' ? type.custom_event_name : type.tracking_type;

/** How much data an event has: its match keys and metadata. */
function weight(event: unknown): number {
  const { user = {}, metadata = {} } = event as Partial<RedditEvent>;
  return Object.keys(user).length + Object.keys(metadata).length;
}
