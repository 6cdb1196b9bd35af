/** How a Worker reads the events that only Analytics Engine has. */
import type { EngineReader } from '../engine/reader.ts';
import { type Env, eventStore } from '../env.ts';

export interface Engine {
  readonly reader: EngineReader;
  /** Whether events go to Analytics Engine now. Then today may have points that the cron has not seen yet. */
  readonly takesEvents: boolean;
}

/** Whether some events of this Worker are, or were, in Analytics Engine only. */
export function hasEngine(env: Env): boolean {
  // Days from before a return to D1 may still have to be read.
  return eventStore(env) === 'analytics_engine' || Boolean(env.ANALYTICS_SQL ?? env.ANALYTICS_TOKEN);
}

/** Null if nothing is set that reads Analytics Engine. */
export async function engineOf(env: Env): Promise<Engine | null> {
  // Most Workers never read it, so its code is loaded when it is needed.
  const { readerOf } = await import('../engine/reader.ts');
  const reader = readerOf(env);
  return reader && { reader, takesEvents: eventStore(env) === 'analytics_engine' };
}
