/**
 * Measures the work of storing, rolling up, deleting and querying events: the built Worker runs in the local runtime with its own D1,
 * which counts rows as Cloudflare's does.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { machine } from '../../../bench/lib/machine.ts';
import { addPixels, DAY_OVER, purgeDay, withDay, withRecorded } from '../../../bench/lib/one-day.ts';
import { answerOf, QUERIES } from '../../../bench/lib/queries.ts';
import {
  databaseFile,
  type RecordedOptions,
  type RecordedSpeck,
  rollUp,
} from '../../../bench/lib/recorded-speck.ts';
import type { Call } from '../../../bench/lib/recorder.ts';
import { sum } from '../../../bench/lib/statistics.ts';
import { bytesByTable } from '../../../bench/lib/stored-bytes.ts';
import { MAX_EVENTS_AT_ONCE, SLICE_EVENTS } from '../../../src/rollup/sizes.ts';
import { type MeasuredPointsDay, measurePointsDay } from './measure-points.ts';
import { measureStoring } from './measure-storing.ts';
import type { Counts, DayWork, Measured, Times, Work } from './measured.ts';
import { combined, NOTHING, times, workOf } from './work.ts';

export interface MeasureOptions {
  /** Where the built Worker is. */
  readonly speckDir: string;
  /** A directory for databases. */
  readonly temporary: string;
  readonly seed: number;
  /** Says what is being measured. */
  readonly progress: (what: string) => void;
  /** Sizes of days. By default up to one of two slices. */
  readonly sizes?: readonly number[];
  /** Sizes of days of Analytics Engine. */
  readonly pointsSizes?: readonly number[];
}

/** Events of days: the smallest of SQL alone, the largest in one and in two slices. */
export const DAY_SIZES: readonly number[] = [1, 10, 100, 1000, 10_000, 100_000, 250_000];
/** Days of Analytics Engine: of one slice, and of two. */
export const POINTS_SIZES: readonly number[] = [1, 10, 100, 1000, 10_000, 40_000, 80_000];
/** The size of day that is also queried, deleted, and followed by runs of the cron without work. */
const WATCHED = 1000;
/** Statements that a run of the cron may use, as on the paid plan. */
const CRON_STATEMENTS = 900;
/** Pixels that are added to see what each of them costs a run of the cron without work. */
const MORE_PIXELS = 100;
const MINUTE = 60_000;
/** Runs of a day: those that begin an hour, those that come next, and all others. */
const RUNS = [
  { at: 60 * MINUTE, runs: 24 },
  { at: 65 * MINUTE, runs: 24 },
  { at: 70 * MINUTE, runs: 240 },
] as const;
/** The start of the hour in which the day is over. */
const OVER_HOUR = DAY_OVER - 5 * MINUTE;

export async function measure(options: MeasureOptions): Promise<Measured> {
  const { seed, progress, sizes = DAY_SIZES, pointsSizes = POINTS_SIZES } = options;
  progress('storing events');
  const storing = await measureStoring(options);
  const days: MeasuredDay[] = [];
  for (const events of sizes) {
    progress(`a day of ${events.toLocaleString('en')} events`);
    days.push(await measureDay(options, events));
  }
  const pointsDays: MeasuredPointsDay[] = [];
  for (const events of pointsSizes) {
    progress(`a day of ${events.toLocaleString('en')} events in Analytics Engine`);
    pointsDays.push(await measurePointsDay(options, events));
  }
  const largestOfPoints = pointsDays.at(-1);
  const watched = days.find(({ watched }) => watched !== null)?.watched;
  const largest = days.at(-1);
  if (!watched || !largest || !largestOfPoints)
    throw new Error(`a day of ${WATCHED} events has to be measured`);
  const counts: Counts = {
    seed,
    ...storing.counts,
    days: { d1: days.map(({ work }) => work), analytics_engine: pointsDays.map(({ work }) => work) },
    purge: watched.purge,
    idleCron: watched.idleCron,
    idlePointQueries: largestOfPoints.idlePointQueries,
    view: watched.view,
  };
  const { cronCpu, rollUpEach, ...timesOfDay } = largest.times;
  return {
    counts,
    times: {
      machine: machine(),
      ...storing.times,
      ...timesOfDay,
      cronCpu: { d1: cronCpu, analytics_engine: largestOfPoints.cronCpu },
      rollUpEach: { d1: rollUpEach, analytics_engine: largestOfPoints.rollUpEach },
      purgeEach: watched.purgeEach,
    },
  };
}

interface MeasuredDay {
  readonly work: DayWork;
  readonly times: Pick<Times, 'scannedRow' | 'longestEach'> & {
    readonly cronCpu: number;
    readonly rollUpEach: number;
  };
  readonly watched: Watched | null;
}

interface Watched extends Pick<Counts, 'purge' | 'idleCron' | 'view'> {
  readonly purgeEach: number;
}

async function measureDay(
  { speckDir, temporary, seed }: MeasureOptions,
  events: number,
): Promise<MeasuredDay> {
  const directory = join(temporary, `day-${events}`);
  const isWatched = events === WATCHED;
  let calls: Call[] = [];
  let idle: Work = NOTHING;
  let runsOfCron = 0;
  let cpu = 0;
  let scannedRow = 0;
  const watched = await withDay({ speckDir, directory }, { events, seed: seed + events }, async (speck) => {
    const open = isWatched ? await viewOf(speck) : null;
    cpu = await speck.cpu(async () => {
      const { runs } = await rollUp(speck, DAY_OVER, CRON_STATEMENTS);
      calls = runs.flatMap((run) => [...run.calls]);
      runsOfCron = runs.length;
    }, 1);
    // What these runs would have taken without the day.
    idle = times(workOf((await speck.cron(DAY_OVER, CRON_STATEMENTS)).calls), runsOfCron);
    scannedRow = await timeOfScannedRow(speck, events);
    return open && { open, finished: await viewOf(speck), idleCron: await idleCronOf(speck) };
  });
  // The runtime has to be closed, and the events still there.
  const bytes = bytesByTable(databaseFile(directory), 'used');
  const bytesOf = (table: string): number => bytes.get(table) ?? 0;
  const statements = calls.flatMap((call) => call.statements);
  const rowsRead = statements.map((statement) => statement.rowsRead);
  const milliseconds = sum(statements.map(({ ms }) => ms));
  const slices = events > MAX_EVENTS_AT_ONCE ? Math.ceil(events / SLICE_EVENTS) : 0;
  const work: DayWork = {
    events,
    slices,
    rollUp: combined(workOf(calls), idle, -1),
    pointQueries: 0,
    rawBytes: bytesOf('events'),
    columnBytes: bytesOf('segments'),
    rollupBytes: bytesOf('rollups'),
    widest: Math.max(...rowsRead),
  };
  const milliSeconds = {
    cronCpu: cpu / events,
    rollUpEach: milliseconds / events,
    scannedRow: scannedRow,
    longestEach: Math.max(...statements.map(({ ms }) => ms)) / (events / Math.max(1, slices)),
  };
  const purged = watched && (await purge({ speckDir, directory }, events));
  rmSync(directory, { recursive: true });
  if (!watched || !purged) return { work, times: milliSeconds, watched: null };
  const { open, finished, idleCron } = watched;
  return {
    work,
    times: milliSeconds,
    watched: {
      view: { finished, openEach: Math.max(0, open.rowsRead - finished.rowsRead) / events },
      idleCron,
      ...purged,
    },
  };
}

/** What a dashboard's queries without a filter read. */
async function viewOf(speck: RecordedSpeck): Promise<Work> {
  await speck.recorded();
  for (const query of QUERIES) await answerOf(speck.url, query, { 'bench-record': 'yes' });
  return workOf(await speck.recorded());
}

/** What the cron's runs of a day take that find nothing to do: as such, and for each pixel. */
async function idleCronOf(speck: RecordedSpeck): Promise<Counts['idleCron']> {
  const day = async (): Promise<Work> => {
    let all: Work = NOTHING;
    for (const { at, runs } of RUNS) {
      const { calls } = await speck.cron(OVER_HOUR + at, CRON_STATEMENTS);
      all = combined(all, workOf(calls), runs);
    }
    return all;
  };
  const fixed = await day();
  await addPixels(speck, MORE_PIXELS);
  const more = combined(await day(), fixed, -1);
  return {
    fixed,
    eachPixel: times(more, 1 / MORE_PIXELS),
  };
}

/** Milliseconds of D1 for a row that a slice looks at only to find out whether it is of its visitors. */
async function timeOfScannedRow({ db }: RecordedSpeck, events: number): Promise<number> {
  const scan = db.prepare(`SELECT count(*) AS count FROM events WHERE visitor >= 'A' AND visitor < 'B'`);
  const { meta } = (await scan.all()) as unknown as { readonly meta: { readonly duration: number } };
  return meta.duration / events;
}

async function purge(
  options: RecordedOptions,
  events: number,
): Promise<Pick<Watched, 'purge' | 'purgeEach'>> {
  const calls = await withRecorded(options, (speck) => purgeDay(speck, CRON_STATEMENTS));
  const milliseconds = sum(calls.flatMap(({ statements }) => statements.map(({ ms }) => ms)));
  return { purge: { events, work: workOf(calls) }, purgeEach: milliseconds / events };
}
