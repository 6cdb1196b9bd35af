/**
 * Tells the queue which destinations have new deliveries, so that these are sent at once, or within the next two minutes if there are many. On the
 * free plan the queue has 10,000 operations a day, which batches need that D1 does not accept, and a message takes three of them. The cron sends what
 * no message announces.
 */
import type { Env } from '../env.ts';
import { Cache } from '../model/cache.ts';
import { type RelayCall, sendRelays } from '../store/queue.ts';

/** Milliseconds in which an isolate sends at most two messages about a destination: one at once, and one that arrives when they are over. */
export const ANNOUNCED_EACH = 2 * 60_000;

/** When the time of a destination's first message ends, in epoch milliseconds, and whether a second one will arrive then. */
const announced = new Cache<string, { readonly until: number; readonly isLast: boolean }>(1000);

/** @param now after the deliveries were stored. Never throws. */
export async function announce(
  { QUEUE }: Env,
  destinations: ReadonlySet<string>,
  now: number,
): Promise<void> {
  if (!QUEUE) return;
  const calls = [...destinations].flatMap((destination): RelayCall[] => {
    const open = announced.get(destination);
    const isFirst = open === undefined || open.until <= now;
    if (!isFirst && open.isLast) return [];
    const until = isFirst ? now + ANNOUNCED_EACH : open.until;
    announced.set(destination, { until, isLast: !isFirst });
    return [{ destination, delaySeconds: isFirst ? 0 : Math.ceil((until - now) / 1000) }];
  });
  try {
    await sendRelays(QUEUE, calls);
  } catch (error) {
    console.warn(`The queue rejected messages about new deliveries, which the cron sends: ${error}`);
  }
}
