/** Queries of days of which Analytics Engine has kept a sample. Where it has kept everything, estimates are the oracle's numbers. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Pixel } from '../../src/model/pixel.ts';
import { runFunnel } from '../../src/query/funnel.ts';
import { parseQuery } from '../../src/query/language.ts';
import { OpenDays } from '../../src/query/open-days.ts';
import { runQuery } from '../../src/query/run.ts';
import type { RowWithMargins } from '../../src/query/sampled-answer.ts';
import { type MemoryEngine, memoryEngine } from '../engine/memory-engine.ts';
import {
  applySchema,
  db,
  GOALS,
  histories,
  makePixel,
  ODD_DAYS,
  place,
  runJobs,
  store,
} from '../fixtures.ts';
import { local, type OracleEvent } from '../oracle.ts';
import { write } from './engine-days.ts';
import { addDays, answerOf, historyOf, type QueryRequest } from './oracle-language.ts';
import { answered, inOneOrder } from './random-queries.ts';

beforeAll(applySchema);

async function ask(pixel: Pixel, body: object, engine: MemoryEngine, now: number) {
  const query = parseQuery({ site_id: pixel.id, ...body });
  if (!query.ok) throw new Error(JSON.stringify(query.error));
  const openDays = new OpenDays(db, { reader: engine.reader, takesEvents: false });
  return { query: query.value, answer: await runQuery(db, query.value, pixel, now, undefined, openDays) };
}

/** Questions about what each point says by itself. */
function questions(day: string) {
  const date_range = [addDays(day, -2), addDays(day, 2)];
  const counts = ['visitors', 'events', 'pageviews'];
  const on = (more: object) => ({ metrics: counts, date_range, dimensions: [], filters: [], ...more });
  return [
    on({ metrics: [...counts, 'total_revenue'] }),
    on({ dimensions: ['time:day'] }),
    on({ dimensions: ['event:page', 'time:hour'] }),
    on({
      dimensions: ['time:week', 'event:name'],
      filters: [['contains', 'event:page', ['BLOG'], { case_sensitive: false }]],
    }),
    on({
      dimensions: ['event:hostname'],
      filters: [
        [
          'or',
          [
            ['not', ['is', 'event:name', ['Signup', 'pageview']]],
            ['matches', 'event:page', ['^/a']],
          ],
        ],
      ],
    }),
    on({ dimensions: ['event:currency'], metrics: ['events', 'total_revenue'] }),
    on({ filters: [['is', 'event:page', ['/nowhere']]] }),
  ];
}

describe('a sample of everything', () => {
  it.each(ODD_DAYS)('is what the oracle counts, in %s around %s', async (zone, day) => {
    const now = Date.parse(`${day}T12:00:00Z`) + 5 * 86_400_000;
    await fc.assert(
      fc.asyncProperty(
        // A visitor of both stores would be two.
        histories(day).map((events) =>
          events.map((event) =>
            event['person'] || event['props'] ? { ...event, visitor: `${event.visitor}2` } : event,
          ),
        ),
        async (events) => {
          const pixel = await makePixel(zone, { goals: GOALS });
          const engine = memoryEngine();
          await write(pixel, events, engine, 2);
          const history = historyOf(events, zone, GOALS, {});
          for (const request of questions(day)) {
            const { answer } = await ask(pixel, request, engine, now);
            if (!answer.ok) throw new Error(JSON.stringify([request, answer.error]));
            const results = answer.value.results.map(({ dimensions, metrics }) => ({ dimensions, metrics }));
            const expected = answerOf(history, request as unknown as QueryRequest);
            expect(inOneOrder(results), JSON.stringify(request)).toEqual(inOneOrder(expected).map(answered));
          }
        },
      ),
      { numRuns: 4 },
    );
  });
});

const DAY = '2026-03-04';
const NOON = Date.parse(`${DAY}T12:00:00Z`);
const LATER = NOON + 3 * 86_400_000;

/** Events of which one in ten is kept, by a fixed sequence. */
function sampledDay(count: number): { all: OracleEvent[]; kept: OracleEvent[] } {
  let state = 7;
  const next = (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const all = Array.from(
    { length: count },
    (_, index): OracleEvent => ({
      ts: NOON - 3_600_000 + index * 100,
      id: `e${String(index).padStart(6, '0')}`,
      name: next() < 0.8 ? 'pageview' : 'Purchase',
      visitor: `v${Math.floor(next() * (count / 4))}`,
      page: next() < 0.7 ? '/' : '/tea',
      country: ['DE', 'US', 'FR'][Math.floor(next() * 3)] ?? '',
      value: 5_000_000,
      currency: 'EUR',
    }),
  );
  return { all, kept: all.filter(() => next() < 0.1) };
}

async function sampledPixel(count = 20_000, before: readonly OracleEvent[] = []) {
  const pixel = await makePixel('UTC', { goals: GOALS });
  await store(pixel, before, NOON);
  await runJobs(LATER);
  const engine = memoryEngine();
  const { all, kept } = sampledDay(count);
  await write(pixel, [], engine);
  for (const event of kept) engine.write(place(pixel, event).event, 10);
  await db
    .prepare(
      `INSERT INTO days (pixel, day, starts_at, ends_at, dirty, raw, points, sample_interval) VALUES (?, ?, ?, ?, 1, 0, ?, 10)`,
    )
    .bind(pixel.id, DAY, NOON - 43_200_000, NOON + 43_200_000, count)
    .run();
  return { pixel, engine, all, kept };
}

describe('one event in ten', () => {
  it('gives numbers with intervals that have the truth, and says what it cannot tell', async () => {
    const { pixel, engine, all } = await sampledPixel();
    const { answer } = await ask(
      pixel,
      {
        metrics: ['visitors', 'events', 'pageviews', 'bounce_rate', 'total_revenue'],
        dimensions: ['visit:country_name'],
        filters: [['is_not', 'event:page', ['/tea']]],
        date_range: [DAY, DAY],
        include: { total_rows: true },
      },
      engine,
      LATER,
    );
    if (!answer.ok) throw new Error(JSON.stringify(answer.error));
    const { results, meta } = answer.value;
    expect(meta).toMatchObject({
      sampled: { interval: 10, share: expect.closeTo(0.1, 2) },
      source: 'estimates',
      total_rows: 3,
      metric_warnings: { bounce_rate: { code: 'sampled' } },
    });
    expect(results.map(({ dimensions }) => dimensions[0]).toSorted()).toEqual([
      'France',
      'Germany',
      'United States',
    ]);
    const codes: Record<string, string> = { France: 'FR', Germany: 'DE', 'United States': 'US' };
    for (const row of results as readonly RowWithMargins[]) {
      const own = all.filter(
        ({ country, page }) => page === '/' && country === codes[row.dimensions[0] as string],
      );
      const truth = [
        new Set(own.map(({ visitor }) => visitor)).size,
        own.length,
        own.filter(({ name }) => name === 'pageview').length,
        null,
        own.length * 5,
      ];
      truth.forEach((value, place) => {
        const margin = row.margins[place];
        if (value === null) {
          expect([row.metrics[place], margin]).toEqual([null, null]);
          return;
        }
        const [low = 0, high = 0] = margin ?? [];
        expect(low).toBeLessThanOrEqual(value);
        expect(high).toBeGreaterThanOrEqual(value);
        expect(high - low).toBeGreaterThan(0);
      });
    }
  });

  it('is added to days that are known exactly, whose numbers have no interval of their own', async () => {
    const dayBefore = NOON - 86_400_000;
    const { pixel, engine } = await sampledPixel(
      1000,
      Array.from({ length: 7 }, (_, index) => ({
        ts: dayBefore + index,
        id: `x${index}`,
        name: 'pageview',
        visitor: `x${index}`,
        page: '/',
      })),
    );
    const body = { metrics: ['pageviews'], dimensions: ['time:day'], date_range: ['2026-03-03', DAY] };
    const { answer } = await ask(pixel, body, engine, LATER);
    expect(answer).toMatchObject({
      value: {
        results: [
          { dimensions: ['2026-03-03'], metrics: [7], margins: [[7, 7]] },
          { dimensions: [DAY], margins: [[expect.any(Number), expect.any(Number)]] },
        ],
      },
    });
    const total = await ask(
      pixel,
      { metrics: ['pageviews'], date_range: ['2026-03-03', DAY] },
      engine,
      LATER,
    );
    expect(total.answer.ok && total.answer.value.results[0]?.metrics[0]).toBeGreaterThan(500);
  });

  it.each([
    [{ dimensions: ['visit:entry_page'] }, 'dimensions', 'visit:entry_page'],
    [{ dimensions: ['event:goal'] }, 'dimensions', 'event:goal'],
    [{ filters: [['is', 'event:goal', ['Signup']]] }, 'filters[0]', 'sample'],
    [{ filters: [['has_done', ['is', 'event:page', ['/']]]] }, 'filters', 'sample'],
  ])('says what it cannot answer: %j', async (more, path, text) => {
    const { pixel, engine } = await sampledPixel(100);
    const body = { metrics: ['visitors'], date_range: [DAY, DAY], ...more };
    const { answer } = await ask(pixel, body, engine, LATER);
    expect(answer).toMatchObject({
      ok: false,
      error: { errors: [{ path, message: expect.stringContaining(text) }] },
    });
  });

  it('answers no funnel', async () => {
    const { pixel, engine } = await sampledPixel(100);
    const openDays = new OpenDays(db, { reader: engine.reader, takesEvents: false });
    const { query } = await ask(pixel, { metrics: ['visitors'], date_range: [DAY, DAY] }, engine, LATER);
    const funnel = { name: 'F', steps: ['Signup', 'Bought'], within: 'visit' } as const;
    expect(await runFunnel(db, pixel, funnel, query, LATER, undefined, openDays)).toMatchObject({
      error: { errors: [{ message: expect.stringContaining('only a sample of 2026-03-04') }] },
    });
  });

  it('is noticed on an open day before the cron has seen it', async () => {
    const pixel = await makePixel('UTC');
    const engine = memoryEngine();
    for (const event of sampledDay(1000).kept) engine.write(place(pixel, event).event, 10);
    const openDays = new OpenDays(db, { reader: engine.reader, takesEvents: true });
    const query = parseQuery({ site_id: pixel.id, metrics: ['events'], date_range: 'day' });
    expect(local('UTC', NOON).day).toBe(DAY);
    expect(query.ok && (await runQuery(db, query.value, pixel, NOON, undefined, openDays))).toMatchObject({
      value: { meta: { sampled: { interval: 10 } } },
    });
  });
});
