/**
 * SQL with named parameters, such as `:pixel`. D1 supports only numbered ones. Only this file converts them.
 */

/** The values of parameters by name. */
export type Values = Readonly<Record<string, unknown>>;

/** A parameter, or quoted text, which may contain colons as in `'event:page'` and stays unchanged. */
const NAME = /'[^']*'|"[^"]*"|:([a-z]\w*)/g;

/**
 * Numbers the parameters of a statement in the order in which they first occur.
 *
 * @param values the values of parameters. Values that the statement does not use are ignored.
 * @throws Error if a parameter has no value.
 */
export function numbered(sql: string, values: Values): { readonly sql: string; readonly values: unknown[] } {
  const names: string[] = [];
  const text = sql.replaceAll(NAME, (match, name: string | undefined) => {
    if (name === undefined) return match;
    if (!(name in values)) throw new Error(`The SQL parameter :${name} has no value.`);
    if (!names.includes(name)) names.push(name);
    return `?${names.indexOf(name) + 1}`;
  });
  return { sql: text, values: names.map((name) => values[name]) };
}

/** Prepares a statement with named parameters, and binds their values. */
export function prepare(db: D1Database, sql: string, values: Values): D1PreparedStatement {
  const statement = numbered(sql, values);
  return db.prepare(statement.sql).bind(...statement.values);
}

/** Columns of a table or CTE, separated by commas. */
export function columns(alias: string, names: Iterable<string>): string {
  return Array.from(names, (name) => `${alias}.${name}`).join(', ');
}
