/** What tests of days of Analytics Engine share: a history, written where its events belong. */
import type { Pixel } from '../../src/model/pixel.ts';
import type { MemoryEngine } from '../engine/memory-engine.ts';
import { db, place, store } from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';

/** Only Analytics Engine has the events of nobody known. */
export const isPoint = ({ person, eid, props }: OracleEvent): boolean => !person && !eid && !props;

/** Writes the events of a history where they belong, and marks the days of points as the cron does. */
export async function write(
  pixel: Pixel,
  events: readonly OracleEvent[],
  engine: MemoryEngine,
  sampleInterval = 1,
): Promise<void> {
  await store(
    pixel,
    events.filter((event) => !isPoint(event)),
  );
  const points = events.filter(isPoint).map((event) => place(pixel, event));
  for (const { event } of points) engine.write(event);
  for (const [day, placed] of Map.groupBy(points, ({ day: { day } }) => day)) {
    const { start, end } = placed[0]?.day ?? { start: 0, end: 0 };
    await db
      .prepare(
        `INSERT INTO days (pixel, day, starts_at, ends_at, dirty, raw, points, sample_interval) VALUES (?1, ?2, ?3, ?4, 1, 0, ?5, ?6)
         ON CONFLICT DO UPDATE SET points = ?5, sample_interval = ?6`,
      )
      .bind(pixel.id, day, start, end, placed.length, sampleInterval)
      .run();
  }
}
