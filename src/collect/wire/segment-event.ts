/** Reads a message of Segment's and RudderStack's libraries: one call of track, page, screen, identify, group or alias. */

import { type Campaign, withCampaign } from '../../model/campaign.ts';
import { ENGAGEMENT } from '../../model/event.ts';
import { BLANK_EVENT, type RawEvent, type SentEvent } from '../../model/wire.ts';
import { adConsentOf, consentOf } from './consent-categories.ts';
import { ownName } from './event-name.ts';
import { dataOf, type JsonObject, recordOf, textOf } from './json.ts';
import { withRevenue } from './revenue.ts';
import { correctedTime, overridesOf, serverClient } from './sent-by.ts';

/** What the messages of one request have in common. */
export interface SegmentRequest {
  /** The pixel that the request's write key names. */
  readonly site: Pick<RawEvent, 'id' | 'key'>;
  /** When the request was sent by its client's clock, if it says so. */
  readonly sentAt: unknown;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  /** Whether the visitor's own device sent the request. */
  readonly isFromDevice: boolean;
}

/** The address of a page in the properties of a `page`, which has a place of its own in an event, and its title, which has none. */
const PAGE_FIELDS = new Set(['url', 'path', 'referrer', 'search', 'title']);
/** What revenue is called in any event; and in a completed order, in this order, as in imports. */
const REVENUE = ['revenue'];
const ORDER_REVENUE = ['revenue', 'total', 'value'];
const ORDERS = new Set(['Order Completed', 'Completed Order']);
/** Names of the libraries that run in browsers. */
const BROWSER_LIBRARY = /^analytics\.js$|javascript|\bamp\b/i;

/** Types of messages that say only what Speck does not keep: groups, their traits, and second names of a user. */
const NOT_KEPT = new Set(['group', 'alias']);

/**
 * The events of a message: one, or none if it says only what Speck does not keep. Null is what is no message.
 * @param type the type that its path says; default: its own.
 */
export function eventsOfMessage(
  value: unknown,
  request: SegmentRequest,
  type?: string,
): readonly (SentEvent | null)[] {
  const message = recordOf(value);
  if (message === null) return [null];
  const kind = type ?? textOf(message['type']);
  if (NOT_KEPT.has(kind)) return [];
  // Without a user id nobody is identified, and traits are not kept.
  if (kind === 'identify' && textOf(message['userId']) === '') return [];
  const named = NAMED.get(kind);
  if (named === undefined) return [null];
  const page = {
    ...recordOf(recordOf(message['context'])?.['page']),
    ...(kind === 'page' ? pageOf(message) : {}),
  };
  return [{ ...commonOf(message, page, request), ...named(message) }];
}

type NamedFields = Pick<RawEvent, 'ev' | 'cd'>;

const NO_FIELDS: ReadonlySet<string> = new Set();

const NAMED: ReadonlyMap<string, (message: JsonObject) => NamedFields> = new Map<
  string,
  (message: JsonObject) => NamedFields
>([
  ['page', (message) => ({ ev: '', cd: withNames(message, PAGE_FIELDS) })],
  ['screen', (message) => ({ ev: 'screen', cd: withNames(message, NO_FIELDS) })],
  [
    'track',
    (message) => {
      const name = textOf(message['event']);
      const revenue = ORDERS.has(name) ? ORDER_REVENUE : REVENUE;
      return { ev: ownName(name), cd: withRevenue(dataOf(message['properties']), revenue) };
    },
  ],
  ['identify', () => ({ ev: ENGAGEMENT, cd: [] })],
]);

/** The properties of a page or screen, with its name and category. */
function withNames(message: JsonObject, dropped: ReadonlySet<string>): RawEvent['cd'] {
  const names = ['name', 'category'].flatMap((key): [string, unknown][] => {
    const text = textOf(message[key]);
    return text === '' ? [] : [[key, text]];
  });
  const properties = dataOf(message['properties']).filter(([key]) => !dropped.has(key));
  // The first of two properties of one name counts.
  return withRevenue([...names, ...properties], REVENUE);
}

function commonOf(
  message: JsonObject,
  page: JsonObject,
  { site, sentAt, receivedAt, isFromDevice }: SegmentRequest,
): SentEvent {
  const context = recordOf(message['context']) ?? {};
  const library = textOf(recordOf(context['library'])?.['name']);
  const ua = context['userAgent'];
  const happened = message['originalTimestamp'] ?? message['timestamp'];
  const categories = categoriesIn(context);
  const ts = correctedTime(happened, message['sentAt'] ?? sentAt, receivedAt);
  return {
    ...BLANK_EVENT,
    ...site,
    dl: withCampaign(addressOf(page), campaignOf(context)),
    rl: textOf(page['referrer']),
    eid: textOf(message['messageId']),
    uid: textOf(message['userId']),
    aid: textOf(message['anonymousId']),
    consent: consentOf(categories),
    ads: adConsentOf(categories),
    ...(isFromDevice || BROWSER_LIBRARY.test(library) ? {} : { server: serverClient(ua, context['locale']) }),
    overrides: overridesOf(ts, context['ip'], ua),
  };
}

/** What a `page` says of its page in its properties. */
function pageOf({ properties }: JsonObject): JsonObject {
  const { url, path, referrer } = recordOf(properties) ?? {};
  return Object.fromEntries(
    Object.entries({ url, path, referrer }).filter(([, value]) => typeof value === 'string' && value !== ''),
  );
}

function addressOf({ url, path }: JsonObject): string {
  const address = textOf(url) || textOf(path);
  return /^(?:https?:|\/)/i.test(address) ? address : '';
}

function campaignOf(context: JsonObject): Campaign {
  const campaign = recordOf(context['campaign']) ?? {};
  return {
    source: textOf(campaign['source']),
    medium: textOf(campaign['medium']),
    campaign: textOf(campaign['name']),
    content: textOf(campaign['content']),
    term: textOf(campaign['term']),
  };
}

/** Segment's consent by category, and RudderStack's lists of categories. */
function categoriesIn(context: JsonObject): readonly (readonly [name: string, allowed: unknown])[] {
  const preferences = recordOf(recordOf(context['consent'])?.['categoryPreferences']);
  const { allowedConsentIds, deniedConsentIds } = recordOf(context['consentManagement']) ?? {};
  const listed = (ids: unknown, allowed: boolean): [string, boolean][] =>
    (Array.isArray(ids) ? ids : []).map((id) => [textOf(id), allowed]);
  return [
    ...Object.entries(preferences ?? {}),
    ...listed(allowedConsentIds, true),
    ...listed(deniedConsentIds, false),
  ];
}
