/** Holds the stored columns of the model's days to what their rollups were made of. */
import { expect } from 'vitest';
import { expectedColumns } from '../columns/expected.ts';
import { rowsOfDay, segmentsOf } from '../columns/stored.ts';
import { db } from '../fixtures.ts';
import type { PixelModel } from './model.ts';

/** @returns the number of days that were compared. */
export async function holdColumns(model: PixelModel): Promise<number> {
  const { results } = await db
    .prepare('SELECT day, rolls FROM days WHERE pixel = ? AND columns > 0')
    .bind(model.pixel.id)
    .all<{ day: string; rolls: number }>();
  const segments = await segmentsOf(model.pixel);
  const rolledUp = model.rolledUp();
  let compared = 0;
  for (const { day, rolls } of results) {
    const ofDay = segments.flatMap(({ header, columns }) => {
      const number = header.days.findIndex((one) => one.day === day && one.rolls === rolls);
      return number < 0 ? [] : [rowsOfDay(columns, number)];
    });
    expect(ofDay.length, `segments of ${day}`).toBeGreaterThan(0);
    const rollup = rolledUp.get(day);
    if (!rollup) continue;
    for (const [name, values] of Object.entries(expectedColumns(rollup.events, rollup.zone))) {
      if (name === 'visit:day') continue;
      expect(
        ofDay.flatMap((columns) => columns[name] ?? []),
        `${name} of ${day}`,
      ).toEqual(values);
    }
    compared++;
  }
  return compared;
}
