/** How near a Speck is to the limits of the platform. */
import { type LimitName, PLATFORM_FIGURES, type Plan, platformLimit } from '../platform-limits.ts';
import type { Facts } from './facts.ts';
import type { Load } from './load.ts';
import { MEASURED, NEAR } from './measured.ts';
import { number } from './words.ts';

export interface Limit {
  /** As platform-limits.ts calls it. */
  readonly name: string;
  readonly value: number;
  readonly limit: number;
  readonly unit: string;
  readonly share: number;
  readonly level: 'ok' | 'near' | 'over';
  /** How the value was found out. */
  readonly basis: string;
  /** What to do if it is near or over. */
  readonly advice: string;
  readonly source: string;
}

/** The limits that the facts allow to compare; those that the plan does not have are left out. */
export function limitsOf(facts: Facts, load: Load | null): Limit[] {
  const { diagnostics, plan } = facts;
  if (!diagnostics) return [];
  const limits: Limit[] = [];
  const add = (name: LimitName, value: number, basis: string, advice: string, near = NEAR): void => {
    const limit = platformLimit(name, plan.name);
    if (limit === null) return;
    const share = value / limit;
    const level = share > 1 ? 'over' : share >= near ? 'near' : 'ok';
    limits.push({ name, value, limit, share, level, basis, advice, ...describe(name, plan.name) });
  };
  const { database, rollup, settings, bindings, cron_statements: statements } = diagnostics;
  const paid = plan.name === 'free' ? 'Take the paid plan' : null;
  if (database) {
    add(
      'd1 database size',
      database.size_bytes,
      'as D1 reports it',
      `Shorten retention_days or keep_days of the pixels with the most events${paid ? `, or take the paid plan` : ', or set EVENT_STORE = "analytics_engine"'}.`,
    );
  }
  if (statements !== null && rollup) {
    const due = (rollup.due_days + rollup.outdated_days) * MEASURED.statementsOfDay.value;
    const runs = Math.ceil(due / statements);
    add(
      'd1 queries of an invocation',
      statements,
      `CRON_STATEMENTS; ${number(rollup.due_days)} due and ${number(rollup.outdated_days)} outdated days take about ${number(runs)} more runs`,
      'Lower CRON_STATEMENTS below the limit.',
      // It is set to be near.
      Number.POSITIVE_INFINITY,
    );
  }
  if (!load) return limits;
  const isQueueMode = settings['INGEST_MODE'] === 'queue' && bindings['QUEUE'] === true;
  const toAnalytics = settings['EVENT_STORE'] === 'analytics_engine' && bindings['ANALYTICS'] === true;
  const toD1 = toAnalytics ? (load.restShare ?? 1) : 1;
  const estimate = 'estimated from the events of the last seven days';
  const more = paid ? `${paid}.` : 'See the advised modes below.';
  add('workers requests', load.busiestDay, `${estimate}: at most one request an event`, more);
  add(
    'd1 rows written',
    load.busiestDay * toD1 * MEASURED.rowsWritten.value,
    `${estimate}: ${MEASURED.rowsWritten.value} rows an event (${MEASURED.rowsWritten.source})`,
    `${paid}: beyond the limit, D1 writes nothing until midnight UTC.`,
  );
  add(
    'd1 statements',
    load.peak * toD1 * MEASURED.statements.value,
    `${estimate}, busiest ${load.peakOf}: at most ${MEASURED.statements.value} statements an event`,
    more,
  );
  if (isQueueMode) {
    add(
      'queues messages',
      load.peak * toD1,
      `${estimate}, busiest ${load.peakOf}: at most one message an event`,
      more,
    );
    add(
      'queues operations',
      load.busiestDay * toD1 * 3,
      `${estimate}: at most 3 operations an event`,
      'Set INGEST_MODE = "direct", or take the paid plan.',
    );
  }
  if (bindings['ANALYTICS']) {
    add(
      'analytics points',
      load.busiestDay,
      `${estimate}: one point an event`,
      'Remove the section [[analytics_engine_datasets]], or take the paid plan.',
    );
    add(
      'analytics unsampled points',
      load.pixelPeak / (toAnalytics ? MEASURED.indexes.value : 1),
      `${estimate}: the busiest pixel${toAnalytics ? `, on ${MEASURED.indexes.value} indexes` : ', on one index'}`,
      toAnalytics
        ? 'From there on Analytics Engine keeps a sample, and numbers of such days are estimates: give each site a pixel of its own.'
        : 'From there on the copies in Analytics Engine are a sample. What Speck counts does not change.',
    );
  }
  return limits;
}

function describe(name: LimitName, plan: Plan): { readonly unit: string; readonly source: string } {
  const figure = PLATFORM_FIGURES.find(
    (one) => one.kind === 'limit' && one.name === name && (one.plan === plan || one.plan === 'all'),
  );
  return { unit: figure?.unit ?? '', source: figure?.source ?? '' };
}
