/**
 * The registry of dimensions. A new one takes four changes: an entry here, a column in schema.sql with its migration, a line in
 * enrich, and a `since` with a higher ROLLUP_VERSION. This table makes the store write the column, exports contain it, rollups
 * aggregate it, and queries accept it. The compiler and test/model/dimensions.test.ts require the rest: limits, labels and
 * documents.
 *
 * Names are those of the Plausible Stats API v2, whose clients work with Speck.
 */
import { LIMITS } from './limits.ts';

/**
 * The event that a dimension is read from. `event`: each event. `visit`: the first event of the visit, so that the complete visit
 * is attributed to its source. `entry` and `exit`: the first and last page view of the visit.
 */
export type Scope = 'event' | 'visit' | 'entry' | 'exit';

interface DimensionEntry {
  readonly scope: Scope;
  /** The column of `events` it is read from. */
  readonly column: string;
  /** The name of the group without a value, in answers and filters. */
  readonly none: string;
  /** Shows another dimension's values by their names. */
  readonly labels?: 'country';
  /** The dimension whose values it shares, and whose rollup rows it reads. */
  readonly alias?: string;
  /** The first ROLLUP_VERSION that has it. Default: 1. */
  readonly since?: number;
}

const entries = {
  'event:name': { scope: 'event', column: 'name', none: '(not set)' },
  'event:page': { scope: 'event', column: 'page', none: '(not set)' },
  'event:hostname': { scope: 'event', column: 'hostname', none: '(not set)' },
  'event:currency': { scope: 'event', column: 'currency', none: '(not set)' },
  'visit:entry_page': { scope: 'entry', column: 'page', none: '(not set)' },
  'visit:exit_page': { scope: 'exit', column: 'page', none: '(not set)' },
  'visit:entry_page_hostname': { scope: 'entry', column: 'hostname', none: '(not set)' },
  'visit:exit_page_hostname': { scope: 'exit', column: 'hostname', none: '(not set)' },
  'visit:source': { scope: 'visit', column: 'source', none: 'Direct / None' },
  'visit:referrer': { scope: 'visit', column: 'referrer', none: 'Direct / None' },
  'visit:channel': { scope: 'visit', column: 'channel', none: '(not set)' },
  'visit:utm_source': { scope: 'visit', column: 'utm_source', none: '(not set)' },
  'visit:utm_medium': { scope: 'visit', column: 'utm_medium', none: '(not set)' },
  'visit:utm_campaign': { scope: 'visit', column: 'utm_campaign', none: '(not set)' },
  'visit:utm_content': { scope: 'visit', column: 'utm_content', none: '(not set)' },
  'visit:utm_term': { scope: 'visit', column: 'utm_term', none: '(not set)' },
  'visit:device': { scope: 'visit', column: 'device', none: '(not set)' },
  'visit:browser': { scope: 'visit', column: 'browser', none: '(not set)' },
  'visit:browser_version': { scope: 'visit', column: 'browser_version', none: '(not set)' },
  'visit:os': { scope: 'visit', column: 'os', none: '(not set)' },
  'visit:os_version': { scope: 'visit', column: 'os_version', none: '(not set)' },
  'visit:country': { scope: 'visit', column: 'country', none: '(not set)' },
  'visit:country_name': {
    scope: 'visit',
    column: 'country',
    none: '(not set)',
    labels: 'country',
    alias: 'visit:country',
  },
  'visit:region': { scope: 'visit', column: 'region', none: '(not set)' },
  'visit:region_name': { scope: 'visit', column: 'region_name', none: '(not set)' },
  'visit:city': { scope: 'visit', column: 'city', none: '(not set)' },
  'visit:city_name': { scope: 'visit', column: 'city', none: '(not set)', alias: 'visit:city' },
  'visit:language': { scope: 'visit', column: 'language', none: '(not set)' },
} as const satisfies Record<string, DimensionEntry>;

export type DimensionColumn = (typeof entries)[keyof typeof entries]['column'];

/** The dimensions that have a name of their own: those of columns, and goals. */
export type DimensionName = keyof typeof entries | typeof GOAL;

/**
 * The longest value of each column, in characters. The store takes longer ones from nobody: enrich cuts them, and an export
 * that has one is not restored. Columns whose values come from Speck's own tables have the limit of a page.
 */
export const VALUE_LIMITS: Readonly<Record<DimensionColumn, number>> = {
  name: LIMITS.name,
  page: LIMITS.page,
  hostname: LIMITS.hostname,
  currency: 3,
  source: LIMITS.source,
  referrer: LIMITS.referrer,
  channel: LIMITS.page,
  utm_source: LIMITS.utm,
  utm_medium: LIMITS.utm,
  utm_campaign: LIMITS.utm,
  utm_content: LIMITS.utm,
  utm_term: LIMITS.utm,
  device: LIMITS.page,
  browser: LIMITS.page,
  browser_version: LIMITS.agentVersion,
  os: LIMITS.page,
  os_version: LIMITS.agentVersion,
  country: 2,
  region: LIMITS.geo,
  region_name: LIMITS.geo,
  city: LIMITS.geo,
  language: LIMITS.page,
};

/** A dimension that is read from a column. */
export interface ColumnDimension extends DimensionEntry {
  readonly kind: 'column';
  readonly name: string;
  readonly column: DimensionColumn;
  /** The name its rollup rows carry. */
  readonly rollup: string;
  readonly since: number;
}

/** `event:props:KEY`: a custom property of each event. */
export interface PropertyDimension {
  readonly kind: 'property';
  readonly name: string;
  readonly scope: 'event';
  readonly none: string;
  readonly rollup: string;
  readonly key: string;
}

/** `event:goal`: a row for each goal that an event reaches. */
export interface GoalDimension {
  readonly kind: 'goal';
  readonly name: string;
  readonly scope: 'event';
  readonly none: string;
  readonly rollup: string;
}

/** An attribute of an event's person across visits: `person:devices`, `person:first_source`, `person:last_source`, … */
export interface PersonDimension {
  readonly kind: 'person';
  readonly name: string;
  readonly scope: 'event';
  readonly none: string;
  readonly rollup: string;
  /** Attribution to the person's first or last visit that had a source; null for `person:devices`. */
  readonly touch: 'first' | 'last' | null;
  /** The column that the value is read from; `''` for `person:devices`. */
  readonly column: string;
}

export type Dimension = ColumnDimension | PropertyDimension | GoalDimension | PersonDimension;

/** The dimensions of columns, by name. */
export const DIMENSIONS: ReadonlyMap<string, ColumnDimension> = new Map(
  Object.entries<DimensionEntry>(entries).map(([name, entry]) => [
    name,
    { since: 1, ...entry, kind: 'column', name, rollup: entry.alias ?? name } as ColumnDimension,
  ]),
);

export const GOAL = 'event:goal';
const goal: GoalDimension = { kind: 'goal', name: GOAL, scope: 'event', none: '(not set)', rollup: GOAL };

/** The visit dimensions that say what brought a visit, and so a person. */
const ATTRIBUTION_COLUMNS = [
  'source',
  'referrer',
  'channel',
  'utm_source',
  'utm_medium',
  'utm_campaign',
  'utm_content',
  'utm_term',
] as const satisfies readonly DimensionColumn[];

const PERSON_DIMENSIONS: ReadonlyMap<string, PersonDimension> = new Map(
  [
    { name: 'person:devices', none: '(unknown)', touch: null, column: '' },
    ...(['first', 'last'] as const).flatMap((touch) =>
      ATTRIBUTION_COLUMNS.map((column) => ({
        name: `person:${touch}_${column}`,
        none: entries[`visit:${column}`].none,
        touch,
        column,
      })),
    ),
  ].map((entry) => [entry.name, { ...entry, kind: 'person', scope: 'event', rollup: entry.name }]),
);

export const PROPERTY_PREFIX = 'event:props:';

/** The dimension of a name; null for an unknown name. */
export function dimensionOf(name: string): Dimension | null {
  if (name === GOAL) return goal;
  if (!name.startsWith(PROPERTY_PREFIX)) return DIMENSIONS.get(name) ?? PERSON_DIMENSIONS.get(name) ?? null;
  const key = name.slice(PROPERTY_PREFIX.length);
  return key === '' ? null : { kind: 'property', name, scope: 'event', none: '(none)', rollup: name, key };
}

/** All names, for messages and documents. */
export const DIMENSION_NAMES: readonly string[] = [
  ...DIMENSIONS.keys(),
  ...PERSON_DIMENSIONS.keys(),
  GOAL,
  `${PROPERTY_PREFIX}KEY`,
];

/** The dimensions that have rollup rows of their own. */
export const ROLLED_DIMENSIONS: readonly ColumnDimension[] = [...DIMENSIONS.values()].filter(
  (dimension) => dimension.alias === undefined,
);

/** The name of the sum of all values that a rollup does not list. */
export const OTHER = '(other)';

/** Values of a dimension that a day's rollup lists: the most visited ones. */
export const MAX_ROLLUP_VALUES = 1000;

/** The same for all custom properties together. */
export const MAX_ROLLUP_PROPERTY_VALUES = 5000;

/**
 * Currencies whose revenue a rollup lists: those with the most sales. Sales in other currencies, and rows beyond
 * MAX_ROLLUP_SALES, are counted under the currency `OTHER` with a revenue of 0, since amounts of different currencies must never
 * be added.
 */
export const MAX_ROLLUP_CURRENCIES = 20;

/** Rows of revenue in a rollup: one per value of a dimension and currency. */
export const MAX_ROLLUP_SALES = 5000;

/** Keys of custom properties that a day's rollup lists: the most used ones. */
export const MAX_ROLLUP_PROPERTY_KEYS = 100;

export const TIME_DIMENSIONS = ['time', 'time:hour', 'time:day', 'time:week', 'time:month'] as const;
export type TimeDimension = (typeof TIME_DIMENSIONS)[number];

export function isTimeDimension(name: unknown): name is TimeDimension {
  return (TIME_DIMENSIONS as readonly unknown[]).includes(name);
}
