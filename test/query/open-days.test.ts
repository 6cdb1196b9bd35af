/** Queries of days whose events are in Analytics Engine and have no columns yet: the answers are the oracle's. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Pixel } from '../../src/model/pixel.ts';
import { MAX_OPEN_EVENTS } from '../../src/query/engine-queries.ts';
import { parseQuery } from '../../src/query/language.ts';
import { readLive } from '../../src/query/live.ts';
import { OpenDays } from '../../src/query/open-days.ts';
import { runQuery } from '../../src/query/run.ts';
import { cutDays, isOfPeople } from '../../src/query/sources.ts';
import { momentsOf } from '../../src/query/spans.ts';
import { runJob } from '../../src/rollup/job.ts';
import { TASKS } from '../../src/rollup/tasks.ts';
import { type MemoryEngine, memoryEngine } from '../engine/memory-engine.ts';
import {
  applySchema,
  db,
  GOALS,
  histories,
  LINKS,
  linkPeople,
  makePixel,
  ODD_DAYS,
  place,
  store,
  testEnv,
} from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';
import { write } from './engine-days.ts';
import { answerOf, hasMultipleCurrencies, historyOf } from './oracle-language.ts';
import { answered, inOneOrder, LATER, randomQueries } from './random-queries.ts';

beforeAll(applySchema);

const openDaysOf = ({ reader }: MemoryEngine, takesEvents = false) =>
  new OpenDays(db, { reader, takesEvents });

async function ask(pixel: Pixel, body: object, openDays: OpenDays, now = LATER) {
  const query = parseQuery({ site_id: pixel.id, ...body });
  if (!query.ok) throw new Error(JSON.stringify(query.error));
  return { query: query.value, answer: await runQuery(db, query.value, pixel, now, undefined, openDays) };
}

describe('answers', () => {
  const asked = { ofPeople: 0, others: 0 };

  it.each(ODD_DAYS)('are equal to the oracle in %s around %s', async (zone, day) => {
    await fc.assert(
      fc.asyncProperty(
        histories(day),
        fc.array(randomQueries(day), { minLength: 4, maxLength: 4 }),
        async (events, list) => {
          const pixel = await makePixel(zone, { goals: GOALS });
          await linkPeople(pixel);
          const engine = memoryEngine();
          await write(pixel, events, engine);
          const history = historyOf(events, zone, GOALS, LINKS);
          for (const request of list) {
            const openDays = openDaysOf(engine);
            const { query, answer } = await ask(pixel, request, openDays);
            // Columns count by the minute.
            if (cutDays(momentsOf(query.range), zone).length > 0) continue;
            const others = query.metrics.filter(({ ofPeople }) => !ofPeople);
            // The events of nobody known would be rows of their own.
            if (isOfPeople({ ...query, metrics: others })) continue;
            if (!answer.ok) throw new Error(JSON.stringify([request, answer.error]));
            const expected = inOneOrder(answerOf(history, request)).map(answered);
            expect(inOneOrder(answer.value.results), JSON.stringify(request)).toEqual(expected);
            expect('metric_warnings' in answer.value.meta).toBe(hasMultipleCurrencies(history, request));
            asked[isOfPeople(query) ? 'ofPeople' : 'others']++;
          }
        },
      ),
      { numRuns: 8 },
    );
  });

  it('have been compared, of people and of others', () => {
    expect(asked.ofPeople).toBeGreaterThan(2);
    expect(asked.others).toBeGreaterThan(50);
  });
});

const NOW = Date.parse('2026-03-04T12:00:30Z');
const view = (minutesAgo: number, visitor: string, more: Partial<OracleEvent> = {}): OracleEvent => ({
  ts: NOW - minutesAgo * 60_000,
  id: `e${minutesAgo}${visitor}`,
  name: 'pageview',
  visitor,
  page: '/',
  ...more,
});
const visitorsToday = { metrics: ['visitors', 'visits', 'pageviews'], date_range: 'day' };

describe('today', () => {
  it('is read before the cron has seen its points, and with events of D1 as one day', async () => {
    const pixel = await makePixel('UTC');
    const engine = memoryEngine();
    const events = [view(50, 'ann'), view(40, 'ann'), view(5, 'bob')];
    for (const event of events) engine.write(place(pixel, event).event);
    // The same visitor, known by now: one visit.
    await store(pixel, [view(30, 'ann', { person: 'uann' })], NOW);
    const { answer } = await ask(pixel, visitorsToday, openDaysOf(engine, true), NOW);
    expect(answer).toMatchObject({
      value: { results: [{ metrics: [2, 2, 4] }], meta: { source: 'columns', events_read: { columns: 4 } } },
    });
    // Without the engine, only D1 would be counted.
    const query = parseQuery({ site_id: pixel.id, ...visitorsToday });
    expect(query.ok && (await runQuery(db, query.value, pixel, NOW))).toMatchObject({
      value: { results: [{ metrics: [1, 1, 1] }] },
    });
  });

  it('leaves out visitors who have been erased since, and counts repeated points once', async () => {
    const pixel = await makePixel('UTC');
    const engine = memoryEngine();
    for (const event of [view(9, 'ann'), view(8, 'bob'), view(8, 'bob'), view(1, 'ann')]) {
      engine.write(place(pixel, event).event);
    }
    await db
      .prepare('INSERT INTO erasures (pixel, who, at) VALUES (?, ?, ?)')
      .bind(pixel.id, 'ann', NOW - 5 * 60_000)
      .run();
    const { answer } = await ask(pixel, visitorsToday, openDaysOf(engine, true), NOW);
    expect(answer).toMatchObject({ value: { results: [{ metrics: [2, 2, 2] }] } });
  });

  it('is read once for all queries of a request, and soon after', async () => {
    const pixel = await makePixel('UTC');
    const engine = memoryEngine();
    engine.write(place(pixel, view(9, 'ann')).event);
    const openDays = openDaysOf(engine, true);
    await Promise.all([1, 2, 3].map(() => ask(pixel, visitorsToday, openDays, NOW)));
    expect(engine.asked).toHaveLength(1);
    await ask(pixel, visitorsToday, openDaysOf(engine, true), NOW + 9_000);
    expect(engine.asked).toHaveLength(1);
    engine.write(place(pixel, view(8, 'bob')).event);
    const { answer } = await ask(pixel, visitorsToday, openDaysOf(engine, true), NOW + 11_000);
    expect(answer).toMatchObject({ value: { results: [{ metrics: [2, 2, 2] }] } });
  });

  it('fails as Analytics Engine fails, and says when a day is too large', async () => {
    const pixel = await makePixel('UTC');
    const engine = memoryEngine();
    engine.before = () => {
      throw new Error('no answer');
    };
    await expect(ask(pixel, visitorsToday, openDaysOf(engine, true), NOW)).rejects.toThrow('no answer');
    engine.before = () => {};
    const { event } = place(pixel, view(9, 'ann'));
    const row = memoryEngine();
    row.write(event);
    const [template] = row.rows;
    for (let index = 0; index <= MAX_OPEN_EVENTS; index++) {
      engine.rows.push({ ...template, blob20: `\ne${index}` });
    }
    const { answer } = await ask(pixel, visitorsToday, openDaysOf(engine, true), NOW);
    expect(answer).toMatchObject({
      error: { errors: [{ path: 'date_range', message: expect.stringContaining('2026-03-04 has more') }] },
    });
  });
});

describe('people', () => {
  it('are counted from D1, and everything else from all events', async () => {
    const pixel = await makePixel('UTC');
    const engine = memoryEngine();
    await write(
      pixel,
      [view(50, 'ann', { person: 'uann', device: 'Mobile' }), view(40, 'bob'), view(5, 'eve')],
      engine,
    );
    const openDays = openDaysOf(engine, true);
    const all = { metrics: ['visitors', 'people', 'pageviews'], date_range: 'day' };
    expect((await ask(pixel, all, openDays, NOW)).answer).toMatchObject({
      value: { results: [{ metrics: [3, 1, 3] }], query: { metrics: all.metrics } },
    });
    const byDevice = { ...all, dimensions: ['person:devices'] };
    expect((await ask(pixel, byDevice, openDays, NOW)).answer).toMatchObject({
      value: {
        results: [{ dimensions: ['Mobile'], metrics: [null, 1, null] }],
        meta: { metric_warnings: { visitors: { code: 'needs_events_without_people' } } },
      },
    });
  });
});

describe('the live view', () => {
  const live = async (pixel: Pixel, engine: MemoryEngine | null, filters: unknown[] = [], limit = 10) => {
    const query = parseQuery({ site_id: pixel.id, metrics: ['visitors'], date_range: 'day', filters });
    if (!query.ok) throw new Error(JSON.stringify(query.error));
    const latest = { since: NOW - 30 * 60_000, limit };
    const openDays = engine && openDaysOf(engine, true);
    const result = await readLive(db, query.value, pixel, NOW, latest, undefined, openDays);
    if (!result.ok) throw new Error(JSON.stringify(result.error));
    return result.value;
  };

  it.each([
    [],
    [['is', 'event:page', ['/a']]],
    [['is', 'visit:entry_page', ['/a']]],
    [['is', 'event:goal', ['Signup']]],
    [['has_not_done', ['is', 'event:page', ['/a']]]],
  ])('is that of the same events in D1, with filters %j', async (...filters) => {
    await fc.assert(
      fc.asyncProperty(histories('2026-03-04', 60), async (events) => {
        const near = events
          .map((event, index) => ({ ...event, ts: NOW - (Math.abs(event.ts) % 7_200_000), id: `e${index}` }))
          .map((event) => ({ ...event, person: '', props: '' }));
        const [inD1, inEngine] = await Promise.all([1, 2].map(() => makePixel('UTC', { goals: GOALS })));
        const engine = memoryEngine();
        await store(inD1 as Pixel, near, NOW);
        for (const event of near) engine.write(place(inEngine as Pixel, event).event);
        expect(await live(inEngine as Pixel, engine, filters)).toEqual(
          await live(inD1 as Pixel, null, filters),
        );
      }),
      { numRuns: 10 },
    );
  });
});

describe('a range that ends within a minute', () => {
  it('has that minute in full, also on a day that has been rolled up', async () => {
    const pixel = await makePixel('UTC');
    const engine = memoryEngine();
    for (const event of [view(50, 'ann'), view(40, 'bob'), view(5, 'eve')]) {
      engine.write(place(pixel, event).event);
    }
    const later = NOW + 86_400_000;
    const env = { ...testEnv, EVENT_STORE: 'analytics_engine', CRON_STATEMENTS: '900' };
    await runJob(env, later, TASKS, async () => engine.reader);
    const range = [new Date(NOW - 45 * 60_000).toISOString(), new Date(NOW - 5 * 60_000).toISOString()];
    const { answer } = await ask(
      pixel,
      { ...visitorsToday, date_range: range },
      openDaysOf(engine, true),
      later,
    );
    expect(answer).toMatchObject({
      value: { results: [{ metrics: [2, 2, 2] }], meta: { source: 'columns' } },
    });
  });
});
