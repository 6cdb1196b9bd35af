/** What happens to a pixel in the model's test, in random order. */
import fc from 'fast-check';
import { GOALS, histories, ODD_DAYS } from '../fixtures.ts';
import { randomQueries } from '../query/random-queries.ts';
import { DAY } from './model.ts';

const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const ANY_DAY = '2026-01-15';
const ZONES = [...new Set(ODD_DAYS.map(([zone]) => zone)), 'America/Los_Angeles'];
export const GOAL_LISTS = [[], GOALS, GOALS.slice(0, 3), GOALS.slice(4)];
export const RETENTIONS = [1, 3, 10, 30];

/** Which of two pixels. */
const which = fc.constantFrom(0, 0, 1);
const seed = fc.nat(9999);

/** What may also happen while a job is at work. */
const changes = {
  write: fc.record({
    kind: fc.constant('write' as const),
    which,
    events: histories(ANY_DAY, 10),
    /** How long ago the latest of them was. */
    ago: fc.oneof(
      { weight: 3, arbitrary: fc.constant(0) },
      { weight: 2, arbitrary: fc.integer({ min: 0, max: 4 * 24 }).map((hours) => hours * HOUR) },
      { weight: 1, arbitrary: fc.integer({ min: 4, max: 40 }).map((days) => days * DAY) },
    ),
    tell: fc.boolean(),
    /** Whether the isolate still knows the zone that the pixel had before. */
    stale: fc.boolean(),
    /** Whether D1 commits it and does not answer, so that it comes again through the queue, in parts. */
    unanswered: fc.boolean(),
    /** Makes client ids, visitors and aliases. */
    seed,
  }),
  again: fc.record({
    kind: fc.constant('again' as const),
    which,
    seed,
    count: fc.integer({ min: 1, max: 8 }),
  }),
  erase: fc.record({
    kind: fc.constant('erase' as const),
    which,
    seed,
    whom: fc.constantFrom(
      { ofPerson: true, ofVisitor: false },
      { ofPerson: false, ofVisitor: true },
      { ofPerson: true, ofVisitor: true },
    ),
  }),
  goals: fc.record({ kind: fc.constant('goals' as const), which, goals: fc.constantFrom(...GOAL_LISTS) }),
  /** The time zone changes, and an isolate that does not know it yet writes. */
  zone: fc.record({
    kind: fc.constant('zone' as const),
    which,
    zone: fc.constantFrom(...ZONES),
    events: histories(ANY_DAY, 5),
    ago: fc.integer({ min: 0, max: 4 * 24 }).map((hours) => hours * HOUR),
    seed,
  }),
  retention: fc.record({
    kind: fc.constant('retention' as const),
    which,
    days: fc.constantFrom(...RETENTIONS),
  }),
  /** The pixel is deleted while batches of it are on their way, and another takes its place. */
  delete: fc.record({ kind: fc.constant('delete' as const), which, events: histories(ANY_DAY, 5), seed }),
};
const change = fc.oneof(
  { weight: 6, arbitrary: changes.write },
  { weight: 2, arbitrary: changes.again },
  { weight: 2, arbitrary: changes.erase },
  { weight: 1, arbitrary: changes.goals },
  { weight: 2, arbitrary: changes.zone },
  { weight: 1, arbitrary: changes.retention },
  { weight: 1, arbitrary: changes.delete },
);
export type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

/** What may fail for one of the pixels, whatever is written to the table, as long as a job runs. */
const BREAKABLE = ['rollups', 'month_rollups', 'person_days', 'days', 'events'] as const;
export type Breakable = (typeof BREAKABLE)[number];
export const isBreakable = (what: unknown): what is Breakable => BREAKABLE.includes(what as Breakable);

const job = fc.record({
  kind: fc.constant('job' as const),
  /** At the first minute of an hour, when there is more to do. */
  hourly: fc.boolean(),
  statements: fc.oneof(fc.integer({ min: 19, max: 32 }), fc.constant(45)),
  /** Before which call something else happens. */
  at: fc.integer({ min: 1, max: 15 }),
  meanwhile: fc.oneof(
    { weight: 4, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.constant('killed' as const) },
    { weight: 1, arbitrary: fc.constant('another job' as const) },
    { weight: 1, arbitrary: fc.constant('at once' as const) },
    { weight: 2, arbitrary: fc.constantFrom(...BREAKABLE) },
    { weight: 2, arbitrary: change },
  ),
});
export type Job = typeof job extends fc.Arbitrary<infer T> ? T : never;

const clock = fc.record({
  kind: fc.constant('clock' as const),
  by: fc.oneof(
    fc.integer({ min: 1, max: 120 }).map((minutes) => minutes * MINUTE),
    fc.integer({ min: 1, max: 72 }).map((hours) => hours * HOUR),
    fc.integer({ min: 1, max: 21 }).map((days) => days * DAY),
  ),
});
export const query = fc.record({
  kind: fc.constant('ask' as const),
  which,
  seed,
  request: fc.oneof(
    { weight: 4, arbitrary: randomQueries(ANY_DAY) },
    { weight: 1, arbitrary: randomQueries(ANY_DAY, { moments: false, days: 90 }) },
  ),
});

const METRICS = ['visitors', 'visits', 'events', 'total_revenue'];
/**
 * Something comes late: for a month that is rolled up, a change of the zone or events; events as their day is closed; other
 * goals when days are rolled up, and while they are.
 */
const late = fc.record({
  kind: fc.constant('late' as const),
  which,
  what: fc.constantFrom('zone', 'month', 'closing', 'goals'),
  events: histories(ANY_DAY, 8),
  zone: fc.constantFrom(...ZONES),
  seed,
  /** Before which of a job's batches the goals change. */
  at: fc.integer({ min: 1, max: 4 }),
  /** Of the whole month. */
  request: fc.record({
    metrics: fc.constant(METRICS),
    dimensions: fc.constantFrom([], ['visit:source'], ['event:page'], ['time:month']),
    filters: fc.constant([]),
    include: fc.constant({ total_rows: false, time_labels: false }),
  }),
});
export type Late = typeof late extends fc.Arbitrary<infer T> ? T : never;

export type Step =
  | Late
  | Change
  | Job
  | (typeof clock extends fc.Arbitrary<infer T> ? T : never)
  | (typeof query extends fc.Arbitrary<infer T> ? T : never);

export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 10, arbitrary: change },
    { weight: 8, arbitrary: job },
    { weight: 6, arbitrary: clock },
    { weight: 6, arbitrary: query },
    { weight: 2, arbitrary: late },
  ),
  { minLength: 4, maxLength: 30, size: 'max' },
);

export const start = fc.record({
  odd: fc.constantFrom(...ODD_DAYS),
  /** Of the second pixel. */
  zone: fc.constantFrom(...ZONES),
  goals: fc.constantFrom(...GOAL_LISTS),
  retention: fc.constantFrom(...RETENTIONS),
  /** Whether a handful of events is a large day. */
  scale: fc.constantFrom(1, 1, 50_000),
});
