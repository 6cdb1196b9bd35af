/**
 * What a pixel that protects small groups should answer, from docs/metrics.md in the plainest way: each day is asked of the
 * oracle by itself, and what comes back is put together to cells. No SQL and no code of src/.
 */
import { addDays, answerOf, type History } from './oracle-language.ts';

/** The counts of a row, in this order. */
export const COUNTED = ['visitors', 'visits', 'pageviews', 'events'];

/** A query without moments, people or lists. */
export interface Simple {
  readonly dimension: string | null;
  readonly time: string | null;
  /** Each `["is", dimension, [value]]`. */
  readonly filters: readonly (readonly [string, string, readonly string[]])[];
  readonly range: readonly [string, string];
}

/** What makes answers safe, to be left out one by one. */
export interface Rule {
  /** Cells of fewer visitors are not told. */
  readonly threshold: boolean;
  /** It holds for each day and week, not for the answer as a whole. */
  readonly byCell: boolean;
  readonly rounding: boolean;
}

export const FULL_RULE: Rule = { threshold: true, byCell: true, rounding: true };

export interface ReportedRow {
  /** The time's label first, if one is asked for. */
  readonly dimensions: readonly string[];
  readonly counts: readonly number[];
}

interface DayRow {
  readonly day: string;
  readonly hour: string;
  readonly value: string | null;
  readonly counts: readonly number[];
}

/** Answers from one history, each day of which is counted once. */
export class ReportModel {
  readonly #history: History;
  readonly #least: number;
  /** The last day that is over. */
  readonly #yesterday: string;
  readonly #first: string;
  readonly #days = new Map<string, DayRow[]>();

  constructor(history: History, least: number, yesterday: string) {
    this.#history = history;
    this.#least = least;
    this.#yesterday = yesterday;
    this.#first = history.visits.map(({ day }) => day).toSorted()[0] ?? '';
  }

  /** The rows of an answer, in no order. Without dimension and time there is one, or none where nothing may be told. */
  answer({ dimension, time, filters, range: [from, request] }: Simple, rule = FULL_RULE): ReportedRow[] {
    const to = request < this.#yesterday ? request : this.#yesterday;
    const cells = new Map<string, { label: string; value: string | null; counts: number[] }>();
    for (let day = from; day <= to; day = addDays(day, 1)) {
      for (const row of this.#rowsOf(day, dimension, time === 'time:hour', filters)) {
        const label = time === 'time:hour' ? row.hour : labelOf(time, day, from);
        const cell = this.#cellOf(row, time, from, to, rule);
        if (cell === null) continue;
        const key = JSON.stringify([label, row.value, cell]);
        const before = cells.get(key)?.counts ?? row.counts.map(() => 0);
        const counts = before.map((count, index) => count + (row.counts[index] ?? 0));
        cells.set(key, { label, value: row.value, counts });
      }
    }
    const rows = new Map<string, { dimensions: string[]; counts: number[] }>();
    for (const { label, value, counts } of cells.values()) {
      if (rule.threshold && (counts[0] ?? 0) < this.#least) continue;
      const dimensions = [...(time === null ? [] : [label]), ...(value === null ? [] : [value])];
      const key = JSON.stringify(dimensions);
      const before = rows.get(key)?.counts ?? counts.map(() => 0);
      rows.set(key, {
        dimensions,
        counts: before.map((count, index) => count + this.#rounded(counts[index] ?? 0, rule)),
      });
    }
    return [...rows.values()];
  }

  #rounded(count: number, { rounding }: Rule): number {
    const least = this.#least;
    return rounding ? Math.floor((count + Math.floor(least / 2)) / least) * least : count;
  }

  /** Which rows a row is counted with; null for none. */
  #cellOf(row: DayRow, time: string | null, from: string, to: string, rule: Rule): string | null {
    if (!rule.threshold || !rule.byCell) return 'all';
    if ((row.counts[0] ?? 0) >= this.#least) return time === 'time:hour' ? row.hour : row.day;
    const monday = mondayOf(row.day);
    const sunday = addDays(monday, 6);
    const isComplete = (monday >= from || from <= this.#first) && sunday <= to;
    const isOfOneLabel = labelOf(time, monday, from) === labelOf(time, sunday, from);
    return time !== 'time:hour' && isComplete && isOfOneLabel ? `week of ${monday}` : null;
  }

  #rowsOf(day: string, dimension: string | null, hourly: boolean, filters: Simple['filters']): DayRow[] {
    const key = JSON.stringify([day, dimension, hourly, filters]);
    const cached = this.#days.get(key);
    if (cached) return cached;
    const dimensions = [...(hourly ? ['time:hour'] : []), ...(dimension === null ? [] : [dimension])];
    const rows = answerOf(this.#history, { metrics: COUNTED, dimensions, filters, date_range: [day, day] });
    const dayRows = rows.map((row): DayRow => {
      const [hour = '', value = null] = hourly ? row.dimensions : ['', ...row.dimensions];
      return { day, hour, value, counts: row.metrics.map(Number) };
    });
    this.#days.set(key, dayRows);
    return dayRows;
  }
}

function labelOf(time: string | null, day: string, from: string): string {
  if (time === null) return '';
  if (time === 'time:month') return `${day.slice(0, 8)}01`;
  if (time !== 'time:week') return day;
  const monday = mondayOf(day);
  return monday < from ? from : monday;
}

export function mondayOf(day: string): string {
  return addDays(day, -((new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7));
}
