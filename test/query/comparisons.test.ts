/** Answers beside those of another range: every row, what stands beside it, and how much has changed. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  applySchema,
  GOALS,
  histories,
  LINKS,
  linkPeople,
  makePixel,
  ODD_DAYS,
  runJobs,
  store,
} from '../fixtures.ts';
import { runs } from '../runs.ts';
import {
  addDays,
  answerOf,
  type Compared,
  type ComparisonRow,
  comparisonOf,
  historyOf,
  IN_POINTS,
  yearBefore,
} from './oracle-language.ts';
import { answered, ask, inOneOrder, LATER, randomQueries } from './random-queries.ts';

beforeAll(applySchema);

/** A change in per cent is whole, and where halves are rounded either may be meant; one in points is exact. */
function expectedComparison(comparisonRow: ComparisonRow, metrics: readonly string[]): unknown {
  const change = comparisonRow.change.map((exact, index) => {
    if (exact === null) return null;
    return expect.closeTo(exact, IN_POINTS.includes(metrics[index] ?? '') ? 3 : -0.001);
  });
  return { ...answered(comparisonRow), change };
}

function comparisons(day: string): fc.Arbitrary<Compared> {
  const offset = fc.integer({ min: -3, max: 3 });
  return fc.oneof(
    fc.constant({ mode: 'previous_period' as const }),
    fc.constant({ mode: 'year_over_year' as const }),
    fc.tuple(offset, offset).map(([a, b]) => ({
      mode: 'custom' as const,
      date_range: [addDays(day, Math.min(a, b)), addDays(day, Math.max(a, b))] as const,
    })),
  );
}

describe('comparisons', () => {
  it.each(ODD_DAYS)('pair each row with that of the other range in %s around %s', async (zone, day) => {
    const request = fc.tuple(randomQueries(day, { moments: false, days: 3 }), comparisons(day));
    await fc.assert(
      fc.asyncProperty(
        histories(day),
        histories(yearBefore(day), 15),
        fc.array(request, { minLength: 4, maxLength: 4 }),
        fc.boolean(),
        async (now, then, list, rolled) => {
          const pixel = await makePixel(zone, { goals: GOALS });
          await linkPeople(pixel);
          const events = [...now, ...then];
          const history = historyOf(events, zone, GOALS, LINKS);
          await store(pixel, events);
          if (rolled) await runJobs(LATER);
          for (const [query, compared] of list) {
            const { results } = await ask(pixel, {
              ...query,
              include: { ...query.include, comparisons: compared },
            });
            const expected = answerOf(history, query).map((row) => {
              const comparisonRow = comparisonOf(history, query, row, compared);
              return {
                ...answered(row),
                comparison: comparisonRow && expectedComparison(comparisonRow, query.metrics),
              };
            });
            expect(inOneOrder(results), JSON.stringify([query, compared])).toEqual(inOneOrder(expected));
            for (const { comparison } of results) {
              const inPerCent = comparison?.change.filter(
                (_, index) => !IN_POINTS.includes(query.metrics[index] ?? ''),
              );
              expect(inPerCent?.every((change) => change === null || Number.isInteger(change))).not.toBe(
                false,
              );
            }
          }
        },
      ),
      { numRuns: runs(2, 5) },
    );
  });

  it('pair the rows of a page, whatever the position of the other row in its order', async () => {
    const pixel = await makePixel('UTC');
    const views = (day: string, page: string, count: number) =>
      Array.from({ length: count }, (_, index) => ({
        ts: Date.parse(`${day}T10:00:00Z`),
        id: `${page} ${index}`,
        name: 'pageview',
        visitor: `v${index}`,
        page,
      }));
    await store(pixel, [
      ...['/a', '/b', '/c'].flatMap((page, index) => views('2026-02-02', page, 2 * index + 2)),
      ...['/c', '/b', '/a', '/d'].flatMap((page, index) => views('2026-02-03', page, 8 - index)),
    ]);
    const pages = [];
    for (const offset of [0, 2]) {
      const { results, meta } = await ask(pixel, {
        metrics: ['pageviews', 'percentage'],
        dimensions: ['event:page'],
        date_range: ['2026-02-03', '2026-02-03'],
        include: { comparisons: { mode: 'previous_period' }, total_rows: true },
        pagination: { limit: 2, offset },
      });
      expect(meta['total_rows']).toBe(4);
      pages.push(...results);
    }
    const row = (page: string, now: number[], then: number[], change: number[]) => ({
      dimensions: [page],
      metrics: now,
      comparison: { dimensions: [page], metrics: then, change },
    });
    expect(pages).toEqual([
      row('/c', [8, 100], [6, 100], [33, 0]),
      row('/b', [7, 87.5], [4, 66.67], [75, 20.83]),
      row('/a', [6, 75], [2, 33.33], [200, 41.67]),
      row('/d', [5, 62.5], [0, 0], [100, 62.5]),
    ]);
  });

  it('report the change of net revenue', async () => {
    const pixel = await makePixel('UTC');
    const sale = (day: string, value: number) => ({
      ts: Date.parse(`${day}T10:00:00Z`),
      id: day,
      name: 'Purchase',
      visitor: 'v',
      value,
      currency: 'EUR',
    });
    await store(pixel, [sale('2026-02-02', -5_000_000), sale('2026-02-03', 10_000_000)]);
    const { results } = await ask(pixel, {
      metrics: ['total_revenue'],
      date_range: ['2026-02-03', '2026-02-03'],
      include: { comparisons: { mode: 'previous_period' } },
    });
    expect(results[0]?.comparison?.change).toEqual([300]);
  });
});
