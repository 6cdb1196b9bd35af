/** The columns of rolled-up days are those of their events, whatever becomes of the days. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { CODES_A_CHUNK } from '../../src/columns/format.ts';
import { STORE_COLUMNS, STORE_COLUMNS_OF_SLICE } from '../../src/rollup/columns.sql.ts';
import { runJob } from '../../src/rollup/job.ts';
import { STORE_COLUMNS_OF_MONTH } from '../../src/rollup/month-columns.sql.ts';
import { byDay, expectedColumns } from '../columns/expected.ts';
import { segmentsOf } from '../columns/stored.ts';
import { applySchema, db, histories, makePixel, ODD_DAYS, runJobs, store, testEnv } from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';
import { tampered } from './tampered.ts';

const DAY = 86_400_000;

beforeAll(applySchema);

/** Texts that are hard to write as JSON, or as codes. */
const ODD_TEXTS = ['"', '\\', "'", 'a\nb', '\u{1f600}', 'é', '#', '(other)', 'null', ''];

describe('the columns of a day', () => {
  it('are those of its events: random histories, zones and texts', async () => {
    let days = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...ODD_DAYS).chain(([zone, day]) =>
          fc.record({
            zone: fc.constant(zone),
            day: fc.constant(day),
            events: histories(day, 60),
            texts: fc.array(fc.constantFrom(...ODD_TEXTS), { minLength: 5, maxLength: 5 }),
          }),
        ),
        async ({ zone, day, events, texts }) => {
          const odd = events.map(
            (event, index): OracleEvent =>
              index % 3 === 0 ? { ...event, utm_term: texts[index % texts.length] ?? '' } : event,
          );
          const pixel = await makePixel(zone);
          await store(pixel, odd);
          await runJobs(Date.parse(`${day}T00:00:00Z`) + 4 * DAY);
          const segments = await segmentsOf(pixel);
          const expected = byDay(odd, zone);
          expect(segments.map(({ period }) => period)).toEqual([...expected.keys()].toSorted());
          for (const { period, header, columns } of segments) {
            days++;
            const whole = expectedColumns(expected.get(period) ?? [], zone);
            expect(columns, period).toEqual(whole);
            expect(header).toMatchObject({
              visits: whole['visit:day']?.length,
              events: whole['event:name']?.length,
              days: [{ day: period, rolls: 1 }],
            });
          }
        },
      ),
      { numRuns: 60 },
    );
    expect(days).toBeGreaterThan(100);
  });

  it('are in one part for each slice, with every visitor in one of them', async () => {
    const hashes = ['-b', 'Ann', 'mid', 'zoe'];
    await fc.assert(
      fc.asyncProperty(histories('2026-03-29', 60), async (events) => {
        const zone = 'Europe/Berlin';
        const spread = events.map((event, index): OracleEvent => {
          const visitor = event.visitor === '' ? '' : `${hashes[index % 4]}${event.visitor}`;
          return { ...event, visitor };
        });
        const pixel = await makePixel(zone);
        await store(pixel, spread);
        const DB = tampered(db, { scale: 20_000, before: async () => {} });
        for (let run = 0; run < 20; run++) {
          const { more, failed } = await runJob({ ...testEnv, DB }, Date.parse('2026-04-02T00:00:00Z'));
          expect(failed).toBe(0);
          if (!more) break;
        }
        const parts = Map.groupBy(await segmentsOf(pixel), ({ period }) => period);
        const days = byDay(spread, zone);
        expect([...parts.keys()].toSorted()).toEqual([...days.keys()].toSorted());
        for (const [day, ofDay] of days) {
          const slices = parts.get(day) ?? [];
          expect(slices.length).toBe(Math.max(1, Math.ceil((ofDay.length * 20_000) / 200_000)));
          const whole = expectedColumns(ofDay, zone);
          for (const [name, values] of Object.entries(whole)) {
            expect(
              slices.flatMap(({ columns }) => columns[name]),
              name,
            ).toEqual(values);
          }
        }
      }),
      { numRuns: 15 },
    );
  });

  it('are in several chunks for a visitor of 40,000 events, with a dictionary of several pieces', async () => {
    const start = Date.parse('2026-02-03T00:00:00Z');
    const events = Array.from(
      { length: 40_000 },
      (_, index): OracleEvent => ({
        ts: start + index * 2000,
        id: `e${String(index).padStart(6, '0')}`,
        name: index % 7 === 3 ? 'engagement' : index % 5 === 0 ? 'Purchase' : 'pageview',
        visitor: 'busy',
        page: `/${index}${'x'.repeat(index % 40)}`,
        props: index % 10_000 === 1 ? JSON.stringify({ long: '"\u00e9'.repeat(15_000) }) : '',
        value: index % 11 === 0 ? index - 500 : null,
        engaged: index % 7 === 3 ? index : null,
      }),
    );
    const pixel = await makePixel('UTC');
    for (let at = 0; at < events.length; at += 1000) await store(pixel, events.slice(at, at + 1000));
    await runJobs(start + 3 * DAY);
    const { results } = await db
      .prepare(
        `SELECT name, count(*) AS chunks, max(octet_length(dictionary) + octet_length(codes)) AS greatest,
           min(size = octet_length(dictionary) + octet_length(codes)) AS sized
         FROM segments WHERE pixel = ? GROUP BY name`,
      )
      .bind(pixel.id)
      .all<{ name: string; chunks: number; greatest: number; sized: number }>();
    const chunks = Object.fromEntries(results.map((row) => [row.name, row.chunks]));
    expect(chunks).toMatchObject({ 'event:minute': 3, 'event:page': 3, 'event:props': 3 });
    expect(Math.ceil(40_000 / CODES_A_CHUNK)).toBe(3);
    for (const { greatest, sized } of results) {
      expect(greatest).toBeLessThan(1_000_000);
      expect(sized).toBe(1);
    }
    const [segment] = await segmentsOf(pixel);
    expect(segment?.columns).toEqual(expectedColumns(events, 'UTC'));
  });

  it('fit into what D1 takes', () => {
    for (const sql of [STORE_COLUMNS, STORE_COLUMNS_OF_SLICE, STORE_COLUMNS_OF_MONTH])
      expect(sql.length).toBeLessThan(60_000);
  });
});
