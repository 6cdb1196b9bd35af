/** Answers funnels within a visit from the columns of finished days, with the numbers that sql/funnel.ts has from their events. */
import type { Segment } from '../../columns/segment.ts';
import type { Goal } from '../../model/goal.ts';
import type { Filter } from '../parsed-query.ts';
import { type Answers, propertiesOfGoals } from './evaluate.ts';
import { anyOfVisit, type FilterContext, FilterMasks, propertiesIn } from './masks.ts';
import { columnsOfFunnel } from './needed-columns.ts';
import { type Run, SegmentView } from './view.ts';

export interface ColumnFunnel extends FilterContext {
  readonly steps: readonly Goal[];
  /** Only visits with an event that passes these are looked at. */
  readonly filters: readonly Filter[];
}

export interface FunnelCounts {
  /** The visits that came to each step. */
  readonly visits: readonly number[];
  /** The same day by day, for each day and step that visits came to. */
  readonly days: readonly (readonly [day: string, step: number, visitors: number, visits: number])[];
}

interface DayCounts {
  readonly visitors: number[];
  readonly visits: number[];
}

export class FunnelEvaluator {
  /** The columns that a segment must have. */
  readonly columns: readonly string[];
  readonly #funnel: ColumnFunnel;
  readonly #keys: readonly string[];
  readonly #masks: FilterMasks;
  readonly #days = new Map<string, DayCounts>();

  constructor(funnel: ColumnFunnel) {
    const { steps, filters, goals } = funnel;
    this.#funnel = funnel;
    this.columns = columnsOfFunnel(steps, filters, goals);
    this.#keys = [...new Set([...propertiesIn(filters), ...propertiesOfGoals([...steps, ...goals])])];
    this.#masks = new FilterMasks(funnel);
  }

  /** Adds the visits of a segment's days, as `Evaluator.add` does. */
  add(segment: Segment, answers: Answers): void {
    const counts = segment.header.days.map(({ day, rolls }) => answers(day, rolls));
    if (!counts.includes(true)) return;
    for (const name of this.columns) segment.column(name);
    const view = new SegmentView(segment, 0, this.#keys, this.#funnel.meter);
    const mask = this.#masks.ofAll(view, this.#funnel.filters);
    const picked = mask && anyOfVisit(view, mask).bits;
    const steps = this.#funnel.steps.map((goal) => this.#masks.goals.of(view, goal));
    for (const run of view.runs(counts)) this.#addRun(view, run, steps, picked);
  }

  results(): FunnelCounts {
    const days = [...this.#days];
    return {
      visits: this.#funnel.steps.map((_, step) =>
        days.reduce((sum, [, { visits }]) => sum + (visits[step] as number), 0),
      ),
      days: days.flatMap(([day, { visitors, visits }]) =>
        visits.flatMap((count, step) =>
          count === 0 ? [] : [[day, step, visitors[step] as number, count] as const],
        ),
      ),
    };
  }

  #addRun(
    { visitors, firstEvents }: SegmentView,
    { day, from, to }: Run,
    steps: readonly Uint8Array[],
    picked: Uint8Array | null,
  ): void {
    const counts = this.#ofDay(day.day);
    const latest = steps.map(() => 0);
    for (let visit = from; visit < to; visit++) {
      const visitor = visitors[visit] as number;
      if (visitor === 0 || picked?.[visit] === 0) continue;
      const reached = reachedBy(steps, firstEvents[visit] as number, firstEvents[visit + 1] as number);
      for (let step = 0; step < reached; step++) {
        (counts.visits[step] as number) += 1;
        if (latest[step] === visitor) continue;
        latest[step] = visitor;
        (counts.visitors[step] as number) += 1;
      }
    }
  }

  #ofDay(day: string): DayCounts {
    const cached = this.#days.get(day);
    if (cached) return cached;
    const zeros = (): number[] => this.#funnel.steps.map(() => 0);
    const counts = { visitors: zeros(), visits: zeros() };
    this.#days.set(day, counts);
    return counts;
  }
}

/** To how many steps the events of a visit come, each step by a later event than the one before. */
function reachedBy(steps: readonly Uint8Array[], from: number, to: number): number {
  let reached = 0;
  for (let event = from; event < to && reached < steps.length; event++) {
    if (steps[reached]?.[event] === 1) reached++;
  }
  return reached;
}
