/**
 * How many rows a rollup has of days that are made to have many: events whose every value is another one. The bounds are those
 * of docs/operations.md, whatever is combined with what.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  MAX_ROLLUP_CURRENCIES,
  MAX_ROLLUP_PROPERTY_KEYS,
  MAX_ROLLUP_PROPERTY_VALUES,
  MAX_ROLLUP_SALES,
  MAX_ROLLUP_VALUES,
  OTHER,
  PROPERTY_PREFIX,
  ROLLED_DIMENSIONS,
} from '../../src/model/dimensions.ts';
import { LIMITS } from '../../src/model/limits.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { segments } from '../../src/model/time-zone.ts';
import { parseQuery } from '../../src/query/language.ts';
import { runQuery } from '../../src/query/run.ts';
import { DELETE_VANISHED, ROLL_UP_SLICES, STORE_SLICE, sliceBounds } from '../../src/rollup/local-day.sql.ts';
import { goalParameter } from '../../src/sql/goals.ts';
import { prepare } from '../../src/sql/statement.ts';
import { stretchParameter } from '../../src/sql/stretches.ts';
import { applySchema, db, makePixel, runJobs, store } from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';
import { runs } from '../runs.ts';

beforeAll(applySchema);

const DAY = '2026-02-03';
const AT = Date.parse(`${DAY}T10:00:00Z`);
const LATER = Date.parse('2027-06-01T00:00:00Z');
/** Of a hostile day. The fewer are more than any bound, too. */
const EVENTS = runs(1500, 3000);

const COLUMNS = [...new Set(ROLLED_DIMENSIONS.map(({ column }) => column))].filter(
  (column) => !['name', 'currency'].includes(column),
);
const code = (n: number): string =>
  String.fromCharCode(65 + (n % 26), 65 + (Math.floor(n / 26) % 26), 65 + (Math.floor(n / 676) % 26));

interface Hostile {
  readonly events: number;
  /** Different values of each dimension. */
  readonly values: number;
  readonly currencies: number;
  readonly keys: number;
  readonly propertyValues: number;
}

function* hostileDay({ events, values, currencies, keys, propertyValues }: Hostile): Generator<OracleEvent> {
  for (let n = 0; n < events; n++) {
    const props: Record<string, string> = {};
    for (let k = 0; k < Math.min(keys, LIMITS.props); k++) {
      props[`k${(n * LIMITS.props + k) % keys}`] = `v${n % propertyValues}`;
    }
    yield {
      ...Object.fromEntries(COLUMNS.map((column) => [column, `${column}${n % values}`])),
      ts: AT + n,
      id: `e${n}`,
      name: n % 2 === 0 ? 'pageview' : `n${n % values}`,
      visitor: `v${n}`,
      value: 1_000_000,
      currency: code(n % currencies),
      props: JSON.stringify(props),
    };
  }
}

async function fill(pixel: Pixel, day: Iterable<OracleEvent>): Promise<void> {
  let events: OracleEvent[] = [];
  for (const event of day) {
    events.push(event);
    if (events.length === 500) {
      await store(pixel, events);
      events = [];
    }
  }
  if (events.length > 0) await store(pixel, events);
}

const count = async (pixel: Pixel, where: string): Promise<number> =>
  (await db
    .prepare(`SELECT count(*) AS n FROM rollups WHERE pixel = ? AND ${where}`)
    .bind(pixel.id)
    .first('n')) as number;

/** The rows that a day may have beside those of revenue: docs/operations.md has the sum. */
const MOST_ROWS =
  1 +
  25 +
  50 +
  ROLLED_DIMENSIONS.length * (MAX_ROLLUP_VALUES + 1) +
  MAX_ROLLUP_PROPERTY_VALUES +
  2 * MAX_ROLLUP_PROPERTY_KEYS +
  1;

describe.each<[string, Hostile]>([
  ['invented currencies', { events: EVENTS, values: 1, currencies: EVENTS, keys: 100, propertyValues: 1 }],
  [
    'values of every dimension',
    { events: EVENTS, values: EVENTS, currencies: 1, keys: 1, propertyValues: 1 },
  ],
  ['values and currencies', { events: EVENTS, values: 1500, currencies: 170, keys: 100, propertyValues: 7 }],
  ['properties', { events: EVENTS, values: 1, currencies: 1, keys: 150, propertyValues: EVENTS }],
  ['everything', { events: EVENTS, values: EVENTS, currencies: EVENTS, keys: 150, propertyValues: EVENTS }],
])('a day of many %s', (_, hostile) => {
  it('has a bounded rollup that loses no counts', async () => {
    const pixel = await makePixel('UTC');
    await fill(pixel, hostileDay(hostile));
    await runJobs(LATER);
    await expectBounds(pixel, hostile.events);
    const months = await db
      .prepare('SELECT count(*) AS n FROM month_rollups WHERE pixel = ?')
      .bind(pixel.id)
      .first<number>('n');
    expect(months).toBeLessThanOrEqual(2 * MOST_ROWS + MAX_ROLLUP_SALES);
  });
});

async function expectBounds(pixel: Pixel, events: number): Promise<void> {
  expect(await count(pixel, `currency = ''`)).toBeLessThanOrEqual(MOST_ROWS);
  expect(await count(pixel, `currency NOT IN ('', '${OTHER}')`)).toBeLessThanOrEqual(MAX_ROLLUP_SALES);
  expect(await count(pixel, `currency = '${OTHER}'`)).toBeLessThanOrEqual(MOST_ROWS);
  const { results } = await db
    .prepare(`SELECT count(DISTINCT currency) AS n FROM rollups WHERE pixel = ? AND currency NOT IN ('', ?)`)
    .bind(pixel.id, OTHER)
    .all<{ n: number }>();
  expect(results[0]?.n).toBeLessThanOrEqual(MAX_ROLLUP_CURRENCIES);
  // Every dimension still adds up to the day's events and sales, and no amount is in the sum of another currency.
  const { results: sums } = await db
    .prepare(
      `SELECT dimension, sum(events) AS events, sum(sales) AS sales,
         sum(currency = '${OTHER}' AND revenue <> 0) + sum(currency <> '${OTHER}' AND revenue <> sales * 1000000) AS wrong
       FROM rollups WHERE pixel = ? AND dimension NOT IN ('${PROPERTY_PREFIX}', 'event:goal') GROUP BY dimension`,
    )
    .bind(pixel.id)
    .all<{ dimension: string; events: number; sales: number; wrong: number }>();
  expect(sums.length).toBeGreaterThan(ROLLED_DIMENSIONS.length);
  for (const { dimension, ...sum } of sums)
    expect(sum, dimension).toEqual({ events, sales: events, wrong: 0 });
}

it('a large day with many values stores a bounded number of rows per slice', async () => {
  const pixel = await makePixel('UTC');
  await fill(
    pixel,
    hostileDay({ events: EVENTS, values: EVENTS, currencies: EVENTS, keys: 150, propertyValues: EVENTS }),
  );
  await db.prepare('UPDATE days SET slices = 2 WHERE pixel = ?').bind(pixel.id).run();
  const stretches = stretchParameter(segments('UTC', DAY, DAY).map((one) => ({ ...one, bucket: '' })));
  for (const slice of [0, 1]) {
    await db.prepare('UPDATE days SET slice = ?2 WHERE pixel = ?1').bind(pixel.id, slice).run();
    const part = { ...sliceBounds(slice, 2), slice, slices: 2 };
    const goals = goalParameter([]);
    await prepare(db, STORE_SLICE, { pixel: pixel.id, day: DAY, stretches, goals, ...part }).run();
  }
  await db.prepare('UPDATE days SET slice = 2 WHERE pixel = ?1').bind(pixel.id).run();
  await db.batch([
    prepare(db, ROLL_UP_SLICES, { pixel: pixel.id, day: DAY }),
    prepare(db, DELETE_VANISHED, { pixel: pixel.id, day: DAY }),
  ]);
  await expectBounds(pixel, EVENTS);
});

describe('revenue that a rollup does not report', () => {
  it('is that of the currencies and values with the fewest sales, and is null, never a partial sum', async () => {
    const pixel = await makePixel('UTC');
    const sale = (n: number, currency: string, page: string): OracleEvent => ({
      ts: AT + n,
      id: `e${n}`,
      name: 'Purchase',
      visitor: `v${n}`,
      page,
      value: 2_000_000,
      currency,
    });
    // Twenty currencies with two sales each, and one with one.
    const events = Array.from({ length: 41 }, (_, n) =>
      sale(n, n === 40 ? 'ZZZ' : code(n % 20), n < 2 ? '/first' : '/more'),
    );
    await store(pixel, events);
    await runJobs(LATER);
    const ask = async (dimensions: string[]) => {
      const parsed = parseQuery({
        site_id: pixel.id,
        metrics: ['total_revenue', 'events'],
        date_range: [DAY, DAY],
        dimensions,
      });
      if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
      const answer = await runQuery(db, parsed.value, pixel, LATER);
      if (!answer.ok) throw new Error(JSON.stringify(answer.error));
      return answer.value;
    };
    const byCurrency = await ask(['event:currency']);
    const revenueByCurrency = new Map(byCurrency.results.map((row) => [row.dimensions[0], row.metrics[0]]));
    expect(revenueByCurrency.get('AAA')).toMatchObject({ value: 4, currency: 'AAA' });
    expect(revenueByCurrency.get('ZZZ')).toBe(null);
    const byPage = await ask(['event:page']);
    expect(new Map(byPage.results.map((row) => [row.dimensions[0], row.metrics]))).toEqual(
      new Map([
        ['/first', [null, 2]],
        ['/more', [null, 39]],
      ]),
    );
    expect((await ask([])).results).toMatchObject([{ metrics: [null, 41] }]);
  });
});
