/** What the doctor finds wrong in a configuration, in settings and in clocks: each finding alone, and none where nothing is wrong. */
import { beforeAll, describe, expect, it } from 'vitest';
import { findingsOf } from '../../scripts/lib/doctor/checks.ts';
import {
  type Configuration,
  customDomainOf,
  readConfiguration,
} from '../../scripts/lib/doctor/configuration.ts';
import type { Diagnostics, Facts } from '../../scripts/lib/doctor/facts.ts';
import { skewOf } from '../../scripts/lib/doctor/gather.ts';
import { limitsOf } from '../../scripts/lib/doctor/limits.ts';
import { planOf } from '../../scripts/lib/doctor/plan.ts';
import { reportOf } from '../../scripts/lib/doctor/report.ts';

const NOW = Date.parse('2026-03-18T12:00:00Z');
const HOUR = 3_600_000;
const at = (age: number) => new Date(NOW - age).toISOString();

const DIAGNOSTICS: Diagnostics = {
  now: at(0),
  version: '0.1.0',
  build: 'aaaa',
  bindings: {
    DB: true,
    ANALYTICS: true,
    ANALYTICS_SQL: false,
    QUEUE: true,
    ARCHIVE: false,
    RATE_LIMIT: false,
  },
  secrets: {
    ADMIN_TOKEN: 'set',
    SECRET_KEY: 'set',
    SECRET_KEY_PREVIOUS: 'missing',
    ANALYTICS_TOKEN: 'missing',
  },
  settings: { INGEST_MODE: 'direct', EVENT_STORE: null, CRON_STATEMENTS: '45', ACCOUNT_ID: null },
  cron_statements: 45,
  path_problems: [],
  schema: { version: 6, expected: 6 },
  database: { size_bytes: 1e6, round_trip_ms: 1 },
  counters: {
    cron_runs: { value: 3, last_at: at(60_000) },
    caught_up_runs: { value: 3, last_at: at(60_000) },
  },
  tasks: { failing: 0, oldest: [] },
  rollup: { due_days: 0, due_events: 0, oldest_due_at: null, outdated_days: 0 },
  dead_letters: { count: 0, oldest_at: null },
  seals: { waiting: 0, unreadable: 0 },
  engine: { days: 0, sampled_days: 0, greatest_interval: 1 },
  volume: null,
  destinations: { on: 2, off: 1, stopped: 0, oldest: [] },
  failed_parts: [],
};

/** Two destinations have stopped, and one of them is named. */
const STOPPED = {
  ...{ on: 1, off: 0, stopped: 2 },
  oldest: [
    {
      ...{ pixel: 'px_1', destination: 'ds_1', network: 'linkedin', name: 'Shop' },
      ...{ message: 'The version 202511 has ended.', advice: 'Set a newer one.', at: at(3 * 3_600_000) },
    },
  ],
};

/** wrangler.toml with the settings of these diagnostics. */
let configuration: Configuration;
let shipped: Configuration;
beforeAll(async () => {
  shipped = await readConfiguration(undefined);
  configuration = { ...shipped, vars: { INGEST_MODE: 'direct', CRON_STATEMENTS: '45' } };
});

const facts = (more: Partial<Facts> = {}, diagnostics: Partial<Diagnostics> = {}): Facts => ({
  url: 'https://px.example.com',
  isLocal: false,
  env: undefined,
  now: NOW,
  health: { version: '0.1.0', api: 'open', store: {}, schema: null },
  failure: '',
  access: 'read',
  diagnostics: { ...DIAGNOSTICS, ...diagnostics },
  skew: 0,
  build: 'aaaa',
  configuration,
  plan: { name: 'free', why: 'assumed' },
  ...more,
});
const codesOf = (some: Facts) => findingsOf(some).map(({ code }) => code);
const withConfiguration = (more: Partial<Configuration>) =>
  codesOf(facts({ configuration: { ...configuration, ...more } }));

it('finds nothing wrong where nothing is, and in wrangler.toml as it comes', () => {
  expect(findingsOf(facts())).toEqual([]);
  const settings = { ...DIAGNOSTICS.settings, ...(shipped.vars as Record<string, string>) };
  expect(findingsOf(facts({ configuration: shipped }, { settings }))).toEqual([]);
});

describe('a configuration', () => {
  const domain = { pattern: 'px.example.com', custom_domain: true };
  const consumers = (letters: string) => [
    { queue: 'speck-events', dead_letter_queue: letters },
    { queue: letters },
  ];

  it.each<[string, () => Partial<Configuration>, string[]]>([
    ['a domain alone', () => ({ routes: [domain], workers_dev: false }), []],
    ['a domain and workers.dev', () => ({ routes: [domain], workers_dev: true }), ['two_addresses']],
    ['a domain, as the one route', () => ({ route: domain }), ['two_addresses']],
    ['a route that is no domain', () => ({ routes: ['example.com/stats/*'], workers_dev: true }), []],
    ['no queue at all', () => ({ queues: {} }), []],
    ['a queue that nobody reads', () => ({ queues: { ...queues(), consumers: [] } }), ['queue_unread']],
    [
      'no dead-letter queue',
      () => ({ queues: { ...queues(), consumers: [{ queue: 'speck-events' }] } }),
      ['no_dead_letter_queue'],
    ],
    [
      'dead letters under another name',
      () => ({ queues: { ...queues(), consumers: consumers('speck-dead') } }),
      ['dead_letters_misnamed'],
    ],
    [
      'dead letters that nobody reads',
      () => ({ queues: { ...queues(), consumers: consumers('dead-letters').slice(0, 1) } }),
      ['dead_letters_unread'],
    ],
    ['no cron', () => ({ triggers: { crons: [] } }), ['cron_changed']],
    ['a slower cron', () => ({ triggers: { crons: ['*/15 * * * *'] } }), ['cron_changed']],
    ['logs of requests', () => ({ observability: { enabled: true } }), ['logs_record_visitors']],
    ['no logs', () => ({ observability: { enabled: false } }), []],
    ['a bucket that is not deployed', () => ({ r2_buckets: [{ binding: 'ARCHIVE' }] }), ['binding_missing']],
    ['a limit that is not deployed', () => ({ ratelimits: [{ name: 'RATE_LIMIT' }] }), ['binding_missing']],
    [
      'a setting that is not deployed',
      () => ({ vars: { ...configuration.vars, INGEST_MODE: 'queue' } }),
      ['setting_differs'],
    ],
    ['a setting that is not in the file', () => ({ vars: { INGEST_MODE: 'direct' } }), ['setting_differs']],
  ])('with %s', (_, more, expected) => {
    expect(withConfiguration(more())).toEqual(expected);
  });

  it('has a domain, or none', () => {
    expect(customDomainOf({ ...configuration, routes: [domain] })).toBe('px.example.com');
    expect(customDomainOf({ ...configuration, routes: ['example.com/*', domain] })).toBe('px.example.com');
    expect(customDomainOf(configuration)).toBeUndefined();
  });

  function queues() {
    return { producers: [{ binding: 'QUEUE', queue: 'speck-events' }] };
  }
});

describe('settings', () => {
  const { settings, bindings, secrets } = DIAGNOSTICS;
  const engine = { ...settings, EVENT_STORE: 'analytics_engine' };
  const asSet = (set: Diagnostics['settings']) => ({
    configuration: { ...configuration, vars: { ...configuration.vars, ...set } },
  });

  it.each<[string, Partial<Diagnostics>, string[]]>([
    [
      'the queue without a queue',
      { settings: { ...settings, INGEST_MODE: 'queue' }, bindings: { ...bindings, QUEUE: false } },
      ['queue_missing', 'binding_missing'],
    ],
    ['no queue', { bindings: { ...bindings, QUEUE: false } }, ['no_queue', 'binding_missing']],
    [
      'an engine that is not bound',
      { settings: engine, bindings: { ...bindings, ANALYTICS: false } },
      ['analytics_missing', 'binding_missing'],
    ],
    ['an engine that nothing reads', { settings: engine }, ['analytics_unread']],
    [
      'an engine without the account',
      { settings: engine, secrets: { ...secrets, ANALYTICS_TOKEN: 'set' } },
      ['analytics_unread'],
    ],
    [
      'an engine that a token reads',
      { settings: { ...engine, ACCOUNT_ID: 'a1' }, secrets: { ...secrets, ANALYTICS_TOKEN: 'set' } },
      [],
    ],
    [
      'an engine that a binding reads',
      { settings: engine, bindings: { ...bindings, ANALYTICS_SQL: true } },
      [],
    ],
    ['an unknown store', { settings: { ...settings, EVENT_STORE: 'kv' } }, ['unknown_event_store']],
    ['an unknown mode', { settings: { ...settings, INGEST_MODE: 'Queue' } }, ['unknown_ingest_mode']],
    ['keys of another secret', { seals: { waiting: 0, unreadable: 2 } }, ['unreadable_seals']],
    [
      'a rotation',
      { secrets: { ...secrets, SECRET_KEY_PREVIOUS: 'set' }, seals: { waiting: 1, unreadable: 0 } },
      ['rotation_runs'],
    ],
    ['a newer database', { schema: { version: 7, expected: 6 } }, ['schema_ahead']],
    ['another build', { build: 'bbbb' }, ['other_build']],
    ['samples', { engine: { days: 9, sampled_days: 2, greatest_interval: 10 } }, ['sampled']],
    ['days that are complete', { engine: { days: 9, sampled_days: 0, greatest_interval: 1 } }, []],
    [
      'destinations that have stopped',
      { destinations: STOPPED },
      ['stopped_destination', 'stopped_destination'],
    ],
    ['parts that cannot be read', { failed_parts: ['volume'] }, ['unreadable_state']],
    [
      'parts that cannot be read before a migration',
      { failed_parts: ['volume'], schema: { version: 5, expected: 6 } },
      ['schema_behind'],
    ],
  ])('with %s', (_, diagnostics, expected) => {
    expect(codesOf(facts(asSet(diagnostics.settings ?? settings), diagnostics))).toEqual(expected);
  });
});

describe('a stopped destination', () => {
  it('is named, with what the network answered and what to do', () => {
    const [first, others] = findingsOf(facts({}, { destinations: STOPPED })).filter(
      ({ code }) => code === 'stopped_destination',
    );
    expect(first).toMatchObject({
      level: 'wrong',
      what: 'The destination "Shop" (linkedin, ds_1 of px_1) stopped 3 hours ago, and its conversions wait: The version 202511 has ended.',
      advice: 'Set a newer one.',
    });
    expect(others?.what).toBe('1 more destination has stopped.');
  });

  it('is none of a Worker of an earlier version', () => {
    const { destinations: _, ...earlier } = DIAGNOSTICS;
    expect(findingsOf({ ...facts(), diagnostics: earlier }).map(({ code }) => code)).not.toContain(
      'stopped_destination',
    );
  });
});

describe('clocks', () => {
  it.each([
    [0, []],
    [59_000, []],
    [61_000, ['clock_skew']],
    [-61_000, ['clock_skew']],
  ])('%i ms apart', (skew, expected) => {
    expect(codesOf(facts({ skew }))).toEqual(expected);
  });

  it('are compared within the time that a request took', () => {
    expect(skewOf(1500, 1000, 2000)).toBe(0);
    expect(skewOf(400, 1000, 2000)).toBe(600);
    expect(skewOf(2600, 1000, 2000)).toBe(-600);
  });
});

describe('limits', () => {
  const levelOf = (name: string, diagnostics: Partial<Diagnostics>, more: Partial<Facts> = {}) => {
    const limit = limitsOf(facts(more, diagnostics), LOAD).find((one) => one.name === name);
    return limit?.level ?? null;
  };
  const LOAD = {
    hour: 1,
    peak: 1,
    peakOf: 'minute' as const,
    pixelPeak: 1,
    busiestDay: 20_000,
    meanDay: 20_000,
    stored: 1e6,
    restShare: 0,
  };
  const size = (size_bytes: number) => ({ database: { size_bytes, round_trip_ms: 1 } });
  const paid = { plan: { name: 'paid', why: '' } } as const;

  it.each([
    [349e6, 'ok'],
    [351e6, 'near'],
    [501e6, 'over'],
  ])('a database of %i bytes on the free plan', (bytes, level) => {
    expect(levelOf('d1 database size', size(bytes))).toBe(level);
  });

  it('differ by plan, by store and by mode', () => {
    expect(levelOf('d1 database size', size(501e6), paid)).toBe('ok');
    expect(levelOf('d1 database size', size(7.1e9), paid)).toBe('near');
    expect(levelOf('d1 rows written', {})).toBe('ok');
    expect(levelOf('d1 rows written', {}, paid)).toBeNull();
    expect(levelOf('queues messages', {})).toBeNull();
    expect(levelOf('queues operations', { settings: { INGEST_MODE: 'queue' } })).toBe('over');
    const busy = { ...LOAD, peak: 500, pixelPeak: 500 };
    const share = (settings: Diagnostics['settings']) =>
      limitsOf(facts({}, { settings }), busy).find(({ name }) => name === 'analytics unsampled points')
        ?.share;
    expect(share({})).toBe(5);
    expect(share({ EVENT_STORE: 'analytics_engine' })).toBe(5 / 64);
  });

  it('that are near are findings, but do not fail the command', () => {
    const report = reportOf(facts({}, size(400e6)));
    expect(report.status).toBe('near');
    expect(report.findings.map(({ code }) => code)).toEqual(['limit: d1 database size']);
    expect(report.findings[0]?.what).toBe(
      'The limit of d1 database size is near: 400 MB of 500 MB (80 %), as D1 reports it.',
    );
  });
});

it('knows the plan by what only one of them allows', () => {
  const plan = (diagnostics: Partial<Diagnostics>, more: Partial<Configuration> = {}) =>
    planOf(undefined, { ...DIAGNOSTICS, ...diagnostics }, { ...configuration, ...more }).name;
  expect(plan({})).toBe('free');
  expect(plan({ database: { size_bytes: 501e6, round_trip_ms: 1 } })).toBe('paid');
  expect(plan({ cron_statements: 900 })).toBe('paid');
  expect(plan({}, { limits: { cpu_ms: 5000 } })).toBe('paid');
  expect(planOf('free', { ...DIAGNOSTICS, cron_statements: 900 }, null)).toEqual({
    name: 'free',
    why: 'as you say',
  });
});

it('waits in time: a backlog is wrong only if no run has caught up', () => {
  const waiting = { rollup: { due_days: 2, due_events: 5, oldest_due_at: at(7 * HOUR), outdated_days: 0 } };
  expect(codesOf(facts({}, waiting))).toEqual([]);
  const counters = { cron_runs: { value: 3, last_at: at(60_000) } };
  expect(codesOf(facts({}, { ...waiting, counters }))).toEqual(['rollup_behind']);
});
