/** Migrates a database: looks, does what it needs, and looks again until it needs nothing. */
import { type Migration, plan, versionOf } from './plan.ts';
import { LOOK, type Rows, type State, sameState, stateOf } from './structure.ts';

/** A database that runs statements in order and gives the rows of each. It may fail after any of them. */
export type Execute = (statements: readonly string[]) => Promise<readonly Rows[]>;

export interface Migrated {
  /** The versions before and after; 0 before the first one. */
  readonly from: number;
  readonly to: number;
  /** Whether there were tables before. */
  readonly isNew: boolean;
  /** Whether the database is of a later version than the migrations given. It was left as it is. */
  readonly isLater: boolean;
}

/**
 * Safe to interrupt, to repeat, and to run twice at once: what is to be done is told anew by each look.
 * @throws what the database throws, when it fails and nothing has changed since the look before.
 */
export async function migrate(execute: Execute, migrations: readonly Migration[]): Promise<Migrated> {
  const before = stateOf(await execute(LOOK));
  let state = before;
  for (
    let statements = plan(state, migrations);
    statements.length > 0;
    statements = plan(state, migrations)
  ) {
    state = await advance(execute, state, statements);
  }
  return {
    from: versionOf(before),
    to: versionOf(state),
    isNew: before.tables.size <= 1,
    isLater: versionOf(state) > migrations.length,
  };
}

/** Runs statements and gives the state after them. */
async function advance(execute: Execute, before: State, statements: readonly string[]): Promise<State> {
  let failure: unknown;
  let results: readonly Rows[];
  try {
    results = (await execute([...statements, ...LOOK])).slice(-LOOK.length);
  } catch (error) {
    // Another run may have done the same meanwhile.
    failure = error;
    results = await execute(LOOK);
  }
  const after = stateOf(results);
  if (!sameState(before, after)) return after;
  throw failure ?? new Error(`The database is as before, although it ran: ${statements.join('; ')}`);
}
