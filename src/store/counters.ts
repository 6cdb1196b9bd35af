/**
 * Counts what `/health` reports: spilled batches, lost events, days that were given up, cron runs. D1 may be failing when something is
 * counted, so a count stays in the isolate until the next successful write.
 */

export type CounterName =
  | 'spilled_batches'
  | 'lost_events'
  | 'cron_runs'
  /** Runs of the cron after which no finished day was due. */
  | 'caught_up_runs'
  /** Days past retention whose raw events were deleted although their rollup failed. */
  | 'given_up_days';

export interface Counter {
  readonly value: number;
  /** When it last grew, in epoch milliseconds. */
  readonly last_at: number;
}

const unwritten = new Map<CounterName, Counter>();

/** Counts in this isolate. `writeCounts` writes the counts to D1. */
export function count(name: CounterName, by: number, now: number): void {
  unwritten.set(name, { value: (unwritten.get(name)?.value ?? 0) + by, last_at: now });
}

/** What this isolate has counted and not yet written. */
export function unwrittenCount(name: CounterName): number {
  return unwritten.get(name)?.value ?? 0;
}

/** Writes the counts of this isolate. Never throws: if D1 fails, they stay for the next call. */
export async function writeCounts(db: D1Database): Promise<void> {
  if (unwritten.size === 0) return;
  const rows = [...unwritten].map(([name, { value, last_at }]) => [name, value, last_at]);
  unwritten.clear();
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

/** Counts an erasure or deletion at `now`: dead letters that were last checked before must be checked again. It writes one row. */
export function countErasure(db: D1Database, now: number): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO counters (name, value, last_at) VALUES ('erasures', 1, ?)
       ON CONFLICT (name) DO UPDATE SET value = value + 1, last_at = max(last_at, excluded.last_at)`,
    )
    .bind(now);
}
