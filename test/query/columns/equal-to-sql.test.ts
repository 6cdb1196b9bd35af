/** Answers from columns are those of the same events by SQL: rows in the same order, comparisons, totals, funnels, small groups. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Funnel } from '../../../src/model/goal.ts';
import type { Pixel } from '../../../src/model/pixel.ts';
import { runFunnel } from '../../../src/query/funnel.ts';
import { parseQuery } from '../../../src/query/language.ts';
import { markGoalsChanged } from '../../../src/store/days.ts';
import { erase } from '../../../src/store/people.ts';
import {
  applySchema,
  db,
  GOALS,
  histories,
  makePixel,
  ODD_DAYS,
  PROP_KEYS,
  runJobs,
  store,
} from '../../fixtures.ts';
import { local, type OracleEvent, type OracleGoal } from '../../oracle.ts';
import { runs } from '../../runs.ts';
import { addDays } from '../oracle-language.ts';
import { ask, LATER, type RandomQuery, randomQueries } from '../random-queries.ts';
import { answerIn, withoutColumns } from './sealed.ts';

beforeAll(applySchema);

/** Other goals than those that days were rolled up with. */
const NEW_GOALS: readonly OracleGoal[] = [
  { name: 'Signup', page: '/blog/*' },
  { name: 'Paid', event: 'Purchase' },
  { name: 'Free', property: 'plan', value: 'free' },
  ...GOALS.filter(({ name }) => name !== 'Signup'),
];

/** What happens to a day after it was sealed. */
const CHANGES = ['nothing', 'late', 'late and sealed again', 'goals', 'erased', 'sealed again'] as const;
type Change = (typeof CHANGES)[number];

async function change(pixel: Pixel, events: readonly OracleEvent[], what: Change): Promise<Pixel> {
  const [first] = events;
  if (!first) return pixel;
  switch (what) {
    case 'nothing':
      return pixel;
    case 'late':
      await store(pixel, [{ ...first, id: 'late', page: '/late' }]);
      return pixel;
    case 'late and sealed again':
      await store(pixel, [{ ...first, id: 'late', page: '/late' }]);
      await runJobs(LATER);
      return pixel;
    case 'goals':
      await markGoalsChanged(db, pixel.id).run();
      return { ...pixel, settings: { ...pixel.settings, goals: NEW_GOALS } };
    case 'erased':
      await erase(
        db,
        [{ pixel: pixel.id, aliases: [], visitor: { hash: 'ann', times: events.map(({ ts }) => ts) } }],
        LATER,
      );
      await runJobs(LATER + 1);
      return pixel;
    case 'sealed again':
      await db
        .prepare('UPDATE days SET dirty = 1 WHERE pixel = ? AND day = ?')
        .bind(pixel.id, local(pixel.timezone, first.ts).day)
        .run();
      await runJobs(LATER);
      return pixel;
  }
}

/** Queries with pages, orders and comparisons beside what `randomQueries` makes. */
const queries = (day: string): fc.Arbitrary<RandomQuery> =>
  fc
    .tuple(
      randomQueries(day),
      fc.constantFrom({}, { pagination: { limit: 3, offset: 1 } }, { pagination: { limit: 2, offset: 0 } }),
      fc.constantFrom(undefined, 'asc', 'desc'),
      fc.constantFrom(null, { mode: 'previous_period' }, { mode: 'year_over_year' }),
    )
    .map(([query, page, direction, comparisons]) => {
      const metrics = query.metrics.filter((name) => !name.includes('people'));
      const order = direction && [[metrics[1] ?? metrics[0], direction]];
      return {
        ...query,
        ...page,
        metrics,
        ...(order ? { order_by: order } : {}),
        include: { ...query.include, comparisons },
      } as unknown as RandomQuery;
    })
    .filter((query) => !JSON.stringify(query).includes('person:'));

describe('answers from columns are those of SQL', () => {
  const sources = new Set<unknown>();

  it.each(ODD_DAYS)('for random queries in %s around %s', async (zone, day) => {
    await fc.assert(
      fc.asyncProperty(
        histories(day, 60),
        fc.constantFrom(...CHANGES),
        fc.array(queries(day), { minLength: 10, maxLength: 10 }),
        async (events, what, list) => {
          const made = await makePixel(zone, { goals: GOALS });
          await store(made, events);
          await runJobs(LATER);
          const pixel = await change(made, events, what);
          for (const query of list) {
            const byColumns = await ask(pixel, query);
            sources.add(byColumns.meta['source']);
            const bySql = await withoutColumns(pixel, () => ask(pixel, query));
            expect(bySql.meta['source']).not.toContain('columns');
            expect(answerIn(byColumns), JSON.stringify([what, query])).toEqual(answerIn(bySql));
          }
        },
      ),
      { numRuns: runs(2, 6) },
    );
  });

  it.each(ODD_DAYS.slice(1, 4))('after the events are purged, too, in %s around %s', async (zone, day) => {
    await fc.assert(
      fc.asyncProperty(
        histories(day, 40),
        fc.array(queries(day), { minLength: 8, maxLength: 8 }),
        fc.boolean(),
        fc.constantFrom(-1, 0, 3).map((offset) => addDays(day, offset)),
        async (events, list, hasNewGoals, last) => {
          const made = await makePixel(zone, { goals: GOALS });
          await store(made, events);
          const sealedAt = Date.parse(`${day}T12:00:00Z`) + 4 * 86_400_000;
          await runJobs(sealedAt);
          const pixel = hasNewGoals ? await change(made, events, 'goals') : made;
          // A range that begins or ends within a minute needs events.
          const whole = list.filter(({ date_range }) => !date_range[0].includes('T'));
          const before = [];
          for (const query of whole) {
            before.push(answerIn(await withoutColumns(pixel, () => ask(pixel, query, sealedAt))));
          }
          // Some days are closed. As the purge leaves them, they are clean.
          await db.batch([
            db
              .prepare(
                'DELETE FROM events WHERE pixel = ?1 AND ts < (SELECT max(ends_at) FROM days WHERE pixel = ?1 AND day <= ?2)',
              )
              .bind(pixel.id, last),
            db
              .prepare('UPDATE days SET raw = 2, dirty = 0 WHERE pixel = ?1 AND day <= ?2')
              .bind(pixel.id, last),
          ]);
          for (const [index, query] of whole.entries()) {
            const after = await ask(pixel, query, sealedAt);
            sources.add(after.meta['source']);
            expect(answerIn(after), JSON.stringify(query)).toEqual(before[index]);
          }
        },
      ),
      { numRuns: runs(2, 4) },
    );
  });

  it('from all sources together', () => {
    for (const source of ['columns', 'columns+events', 'rollups']) {
      expect([...sources]).toContain(source);
    }
  });

  const protectedQueries = fc.record({
    metrics: fc.constant(['visitors', 'visits', 'events', 'total_revenue', 'scroll_depth']),
    dimensions: fc.constantFrom(
      [],
      ['time:day'],
      ['time:week'],
      ['time:hour'],
      ['event:page'],
      ['visit:source', 'time:day'],
      ['event:goal'],
      ['time:hour', 'visit:country'],
      [`event:props:${PROP_KEYS[0]}`],
    ),
    filters: fc.constantFrom(
      [],
      [['is', 'event:page', ['/a']]],
      [['is', 'visit:country', ['DE']]],
      [['is', 'event:goal', ['Signup']]],
      [
        ['is', 'visit:source', ['Google']],
        ['is', 'event:page', ['/']],
      ],
    ),
  });

  it.each(ODD_DAYS.slice(0, 4))('with small groups protected, in %s around %s', async (zone, day) => {
    const range = [addDays(day, -9), addDays(day, 9)];
    await fc.assert(
      fc.asyncProperty(
        histories(day, 60),
        fc.constantFrom(...CHANGES),
        fc.array(protectedQueries, { minLength: 8, maxLength: 8 }),
        async (events, what, list) => {
          const made = await makePixel(zone, { goals: GOALS, min_group: 2, retention_days: 3650 });
          await store(made, events);
          await runJobs(LATER);
          const pixel = await change(made, events, what);
          for (const query of list) {
            const request = { ...query, date_range: range, include: { total_rows: true } };
            const byColumns = await ask(pixel, request);
            const bySql = await withoutColumns(pixel, () => ask(pixel, request));
            expect(byColumns, JSON.stringify([what, request])).toEqual(bySql);
          }
        },
      ),
      { numRuns: runs(2, 5) },
    );
  });

  const steps = fc.uniqueArray(fc.constantFrom(...GOALS.map(({ name }) => name)), {
    minLength: 2,
    maxLength: 4,
  });

  it.each([0, 2])('for funnels, with groups of at least %i', async (least) => {
    const [zone, day] = ODD_DAYS[2] as (typeof ODD_DAYS)[number];
    await fc.assert(
      fc.asyncProperty(
        histories(day, 60),
        fc.constantFrom(...CHANGES),
        fc.array(fc.tuple(steps, queries(day)), { minLength: 5, maxLength: 5 }),
        async (events, what, list) => {
          const made = await makePixel(zone, { goals: GOALS, min_group: least, retention_days: 3650 });
          await store(made, events);
          await runJobs(LATER);
          const pixel = await change(made, events, what);
          for (const [names, { filters }] of list) {
            const funnel: Funnel = { name: 'Way', steps: names, within: 'visit' };
            const query = parseQuery({
              site_id: pixel.id,
              metrics: ['visitors'],
              date_range: [addDays(day, -9), addDays(day, 9)],
              filters: least > 0 ? [] : filters,
            });
            if (!query.ok) throw new Error(JSON.stringify(query.error));
            const run = () => runFunnel(db, pixel, funnel, query.value, LATER);
            const byColumns = await run();
            expect(byColumns.ok).toBe(true);
            expect(byColumns, JSON.stringify([what, funnel, filters])).toEqual(
              await withoutColumns(pixel, run),
            );
          }
        },
      ),
      { numRuns: runs(4, 10) },
    );
  });
});
