/** What a hostile hour has shown, for who runs it. */
import { type Client, lengthOf, medianOf, quantile, type Span } from './client.ts';
import type { Recorded, Stretch } from './held.ts';

export interface Phase {
  /** Milliseconds that a request took which needs neither the store nor a calculation. */
  readonly waited: readonly Span[];
  readonly recorded: Recorded;
  readonly seconds: number;
  /** What the database itself says of its statements. */
  readonly statements: Statements;
}

export interface Statements {
  /** Milliseconds of the longest transaction. */
  readonly transaction: number;
  /** The longest statements, by the beginning of their SQL, with milliseconds. */
  readonly statements: readonly (readonly [string, number])[];
}

interface Report {
  readonly title: string;
  readonly quiet: Phase;
  readonly hostile: Phase;
  readonly peace: Client;
  readonly war: Client;
  readonly views: number;
  readonly orders: number;
  readonly rolledUpAfter: number;
  /** The statements of the cron that rolled all up. */
  readonly ofCron: Statements;
  readonly heap: number;
  readonly peak: number | null;
  readonly growth: Record<string, number>;
}

export function report({
  title,
  quiet,
  hostile,
  peace,
  war,
  views,
  orders,
  rolledUpAfter,
  ofCron,
  heap,
  peak,
  growth,
}: Report): void {
  const lines = [...war.tallies].map(([name, { statuses, spans }]) =>
    [
      name,
      [...statuses].map(([status, count]) => `${status} × ${count}`).join(', '),
      medianOf(name, war).toFixed(1),
      Math.max(...spans.map(lengthOf)).toFixed(0),
      quantile(spans.map(hostile.recorded.without), 0.5).toFixed(1),
      peace.tallies.has(name) ? (medianOf(name, war) / medianOf(name, peace)).toFixed(2) : '',
    ].join(' | '),
  );
  console.log(
    [
      `${title}; ${views} honest views, ${orders} orders; rolled up by run ${rolledUpAfter} of the cron`,
      ...phaseRow('in peace', quiet),
      ...phaseRow('under attack', hostile),
      `the cron's longest statements`,
      ...listed(ofCron),
      `heap after garbage collection ${megabytes(heap)}; the runtime with its database at its most ${megabytes(peak)}; rows ${JSON.stringify(growth)}`,
      "request | answers | median ms | longest ms | median without the database's time | times the median in peace",
      ...lines,
    ].join('\n'),
  );
}

const megabytes = (bytes: number | null): string =>
  bytes === null ? 'unknown' : `${(bytes / 1024 / 1024).toFixed(1)} MB`;

const listed = ({ statements }: Statements): string[] =>
  statements.map(([sql, milliseconds]) => `  ${milliseconds} ms: ${sql}`);

function phaseRow(when: string, { recorded, waited, seconds, statements }: Phase): string[] {
  const { worker, database, busy, wait, without } = recorded;
  const stretches = (all: readonly Stretch[]): string =>
    all.map(({ milliseconds, ran }) => `\n  ${milliseconds} ms: ${ran}`).join('');
  const times = (all: readonly number[]): string =>
    `median ${quantile(all, 0.5).toFixed(1)}, p99 ${quantile(all, 0.99).toFixed(0)}, longest ${Math.max(...all).toFixed(0)} ms`;
  const share = (milliseconds: number): string => `${(milliseconds / seconds / 10).toFixed(0)} %`;
  return [
    `${when} the Worker ran ${share(busy.worker)} of the time, the database ${share(busy.database)}; a request waits ${wait.toFixed(2)} ms for the isolate on average`,
    `${when} a request that needs nothing took: ${times(waited.map(lengthOf))}; without the database's time: ${times(waited.map(without))}`,
    `${when} the isolate was held at most for${stretches(worker)}`,
    `${when} the database ran at most for${stretches(database)}`,
    `${when} the longest transaction took ${statements.transaction} ms, and the longest statements`,
    ...listed(statements),
  ];
}
