/** What tests of columns share: days as the cron seals them, and the same pixel without its columns. */
import type { Pixel } from '../../../src/model/pixel.ts';
import { parseQuery } from '../../../src/query/language.ts';
import type { QueryResult } from '../../../src/query/present.ts';
import type { QueryError } from '../../../src/query/query-error.ts';
import { runQuery } from '../../../src/query/run.ts';
import { db } from '../../fixtures.ts';
import { LATER } from '../random-queries.ts';

/** Runs something while no day of a pixel has columns. */
export async function withoutColumns<T>(pixel: Pixel, run: () => Promise<T>): Promise<T> {
  const { results } = await db
    .prepare('SELECT day, columns FROM days WHERE pixel = ?')
    .bind(pixel.id)
    .all<{ day: string; columns: number }>();
  await db.prepare('UPDATE days SET columns = 0 WHERE pixel = ?').bind(pixel.id).run();
  try {
    return await run();
  } finally {
    for (const { day, columns } of results) {
      await db
        .prepare('UPDATE days SET columns = ?3 WHERE pixel = ?1 AND day = ?2')
        .bind(pixel.id, day, columns)
        .run();
    }
  }
}

/** An answer without what says which source it is from. */
export function answerIn({ results, meta, query }: QueryResult): unknown {
  const { source, events_read, as_of, ...rest } = meta;
  return { results, meta: rest, query };
}

/** The answer to a query, or why there is none. */
export async function tryToAsk(
  pixel: Pixel,
  request: Readonly<Record<string, unknown>>,
  now = LATER,
  database = db,
): Promise<QueryResult | QueryError> {
  const query = parseQuery({ site_id: pixel.id, ...request });
  if (!query.ok) throw new Error(JSON.stringify([request, query.error]));
  const answer = await runQuery(database, query.value, pixel, now);
  return answer.ok ? answer.value : answer.error;
}
