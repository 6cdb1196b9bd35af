/**
 * `/api/v1/dead-letters`: batches that the queue has given up. A replay runs the same code that failed, so fix the cause
 * first.
 */
import * as v from 'valibot';
import { messageOf } from '../enrich/dead-letters.ts';
import { deliver } from '../enrich/ingest.ts';
import { canWriteBatch, invocationBudget } from '../store/budget.ts';
import { countDeadLetters, deleteDeadLetter, readDeadLetters } from '../store/dead-letters.ts';
import type { Call } from './call.ts';
import { uncachedJson } from './uncached.ts';

export const ReplayQuery = v.strictObject({
  after: v.pipe(
    v.optional(v.string(), ''),
    v.description('`next` of the previous response. Default: start with the oldest.'),
  ),
});

/** Letters that one request replays, if its budget of D1 statements lasts. */
const MAX_LETTERS = 5;

export async function readDeadLetterCount({ env }: Call): Promise<Response> {
  return uncachedJson({ count: await countDeadLetters(env.DB) });
}

/**
 * Replays the oldest letters after `after`. The next request passes the response's `next` as `after`. It is null once all
 * letters have been tried.
 */
export async function replayDeadLetters({
  env,
  query: { after },
}: Call<v.InferOutput<typeof ReplayQuery>>): Promise<Response> {
  const budget = invocationBudget(env.DB);
  const letters = await readDeadLetters(budget.db, after, MAX_LETTERS);
  let replayed = 0;
  let last = after;
  const failed: { id: string; message: string }[] = [];
  for (const { id, body } of letters) {
    if (!canWriteBatch(budget)) return uncachedJson({ replayed, failed, next: last });
    last = id;
    try {
      await deliver(env, messageOf(body), Date.now(), budget);
      await deleteDeadLetter(budget.db, id);
      replayed++;
    } catch (error) {
      failed.push({ id, message: String(error).slice(0, 300) });
    }
  }
  const next = letters.length === MAX_LETTERS ? (letters.at(-1)?.id ?? null) : null;
  return uncachedJson({ replayed, failed, next });
}
