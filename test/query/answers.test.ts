/** Random queries over random histories: the answer from rollups, from events and from the oracle must be one. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseQuery } from '../../src/query/language.ts';
import type { QueryResult } from '../../src/query/present.ts';
import { runQuery } from '../../src/query/run.ts';
import { erase } from '../../src/store/people.ts';
import {
  applySchema,
  db,
  GOALS,
  histories,
  LINKS,
  linkPeople,
  makePixel,
  ODD_DAYS,
  runJobs,
  store,
} from '../fixtures.ts';
import { local } from '../oracle.ts';
import { answerOf, type History, hasMultipleCurrencies, historyOf, labelsOf } from './oracle-language.ts';
import {
  answered,
  ask,
  inOneOrder,
  LATER,
  type RandomQuery,
  randomQueries,
  TIMES,
} from './random-queries.ts';

beforeAll(applySchema);

/** Holds an answer to the oracle's, whatever the order of its rows. */
function expectAnswer({ results, meta }: QueryResult, history: History, request: RandomQuery): void {
  const expected = answerOf(history, request);
  expect(inOneOrder(results), JSON.stringify(request)).toEqual(inOneOrder(expected).map(answered));
  if (request.include.total_rows) expect(meta['total_rows']).toBe(expected.length);
  const time = request.dimensions.find((name) => TIMES.includes(name));
  if (time && request.include.time_labels) {
    expect(meta['time_labels']).toEqual(labelsOf(time, request.date_range, history.zone));
  }
  expect('metric_warnings' in meta).toBe(hasMultipleCurrencies(history, request));
}

describe('answers', () => {
  /** What answered, over all zones: in a single one chance may leave a source out. */
  const sources = new Set<unknown>();

  it.each(ODD_DAYS)(
    'from events, from rollups and from the oracle are equal in %s around %s',
    async (zone, day) => {
      await fc.assert(
        fc.asyncProperty(
          histories(day),
          fc.array(randomQueries(day), { minLength: 6, maxLength: 6 }),
          async (events, list) => {
            const pixel = await makePixel(zone, { goals: GOALS });
            await linkPeople(pixel);
            const history = historyOf(events, zone, GOALS, LINKS);
            await store(pixel, events);
            for (const request of list) expectAnswer(await ask(pixel, request), history, request);
            await runJobs(LATER);
            // One day has changed since: it is answered from events among days answered from rollups.
            const [touched] = events;
            if (touched) {
              await db
                .prepare('UPDATE days SET dirty = 1 WHERE pixel = ? AND day = ?')
                .bind(pixel.id, local(zone, touched.ts).day)
                .run();
            }
            for (const request of list) {
              const answer = await ask(pixel, request);
              expectAnswer(answer, history, request);
              sources.add(answer.meta['source']);
            }
          },
        ),
        { numRuns: 8 },
      );
    },
  );

  it('cover every source', () => {
    expect([...sources].toSorted()).toEqual([
      'columns',
      'columns+events',
      'events',
      'rollups',
      'rollups+events',
    ]);
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
    const request = {
      metrics: ['pageviews'],
      dimensions: ['event:page'],
      date_range: ['2026-02-01', '2026-02-04'],
      include: { total_rows: true },
    };
    const fullResult = await ask(pixel, request);
    expect(fullResult.results).toHaveLength(11);
    expect(fullResult.meta['total_rows']).toBe(11);
    const pages = [];
    for (const offset of [0, 4, 8, 12]) {
      const page = await ask(pixel, { ...request, pagination: { limit: 4, offset } });
      expect(page.meta['total_rows']).toBe(11);
      pages.push(...page.results);
    }
    expect(pages).toEqual(fullResult.results);
  });

  it('are ordered as requested, by default by time and then by the first metric', async () => {
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
    const dimensions = async (request: Record<string, unknown>) =>
      (await ask(pixel, { ...base, ...request })).results.map((row) => row.dimensions.join(' '));
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

  it('of an empty pixel are zeros, with all labels if requested', async () => {
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
      '2026-02-01',
      '2026-02-02',
      '2026-02-09',
      '2026-02-16',
      '2026-02-23',
    ]);
  });

  it('are errors if they need deleted raw events, and come from rollups and columns otherwise', async () => {
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
    const simple = { metrics: ['visitors'], date_range: range.date_range };
    const refusal = (detail: string) => ({
      ok: false,
      error: { reason: 'beyond_retention', detail: expect.stringContaining(detail) },
    });
    const run = async (more: Readonly<Record<string, unknown>>) => {
      const query = parseQuery({ site_id: pixel.id, ...simple, ...more });
      if (!query.ok) throw new Error('not a query');
      return runQuery(db, query.value, pixel, LATER);
    };
    const OF_COLUMNS = [
      ['A query with filters', { filters: [['is', 'event:page', ['/x']]] }],
      ['A query with multiple dimensions', { dimensions: ['visit:browser', 'event:page'] }],
      ['A query by hour', { dimensions: ['time:hour', 'event:page'] }],
      ['A range with times of day', { date_range: ['2026-02-03T09:00:00Z', '2026-02-03T10:59:59.999Z'] }],
    ] as const;
    const ofPeople = [
      ['A query by a dimension of people', { dimensions: ['person:first_source'] }],
      ['A query by a dimension of people', { dimensions: ['person:devices'] }],
      ['A query that counts people', { metrics: ['people'], filters: [['is', 'event:page', ['/x']]] }],
    ] as const;
    for (const [, more] of OF_COLUMNS) {
      expect(await run(more)).toMatchObject({
        ok: true,
        value: { results: [{ metrics: [1] }], meta: { source: 'columns', events_read: { columns: 1 } } },
      });
    }
    for (const [why, more] of ofPeople)
      expect(await run(more)).toMatchObject(refusal(`${why} needs raw events, and`));
    const cut = { date_range: ['2026-02-03T09:00:00Z', '2026-02-03T10:59:59Z'] };
    expect(await run(cut)).toMatchObject(refusal('Begin and end with full minutes.'));
    // Without columns, only rollups are left.
    await db.prepare('UPDATE days SET columns = 0 WHERE pixel = ?').bind(pixel.id).run();
    for (const [why, more] of OF_COLUMNS) {
      expect(await run(more)).toMatchObject(
        refusal(`${why} needs raw events or columns, and up to 2026-02-03`),
      );
    }
  });

  it('include events of a visit from before a range that begins within it', async () => {
    const pixel = await makePixel('UTC');
    const at = (time: string) => Date.parse(`2026-02-03T${time}Z`);
    await store(pixel, [
      { ts: at('10:00:00'), id: 'a', name: 'pageview', visitor: 'v', page: '/blog' },
      { ts: at('10:05:00'), id: 'b', name: 'pageview', visitor: 'v', page: '/' },
    ]);
    const eventsOf = async (filter: unknown) =>
      (
        await ask(pixel, {
          metrics: ['events', 'visit_duration'],
          date_range: ['2026-02-03T10:05:00Z', '2026-02-03T10:05:00Z'],
          filters: [filter],
        })
      ).results[0]?.metrics;
    for (const blog of [
      ['is', 'event:page', ['/blog']],
      ['contains', 'event:page', ['BLOG'], { case_sensitive: false }],
      ['matches', 'event:page', ['^/b']],
    ]) {
      expect(await eventsOf(blog)).toEqual([0, 0]);
      expect(await eventsOf(['has_done', blog])).toEqual([1, 300]);
      expect(await eventsOf(['has_not_done', blog])).toEqual([0, 0]);
    }
  });

  it('filter the devices of a person per period by pattern, ignoring case', async () => {
    const pixel = await makePixel('UTC');
    const view = (day: string, device: string) => ({
      ts: Date.parse(`${day}T10:00:00Z`),
      id: day,
      name: 'pageview',
      visitor: day,
      person: 'uann',
      device,
    });
    await store(pixel, [view('2026-02-03', 'Desktop'), view('2026-02-04', 'Mobile')]);
    for (const filter of [
      ['is', 'person:devices', ['Desktop']],
      ['is', 'person:devices', ['DESKTOP'], { case_sensitive: false }],
      ['matches', 'person:devices', ['^Desktop$']],
    ]) {
      for (const time of ['time:day', 'time:hour']) {
        const { results } = await ask(pixel, {
          metrics: ['events'],
          dimensions: [time],
          date_range: ['2026-02-03', '2026-02-04'],
          filters: [filter],
        });
        expect(results, JSON.stringify(filter)).toMatchObject([{ metrics: [1] }]);
      }
    }
  });

  it('count a person as new whose earlier events were erased with a visitor', async () => {
    const pixel = await makePixel('UTC');
    const view = (day: string) => ({
      ts: Date.parse(`${day}T10:00:00Z`),
      id: day,
      name: 'pageview',
      visitor: day,
      person: 'uann',
    });
    await store(pixel, [view('2026-02-03'), view('2026-02-04')]);
    const now = Date.parse('2026-02-10T00:00:00Z');
    await runJobs(now);
    const visitor = { hash: '2026-02-03', times: [view('2026-02-03').ts] };
    const newPeople = async () => {
      const request = { metrics: ['people', 'new_people'], date_range: ['2026-02-04', '2026-02-04'] };
      return (await ask(pixel, request, now)).results[0]?.metrics;
    };
    expect(await newPeople()).toEqual([1, 0]);
    await erase(db, [{ pixel: pixel.id, aliases: [], visitor }], now);
    expect(await newPeople()).toEqual([1, 1]);
  });

  it('select an engagement by its attributes, but never a visit by an engagement', async () => {
    const pixel = await makePixel('UTC');
    const at = Date.parse('2026-02-03T10:00:00Z');
    await store(pixel, [
      { ts: at, id: 'a', name: 'pageview', visitor: 'v', page: '/' },
      { ts: at + 1, id: 'b', name: 'engagement', visitor: 'v', page: '/left', engaged: 5000 },
    ]);
    const answerTo = async (filter: unknown) =>
      (
        await ask(pixel, {
          metrics: ['events', 'time_on_page'],
          date_range: ['2026-02-03', '2026-02-03'],
          filters: [filter],
        })
      ).results[0]?.metrics;
    // No event has this page and this name, yet they are to be compared like any other.
    for (const left of [
      ['is', 'event:page', ['/left']],
      ['matches', 'event:page', ['ft$']],
      ['contains', 'event:name', ['GAGE'], { case_sensitive: false }],
      ['is', 'event:name', ['engagement']],
    ]) {
      expect(await answerTo(left)).toEqual([0, 5]);
      expect(await answerTo(['not', left])).toEqual([1, null]);
      expect(await answerTo(['has_done', left])).toEqual([0, null]);
      expect(await answerTo(['has_not_done', left])).toEqual([1, 5]);
    }
  });

  it('have the values of a property that is not among the most used ones', async () => {
    const pixel = await makePixel('UTC');
    const at = Date.parse('2026-02-03T10:00:00Z');
    await store(
      pixel,
      Array.from({ length: 110 }, (_, index) => ({
        ts: at + index,
        id: `e${String(index).padStart(3, '0')}`,
        name: 'pageview',
        visitor: `v${index}`,
        // Each key from k000 to k109 once more than the next.
        props: JSON.stringify(
          Object.fromEntries(
            Array.from({ length: 110 - index }, (_, key) => [`k${String(key).padStart(3, '0')}`, 'x']),
          ),
        ),
      })),
    );
    const visits = async (key: string) => {
      const { results } = await ask(pixel, {
        metrics: ['visits'],
        dimensions: [`event:props:${key}`],
        date_range: ['2026-02-03', '2026-02-03'],
      });
      return results.map(({ dimensions, metrics }) => [...dimensions, ...metrics]);
    };
    for (const when of ['open', 'rolled up']) {
      if (when === 'rolled up') await runJobs(LATER);
      expect(await visits('k000'), when).toEqual([['x', 110]]);
      expect(await visits('k050'), when).toEqual([
        ['x', 60],
        ['(none)', 50],
      ]);
      expect(await visits('k109'), when).toEqual([
        ['(none)', 109],
        ['x', 1],
      ]);
      expect(await visits('k110'), when).toEqual([['(none)', 110]]);
    }
  });
});
