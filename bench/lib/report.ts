/** The measurements as Markdown: medians over the rounds, and ratios taken within a round. */
import type { Contender } from './contenders.ts';
import type { Measurement } from './measure.ts';
import { median } from './statistics.ts';
import { table } from './table.ts';

export interface Record {
  readonly round: number;
  readonly connections: number;
  readonly key: string;
  readonly measurement: Measurement;
}

type Contestant = Pick<Contender, 'key' | 'name'>;

export function report(records: readonly Record[], contenders: readonly Contestant[]): string {
  const levels = [...new Set(records.map(({ connections }) => connections))];
  const sections = levels.map((connections) => {
    const here = records.filter((record) => record.connections === connections);
    const rows = contenders.map((contender) => levelRow(contender, here));
    return `### ${connections} ${connections === 1 ? 'connection' : 'connections'}\n\n${table(LEVEL_HEAD, rows)}`;
  });
  const ratioRows = RATIOS.filter(
    ({ of, to }) => contenders.some(({ key }) => key === of) && contenders.some(({ key }) => key === to),
  ).map((ratio) => [ratio.name, ...levels.map((connections) => ratioCell(records, connections, ratio))]);
  if (ratioRows.length > 0) {
    const head = [
      'ratio, median (min–max over rounds)',
      ...levels.map((connections) => `${connections} conn.`),
    ];
    sections.push(`### Ratios\n\n${table(head, ratioRows)}`);
  }
  return sections.join('\n\n');
}

const LEVEL_HEAD = [
  'Worker',
  'requests/s',
  'median ms',
  'p99 ms',
  'CPU s per 1,000',
  'runtime busy',
  'client busy',
  'answered',
  'stored',
  'settled s',
];

function levelRow({ key, name }: Contestant, records: readonly Record[]): string[] {
  const own = records.filter((record) => record.key === key).map(({ measurement }) => measurement);
  const middle = (pick: (measurement: Measurement) => number): number => median(own.map(pick));
  const total = (pick: (measurement: Measurement) => number): string =>
    own.reduce((sum, measurement) => sum + pick(measurement), 0).toLocaleString('en');
  const stores = own[0]?.stored !== undefined;
  return [
    `${key} ${name}`,
    Math.round(middle(({ rate }) => rate)).toLocaleString('en'),
    middle(({ median }) => median).toFixed(2),
    middle(({ p99 }) => p99).toFixed(2),
    decimal(
      middle(({ cpuPerThousand }) => cpuPerThousand),
      3,
    ),
    decimal(
      middle(({ runtimeBusy }) => runtimeBusy),
      2,
    ),
    middle(({ clientBusy }) => clientBusy).toFixed(2),
    total(({ answered }) => answered),
    stores ? total(({ stored = 0 }) => stored) : '–',
    stores ? middle(({ settled }) => settled).toFixed(1) : '–',
  ];
}

interface Ratio {
  readonly name: string;
  readonly of: string;
  readonly to: string;
  readonly value: (measurement: Measurement) => number;
}

const RATIOS: readonly Ratio[] = [
  { name: 'c/a requests/s', of: 'c', to: 'a', value: ({ rate }) => rate },
  { name: 'e/a requests/s', of: 'e', to: 'a', value: ({ rate }) => rate },
  { name: 'd/c requests/s', of: 'd', to: 'c', value: ({ rate }) => rate },
  { name: 'c0/a requests/s', of: 'c0', to: 'a', value: ({ rate }) => rate },
  { name: 'c/b requests/s', of: 'c', to: 'b', value: ({ rate }) => rate },
  { name: 'b/a requests/s', of: 'b', to: 'a', value: ({ rate }) => rate },
  { name: 'c/a CPU', of: 'c', to: 'a', value: ({ cpuPerThousand }) => cpuPerThousand },
  { name: 'e/a CPU', of: 'e', to: 'a', value: ({ cpuPerThousand }) => cpuPerThousand },
  { name: 'd/c CPU', of: 'd', to: 'c', value: ({ cpuPerThousand }) => cpuPerThousand },
  { name: 'c0/a CPU', of: 'c0', to: 'a', value: ({ cpuPerThousand }) => cpuPerThousand },
  { name: 'c/b CPU', of: 'c', to: 'b', value: ({ cpuPerThousand }) => cpuPerThousand },
];

function ratioCell(records: readonly Record[], connections: number, { of, to, value }: Ratio): string {
  const ratios = ratiosOf(records, connections, of, to, value);
  if (ratios.some(Number.isNaN)) return 'n/a';
  return `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`;
}

/** What one Worker's figure is to another's, in each round that has measured both; by default of requests a second. */
export function ratiosOf(
  records: readonly Record[],
  connections: number,
  of: string,
  to: string,
  value: (measurement: Measurement) => number = ({ rate }) => rate,
): number[] {
  const at = (round: number, key: string): number | undefined => {
    const record = records.find(
      (record) => record.round === round && record.connections === connections && record.key === key,
    );
    return record && value(record.measurement);
  };
  const rounds = [...new Set(records.map(({ round }) => round))];
  return rounds.flatMap((round) => {
    const [above, below] = [at(round, of), at(round, to)];
    return above === undefined || below === undefined ? [] : [above / below];
  });
}

function decimal(value: number, digits: number): string {
  return Number.isNaN(value) ? 'n/a' : value.toFixed(digits);
}
