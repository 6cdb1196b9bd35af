/** How much of each limit a load uses. */
import { type LimitName, type Plan, platformLimit } from '../platform-limits.ts';
import type { Setup, Usage } from './usage.ts';
import { CRON_RUNS } from './usage.ts';

/** Where a figure comes from. */
export type Basis = 'measured' | 'counted';

export interface LimitUse {
  readonly limit: LimitName;
  /** Tells apart uses of the same limit. */
  readonly id: string;
  /** What uses it. */
  readonly what: string;
  readonly used: number;
  readonly allowed: number;
  /** Beyond 1, the limit is reached. */
  readonly share: number;
  /** `measured`: the use depends on times of this machine. `counted`: on counts only. */
  readonly basis: Basis;
}

/** The limits that a plan has, the one that is used the most first. */
export function limitsOf(usage: Usage, { ingestMode, eventStore }: Setup, plan: Plan): LimitUse[] {
  const { day, bytes, topPixel } = usage;
  const [busiest] = usage.databases;
  if (busiest === undefined) return [];
  const largest = usage.databases.reduce((most, one) =>
    one.bytes.afterYear > most.bytes.afterYear ? one : most,
  );
  const uses: LimitUse[] = [];
  const add = (limit: LimitName, what: string, used: number, basis: Basis = 'counted', per = 1): void => {
    const allowed = platformLimit(limit, plan);
    if (allowed === null || used === 0) return;
    uses.push({
      limit,
      id: `${limit} ${basis}`,
      what,
      used,
      allowed: allowed * per,
      share: used / (allowed * per),
      basis,
    });
  };
  add('workers requests', 'requests a day', day.requests);
  add('d1 rows read', 'rows read a day', day.rowsRead);
  add('d1 rows written', 'rows written a day', day.rowsWritten);
  add(
    'd1 databases',
    'databases',
    usage.databases.reduce((sum, { databases }) => sum + databases, 0),
  );
  add('d1 database size', 'bytes of the largest database after a year', largest.bytes.afterYear);
  add('d1 storage', 'bytes of all databases after a year', bytes.afterYear);
  add(
    'd1 statements',
    // In queue mode, the peak waits in the queue.
    `statements a second of the busiest database${ingestMode === 'queue' ? '' : ' at the peak'}`,
    busiest.statements.peak,
  );
  add(
    'd1 statements',
    `milliseconds of D1's time a second, of the busiest database${ingestMode === 'queue' ? '' : ' at the peak'}`,
    busiest.busy.peak * 1000,
    'measured',
  );
  add(
    'd1 query duration',
    'seconds of the longest statement of a rollup',
    topPixel.longestStatement,
    'measured',
  );
  add(
    'd1 queries of an invocation',
    'statements of the cron a day',
    busiest.day.cronStatements,
    'counted',
    CRON_RUNS,
  );
  add(
    'workers cpu of a cron run',
    'milliseconds of CPU of the cron a day',
    busiest.day.cronCpu,
    'measured',
    CRON_RUNS,
  );
  add('queues messages', 'messages a second at the peak', busiest.messages.peak);
  add('queues operations', 'operations of the queue a day', day.operations);
  add('analytics points', 'points a day', day.points);
  if (eventStore === 'analytics_engine') {
    add('analytics queries', 'queries of Analytics Engine a day', day.pointQueries);
    add(
      'analytics unsampled points',
      'points a second of an index of the busiest pixel at the peak',
      topPixel.pointsPerIndex,
    );
  }
  return uses.sort((a, b) => b.share - a.share);
}
