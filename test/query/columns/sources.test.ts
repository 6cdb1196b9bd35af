/** Which days are answered by columns, and the values, months and numbers that differ from one source to the other. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Funnel } from '../../../src/model/goal.ts';
import type { Pixel, PixelSettings } from '../../../src/model/pixel.ts';
import { listsOf } from '../../../src/query/column-rows.ts';
import { runFunnel } from '../../../src/query/funnel.ts';
import { parseQuery } from '../../../src/query/language.ts';
import { applySchema, db, GOALS, makePixel, runJobs, store } from '../../fixtures.ts';
import type { OracleEvent } from '../../oracle.ts';
import { ask, LATER } from '../random-queries.ts';
import { answerIn, tryToAsk, withoutColumns } from './sealed.ts';

beforeAll(applySchema);

const DAY = '2026-02-03';
const FEBRUARY = ['2026-02-01', '2026-02-28'];

/** An event at ten o'clock of a day, some minutes later for a higher number. */
const at = (day: string, index: number, more: Readonly<Record<string, unknown>> = {}): OracleEvent =>
  ({
    ts: Date.parse(`${day}T10:00:00Z`) + index * 60_000,
    id: `${day} ${String(index).padStart(4, '0')}`,
    name: 'pageview',
    visitor: `v${index}`,
    page: '/',
    ...more,
  }) as OracleEvent;

async function sealed(
  events: readonly OracleEvent[],
  settings: Partial<PixelSettings> = {},
  now = LATER,
): Promise<Pixel> {
  const pixel = await makePixel('UTC', { goals: GOALS, ...settings });
  await store(pixel, events);
  await runJobs(now);
  return pixel;
}

/** Asks by columns and by SQL, and returns the answer, which must be the same. */
async function askBoth(pixel: Pixel, request: Readonly<Record<string, unknown>>, now = LATER) {
  const byColumns = await ask(pixel, request, now);
  const bySql = await withoutColumns(pixel, () => ask(pixel, request, now));
  expect(answerIn(byColumns), JSON.stringify(request)).toEqual(answerIn(bySql));
  return byColumns;
}

const close = (pixel: Pixel, day: string) =>
  db.batch([
    db.prepare('UPDATE days SET raw = 2 WHERE pixel = ? AND day <= ?').bind(pixel.id, day),
    db
      .prepare('DELETE FROM events WHERE pixel = ? AND ts < ?')
      .bind(pixel.id, Date.parse(`${day}T00:00:00Z`) + 86_400_000),
  ]);

describe('columns and SQL', () => {
  it('compare the same spellings', async () => {
    const pages = ['/café', '/caf%C3%A9', '/caf%c3%a9', '/a b', '/a%20b', '/a+b', '/x?q=a+b'];
    const hosts = ['xn--mnchen-3ya.example', 'a.example', 'münchen.example'];
    const events = pages.flatMap((page, index) =>
      hosts.map((hostname, place) => at(DAY, 10 * index + place, { page, hostname, country: 'DE' })),
    );
    for (const min_group of [0, 2]) {
      const pixel = await sealed(events, { min_group, retention_days: 3650 });
      const filters = [
        ...pages.map((page) => ['is', 'event:page', [page]]),
        ['is', 'visit:country_name', ['Germany']],
        ...(min_group > 0
          ? []
          : [
              ['contains', 'event:page', ['é']],
              ['contains', 'event:page', ['a b', 'CAF']],
              ['contains_not', 'event:page', ['a b'], { case_sensitive: false }],
              // Of the Punycode of a host, the end of a label is not the end of what people read.
              ['contains', 'event:hostname', ['n.example']],
              ['contains', 'event:hostname', ['ünch']],
              ['matches', 'event:hostname', ['n\\.example']],
              ['is', 'event:hostname', ['münchen.example']],
            ]),
      ];
      for (const filter of filters) {
        const request = { metrics: ['visitors', 'events'], date_range: [DAY, DAY], filters: [filter] };
        const { meta } = await askBoth(pixel, request);
        expect(meta['source']).toBe('columns');
      }
    }
  });

  it('add up the greatest amounts', async () => {
    const amounts = [2 ** 53 - 1, 2 ** 53 - 1, 2 ** 53 - 1, -5_000_000, 1];
    const pixel = await sealed(
      amounts.map((value, index) => at(DAY, index, { value, currency: 'EUR', page: `/${index % 2}` })),
    );
    for (const dimensions of [[], ['event:page', 'visit:source']]) {
      await askBoth(pixel, {
        metrics: ['total_revenue', 'average_revenue'],
        dimensions,
        filters: [['is', 'event:name', ['pageview']]],
        date_range: [DAY, DAY],
      });
    }
  });

  it('match values only of the days that they answer', async () => {
    const pixel = await sealed([at(DAY, 0, { page: '/sealed' }), at(DAY, 1, { page: '/other' })]);
    await store(pixel, [at('2026-02-04', 0, { page: '/SEA' }), at('2026-02-04', 1, { page: '/x' })]);
    for (const filters of [
      [['matches', 'event:page', ['^/[sS]']]],
      [['contains_not', 'event:page', ['sea'], { case_sensitive: false }]],
      [['has_done', ['matches', 'event:page', ['^/s']]]],
    ]) {
      for (const dimensions of [[], ['event:page']]) {
        const request = { metrics: ['events'], dimensions, filters, date_range: FEBRUARY };
        const { meta } = await askBoth(pixel, request);
        expect(meta).toMatchObject({ source: 'columns+events', events_read: { columns: 2, events: 2 } });
      }
    }
  });
});

describe('a month that has a rollup of its own', () => {
  const days = ['2026-02-02', '2026-02-11', '2026-02-27'] as const;
  const events = days.flatMap((day) => [
    at(day, 0, { name: 'Signup' }),
    at(day, 1, { name: 'Purchase', value: 5_000_000, currency: 'EUR' }),
    at(day, 2),
  ]);
  const byGoal = {
    metrics: ['visitors', 'events', 'total_revenue'],
    dimensions: ['event:goal'],
    date_range: FEBRUARY,
  };
  const filtered = {
    metrics: ['visitors'],
    filters: [['is', 'event:goal', ['Signup']]],
    date_range: FEBRUARY,
  };
  const monthOf = (pixel: Pixel) =>
    db.prepare('SELECT month FROM months WHERE pixel = ?').bind(pixel.id).first('month');

  it('is not counted beside its days in columns', async () => {
    const pixel = await sealed(events, {}, Date.parse('2026-03-05T00:00:00Z'));
    expect(await monthOf(pixel)).toBe('2026-02');
    const whole = await ask(pixel, byGoal);
    expect(whole.meta['source']).toBe('rollups');
    await close(pixel, days[1]);
    const closed = await ask(pixel, byGoal);
    expect(closed.results).toEqual(whole.results);
    expect(closed.meta).toMatchObject({ source: 'rollups+columns', events_read: { columns: 6 } });
    // Columns are counted with today's goals.
    const renamed = GOALS.map((goal) => (goal.name === 'Bought' ? { ...goal, name: 'Paid' } : goal));
    const later = { ...pixel, settings: { ...pixel.settings, goals: renamed } };
    const { results } = await ask(later, { ...byGoal, date_range: ['2026-02-01', days[1]] });
    expect(results.map(({ dimensions }) => dimensions[0])).toContain('Paid');
  });

  it('is read for the days that have not changed since', async () => {
    const now = Date.parse('2026-03-05T00:00:00Z');
    const pixel = await sealed(events, {}, now);
    await askBoth(pixel, filtered);
    await store(pixel, [at(days[1], 7, { name: 'Signup' })], now);
    expect((await askBoth(pixel, filtered)).meta).toMatchObject({
      source: 'columns+events',
      events_read: { columns: 6, events: 4 },
    });
    await db.prepare('UPDATE days SET dirty = 1 WHERE pixel = ? AND day = ?').bind(pixel.id, days[0]).run();
    await runJobs(now);
    expect((await askBoth(pixel, filtered)).meta).toMatchObject({
      source: 'columns',
      events_read: { columns: 10 },
    });
    expect((await ask(pixel, filtered)).results).toEqual([{ metrics: [4], dimensions: [] }]);
  });
});

describe('a custom property that the rollup leaves out', () => {
  const events = Array.from({ length: 110 }, (_, index) => {
    const keys = Array.from({ length: 110 - index }, (_one, key) => [
      `k${String(key).padStart(3, '0')}`,
      'x',
    ]);
    return at(DAY, index, { props: JSON.stringify(Object.fromEntries(keys)) });
  });
  const by = (key: string) => ({
    metrics: ['visits'],
    dimensions: [`event:props:${key}`],
    date_range: [DAY, DAY],
  });

  it('is answered from columns, also when the events are gone', async () => {
    const pixel = await sealed(events);
    const first = await ask(pixel, by('k000'));
    expect(first.meta).toEqual({ source: 'rollups' });
    const open = await askBoth(pixel, by('k109'));
    expect(open).toMatchObject({
      results: [
        { dimensions: ['(none)'], metrics: [109] },
        { dimensions: ['x'], metrics: [1] },
      ],
      meta: { source: 'columns' },
    });
    await close(pixel, DAY);
    const closed = await ask(pixel, by('k109'));
    expect(closed.results).toEqual(open.results);
    // Without columns, all that is left is that there were other keys.
    const { results } = await withoutColumns(pixel, () => ask(pixel, by('k109')));
    expect(results).toEqual([{ dimensions: ['(other)'], metrics: [110] }]);
  });
});

describe('a range that cuts a day', () => {
  const filters = [['is', 'event:name', ['pageview']]];
  const range = (from: string, to: string) => ({
    metrics: ['events', 'visit_duration'],
    filters,
    date_range: [`2026-02-${from}Z`, `2026-02-${to}Z`],
  });

  it('within a minute is answered from the events of that day alone', async () => {
    const pixel = await sealed(
      [2, 3, 4].flatMap((day) => [0, 1, 2].map((index) => at(`2026-02-0${day}`, index))),
    );
    const sourceOf = async (from: string, to: string) => (await askBoth(pixel, range(from, to))).meta;
    expect(await sourceOf('02T10:01:00', '04T10:01:59.999')).toMatchObject({
      source: 'columns',
      events_read: { columns: 9 },
    });
    expect(await sourceOf('02T10:01:00.001', '04T10:01:59.999')).toMatchObject({
      source: 'columns+events',
      events_read: { columns: 6, events: 3 },
    });
    expect(await sourceOf('02T10:01:00.001', '04T10:01:59.998')).toMatchObject({
      source: 'columns+events',
      events_read: { columns: 3, events: 6 },
    });
    expect(await sourceOf('02T10:01:00.001', '02T10:02:00')).toMatchObject({ source: 'events' });
  });
});

describe('a query of people', () => {
  it('is answered from events, and says so when they are gone', async () => {
    const pixel = await sealed([at(DAY, 0, { person: 'uann' })]);
    const request = { metrics: ['people'], dimensions: ['event:page'], date_range: [DAY, DAY] };
    expect((await ask(pixel, request)).meta['source']).toBe('events');
    const filtered = { ...request, metrics: ['visitors'], filters: [['is', 'person:devices', ['Desktop']]] };
    expect((await ask(pixel, filtered)).meta['source']).toBe('events');
    await close(pixel, DAY);
    const refusal = (subject: string) => ({
      reason: 'beyond_retention',
      detail: expect.stringContaining(`${subject} needs raw events, and those up to ${DAY} are`),
    });
    expect(await tryToAsk(pixel, request)).toMatchObject(refusal('A query that counts people'));
    expect(await tryToAsk(pixel, filtered)).toMatchObject(
      refusal('A query with a filter by a dimension of people'),
    );
  });
});

describe('a funnel over a closed day', () => {
  it.each([
    ['comes from columns, within a visit', 'visit', [], null],
    ['comes from columns, with a filter', 'visit', [['is', 'event:page', ['/blog/one']]], null],
    [
      'is refused with a filter by people',
      'visit',
      [['is', 'person:devices', ['Desktop']]],
      'A funnel with a filter by a dimension of people needs raw events, and those',
    ],
    ['is refused within hours', { hours: 24 }, [], 'A funnel within hours needs raw events, and those'],
  ] as const)('%s', async (_, within, filters, detail) => {
    const blog = { visitor: 'v', page: '/blog/one' };
    const pixel = await sealed([at(DAY, 0, blog), at(DAY, 1, { ...blog, name: 'Signup' })]);
    await close(pixel, DAY);
    const funnel: Funnel = { name: 'F', steps: ['Read the blog', 'Signup'], within };
    const query = parseQuery({ site_id: pixel.id, metrics: ['visits'], date_range: [DAY, DAY], filters });
    if (!query.ok) throw new Error('not a query');
    expect(await runFunnel(db, pixel, funnel, query.value, LATER)).toMatchObject(
      detail === null
        ? { ok: true, value: { steps: [{ count: 1 }, { count: 1 }] } }
        : { ok: false, error: { reason: 'beyond_retention', detail: expect.stringContaining(detail) } },
    );
  });

  it('says that neither events nor columns are left', async () => {
    const pixel = await sealed([at(DAY, 0, { page: '/blog/one' })]);
    await close(pixel, DAY);
    await db.prepare('UPDATE days SET columns = 0 WHERE pixel = ?').bind(pixel.id).run();
    const funnel: Funnel = { name: 'F', steps: ['Read the blog', 'Signup'], within: 'visit' };
    const query = parseQuery({ site_id: pixel.id, metrics: ['visits'], date_range: [DAY, DAY] });
    if (!query.ok) throw new Error('not a query');
    expect(await runFunnel(db, pixel, funnel, query.value, LATER)).toMatchObject({
      error: {
        detail: expect.stringContaining('A funnel needs raw events or columns, and up to 2026-02-03'),
      },
    });
  });
});

describe('rows of columns as parameters', () => {
  const row = (length: number) => ['é'.repeat(length), 1] as const;

  it('are cut into lists that D1 takes', () => {
    const rows = Array.from({ length: 30 }, () => row(100_000));
    const lists = listsOf([
      ['a', rows],
      ['b', []],
    ])?.get('a');
    expect(lists?.length).toBeGreaterThan(3);
    expect(lists?.flatMap((list) => JSON.parse(list) as unknown[])).toEqual(rows);
    for (const list of lists ?? []) expect(new TextEncoder().encode(list).length).toBeLessThan(2_000_000);
  });

  it('are refused if they are too many', () => {
    expect(listsOf([['a', Array.from({ length: 80 }, () => row(100_000))]])).not.toBeNull();
    const group = ['a', Array.from({ length: 51 }, () => row(100_000))] as const;
    expect(listsOf([group, group])).toBeNull();
  });
});
