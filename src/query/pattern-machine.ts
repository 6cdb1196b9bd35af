/**
 * The machine that a pattern becomes: states, and how it goes through them. How a pattern is written is left to
 * pattern-parser.ts.
 */
import { Meter } from './meter.ts';
import { casesOf, isWord, NEWLINE, NONE } from './pattern-signs.ts';

export interface Pattern {
  /**
   * Whether the pattern is found anywhere in the value.
   * @throws OutOfSteps when that takes more than the meter allows.
   */
  matches(value: string, meter?: Meter): boolean;
}

/** Steps of the meter: to take a sign that is remembered, to look at a state, and to make one. */
const SIGN = 2;
const STATE = 6;
const BUILT = 30;

/** How many turns and entered states a machine remembers before it forgets them all: a few megabytes. */
const MEMORY = 50_000;

/** Whether a step takes a sign, given in all its cases, itself first. */
export type Accepts = (cases: readonly number[]) => boolean;
/** Whether a place is right, given the code points at its sides. */
export type Holds = (before: number, after: number) => boolean;

/** Takes one sign if that is accepted; without `accepts` takes none, and goes on to all next ones if it holds. */
export interface State {
  readonly next: State[];
  readonly accepts?: Accepts;
  readonly holds?: Holds;
  /** How many things `accepts` compares a sign with. */
  readonly items: number;
  /** The last turn that came here. */
  turn: number;
  /** Not 0 once it is part of a situation. */
  name: number;
}

/** Where a machine can be between two signs, and what it comes to by the sign after; at the end, to yes or no. */
interface Situation {
  readonly entered: readonly State[];
  readonly before: number;
  readonly turns: Map<number, Situation | boolean>;
}

/** A piece of a pattern, to be built once or more, each time in front of what follows it. */
export interface Part {
  /** At least 1, its states, and the items of its classes: what bounds the time to build it and to take a step. */
  readonly size: number;
  readonly build: (next: State) => State;
}

/**
 * Follows all branches at once, and in one turn enters no state twice (K. Thompson, Regular Expression Search
 * Algorithm, 1968). It remembers what a turn led to, since most values lead through the same few situations.
 */
export function machine(pattern: Part, folds: boolean): Pattern {
  const end = state([]);
  // Built when it is first needed, by a question that has steps left for it.
  let start: State | undefined;
  let turn = 0;
  let names = 0;
  let room = 0;
  const situations = new Map<string, Situation>();

  const situation = (entered: State[], before: number): Situation => {
    const side = before === NONE || before === NEWLINE ? before : isWord(before) ? 'w' : '';
    for (const one of entered) one.name ||= ++names;
    const key = `${side} ${entered.map(({ name }) => name)}`;
    const same = situations.get(key);
    if (same) return same;
    const made = { entered, before, turns: new Map() };
    situations.set(key, made);
    room -= entered.length;
    return made;
  };

  const take = ({ entered, before }: Situation, after: number, meter: Meter): Situation | boolean => {
    const cases = folds && after !== NONE ? casesOf(after) : [after];
    const taken = new Set<State>();
    const open = [...entered, start as State];
    let steps = 0;
    turn++;
    let found = false;
    for (let here = open.pop(); here && !found; here = open.pop()) {
      steps += STATE;
      found = here === end;
      if (here.turn === turn) continue;
      here.turn = turn;
      if (!here.accepts) {
        if (!here.holds || here.holds(before, after)) open.push(...here.next);
        continue;
      }
      steps += here.items * cases.length;
      if (after !== NONE && here.accepts(cases)) for (const next of here.next) taken.add(next);
    }
    meter.spend(steps + STATE * taken.size);
    return found || (after !== NONE && situation([...taken], after));
  };

  const matches = (value: string, meter = new Meter()): boolean => {
    if (!start) {
      meter.spend(BUILT * pattern.size);
      start = pattern.build(end);
    }
    meter.spend(SIGN * (value.length + 1));
    let here = situation([], NONE);
    for (let at = 0; ; ) {
      const after = value.codePointAt(at) ?? NONE;
      let next = here.turns.get(after);
      if (next === undefined) {
        if (--room < 0) {
          situations.clear();
          room = MEMORY;
        }
        next = take(here, after, meter);
        here.turns.set(after, next);
      }
      if (typeof next === 'boolean') return next;
      here = next;
      at += after > 0xffff ? 2 : 1;
    }
  };
  return { matches };
}

export function state(
  next: State[],
  condition: Partial<Pick<State, 'accepts' | 'holds' | 'items'>> = {},
): State {
  return { next, items: 1, ...condition, turn: 0, name: 0 };
}
