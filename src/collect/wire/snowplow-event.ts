/**
 * What a payload of Snowplow's tracker protocol means. Its keys are those of
 * https://docs.snowplow.io/docs/fundamentals/canonical-event/understanding-the-event-parameters, names of events those of its canonical
 * event model, as imports from Snowplow have them.
 */
import { decodeText } from '../../http/body.ts';
import { ENGAGEMENT } from '../../model/event.ts';
import { BLANK_EVENT, type Overrides, type RawEvent, type SentEvent } from '../../model/wire.ts';
import { ownName } from './event-name.ts';
import { decodeBase64, type JsonObject, parseJson, propsOf, recordOf, textOf } from './json.ts';
import { pixelNamed, pixelOfToken } from './pixel-named.ts';

/** A payload's fields. A webhook's JSON is parsed already. */
export type Fields = ReadonlyMap<string, unknown>;

/** What a request says of its sender. */
export interface SnowplowSender {
  /** `SP-Anonymous`: the collector must use neither the address nor a cookie. */
  readonly isAnonymous: boolean;
  readonly hasToken: boolean;
}

export function eventOf(fields: Fields, { isAnonymous, hasToken }: SnowplowSender): SentEvent {
  const text = (name: string): string => textOf(fields.get(name));
  const entities = entitiesOf(fields);
  const event = describedIn(fields, 'ue_pr', 'ue_px');
  const site = pixelNamed('snowplow', text('aid'));
  const aid = text('duid') || text('tnuid') || text('nuid');
  const content = contentOf(text, event, entities);
  return {
    ...BLANK_EVENT,
    ...(hasToken && site.id === '' ? pixelOfToken('snowplow') : site),
    ...content,
    eid: content.eid || text('eid'),
    dl: text('url'),
    rl: text('refr'),
    uid: text('uid'),
    ...(aid === '' ? {} : { aid }),
    consent: isAnonymous ? 'denied' : consentOf(event, entities),
    ads: '',
    ...(isServer(text) ? { server: { ua: text('ua'), languages: text('lang') } } : {}),
    overrides: overridesOf(text),
  };
}

type Text = (name: string) => string;

/** Trackers name themselves `js-4.6.0`, `node-4.8.0`, `ios-6.0`. Of these only the one of browsers has a browser's user agent. */
const isServer = (text: Text): boolean => text('p') === 'srv' || /^(?!js-)[a-z]+-\d/i.test(text('tv'));

function overridesOf(text: Text): Overrides {
  const ts = text('ttm') || text('dtm');
  return {
    ...(ts === '' ? {} : { ts: Number(ts) }),
    ...(text('ip') === '' ? {} : { ip: text('ip') }),
    ...(text('ua') === '' ? {} : { ua: text('ua') }),
  };
}

/** A self-describing JSON: its schema's vendor and name, and its data. */
interface Described {
  readonly vendor: string;
  readonly name: string;
  readonly data: JsonObject;
}

const NOTHING: Described = { vendor: '', name: '', data: {} };

function described(value: unknown): Described {
  const record = recordOf(value) ?? {};
  const [, vendor = '', name = ''] = /^iglu:([^/]+)\/([^/]+)/.exec(textOf(record['schema'])) ?? [];
  return { vendor, name, data: recordOf(record['data']) ?? {} };
}

/** The value of a field that is JSON, or that is base64 of JSON. */
function jsonIn(fields: Fields, plain: string, encoded: string): JsonObject | null {
  const value = fields.get(plain);
  if (recordOf(value) !== null) return recordOf(value);
  const text = textOf(value);
  if (text !== '') return recordOf(parseJson(text));
  const bytes = decodeBase64(textOf(fields.get(encoded)));
  return bytes && recordOf(parseJson(decodeText(bytes)));
}

const describedIn = (fields: Fields, plain: string, encoded: string): Described =>
  described(jsonIn(fields, plain, encoded)?.['data']);

/** Entities that are read. Trackers send a handful with an event. */
const MAX_ENTITIES = 50;

function entitiesOf(fields: Fields): readonly Described[] {
  const list = jsonIn(fields, 'co', 'cx')?.['data'];
  return Array.isArray(list) ? list.slice(0, MAX_ENTITIES).map(described) : [];
}

/** Vendors of entities that trackers add by themselves. */
const TRACKERS = /^(?:com\.snowplowanalytics|com\.google|com\.iab|nl\.basjes|org\.ietf|org\.w3)(?:\.|$)/;

type Content = Pick<RawEvent, 'ev' | 'eid' | 'cd'>;
type Data = readonly (readonly [name: string, value: unknown])[];

function contentOf(text: Text, event: Described, entities: readonly Described[]): Content {
  const own = entities.flatMap(({ vendor, data }) => (TRACKERS.test(vendor) ? [] : propsOf(data)));
  const named = (ev: string, data: Data, revenue: Data = [], eid = ''): Content => ({
    ev,
    eid,
    cd: [...revenue, ...data, ...own].filter(([, value]) => value !== ''),
  });
  switch (text('e')) {
    case 'pv':
      return named('', []);
    case 'pp':
      return { ev: ENGAGEMENT, eid: '', cd: scrollOf(text) };
    case 'se':
      return named(ownName(text('se_ac')), [
        ['category', text('se_ca')],
        ['label', text('se_la')],
        ['property', text('se_pr')],
        ['event_value', text('se_va')],
      ]);
    case 'tr':
      return named(
        'transaction',
        [
          ['order_id', text('tr_id')],
          ['affiliation', text('tr_af')],
          ['tax', text('tr_tx')],
          ['shipping', text('tr_sh')],
        ],
        revenueOf(text('tr_tt'), text('tr_cu')),
        text('tr_id'),
      );
    case 'ti':
      // The transaction has the revenue of its items.
      return named('transaction_item', [
        ['order_id', text('ti_id')],
        ['sku', text('ti_sk')],
        ['name', text('ti_nm')],
        ['category', text('ti_ca')],
        ['price', text('ti_pr')],
        ['quantity', text('ti_qu')],
      ]);
    case 'ue': {
      const sale = saleOf(event, entities);
      const revenue = revenueOf(textOf(sale['revenue']), textOf(sale['currency']));
      return named(ownName(event.name), propsOf(event.data), revenue, textOf(sale['transaction_id']));
    }
    default:
      return named(' ', []);
  }
}

/** The entity of an e-commerce event that is a sale. Other e-commerce events have prices, and no revenue. */
function saleOf({ name, data }: Described, entities: readonly Described[]): JsonObject {
  if (name !== 'snowplow_ecommerce_action' || data['type'] !== 'transaction') return NOTHING.data;
  return (entities.find((entity) => entity.name === 'transaction') ?? NOTHING).data;
}

const revenueOf = (value: string, currency: string): Data =>
  value === ''
    ? []
    : [
        ['value', value],
        ['currency', currency],
      ];

/** How far a page has been scrolled: the furthest offset and the height of the window, of the height of the page. */
function scrollOf(text: Text): Data {
  const heightIn = (name: string): number => Number(text(name).split('x')[1] ?? '');
  const [offset, view, page] = [Number(text('pp_may')), heightIn('vp'), heightIn('ds')];
  const scroll = Math.round((100 * (offset + view)) / page);
  return scroll >= 0 && scroll < Number.POSITIVE_INFINITY ? [['scroll', Math.min(scroll, 100)]] : [];
}

const DENIED = /^(?:deny_all|withdrawn|expired)$/;

/** What an event is about, or else what all events of the site are based on. */
function consentOf({ name, data }: Described, entities: readonly Described[]): RawEvent['consent'] {
  if (name === 'consent_withdrawn') return 'denied';
  if (name === 'consent_granted') return 'granted';
  if (name === 'consent_preferences') {
    const type = textOf(data['eventType']);
    if (DENIED.test(type)) return 'denied';
    return type === 'allow_all' ? 'granted' : '';
  }
  const gdpr = entities.find((entity) => entity.name === 'gdpr')?.data ?? {};
  return textOf(gdpr['basisForProcessing']) === 'consent' ? 'granted' : '';
}
