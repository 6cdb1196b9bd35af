/**
 * Plays the Measurement Protocol of Google Analytics 4: developers.google.com/analytics/devguides/collection/protocol/ga4. It answers 204 to anything that is
 * posted, and drops in silence what it does not like, a wrong API secret included. Only the server for validation says what is wrong, and it counts nothing.
 */
import * as v from 'valibot';
import { fakeOf, json, makeCounter, SHA_256 } from './counter.ts';
import type { FakeNetwork, Trouble } from './fake.ts';

const OLDEST = 72 * 3_600_000;
const MAX_BYTES = 130_000;
const MAX_EVENTS = 25;
const MAX_PARAMETERS = 25;

const RESERVED: ReadonlySet<string> = new Set(
  (
    'ad_activeview ad_click ad_exposure ad_impression ad_query ad_reward adunit_exposure app_clear_data app_exception app_install app_remove ' +
    'app_store_refund app_update app_upgrade dynamic_link_app_open dynamic_link_app_update dynamic_link_first_open error first_open first_visit ' +
    'in_app_purchase notification_dismiss notification_foreground notification_open notification_receive os_update session_start user_engagement'
  ).split(' '),
);
const RESERVED_PREFIX = /^(?:_|firebase_|ga_|google_|gtag\.)/;

/** Characters of a parameter that may have more than 100. */
const LENGTHS: Readonly<Record<string, number>> = {
  page_location: 1000,
  page_referrer: 420,
  page_title: 300,
};

const hash = v.pipe(v.string(), v.regex(SHA_256));
const consent = v.picklist(['GRANTED', 'DENIED']);
const text = v.pipe(v.string(), v.nonEmpty());
const item = v.strictObject({
  item_id: v.pipe(v.string(), v.nonEmpty(), v.maxLength(100)),
  item_name: v.optional(text),
  quantity: v.optional(v.number()),
  price: v.optional(v.number()),
});

/** The recorded schema of a request's body. */
export const ga4Body = v.strictObject({
  client_id: text,
  user_id: v.optional(text),
  timestamp_micros: v.optional(v.pipe(v.number(), v.integer())),
  consent: v.optional(
    v.strictObject({ ad_user_data: v.optional(consent), ad_personalization: v.optional(consent) }),
  ),
  user_data: v.optional(
    v.strictObject({
      sha256_email_address: v.optional(v.array(hash)),
      sha256_phone_number: v.optional(v.array(hash)),
    }),
  ),
  validation_behavior: v.optional(v.picklist(['RELAXED', 'ENFORCE_RECOMMENDATIONS'])),
  events: v.array(
    v.strictObject({
      name: v.string(),
      params: v.objectWithRest(
        {
          currency: v.optional(v.pipe(v.string(), v.regex(/^[A-Z]{3}$/))),
          value: v.optional(v.number()),
          items: v.optional(v.pipe(v.array(item), v.maxLength(200))),
        },
        v.union([v.string(), v.number()]),
      ),
    }),
  ),
});
type Body = v.InferOutput<typeof ga4Body>;

interface Fault {
  readonly fieldPath: string;
  readonly description: string;
  readonly validationCode: string;
}

/** @param now the fake's clock. */
export function makeGa4(now: () => number = Date.now): FakeNetwork {
  const account = 'G-FAKE1234AB';
  const secret = 'fake-mp-secret_0123456';
  const counter = makeCounter({ window: Number.POSITIVE_INFINITY, browserWins: 0 });

  async function answer(request: Request, trouble: Trouble | null): Promise<Response> {
    if (trouble === 'throttled') return new Response('', { status: 429, headers: { 'retry-after': '30' } });
    if (trouble === 'down') return new Response('', { status: 502 });
    const { pathname, searchParams } = new URL(request.url);
    const [, debug] = /^(\/debug)?\/mp\/collect$/.exec(pathname) ?? [null];
    if (trouble === 'ended' || debug === null) return new Response('not found', { status: 404 });
    if (request.method !== 'POST') return new Response('', { status: 405 });

    const sent = await request.text();
    const body = parsed(sent);
    const faults = body === null ? [unreadable(sent)] : faultsOf(body, sent.length);
    if (debug !== undefined) return json(200, { validationMessages: faults });

    const isKnown =
      searchParams.get('measurement_id') === account && searchParams.get('api_secret') === secret;
    const isDropped = trouble === 'revoked' || trouble === 'hidden';
    if (body !== null && faults.length === 0 && isKnown && !isDropped) take(body);
    return new Response(null, { status: 204 });
  }

  function take(body: Body): void {
    for (const event of body.events) {
      const { transaction_id } = event.params;
      const isPurchase = event.name === 'purchase' && typeof transaction_id === 'string';
      const id = typeof transaction_id === 'string' ? transaction_id : '';
      if (counter.refuses(id)) continue;
      const counted = { name: event.name, id, event: { ...body, events: [event] }, from: 'server' } as const;
      // An order that two reports name is one purchase. Nothing else is recognized.
      if (isPurchase) counter.count(counted, now());
      else counter.countAlways(counted);
    }
  }

  function faultsOf({ timestamp_micros, events }: Body, bytes: number): readonly Fault[] {
    const faults: Fault[] = [];
    const fault = (fieldPath: string, validationCode: string, description: string): void => {
      faults.push({ fieldPath, description, validationCode });
    };
    if (bytes >= MAX_BYTES) fault('', 'VALUE_OUT_OF_BOUNDS', 'The request has to be smaller than 130kB.');
    if (events.length === 0) fault('events', 'VALUE_REQUIRED', 'Measurement requires at least one event.');
    if (events.length > MAX_EVENTS)
      fault('events', 'EXCEEDED_MAX_ENTITIES', 'At most 25 events are allowed.');
    if (timestamp_micros !== undefined) {
      const at = timestamp_micros / 1000;
      if (at < now() - OLDEST || at > now()) {
        fault(
          'timestamp_micros',
          'VALUE_INVALID',
          `The timestamp [${timestamp_micros}] is not within 72 hours.`,
        );
      }
    }
    for (const [index, { name, params }] of events.entries()) {
      if (RESERVED.has(name) || RESERVED_PREFIX.test(name)) {
        fault('events', 'NAME_RESERVED', `Event at index: [${index}] has name [${name}] which is reserved.`);
      } else if (!/^[A-Za-z][A-Za-z0-9_]{0,39}$/.test(name)) {
        const rule = 'Names must start with an alphabetic character.';
        fault('events', 'NAME_INVALID', `Event at index: [${index}] has invalid name [${name}]. ${rule}`);
      }
      if (Object.keys(params).length > MAX_PARAMETERS) {
        fault('events.params', 'EXCEEDED_MAX_ENTITIES', 'At most 25 parameters are allowed.');
      }
      for (const [key, value] of Object.entries(params)) {
        if (typeof value === 'string' && value.length > (LENGTHS[key] ?? 100)) {
          fault(`events.params.${key}`, 'VALUE_OUT_OF_BOUNDS', `The value [${value}] is too long.`);
        }
      }
      if (
        params['transaction_id'] === '' ||
        (name === 'purchase' && params['transaction_id'] === undefined)
      ) {
        fault('events.params.transaction_id', 'VALUE_REQUIRED', 'A purchase requires a transaction_id.');
      }
      if (params['value'] !== undefined && params['currency'] === undefined) {
        fault('events.params.currency', 'VALUE_REQUIRED', 'A value requires a currency.');
      }
    }
    return faults;
  }

  return fakeOf(counter, {
    name: 'ga4',
    account,
    secret,
    answer,
    ofBrowser: (name, id) => ({ name, params: { transaction_id: id } }),
  });
}

/** Half a pair of surrogates is no text: nothing of the body is read. */
function wellFormed(_: string, value: unknown): unknown {
  if (typeof value === 'string' && !value.isWellFormed()) throw new SyntaxError('not a text');
  return value;
}

function parsed(text: string): Body | null {
  try {
    const read = v.safeParse(ga4Body, JSON.parse(text, wellFormed));
    return read.success ? read.output : null;
  } catch {
    return null;
  }
}

const unreadable = (text: string): Fault => ({
  fieldPath: '',
  description: `Unable to parse Measurement Protocol JSON payload: ${text.slice(0, 200)}`,
  validationCode: 'VALUE_INVALID',
});
