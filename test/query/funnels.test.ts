/** Random funnels over random histories, held to all chains of events there are. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Funnel } from '../../src/model/goal.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { runFunnel } from '../../src/query/funnel.ts';
import { parseQuery } from '../../src/query/language.ts';
import type { ParsedQuery } from '../../src/query/parsed-query.ts';
import {
  applySchema,
  db,
  GOALS,
  histories,
  LINKS,
  linkPeople,
  makePixel,
  ODD_DAYS,
  store,
} from '../fixtures.ts';
import { funnelOf, type OracleEvent, type OracleGoal } from '../oracle.ts';
import { runs } from '../runs.ts';
import { addDays, eventsIn, historyOf, type QueryRequest } from './oracle-language.ts';
import { LATER, randomQueries } from './random-queries.ts';

beforeAll(applySchema);

type Days = readonly [from: string, to: string];

/** A query of days and filters, of which a funnel is asked. */
function queryOf(
  pixel: Pixel,
  { date_range, filters, include }: Omit<QueryRequest, 'metrics' | 'dimensions'>,
): ParsedQuery {
  const query = parseQuery({ site_id: pixel.id, metrics: ['visitors'], date_range, filters, include });
  if (!query.ok) throw new Error(JSON.stringify(query.error));
  return query.value;
}

const ofDays = (pixel: Pixel, date_range: Days): ParsedQuery => queryOf(pixel, { date_range, filters: [] });

async function countsOf(
  pixel: Pixel,
  funnel: Funnel,
  range: Days,
  query = ofDays(pixel, range),
): Promise<number[]> {
  const answer = await runFunnel(db, pixel, funnel, query, LATER);
  if (!answer.ok) throw new Error(JSON.stringify(answer.error));
  expect(answer.value.steps.map(({ goal }) => goal)).toEqual(funnel.steps);
  return answer.value.steps.map(({ count }) => Number(count));
}

function expectedCounts(events: readonly OracleEvent[], zone: string, funnel: Funnel, range: Days): number[] {
  const steps = funnel.steps.map((step) => GOALS.find(({ name }) => name === step) as OracleGoal);
  return funnelOf(events, zone, { steps, within: funnel.within }, range, LINKS);
}

const funnels: fc.Arbitrary<Funnel> = fc.record({
  name: fc.constant('Funnel'),
  steps: fc.array(fc.constantFrom(...GOALS.map(({ name }) => name)), { minLength: 2, maxLength: 4 }),
  within: fc.oneof(
    fc.constant('visit' as const),
    fc.constantFrom(1, 2, 24, 72).map((hours) => ({ hours })),
  ),
});

function ranges(day: string): fc.Arbitrary<Days> {
  const offset = fc.integer({ min: -2, max: 2 });
  return fc
    .tuple(offset, offset)
    .map(([a, b]) => [addDays(day, Math.min(a, b)), addDays(day, Math.max(a, b))] as const);
}

describe('funnels', () => {
  it.each(ODD_DAYS)(
    'count visits and people with a matching chain of events in %s around %s',
    async (zone, day) => {
      await fc.assert(
        fc.asyncProperty(
          histories(day, 60),
          fc.array(fc.tuple(funnels, ranges(day)), { minLength: 8, maxLength: 8 }),
          async (events, list) => {
            const pixel = await makePixel(zone, { goals: GOALS });
            await linkPeople(pixel);
            await store(pixel, events);
            for (const [funnel, range] of list) {
              expect(await countsOf(pixel, funnel, range), JSON.stringify([funnel, range])).toEqual(
                expectedCounts(events, zone, funnel, range),
              );
            }
          },
        ),
        { numRuns: runs(3, 6) },
      );
    },
  );

  it.each(['visit' as const, { hours: 1 }])(
    'take a filter as deep as SQLite allows, within %j',
    async (within) => {
      const pixel = await makePixel('UTC', { goals: GOALS });
      const of = (operator: string, dimension: string, value: string) => [operator, dimension, [value]];
      const both = [of('contains_not', 'person:last_source', 'x'), of('contains', 'person:devices', 'x')];
      const query = parseQuery({
        site_id: pixel.id,
        metrics: ['visitors'],
        date_range: ['2026-03-01', '2026-03-01'],
        filters: [['not', ['has_done', ['and', both]]]],
      });
      if (!query.ok) throw new Error(JSON.stringify(query.error));
      const funnel = { name: 'F', steps: ['Signup', 'Bought'], within };
      const answer = await runFunnel(db, pixel, funnel, query.value, Date.parse('2026-03-02T00:00:00Z'));
      expect(answer.ok).toBe(true);
    },
  );

  it.each(ODD_DAYS)(
    'with filters count visits and people with a matching event, in %s around %s',
    async (zone, day) => {
      await fc.assert(
        fc.asyncProperty(
          histories(day, 60),
          fc.array(fc.tuple(funnels, randomQueries(day, { moments: false })), { minLength: 8, maxLength: 8 }),
          async (events, list) => {
            const pixel = await makePixel(zone, { goals: GOALS });
            await linkPeople(pixel);
            await store(pixel, events);
            for (const [funnel, { date_range, filters, include }] of list) {
              const { attribution_days = 30 } = include;
              const request = { date_range, filters, include: { attribution_days } };
              const steps = funnel.steps.map((step) => GOALS.find(({ name }) => name === step) as OracleGoal);
              const picked = eventsIn(historyOf(events, zone, GOALS, LINKS), {
                ...request,
                metrics: [],
                dimensions: [],
              });
              const wanted = funnelOf(
                events,
                zone,
                { steps, within: funnel.within },
                date_range,
                LINKS,
                (event) => picked.has(event),
              );
              const counts = await countsOf(pixel, funnel, date_range, queryOf(pixel, request));
              expect(counts, JSON.stringify([funnel, request])).toEqual(wanted);
            }
          },
        ),
        { numRuns: runs(3, 6) },
      );
    },
  );

  const at = (time: string) => Date.parse(`2026-02-03T${time}Z`);
  const event = (time: string, name: string, more: Readonly<Record<string, string>> = {}): OracleEvent => ({
    ts: at(time),
    id: `${time} ${name}`,
    name,
    visitor: 'ann',
    ...more,
  });
  const range: Days = ['2026-02-03', '2026-02-03'];

  it('use a later first step if only that is in time for the second', async () => {
    const pixel = await makePixel('UTC', { goals: GOALS });
    const steps = ['Signup', 'Bought'];
    await store(pixel, [
      event('08:00:00', 'Signup', { person: 'p' }),
      event('11:00:00', 'Signup', { person: 'p' }),
      event('12:00:00', 'Purchase', { person: 'p', visitor: 'eve' }),
    ]);
    const within = (hours: number): Funnel => ({ name: 'F', steps, within: { hours } });
    expect(await countsOf(pixel, within(1), range)).toEqual([1, 1]);
    expect(await countsOf(pixel, { name: 'F', steps, within: 'visit' }, range)).toEqual([2, 0]);
  });

  it('follow each first step separately, even if two lead to the same second step', async () => {
    const pixel = await makePixel('UTC', { goals: GOALS });
    await store(pixel, [
      event('08:00:00', 'Signup', { person: 'p' }),
      event('09:00:00', 'Signup', { person: 'p' }),
      event('09:30:00', 'Purchase', { person: 'p' }),
      event('10:30:00', 'pageview', { person: 'p' }),
    ]);
    const steps = ['Signup', 'Bought', 'Saw anything'];
    expect(await countsOf(pixel, { name: 'F', steps, within: { hours: 2 } }, range)).toEqual([1, 1, 1]);
  });

  it('follow the first step that gets furthest', async () => {
    const names = ['Signup', 'Signup', 'Signup', 'Purchase', 'pageview'];
    // Several at one moment, and gaps about as long as a window.
    const moments = fc.array(
      fc.tuple(fc.constantFrom(0, 1, 10, 30, 55, 60, 61, 90), fc.constantFrom(...names)),
      {
        minLength: 10,
        maxLength: 40,
      },
    );
    const funnelSteps = fc.record({
      name: fc.constant('F'),
      steps: fc.array(fc.constantFrom('Signup', 'Bought', 'Saw anything'), { minLength: 2, maxLength: 4 }),
      within: fc.constantFrom('visit' as const, { hours: 1 }, { hours: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(
        moments,
        fc.array(funnelSteps, { minLength: 6, maxLength: 6 }),
        fc.constantFrom('p', 'ann'),
        async (gaps, list, person) => {
          let ts = at('01:00:00');
          const events = gaps.map(([minutes, name], index): OracleEvent => {
            ts += minutes * 60_000;
            return { ts, id: `e${String(index).padStart(2, '0')}`, name, visitor: 'ann', person };
          });
          const pixel = await makePixel('UTC', { goals: GOALS });
          await store(pixel, events);
          const days: Days = ['2026-02-03', '2026-02-06'];
          for (const funnel of list) {
            expect(await countsOf(pixel, funnel, days), JSON.stringify(funnel)).toEqual(
              expectedCounts(events, 'UTC', funnel, days),
            );
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('need an event for each of eight steps, also for the same goal again', async () => {
    const pixel = await makePixel('UTC', { goals: GOALS });
    await store(
      pixel,
      [0, 1, 2, 3, 4, 5].map((minute) => event(`08:0${minute}:00`, 'Signup')),
    );
    const steps = Array.from({ length: 8 }, () => 'Signup');
    expect(await countsOf(pixel, { name: 'F', steps, within: 'visit' }, range)).toEqual([
      1, 1, 1, 1, 1, 1, 0, 0,
    ]);
  });

  it('have the shares of the first and previous step, and the number lost', async () => {
    const pixel = await makePixel('UTC', { goals: GOALS });
    const visits = ['a', 'b', 'c', 'd', 'e', 'f'].flatMap((visitor, index) => [
      event('08:00:00', 'pageview', { visitor, id: `${visitor}1` }),
      ...(index < 3 ? [event('08:01:00', 'Signup', { visitor, id: `${visitor}2` })] : []),
      ...(index < 2 ? [event('08:02:00', 'Purchase', { visitor, id: `${visitor}3` })] : []),
    ]);
    await store(pixel, visits);
    const steps = ['Saw anything', 'Signup', 'Bought', 'Went pro'];
    const answer = await runFunnel(
      db,
      pixel,
      { name: 'F', steps, within: 'visit' },
      ofDays(pixel, range),
      LATER,
    );
    expect(answer).toMatchObject({
      ok: true,
      value: {
        steps: [
          { goal: 'Saw anything', count: 6, of_first: 100, of_previous: 100, lost: 0 },
          { goal: 'Signup', count: 3, of_first: 50, of_previous: 50, lost: 3 },
          { goal: 'Bought', count: 2, of_first: 33.33, of_previous: 66.67, lost: 1 },
          { goal: 'Went pro', count: 0, of_first: 0, of_previous: 0, lost: 2 },
        ],
      },
    });
  });
});
