/** A database that does something else before one of a job's calls, and that can make few events look like many. */

export interface Tampering {
  /** Days are told to have so many times their events, so that a few are cut into slices. */
  readonly scale: number;
  /** Called before each call that reaches the database, with its SQL unless it is a batch. */
  readonly before: (sql: string) => Promise<void>;
}

/** The statements that count the events of days to be rolled up. */
const COUNTS_DAYS = 'AS goalsText';
/** Which parameter of `largeOpenDays` is the least number of events. */
const LEAST = 1;

export function tampered(db: D1Database, { scale, before }: Tampering): D1Database {
  const originals = new WeakMap<object, D1PreparedStatement>();
  const wrap = (statement: D1PreparedStatement, sql: string): D1PreparedStatement => {
    const counts = sql.includes(COUNTS_DAYS);
    const call =
      (name: 'all' | 'run' | 'first' | 'raw') =>
      async (...args: unknown[]) => {
        await before(sql);
        const answer = await (Reflect.get(statement, name) as (...all: unknown[]) => unknown).apply(
          statement,
          args,
        );
        if (counts) {
          for (const row of (answer as D1Result<{ events: number }>).results) row.events *= scale;
        }
        return answer;
      };
    const wrapped = {
      bind: (...args: unknown[]) => {
        if (counts && sql.includes('AS least')) args[LEAST] = Math.ceil(Number(args[LEAST]) / scale);
        return wrap(statement.bind(...args), sql);
      },
      all: call('all'),
      run: call('run'),
      first: call('first'),
      raw: call('raw'),
    } as unknown as D1PreparedStatement;
    originals.set(wrapped, statement);
    return wrapped;
  };
  return {
    prepare: (sql: string) => wrap(db.prepare(sql), sql),
    batch: async (statements: readonly D1PreparedStatement[]) => {
      await before('');
      return db.batch(statements.map((one) => originals.get(one) ?? one));
    },
  } as unknown as D1Database;
}
