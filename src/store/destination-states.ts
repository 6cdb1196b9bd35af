/** Changes the state of destinations by what their networks answer. What an owner changes is in destination-changes.ts. */
import type { DestinationProblem } from '../model/destination.ts';

/** The destination as it was read. If its owner has changed it since, what an older request learned does not count. */
interface ReadDestination {
  readonly id: string;
  readonly updated_at: number;
}

/** The statement that makes a destination wait until a time, after so many failures in a row. Of two problems, the one that takes longer stays. */
export function postpone(
  db: D1Database,
  { id, updated_at }: ReadDestination,
  failures: number,
  problem: DestinationProblem & { readonly retry_at: number },
): D1PreparedStatement {
  return db
    .prepare(
      `UPDATE destinations SET failures = ?3, problem = iif(retry_at > ?4 AND problem IS NOT NULL, problem, ?5),
         retry_at = max(retry_at, ?4)
       WHERE id = ?1 AND updated_at = ?2 AND state = 'on'`,
    )
    .bind(id, updated_at, failures, problem.retry_at, JSON.stringify(problem));
}

/**
 * The statement that notes that a destination was served, and ends its failures if its network has answered.
 *
 * @param at its place among those that are due, in epoch milliseconds: one that has more to send is then the last in turn.
 */
export function noteService(
  db: D1Database,
  { id, updated_at }: ReadDestination,
  at: number,
  hasAnswered: boolean,
): D1PreparedStatement {
  return db
    .prepare(
      `UPDATE destinations SET failures = iif(?4, 0, failures), retry_at = iif(?4, ?3, max(retry_at, ?3)),
         problem = iif(?4 AND state = 'on', NULL, problem)
       WHERE id = ?1 AND updated_at = ?2`,
    )
    .bind(id, updated_at, at, Number(hasAnswered));
}

/** The statement that stops a destination until its owner changes something. */
export function stop(
  db: D1Database,
  { id, updated_at }: ReadDestination,
  problem: DestinationProblem,
): D1PreparedStatement {
  return db
    .prepare(
      `UPDATE destinations SET state = 'stopped', problem = ?3, failures = 0, retry_at = 0
       WHERE id = ?1 AND updated_at = ?2 AND state = 'on'`,
    )
    .bind(id, updated_at, JSON.stringify(problem));
}
