/** What of Analytics Engine a request reads. */
import { type Env, eventStore } from '../env.ts';
import type { OpenDays } from '../query/open-days.ts';
import { Problem } from './problem.ts';

/**
 * The open days for the queries of one request; null if no event of this Worker is in Analytics Engine only.
 *
 * @throws Problem if events go to Analytics Engine, but nothing is set that reads them.
 */
export async function openDaysOf(env: Env): Promise<OpenDays | null> {
  const takesEvents = eventStore(env) === 'analytics_engine';
  const hasToken = Boolean(env.ACCOUNT_ID && env.ANALYTICS_TOKEN);
  // Days from before a return to D1 may still have to be read.
  if (!takesEvents && !env.ANALYTICS_SQL && !hasToken) return null;
  const [{ readerOf }, { OpenDays: Days }] = await Promise.all([
    import('../engine/reader.ts'),
    import('../query/open-days.ts'),
  ]);
  const reader = readerOf(env);
  if (reader === null) {
    throw new Problem(
      'store_unavailable',
      'EVENT_STORE is analytics_engine, but Analytics Engine cannot be read. Bind it with [analytics], or set ACCOUNT_ID and the secret ANALYTICS_TOKEN.',
    );
  }
  return new Days(env.DB, { reader, takesEvents });
}
