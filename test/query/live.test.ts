/** Live counts beside the plainest count of the same minutes, and what they cost. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Pixel } from '../../src/model/pixel.ts';
import { parseQuery } from '../../src/query/language.ts';
import { readLive } from '../../src/query/live.ts';
import { applySchema, db, GOALS, histories, makePixel, metered, ODD_DAYS, store } from '../fixtures.ts';
import { local, type OracleEvent } from '../oracle.ts';
import { runs } from '../runs.ts';
import { eventsIn, type History, historyOf } from './oracle-language.ts';
import { randomQueries } from './random-queries.ts';

beforeAll(applySchema);

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

async function live(
  pixel: Pixel,
  filters: readonly unknown[],
  now: number,
  { limit = 0, since = now - 30 * MINUTE, database = db } = {},
) {
  const query = parseQuery({ site_id: pixel.id, metrics: ['visitors'], date_range: 'day', filters });
  if (!query.ok) throw new Error(JSON.stringify(query.error));
  const answer = await readLive(database, query.value, pixel, now, { since, limit });
  if (!answer.ok) throw new Error(JSON.stringify([filters, answer.error]));
  return answer.value;
}

/** What a live view should say of events, in the plainest way. */
function expectedOf(history: History, filters: readonly unknown[], now: number) {
  const first = now - (now % MINUTE) - 29 * MINUTE;
  const events = [
    ...eventsIn(history, {
      metrics: [],
      dimensions: [],
      filters,
      date_range: [new Date(first).toISOString(), new Date(now).toISOString()],
    }),
  ];
  const visitorsOf = (some: readonly OracleEvent[]): number =>
    new Set(
      some
        .filter(({ visitor }) => visitor !== '')
        .map(({ ts, visitor }) => `${local(history.zone, ts).day} ${visitor}`),
    ).size;
  return {
    visitors: visitorsOf(events.filter(({ ts }) => ts > now - 5 * MINUTE)),
    minutes: Array.from({ length: 30 }, (_, index) => {
      const minute = first + index * MINUTE;
      const mine = events.filter(({ ts }) => ts >= minute && ts < minute + MINUTE);
      return {
        minute,
        visitors: visitorsOf(mine),
        events: mine.length,
        pageviews: mine.filter(({ name }) => name === 'pageview').length,
      };
    }),
  };
}

describe('live counts', () => {
  it.each(ODD_DAYS)('agree with a plain count of the events in %s around %s', async (zone, day) => {
    const noon = Date.parse(`${day}T12:00:00Z`);
    const filters = randomQueries(day)
      .map((query) => query.filters)
      .filter((list) => !JSON.stringify(list).includes('person:'));
    const question = fc.record({
      filters,
      // Busy minutes, whole and within; and any hour, so that midnights and changes of clocks are among them.
      now: fc.oneof(
        fc.integer({ min: -20 * 6, max: 120 * 6 }).map((step) => noon + step * 10_000 - 1),
        fc.integer({ min: -30 * HOUR, max: 30 * HOUR }).map((offset) => noon + offset),
      ),
    });
    await fc.assert(
      fc.asyncProperty(
        histories(day),
        fc.array(question, { minLength: 8, maxLength: 8 }),
        async (events, questions) => {
          const pixel = await makePixel(zone, { goals: GOALS });
          const history = historyOf(events, zone, GOALS);
          await store(pixel, events);
          for (const { filters: list, now } of questions) {
            const { visitors, minutes } = await live(pixel, list, now);
            expect({ visitors, minutes }, JSON.stringify([list, now])).toEqual(
              expectedOf(history, list, now),
            );
          }
        },
      ),
      { numRuns: runs(3, 15) },
    );
  });

  const NOW = Date.parse('2026-11-24T12:00:30Z');
  const at = (minutes: number, more: Partial<OracleEvent> = {}): OracleEvent => ({
    ts: NOW + minutes * MINUTE,
    id: `e ${minutes} ${JSON.stringify(more)}`,
    name: 'pageview',
    visitor: 'ann',
    page: '/',
    ...more,
  });

  it.each([1, 5])('know where a visit comes from that began %d hours ago', async (hours) => {
    const pixel = await makePixel('UTC');
    const steps = Array.from({ length: hours * 3 + 1 }, (_, step) =>
      at(-hours * 60 + step * 20, { source: step === 0 ? 'Google' : '' }),
    );
    // Two hours of someone else, who has left.
    const other = [-130, -110, -90, -70].map((minutes) => at(minutes, { visitor: 'bob', source: 'Bing' }));
    await store(pixel, [...steps, ...other], NOW);
    const { visitors, minutes } = await live(pixel, [['is', 'visit:source', ['Google']]], NOW);
    expect(visitors).toBe(1);
    expect(minutes.map(({ events }) => events).filter((count) => count > 0)).toEqual([1, 1]);
    expect((await live(pixel, [['has_done', ['is', 'visit:source', ['Bing']]]], NOW)).visitors).toBe(0);
  });

  it('read no more than the minutes before they were there, in few statements', async () => {
    const pixel = await makePixel('UTC');
    const crowd = Array.from({ length: 3000 }, (_, index) =>
      at(-600 + (index % 500), { visitor: `v${index % 700}`, id: `crowd ${index}` }),
    );
    await store(pixel, [...crowd, at(-20), at(-1), at(0, { visitor: 'bob' })], NOW);
    const { db: database, cost } = metered();
    const costOf = async (filters: readonly unknown[], limit = 0) => {
      Object.assign(cost, { read: 0, statements: 0 });
      await live(pixel, filters, NOW, { limit, database });
      return { ...cost };
    };
    expect(await costOf([])).toMatchObject({ statements: 1, written: 0 });
    expect(await costOf([], 100)).toMatchObject({ statements: 2, written: 0 });
    const ofEvents = await costOf([['is', 'event:page', ['/']]]);
    const ofVisits = await costOf([['is', 'visit:source', ['Google']]], 100);
    const ofPatterns = await costOf([['matches', 'visit:source', ['^G']]]);
    expect([ofEvents.statements, ofVisits.statements, ofPatterns.statements]).toEqual([2, 3, 3]);
    for (const { read } of [ofEvents, ofVisits, ofPatterns]) expect(read).toBeLessThan(400);
  });

  it('list the latest events that filters let through, with those of attention', async () => {
    const pixel = await makePixel('UTC');
    await store(
      pixel,
      [
        at(-40, { source: 'Google' }),
        at(-20, { page: '/a' }),
        at(-10, { page: '/b' }),
        at(-9, { name: 'engagement', page: '/b', engaged: 1000 }),
        at(-8, { visitor: 'bob', page: '/b', source: 'Bing' }),
        at(-7, { visitor: '', page: '/b' }),
      ],
      NOW,
    );
    const pages = async (filters: readonly unknown[], options: { limit: number; since?: number }) =>
      (await live(pixel, filters, NOW, options)).events.map(({ name, page }) => `${name} ${page}`);
    const google = ['is', 'visit:source', ['Google']];
    expect(await pages([google], { limit: 100 })).toEqual(['engagement /b', 'pageview /b', 'pageview /a']);
    expect(await pages([google], { limit: 2 })).toEqual(['engagement /b', 'pageview /b']);
    expect(await pages([google], { limit: 9, since: NOW - 9.5 * MINUTE })).toEqual(['engagement /b']);
    expect(await pages([], { limit: 2 })).toEqual(['pageview /b', 'pageview /b']);
    expect(await pages([], { limit: 0 })).toEqual([]);
  });

  it('are refused by dimensions of people, and for goals that do not exist', async () => {
    const pixel = await makePixel('UTC');
    const refused = async (filter: unknown) => {
      const query = parseQuery({
        site_id: pixel.id,
        metrics: ['visitors'],
        date_range: 'day',
        filters: [['not', filter]],
      });
      if (!query.ok) throw new Error('parsed');
      return readLive(db, query.value, pixel, NOW, { since: 0, limit: 0 });
    };
    expect(await refused(['is', 'person:devices', ['Desktop']])).toMatchObject({
      ok: false,
      error: { reason: 'invalid_query', errors: [{ path: 'filters[0][1][1]' }] },
    });
    expect(await refused(['is', 'event:goal', ['Signup']])).toMatchObject({ ok: false });
  });
});
