/**
 * The same events through both engines, by the Worker as it is deployed. One Speck has them in D1. The other has those of nobody known in
 * Analytics Engine, which ClickHouse plays, and the few others in D1; its cron finds the days, reads them back and rolls them up, and
 * its queries read the day that is not over.
 */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Random } from '../../scripts/lib/random.ts';
import { mistakesIn } from '../../src/engine/grammar.ts';
import { KIND, pointOf } from '../../src/engine/point.ts';
import { EVENT_COLUMNS, type Event } from '../../src/model/event.ts';
import { ADMIN_TOKEN, SECRET_KEY, type Speck, startSpeck } from '../e2e/harness.ts';
import { at, day } from '../e2e/noon.ts';
import { Engine, type WrittenPoint } from './engine.ts';
import { type SqlApi, serveSqlApi } from './sql-api.ts';
import { traffic } from './traffic.ts';

const seed = inject('seed') === 'random' ? Date.now() % 1e6 : Number(inject('seed'));
const EVENTS = inject('long') ? 1_000_000 : 12_000;
const QUESTIONS = inject('long') ? 200 : 60;
/** One event in so many is of somebody known, and so in D1. */
const KNOWN = 37;
/** Events of one request. */
const AT_ONCE = 1000;

let engine: Engine;
let api: SqlApi;
let inD1: Speck;
let inEngine: Speck;
/** The pixel in each. */
const pixels = { d1: '', engine: '' };
const now = Date.now();

beforeAll(async () => {
  engine = new Engine();
  api = await serveSqlApi(engine, (query) => {
    const mistakes = mistakesIn({ query, params: [] }, 'http');
    if (mistakes.length > 0) throw new Error(mistakes.join(' '));
  });
  inD1 = await startSpeck();
  inEngine = await startSpeck({
    secrets: { ADMIN_TOKEN, SECRET_KEY, ANALYTICS_TOKEN: api.token },
    vars: { EVENT_STORE: 'analytics_engine', ACCOUNT_ID: api.account, ANALYTICS_API: api.url },
  });
  pixels.d1 = await inD1.addPixel();
  pixels.engine = await inEngine.addPixel();

  const days = [-1, 0].map((offset) => Date.parse(at(day(offset), '00:00')));
  const events = [...traffic({ pixel: '', seed, events: EVENTS, days })].filter(
    ({ ts }) => ts < now - 120_000,
  );
  const known = events.filter((_, index) => index % KNOWN === 0);
  function* written(): Generator<WrittenPoint> {
    for (const [index, event] of events.entries()) {
      if (index % KNOWN === 0) continue;
      const point = pointOf({ ...event, pixel: pixels.engine }, KIND.event) as WrittenPoint['point'];
      yield { point, at: event.ts + 3000 };
      // The queue may deliver a message twice.
      if (index % 101 === 0) yield { point, at: event.ts + 60_000 };
    }
  }
  await engine.write('speck_events', written());
  await restore(inD1, pixels.d1, events);
  await restore(inEngine, pixels.engine, known);
  for (const speck of [inD1, inEngine]) await speck.catchUp(new Date(now));
}, 3_600_000);
afterAll(async () => {
  await Promise.all([inD1?.close(), inEngine?.close(), api?.close()]);
  engine?.close();
});

/** Writes events into D1 as an export has them. */
async function restore(speck: Speck, pixel: string, events: readonly Event[]): Promise<void> {
  for (let first = 0; first < events.length; first += AT_ONCE) {
    const lines = events.slice(first, first + AT_ONCE).map((event) => {
      const columns = EVENT_COLUMNS.filter((name) => name !== 'pixel');
      const line = Object.fromEntries(columns.map((name) => [name, event[name]]));
      return JSON.stringify({
        ...line,
        ts: new Date(event.ts).toISOString(),
        props: {},
        value: event.value === null ? null : event.value / 1e6,
      });
    });
    const response = await fetch(`${speck.url}/api/v1/pixels/${pixel}/events`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/x-ndjson' },
      body: lines.join('\n'),
    });
    const answer = (await response.json()) as { accepted?: number };
    if (answer.accepted !== lines.length)
      throw new Error(`restoring: ${JSON.stringify(answer).slice(0, 500)}`);
  }
}

const VISIT_METRICS = [
  'visitors',
  'visits',
  'pageviews',
  'events',
  'bounce_rate',
  'visit_duration',
  'views_per_visit',
];
const EVENT_METRICS = [
  'visitors',
  'visits',
  'pageviews',
  'events',
  'time_on_page',
  'scroll_depth',
  'total_revenue',
  'average_revenue',
  'percentage',
];
const EVENT_DIMENSIONS = ['event:page', 'event:name', 'event:hostname', 'event:currency'];
const VISIT_DIMENSIONS = [
  'visit:source',
  'visit:channel',
  'visit:utm_source',
  'visit:country',
  'visit:region',
  'visit:city',
  'visit:device',
  'visit:browser',
  'visit:browser_version',
  'visit:os',
  'visit:os_version',
  'visit:language',
  'visit:entry_page',
  'visit:exit_page',
];
const FILTERS: readonly unknown[] = [
  ['is', 'visit:country', ['DE', 'FR']],
  ['is_not', 'visit:browser', ['Chrome']],
  ['contains', 'event:page', ['/page/1']],
  ['matches', 'event:page', ['^/page/[2-4]$']],
  ['contains_not', 'visit:source', ['goo'], { case_sensitive: false }],
  ['is', 'visit:entry_page', ['/page/0', '/page/1', '/page/2']],
  ['has_done', ['is', 'event:name', ['Purchase']]],
  ['has_not_done', ['is', 'event:name', ['Purchase']]],
  [
    'or',
    [
      ['is', 'visit:device', ['Mobile']],
      ['not', ['is', 'visit:os', ['Windows', 'iOS']]],
    ],
  ],
];

function question(random: Random): Record<string, unknown> {
  const pick = <T>(from: readonly T[]): T => from[random.below(from.length)] as T;
  const ofEvents = random.chance(0.5);
  const dimensions = [
    ...(random.chance(0.25) ? [pick(['time:day', 'time:hour'])] : []),
    ...(random.chance(0.8) ? [pick(ofEvents ? EVENT_DIMENSIONS : VISIT_DIMENSIONS)] : []),
    ...(random.chance(0.2) ? [pick(VISIT_DIMENSIONS.slice(3, 8))] : []),
  ];
  const range = pick([
    [day(-1), day(-1)],
    [day(0), day(0)],
    [day(-1), day(0)],
    [at(day(-1), '09:00'), at(day(-1), '17:29').replace(/:00([+-])/, ':59.999$1')],
  ]);
  return {
    // A share needs a dimension.
    metrics: ofEvents
      ? EVENT_METRICS.filter((name) => name !== 'percentage' || dimensions.length > 0)
      : VISIT_METRICS,
    date_range: range,
    dimensions: [...new Set(dimensions)],
    filters: FILTERS.filter(() => random.chance(0.12)),
    pagination: { limit: pick([10, 1000]), offset: pick([0, 0, 5]) },
    include: { total_rows: true },
  };
}

interface Answer {
  readonly results: unknown;
  readonly meta: Record<string, unknown>;
}
async function ask(speck: Speck, pixel: string, query: Record<string, unknown>): Promise<Answer> {
  const response = await speck.api('POST', '/api/v2/query', { site_id: pixel, ...query });
  if (response.status !== 200)
    throw new Error(`${response.status} ${await response.text()} for ${JSON.stringify(query)}`);
  return (await response.json()) as Answer;
}

describe('both engines', () => {
  it('have the events where they belong', async () => {
    const count = async ({ db }: Speck): Promise<number> =>
      Number((await db.prepare('SELECT count(*) AS n FROM events').all<{ n: number }>()).results[0]?.n);
    const [all, few] = [await count(inD1), await count(inEngine)];
    expect(all).toBeGreaterThan(EVENTS / 2);
    expect(few).toBe(Math.ceil(all / KNOWN));
    const { results } = await inEngine.db
      .prepare('SELECT day, points, sample_interval FROM days ORDER BY day')
      .all<{ day: string; points: number; sample_interval: number }>();
    expect(results.map(({ day: of, sample_interval }) => [of, sample_interval])).toEqual([
      [day(-1), 1],
      [day(0), 1],
    ]);
    expect(results[0]?.points).toBeGreaterThan(0);
  });

  it('give the same answers to the same questions', async () => {
    const random = new Random(seed + 5);
    const sources = new Set<string>();
    let rows = 0;
    for (let number = 0; number < QUESTIONS; number++) {
      const query = question(random);
      const expected = await ask(inD1, pixels.d1, query);
      const answer = await ask(inEngine, pixels.engine, query);
      expect(answer.results, JSON.stringify(query)).toEqual(expected.results);
      expect(answer.meta['total_rows'], JSON.stringify(query)).toBe(expected.meta['total_rows']);
      sources.add(String(answer.meta['source']));
      rows += (answer.results as unknown[]).length;
    }
    expect(rows).toBeGreaterThan(QUESTIONS);
    console.log(`${QUESTIONS} questions, ${rows} rows, from ${[...sources].join(', ')}`);
    expect([...sources].join()).toContain('columns');
  });
});
