/**
 * `GET /health`: whether Speck stores events, rolls them up, and loses none. Public and cheap: it reveals no secret, and is
 * computed at most once in a few seconds.
 */
import { type Env, eventStore, eventStoreProblem, ingestMode, secretsOf } from '../env.ts';
import { pagePaths } from '../model/page-paths.ts';
import { SCHEMA_VERSION, VERSION } from '../model/version.ts';
import { type Counter, type CounterName, readCounters, unwrittenCount } from '../store/counters.ts';
import type { FailedTask } from '../store/failed-tasks.ts';
import { readRelayState } from '../store/relay-state.ts';
import { readSchemaVersion, schemaAdvice } from '../store/schema.ts';
import { readSeals } from '../store/sealed-keys.ts';
import { readState, type StoreState } from '../store/state.ts';

/** How long a result is cached, in milliseconds. */
const TTL = 5_000;
/** The cron runs every 5 minutes; three missed runs are worth a look. */
const CRON_LATE = 16 * 60_000;
/** A finished day is rolled up within minutes, or within hours if there is a backlog. */
const ROLLUP_LATE = 6 * 3_600_000;
/** A conversion that could be sent is sent within minutes, or hours if there is a backlog. */
const RELAY_LATE = 6 * 3_600_000;
/** How long a loss counts as recent. */
const RECENT_LOSS = 24 * 3_600_000;

interface Health {
  readonly status: 'ok' | 'degraded';
  readonly [part: string]: unknown;
}

let cached: { readonly health: Health; readonly until: number; readonly db: D1Database } | undefined;

export async function health(env: Env): Promise<Response> {
  const now = Date.now();
  if (!cached || cached.until <= now || cached.db !== env.DB) {
    cached = { health: await examine(env, now), until: now + TTL, db: env.DB };
  }
  return Response.json(cached.health, {
    status: cached.health['store'] === null ? 503 : 200,
    headers: { 'cache-control': `public, max-age=${TTL / 1000}` },
  });
}

async function examine(env: Env, now: number): Promise<Health> {
  const secrets = secretsOf(env);
  const { problems } = pagePaths(env);
  const common = { version: VERSION, api: apiState(env), path_problems: problems };
  const storeProblem = eventStoreProblem(env);
  const ingest = {
    mode: ingestMode(env),
    event_store: storeProblem === null ? eventStore(env) : `d1: ${storeProblem}`,
    spilling: env.QUEUE ? 'on' : 'off: no queue is bound',
  };
  const schemaState = examineSchema(env.DB);
  const before = performance.now();
  try {
    const [state, relay, counters, seals] = await Promise.all([
      readState(env.DB, now),
      readRelayState(env.DB, now),
      readCounters(env.DB),
      readSeals(env.DB, secrets),
    ]);
    const roundTrip = Math.round(performance.now() - before);
    const lost = counters.get('lost_events');
    const cron = counters.get('cron_runs');
    const lostEvents = (lost?.value ?? 0) + unwrittenCount('lost_events');
    const hasRecentLoss =
      unwrittenCount('lost_events') > 0 || (lost !== undefined && now - lost.last_at < RECENT_LOSS);
    const schema = await schemaState;
    const isDegraded =
      hasRecentLoss ||
      state.deadLetters > 0 ||
      Boolean(schema?.advice) ||
      secrets.length === 0 ||
      seals.unreadable > 0 ||
      problems.length > 0 ||
      storeProblem !== null ||
      isRollupBehind(state, counters, now) ||
      (relay.oldestDue !== null && now - relay.oldestDue > RELAY_LATE);
    return {
      status: isDegraded ? 'degraded' : 'ok',
      ...common,
      schema,
      secret_key: {
        state: secrets.length > 0 ? 'set' : 'missing: visitors and people cannot be distinguished',
        ...seals,
      },
      store: { round_trip_ms: roundTrip },
      ingest: {
        ...ingest,
        spilled_batches: (counters.get('spilled_batches')?.value ?? 0) + unwrittenCount('spilled_batches'),
        dead_batches: state.deadLetters,
        lost_events: lostEvents,
      },
      rollup: {
        oldest_dirty_day_seconds: state.oldestDue === null ? 0 : Math.round((now - state.oldestDue) / 1000),
        last_cron: cron ? new Date(cron.last_at).toISOString() : null,
        failing_tasks: state.failing.count,
        failing: state.failing.oldest.map(failingTask),
        given_up_days: counters.get('given_up_days')?.value ?? 0,
      },
      relay: {
        waiting: relay.waiting,
        oldest_due_seconds: relay.oldestDue === null ? 0 : Math.round((now - relay.oldestDue) / 1000),
        stopped_destinations: relay.stopped,
      },
    };
  } catch (error) {
    console.error(`health: ${error}`);
    return { status: 'degraded', ...common, schema: await schemaState, store: null, ingest };
  }
}

/** Whether the cron does not run, does not keep up, has failing tasks, or recently gave up the rollup of a day. */
function isRollupBehind(
  { oldestDue, failing }: StoreState,
  counters: ReadonlyMap<string, Counter>,
  now: number,
): boolean {
  const age = (name: CounterName): number => now - (counters.get(name)?.last_at ?? -Infinity);
  const waiting = oldestDue === null ? 0 : now - oldestDue;
  const isCronLate = counters.has('cron_runs') ? age('cron_runs') > CRON_LATE : waiting > CRON_LATE;
  // A late event or an import makes an old day dirty, so the rollup is late only if no run has caught up for hours.
  const isRollupLate = waiting > ROLLUP_LATE && age('caught_up_runs') > ROLLUP_LATE;
  return isCronLate || isRollupLate || failing.count > 0 || age('given_up_days') < RECENT_LOSS;
}

/** What the response says about a failing task. The error itself is in the log only. */
function failingTask({ kind, pixel, item, attempts, since, retry_at }: FailedTask): Record<string, unknown> {
  return {
    task: kind,
    ...(pixel === '' ? {} : { pixel }),
    ...(item === '' ? {} : { item }),
    attempts,
    since: new Date(since).toISOString(),
    retry_at: new Date(retry_at).toISOString(),
  };
}

/** The version of the database's tables, and the one that this Worker needs. Null if the database cannot be reached. */
async function examineSchema(
  db: D1Database,
): Promise<{ readonly version: number; readonly expected: number; readonly advice?: string } | null> {
  const version = await readSchemaVersion(db).catch(() => null);
  if (version === null) return null;
  const advice = schemaAdvice(version);
  return { version, expected: SCHEMA_VERSION, ...(advice === null ? {} : { advice }) };
}

function apiState(env: Env): string {
  if (!env.ADMIN_TOKEN) return 'closed: set the secret ADMIN_TOKEN';
  return secretsOf(env).length > 0 ? 'open' : 'closed: npm run deploy creates the secret SECRET_KEY';
}
