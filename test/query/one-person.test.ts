/** What one person's events cost: twice as many cost twice as much, in every query that follows a person from event to event. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Pixel } from '../../src/model/pixel.ts';
import { runFunnel } from '../../src/query/funnel.ts';
import { parseQuery } from '../../src/query/language.ts';
import { runQuery } from '../../src/query/run.ts';
import { applySchema, counting, GOALS, linkPeople, makePixel, store } from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';
import { LATER } from './random-queries.ts';

beforeAll(applySchema);

const DAY = '2026-02-03';
const START = Date.parse(`${DAY}T00:00:00Z`);

/** So many events of one person, ten seconds apart, by turns of a few names, pages and sources. */
function events(count: number, more: Partial<OracleEvent> = {}): OracleEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    ts: START + index * 10_000,
    id: `e${String(index).padStart(5, '0')}`,
    name: ['Signup', 'Purchase', 'pageview'][index % 3] as string,
    visitor: 'ann',
    // Several aliases of one person.
    person: ['uann', 'exe', 'ceve'][index % 3] as string,
    page: `/${index % 7}`,
    source: index % 2 === 0 ? 'Google' : '',
    channel: index % 2 === 0 ? 'Organic Search' : 'Direct',
    ...more,
  }));
}

async function pixelOf(list: readonly OracleEvent[]): Promise<Pixel> {
  const pixel = await makePixel('UTC', { goals: GOALS });
  await linkPeople(pixel);
  await store(pixel, list);
  return pixel;
}

/** Rows that a query or funnel reads, of one person with so many events. */
async function rowsRead(
  pixel: Pixel,
  request: Readonly<Record<string, unknown>>,
  steps?: readonly string[],
): Promise<number> {
  const query = parseQuery({
    site_id: pixel.id,
    metrics: ['visitors'],
    date_range: [DAY, DAY],
    ...request,
  });
  if (!query.ok) throw new Error(JSON.stringify(query.error));
  const { db, cost } = counting();
  const answer = steps
    ? await runFunnel(db, pixel, { name: 'F', steps, within: { hours: 168 } }, query.value, LATER)
    : await runQuery(db, query.value, pixel, LATER);
  if (!answer.ok) throw new Error(JSON.stringify(answer.error));
  return cost.read;
}

describe('the events of one person cost no more than as many of multiple people, in', () => {
  const ALL_DIRECT = { source: '', channel: 'Direct' };
  const NONE_DIRECT = { source: 'Google', channel: 'Organic Search' };
  const QUERIES: readonly (readonly [
    what: string,
    request: Readonly<Record<string, unknown>>,
    more?: Partial<OracleEvent>,
    steps?: readonly string[],
  ])[] = [
    ['a funnel', {}, {}, ['Signup', 'Bought', 'Saw anything']],
    ['a funnel of first steps only', {}, { name: 'Signup' }, ['Signup', 'Bought']],
    [
      'a funnel of one goal again and again',
      {},
      { name: 'Signup' },
      Array.from({ length: 8 }, () => 'Signup'),
    ],
    [
      'a funnel with a filter',
      { filters: [['is', 'event:page', ['/1']]] },
      {},
      ['Signup', 'Bought', 'Signup'],
    ],
    ['what brought first', { dimensions: ['person:first_source'] }],
    ['what brought last', { dimensions: ['person:last_source'] }],
    ['what brought, of who always came directly', { dimensions: ['person:last_source'] }, ALL_DIRECT],
    ['what brought, of who never came directly', { dimensions: ['person:first_source'] }, NONE_DIRECT],
    ['a filter by what brought', { filters: [['is', 'person:last_source', ['Google']]] }],
    ['people', { metrics: ['people', 'new_people', 'cross_device_people'], dimensions: ['event:page'] }],
    ['kinds of device', { dimensions: ['person:devices', 'event:page'] }],
    [
      'behavior',
      {
        filters: [
          ['has_done', ['is', 'event:page', ['/1']]],
          ['has_not_done', ['is', 'event:page', ['/x']]],
        ],
      },
    ],
  ];

  it.each(QUERIES.map(([what, ...rest]) => ({ what, rest })))(
    '$what',
    async ({ rest: [request, more, steps] }) => {
      const [few, many] = [
        await rowsRead(await pixelOf(events(300, more)), request, steps),
        await rowsRead(await pixelOf(events(1200, more)), request, steps),
      ];
      expect(few).toBeGreaterThan(300);
      // Four times as many; the square would be sixteen.
      expect(many / few).toBeLessThan(5);
    },
  );

  it.each(QUERIES.map(([what, ...rest]) => ({ what, rest })))(
    '$what, of as many people as events, of whom all or none were there before',
    async ({ rest: [request, more, steps] }) => {
      for (const others of [0, 5000]) {
        const people = (count: number) =>
          events(count, more).flatMap((event, index) => [
            { ...event, person: `u${index}` },
            { ...event, ts: event.ts - 86_400_000, id: `b${index}`, person: `u${index + others}` },
          ]);
        const few = await rowsRead(await pixelOf(people(150)), request, steps);
        const many = await rowsRead(await pixelOf(people(600)), request, steps);
        expect(many / few).toBeLessThan(5);
      }
    },
  );
});
