import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { ROLLED_DIMENSIONS } from '../../src/model/dimensions.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { applySchema, db, GOALS, histories, makePixel, ODD_DAYS, runJobs, store } from '../fixtures.ts';
import {
  countsOf,
  type OracleCounts,
  type OracleEvent,
  type OracleSales,
  partsBy,
  propsOf,
  reaches,
  salesOf,
  type Visit,
  valueIn,
  visitsOf,
  zero,
} from '../oracle.ts';
import { runs } from '../runs.ts';

const LATER = Date.parse('2027-06-01T00:00:00Z');

beforeAll(applySchema);

type Row = OracleCounts & OracleSales;
type Rows = Record<string, Row>;

/** The rows of counts, and those of revenue by their currency. */
const keyOf = (day: unknown, dimension: unknown, value: unknown, currency: unknown = ''): string =>
  `${day} ${dimension} ${value}${currency === '' ? '' : ` in ${currency}`}`;

async function rollupsOf(pixel: Pixel): Promise<Rows> {
  const { results } = await db
    .prepare('SELECT * FROM rollups WHERE pixel = ?')
    .bind(pixel.id)
    .all<Record<string, unknown>>();
  return Object.fromEntries(
    results.map(({ pixel: _, day, dimension, value, currency, ...counts }) => [
      keyOf(day, dimension, value, currency),
      counts as unknown as Row,
    ]),
  );
}

/** The rollups of a history as they should be. */
function expectedRollups(events: readonly OracleEvent[], zone: string): Rows {
  const rows: Rows = {};
  const byDay = Map.groupBy(visitsOf(events, zone), ({ day }) => day);
  for (const [day, visits] of byDay) {
    const dimensions = ['total', 'time:hour', 'event:goal', ...ROLLED_DIMENSIONS.map(({ name }) => name)];
    for (const dimension of [...dimensions, ...keysOf(visits).map((key) => `event:props:${key}`)]) {
      const groups = partsBy(visits, (event, visit) =>
        dimension === 'event:goal'
          ? GOALS.filter((goal) => reaches(event, goal)).map(({ name }) => name)
          : [valueIn(event, visit, dimension, zone)],
      );
      for (const [value, parts] of groups) {
        rows[keyOf(day, dimension, value)] = { ...countsOf(parts), ...NO_SALES };
        for (const [currency, sales] of salesOf(parts)) {
          rows[keyOf(day, dimension, value, currency)] = { ...zero(), ...sales };
        }
      }
    }
  }
  const isAnything = (row: Row) => Object.values(row).some((count) => count !== 0);
  return Object.fromEntries(Object.entries(rows).filter(([, row]) => isAnything(row)));
}

const NO_SALES: OracleSales = { revenue: 0, sales: 0 };

/** The properties that some event of these visits has; an empty text is none. */
function keysOf(visits: readonly Visit[]): string[] {
  const props = visits.flatMap((visit) => visit.events.map(propsOf));
  return [
    ...new Set(props.flatMap((one) => [...one].filter(([, value]) => value !== '').map(([key]) => key))),
  ];
}

/** Splits a list into batches of random sizes. */
const batchSizes = fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 1, maxLength: 40 });
function split<T>(list: readonly T[], sizes: readonly number[]): T[][] {
  const batches: T[][] = [];
  for (let start = 0, turn = 0; start < list.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    batches.push(list.slice(start, start + size));
    start += size;
  }
  return batches;
}

describe('the rollup of local days', () => {
  it.each(ODD_DAYS)('equals a brute-force computation in %s around %s', async (zone, day) => {
    await fc.assert(
      fc.asyncProperty(
        histories(day),
        fc.infiniteStream(fc.nat()),
        batchSizes,
        async (events, dice, sizes) => {
          const pixel = await makePixel(zone, { goals: GOALS });
          // In any order of arrival, some of it twice, with the cron running in between.
          const shuffled = events
            .map((event) => ({ event, at: dice.next().value ?? 0 }))
            .toSorted((a, b) => a.at - b.at)
            .map(({ event }) => event);
          const batches = split([...shuffled, ...shuffled.slice(0, 5)], sizes);
          for (const [index, batch] of batches.entries()) {
            await store(pixel, batch);
            if (index % 3 === 1) await runJobs(LATER);
          }
          await runJobs(LATER);
          expect(await rollupsOf(pixel)).toEqual(expectedRollups(events, zone));
        },
      ),
      { numRuns: runs(5, 12) },
    );
  });

  it('writes nothing if it runs again over the same events', async () => {
    const pixel = await makePixel('Europe/Berlin');
    const events = fc.sample(histories('2026-03-29'), 1).flat();
    await store(pixel, [
      ...events,
      { ts: Date.parse('2026-03-29T10:00:00Z'), id: 'x', name: 'pageview', visitor: 'v' },
    ]);
    await runJobs(LATER);
    const before = await rollupsOf(pixel);
    await db.prepare('UPDATE days SET dirty = 1 WHERE pixel = ?').bind(pixel.id).run();
    const { results } = await db
      .prepare('SELECT count(*) AS n FROM days WHERE dirty = 1')
      .all<{ n: number }>();
    expect(results[0]?.n).toBeGreaterThan(0);
    await db
      .prepare(
        `CREATE TRIGGER no_write BEFORE UPDATE ON rollups BEGIN SELECT raise(ABORT, 'rewrote a row'); END`,
      )
      .run();
    await db
      .prepare(
        `CREATE TRIGGER no_insert BEFORE DELETE ON rollups BEGIN SELECT raise(ABORT, 'deleted a row'); END`,
      )
      .run();
    try {
      await runJobs(LATER);
    } finally {
      await db.batch([db.prepare('DROP TRIGGER no_write'), db.prepare('DROP TRIGGER no_insert')]);
    }
    expect(await rollupsOf(pixel)).toEqual(before);
  });

  it('continues a visit after exactly 30 minutes, and starts a new one a millisecond later', async () => {
    const pixel = await makePixel('UTC');
    const at = Date.parse('2026-02-03T10:00:00Z');
    const views = [0, 1_800_000, 3_600_001].map((after, index) => ({
      ts: at + after,
      id: `e${index}`,
      name: 'pageview',
      visitor: 'v',
    }));
    await store(pixel, views);
    await runJobs(LATER);
    expect((await rollupsOf(pixel))['2026-02-03 total ']).toEqual({
      ...zero(),
      ...NO_SALES,
      visitors: 1,
      visits: 2,
      pageviews: 3,
      events: 3,
      bounces: 1,
      duration: 1_800_000,
    });
  });

  it('deletes the rows of values that a late event removed', async () => {
    const pixel = await makePixel('UTC');
    const at = Date.parse('2026-02-03T10:00:00Z');
    const view = { name: 'pageview', visitor: 'v', page: '/' };
    await store(pixel, [{ ...view, ts: at, id: 'b', source: 'news' }]);
    await runJobs(LATER);
    expect(await rollupsOf(pixel)).toHaveProperty(['2026-02-03 visit:source news']);
    await store(pixel, [{ ...view, ts: at - 60_000, id: 'a', source: 'Google' }]);
    await runJobs(LATER);
    const rows = await rollupsOf(pixel);
    expect(rows).not.toHaveProperty(['2026-02-03 visit:source news']);
    expect(rows['2026-02-03 visit:source Google']).toMatchObject({
      visits: 1,
      pageviews: 2,
      duration: 60_000,
    });
  });

  it('folds values past the top 1,000 into (other), and totals still match', async () => {
    const pixel = await makePixel('UTC');
    const at = Date.parse('2026-02-03T10:00:00Z');
    const events = Array.from({ length: 1005 }, (_, index): OracleEvent => {
      const page = `/${String(index).padStart(4, '0')}`;
      return { ts: at + index, id: `e${index}`, name: 'pageview', visitor: `v${index}`, page };
    });
    await store(pixel, events);
    await runJobs(LATER);
    const rows = await rollupsOf(pixel);
    expect(rows['2026-02-03 event:page (other)']).toEqual({
      ...zero(),
      ...NO_SALES,
      visitors: 5,
      visits: 5,
      pageviews: 5,
      events: 5,
      bounces: 5,
    });
    expect(rows['2026-02-03 event:page /0999']).toMatchObject({ visitors: 1 });
    expect(rows).not.toHaveProperty(['2026-02-03 event:page /1000']);
  });
});
