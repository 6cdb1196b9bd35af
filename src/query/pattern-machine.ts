/** Runs compiled patterns: a nondeterministic automaton, whose sets of states are cached. pattern-parser.ts builds the states. */
import { Meter } from './meter.ts';
import { casesOf, isWord, NEWLINE, NONE } from './pattern-signs.ts';

export interface Pattern {
  /**
   * Whether the pattern matches anywhere in the value.
   * @throws OutOfSteps if it takes more steps than the meter allows.
   */
  matches(value: string, meter?: Meter): boolean;
}

/** Steps of the meter: for a character with a cached transition, to visit a state, and to build one. */
const CHARACTER = 2;
const STATE = 6;
const BUILT = 30;

/** The most transitions and states in the cache of a machine: a few megabytes. A full cache is cleared. */
const CACHE_SIZE = 50_000;

/** Whether a state accepts a character. `cases` are the character itself and, after it, its other cases. */
export type Accepts = (cases: readonly number[]) => boolean;
/** Whether an assertion holds between two code points. */
export type Holds = (before: number, after: number) => boolean;

/** A state with `accepts` consumes a character. A state without it consumes none, and continues if `holds` is absent or true. */
export interface State {
  readonly next: State[];
  readonly accepts?: Accepts;
  readonly holds?: Holds;
  /** The number of items that `accepts` compares a character with. */
  readonly items: number;
  /** The number of the last transition that visited this state. */
  visitedBy: number;
  /** Identifies the state in keys of the cache. 0 until the state is in a set. */
  id: number;
}

/**
 * The states in which a machine can be after a character, and the cached transitions by the next one. A boolean is the result.
 */
interface StateSet {
  readonly states: readonly State[];
  readonly before: number;
  readonly transitions: Map<number, StateSet | boolean>;
}

/** A part of a pattern. It is built once for each time that it is repeated. */
export interface Part {
  /**
   * The number of its states and of the items of its classes, at least 1. It bounds the time to build the part and to run a step.
   */
  readonly size: number;
  /** Builds the part. @param next the state that follows it. @returns its first state. */
  readonly build: (next: State) => State;
}

/**
 * Follows all branches at once, and visits each state at most once per character (K. Thompson, Regular Expression Search
 * Algorithm, 1968). Transitions are cached, since most values lead through the same few sets of states.
 */
export function machine(pattern: Part, folds: boolean): Pattern {
  const end = state([]);
  // Built by the first query that runs the pattern and has enough steps left.
  let start: State | undefined;
  let transition = 0;
  let ids = 0;
  let room = 0;
  const cache = new Map<string, StateSet>();

  const stateSet = (states: State[], before: number): StateSet => {
    const side = before === NONE || before === NEWLINE ? before : isWord(before) ? 'w' : '';
    for (const one of states) one.id ||= ++ids;
    const key = `${side} ${states.map(({ id }) => id)}`;
    const cached = cache.get(key);
    if (cached) return cached;
    const created = { states, before, transitions: new Map() };
    cache.set(key, created);
    room -= states.length;
    return created;
  };

  const follow = ({ states, before }: StateSet, after: number, meter: Meter): StateSet | boolean => {
    const cases = folds && after !== NONE ? casesOf(after) : [after];
    const entered = new Set<State>();
    const open = [...states, start as State];
    let steps = 0;
    transition++;
    let isMatch = false;
    for (let current = open.pop(); current && !isMatch; current = open.pop()) {
      steps += STATE;
      isMatch = current === end;
      if (current.visitedBy === transition) continue;
      current.visitedBy = transition;
      if (!current.accepts) {
        if (!current.holds || current.holds(before, after)) open.push(...current.next);
        continue;
      }
      steps += current.items * cases.length;
      if (after !== NONE && current.accepts(cases)) for (const next of current.next) entered.add(next);
    }
    meter.spend(steps + STATE * entered.size);
    return isMatch || (after !== NONE && stateSet([...entered], after));
  };

  const matches = (value: string, meter = new Meter()): boolean => {
    if (!start) {
      meter.spend(BUILT * pattern.size);
      start = pattern.build(end);
    }
    meter.spend(CHARACTER * (value.length + 1));
    let current = stateSet([], NONE);
    for (let at = 0; ; ) {
      const after = value.codePointAt(at) ?? NONE;
      let next = current.transitions.get(after);
      if (next === undefined) {
        if (--room < 0) {
          cache.clear();
          room = CACHE_SIZE;
        }
        next = follow(current, after, meter);
        current.transitions.set(after, next);
      }
      if (typeof next === 'boolean') return next;
      current = next;
      at += after > 0xffff ? 2 : 1;
    }
  };
  return { matches };
}

export function state(
  next: State[],
  condition: Partial<Pick<State, 'accepts' | 'holds' | 'items'>> = {},
): State {
  return { next, items: 1, ...condition, visitedBy: 0, id: 0 };
}
