/**
 * Small groups against somebody who asks everything, as often as they like. `npm test` plays some histories against
 * the rule and a few against the database; a long run is
 *
 *     ATTACK_HISTORIES=20000 npx vitest run --project worker test/query/attacker.test.ts
 */
import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Pixel } from '../../src/model/pixel.ts';
import { parseQuery } from '../../src/query/language.ts';
import { runQuery } from '../../src/query/run.ts';
import { applySchema, db, makePixel, runJobs, store } from '../fixtures.ts';
import type { OracleEvent, OracleGoal } from '../oracle.ts';
import { runs } from '../runs.ts';
import { findSmallGroup, learn, type SmallGroup } from './attacker.ts';
import { addDays, historyOf } from './oracle-language.ts';
import { COUNTED, FULL_RULE, type ReportedRow, ReportModel, type Rule, type Simple } from './report-model.ts';

beforeAll(applySchema);

const givenHistories = (env as unknown as Readonly<Record<'ATTACK_HISTORIES', string>>).ATTACK_HISTORIES;
const HISTORIES = Number(givenHistories || runs(20, 60));

/** From a Thursday over a whole week to a Monday. */
const FIRST = '2026-11-05';
const DAYS = Array.from({ length: 12 }, (_, index) => addDays(FIRST, index));
const LAST = DAYS.at(-1) as string;
const TODAY = addDays(LAST, 1);
const NOW = Date.parse(`${TODAY}T13:30:00Z`);

const GOALS: readonly OracleGoal[] = [
  { name: 'Signup', event: 'Signup' },
  { name: 'Read', page: '/a*' },
];
const DIMENSIONS = ['event:page', 'visit:country', 'visit:browser', 'event:goal', 'event:props:plan'];
const FILTERS: readonly Simple['filters'][] = [
  [],
  [['is', 'event:page', ['/a']]],
  [['is', 'visit:country', ['LU']]],
  [['is', 'event:goal', ['Read']]],
  [
    ['is', 'visit:country', ['DE']],
    ['is', 'event:page', ['/']],
  ],
];

/** Numbers that are the same for the same seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Days of some visitors each, a few of whom come twice or do something rare. */
function historyFrom(seed: number, busy: number): OracleEvent[] {
  const random = randomFrom(seed);
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  const events: OracleEvent[] = [];
  for (const day of DAYS) {
    for (let visitor = random(busy); visitor > 0; visitor--) {
      const country = pick(['DE', 'DE', 'DE', 'US', 'LU']);
      const browser = pick(['Chrome', 'Chrome', 'Chrome', 'Lynx']);
      const start = Date.parse(`${day}T00:00:00Z`) + random(22) * 3_600_000;
      for (let event = 1 + (random(3) === 0 ? random(3) : 0); event > 0; event--) {
        events.push({
          ts: start + event * 1_900_000 * random(2) + event,
          id: `e${String(events.length).padStart(4, '0')}`,
          name: pick(['pageview', 'pageview', 'pageview', 'Signup']),
          visitor: `v${visitor}`,
          page: pick(['/', '/', '/a', '/ab']),
          country,
          browser,
          props: pick(['', '', '{"plan":"pro"}', '{"plan":"free"}']),
        });
      }
    }
  }
  return events;
}

/** Everything that is asked: ranges that differ by a day at either end, by each dimension, filter and time. */
const QUERIES: readonly Simple[] = [
  ...DAYS.map((day) => [FIRST, day] as const),
  ...DAYS.slice(1).map((day) => [day, TODAY] as const),
  ...DAYS.slice(1).map((day) => [day, day] as const),
].flatMap((range) =>
  FILTERS.flatMap((filters) =>
    [null, ...DIMENSIONS].flatMap((dimension) =>
      (range[0] === FIRST && range[1] === LAST && filters.length < 2
        ? [null, 'time:hour', 'time:day', 'time:week']
        : [null]
      ).map((time): Simple => ({ dimension, time, filters, range })),
    ),
  ),
);

/** Who has one filter twice, or a dimension that is filtered by, asks what is asked otherwise already. */
const REQUESTS = QUERIES.filter(({ dimension, filters }) => filters.every(([, name]) => name !== dimension));

function attackRule(seed: number, least: number, rule: Rule): SmallGroup | null {
  const history = historyOf(historyFrom(seed, 5 * least), 'UTC', GOALS);
  const model = new ReportModel(history, least, LAST);
  return findSmallGroup(
    REQUESTS.flatMap((request) => learn(request, model.answer(request, rule))),
    least,
  );
}

describe('the rule', () => {
  it('reveals no small group to an attacker', { timeout: 3_600_000 }, () => {
    for (let seed = 1; seed <= HISTORIES; seed++) {
      const smallGroup = attackRule(seed, 2 + (seed % 4), FULL_RULE);
      expect(smallGroup, `seed ${seed}: ${smallGroup?.how}`).toBeNull();
    }
  });

  it.each([
    ['without any protection', { threshold: false, byCell: false, rounding: false }],
    ['with a bound of the answer as a whole', { threshold: true, byCell: false, rounding: false }],
    ['with a bound of each day and week, not rounded', { threshold: true, byCell: true, rounding: false }],
  ] as [string, Rule][])('is needed: %s an attacker finds somebody in most histories', (_, rule) => {
    const seeds = Array.from({ length: 20 }, (_one, index) => index + 1);
    const smallGroup = seeds.filter((seed) => attackRule(seed, 2 + (seed % 4), rule) !== null);
    expect(smallGroup.length).toBeGreaterThan(10);
  });
});

async function ask(
  pixel: Pixel,
  { dimension, time, filters, range }: Simple,
  now = NOW,
): Promise<ReportedRow[]> {
  const query = parseQuery({
    site_id: pixel.id,
    metrics: COUNTED,
    dimensions: [...(time === null ? [] : [time]), ...(dimension === null ? [] : [dimension])],
    filters,
    date_range: range,
  });
  if (!query.ok) throw new Error(JSON.stringify(query.error));
  const answer = await runQuery(db, query.value, pixel, now);
  if (!answer.ok) throw new Error(JSON.stringify(answer.error));
  return answer.value.results
    .filter(({ metrics }) => metrics[0] !== null)
    .map(({ dimensions, metrics }) => ({ dimensions, counts: metrics.map(Number) }));
}

async function pixelOf(events: readonly OracleEvent[], min_group: number): Promise<Pixel> {
  const pixel = await makePixel('UTC', { min_group, goals: GOALS });
  await store(pixel, events);
  await runJobs(NOW);
  return pixel;
}

const inOrder = (rows: readonly ReportedRow[]): string[] => rows.map((row) => JSON.stringify(row)).toSorted();

describe('answers', () => {
  it.each([1, 2, 3])('follow the rule, and reveal no small group: history %i', async (seed) => {
    const least = 2 + seed;
    const events = historyFrom(seed, 5 * least);
    const pixel = await pixelOf(events, least);
    const model = new ReportModel(historyOf(events, 'UTC', GOALS), least, LAST);
    const learned = [];
    // Some of all, others each time.
    for (const request of REQUESTS.filter((_, index) => index % 3 === seed % 3)) {
      const rows = await ask(pixel, request);
      expect(inOrder(rows), JSON.stringify(request)).toEqual(inOrder(model.answer(request)));
      learned.push(...learn(request, rows));
    }
    expect(learned.length).toBeGreaterThan(100);
    expect(findSmallGroup(learned, least)).toBeNull();
  });

  it('of the same pixel without protection reveal one', async () => {
    const pixel = await pixelOf(historyFrom(1, 15), 0);
    const learned = [];
    for (const request of REQUESTS.filter((_, index) => index % 9 === 0)) {
      learned.push(...learn(request, await ask(pixel, request)));
    }
    expect(findSmallGroup(learned, 3)).not.toBeNull();
  });

  it('do not change when an event arrives today, nor as the day goes on', async () => {
    const least = 4;
    const events = historyFrom(7, 20);
    const pixel = await pixelOf(events, least);
    const some = REQUESTS.filter((_, index) => index % 11 === 0);
    const askAll = (now: number) => Promise.all(some.map((request) => ask(pixel, request, now)));
    const before = await askAll(NOW);
    for (const visitor of ['eve', 'ann', 'bob', 'joe', 'sue']) {
      const one = {
        ts: NOW - 1000,
        id: `today ${visitor}`,
        name: 'pageview',
        visitor,
        page: '/a',
        country: 'LU',
      };
      await store(pixel, [{ ...one, browser: 'Lynx' }]);
      expect(await askAll(NOW)).toEqual(before);
    }
    expect(await askAll(NOW + 10 * 3_600_000)).toEqual(before);
    // Nor when the day is over, until it has been rolled up.
    expect(await askAll(Date.parse(`${addDays(TODAY, 1)}T00:00:01Z`))).toEqual(before);
  });

  it('change by complete groups when events arrive for a reported day', async () => {
    const least = 4;
    const events = historyFrom(8, 20);
    const pixel = await pixelOf(events, least);
    const late = {
      ts: Date.parse(`${DAYS[3]}T10:00:00Z`),
      name: 'pageview',
      page: '/a',
      country: 'LU',
      browser: 'Lynx',
    };
    for (let index = 0; index < 6; index++) {
      const event = { ...late, id: `late${index}`, visitor: `late${index}` };
      await store(pixel, [event]);
      await runJobs(NOW);
      for (const request of REQUESTS.filter((_, place) => place % 29 === 0)) {
        for (const { counts } of await ask(pixel, request)) {
          for (const count of counts) expect(count % least).toBe(0);
        }
      }
    }
  });
});
