/** A database that fails as D1 does: before it has done anything, or after it has committed, when the answer is lost. */
export type Fault = 'before' | 'after' | null;

/** @param next the fault of the next call to the database. */
export function faulty(db: D1Database, next: () => Fault): D1Database {
  const statements = new WeakMap<object, D1PreparedStatement>();
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    const fault = next();
    if (fault === 'before') throw new Error('D1_ERROR: D1 DB is overloaded');
    const result = await work();
    if (fault === 'after') throw new Error('D1_ERROR: D1 DB is overloaded, and the answer was lost');
    return result;
  };
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement => {
    const wrapped = {
      bind: (...values: unknown[]) => wrap(statement.bind(...values)),
      run: () => attempt(() => statement.run()),
      all: () => attempt(() => statement.all()),
      raw: () => attempt(() => statement.raw()),
      first: (column?: string) =>
        attempt(() => (column === undefined ? statement.first() : statement.first(column))),
    } as unknown as D1PreparedStatement;
    statements.set(wrapped, statement);
    return wrapped;
  };
  return {
    prepare: (sql: string) => wrap(db.prepare(sql)),
    batch: (list: readonly D1PreparedStatement[]) =>
      attempt(() => db.batch(list.map((one) => statements.get(one) ?? one))),
  } as unknown as D1Database;
}
