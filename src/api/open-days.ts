/** What of Analytics Engine a request reads. */
import type { Env } from '../env.ts';
import type { EngineQueries } from '../query/engine-queries.ts';
import { engineOf, hasEngine } from '../store/engine.ts';
import { Problem } from './problem.ts';

/**
 * The open days for the queries of one request; null if no event of this Worker is in Analytics Engine only.
 *
 * @throws Problem if events go to Analytics Engine, but nothing is set that reads them.
 */
export async function openDaysOf(env: Env): Promise<EngineQueries | null> {
  if (!hasEngine(env)) return null;
  const [engine, { OpenDays: Days }] = await Promise.all([engineOf(env), import('../query/open-days.ts')]);
  if (engine === null) {
    throw new Problem(
      'store_unavailable',
      'EVENT_STORE is analytics_engine, but Analytics Engine cannot be read. Bind it with [analytics], or set ACCOUNT_ID and the secret ANALYTICS_TOKEN.',
    );
  }
  return new Days(env.DB, engine);
}
