/** Sums of amounts that are too large to be summed: nothing that a client can send makes a statement fail. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/model/limits.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { parseQuery } from '../../src/query/language.ts';
import { runQuery } from '../../src/query/run.ts';
import { runJob } from '../../src/rollup/job.ts';
import { GREATEST_SUM, saturatingSum } from '../../src/sql/sums.ts';
import { applySchema, db, makePixel, runJobs, store, testEnv } from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';
import { tampered } from './tampered.ts';

beforeAll(applySchema);

const GREATEST = GREATEST_SUM;
const LEAST = -GREATEST;
const atBounds = (sum: bigint): bigint => (sum > GREATEST ? GREATEST : sum < LEAST ? LEAST : sum);

async function summed(values: readonly bigint[]): Promise<string | null> {
  const sql = `SELECT CAST(${saturatingSum('x')} AS TEXT) AS sum FROM (SELECT CAST(value AS INTEGER) AS x FROM json_each(?))`;
  return db
    .prepare(sql)
    .bind(JSON.stringify(values.map(String)))
    .first<string>('sum');
}

describe('a saturating sum', () => {
  it('is exact within 64 bits, and saturates beyond', async () => {
    const any = fc.oneof(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.bigInt({ min: -1000n, max: 1000n }),
      fc.bigInt({ min: -(2n ** 54n), max: 2n ** 54n }),
      fc.constantFrom(GREATEST, LEAST, -(2n ** 63n), 2n ** 62n, -(2n ** 62n), 2n ** 32n, -(2n ** 32n), -1n),
    );
    let beyond = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(any, { minLength: 1, maxLength: 12 }), async (values) => {
        const exact = values.reduce((sum, value) => sum + value, 0n);
        if (atBounds(exact) !== exact) beyond++;
        expect(await summed(values)).toBe(String(atBounds(exact)));
      }),
      { numRuns: 400, seed: 1 },
    );
    expect(beyond).toBeGreaterThan(50);
  });

  it.each([
    ['', null],
    [`${GREATEST}`, GREATEST],
    [`${GREATEST} 1`, GREATEST],
    [`${GREATEST} 1 -2`, GREATEST - 1n],
    [`${-(2n ** 63n)}`, LEAST],
    [`${LEAST} -1`, LEAST],
    [`${LEAST} -2 ${GREATEST}`, -2n],
  ])('of %s is %s', async (values, sum) => {
    const inputs = values.split(' ').filter((text) => text !== '');
    expect(await summed(inputs.map(BigInt))).toBe(sum === null ? null : String(sum));
  });
});

const DAY = '2026-01-10';
const LATER = Date.parse('2026-03-01T00:00:00Z');
const MOST = LIMITS.valueMicros;
/** More of the greatest amounts than 64 bits hold the sum of. */
const TOO_MANY = 1030;

const PURCHASE = { name: 'Purchase', currency: 'EUR', page: '/', props: '{"plan":"pro"}' };
function purchases(day: string, count: number, value: number): OracleEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    ...PURCHASE,
    ts: Date.parse(`${day}T10:00:00Z`) + index,
    id: `${day}${index}`,
    // Visitors of different slices.
    visitor: `${'-AZaz'[index % 5]}v`,
    value,
  }));
}

async function ask(pixel: Pixel, request: Record<string, unknown>, now = LATER) {
  const query = parseQuery({
    site_id: pixel.id,
    metrics: ['total_revenue', 'average_revenue', 'events'],
    date_range: [DAY, '2026-01-31'],
    ...request,
  });
  if (!query.ok) throw new Error(JSON.stringify(query.error));
  const answer = await runQuery(db, query.value, pixel, now, ANY_PRICE);
  if (!answer.ok) throw new Error(JSON.stringify(answer.error));
  return answer.value;
}

/** Days are told to have more events than they have. */
const ANY_PRICE = { total: Number.POSITIVE_INFINITY, atOnce: Number.POSITIVE_INFINITY };

const revenueOf = (answer: Awaited<ReturnType<typeof ask>>) =>
  answer.results.map(({ metrics }) => (metrics[0] as { value: number } | null)?.value);

/** Every way that amounts are summed. */
const QUERIES = [
  {},
  { dimensions: ['event:goal'] },
  { dimensions: ['event:props:plan'] },
  { dimensions: ['event:currency'] },
  { dimensions: ['visit:source'] },
  { dimensions: ['time:hour'] },
  { dimensions: ['time:month'] },
  { dimensions: ['event:page', 'event:name'] },
  { filters: [['is', 'event:name', ['Purchase']]] },
  { filters: [['is', 'event:goal', ['Sold']]] },
  { include: { comparisons: { mode: 'previous_period' } } },
];
const GOALS = [{ name: 'Sold', event: 'Purchase' }];
const GREATEST_UNITS = Number(GREATEST) / 1e6;

describe.each([
  ['greatest', MOST, GREATEST_UNITS],
  ['least', -MOST, -GREATEST_UNITS],
])('a day whose %s amounts overflow a sum', (_, value, sum) => {
  it.each([
    ['at once', 1],
    ['in slices', 1000],
  ])('is rolled up %s, and can be queried', async (_how, scale) => {
    const pixel = await makePixel('UTC', { goals: GOALS });
    await store(pixel, purchases(DAY, TOO_MANY, value));
    for (const request of QUERIES)
      expect(revenueOf(await ask(pixel, request)), JSON.stringify(request)).toEqual([sum]);
    const DB = tampered(db, { scale, before: async () => {} });
    for (let run = 0; run < 9; run++) {
      const { failed, more } = await runJob({ ...testEnv, DB }, LATER);
      expect(failed).toBe(0);
      if (!more) break;
    }
    const rolled = await ask(pixel, {});
    expect(rolled.meta['source']).toBe('rollups');
    for (const request of QUERIES)
      expect(revenueOf(await ask(pixel, request)), JSON.stringify(request)).toEqual([sum]);
    expect(JSON.stringify(rolled.results)).toContain(`"value":${sum}`);
  });

  it('does not break the sum of its month', async () => {
    const pixel = await makePixel('UTC', { goals: GOALS });
    // Each of the days fits by itself.
    await store(pixel, purchases('2026-01-03', 1000, value));
    await store(pixel, purchases('2026-01-04', 1000, value));
    await store(pixel, purchases('2026-01-05', 1000, value));
    await runJobs(LATER);
    const months = 'SELECT month FROM months WHERE pixel = ?';
    expect(await db.prepare(months).bind(pixel.id).first('month')).toBe('2026-01');
    const january = { date_range: ['2026-01-01', '2026-01-31'] };
    for (const request of QUERIES) {
      expect(
        revenueOf(await ask(pixel, { ...request, ...january })).at(-1),
        JSON.stringify(request),
      ).toBeDefined();
    }
    expect(revenueOf(await ask(pixel, january))).toEqual([sum]);
    expect(revenueOf(await ask(pixel, { ...january, dimensions: ['time:day'] }))).toEqual(
      Array.from({ length: 3 }, () => (1000 * value) / 1e6),
    );
  });
});

describe('amounts within the range of a sum', () => {
  it('are summed to the last millionth', async () => {
    const pixel = await makePixel('UTC');
    await store(pixel, [
      ...purchases(DAY, 1000, MOST),
      ...purchases('2026-01-11', 1, 7),
      ...purchases('2026-01-12', 1000, -MOST),
    ]);
    await runJobs(LATER);
    expect(revenueOf(await ask(pixel, {}))).toEqual([0.000007]);
    const exact = await db
      .prepare(
        `SELECT CAST(revenue AS TEXT) AS revenue FROM rollups WHERE pixel = ? AND dimension = 'total' AND currency = 'EUR' AND day = ?`,
      )
      .bind(pixel.id, DAY)
      .first<string>('revenue');
    expect(exact).toBe(String(1000n * BigInt(MOST)));
  });
});
