import type { Message } from './model/batch.ts';
import type { Secrets } from './model/secret-key.ts';

/** The Worker's bindings and settings. Everything outside is checked once, here, and complained of in a sentence. */

export interface Env {
  readonly DB: D1Database;
  /** Optional: without it, events are kept in D1 only. */
  readonly ANALYTICS?: AnalyticsEngineDataset;
  /** A secret. With none set, the API answers 503. */
  readonly ADMIN_TOKEN?: string;
  /** A secret apart from ADMIN_TOKEN, 32 random bytes. Hashes of visitors and people cannot be made or checked without it. */
  readonly SECRET_KEY?: string;
  /** The SECRET_KEY before a rotation: what was encrypted with it can still be read. */
  readonly SECRET_KEY_PREVIOUS?: string;
  readonly CRON_STATEMENTS?: string;
  /** `direct` or `queue`. */
  readonly INGEST_MODE?: string;
  /** Optional: without it, what D1 will not take is lost. */
  readonly QUEUE?: Queue<Message>;
  /** Optional: limits events per pixel and address. */
  readonly RATE_LIMIT?: RateLimit;
}

/** 32 random bytes are 43 characters in base64; a secret of fewer characters than this could be guessed. */
const LEAST_SECRET_CHARACTERS = 32;

/** The secrets of this Worker; none when SECRET_KEY is not set or too short. */
export function secretsOf({ SECRET_KEY = '', SECRET_KEY_PREVIOUS = '' }: Env): Secrets {
  if (SECRET_KEY.length < LEAST_SECRET_CHARACTERS) return [];
  return SECRET_KEY_PREVIOUS === '' ? [SECRET_KEY] : [SECRET_KEY, SECRET_KEY_PREVIOUS];
}

/** `direct`: events go to D1, and to the queue only when D1 will not take them. `queue`: all go through the queue. */
export type IngestMode = 'direct' | 'queue';

/**
 * How events reach the store. A word that is neither counts as `direct`, which loses nothing; health says so.
 */
export function ingestMode(env: Env): IngestMode {
  return env.INGEST_MODE === 'queue' ? 'queue' : 'direct';
}

/** With fewer statements a cron run could not end a large day, purge another, and note what has failed. */
const LEAST_CRON_STATEMENTS = 17;
const DEFAULT_CRON_STATEMENTS = 45;

/**
 * How many D1 statements a cron run may use.
 * @throws Error when the setting is not a whole number of at least 17.
 */
export function cronStatements(env: Env): number {
  const text = env.CRON_STATEMENTS;
  if (text === undefined || text === '') return DEFAULT_CRON_STATEMENTS;
  const count = Number(text);
  if (!Number.isInteger(count) || count < LEAST_CRON_STATEMENTS) {
    throw new Error(
      `CRON_STATEMENTS is ${JSON.stringify(text)}; set it to a whole number of at least ${LEAST_CRON_STATEMENTS} in wrangler.toml.`,
    );
  }
  return count;
}
