/** The characters of patterns and values, as code points: the characters of each class, and the cases of a character. */

/** Stands for the code point before the first and after the last character. */
export const NONE = -1;
export const NEWLINE = 10;
export const LAST = 0x10ffff;

/** The first and last characters of each class's ranges. ASCII only, as in RE2. */
export const CLASSES = new Map([
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
export const isWord = (code: number): boolean => within(WORD, code);

export function codeOf(character: string): number {
  return character.codePointAt(0) as number;
}

export function endsOf(name: string): number[] {
  return Array.from(CLASSES.get(name) ?? '', codeOf);
}

export function within(ends: readonly number[], code: number): boolean {
  for (let index = 0; index < ends.length; index += 2) {
    if ((ends[index] as number) <= code && code <= (ends[index + 1] as number)) return true;
  }
  return false;
}

/** A code point, and its lower and upper case if these are single code points. */
export function casesOf(code: number): number[] {
  const character = String.fromCodePoint(code);
  const others = [character.toLowerCase(), character.toUpperCase()].map((other) => [...other]);
  return [code, ...others.filter(({ length }) => length === 1).map(([other]) => codeOf(other as string))];
}
