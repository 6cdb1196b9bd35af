/** Counts what an importer reads of a file, before or while it is sent. */
import type { ImportedEvent, ImportItem } from './importer.ts';

/** The unreadable lines, and the events, that are kept as examples. */
const EXAMPLES = 20;
const EVENTS = 3;

export interface Summary {
  readonly items: number;
  readonly events: number;
  readonly totals: number;
  /** Epoch milliseconds of the first and last event, and the first and last day of totals; null if there is none. */
  readonly first_ts: number | null;
  readonly last_ts: number | null;
  readonly first_day: string | null;
  readonly last_day: string | null;
  readonly left_out: Readonly<Record<string, number>>;
  readonly unreadable: number;
  /** What is wrong with the first unreadable lines. */
  readonly problems: readonly { readonly line: number; readonly why: string }[];
  /** The first events. */
  readonly examples: readonly ImportedEvent[];
}

export class Counter {
  #items = 0;
  #events = 0;
  #totals = 0;
  #first: number | null = null;
  #last: number | null = null;
  #firstDay: string | null = null;
  #lastDay: string | null = null;
  readonly #leftOut = new Map<string, number>();
  #unreadable = 0;
  readonly #problems: { line: number; why: string }[] = [];
  readonly #examples: ImportedEvent[] = [];

  add(item: ImportItem): void {
    this.#items++;
    switch (item.kind) {
      case 'event': {
        const { ts } = item.event;
        this.#events++;
        this.#first = Math.min(this.#first ?? ts, ts);
        this.#last = Math.max(this.#last ?? ts, ts);
        if (this.#examples.length < EVENTS) this.#examples.push(item.event);
        return;
      }
      case 'totals': {
        const { day } = item.totals;
        this.#totals++;
        if (this.#firstDay === null || day < this.#firstDay) this.#firstDay = day;
        if (this.#lastDay === null || day > this.#lastDay) this.#lastDay = day;
        return;
      }
      case 'left_out':
        this.#leftOut.set(item.reason, (this.#leftOut.get(item.reason) ?? 0) + 1);
        return;
      case 'unreadable':
        this.#unreadable++;
        if (this.#problems.length < EXAMPLES) this.#problems.push({ line: item.line, why: item.why });
    }
  }

  get items(): number {
    return this.#items;
  }

  get summary(): Summary {
    return {
      items: this.#items,
      events: this.#events,
      totals: this.#totals,
      first_ts: this.#first,
      last_ts: this.#last,
      first_day: this.#firstDay,
      last_day: this.#lastDay,
      left_out: Object.fromEntries(this.#leftOut),
      unreadable: this.#unreadable,
      problems: [...this.#problems],
      examples: [...this.#examples],
    };
  }
}
