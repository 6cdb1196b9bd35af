/**
 * Reads Snowplow's enriched events: the tab-separated lines that its enrichment writes (131 fields of the canonical event model), and the
 * lines of JSON that its analytics SDKs make of them.
 */
import { ENGAGEMENT } from '../model/event.ts';
import { hasUtm } from './addresses.ts';
import { browserOf, deviceOf, systemOf } from './agents.ts';
import type { Importer, ImportItem } from './importer.ts';
import { customData, EVENT_LOSSES, eventItem, leftOut, RowIds, unreadable, utmOf } from './items.ts';
import { LONGEST_LINE, parsedJson } from './read-json.ts';
import { splitLines, streamChunks } from './read-lines.ts';
import { startOf } from './read-text.ts';
import { FIELDS } from './snowplow-fields.ts';
import { type Fields, fieldsAt, firstText, isFields, numberOfValue, textAt, timeOfText } from './values.ts';

export const snowplow: Importer = {
  name: 'snowplow',
  recognize: (_, start) => {
    const [line = ''] = startOf(start).split('\n');
    if (/^\s*\{/.test(line)) return /"collector_tstamp"\s*:|"etl_tstamp"\s*:/.test(line) ? 2 : 0;
    const fields = line.split('\t');
    // A time of the collector in its place; the line itself may be longer than the start.
    return fields.length > 5 && /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/.test(fields[3] ?? '') ? 2 : 0;
  },
  read: async function* ({ blob }) {
    const ids = new RowIds();
    for await (const { number, text } of splitLines(streamChunks(blob.stream()), LONGEST_LINE)) {
      if (text === null) yield unreadable(number, 'is longer than any event');
      else if (text.trim() !== '') {
        const fields = fieldsOf(text.replace(MARK, ''));
        yield typeof fields === 'string' ? unreadable(number, fields) : itemOf(fields, number, ids);
      }
    }
  },
  losses: [
    'Page pings say how far a page was scrolled, and not for how long it was read.',
    "Fields of custom events and of your own contexts become properties. Snowplow's own contexts, such as web_page and the parsed user agent, are not kept.",
    ...EVENT_LOSSES,
    'The ids of cookies tell visitors apart within a day. User ids are not kept: no imported event belongs to a person.',
    'Bad rows are no events, and cannot be read.',
  ],
};

/** What a file in UTF-8 may begin with. */
const MARK = /^\ufeff/;

/** The fields of a line by name, or what is wrong with it. */
function fieldsOf(line: string): Fields | string {
  if (/^\s*\{/.test(line)) {
    const value = parsedJson(line);
    return isFields(value) ? value : 'is not JSON';
  }
  const cells = line.split('\t');
  if (cells.length !== FIELDS.length) return `has ${cells.length} fields in place of ${FIELDS.length}`;
  return Object.fromEntries(FIELDS.map((name, place) => [name, cells[place]]));
}

function itemOf(event: Fields, line: number, ids: RowIds): ImportItem {
  const text = (name: string) => textAt(event, name);
  const contexts = contextsOf(event);
  if (contexts.some(({ name, data }) => /spiders_and_robots/.test(name) && data['spiderOrRobot'] === true)) {
    return leftOut(line, 'bots');
  }
  const kind = kindOf(event, contexts);
  if (typeof kind === 'string') return leftOut(line, kind);
  const dl = text('page_url');
  const times = ['derived_tstamp', 'true_tstamp', 'collector_tstamp'];
  const country = text('geo_country');
  const visitor = firstText(
    text('domain_userid'),
    text('network_userid'),
    text('user_id'),
    text('domain_sessionid'),
  );
  return eventItem(
    line,
    {
      ts: times.map((name) => timeOfText(text(name))).find(Number.isFinite) ?? Number.NaN,
      ...kind,
      dl,
      rl: text('page_referrer'),
      eid: firstText(kind.eid, text('event_id')),
      visitor,
      ip: visitor === '' ? text('user_ipaddress') : '',
      ua: text('useragent'),
      browser: browserOf(text('br_family')),
      ...systemOf(text('os_family')),
      device: deviceOf(text('dvce_type')),
      country,
      region: country === '' || text('geo_region') === '' ? '' : `${country}-${text('geo_region')}`,
      city: text('geo_city'),
      language: text('br_lang'),
      utm: hasUtm(dl)
        ? undefined
        : utmOf({
            source: text('mkt_source'),
            medium: text('mkt_medium'),
            campaign: text('mkt_campaign'),
            content: text('mkt_content'),
            term: text('mkt_term'),
          }),
    },
    ids,
  );
}

interface Entity {
  /** The name of the schema, with its vendor or without it. */
  readonly name: string;
  readonly isSnowplows: boolean;
  readonly data: Fields;
}

interface Kind {
  readonly ev: string;
  readonly eid: string;
  readonly cd: ReturnType<typeof customData>;
  /** Of a page ping. */
  readonly scroll?: number;
}

/** How far a page has been scrolled, in percent; NaN if the page ping does not say. */
function scrollOf(event: Fields): number {
  const [offset, view, height] = ['pp_yoffset_max', 'br_viewheight', 'doc_height'].map((name) =>
    numberOfValue(event[name]),
  );
  if (!(height !== undefined && height > 0) || offset === undefined || view === undefined) return Number.NaN;
  return Math.min(100, Math.max(0, Math.round(((offset + view) / height) * 100)));
}

/** The name and data of an event, or the reason why it is none. */
function kindOf(event: Fields, contexts: readonly Entity[]): Kind | string {
  const text = (name: string) => textAt(event, name);
  const own = contexts.flatMap(({ isSnowplows, data }) => (isSnowplows ? [] : Object.entries(data)));
  switch (text('event')) {
    case 'page_view':
      return { ev: '', eid: '', cd: customData(own) };
    case 'page_ping': {
      const scroll = scrollOf(event);
      return Number.isNaN(scroll) ? 'page pings' : { ev: ENGAGEMENT, eid: '', cd: undefined, scroll };
    }
    case 'transaction_item':
      // The transaction has the revenue of its items.
      return {
        ev: 'transaction_item',
        eid: '',
        cd: customData([
          ['order_id', text('ti_orderid')],
          ['sku', text('ti_sku')],
          ['name', text('ti_name')],
          ['category', text('ti_category')],
          ['price', text('ti_price')],
          ['quantity', text('ti_quantity')],
          ...own,
        ]),
      };
    case 'struct':
      return {
        ev: firstText(text('se_action'), 'struct'),
        eid: '',
        cd: customData([
          ['category', text('se_category')],
          ['label', text('se_label')],
          ['property', text('se_property')],
          ['event_value', text('se_value')],
          ...own,
        ]),
      };
    case 'transaction':
      return {
        ev: 'transaction',
        eid: text('tr_orderid'),
        cd: customData(
          [
            ['order_id', text('tr_orderid')],
            ['affiliation', text('tr_affiliation')],
            ['tax', text('tr_tax')],
            ['shipping', text('tr_shipping')],
            ...own,
          ],
          amountOf(event['tr_total'], text('tr_currency')),
        ),
      };
    case 'unstruct': {
      const data = selfDescribed(event);
      const sale = contexts.find(({ name }) => /(?:^|_)transaction$/.test(name))?.data ?? {};
      const isSale = text('event_name') === 'snowplow_ecommerce_action' && data['type'] === 'transaction';
      return {
        ev: firstText(text('event_name'), 'unstruct'),
        eid: isSale ? textAt(sale, 'transaction_id') : '',
        cd: customData(
          [...Object.entries(data), ...own],
          isSale ? amountOf(sale['revenue'], textAt(sale, 'currency')) : {},
        ),
      };
    }
    default:
      return 'events of other types';
  }
}

function amountOf(amount: unknown, currency: string): { value?: number; currency?: string } {
  const value = numberOfValue(amount);
  return Number.isNaN(value) ? {} : { value, currency };
}

/** Vendors of schemas that Snowplow's trackers and enrichments add by themselves. */
const SNOWPLOWS =
  /^(?:com[._]snowplowanalytics|com[._]google|com[._]iab|nl[._]basjes|org[._]ietf|org[._]w3)[._]/;

/** A self-describing JSON, which a tab-separated line has as a text. */
function described(value: unknown): Fields {
  const parsed = typeof value === 'string' ? parsedJson(value) : value;
  return isFields(parsed) ? parsed : {};
}

/** The data of a custom event: in `unstruct_event`, or in a field named after its schema. */
function selfDescribed(event: Fields): Fields {
  const whole = fieldsAt(described(event['unstruct_event']), 'data');
  if (Object.keys(whole).length > 0) return fieldsAt(whole, 'data');
  const [, data] = Object.entries(event).find(([name]) => name.startsWith('unstruct_event_')) ?? [];
  return isFields(data) ? data : {};
}

function contextsOf(event: Fields): Entity[] {
  const whole = [event['contexts'], event['derived_contexts']].flatMap((value) => {
    const list = described(value)['data'];
    return Array.isArray(list) ? list.filter(isFields) : [];
  });
  const named = whole.map((context): Entity => {
    const [, vendor = '', name = ''] = /^iglu:([^/]+)\/([^/]+)\//.exec(textAt(context, 'schema')) ?? [];
    return { name, isSnowplows: SNOWPLOWS.test(`${vendor}.`), data: fieldsAt(context, 'data') };
  });
  const shredded = Object.entries(event).flatMap(([field, value]): Entity[] => {
    const [, name] = /^contexts_(.+)_\d+$/.exec(field) ?? [];
    if (name === undefined || !Array.isArray(value)) return [];
    return value.filter(isFields).map((data) => ({ name, isSnowplows: SNOWPLOWS.test(name), data }));
  });
  return [...named, ...shredded];
}
