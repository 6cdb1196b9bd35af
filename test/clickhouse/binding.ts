/**
 * Plays the Analytics SQL binding: `query({query, params})` with the dataset as `events.analyticsEngine.NAME` and with `COUNT`, `SUM`, `AVG`,
 * `countIf` and `sumIf` that are weighted already. The statement is rewritten for ClickHouse, token by token.
 */
import { type Engine, tableOf } from './engine.ts';

export interface BindingQuery {
  readonly query: string;
  readonly params?:
    | readonly (string | number | boolean)[]
    | Readonly<Record<string, string | number | boolean>>;
}
export interface BindingResult {
  readonly data: Record<string, unknown>[];
  readonly rows: number;
  readonly statistics: {
    readonly elapsed_ms: number;
    readonly rows_read: number;
    readonly bytes_read: number;
  };
}

/** As the binding throws it. */
export class BindingError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(`${status}: ${message}`);
    this.status = status;
  }

  get retryable(): boolean {
    return [429, 500, 503, 507].includes(this.status);
  }
}

export class Binding {
  readonly statements: string[] = [];
  readonly #engine: Engine;
  readonly #check: (statement: string) => void;
  #failure: number | null = null;

  /** @param check throws if a statement is not of the documented language. */
  constructor(engine: Engine, check: (statement: string) => void) {
    this.#engine = engine;
    this.#check = check;
  }

  failNext(status: number): void {
    this.#failure = status;
  }

  async query({ query, params = [] }: BindingQuery): Promise<BindingResult> {
    const failure = this.#failure;
    this.#failure = null;
    if (failure !== null) throw new BindingError(failure, 'refused on demand');
    const sql = this.#rewritten(query, params);
    this.statements.push(query);
    const result = JSON.parse(await this.#engine.run(sql)) as {
      data: Record<string, unknown>[];
      rows: number;
    };
    return {
      data: result.data.map(numbersOf),
      rows: result.rows,
      statistics: { elapsed_ms: 1, rows_read: result.rows, bytes_read: 0 },
    };
  }

  #rewritten(query: string, params: NonNullable<BindingQuery['params']>): string {
    try {
      this.#check(query);
      const dataset = /\bFROM\s+events\.analyticsEngine\.(\w+)/.exec(query)?.[1];
      if (dataset === undefined) throw new Error('a bare dataset name instead of a schema-qualified name');
      if (!this.#engine.has(dataset))
        throw new Error(`the dataset events.analyticsEngine.${dataset} was not found`);
      return forClickHouse(query, params);
    } catch (error) {
      throw new BindingError(422, `Input was invalid: ${error instanceof Error ? error.message : error}`);
    }
  }
}

/** Small numbers are numbers there, also of 64 bits. */
function numbersOf(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => {
      const isNumber =
        typeof value === 'string' && /^-?\d{1,15}$/.test(value) && String(Number(value)) === value;
      return [name, isNumber && !/^(index|blob|d\d)/.test(name) ? Number(value) : value];
    }),
  );
}

const WEIGHT = '_sample_interval';
/** What ClickHouse calls a call with these arguments. */
const CALLS: Readonly<Record<string, (args: readonly string[]) => string>> = {
  count: (args) => {
    const [of = '*'] = args;
    if (/^\s*DISTINCT\b/i.test(of)) return `count(${of})`;
    if (of.trim() !== '*' && of.trim() !== '') throw new Error('COUNT(expression) is not supported');
    return `sum(${WEIGHT})`;
  },
  sum: ([of]) => `sum(${WEIGHT} * (${of}))`,
  avg: ([of]) => `(sum(${WEIGHT} * (${of})) / sum(${WEIGHT}))`,
  countif: ([condition]) => `sumIf(${WEIGHT}, ${condition})`,
  sumif: ([of, condition]) => `sumIf(${WEIGHT} * (${of}), ${condition})`,
  approx_min: ([of]) => `min(${of})`,
  approx_max: ([of]) => `max(${of})`,
  min: () => refused('MIN'),
  max: () => refused('MAX'),
};

function refused(name: string): never {
  throw new Error(`${name} is not supported on adaptively sampled datasets`);
}

/** Texts in quotes, names with dots, parameters, and single characters. */
const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$\w+|[A-Za-z_][\w.]*|\s+|./gs;
const ISO_TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?$/;

export function forClickHouse(query: string, params: NonNullable<BindingQuery['params']> = []): string {
  const tokens = query.match(TOKEN) ?? [];
  let at = 0;

  function parameter(name: string): string {
    const value = Array.isArray(params)
      ? params[Number(name.slice(1)) - 1]
      : (params as Readonly<Record<string, unknown>>)[name.slice(1)];
    if (value === undefined) throw new Error(`the parameter ${name} has no value`);
    return typeof value === 'string' ? quoted(value) : String(value);
  }

  /** Reads up to the end, or up to the bracket that closes the arguments. */
  function read(inBrackets: boolean): string[] {
    const args = [''];
    let written = '';
    const push = (text: string): void => {
      args[args.length - 1] += text;
      if (text.trim() !== '') written = `${written} ${text.trim()}`.slice(-40);
    };
    while (at < tokens.length) {
      const token = tokens[at++] as string;
      if (token === ')' && inBrackets) return args;
      if (token === ',' && inBrackets) args.push('');
      else if (token === '(') push(`(${read(true).join(',')})`);
      else if (token.startsWith('$')) push(timed(parameter(token), written));
      else if (token.startsWith("'")) push(timed(quoted(token.slice(1, -1).replaceAll("''", "'")), written));
      else if (token.toLowerCase() === 'sampleinterval') push(WEIGHT);
      else if (token === WEIGHT) throw new Error(`unknown field ${WEIGHT}`);
      else if (/^accounttag|zonetag$/i.test(token)) throw new Error('the binding supplies the scope');
      else if (token.startsWith('events.')) push(tableOf(token.split('.')[2] ?? ''));
      else if (CALLS[token.toLowerCase()] && tokens[at] === '(') {
        at++;
        push((CALLS[token.toLowerCase()] as (args: readonly string[]) => string)(read(true)));
      } else push(token);
    }
    return args;
  }
  return read(false).join(',');
}

/** A text that is compared with a time is a time. */
function timed(text: string, before: string): string {
  if (!/timestamp (>|<|> =|< =|=|BETWEEN|BETWEEN \S+ AND)$/i.test(before)) return text;
  if (!ISO_TIME.test(text.slice(1, -1))) throw new Error(`${text} is no time with a time zone`);
  return `parseDateTimeBestEffort(${text})`;
}

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
