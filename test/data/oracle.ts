/**
 * What a pixel must answer for an access log, worked out from the log alone, visit by visit, in plain loops. Shares the
 * log parser and the third-party recognisers with what it checks, and nothing else.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { ReferrerParser } from '@tryghost/referrer-parser';
import { isbot } from 'isbot';
import { UAParser } from 'ua-parser-js';
import { type LogEntry, parseLine } from '../../scripts/lib/access-log.ts';

export interface Counts {
  visitors: number;
  visits: number;
  pageviews: number;
  events: number;
}

export const DIMENSIONS = ['event:page', 'visit:browser', 'visit:os', 'visit:source'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** The counts of each value; a value's name is its key. */
export type Table = Map<string, Counts>;

export interface Log {
  readonly lines: string[];
  /** Line numbers, from 1. */
  readonly unreadable: number[];
  readonly pageViews: View[];
  readonly bots: number;
}

/** A page view by a person. */
interface View {
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
  const views: LogEntry[] = [];
  lines.forEach((line, index) => {
    const parsed = parseLine(line);
    if (!parsed.ok) unreadable.push(index + 1);
    else if (isPageView(parsed.value)) views.push(parsed.value);
  });
  const people = views.filter(({ userAgent }) => !isbot(userAgent));
  return {
    lines,
    unreadable,
    pageViews: people.map((entry) => viewOf(entry, site)),
    bots: views.length - people.length,
  };
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

function viewOf({ time, address, userAgent, request, referer }: LogEntry, site: string): View {
  const url = new URL(site + request?.target);
  return { time, address, userAgent, page: url.pathname, source: sourceOf(url, referer) };
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
  return referrers.getDataFromUrl(url)?.source ?? host;
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

/** The local days of a log in a time zone, by date. */
export function daysOf(views: readonly View[], timeZone: string): Map<string, Day> {
  const date = new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short' });
  const byDay = Map.groupBy(views, ({ time }) => date.format(time));
  return new Map([...byDay].map(([day, ofDay]) => [day, dayOf(ofDay)]));
}

function dayOf(views: readonly View[]): Day {
  const known = views.filter(({ userAgent }) => userAgent !== '');
  const byVisitor = Map.groupBy(known, ({ address, userAgent }) => `${address} ${userAgent}`);
  return {
    anonymous: views.filter(({ userAgent }) => userAgent === ''),
    visits: [...byVisitor].flatMap(([visitor, ofVisitor]) => visitsOf(visitor, ofVisitor)),
  };
}

function visitsOf(visitor: string, views: readonly View[]): Visit[] {
  const visits: Visit[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const view of views.toSorted((a, b) => a.time - b.time)) {
    if (view.time - last > VISIT_GAP) visits.push({ visitor, views: [] });
    (visits.at(-1) as Visit).views.push(view);
    last = view.time;
  }
  return visits;
}

/** The counts of each day. */
export function totals(days: ReadonlyMap<string, Day>): Table {
  return new Map([...days].map(([day, ofDay]) => [day, sum(ofDay.visits, ofDay.anonymous)]));
}

/** The counts of each value of a dimension, over all days. */
export function table(days: ReadonlyMap<string, Day>, dimension: Dimension): Table {
  const result: Table = new Map();
  for (const day of days.values()) {
    const visits = new Map<string, Visit[]>();
    for (const visit of day.visits) {
      for (const [value, part] of partsOf(visit, dimension)) push(visits, value, part);
    }
    const anonymous = Map.groupBy(day.anonymous, (view) => dimensionOf(view, dimension));
    for (const value of new Set([...visits.keys(), ...anonymous.keys()])) {
      const counts = sum(visits.get(value) ?? [], anonymous.get(value) ?? []);
      result.set(value, add(result.get(value), counts));
    }
  }
  return result;
}

/** A visit has one browser, system and source, those it began with; its pages share it out. */
function partsOf(visit: Visit, dimension: Dimension): Map<string, Visit> {
  if (dimension === 'event:page') {
    const byPage = Map.groupBy(visit.views, ({ page }) => page);
    return new Map([...byPage].map(([page, views]) => [page, { visitor: visit.visitor, views }]));
  }
  return new Map([[dimensionOf(visit.views[0] as View, dimension), visit]]);
}

function dimensionOf({ page, userAgent, source }: View, dimension: Dimension): string {
  switch (dimension) {
    case 'event:page':
      return page;
    case 'visit:browser':
      return new UAParser(userAgent).getBrowser().name ?? '(not set)';
    case 'visit:os':
      return new UAParser(userAgent).getOS().name ?? '(not set)';
    case 'visit:source':
      return source || 'Direct / None';
  }
}

function sum(visits: readonly Visit[], anonymous: readonly View[]): Counts {
  const views = visits.reduce((count, visit) => count + visit.views.length, anonymous.length);
  const visitors = new Set(visits.map(({ visitor }) => visitor)).size;
  return { visitors, visits: visits.length, pageviews: views, events: views };
}

function add(a: Counts | undefined, b: Counts): Counts {
  if (!a) return b;
  return {
    visitors: a.visitors + b.visitors,
    visits: a.visits + b.visits,
    pageviews: a.pageviews + b.pageviews,
    events: a.events + b.events,
  };
}

function push<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

/**
 * The visits whose source nobody can tell: within their first second they came from two places, and the log does not
 * say from which first.
 */
export function ambiguous(days: ReadonlyMap<string, Day>): string[] {
  return [...days].flatMap(([day, { visits }]) =>
    visits.flatMap(({ visitor, views }) => {
      const [first] = views as [View];
      const sources = new Set(views.filter(({ time }) => time === first.time).map(({ source }) => source));
      return sources.size > 1 ? [`${day} ${visitor}: ${[...sources].join(', ')}`] : [];
    }),
  );
}

/** What differs between two tables, in lines to read. */
export function difference(expected: Table, actual: Table): string[] {
  const names = [...new Set([...expected.keys(), ...actual.keys()])].toSorted();
  return names.flatMap((name) => {
    const [a, b] = [shown(expected.get(name)), shown(actual.get(name))];
    return a === b ? [] : [`${name}: expected ${a}, answered ${b}`];
  });
}

function shown(counts: Counts | undefined): string {
  if (!counts) return 'nothing';
  const { visitors, visits, pageviews, events } = counts;
  return `${visitors} visitors ${visits} visits ${pageviews} pageviews ${events} events`;
}
