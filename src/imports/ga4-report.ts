/**
 * Reads responses of the Google Analytics Data API (`runReport`, `batchRunReports`, v1beta), one or several in a file. What a report has is
 * told by its headers. docs/import.md has the requests to send.
 */
import { OTHER } from '../model/dimensions.ts';
import { isDay } from '../model/time-zone.ts';
import { browserOf, deviceOf, systemOf } from './agents.ts';
import { type Counts, DayTotals } from './day-totals.ts';
import type { Importer, ImportItem } from './importer.ts';
import { hashOf, leftOut, unreadable } from './items.ts';
import { readJsonTexts } from './read-json-texts.ts';
import { startOf } from './read-text.ts';
import { type Fields, fieldsAt, isFields, listAt, numberOfValue, textAt } from './values.ts';

/** The characters of a response. 100,000 rows have some 60 million. */
const LONGEST = 150_000_000;

/** What Google writes for no value. */
const NONE = /^(?:\(not set\)|\(none\)|\(direct\)|\(not provided\)|\(data not available\)|)$/;

const text = (value: string): string => (NONE.test(value) ? '' : value);

/** Media and campaigns that Google has given to visits without a tag. */
const byTag = (value: string): string =>
  /^(?:\(?organic\)?|\(?referral\)?)$/.test(value) ? '' : text(value);

interface ReportDimension {
  readonly dimension: string;
  readonly value: (text: string) => string;
}

const toOurs = (dimension: string, value = text): ReportDimension => ({ dimension, value });

/** Google's dimensions and ours. Of two that are the same here, a report has one. */
const DIMENSIONS: ReadonlyMap<string, ReportDimension> = new Map([
  ['sessionSource', toOurs('visit:source')],
  ['sessionDefaultChannelGroup', toOurs('visit:channel')],
  ['sessionPrimaryChannelGroup', toOurs('visit:channel')],
  ['sessionManualSource', toOurs('visit:utm_source', byTag)],
  ['sessionMedium', toOurs('visit:utm_medium', byTag)],
  ['sessionManualMedium', toOurs('visit:utm_medium', byTag)],
  ['sessionCampaignName', toOurs('visit:utm_campaign', byTag)],
  ['sessionManualCampaignName', toOurs('visit:utm_campaign', byTag)],
  ['sessionManualAdContent', toOurs('visit:utm_content')],
  ['sessionManualTerm', toOurs('visit:utm_term')],
  ['sessionGoogleAdsKeyword', toOurs('visit:utm_term')],
  ['pagePath', toOurs('event:page')],
  ['pagePathPlusQueryString', toOurs('event:page')],
  ['unifiedPagePathScreen', toOurs('event:page')],
  ['hostName', toOurs('event:hostname')],
  ['landingPage', toOurs('visit:entry_page')],
  ['landingPagePlusQueryString', toOurs('visit:entry_page')],
  ['eventName', toOurs('event:name', (name) => (name === PAGE_VIEW ? 'pageview' : text(name)))],
  ['deviceCategory', toOurs('visit:device', deviceOf)],
  ['browser', toOurs('visit:browser', (name) => browserOf(text(name)))],
  ['operatingSystem', toOurs('visit:os', (name) => systemOf(text(name)).os)],
  ['operatingSystemVersion', toOurs('visit:os_version')],
  ['languageCode', toOurs('visit:language')],
  ['countryId', toOurs('visit:country')],
  ['region', toOurs('visit:region_name')],
  ['city', toOurs('visit:city')],
]);

const PAGE_VIEW = 'page_view';

/** Events that Google makes itself, of sessions and of attention. */
const GENERATED: ReadonlySet<string> = new Set([
  'session_start',
  'first_visit',
  'first_open',
  'user_engagement',
]);

export const ga4Report: Importer = {
  name: 'ga4-report',
  recognize: (_, start) => {
    const head = startOf(start);
    if (!/^\s*[[{]/.test(head)) return 0;
    if (/"kind":\s*"analyticsData#(?:run|batchRun)Report/.test(head)) return 2;
    return /"(?:dimensionHeaders|metricHeaders)"\s*:/.test(head) ? 2 : 0;
  },
  read: async function* ({ blob }) {
    const reader = new ReportReader();
    for await (const one of readJsonTexts(blob.stream(), LONGEST)) {
      if ('why' in one) yield unreadable(one.line, one.why);
      else yield* reader.itemsOf(one.line, isFields(one.value) ? one.value : {});
    }
    yield* reader.missingRows();
  },
  losses: [
    'Reports have counts by day, not events: they are added to statistics without filters, or with filters by the dimension shown.',
    "Days are those of the property's time zone, and are taken as days of the pixel.",
    'Of a report with several dimensions besides the date, each is added up over the others, so visitors who have two values count twice.',
    "A visit is Google's session, which may go on over midnight, and a bounce is a session that is not engaged.",
    'Exit pages, people, revenue, properties and funnels are not imported.',
    'Reports that Google has sampled, or from which it has withheld rows, are imported as they are, and named.',
  ],
};

interface Report {
  /** The names of its dimensions, without the date. */
  readonly names: readonly string[];
  readonly rowsInAll: number;
  rowsRead: number;
  readonly line: number;
}

class ReportReader {
  /** By the names of their dimensions and metrics. */
  readonly #reports = new Map<string, Report>();
  /** The report that each of our dimensions is read from. */
  readonly #owners = new Map<string, string>();
  /** Hashes of rows that have been read: pages of a report may overlap, and a file may have a response twice. */
  readonly #read = new Set<string>();
  #row = 0;

  *itemsOf(line: number, response: Fields): Generator<ImportItem> {
    const reports = listAt(response, 'reports');
    if (reports.length > 0) for (const report of reports) yield* this.#itemsOf(line, report);
    else if ('error' in response)
      yield unreadable(line, `is an error of Google: ${textAt(fieldsAt(response, 'error'), 'message')}`);
    else yield* this.#itemsOf(line, response);
  }

  *#itemsOf(line: number, report: Fields): Generator<ImportItem> {
    const dimensions = listAt(report, 'dimensionHeaders').map((header) => textAt(header, 'name'));
    const metrics = listAt(report, 'metricHeaders').map((header) => textAt(header, 'name'));
    const date = dimensions.indexOf('date');
    if (date < 0) {
      yield unreadable(line, "is no report by day: it has no dimension 'date'");
      return;
    }
    if (!VISITORS.some((name) => metrics.includes(name)) && !metrics.includes('eventCount')) {
      yield unreadable(line, "has none of the metrics 'totalUsers', 'activeUsers' and 'eventCount'");
      return;
    }
    yield* remarksOn(line, fieldsAt(report, 'metadata'));
    const names = dimensions.filter((name) => name !== 'date' && name !== 'dateRange');
    const key = JSON.stringify([names.toSorted(), metrics.toSorted()]);
    const known: Report = this.#reports.get(key) ?? {
      names,
      rowsInAll: numberOfValue(report['rowCount']),
      rowsRead: 0,
      line,
    };
    this.#reports.set(key, known);
    yield* this.#rowsOf(report, { key, dimensions, metrics, date, known });
  }

  *#rowsOf(
    report: Fields,
    {
      key,
      dimensions,
      metrics,
      date,
      known,
    }: { key: string; dimensions: string[]; metrics: string[]; date: number; known: Report },
  ): Generator<ImportItem> {
    const wanted = this.#wantedOf(key, dimensions);
    if (wanted.length === 0)
      yield leftOut(
        known.line,
        'reports without a dimension of Speck, or whose dimensions another report has',
      );
    const byDay = new Map<string, DayTotals>();
    for (const row of listAt(report, 'rows')) {
      const line = ++this.#row;
      const values = listAt(row, 'dimensionValues').map((value) => textAt(value, 'value'));
      const cells = listAt(row, 'metricValues').map((value) => value['value']);
      const [, year, month, dayOfMonth] = /^(\d{4})(\d\d)(\d\d)$/.exec(values[date] ?? '') ?? [];
      const day = `${year}-${month}-${dayOfMonth}`;
      const counts = countsOf(new Map(metrics.map((name, index) => [name, numberOfValue(cells[index])])));
      if (!isDay(day) || counts === null) {
        // Google combines days into a row (other) if a report has too many rows.
        yield unreadable(line, isDay(day) ? 'has a count that is no number' : 'has no date');
        continue;
      }
      const hash = hashOf(
        JSON.stringify([key, day, known.names.map((name) => values[dimensions.indexOf(name)])]),
      );
      if (this.#read.has(hash)) {
        yield leftOut(line, 'rows that are in the file twice');
        continue;
      }
      this.#read.add(hash);
      known.rowsRead++;
      const totals = byDay.get(day) ?? new DayTotals();
      byDay.set(day, totals);
      yield* addRow(line, day, { wanted, values, counts, totals });
    }
    for (const day of [...byDay.keys()].toSorted()) yield* (byDay.get(day) as DayTotals).take();
  }

  /** Our dimensions that are read from a report, each with its place. One that another report has is not read again. */
  #wantedOf(key: string, dimensions: readonly string[]): Wanted[] {
    const others = dimensions.filter((name) => name !== 'date' && name !== 'dateRange');
    const found: Wanted[] = others.length === 0 ? [{ ...toOurs(''), place: -1 }] : [];
    dimensions.forEach((name, place) => {
      const known = DIMENSIONS.get(name);
      // With pages, a visitor of two pages counts twice for the host.
      if (known && (name !== 'hostName' || others.length === 1)) found.push({ ...known, place });
    });
    const unique = found.filter(
      ({ dimension }, index) => found.findIndex((one) => one.dimension === dimension) === index,
    );
    return unique.filter(({ dimension }) => {
      const owner = this.#owners.get(dimension) ?? key;
      this.#owners.set(dimension, owner);
      return owner === key;
    });
  }

  /** What is missing of reports of several pages. */
  *missingRows(): Generator<ImportItem> {
    for (const { names, rowsInAll, rowsRead, line } of this.#reports.values()) {
      if (!(rowsInAll > rowsRead)) continue;
      const name = ['date', ...names].join(', ');
      yield unreadable(
        line,
        `is a report by ${name} of ${rowsInAll} rows, of which ${rowsRead} are in the file; request the rest with 'offset'`,
      );
    }
  }
}

interface Wanted extends ReportDimension {
  /** Its place among the report's dimensions; -1 for the day itself. */
  readonly place: number;
}

function* addRow(
  line: number,
  day: string,
  {
    wanted,
    values,
    counts,
    totals,
  }: { wanted: readonly Wanted[]; values: readonly string[]; counts: Counts; totals: DayTotals },
): Generator<ImportItem> {
  for (const { dimension, place, value } of wanted) {
    const given = place < 0 ? '' : (values[place] ?? '');
    if (dimension !== 'event:name') {
      totals.add(
        line,
        { day, dimension, value: given === OTHER ? OTHER : value(given) },
        ofDimension(dimension, counts),
      );
      continue;
    }
    if (GENERATED.has(given)) {
      yield leftOut(
        line,
        'events that Google makes itself: session_start, first_visit, first_open, user_engagement',
      );
      continue;
    }
    const { visitors = 0, visits = 0, events = 0 } = counts;
    const views = given === PAGE_VIEW ? { pageviews: events } : {};
    totals.add(line, { day, dimension, value: value(given) }, { visitors, visits, events, ...views });
    // The day itself counts page views as its events. Others are added here.
    if (given !== PAGE_VIEW) totals.add(line, { day, dimension: '', value: '' }, { events });
  }
}

/** In a report by page, attention is that for the page. */
function ofDimension(dimension: string, { engaged, engaged_visits, ...counts }: Counts): Counts {
  const events = counts.pageviews || (counts.visits ?? 0);
  return dimension === 'event:page'
    ? { ...counts, events, engaged: engaged ?? 0, engaged_visits: engaged_visits ?? 0 }
    : { ...counts, events };
}

function* remarksOn(line: number, metadata: Fields): Generator<ImportItem> {
  if (listAt(metadata, 'samplingMetadatas').length > 0)
    yield leftOut(line, 'what Google has left out by sampling a report');
  if (metadata['subjectToThresholding'] === true)
    yield leftOut(line, 'what Google has withheld from a report to protect users');
  if (metadata['dataLossFromOtherRow'] === true)
    yield leftOut(line, 'values that Google has combined into (other) in a report');
}

const VISITORS = ['totalUsers', 'activeUsers'];

/** The counts of a row; null if one is no number. */
function countsOf(metrics: ReadonlyMap<string, number>): Counts | null {
  const used = [
    ...VISITORS,
    'sessions',
    'screenPageViews',
    'eventCount',
    'engagedSessions',
    'bounces',
    'bounceRate',
    'averageSessionDuration',
    'userEngagementDuration',
  ];
  if (used.some((name) => metrics.has(name) && !((metrics.get(name) as number) >= 0))) return null;
  const of = (...names: readonly string[]): number | undefined =>
    names.map((name) => metrics.get(name)).find((number) => number !== undefined);
  const visits = Math.round(of('sessions') ?? 0);
  const engagedVisits = of('engagedSessions');
  const bounces =
    of('bounces') ??
    (engagedVisits === undefined ? (of('bounceRate') ?? 0) * visits : visits - engagedVisits);
  const average = of('averageSessionDuration');
  const attention = of('userEngagementDuration') ?? 0;
  const counts = {
    visitors: of(...VISITORS) ?? 0,
    visits,
    pageviews: of('screenPageViews') ?? 0,
    events: of('eventCount') ?? 0,
    bounces: Math.max(0, bounces),
    duration: 1000 * (average === undefined ? attention : average * visits),
    engaged: 1000 * attention,
    engaged_visits: attention > 0 ? visits : 0,
  };
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, Math.round(count)]));
}
