/** A local day of events in a database of its own, which the cron rolls up and, past retention, deletes. */
import { addDays, dayStart } from '../../src/model/time-zone.ts';
import { PIXEL, writeHistory, ZONE } from './history.ts';
import { makeDatabase, type RecordedOptions, type RecordedSpeck, startRecorded } from './recorded-speck.ts';
import type { Call } from './recorder.ts';

export const DAY = '2026-10-15';
/** The first run of the cron after the day. */
export const DAY_OVER = dayStart(ZONE, addDays(DAY, 1)) + 5 * 60_000;

const EVERY = 5 * 60_000;

/**
 * Makes the day, and starts a recorded Speck on it.
 * @param seed of the events. Zero events: a database with the pixel only.
 */
export async function withDay<T>(
  options: { readonly speckDir: string; readonly directory: string },
  { events, seed }: { readonly events: number; readonly seed: number },
  use: (speck: RecordedSpeck) => Promise<T>,
): Promise<T> {
  writeHistory(await makeDatabase(options), { seed, from: DAY, days: 1, events });
  return withRecorded(options, use);
}

/** Starts a recorded Speck, and closes it after its use. */
export async function withRecorded<T>(
  options: RecordedOptions,
  use: (speck: RecordedSpeck) => Promise<T>,
): Promise<T> {
  const speck = await startRecorded(options);
  try {
    return await use(speck);
  } finally {
    await speck.close();
  }
}

/** Ids have no digit 0: a letter stands for it. */
const FIRST_ID = 1000;

/** Adds copies of the pixel under other ids, and gives these. */
export async function addPixels({ db }: RecordedSpeck, count: number): Promise<string[]> {
  const ids = Array.from(
    { length: count },
    (_, place) =>
      `px_${String(FIRST_ID + place)
        .replaceAll('0', 'A')
        .padStart(16, 'A')}`,
  );
  await db
    .prepare(
      `INSERT INTO pixels (id, name, url, timezone, settings, created_at)
       SELECT j.value, p.name, p.url, p.timezone, p.settings, p.created_at FROM json_each(?) j CROSS JOIN pixels p WHERE p.id = ?`,
    )
    .bind(JSON.stringify(ids), PIXEL)
    .run();
  return ids;
}

/** Lets the day pass its retention, and runs the cron until its events are gone. @returns the calls of these runs. */
export async function purgeDay(speck: RecordedSpeck, statements?: number): Promise<Call[]> {
  await speck.db.prepare(`UPDATE pixels SET settings = json_set(settings, '$.retention_days', 1)`).run();
  const calls: Call[] = [];
  const later = dayStart(ZONE, addDays(DAY, 10));
  for (let run = 0; ; run++) {
    const { results } = await speck.db
      .prepare('SELECT count(*) AS count FROM events')
      .all<{ count: number }>();
    if (results[0]?.count === 0) return calls;
    if (run === 1000) throw new Error('the cron does not delete what is past its retention');
    calls.push(...(await speck.cron(later + run * EVERY, statements)).calls);
  }
}
