/**
 * Plays the Conversions API of OpenAI's advertisements: developers.openai.com/ads/conversions-api. Times are in milliseconds, amounts are whole numbers of
 * the currency's smallest unit. One bad event refuses a whole request. The first event with a type and an id counts.
 */
import * as v from 'valibot';
import { fakeOf, json, makeCounter, SHA_256 } from './counter.ts';
import type { FakeNetwork, Trouble } from './fake.ts';

const OLDEST = 7 * 86_400_000;
const AHEAD = 600_000;

const text = v.pipe(v.string(), v.nonEmpty());
const integer = v.pipe(v.number(), v.integer());
const currency = v.pipe(v.string(), v.regex(/^[A-Za-z]{3}$/));
const hashes = v.pipe(v.array(v.pipe(v.string(), v.regex(SHA_256))), v.minLength(1));

const FORMS = {
  page_viewed: 'contents',
  contents_viewed: 'contents',
  items_added: 'contents',
  checkout_started: 'contents',
  order_created: 'contents',
  lead_created: 'customer_action',
  registration_completed: 'customer_action',
  appointment_scheduled: 'customer_action',
  app_installed: 'customer_action',
  app_opened: 'customer_action',
  subscription_created: 'plan_enrollment',
  trial_started: 'plan_enrollment',
  custom: 'custom',
} as const;
const types = Object.keys(FORMS) as (keyof typeof FORMS)[];

const money = { amount: v.optional(integer), currency: v.optional(currency) };
const contents = v.array(
  v.strictObject({
    id: v.optional(text),
    group_id: v.optional(text),
    name: v.optional(text),
    content_type: v.optional(text),
    quantity: v.optional(integer),
    ...money,
  }),
);
const data = v.variant('type', [
  v.strictObject({ type: v.literal('contents'), ...money, contents: v.optional(contents) }),
  v.strictObject({ type: v.literal('customer_action'), ...money }),
  v.strictObject({
    type: v.literal('plan_enrollment'),
    ...money,
    plan_id: v.optional(text),
    contents: v.optional(contents),
  }),
  v.looseObject({ type: v.literal('custom'), ...money, contents: v.optional(contents) }),
]);

const event = v.strictObject({
  id: text,
  type: v.picklist(types),
  custom_event_name: v.optional(v.pipe(v.string(), v.regex(/^[a-z\d](?:[\w-]{0,62}[a-z\d])?$/i))),
  timestamp_ms: integer,
  oppref: v.optional(text),
  source_url: v.optional(v.pipe(v.string(), v.url())),
  action_source: v.picklist([
    'web',
    'mobile_app',
    'offline',
    'physical_store',
    'phone_call',
    'email',
    'other',
  ]),
  user: v.optional(
    v.strictObject({
      emails_sha256: v.optional(hashes),
      phone_numbers_sha256: v.optional(hashes),
      external_ids_sha256: v.optional(hashes),
      obref: v.optional(text),
      countries: v.optional(v.array(v.pipe(v.string(), v.regex(/^[A-Z]{2}$/)))),
      ip_address: v.optional(v.pipe(v.string(), v.ip())),
      user_agent: v.optional(text),
    }),
  ),
  opt_out: v.optional(v.boolean()),
  data,
});

/** The recorded schema of a request's body. */
export const openaiBody = v.strictObject({
  validate_only: v.optional(v.boolean()),
  integration_source: v.optional(v.pipe(v.string(), v.regex(/^[a-z\d][\w.-]{0,63}$/i))),
  events: v.pipe(v.array(event), v.minLength(1), v.maxLength(1000)),
});
type OpenaiEvent = v.InferOutput<typeof event>;

const failure = (status: number, code: string, message: string): Response =>
  json(
    status,
    { error: { type: 'invalid_request_error', code, message } },
    { 'x-request-id': 'req_fake0123456789' },
  );

/** @param now the fake's clock. */
export function makeOpenai(now: () => number = Date.now): FakeNetwork {
  const account = 'FAKEPixel0123456789ab';
  const secret = 'sk-fake-openai-conversions-0123456789';
  const counter = makeCounter({ window: Number.POSITIVE_INFINITY, browserWins: 0 });

  async function answer(request: Request, trouble: Trouble | null): Promise<Response> {
    if (trouble === 'throttled') {
      return json(
        429,
        { error: { code: 'rate_limit_exceeded', message: 'Too many requests' } },
        { 'retry-after': '30' },
      );
    }
    if (trouble === 'down') return new Response('bad gateway', { status: 502 });
    const { pathname, searchParams } = new URL(request.url);
    if (request.method !== 'POST' || pathname !== '/v1/events') return failure(404, 'not_found', 'Not found');
    if (trouble === 'revoked' || request.headers.get('authorization') !== `Bearer ${secret}`) {
      return failure(401, 'invalid_api_key', 'Incorrect API key provided.');
    }
    if (searchParams.get('pid') !== account) return failure(404, 'not_found', 'There is no such pixel.');
    const read = v.safeParse(openaiBody, await request.json().catch(() => null));
    if (!read.success) {
      const [issue] = read.issues;
      return failure(
        400,
        'invalid_event',
        `${v.getDotPath(issue)}: ${issue.message}, ${JSON.stringify(issue.input)}`,
      );
    }
    const { events, validate_only = false } = read.output;
    for (const [index, sent] of events.entries()) {
      const problem = problemOf(sent);
      if (problem !== null) return failure(400, 'invalid_event', `events.${index}: ${problem}`);
    }
    if (!validate_only) {
      for (const sent of events) {
        counter.count({ name: nameOf(sent), id: sent.id, event: sent, from: 'server' }, now());
      }
    }
    return json(200, {}, { 'x-request-id': 'req_fake0123456789' });
  }

  function problemOf(sent: OpenaiEvent): string | null {
    const { type, custom_event_name, timestamp_ms, action_source, source_url } = sent;
    if (timestamp_ms < now() - OLDEST) return 'timestamp_ms must be within the last 7 days';
    if (timestamp_ms > now() + AHEAD) return 'timestamp_ms must not be more than 10 minutes in the future';
    if (action_source === 'web' && source_url === undefined)
      return 'source_url is required if action_source is web';
    if (type.startsWith('app_') && action_source !== 'mobile_app')
      return `${type} requires action_source mobile_app`;
    if (sent.data.type !== FORMS[type]) return `${type} requires data.type ${FORMS[type]}`;
    if ((type === 'custom') !== (custom_event_name !== undefined))
      return 'custom_event_name goes with type custom';
    if (types.some((name) => name === custom_event_name)) return 'custom_event_name is a standard event';
    if (sent.data.amount !== undefined && sent.data.currency === undefined)
      return 'currency is required with amount';
    if (counter.refuses(sent.id)) return `the event ${sent.id} of ${JSON.stringify(sent.user)} is invalid`;
    return null;
  }

  return fakeOf(counter, {
    name: 'openai',
    account,
    secret,
    answer,
    ofBrowser: (_, id) => ({ event_id: id }),
  });
}

const nameOf = ({ type, custom_event_name }: OpenaiEvent): string => custom_event_name ?? type;
