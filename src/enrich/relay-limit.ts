/**
 * Bounds what anyone can have stored for advertising networks. A conversion takes some ten written rows for each destination, where an event takes
 * two or three, so without a bound a few requests could use up what the free plan may write in a day. Counted in memory, per isolate.
 */
import type { Env } from '../env.ts';
import { Cache } from '../model/cache.ts';
import { isPaid } from '../relay/limits.ts';

const HOUR = 3_600_000;

/** Conversions, one for each destination, and click ids that the pages of a pixel report in an hour, by the plan. */
export const MAX_REPORTED = { free: 2000, paid: 20_000 } as const;

const reported = new Cache<string, { readonly until: number; readonly rows: number }>(1000);

/** Whether so many rows of a pixel are within its bound. Then they are counted. */
export function admits(env: Env, pixel: string, rows: number, now: number): boolean {
  const most = isPaid(env) ? MAX_REPORTED.paid : MAX_REPORTED.free;
  const last = reported.get(pixel);
  const { until, rows: before } = last && last.until > now ? last : { until: now + HOUR, rows: 0 };
  if (before + rows > most) return false;
  reported.set(pixel, { until, rows: before + rows });
  return true;
}
