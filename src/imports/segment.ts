/**
 * Reads the archives that Segment and RudderStack write to a bucket: newline-delimited JSON, one call a line, with the fields of Segment's
 * specification (https://segment.com/docs/connections/spec/common).
 */
import { pageOf } from './addresses.ts';
import { deviceOf, systemOf } from './agents.ts';
import type { Importer, ImportItem } from './importer.ts';
import { customData, EVENT_LOSSES, eventItem, leftOut, RowIds, unreadable, utmOf } from './items.ts';
import { readJsonLines } from './read-json.ts';
import { startOf } from './read-text.ts';
import { type Fields, fieldsAt, firstText, isFields, numberOfValue, textAt, timeOfText } from './values.ts';

/** Calls that say who a visitor is, and are no events. */
const NO_EVENTS: ReadonlySet<string> = new Set(['identify', 'group', 'alias']);

/** Events whose `total` or `value` is revenue where they have no `revenue`. */
const ORDERS: ReadonlySet<string> = new Set(['Order Completed', 'Completed Order']);

export const segment: Importer = {
  name: 'segment',
  recognize: (_, start) => {
    const text = startOf(start);
    if (!/^\s*\{/.test(text) || !/"messageId"\s*:/.test(text)) return 0;
    return /"type"\s*:\s*"(?:track|page|screen|identify|group|alias)"/.test(text) ? 2 : 1;
  },
  read: async function* ({ blob }) {
    const ids = new RowIds();
    for await (const item of readJsonLines(blob.stream())) {
      if ('why' in item) yield unreadable(item.line, item.why);
      else if (!isFields(item.value)) yield unreadable(item.line, 'is not a call');
      else yield itemOf(item.value, item.line, ids);
    }
  },
  losses: [
    'identify, group and alias say who a visitor is. They are no events, and their traits are not kept.',
    'Anonymous ids tell visitors apart within a day. No imported event belongs to a person.',
    'Titles of pages, sizes of screens and the context of devices are not kept.',
    ...EVENT_LOSSES,
    'Lists of products are kept as JSON, up to the limit of a property.',
  ],
};

function itemOf(call: Fields, line: number, ids: RowIds): ImportItem {
  const type = textAt(call, 'type');
  if (NO_EVENTS.has(type)) return leftOut(line, `calls of ${type}`);
  const context = fieldsAt(call, 'context');
  const properties = fieldsAt(call, 'properties');
  const page = fieldsAt(context, 'page');
  const at = {
    dl: pageAddress(properties, page),
    rl: firstText(textAt(properties, 'referrer'), textAt(page, 'referrer')),
  };
  const shared = {
    ...visitorOf(call, context),
    ts: timeOf(call),
    eid: textAt(call, 'messageId'),
  };
  switch (type) {
    case 'page':
      return eventItem(line, { ...shared, ...at, cd: customData(pageProperties(call, properties)) }, ids);
    case 'screen':
      return eventItem(
        line,
        { ...shared, ...at, ev: 'screen', cd: customData(pageProperties(call, properties)) },
        ids,
      );
    case 'track': {
      const ev = textAt(call, 'event');
      if (ev === '') return unreadable(line, 'has no name of the event');
      // An order that a browser and a server report counts once.
      const order = ORDERS.has(ev) ? textAt(properties, 'order_id') : '';
      const eid = firstText(order, shared.eid);
      return eventItem(line, { ...shared, ...at, ev, eid, cd: trackData(ev, properties) }, ids);
    }
    default:
      return unreadable(line, "has no type 'track', 'page' or 'screen'");
  }
}

function timeOf(call: Fields): number {
  const names = ['timestamp', 'originalTimestamp', 'sentAt', 'receivedAt'];
  return names.map((name) => timeOfText(textAt(call, name))).find(Number.isFinite) ?? Number.NaN;
}

function pageAddress(properties: Fields, page: Fields): string {
  const url = firstText(textAt(properties, 'url'), textAt(page, 'url'));
  const path = firstText(textAt(properties, 'path'), textAt(page, 'path'));
  if (url !== '' || path === '') return url;
  return pageOf('', path, firstText(textAt(properties, 'search'), textAt(page, 'search')));
}

function visitorOf(call: Fields, context: Fields) {
  const location = fieldsAt(context, 'location');
  const country = textAt(location, 'country');
  const campaign = fieldsAt(context, 'campaign');
  const visitor = firstText(textAt(call, 'anonymousId'), textAt(call, 'userId'));
  const system = fieldsAt(context, 'os');
  return {
    visitor,
    ip: visitor === '' ? textAt(context, 'ip') : '',
    ua: firstText(textAt(context, 'userAgent'), textAt(context, 'user_agent')),
    ...systemOf(textAt(system, 'name'), textAt(system, 'version')),
    device: deviceOf(deviceType(textAt(fieldsAt(context, 'device'), 'type'))),
    country: /^[A-Z]{2}$/.test(country) ? country : '',
    city: textAt(location, 'city'),
    language: textAt(context, 'locale'),
    utm: utmOf({
      source: textAt(campaign, 'source'),
      medium: textAt(campaign, 'medium'),
      campaign: textAt(campaign, 'name'),
      content: textAt(campaign, 'content'),
      term: textAt(campaign, 'term'),
    }),
  };
}

/** Mobile libraries write the system's name as the type of a device. */
function deviceType(type: string): string {
  return /^(?:ios|android)$/i.test(type) ? 'mobile' : type;
}

/** What a page or screen says besides its address. */
function pageProperties(call: Fields, properties: Fields): [string, unknown][] {
  const standard = new Set(['path', 'referrer', 'search', 'title', 'url', 'name', 'category']);
  return [
    ['name', firstText(textAt(call, 'name'), textAt(properties, 'name'))],
    ['category', firstText(textAt(call, 'category'), textAt(properties, 'category'))],
    ...Object.entries(properties).filter(([name]) => !standard.has(name)),
  ];
}

function trackData(ev: string, properties: Fields) {
  const names = ORDERS.has(ev) ? ['revenue', 'total', 'value'] : ['revenue'];
  const name = names.find((one) => !Number.isNaN(amountOf(properties[one])));
  if (name === undefined) return customData(Object.entries(properties));
  const others = Object.entries(properties).filter(([one]) => one !== name && one !== 'currency');
  return customData(others, { value: amountOf(properties[name]), currency: textAt(properties, 'currency') });
}

/** An amount, also if it is a text that begins with a sign such as `$`. */
function amountOf(value: unknown): number {
  return numberOfValue(typeof value === 'string' ? value.replace(/^\s*[$€£]/, '') : value);
}
