/** Days with columns, and what is stored of them, for tests of what becomes of them. */
import { expect } from 'vitest';
import type { Pixel, PixelSettings } from '../../src/model/pixel.ts';
import { addDays } from '../../src/model/time-zone.ts';
import { db, makePixel, runJobs, store } from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';
import { byDay, expectedColumns } from './expected.ts';
import { rowsOfDay, segmentsOf } from './stored.ts';

/** When the days are rolled up: off the hour, when only days are. */
export const NOW = Date.parse('2026-03-05T00:20:00Z');

/** Three visits on each of some days, with a page of its own in each. */
export const visits = (first: string, count: number): OracleEvent[] =>
  Array.from({ length: count }, (_, index) => addDays(first, index)).flatMap((day) =>
    ['06:00', '12:00', '23:30'].map((time, index) => ({
      ts: Date.parse(`${day}T${time}:00Z`),
      id: `${day}${time}`,
      name: 'pageview',
      visitor: ['-a', 'Mid', 'zoe'][index] as string,
      page: `/${day}/${time}`,
      source: index === 0 ? 'Google' : '',
      person: index === 2 ? 'uann' : '',
    })),
  );

export async function rolledUp(
  events: readonly OracleEvent[],
  settings: Partial<PixelSettings> = {},
  now: number = NOW,
): Promise<Pixel> {
  const pixel = await makePixel('UTC', settings);
  await store(pixel, events, now);
  await runJobs(now);
  return pixel;
}

/** Holds the stored columns of all days to events: each day once, in a segment of its own or in a month's. */
export async function expectColumns(
  pixel: Pixel,
  events: readonly OracleEvent[],
  zone = 'UTC',
): Promise<void> {
  const days = byDay(events, zone);
  const expected = [...days.keys()].toSorted();
  const segments = await segmentsOf(pixel);
  const current = await db
    .prepare('SELECT day, rolls FROM days WHERE pixel = ? AND columns > 0')
    .bind(pixel.id)
    .all<{ day: string; rolls: number }>();
  const rollsOf = new Map(current.results.map(({ day, rolls }) => [day, rolls]));
  expect([...rollsOf.keys()].toSorted()).toEqual(expected);
  const seen: string[] = [];
  for (const { header, columns } of segments) {
    const numbers = header.days.flatMap(({ day, rolls }, number) =>
      rollsOf.get(day) === rolls ? [[day, number] as const] : [],
    );
    for (const [day, number] of numbers) {
      const whole = expectedColumns(days.get(day) ?? [], zone, number);
      const ofDay = rowsOfDay(columns, number);
      for (const [name, values] of Object.entries(whole)) {
        expect(ofDay[name], `${day} ${name}`).toEqual(values);
      }
      seen.push(day);
    }
  }
  expect(seen.toSorted()).toEqual(expected);
}

/** All that is stored of dictionaries and headers. */
export const texts = async (pixel: Pixel): Promise<string> => {
  const { results } = await db
    .prepare('SELECT dictionary FROM segments WHERE pixel = ?')
    .bind(pixel.id)
    .all<{ dictionary: string }>();
  return results.map(({ dictionary }) => dictionary).join('\n');
};
