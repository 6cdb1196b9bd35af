/**
 * Checks statements against what the platform documents of its two languages (see dialect.ts) and against their limits. It reads texts
 * as the platform does, and knows nothing of how they are written. Tests check every statement with it; no answer needs it.
 */
import type { Dialect, Query } from './dialect.ts';

/** Bytes of a statement. Documented for `binding` only. */
const MAX_BYTES = 10 * 1024;
/** How deep expressions may be nested. Documented for `binding` only. */
const MAX_DEPTH = 10;

const COLUMNS = {
  http: ['dataset', 'timestamp', '_sample_interval', 'index1', ...numbered()],
  binding: ['timestamp', 'sampleInterval', 'index1', ...numbered()],
} as const satisfies Record<Dialect, readonly string[]>;

function numbered(): string[] {
  const places = Array.from({ length: 20 }, (_, index) => index + 1);
  return [...places.map((one) => `blob${one}`), ...places.map((one) => `double${one}`)];
}

const SCALAR = new Set(
  `if intdiv round ceil floor log pow length empty lower upper startswith endswith substring position tounixtimestamp todatetime
  toyear tomonth todayofmonth todayofweek tohour tominute tosecond tostartofinterval tostartofhour tostartofday now`.split(
    /\s+/,
  ),
);
const AGGREGATE: Readonly<Record<Dialect, ReadonlySet<string>>> = {
  http: new Set('count sum avg min max countif sumif avgif argmax argmin'.split(' ')),
  binding: new Set('count sum avg approx_min approx_max countif sumif avgif argmax argmin'.split(' ')),
};
/** Words that end an expression. A column cannot be called like them. */
const WORDS = new Set(
  `select from where group by having order asc desc limit offset format as and or not in between like distinct union join with case
  over all is null on using except intersect interval values`.split(/\s+/),
);

interface Token {
  readonly kind: 'name' | 'number' | 'text' | 'sign' | 'parameter';
  readonly text: string;
}

/**
 * The mistakes of a statement, as sentences. None if the platform accepts it.
 */
export function mistakesIn({ query, params }: Query, dialect: Dialect): string[] {
  const mistakes: string[] = [];
  const bytes = new TextEncoder().encode(query).length;
  if (bytes > MAX_BYTES) mistakes.push(`The statement has ${bytes} bytes.`);
  try {
    const tokens = tokensOf(query, false);
    // Whether a backslash escapes in a literal is not documented, so it must not matter.
    if (shapeOf(tokens) !== shapeOf(tokensOf(query, true)))
      mistakes.push('A backslash decides where a literal ends.');
    mistakes.push(...new Parser(tokens, dialect, params.length).mistakes());
  } catch (error) {
    mistakes.push((error as Error).message);
  }
  return mistakes;
}

/** A statement without its values: what must not depend on them. @throws Error if it has no tokens. */
export function shapeIn({ query }: Query): string {
  return shapeOf(tokensOf(query, false));
}

const shapeOf = (tokens: readonly Token[]): string =>
  tokens.map(({ kind, text }) => (kind === 'text' || kind === 'number' ? kind : text)).join(' ');

const TOKEN =
  /(?<name>[A-Za-z_]\w*)|(?<number>\d+(?:\.\d+)?)|(?<parameter>\$\w+)|(?<sign><=|>=|<>|!=|[-+*/%=<>(),.])/y;
const TEXTS = { standard: /'(?:[^']|'')*'/y, escaped: /'(?:[^'\\]|''|\\[\s\S])*'/y };

function tokensOf(query: string, hasEscapes: boolean): Token[] {
  const tokens: Token[] = [];
  const text = hasEscapes ? TEXTS.escaped : TEXTS.standard;
  for (let at = 0; at < query.length; ) {
    const space = /\s+/y;
    space.lastIndex = at;
    at += space.exec(query)?.[0].length ?? 0;
    if (at >= query.length) break;
    if (query.startsWith('--', at) || query.startsWith('/*', at)) throw new Error('There is a comment.');
    text.lastIndex = at;
    const literal = text.exec(query)?.[0];
    if (literal !== undefined) {
      tokens.push({ kind: 'text', text: literal });
      at += literal.length;
      continue;
    }
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(query);
    if (!match) throw new Error(`There is no token at ${JSON.stringify(query.slice(at, at + 20))}.`);
    const kind = Object.entries(match.groups ?? {}).find(
      ([, value]) => value !== undefined,
    )?.[0] as Token['kind'];
    tokens.push({ kind, text: match[0] });
    at += match[0].length;
  }
  return tokens;
}

/** What an expression has, beside its text. */
interface Read {
  /** The columns outside of aggregates. */
  readonly columns: readonly string[];
  readonly hasAggregate: boolean;
  readonly text: string;
}

/** Reads one statement, by recursive descent. */
class Parser {
  readonly #tokens: readonly Token[];
  readonly #dialect: Dialect;
  readonly #params: number;
  readonly #mistakes: string[] = [];
  readonly #used = new Set<number>();
  #aliases = new Set<string>();
  #place = 0;
  #depth = 0;
  #inAggregate = false;

  constructor(tokens: readonly Token[], dialect: Dialect, params: number) {
    this.#tokens = tokens;
    this.#dialect = dialect;
    this.#params = params;
  }

  mistakes(): readonly string[] {
    try {
      this.#statement();
    } catch (error) {
      this.#mistakes.push((error as Error).message);
    }
    return this.#mistakes;
  }

  #statement(): void {
    this.#expect('select');
    const selected = this.#list(() => this.#selected());
    this.#expect('from');
    this.#table();
    this.#expect('where');
    const before = this.#aliases;
    // Names of selected expressions have no value in WHERE.
    this.#aliases = new Set();
    this.#where();
    this.#aliases = before;
    const groups = this.#is('group') ? this.#groups() : [];
    if (this.#is('having')) {
      this.#next();
      if (!this.#expression().hasAggregate) this.#wrong('HAVING has no aggregate.');
    }
    const isOrdered = this.#is('order');
    if (isOrdered) this.#order();
    if (this.#is('limit')) this.#count();
    else this.#wrong(isOrdered ? 'ORDER BY has no LIMIT.' : 'There is no LIMIT.');
    if (this.#is('offset')) this.#count();
    if (this.#is('format')) {
      this.#next();
      const format = this.#next().text;
      if (this.#dialect === 'binding') this.#wrong('The binding takes no FORMAT.');
      if (!['JSON', 'JSONEachRow', 'TabSeparated'].includes(format)) this.#wrong(`${format} is no format.`);
    }
    if (this.#place < this.#tokens.length) this.#wrong(`${this.#peek()} follows the statement.`);
    this.#groupsHold(selected, groups);
    if (this.#used.size !== this.#params)
      this.#wrong(`${this.#params} parameters are given, ${this.#used.size} are used.`);
  }

  #selected(): Read & { readonly alias: string } {
    const read = this.#expression();
    if (!this.#is('as')) return { ...read, alias: read.text };
    this.#next();
    const alias = this.#name();
    if (this.#columns().includes(alias)) this.#wrong(`${alias} is a column.`);
    if (this.#aliases.has(alias)) this.#wrong(`${alias} is selected twice.`);
    this.#aliases.add(alias);
    return { ...read, alias };
  }

  #groupsHold(selected: readonly (Read & { alias: string })[], groups: readonly string[]): void {
    const isGrouped = groups.length > 0 || selected.some(({ hasAggregate }) => hasAggregate);
    if (!isGrouped) return;
    for (const { columns, alias, text, hasAggregate } of selected) {
      if (groups.includes(alias) || groups.includes(text)) {
        if (hasAggregate) this.#wrong(`${alias} is grouped by an aggregate.`);
      } else if (columns.length > 0) this.#wrong(`${columns.join(', ')} is neither grouped nor aggregated.`);
    }
  }

  #table(): void {
    const parts = [this.#name()];
    while (this.#is('.')) {
      this.#next();
      parts.push(this.#name());
    }
    const isRight =
      this.#dialect === 'http'
        ? parts.length === 1
        : parts.length === 3 && parts[0] === 'events' && parts[1] === 'analyticsEngine';
    if (!isRight) this.#wrong(`${parts.join('.')} is no dataset.`);
  }

  #where(): void {
    const first = this.#place;
    const read = this.#expression();
    if (read.hasAggregate) this.#wrong('WHERE has an aggregate.');
    // The lower bound has to be a part of the conjunction itself.
    let depth = 0;
    let starts = true;
    let isBound = false;
    let hasOr = false;
    for (let place = first; place < this.#place; place++) {
      const [name, sign] = [this.#tokens[place]?.text ?? '', this.#tokens[place + 1]?.text ?? ''];
      if (name === '(') depth++;
      else if (name === ')') depth--;
      if (depth > 0) continue;
      if (starts && name === 'timestamp' && ['>', '>='].includes(sign)) isBound = true;
      starts = name.toLowerCase() === 'and';
      hasOr ||= name.toLowerCase() === 'or';
    }
    if (!isBound || hasOr) this.#wrong('There is no lower bound of timestamp.');
  }

  #groups(): string[] {
    this.#expect('group');
    this.#expect('by');
    return this.#list(() => this.#expression().text);
  }

  #order(): void {
    this.#expect('order');
    this.#expect('by');
    this.#list(() => {
      this.#expression();
      if (this.#is('asc') || this.#is('desc')) this.#next();
    });
  }

  #count(): void {
    this.#next();
    const { kind, text } = this.#next();
    if (kind !== 'number' || text.includes('.')) this.#wrong(`${text} is no number of rows.`);
  }

  #list<T>(read: () => T): T[] {
    const list = [read()];
    while (this.#is(',')) {
      this.#next();
      list.push(read());
    }
    return list;
  }

  /** An expression: operands with operators between them. Their precedence does not matter here. */
  #expression(): Read {
    const first = this.#place;
    this.#depth++;
    if (this.#depth > MAX_DEPTH) throw new Error(`Expressions are nested deeper than ${MAX_DEPTH}.`);
    const reads = [this.#operand()];
    for (;;) {
      if (
        this.#isAny(['+', '-', '*', '/', '%', '=', '<', '>', '<=', '>=', '<>', '!=', 'and', 'or', 'like'])
      ) {
        this.#next();
        reads.push(this.#operand());
      } else if (this.#is('between')) {
        this.#next();
        reads.push(this.#operand());
        this.#expect('and');
        reads.push(this.#operand());
      } else if (
        this.#is('in') ||
        (this.#is('not') && this.#tokens[this.#place + 1]?.text.toLowerCase() === 'in')
      ) {
        if (this.#is('not')) this.#next();
        this.#next();
        this.#expect('(');
        reads.push(...this.#list(() => this.#operand()));
        this.#expect(')');
      } else break;
    }
    this.#depth--;
    return {
      columns: reads.flatMap(({ columns }) => columns),
      hasAggregate: reads.some(({ hasAggregate }) => hasAggregate),
      text: this.#textFrom(first),
    };
  }

  #operand(): Read {
    const first = this.#place;
    const { kind, text } = this.#next();
    const plain = { columns: [], hasAggregate: false, text };
    if (text === '-' || text.toLowerCase() === 'not') return this.#operand();
    if (text === '(') {
      const read = this.#expression();
      this.#expect(')');
      return { ...read, text: this.#textFrom(first) };
    }
    if (kind === 'number' || kind === 'text') return plain;
    if (kind === 'parameter') return this.#parameter(text);
    if (kind !== 'name' || WORDS.has(text.toLowerCase())) throw new Error(`${text} is no expression.`);
    if (this.#is('(')) return this.#call(text.toLowerCase(), first);
    if (this.#aliases.has(text)) return plain;
    if (!this.#columns().includes(text)) this.#wrong(`${text} is no column.`);
    return { ...plain, columns: [text] };
  }

  #call(name: string, first: number): Read {
    const isAggregate = AGGREGATE[this.#dialect].has(name);
    if (!isAggregate && !SCALAR.has(name)) this.#wrong(`${name} is no function.`);
    if (isAggregate && this.#inAggregate) this.#wrong(`${name} is within an aggregate.`);
    this.#expect('(');
    const within = this.#inAggregate;
    this.#inAggregate ||= isAggregate;
    const reads = this.#parameters(name);
    this.#inAggregate = within;
    this.#expect(')');
    return {
      columns: isAggregate ? [] : reads.flatMap(({ columns }) => columns),
      hasAggregate: isAggregate || reads.some(({ hasAggregate }) => hasAggregate),
      text: this.#textFrom(first),
    };
  }

  #parameters(name: string): Read[] {
    if (this.#is(')')) return [];
    const isDistinct = this.#is('distinct');
    if (isDistinct) {
      if (!['count', 'sum', 'avg'].includes(name)) this.#wrong(`${name} takes no DISTINCT.`);
      this.#next();
    } else if (name === 'count') {
      if (!this.#is('*') || this.#dialect === 'http') this.#wrong('COUNT takes no expression.');
      this.#next();
      return [];
    }
    return this.#list(() => this.#expression());
  }

  #parameter(text: string): Read {
    const number = Number(text.slice(1));
    if (this.#dialect === 'http')
      this.#wrong(`${text} is left: the SQL API of Analytics Engine has no parameters.`);
    else if (!(number >= 1 && number <= this.#params)) this.#wrong(`${text} has no value.`);
    else this.#used.add(number);
    return { columns: [], hasAggregate: false, text };
  }

  #columns(): readonly string[] {
    return COLUMNS[this.#dialect];
  }

  #name(): string {
    const { kind, text } = this.#next();
    if (kind !== 'name' || WORDS.has(text.toLowerCase())) throw new Error(`${text} is no name.`);
    return text;
  }

  #textFrom(first: number): string {
    return this.#tokens
      .slice(first, this.#place)
      .map(({ text }) => text)
      .join(' ');
  }

  #peek(): string {
    return this.#tokens[this.#place]?.text ?? 'the end';
  }

  #is(text: string): boolean {
    return this.#peek().toLowerCase() === text;
  }

  #isAny(texts: readonly string[]): boolean {
    return texts.some((text) => this.#is(text));
  }

  #next(): Token {
    const token = this.#tokens[this.#place++];
    if (!token) throw new Error('The statement breaks off.');
    return token;
  }

  #expect(text: string): void {
    if (!this.#is(text)) throw new Error(`${this.#peek()} stands where ${text.toUpperCase()} should.`);
    this.#next();
  }

  #wrong(mistake: string): void {
    this.#mistakes.push(mistake);
  }
}
