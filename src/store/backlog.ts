/** Reads how much work waits for the cron, and how large the database is, for the diagnostics. */
import { DIRTY, RAW } from '../model/day-state.ts';
import { ROLLUP_VERSION } from '../model/rollup-version.ts';
import { IS_DUE } from './due-days.ts';

/** The finished days that wait for their rollup. */
export interface Backlog {
  readonly days: number;
  /** The number of their events, as of their last rollups. */
  readonly events: number;
  /** When the oldest of them ended, in epoch milliseconds; null without a backlog. */
  readonly oldest: number | null;
  /** The clean days whose rollup is of an older version, which are computed again with what runs have left. */
  readonly outdated: number;
  readonly oldestLetter: number | null;
}

export async function readBacklog(db: D1Database, now: number): Promise<Backlog> {
  const row = await db
    .prepare(
      `SELECT count(*) AS days, coalesce(sum(d.events), 0) AS events, min(d.ends_at) AS oldest,
         (SELECT count(*) FROM days o
          WHERE o.raw = ${RAW.stored} AND o.dirty = ${DIRTY.clean} AND o.rollup_version < ${ROLLUP_VERSION}) AS outdated,
         (SELECT min(received_at) FROM dead_letters) AS oldestLetter
       FROM days d WHERE ${IS_DUE}`,
    )
    .bind(now)
    .first<Backlog>();
  return row ?? { days: 0, events: 0, oldest: null, outdated: 0, oldestLetter: null };
}

/** The size of the database in bytes, as D1 reports it with each result. @throws what D1 throws if it cannot be reached. */
export async function readDatabaseSize(db: D1Database): Promise<number> {
  const { meta } = await db.prepare('SELECT 1').run();
  return meta.size_after;
}

/** The days of Analytics Engine since a date. */
export interface EngineDays {
  readonly days: number;
  /** Those of which Analytics Engine has kept a sample. */
  readonly sampled: number;
  /** Of how many events one was kept at worst. */
  readonly interval: number;
}

export async function readEngineDays(db: D1Database, since: string): Promise<EngineDays> {
  const row = await db
    .prepare(
      `SELECT count(*) AS days, coalesce(sum(d.sample_interval > 1), 0) AS sampled, coalesce(max(d.sample_interval), 1) AS interval
       FROM pixels p CROSS JOIN days d ON d.pixel = p.id AND d.day >= ?1 AND d.points > 0`,
    )
    .bind(since)
    .first<EngineDays>();
  return row ?? { days: 0, sampled: 0, interval: 1 };
}
