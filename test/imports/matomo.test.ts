/**
 * Matomo's visits log, as `Live.getLastVisitsDetails` of Matomo 5 writes it with format=JSON: the fields that the classes VisitorDetails of
 * its plugins add, amounts and numbers as texts where MySQL returns texts.
 */
import { describe, expect, it } from 'vitest';
import { dice, eventsIn, importerOf, itemsOf, remarksIn, totalsOf } from './reading.ts';

type Fields = Readonly<Record<string, unknown>>;
const START = Date.UTC(2024, 4, 1, 10) / 1000;

const visit = (actionDetails: readonly Fields[] | false, fields: Fields = {}): Fields => ({
  idSite: '1',
  idVisit: '5',
  visitIp: '203.0.113.0',
  visitorId: 'c7eabd04b45e68b3',
  fingerprint: '5041e282fc23fef1',
  actionDetails,
  goalConversions: 0,
  siteCurrency: 'EUR',
  siteCurrencySymbol: '€',
  serverDate: '2024-05-01',
  lastActionTimestamp: START + 60,
  firstActionTimestamp: START,
  userId: null,
  referrerType: 'direct',
  referrerName: '',
  referrerUrl: null,
  languageCode: 'pl',
  deviceType: 'Smartphone',
  operatingSystemName: 'Mac',
  operatingSystemVersion: '10.15',
  browserName: 'Chrome Mobile',
  browserVersion: '96.0',
  countryCode: 'pl',
  regionCode: '14',
  city: 'Warsaw',
  ...fields,
});

const page = (fields: Fields = {}): Fields => ({
  type: 'action',
  url: 'https://example.com/a',
  pageTitle: 'A',
  pageIdAction: '9',
  idpageview: 'x1',
  serverTimePretty: 'May 1, 2024 12:00:00',
  pageId: '14',
  timeSpent: 0,
  pageviewPosition: '1',
  timestamp: START,
  ...fields,
});

const VISITOR = {
  visitor: 'c7eabd04b45e68b3',
  browser: 'Chrome',
  browser_version: '96.0',
  os: 'Mac',
  os_version: '10.15',
  device: 'Mobile',
  country: 'PL',
  region: 'PL-14',
  city: 'Warsaw',
  language: 'pl',
};
const VIEW = { ...VISITOR, ts: START * 1000, dl: 'https://example.com/a', eid: '5.14' };

const read = async (...visits: Fields[]) => itemsOf('matomo', JSON.stringify(visits));

describe('matomo', () => {
  it.each<[string, Fields, object]>([
    ['a page', page(), VIEW],
    ['a dimension', page({ dimension1: 'blue', dimension2: null }), { ...VIEW, cd: { dimension1: 'blue' } }],
    [
      'a custom variable',
      page({ customVariables: { 1: { customVariablePageName1: 'plan', customVariablePageValue1: 'pro' } } }),
      { ...VIEW, cd: { plan: 'pro' } },
    ],
    [
      'a product',
      page({
        productViewSku: 'S1',
        productViewName: 'Mug',
        productViewPrice: '5',
        productViewCategories: ['Cups', 'Red'],
      }),
      {
        ...VIEW,
        cd: { product_sku: 'S1', product_name: 'Mug', product_price: '5', product_category: 'Cups, Red' },
      },
    ],
    [
      'an event',
      page({
        type: 'event',
        eventCategory: 'Videos',
        eventAction: 'Play',
        eventName: 'Intro',
        eventValue: 2.5,
      }),
      { ...VIEW, ev: 'Play', cd: { category: 'Videos', name: 'Intro', event_value: 2.5 } },
    ],
    [
      'a download',
      page({ type: 'download', url: 'https://example.com/a.pdf', pageTitle: null }),
      { ...VIEW, ev: 'File Download', dl: '', cd: { url: 'https://example.com/a.pdf' } },
    ],
    [
      'an outlink',
      page({ type: 'outlink', url: 'https://other.example/' }),
      { ...VIEW, ev: 'Outbound Link: Click', dl: '', cd: { url: 'https://other.example/' } },
    ],
    [
      'a search',
      page({ type: 'search', siteSearchKeyword: 'mug', siteSearchCategory: 'shop', siteSearchCount: '0' }),
      { ...VIEW, ev: 'Site Search', cd: { keyword: 'mug', category: 'shop', results: '0' } },
    ],
    [
      'a goal',
      {
        type: 'goal',
        goalName: 'Signed up',
        goalId: '3',
        revenue: '10.5',
        goalPageId: '14',
        url: 'https://example.com/a',
        timestamp: START,
      },
      { ...VIEW, ev: 'Signed up', eid: '5.g3.14', cd: { value: 10.5, currency: 'EUR' } },
    ],
    [
      'a goal without revenue',
      {
        type: 'goal',
        goalName: 'Signed up',
        goalId: '3',
        revenue: '0',
        goalPageId: null,
        url: 'https://example.com/a',
        timestamp: START,
      },
      { ...VIEW, ev: 'Signed up', eid: `5.g3.${START}` },
    ],
    [
      'an order',
      {
        type: 'ecommerceOrder',
        orderId: '666',
        revenue: 240,
        revenueSubTotal: 200,
        items: '2',
        itemDetails: [{ itemSKU: 'S', price: 100 }],
        timestamp: START,
      },
      {
        ...VIEW,
        ev: 'Purchase',
        dl: '',
        eid: '666',
        cd: { order_id: '666', items: '2', value: 240, currency: 'EUR' },
      },
    ],
    [
      'an interaction with content',
      page({
        type: 'content',
        contentName: 'Ad',
        contentPiece: 'a.png',
        contentTarget: '/b',
        contentInteraction: 'click',
      }),
      {
        ...VIEW,
        ev: 'Content Interaction',
        cd: { content: 'Ad', piece: 'a.png', target: '/b', interaction: 'click' },
      },
    ],
  ])('reads %s', async (_, action, expected) => {
    expect(eventsIn(await read(visit([action])))).toEqual([expected]);
  });

  it('gives what brought the visit to its first action', async () => {
    const later = page({ pageId: '15', timestamp: START + 60 });
    const [search] = [
      visit([page(), later], {
        referrerType: 'search',
        referrerUrl: null,
        referrerSearchEngineUrl: 'http://google.com',
      }),
    ];
    const campaign = visit([page()], {
      referrerType: 'campaign',
      referrerName: 'spring',
      referrerKeyword: 'mugs',
      referrerUrl: 'https://www.example.org/x',
    });
    const reported = visit([page()], {
      referrerType: 'campaign',
      referrerName: 'x',
      campaignName: 'spring',
      campaignSource: 'news',
      campaignMedium: 'email',
    });
    expect(eventsIn(await read(search as Fields, campaign, reported))).toEqual([
      { ...VIEW, rl: 'http://google.com' },
      { ...VIEW, ts: VIEW.ts + 60_000, eid: '5.15' },
      { ...VIEW, rl: 'https://www.example.org/x', utm: { campaign: 'spring', term: 'mugs' } },
      { ...VIEW, utm: { source: 'news', medium: 'email', campaign: 'spring' } },
    ]);
  });

  it('names what it leaves out and cannot read', async () => {
    const items = await read(
      visit(false),
      visit([
        { type: 'ecommerceAbandonedCart', revenue: 5, timestamp: START },
        { type: 'media', timestamp: START },
      ]),
      visit([page({ timestamp: undefined })], { truncatedActionsCount: 3 }),
      { idSite: '1' },
    );
    expect(remarksIn(items)).toEqual([
      '1 left out: visits without their actions',
      '2 left out: abandoned carts',
      '2 left out: actions of plugins, such as media and forms',
      "3 left out: visits with more actions than Matomo's log lists",
      '3 has no time',
      '4 is not a visit',
    ]);
    expect(remarksIn(await itemsOf('matomo', '{"result":"error","message":"no access"}'))).toEqual([
      '1 begins no list',
    ]);
    expect(remarksIn(await itemsOf('matomo', '<result><row/></result>'))).toEqual(['1 begins no list']);
  });

  it('counts what an independent count of the same visits counts, also from pages that overlap', async () => {
    const roll = dice(3);
    let pageId = 0;
    const visits = Array.from({ length: 800 }, (_, id) => {
      const start = START + roll(4 * 86_400);
      const actions = Array.from({ length: 1 + roll(6) }, (_, place): Fields => {
        pageId += 1;
        const timestamp = start + place * 30;
        if (roll(8) === 0)
          return { type: 'ecommerceOrder', orderId: `o${pageId}`, revenue: `${roll(1000) / 100}`, timestamp };
        return page({ url: `https://example.com/p${roll(5)}`, pageId: String(pageId), timestamp });
      });
      return visit(actions, { idVisit: String(id), visitorId: `v${roll(60)}` });
    });
    const first = await read(...visits.slice(0, 500));
    const second = await read(...visits.slice(450));
    const totals = totalsOf([...eventsIn(first), ...eventsIn(second)]);

    const text = JSON.stringify(visits);
    const tally = (keys: readonly string[]) =>
      Object.fromEntries([...new Set(keys)].map((key) => [key, keys.filter((one) => one === key).length]));
    const days = [...text.matchAll(/"timestamp":(\d+)/g)].map(([, seconds]) =>
      new Date(Number(seconds) * 1000).toISOString().slice(0, 10),
    );
    expect(totals.events).toEqual(tally(days));
    expect(totals.pages).toEqual(
      tally([...text.matchAll(/example\.com(\/p\d)"/g)].map(([, path]) => path as string)),
    );
    const cents = [...text.matchAll(/"revenue":"([\d.]+)"/g)].reduce(
      (sum, [, amount]) => sum + Math.round(Number(amount) * 100),
      0,
    );
    expect(Math.round((totals.revenue['EUR'] ?? 0) * 100)).toBe(cents);
    const pairs = visits.flatMap(({ visitorId, actionDetails }) =>
      (actionDetails as readonly { timestamp: number }[]).map(
        ({ timestamp }) => `${new Date(timestamp * 1000).toISOString().slice(0, 10)} ${visitorId}`,
      ),
    );
    expect(totals.visitors).toEqual(tally([...new Set(pairs)].map((pair) => pair.slice(0, 10))));
  });

  it('recognizes its export', async () => {
    const { recognize } = await importerOf('matomo');
    const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value, null, 1));
    expect(recognize('x.json', encode([visit([])]))).toBe(2);
    expect(recognize('x.json', encode([{ id: 1 }]))).toBe(0);
    expect(recognize('x.json', encode(visit([])))).toBe(0);
  });
});
