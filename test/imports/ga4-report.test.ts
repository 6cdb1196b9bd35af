/**
 * Responses of Google's Data API, written as its reference describes RunReportResponse and BatchRunReportsResponse (v1beta): numbers are
 * texts, dates are YYYYMMDD, and rows are in order of a metric unless a date is asked for.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ImportedTotals } from '../../src/imports/importer.ts';
import { dice, importerOf, itemsOf, remarksIn } from './reading.ts';

type Row = readonly [dimensions: readonly string[], metrics: readonly (string | number)[]];

function report(
  dimensions: readonly string[],
  metrics: readonly string[],
  rows: readonly Row[],
  more: object = {},
) {
  return {
    dimensionHeaders: dimensions.map((name) => ({ name })),
    metricHeaders: metrics.map((name) => ({
      name,
      type: /Rate|Duration/.test(name) ? 'TYPE_FLOAT' : 'TYPE_INTEGER',
    })),
    rows: rows.map(([values, counts]) => ({
      dimensionValues: values.map((value) => ({ value })),
      metricValues: counts.map((count) => ({ value: String(count) })),
    })),
    rowCount: rows.length,
    metadata: { currencyCode: 'USD', timeZone: 'Europe/Warsaw' },
    kind: 'analyticsData#runReport',
    ...more,
  };
}

const METRICS = ['totalUsers', 'sessions', 'screenPageViews', 'engagedSessions', 'averageSessionDuration'];

const textOf = (...responses: readonly unknown[]): string =>
  responses.map((one) => JSON.stringify(one, null, 2)).join('\n');
const read = async (...responses: readonly unknown[]) => itemsOf('ga4-report', textOf(...responses));
const totalsIn = (items: Awaited<ReturnType<typeof read>>): ImportedTotals[] =>
  items.flatMap((item) => (item.kind === 'totals' ? [item.totals] : []));
const counts = (visitors: number, visits: number, pageviews: number, bounces: number, seconds: number) => ({
  ...{ visitors, visits, pageviews, events: pageviews, bounces },
  duration: 1000 * seconds,
});

describe('a report by day', () => {
  it('has the counts of the day', async () => {
    const day = report(['date'], METRICS, [
      [['20240403'], [5, 7, 20, 4, '61.5']],
      [['20240229'], [1, 1, 1, 0, '0']],
    ]);
    expect(totalsIn(await read(day))).toEqual([
      { day: '2024-02-29', dimension: '', value: '', ...counts(1, 1, 1, 1, 0) },
      { day: '2024-04-03', dimension: '', value: '', ...counts(5, 7, 20, 3, 430.5) },
    ]);
  });

  it.each([
    ['bounces', '3', 'userEngagementDuration', '90', 3, 90],
    ['bounceRate', '0.428571', 'averageSessionDuration', '10', 3, 70],
    ['sessions', '7', 'averageSessionDuration', '1.2e1', 0, 84],
  ])('takes bounces from %s', async (bounces, given, duration, seconds, expected, total) => {
    const metrics = ['activeUsers', 'sessions', 'screenPageViews', bounces, duration];
    const [day] = totalsIn(
      await read(report(['date'], metrics, [[['20240403'], [5, 7, 20, given, seconds]]])),
    );
    expect(day).toMatchObject(counts(5, 7, 20, expected, total));
  });
});

const VALUES: readonly (readonly [name: string, given: string, dimension: string, value: string])[] = [
  ['sessionSource', 'google', 'visit:source', 'google'],
  ['sessionSource', '(direct)', 'visit:source', ''],
  ['sessionDefaultChannelGroup', 'Organic Search', 'visit:channel', 'Organic Search'],
  ['sessionMedium', 'organic', 'visit:utm_medium', ''],
  ['sessionMedium', '(none)', 'visit:utm_medium', ''],
  ['sessionMedium', 'email', 'visit:utm_medium', 'email'],
  ['sessionCampaignName', '(referral)', 'visit:utm_campaign', ''],
  ['sessionManualAdContent', '(not set)', 'visit:utm_content', ''],
  ['sessionManualTerm', 'shoes', 'visit:utm_term', 'shoes'],
  ['pagePath', '/größe', 'event:page', '/größe'],
  ['hostName', 'example.com', 'event:hostname', 'example.com'],
  ['landingPage', '(not set)', 'visit:entry_page', ''],
  ['deviceCategory', 'smart tv', 'visit:device', 'TV'],
  ['browser', 'Safari (in-app)', 'visit:browser', 'Mobile App'],
  ['browser', '(not set)', 'visit:browser', ''],
  ['operatingSystem', 'Macintosh', 'visit:os', 'Mac'],
  ['operatingSystemVersion', '14.1', 'visit:os_version', '14.1'],
  ['languageCode', 'de-at', 'visit:language', 'de-at'],
  ['countryId', 'DE', 'visit:country', 'DE'],
  ['region', 'Berlin', 'visit:region_name', 'Berlin'],
  ['city', '(other)', 'visit:city', '(other)'],
];

describe('a report by day and another dimension', () => {
  it.each(VALUES)('by %s: %s', async (name, given, dimension, value) => {
    const one = report(['date', name], METRICS, [
      [
        ['20240403', given],
        [5, 7, 20, 4, 10],
      ],
    ]);
    expect(totalsIn(await read({ kind: 'analyticsData#batchRunReports', reports: [one] }))).toMatchObject([
      { day: '2024-04-03', dimension, value, ...counts(5, 7, 20, 3, 70) },
    ]);
  });

  it('has attention by page', async () => {
    const one = report(
      ['date', 'pagePath'],
      ['totalUsers', 'sessions', 'screenPageViews', 'userEngagementDuration'],
      [
        [
          ['20240403', '/'],
          [5, 7, 20, 33],
        ],
      ],
    );
    expect(totalsIn(await read(one))).toMatchObject([{ value: '/', engaged: 33_000, engaged_visits: 7 }]);
  });

  it('counts events, and leaves out those that Google makes', async () => {
    const rows: Row[] = [
      ['page_view', 20],
      ['purchase', 2],
      ['session_start', 7],
      ['user_engagement', 9],
    ].map(([name, count]) => [
      ['20240403', String(name)],
      [5, Number(count)],
    ]);
    const items = await read(report(['date', 'eventName'], ['totalUsers', 'eventCount'], rows));
    expect(totalsIn(items)).toMatchObject([
      { dimension: 'event:name', value: 'pageview', visitors: 5, pageviews: 20, events: 20 },
      { dimension: 'event:name', value: 'purchase', visitors: 5, pageviews: 0, events: 2 },
      { dimension: '', value: '', visitors: 0, events: 2 },
    ]);
    expect(remarksIn(items)).toHaveLength(2);
  });

  it('adds each of several dimensions up, and reads none from two reports', async () => {
    const places = report(['countryId', 'date', 'city'], METRICS, [
      [
        ['DE', '20240403', 'Berlin'],
        [2, 2, 2, 2, 0],
      ],
      [
        ['DE', '20240403', 'Bonn'],
        [3, 3, 3, 3, 0],
      ],
    ]);
    const again = report(['date', 'countryId'], METRICS, [
      [
        ['20240403', 'DE'],
        [5, 5, 5, 5, 0],
      ],
    ]);
    const items = await read(places, again);
    expect(
      totalsIn(items).map(({ dimension, value, visitors }) => `${dimension} ${value} ${visitors}`),
    ).toEqual(['visit:country DE 5', 'visit:city Bonn 3', 'visit:city Berlin 2']);
    expect(remarksIn(items)).toEqual([
      '2 left out: reports without a dimension of Speck, or whose dimensions another report has',
    ]);
  });
});

describe('reports of several pages', () => {
  const roll = dice(7);
  const rows = Array.from(
    { length: 400 },
    (_, index): Row => [
      [`202404${String(1 + (index % 20)).padStart(2, '0')}`, `/page/${Math.floor(index / 20)}`],
      [1 + roll(9), 1, 1, 1, 0],
    ],
  );
  const page = (from: number, to: number) =>
    report(['date', 'pagePath'], METRICS, rows.slice(from, to), { rowCount: 400 });
  const sums = (items: Awaited<ReturnType<typeof read>>) =>
    totalsIn(items).reduce((sum, { visitors }) => sum + visitors, 0);
  const expected = rows.reduce((sum, [, [visitors]]) => sum + Number(visitors), 0);

  it('are read one after the other, in a list, or overlapping', async () => {
    expect(sums(await read(page(0, 150), page(150, 400)))).toBe(expected);
    expect(sums(await read([page(0, 150), page(150, 400)]))).toBe(expected);
    const overlapping = await read(page(0, 200), page(150, 400), page(0, 400));
    expect(sums(overlapping)).toBe(expected);
    expect(remarksIn(overlapping)).toHaveLength(450);
  });

  it('say what is missing', async () => {
    expect(remarksIn(await read(page(0, 150)))).toEqual([
      "1 is a report by date, pagePath of 400 rows, of which 150 are in the file; request the rest with 'offset'",
    ]);
  });
});

describe('a file', () => {
  it('is known by its headers', async () => {
    const { recognize } = await importerOf('ga4-report');
    const start = (text: string): Uint8Array => new TextEncoder().encode(text).slice(0, 500);
    expect(recognize('a.json', start(textOf(report(['date'], METRICS, []))))).toBe(2);
    expect(recognize('a.json', start(textOf({ reports: [report(['date'], METRICS, [])] })))).toBe(2);
    expect(recognize('a.json', start('{"event_date":"20240101"}'))).toBe(0);
    expect(recognize('a.csv', start('date,visitors'))).toBe(0);
  });

  it.each([
    ['no date', [report(['pagePath'], METRICS, [])], ["1 is no report by day: it has no dimension 'date'"]],
    [
      'no visitors',
      [report(['date'], ['sessions'], [])],
      ["1 has none of the metrics 'totalUsers', 'activeUsers' and 'eventCount'"],
    ],
    ['an error', [{ error: { code: 403, message: 'No access.' } }], ['1 is an error of Google: No access.']],
    [
      'a row without a date',
      [
        report(['date'], METRICS, [
          [['(other)'], [1, 1, 1, 1, 1]],
          [['20240230'], [1, 1, 1, 1, 1]],
          [['20240401'], ['x', 1, 1, 1, 1]],
        ]),
      ],
      [
        '1 has no date',
        '2 has no date',
        '3 has a count that is no number',
        "1 is a report by date of 3 rows, of which 0 are in the file; request the rest with 'offset'",
      ],
    ],
    [
      'sampling and thresholds',
      [
        report(['date'], METRICS, [], {
          metadata: {
            samplingMetadatas: [{ samplesReadCount: '1' }],
            subjectToThresholding: true,
            dataLossFromOtherRow: true,
          },
        }),
      ],
      [
        '1 left out: what Google has left out by sampling a report',
        '1 left out: what Google has withheld from a report to protect users',
        '1 left out: values that Google has combined into (other) in a report',
      ],
    ],
  ])('says what it cannot read: %s', async (_, responses, remarks) => {
    expect(remarksIn(await read(...responses))).toEqual(remarks);
  });

  it('is also read as one of the tool', async () => {
    const day = textOf(report(['date'], METRICS, [[['20240403'], [5, 7, 20, 4, 10]]]));
    expect(await itemsOf('ga4', day)).toEqual(await itemsOf('ga4-report', day));
  });

  it('says where it is no JSON, or cut off', async () => {
    const whole = textOf(report(['date'], METRICS, [[['20240403'], [1, 1, 1, 1, 1]]]));
    expect(remarksIn(await itemsOf('ga4-report', whole.slice(0, -1)))).toEqual([
      '1 is cut off by the end of the file',
    ]);
    expect(remarksIn(await itemsOf('ga4-report', '{"a":1,}'))).toEqual(['1 is not JSON']);
    expect(remarksIn(await itemsOf('ga4-report', 'date,visitors'))).toEqual(['1 is no JSON object']);
  });

  it('never makes it fail', async () => {
    const name = fc.constantFrom('date', 'pagePath', 'eventName', 'totalUsers', 'sessions', 'dateRange', '');
    const value = fc.oneof(
      fc.constantFrom<unknown>('20240403', '(other)', '5', -1, null, {}),
      fc.jsonValue(),
    );
    const cells = fc.array(fc.record({ value }));
    const header = fc.array(fc.record({ name }));
    const response = fc.record(
      {
        dimensionHeaders: header,
        metricHeaders: header,
        rows: fc.array(fc.record({ dimensionValues: cells, metricValues: cells })),
        rowCount: fc.jsonValue(),
        metadata: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    const text = fc.oneof(
      fc.array(response).map((list) => textOf(...list)),
      fc.array(fc.jsonValue()).map((list) => JSON.stringify(list)),
      fc.stringMatching(/^[[\]{}",:a1\\]*$/),
    );
    await fc.assert(
      fc.asyncProperty(text, async (content) => {
        for (const item of await itemsOf('ga4-report', content)) {
          if (item.kind !== 'totals') continue;
          const numbers = Object.values(item.totals).filter((one) => typeof one === 'number');
          expect(numbers.every((count) => Number.isInteger(count) && count >= 0)).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
