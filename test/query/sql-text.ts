/**
 * Writes SQL for reviewers: a line a clause, column, condition and join, indented by depth, whatever white space the source has.
 * Parameters are numbered as they first occur, so that the text does not depend on how the source numbers or names them.
 */

/** A statement as it was sent to D1, and the values of its parameters. */
export interface SentStatement {
  readonly sql: string;
  readonly values: readonly unknown[];
}

const TOKEN =
  /'(?:[^']|'')*'|"[^"]*"|\?\d*|->>|->|\|\||<>|<=|>=|<<|>>|\w+(?:\.\w+)*(?:\.(?:\*|"[^"]*"))?|[^\s\w]/g;

/** Longer values of parameters are cut. */
const MAX_VALUE = 400;

const INDENT = '  ';

/** A statement, and its parameters below it as comments. Parameters of the same value have the same number. */
export function formatStatement({ sql, values }: SentStatement): string {
  const seen: string[] = [];
  const numberOf = (value: unknown): string => {
    const text = String(value);
    if (!seen.includes(text)) seen.push(text);
    return `?${seen.indexOf(text) + 1}`;
  };
  const listAt = (place: string, index: string): unknown[] =>
    (JSON.parse(String(values[Number(place) - 1])) as unknown[][])[Number(index)] as unknown[];
  let next = 0;
  const text = sql.replaceAll(
    /\(\?(\d+) ->> '\$\[(\d+)\]\[0\]'\)|\?(\d+), '\$\[(\d+)\]'|\?(\d*)/g,
    (_, textPlace: string, textIndex: string, listPlace: string, listIndex: string, place: string) => {
      if (textPlace) return numberOf(listAt(textPlace, textIndex)[0]);
      if (listPlace) return numberOf(JSON.stringify(listAt(listPlace, listIndex)));
      return numberOf(values[place ? Number(place) - 1 : next++]);
    },
  );
  const parameters = seen.map(
    (value, index) =>
      `-- ?${index + 1} = ${value.length > MAX_VALUE ? `${value.slice(0, MAX_VALUE)}…` : value}`,
  );
  return [formatSql(text), ...parameters].join('\n');
}

/** Words that begin a line, with how much further than their SELECT its columns and conditions stand. */
const CLAUSES = new Set(
  [
    'WITH,SELECT,FROM,WHERE,GROUP,ORDER,HAVING,LIMIT,UNION,WINDOW',
    'CROSS,LEFT,JOIN,INSERT,DELETE,UPDATE,SET,VALUES',
  ].flatMap((line) => line.split(',')),
);
const CONDITIONS = new Set(['AND', 'OR', 'WHEN', 'ELSE']);

function formatSql(sql: string): string {
  const tokens = sql.match(TOKEN) ?? [];
  const lines: string[] = [];
  let line = '';
  /** Of each open parenthesis, whether a query is in it. */
  const open: boolean[] = [];
  /** The depths at which CTEs are listed. */
  const lists = new Set<number>();
  let between = 0;

  const depth = (): number => open.filter(Boolean).length;
  const begin = (extra: number): void => {
    if (line.trim() !== '') lines.push(line);
    line = INDENT.repeat(depth() + extra);
  };
  const isBlock = (): boolean => open.at(-1) ?? true;

  for (const [index, token] of tokens.entries()) {
    const before = tokens[index - 1] ?? '';
    if (token === '(') {
      const isQuery = ['SELECT', 'WITH'].includes(tokens[index + 1] ?? '');
      line += isGlued(before, token) || line.trim() === '' ? '(' : ' (';
      open.push(isQuery);
      continue;
    }
    if (token === ')') {
      const wasQuery = open.pop();
      if (wasQuery) begin(0);
      line += ')';
      continue;
    }
    if (token === 'WITH') lists.add(depth());
    else if (isBlock() && ['SELECT', 'INSERT'].includes(token)) lists.delete(depth());
    if (token === 'BETWEEN') between++;
    const closesBetween = token === 'AND' && between > 0;
    if (closesBetween) between--;
    const continuesClause = (token === 'JOIN' && ['CROSS', 'LEFT'].includes(before)) || before === 'DO';
    if (isBlock() && CLAUSES.has(token) && !continuesClause) begin(0);
    else if (isBlock() && CONDITIONS.has(token) && !closesBetween) begin(1);
    line += isGlued(before, token) || line.trim() === '' ? token : ` ${token}`;
    if (token === ',' && isBlock()) begin(lists.has(depth()) ? 0 : 1);
  }
  begin(0);
  return lines.join('\n');
}

/** Words before a parenthesis that are no functions. */
const NO_FUNCTIONS =
  /^(?:AS|IN|NOT|AND|OR|ON|FROM|SELECT|WHERE|EXISTS|OVER|BY|THEN|WHEN|ELSE|VALUES|IS|JOIN|MATERIALIZED)$/;

function isGlued(before: string, token: string): boolean {
  if (before === '' || before === '(' || token === ',' || token === '.') return true;
  return token === '(' && /^\w+$/.test(before) && !NO_FUNCTIONS.test(before);
}
