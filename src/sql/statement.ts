/**
 * SQL with named parameters. The source writes `:pixel`; here, and nowhere else, names become the numbers that D1 takes.
 */

/** The values of parameters by name. */
export type Values = Readonly<Record<string, unknown>>;

/** Quoted text may have colons, as `'event:page'` has. It is matched first, and left as it is. */
const NAME = /'[^']*'|"[^"]*"|:([a-z]\w*)/g;

/**
 * Numbers the parameters of a statement in the order in which they first occur.
 *
 * @param values a value for each parameter. Values of names that the statement lacks are left out.
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
