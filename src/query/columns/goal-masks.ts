/** Which events reach a goal, by the definitions of sql/goals.ts. */
import { fits, type Goal } from '../../model/goal.ts';
import { type GoalTerms, termsOf } from '../../sql/goals.ts';
import type { Meter } from '../meter.ts';
import { bitsOf, type SegmentView, VIEW_KIND } from './view.ts';

/** Steps of the meter to compare a page with a pattern, and for each of its characters. */
const PATTERN = 5;
const CHARACTER = 0.5;

export class GoalMasks {
  readonly #meter: Meter;

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  /** 1 for each event that reaches the goal. @throws OutOfSteps */
  of(view: SegmentView, goal: Goal): Uint8Array {
    return view.once(goal, () => this.#compute(view, termsOf(goal)));
  }

  #compute(view: SegmentView, terms: GoalTerms): Uint8Array {
    const { kinds } = view;
    if ('event' in terms) {
      const bits = reached(view, 'event:name', view.texts('event:name'), (name) => name === terms.event);
      return onlyOfKind(bits, kinds, 1);
    }
    if ('property' in terms) {
      const values = view.propertyByCode(terms.property);
      return onlyOfKind(
        reached(view, 'event:props', values, (value) => value === terms.value),
        kinds,
        1,
      );
    }
    const bits = reached(view, 'event:page', view.texts('event:page'), this.#pageTest(terms));
    return onlyOfKind(bits, kinds, VIEW_KIND);
  }

  #pageTest({ page, former, isPattern }: Extract<GoalTerms, { page: string }>): (text: string) => boolean {
    if (!isPattern) return (text) => text === page || text === former;
    const patterns = [page, ...(former === null ? [] : [former])].map((pattern) => pattern.split('*'));
    return (text) => {
      this.#meter.spend(PATTERN + CHARACTER * text.length * patterns.length);
      return patterns.some((parts) => fits(text, parts));
    };
  }
}

function reached<T>(
  view: SegmentView,
  name: string,
  values: readonly T[],
  passes: (value: T) => boolean,
): Uint8Array {
  return bitsOf(values, passes, view.codes(name));
}

/** Clears the bits of events below a kind. */
function onlyOfKind(bits: Uint8Array, kinds: Uint8Array, least: number): Uint8Array {
  for (let event = 0; event < bits.length; event++)
    (bits[event] as number) &= Number((kinds[event] as number) >= least);
  return bits;
}
