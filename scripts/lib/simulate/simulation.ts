/** A simulation: what a load takes and costs, which limit it reaches first, and which setting lifts that. */
import type { Plan } from '../platform-limits.ts';
import { type CostItem, costOf, totalOf } from './cost.ts';
import { type LimitUse, limitsOf } from './limits.ts';
import { type LoadOptions, loadOf, PIXELS_PER_DATABASE } from './load.ts';
import type { EventStore, IngestMode, Measured } from './measured.ts';
import { type Usage, usageOf } from './usage.ts';

export interface Scenario extends Omit<LoadOptions, 'databases'> {
  readonly plan: Plan;
  readonly eventStore: EventStore;
  readonly ingestMode: IngestMode;
  readonly retentionDays: number;
  readonly keepDays: number;
  readonly viewsPerDay: number;
  /** Undefined: as few as the pixels need. */
  readonly databases: number | undefined;
}

export interface Outcome {
  readonly scenario: Scenario;
  readonly databases: number;
  readonly usage: Usage;
  /** Empty on the free plan. */
  readonly cost: readonly CostItem[];
  /** Dollars a month. */
  readonly dollars: number;
  /** The one that is used the most first. */
  readonly limits: readonly LimitUse[];
}

export interface Simulation extends Outcome {
  /** Settings that bring the limit that is used the most below 1, if it is above. */
  readonly lifts: readonly Lift[];
}

export interface Lift {
  /** What to set, in the words of the owner. */
  readonly setting: string;
  readonly dollars: number;
  /** The limit that is used the most with this setting. */
  readonly next: LimitUse | undefined;
}

export function simulate(scenario: Scenario, measured: Measured): Simulation {
  const outcome = outcomeOf(scenario, measured);
  const [first] = outcome.limits;
  const lifts = first && first.share >= 1 ? liftsOf(scenario, first, measured) : [];
  return { ...outcome, lifts };
}

function outcomeOf(scenario: Scenario, measured: Measured): Outcome {
  const databases = databasesOf(scenario);
  const load = loadOf({ ...scenario, databases });
  const setup = { ...scenario, load };
  const usage = usageOf(setup, measured);
  const cost =
    scenario.plan === 'paid' ? costOf({ days: usage.day, bytes: usage.bytes.afterYear, databases }) : [];
  return {
    scenario,
    databases,
    usage,
    cost,
    dollars: totalOf(cost),
    limits: limitsOf(usage, setup, scenario.plan),
  };
}

export function databasesOf({ pixels, databases }: Pick<Scenario, 'pixels' | 'databases'>): number {
  return databases ?? Math.max(1, Math.ceil(pixels / PIXELS_PER_DATABASE));
}

/** Shorter times than the defaults, to try. */
const SHORT_RETENTION = 7;
const SHORT_KEEP = 90;
const MORE_DATABASES = 10;

/** What an owner can change, one at a time; then the queue, the engine and shorter times together. */
function changesOf(scenario: Scenario, measured: Measured): { setting: string; change: Partial<Scenario> }[] {
  const { plan, eventStore, ingestMode, retentionDays, keepDays, pixels } = scenario;
  const hasEngine = measured.counts.stores.analytics_engine !== null;
  const engine = { eventStore: 'analytics_engine' } as const;
  const shorter = { retentionDays: SHORT_RETENTION, keepDays: SHORT_KEEP };
  const databases = databasesOf(scenario) * MORE_DATABASES;
  const changes = [
    { setting: 'the paid plan', change: { plan: 'paid' }, isChange: plan === 'free' },
    { setting: 'INGEST_MODE = "queue"', change: { ingestMode: 'queue' }, isChange: ingestMode === 'direct' },
    { setting: 'INGEST_MODE = "direct"', change: { ingestMode: 'direct' }, isChange: ingestMode === 'queue' },
    {
      setting: `retention_days = ${SHORT_RETENTION}`,
      change: { retentionDays: SHORT_RETENTION },
      isChange: retentionDays > SHORT_RETENTION,
    },
    {
      setting: 'EVENT_STORE = "analytics_engine"',
      change: engine,
      isChange: hasEngine && eventStore === 'd1',
    },
    {
      setting: `keep_days = ${SHORT_KEEP}`,
      change: { keepDays: SHORT_KEEP },
      isChange: keepDays > SHORT_KEEP,
    },
    { setting: `${databases} databases`, change: { databases }, isChange: databases <= pixels },
    {
      setting: `retention_days = ${SHORT_RETENTION} and keep_days = ${SHORT_KEEP}`,
      change: shorter,
      isChange: retentionDays > SHORT_RETENTION && keepDays > SHORT_KEEP,
    },
    {
      setting: `EVENT_STORE = "analytics_engine" and keep_days = ${SHORT_KEEP}`,
      change: { ...engine, keepDays: SHORT_KEEP },
      isChange: hasEngine && eventStore === 'd1' && keepDays > SHORT_KEEP,
    },
  ] satisfies { setting: string; change: Partial<Scenario>; isChange: boolean }[];
  return changes.filter(({ isChange }) => isChange);
}

/** Tries each change. Those that bring the limit below 1 lift it. */
function liftsOf(scenario: Scenario, { id }: LimitUse, measured: Measured): Lift[] {
  return changesOf(scenario, measured).flatMap(({ setting, change }) => {
    const { limits, dollars } = outcomeOf({ ...scenario, ...change }, measured);
    const still = limits.find((one) => one.id === id && one.share >= 1);
    return still ? [] : [{ setting, dollars, next: limits[0] }];
  });
}

/** The volume at which a limit is reached. */
export interface Wall {
  readonly use: LimitUse;
  readonly eventsPerDay: number;
}

/** Volumes that are compared, by their logarithms: eight for each power of ten. */
const FIRST_POWER = 3;
const LAST_POWER = 12;
const STEPS = 8;

/** Each limit that a load reaches if it grows, with the volume at which that happens, the smallest volume first. */
export function wallsOf(scenario: Omit<Scenario, 'eventsPerDay'>, measured: Measured): Wall[] {
  const walls = new Map<string, Wall>();
  const before = new Map<string, { readonly events: number; readonly share: number }>();
  for (let step = FIRST_POWER * STEPS; step <= LAST_POWER * STEPS; step++) {
    const events = 10 ** (step / STEPS);
    for (const use of outcomeOf({ ...scenario, eventsPerDay: events }, measured).limits) {
      if (!walls.has(use.id) && use.share >= 1) {
        walls.set(use.id, { use, eventsPerDay: crossing(before.get(use.id), { events, share: use.share }) });
      }
      before.set(use.id, { events, share: use.share });
    }
  }
  return [...walls.values()].sort((a, b) => a.eventsPerDay - b.eventsPerDay);
}

interface Point {
  readonly events: number;
  readonly share: number;
}

/** Where a share that follows a power of the volume between two points is 1. */
function crossing(below: Point | undefined, above: Point): number {
  if (below === undefined || below.share <= 0) return above.events;
  const slope = Math.log(above.share / below.share) / Math.log(above.events / below.events);
  return above.events * above.share ** (-1 / slope);
}
