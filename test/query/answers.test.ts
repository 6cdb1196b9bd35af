/** Random questions over random histories: the answer from rollups, from events and from the oracle must be one. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { DIMENSIONS } from '../../src/model/dimensions.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { addDays } from '../../src/model/time-zone.ts';
import { parseQuestion } from '../../src/query/language.ts';
import { type Answer, runQuestion } from '../../src/query/run.ts';
import { applySchema, db, histories, makePixel, ODD_DAYS, runJobs, store } from '../fixtures.ts';
import {
  countBy,
  local,
  type OracleCounts,
  type OracleEvent,
  type Visit,
  valueIn,
  visitsOf,
  zero,
} from '../oracle.ts';

const LATER = Date.parse('2027-06-01T00:00:00Z');

beforeAll(applySchema);

interface Asked {
  readonly metrics: readonly string[];
  readonly dimensions: readonly string[];
  readonly filters: readonly unknown[];
  readonly date_range: readonly [string, string];
}

const METRICS: Record<string, (counts: OracleCounts) => number> = {
  visitors: ({ visitors }) => visitors,
  visits: ({ visits }) => visits,
  pageviews: ({ pageviews }) => pageviews,
  events: ({ events }) => events,
  views_per_visit: ({ pageviews, visits }) =>
    visits === 0 ? 0 : Math.round((100 * pageviews) / visits) / 100,
  bounce_rate: ({ bounces, visits }) => (visits === 0 ? 0 : Math.round((100 * bounces) / visits)),
  visit_duration: ({ duration, visits }) => (visits === 0 ? 0 : Math.round(duration / 1000 / visits)),
};
const OF_VISIT = ['views_per_visit', 'bounce_rate', 'visit_duration'];

/** How an answer shows a value. */
function shown(dimension: string, value: string): string {
  if (value === '') return DIMENSIONS.get(dimension)?.none ?? '';
  if (dimension === 'visit:country_name') return { DE: 'Germany', US: 'United States' }[value] ?? value;
  return value;
}

/** The column-wise name of a dimension that only renames another's values. */
const BASE: Record<string, string> = {
  'visit:country_name': 'visit:country',
  'visit:city_name': 'visit:city',
};

function keyOf(event: OracleEvent, visit: Visit, dimension: string, zone: string): string {
  const { day } = local(zone, event.ts);
  switch (dimension) {
    case 'time:day':
      return day;
    case 'time:week':
      return addDays(day, -((new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7));
    case 'time:month':
      return `${day.slice(0, 7)}-01`;
    case 'time:hour':
      return local(zone, event.ts).hour;
    default:
      return shown(dimension, valueIn(event, visit, BASE[dimension] ?? dimension, zone));
  }
}

function matches(filter: unknown, event: OracleEvent, visit: Visit, zone: string): boolean {
  const [operator, second, third] = filter as [string, unknown, string[]];
  switch (operator) {
    case 'and':
      return (second as unknown[]).every((inner) => matches(inner, event, visit, zone));
    case 'or':
      return (second as unknown[]).some((inner) => matches(inner, event, visit, zone));
    case 'not':
      return !matches(second, event, visit, zone);
  }
  const value = keyOf(event, visit, second as string, zone);
  const found = operator.startsWith('is')
    ? third.includes(value)
    : third.some((part) => value.includes(part));
  return operator.endsWith('_not') ? !found : found;
}

function oracleAnswer(events: readonly OracleEvent[], asked: Asked, zone: string): Map<string, number[]> {
  const [from, to] = asked.date_range;
  // Visits first: a visit lies within one day, so the range takes whole visits.
  const visits = visitsOf(events, zone).filter(({ day }) => day >= from && day <= to);
  const groups = countBy(
    visits,
    (event, visit) =>
      JSON.stringify(asked.dimensions.map((dimension) => keyOf(event, visit, dimension, zone))),
    (event, visit) => asked.filters.every((filter) => matches(filter, event, visit, zone)),
  );
  if (asked.dimensions.length === 0 && groups.size === 0) groups.set('[]', zero());
  return new Map(
    [...groups].map(([key, counts]) => [
      key,
      asked.metrics.map((name) => METRICS[name]?.(counts) ?? Number.NaN),
    ]),
  );
}

const TIMES = ['time:hour', 'time:day', 'time:week', 'time:month'];
const EVENT = ['event:name', 'event:page', 'event:hostname'];
const VISIT = [
  'visit:source',
  'visit:channel',
  'visit:browser',
  'visit:country',
  'visit:country_name',
  'visit:city_name',
  'visit:entry_page',
  'visit:exit_page',
  'visit:exit_page_hostname',
];

const test = fc.tuple(
  fc.constantFrom('is', 'is_not', 'contains', 'contains_not'),
  fc.constantFrom(...EVENT, ...VISIT),
  fc.array(
    fc.constantFrom(
      '/',
      '/a',
      'Google',
      'news',
      'Direct / None',
      '(not set)',
      'DE',
      'Germany',
      'pageview',
      'Signup',
      'o',
    ),
    { minLength: 1, maxLength: 3 },
  ),
);
const { filter } = fc.letrec<{ filter: unknown }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3 },
    test,
    fc.tuple(fc.constantFrom('and', 'or'), fc.array(tie('filter'), { minLength: 1, maxLength: 3 })),
    fc.tuple(fc.constant('not'), tie('filter')),
  ),
}));

function questions(day: string): fc.Arbitrary<Asked> {
  const offset = fc.integer({ min: -2, max: 2 });
  return fc
    .record({
      dimensions: fc.oneof(
        fc.constant([] as string[]),
        fc.constantFrom(...TIMES, ...EVENT, ...VISIT).map((one) => [one]),
        fc.tuple(fc.constantFrom(...TIMES), fc.constantFrom(...EVENT, ...VISIT)),
        fc.tuple(fc.constantFrom(...EVENT), fc.constantFrom(...VISIT)),
        fc.tuple(fc.constantFrom(...TIMES), fc.constantFrom(...EVENT), fc.constantFrom(...VISIT)),
      ),
      filters: fc.oneof(fc.constant([] as unknown[]), fc.array(filter, { minLength: 1, maxLength: 2 })),
      from: offset,
      to: offset,
    })
    .map(({ dimensions, filters, from, to }) => ({
      metrics: Object.keys(METRICS).filter(
        (name) => !OF_VISIT.includes(name) || !dimensions.some((dimension) => dimension.startsWith('event:')),
      ),
      dimensions,
      filters,
      date_range: [addDays(day, Math.min(from, to)), addDays(day, Math.max(from, to))] as const,
    }));
}

async function ask(pixel: Pixel, asked: Record<string, unknown>, now = LATER): Promise<Answer> {
  const question = parseQuestion({ site_id: pixel.id, ...asked });
  if (!question.ok) throw new Error(JSON.stringify(question.error));
  const answer = await runQuestion(db, question.value, pixel, now);
  if (!answer.ok) throw new Error(JSON.stringify(answer.error));
  return answer.value;
}

function asMap({ results }: Answer): Map<string, readonly number[]> {
  return new Map(results.map(({ dimensions, metrics }) => [JSON.stringify(dimensions), metrics]));
}

const sorted = (map: Map<string, readonly number[]>) => [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));

describe('answers', () => {
  /** What answered, over all zones: in a single one chance may leave a source out. */
  const sources = new Set<unknown>();

  it.each(ODD_DAYS)(
    'from events, from rollups and from the oracle are equal in %s around %s',
    async (zone, day) => {
      await fc.assert(
        fc.asyncProperty(
          histories(day),
          fc.array(questions(day), { minLength: 5, maxLength: 5 }),
          async (events, list) => {
            const pixel = await makePixel(zone);
            await store(pixel, events);
            const live = [];
            for (const asked of list) live.push(await ask(pixel, { ...asked }));
            await runJobs(LATER);
            // One day has changed since: it is answered from events among days answered from rollups.
            const [touched] = events;
            if (touched) {
              await db
                .prepare('UPDATE days SET dirty = 1 WHERE pixel = ? AND day = ?')
                .bind(pixel.id, local(zone, touched.ts).day)
                .run();
            }
            for (const [index, asked] of list.entries()) {
              const expected = sorted(oracleAnswer(events, asked, zone));
              expect(sorted(asMap(live[index] as Answer)), JSON.stringify(asked)).toEqual(expected);
              const rolled = await ask(pixel, { ...asked });
              expect(sorted(asMap(rolled)), JSON.stringify(asked)).toEqual(expected);
              sources.add(rolled.meta['source']);
            }
          },
        ),
        { numRuns: 12 },
      );
    },
  );

  it('came from every source there is', () => {
    expect([...sources].toSorted()).toEqual(['events', 'rollups', 'rollups+events']);
  });

  it('are pages of one list, whatever the page size', async () => {
    const pixel = await makePixel('UTC');
    const at = Date.parse('2026-02-03T10:00:00Z');
    await store(
      pixel,
      Array.from({ length: 23 }, (_, index) => ({
        ts: at + index,
        id: `e${index}`,
        name: 'pageview',
        visitor: `v${index}`,
        page: `/${index % 11}`,
      })),
    );
    const asked = {
      metrics: ['pageviews'],
      dimensions: ['event:page'],
      date_range: ['2026-02-01', '2026-02-04'],
      include: { total_rows: true },
    };
    const whole = await ask(pixel, asked);
    expect(whole.results).toHaveLength(11);
    expect(whole.meta['total_rows']).toBe(11);
    const pages = [];
    for (const offset of [0, 4, 8, 12]) {
      const page = await ask(pixel, { ...asked, pagination: { limit: 4, offset } });
      expect(page.meta['total_rows']).toBe(11);
      pages.push(...page.results);
    }
    expect(pages).toEqual(whole.results);
  });

  it('are ordered as asked, by default by time and then by the first metric', async () => {
    const pixel = await makePixel('UTC');
    const at = (day: number) => Date.parse(`2026-02-0${day}T10:00:00Z`);
    const view = (day: number, visitor: string, page: string, id: string) => ({
      ts: at(day),
      id,
      name: 'pageview',
      visitor,
      page,
    });
    await store(pixel, [
      view(1, 'a', '/x', '1'),
      view(1, 'b', '/y', '2'),
      view(1, 'c', '/y', '3'),
      view(2, 'a', '/x', '4'),
    ]);
    const base = { metrics: ['visitors', 'events'], date_range: ['2026-02-01', '2026-02-02'] };
    const dimensions = async (asked: Record<string, unknown>) =>
      (await ask(pixel, { ...base, ...asked })).results.map((row) => row.dimensions.join(' '));
    expect(await dimensions({ dimensions: ['event:page'] })).toEqual(['/x', '/y']);
    expect(await dimensions({ dimensions: ['event:page', 'time:day'] })).toEqual([
      '/y 2026-02-01',
      '/x 2026-02-01',
      '/x 2026-02-02',
    ]);
    expect(await dimensions({ dimensions: ['event:page'], order_by: [['event:page', 'desc']] })).toEqual([
      '/y',
      '/x',
    ]);
    expect(
      await dimensions({
        dimensions: ['time', 'event:page'],
        order_by: [
          ['visitors', 'asc'],
          ['event:page', 'asc'],
        ],
      }),
    ).toHaveLength(3);
  });

  it('answer the empty pixel with zeros, and with all labels when asked for them', async () => {
    const pixel = await makePixel('Australia/Lord_Howe');
    const nothing = await ask(pixel, { metrics: ['visitors', 'bounce_rate'], date_range: 'all' });
    expect(nothing.results).toEqual([{ metrics: [0, 0], dimensions: [] }]);
    const hours = await ask(pixel, {
      metrics: ['visitors'],
      date_range: ['2026-10-04', '2026-10-04'],
      dimensions: ['time'],
      include: { time_labels: true },
    });
    expect(hours.results).toEqual([]);
    // At two the clocks went on by half an hour: 02:30 to 03:00 is still an hour's label.
    expect(hours.meta['time_labels']).toHaveLength(24);
    const weeks = await ask(pixel, {
      metrics: ['visitors'],
      date_range: ['2026-02-01', '2026-03-01'],
      dimensions: ['time:week'],
      include: { time_labels: true },
    });
    expect(weeks.meta['time_labels']).toEqual([
      '2026-01-26',
      '2026-02-02',
      '2026-02-09',
      '2026-02-16',
      '2026-02-23',
    ]);
  });

  it('refuse what only raw events could tell once these are gone, and answer the rest from rollups', async () => {
    const pixel = await makePixel('UTC', { retention_days: 30 });
    const at = Date.parse('2026-02-03T10:00:00Z');
    await store(pixel, [{ ts: at, id: 'a', name: 'pageview', visitor: 'v', page: '/x', browser: 'Firefox' }]);
    await runJobs(at + 40 * 86_400_000);
    await runJobs(at + 43 * 86_400_000);
    const { results } = await db.prepare('SELECT * FROM events WHERE pixel = ?').bind(pixel.id).all();
    expect(results).toEqual([]);
    const range = { metrics: ['visitors'], date_range: ['2026-02-01', '2026-02-28'] };
    const answer = await ask(pixel, { ...range, dimensions: ['visit:browser'] });
    expect(answer).toMatchObject({
      results: [{ dimensions: ['Firefox'], metrics: [1] }],
      meta: { source: 'rollups' },
    });
    for (const more of [
      { filters: [['is', 'event:page', ['/x']]] },
      { dimensions: ['visit:browser', 'event:page'] },
      { dimensions: ['time:hour', 'event:page'] },
    ]) {
      const question = parseQuestion({ site_id: pixel.id, ...range, ...more });
      if (!question.ok) throw new Error('not a question');
      const refused = await runQuestion(db, question.value, pixel, LATER);
      expect(refused).toMatchObject({ ok: false, error: { reason: 'beyond_retention' } });
    }
  });
});
