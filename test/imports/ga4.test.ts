/** Events of Google Analytics 4 as BigQuery exports them. The fields and their types are those of Google's schema of the tables events_. */
import { describe, expect, it } from 'vitest';
import { jsonFile, type Parameter, parquetFile, type Row } from './ga4-files.ts';
import { dice, eventsIn, importerOf, itemsOf, remarksIn, totalsOf } from './reading.ts';

const string = (key: string, string_value: string): Parameter => ({ key, value: { string_value } });
const int = (key: string, int_value: number): Parameter => ({ key, value: { int_value } });
const double = (key: string, double_value: number): Parameter => ({ key, value: { double_value } });

const AT = Date.UTC(2024, 4, 1, 10) + 100;
const LOCATION = string('page_location', 'https://example.com/a?b=c');
const SESSION = int('ga_session_id', 1714557600);

const row = (fields: Partial<Row> = {}): Row => ({
  event_date: '20240501',
  event_timestamp: AT * 1000 + 7,
  event_name: 'page_view',
  event_params: [LOCATION, SESSION, string('page_title', 'A'), int('entrances', 1)],
  event_bundle_sequence_id: 12,
  user_pseudo_id: '1234.5678',
  ...fields,
});

const VIEW = { ts: AT, dl: 'https://example.com/a?b=c', visitor: '1234.5678' };

/** Events without their ids. */
const read = async (content: string | Uint8Array) =>
  eventsIn(await itemsOf('ga4', content)).map(({ eid: _, ...event }) => event);

const CASES: readonly [string, Partial<Row>, object][] = [
  ['a page view', {}, VIEW],
  [
    'a referrer',
    { event_params: [LOCATION, string('page_referrer', 'https://www.google.com/')] },
    { ...VIEW, rl: 'https://www.google.com/' },
  ],
  [
    'a client and a place',
    {
      device: {
        category: 'mobile',
        operating_system: 'Macintosh',
        operating_system_version: 'Intel 10.15',
        language: 'de-de',
        web_info: { browser: 'Edge', browser_version: '120.0' },
      },
      geo: { country: 'Côte d’Ivoire', region: 'Abidjan', city: '(not set)' },
    },
    {
      ...VIEW,
      device: 'Mobile',
      os: 'Mac',
      os_version: 'Intel 10.15',
      language: 'de-de',
      browser: 'Microsoft Edge',
      browser_version: '120.0',
      country: 'CI',
      region: 'Abidjan',
    },
  ],
  ['no consent', { user_pseudo_id: undefined as never }, { ts: AT, dl: VIEW.dl }],
  [
    'a manual campaign',
    {
      collected_traffic_source: {
        manual_source: 'news',
        manual_medium: 'email',
        manual_campaign_name: 'spring',
      },
    },
    { ...VIEW, utm: { source: 'news', medium: 'email', campaign: 'spring' } },
  ],
  [
    'what is no campaign',
    { collected_traffic_source: { manual_source: 'google', manual_medium: 'organic' } },
    VIEW,
  ],
  [
    'a campaign that the address has',
    {
      event_params: [string('page_location', 'https://example.com/?utm_source=news')],
      collected_traffic_source: { manual_source: 'news' },
    },
    { ...VIEW, dl: 'https://example.com/?utm_source=news' },
  ],
  [
    'an event with parameters',
    {
      event_name: 'sign_up',
      event_params: [
        LOCATION,
        SESSION,
        string('method', 'mail'),
        int('step', 2),
        double('score', 1.5),
        double('value', 3),
      ],
    },
    { ...VIEW, ev: 'sign_up', cd: { method: 'mail', step: 2, score: 1.5, event_value: 3 } },
  ],
  [
    'a purchase',
    {
      event_name: 'purchase',
      event_params: [
        LOCATION,
        string('transaction_id', 'T1'),
        string('currency', 'EUR'),
        double('value', 20),
        double('tax', 1.5),
      ],
      ecommerce: { transaction_id: 'T1', purchase_revenue: 19.99 },
      items: [{ item_id: 'S1', item_name: 'Mug', price: 9.99, quantity: 2 }],
    },
    {
      ...VIEW,
      ev: 'purchase',
      cd: {
        transaction_id: 'T1',
        tax: 1.5,
        items: '[{"item_id":"S1","item_name":"Mug","price":9.99,"quantity":2}]',
        value: 19.99,
        currency: 'EUR',
      },
    },
  ],
  [
    'an engagement',
    { event_name: 'user_engagement', event_params: [LOCATION, int('engagement_time_msec', 5300)] },
    { ...VIEW, ev: 'engagement', engaged: 5300 },
  ],
  [
    'how far a page is scrolled',
    {
      event_name: 'scroll',
      event_params: [LOCATION, int('percent_scrolled', 90), int('engagement_time_msec', 100)],
    },
    { ...VIEW, ev: 'engagement', engaged: 100, scroll: 90 },
  ],
  [
    'a screen',
    { event_name: 'screen_view', event_params: [string('firebase_screen', 'My list')] },
    { ...VIEW, dl: '', ev: 'screen_view', cd: { firebase_screen: 'My list' } },
  ],
];

describe('ga4', () => {
  it.each(CASES)('reads %s', async (_, fields, expected) => {
    expect(await read(jsonFile([row(fields)]))).toEqual([expected]);
  });

  it('reads the time on a page from the event after it', async () => {
    const time = int('engagement_time_msec', 700);
    const from = (page: string) => string('page_referrer', page);
    const view = row({ event_params: [LOCATION, from('https://example.com/before'), time] });
    const first = row({ event_params: [LOCATION, from('https://www.google.com/'), time] });
    const signUp = row({ event_name: 'sign_up', event_params: [LOCATION, time] });
    expect(await read(jsonFile([view, first, signUp]))).toEqual([
      { ...VIEW, dl: 'https://example.com/before', ev: 'engagement', engaged: 700 },
      { ...VIEW, rl: 'https://example.com/before' },
      { ...VIEW, rl: 'https://www.google.com/' },
      { ...VIEW, ev: 'engagement', engaged: 700 },
      { ...VIEW, ev: 'sign_up' },
    ]);
  });

  it.each(['UNCOMPRESSED', 'SNAPPY', 'GZIP'] as const)(
    'reads the same, ids included, from Parquet with %s',
    async (codec) => {
      const rows = CASES.map(([, fields]) => row(fields));
      expect(await itemsOf('ga4', parquetFile(rows, codec, 3))).toEqual(await itemsOf('ga4', jsonFile(rows)));
    },
  );

  it.each<[string, Uint8Array, string]>([
    [
      'ZSTD',
      parquetFile([row()], 'ZSTD'),
      '1 is compressed with ZSTD. Export the table with Snappy or gzip.',
    ],
    [
      'an end that is missing',
      parquetFile([row()]).subarray(0, -9),
      '1 is damaged: it is no complete Parquet file.',
    ],
    [
      'nothing but its beginning',
      new TextEncoder().encode('PAR1'),
      '1 is damaged: it is no complete Parquet file.',
    ],
  ])('names a Parquet file with %s', async (_, bytes, expected) => {
    const items = await itemsOf('ga4', bytes);
    expect(remarksIn(items)).toEqual([expected]);
    expect(eventsIn(items)).toEqual([]);
  });

  it('gives a purchase the id of its transaction, and other events different ids', async () => {
    const purchase = row({ event_name: 'purchase', event_params: [string('transaction_id', 'T1')] });
    const unset = row({ event_name: 'purchase', event_params: [string('transaction_id', '(not set)')] });
    const ids = eventsIn(
      await itemsOf('ga4', jsonFile([purchase, unset, row(), row({ batch_event_index: 2 }), row()])),
    ).map(({ eid }) => eid);
    expect(ids[0]).toBe('T1');
    expect(new Set(ids).size).toBe(5);
  });

  it('names what it leaves out and cannot read', async () => {
    const file = jsonFile([
      row({ event_name: 'session_start' }),
      row({ event_name: 'first_visit' }),
      row({ event_name: 'user_engagement' }),
      row({ event_timestamp: Number.NaN }),
      row({ event_name: '' }),
    ]);
    expect(remarksIn(await itemsOf('ga4', `${file}7\n`))).toEqual([
      '1 left out: session_start',
      '2 left out: first_visit',
      '3 left out: user_engagement without a time',
      '4 has no time',
      '5 has no event_name',
      '6 is not an event',
    ]);
  });

  it.each([
    ['JSON', jsonFile],
    ['Parquet', parquetFile],
  ] as const)('counts what an independent count of the same rows counts, from %s', async (_, write) => {
    const roll = dice(7);
    const rows = Array.from({ length: 3000 }, (_, place): Row => {
      const shared = {
        event_timestamp: (Date.UTC(2024, 0, 1) + roll(4 * 86_400_000)) * 1000 + (place % 1000),
        user_pseudo_id: `u${roll(50)}`,
        event_bundle_sequence_id: place,
      };
      const kind = roll(4);
      if (kind === 0) return row({ ...shared, event_name: 'session_start' });
      if (kind === 1)
        return row({
          ...shared,
          event_name: 'user_engagement',
          event_params: [LOCATION, int('engagement_time_msec', 1000)],
        });
      if (kind === 2)
        return row({
          ...shared,
          event_name: 'purchase',
          event_params: [string('currency', 'EUR')],
          ecommerce: { transaction_id: `t${place}`, purchase_revenue: roll(10_000) / 100 },
        });
      return row({ ...shared, event_params: [string('page_location', `https://example.com/p${roll(5)}`)] });
    });
    const first = await itemsOf('ga4', write(rows.slice(0, 2000)));
    const second = await itemsOf('ga4', write(rows.slice(1500)));
    const totals = totalsOf([...eventsIn(first), ...eventsIn(second)]);

    const counted = rows.filter(({ event_name: name }) => name === 'page_view' || name === 'purchase');
    const tally = (keys: readonly string[]) =>
      Object.fromEntries([...new Set(keys)].map((key) => [key, keys.filter((one) => one === key).length]));
    const day = ({ event_timestamp: micros }: Row) => new Date(micros / 1000).toISOString().slice(0, 10);
    expect(totals.events).toEqual(tally(counted.map(day)));
    expect(totals.pages).toEqual(
      tally(
        counted.flatMap((one) =>
          one.event_name === 'page_view'
            ? [one.event_params?.[0]?.value.string_value?.slice(19) as string]
            : [],
        ),
      ),
    );
    expect(totals.visitors).toEqual(
      tally(
        [...new Set(counted.map((one) => `${day(one)} ${one.user_pseudo_id}`))].map((pair) =>
          pair.slice(0, 10),
        ),
      ),
    );
    const cents = counted.reduce(
      (sum, one) => sum + Math.round((one.ecommerce?.purchase_revenue ?? 0) * 100),
      0,
    );
    expect(Math.round((totals.revenue['EUR'] ?? 0) * 100)).toBe(cents);
  });

  it('recognizes its files', async () => {
    const { recognize } = await importerOf('ga4');
    expect(recognize('x.json', new TextEncoder().encode(jsonFile([row()])))).toBe(2);
    expect(recognize('events_20240501-000000000000.parquet', parquetFile([row()]))).toBe(2);
    expect(recognize('x.parquet', parquetFile([row()]))).toBe(1);
    expect(recognize('x.json', new TextEncoder().encode('{"event_name":"a"}'))).toBe(0);
  });
});
