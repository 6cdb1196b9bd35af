/** What a dashboard asks for twelve months, as bodies of `POST /api/v2/query`. */
import { addDays } from '../../src/model/time-zone.ts';
import { ADMIN_TOKEN } from '../../test/e2e/harness.ts';
import { PIXEL } from './history.ts';

/** The twelve months that all queries are about. */
export const FIRST_DAY = '2025-11-01';
export const LAST_DAY = '2026-10-31';
export const DAYS = 365;
if (addDays(FIRST_DAY, DAYS - 1) !== LAST_DAY) throw new Error('these are not twelve months');

export interface BenchQuery {
  readonly name: string;
  readonly body: string;
}

const HEADLINES = ['visitors', 'visits', 'pageviews', 'views_per_visit', 'bounce_rate', 'visit_duration'];

function benchQuery(name: string, metrics: readonly string[], more: object): BenchQuery {
  const body = { site_id: PIXEL, date_range: [FIRST_DAY, LAST_DAY], metrics, ...more };
  return { name, body: JSON.stringify(body) };
}

const topTen = (dimension: string, metrics: readonly string[]): BenchQuery =>
  benchQuery(`top 10 ${dimension}`, metrics, { dimensions: [dimension], pagination: { limit: 10 } });

export const QUERIES: readonly BenchQuery[] = [
  benchQuery('headline totals', HEADLINES, {}),
  benchQuery('time:month', HEADLINES, { dimensions: ['time:month'] }),
  benchQuery('time:day', HEADLINES, { dimensions: ['time:day'] }),
  topTen('event:page', ['visitors', 'pageviews']),
  topTen('visit:source', ['visitors', 'visits']),
  topTen('visit:country', ['visitors', 'visits']),
  topTen('visit:device', ['visitors', 'visits']),
  topTen('visit:entry_page', ['visitors', 'visits']),
];

/** All that D1 gives a statement. The local one gives it for ever. */
const LONGEST_MS = 30_000;

/** Asks a Worker, reads its answer to the end, and gives it. */
export async function answerOf(
  url: string,
  { name, body }: BenchQuery,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly results: readonly unknown[]; readonly meta: { readonly source: string } }> {
  const response = await fetch(`${url}/api/v2/query`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json', ...headers },
    body,
    signal: AbortSignal.timeout(LONGEST_MS),
  }).catch((error: Error) => {
    throw error.name === 'TimeoutError'
      ? new Error(`${name}: no answer within ${LONGEST_MS / 1000} s`)
      : error;
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${name}: ${response.status} ${text}`);
  return JSON.parse(text);
}
