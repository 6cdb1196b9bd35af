/**
 * Writes exports as Plausible 3.0 does (lib/plausible/exports.ex): a zip file of stored entries that was written as a stream, with CSV as
 * ClickHouse writes it (`CSVWithNames`: names and texts in quotes, numbers without), each table grouped and in order of days.
 */
import { dice } from './reading.ts';
import { type Written, zipFile } from './zip-file.ts';

/** A session as Plausible has it. */
export interface Session {
  readonly day: string;
  readonly user: number;
  readonly source: string;
  readonly referrer: string;
  readonly utm: Readonly<Record<'source' | 'medium' | 'campaign' | 'content' | 'term', string>>;
  readonly pages: readonly string[];
  /** Names of custom events. */
  readonly events: readonly string[];
  /** Seconds. */
  readonly duration: number;
  readonly country: string;
  readonly region: string;
  readonly device: string;
  readonly browser: string;
  readonly browserVersion: string;
  readonly os: string;
  readonly osVersion: string;
  /** Seconds of attention and scroll depth, by page. */
  readonly engagements: readonly {
    readonly page: string;
    readonly seconds: number;
    readonly scroll: number;
  }[];
}

const DAYS = ['2023-12-31', '2024-01-01', '2024-02-29', '2024-03-01'];
const PAGES = ['/', '/a', '/blog/one', '/größe "x", y', '/b'];
const AGENTS = [
  ['Desktop', 'Chrome', '120.0', 'Windows', '10'],
  ['Laptop', 'Safari', '17.2', 'Mac', '10.15'],
  ['Mobile', 'Mobile App', '', 'iOS', '17.1'],
  ['', '', '', '', ''],
] as const;
const PLACES = [
  ['DE', 'DE-BE'],
  ['US', ''],
  ['', ''],
] as const;
const CAMPAIGNS = [
  { source: '', medium: '', campaign: '', content: '', term: '' },
  { source: 'newsletter', medium: 'email', campaign: 'Frühling', content: 'top', term: '' },
  { source: 'google', medium: 'cpc', campaign: 'brand, "two"', content: '', term: 'shoes' },
] as const;

export function sessionsOf(seed: number, count: number): Session[] {
  const roll = dice(seed);
  const pick = <T>(list: readonly T[]): T => list[roll(list.length)] as T;
  return Array.from({ length: count }, (): Session => {
    const [device, browser, browserVersion, os, osVersion] = pick(AGENTS);
    const [country, region] = pick(PLACES);
    const utm = pick(CAMPAIGNS);
    const source =
      utm.source === 'google' ? 'Google' : utm.source || pick(['', 'Google', 'Twitter', 'blog.example']);
    const pages = Array.from({ length: roll(4) }, () => pick(PAGES));
    const events = Array.from({ length: pages.length === 0 ? 1 + roll(2) : roll(2) }, () =>
      pick(['Signup', 'Outbound Link: Click']),
    );
    return {
      day: pick(DAYS),
      user: roll(20),
      source,
      referrer: source === 'blog.example' ? 'blog.example/post' : '',
      utm,
      pages,
      events,
      duration: roll(900),
      ...{ country, region, device, browser, browserVersion, os, osVersion },
      engagements: pages.map((page) => ({ page, seconds: roll(60), scroll: roll(101) })),
    };
  });
}

type Cell = string | number | null;

const csv = (rows: readonly (readonly Cell[])[]): string =>
  rows
    .map((row) =>
      row
        .map((cell) => (typeof cell === 'string' ? `"${cell.replaceAll('"', '""')}"` : (cell ?? '\\N')))
        .join(','),
    )
    .join('\n')
    .concat('\n');

/** Groups rows by their keys, the day first, and in order of days. */
function grouped<T>(
  rows: readonly T[],
  keyOf: (row: T) => readonly string[],
  columns: (rows: readonly T[]) => Cell[],
): Cell[][] {
  const groups = Map.groupBy(rows, (row) => JSON.stringify(keyOf(row)));
  return [...groups]
    .map(([key, group]) => [...(JSON.parse(key) as string[]), ...columns(group)])
    .toSorted((a, b) => (String(a[0]) < String(b[0]) ? -1 : Number(String(a[0]) > String(b[0]))));
}

const users = (rows: readonly { readonly user: number }[]): number =>
  new Set(rows.map(({ user }) => user)).size;
const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
const bounces = (rows: readonly Session[]): number =>
  rows.filter(({ pages, events }) => pages.length + events.length === 1).length;
const views = (rows: readonly Session[]): number => sum(rows.map(({ pages }) => pages.length));
const seconds = (rows: readonly Session[]): number => sum(rows.map(({ duration }) => duration));

/** The CSV files of an export, by name. */
export function exportedFiles(
  sessions: readonly Session[],
  range = '20231231_20240301',
): Record<string, string> {
  const visits = (rows: readonly Session[]): Cell[] => [
    users(rows),
    rows.length,
    seconds(rows),
    bounces(rows),
    views(rows),
  ];
  const table = (
    names: string,
    keyOf: (row: Session) => readonly string[],
    columns: (rows: readonly Session[]) => Cell[],
    rows = sessions,
  ) => csv([names.split(' '), ...grouped(rows, keyOf, columns)]);
  const hits = sessions.flatMap(({ day, user, engagements }, session) =>
    engagements.map((engagement) => ({ day, user, session, ...engagement })),
  );
  const events = sessions.flatMap(({ day, user, events: names, engagements }) => [
    ...names.map((name) => ({ day, user, name, url: name === 'Signup' ? '' : 'https://other.example' })),
    // Reports of attention are custom events to the exporter.
    ...engagements.map(() => ({ day, user, name: 'engagement', url: '' })),
  ]);
  const files: Record<string, string> = {
    imported_browsers: table(
      'date browser browser_version visitors visits visit_duration bounces pageviews',
      (s) => [s.day, s.browser, s.browserVersion],
      visits,
    ),
    imported_custom_events: csv([
      'date name link_url path visitors events'.split(' '),
      ...grouped(
        events,
        ({ day, name, url }) => [day, name, url, ''],
        (rows) => [users(rows), rows.length],
      ),
    ]),
    imported_devices: table(
      'date device visitors visits visit_duration bounces pageviews',
      (s) => [s.day, s.device],
      visits,
    ),
    imported_entry_pages: table(
      'date entry_page visitors entrances visit_duration bounces pageviews',
      (s) => [s.day, s.pages[0] ?? ''],
      visits,
    ),
    imported_exit_pages: table(
      'date exit_page visitors visit_duration exits bounces pageviews',
      (s) => [s.day, s.pages.at(-1) ?? ''],
      (rows) => [users(rows), seconds(rows), rows.length, bounces(rows), views(rows)],
    ),
    imported_locations: table(
      'date country region city visitors visits visit_duration bounces pageviews',
      (s) => [s.day, s.country, s.region, '2950159'],
      visits,
      sessions.filter(({ country }) => country !== ''),
    ),
    imported_operating_systems: table(
      'date operating_system operating_system_version visitors visits visit_duration bounces pageviews',
      (s) => [s.day, s.os, s.osVersion],
      visits,
    ),
    imported_pages: csv([
      'date hostname page visits visitors pageviews total_scroll_depth total_scroll_depth_visits total_time_on_page total_time_on_page_visits'.split(
        ' ',
      ),
      ...grouped(
        hits,
        ({ day, page }) => [day, 'site.example', page],
        (rows) => {
          const inSessions = new Set(rows.map(({ session }) => session)).size;
          return [
            inSessions,
            users(rows),
            rows.length,
            sum(rows.map(({ scroll }) => scroll)),
            inSessions,
            sum(rows.map((row) => row.seconds)),
            inSessions,
          ];
        },
      ),
    ]),
    imported_sources: table(
      'date source referrer utm_source utm_medium utm_campaign utm_content utm_term pageviews visitors visits visit_duration bounces',
      ({ day, source, referrer, utm }) => [
        day,
        source,
        referrer,
        utm.source,
        utm.medium,
        utm.campaign,
        utm.content,
        utm.term,
      ],
      (rows) => [views(rows), users(rows), rows.length, seconds(rows), bounces(rows)],
    ),
    imported_visitors: table(
      'date visitors pageviews bounces visits visit_duration',
      (s) => [s.day],
      (rows) => [users(rows), views(rows), bounces(rows), rows.length, seconds(rows)],
    ),
  };
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [`${name}_${range}.csv`, text]));
}

/** A zip file as Zstream writes it. */
export function exportOf(files: Readonly<Record<string, string>>, folder = ''): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(files).map(
    ([name, text]): Written => ({ name: folder + name, text, streamed: true }),
  );
  return zipFile(entries) as Uint8Array<ArrayBuffer>;
}
