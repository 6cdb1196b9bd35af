/**
 * Snowplow's enriched events. The places of the fields in a line are those of the case class `Event` of Snowplow's Scala analytics SDK
 * 3.2, and the names of flattened schemas are those that its `toJson(lossy = true)` makes.
 */
import { describe, expect, it } from 'vitest';
import { dice, eventsIn, importerOf, itemsOf, remarksIn, totalsOf } from './reading.ts';

/** Places in a line, from 1. */
const PLACES: Readonly<Record<string, number>> = {
  app_id: 1,
  platform: 2,
  collector_tstamp: 4,
  event: 6,
  event_id: 7,
  user_ipaddress: 14,
  domain_userid: 16,
  network_userid: 18,
  geo_country: 19,
  geo_region: 20,
  geo_city: 21,
  page_url: 30,
  page_referrer: 32,
  mkt_medium: 48,
  mkt_source: 49,
  mkt_campaign: 52,
  contexts: 53,
  se_category: 54,
  se_action: 55,
  se_label: 56,
  se_value: 58,
  unstruct_event: 59,
  tr_orderid: 60,
  tr_total: 62,
  ti_orderid: 68,
  ti_sku: 69,
  useragent: 78,
  br_lang: 84,
  pp_yoffset_max: 77,
  br_viewheight: 97,
  doc_height: 108,
  dvce_type: 102,
  tr_currency: 109,
  derived_contexts: 123,
  domain_sessionid: 124,
  derived_tstamp: 125,
  event_name: 127,
  true_tstamp: 131,
};

type Fields = Readonly<Record<string, string>>;
const BASE: Fields = {
  app_id: 'shop',
  platform: 'web',
  collector_tstamp: '2024-05-01 10:00:01.000',
  derived_tstamp: '2024-05-01 10:00:00.100',
  event: 'page_view',
  event_id: 'c6ef3124-b53a-4b13-a233-0088f79dcbcb',
  domain_userid: 'd1',
  page_url: 'https://example.com/a',
};

function line(fields: Fields = {}): string {
  const cells = Array.from({ length: 131 }, () => '');
  for (const [name, value] of Object.entries({ ...BASE, ...fields }))
    cells[(PLACES[name] as number) - 1] = value;
  return `${cells.join('\t')}\n`;
}

const json = (fields: Readonly<Record<string, unknown>> = {}) =>
  `${JSON.stringify({ ...BASE, collector_tstamp: '2024-05-01T10:00:01Z', derived_tstamp: '2024-05-01T10:00:00.100Z', geo_city: null, ...fields })}\n`;

const VIEW = {
  ts: Date.UTC(2024, 4, 1, 10) + 100,
  dl: 'https://example.com/a',
  eid: BASE['event_id'],
  visitor: 'd1',
};

const schema = (vendor: string, name: string) => `iglu:${vendor}/${name}/jsonschema/1-0-0`;
const contexts = (...list: readonly (readonly [vendor: string, name: string, data: object])[]) =>
  JSON.stringify({
    schema: schema('com.snowplowanalytics.snowplow', 'contexts'),
    data: list.map(([vendor, name, data]) => ({ schema: schema(vendor, name), data })),
  });
const unstruct = (vendor: string, name: string, data: object) =>
  JSON.stringify({
    schema: schema('com.snowplowanalytics.snowplow', 'unstruct_event'),
    data: { schema: schema(vendor, name), data },
  });

const SALE = [
  'com.snowplowanalytics.snowplow.ecommerce',
  'transaction',
  { transaction_id: 't1', revenue: 50.5, currency: 'EUR' },
] as const;

describe('snowplow', () => {
  it.each<[string, Fields, object]>([
    ['a page view', {}, VIEW],
    ['the time of the collector', { derived_tstamp: '' }, { ...VIEW, ts: Date.UTC(2024, 4, 1, 10, 0, 1) }],
    [
      'a client and a place',
      {
        useragent: 'UA/1.0',
        br_lang: 'de',
        dvce_type: 'Mobile',
        geo_country: 'DE',
        geo_region: 'BE',
        geo_city: 'Berlin',
        page_referrer: 'https://x.example/',
      },
      {
        ...VIEW,
        ua: 'UA/1.0',
        language: 'de',
        device: 'Mobile',
        country: 'DE',
        region: 'DE-BE',
        city: 'Berlin',
        rl: 'https://x.example/',
      },
    ],
    [
      'a campaign that the address lacks',
      { mkt_source: 'news', mkt_medium: 'email' },
      { ...VIEW, utm: { source: 'news', medium: 'email' } },
    ],
    [
      'a campaign that the address has',
      { page_url: 'https://example.com/?utm_source=news', mkt_source: 'news' },
      { ...VIEW, dl: 'https://example.com/?utm_source=news' },
    ],
    ['no domain user', { domain_userid: '', network_userid: 'n1' }, { ...VIEW, visitor: 'n1' }],
    [
      'a structured event',
      { event: 'struct', se_category: 'Videos', se_action: 'Play', se_label: 'Intro', se_value: '2.5' },
      { ...VIEW, ev: 'Play', cd: { category: 'Videos', label: 'Intro', event_value: '2.5' } },
    ],
    [
      'a transaction',
      { event: 'transaction', tr_orderid: 'o1', tr_total: '19.9', tr_currency: 'EUR' },
      { ...VIEW, ev: 'transaction', eid: 'o1', cd: { order_id: 'o1', value: 19.9, currency: 'EUR' } },
    ],
    [
      'an item',
      { event: 'transaction_item', ti_orderid: 'o1', ti_sku: 'S1' },
      { ...VIEW, ev: 'transaction_item', cd: { order_id: 'o1', sku: 'S1' } },
    ],
    [
      'a page ping',
      { event: 'page_ping', pp_yoffset_max: '500', br_viewheight: '700', doc_height: '2000' },
      { ...VIEW, ev: 'engagement', scroll: 60 },
    ],
    [
      'a custom event with contexts',
      {
        event: 'unstruct',
        event_name: 'sign_up',
        unstruct_event: unstruct('com.acme', 'sign_up', { plan: 'pro', value: 3 }),
        contexts: contexts(
          ['com.acme', 'user', { tier: 2, plan: 'other' }],
          ['com.snowplowanalytics.snowplow', 'web_page', { id: 'x' }],
        ),
      },
      { ...VIEW, ev: 'sign_up', cd: { plan: 'pro', event_value: 3, tier: 2 } },
    ],
    [
      'a purchase of the e-commerce plug-in',
      {
        event: 'unstruct',
        event_name: 'snowplow_ecommerce_action',
        unstruct_event: unstruct('com.snowplowanalytics.snowplow.ecommerce', 'snowplow_ecommerce_action', {
          type: 'transaction',
        }),
        contexts: contexts(SALE),
      },
      {
        ...VIEW,
        ev: 'snowplow_ecommerce_action',
        eid: 't1',
        cd: { type: 'transaction', value: 50.5, currency: 'EUR' },
      },
    ],
  ])('reads %s', async (_, fields, expected) => {
    expect(eventsIn(await itemsOf('snowplow', line(fields)))).toEqual([expected]);
  });

  it.each<[string, Readonly<Record<string, unknown>>, object]>([
    ['a page view', {}, VIEW],
    [
      'flattened schemas',
      {
        event: 'unstruct',
        event_name: 'sign_up',
        unstruct_event_com_acme_sign_up_1: { plan: 'pro' },
        contexts_com_acme_user_2: [{ tier: 2 }],
        contexts_com_snowplowanalytics_snowplow_web_page_1: [{ id: 'x' }],
      },
      { ...VIEW, ev: 'sign_up', cd: { plan: 'pro', tier: 2 } },
    ],
    [
      'a purchase with flattened schemas',
      {
        event: 'unstruct',
        event_name: 'snowplow_ecommerce_action',
        unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1: {
          type: 'transaction',
        },
        contexts_com_snowplowanalytics_snowplow_ecommerce_transaction_1: [SALE[2]],
      },
      {
        ...VIEW,
        ev: 'snowplow_ecommerce_action',
        eid: 't1',
        cd: { type: 'transaction', value: 50.5, currency: 'EUR' },
      },
    ],
    [
      'whole schemas',
      {
        event: 'unstruct',
        event_name: 'sign_up',
        unstruct_event: JSON.parse(unstruct('com.acme', 'sign_up', { plan: 'pro' })),
        contexts: JSON.parse(contexts(['com.acme', 'user', { tier: 2 }])),
      },
      { ...VIEW, ev: 'sign_up', cd: { plan: 'pro', tier: 2 } },
    ],
  ])('reads JSON with %s', async (_, fields, expected) => {
    expect(eventsIn(await itemsOf('snowplow', json(fields)))).toEqual([expected]);
  });

  it('names what it leaves out and cannot read', async () => {
    const bot = contexts(['com.iab.snowplow', 'spiders_and_robots', { spiderOrRobot: true }]);
    const file = [
      line({ event: 'page_ping' }),
      line({ event: 'transaction_item' }),
      line({ event: 'ad_click' }),
      line({ derived_contexts: bot }),
      json({ contexts_com_iab_snowplow_spiders_and_robots_1: [{ spiderOrRobot: true }] }),
      line({ derived_tstamp: '', collector_tstamp: '' }),
      'a\tb\n',
      '{"a":\n',
    ];
    expect(remarksIn(await itemsOf('snowplow', file.join('')))).toEqual([
      '1 left out: page pings',
      '3 left out: events of other types',
      '4 left out: bots',
      '5 left out: bots',
      '6 has no time',
      '7 has 2 fields in place of 131',
      '8 is not JSON',
    ]);
  });

  it('counts what an independent count of the same lines counts, also from files that overlap', async () => {
    const roll = dice(5);
    const lines = Array.from({ length: 3000 }, (_, place) => {
      const derived_tstamp = new Date(Date.UTC(2024, 0, 1) + roll(4 * 86_400_000))
        .toISOString()
        .replace('T', ' ')
        .replace('Z', '');
      const shared = { event_id: `e${place}`, domain_userid: `d${roll(50)}`, derived_tstamp };
      if (roll(3) === 0) return line({ ...shared, event: 'page_ping' });
      if (roll(3) === 0)
        return line({
          ...shared,
          event: 'transaction',
          tr_orderid: `o${place}`,
          tr_total: `${roll(10_000) / 100}`,
          tr_currency: 'EUR',
        });
      return line({ ...shared, page_url: `https://example.com/p${roll(5)}` });
    });
    const first = await itemsOf('snowplow', lines.slice(0, 2000).join(''));
    const second = await itemsOf('snowplow', lines.slice(1500).join(''));
    const totals = totalsOf([...eventsIn(first), ...eventsIn(second)]);

    // As awk would: by the number of the column.
    const rows = lines.map((text) => text.split('\t')).filter((cells) => cells[5] !== 'page_ping');
    const tally = (keys: readonly string[]) =>
      Object.fromEntries([...new Set(keys)].map((key) => [key, keys.filter((one) => one === key).length]));
    expect(totals.events).toEqual(tally(rows.map((cells) => (cells[124] as string).slice(0, 10))));
    expect(totals.pages).toEqual(
      tally(rows.flatMap((cells) => (cells[5] === 'page_view' ? [(cells[29] as string).slice(19)] : []))),
    );
    expect(totals.visitors).toEqual(
      tally(
        [...new Set(rows.map((cells) => `${(cells[124] as string).slice(0, 10)} ${cells[15]}`))].map((pair) =>
          pair.slice(0, 10),
        ),
      ),
    );
    const cents = rows.reduce((sum, cells) => sum + Math.round(Number(cells[61]) * 100), 0);
    expect(Math.round((totals.revenue['EUR'] ?? 0) * 100)).toBe(cents);
  });

  it('recognizes its files', async () => {
    const { recognize } = await importerOf('snowplow');
    const encode = (text: string) => new TextEncoder().encode(text);
    expect(recognize('x', encode(line()))).toBe(2);
    expect(recognize('x', encode(line().slice(0, 60)))).toBe(2);
    expect(recognize('x', encode(json()))).toBe(2);
    expect(recognize('x', encode('a\tb\tc\td\te\tf\n'))).toBe(0);
  });
});
