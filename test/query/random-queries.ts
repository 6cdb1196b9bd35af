/** What tests of answers share: random queries, asking them, and holding an answer to the oracle's. */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Pixel } from '../../src/model/pixel.ts';
import { parseQuery } from '../../src/query/language.ts';
import type { QueryResult } from '../../src/query/present.ts';
import { runQuery } from '../../src/query/run.ts';
import { db, GOALS, PROP_KEYS } from '../fixtures.ts';
import { addDays, type QueryRequest, type Row, type Value } from './oracle-language.ts';

/** When every day of a test is over and rolled up. */
export const LATER = Date.parse('2027-06-01T00:00:00Z');

export async function ask(
  pixel: Pixel,
  request: QueryRequest | Readonly<Record<string, unknown>>,
  now = LATER,
): Promise<QueryResult> {
  const query = parseQuery({ site_id: pixel.id, ...request });
  if (!query.ok) throw new Error(JSON.stringify([request, query.error]));
  const answer = await runQuery(db, query.value, pixel, now);
  if (!answer.ok) throw new Error(JSON.stringify([request, answer.error]));
  return answer.value;
}

/** Rows in an order of their own, to be compared as a whole. */
export function inOneOrder<T extends { readonly dimensions: readonly string[] }>(rows: readonly T[]): T[] {
  const keyed = rows.map((row) => ({ row, key: JSON.stringify(row.dimensions) }));
  return keyed.toSorted((a, b) => (a.key < b.key ? -1 : 1)).map(({ row }) => row);
}

/** A row as an answer should have it: revenue has texts, too. */
export function answered<T extends Row>(row: T): T {
  return { ...row, metrics: row.metrics.map(answeredValue) };
}

function answeredValue(value: Value): Value {
  if (value === null || typeof value === 'number') return value;
  return expect.objectContaining({
    ...value,
    short: expect.any(String),
    long: expect.any(String),
  }) as Value;
}

const OF_VISIT = ['views_per_visit', 'bounce_rate', 'visit_duration'];
const OF_ALL = [
  'visitors',
  'visits',
  'pageviews',
  'events',
  ...OF_VISIT,
  'time_on_page',
  'scroll_depth',
  'total_revenue',
  'average_revenue',
];

export const TIMES = ['time:hour', 'time:day', 'time:week', 'time:month'];
const EVENT = [
  'event:name',
  'event:page',
  'event:hostname',
  'event:currency',
  'event:goal',
  ...PROP_KEYS.map((key) => `event:props:${key}`),
];
const PERSON = ['person:devices', 'person:first_source', 'person:last_source', 'person:first_channel'];
const VISIT = [
  'visit:source',
  'visit:channel',
  'visit:browser',
  'visit:country',
  'visit:country_name',
  'visit:city_name',
  'visit:entry_page',
  'visit:exit_page',
  'visit:exit_page_hostname',
];

/** What to compare with: texts, the same in other cases, and patterns of which RE2 and JavaScript think alike. */
interface Words {
  readonly texts: readonly string[];
  readonly cases: readonly string[];
  readonly patterns: readonly string[];
}

const PAGE_WORDS: Words = {
  texts: ['/', '/a', '/blog/one', '/a?b[c]', '(not set)', 'o'],
  cases: ['/BLOG/', '/A', '(NOT SET)'],
  patterns: ['^/$', '^/blog/.+', '(?:og|re)', '\\?b\\[c\\]$', '^.(a|b)', '^$'],
};
const HOST_WORDS: Words = {
  texts: ['www.site.example', 'www', '(not set)'],
  cases: ['WWW', 'Site.Example'],
  patterns: ['^www\\.', '^s'],
};

/** Words for each dimension, so that a filter tells events apart. */
function wordsOf(dimension: string): Words {
  if (dimension.endsWith('hostname')) return HOST_WORDS;
  if (dimension.endsWith('page')) return PAGE_WORDS;
  switch (dimension) {
    case 'event:name':
      return {
        texts: ['pageview', 'Signup', 'Purchase', 'engagement', 'g'],
        cases: ['SIGNUP', 'ENGAGE', 'pageView'],
        patterns: ['^engagement$', '^[A-Z]', 'pageview$|^Sign', 'gem'],
      };
    case 'event:currency':
      return { texts: ['EUR', 'USD', '(not set)'], cases: ['eur', 'UsD'], patterns: ['^[A-Z]{3}$', 'U.$'] };
    case 'person:devices':
      return {
        texts: ['Desktop', 'Mobile + Tablet', '(unknown)', 'Mobile'],
        cases: ['desktop + MOBILE', 'tablet'],
        patterns: ['^Desktop', '\\+', 'own'],
      };
    case 'person:first_source':
    case 'person:last_source':
    case 'visit:source':
      return {
        texts: ['Google', 'news', 'Direct / None', 'o'],
        cases: ['gOOgle', 'direct / none', 'NE'],
        patterns: ['o{2}', '^Direct', 'e(w|$)'],
      };
    case 'visit:country':
    case 'visit:country_name':
      return {
        texts: ['DE', 'US', 'Germany', '(not set)'],
        cases: ['de', 'GERMANY', 'united'],
        patterns: ['^[A-Z]{2}$', 'any', '^\\(no'],
      };
    case 'person:first_channel':
    case 'visit:channel':
    case 'visit:browser':
    case 'visit:city_name':
      return {
        texts: ['Direct', 'Organic Search', 'Firefox', 'Berlin', '(not set)', 'r'],
        cases: ['DIRECT', 'FIRE', 'berlin'],
        patterns: ['^.i', 'rome|rlin', '[^a-z]S'],
      };
    default:
      return {
        texts: ['pro', 'Pro', 'free', '(none)', 'Übergröße', 'L', '%', '%_'],
        cases: ['PRO', 'ÜBERGRÖßE', '(None)'],
        patterns: ['^.bergr(ö|o).e$', '^[Pf]r', '\\d|_', '^\\(none\\)$', '.', '^$'],
      };
  }
}

const textDimension = fc.constantFrom(...EVENT.filter((name) => name !== 'event:goal'), ...VISIT, ...PERSON);
const test = textDimension.chain((dimension) => {
  const { texts, cases, patterns } = wordsOf(dimension);
  const some = (words: readonly string[]) =>
    fc.array(fc.constantFrom(...words, ...words, 'nothing like it'), { minLength: 1, maxLength: 2 });
  return fc.oneof(
    {
      weight: 3,
      arbitrary: fc.tuple(
        fc.constantFrom('is', 'is_not', 'contains', 'contains_not'),
        fc.constant(dimension),
        some(texts),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(
        fc.constantFrom('is', 'is_not', 'contains', 'contains_not'),
        fc.constant(dimension),
        some(cases),
        fc.constantFrom({ case_sensitive: false }, { case_sensitive: false }, { case_sensitive: true }),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom('matches', 'matches_not'), fc.constant(dimension), some(patterns)),
    },
  );
});
const goalTest = fc.oneof(
  fc.tuple(
    fc.constant('is'),
    fc.constant('event:goal'),
    fc.array(fc.constantFrom(...GOALS.map(({ name }) => name)), { minLength: 1, maxLength: 2 }),
  ),
  fc.tuple(
    fc.constant('contains'),
    fc.constant('event:goal'),
    fc.constantFrom(['odd page'], ['S', 'B'], ['e']),
  ),
  fc.tuple(
    fc.constant('contains'),
    fc.constant('event:goal'),
    fc.constantFrom(['ODD PAGE'], ['s', 'GRÖSSE', 'größe']),
    fc.constant({ case_sensitive: false }),
  ),
);

const { filter } = fc.letrec<{ filter: unknown; plain: unknown }>((tie) => {
  const nested = (inner: 'filter' | 'plain') => [
    {
      weight: 2,
      arbitrary: fc.tuple(fc.constantFrom('and', 'or'), fc.array(tie(inner), { minLength: 1, maxLength: 3 })),
    },
    { weight: 1, arbitrary: fc.tuple(fc.constant('not'), tie(inner)) },
  ];
  return {
    /** What may stand within has_done. */
    plain: fc.oneof(
      { maxDepth: 1 },
      { weight: 3, arbitrary: test },
      { weight: 1, arbitrary: goalTest },
      ...nested('plain'),
    ),
    filter: fc.oneof(
      { maxDepth: 3 },
      { weight: 4, arbitrary: test },
      { weight: 1, arbitrary: goalTest },
      {
        weight: 2,
        arbitrary: fc.tuple(fc.constantFrom('has_done', 'has_not_done'), tie('plain')),
      },
      ...nested('filter'),
    ),
  };
});

const isGoalTest = (one: unknown): boolean => (one as unknown[])[1] === 'event:goal';

/** A query, and what of an answer's meta to ask for besides. */
export interface RandomQuery extends QueryRequest {
  readonly include: {
    readonly total_rows: boolean;
    readonly time_labels: boolean;
    readonly attribution_days?: number;
  };
}

export interface RandomQueriesOptions {
  /** Whether ranges may begin and end within a day. */
  readonly moments?: boolean;
  /** A longest range, in days. */
  readonly days?: number;
}

export function randomQueries(
  day: string,
  { moments = true, days = 5 }: RandomQueriesOptions = {},
): fc.Arbitrary<RandomQuery> {
  const most = Math.floor(days / 2);
  const offset = fc.integer({ min: -most, max: most });
  const fullDays = fc
    .tuple(offset, offset)
    .map(([a, b]) => [addDays(day, Math.min(a, b)), addDays(day, Math.max(a, b))] as const);
  const range = moments
    ? fc.oneof({ weight: 3, arbitrary: fullDays }, { weight: 1, arbitrary: stretches(day) })
    : fullDays;
  return fc
    .record({
      dimensions: fc.oneof(
        { weight: 2, arbitrary: fc.constant([] as string[]) },
        {
          weight: 4,
          arbitrary: fc.constantFrom(...TIMES, ...EVENT, ...VISIT, ...PERSON).map((one) => [one]),
        },
        {
          weight: 2,
          arbitrary: fc.tuple(fc.constantFrom(...TIMES), fc.constantFrom(...EVENT, ...VISIT, ...PERSON)),
        },
        { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...PERSON), fc.constantFrom(...EVENT, ...VISIT)) },
        { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...EVENT), fc.constantFrom(...VISIT)) },
        { weight: 1, arbitrary: fc.uniqueArray(fc.constantFrom(...EVENT), { minLength: 2, maxLength: 3 }) },
        {
          weight: 1,
          arbitrary: fc.tuple(
            fc.constantFrom(...VISIT),
            fc.constantFrom(...TIMES),
            fc.constantFrom(...EVENT),
          ),
        },
      ),
      filters: fc.oneof(
        { weight: 3, arbitrary: fc.constant([] as unknown[]) },
        { weight: 3, arbitrary: fc.array(filter, { minLength: 1, maxLength: 2 }).filter(isShort) },
        // A conversion: a goal, and perhaps a filter besides.
        { weight: 1, arbitrary: fc.tuple(goalTest) },
        { weight: 1, arbitrary: fc.tuple(goalTest, test) },
      ),
      range,
      // Few rollups know of people, so that they are not always asked for.
      people: fc.boolean(),
      total_rows: fc.boolean(),
      time_labels: fc.boolean(),
      attribution: fc.constantFrom({}, { attribution_days: 1 }),
    })
    .map(({ dimensions, filters, range: date_range, people, total_rows, time_labels, attribution }) => ({
      metrics: [
        ...OF_ALL.filter(
          (name) => !OF_VISIT.includes(name) || !dimensions.some((one) => /^(event|person):/.test(one)),
        ),
        ...(dimensions.length > 0 ? ['percentage'] : []),
        ...(dimensions.includes('event:goal') || filters.some(isGoalTest)
          ? ['conversion_rate', 'group_conversion_rate']
          : []),
        ...(people ? ['people', 'new_people', 'cross_device_people'] : []),
      ],
      dimensions,
      filters,
      date_range,
      include: {
        ...attribution,
        total_rows,
        time_labels:
          time_labels && !date_range[0].includes('T') && dimensions.some((one) => TIMES.includes(one)),
      },
    }));
}

/** Up to 40 filters may be asked for. */
function isShort(filters: readonly unknown[]): boolean {
  return JSON.stringify(filters).split('["').length < 100;
}

/** Ranges from one moment to another, written with some offset. */
function stretches(day: string): fc.Arbitrary<readonly [string, string]> {
  const noon = Date.parse(`${day}T12:00:00Z`);
  const moment = fc
    .tuple(fc.integer({ min: -150, max: 150 }), fc.constantFrom(-1, 0, 0, 1))
    .map(([step, more]) => noon + step * 600_000 + more);
  return fc
    .tuple(moment, moment, fc.constantFrom(0, 120, -570, 345), fc.constantFrom(0, 60))
    .map(([a, b, one, other]) => [isoTime(Math.min(a, b), one), isoTime(Math.max(a, b), other)] as const);
}

function isoTime(ts: number, offsetMinutes: number): string {
  const text = new Date(ts + offsetMinutes * 60_000).toISOString();
  if (offsetMinutes === 0) return text;
  const hours = String(Math.floor(Math.abs(offsetMinutes) / 60)).padStart(2, '0');
  const minutes = String(Math.abs(offsetMinutes) % 60).padStart(2, '0');
  return text.replace('Z', `${offsetMinutes < 0 ? '-' : '+'}${hours}:${minutes}`);
}
