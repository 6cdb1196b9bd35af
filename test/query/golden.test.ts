/**
 * The SQL of representative queries and of all rollups, as it is sent to D1. A change of SQL shows as a change of the files in
 * golden/. `UPDATE_GOLDEN=1 npx vitest run --project worker test/query/golden.test.ts` writes them.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Funnel } from '../../src/model/goal.ts';
import { DEFAULT_SETTINGS, type Pixel, type PixelSettings } from '../../src/model/pixel.ts';
import { runFunnel } from '../../src/query/funnel.ts';
import { parseQuery } from '../../src/query/language.ts';
import type { ParsedQuery } from '../../src/query/parsed-query.ts';
import { readReportablePropertyKeys } from '../../src/query/property-keys.ts';
import { runQuery } from '../../src/query/run.ts';
import * as columns from '../../src/rollup/columns.sql.ts';
import * as localDay from '../../src/rollup/local-day.sql.ts';
import * as monthColumns from '../../src/rollup/month-columns.sql.ts';
import * as months from '../../src/rollup/months.sql.ts';
import * as personDays from '../../src/rollup/person-days.sql.ts';
import { numbered } from '../../src/sql/statement.ts';
import { insertPixel } from '../../src/store/pixels.ts';
import { applySchema, db, runJobs, store } from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';
import { formatStatement, type SentStatement } from './sql-text.ts';

const NOW = Date.parse('2026-11-25T12:00:00Z');
const OPEN = pixelOf('px_GoldenGoldenOpen', 0);
const PROTECTED = pixelOf('px_GoldenGoldenSafe', 5);
/** The same two, with columns. The others have none, so that all of their SQL is seen. */
const SEALED = pixelOf('px_GoldenGoldenCols', 0);
const PROTECTED_SEALED = pixelOf('px_GoldenGoldenCell', 5);

function pixelOf(id: string, minGroup: number): Pixel {
  const settings: PixelSettings = {
    ...DEFAULT_SETTINGS,
    min_group: minGroup,
    goals: [
      { name: 'Signup', event: 'Signup' },
      { name: 'Read the blog', page: '/blog/*' },
      { name: 'Pricing', page: '/pricing' },
      { name: 'Went pro', property: 'plan', value: 'pro' },
    ],
  };
  return {
    id,
    name: 'Golden',
    url: 'https://site.example',
    timezone: 'Europe/Berlin',
    settings,
    created_at: 0,
  };
}

/** Six visitors on each of eight days; the last day is open. */
function history(): OracleEvent[] {
  return Array.from({ length: 48 }, (_, index): OracleEvent => {
    const day = 18 + Math.floor(index / 6);
    return {
      ts: Date.parse(`2026-11-${day}T10:${10 + (index % 6)}:00Z`),
      id: `e${String(index).padStart(2, '0')}`,
      name: ['pageview', 'pageview', 'Signup', 'Purchase'][index % 4] as string,
      visitor: `v${index % 6}`,
      person: ['', 'uann', 'ceve'][index % 3] as string,
      page: ['/', '/blog/one', '/pricing'][index % 3] as string,
      country: ['DE', 'US', ''][index % 3] as string,
      source: ['Google', '', 'news'][index % 3] as string,
      channel: ['Organic Search', 'Direct', 'Referral'][index % 3] as string,
      props: index % 2 === 0 ? '' : '{"plan":"pro"}',
      value: index % 4 === 3 ? 5_000_000 : null,
      currency: index % 4 === 3 ? 'EUR' : '',
    } as OracleEvent;
  });
}

beforeAll(async () => {
  await applySchema();
  for (const pixel of [OPEN, PROTECTED, SEALED, PROTECTED_SEALED]) {
    await insertPixel(db, pixel);
    await store(pixel, history(), NOW);
  }
  await runJobs(NOW);
  await db.prepare('UPDATE days SET columns = 0 WHERE pixel IN (?, ?)').bind(OPEN.id, PROTECTED.id).run();
  // Goals of a closed day are counted from columns, beside the rollups of others.
  const closed = "UPDATE days SET raw = 2 WHERE pixel = ? AND day = '2026-11-20'";
  await db.prepare(closed).bind(SEALED.id).run();
});

/** The database, with the statements that are sent to it. */
function recorder(): { readonly db: D1Database; readonly sent: SentStatement[] } {
  const sent: SentStatement[] = [];
  const recording = new Proxy(db, {
    get(target, property) {
      if (property !== 'prepare') {
        const value: unknown = Reflect.get(target, property);
        return typeof value === 'function' ? value.bind(target) : value;
      }
      return (sql: string) => {
        const statement = target.prepare(sql);
        return {
          bind(...values: unknown[]) {
            sent.push({ sql, values });
            return statement.bind(...values);
          },
        };
      };
    },
  });
  return { db: recording, sent };
}

async function expectGolden(name: string, sent: readonly SentStatement[]): Promise<void> {
  expect(sent.length).toBeGreaterThan(0);
  const text = sent.map((one, index) => `-- statement ${index + 1}\n${formatStatement(one)}\n`).join('\n');
  await expect(text).toMatchFileSnapshot(`./golden/${name}.sql`);
}

function queryOf(pixel: Pixel, body: Record<string, unknown>): ParsedQuery {
  const parsed = parseQuery({ site_id: pixel.id, metrics: ['visitors'], date_range: '7d', ...body });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

const WEEK = ['2026-11-18', '2026-11-24'];
const MANY_TEXTS = Array.from({ length: 20 }, (_, index) => `text ${index}`);

const QUERIES: Readonly<Record<string, Record<string, unknown>>> = {
  headline: {
    metrics: [
      'visitors',
      'visits',
      'pageviews',
      'views_per_visit',
      'bounce_rate',
      'visit_duration',
      'time_on_page',
    ],
  },
  'by-day': { metrics: ['visitors', 'events'], dimensions: ['time:day'] },
  'by-hour': { date_range: 'day', dimensions: ['time:hour'] },
  'by-hour-and-page': { date_range: 'day', dimensions: ['time:hour', 'event:page'] },
  'by-week': { date_range: WEEK, dimensions: ['time:week'] },
  'by-month': { date_range: '12mo', metrics: ['visitors', 'scroll_depth'], dimensions: ['time:month'] },
  'by-source-rolled-up': {
    date_range: 'all',
    metrics: ['visitors', 'percentage'],
    dimensions: ['visit:source'],
  },
  'by-country-name': { dimensions: ['visit:country_name'] },
  'by-page-and-day': { metrics: ['visitors', 'pageviews'], dimensions: ['event:page', 'time:day'] },
  'by-two-dimensions': {
    metrics: ['visitors', 'bounce_rate'],
    dimensions: ['visit:entry_page', 'visit:country'],
  },
  'filter-is': {
    filters: [
      ['is', 'visit:source', ['Google', 'news']],
      ['is_not', 'event:page', ['/']],
    ],
  },
  'filter-contains': {
    metrics: ['visitors', 'visits'],
    filters: [
      ['contains', 'event:page', ['/blog', '/pri']],
      ['contains_not', 'visit:country_name', ['Germany']],
    ],
  },
  'filter-contains-many': { filters: [['contains', 'visit:exit_page', MANY_TEXTS]] },
  'filter-matches': {
    filters: [
      ['matches', 'event:page', ['^/b.*']],
      ['matches_not', 'visit:source', ['^G']],
    ],
  },
  'filter-ignoring-case': { filters: [['is', 'visit:source', ['GOOGLE'], { case_sensitive: false }]] },
  'filter-tree': {
    dimensions: ['visit:source'],
    filters: [
      [
        'and',
        [
          [
            'or',
            [
              ['is', 'visit:country', ['DE']],
              ['not', ['is', 'event:name', ['Signup']]],
            ],
          ],
          ['has_done', ['is', 'event:name', ['Purchase']]],
          ['has_not_done', ['is', 'event:goal', ['Signup']]],
        ],
      ],
    ],
  },
  'filter-by-property': {
    filters: [
      ['is', 'event:props:plan', ['pro']],
      ['contains', 'event:props:plan', ['p']],
    ],
  },
  'filter-by-goal': {
    metrics: ['visitors', 'conversion_rate', 'group_conversion_rate'],
    dimensions: ['visit:source'],
    filters: [
      ['is', 'event:goal', ['Signup']],
      ['is', 'visit:country', ['DE']],
    ],
  },
  'by-goal': { metrics: ['visitors', 'events', 'conversion_rate'], dimensions: ['event:goal'] },
  'by-property': { date_range: 'all', metrics: ['visitors', 'events'], dimensions: ['event:props:plan'] },
  'people-by-day': { metrics: ['people', 'new_people', 'cross_device_people'], dimensions: ['time:day'] },
  'people-by-source': { metrics: ['visitors', 'people'], dimensions: ['visit:source'] },
  'people-by-devices': { metrics: ['people'], dimensions: ['person:devices'] },
  touches: {
    metrics: ['visitors', 'events'],
    dimensions: ['person:first_source', 'person:last_channel'],
    filters: [
      ['matches', 'person:last_source', ['^G']],
      ['is', 'person:devices', ['(unknown)']],
    ],
    include: { attribution_days: 7 },
  },
  revenue: { metrics: ['total_revenue', 'average_revenue'] },
  'revenue-by-page': { metrics: ['total_revenue', 'visitors'], dimensions: ['event:page', 'event:currency'] },
  'revenue-by-source-rolled-up': { metrics: ['total_revenue'], dimensions: ['visit:source'] },
  'comparison-previous-period': {
    date_range: ['2026-11-22', '2026-11-24'],
    metrics: ['visitors', 'events'],
    dimensions: ['time:day', 'visit:source'],
    include: { comparisons: { mode: 'previous_period' } },
  },
  'comparison-filtered': {
    date_range: ['2026-11-22', '2026-11-24'],
    filters: [['matches', 'event:page', ['^/b']]],
    include: { comparisons: { mode: 'custom', date_range: ['2026-11-18', '2026-11-19'] } },
  },
  moments: {
    date_range: ['2026-11-20T08:00:00+01:00', '2026-11-21T20:00:00+01:00'],
    metrics: ['visitors', 'people', 'total_revenue'],
    dimensions: ['visit:country'],
  },
  pages: {
    metrics: ['visitors', 'pageviews'],
    dimensions: ['event:page'],
    order_by: [
      ['pageviews', 'asc'],
      ['event:page', 'desc'],
    ],
    include: { total_rows: true },
    pagination: { limit: 2, offset: 1 },
  },
};

const PROTECTED_QUERIES: Readonly<Record<string, Record<string, unknown>>> = {
  'protected-headline': { metrics: ['visitors', 'visits', 'visit_duration', 'scroll_depth', 'bounce_rate'] },
  'protected-by-source-and-week': {
    date_range: '28d',
    metrics: ['visitors', 'percentage', 'total_revenue'],
    dimensions: ['visit:source', 'time:week'],
  },
  'protected-by-hour': { date_range: ['2026-11-24', '2026-11-24'], dimensions: ['time:hour'] },
  'protected-filtered': {
    metrics: ['visitors', 'conversion_rate'],
    filters: [
      ['is', 'event:goal', ['Signup']],
      ['is', 'visit:country', ['DE']],
    ],
    include: { comparisons: { mode: 'previous_period' } },
  },
  'protected-by-property': { dimensions: ['event:props:plan'] },
};

const SEALED_QUERIES: Readonly<Record<string, readonly [Pixel, Record<string, unknown>]>> = {
  'columns-filtered': [
    SEALED,
    {
      metrics: ['visitors', 'percentage', 'total_revenue'],
      dimensions: ['visit:source', 'time:day'],
      filters: [['matches', 'event:page', ['^/b.*']]],
    },
  ],
  'columns-by-goal': [SEALED, { dimensions: ['event:goal'] }],
  'columns-protected': [
    PROTECTED_SEALED,
    {
      metrics: ['visitors', 'conversion_rate'],
      filters: [
        ['is', 'event:goal', ['Signup']],
        ['is', 'visit:country', ['DE']],
      ],
    },
  ],
};

const FUNNELS: Readonly<Record<string, readonly [Pixel, Funnel['within'], readonly unknown[]]>> = {
  'funnel-of-visits': [OPEN, 'visit', []],
  'funnel-of-people': [OPEN, { hours: 48 }, [['is', 'visit:source', ['Google']]]],
  'protected-funnel': [PROTECTED, 'visit', []],
  'columns-funnel': [SEALED, 'visit', [['is', 'visit:source', ['Google']]]],
  'columns-protected-funnel': [PROTECTED_SEALED, 'visit', []],
};

const PARAMETERS = [
  'pixel',
  'day',
  'month',
  'stretches',
  'goals',
  'from',
  'before',
  'slice',
  'slices',
  'timezone',
  'rolls',
  'limit',
];
const BOUND_BY_CALLER = Object.fromEntries(PARAMETERS.map((name) => [name, `:${name}`]));

const ROLLUPS: Readonly<Record<string, string>> = {
  'rollup-day': localDay.ROLL_UP_DAY,
  'rollup-slice': localDay.STORE_SLICE,
  'rollup-day-of-slices': localDay.ROLL_UP_SLICES,
  'rollup-delete-slices': localDay.DELETE_SLICES,
  'rollup-delete-used-slices': localDay.DELETE_USED_SLICES,
  'rollup-delete-vanished': localDay.DELETE_VANISHED,
  'rollup-month': months.ROLL_UP_MONTH,
  'rollup-delete-vanished-of-month': months.DELETE_VANISHED_OF_MONTH,
  'rollup-mark-month': months.MARK_MONTH,
  'rollup-columns': columns.STORE_COLUMNS,
  'rollup-columns-of-slice': columns.STORE_COLUMNS_OF_SLICE,
  'rollup-delete-columns': columns.DELETE_COLUMNS,
  'rollup-delete-unfinished-columns': columns.DELETE_UNFINISHED_COLUMNS,
  'rollup-delete-old-columns': columns.DELETE_OLD_COLUMNS,
  'rollup-columns-of-month': monthColumns.STORE_COLUMNS_OF_MONTH,
  'rollup-mark-columns-of-month': monthColumns.MARK_COLUMNS_OF_MONTH,
  'rollup-delete-old-columns-of-month': monthColumns.DELETE_OLD_COLUMNS_OF_MONTH,
  'rollup-delete-columns-of-purged-months': monthColumns.DELETE_COLUMNS_OF_PURGED_MONTHS,
  'rollup-people': personDays.ROLL_UP_PEOPLE,
};

describe('the SQL', () => {
  it.each([
    ...Object.entries(QUERIES).map(([name, body]) => [name, OPEN, body] as const),
    ...Object.entries(PROTECTED_QUERIES).map(([name, body]) => [name, PROTECTED, body] as const),
    ...Object.entries(SEALED_QUERIES).map(([name, [pixel, body]]) => [name, pixel, body] as const),
  ])('of the query %s', async (name, pixel, body) => {
    const { db: recording, sent } = recorder();
    const answer = await runQuery(recording, queryOf(pixel, body), pixel, NOW);
    expect(answer).toMatchObject({ ok: true });
    await expectGolden(name, sent);
  });

  it.each(Object.entries(FUNNELS))('of the funnel %s', async (name, [pixel, within, filters]) => {
    const funnel: Funnel = { name: 'Way', steps: ['Read the blog', 'Pricing', 'Signup'], within };
    const { db: recording, sent } = recorder();
    const answer = await runFunnel(recording, pixel, funnel, queryOf(pixel, { filters }), NOW);
    expect(answer).toMatchObject({ ok: true });
    await expectGolden(name, sent);
  });

  it('of protected property keys', async () => {
    const { db: recording, sent } = recorder();
    await readReportablePropertyKeys(recording, PROTECTED, { from: '2026-11-18', to: '2026-11-25' }, NOW);
    await expectGolden('protected-property-keys', sent);
  });

  it.each(Object.entries(ROLLUPS))('of the statement %s', async (name, sql) => {
    await expectGolden(name, [numbered(sql, BOUND_BY_CALLER)]);
  });

  it('has a file for each case, and no other', () => {
    const files = Object.keys(import.meta.glob('./golden/*.sql')).map((path) => path.slice(9, -4));
    const cases = { ...QUERIES, ...PROTECTED_QUERIES, ...SEALED_QUERIES, ...FUNNELS, ...ROLLUPS };
    expect(files.toSorted()).toEqual([...Object.keys(cases), 'protected-property-keys'].toSorted());
  });
});
