/**
 * Counts what must not go unnoticed: batches put aside, events lost, days given up, cron runs. A count is made when D1 may be failing,
 * so it waits in the isolate and is written with the next success.
 */

export type CounterName =
  | 'spilled_batches'
  | 'lost_events'
  | 'cron_runs'
  /** Runs of the cron that left no closed day waiting whose turn it was. */
  | 'caught_up_runs'
  /** Days past retention whose raw events were deleted though their rollup failed. */
  | 'given_up_days';

export interface Counter {
  readonly value: number;
  /** Epoch milliseconds of the last one. */
  readonly last_at: number;
}

const waiting = new Map<CounterName, Counter>();

/** Counts in this isolate. `writeCounts` takes it to D1. */
export function count(name: CounterName, by: number, now: number): void {
  waiting.set(name, { value: (waiting.get(name)?.value ?? 0) + by, last_at: now });
}

/** What this isolate has counted and not written yet. */
export function unwrittenCount(name: CounterName): number {
  return waiting.get(name)?.value ?? 0;
}

/** Writes what waits, if anything. A failure leaves it waiting; it is not worth failing for. */
export async function writeCounts(db: D1Database): Promise<void> {
  if (waiting.size === 0) return;
  const rows = [...waiting].map(([name, { value, last_at }]) => [name, value, last_at]);
  waiting.clear();
  try {
    await db
      .prepare(
        `INSERT INTO counters (name, value, last_at)
         SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?) WHERE true
         ON CONFLICT (name) DO UPDATE SET value = value + excluded.value, last_at = excluded.last_at`,
      )
      .bind(JSON.stringify(rows))
      .run();
  } catch {
    for (const [name, value, at] of rows) count(name as CounterName, Number(value), Number(at));
  }
}

export async function readCounters(db: D1Database): Promise<ReadonlyMap<string, Counter>> {
  const { results } = await db.prepare('SELECT * FROM counters').all<Counter & { name: string }>();
  return new Map(results.map(({ name, ...counter }) => [name, counter]));
}

/**
 * Records that something is erased or deleted at `now`, for which dead letters are to be gone through. One written row, however
 * many there are.
 */
export function countErasure(db: D1Database, now: number): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO counters (name, value, last_at) VALUES ('erasures', 1, ?)
       ON CONFLICT (name) DO UPDATE SET value = value + 1, last_at = max(last_at, excluded.last_at)`,
    )
    .bind(now);
}
