/** Measures what a day takes whose events only Analytics Engine has. SQLite plays Analytics Engine. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeHistory } from '../../../bench/lib/history.ts';
import { DAY, DAY_OVER, withRecorded } from '../../../bench/lib/one-day.ts';
import { PlayedEngine } from '../../../bench/lib/played-engine.ts';
import { databaseFile, makeDatabase, rollUp } from '../../../bench/lib/recorded-speck.ts';
import type { Call } from '../../../bench/lib/recorder.ts';
import { sum } from '../../../bench/lib/statistics.ts';
import { bytesByTable } from '../../../bench/lib/stored-bytes.ts';
import type { MeasureOptions } from './measure.ts';
import type { DayWork } from './measured.ts';
import { CRON_RUNS } from './usage.ts';
import { combined, times, workOf } from './work.ts';

/** Statements that a run of the cron may use, as on the paid plan. */
const CRON_STATEMENTS = 900;
/** Minutes after the end of a day by which its points have settled. */
const SETTLED = 30 * 60_000;
const EVERY = 5 * 60_000;
/** Questions in a day that count points again: of open days every hour, of a finished one three times. */
const RECOUNTS = 24 + 3;

export interface MeasuredPointsDay {
  readonly work: DayWork;
  readonly cronCpu: number;
  readonly rollUpEach: number;
  /** What the cron asks Analytics Engine in a day beside rolling up. */
  readonly idlePointQueries: number;
}

export async function measurePointsDay(
  { speckDir, temporary, seed }: MeasureOptions,
  events: number,
): Promise<MeasuredPointsDay> {
  const directory = join(temporary, `points-${events}`);
  const file = await makeDatabase({ speckDir, directory });
  writeHistory(file, { seed: seed + events, from: DAY, days: 1, events });
  const engine = await PlayedEngine.of(file);
  try {
    const measured = await withRecorded({ speckDir, directory, vars: engine.vars }, async (speck) => {
      const from = DAY_OVER + SETTLED;
      // The first run of all looks back for two days.
      await speck.cron(DAY_OVER, CRON_STATEMENTS);
      engine.takeQueries();
      let calls: readonly Call[] = [];
      let runsOfCron = 0;
      const cpu = await speck.cpu(async () => {
        const { runs } = await rollUp(speck, from, CRON_STATEMENTS);
        calls = runs.flatMap((run) => [...run.calls]);
        runsOfCron = runs.length;
      }, 1);
      const queries = engine.takeQueries();
      const idle = workOf((await speck.cron(from + runsOfCron * EVERY, CRON_STATEMENTS)).calls);
      const idleQueries = engine.takeQueries();
      return { calls, cpu, queries, runsOfCron, idle, idleQueries };
    });
    const { calls, cpu, queries, runsOfCron, idle, idleQueries } = measured;
    const bytes = bytesByTable(databaseFile(directory), 'used');
    return {
      work: {
        events,
        slices: 0,
        rollUp: combined(workOf(calls), times(idle, runsOfCron), -1),
        pointQueries: queries - idleQueries * runsOfCron,
        rawBytes: 0,
        columnBytes: bytes.get('segments') ?? 0,
        rollupBytes: bytes.get('rollups') ?? 0,
        widest: 0,
      },
      cronCpu: cpu / events,
      rollUpEach: sum(calls.flatMap(({ statements }) => statements.map(({ ms }) => ms))) / events,
      idlePointQueries: idleQueries * CRON_RUNS + RECOUNTS,
    };
  } finally {
    await engine.close();
    rmSync(directory, { recursive: true });
  }
}
