/** A database of a version without columns keeps its answers before, while and after its days are stored as columns. */
import { beforeAll, expect, it } from 'vitest';
import { addDays } from '../../../src/model/time-zone.ts';
import { runFunnel } from '../../../src/query/funnel.ts';
import { parseQuery } from '../../../src/query/language.ts';
import type { QueryResult } from '../../../src/query/present.ts';
import { runJob } from '../../../src/rollup/job.ts';
import { applySchema, db, GOALS, makePixel, store, testEnv } from '../../fixtures.ts';
import type { OracleEvent } from '../../oracle.ts';
import { ask } from '../random-queries.ts';
import { answerIn } from './sealed.ts';

beforeAll(applySchema);

const FIRST = '2026-05-15';
const LAST = addDays(FIRST, 364);
/** At the beginning of an hour, when months are due, and more than two days after the last day. */
const NOW = Date.parse('2027-06-01T00:00:00Z');
/** Events before this day are purged, so that only rollups answer for it. */
const STORED_FROM = '2026-08-01';
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Two visitors a day, the second with two visits. */
const EVENTS: readonly OracleEvent[] = Array.from({ length: 365 }, (_, place) => {
  const noon = Date.parse(`${addDays(FIRST, place)}T12:00:00Z`);
  const event = (number: number, ts: number, more: Partial<OracleEvent>): OracleEvent => ({
    id: `e${place}-${number}`,
    ts,
    name: 'pageview',
    visitor: 'ann',
    page: `/p${place % 7}`,
    country: place % 3 === 0 ? 'DE' : 'FR',
    device: place % 2 === 0 ? 'Mobile' : 'Desktop',
    source: place % 5 === 0 ? 'Google' : '',
    ...more,
  });
  return [
    event(1, noon, {}),
    event(2, noon + 3 * MINUTE, {
      name: 'Signup',
      props: JSON.stringify({ plan: place % 4 === 0 ? 'pro' : 'free' }),
    }),
    event(3, noon + 5 * MINUTE, { visitor: 'bob', page: '/' }),
    event(4, noon + 90 * MINUTE, {
      visitor: 'bob',
      name: 'Purchase',
      value: 1_000_000 * place,
      currency: 'EUR',
    }),
  ];
}).flat();

const METRICS = ['visitors', 'visits', 'pageviews', 'events', 'bounce_rate', 'visit_duration'];
const STORED = [STORED_FROM, LAST];

const QUERIES = [
  { metrics: METRICS, date_range: [FIRST, LAST] },
  { metrics: METRICS, date_range: [FIRST, LAST], dimensions: ['time:month'] },
  { metrics: ['visitors', 'events'], date_range: [FIRST, LAST], dimensions: ['event:page'] },
  { metrics: ['visitors', 'total_revenue'], date_range: STORED, dimensions: ['event:goal'] },
  { metrics: METRICS, date_range: STORED, filters: [['is', 'visit:country', ['DE']]] },
  { metrics: ['visitors', 'pageviews'], date_range: STORED, dimensions: ['event:page', 'visit:device'] },
  {
    metrics: ['visitors', 'conversion_rate'],
    date_range: STORED,
    dimensions: ['time:week'],
    filters: [
      ['is', 'event:goal', ['Signup']],
      ['matches', 'event:page', ['[2-5]$']],
    ],
  },
  { metrics: ['visits'], date_range: [LAST, LAST], dimensions: ['time:hour', 'visit:source'] },
  {
    metrics: METRICS,
    date_range: [addDays(LAST, -29), LAST],
    filters: [['contains', 'event:props:plan', ['pr']]],
    include: { comparisons: { mode: 'previous_period' } },
  },
] as const;

it('a year that was rolled up without columns keeps its answers while the cron stores its columns', async () => {
  const pixel = await makePixel('Europe/Berlin', { goals: GOALS, retention_days: 3650 });
  await store(pixel, EVENTS, NOW);
  while ((await runJob({ ...testEnv, CRON_STATEMENTS: '900' }, NOW)).more);
  // As an earlier version leaves a database.
  await db.batch(
    [
      'DELETE FROM segments WHERE pixel = ?1',
      'UPDATE months SET columns = 0 WHERE pixel = ?1',
      'UPDATE days SET columns = 0, rollup_version = 1 WHERE pixel = ?1',
      `UPDATE days SET raw = 2 WHERE pixel = ?1 AND day < '${STORED_FROM}'`,
      `DELETE FROM events WHERE pixel = ?1 AND ts < (SELECT min(starts_at) FROM days WHERE pixel = ?1 AND raw = 0)`,
    ].map((sql) => db.prepare(sql).bind(pixel.id)),
  );
  const sources = new Set<unknown>();
  const funnel = { name: 'f', steps: GOALS.slice(0, 2).map(({ name }) => name), within: 'visit' } as const;
  const funnelQuery = parseQuery({ site_id: pixel.id, metrics: ['visitors'], date_range: STORED });
  if (!funnelQuery.ok) throw new Error(JSON.stringify(funnelQuery.error));
  const answers = async (): Promise<unknown[]> => {
    const results: QueryResult[] = [];
    for (const query of QUERIES) results.push(await ask(pixel, query as never, NOW));
    for (const { meta } of results) sources.add(meta['source']);
    return [...results.map(answerIn), await runFunnel(db, pixel, funnel, funnelQuery.value, NOW)];
  };
  const before = await answers();
  expect([...sources].sort()).toEqual(['events', 'rollups']);

  const env = { ...testEnv, CRON_STATEMENTS: '200' };
  let runs = 0;
  for (let more = true; more; runs++) {
    const report = await runJob(env, NOW);
    expect(report.failed).toBe(0);
    ({ more } = report);
    expect(await answers()).toEqual(before);
  }
  expect(runs).toBeGreaterThan(5);
  expect(sources).toContain('columns+events');
  sources.clear();
  expect(await answers()).toEqual(before);
  expect([...sources].sort()).toEqual(['columns', 'rollups']);

  // Months are stored once their days have not changed for two days.
  while ((await runJob(env, NOW + 3 * DAY)).more);
  expect(await answers()).toEqual(before);
  const months = await db
    .prepare('SELECT count(*) AS count FROM months WHERE pixel = ? AND columns > 0')
    .bind(pixel.id)
    .first<number>('count');
  // May to July have no events left, and May 2027 is not complete.
  expect(months).toBeGreaterThanOrEqual(9);
});
