/**
 * Reads Matomo's visits log: the JSON of its API method `Live.getLastVisitsDetails`, a list of visits with their actions. The fields are
 * those that the classes `VisitorDetails` of Matomo's plugins add.
 */
import { browserOf, deviceOf, systemOf } from './agents.ts';
import type { ImportedEvent, Importer, ImportItem } from './importer.ts';
import {
  customData,
  type Draft,
  EVENT_LOSSES,
  eventItem,
  leftOut,
  RowIds,
  unreadable,
  utmOf,
} from './items.ts';
import { readJsonLists } from './read-json.ts';
import { startOf } from './read-text.ts';
import { type Fields, fieldsAt, firstText, isFields, listAt, numberOfValue, textAt } from './values.ts';

export const matomo: Importer = {
  name: 'matomo',
  recognize: (_, start) => {
    const text = startOf(start);
    if (!/^\s*\[\s*\{/.test(text)) return 0;
    return /"idVisit"\s*:/.test(text) ? 2 : 0;
  },
  read: async function* ({ blob }) {
    const ids = new RowIds();
    for await (const item of readJsonLists(blob.stream())) {
      if ('why' in item) yield unreadable(item.line, item.why);
      else if (!isFields(item.value) || textAt(item.value, 'idVisit') === '') {
        yield unreadable(item.line, 'is not a visit');
      } else yield* itemsOf(item.value, item.line, ids);
    }
  },
  losses: [
    'The export in XML cannot be read: request format=JSON.',
    'Titles of pages, and the seconds between two actions, are not kept. Durations of visits are computed from the times of their actions.',
    "Matomo's ids of visitors hold across days; Speck counts visitors by day. User ids are not kept: no imported event belongs to a person.",
    'Matomo lists at most visitor_log_maximum_actions_per_visit actions of a visit (500 by default).',
    ...EVENT_LOSSES,
    'Items of orders, refunds and abandoned carts are not kept.',
  ],
};

function* itemsOf(visit: Fields, line: number, ids: RowIds): Generator<ImportItem> {
  if (!Array.isArray(visit['actionDetails'])) {
    yield leftOut(line, 'visits without their actions');
    return;
  }
  if (numberOfValue(visit['truncatedActionsCount']) > 0) {
    yield leftOut(line, "visits with more actions than Matomo's log lists");
  }
  const visitor = visitorOf(visit);
  // What brought the visit counts for its first action, and for the first page.
  let arrival: Partial<Draft> = arrivalOf(visit);
  for (const action of listAt(visit, 'actionDetails')) {
    const event = eventOf(action, visit);
    if (typeof event === 'string') {
      yield leftOut(line, event);
      continue;
    }
    const seconds = numberOfValue(action['timestamp']);
    yield eventItem(
      line,
      { ...visitor, ...arrival, ...event, ts: seconds * 1000 },
      ids,
      textAt(visit, 'idVisit'),
    );
    arrival = event.dl === '' ? { utm: arrival.utm } : {};
  }
}

function visitorOf(visit: Fields): Partial<ImportedEvent> {
  const text = (name: string) => textAt(visit, name);
  const country = /^[a-z]{2}$/i.test(text('countryCode')) ? text('countryCode').toUpperCase() : '';
  const region = /^[\dA-Z]{1,3}$/i.test(text('regionCode')) ? text('regionCode').toUpperCase() : '';
  return {
    visitor: firstText(text('visitorId'), text('fingerprint'), text('idVisit')),
    browser: browserOf(text('browserName')),
    browser_version: text('browserVersion'),
    ...systemOf(text('operatingSystemName'), text('operatingSystemVersion')),
    device: deviceOf(text('deviceType')),
    country,
    region: country === '' || region === '' ? '' : `${country}-${region}`,
    city: text('city'),
    language: text('languageCode'),
  };
}

/** Matomo takes the parameters of campaigns out of the addresses of pages. */
function arrivalOf(visit: Fields): Pick<Draft, 'rl' | 'utm'> {
  const text = (name: string) => textAt(visit, name);
  const isCampaign = text('referrerType') === 'campaign';
  return {
    rl: firstText(text('referrerUrl'), text('referrerSearchEngineUrl'), text('referrerSocialNetworkUrl')),
    utm: utmOf({
      source: text('campaignSource'),
      medium: text('campaignMedium'),
      campaign: firstText(text('campaignName'), isCampaign ? text('referrerName') : ''),
      content: text('campaignContent'),
      term: firstText(text('campaignKeyword'), isCampaign ? text('referrerKeyword') : ''),
    }),
  };
}

type Action = Pick<Draft, 'ev' | 'dl' | 'eid' | 'cd'>;

/** The event of an action, or the reason why there is none. */
function eventOf(action: Fields, visit: Fields): Action | string {
  const text = (name: string) => textAt(action, name);
  const pageId = text('pageId');
  const dl = text('url');
  const eid = pageId === '' ? '' : `${textAt(visit, 'idVisit')}.${pageId}`;
  const dimensions = [...dimensionsOf(visit), ...dimensionsOf(action)];
  switch (text('type')) {
    case 'action':
      return { dl, eid, cd: customData([...dimensions, ...productOf(action)]) };
    case 'event':
      return {
        ev: firstText(text('eventAction'), text('eventCategory'), 'Event'),
        dl,
        eid,
        cd: customData([
          ['category', text('eventCategory')],
          ['name', text('eventName')],
          ['event_value', action['eventValue']],
          ...dimensions,
        ]),
      };
    // These have the names under which Speck's tag reports the same.
    case 'download':
      return { ev: 'File Download', dl: '', eid, cd: customData([['url', dl], ...dimensions]) };
    case 'outlink':
      return { ev: 'Outbound Link: Click', dl: '', eid, cd: customData([['url', dl], ...dimensions]) };
    case 'search':
      return {
        ev: 'Site Search',
        dl,
        eid,
        cd: customData([
          ['keyword', text('siteSearchKeyword')],
          ['category', text('siteSearchCategory')],
          ['results', action['siteSearchCount']],
          ...dimensions,
        ]),
      };
    case 'content':
      return {
        ev: text('contentInteraction') === '' ? 'Content Impression' : 'Content Interaction',
        dl,
        eid,
        cd: customData([
          ['content', text('contentName')],
          ['piece', text('contentPiece')],
          ['target', text('contentTarget')],
          ['interaction', text('contentInteraction')],
        ]),
      };
    case 'goal': {
      const key = firstText(text('goalPageId'), text('timestamp'));
      return {
        ev: firstText(text('goalName'), `Goal ${text('goalId')}`),
        dl,
        eid: `${textAt(visit, 'idVisit')}.g${text('goalId')}.${key}`,
        cd: customData([], revenueOf(action, visit)),
      };
    }
    case 'ecommerceOrder':
      return {
        ev: 'Purchase',
        dl: '',
        eid: text('orderId'),
        cd: customData(
          [
            ['order_id', text('orderId')],
            ['items', action['items']],
          ],
          revenueOf(action, visit),
        ),
      };
    case 'ecommerceAbandonedCart':
      return 'abandoned carts';
    default:
      return 'actions of plugins, such as media and forms';
  }
}

function revenueOf(action: Fields, visit: Fields): { value?: number; currency?: string } {
  const value = numberOfValue(action['revenue']);
  // A goal without a revenue has the revenue 0.
  if (Number.isNaN(value) || (value === 0 && textAt(action, 'type') === 'goal')) return {};
  return { value, currency: textAt(visit, 'siteCurrency') };
}

/** Custom dimensions, and the custom variables of Matomo before version 4. */
function dimensionsOf(fields: Fields): [string, unknown][] {
  const dimensions = Object.entries(fields).filter(([name]) => /^dimension\d+$/.test(name));
  const variables = Object.values(fieldsAt(fields, 'customVariables')).flatMap((one): [string, unknown][] => {
    if (!isFields(one)) return [];
    const named = (pattern: RegExp) => Object.entries(one).find(([name]) => pattern.test(name))?.[1];
    const name = named(/^customVariable(?:Page)?Name\d+$/);
    return typeof name === 'string' ? [[name, named(/^customVariable(?:Page)?Value\d+$/)]] : [];
  });
  return [...dimensions, ...variables];
}

function productOf(action: Fields): [string, unknown][] {
  const categories = action['productViewCategories'];
  return [
    ['product_sku', action['productViewSku']],
    ['product_name', action['productViewName']],
    ['product_price', action['productViewPrice']],
    [
      'product_category',
      Array.isArray(categories) ? categories.filter((one) => typeof one === 'string').join(', ') : '',
    ],
  ];
}
