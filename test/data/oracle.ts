/**
 * What a pixel must answer for an access log, worked out from the log alone, visit by visit, in plain loops. Shares the
 * log parser, the names of lines and the third-party recognizers with what it checks, and nothing else. Only in which
 * order the lines of one second happened is not in the log: an export says in which they are stored.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { ReferrerParser } from '@tryghost/referrer-parser';
import { isbot } from 'isbot';
import { UAParser } from 'ua-parser-js';
import { parseLine } from '../../src/imports/logs/combined.ts';
import type { LogEntry } from '../../src/imports/logs/entry.ts';
import { LineIds } from '../../src/imports/logs/line-ids.ts';

/** What is added up over visits and days before anything is divided. */
interface Counts {
  visitors: number;
  visits: number;
  pageviews: number;
  events: number;
  bounces: number;
  /** Milliseconds. */
  duration: number;
}

const OF_EVENTS = ['visitors', 'visits', 'pageviews', 'events'] as const;
const OF_VISITS = ['views_per_visit', 'bounce_rate', 'visit_duration'] as const;
export type Metric = (typeof OF_EVENTS)[number] | (typeof OF_VISITS)[number];

export const DIMENSIONS = [
  'event:page',
  'visit:entry_page',
  'visit:exit_page',
  'visit:browser',
  'visit:os',
  'visit:source',
] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** What can be asked of a dimension: visits as wholes cannot be split by pages. */
export function metricsOf(dimension: string | null): readonly Metric[] {
  return dimension?.startsWith('event:') ? OF_EVENTS : [...OF_EVENTS, ...OF_VISITS];
}

/** The answer for each value; a value's name is its key, and no dimension's is `all`. */
export type Table = Map<string, readonly number[]>;

export interface Log {
  readonly lines: string[];
  /** Line numbers, from 1. */
  readonly unreadable: number[];
  readonly pageViews: View[];
  readonly bots: number;
}

/** A page view by a person. */
export interface View {
  /** The import's name for the line. */
  readonly eid: string;
  readonly time: number;
  readonly address: string;
  readonly userAgent: string;
  readonly page: string;
  readonly source: string;
}

export function readLog(file: string, site: string): Log {
  const bytes = readFileSync(file);
  const text = (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString();
  const lines = text.replace(/\n$/, '').split('\n');
  const unreadable: number[] = [];
  const views: (LogEntry & { readonly eid: string })[] = [];
  const ids = new LineIds();
  lines.forEach((line, index) => {
    const parsed = parseLine(line);
    if (!parsed.ok) unreadable.push(index + 1);
    else if (isPageView(parsed.value)) views.push({ ...parsed.value, eid: ids.idOf(line) });
  });
  const people = views.filter(({ userAgent }) => !isbot(userAgent));
  return {
    lines,
    unreadable,
    pageViews: people.map((entry) => viewOf(entry, entry.eid, site)),
    bots: views.length - people.length,
  };
}

/** An event of an export. */
export interface Exported {
  readonly ts: string;
  readonly id: string;
  readonly eid: string;
}

/**
 * The page views in the order in which they are stored: by time, and within a moment by id.
 * @throws when the export is not of these page views, line by line and second by second.
 */
export function inStoredOrder(views: readonly View[], exported: readonly Exported[]): View[] {
  const byEid = new Map(views.map((view) => [view.eid, view]));
  if (exported.length !== views.length || byEid.size !== views.length) {
    throw new Error(`${exported.length} exported events of ${views.length} page views`);
  }
  const keyed = exported.map(({ ts, id, eid }) => {
    const view = byEid.get(eid);
    const time = Date.parse(ts);
    if (!view || view.time !== time - (time % 1000)) throw new Error(`${eid} at ${ts} is no line of the log`);
    return { view: { ...view, time }, id };
  });
  return keyed
    .toSorted((a, b) => a.view.time - b.view.time || (a.id < b.id ? -1 : 1))
    .map(({ view }) => view);
}

/** The files of this log's site that are no pages. The import has a list for any site; this one is of what is there. */
const FILES =
  /\.(css|deb|doc|exe|gem|gif|gz|ico|jar|jpe?g|js|pcap|pdf|png|pyc|svg|swf|ttf|txt|woff|xml|xsl)$/;

function isPageView({ request, status }: LogEntry): boolean {
  if (request?.method !== 'GET' || status === null) return false;
  if (status !== 304 && (status < 200 || status > 299)) return false;
  const [path = ''] = request.target.split('?');
  return !FILES.test(path);
}

function viewOf({ time, address, userAgent, request, referer }: LogEntry, eid: string, site: string): View {
  const url = new URL(site + request?.target);
  return { eid, time, address, userAgent, page: url.pathname, source: sourceOf(url, referer) };
}

const referrers = new ReferrerParser();

/** The tag on the link, else where the visitor came from, unless that is the site itself. */
function sourceOf(page: URL, referer: string): string {
  const tag = page.searchParams.get('utm_source');
  if (tag !== null) return tag;
  if (!/^https?:\/\//.test(referer) || !URL.canParse(referer)) return '';
  const url = new URL(referer);
  const host = url.hostname.replace(/^www\./, '');
  if (host === page.hostname.replace(/^www\./, '')) return '';
  // The list has the folders of search engines, such as Google's images, without www.
  const bare = new URL(url);
  bare.hostname = host;
  return (referrers.getDataFromUrl(bare) ?? referrers.getDataFromUrl(url))?.source ?? placeOf(host) ?? host;
}

function placeOf(host: string): string | undefined {
  return Object.entries(PLACES).find(([place]) => host === place || host.endsWith(`.${place}`))?.[1];
}

interface Visit {
  readonly visitor: string;
  readonly views: View[];
}

/** One local day of a pixel. */
interface Day {
  readonly visits: Visit[];
  /** The views of those who cannot be told from others: they are of no visitor and no visit. */
  readonly anonymous: View[];
}

const VISIT_GAP = 30 * 60_000;

/** The local days of page views in their order, in a time zone, by date. */
export function daysOf(views: readonly View[], timeZone: string): Map<string, Day> {
  const date = new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short' });
  const byDay = Map.groupBy(views, ({ time }) => date.format(time));
  return new Map([...byDay].map(([day, ofDay]) => [day, dayOf(ofDay)]));
}

function dayOf(views: readonly View[]): Day {
  const viewsWithAgent = views.filter(({ userAgent }) => userAgent !== '');
  const byVisitor = Map.groupBy(viewsWithAgent, ({ address, userAgent }) => `${address} ${userAgent}`);
  return {
    anonymous: views.filter(({ userAgent }) => userAgent === ''),
    visits: [...byVisitor].flatMap(([visitor, ofVisitor]) => visitsOf(visitor, ofVisitor)),
  };
}

function visitsOf(visitor: string, views: readonly View[]): Visit[] {
  const visits: Visit[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const view of views) {
    if (view.time - last > VISIT_GAP) visits.push({ visitor, views: [] });
    (visits.at(-1) as Visit).views.push(view);
    last = view.time;
  }
  return visits;
}

/** The answer for each day. */
export function byDay(days: ReadonlyMap<string, Day>): Table {
  return answered(
    [...days].map(([day, ofDay]) => [day, sum(ofDay.visits, ofDay.anonymous)]),
    null,
  );
}

/** The answer for all days together. */
export function inAll(days: ReadonlyMap<string, Day>): Table {
  const all = [...days.values()].map((day) => sum(day.visits, day.anonymous)).reduce(add);
  return answered([['all', all]], null);
}

/** The answer for each value of a dimension, over all days. */
export function byValue(days: ReadonlyMap<string, Day>, dimension: Dimension): Table {
  const result = new Map<string, Counts>();
  for (const day of days.values()) {
    const visits = new Map<string, Part[]>();
    for (const visit of day.visits) {
      for (const [value, views] of partsOf(visit, dimension)) push(visits, value, { visit, views });
    }
    const anonymous = Map.groupBy(day.anonymous, (view) => dimensionOf([view], dimension));
    for (const value of new Set([...visits.keys(), ...anonymous.keys()])) {
      const counts = sumParts(visits.get(value) ?? [], anonymous.get(value) ?? []);
      const before = result.get(value);
      result.set(value, before ? add(before, counts) : counts);
    }
  }
  return answered([...result], dimension);
}

/** The views of a visit that belong to a group. */
interface Part {
  readonly visit: Visit;
  readonly views: readonly View[];
}

/** What of the parser's names in this log Speck says otherwise. */
const NAMES: Readonly<Record<string, string>> = {
  'Mobile Safari': 'Safari',
  'Opera Mini': 'Opera',
  GSA: 'Google Search App',
  IE: 'Internet Explorer',
  IEMobile: 'Internet Explorer',
  Yandex: 'Yandex Browser',
  UCBrowser: 'UC Browser',
  'Mac OS': 'Mac',
  Linux: 'GNU/Linux',
  'Chromium OS': 'Chrome OS',
  // The parser keeps what the client wrote.
  MAXTHON: 'Maxthon',
  chrome: 'Chrome',
  conkeror: 'Conkeror',
  rekonq: 'Rekonq',
};

/** What is known of hosts in this log, and of hosts below them, beyond the list of referrers. */
const PLACES: Readonly<Record<string, string>> = {
  'duckduckgo.com': 'DuckDuckGo',
  'wikipedia.org': 'Wikipedia',
  'stackexchange.com': 'Stack Exchange',
  'askubuntu.com': 'Stack Exchange',
  'superuser.com': 'Stack Exchange',
};

const nameOf = (name = '(not set)'): string => NAMES[name] ?? name;

/** A visit has one browser, system, source, first and last page; its pages share it out. */
function partsOf({ views }: Visit, dimension: Dimension): Map<string, readonly View[]> {
  if (dimension === 'event:page') return Map.groupBy(views, ({ page }) => page);
  return new Map([[dimensionOf(views, dimension), views]]);
}

function dimensionOf(views: readonly View[], dimension: Dimension): string {
  const { page, userAgent, source } = views[0] as View;
  switch (dimension) {
    case 'event:page':
    case 'visit:entry_page':
      return page;
    case 'visit:exit_page':
      return (views.at(-1) as View).page;
    case 'visit:browser':
      return nameOf(new UAParser(userAgent).getBrowser().name);
    case 'visit:os':
      return nameOf(new UAParser(userAgent).getOS().name);
    case 'visit:source':
      return source || 'Direct / None';
  }
}

function sum(visits: readonly Visit[], anonymous: readonly View[]): Counts {
  return sumParts(
    visits.map((visit) => ({ visit, views: visit.views })),
    anonymous,
  );
}

/** A visit is counted with its whole duration, whatever of it belongs to the group. */
function sumParts(parts: readonly Part[], anonymous: readonly View[]): Counts {
  const views = parts.reduce((count, part) => count + part.views.length, anonymous.length);
  return {
    visitors: new Set(parts.map(({ visit }) => visit.visitor)).size,
    visits: parts.length,
    pageviews: views,
    events: views,
    bounces: parts.filter(({ visit }) => visit.views.length === 1).length,
    duration: parts.reduce((duration, { visit }) => duration + durationOf(visit), 0),
  };
}

function durationOf({ views }: Visit): number {
  return (views.at(-1) as View).time - (views[0] as View).time;
}

function add(a: Counts, b: Counts): Counts {
  return {
    visitors: a.visitors + b.visitors,
    visits: a.visits + b.visits,
    pageviews: a.pageviews + b.pageviews,
    events: a.events + b.events,
    bounces: a.bounces + b.bounces,
    duration: a.duration + b.duration,
  };
}

function answered(counts: readonly (readonly [string, Counts])[], dimension: Dimension | null): Table {
  const metrics = metricsOf(dimension);
  return new Map(counts.map(([name, one]) => [name, metrics.map((metric) => answerOf(metric, one))]));
}

function answerOf(metric: Metric, counts: Counts): number {
  const { pageviews, visits, bounces, duration } = counts;
  switch (metric) {
    case 'views_per_visit':
      return visits === 0 ? 0 : Math.round((100 * pageviews) / visits) / 100;
    case 'bounce_rate':
      return visits === 0 ? 0 : Math.round((100 * bounces) / visits);
    case 'visit_duration':
      return visits === 0 ? 0 : Math.round(duration / 1000 / visits);
    default:
      return counts[metric];
  }
}

function push<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

/** What differs between two tables, in lines to read. */
export function difference(expected: Table, actual: Table, metrics: readonly Metric[]): string[] {
  const names = [...new Set([...expected.keys(), ...actual.keys()])].toSorted();
  return names.flatMap((name) => {
    const [a, b] = [formatted(expected.get(name), metrics), formatted(actual.get(name), metrics)];
    return a === b ? [] : [`${name}: expected ${a}, answered ${b}`];
  });
}

function formatted(values: readonly number[] | undefined, metrics: readonly Metric[]): string {
  if (!values) return 'nothing';
  return metrics.map((metric, index) => `${values[index]} ${metric}`).join(' ');
}
