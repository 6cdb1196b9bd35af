/** Small groups of visitors: folded, and not to be told by what two answers differ in. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Pixel } from '../../src/model/pixel.ts';
import { runFunnel } from '../../src/query/funnel.ts';
import { parseQuestion } from '../../src/query/language.ts';
import { type Answer, runQuestion } from '../../src/query/run.ts';
import { applySchema, db, GOALS, histories, linkPeople, makePixel, runJobs, store } from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';
import { ask, LATER, questions } from './questions.ts';

beforeAll(applySchema);

const LEAST = 5;
const DAY = '2026-11-10';
const noon = Date.parse(`${DAY}T12:00:00Z`);

/**
 * Twenty visitors from Google and ten from news see the front page; all but one of each see the shop, and those of news
 * a page about it; one of Google's, eve,
 * sees a page that nobody else does and buys something.
 */
function town(): OracleEvent[] {
  const events: OracleEvent[] = [];
  const add = (visitor: string, source: string, page: string, more: Record<string, unknown> = {}) => {
    const id = `e${String(events.length).padStart(3, '0')}`;
    events.push({
      ts: noon + events.length * 1000,
      id,
      name: 'pageview',
      visitor,
      source,
      page,
      country: source === 'Google' ? 'DE' : 'US',
      ...more,
    } as OracleEvent);
  };
  for (let index = 0; index < 30; index++) {
    const visitor = index === 0 ? 'eve' : `v${index}`;
    const source = index < 20 ? 'Google' : 'news';
    add(visitor, source, '/');
    if (index !== 0 && index !== 20) add(visitor, source, '/shop');
    if (index > 20) add(visitor, source, '/about');
  }
  add('eve', 'Google', '/secret', { name: 'Purchase', value: 12_340_000, currency: 'EUR' });
  add('v5', 'Google', '/shop', { name: 'Purchase', value: 5_000_000, currency: 'EUR' });
  return events;
}

const METRICS = ['visitors', 'visits', 'pageviews', 'events', 'total_revenue', 'people', 'bounce_rate'];

/** The answer to a question, or null when it asks more at once than a protected pixel answers. */
async function askIfSimple(pixel: Pixel, asked: Readonly<Record<string, unknown>>): Promise<Answer | null> {
  const question = parseQuestion({ site_id: pixel.id, ...asked });
  if (!question.ok) throw new Error(JSON.stringify(question.error));
  const answer = await runQuestion(db, question.value, pixel, LATER);
  if (answer.ok) return answer.value;
  expect(answer.error).toMatchObject({ reason: 'invalid_query', errors: [{ path: 'filters' }] });
  return null;
}

describe('small groups', () => {
  let pixel: Pixel;
  beforeAll(async () => {
    pixel = await makePixel('UTC', { min_group: LEAST, goals: GOALS });
    await store(pixel, town());
  });

  const total = async (filters: unknown[], metrics = METRICS) =>
    (await ask(pixel, { metrics, dimensions: [], filters, date_range: [DAY, DAY] })).results[0]?.metrics;
  const rows = async (dimension: string, filters: unknown[] = []) => {
    const { results } = await ask(pixel, {
      metrics: ['visitors', 'events'],
      dimensions: [dimension],
      filters,
      date_range: [DAY, DAY],
    });
    return Object.fromEntries(results.map(({ dimensions, metrics }) => [dimensions[0], metrics]));
  };

  it('are folded into one row, and the smallest other with it when that is too small by itself', async () => {
    expect(await rows('event:page')).toEqual({ '/': [30, 30], '/shop': [28, 29], '(hidden)': [10, 10] });
    const answer = await ask(pixel, {
      metrics: ['visitors'],
      dimensions: ['visit:source'],
      filters: [],
      date_range: [DAY, DAY],
    });
    expect(answer.results.map(({ dimensions }) => dimensions[0])).toEqual(['Google', 'news']);
    expect(answer.meta).toMatchObject({ min_group: LEAST });
  });

  it('change nothing of totals that no filter narrows', async () => {
    expect(await total([])).toMatchObject([30, 30, 67, 69, { value: 17.34 }, 0, expect.any(Number)]);
  });

  it('cannot be named by a filter, in no way of writing it', async () => {
    const nothing = METRICS.map(() => null);
    for (const filter of [
      ['is', 'event:page', ['/secret']],
      ['contains', 'event:page', ['secret']],
      ['matches', 'event:page', ['^/se']],
      ['is', 'event:page', ['/SECRET'], { case_sensitive: false }],
      ['is', 'event:goal', ['Bought']],
      ['has_done', ['is', 'event:page', ['/secret']]],
      [
        'or',
        [
          ['is', 'event:page', ['/secret']],
          ['is', 'event:page', ['/nowhere']],
        ],
      ],
      ['is', 'event:page', ['(hidden)']],
    ]) {
      expect(await total([filter]), JSON.stringify(filter)).toEqual(nothing);
    }
  });

  it.each([
    [
      'a list with one value more',
      [['is', 'event:page', ['/', '/shop']]],
      [['is', 'event:page', ['/', '/shop', '/secret']]],
    ],
    ['all but one value', [], [['is_not', 'event:page', ['/secret']]]],
    ['all but what contains it', [], [['contains_not', 'event:page', ['secret']]]],
    ['all that did not do it', [], [['has_not_done', ['is', 'event:page', ['/secret']]]]],
    [
      'all but it, within another filter',
      [['is', 'visit:source', ['Google']]],
      [
        ['is', 'visit:source', ['Google']],
        ['is_not', 'event:page', ['/secret']],
      ],
    ],
    [
      'all but it, in one filter',
      [['is', 'visit:source', ['Google']]],
      [
        [
          'and',
          [
            ['is', 'visit:source', ['Google']],
            ['not', ['is', 'event:page', ['/secret']]],
          ],
        ],
      ],
    ],
    [
      'an intersection',
      [['is', 'visit:source', ['Google']]],
      [
        ['is', 'visit:source', ['Google']],
        ['has_done', ['is', 'event:page', ['/shop']]],
      ],
    ],
    [
      'an intersection from the other side',
      [['has_done', ['is', 'event:page', ['/shop']]]],
      [
        ['has_done', ['is', 'event:page', ['/shop']]],
        ['is', 'visit:source', ['Google']],
      ],
    ],
  ] as [string, unknown[], unknown[]][])('do not show in the difference of %s', async (_, wide, narrow) => {
    for (const dimensions of [[], ['visit:source'], ['visit:country'], ['event:name'], ['time:hour']]) {
      const asked = (filters: unknown[]) =>
        ask(pixel, {
          metrics: METRICS.filter((name) => name !== 'bounce_rate'),
          dimensions,
          filters,
          date_range: [DAY, DAY],
        });
      const [more, less] = await Promise.all([asked(wide), asked(narrow)]);
      for (const { dimensions: key, metrics } of less.results) {
        const beside = more.results.find((row) => JSON.stringify(row.dimensions) === JSON.stringify(key));
        const [visitors, , , events] = metrics;
        if (visitors === null || !beside || beside.metrics[0] === null || key.includes('(hidden)')) continue;
        const [moreVisitors, , , moreEvents] = beside.metrics;
        const differs = JSON.stringify(metrics) !== JSON.stringify(beside.metrics);
        // Either nothing is told, or what differs is of enough visitors.
        if (differs) expect(Number(moreVisitors) - Number(visitors)).toBeGreaterThanOrEqual(LEAST);
        else expect(moreEvents).toBe(events);
      }
    }
  });

  it('are not told by steps of a funnel', async () => {
    const steps = async (names: string[], filters: unknown[] = []) => {
      const body = { site_id: pixel.id, metrics: ['visitors'], date_range: [DAY, DAY], filters };
      const question = parseQuestion(body);
      if (!question.ok) throw new Error(JSON.stringify(question.error));
      const funnel = { name: 'F', steps: names, within: 'visit' } as const;
      const answer = await runFunnel(db, pixel, funnel, question.value, LATER);
      return answer.ok ? answer.value.steps.map(({ count, lost }) => [count, lost]) : answer.error;
    };
    expect(await steps(['Saw anything', 'Bought'])).toEqual([
      [30, 0],
      [null, null],
    ]);
    expect(await steps(['Saw anything', 'Saw anything'])).toEqual([
      [30, 0],
      [null, null],
    ]);
    // Two funnels, of which one has a filter more, would tell of whom they differ in.
    expect(await steps(['Saw anything', 'Saw anything'], [['is', 'visit:source', ['Google']]])).toMatchObject(
      {
        reason: 'invalid_query',
        errors: [{ path: 'filters' }],
      },
    );
  });

  it('bound what may be asked at once', async () => {
    const refused = async (asked: Record<string, unknown>) => {
      const question = parseQuestion({
        site_id: pixel.id,
        metrics: ['visitors'],
        date_range: [DAY, DAY],
        ...asked,
      });
      if (!question.ok) throw new Error(JSON.stringify(question.error));
      const answer = await runQuestion(db, question.value, pixel, LATER);
      return answer.ok ? null : answer.error;
    };
    expect(await refused({ dimensions: ['time:day', 'event:page', 'visit:source'] })).toMatchObject({
      errors: [{ path: 'dimensions[2]' }],
    });
    const one = ['is', 'event:page', ['/']];
    expect(await refused({ filters: [one, one, ['and', [one, one, one]]] })).toMatchObject({
      errors: [{ path: 'filters' }],
    });
    expect(await refused({ filters: [one, one, one, one] })).toBeNull();
  });

  it('never show in a row, and nothing is lost from the sum of rows that tell all', async () => {
    await fc.assert(
      fc.asyncProperty(
        histories(DAY),
        fc.array(questions(DAY, { moments: false }), { minLength: 4, maxLength: 4 }),
        fc.integer({ min: 2, max: 4 }),
        fc.boolean(),
        async (events, list, least, rolled) => {
          const open = await makePixel('UTC', { goals: GOALS });
          const safe = await makePixel('UTC', { goals: GOALS, min_group: least });
          for (const one of [open, safe]) {
            await linkPeople(one);
            await store(one, events);
          }
          if (rolled) await runJobs(LATER);
          for (const asked of list) {
            const dimensions = asked.dimensions.filter((name) => !name.startsWith('time:')).slice(0, 1);
            const question = { ...asked, dimensions, include: {}, filters: asked.filters.slice(0, 1) };
            const metrics = ['visitors', 'events'];
            const answer = await askIfSimple(safe, { ...question, metrics });
            if (answer === null) continue;
            if (dimensions.length === 0 && question.filters.length === 0) continue;
            const told = answer.results.filter((row) => row.metrics[0] !== null);
            for (const row of told) {
              expect(
                Number(row.metrics[0]),
                JSON.stringify([question, answer.results]),
              ).toBeGreaterThanOrEqual(least);
            }
            if (question.filters.length > 0 || told.length < answer.results.length) continue;
            const sum = (rows: Answer['results']) =>
              rows.reduce((all, row) => all + Number(row.metrics[1]), 0);
            expect(sum(told)).toBe(sum((await ask(open, { ...question, metrics })).results));
          }
        },
      ),
      { numRuns: 12 },
    );
  });
});
