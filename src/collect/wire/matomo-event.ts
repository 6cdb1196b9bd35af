/** What the parameters of one tracking request of Matomo mean. The names of events are those that imports from Matomo give them. */

import { withCampaign } from '../../model/campaign.ts';
import { ENGAGEMENT } from '../../model/event.ts';
import { parseFields } from '../../model/fields.ts';
import { BLANK_EVENT, type RawEvent, type SentEvent } from '../../model/wire.ts';
import { ownName } from './event-name.ts';
import { listText, parseJson, propsOf, recordOf, textOf } from './json.ts';
import { pixelNamed, pixelOfToken } from './pixel-named.ts';

export type Fields = ReadonlyMap<string, string>;

/** Milliseconds for which Matomo believes the time of a sender without a token. */
const BELIEVED = 24 * 3_600_000;

/**
 * @param agent the request's own user agent.
 * @param hasToken whether a token is sent, which may say the pixel.
 * @param now epoch milliseconds.
 */
export function eventOf(fields: Fields, agent: string, hasToken: boolean, now: number): SentEvent {
  const text = (name: string): string => fields.get(name) ?? '';
  const site = pixelNamed('matomo', text('idsite'));
  const ts = timeOf(fields, now);
  const ua = text('ua') || (/^Mozilla\//.test(agent) ? agent : '');
  // Browsers send a user agent, and let it speak for itself.
  const isServer = agent === '' || ['ua', 'cip', 'token_auth'].some((name) => text(name) !== '');
  const aid = text('cid') || text('_id');
  return {
    ...BLANK_EVENT,
    ...(hasToken && site.id === '' ? pixelOfToken('matomo') : site),
    ...contentOf(fields),
    dl: withUtm(text('url')),
    rl: text('urlref'),
    uid: text('uid'),
    ...(aid === '' ? {} : { aid }),
    consent: text('consent') === '1' ? 'granted' : '',
    ads: '',
    ...(isServer ? { server: { ua, languages: text('lang') } } : {}),
    overrides: {
      ...(ts === null ? {} : { ts }),
      ...(text('cip') === '' ? {} : { ip: text('cip') }),
      ...(ua === '' ? {} : { ua }),
      ...(text('country') === '' ? {} : { country: text('country') }),
    },
  };
}

/** Whether an event has a time that Matomo believes only with a token. */
export function needsToken(fields: Fields, now: number): boolean {
  const ts = timeOf(fields, now);
  return typeof ts === 'number' && ts < now - BELIEVED;
}

/** `cdt`, `cdo` seconds earlier, in epoch milliseconds; null without both; the text of a time that is none. */
function timeOf(fields: Fields, now: number): number | string | null {
  const time = fields.get('cdt') ?? '';
  const seconds = Math.abs(Number(fields.get('cdo') ?? '')) || 0;
  if (time === '') return seconds === 0 ? null : now - seconds * 1000;
  // In seconds, or as in SQL, in UTC.
  const iso = /^\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?$/.test(time) ? `${time.replace(' ', 'T')}Z` : time;
  const ts = /^\d+(\.\d+)?$/.test(time) ? Number(time) * 1000 : Date.parse(iso);
  return Number.isFinite(ts) ? ts - seconds * 1000 : time;
}

type Content = Pick<RawEvent, 'ev' | 'eid' | 'cd'>;
type Data = readonly (readonly [name: string, value: unknown])[];

/** The event's name and data. The first parameter that Matomo looks for decides. */
function contentOf(fields: Fields): Content {
  const text = (name: string): string => fields.get(name) ?? '';
  const named = (ev: string, data: Data, revenue: Data = []): Content => ({
    ev,
    eid: '',
    cd: [...withoutBlanks(revenue), ...withoutBlanks(data), ...variablesOf(fields)],
  });
  // A heartbeat says that the page is still open, and not for how long it has been.
  if (text('ping') === '1') return { ev: ENGAGEMENT, eid: '', cd: [] };
  if (text('idgoal') === '0') return { ...commerceOf(fields, named), eid: text('ec_id') };
  if (/^[1-9]\d*$/.test(text('idgoal'))) {
    return named(`Goal ${text('idgoal')}`, [], [['value', text('revenue')]]);
  }
  if (text('e_c') !== '' || text('e_a') !== '') {
    return named(ownName(text('e_a') || text('e_c')), [
      ['category', text('e_c')],
      ['name', text('e_n')],
      ['event_value', text('e_v')],
    ]);
  }
  if (fields.has('search')) {
    return named('Site Search', [
      ['keyword', text('search')],
      ['category', text('search_cat')],
      ['results', text('search_count')],
    ]);
  }
  if (text('download') !== '') return named('File Download', [['url', text('download')]]);
  if (text('link') !== '') return named('Outbound Link: Click', [['url', text('link')]]);
  if (text('c_n') !== '') {
    return named(text('c_i') === '' ? 'Content Impression' : 'Content Interaction', [
      ['content', text('c_n')],
      ['piece', text('c_p')],
      ['target', text('c_t')],
      ['interaction', text('c_i')],
    ]);
  }
  // Matomo's plugins, such as those for media and forms, send requests that are no page views: `ca`.
  if (text('ca') === '1') return named(' ', []);
  return named('', [
    ['product_sku', text('_pks')],
    ['product_name', text('_pkn')],
    ['product_price', text('_pkp')],
    ['product_category', text('_pkc')],
  ]);
}

/** An order, or a cart, which is no revenue yet. Matomo's orders are in the currency of their site, which no request says. */
function commerceOf(
  fields: Fields,
  named: (ev: string, data: Data, revenue?: Data) => Content,
): Omit<Content, 'eid'> {
  const text = (name: string): string => fields.get(name) ?? '';
  // The script sends `false` for an amount that it was not told.
  const amount = (name: string): string => text(name).replace(/^false$/, '');
  const items = ['items', itemsOf(text('ec_items'))] as const;
  if (text('ec_id') === '') return named('Cart Update', [['cart_value', text('revenue')], items]);
  const data: Data = [
    ['order_id', text('ec_id')],
    ['subtotal', amount('ec_st')],
    ['tax', amount('ec_tx')],
    ['shipping', amount('ec_sh')],
    ['discount', amount('ec_dt')],
    items,
  ];
  return named('Purchase', data, [['value', text('revenue')]]);
}

/** The items of an order, each a list of its SKU, name, category or categories, price and quantity. */
function itemsOf(text: string): string {
  const list = text === '' ? null : parseJson(text);
  if (!Array.isArray(list) || list.length === 0) return '';
  const named = (item: unknown): unknown => {
    if (!Array.isArray(item)) return item;
    const [sku, name, category, price, quantity] = item as readonly unknown[];
    return { sku, name, category, price, quantity };
  };
  return listText(list.slice(0, MAX_ITEMS).map(named));
}

/** Items that are read. Fewer fit into a property. */
const MAX_ITEMS = 100;

/** Custom dimensions, custom variables of all scopes, and custom data. */
function variablesOf(fields: Fields): Data {
  const dimensions = [...fields].filter(([name, value]) => /^dimension\d{1,3}$/.test(name) && value !== '');
  const variables = ['cvar', '_cvar', 'e_cvar'].flatMap((name) => {
    const list = Object.values(recordOf(parseJson(fields.get(name) ?? '')) ?? {});
    return list.filter(Array.isArray).map((pair): [string, unknown] => [textOf(pair[0]), pair[1]]);
  });
  const named = propsOf(Object.fromEntries(variables.filter(([name]) => name !== '')));
  return [...dimensions, ...named, ...propsOf(parseJson(fields.get('data') ?? ''))];
}

const withoutBlanks = (data: Data): Data => data.filter(([, value]) => value !== '');

/** Matomo's names of a campaign's parameters, after each of its prefixes. */
const PREFIXES = ['mtm', 'matomo', 'pk', 'piwik'] as const;

/** A page's URL in which Matomo's parameters of campaigns, of the query or the fragment, are also called as others call them. */
function withUtm(url: string): string {
  if (!/(?:mtm|matomo|pk|piwik)_/.test(url)) return url;
  const fields = parseFields(url.slice(url.search(/[?#]/) + 1).replaceAll(/[?#]/g, '&'));
  const first = (...names: readonly string[]): string =>
    names.flatMap((name) => PREFIXES.map((prefix) => fields.get(`${prefix}_${name}`) ?? '')).find(Boolean) ??
    '';
  return withCampaign(url, {
    source: first('source'),
    medium: first('medium'),
    campaign: first('campaign', 'cpn'),
    content: first('content'),
    term: first('keyword', 'kwd'),
  });
}
