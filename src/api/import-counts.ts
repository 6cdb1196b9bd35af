/** Adds up what became of an import's items. */
import { OTHER } from '../model/dimensions.ts';
import { type ImportCounts, LEFT_OUT, MAX_IMPORT_REASONS } from '../model/import.ts';
import type { Rejection } from '../model/rejection.ts';

type Tally = Record<string, number>;

export class CountsOf {
  readonly #counts: { -readonly [Name in keyof ImportCounts]: ImportCounts[Name] };
  readonly #rejected: Tally;
  readonly #bots: Tally;
  readonly #leftOut: Tally;
  readonly #incomplete: Tally;

  /** @param before the counts of the items before. */
  constructor(before: ImportCounts) {
    this.#counts = { ...before };
    this.#rejected = { ...before.rejected };
    this.#bots = { ...before.bots };
    this.#leftOut = { ...before.left_out };
    this.#incomplete = { ...before.incomplete };
  }

  store(ts: number, flaws: readonly Rejection[]): void {
    const counts = this.#counts;
    counts.stored++;
    counts.first_ts = Math.min(counts.first_ts ?? ts, ts);
    counts.last_ts = Math.max(counts.last_ts ?? ts, ts);
    for (const { reason } of flaws) add(this.#incomplete, reason, 1);
  }

  duplicate(): void {
    this.#counts.duplicates++;
  }

  storeTotals(rows: number): void {
    this.#counts.totals += rows;
  }

  /** Rows of days that another import has totals of. They were counted as stored. */
  leaveTotalsOut(rows: number): void {
    this.#counts.totals -= rows;
    this.leaveOut('totals_overlap', rows);
  }

  reject({ reason, family }: Rejection): void {
    add(this.#rejected, reason, 1);
    if (family !== undefined) add(this.#bots, family, 1);
  }

  leaveOut(reason: keyof typeof LEFT_OUT, count = 1): void {
    add(this.#leftOut, reason, count);
  }

  /** Counts what the sender has not sent. */
  skip(leftOut: Readonly<Tally>, unreadable: number): void {
    for (const [reason, count] of Object.entries(leftOut)) add(this.#leftOut, reason, count);
    this.#counts.unreadable += unreadable;
  }

  get counts(): ImportCounts {
    return {
      ...this.#counts,
      rejected: this.#rejected,
      bots: this.#bots,
      left_out: this.#leftOut,
      incomplete: this.#incomplete,
    };
  }
}

/** Adds to a tally of a bounded number of names. Those of `LEFT_OUT` always have a place. */
function add(tally: Tally, name: string, count: number): void {
  if (count === 0) return;
  const isKnown = Object.hasOwn(tally, name) || Object.hasOwn(LEFT_OUT, name);
  const key = isKnown || Object.keys(tally).length < MAX_IMPORT_REASONS ? name : OTHER;
  // A name may be `__proto__`.
  Object.defineProperty(tally, key, {
    value: (Object.hasOwn(tally, key) ? (tally[key] ?? 0) : 0) + count,
    ...{ enumerable: true, configurable: true, writable: true },
  });
}
