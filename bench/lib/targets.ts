/** The targets of the pixel's bench, and whether a run reached them. */
import type { Measurement } from './measure.ts';
import { type Record, ratiosOf } from './report.ts';
import { median, sum } from './statistics.ts';
import { table } from './table.ts';

interface Target {
  readonly name: string;
  /** The number of connections at which the target is measured. */
  readonly connections: number;
  /** NaN if the run did not measure it. */
  readonly measured: (records: readonly Record[], connections: number) => number;
  readonly digits: number;
  readonly isReached: (measured: number) => boolean;
}

const TARGETS: readonly Target[] = [
  ratioTarget('c0/a requests/s at least 0.90', 'c0', 'a', ({ rate }) => rate, atLeast(0.9)),
  ratioTarget('c0/a CPU at most 1.25', 'c0', 'a', ({ cpuPerThousand }) => cpuPerThousand, atMost(1.25)),
  ratioTarget('c/a requests/s at least 0.55', 'c', 'a', ({ rate }) => rate, atLeast(0.55)),
  ratioTarget('e/a requests/s at least 0.85', 'e', 'a', ({ rate }) => rate, atLeast(0.85)),
  ratioTarget('d/c requests/s at least 0.97', 'd', 'c', ({ rate }) => rate, atLeast(0.97)),
  ratioTarget('c/b requests/s at least 7', 'c', 'b', ({ rate }) => rate, atLeast(7)),
  {
    name: 'no event missing',
    connections: 32,
    measured: missingEvents,
    digits: 0,
    isReached: (missing) => missing === 0,
  },
  {
    name: 'the median of c within 0.1 ms of that of a',
    connections: 1,
    measured: (records, connections) =>
      medianMs(records, connections, 'c') - medianMs(records, connections, 'a'),
    digits: 2,
    isReached: (difference) => Math.abs(difference) <= 0.1,
  },
];

/** A Markdown table of the targets. Whether one is reached is decided by the figure as the table shows it. */
export function targetTable(records: readonly Record[]): string {
  const rows = TARGETS.map(({ name, connections, measured, digits, isReached }) => {
    const figure = measured(records, connections);
    if (Number.isNaN(figure)) return [name, String(connections), 'n/a', 'n/a'];
    const formatted = figure.toFixed(digits);
    return [name, String(connections), formatted, isReached(Number(formatted)) ? 'yes' : '**no**'];
  });
  return table(['target', 'connections', 'measured', 'reached'], rows);
}

function ratioTarget(
  name: string,
  of: string,
  to: string,
  value: (measurement: Measurement) => number,
  isReached: (ratio: number) => boolean,
): Target {
  const measured = (records: readonly Record[], connections: number): number =>
    median(ratiosOf(records, connections, of, to, value));
  return { name, connections: 32, measured, digits: 2, isReached };
}

function atLeast(least: number): (figure: number) => boolean {
  return (figure) => figure >= least;
}

function atMost(most: number): (figure: number) => boolean {
  return (figure) => figure <= most;
}

function missingEvents(records: readonly Record[], connections: number): number {
  const ofSpeck = measurementsOf(records, connections, 'c');
  if (ofSpeck.length === 0) return Number.NaN;
  return sum(ofSpeck.map(({ answered, stored = 0 }) => answered - stored));
}

function medianMs(records: readonly Record[], connections: number, key: string): number {
  return median(measurementsOf(records, connections, key).map((measurement) => measurement.median));
}

function measurementsOf(records: readonly Record[], connections: number, key: string): Measurement[] {
  return records
    .filter((record) => record.connections === connections && record.key === key)
    .map(({ measurement }) => measurement);
}
