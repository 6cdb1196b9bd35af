/**
 * The two languages that Analytics Engine is asked in, and the only module that writes them. A statement is data: nothing of it is
 * text of SQL, and every value is quoted or bound here.
 *
 * - `http`: the SQL API of Workers Analytics Engine, `POST /accounts/ID/analytics_engine/sql`. The dataset is a bare name, and sums
 *   are multiplied by `_sample_interval`. It has no parameters, so values are literals.
 * - `binding`: the Analytics SQL API behind a binding of the Worker. The dataset is `events.analyticsEngine.NAME`, sums are weighted
 *   by the platform, and texts and times are parameters.
 *
 * Documents: developers.cloudflare.com/analytics/analytics-engine/sql-reference and developers.cloudflare.com/analytics/sql-api.
 */

export type Dialect = 'http' | 'binding';

/** A value of one stored row. */
export type Expression =
  | { readonly column: string }
  | { readonly value: string | number }
  /** How many written points the stored row stands for: more than 1 if the platform has sampled. */
  | { readonly of: 'weight' }
  /** When the point was written, in seconds since the epoch. */
  | { readonly of: 'written' }
  | { readonly op: '+' | '-' | '*' | '/'; readonly left: Expression; readonly right: Expression }
  | { readonly floor: Expression }
  /** The first characters of a text. */
  | { readonly start: Expression; readonly characters: number }
  | { readonly if: Condition; readonly yes: Expression; readonly no: Expression };

/** A value of all rows of a group. */
export type Aggregate =
  /** The sum over all written points: each stored row counts as often as its weight. `{total: {value: 1}}` is their number. */
  | { readonly total: Expression }
  /** The greatest and the least value of the stored rows. */
  | { readonly most: Expression }
  | { readonly least: Expression }
  /** The number of different values in the stored rows, whatever their weights. */
  | { readonly distinct: Expression };

export type Condition =
  | {
      readonly left: Expression;
      readonly is: '=' | '<>' | '<' | '<=' | '>' | '>=';
      readonly right: Expression;
    }
  | { readonly column: string; readonly in: readonly string[] }
  | { readonly and: readonly Condition[] }
  | { readonly or: readonly Condition[] };

export interface Selected {
  /** The name in the rows of the answer. The name of a column, for that column only; else another name. */
  readonly as: string;
  readonly value: Expression | Aggregate;
}

export interface Statement {
  readonly select: readonly Selected[];
  /** From when on points were written, in epoch milliseconds. The platform asks for it. Whole seconds: earlier ones are included. */
  readonly since: number;
  /** Before when they were written, in epoch milliseconds, rounded up to whole seconds. */
  readonly until?: number;
  readonly where: readonly Condition[];
  /** Names of `select`. */
  readonly groupBy?: readonly string[];
  /** Names of `select`. */
  readonly orderBy?: readonly { readonly by: string; readonly descending?: boolean }[];
  /** The most rows. */
  readonly limit: number;
}

/** A text, and the parameters that it names as `$1`, `$2`, … */
export interface Query {
  readonly query: string;
  readonly params: readonly string[];
}

/** The columns of every dataset. */
export const TEXT_COLUMNS: readonly string[] = ['index1', ...numbered('blob')];
export const NUMBER_COLUMNS: readonly string[] = numbered('double');

function numbered(name: string): string[] {
  return Array.from({ length: 20 }, (_, index) => `${name}${index + 1}`);
}

const NAME = /^[A-Za-z_]\w*$/;
const NUMBER = /^-?\d+(\.\d+)?$/;

/** @throws Error if the statement names what does not exist, or a number has no decimal form. */
export function textOf(statement: Statement, dialect: Dialect, dataset: string): Query {
  const writer = new Writer(dialect);
  const query = [
    `SELECT ${statement.select.map((one) => writer.selected(one)).join(', ')}`,
    `FROM ${writer.table(dataset)}`,
    `WHERE ${writer.times(statement)}${statement.where.map((one) => ` AND ${writer.condition(one)}`).join('')}`,
    ...clause('GROUP BY', namesIn(statement, statement.groupBy ?? [])),
    ...clause(
      'ORDER BY',
      (statement.orderBy ?? []).map(
        ({ by, descending }) => `${namesIn(statement, [by])}${descending ? ' DESC' : ''}`,
      ),
    ),
    `LIMIT ${writer.number(Math.max(0, Math.floor(statement.limit)))}`,
  ].join('\n');
  return { query, params: writer.params };
}

/** Whether a selected value is a number. Sums come as texts where they exceed 2^53. */
export function isNumber({ value }: Selected): boolean {
  if ('column' in value) return NUMBER_COLUMNS.includes(value.column);
  if ('start' in value) return false;
  if ('most' in value) return isNumber({ as: '', value: value.most });
  if ('least' in value) return isNumber({ as: '', value: value.least });
  if ('if' in value) return isNumber({ as: '', value: value.yes });
  if ('value' in value) return typeof value.value === 'number';
  return true;
}

function clause(words: string, parts: readonly string[]): string[] {
  return parts.length === 0 ? [] : [`${words} ${parts.join(', ')}`];
}

function namesIn({ select }: Statement, names: readonly string[]): string[] {
  for (const name of names) {
    if (!select.some(({ as }) => as === name)) throw new Error(`${name} is not selected`);
  }
  return [...names];
}

/** Writes the parts of one statement, and collects its parameters. */
class Writer {
  readonly params: string[] = [];
  readonly dialect: Dialect;

  constructor(dialect: Dialect) {
    this.dialect = dialect;
  }

  table(dataset: string): string {
    if (!NAME.test(dataset)) throw new Error(`${JSON.stringify(dataset)} is not the name of a dataset`);
    return this.dialect === 'http' ? dataset : `events.analyticsEngine.${dataset}`;
  }

  times({ since, until }: Statement): string {
    const from = `timestamp >= ${this.time(Math.floor(since / 1000))}`;
    return until === undefined ? from : `${from} AND timestamp < ${this.time(Math.ceil(until / 1000))}`;
  }

  /** A time in seconds. */
  time(seconds: number): string {
    if (this.dialect === 'http') return `toDateTime(${this.number(seconds)})`;
    return this.text(new Date(seconds * 1000).toISOString());
  }

  selected({ as, value }: Selected): string {
    const text = this.aggregate(value);
    if (text === as) return text;
    if (!NAME.test(as) || isColumn(as))
      throw new Error(`${JSON.stringify(as)} cannot be the name of ${text}`);
    return `${text} AS ${as}`;
  }

  aggregate(value: Expression | Aggregate): string {
    const isHttp = this.dialect === 'http';
    if ('total' in value) {
      const isOne = 'value' in value.total && value.total.value === 1;
      if (isHttp)
        return isOne ? 'sum(_sample_interval)' : `sum(_sample_interval * ${this.expression(value.total)})`;
      return isOne ? 'COUNT(*)' : `SUM(${this.expression(value.total)})`;
    }
    // The platform calls extremes of a sampled dataset approximate.
    if ('most' in value) return `${isHttp ? 'max' : 'APPROX_MAX'}(${this.expression(value.most)})`;
    if ('least' in value) return `${isHttp ? 'min' : 'APPROX_MIN'}(${this.expression(value.least)})`;
    if ('distinct' in value) return `count(DISTINCT ${this.expression(value.distinct)})`;
    return this.expression(value);
  }

  expression(value: Expression): string {
    if ('column' in value) return column(value.column);
    if ('value' in value)
      return typeof value.value === 'number' ? this.number(value.value) : this.text(value.value);
    if ('of' in value) {
      if (value.of === 'written') return 'toUnixTimestamp(timestamp)';
      return this.dialect === 'http' ? '_sample_interval' : 'sampleInterval';
    }
    if ('floor' in value) return `floor(${this.expression(value.floor)})`;
    if ('start' in value) {
      return `substring(${this.expression(value.start)}, 1, ${this.number(value.characters)})`;
    }
    if ('if' in value) {
      return `if(${this.condition(value.if)}, ${this.expression(value.yes)}, ${this.expression(value.no)})`;
    }
    return `(${this.expression(value.left)} ${value.op} ${this.expression(value.right)})`;
  }

  condition(value: Condition): string {
    if ('and' in value) return this.conditions(value.and, ' AND ');
    if ('or' in value) return this.conditions(value.or, ' OR ');
    if ('in' in value) {
      if (value.in.length === 0) throw new Error('a list needs a value');
      return `${column(value.column)} IN (${value.in.map((one) => this.text(one)).join(', ')})`;
    }
    return `${this.expression(value.left)} ${value.is} ${this.expression(value.right)}`;
  }

  conditions(values: readonly Condition[], between: string): string {
    if (values.length === 0) throw new Error('a condition needs a part');
    return `(${values.map((one) => this.condition(one)).join(between)})`;
  }

  number(value: number): string {
    const text = Number.isInteger(value) ? BigInt(value).toString() : String(value);
    if (!NUMBER.test(text)) throw new Error(`${value} has no decimal form`);
    return text;
  }

  /**
   * A text. The documents do not say whether a backslash escapes in `http`, so backslashes and quotes are both doubled: either way
   * the literal ends where it should, and a text without backslashes is itself.
   */
  text(value: string): string {
    if (this.dialect === 'binding') return `$${this.params.push(value)}`;
    return `'${value.toWellFormed().replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
  }
}

const isColumn = (name: string): boolean =>
  TEXT_COLUMNS.includes(name) || NUMBER_COLUMNS.includes(name) || ['timestamp', 'dataset'].includes(name);

function column(name: string): string {
  if (!TEXT_COLUMNS.includes(name) && !NUMBER_COLUMNS.includes(name)) {
    throw new Error(`${JSON.stringify(name)} is not a column`);
  }
  return name;
}
