/**
 * Plays a D1 with a read replica that is behind, by two real local databases. The primary has a log of its transactions. The replica
 * replays as much of it as it is told, or as a bookmark requires: as D1 does, it then waits until it has that much.
 *
 * - Without a session, everything goes to the primary.
 * - A session begins anywhere, at the primary, or at a bookmark. Each of its answers moves its bookmark.
 * - A replica forwards writes to the primary.
 */
export interface ReplicatedDatabase {
  /** Stands in for the binding. */
  readonly db: D1Database;
  /** Brings the replica up to what the primary has now. */
  sync(): Promise<void>;
  /** Brings the replica, whose tables are empty, to the state that the primary had when it had written so many transactions. */
  restore(position: number): Promise<void>;
  /** The number of transactions that the primary has written. */
  position(): number;
  /** The number of statements or batches that the replica has answered. */
  readonly answered: { replica: number; primary: number };
}

export interface ReplicaOptions {
  /** Where an unconstrained read goes, and each further one. Default: to the replica. */
  readonly route?: () => 'primary' | 'replica';
  /** Called when the replica has executed something, before its answer arrives. */
  readonly answering?: () => Promise<void> | undefined;
  /** A defect on purpose: sessions that forget what they have seen. */
  readonly forgets?: boolean;
}

type Transaction = readonly { readonly sql: string; readonly values: readonly unknown[] }[];

const WRITES = /\b(?:INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|REPLACE\s+INTO)\b/i;

const bookmarkOf = (position: number): string =>
  `${position.toString(16).padStart(8, '0')}-00000000-00000000-${'0'.repeat(32)}`;
const positionOf = (bookmark: string): number => Number.parseInt(bookmark.slice(0, 8), 16);

export function replicated(
  primary: D1Database,
  replica: D1Database,
  { route = () => 'replica', answering = () => undefined, forgets = false }: ReplicaOptions = {},
): ReplicatedDatabase {
  const log: Transaction[] = [];
  const answered = { replica: 0, primary: 0 };
  let applied = 0;
  let applying = Promise.resolve();
  const statements = new WeakMap<object, Transaction[number]>();

  /** Replays the log up to a position, one call after another. */
  const catchUp = (position: number): Promise<void> => {
    applying = applying.then(async () => {
      for (; applied < position; applied++) {
        await replica.batch(
          (log[applied] ?? []).map(({ sql, values }) => replica.prepare(sql).bind(...values)),
        );
      }
    });
    return applying;
  };

  /** Runs a transaction for a session, or for none. */
  const run = async (session: Session | null, transaction: Transaction): Promise<D1Result[]> => {
    const writes = transaction.some(({ sql }) => WRITES.test(sql));
    const toPrimary =
      writes || session === null || session.start === 'first-primary' || route() === 'primary';
    if (toPrimary) {
      const results = await primary.batch(
        transaction.map(({ sql, values }) => primary.prepare(sql).bind(...values)),
      );
      answered.primary++;
      if (writes) log.push(transaction);
      session?.saw(log.length);
      return results;
    }
    await catchUp(session.position);
    const before = applied;
    const results = await replica.batch(
      transaction.map(({ sql, values }) => replica.prepare(sql).bind(...values)),
    );
    answered.replica++;
    await answering();
    session.saw(before);
    return results;
  };

  class Session {
    start: string;
    position: number;
    #seen: number | null = null;

    constructor(start: string) {
      this.start = start;
      this.position = start.startsWith('first-') ? 0 : positionOf(start);
      // A bookmark of the future is waited for in vain.
      if (this.position > log.length) throw new Error('D1_ERROR: the bookmark is not reached');
    }

    saw(position: number): void {
      this.#seen = Math.max(this.#seen ?? 0, position, this.position);
      if (forgets) return;
      this.start = '';
      this.position = this.#seen;
    }

    prepare(sql: string): D1PreparedStatement {
      return statementOf(this, { sql, values: [] });
    }

    batch(list: readonly object[]): Promise<D1Result[]> {
      return run(this, transactionOf(list));
    }

    getBookmark(): string | null {
      if (this.#seen === null) return this.start.startsWith('first-') ? null : this.start;
      return bookmarkOf(this.#seen);
    }
  }

  const transactionOf = (list: readonly object[]): Transaction =>
    list.map((one) => {
      const statement = statements.get(one);
      if (!statement) throw new Error('This statement is of another database.');
      return statement;
    });

  const statementOf = (session: Session | null, statement: Transaction[number]): D1PreparedStatement => {
    const first = async (): Promise<D1Result> => (await run(session, [statement]))[0] as D1Result;
    const one = {
      bind: (...values: unknown[]) => statementOf(session, { ...statement, values }),
      run: first,
      all: first,
      first: async (column?: string) => {
        const [row] = (await first()).results as Record<string, unknown>[];
        return column === undefined ? (row ?? null) : (row?.[column] ?? null);
      },
      raw: async () => (await first()).results.map((row) => Object.values(row as object)),
    };
    statements.set(one, statement);
    return one as unknown as D1PreparedStatement;
  };

  const db = {
    prepare: (sql: string) => statementOf(null, { sql, values: [] }),
    batch: (list: readonly object[]) => run(null, transactionOf(list)),
    withSession: (start?: string) => new Session(start?.trim() || 'first-unconstrained'),
  };
  return {
    db: db as unknown as D1Database,
    sync: () => catchUp(log.length),
    restore: (position) => {
      applied = 0;
      return catchUp(position);
    },
    position: () => log.length,
    answered,
  };
}
