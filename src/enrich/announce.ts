/**
 * Tells the queue which destinations have new deliveries, so that these are sent at once. The cron sends them as well, so a message may be spared: on
 * the free plan the queue has 10,000 operations a day, which batches need that D1 does not accept, and a message takes three.
 */
import type { Env } from '../env.ts';
import { Attempts } from '../model/attempts.ts';
import { sendRelays } from '../store/queue.ts';

/** Milliseconds after which the cron runs again. */
const BETWEEN_RUNS = 5 * 60_000;

/** Messages about a destination that an isolate sends in that time. One is enough for all that is due when it arrives. */
export const MAX_ANNOUNCED = 5;

const announced = new Attempts(MAX_ANNOUNCED, BETWEEN_RUNS);

/** @param now after the deliveries were stored. Never throws. */
export async function announce(
  { QUEUE }: Env,
  destinations: ReadonlySet<string>,
  now: number,
): Promise<void> {
  const named = [...destinations].filter((id) => announced.wait(id, now) === 0);
  if (!QUEUE || named.length === 0) return;
  for (const id of named) announced.count(id, now);
  try {
    await sendRelays(QUEUE, named);
  } catch (error) {
    console.warn(`The queue rejected messages about new deliveries, which the cron sends: ${error}`);
  }
}
