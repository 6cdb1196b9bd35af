/** The local day of an instant, cached. */
import type { LocalDay } from './batch.ts';
import { Cache } from './cache.ts';
import { addDays, dayStart, localDay } from './time-zone.ts';

/** The latest result for each time zone: most events are of today. */
const latestDays = new Cache<string, LocalDay>(1000);

/** The local day that holds an instant, with its bounds. */
export function localDayOf(zone: string, ts: number): LocalDay {
  const latest = latestDays.get(zone);
  if (latest && latest.start <= ts && ts < latest.end) return latest;
  const day = localDay(zone, ts);
  const result = { day, start: dayStart(zone, day), end: dayStart(zone, addDays(day, 1)), zone };
  latestDays.set(zone, result);
  return result;
}
