/** Comparisons of ranges that end today: the other range ends at the same time of day, whatever answers for it. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Pixel } from '../../src/model/pixel.ts';
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
import { local, type OracleEvent } from '../oracle.ts';
import { runs } from '../runs.ts';
import {
  addDays,
  answerOf,
  type Compared,
  comparisonOf,
  historyOf,
  momentsUntil,
  type QueryRequest,
  yearBefore,
} from './oracle-language.ts';
import { answered, ask, inOneOrder, LATER, randomQueries } from './random-queries.ts';

beforeAll(applySchema);

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Deletes the events of all days before one, which only rollups and columns answer from then on. */
async function seal(pixel: Pixel, day: string): Promise<void> {
  await db.batch([
    db
      .prepare(
        'DELETE FROM events WHERE pixel = ?1 AND ts < (SELECT min(starts_at) FROM days WHERE pixel = ?1 AND day >= ?2)',
      )
      .bind(pixel.id, day),
    db.prepare('UPDATE days SET raw = 2 WHERE pixel = ?1 AND day < ?2').bind(pixel.id, day),
  ]);
}

/** Moments of the day around an odd one: any, and those at which a day begins. */
const nows = (zone: string, day: string): fc.Arbitrary<number> => {
  const noon = Date.parse(`${day}T12:00:00Z`);
  const starts = [-1, 0, 1, 2].map((days) => {
    const first = addDays(day, days);
    for (let ts = noon - 60 * HOUR; ; ts += 15 * MINUTE) if (local(zone, ts).day >= first) return ts;
  });
  return fc.oneof(
    fc.integer({ min: noon - 14 * HOUR, max: noon + 40 * HOUR }),
    // Steps of events, and around them.
    fc
      .tuple(fc.integer({ min: -60, max: 200 }), fc.constantFrom(-1, 0, 1, MINUTE))
      .map(([step, more]) => noon + step * 600_000 + more),
    fc
      .tuple(fc.constantFrom(...starts), fc.constantFrom(0, 1, MINUTE - 1, MINUTE, 10 * MINUTE))
      .map(([start, more]) => start + more),
  );
};

function comparisons(day: string): fc.Arbitrary<Compared> {
  const offset = fc.integer({ min: -3, max: 2 });
  const match = fc.constantFrom({}, { match_day_of_week: true });
  return fc.oneof(
    match.map((one) => ({ mode: 'previous_period' as const, ...one })),
    match.map((one) => ({ mode: 'previous_period' as const, ...one })),
    match.map((one) => ({ mode: 'year_over_year' as const, ...one })),
    fc.tuple(offset, offset).map(([a, b]) => ({
      mode: 'custom' as const,
      date_range: [addDays(day, Math.min(a, b)), addDays(day, Math.max(a, b))] as const,
    })),
  );
}

const isOfPeople = (query: QueryRequest): boolean =>
  /people|person:/.test(JSON.stringify([query.metrics, query.dimensions, query.filters]));

describe('a comparison of a range that ends today', () => {
  it.each(ODD_DAYS)('ends at the same time of day in %s around %s', async (zone, day) => {
    const question = fc.record({
      // Half of them as rollups answer them.
      query: fc
        .tuple(randomQueries(day, { moments: false }), fc.boolean())
        .map(([query, isPlain]) =>
          isPlain && query.dimensions.length < 2 && !query.metrics.includes('conversion_rate')
            ? { ...query, filters: [] }
            : query,
        ),
      now: nows(zone, day),
      days: fc.constantFrom(1, 1, 1, 2, 3),
      compared: comparisons(day),
    });
    await fc.assert(
      fc.asyncProperty(
        histories(day),
        histories(yearBefore(day), 15),
        fc.array(question, { minLength: 5, maxLength: 5 }),
        fc.constantFrom('events', 'rolled', 'sealed'),
        async (now, then, questions, sources) => {
          const pixel = await makePixel(zone, { goals: GOALS });
          await linkPeople(pixel);
          const events = [...now, ...then];
          const history = historyOf(events, zone, GOALS, LINKS);
          await store(pixel, events);
          if (sources !== 'events') await runJobs(LATER);
          if (sources === 'sealed') await seal(pixel, addDays(day, 3));
          for (const { query, now: moment, days, compared } of questions) {
            if (sources === 'sealed' && isOfPeople(query)) continue;
            const today = local(zone, moment).day;
            const request = { ...query, date_range: [addDays(today, 1 - days), today] as const };
            const { results, meta } = await ask(
              pixel,
              { ...request, include: { ...query.include, comparisons: compared } },
              moment,
            );
            const expected = answerOf(history, request).map((row) => {
              const other = comparisonOf(history, request, row, compared, moment);
              const change = expect.anything();
              return { ...answered(row), comparison: other && { ...answered(other), change } };
            });
            const message = JSON.stringify([sources, request, compared, moment]);
            expect(inOneOrder(results), message).toEqual(inOneOrder(expected));
            const [, last] = momentsUntil(zone, meta['comparison_date_range'] as [string, string], moment);
            expect(meta['comparison_until'], message).toBe(new Date(Date.parse(last) + 1).toISOString());
          }
        },
      ),
      { numRuns: runs(2, 8) },
    );
  });
});

describe('what is compared with today', () => {
  const view = (ts: string, visitor: string): OracleEvent => ({
    ts: Date.parse(ts),
    id: `${ts} ${visitor}`,
    name: 'pageview',
    visitor,
    page: '/',
  });
  const compare = async (
    pixel: Pixel,
    now: string,
    more: Readonly<Record<string, unknown>> = {},
    comparisons: Readonly<Record<string, unknown>> = { mode: 'previous_period' },
  ) => {
    const request = { metrics: ['visitors'], date_range: 'day', ...more, include: { comparisons } };
    const { results, meta } = await ask(pixel, request, Date.parse(now));
    return { results, meta };
  };

  it('is nothing in the first minute of a day, and then yesterday minute by minute', async () => {
    const pixel = await makePixel('Europe/Berlin');
    await store(pixel, [
      view('2026-11-22T23:00:00Z', 'first'),
      view('2026-11-22T23:00:59.999Z', 'second'),
      view('2026-11-22T23:01:00Z', 'third'),
      view('2026-11-23T22:59:59.999Z', 'last'),
      view('2026-11-23T23:00:00Z', 'today'),
    ]);
    const counts = [];
    for (const now of ['23:00:00', '23:00:59.999', '23:01:00', '23:01:59', '23:02:00']) {
      const { results, meta } = await compare(pixel, `2026-11-23T${now}Z`);
      expect(meta['comparison_date_range']).toEqual(['2026-11-23', '2026-11-23']);
      counts.push([results[0]?.comparison?.metrics[0], meta['comparison_until']]);
    }
    expect(counts).toEqual([
      [0, '2026-11-22T23:00:00.000Z'],
      [0, '2026-11-22T23:00:00.000Z'],
      [2, '2026-11-22T23:01:00.000Z'],
      [2, '2026-11-22T23:01:00.000Z'],
      [3, '2026-11-22T23:02:00.000Z'],
    ]);
  });

  it('includes the whole day before when the clocks skip or repeat the time', async () => {
    const pixel = await makePixel('Europe/Berlin');
    // On 29 March, 01:59 is followed by 03:00. On 25 October, 02:00 to 02:59 happens twice.
    const until = async (now: string) => (await compare(pixel, now)).meta['comparison_until'];
    expect(await until('2026-03-30T00:30:00Z')).toBe('2026-03-29T01:00:00.000Z');
    expect(await until('2026-03-30T01:30:00Z')).toBe('2026-03-29T01:30:00.000Z');
    expect(await until('2026-03-29T01:30:00Z')).toBe('2026-03-28T02:30:00.000Z');
    expect(await until('2026-10-26T01:30:00Z')).toBe('2026-10-25T00:30:00.000Z');
    expect(await until('2026-10-26T02:30:00Z')).toBe('2026-10-25T02:30:00.000Z');
    expect(await until('2026-10-25T00:30:00Z')).toBe('2026-10-24T00:30:00.000Z');
    expect(await until('2026-10-25T01:30:00Z')).toBe('2026-10-24T00:30:00.000Z');
  });

  it.each([
    ['day', {}, ['2026-11-23', '2026-11-23']],
    ['day', { match_day_of_week: true }, ['2026-11-17', '2026-11-17']],
    ['7d', { match_day_of_week: true }, ['2026-11-11', '2026-11-17']],
    ['30d', {}, ['2026-09-26', '2026-10-25']],
    ['30d', { match_day_of_week: true }, ['2026-09-28', '2026-10-27']],
    // 24 days of November, of which the others are to come.
    ['month', {}, ['2026-10-08', '2026-10-31']],
    [['2026-11-01', '2026-11-30'], {}, ['2026-10-08', '2026-10-31']],
    [['2026-11-01', '2026-11-30'], { match_day_of_week: true }, ['2026-10-11', '2026-11-03']],
    ['day', { mode: 'year_over_year' }, ['2025-11-24', '2025-11-24']],
    ['day', { mode: 'year_over_year', match_day_of_week: true }, ['2025-11-25', '2025-11-25']],
    ['month', { mode: 'year_over_year', match_day_of_week: true }, ['2025-11-02', '2025-11-25']],
    ['day', { mode: 'custom', date_range: ['2026-10-01', '2026-10-31'] }, ['2026-10-01', '2026-10-31']],
    ['day', { mode: 'custom', date_range: ['2026-11-20', '2026-11-24'] }, ['2026-11-20', '2026-11-24']],
  ])('%j with %j is %j, to the minute', async (date_range, compared, expected) => {
    const pixel = await makePixel('Asia/Kolkata');
    const { meta } = await compare(
      pixel,
      '2026-11-24T08:37:42Z',
      { date_range },
      {
        mode: 'previous_period',
        ...compared,
      },
    );
    expect(meta['comparison_date_range']).toEqual(expected);
    expect(meta['comparison_until']).toBe(`${expected[1]}T08:37:00.000Z`);
  });

  it('is a range in full if the other one ended before, begins later, has times, or is of full days only', async () => {
    const pixel = await makePixel('UTC');
    const safe = await makePixel('UTC', { min_group: 2 });
    const now = '2026-11-24T08:37:42Z';
    for (const date_range of [
      ['2026-11-01', '2026-11-23'],
      ['2026-11-25', '2026-11-30'],
      ['2026-11-24T00:00:00Z', '2026-11-24T08:00:00Z'],
    ]) {
      expect((await compare(pixel, now, { date_range })).meta).not.toHaveProperty('comparison_until');
    }
    expect((await compare(safe, now, { date_range: '7d' })).meta).not.toHaveProperty('comparison_until');
  });

  it('is a day in full of which neither events nor columns are left', async () => {
    const pixel = await makePixel('UTC');
    await store(pixel, [
      view('2026-11-23T08:00:00Z', 'early'),
      view('2026-11-23T20:00:00Z', 'late'),
      view('2026-11-24T08:00:00Z', 'today'),
    ]);
    await runJobs(LATER);
    const now = '2026-11-24T12:00:00Z';
    const counted = async (more = {}) => {
      const { results, meta } = await compare(pixel, now, more);
      return [results[0]?.comparison?.metrics[0], meta['comparison_until'] ?? null];
    };
    const noon = '2026-11-23T12:00:00.000Z';
    expect(await counted()).toEqual([1, noon]);
    await seal(pixel, '2026-11-24');
    expect(await counted()).toEqual([1, noon]);
    expect(await counted({ filters: [['is', 'event:page', ['/']]] })).toEqual([1, noon]);
    await db.prepare('UPDATE days SET columns = 0 WHERE pixel = ?').bind(pixel.id).run();
    expect(await counted()).toEqual([2, null]);
    await expect(counted({ filters: [['is', 'event:page', ['/']]] })).rejects.toThrow('beyond_retention');
  });

  it('ends with the last rollup of a large day, as the numbers of that day do', async () => {
    const pixel = await makePixel('UTC');
    await store(pixel, [
      ...['08:10', '08:20', '08:40'].map((time) => view(`2026-11-23T${time}:00Z`, time)),
      ...['08:10', '08:50'].map((time) => view(`2026-11-24T${time}:00Z`, time)),
    ]);
    await runJobs(LATER);
    // As if the day were large: it is read from what was rolled up at half past eight.
    const at = Date.parse('2026-11-24T08:30:20Z');
    await db
      .prepare(
        "UPDATE days SET dirty = 1, events = 60000, rolled_at = ?2 WHERE pixel = ?1 AND day = '2026-11-24'",
      )
      .bind(pixel.id, at)
      .run();
    for (const filters of [[], [['is', 'event:page', ['/']]]]) {
      const { results, meta } = await compare(pixel, '2026-11-24T09:12:00Z', { filters });
      expect(meta).toMatchObject({
        as_of: new Date(at).toISOString(),
        comparison_until: '2026-11-23T08:30:00.000Z',
      });
      expect(results[0]?.comparison?.metrics).toEqual([2]);
    }
  });
});
