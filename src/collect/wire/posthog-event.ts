/** Reads an event of PostHog's libraries. */

import { withCampaign } from '../../model/campaign.ts';
import { ENGAGEMENT, PAGEVIEW } from '../../model/event.ts';
import { BLANK_EVENT, type RawEvent, type SentEvent } from '../../model/wire.ts';
import { ownName } from './event-name.ts';
import { dataOf, type JsonObject, recordOf, textOf } from './json.ts';
import { withRevenue } from './revenue.ts';
import { correctedTime, overridesOf, serverClient } from './sent-by.ts';

/** What the events of one request have in common. */
export interface PostHogRequest {
  /** The pixel that the request's token names. */
  readonly site: Pick<RawEvent, 'id' | 'key'>;
  /** When the request was sent by its client's clock, if it says so. */
  readonly sentAt: unknown;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  /** Whether the visitor's own device sent the request. */
  readonly isFromDevice: boolean;
}

/** Events that say only what Speck does not keep: properties of people and groups, second names, flags, recordings, heat maps. */
const NOT_KEPT = new Set([
  '$set',
  '$unset',
  '$create_alias',
  '$merge_dangerously',
  '$groupidentify',
  '$feature_flag_called',
  '$snapshot',
  '$snapshot_items',
  '$performance_event',
  '$$heatmap',
  '$$client_ingestion_warning',
]);

/** Properties of the library's own that are kept; all others begin with `$` too, and describe the client. */
const KEPT = /^\$(?:event_type|screen_name|web_vitals_\w+_value)$/;
/** What the library adds without a `$`: the site's key, the ids, the title, how the page was reached, campaigns and the ids of clicks. */
const ADDED =
  /^(?:token|distinct_id|title|navigation_type|utm_\w+|gad_source|mc_cid|g?clid|gclsrc|dclid|[gw]braid|fbclid|msclkid|twclid|li_fat_id|igshid|ttclid|rdt_cid|epik|qclid|sccid|oppref|bfcid|irclid|_kx)$/;

/** What the library sends in place of an id if it keeps none. */
const NO_ID = '$posthog_cookieless';
/** An id that the browser library has made: a UUID of version 7. */
const MADE_BY_LIBRARY = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/i;

/** The events of one that was sent: with a page view, also the engagement with the page before. Null is what is no event. */
export function eventsOfPostHog(value: unknown, request: PostHogRequest): readonly (SentEvent | null)[] {
  const sent = recordOf(value);
  if (sent === null) return [null];
  const name = textOf(sent['event']);
  if (NOT_KEPT.has(name)) return [];
  const properties = recordOf(sent['properties']) ?? {};
  const common = commonOf(sent, properties, request);
  const before = engagementBefore(properties);
  switch (name) {
    case '$pageview': {
      const event = { ...common, ev: PAGEVIEW, cd: customData(properties) };
      return before === null
        ? [event]
        : [{ ...common, ...before, dl: previousAddress(common.dl, properties) }, event];
    }
    case '$pageleave':
      return [{ ...common, ...(before ?? NO_ENGAGEMENT) }];
    case '$identify':
      return [{ ...common, ...NO_ENGAGEMENT }];
    default:
      return [{ ...common, ev: ownName(name), cd: customData(properties) }];
  }
}

const NO_ENGAGEMENT = { ev: ENGAGEMENT, cd: [] };

/** The time on the page before and how much of it was seen; null if the event does not say. */
function engagementBefore(properties: JsonObject): Pick<RawEvent, 'ev' | 'cd'> | null {
  const seconds = properties['$prev_pageview_duration'];
  if (typeof seconds !== 'number') return null;
  const seen = properties['$prev_pageview_max_content_percentage'];
  return {
    ev: ENGAGEMENT,
    cd: [
      ['engaged', Math.round(seconds * 1000)],
      ...(typeof seen === 'number' ? [['scroll', Math.round(seen * 100)] as const] : []),
    ],
  };
}

/** The address of the page before, on the site of this one; only its path is sent. */
function previousAddress(address: string, properties: JsonObject): string {
  const path = textOf(properties['$prev_pageview_pathname']);
  const url = path.startsWith('/') ? URL.parse(path, address) : null;
  return url?.href ?? address;
}

function customData(properties: JsonObject): RawEvent['cd'] {
  const own = dataOf(properties).filter(([key]) => (key.startsWith('$') ? KEPT.test(key) : !ADDED.test(key)));
  const [exception] = Array.isArray(properties['$exception_list']) ? properties['$exception_list'] : [];
  const type = textOf(recordOf(exception)?.['type']);
  return withRevenue(type === '' ? own : [['$exception_type', type], ...own], ['revenue', 'value']);
}

function commonOf(
  sent: JsonObject,
  properties: JsonObject,
  { site, sentAt, receivedAt, isFromDevice }: PostHogRequest,
): SentEvent {
  const { $lib, $ip, $raw_user_agent: ua } = properties;
  const isFromServer = $lib !== 'web' && !isFromDevice;
  const ts = timeOf(sent, sentAt, receivedAt);
  return {
    ...BLANK_EVENT,
    ...site,
    dl: addressOf(properties),
    // The referrer of the session: the library keeps the other one for as long as its storage lasts.
    rl: referrerOf(properties['$session_entry_referrer'] ?? properties['$referrer']),
    eid: textOf(sent['uuid'] ?? properties['uuid']),
    ...personOf(sent, properties, isFromServer),
    consent: sent['event'] === '$opt_in' ? 'granted' : '',
    ads: '',
    ...(isFromServer ? { server: serverClient(ua, properties['$browser_language']) } : {}),
    overrides: overridesOf(ts, $ip, ua),
  };
}

/**
 * The page. The browser library repeats a campaign with all later events, so only its address counts; of other libraries, campaigns
 * beside the address do.
 */
function addressOf(properties: JsonObject): string {
  const address = textOf(properties['$current_url']);
  if (!/^(?:https?:|\/)/i.test(address)) return '';
  if (properties['$lib'] === 'web') return address;
  return withCampaign(address, {
    source: textOf(properties['utm_source']),
    medium: textOf(properties['utm_medium']),
    campaign: textOf(properties['utm_campaign']),
    content: textOf(properties['utm_content']),
    term: textOf(properties['utm_term']),
  });
}

/** The library's word for no referrer is `$direct`. */
function referrerOf(referrer: unknown): string {
  const text = textOf(referrer);
  return text.startsWith('$') ? '' : text;
}

/**
 * Who it was. In a browser the event says whether its id is the user's. On a server it is the user's, unless the server says that
 * there is no profile for it, or has passed on the id of a browser.
 */
function personOf(
  sent: JsonObject,
  properties: JsonObject,
  isFromServer: boolean,
): Pick<RawEvent, 'uid' | 'aid'> {
  const id = textOf(sent['distinct_id'] ?? properties['distinct_id'] ?? sent['$distinct_id']);
  if (id === '' || id === NO_ID) return { uid: '' };
  const anonymous = textOf(properties['$anon_distinct_id']) || textOf(properties['$device_id']);
  const user = textOf(properties['$user_id']);
  if (sent['event'] === '$identify') return { uid: id, aid: anonymous };
  if (user !== '' || properties['$is_identified'] === true) return { uid: user || id, aid: anonymous };
  const isUser = isFromServer && properties['$process_person_profile'] !== false && !MADE_BY_LIBRARY.test(id);
  return isUser ? { uid: id } : { uid: '', aid: id };
}

/** When it happened: at a time by the client's clock, or so many milliseconds before it was sent. */
function timeOf(sent: JsonObject, sentAt: unknown, receivedAt: number): unknown {
  const { timestamp, offset } = sent;
  if (timestamp === undefined && typeof offset === 'number') return receivedAt - offset;
  return correctedTime(timestamp, sentAt, receivedAt);
}
