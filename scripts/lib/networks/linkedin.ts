/**
 * Plays LinkedIn's Conversions API: learn.microsoft.com/en-us/linkedin/marketing/integrations/ads-reporting/conversions-api. Times are in milliseconds,
 * amounts are texts. One bad event refuses a whole batch, and the message names its index; a batch that is taken has a status for each event. An event of
 * the Insight Tag replaces one of the API with the same id. Of two events of the API with one id LinkedIn promises nothing, so both count.
 */
import * as v from 'valibot';
import { FIRST_WINS, fakeOf, json, makeCounter, SHA_256 } from './counter.ts';
import type { CountedEvent, FakeNetwork, Trouble } from './fake.ts';

const OLDEST = 90 * 86_400_000;
/** Versions before this one have ended. There was none of December 2025. */
const OLDEST_VERSION = 202_601;

const text = v.pipe(v.string(), v.nonEmpty());

const event = v.strictObject({
  conversion: v.pipe(v.string(), v.regex(/^urn:lla:llaPartnerConversion:\d+$/)),
  conversionHappenedAt: v.pipe(v.number(), v.integer(), v.minValue(1_000_000_000_000)),
  conversionValue: v.optional(
    v.strictObject({
      currencyCode: v.pipe(v.string(), v.regex(/^[A-Z]{3}$/)),
      amount: v.pipe(v.string(), v.regex(/^\d+(?:\.\d+)?$/)),
    }),
  ),
  eventId: v.optional(text),
  user: v.strictObject({
    userIds: v.array(
      v.variant('idType', [
        v.strictObject({ idType: v.literal('SHA256_EMAIL'), idValue: v.pipe(v.string(), v.regex(SHA_256)) }),
        v.strictObject({
          idType: v.picklist(['LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID', 'ACXIOM_ID', 'GOOGLE_AID']),
          idValue: text,
        }),
      ]),
    ),
    userInfo: v.optional(v.strictObject({ firstName: text, lastName: text })),
  }),
});

/** The recorded schema of a request's body. */
export const linkedinBody = v.strictObject({
  elements: v.pipe(v.array(event), v.minLength(1), v.maxLength(5000)),
});
type LinkedinEvent = v.InferOutput<typeof event>;
const batch = v.strictObject({ elements: v.pipe(v.array(v.unknown()), v.minLength(1), v.maxLength(5000)) });

const failure = (status: number, message: string, code?: string, serviceErrorCode?: number): Response =>
  json(status, { status, serviceErrorCode, code, message }, { 'x-li-uuid': 'AAYpOFakeUuid==' });

export interface FakeLinkedin extends FakeNetwork {
  /** Conversion rules with these numbers were created for another source than the API. */
  rulesOfTag(ids: readonly string[]): void;
}

/** @param now the fake's clock. */
export function makeLinkedin(now: () => number = Date.now): FakeLinkedin {
  const account = '512345678';
  const secret = 'AQXfakeLinkedInToken-0123456789_abc';
  const counter = makeCounter(FIRST_WINS);
  let reported: CountedEvent[] = [];
  let ofTag: ReadonlySet<string> = new Set();

  function count(counted: CountedEvent): void {
    counter.countAlways(counted);
    reported.push(counted);
  }

  async function answer(request: Request, trouble: Trouble | null): Promise<Response> {
    const header = (name: string): string => request.headers.get(name) ?? '';
    if (trouble === 'down') return failure(500, 'Internal Server Error');
    if (request.method !== 'POST' || new URL(request.url).pathname !== '/rest/conversionEvents') {
      return failure(404, 'No virtual resource found', 'RESOURCE_NOT_FOUND');
    }
    const version = header('linkedin-version');
    if (!/^\d{6}$/.test(version)) return failure(400, 'A version must be present', 'VERSION_MISSING');
    if (Number(version) < OLDEST_VERSION || trouble === 'ended') {
      return failure(426, `Requested version ${version} is not active`, 'NONEXISTENT_VERSION');
    }
    if (trouble === 'revoked') {
      return failure(
        401,
        'The token used in the request has been revoked by the user',
        'REVOKED_ACCESS_TOKEN',
        65601,
      );
    }
    if (header('authorization') !== `Bearer ${secret}`) {
      return failure(401, 'Invalid access token', 'INVALID_ACCESS_TOKEN', 65600);
    }
    if (trouble === 'throttled') {
      return failure(
        429,
        'Resource level throttle APPLICATION_AND_MEMBER MINUTE limit for calls to this resource is reached.',
        'TOO_MANY_REQUESTS',
        101,
      );
    }
    if (header('x-restli-protocol-version') !== '2.0.0')
      return failure(400, 'Unsupported protocol version', 'ILLEGAL_ARGUMENT');
    if (header('x-restli-method') !== 'BATCH_CREATE')
      return failure(400, 'elements are of a batch', 'ILLEGAL_ARGUMENT');
    const read = v.safeParse(batch, await request.json().catch(() => null));
    if (!read.success) return failure(400, 'elements must be a list of 1 to 5000 events', 'ILLEGAL_ARGUMENT');

    const checked = read.output.elements.map(check);
    const wrong = checked.flatMap((sent, index) =>
      Array.isArray(sent) ? [`Index: ${index}, ${sent.map((line) => `ERROR :: ${line}\n`).join('')}`] : [],
    );
    if (wrong.length > 0) return failure(422, wrong.join(''));
    const events = checked as readonly LinkedinEvent[];
    const foreign = events.flatMap(({ conversion }, index) =>
      ofTag.has(conversion.slice(conversion.lastIndexOf(':') + 1)) ? [index] : [],
    );
    if (foreign.length > 0) {
      return failure(
        400,
        `Incorrect conversions information provided. Conversion's method should be CONVERSIONS_API, indices [${foreign.join(', ')}] (0-indexed)`,
      );
    }
    if (trouble === 'hidden') {
      const error = { code: 'INTERNAL', message: 'The event could not be stored' };
      return json(200, { elements: events.map(() => ({ status: 500, error })) });
    }
    for (const sent of events) {
      count({ name: sent.conversion, id: sent.eventId ?? '', event: sent, from: 'server' });
    }
    return json(200, { elements: events.map(() => ({ status: 201 })) });
  }

  /** The event, or what is wrong with it. */
  function check(value: unknown): LinkedinEvent | string[] {
    const read = v.safeParse(event, value);
    if (!read.success) {
      return read.issues.map((issue) =>
        issue.input === undefined
          ? `/${pathOf(issue)} :: field is required but not found and has no default value`
          : `/${pathOf(issue)} :: ${JSON.stringify(issue.input)} is not valid: ${issue.message}`,
      );
    }
    const sent = read.output;
    if (sent.user.userIds.length === 0 && sent.user.userInfo === undefined) {
      return ['/user/userIds :: at least one id is required without userInfo'];
    }
    if (sent.conversionHappenedAt < now() - OLDEST)
      return ['/conversionHappenedAt :: the conversion is older than 90 days'];
    if (counter.refuses(sent.eventId ?? '')) {
      return [
        `/conversionValue/amount :: the event ${sent.eventId} of ${JSON.stringify(sent.user)} is not valid`,
      ];
    }
    return sent;
  }

  const ofBrowser = (_: string, id: string) => ({ event_id: id });
  return {
    ...fakeOf(counter, { name: 'linkedin', account, secret, answer, ofBrowser }),
    counted() {
      const ofBrowser = new Map(
        reported.filter(({ from }) => from === 'browser').map((one) => [one.id, one]),
      );
      return [
        ...ofBrowser.values(),
        ...reported.filter(({ from, id }) => from === 'server' && !ofBrowser.has(id)),
      ];
    },
    browserEvent(name, id) {
      count({ name, id, event: ofBrowser(name, id), from: 'browser' });
    },
    rulesOfTag(ids) {
      ofTag = new Set(ids);
    },
    reset() {
      counter.reset();
      reported = [];
      ofTag = new Set();
    },
  };
}

const pathOf = (issue: v.BaseIssue<unknown>): string => (v.getDotPath(issue) ?? '').replaceAll('.', '/');
