/** Keeps messages that the queue has given up, until an owner replays them. */

export interface DeadLetter {
  readonly id: string;
  readonly body: string;
  readonly received_at: number;
}

/** Keeps messages by their ids, so that one that arrives twice is kept once. */
export async function keepDeadLetters(db: D1Database, letters: readonly DeadLetter[]): Promise<void> {
  await db
    .prepare(
      `INSERT INTO dead_letters (id, body, received_at)
       SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?) WHERE true
       ON CONFLICT DO NOTHING`,
    )
    .bind(JSON.stringify(letters.map(({ id, body, received_at }) => [id, body, received_at])))
    .run();
}

/** The oldest ones after a given id. */
export async function readDeadLetters(db: D1Database, after: string, limit: number): Promise<DeadLetter[]> {
  const { results } = await db
    .prepare('SELECT * FROM dead_letters WHERE id > ? ORDER BY id LIMIT ?')
    .bind(after, limit)
    .all<DeadLetter>();
  return results;
}

export async function countDeadLetters(db: D1Database): Promise<number> {
  return (await db.prepare('SELECT count(*) AS n FROM dead_letters').first<number>('n')) ?? 0;
}

export async function deleteDeadLetter(db: D1Database, id: string): Promise<void> {
  await db.prepare('DELETE FROM dead_letters WHERE id = ?').bind(id).run();
}
