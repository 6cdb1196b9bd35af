/**
 * umami's table website_event as CSV. The columns are those of umami 3.1 (db/clickhouse/schema.sql) and of umami 2 (subdivision1 in the
 * place of region), as ClickHouse's `CSVWithNames` and PostgreSQL's `COPY … CSV HEADER` write them.
 */
import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { csvRow, dice, eventsIn, importerOf, itemsOf, remarksIn, totalsOf } from './reading.ts';

const COLUMNS_3 =
  'website_id,session_id,visit_id,event_id,hostname,browser,os,device,screen,language,country,region,city,url_path,url_query,utm_source,utm_medium,utm_campaign,utm_content,utm_term,referrer_path,referrer_query,referrer_domain,page_title,gclid,fbclid,msclkid,ttclid,li_fat_id,twclid,lcp,inp,cls,fcp,ttfb,event_type,event_name,tag,distinct_id,created_at,job_id';
const COLUMNS_2 = COLUMNS_3.replace(',region,', ',subdivision1,subdivision2,').replace(
  'lcp,inp,cls,fcp,ttfb,',
  '',
);
const DATA_COLUMNS =
  'website_id,session_id,event_id,url_path,event_name,data_key,string_value,number_value,date_value,data_type,created_at,job_id';

const BASE = {
  website_id: 'w',
  session_id: 's1',
  visit_id: 'v1',
  event_id: 'e1',
  url_path: '/',
  event_type: '1',
  created_at: '2024-05-01 10:00:00',
};

const line = (fields: Readonly<Record<string, string>>, columns = COLUMNS_3): string =>
  csvRow(columns.split(',').map((name) => ({ ...BASE, ...fields })[name] ?? ''));
const file = (rows: readonly Readonly<Record<string, string>>[], columns = COLUMNS_3): string =>
  `${columns}\n${rows.map((fields) => line(fields, columns)).join('')}`;

const VIEW = { ts: Date.UTC(2024, 4, 1, 10), dl: '/', eid: 'e1', visitor: 's1' };
const zip = (files: Record<string, string>) =>
  zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)])));

describe('umami', () => {
  it.each<[string, Record<string, string>, object]>([
    ['a view', {}, VIEW],
    [
      'a host and a query',
      { hostname: 'example.com', url_path: '/a', url_query: 'b=c' },
      { ...VIEW, dl: 'https://example.com/a?b=c' },
    ],
    [
      'an event',
      { event_type: '2', event_name: 'Sign up', tag: 'blue' },
      { ...VIEW, ev: 'Sign up', cd: { tag: 'blue' } },
    ],
    [
      'a referrer',
      { referrer_domain: 'www.google.com', referrer_path: '/search', referrer_query: 'q=1' },
      { ...VIEW, rl: 'https://www.google.com/search?q=1' },
    ],
    [
      'a browser, system, device, language and place',
      {
        browser: 'crios',
        os: 'iOS',
        device: 'mobile',
        language: 'de-DE',
        country: 'DE',
        region: 'DE-BE',
        city: 'Berlin',
      },
      {
        ...VIEW,
        browser: 'Chrome',
        os: 'iOS',
        device: 'Mobile',
        language: 'de-DE',
        country: 'DE',
        region: 'DE-BE',
        city: 'Berlin',
      },
    ],
    [
      'a laptop',
      { browser: 'edge-chromium', os: 'Windows 10', device: 'laptop' },
      { ...VIEW, browser: 'Microsoft Edge', os: 'Windows', os_version: '10', device: 'Desktop' },
    ],
    [
      'a browser that only has a name in lower case',
      { browser: 'firefox', os: 'Mac OS' },
      { ...VIEW, browser: 'Firefox', os: 'Mac' },
    ],
    [
      'UTM fields that the query lacks',
      { utm_source: 'x', utm_campaign: 'y' },
      { ...VIEW, utm: { source: 'x', campaign: 'y' } },
    ],
    [
      'UTM fields that the query has',
      { url_query: 'utm_source=x', utm_source: 'x' },
      { ...VIEW, dl: '/?utm_source=x' },
    ],
    ['a time of PostgreSQL', { created_at: '2024-05-01 12:00:00.123456+02' }, { ...VIEW, ts: VIEW.ts + 123 }],
    ['no values of databases', { country: '\\N', city: 'NULL', tag: '\\N' }, VIEW],
    [
      'a slash too many',
      { hostname: 'example.com/', url_path: '//evil.example' },
      { ...VIEW, dl: 'https://example.com/evil.example' },
    ],
  ])('reads %s', async (_, fields, expected) => {
    expect(eventsIn(await itemsOf('umami', file([fields])))).toEqual([expected]);
  });

  it('reads the columns of version 2', async () => {
    const items = await itemsOf('umami', file([{ subdivision1: 'DE-BE', subdivision2: 'Mitte' }], COLUMNS_2));
    expect(eventsIn(items)).toEqual([{ ...VIEW, region: 'DE-BE' }]);
  });

  it('joins the properties of the zip file to their events, whatever the order of the files', async () => {
    const data = (key: string, text: string, number = '', type = '1') =>
      line(
        { event_id: 'e2', data_key: key, string_value: text, number_value: number, data_type: type },
        DATA_COLUMNS,
      );
    const archive = zip({
      'export/website_event.csv': file([{}, { event_id: 'e2', event_type: '2', event_name: 'Buy' }]),
      'export/event_data.csv': `${DATA_COLUMNS}\n${data('revenue', '19.99', '19.9900', '2')}${data('currency', 'EUR')}${data('plan', 'pro')}${data('value', '7', '7.0000', '2')}`,
      'export/session_data.csv': '',
    });
    expect(eventsIn(await itemsOf('umami', new Blob([archive])))).toEqual([
      VIEW,
      { ...VIEW, eid: 'e2', ev: 'Buy', cd: { plan: 'pro', event_value: 7, value: 19.99, currency: 'EUR' } },
    ]);
  });

  it('reads properties of a column event_data', async () => {
    const columns = `${COLUMNS_3},event_data`;
    const items = await itemsOf(
      'umami',
      file(
        [
          {
            event_type: '2',
            event_name: 'Buy',
            event_data: '{"revenue": "5.5", "currency": "usd", "a": null}',
          },
        ],
        columns,
      ),
    );
    expect(eventsIn(items)).toMatchObject([{ cd: { value: 5.5, currency: 'usd' } }]);
  });

  it('names what it leaves out and cannot read', async () => {
    const rows = [
      { event_type: '3' },
      { event_type: '5' },
      { event_type: '9' },
      { event_type: '2' },
      { created_at: '' },
    ];
    expect(remarksIn(await itemsOf('umami', file(rows)))).toEqual([
      '2 left out: clicks of short links',
      '3 left out: measurements of performance',
      '4 left out: events of a type that umami 3 does not have',
      '5 has no name of the event',
      '6 has no time',
    ]);
  });

  it.each([
    [
      `${DATA_COLUMNS}\n`,
      '1 is the header of properties alone: import the zip file, or add them to website_event as a column event_data',
    ],
    ['name,value\n/,2\n', "1 is not the header of website_event: it has no column 'created_at'"],
  ])('reads nothing below the header %s', async (text, expected) => {
    expect(remarksIn(await itemsOf('umami', text))).toEqual([expected]);
  });

  it.each<[string, Blob, string]>([
    ['of totals', new Blob([zip({ 'pages.csv': 'x,y\n/,2\n' })]), '1 holds no website_event.csv'],
    [
      'that is cut off',
      new Blob([zip({ 'website_event.csv': file([{}]) }).subarray(0, 300)]),
      '1 This is no zip file, or its end is missing.',
    ],
  ])('names a zip file %s', async (_, blob, expected) => {
    expect(remarksIn(await itemsOf('umami', blob))).toEqual([expected]);
  });

  it('counts what an independent count of the same rows counts', async () => {
    const roll = dice(2);
    const rows = Array.from({ length: 5000 }, (_, place) => ({
      event_id: `e${place}`,
      session_id: `s${roll(50)}`,
      url_path: `/p${roll(9)}`,
      page_title: 'A "title",\nof two lines',
      event_type: String(1 + roll(2)),
      event_name: 'Buy',
      created_at: new Date(Date.UTC(2024, 0, 1) + roll(5 * 86_400) * 1000)
        .toISOString()
        .replace('T', ' ')
        .slice(0, 19),
    }));
    const items = await itemsOf('umami', file([...rows, ...rows.slice(0, 100)]));
    const totals = totalsOf(eventsIn(items));
    const tally = (keys: string[]) =>
      Object.fromEntries([...new Set(keys)].map((key) => [key, keys.filter((one) => one === key).length]));
    expect(totals.events).toEqual(tally(rows.map((row) => row.created_at.split(' ')[0] as string)));
    expect(totals.pages).toEqual(
      tally(rows.flatMap((row) => (row.event_type === '1' ? [row.url_path] : []))),
    );
    expect(totals.visitors).toEqual(
      tally(
        [...new Set(rows.map((row) => `${row.created_at.split(' ')[0]} ${row.session_id}`))].map((pair) =>
          pair.slice(0, 10),
        ),
      ),
    );
  });

  it('recognizes its export', async () => {
    const { recognize } = await importerOf('umami');
    expect(recognize('x.csv', strToU8(`${COLUMNS_2}\n`))).toBe(2);
    expect(recognize('x.zip', zip({ 'website_event.csv': file([{}]) }))).toBe(2);
    expect(recognize('x.zip', zip({ 'imported_pages.csv': '' }))).toBe(0);
    expect(recognize('x.csv', strToU8('ts,name\n'))).toBe(0);
  });
});
