/** Collects the totals of days, so that equal values of a day are one row. */
import type { ImportedTotals, ImportItem } from './importer.ts';

/** The counts of a row, without those that are 0. */
export type Counts = Partial<Omit<ImportedTotals, 'day' | 'dimension' | 'value' | 'via'>>;

const NO_COUNTS = { visitors: 0, visits: 0, pageviews: 0, events: 0, bounces: 0, duration: 0 };

interface Kept {
  readonly totals: ImportedTotals;
  readonly line: number;
}

export class DayTotals {
  readonly #rows = new Map<string, Kept>();

  /** @param line where the value was first read. */
  add(
    line: number,
    place: Pick<ImportedTotals, 'day' | 'dimension' | 'value' | 'via'>,
    counts: Counts,
  ): void {
    const key = JSON.stringify(place);
    const kept = this.#rows.get(key);
    const before = kept?.totals ?? { ...place, ...NO_COUNTS };
    this.#rows.set(key, { totals: { ...before, ...added(before, counts) }, line: kept?.line ?? line });
  }

  /** The rows, which are then forgotten. The most visited values come first: those are stored if there are too many. */
  *take(): Generator<ImportItem> {
    const rows = [...this.#rows.values()].toSorted((a, b) => b.totals.visitors - a.totals.visitors);
    this.#rows.clear();
    for (const { totals, line } of rows) yield { kind: 'totals', totals, line };
  }
}

function added(before: ImportedTotals, counts: Counts): Counts {
  return Object.fromEntries(
    Object.entries(counts)
      .filter(([, count]) => count > 0)
      .map(([name, count]) => [name, (before[name as keyof Counts] ?? 0) + count]),
  );
}
