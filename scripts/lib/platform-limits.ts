/**
 * Cloudflare's limits, allowances and prices, as far as they concern Speck: a table with the source of each figure. The simulation,
 * the doctor and the pages of costs read the same table. The documentation was last compared on 2026-11-29.
 */

export type Plan = 'free' | 'paid';

export interface PlatformFigure {
  /** What the figure is of, as the code calls it. */
  readonly name: string;
  readonly value: number;
  /** What the value counts. A price is in US dollars. */
  readonly unit: string;
  /** The Workers plan that it belongs to. `all`: it is the same on both. */
  readonly plan: Plan | 'all';
  /** `limit`: beyond it, Cloudflare refuses or cuts off. `included`: beyond it, the price counts. `billing`: what counts as one. */
  readonly kind: 'limit' | 'included' | 'price' | 'billing';
  /** The page of Cloudflare's documentation that has the figure. */
  readonly source: string;
  /** Why the figure is an assumption, if the source does not say it. */
  readonly assumed?: string;
}

const DOCS = 'https://developers.cloudflare.com';
const WORKERS_LIMITS = `${DOCS}/workers/platform/limits/`;
const WORKERS_PRICING = `${DOCS}/workers/platform/pricing/`;
const D1_LIMITS = `${DOCS}/d1/platform/limits/`;
const D1_PRICING = `${DOCS}/d1/platform/pricing/`;
const QUEUES_LIMITS = `${DOCS}/queues/platform/limits/`;
const QUEUES_PRICING = `${DOCS}/queues/platform/pricing/`;
const ANALYTICS_LIMITS = `${DOCS}/analytics/analytics-engine/limits/`;
const ANALYTICS_PRICING = `${DOCS}/analytics/analytics-engine/pricing/`;
const ANALYTICS_SAMPLING = `${DOCS}/analytics/analytics-engine/sampling/`;
const SQL_API_LIMITS = `${DOCS}/analytics/sql-api/limits/`;
const R2_PRICING = `${DOCS}/r2/pricing/`;

const MILLION = 1e6;
const GB = 1e9;

/** One line a figure: name, value, unit, plan, kind, source. */
// biome-ignore format: a table
export const PLATFORM_FIGURES = [
  { name: 'workers requests', value: 100_000, unit: 'requests/day', plan: 'free', kind: 'limit', source: WORKERS_LIMITS },
  { name: 'workers requests', value: 10 * MILLION, unit: 'requests/month', plan: 'paid', kind: 'included', source: WORKERS_PRICING },
  { name: 'workers requests', value: 0.3, unit: '$/million requests', plan: 'paid', kind: 'price', source: WORKERS_PRICING },
  { name: 'workers cpu of a request', value: 10, unit: 'ms', plan: 'free', kind: 'limit', source: WORKERS_LIMITS },
  { name: 'workers cpu of a request', value: 30_000, unit: 'ms', plan: 'paid', kind: 'limit', source: WORKERS_LIMITS },
  { name: 'workers cpu of a cron run', value: 10, unit: 'ms', plan: 'free', kind: 'limit', source: WORKERS_LIMITS },
  { name: 'workers cpu of a cron run', value: 30_000, unit: 'ms', plan: 'paid', kind: 'limit', source: WORKERS_LIMITS },
  { name: 'workers cpu', value: 30 * MILLION, unit: 'ms/month', plan: 'paid', kind: 'included', source: WORKERS_PRICING },
  { name: 'workers cpu', value: 0.02, unit: '$/million ms', plan: 'paid', kind: 'price', source: WORKERS_PRICING },
  { name: 'workers plan', value: 5, unit: '$/month', plan: 'paid', kind: 'price', source: WORKERS_PRICING },
  { name: 'workers memory', value: 128e6, unit: 'bytes/isolate', plan: 'all', kind: 'limit', source: WORKERS_LIMITS },
  { name: 'workers connections', value: 6, unit: 'connections/invocation', plan: 'all', kind: 'limit', source: WORKERS_LIMITS },

  { name: 'd1 rows read', value: 5 * MILLION, unit: 'rows/day', plan: 'free', kind: 'limit', source: D1_PRICING },
  { name: 'd1 rows read', value: 25_000 * MILLION, unit: 'rows/month', plan: 'paid', kind: 'included', source: D1_PRICING },
  { name: 'd1 rows read', value: 0.001, unit: '$/million rows', plan: 'paid', kind: 'price', source: D1_PRICING },
  { name: 'd1 rows written', value: 100_000, unit: 'rows/day', plan: 'free', kind: 'limit', source: D1_PRICING },
  { name: 'd1 rows written', value: 50 * MILLION, unit: 'rows/month', plan: 'paid', kind: 'included', source: D1_PRICING },
  { name: 'd1 rows written', value: 1, unit: '$/million rows', plan: 'paid', kind: 'price', source: D1_PRICING },
  { name: 'd1 storage', value: 5 * GB, unit: 'bytes/account', plan: 'free', kind: 'limit', source: D1_LIMITS },
  { name: 'd1 storage', value: 1000 * GB, unit: 'bytes/account', plan: 'paid', kind: 'limit', source: D1_LIMITS },
  { name: 'd1 storage', value: 5 * GB, unit: 'bytes', plan: 'paid', kind: 'included', source: D1_PRICING },
  { name: 'd1 storage', value: 0.75, unit: '$/GB and month', plan: 'paid', kind: 'price', source: D1_PRICING },
  { name: 'd1 database size', value: 0.5 * GB, unit: 'bytes/database', plan: 'free', kind: 'limit', source: D1_LIMITS },
  { name: 'd1 database size', value: 10 * GB, unit: 'bytes/database', plan: 'paid', kind: 'limit', source: D1_LIMITS },
  { name: 'd1 databases', value: 10, unit: 'databases/account', plan: 'free', kind: 'limit', source: D1_LIMITS },
  { name: 'd1 databases', value: 1_000_000, unit: 'databases/account', plan: 'paid', kind: 'limit', source: D1_LIMITS },
  { name: 'd1 databases', value: 100_000, unit: 'databases/account', plan: 'paid', kind: 'included', source: D1_LIMITS },
  { name: 'd1 databases', value: 0.1, unit: '$/database and month', plan: 'paid', kind: 'price', source: D1_LIMITS },
  { name: 'd1 queries of an invocation', value: 50, unit: 'statements', plan: 'free', kind: 'limit', source: D1_LIMITS },
  { name: 'd1 queries of an invocation', value: 1000, unit: 'statements', plan: 'paid', kind: 'limit', source: D1_LIMITS },
  { name: 'd1 statements', value: 1000, unit: 'statements/second and database, of 1 ms each', plan: 'all', kind: 'limit', source: D1_LIMITS },
  { name: 'd1 query duration', value: 30, unit: 'seconds', plan: 'all', kind: 'limit', source: D1_LIMITS },
  { name: 'd1 row size', value: 2 * MILLION, unit: 'bytes/row', plan: 'all', kind: 'limit', source: D1_LIMITS },
  { name: 'd1 statement size', value: 100_000, unit: 'bytes', plan: 'all', kind: 'limit', source: D1_LIMITS },
  { name: 'd1 parameters', value: 100, unit: 'parameters/statement', plan: 'all', kind: 'limit', source: D1_LIMITS },
  { name: 'd1 restore', value: 7, unit: 'days', plan: 'free', kind: 'limit', source: D1_LIMITS },
  { name: 'd1 restore', value: 30, unit: 'days', plan: 'paid', kind: 'limit', source: D1_LIMITS },

  { name: 'queues messages', value: 5000, unit: 'messages/second and queue', plan: 'all', kind: 'limit', source: QUEUES_LIMITS },
  { name: 'queues message size', value: 128_000, unit: 'bytes', plan: 'all', kind: 'limit', source: QUEUES_LIMITS },
  { name: 'queues backlog', value: 25 * GB, unit: 'bytes/queue', plan: 'all', kind: 'limit', source: QUEUES_LIMITS },
  { name: 'queues consumers', value: 250, unit: 'concurrent invocations/queue', plan: 'all', kind: 'limit', source: QUEUES_LIMITS },
  { name: 'queues consumer batch', value: 100, unit: 'messages', plan: 'all', kind: 'limit', source: QUEUES_LIMITS },
  { name: 'queues retention', value: 1, unit: 'days', plan: 'free', kind: 'limit', source: QUEUES_PRICING },
  { name: 'queues retention', value: 14, unit: 'days', plan: 'paid', kind: 'limit', source: QUEUES_LIMITS },
  { name: 'queues operations', value: 10_000, unit: 'operations/day', plan: 'free', kind: 'limit', source: QUEUES_PRICING },
  { name: 'queues operations', value: MILLION, unit: 'operations/month', plan: 'paid', kind: 'included', source: QUEUES_PRICING },
  { name: 'queues operations', value: 0.4, unit: '$/million operations', plan: 'paid', kind: 'price', source: QUEUES_PRICING },
  { name: 'queues bytes of an operation', value: 64_000, unit: 'bytes', plan: 'all', kind: 'billing', source: QUEUES_PRICING },
  { name: 'queues operations of a message', value: 3, unit: 'operations/message, unless it is retried', plan: 'all', kind: 'billing', source: QUEUES_PRICING },

  { name: 'analytics points', value: 100_000, unit: 'points/day', plan: 'free', kind: 'limit', source: ANALYTICS_PRICING },
  { name: 'analytics points', value: 10 * MILLION, unit: 'points/month', plan: 'paid', kind: 'included', source: ANALYTICS_PRICING },
  { name: 'analytics points', value: 0.25, unit: '$/million points', plan: 'paid', kind: 'price', source: ANALYTICS_PRICING },
  { name: 'analytics queries', value: 10_000, unit: 'queries/day', plan: 'free', kind: 'limit', source: ANALYTICS_PRICING },
  { name: 'analytics queries', value: MILLION, unit: 'queries/month', plan: 'paid', kind: 'included', source: ANALYTICS_PRICING },
  { name: 'analytics queries', value: 1, unit: '$/million queries', plan: 'paid', kind: 'price', source: ANALYTICS_PRICING },
  { name: 'analytics points of an invocation', value: 250, unit: 'points', plan: 'all', kind: 'limit', source: ANALYTICS_LIMITS },
  { name: 'analytics blobs', value: 20, unit: 'blobs/point', plan: 'all', kind: 'limit', source: ANALYTICS_LIMITS },
  { name: 'analytics doubles', value: 20, unit: 'doubles/point', plan: 'all', kind: 'limit', source: ANALYTICS_LIMITS },
  { name: 'analytics blob bytes', value: 16_000, unit: 'bytes/point', plan: 'all', kind: 'limit', source: ANALYTICS_LIMITS },
  { name: 'analytics index bytes', value: 96, unit: 'bytes/index', plan: 'all', kind: 'limit', source: ANALYTICS_LIMITS },
  { name: 'analytics retention', value: 90, unit: 'days', plan: 'all', kind: 'limit', source: ANALYTICS_LIMITS },
  { name: 'analytics unsampled points', value: 100, unit: 'points/second and index', plan: 'all', kind: 'limit', source: ANALYTICS_SAMPLING,
    assumed: 'the documentation says that points are sampled if they are written too quickly into one index, without a number' },
  { name: 'analytics statement size', value: 10_240, unit: 'bytes', plan: 'all', kind: 'limit', source: SQL_API_LIMITS },

  { name: 'r2 storage', value: 10 * GB, unit: 'bytes', plan: 'all', kind: 'included', source: R2_PRICING },
  { name: 'r2 storage', value: 0.015, unit: '$/GB and month', plan: 'all', kind: 'price', source: R2_PRICING },
  { name: 'r2 class a operations', value: MILLION, unit: 'operations/month', plan: 'all', kind: 'included', source: R2_PRICING },
  { name: 'r2 class a operations', value: 4.5, unit: '$/million operations', plan: 'all', kind: 'price', source: R2_PRICING },
  { name: 'r2 class b operations', value: 10 * MILLION, unit: 'operations/month', plan: 'all', kind: 'included', source: R2_PRICING },
  { name: 'r2 class b operations', value: 0.36, unit: '$/million operations', plan: 'all', kind: 'price', source: R2_PRICING },
] as const satisfies readonly PlatformFigure[];

type Table = (typeof PLATFORM_FIGURES)[number];
/** The names that have a figure of a kind. */
type NameOf<Kind> = Extract<Table, { kind: Kind }>['name'];
export type LimitName = NameOf<'limit'>;
export type PricedName = NameOf<'price'>;
export type BillingName = NameOf<'billing'>;

/** A limit of a plan. Null if the plan has none. */
export function platformLimit(name: LimitName, plan: Plan): number | null {
  return figureOf('limit', name, plan);
}

/** What the paid plan includes in its monthly price. Zero if it includes nothing. */
export function includedOf(name: PricedName): number {
  return figureOf('included', name, 'paid') ?? 0;
}

/** Dollars for the unit of the table, on the paid plan. */
export function priceOf(name: PricedName): number {
  return present('price', name);
}

/** What is billed as one, in the unit of the table. */
export function billedAs(name: BillingName): number {
  return present('billing', name);
}

function present(kind: PlatformFigure['kind'], name: string): number {
  const value = figureOf(kind, name, 'paid');
  if (value === null) throw new Error(`the table has no ${kind} of ${name}`);
  return value;
}

function figureOf(kind: PlatformFigure['kind'], name: string, plan: Plan): number | null {
  const figure = PLATFORM_FIGURES.find(
    (one) => one.kind === kind && one.name === name && (one.plan === plan || one.plan === 'all'),
  );
  return figure?.value ?? null;
}
