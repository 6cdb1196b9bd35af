/**
 * A question on its way to SQL. What is written of it notes here what it needs: values, which all go into one parameter,
 * and the columns and visit dimensions of its events. So the SQL that provides these is to be written last.
 */
import type { ColumnDimension, Dimension } from '../model/dimensions.ts';
import type { Goal } from '../model/goal.ts';
import { VISIT_COUNTS } from '../model/metrics.ts';
import type { Moments, Question } from './question.ts';
import type { DayRange } from './range.ts';
import { canUseRollups, isOfPeople, touchColumns } from './sources.ts';

/** What a question is planned for. */
export interface Setting {
  readonly zone: string;
  /** The days asked for. */
  readonly range: DayRange;
  /** Those of them that may have events; null when none has. */
  readonly days: DayRange | null;
  /** Of a range that is not made of whole days. */
  readonly moments: Moments | null;
  readonly goals: readonly Goal[];
  /** The first day of which it is known who was there. */
  readonly peopleSince: string;
  /** The fewest visitors of a group that is told of; 0 for no bound. */
  readonly minGroup: number;
  /** Of a pixel with such a bound: what may be told. */
  readonly told: Told | null;
  /** The English names of countries by code, as JSON. */
  readonly countries: string;
  /** The rows that are wanted, by the values of their dimensions; null for all. */
  readonly rows: readonly (readonly string[])[] | null;
}

/** What a pixel that protects small groups tells. */
export interface Told {
  /** A moment, in epoch milliseconds: only of days that had ended then. */
  readonly before: number;
  /** The pixel's first day with events; null when it has none. */
  readonly first: string | null;
}

/** What tells whether there is a row, and how many visitors a share is of. */
const ALWAYS_COUNTED: readonly string[] = ['visitors', 'events'];

export class Draft {
  readonly question: Question;
  readonly setting: Setting;
  /** Whether rollups may answer for days that have one. */
  readonly usesRollups: boolean;
  readonly isOfPeople: boolean;
  /** What is asked of that which brought people. */
  readonly touchColumns: ReadonlySet<string>;
  /** The question's dimensions without the time. */
  readonly dimensions: readonly Dimension[];
  /** The counts that the question's metrics are made of: with a thousand values a month, each more takes its time. */
  readonly counts: readonly string[];
  /** Columns of `events` that are needed, and dimensions of visits. */
  readonly columns = new Set<string>();
  readonly visitDimensions = new Set<ColumnDimension>();
  readonly #lists: (readonly unknown[])[] = [];

  constructor(question: Question, setting: Setting, usesRollups = canUseRollups(question, setting.moments)) {
    this.question = question;
    this.setting = setting;
    this.usesRollups = usesRollups;
    this.isOfPeople = isOfPeople(question);
    this.touchColumns = touchColumns(question);
    this.dimensions = question.dimensions.filter((dimension) => dimension !== null);
    const counts = new Set<string>([
      ...ALWAYS_COUNTED,
      ...question.metrics.flatMap((metric) => metric.counts),
    ]);
    this.counts = VISIT_COUNTS.filter((count) => counts.has(count));
  }

  /** What tells whether an event reaches a goal. */
  needGoals(): void {
    this.columns.add('page').add('props');
  }

  /** The arguments of `json_each` for some values. */
  list(values: readonly unknown[]): string {
    return `:values, '$[${this.#lists.push(values) - 1}]'`;
  }

  text(text: string): string {
    return `(:values ->> '$[${this.#lists.push([text]) - 1}][0]')`;
  }

  /** Parameter `:values`, once all is written. */
  lists(): string {
    return JSON.stringify(this.#lists);
  }
}
