/**
 * `GET /api/v1/diagnostics`: what is bound and set, at which versions, how much there is to do, and how many events arrive, for
 * `npm run doctor`. Of secrets it says only whether they are set. A part that cannot be read, for example because the tables are
 * older than the Worker, is null and named in `failed_parts`.
 */
import { cronStatements, type Env, secretsOf } from '../env.ts';
import { pagePaths } from '../model/page-paths.ts';
import { MIN_ADMIN_TOKEN_LENGTH } from '../model/token.ts';
import { SCHEMA_VERSION, VERSION } from '../model/version.ts';
import { type Backlog, readBacklog, readDatabaseSize, readEngineDays } from '../store/backlog.ts';
import { type Counter, readCounters } from '../store/counters.ts';
import { type DestinationStates, readDestinationStates } from '../store/destinations.ts';
import type { FailedTask } from '../store/failed-tasks.ts';
import { readSchemaVersion } from '../store/schema.ts';
import { readSeals } from '../store/sealed-keys.ts';
import { readState, type StoreState } from '../store/state.ts';
import { type HourVolume, readVolume, sampleHour, type Volume } from '../store/volume.ts';
import type { Call } from './call.ts';
import { uncachedJson } from './uncached.ts';

const WEEK = 7 * 86_400_000;

const BINDINGS = ['DB', 'ANALYTICS', 'ANALYTICS_SQL', 'QUEUE', 'ARCHIVE', 'RATE_LIMIT'];
const SECRETS = ['ADMIN_TOKEN', 'SECRET_KEY', 'SECRET_KEY_PREVIOUS', 'ANALYTICS_TOKEN'];
const SETTINGS = [
  'INGEST_MODE',
  'EVENT_STORE',
  'CRON_STATEMENTS',
  'SCRIPT_PATH',
  'COLLECT_PATH',
  'PUBLIC_URL',
  'ACCOUNT_ID',
  'ANALYTICS_DATASET',
];

export async function readDiagnostics({ env }: Call): Promise<Response> {
  const now = Date.now();
  const failed: string[] = [];
  const part = async <T>(name: string, read: Promise<T>): Promise<T | null> => {
    try {
      return await read;
    } catch (error) {
      console.error(`diagnostics: ${name}: ${error}`);
      failed.push(name);
      return null;
    }
  };
  const database = await part('database', timed(readDatabaseSize(env.DB)));
  const [schema, counters, state, backlog, seals, engine, volume, destinations] = await Promise.all([
    part('schema', readSchemaVersion(env.DB)),
    part('counters', readCounters(env.DB)),
    part('tasks', readState(env.DB, now)),
    part('rollup', readBacklog(env.DB, now)),
    part('seals', readSeals(env.DB, secretsOf(env))),
    part('engine', readEngineDays(env.DB, new Date(now - WEEK).toISOString().slice(0, 10))),
    part('volume', readVolume(env.DB, now - WEEK)),
    part('destinations', readDestinationStates(env.DB)),
  ]);
  const busiest = volume && busiestOf(volume.hours);
  const sample = busiest && (await part('volume', sampleHour(env.DB, busiest)));
  const { default: build } = await import('../../dist/build.txt?raw');
  return uncachedJson({
    now: new Date(now).toISOString(),
    version: VERSION,
    build,
    bindings: Object.fromEntries(BINDINGS.map((name) => [name, bindingOf(env, name) !== undefined])),
    secrets: Object.fromEntries(SECRETS.map((name) => [name, secretState(env, name)])),
    settings: Object.fromEntries(SETTINGS.map((name) => [name, textOf(env, name)])),
    cron_statements: statementsOf(env),
    path_problems: pagePaths(env).problems,
    schema: schema === null ? null : { version: schema, expected: SCHEMA_VERSION },
    database: database && { size_bytes: database.value, round_trip_ms: database.milliseconds },
    counters: counters && countersOf(counters),
    tasks: state && tasksOf(state),
    rollup: backlog && rollupOf(backlog),
    dead_letters: state && backlog && { count: state.deadLetters, oldest_at: timeOf(backlog.oldestLetter) },
    seals,
    engine: engine && { days: engine.days, sampled_days: engine.sampled, greatest_interval: engine.interval },
    volume: volume && {
      since: new Date(now - WEEK).toISOString(),
      ...volumeOf(volume),
      busiest_hour_sample: sample && {
        at: timeOf(busiest?.at ?? null),
        events: sample.events,
        busiest_minute: sample.busiestMinute,
        plain: sample.plain,
      },
    },
    destinations: destinations && destinationsOf(destinations),
    failed_parts: [...new Set(failed)].sort(),
  });
}

/** A binding or setting, by its name. */
function bindingOf(env: Env, name: string): unknown {
  return (env as unknown as Readonly<Record<string, unknown>>)[name];
}

function textOf(env: Env, name: string): string | null {
  const value = bindingOf(env, name);
  return typeof value === 'string' && value !== '' ? value : null;
}

/** `short`: it could be guessed. `same`: it is ADMIN_TOKEN, which is sent over the network, so it protects less than it should. */
function secretState(env: Env, name: string): 'set' | 'short' | 'same' | 'missing' {
  const secret = textOf(env, name);
  if (secret === null) return 'missing';
  if (name === 'SECRET_KEY' && secret === env.ADMIN_TOKEN) return 'same';
  return secret.length < MIN_ADMIN_TOKEN_LENGTH ? 'short' : 'set';
}

/** The statements that a run of the cron may use; null if the setting is not valid, so that each run fails. */
function statementsOf(env: Env): number | null {
  try {
    return cronStatements(env);
  } catch {
    return null;
  }
}

async function timed<T>(work: Promise<T>): Promise<{ readonly value: T; readonly milliseconds: number }> {
  const before = performance.now();
  const value = await work;
  return { value, milliseconds: Math.round(performance.now() - before) };
}

const timeOf = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

function countersOf(counters: ReadonlyMap<string, Counter>): Record<string, unknown> {
  return Object.fromEntries(
    Array.from(counters, ([name, { value, last_at }]) => [name, { value, last_at: timeOf(last_at) }]),
  );
}

function tasksOf({ failing }: StoreState): Record<string, unknown> {
  return {
    failing: failing.count,
    oldest: failing.oldest.map(({ kind, since, retry_at, ...rest }: FailedTask) => ({
      task: kind,
      ...rest,
      since: timeOf(since),
      retry_at: timeOf(retry_at),
    })),
  };
}

function rollupOf({ days, events, oldest, outdated }: Backlog): Record<string, unknown> {
  return { due_days: days, due_events: events, oldest_due_at: timeOf(oldest), outdated_days: outdated };
}

/** What a network answered, and never a secret: neither is part of a problem. */
function destinationsOf({ oldest, ...counts }: DestinationStates): Record<string, unknown> {
  return {
    ...counts,
    oldest: oldest.map(({ id, pixel, network, name, problem }) => ({
      pixel,
      destination: id,
      network,
      name,
      message: problem?.message ?? '',
      advice: problem?.advice ?? '',
      at: timeOf(problem?.at ?? null),
    })),
  };
}

function volumeOf({ hours, pixels, eventDays, complete }: Volume): Record<string, unknown> {
  return {
    hours: hours.map(({ at, events, busiest }) => ({ at: timeOf(at), events, busiest_pixel: busiest })),
    pixels: pixels.map(({ pixel, events, busiestHour, retentionDays }) => ({
      pixel,
      events,
      busiest_hour: busiestHour,
      retention_days: retentionDays,
    })),
    event_days: eventDays,
    complete,
  };
}

function busiestOf(hours: readonly HourVolume[]): HourVolume | null {
  return hours.reduce<HourVolume | null>(
    (most, hour) => (most === null || hour.events > most.events ? hour : most),
    null,
  );
}
