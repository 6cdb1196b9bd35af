/** Reads the page views of an access log, line by line. It is the part that the command and the dashboard share. */

import type { Line } from '../read-lines.ts';
import { AgentCounts } from './agent-counts.ts';
import { type Lack, type LineReader, UNREADABLE } from './entry.ts';
import { LineIds, LineMoments } from './line-ids.ts';
import { classify, eventOf, type PageViewEvent, type Site } from './page-views.ts';
import type { Includable, SkipReason } from './skipped.ts';

export type LogItem =
  | {
      readonly kind: 'event';
      readonly event: PageViewEvent;
      readonly line: number;
      /** The time that the line says, in epoch milliseconds. */
      readonly time: number;
      readonly lacks: readonly Lack[];
    }
  | { readonly kind: 'left_out'; readonly line: number; readonly reason: SkipReason }
  | { readonly kind: 'unreadable'; readonly line: number; readonly why: string };

const NOTHING: readonly Lack[] = [];

export class LogReader {
  readonly #reader: LineReader;
  readonly #site: Site;
  readonly #include: ReadonlySet<Includable>;
  readonly #ids = new LineIds();
  readonly #moments = new LineMoments();
  /** The crawlers and assistants of AI that were among the page views. */
  readonly agents = new AgentCounts();

  constructor(reader: LineReader, site: Site, include: ReadonlySet<Includable>) {
    this.#reader = reader;
    this.#site = site;
    this.#include = include;
  }

  /** What a line says; null if there is nothing in it. Never throws. */
  read({ number: line, text, ended }: Line): LogItem | null {
    if (text === null) return { kind: 'unreadable', line, why: UNREADABLE.too_long };
    if (text === '' || text.trim() === '') return null;
    const parsed = this.#reader.read(text, ended);
    if (parsed === null) return null;
    if (!parsed.ok) return { kind: 'unreadable', line, why: UNREADABLE[parsed.error] };
    const entry = parsed.value;
    const page = classify(entry, this.#site, this.#include);
    if (!page.ok) return { kind: 'left_out', line, reason: page.error };
    this.agents.add(entry.userAgent, page.value.path);
    if (entry.isAutomated && !this.#include.has('automated'))
      return { kind: 'left_out', line, reason: 'automated' };
    const event = eventOf(entry, page.value, this.#ids.idOf(text), this.#moments.momentOf(entry.time));
    return { kind: 'event', event, line, time: entry.time, lacks: entry.lacks ?? NOTHING };
  }
}
