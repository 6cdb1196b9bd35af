/** What the doctor finds out before it judges. */
import type { Plan } from '../platform-limits.ts';
import type { Configuration } from './configuration.ts';

/** The answer of `GET /api/v1/diagnostics`: src/api/owner-schemas.ts describes it. Times are ISO 8601. */
export interface Diagnostics {
  readonly now: string;
  readonly version: string;
  readonly build: string;
  readonly bindings: Readonly<Record<string, boolean>>;
  readonly secrets: Readonly<Record<string, SecretState>>;
  readonly settings: Readonly<Record<string, string | null>>;
  readonly cron_statements: number | null;
  readonly path_problems: readonly string[];
  readonly schema: { readonly version: number; readonly expected: number } | null;
  readonly database: { readonly size_bytes: number; readonly round_trip_ms: number } | null;
  readonly counters: Readonly<Record<string, { readonly value: number; readonly last_at: string }>> | null;
  readonly tasks: { readonly failing: number; readonly oldest: readonly FailingTask[] } | null;
  readonly rollup: {
    readonly due_days: number;
    readonly due_events: number;
    readonly oldest_due_at: string | null;
    readonly outdated_days: number;
  } | null;
  readonly dead_letters: { readonly count: number; readonly oldest_at: string | null } | null;
  readonly seals: { readonly waiting: number; readonly unreadable: number } | null;
  readonly engine: {
    readonly days: number;
    readonly sampled_days: number;
    readonly greatest_interval: number;
  } | null;
  readonly volume: Volume | null;
  /** A Worker of an earlier version has none. */
  readonly destinations?: Destinations | null;
  readonly failed_parts: readonly string[];
}

/** Where conversions are sent. */
export interface Destinations {
  readonly on: number;
  readonly off: number;
  readonly stopped: number;
  readonly oldest: readonly {
    readonly pixel: string;
    readonly destination: string;
    readonly network: string;
    readonly name: string;
    readonly message: string;
    readonly advice: string;
    readonly at: string | null;
  }[];
}

export type SecretState = 'set' | 'short' | 'same' | 'missing';

export interface FailingTask {
  readonly task: string;
  readonly pixel: string;
  readonly item: string;
  readonly attempts: number;
  readonly since: string;
  readonly error: string;
}

export interface Volume {
  readonly since: string;
  readonly hours: readonly { readonly at: string; readonly events: number; readonly busiest_pixel: number }[];
  readonly pixels: readonly {
    readonly pixel: string;
    readonly events: number;
    readonly busiest_hour: number;
    readonly retention_days: number;
  }[];
  readonly event_days: number;
  readonly complete: boolean;
  readonly busiest_hour_sample: {
    readonly at: string;
    readonly events: number;
    readonly busiest_minute: number;
    readonly plain: number;
  } | null;
}

/** As much of the answer of `GET /health` as matters without a token. */
export interface Health {
  readonly version: string;
  readonly api: string;
  readonly store: unknown;
  readonly schema: { readonly advice?: string } | null;
}

/** What came of asking for the diagnostics. */
export type Access =
  | 'read'
  /** No token was given. */
  | 'no token'
  /** The token is not known there, or is not the owner's. */
  | 'wrong token'
  /** The Worker has no such address: it is of an earlier version. */
  | 'too old'
  /** A secret is missing, so the API is closed. */
  | 'closed'
  | 'failed';

export interface Facts {
  readonly url: string;
  readonly isLocal: boolean;
  /** The environment of the configuration; undefined for the top level. */
  readonly env: string | undefined;
  /** The time of this machine, in epoch milliseconds. */
  readonly now: number;
  /** Null if nothing answers, or what answers is no Speck. */
  readonly health: Health | null;
  /** Why there is no health. */
  readonly failure: string;
  readonly access: Access;
  readonly diagnostics: Diagnostics | null;
  /** By how many milliseconds this machine's clock is ahead of the Worker's at least; negative: behind. */
  readonly skew: number;
  /** The build of this checkout. */
  readonly build: string;
  readonly configuration: Configuration | null;
  readonly plan: { readonly name: Plan; readonly why: string };
}

/**
 * `wrong`: something fails or is lost, or will be. `near`: a limit is close. `note`: nothing is wrong, but the owner should know.
 */
export type Level = 'wrong' | 'near' | 'note';

export interface Finding {
  /** A stable word for programs. */
  readonly code: string;
  readonly level: Level;
  /** What it is: a sentence. */
  readonly what: string;
  /** What to do about it: a sentence. */
  readonly advice: string;
}

/** The flag that makes a command of wrangler or npm mean the same environment. */
export const envFlag = ({ env }: Pick<Facts, 'env'>): string => (env === undefined ? '' : ` --env ${env}`);

/** How to deploy, or to start a Speck on this machine again. */
export const deployCommand = (facts: Pick<Facts, 'env' | 'isLocal'>): string =>
  facts.isLocal ? 'npm start' : `npm run deploy${facts.env === undefined ? '' : ` -- --env ${facts.env}`}`;

export const finding = (level: Level, code: string, what: string, advice: string): Finding => ({
  code,
  level,
  what,
  advice,
});
/** How to set a secret. */
export const secretPut = (facts: Facts, name: string): string =>
  facts.isLocal
    ? `set ${name} in .dev.vars and run npm start again`
    : `npx wrangler secret put ${name}${envFlag(facts)}`;
