/**
 * Plays Google's Data Manager API, v1: developers.google.com/data-manager/api, and googleapis/googleapis google/ads/datamanager/v1. A request is taken or refused
 * as a whole. Whether its events count is known half an hour later, for each conversion action, in numbers only.
 */
import * as v from 'valibot';
import { fakeOf, json, makeCounter, SHA_256 } from './counter.ts';
import type { CountedEvent, FakeNetwork, Trouble } from './fake.ts';
import { KEY_FILE } from './google-key.ts';
import { makeGoogleTokens } from './google-token.ts';

const PROCESSING = 1_800_000;
const OLDEST = 90 * 86_400_000;

const text = v.pipe(v.string(), v.nonEmpty());
const digits = v.pipe(v.string(), v.regex(/^\d+$/));
const hash = v.pipe(v.string(), v.regex(SHA_256));
const account = v.strictObject({ accountType: v.literal('GOOGLE_ADS'), accountId: digits });
const consent = v.strictObject({
  adUserData: v.optional(v.picklist(['CONSENT_GRANTED', 'CONSENT_DENIED'])),
  adPersonalization: v.optional(v.picklist(['CONSENT_GRANTED', 'CONSENT_DENIED'])),
});
const identifier = v.union([v.strictObject({ emailAddress: hash }), v.strictObject({ phoneNumber: hash })]);
/** RFC 3339, which protobuf's JSON has for a timestamp. */
const timestamp = v.pipe(v.string(), v.isoTimestamp());

const event = v.strictObject({
  destinationReferences: v.optional(v.array(text)),
  transactionId: text,
  eventTimestamp: timestamp,
  userData: v.optional(
    v.strictObject({ userIdentifiers: v.pipe(v.array(identifier), v.minLength(1), v.maxLength(10)) }),
  ),
  consent: v.optional(consent),
  adIdentifiers: v.optional(
    v.strictObject({ gclid: v.optional(text), gbraid: v.optional(text), wbraid: v.optional(text) }),
  ),
  currency: v.optional(v.pipe(v.string(), v.regex(/^[A-Z]{3}$/))),
  conversionValue: v.optional(v.pipe(v.number(), v.finite())),
  eventSource: v.optional(v.picklist(['WEB', 'APP', 'IN_STORE', 'PHONE', 'OTHER'])),
});

/** The recorded schema of a request's body. */
export const googleBody = v.strictObject({
  destinations: v.pipe(
    v.array(
      v.strictObject({
        reference: v.optional(text),
        operatingAccount: account,
        loginAccount: v.optional(account),
        productDestinationId: digits,
      }),
    ),
    v.minLength(1),
    v.maxLength(10),
  ),
  events: v.pipe(v.array(event), v.minLength(1), v.maxLength(2000)),
  consent: v.optional(consent),
  validateOnly: v.optional(v.boolean()),
  encoding: v.optional(v.picklist(['HEX', 'BASE64'])),
});
type Body = v.InferOutput<typeof googleBody>;
type SentEvent = Body['events'][number];

/** What became of the events of one conversion action. */
interface Outcome {
  readonly destination: Body['destinations'][number];
  readonly records: number;
  readonly errors: ReadonlyMap<string, number>;
}

/** @param now the fake's clock. */
export function makeGoogle(now: () => number = Date.now): FakeNetwork {
  const customer = '123-456-7890';
  const counter = makeCounter({ window: Number.POSITIVE_INFINITY, browserWins: 0 });
  const tokens = makeGoogleTokens(now);
  const requests = new Map<string, { readonly at: number; readonly outcomes: readonly Outcome[] }>();

  async function answer(request: Request, trouble: Trouble | null): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const [, call] = /^\/v1\/(events:ingest|requestStatus:retrieve)$/.exec(pathname) ?? [];
    if (trouble === 'throttled') {
      return failure(429, 'RESOURCE_EXHAUSTED', 'Quota exceeded for quota metric.', [
        {
          '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
          reason: 'RATE_LIMIT_EXCEEDED',
          domain: 'googleapis.com',
          metadata: { quota_limit: 'IngestionMutateRequestsPerMinutePerProject' },
        },
      ]);
    }
    if (trouble === 'down') return failure(503, 'UNAVAILABLE', 'The service is currently unavailable.');
    if (trouble === 'ended' || call === undefined)
      return new Response('<title>Error 404</title>', { status: 404 });
    if (trouble === 'revoked' || !tokens.authorizes(request.headers.get('authorization'))) {
      return failure(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.');
    }
    if (call === 'requestStatus:retrieve') return status(searchParams.get('requestId') ?? '');
    return ingest(await request.json().catch(() => null), trouble === 'hidden');
  }

  function ingest(value: unknown, isDoomed: boolean): Response {
    const read = v.safeParse(googleBody, value);
    if (!read.success) {
      const [issue] = read.issues;
      return invalid(
        v.getDotPath(issue) ?? '',
        'INVALID_FORMAT',
        `${issue.message}, ${JSON.stringify(issue.input)}`,
      );
    }
    const body = read.output;
    if (
      body.destinations.some(
        ({ operatingAccount }) => operatingAccount.accountId !== customer.replaceAll('-', ''),
      )
    ) {
      return failure(403, 'PERMISSION_DENIED', 'The caller does not have permission.');
    }
    const references = body.destinations.map(({ reference }) => reference);
    if (new Set(references).size < references.length) {
      return invalid(
        'destinations',
        'DUPLICATE_DESTINATION_REFERENCE',
        'Two destinations have one reference.',
      );
    }
    for (const [index, sent] of body.events.entries()) {
      const fault = faultOf(sent, references, body.encoding);
      if (fault !== null)
        return invalid(`events.events[${index}]${fault.field}`, fault.reason, fault.description);
    }
    const requestId = crypto.randomUUID();
    if (body.validateOnly === true) return json(200, { requestId });
    requests.set(requestId, {
      at: now(),
      outcomes: body.destinations.map((to) => take(to, body.events, isDoomed)),
    });
    return json(200, { requestId });
  }

  function faultOf(
    sent: SentEvent,
    references: readonly (string | undefined)[],
    encoding: string | undefined,
  ): { readonly field: string; readonly reason: string; readonly description: string } | null {
    if (sent.destinationReferences?.some((reference) => !references.includes(reference)) === true) {
      return {
        field: '.destination_references',
        reason: 'INVALID_DESTINATION',
        description: 'Unknown reference.',
      };
    }
    if (sent.userData !== undefined && encoding === undefined) {
      return {
        field: '.user_data',
        reason: 'REQUIRED_FIELD_MISSING',
        description: 'The encoding is required.',
      };
    }
    if (sent.userData === undefined && Object.keys(sent.adIdentifiers ?? {}).length === 0) {
      const description = 'Events data contains no user identifiers or ad identifiers.';
      return { field: '', reason: 'NO_IDENTIFIERS_PROVIDED', description };
    }
    if (counter.refuses(sent.transactionId)) {
      // Google's descriptions repeat what was sent.
      const description = `The event is not valid: ${JSON.stringify(sent)}`;
      return { field: '.transaction_id', reason: 'INVALID_EVENT', description };
    }
    return null;
  }

  /** Counts the events of one conversion action. */
  function take(
    destination: Body['destinations'][number],
    events: readonly SentEvent[],
    isDoomed: boolean,
  ): Outcome {
    const own = events.filter(
      ({ destinationReferences = [] }) =>
        destinationReferences.length === 0 || destinationReferences.includes(destination.reference ?? ''),
    );
    const errors = new Map<string, number>();
    for (const sent of own) {
      const counted: CountedEvent = {
        name: destination.productDestinationId,
        id: sent.transactionId,
        event: sent,
        from: 'server',
      };
      const isKnown = counter.counted().some(({ name, id }) => name === counted.name && id === counted.id);
      const error = isDoomed ? 'INVALID_EVENT' : isKnown ? 'DUPLICATE_TRANSACTION_ID' : doubtOf(sent);
      if (error === null || isKnown) counter.count(counted, now());
      if (error !== null) errors.set(error, (errors.get(error) ?? 0) + 1);
    }
    return { destination, records: own.length, errors };
  }

  /** Why an event that was taken does not count. */
  function doubtOf({ eventTimestamp, adIdentifiers }: SentEvent): string | null {
    if (Date.parse(eventTimestamp) < now() - OLDEST) return 'EVENT_TOO_OLD';
    for (const kind of ['gclid', 'gbraid', 'wbraid'] as const) {
      if (!/^[\w-]*$/.test(adIdentifiers?.[kind] ?? '')) return `INVALID_${kind.toUpperCase()}`;
    }
    return null;
  }

  function status(id: string): Response {
    const found = requests.get(id);
    if (found === undefined)
      return invalid('request_id', 'INVALID_REQUEST_ID', 'The request id is not valid.');
    const isDecided = now() >= found.at + PROCESSING;
    return json(200, {
      requestStatusPerDestination: found.outcomes.map(({ destination, records, errors }) => {
        const failed = [...errors.values()].reduce((sum, count) => sum + count, 0);
        const decided = failed === 0 ? 'SUCCESS' : failed === records ? 'FAILED' : 'PARTIAL_SUCCESS';
        return {
          destination,
          requestStatus: isDecided ? decided : 'PROCESSING',
          ...(isDecided && failed > 0 ? { errorInfo: { errorCounts: errorCountsOf(errors) } } : {}),
          // Protobuf's JSON has 64-bit numbers as texts.
          eventsIngestionStatus: { recordCount: String(records) },
        };
      }),
    });
  }

  const fake = fakeOf(counter, {
    name: 'google',
    account: customer,
    secret: KEY_FILE,
    answer,
    ofBrowser: (_, id) => ({ transactionId: id }),
  });
  return {
    ...fake,
    async fetch(request) {
      // Troubles are those of the API: the exchange of the key is another server's.
      const isToken = request.method === 'POST' && new URL(request.url).pathname === '/token';
      return isToken ? tokens.exchange(request) : fake.fetch(request);
    },
    reset() {
      counter.reset();
      tokens.reset();
      requests.clear();
    },
  };
}

const errorCountsOf = (errors: ReadonlyMap<string, number>): readonly object[] =>
  Array.from(errors, ([reason, count]) => ({
    recordCount: String(count),
    reason: `PROCESSING_ERROR_REASON_${reason}`,
  }));

function failure(code: number, status: string, message: string, details: readonly object[] = []): Response {
  const info = { '@type': 'type.googleapis.com/google.rpc.RequestInfo', requestId: 'fake-request-1' };
  return json(code, { error: { code, message, status, details: [...details, info] } });
}

function invalid(field: string, reason: string, description: string): Response {
  return failure(400, 'INVALID_ARGUMENT', 'There was a problem with the request.', [
    {
      '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
      reason: 'INVALID_ARGUMENT',
      domain: 'datamanager.googleapis.com',
    },
    {
      '@type': 'type.googleapis.com/google.rpc.BadRequest',
      fieldViolations: [{ field, description, reason }],
    },
  ]);
}
