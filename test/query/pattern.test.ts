import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_STEPS, Meter, OutOfSteps } from '../../src/query/meter.ts';
import { compilePattern } from '../../src/query/pattern.ts';

const isMatch = (pattern: string, value: string, ignoresCase?: boolean): boolean => {
  const compiled = compilePattern(pattern, ignoresCase);
  if (!compiled.ok) throw new Error(`${pattern}: ${compiled.error}`);
  return compiled.value.matches(value);
};

/** Enough of a pattern to name its test. */
const beginning = (pattern: string): string => pattern.slice(0, 40);

describe('a pattern', () => {
  /** A pattern, values it is found in, and values it is not found in. */
  const CASES: [pattern: string, inside: string[], outside: string[]][] = [
    // Signs, anywhere in the value.
    ['', ['', 'a'], []],
    ['b', ['b', 'abc'], ['', 'a', 'B']],
    ['é😀', ['xé😀x'], ['é', '😀']],
    ['a.c', ['abc', 'a😀c', 'a\rc'], ['ac', 'a\nc']],
    ['^.$', ['😀', 'a', '\ud83d'], ['', 'ab']],
    ['a]}', ['a]}'], ['a']],
    ['a{', ['a{'], ['a']],
    ['a{,2}', ['a{,2}'], ['aa']],
    ['a{x}|{', ['a{x}', '{'], ['a']],
    // Escapes.
    [String.raw`\.\*\+\?\(\)\[\]\{\}\|\^\$\\\/\-\ \_`, [String.raw`.*+?()[]{}|^$\/- _`], ['']],
    [String.raw`^\a\t\n\v\f\r$`, ['\x07\t\n\v\f\r'], ['atnvfr']],
    [String.raw`^\x41\x{42}\x{1F600}\x{0000043}$`, ['AB😀C'], ['x41']],
    [String.raw`^\0\101\12\07$`, ['\0A\n\x07'], ['0101']],
    [String.raw`^\Qa.b*\E+$`, ['a.b*', 'a.b***'], ['axb', 'a.b*a.b*']],
    [String.raw`\Q(a`, ['(a'], ['a']],
    [String.raw`^a\Q\Eb\Q\$`, ['ab\\$'], ['ab']],
    // Classes, which are of ASCII.
    [String.raw`^\d$`, ['0', '9'], ['a', '', '٣']],
    [String.raw`^\D$`, ['a', '٣', '\n'], ['0', '']],
    [String.raw`^\w$`, ['a', 'Z', '0', '_'], ['-', 'é', '']],
    [String.raw`^\W$`, ['-', 'é', '😀'], ['a', '_']],
    [String.raw`^\s$`, [' ', '\t', '\n', '\f', '\r'], ['\v', '\u00a0', 'a']],
    [String.raw`^\S$`, ['\v', '\u00a0', 'a'], [' ', '\n']],
    ['^[abx-z]$', ['a', 'b', 'x', 'y', 'z'], ['c', 'w', '-', '']],
    ['^[^abx-z]$', ['c', 'é', '\n'], ['a', 'y', '']],
    ['^[а-я😀-😂]$', ['ж', '😁'], ['Ж', '😃']],
    ['^[]a]$', [']', 'a'], ['b']],
    ['^[^]a]$', ['b'], [']', 'a']],
    ['^[a^]$', ['a', '^'], ['b']],
    ['^[-a]$', ['-', 'a'], ['b']],
    ['^[a-]$', ['-', 'a'], ['b']],
    ['^[--/]$', ['-', '.', '/'], ['0']],
    ['^[a-c-e]$', ['a', 'b', 'c', '-', 'e'], ['d']],
    ['^[.*|(){$]$', ['.', '*', '|', '(', ')', '{', '$'], ['a']],
    [String.raw`^[\]\\\-\^]$`, [']', '\\', '-', '^'], ['a']],
    [String.raw`^[\d\s_]$`, ['1', ' ', '_'], ['a']],
    [String.raw`^[^\d\S]$`, [' ', '\n'], ['a', '1']],
    [String.raw`^[\D5]$`, ['a', '5'], ['4']],
    [String.raw`^[\x41-\x{43}\n\060]$`, ['A', 'B', 'C', '\n', '0'], ['D', 'n']],
    ['^[[:alpha:]]$', ['a', 'Z'], ['1', 'é', ':']],
    ['^[[:^alpha:]]$', ['1', 'é', ':'], ['a', 'Z']],
    ['^[^[:alnum:]_]$', ['-', 'é'], ['a', 'Z', '1', '_']],
    ['^[[:digit:][:upper:]-]$', ['1', 'A', '-'], ['a']],
    ['^[[:ascii:]]$', ['\0', '\x7f'], ['\x80']],
    ['^[[:blank:]]$', [' ', '\t'], ['\n']],
    ['^[[:cntrl:]]$', ['\0', '\x1f', '\x7f'], [' ']],
    ['^[[:graph:]]$', ['!', '~'], [' ', '\x7f']],
    ['^[[:lower:]]$', ['a', 'z'], ['A', '`', '{']],
    ['^[[:print:]]$', [' ', '~'], ['\x1f', '\x7f']],
    ['^[[:punct:]]$', ['!', '/', ':', '@', '[', '`', '{', '~'], ['a', 'A', '0', ' ']],
    ['^[[:space:]]$', ['\t', '\n', '\v', '\f', '\r', ' '], ['a']],
    ['^[[:word:]]$', ['a', 'Z', '0', '_'], ['-']],
    ['^[[:xdigit:]]$', ['0', 'a', 'F'], ['g', 'G']],
    ['^[[:alpha]$', ['[', ':', 'a', 'l', 'p', 'h'], ['b']],
    // Places.
    ['^a', ['a', 'ab'], ['ba', 'b\na']],
    ['a$', ['a', 'ba'], ['ab', 'a\n']],
    [String.raw`(?m)\Aa\z`, ['a'], ['b\na', 'a\nb']],
    ['(?m)^a$', ['a', 'b\na\nb', 'a\n'], ['ba', 'ab']],
    ['^$', [''], ['a', '\n']],
    ['a^b|a$b', [], ['ab', 'a\nb']],
    [String.raw`\bcat\b`, ['cat', 'a cat.', 'écaté'], ['cats', 'concat', '_cat']],
    [String.raw`\Bcat\B`, ['scats'], ['cat', 'cats', 'scat']],
    [String.raw`^\B$`, [''], ['a']],
    [String.raw`(?:^|\b)*a(?:$)?`, ['a', 'ba'], ['b']],
    // Groups and branches.
    ['^(ab|c)d$', ['abd', 'cd'], ['abcd', 'ad', 'd']],
    ['^(?:a|b|)c$', ['ac', 'bc', 'c'], ['abc']],
    ['^(?P<year>a)(?<_1>b)()$', ['ab'], ['a']],
    ['^a|b$', ['ax', 'xb'], ['xa', 'bx']],
    ['a||b', ['', 'x'], []],
    ['^((a)|(b(c|d)))+$', ['a', 'bc', 'abdbca'], ['', 'b', 'ab']],
    // Repeats.
    ['^a*$', ['', 'a', 'aaa'], ['b']],
    ['^a+$', ['a', 'aaa'], ['']],
    ['^a?$', ['', 'a'], ['aa']],
    ['^a*?b+?c??$', ['b', 'aabbc'], ['a', 'bcc']],
    ['^a{2}$', ['aa'], ['a', 'aaa']],
    ['^a{2,}$', ['aa', 'aaaaa'], ['a']],
    ['^a{1,3}$', ['a', 'aa', 'aaa'], ['', 'aaaa']],
    ['^a{2}?b{1,}?c{0,1}?$', ['aab', 'aabbc'], ['ab', 'aabcc']],
    ['^a{0}$', [''], ['a']],
    ['^a{0,}$', ['', 'aa'], ['b']],
    ['^(ab){2}$', ['abab'], ['ab', 'ababab']],
    ['^(?:a{2}){2}$', ['aaaa'], ['aa', 'aaa', 'aaaaa']],
    ['^(?:a*)*(?:b?)+(?:){3}$', ['', 'aab', 'bb'], ['ba']],
    // Flags, until the group around them ends.
    ['(?i)straße', ['STRAßE', 'Straße'], ['strasse']],
    ['^(?i)ΟΔΟΣ$', ['οδος', 'οδοσ'], ['οδο']],
    ['^(?i)οδος$', ['ΟΔΟΣ', 'οδοσ'], ['οδο']],
    ['^(?i)[a-cÉ]$', ['A', 'b', 'é', 'É'], ['d', 'e']],
    ['^(?i)[^a-c]$', ['d', 'D'], ['a', 'A']],
    [String.raw`^(?i)[[:upper:]]\W$`, ['a-', 'A-'], ['1-', 'AA']],
    ['^a(?i)b|c$', ['aB', 'ab', 'C', 'c'], ['Ab']],
    ['^(?:a(?i)b)c$', ['abc', 'aBc'], ['Abc', 'abC']],
    ['^(?i:a)b$', ['ab', 'Ab'], ['aB']],
    ['^(?i)a(?-i)b$', ['ab', 'Ab'], ['aB']],
    ['^(?i)a(?-i:b)c$', ['abC', 'Abc'], ['aBc']],
    ['^(?s).$', ['\n', 'a'], ['']],
    ['^(?s:.).$', ['\na'], ['a\n']],
    ['^(?is-mU:A.)$', ['a\n'], ['b\n']],
    ['^(?U)a+?$', ['a', 'aa'], ['']],
    ['(?m)(?-m)^a$', ['a'], ['a\nb']],
  ];

  it.each(CASES)('%j', (pattern, inside, outside) => {
    for (const value of inside) expect(isMatch(pattern, value), `in ${JSON.stringify(value)}`).toBe(true);
    for (const value of outside) expect(isMatch(pattern, value), `in ${JSON.stringify(value)}`).toBe(false);
  });

  it('ignores case from the start when told to', () => {
    expect(isMatch('/Blog', '/bLOG', true)).toBe(true);
    expect(isMatch('/Blog', '/bLOG', false)).toBe(false);
    expect(isMatch('/(?-i)Blog', '/bLOG', true)).toBe(false);
  });

  it('has the same matches, whatever values it was tested against before', () => {
    const compiled = compilePattern('^(a|b)+c');
    if (!compiled.ok) throw new Error(compiled.error);
    const answers = ['abac', 'ab', '', 'abac', 'xac', 'bc'].map((value) => compiled.value.matches(value));
    expect(answers).toEqual([true, false, false, true, false, true]);
  });
});

describe('an invalid or unsupported pattern', () => {
  const REFUSED: [pattern: string, error: string][] = [
    ['*a', 'There is nothing before "*" to repeat, at character 1.'],
    ['a|+', 'There is nothing before "+" to repeat, at character 3.'],
    ['(?:', 'The group is not closed, at character 1.'],
    ['(?i)?', 'There is nothing before "?" to repeat, at character 5.'],
    ['({2})', 'There is nothing before "{2}" to repeat, at character 2.'],
    ['a**', '"*" is repeated without a group around it, at character 2.'],
    ['a*+', '"*" is repeated without a group around it, at character 2.'],
    ['a+??', '"+?" is repeated without a group around it, at character 2.'],
    ['a{2}{3}', '"{2}" is repeated without a group around it, at character 2.'],
    ['a{3,2}', '"{3,2}" ends before it begins, at character 2.'],
    ['é😀(a', 'The group is not closed, at character 3.'],
    ['(a|(b)', 'The group is not closed, at character 1.'],
    ['a)', 'No "(" is open for this ")" to close, at character 2.'],
    [')', 'No "(" is open for this ")" to close, at character 1.'],
    ['x[a', 'The class is not closed, at character 2.'],
    ['x[a-', 'The class is not closed, at character 2.'],
    ['[]', 'The class is not closed, at character 1.'],
    ['[^]', 'The class is not closed, at character 1.'],
    ['[az-a]', 'The range ends before it begins, at character 3.'],
    ['[[:alpa:]]', '"[:alpa:]" is not a supported class, at character 2.'],
    ['[[:constructor:]]', '"[:constructor:]" is not a supported class, at character 2.'],
    ['[[:w:]]', '"[:w:]" is not a supported class, at character 2.'],
    [String.raw`[a-\d]`, String.raw`"\d" has no meaning here, at character 4.`],
    [String.raw`[\b]`, String.raw`"\b" has no meaning here, at character 2.`],
    [String.raw`a\y`, String.raw`"\y" has no meaning here, at character 2.`],
    [String.raw`\Z`, String.raw`"\Z" has no meaning here, at character 1.`],
    [String.raw`\C`, String.raw`"\C" has no meaning here, at character 1.`],
    [String.raw`\E`, String.raw`"\E" has no meaning here, at character 1.`],
    [String.raw`\xg`, String.raw`"\x" has no meaning here, at character 1.`],
    [String.raw`\é`, String.raw`"\é" has no meaning here, at character 1.`],
    ['a\\', String.raw`"\" has no meaning here, at character 2.`],
    [String.raw`\x{110000}`, String.raw`"\x{110000}" is beyond the last code point, at character 1.`],
    [String.raw`(a)\1`, String.raw`"\1" refers back to a group, which is not supported, at character 4.`],
    [
      String.raw`(?P<n>a)\k<n>`,
      String.raw`"\k" refers back to a group, which is not supported, at character 9.`,
    ],
    ['(?P<n>a)(?P=n)', '"(?P=" refers back to a group, which is not supported, at character 9.'],
    ['a(?=b)', '"(?=" looks around, which is not supported, at character 2.'],
    ['a(?!b)', '"(?!" looks around, which is not supported, at character 2.'],
    ['(?<=a)b', '"(?<=" looks around, which is not supported, at character 1.'],
    ['(?<!a)b', '"(?<!" looks around, which is not supported, at character 1.'],
    ['(?>a)', '"(?>" has no meaning here, at character 1.'],
    ['(?x)a', '"(?x" has no meaning here, at character 1.'],
    ['(?i-)a', '"(?i" has no meaning here, at character 1.'],
    ['(?P<>a)', '"(?P" has no meaning here, at character 1.'],
    ['(?', '"(?" has no meaning here, at character 1.'],
    [String.raw`\pL`, String.raw`"\p" begins a Unicode class, which is not supported, at character 1.`],
    [
      String.raw`[\P{Greek}]`,
      String.raw`"\P" begins a Unicode class, which is not supported, at character 2.`,
    ],
    ['a{1001}', '"{1001}" is too large: it repeats over 1000 times, at character 2.'],
    ['a{1,1001}', '"{1,1001}" is too large: it repeats over 1000 times, at character 2.'],
    [
      `a{0,${'9'.repeat(400)}}`,
      `"{0,${'9'.repeat(400)}}" is too large: it repeats over 1000 times, at character 2.`,
    ],
    ['(?:ab){501}', 'The pattern is too large: over 1000 steps with all repeats expanded, at character 7.'],
    [
      '(?:a{100}){100}',
      'The pattern is too large: over 1000 steps with all repeats expanded, at character 11.',
    ],
    ['a{600}b{600}', 'The pattern is too large: over 1000 steps with all repeats expanded, at character 13.'],
    [
      'a{600}|b{600}',
      'The pattern is too large: over 1000 steps with all repeats expanded, at character 14.',
    ],
    [
      '((((){1000}){1000}){1000}){1000}',
      'The pattern is too large: over 1000 steps with all repeats expanded, at character 13.',
    ],
    [
      '[abcdefghij]{101}',
      'The pattern is too large: over 1000 steps with all repeats expanded, at character 13.',
    ],
    ['a'.repeat(1001), 'The pattern is too large: over 1000 characters.'],
  ];

  it.each(REFUSED.map((one) => [beginning(one[0]), ...one] as const))('%s', (_, pattern, error) => {
    expect(compilePattern(pattern)).toEqual({ ok: false, error });
  });

  it('may be up to 1000 steps long', () => {
    expect(isMatch('a{1000}', 'a'.repeat(1000))).toBe(true);
    expect(isMatch('^a{0,498}$', 'a'.repeat(499))).toBe(false);
    expect(isMatch('a'.repeat(1000), 'a'.repeat(1000))).toBe(true);
  });
});

describe('patterns and values of any kind', () => {
  const SIGNS = [...'abcAB01_ -.\né😀σς'];
  const sign = fc.constantFrom(...SIGNS);
  const value = fc.string({ unit: sign, maxLength: 8 });
  const escaped = sign.map((one) => (one === '\n' ? '\\n' : one === '.' ? '\\.' : one));
  const classItem = fc.oneof(
    sign.map((one) => (one === '-' ? '\\-' : one)),
    fc.constantFrom(
      'a-c',
      'A-B',
      '0-9',
      '\\d',
      '\\D',
      '\\w',
      '\\W',
      '\\s',
      '\\S',
      '\\x61',
      '\\]',
      '\\n',
      '^',
    ),
  );
  const atom = fc.oneof(
    { weight: 4, arbitrary: escaped },
    {
      weight: 1,
      arbitrary: fc.constantFrom('.', '\\d', '\\D', '\\w', '\\W', '\\s', '\\S', '\\x41', '\\t', '\\/'),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom('[', '[^'), fc.array(classItem, { minLength: 1, maxLength: 3 }))
        // A caret that comes first would negate.
        .map(([open, items]) => `${open}${items[0] === '^' ? 'a' : ''}${items.join('')}]`),
    },
  );
  const place = fc.constantFrom('^', '$', '\\b', '\\B');
  const open = fc.constantFrom('(', '(?:');
  const quantifier = fc
    .tuple(
      fc.constantFrom('*', '+', '?', '{0}', '{1}', '{2}', '{0,}', '{1,}', '{2,}', '{0,2}', '{1,3}'),
      fc.constantFrom('', '?'),
    )
    .map((parts) => parts.join(''));
  const depth = fc.createDepthIdentifier();
  /** Patterns that mean the same to RE2 and, with the flag `u`, to JavaScript. */
  const { pattern } = fc.letrec<{ pattern: string; branch: string; piece: string; group: string }>((tie) => ({
    pattern: fc.array(tie('branch'), { minLength: 1, maxLength: 2 }).map((branches) => branches.join('|')),
    branch: fc.array(tie('piece'), { maxLength: 4 }).map((pieces) => pieces.join('')),
    piece: fc.oneof(
      { maxDepth: 2, depthIdentifier: depth },
      atom,
      place,
      fc.tuple(atom, quantifier).map((parts) => parts.join('')),
      tie('group'),
      fc.tuple(tie('group'), quantifier).map((parts) => parts.join('')),
    ),
    group: fc.tuple(open, tie('pattern')).map(([start, inside]) => `${start}${inside})`),
  }));

  /** Of the whole pattern: those of a group alone, V8 sometimes misses (`(?i:b|a)` in `A`, after many others). */
  const flags = fc.subarray(['i', 'm', 's']).map((set) => set.join(''));
  /** Sign by sign, since V8 on its own also looks for `\B` between the halves of a surrogate pair. */
  const isNativeMatch = (native: RegExp, value: string): boolean => {
    for (let at = 0; at <= value.length; at += (value.codePointAt(at) ?? 0) > 0xffff ? 2 : 1) {
      native.lastIndex = at;
      if (native.test(value)) return true;
    }
    return false;
  };

  it('matches what RegExp matches', () => {
    fc.assert(
      fc.property(pattern, fc.array(value, { minLength: 1, maxLength: 8 }), flags, (text, values, set) => {
        const native = new RegExp(text, `${set}uy`);
        for (const one of values) expect(isMatch(`(?${set})${text}`, one)).toBe(isNativeMatch(native, one));
      }),
      { numRuns: 5000 },
    );
  });

  it('parses what RegExp parses in the same way, or rejects it', () => {
    const token = fc.oneof(
      sign,
      fc.constantFrom(
        ...'()[]{}|*+?^$\\.,-:',
        '(?:',
        '(?<n>',
        '[^',
        '{2}',
        '{1,',
        '{0,1}',
        '\\d',
        '\\W',
        '\\b',
        'a-c',
      ),
    );
    const isRead = fc.string({ unit: token, maxLength: 10 }).map((text) => {
      try {
        return [text, new RegExp(text, 'uy')] as const;
      } catch {
        return [text, null] as const;
      }
    });
    fc.assert(
      fc.property(isRead, fc.array(value, { maxLength: 4 }), ([text, native], values) => {
        const compiled = compilePattern(text);
        // An empty class is JavaScript's own.
        if (!compiled.ok || native === null || /\[\^?\]/.test(text)) return;
        for (const one of values) expect(compiled.value.matches(one)).toBe(isNativeMatch(native, one));
      }),
      { numRuns: 20_000 },
    );
  });

  it('never throws, and rejects with one sentence', () => {
    const unit = fc.array(fc.nat(0xffff), { maxLength: 8 }).map((codes) => String.fromCharCode(...codes));
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      unit,
      fc.string({ unit: fc.constantFrom(...'()[]{}|*+?^$\\.-:<>=!PQEimsUxpk0123,ab'), maxLength: 40 }),
    );
    fc.assert(
      fc.property(text, text, fc.boolean(), (pattern, value, ignoresCase) => {
        const compiled = compilePattern(pattern, ignoresCase);
        if (compiled.ok) expect(typeof compiled.value.matches(value)).toBe('boolean');
        else expect(compiled.error).toMatch(/^\S.*, at character \d+\.$/su);
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('patterns that stall others', () => {
  const as = 'a'.repeat(2000);
  const STALLING: [pattern: string, isMatch: boolean][] = [
    ['(a*)*b', false],
    ['(a|a)*c', false],
    ['(a|aa)+$', true],
    ['^(([a-z])+.)+[A-Z]([a-z])+$', false],
    ['(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)b', false],
    ['a{500}', true],
    ['a{500}b', false],
    ['(?:a?){250}a{250}b', false],
    ['(?i)(?:[a-cx-z]?){200}!', false],
    [`${'('.repeat(300)}a${')*'.repeat(300)}b`, false],
    [`(?:${'a|'.repeat(400)}a)*b`, false],
    [`${'('.repeat(500)}${')'.repeat(500)}`, true],
  ];

  it.each(STALLING.map((one) => [beginning(one[0]), ...one] as const))('%s', (_, pattern, expected) => {
    expect(isMatch(pattern, as)).toBe(expected);
  });

  it('has the same matches when its cache is full', () => {
    const compiled = compilePattern('^[ab]*a[ab]{200}c$');
    if (!compiled.ok) throw new Error(compiled.error);
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1000, maxLength: 1000 });
    fc.assert(
      fc.property(text, (value) => {
        expect(compiled.value.matches(`${value}c`)).toBe(value.at(-201) === 'a');
      }),
      { numRuns: 20 },
    );
  });
});

describe('the cost of patterns', () => {
  /** Patterns that enter many states for a sign, that never meet a situation twice, or whose states compare much. */
  const HOSTILE: readonly string[] = [
    'a.{100}[^k]{3,400}k$',
    '.{0,400}.{0,90}z',
    '(?:.?){300}!',
    '(?i)(?:.?[a-c]?){200}!',
    '(?:[ab]*a){90}c',
    `(?:${'.?|'.repeat(150)}!){3}`,
    `[${Array.from({ length: 900 }, (_, index) => String.fromCharCode(0x4e00 + 2 * index)).join('')}]x`,
    String.raw`(?:\b|\B|.){150}!`,
    '[a-z]{1000}',
    `${'('.repeat(300)}.${')*'.repeat(300)}!`,
  ];
  /** Values such as a stranger can send by the thousand. */
  const values = (count: number, length: number): string[] => {
    let state = 1;
    const next = (): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      return state >> 16;
    };
    return Array.from({ length: count }, () =>
      Array.from({ length }, () => 'abcdefghij'[next() % 10] as string).join(''),
    );
  };

  /** Looks at values with many patterns and one meter, and returns the steps that were taken. */
  function stepsOf(patterns: readonly string[], inputs: readonly string[], steps: number): number {
    const meter = new Meter(steps);
    const compiled = patterns.map((pattern) => compilePattern(pattern));
    try {
      for (const one of compiled) {
        if (!one.ok) throw new Error(one.error);
        for (const value of inputs) one.value.matches(value, meter);
      }
    } catch (error) {
      if (!(error instanceof OutOfSteps)) throw error;
    }
    return steps - meter.left;
  }

  /** The most that one sign of one value can cost: a thousand steps of a pattern, entered and left, three cases each. */
  const ONE_SIGN = 50_000;

  it.each(HOSTILE.map((one) => [beginning(one), one] as const))(
    '%s ends when the steps are used up',
    (_, pattern) => {
      const inputs = values(500, 300);
      for (const steps of [0, 1000, 300_000]) {
        expect(stepsOf([pattern], inputs, steps)).toBeLessThanOrEqual(steps + ONE_SIGN);
      }
      expect(
        stepsOf(
          Array.from({ length: 50 }, () => pattern),
          inputs,
          1_000_000,
        ),
      ).toBeGreaterThan(1_000_000);
    },
  );

  it('grows with each state entered per character, and each comparison of a class', () => {
    const inputs = values(5, 200);
    const cost = (pattern: string) => stepsOf([pattern], inputs, Number.MAX_SAFE_INTEGER);
    // Patterns that hold ever more states open.
    expect(cost('.{0,400}!')).toBeGreaterThan(3 * cost('.{0,100}!'));
    const items = (count: number) =>
      Array.from({ length: count }, (_, at) => String.fromCharCode(0x4e00 + 2 * at)).join('');
    expect(cost(`(?:.|[${items(800)}])*!`)).toBeGreaterThan(1.2 * cost(`(?:.|[${items(8)}])*!`));
  });

  it('includes compiling them', () => {
    expect(stepsOf(['[a-z]{1000}'], [''], Number.MAX_SAFE_INTEGER)).toBeGreaterThan(1000);
    expect(stepsOf(['[a-z]{1000}'], [], Number.MAX_SAFE_INTEGER)).toBe(0);
  });

  it('is metered exactly and never exceeds the remaining steps, whatever the pattern and values', () => {
    const piece = fc.constantFrom('a', '.', '[^k]', '(?:a|b)', '\\w', '(?:.?a)', '[a-f]', '(?i:B)', '\\b');
    const times = fc.constantFrom('', '*', '+', '?', '{0,90}', '{40}', '{3,70}');
    const pattern = fc
      .array(fc.tuple(piece, times), { minLength: 1, maxLength: 5 })
      .map((pieces) => pieces.map((one) => one.join('')).join(''))
      .filter((text) => compilePattern(text).ok);
    fc.assert(
      fc.property(
        fc.array(pattern, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 200_000 }),
        (texts, steps) => {
          expect(stepsOf(texts, values(30, 100), steps)).toBeLessThanOrEqual(steps + ONE_SIGN);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('leaves room for queries about a large site', () => {
    const pages = Array.from(
      { length: 50_000 },
      (_, index) => `/blog/${index % 900}/an-article-of-some-length-${index}`,
    );
    for (const pattern of ['^/blog/.+', '(?i)ARTICLE', '^/(?:blog|news)/\\d{1,3}/[a-z-]+$', '\\d+$']) {
      expect(stepsOf([pattern], pages, MAX_STEPS), pattern).toBeLessThan(MAX_STEPS);
    }
  });
});
