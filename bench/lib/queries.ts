/** What a dashboard asks about a history: of twelve months without a filter, and what its clicks ask of three ranges. */
import { addDays } from '../../src/model/time-zone.ts';
import { ADMIN_TOKEN } from '../../test/e2e/harness.ts';
import { PIXEL } from './history.ts';

/** The twelve months of a history. */
export const FIRST_DAY = '2025-11-01';
export const LAST_DAY = '2026-10-31';
export const DAYS = 365;
if (addDays(FIRST_DAY, DAYS - 1) !== LAST_DAY) throw new Error('these are not twelve months');

/** A request of the API. */
export interface BenchQuery {
  readonly name: string;
  readonly path: string;
  /** The body of a POST; undefined for a GET. */
  readonly body: string | undefined;
}

/** A query about the last days of a history. */
export interface RangedQuery extends BenchQuery {
  readonly range: Range;
  /** Whether it has a filter or two dimensions, so that rollups cannot answer it. */
  readonly isFiltered: boolean;
}

export interface Range {
  readonly name: string;
  readonly days: number;
}

/** From the shortest on. */
export const RANGES: readonly Range[] = [
  { name: '30 days', days: 30 },
  { name: '90 days', days: 90 },
  { name: '12 months', days: DAYS },
];

/** Goals and a funnel of them, which the history's pixel has. */
const FUNNEL = 'To purchase';
export const FUNNEL_SETTINGS = {
  goals: [
    { name: 'Read', page: '/articles/*' },
    { name: 'Signup', event: 'Signup' },
    { name: 'Purchase', event: 'Purchase' },
  ],
  funnels: [{ name: FUNNEL, steps: ['Read', 'Signup', 'Purchase'], within: 'visit' }],
} as const;

const HEADLINES = ['visitors', 'visits', 'pageviews', 'views_per_visit', 'bounce_rate', 'visit_duration'];
const YEAR = [FIRST_DAY, LAST_DAY] as const;

function benchQuery(
  name: string,
  metrics: readonly string[],
  date_range: readonly [from: string, to: string],
  more: object,
): BenchQuery {
  const body = { site_id: PIXEL, date_range, metrics, ...more };
  return { name, path: '/api/v2/query', body: JSON.stringify(body) };
}

const top = (dimensions: readonly string[], filters: readonly unknown[] = [], limit = 10): object => ({
  dimensions,
  filters,
  pagination: { limit },
});

const topTen = (dimension: string, metrics: readonly string[]): BenchQuery =>
  benchQuery(`top 10 ${dimension}`, metrics, YEAR, top([dimension]));

export const QUERIES: readonly BenchQuery[] = [
  benchQuery('headline totals', HEADLINES, YEAR, {}),
  benchQuery('time:month', HEADLINES, YEAR, { dimensions: ['time:month'] }),
  benchQuery('time:day', HEADLINES, YEAR, { dimensions: ['time:day'] }),
  topTen('event:page', ['visitors', 'pageviews']),
  topTen('visit:source', ['visitors', 'visits']),
  topTen('visit:country', ['visitors', 'visits']),
  topTen('visit:device', ['visitors', 'visits']),
  topTen('visit:entry_page', ['visitors', 'visits']),
];

/** The queries of clicks, each about all ranges. */
export const RANGED_QUERIES: readonly RangedQuery[] = [
  ranged('headline, no filter', HEADLINES, {}),
  ranged('headline, one country', HEADLINES, { filters: [['is', 'visit:country', ['AA']]] }),
  ranged(
    'top pages, one kind of device',
    ['visitors', 'pageviews'],
    top(['event:page'], [['is', 'visit:device', ['Mobile']]]),
  ),
  ranged(
    'top sources, page contains',
    ['visitors', 'visits'],
    top(['visit:source'], [['contains', 'event:page', ['topic-7']]]),
  ),
  ranged('source by device', ['visitors', 'visits'], top(['visit:source', 'visit:device'], [], 100)),
  RANGES.map((range) => ofRange(funnelQuery(range), range, true)),
  ranged(
    'top sources, one property',
    ['visitors', 'visits'],
    top(['visit:source'], [['is', 'event:props:plan', ['pro']]]),
  ),
  ranged(
    'top pages, page matches',
    ['visitors', 'pageviews'],
    top(['event:page'], [['matches', 'event:page', ['^/articles/[0-9]*7-.*-[1-3]']]]),
  ),
].flat();

function ranged(name: string, metrics: readonly string[], more: object): RangedQuery[] {
  return RANGES.map((range) =>
    ofRange(
      benchQuery(name, metrics, [firstDayOf(range), LAST_DAY], more),
      range,
      Object.keys(more).length > 0,
    ),
  );
}

function ofRange(query: BenchQuery, range: Range, isFiltered: boolean): RangedQuery {
  return { ...query, range, isFiltered };
}

function funnelQuery(range: Range): BenchQuery {
  const parameters = new URLSearchParams({ name: FUNNEL, from: firstDayOf(range), to: LAST_DAY });
  return {
    name: 'funnel of three steps',
    path: `/api/v1/pixels/${PIXEL}/funnel?${parameters}`,
    body: undefined,
  };
}

function firstDayOf({ days }: Range): string {
  return addDays(LAST_DAY, 1 - days);
}

/** All that D1 gives a statement. The local one gives it for ever. */
const LONGEST_MS = 30_000;

export interface BenchAnswer {
  /** Of the body. */
  readonly bytes: number;
  /** What was read, as the answer tells; undefined if it does not. */
  readonly source: string | undefined;
}

/** The Worker has refused a query as too expensive, or has not answered within the time that D1 has. */
export class TooMuch extends Error {
  /** In the words of a table. */
  readonly outcome: string;

  constructor(query: BenchQuery, outcome: string, detail: string) {
    super(`${query.name}: ${detail}`);
    this.outcome = outcome;
  }
}

/**
 * Asks a Worker, and reads its answer to the end.
 * @throws TooMuch
 */
export async function answerOf(
  url: string,
  query: BenchQuery,
  headers: Readonly<Record<string, string>> = {},
): Promise<BenchAnswer> {
  const { path, body } = query;
  const response = await fetch(url + path, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json', ...headers },
    signal: AbortSignal.timeout(LONGEST_MS),
    ...(body === undefined ? {} : { method: 'POST', body }),
  }).catch((error: Error) => {
    if (error.name !== 'TimeoutError') throw error;
    const outcome = `over ${LONGEST_MS / 1000} s`;
    throw new TooMuch(query, outcome, `${outcome} without an answer`);
  });
  const text = await response.text();
  if (response.status === 400 && text.includes('too much')) throw new TooMuch(query, 'refused', text);
  if (response.status !== 200) throw new Error(`${query.name}: ${response.status} ${text}`);
  const { meta } = JSON.parse(text) as { readonly meta?: { readonly source?: string } };
  return { bytes: Buffer.byteLength(text), source: meta?.source };
}
