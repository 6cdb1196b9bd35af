/**
 * Plays Microsoft's Conversions API for UET tags, v1: learn.microsoft.com/en-us/advertising/guides/uet-conversion-api-integration. Times are in seconds. It names
 * the events that it refuses, with the values that it did not like; with `continueOnValidationError` in the body (not in an event) it takes the others.
 */
import * as v from 'valibot';
import { fakeOf, json, makeCounter, SECONDS, SHA_256 } from './counter.ts';
import type { FakeNetwork, Trouble } from './fake.ts';

const OLDEST = 7 * 86_400;
const MAX_EVENTS = 1000;

const text = v.pipe(v.string(), v.nonEmpty());
const hash = v.pipe(v.string(), v.regex(SHA_256));

const event = v.strictObject({
  eventType: v.picklist(['pageLoad', 'custom']),
  eventId: v.optional(text),
  eventName: v.optional(text),
  eventTime: v.pipe(v.number(), v.integer()),
  eventSourceUrl: v.optional(v.pipe(v.string(), v.url())),
  pageLoadId: v.optional(v.pipe(v.string(), v.uuid())),
  referrerUrl: v.optional(text),
  pageTitle: v.optional(text),
  keywords: v.optional(text),
  adStorageConsent: v.optional(v.picklist(['G', 'D'])),
  userData: v.strictObject({
    anonymousId: v.optional(text),
    externalId: v.optional(text),
    em: v.optional(hash),
    ph: v.optional(hash),
    msclkid: v.optional(v.pipe(v.string(), v.regex(/^[\da-fA-F-]{32,36}$/))),
    clientIpAddress: v.optional(v.pipe(v.string(), v.ip())),
    clientUserAgent: v.optional(text),
    idfa: v.optional(text),
    gaid: v.optional(text),
  }),
  customData: v.optional(
    v.strictObject({
      eventCategory: v.optional(text),
      eventLabel: v.optional(text),
      eventValue: v.optional(v.number()),
      searchTerm: v.optional(text),
      transactionId: v.optional(text),
      value: v.optional(v.number()),
      currency: v.optional(v.pipe(v.string(), v.regex(/^[A-Z]{3}$/))),
      items: v.optional(
        v.array(
          v.strictObject({
            id: text,
            name: v.optional(text),
            price: v.optional(v.number()),
            quantity: v.optional(v.pipe(v.number(), v.integer())),
          }),
        ),
      ),
      itemIds: v.optional(v.array(text)),
      pageType: v.optional(
        v.picklist(['home', 'product', 'category', 'searchresults', 'cart', 'purchase', 'other']),
      ),
      ecommTotalValue: v.optional(v.number()),
      ecommCategory: v.optional(text),
    }),
  ),
});
type MicrosoftEvent = v.InferOutput<typeof event>;

/** The recorded schema of a request's body. */
export const microsoftBody = v.strictObject({
  data: v.pipe(v.array(event), v.minLength(1), v.maxLength(MAX_EVENTS)),
  continueOnValidationError: v.optional(v.boolean()),
  dataProvider: v.optional(text),
});
const batch = v.strictObject({
  data: v.pipe(v.array(v.unknown()), v.minLength(1), v.maxLength(MAX_EVENTS)),
  continueOnValidationError: v.optional(v.boolean()),
  dataProvider: v.optional(text),
});

interface Detail {
  readonly index: number;
  readonly propertyName: string;
  readonly attemptedValue: unknown;
  readonly errorMessage: string;
  readonly errorCode: string;
  readonly isWarning: boolean;
}

/** @param now the fake's clock. */
export function makeMicrosoft(now: () => number = Date.now): FakeNetwork {
  const account = '187012345';
  const secret = 'fake-uet-capi-token-0123456789';
  const counter = makeCounter({ window: OLDEST * 1000, browserWins: 0 });

  async function answer(request: Request, trouble: Trouble | null): Promise<Response> {
    if (trouble === 'throttled') {
      return failure(429, 'TooManyRequests', 'Too many requests.', [], { 'retry-after': '20' });
    }
    if (trouble === 'down') return new Response('Service Unavailable', { status: 503 });
    const { pathname } = new URL(request.url);
    const [, tag] = /^\/v1\/(\d+)\/events$/.exec(pathname) ?? [];
    if (trouble === 'ended' || request.method !== 'POST' || tag === undefined) {
      return new Response('Not Found', { status: 404 });
    }
    const isAllowed = request.headers.get('authorization') === `Bearer ${secret}` && tag === account;
    if (trouble === 'revoked' || !isAllowed)
      return failure(401, 'Unauthorized', 'Invalid token for the tag.');
    const read = v.safeParse(batch, await request.json().catch(() => null));
    if (!read.success) return failure(400, 'BadRequest', `data has to have 1 to ${MAX_EVENTS} events.`);
    if (trouble === 'hidden') return failure(200, 'InternalError', 'The events were not processed.');

    const events = read.output.data.map(checked);
    const details = events.filter((sent): sent is Detail => 'errorMessage' in sent);
    if (details.length > 0 && read.output.continueOnValidationError !== true) {
      return failure(400, 'ValidationError', 'Validation failed.', details);
    }
    const taken = events.filter((sent): sent is MicrosoftEvent => !('errorMessage' in sent));
    for (const sent of taken) {
      const name = sent.eventName ?? sent.eventType;
      counter.count({ name, id: sent.eventId ?? '', event: sent, from: 'server' }, now());
    }
    const error = { code: 'ValidationError', message: 'Some events are not valid.', details };
    return json(200, {
      eventsReceived: taken.length,
      ...(details.length === 0 ? {} : { error }),
      traceId: crypto.randomUUID(),
    });
  }

  /** The event, or what is wrong with it. */
  function checked(value: unknown, index: number): MicrosoftEvent | Detail {
    const detail = (propertyName: string, attemptedValue: unknown, errorMessage: string): Detail => ({
      index,
      propertyName,
      attemptedValue,
      errorMessage,
      errorCode: 'PredicateValidator',
      isWarning: false,
    });
    const read = v.safeParse(event, value);
    if (!read.success) {
      const [issue] = read.issues;
      const path = v.getDotPath(issue) ?? '';
      return detail(path, issue.input, `'${path}' is invalid: ${JSON.stringify(issue.input)}.`);
    }
    const sent = read.output;
    const seconds = now() / 1000;
    const isTimely =
      sent.eventTime >= SECONDS.from && sent.eventTime >= seconds - OLDEST && sent.eventTime <= seconds + 300;
    if (!isTimely)
      return detail('EventTime', sent.eventTime, `'Event Time' ${sent.eventTime} is out of range.`);
    if (sent.eventType === 'custom' && sent.eventName === undefined) {
      return detail('EventName', null, "'Event Name' must not be empty.");
    }
    if (sent.eventType === 'pageLoad' && sent.eventSourceUrl === undefined) {
      return detail('EventSourceUrl', null, "'Event Source Url' must not be empty.");
    }
    const { anonymousId, externalId, em, ph, msclkid, idfa, gaid } = sent.userData;
    if ((anonymousId ?? externalId ?? em ?? ph ?? msclkid ?? idfa ?? gaid) === undefined) {
      return detail('UserData', sent.userData, 'At least one user identifier is required.');
    }
    if (counter.refuses(sent.eventId ?? '')) {
      return detail(
        'CustomData',
        sent,
        `The event ${sent.eventId} from ${sent.userData.clientIpAddress} is invalid.`,
      );
    }
    return sent;
  }

  return fakeOf(counter, {
    name: 'microsoft',
    account,
    secret,
    answer,
    ofBrowser: (name, id) => ({ eventName: name, eventId: id }),
  });
}

function failure(
  status: number,
  code: string,
  message: string,
  details: readonly Detail[] = [],
  headers: Readonly<Record<string, string>> = {},
): Response {
  const error = { code, message, details };
  return json(status, { eventsReceived: 0, error, traceId: crypto.randomUUID() }, headers);
}
