/** Parses patterns into the states of pattern-machine.ts. */
import { type Accepts, type Holds, type Part, type State, state } from './pattern-machine.ts';
import { CLASSES, casesOf, codeOf, endsOf, isWord, LAST, NEWLINE, NONE, within } from './pattern-signs.ts';

/** The most characters of a pattern, the most steps with all repeats expanded, and the greatest count of a repeat, as in RE2. */
const LIMIT = 1000;

/** The assertions by their syntax. `m` before `^` and `$` marks those of multi-line mode. */
const ASSERTIONS = new Map<string, Holds>([
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
const ASSERTION = /\\[AzbB]|[$^]/y;
const CLASS = /\\(?:([dsw])|([DSW]))/y;
const POSIX_CLASS = /\[:(\^?)(\w*):\]/y;
const CHARACTER =
  /\\(?:x([\dA-Fa-f]{2})|x\{([\dA-Fa-f]+)\}|(0[0-7]{0,2}|[1-7][0-7]{1,2})|([aftnrv])|([ -/:-@[-`{-~]))|([^\\])/uy;
const UNSUPPORTED = /(\(\?<?[=!])|(\(\?P=|\\[1-9k])|(\\[pP])|(?:\(\?|\\).?/suy;

/** The error of a pattern: a sentence that names the problem and its position. */
export class PatternError extends Error {}

/** Parses a pattern from left to right. Throws `PatternError` at the first error. */
export class Parser {
  /** Whether some part of the pattern ignores case. */
  folds = false;
  readonly #text: string;
  /** The letters of the flags that are set at the current position. */
  #flags: string;
  #at = 0;

  constructor(text: string, flags: string) {
    this.#text = text;
    this.#flags = flags;
  }

  parse(): Part {
    // The limit also bounds the nesting of groups, and so the stack.
    if (this.#text.length > LIMIT)
      throw new PatternError(`The pattern is too large: over ${LIMIT} characters.`);
    const pattern = this.#alternatives();
    if (this.#at < this.#text.length) this.#refuse('No "(" is open for this ")" to close');
    return pattern;
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

  /** A lazy repeat matches the same values as a greedy one. */
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

  /** The content of a group. Nothing if the group only sets flags, for the rest of the group around it. */
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
    const assertion = this.#take(ASSERTION)?.[0];
    if (assertion !== undefined) {
      const holds =
        (this.#flags.includes('m') && ASSERTIONS.get(`m${assertion}`)) ||
        (ASSERTIONS.get(assertion) as Holds);
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
    // A bracket in the first position is a literal character.
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

  /** A class such as `\d`. */
  #named(form: RegExp): Accepts | null {
    const match = this.#take(form);
    if (!match) return null;
    const [, plain, negated = ''] = match;
    return this.#item(endsOf(plain ?? negated.toLowerCase()), plain === undefined);
  }

  /** A class such as `[:alpha:]` or `[:^alpha:]`. */
  #posix(): Accepts | null {
    const at = this.#at;
    const match = this.#take(POSIX_CLASS);
    if (!match) return null;
    const [all, negated, name = ''] = match;
    if (!CLASSES.has(name) || name.length === 1) this.#refuse(`"${all}" is not a supported class`, at);
    return this.#item(endsOf(name), negated === '^');
  }

  /** The code point of a character, plain or escaped. */
  #character(): number {
    const at = this.#at;
    const match = this.#take(CHARACTER) ?? this.#refuseSyntax();
    const [all, two, many, octal, control, escaped, plain] = match;
    const hexadecimal = two ?? many;
    const code = hexadecimal
      ? Number.parseInt(hexadecimal, 16)
      : octal
        ? Number.parseInt(octal, 8)
        : control
          ? 'abtnvfr'.indexOf(control) + 7 // ASCII has these seven in this order, from 7 (bell).
          : codeOf(escaped ?? plain ?? '');
    if (code > LAST) this.#refuse(`"${all}" is beyond the last code point`, at);
    return code;
  }

  /** A range of code points. */
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
    return this.#part(size, (next) => state([next], { accepts, items: size }));
  }

  #part(size: number, build: Part['build'], at = this.#at): Part {
    if (size > LIMIT)
      this.#refuse(`The pattern is too large: over ${LIMIT} steps with all repeats expanded`, at);
    return { size: Math.max(size, 1), build };
  }

  #ahead(form: RegExp): boolean {
    form.lastIndex = this.#at;
    return form.test(this.#text);
  }

  #take(form: RegExp): RegExpExecArray | null {
    form.lastIndex = this.#at;
    const match = form.exec(this.#text);
    if (match) this.#at = form.lastIndex;
    return match;
  }

  #refuseSyntax(): never {
    const at = this.#at;
    const [all, look, back, unicode] = this.#take(UNSUPPORTED) as RegExpExecArray;
    const why = look
      ? 'looks around, which is not supported'
      : back
        ? 'refers back to a group, which is not supported'
        : unicode
          ? 'begins a Unicode class, which is not supported'
          : 'has no meaning here';
    this.#refuse(`"${all}" ${why}`, at);
  }

  #refuse(problem: string, at = this.#at): never {
    throw new PatternError(`${problem}, at character ${[...this.#text.slice(0, at)].length + 1}.`);
  }
}
