/** Reports what an import of another tool's file has brought, or would bring. */
import type { Importer } from '../../src/imports/importer.ts';
import type { Summary } from '../../src/imports/summary.ts';
import { AI_PURPOSES, aiAgentOf } from '../../src/model/ai-agents.ts';
import { type ImportJson, LEFT_OUT } from '../../src/model/import.ts';
import { REJECTION_REASONS, type RejectionReason } from '../../src/model/rejection.ts';

type Counts = Readonly<Record<string, number>>;

/** The rejected lines of a reason that are listed, by reason. */
export type RejectedLines = ReadonlyMap<string, readonly string[]>;

/** The report of a dry run. */
export function drySummary(name: string, { name: source, losses }: Importer, summary: Summary): string {
  const { events, totals, examples } = summary;
  return [
    `${name}: of ${source}`,
    row(events, `events${span(summary)}`),
    ...(totals > 0 ? [row(totals, `rows of totals, ${summary.first_day} to ${summary.last_day}`)] : []),
    ...readLines(summary),
    ...(examples.length > 0
      ? ['The first events:', ...examples.map((event) => `  ${JSON.stringify(event)}`)]
      : []),
    ...lossLines(losses),
  ].join('\n');
}

/** The report of an import that has been sent. */
export function importSummary(
  name: string,
  { name: source, losses }: Importer,
  summary: Summary,
  remote: ImportJson,
  rejected: RejectedLines,
): string {
  const { stored, duplicates, totals, first_at, last_at, until } = remote;
  return [
    `${name}: of ${source}, import ${remote.id}`,
    row(stored, `events stored${first_at === null ? '' : `, ${first_at} to ${last_at}`}`),
    ...(duplicates > 0 ? [row(duplicates, 'stored before')] : []),
    ...(totals > 0 ? [row(totals, 'rows of totals stored')] : []),
    ...byCount(remote.rejected).flatMap(([reason, count]) => [
      row(count, `rejected: ${reason} (${REJECTION_REASONS[reason as RejectionReason] ?? 'unknown'})`),
      ...(reason === 'bot' ? byCount(remote.bots).map(([bot, of]) => row(of, nameOfBot(bot), 1)) : []),
      ...(reason === 'bot' ? [] : (rejected.get(reason) ?? []).map((line) => `    ${line}`)),
    ]),
    ...byCount(remote.incomplete).map(([reason, count]) => row(count, `stored without a part: ${reason}`)),
    ...byCount(remote.left_out).map(([reason, count]) => row(count, `left out: ${explained(reason)}`)),
    ...(remote.unreadable > 0 ? [row(remote.unreadable, 'unreadable'), ...problemLines(summary)] : []),
    ...((remote.left_out['after_until'] ?? 0) > 0 && until !== null
      ? [`The history ends at ${until}. To import more, say --until DAY, or --until none.`]
      : []),
    ...lossLines(losses),
    ...(remote.undo_until === null ? [] : [`Undo it until ${remote.undo_until}: --undo ${remote.id}`]),
  ].join('\n');
}

/** A bot, and what it fetches pages for, if it is one of an AI company. */
function nameOfBot(bot: string): string {
  const agent = aiAgentOf(bot);
  return agent ? `${bot} (${agent.operator}): ${AI_PURPOSES[agent.purpose]}` : bot;
}

/** A line of `--list`. */
export function listLine({ id, source, file, state, stored, totals, first_at, last_at }: ImportJson): string {
  const days = first_at === null ? '' : `, ${first_at.slice(0, 10)} to ${last_at?.slice(0, 10)}`;
  const rows = totals > 0 ? `, ${count(totals)} rows of totals` : '';
  return `${id}  ${state.padEnd(8)}  ${source}: ${file}  ${count(stored)} events${rows}${days}`;
}

function readLines(summary: Summary): string[] {
  return [
    ...byCount(summary.left_out).map(([reason, number]) => row(number, `left out: ${explained(reason)}`)),
    ...(summary.unreadable > 0 ? [row(summary.unreadable, 'unreadable'), ...problemLines(summary)] : []),
  ];
}

const problemLines = ({ problems }: Summary): string[] =>
  problems.map(({ line, why }) => `    line ${line} ${why}`);

const lossLines = (losses: readonly string[]): string[] =>
  losses.length === 0 ? [] : ['What is not carried over:', ...losses.map((loss) => `  - ${loss}`)];

const explained = (reason: string): string =>
  Object.hasOwn(LEFT_OUT, reason) ? `${reason} (${LEFT_OUT[reason as keyof typeof LEFT_OUT]})` : reason;

function span({ first_ts, last_ts }: Summary): string {
  if (first_ts === null || last_ts === null) return '';
  return `, ${timeOf(first_ts)} to ${timeOf(last_ts)}`;
}

/** A source may have times that no calendar has. */
const timeOf = (ts: number): string => (Math.abs(ts) <= 8.64e15 ? new Date(ts).toISOString() : `${ts} ms`);

const byCount = (counts: Counts): [string, number][] =>
  Object.entries(counts).toSorted(([, a], [, b]) => b - a);

const count = (number: number): string => number.toLocaleString('en');
const row = (number: number, text: string, depth = 0): string =>
  `  ${'  '.repeat(depth)}${count(number).padStart(9)}  ${text}`;
