/**
 * Patterns of owners: regular expressions in the syntax of RE2 (https://github.com/google/re2/wiki/Syntax), found
 * anywhere in a value. A pattern becomes a machine that follows all its branches at once, and so needs at most
 * pattern x value steps. JavaScript's RegExp tries one branch after another, and a careless `(a*)*b` would stall the
 * isolate that also answers pixels. Of RE2 there are no captures, which a yes or no does not need, and no Unicode
 * classes (`\pL`).
 */
import { err, ok, type Result } from '../model/result.ts';

export interface Pattern {
  /** Whether the pattern is found anywhere in the value. */
  matches(value: string): boolean;
}

/** Of a pattern: its characters, its steps with all repeats written out, and the count of a repeat, as in RE2. */
const LIMIT = 1000;

/** How many turns and entered states a machine remembers before it forgets them all: a few megabytes. */
const MEMORY = 50_000;

/** In place of a code point before the first and after the last. */
const NONE = -1;
const NEWLINE = 10;
const LAST = 0x10ffff;

/** Whether a step takes a sign, given in all its cases, itself first. */
type Accepts = (cases: readonly number[]) => boolean;
/** Whether a place is right, given the code points at its sides. */
type Holds = (before: number, after: number) => boolean;

/** Takes one sign if that is accepted; without `accepts` takes none, and goes on to all next ones if it holds. */
interface State {
  readonly next: State[];
  readonly accepts?: Accepts;
  readonly holds?: Holds;
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
interface Part {
  /** At least 1, its states, and the items of its classes: what bounds the time to build it and to take a step. */
  readonly size: number;
  readonly build: (next: State) => State;
}

/** The ends of ranges, by name: ASCII only, as in RE2. */
const CLASSES = new Map([
  ['d', '09'],
  ['s', '\t\n\f\r  '],
  ['w', '09AZ__az'],
  ['alnum', '09AZaz'],
  ['alpha', 'AZaz'],
  ['ascii', '\0\x7f'],
  ['blank', '\t\t  '],
  ['cntrl', '\0\x1f\x7f\x7f'],
  ['digit', '09'],
  ['graph', '!~'],
  ['lower', 'az'],
  ['print', ' ~'],
  ['punct', '!/:@[`{~'],
  ['space', '\t\r  '],
  ['upper', 'AZ'],
  ['word', '09AZ__az'],
  ['xdigit', '09AFaf'],
]);

const WORD = endsOf('w');
const isWord = (code: number): boolean => within(WORD, code);

/** By how they are written, with `m` in front where each line begins and ends. */
const PLACES = new Map<string, Holds>([
  ['^', (before) => before === NONE],
  ['$', (_, after) => after === NONE],
  ['m^', (before) => before === NONE || before === NEWLINE],
  ['m$', (_, after) => after === NONE || after === NEWLINE],
  ['\\A', (before) => before === NONE],
  ['\\z', (_, after) => after === NONE],
  ['\\b', (before, after) => isWord(before) !== isWord(after)],
  ['\\B', (before, after) => isWord(before) === isWord(after)],
]);

const QUANTIFIER = /([*+?]|\{(\d+)(?:(,)(\d*))?\})\??/y;
const GROUP = /\((?:\?(?:P?<\w+>|([imsU]*)(?:-([imsU]+))?([:)]))|(?!\?))/y;
const QUOTED = /\\Q(.*?)(?:\\E|$)/sy;
const PLACE = /\\[AzbB]|[$^]/y;
const CLASS = /\\(?:([dsw])|([DSW]))/y;
const POSIX_CLASS = /\[:(\^?)(\w*):\]/y;
const CHARACTER =
  /\\(?:x([\dA-Fa-f]{2})|x\{([\dA-Fa-f]+)\}|(0[0-7]{0,2}|[1-7][0-7]{1,2})|([aftnrv])|([ -/:-@[-`{-~]))|([^\\])/uy;
const REFUSED = /(\(\?<?[=!])|(\(\?P=|\\[1-9k])|(\\[pP])|(?:\(\?|\\).?/suy;

/** Says in a sentence what is wrong with a pattern, and where. */
class Refusal extends Error {}

/**
 * The pattern of a text, or a sentence that says what is wrong with it, and where. To ignore case from the start is
 * to put `(?i)` in front.
 *
 *     compilePattern('^/blog/(?:news|notes)/\\d{4}')
 */
export function compilePattern(text: string, ignoresCase = false): Result<Pattern, string> {
  try {
    const parser = new Parser(text, ignoresCase ? 'i' : '');
    return ok(machine(parser.parse(), parser.folds));
  } catch (thrown) {
    if (thrown instanceof Refusal) return err(thrown.message);
    throw thrown;
  }
}

/**
 * Follows all branches at once, and in one turn enters no state twice (K. Thompson, Regular Expression Search
 * Algorithm, 1968). It remembers what a turn led to, since most values lead through the same few situations.
 */
function machine(pattern: Part, folds: boolean): Pattern {
  const end = state([]);
  const start = pattern.build(end);
  let turn = 0;
  let names = 0;
  let room = 0;
  const known = new Map<string, Situation>();

  const situation = (entered: State[], before: number): Situation => {
    const side = before === NONE || before === NEWLINE ? before : isWord(before) ? 'w' : '';
    for (const one of entered) one.name ||= ++names;
    const key = `${side} ${entered.map(({ name }) => name)}`;
    const same = known.get(key);
    if (same) return same;
    const made = { entered, before, turns: new Map() };
    known.set(key, made);
    room -= entered.length;
    return made;
  };

  const take = ({ entered, before }: Situation, after: number): Situation | boolean => {
    const cases = folds && after !== NONE ? casesOf(after) : [after];
    const taken = new Set<State>();
    const open = [...entered, start];
    turn++;
    for (let here = open.pop(); here; here = open.pop()) {
      if (here === end) return true;
      if (here.turn === turn) continue;
      here.turn = turn;
      if (!here.accepts) {
        if (!here.holds || here.holds(before, after)) open.push(...here.next);
      } else if (after !== NONE && here.accepts(cases)) for (const next of here.next) taken.add(next);
    }
    return after !== NONE && situation([...taken], after);
  };

  const matches = (value: string): boolean => {
    let here = situation([], NONE);
    for (let at = 0; ; ) {
      const after = value.codePointAt(at) ?? NONE;
      let next = here.turns.get(after);
      if (next === undefined) {
        if (--room < 0) {
          known.clear();
          room = MEMORY;
        }
        next = take(here, after);
        here.turns.set(after, next);
      }
      if (typeof next === 'boolean') return next;
      here = next;
      at += after > 0xffff ? 2 : 1;
    }
  };
  return { matches };
}

function state(next: State[], condition: Pick<State, 'accepts' | 'holds'> = {}): State {
  return { next, ...condition, turn: 0, name: 0 };
}

/** Reads a pattern from left to right, and throws a refusal at the first thing it cannot read. */
class Parser {
  /** Whether any of the pattern ignores case. */
  folds = false;
  readonly #text: string;
  /** The letters of the flags that are set where it reads. */
  #flags: string;
  #at = 0;

  constructor(text: string, flags: string) {
    this.#text = text;
    this.#flags = flags;
  }

  parse(): Part {
    // The limit also bounds how deep groups nest, and so the stack.
    if (this.#text.length > LIMIT) throw new Refusal(`The pattern is too large: over ${LIMIT} characters.`);
    const whole = this.#alternatives();
    if (this.#at < this.#text.length) this.#refuse('No "(" is open for this ")" to close');
    return whole;
  }

  #alternatives(): Part {
    const branches = [this.#sequence()];
    while (this.#take(/\|/y)) branches.push(this.#sequence());
    if (branches.length === 1) return branches[0] as Part;
    const size = branches.reduce((sum, branch) => sum + branch.size, 1);
    return this.#part(size, (next) => state(branches.map((branch) => branch.build(next))));
  }

  #sequence(): Part {
    const parts: Part[] = [];
    while (this.#at < this.#text.length && !this.#ahead(/[|)]/y)) {
      if (this.#ahead(QUANTIFIER)) parts.push(this.#repeat(parts.pop()));
      else if (this.#ahead(QUOTED)) parts.push(...this.#quoted());
      else if (this.#ahead(/\(/y)) parts.push(...this.#group());
      else parts.push(this.#atom());
    }
    const size = parts.reduce((sum, part) => sum + part.size, 0);
    return this.#part(size, (next) => parts.reduceRight((following, part) => part.build(following), next));
  }

  /** A lazy repeat is the same to a yes or no. */
  #repeat(part: Part | undefined): Part {
    const at = this.#at;
    const [all, sign, from, comma, to] = this.#take(QUANTIFIER) as RegExpExecArray;
    if (!part) this.#refuse(`There is nothing before "${all}" to repeat`, at);
    if (this.#ahead(QUANTIFIER)) this.#refuse(`"${all}" is repeated without a group around it`, at);
    const endless = sign === '*' || sign === '+' || (comma !== undefined && !to);
    const min = Number(from ?? (sign === '+' ? 1 : 0));
    const max = endless ? min : Number(to || (from ?? 1));
    if (max > LIMIT || min > LIMIT) this.#refuse(`"${all}" is too large: it repeats over ${LIMIT} times`, at);
    if (max < min) this.#refuse(`"${all}" ends before it begins`, at);
    const size = min * part.size + (endless ? 1 : max - min) * (part.size + 1);
    const build = (next: State): State => {
      let first = next;
      if (endless) {
        first = state([next]);
        first.next.push(part.build(first));
      }
      for (let count = max; count > min; count--) first = state([part.build(first), next]);
      for (let count = min; count > 0; count--) first = part.build(first);
      return first;
    };
    return this.#part(size, build, at);
  }

  #quoted(): Part[] {
    const [, quoted = ''] = this.#take(QUOTED) as RegExpExecArray;
    return Array.from(quoted, (sign) => this.#step(this.#range(codeOf(sign))));
  }

  /** What is in a group; nothing if it only sets flags, for the rest of the group around it. */
  #group(): Part[] {
    const at = this.#at;
    const group = this.#take(GROUP) ?? this.#refuseSyntax();
    const [, set = '', unset = '', mark] = group;
    const outside = this.#flags;
    this.#flags = [...outside, ...set].filter((flag) => !unset.includes(flag)).join('');
    if (mark === ')') return [];
    const inside = this.#alternatives();
    if (!this.#take(/\)/y)) this.#refuse('The group is not closed', at);
    this.#flags = outside;
    return [inside];
  }

  #atom(): Part {
    const place = this.#take(PLACE)?.[0];
    if (place !== undefined) {
      const holds = (this.#flags.includes('m') && PLACES.get(`m${place}`)) || (PLACES.get(place) as Holds);
      return this.#part(1, (next) => state([next], { holds }));
    }
    if (this.#take(/\./y)) {
      return this.#step(
        this.#item(this.#flags.includes('s') ? [0, LAST] : [0, NEWLINE - 1, NEWLINE + 1, LAST]),
      );
    }
    if (this.#ahead(/\[/y)) return this.#class();
    return this.#step(this.#named(CLASS) ?? this.#range(this.#character()));
  }

  #class(): Part {
    const at = this.#at;
    const negated = this.#take(/\[\^?/y)?.[0] === '[^';
    const items: Accepts[] = [];
    // A bracket that comes first closes nothing.
    while (items.length === 0 || !this.#take(/\]/y)) {
      if (this.#at >= this.#text.length) this.#refuse('The class is not closed', at);
      items.push(this.#named(CLASS) ?? this.#posix() ?? this.#classRange());
    }
    return this.#step((cases) => items.some((accepts) => accepts(cases)) !== negated, items.length);
  }

  #classRange(): Accepts {
    const at = this.#at;
    const from = this.#character();
    const to = this.#take(/-(?!\]|$)/y) ? this.#character() : from;
    if (to < from) this.#refuse('The range ends before it begins', at);
    return this.#range(from, to);
  }

  /** `\d` and the like. */
  #named(form: RegExp): Accepts | null {
    const found = this.#take(form);
    if (!found) return null;
    const [, plain, negated = ''] = found;
    return this.#item(endsOf(plain ?? negated.toLowerCase()), plain === undefined);
  }

  /** `[:alpha:]` and the like, and `[:^alpha:]`. */
  #posix(): Accepts | null {
    const at = this.#at;
    const found = this.#take(POSIX_CLASS);
    if (!found) return null;
    const [all, negated, name = ''] = found;
    if (!CLASSES.has(name) || name.length === 1) this.#refuse(`"${all}" is no known class`, at);
    return this.#item(endsOf(name), negated === '^');
  }

  /** The code point of a character, plain or escaped. */
  #character(): number {
    const at = this.#at;
    const found = this.#take(CHARACTER) ?? this.#refuseSyntax();
    const [all, two, many, octal, control, escaped, plain] = found;
    const hexadecimal = two ?? many;
    const code = hexadecimal
      ? Number.parseInt(hexadecimal, 16)
      : octal
        ? Number.parseInt(octal, 8)
        : control
          ? 'abtnvfr'.indexOf(control) + 7 // So they follow each other in ASCII, from the bell on.
          : codeOf(escaped ?? plain ?? '');
    if (code > LAST) this.#refuse(`"${all}" is beyond the last code point`, at);
    return code;
  }

  /** One code point, or all from one to another. */
  #range(from: number, to = from): Accepts {
    const ends =
      from === to && this.#flags.includes('i') ? casesOf(from).flatMap((code) => [code, code]) : [from, to];
    return this.#item(ends);
  }

  #item(ends: readonly number[], negated = false): Accepts {
    if (!this.#flags.includes('i')) return ([code]) => within(ends, code as number) !== negated;
    this.folds = true;
    return (cases) => cases.some((code) => within(ends, code)) !== negated;
  }

  #step(accepts: Accepts, size = 1): Part {
    return this.#part(size, (next) => state([next], { accepts }));
  }

  #part(size: number, build: Part['build'], at = this.#at): Part {
    if (size > LIMIT)
      this.#refuse(`The pattern is too large: over ${LIMIT} steps, its repeats written out`, at);
    return { size: Math.max(size, 1), build };
  }

  #ahead(form: RegExp): boolean {
    form.lastIndex = this.#at;
    return form.test(this.#text);
  }

  #take(form: RegExp): RegExpExecArray | null {
    form.lastIndex = this.#at;
    const found = form.exec(this.#text);
    if (found) this.#at = form.lastIndex;
    return found;
  }

  #refuseSyntax(): never {
    const at = this.#at;
    const [all, look, back, unicode] = this.#take(REFUSED) as RegExpExecArray;
    const why = look
      ? 'looks around, which is not supported'
      : back
        ? 'refers back to a group, which is not supported'
        : unicode
          ? 'begins a Unicode class, which is not supported'
          : 'has no meaning here';
    this.#refuse(`"${all}" ${why}`, at);
  }

  #refuse(what: string, at = this.#at): never {
    throw new Refusal(`${what}, at character ${[...this.#text.slice(0, at)].length + 1}.`);
  }
}

function codeOf(sign: string): number {
  return sign.codePointAt(0) as number;
}

function endsOf(name: string): number[] {
  return Array.from(CLASSES.get(name) ?? '', codeOf);
}

function within(ends: readonly number[], code: number): boolean {
  for (let index = 0; index < ends.length; index += 2) {
    if ((ends[index] as number) <= code && code <= (ends[index + 1] as number)) return true;
  }
  return false;
}

/** A code point, and what it is in lower and in upper case where that is one code point too. */
function casesOf(code: number): number[] {
  const sign = String.fromCodePoint(code);
  const others = [sign.toLowerCase(), sign.toUpperCase()].map((other) => [...other]);
  return [code, ...others.filter(({ length }) => length === 1).map(([other]) => codeOf(other as string))];
}
