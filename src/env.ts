import type { Message } from './model/batch.ts';
import type { Secrets } from './model/secret-key.ts';

/** The Worker's bindings and settings. They are checked here, and an error says what to set. */

export interface Env {
  readonly DB: D1Database;
  /** Optional. Without it, events are stored in D1 only. */
  readonly ANALYTICS?: AnalyticsEngineDataset;
  /** `d1` or `analytics_engine`. */
  readonly EVENT_STORE?: string;
  /** Optional. The name of the dataset that ANALYTICS writes. Default: `speck_events`. */
  readonly ANALYTICS_DATASET?: string;
  /** Optional. Reads Analytics Engine. Without it, ACCOUNT_ID and ANALYTICS_TOKEN do. */
  readonly ANALYTICS_SQL?: AnalyticsSQLBinding;
  readonly ACCOUNT_ID?: string;
  /** A secret: an API token with the permission Account Analytics Read. */
  readonly ANALYTICS_TOKEN?: string;
  /** Optional. The address of Cloudflare's API, if it is not the real one, as in tests. */
  readonly ANALYTICS_API?: string;
  /** Optional. Closed days are archived there before their events are deleted. */
  readonly ARCHIVE?: R2Bucket;
  /** A secret. If it is not set, the API answers 503. */
  readonly ADMIN_TOKEN?: string;
  /** A secret of 32 random bytes, other than ADMIN_TOKEN. Without it, visitors and people cannot be hashed. */
  readonly SECRET_KEY?: string;
  /** The SECRET_KEY before a rotation. Data encrypted with it can still be read. */
  readonly SECRET_KEY_PREVIOUS?: string;
  readonly CRON_STATEMENTS?: string;
  /** `direct` or `queue`. */
  readonly INGEST_MODE?: string;
  /** Optional. Without it, events that D1 rejects are lost. */
  readonly QUEUE?: Queue<Message>;
  /** Optional. Where pages reach the Worker: see model/page-paths.ts. */
  readonly SCRIPT_PATH?: string;
  readonly COLLECT_PATH?: string;
  readonly PUBLIC_URL?: string;
  /** Optional. Limits events per pixel and address. */
  readonly RATE_LIMIT?: RateLimit;
}

/** 32 random bytes have 43 characters in base64. A secret with fewer characters than this could be guessed. */
const MIN_SECRET_CHARACTERS = 32;

/** The secrets of this Worker; empty if SECRET_KEY is not set or too short. */
export function secretsOf({ SECRET_KEY = '', SECRET_KEY_PREVIOUS = '' }: Env): Secrets {
  if (SECRET_KEY.length < MIN_SECRET_CHARACTERS) return [];
  return SECRET_KEY_PREVIOUS === '' ? [SECRET_KEY] : [SECRET_KEY, SECRET_KEY_PREVIOUS];
}

/** `direct`: events go to D1, and to the queue only if D1 rejects them. `queue`: all events go through the queue. */
export type IngestMode = 'direct' | 'queue';

/** How events reach the store. Any other value counts as `direct`, which loses nothing; `/health` reports the value. */
export function ingestMode(env: Env): IngestMode {
  return env.INGEST_MODE === 'queue' ? 'queue' : 'direct';
}

/** `d1`: all events go to D1. `analytics_engine`: those of nobody known go to Analytics Engine instead: see enrich/event-store.ts. */
export type EventStore = 'd1' | 'analytics_engine';

/** Where events are stored. If anything is missing or wrong, it is `d1`, which loses nothing; `/health` reports what. */
export function eventStore(env: Env): EventStore {
  return env.EVENT_STORE === 'analytics_engine' && eventStoreProblem(env) === null
    ? 'analytics_engine'
    : 'd1';
}

/** Why the store of events is not the one that EVENT_STORE names; null if it is. */
export function eventStoreProblem(env: Env): string | null {
  const { EVENT_STORE: store = '', ANALYTICS: dataset } = env;
  if (store === '' || store === 'd1') return null;
  if (store !== 'analytics_engine')
    return `EVENT_STORE is ${JSON.stringify(store)}; set it to d1 or analytics_engine.`;
  if (!dataset) return 'EVENT_STORE is analytics_engine; bind a dataset as ANALYTICS.';
  // Events that nobody can read would be lost.
  if (!env.ANALYTICS_SQL && !(env.ACCOUNT_ID && env.ANALYTICS_TOKEN))
    return 'EVENT_STORE is analytics_engine; bind ANALYTICS_SQL, or set ACCOUNT_ID and ANALYTICS_TOKEN.';
  return null;
}

/** With fewer statements, a cron run could not finish a large day, purge another and record failed tasks. */
const MIN_CRON_STATEMENTS = 19;
/** Further statements of a run, to close a day and archive a part of it. */
export const STATEMENTS_TO_ARCHIVE = 6;
const DEFAULT_CRON_STATEMENTS = 45;

/**
 * D1 statements that a cron run may use.
 * @throws Error if the setting is not an integer of at least 19, or 25 with an archive.
 */
export function cronStatements(env: Env): number {
  const text = env.CRON_STATEMENTS;
  if (text === undefined || text === '') return DEFAULT_CRON_STATEMENTS;
  const count = Number(text);
  const least = MIN_CRON_STATEMENTS + (env.ARCHIVE ? STATEMENTS_TO_ARCHIVE : 0);
  if (!Number.isInteger(count) || count < least) {
    throw new Error(
      `CRON_STATEMENTS is ${JSON.stringify(text)}; set it to an integer of at least ${least} in wrangler.toml.`,
    );
  }
  return count;
}
