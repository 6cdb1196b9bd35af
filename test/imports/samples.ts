/** A small valid file of each source of raw events. */
import { strToU8, zipSync } from 'fflate';
import { jsonFile, parquetFile, type Row } from './ga4-files.ts';
import { csvRow } from './reading.ts';

const UMAMI_COLUMNS =
  'website_id,session_id,event_id,hostname,browser,os,device,url_path,url_query,referrer_domain,event_type,event_name,created_at';
const UMAMI = [
  UMAMI_COLUMNS,
  'w,s1,e1,example.com,chrome,Windows 10,desktop,/a,b=c,www.google.com,1,,2024-05-01 10:00:00',
  'w,s1,e2,example.com,chrome,Windows 10,desktop,"/a ""b""",,,2,Buy,2024-05-01 10:00:01',
  'w,s2,e3,,ios,iOS,mobile,/,,,5,,2024-05-01 10:00:02',
].join('\n');
const UMAMI_DATA =
  'event_id,data_key,string_value,number_value,date_value,data_type\ne2,revenue,9.9,9.9000,,2\ne2,currency,EUR,,,1\n';

const GA4: readonly Row[] = [
  {
    event_date: '20240501',
    event_timestamp: 1_714_557_600_100_000,
    event_name: 'page_view',
    event_params: [
      { key: 'page_location', value: { string_value: 'https://example.com/a' } },
      { key: 'ga_session_id', value: { int_value: 7 } },
    ],
    user_pseudo_id: '1.2',
    device: { category: 'mobile', web_info: { browser: 'Safari' } },
    geo: { country: 'Germany' },
  },
  {
    event_date: '20240501',
    event_timestamp: 1_714_557_601_100_000,
    event_name: 'purchase',
    event_params: [
      { key: 'currency', value: { string_value: 'EUR' } },
      { key: 'value', value: { double_value: 9.5 } },
    ],
    ecommerce: { transaction_id: 'T1', purchase_revenue: 9.5 },
    items: [{ item_id: 'S', quantity: 2 }],
  },
  { event_date: '20240501', event_timestamp: 1_714_557_602_100_000, event_name: 'session_start' },
];

const lines = (...values: readonly unknown[]) => values.map((one) => `${JSON.stringify(one)}\n`).join('');

const SNOWPLOW = Array.from({ length: 131 }, (_, place) => {
  const cells: Readonly<Record<number, string>> = {
    3: '2024-05-01 10:00:00.100',
    5: 'unstruct',
    6: 'e1',
    15: 'd1',
    29: 'https://example.com/a',
  };
  if (place === 58)
    return '{"schema":"iglu:a/b/jsonschema/1-0-0","data":{"schema":"iglu:com.acme/x/jsonschema/1-0-0","data":{"plan":"pro"}}}';
  return cells[place] ?? '';
}).join('\t');

const POINT = {
  timestamp: '2024-05-01 10:00:00',
  _sample_interval: 2,
  index1: 's',
  blob1: 'https://example.com',
  blob2: 'UA/1',
  blob3: '/a',
  blob4: 'DE',
  blob5: '',
  double1: 1,
  double3: 1,
};

export const SAMPLES: readonly (readonly [importer: string, kind: string, content: Uint8Array])[] = [
  [
    'goatcounter',
    'CSV',
    strToU8(
      '2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme,Screen size,Location,FirstVisit,Date\n' +
        csvRow([
          '/a',
          'A, "b"',
          '0',
          '',
          'Firefox 80',
          'Windows 10',
          'a-b',
          '0',
          'www.google.com',
          'h',
          '1,2,3',
          'US-TX',
          '1',
          '2024-05-01T10:00:00Z',
        ]) +
        csvRow([
          'click',
          '',
          '1',
          'UA/1',
          '',
          '',
          'a-b',
          '0',
          'news',
          'c',
          '',
          '',
          '0',
          '2024-05-01T10:00:01Z',
        ]),
    ),
  ],
  [
    'goatcounter',
    'zip of totals',
    zipSync({
      'goatcounter-export-x/paths.jsonl': strToU8(
        lines({ id: 1, path: '/', title: '' }, { id: 2, path: 'click', title: '', event: true }),
      ),
      'goatcounter-export-x/refs.jsonl': strToU8(lines({ id: 1, ref: 'example.com/a', ref_scheme: 'h' })),
      'goatcounter-export-x/hit_stats.jsonl': strToU8(
        lines(
          { hour: '2026-03-05T19:00:00Z', path_id: 1, ref_id: 1, count: 4 },
          { hour: '2026-03-05T19:00:00Z', path_id: 2, ref_id: 1, count: 2 },
        ),
      ),
    }),
  ],
  ['umami', 'CSV', strToU8(UMAMI)],
  ['umami', 'zip', zipSync({ 'website_event.csv': strToU8(UMAMI), 'event_data.csv': strToU8(UMAMI_DATA) })],
  [
    'matomo',
    'JSON',
    strToU8(
      JSON.stringify([
        {
          idVisit: '5',
          visitorId: 'v',
          siteCurrency: 'EUR',
          countryCode: 'de',
          referrerType: 'campaign',
          referrerName: 'spring',
          actionDetails: [
            {
              type: 'action',
              url: 'https://example.com/a',
              pageId: '1',
              timestamp: 1714557600,
              customVariables: { 1: { customVariablePageName1: 'a', customVariablePageValue1: 'b' } },
            },
            {
              type: 'event',
              eventCategory: 'c',
              eventAction: 'a',
              eventValue: 1,
              url: 'https://example.com/a',
              pageId: '2',
              timestamp: 1714557601,
            },
            { type: 'ecommerceOrder', orderId: 'o', revenue: '5.5', timestamp: 1714557602 },
          ],
        },
        { idVisit: '6', actionDetails: false },
      ]),
    ),
  ],
  [
    'segment',
    'JSON',
    strToU8(
      lines(
        {
          type: 'page',
          messageId: 'm1',
          anonymousId: 'a',
          timestamp: '2024-05-01T10:00:00Z',
          context: { page: { url: 'https://example.com/a' }, userAgent: 'UA/1' },
        },
        {
          type: 'track',
          event: 'Order Completed',
          messageId: 'm2',
          userId: 'u',
          timestamp: '2024-05-01T10:00:01Z',
          properties: { revenue: 5, currency: 'EUR', products: [{ a: 1 }] },
        },
        { type: 'screen', name: 'Home', messageId: 'm3', timestamp: '2024-05-01T10:00:02Z' },
        { type: 'identify', messageId: 'm4' },
      ),
    ),
  ],
  ['snowplow', 'lines', strToU8(`${SNOWPLOW}\n${SNOWPLOW.replace('unstruct', 'page_view')}\n`)],
  [
    'snowplow',
    'JSON',
    strToU8(
      lines({
        collector_tstamp: '2024-05-01T10:00:00Z',
        event: 'unstruct',
        event_name: 'x',
        event_id: 'e',
        unstruct_event_com_acme_x_1: { plan: 'pro' },
        contexts_com_acme_y_1: [{ tier: 2 }],
      }),
    ),
  ],
  ['ga4', 'JSON', strToU8(jsonFile(GA4))],
  ['ga4', 'Parquet', parquetFile(GA4)],
  ['ga4', 'Parquet without compression', parquetFile(GA4, 'UNCOMPRESSED')],
  ['counterscale', 'lines', strToU8(lines(POINT, { ...POINT, double1: 0 }))],
  [
    'counterscale',
    'list',
    strToU8(JSON.stringify({ meta: [{ name: 'blob1' }], data: [POINT, POINT], rows: 2 })),
  ],
];
