/** Counts and reports the outcomes of a file's lines: progress on standard error, the sum on standard output. */
import type { AgentCounts } from '../../src/imports/logs/agent-counts.ts';
import type { Lack } from '../../src/imports/logs/entry.ts';
import { SKIPPED, type SkipReason } from '../../src/imports/logs/skipped.ts';
import { AI_PURPOSES } from '../../src/model/ai-agents.ts';
import type { Answer } from './events-client.ts';

/** The most lines of a kind that are listed. The others are counted. */
const NAMED_UNREADABLE = 20;
const NAMED_REFUSED = 5;
/** The pages that are listed of an AI agent. */
const NAMED_PAGES = 3;
/** Milliseconds between two progress lines, on a terminal and elsewhere. */
const TERMINAL_INTERVAL = 100;
const LOG_INTERVAL = 10_000;
/** Rejections that every log has: they do not mean that something is wrong with it. */
const EXPECTED_REASON = 'bot';

/** What follows for page views whose log lacks a header. */
const LACKING: Readonly<Record<Lack, string>> = {
  user_agent: 'whose lines have no user agent: they are of no visitor, and bots among them are counted',
  referrer: 'whose lines have no referrer: they are of no source',
};

interface RefusedLines {
  count: number;
  readonly examples: string[];
}

export class Report {
  /** The name of the imported things, such as `page views`. */
  readonly #what: string;
  #lines = 0;
  #events = 0;
  #accepted = 0;
  #duplicates = 0;
  #oldest = Number.POSITIVE_INFINITY;
  #newest = Number.NEGATIVE_INFINITY;
  readonly #skipped = new Map<SkipReason, number>();
  readonly #refused = new Map<string, RefusedLines>();
  readonly #unreadable: string[] = [];
  #unreadableCount = 0;
  #format = '';
  readonly #lacking = new Map<Lack, number>();
  /** Of a log: the AI agents among its page views. */
  agents: AgentCounts | undefined;

  constructor(what: string) {
    this.#what = what;
  }

  line(): void {
    this.#lines += 1;
  }

  /** @param format The format that a log is read in, where it is not the usual one. */
  readAs(format: string): void {
    this.#format = format;
  }

  /** @param why The reason, such as `is not JSON`. */
  unreadable(line: number, why: string): void {
    this.#unreadableCount += 1;
    if (this.#unreadable.length < NAMED_UNREADABLE) this.#unreadable.push(`line ${line} ${why}`);
  }

  skipped(reason: SkipReason): void {
    this.#skipped.set(reason, (this.#skipped.get(reason) ?? 0) + 1);
  }

  /**
   * @param time Epoch milliseconds; NaN if the line has no valid time.
   * @param lacks The headers that the event's log does not have.
   */
  event(time: number, lacks: readonly Lack[] = []): void {
    this.#events += 1;
    for (const lack of lacks) this.#lacking.set(lack, (this.#lacking.get(lack) ?? 0) + 1);
    if (Number.isNaN(time)) return;
    this.#oldest = Math.min(this.#oldest, time);
    this.#newest = Math.max(this.#newest, time);
  }

  /** @param lines The line number of each event that was sent. */
  answered(answer: Answer, lines: readonly number[]): void {
    this.#accepted += answer.accepted;
    this.#duplicates += answer.duplicates;
    for (const { index, reason, message } of answer.rejected) {
      const refused = this.#refused.get(reason) ?? { count: 0, examples: [] };
      refused.count += 1;
      if (refused.examples.length < NAMED_REFUSED) refused.examples.push(`line ${lines[index]}: ${message}`);
      this.#refused.set(reason, refused);
    }
  }

  /** Whether every line that could be read was accepted, or is of a kind that is never counted. */
  get complete(): boolean {
    return [...this.#refused.keys()].every((reason) => reason === EXPECTED_REASON);
  }

  /** Whether there were lines but none could be read. */
  get foreign(): boolean {
    return this.#lines > 0 && this.#unreadableCount === this.#lines;
  }

  get status(): string {
    return `${count(this.#lines)} lines, ${count(this.#events)} ${this.#what}, ${count(this.#accepted)} accepted`;
  }

  summary(name: string, sent: boolean): string {
    return [
      `${name}: ${count(this.#lines)} lines${this.#format === '' ? '' : `, read as ${this.#format}`}`,
      ...this.#eventLines(sent),
      ...this.#agentLines(),
      ...byCount(this.#lacking, (number) => number).map(([lack, number]) =>
        row(number, `page views ${LACKING[lack]}`),
      ),
      ...this.#skippedLines(),
      ...this.#unreadableLines(),
    ].join('\n');
  }

  #eventLines(sent: boolean): string[] {
    const lines = [row(this.#events, `${this.#what}${this.#span()}`)];
    if (!sent) return lines;
    lines.push(row(this.#accepted, 'accepted', 1));
    if (this.#duplicates > 0) lines.push(row(this.#duplicates, 'already there', 1));
    for (const [reason, { count: refused, examples }] of byCount(this.#refused, (entry) => entry.count)) {
      lines.push(row(refused, `refused: ${reason}`, 1));
      if (reason !== EXPECTED_REASON) lines.push(...listed(examples, refused));
    }
    return lines;
  }

  #span(): string {
    if (this.#oldest > this.#newest) return '';
    return `, ${new Date(this.#oldest).toISOString()} to ${new Date(this.#newest).toISOString()}`;
  }

  #agentLines(): string[] {
    const agents = this.agents?.top(NAMED_PAGES) ?? [];
    if (agents.length === 0) return [];
    const all = agents.reduce((sum, { count: one }) => sum + one, 0);
    return [
      row(all, 'page views by AI crawlers and assistants, which are refused as bots'),
      ...agents.flatMap(({ agent: { name, operator, purpose }, count: one, pages }) => [
        row(one, `${name} (${operator}): ${AI_PURPOSES[purpose]}`, 1),
        ...pages.map(([path, number]) => `${' '.repeat(16)}${count(number)} × ${path}`),
      ]),
    ];
  }

  #skippedLines(): string[] {
    return byCount(this.#skipped, (number) => number).map(([reason, number]) =>
      row(number, `not page views: ${reason} (${SKIPPED[reason]})`),
    );
  }

  #unreadableLines(): string[] {
    if (this.#unreadableCount === 0) return [];
    return [row(this.#unreadableCount, 'unreadable'), ...listed(this.#unreadable, this.#unreadableCount)];
  }
}

/** Reports the progress of the import: on a terminal in one line that changes, otherwise in a line from time to time. */
export class Progress {
  readonly #output: NodeJS.WriteStream;
  #next: number;

  constructor(output: NodeJS.WriteStream) {
    this.#output = output;
    this.#next = Date.now() + (output.isTTY ? 0 : LOG_INTERVAL);
  }

  show(status: () => string, part: number | undefined): void {
    const now = Date.now();
    if (now < this.#next) return;
    this.#next = now + (this.#output.isTTY ? TERMINAL_INTERVAL : LOG_INTERVAL);
    const text = part === undefined ? status() : `${Math.floor(part * 100)} %: ${status()}`;
    this.#output.write(this.#output.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
  }

  /** Prints a line that stays. */
  say(message: string): void {
    this.clear();
    this.#output.write(`${message}\n`);
  }

  clear(): void {
    if (this.#output.isTTY) this.#output.write('\r\x1b[K');
  }
}

function row(number: number, text: string, depth = 0): string {
  return `${'  '.repeat(depth)}${count(number).padStart(10)}  ${text}`;
}

function listed(examples: readonly string[], all: number): string[] {
  const rest = all - examples.length;
  const lines = rest > 0 ? [...examples, `and ${count(rest)} more`] : examples;
  return lines.map((line) => `${' '.repeat(16)}${line}`);
}

function count(number: number): string {
  return number.toLocaleString('en');
}

function byCount<Key, Value>(map: ReadonlyMap<Key, Value>, of: (value: Value) => number): [Key, Value][] {
  return [...map].sort(([, a], [, b]) => of(b) - of(a));
}
