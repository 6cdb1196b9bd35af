/** Which visits or events pass a filter: an array with 1 for those that do, and 0 for the others. */
import { countryNames } from '../../model/country-names.ts';
import type { Dimension } from '../../model/dimensions.ts';
import type { Goal } from '../../model/goal.ts';
import type { Meter } from '../meter.ts';
import { type Filter, isGoalTest, type Test, testsIn } from '../parsed-query.ts';
import { GoalMasks } from './goal-masks.ts';
import type { DimensionValue } from './properties.ts';
import { bitsOf, type RowsOf, type SegmentView } from './view.ts';

/** What filters need beside themselves. */
export interface FilterContext {
  /** All goals of the pixel. */
  readonly goals: readonly Goal[];
  /**
   * Whether a value passes a test, before negation. Values are labels: absence has its name, and a country may. Of a goal, the label
   * is its name. The function is called once for each distinct value of a segment, or less often.
   */
  testOf(test: Test): (label: string) => boolean;
  readonly meter: Meter;
}

export interface Mask {
  readonly of: RowsOf;
  readonly bits: Uint8Array;
}

/**
 * The results of tests are kept from segment to segment: the characters of their values, which may take two bytes each, and what each
 * takes besides.
 */
const MAX_RESULTS_SIZE = 4_000_000;
const RESULT_SIZE = 50;

/** Whether a filter lets through complete visits, or single events. */
export function rowsOfFilter(filter: Filter): RowsOf {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.filters.some((inner) => rowsOfFilter(inner) === 'event') ? 'event' : 'visit';
    case 'not':
      return rowsOfFilter(filter.filter);
    case 'done':
      return 'visit';
    case 'test':
      return filter.dimension.scope === 'event' ? 'event' : 'visit';
  }
}

/** The parts of a filter that events decide for their visits. */
export function behaviorsIn(filter: Filter): Filter[] {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.filters.flatMap(behaviorsIn);
    case 'not':
      return behaviorsIn(filter.filter);
    case 'done':
      return rowsOfFilter(filter.filter) === 'event' ? [filter] : [];
    case 'test':
      return [];
  }
}

export class FilterMasks {
  readonly goals: GoalMasks;
  readonly #context: FilterContext;
  readonly #tests = new Map<Test, (value: DimensionValue) => boolean>();
  readonly #results: Map<DimensionValue, boolean>[] = [];
  #size = 0;

  constructor(context: FilterContext) {
    this.#context = context;
    this.goals = new GoalMasks(context.meter);
  }

  /** What passes all of the filters; null without filters. */
  ofAll(view: SegmentView, filters: readonly Filter[]): Mask | null {
    if (filters.length === 0) return null;
    return view.once(filters, () =>
      combined(
        view,
        'and',
        filters.map((filter) => this.#of(view, filter)),
      ),
    );
  }

  /** The goals that a test of goals names. */
  goalsOf(test: Test): Goal[] {
    const passes = this.#context.testOf(test);
    return this.#context.goals.filter(({ name }) => passes(name));
  }

  #of(view: SegmentView, filter: Filter): Mask {
    return view.once(filter, () => this.#compute(view, filter));
  }

  #compute(view: SegmentView, filter: Filter): Mask {
    switch (filter.kind) {
      case 'and':
      case 'or': {
        const masks = filter.filters.map((inner) => this.#of(view, inner));
        return combined(view, filter.kind, masks);
      }
      case 'not':
        return inverse(this.#of(view, filter.filter));
      case 'done': {
        const done = anyOfVisit(view, this.#of(view, filter.filter));
        return filter.negated ? inverse(done) : done;
      }
      case 'test': {
        const mask = isGoalTest(filter) ? this.#ofGoals(view, filter) : this.#ofValues(view, filter);
        return filter.negated ? inverse(mask) : mask;
      }
    }
  }

  #ofGoals(view: SegmentView, test: Test): Mask {
    const bits = new Uint8Array(view.events);
    for (const goal of this.goalsOf(test)) unite(bits, this.goals.of(view, goal));
    return { of: 'event', bits };
  }

  #ofValues(view: SegmentView, test: Test): Mask {
    const { dimension } = test;
    if (dimension.kind !== 'column' && dimension.kind !== 'property') {
      throw new Error(`Columns have no ${dimension.name}.`);
    }
    const { of, values, codes } = view.dimension(dimension);
    let passes = this.#tests.get(test);
    if (!passes) {
      passes = this.#testOf(test);
      this.#tests.set(test, passes);
    }
    return { of, bits: bitsOf(values, passes, codes) };
  }

  #testOf(test: Test): (value: DimensionValue) => boolean {
    const matches = this.#context.testOf(test);
    const label = labels(test.dimension);
    const results = new Map<DimensionValue, boolean>();
    this.#results.push(results);
    return (value) => {
      const cached = results.get(value);
      if (cached !== undefined) return cached;
      // SQL never finds a number equal to a text, but it finds texts in the text of a number.
      const passes =
        typeof value === 'number'
          ? test.comparison !== 'is' && matches(String(value))
          : matches(label(value));
      this.#makeRoom(value);
      results.set(value, passes);
      return passes;
    };
  }

  #makeRoom(value: DimensionValue): void {
    this.#size += RESULT_SIZE + String(value).length;
    if (this.#size <= MAX_RESULTS_SIZE) return;
    for (const results of this.#results) results.clear();
    this.#size = 0;
  }
}

/** The labels of a dimension's values, as `labelOf` of sql/rows.ts has them. */
export function labels(dimension: Dimension): (value: string) => string {
  const hasNames = dimension.kind === 'column' && dimension.labels === 'country';
  const names = new Map(hasNames ? Object.entries(JSON.parse(countryNames()) as Record<string, string>) : []);
  return (value) => (value === '' ? dimension.none : (names.get(value) ?? value));
}

/** The custom properties that tests read. */
export function propertiesIn(filters: readonly Filter[]): string[] {
  return filters
    .flatMap(testsIn)
    .flatMap(({ dimension }) => (dimension.kind === 'property' ? [dimension.key] : []));
}

/** Visits are combined before their results are spread over events. */
function combined(view: SegmentView, kind: 'and' | 'or', masks: readonly Mask[]): Mask {
  const combine = kind === 'and' ? intersect : unite;
  const reduced = (of: RowsOf): Uint8Array | null => {
    const [first, ...others] = masks.filter((mask) => mask.of === of).map(({ bits }) => bits);
    if (!first || others.length === 0) return first ?? null;
    const bits = first.slice();
    for (const other of others) combine(bits, other);
    return bits;
  };
  const ofVisits = reduced('visit');
  const ofEvents = reduced('event');
  if (!ofEvents) return { of: 'visit', bits: ofVisits ?? new Uint8Array(view.visits) };
  if (!ofVisits) return { of: 'event', bits: ofEvents };
  const bits = spread(view, ofVisits);
  combine(bits, ofEvents);
  return { of: 'event', bits };
}

export function intersect(bits: Uint8Array, other: Uint8Array): void {
  for (let row = 0; row < bits.length; row++) (bits[row] as number) &= other[row] as number;
}

function unite(bits: Uint8Array, other: Uint8Array): void {
  for (let row = 0; row < bits.length; row++) (bits[row] as number) |= other[row] as number;
}

function inverse({ of, bits }: Mask): Mask {
  return { of, bits: bits.map((bit) => 1 - bit) };
}

/** The result of each event's visit. */
export function spread({ visitOf, events }: SegmentView, ofVisits: Uint8Array): Uint8Array {
  const bits = new Uint8Array(events);
  for (let event = 0; event < bits.length; event++)
    bits[event] = ofVisits[visitOf[event] as number] as number;
  return bits;
}

/** The visits with an event that passes. An engagement does not count as an event. */
export function anyOfVisit(view: SegmentView, mask: Mask): Mask {
  // Each visit has an event.
  if (mask.of === 'visit') return mask;
  const { kinds, visitOf, visits, events } = view;
  const bits = new Uint8Array(visits);
  for (let event = 0; event < events; event++) {
    if (mask.bits[event] === 1 && kinds[event] !== 0) bits[visitOf[event] as number] = 1;
  }
  return { of: 'visit', bits };
}
