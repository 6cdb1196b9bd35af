/** The oracle itself, held to numbers worked out by hand from docs/metrics.md. */
import { describe, expect, it } from 'vitest';
import {
  countsOf,
  funnelOf,
  type OracleEvent,
  type OracleGoal,
  partsBy,
  personOf,
  reaches,
  salesOf,
  valueIn,
  visitsOf,
  zero,
} from './oracle.ts';
import {
  answerOf,
  comparisonOf,
  historyOf,
  labelsOf,
  type QueryRequest,
  type Row,
} from './query/oracle-language.ts';

let made = 0;

/** An event at a time of day in UTC, or at a whole instant. */
function event(time: string, name: string, more: Partial<Record<string, string | number>> = {}): OracleEvent {
  made++;
  return {
    ts: Date.parse(time.includes('T') ? time : `2026-02-03T${time}Z`),
    id: `e${String(made).padStart(4, '0')}`,
    name,
    visitor: 'ann',
    ...(more as Record<string, string | number>),
  };
}
const view = (time: string, page: string, more = {}) => event(time, 'pageview', { page, ...more });
const engagement = (time: string, page: string, engaged: number, scroll: number, more = {}) =>
  event(time, 'engagement', { page, engaged, scroll, ...more });

const totalOf = (events: readonly OracleEvent[], zone = 'UTC') =>
  countsOf([...partsBy(visitsOf(events, zone), () => ['']).values()].flat());

describe('visits', () => {
  it('go on after a gap of 30 minutes, end after a millisecond more, and end at midnight', () => {
    const visits = visitsOf(
      [
        view('10:00:00.000', '/'),
        view('10:30:00.000', '/'),
        view('11:00:00.001', '/'),
        view('23:59:59', '/'),
        view('2026-02-04T00:00:01Z', '/'),
      ],
      'UTC',
    );
    expect(visits.map(({ day, events }) => [day, events.length])).toEqual([
      ['2026-02-03', 2],
      ['2026-02-03', 1],
      ['2026-02-03', 1],
      ['2026-02-04', 1],
    ]);
  });

  it('are neither prolonged by an engagement nor saved by it from being a bounce', () => {
    const events = [
      view('10:00:00', '/'),
      engagement('10:20:00', '/', 20_000, 50),
      view('10:40:00', '/'),
      // Hours later, of the page opened last.
      engagement('18:00:00', '/', 5000, 80),
    ];
    expect(totalOf(events)).toEqual({
      visitors: 1,
      visits: 2,
      pageviews: 2,
      events: 2,
      bounces: 2,
      duration: 0,
      engaged: 25_000,
      engaged_visits: 2,
      scroll: 130,
      scrolled_visits: 2,
    });
  });

  it('leave out engagements before them, without a visitor, and after midnight', () => {
    const events = [
      engagement('09:59:59', '/', 1, 1),
      view('10:00:00', '/'),
      view('10:00:00', '/', { visitor: '' }),
      engagement('10:01:00', '/', 2, 2, { visitor: '' }),
      engagement('10:01:00', '/', 4, 4, { visitor: 'bob' }),
      engagement('2026-02-04T00:00:01Z', '/', 8, 8),
    ];
    expect(totalOf(events)).toEqual({
      ...zero(),
      visitors: 1,
      visits: 1,
      pageviews: 2,
      events: 2,
      bounces: 1,
    });
  });

  it('add up the times of engagements and use the greatest depth', () => {
    const events = [
      view('10:00:00', '/a'),
      engagement('10:01:00', '/a', 1000, 30),
      engagement('10:02:00', '/a', 500, 90),
      engagement('10:03:00', '/b', 250, 10),
    ];
    expect(totalOf(events)).toMatchObject({
      engaged: 1750,
      engaged_visits: 1,
      scroll: 90,
      scrolled_visits: 1,
    });
    const byPage = partsBy(visitsOf(events, 'UTC'), (one, visit) => [
      valueIn(one, visit, 'event:page', 'UTC'),
    ]);
    expect(countsOf(byPage.get('/a') ?? [])).toMatchObject({ visits: 1, engaged: 1500, scroll: 90 });
    expect(countsOf(byPage.get('/b') ?? [])).toEqual({
      ...zero(),
      engaged: 250,
      engaged_visits: 1,
      scroll: 10,
      scrolled_visits: 1,
    });
  });

  it('have the revenue of their events', () => {
    const sale = (value: number, currency: string, more = {}) =>
      event('10:00:00', 'Purchase', { value, currency, ...more });
    const parts = [
      ...partsBy(
        visitsOf(
          [
            sale(12_500_000, 'EUR'),
            sale(0, 'EUR', { visitor: 'bob' }),
            sale(7, ''),
            sale(-2, 'USD', { visitor: '' }),
            event('10:00:00', 'Purchase', { currency: 'CHF' }),
          ],
          'UTC',
        ),
        () => [''],
      ).values(),
    ].flat();
    expect([...salesOf(parts)]).toEqual([
      ['EUR', { revenue: 12_500_000, sales: 2 }],
      ['USD', { revenue: -2, sales: 1 }],
    ]);
  });

  it('find the person of an event over any number of links', () => {
    const links = { cookie: 'mail', mail: 'user' };
    const of = (person: string) => personOf(event('10:00:00', 'A', { person }), links);
    expect(['cookie', 'mail', 'user', 'else', ''].map(of)).toEqual(['user', 'user', 'user', 'else', '']);
    expect(personOf(event('10:00:00', 'A'), links)).toBe('');
  });
});

describe('goals', () => {
  it.each([
    ['/blog/*', '/blog/', true],
    ['/blog/*', '/blog/a/b', true],
    ['/blog/*', '/blog', false],
    ['/blog/*', '/Blog/a', false],
    ['/blog', '/blog/a', false],
    ['*', '', true],
    ['/*/x', '/a/b/x', true],
    ['/*/x', '/x', false],
    ['/a?b[c]*', '/a?b[c]/more', true],
    ['/a?b[c]*', '/axbc', false],
    ['/*.html', '/a.html.html', true],
    ['/a*b*c', '/a-c-b-c', true],
    ['/a*b*c', '/a-c-b', false],
  ])('with the page %s are reached by %s: %s', (page, seen, whether) => {
    expect(reaches(view('10:00:00', seen), { name: 'G', page })).toBe(whether);
    expect(reaches(event('10:00:00', 'Signup', { page: seen }), { name: 'G', page })).toBe(false);
    expect(reaches(engagement('10:00:00', seen, 1, 1), { name: 'G', page })).toBe(false);
  });

  it('are reached by a name, or by a property and its value', () => {
    const pro: OracleGoal = { name: 'G', property: 'my plan', value: 'pro' };
    const having = (props: Record<string, string>) =>
      event('10:00:00', 'Signup', { props: JSON.stringify(props) });
    expect(reaches(having({ 'my plan': 'pro', more: 'x' }), pro)).toBe(true);
    expect(reaches(having({ 'my plan': 'Pro' }), pro)).toBe(false);
    expect(reaches(event('10:00:00', 'Signup'), pro)).toBe(false);
    expect(reaches(event('10:00:00', 'Signup'), { name: 'G', event: 'Signup' })).toBe(true);
    expect(reaches(event('10:00:00', 'signup'), { name: 'G', event: 'Signup' })).toBe(false);
  });
});

describe('funnels', () => {
  const goal = (name: string): OracleGoal => ({ name, event: name });
  const days = ['2026-02-03', '2026-02-04'] as const;
  const steps = [goal('A'), goal('B'), goal('C')];

  it('count visits by the steps that they reached, in order, with one event per step', () => {
    const events = [
      // To the third step, by the second A.
      ...['C', 'A', 'B', 'A', 'C'].map((name, index) => event(`10:0${index}:00`, name)),
      // To the first: B came before A.
      ...['B', 'A'].map((name, index) => event(`10:0${index}:00`, name, { visitor: 'bob' })),
      // To the first in each of two visits.
      event('10:00:00', 'A', { visitor: 'eve' }),
      event('10:31:00', 'A', { visitor: 'eve' }),
      event('10:00:00', 'A', { visitor: '' }),
    ];
    expect(funnelOf(events, 'UTC', { steps, within: 'visit' }, days)).toEqual([4, 1, 1]);
    const twice = { steps: [goal('A'), goal('A')], within: 'visit' } as const;
    expect(funnelOf(events, 'UTC', twice, days)).toEqual([4, 1]);
  });

  it('count people by the hours since the first step, across visits and days', () => {
    const events = [
      event('22:00:00', 'A', { person: 'p' }),
      event('23:00:00', 'A', { person: 'p', visitor: 'bob' }),
      event('2026-02-04T01:00:00Z', 'B', { person: 'p', visitor: 'eve' }),
      event('2026-02-04T01:00:00.001Z', 'C', { person: 'p' }),
      event('22:00:00', 'A', { person: '' }),
    ];
    const within = (hours: number) => ({ steps, within: { hours } });
    expect(funnelOf(events, 'UTC', within(1), days)).toEqual([1, 0, 0]);
    expect(funnelOf(events, 'UTC', within(2), days)).toEqual([1, 1, 0]);
    expect(funnelOf(events, 'UTC', within(4), days)).toEqual([1, 1, 1]);
    expect(funnelOf(events, 'UTC', within(4), ['2026-02-03', '2026-02-03'])).toEqual([1, 0, 0]);
    const split = events.map((one) => (one.name === 'B' ? { ...one, person: 'q' } : one));
    expect(funnelOf(split, 'UTC', within(4), days)).toEqual([1, 0, 0]);
    expect(funnelOf(split, 'UTC', within(4), days, { q: 'p' })).toEqual([1, 1, 1]);
  });
});

const GOALS: readonly OracleGoal[] = [
  { name: 'Signup', event: 'Signup' },
  { name: 'Blog', page: '/blog/*' },
  { name: 'Pro', property: 'plan', value: 'pro' },
];

/**
 * Three visitors on one day. ann: 60 seconds from news, a signup as pro. bob: a bounce from nowhere. eve: two visits, 10
 * seconds and a bounce. And a view by nobody.
 */
const EVENTS = [
  view('10:00:00', '/', { visitor: 'ann', source: 'news', person: 'p' }),
  engagement('10:00:20', '/', 20_000, 40, { visitor: 'ann' }),
  view('10:00:30', '/blog/a', { visitor: 'ann', source: 'Google' }),
  event('10:01:00', 'Signup', {
    visitor: 'ann',
    page: '/blog/a',
    props: '{"plan":"pro"}',
    value: 10_000_000,
    currency: 'EUR',
    person: 'p',
  }),
  view('11:00:00', '/', { visitor: 'bob' }),
  engagement('11:00:09', '/', 9500, 61, { visitor: 'bob' }),
  view('12:00:00', '/blog/b', { visitor: 'eve', source: 'news' }),
  event('12:00:10', 'Signup', {
    visitor: 'eve',
    page: '/blog/b',
    props: '{"plan":""}',
    value: 5_000_000,
    currency: 'USD',
  }),
  view('15:00:00', '/blog/c', { visitor: 'eve' }),
  view('15:00:00', '/', { visitor: '' }),
];

const base: QueryRequest = {
  metrics: ['visitors'],
  dimensions: [],
  filters: [],
  date_range: ['2026-02-03', '2026-02-03'],
};
const history = historyOf(EVENTS, 'UTC', GOALS);
const answer = (request: Partial<QueryRequest>): Row[] => answerOf(history, { ...base, ...request });
const rows = (request: Partial<QueryRequest>) =>
  answer(request)
    .map(({ dimensions, metrics }) => [...dimensions, ...metrics])
    .toSorted();
/** The events that filters pick, of the visits with a visitor and without. */
const picked = (...filters: unknown[]) => answer({ metrics: ['visits', 'events'], filters })[0]?.metrics;

describe('answers', () => {
  it('have each metric as defined', () => {
    expect(
      answer({
        metrics: [
          'visitors',
          'visits',
          'pageviews',
          'events',
          'views_per_visit',
          'bounce_rate',
          'visit_duration',
          'time_on_page',
          'scroll_depth',
          'total_revenue',
          'average_revenue',
          'people',
        ],
      }),
    ).toEqual([
      {
        dimensions: [],
        // 6 views in 4 visits; 2 bounces of 4; 70 s in 4 visits; 29.5 s and 101 % in 2 visits; two currencies.
        metrics: [3, 4, 6, 8, 1.5, 50, 18, 15, 51, null, null, 1],
      },
    ]);
  });

  it('of a day without events are zeros, and null for averages', () => {
    const metrics = ['visitors', 'bounce_rate', 'views_per_visit', 'time_on_page', 'scroll_depth'];
    const date_range = ['2026-02-05', '2026-02-05'] as const;
    expect(rows({ date_range, metrics: [...metrics, 'total_revenue', 'people'] })).toEqual([
      [0, 0, 0, null, null, null, 0],
    ]);
    expect(rows({ date_range, dimensions: ['event:page'] })).toEqual([]);
  });

  it('have rows for values of events, visits, goals and properties', () => {
    const metrics = ['visitors', 'visits', 'events'];
    expect(rows({ metrics, dimensions: ['visit:source'] })).toEqual([
      ['Direct / None', 2, 2, 3],
      ['news', 2, 2, 5],
    ]);
    expect(rows({ metrics, dimensions: ['event:page'] })).toEqual([
      ['/', 2, 2, 3],
      ['/blog/a', 1, 1, 2],
      ['/blog/b', 1, 1, 2],
      ['/blog/c', 1, 1, 1],
    ]);
    expect(rows({ metrics, dimensions: ['event:goal'] })).toEqual([
      ['Blog', 2, 3, 3],
      ['Pro', 1, 1, 1],
      ['Signup', 2, 2, 2],
    ]);
    expect(rows({ metrics, dimensions: ['event:props:plan'] })).toEqual([
      ['(none)', 3, 4, 7],
      ['pro', 1, 1, 1],
    ]);
    expect(rows({ metrics, dimensions: ['event:currency', 'event:goal'] })).toEqual([
      ['(not set)', 'Blog', 2, 3, 3],
      ['EUR', 'Pro', 1, 1, 1],
      ['EUR', 'Signup', 1, 1, 1],
      ['USD', 'Signup', 1, 1, 1],
    ]);
    // The engagements are no event, and have no row of their name.
    expect(rows({ metrics, dimensions: ['event:name'] })).toEqual([
      ['Signup', 2, 2, 2],
      ['pageview', 3, 4, 6],
    ]);
  });

  it('have shares of the total, of all visitors and of the group', () => {
    const metrics = ['visitors', 'percentage'];
    expect(rows({ metrics, dimensions: ['visit:source'] })).toEqual([
      ['Direct / None', 2, 66.67],
      ['news', 2, 66.67],
    ]);
    const filters = [['is', 'event:goal', ['Signup']]];
    const rates = ['visitors', 'conversion_rate', 'group_conversion_rate'];
    expect(rows({ metrics: rates, filters })).toEqual([[2, 66.67, 66.67]]);
    expect(rows({ metrics: rates, dimensions: ['event:goal'] })).toEqual([
      ['Blog', 2, 66.67, 66.67],
      ['Pro', 1, 33.33, 33.33],
      ['Signup', 2, 66.67, 66.67],
    ]);
    // Of two visitors from news both signed up; of the two others none.
    expect(rows({ metrics: rates, dimensions: ['visit:source'], filters })).toEqual([
      ['news', 2, 66.67, 100],
    ]);
    // Other filters hold for the whole as well.
    const early = ['is', 'visit:entry_page', ['/']];
    expect(rows({ metrics: rates, filters: [...filters, early] })).toEqual([[1, 50, 50]]);
  });

  it('have the revenue of rows with one currency', () => {
    const metrics = ['total_revenue', 'average_revenue'];
    const [eur, usd] = [10, 5];
    expect(answer({ metrics, dimensions: ['event:currency'] })).toContainEqual({
      dimensions: ['EUR'],
      metrics: [
        { value: eur, currency: 'EUR' },
        { value: eur, currency: 'EUR' },
      ],
    });
    expect(answer({ metrics, filters: [['is_not', 'event:page', ['/blog/a']]] })[0]?.metrics).toEqual([
      { value: usd, currency: 'USD' },
      { value: usd, currency: 'USD' },
    ]);
  });

  it('select events by filters, and visits by the events in them', () => {
    expect(picked(['is', 'event:page', ['/']])).toEqual([2, 3]);
    expect(picked(['is_not', 'event:page', ['/', '/blog/a']])).toEqual([2, 3]);
    expect(picked(['contains', 'event:page', ['blog']])).toEqual([3, 5]);
    expect(picked(['contains', 'event:page', ['BLOG']])).toEqual([0, 0]);
    expect(picked(['contains', 'event:page', ['BLOG'], { case_sensitive: false }])).toEqual([3, 5]);
    expect(picked(['contains_not', 'event:page', ['blog']])).toEqual([2, 3]);
    expect(picked(['matches', 'event:page', ['^/$', 'g/[bc]']])).toEqual([4, 6]);
    expect(picked(['matches_not', 'event:page', ['^/$', 'g/[bc]']])).toEqual([1, 2]);
    expect(picked(['is', 'event:props:plan', ['(none)']])).toEqual([4, 7]);
    expect(picked(['is', 'event:goal', ['Pro', 'Blog']])).toEqual([3, 4]);
    const signup = ['is', 'event:goal', ['Signup']];
    expect(picked(['has_done', signup])).toEqual([2, 5]);
    expect(picked(['has_not_done', signup])).toEqual([2, 3]);
    expect(picked(['not', ['has_done', signup]], ['is', 'event:page', ['/']])).toEqual([1, 2]);
    expect(
      picked([
        'or',
        [
          ['has_done', signup],
          ['is', 'event:page', ['/']],
        ],
      ]),
    ).toEqual([3, 7]);
    // Nothing that was done on two pages at once.
    const both = ['and', [['is', 'event:page', ['/']], signup]];
    expect(picked(['has_done', both])).toEqual([0, 0]);
  });

  it('select engagements by their page, name and visit, but never visits by an engagement', () => {
    const time = (...filters: unknown[]) => answer({ metrics: ['time_on_page'], filters })[0]?.metrics[0];
    expect(time(['is', 'event:page', ['/']])).toBe(15);
    expect(time(['is', 'visit:source', ['news']])).toBe(20);
    expect(time(['is', 'event:name', ['pageview']])).toBe(null);
    expect(time(['has_done', ['is', 'event:goal', ['Signup']]])).toBe(20);
    expect(time(['has_done', ['is', 'event:name', ['engagement']]])).toBe(null);
    expect(time(['has_not_done', ['is', 'event:name', ['engagement']]])).toBe(15);
  });

  it('of a range with times include events from its first to its last millisecond', () => {
    const date_range = ['2026-02-03T12:00:10.000Z', '2026-02-03T16:00:00.000+01:00'] as const;
    const metrics = ['visitors', 'visits', 'events', 'visit_duration', 'bounce_rate'];
    expect(rows({ metrics, date_range })).toEqual([[1, 2, 3, 5, 50]]);
    const before = ['2026-02-03T12:00:10.001Z', '2026-02-03T15:59:59.999+01:00'] as const;
    expect(rows({ metrics, date_range: before })).toEqual([[0, 0, 0, 0, 0]]);
  });
});

describe('comparisons', () => {
  const days = [
    view('2026-02-01T10:00:00Z', '/', { visitor: 'a' }),
    view('2026-02-01T10:00:00Z', '/b', { visitor: 'b' }),
    view('2026-02-03T10:00:00Z', '/', { visitor: 'c' }),
    view('2026-02-03T10:00:00Z', '/new', { visitor: 'd' }),
    view('2026-02-03T10:01:00Z', '/', { visitor: 'd' }),
    view('2026-02-04T10:01:00Z', '/', { visitor: 'd' }),
  ];
  const of = historyOf(days, 'UTC', []);
  const request: QueryRequest = {
    metrics: ['visitors', 'percentage', 'time_on_page'],
    dimensions: ['event:page'],
    filters: [],
    date_range: ['2026-02-03', '2026-02-04'],
  };
  const comparisonOfRow = (
    change: Partial<QueryRequest>,
    row: Row,
    compared: Parameters<typeof comparisonOf>[3],
  ) => comparisonOf(of, { ...request, ...change }, row, compared);

  it('pair rows with those of the previous days, in per cent and in points', () => {
    const [home, other] = answerOf(of, request);
    expect(home).toEqual({ dimensions: ['/'], metrics: [3, 100, null] });
    expect(comparisonOfRow({}, home as Row, { mode: 'previous_period' })).toEqual({
      dimensions: ['/'],
      metrics: [1, 50, null],
      change: [200, 50, null],
    });
    expect(other).toEqual({ dimensions: ['/new'], metrics: [1, 33.33, null] });
    expect(comparisonOfRow({}, other as Row, { mode: 'previous_period' })).toEqual({
      dimensions: ['/new'],
      metrics: [0, 0, null],
      change: [100, 33.33, null],
    });
  });

  it('match times by position', () => {
    const change = { metrics: ['visitors'], dimensions: ['time:day'] };
    const [tuesday, wednesday] = answerOf(of, { ...request, ...change });
    expect(comparisonOfRow(change, tuesday as Row, { mode: 'previous_period' })).toEqual({
      dimensions: ['2026-02-01'],
      metrics: [2],
      change: [0],
    });
    expect(comparisonOfRow(change, wednesday as Row, { mode: 'previous_period' })).toEqual({
      dimensions: ['2026-02-02'],
      metrics: [0],
      change: [100],
    });
    const custom = { mode: 'custom', date_range: ['2026-02-01', '2026-02-01'] } as const;
    expect(comparisonOfRow(change, wednesday as Row, custom)).toBe(null);
  });

  it('go back a year, from February 29 to February 28', () => {
    const leap = historyOf([view('2023-02-28T10:00:00Z', '/')], 'UTC', []);
    const row = { dimensions: [], metrics: [0] };
    const day = { ...request, metrics: ['visitors'], dimensions: [] };
    expect(
      comparisonOf(leap, { ...day, date_range: ['2024-02-29', '2024-02-29'] }, row, {
        mode: 'year_over_year',
      }),
    ).toEqual({ dimensions: [], metrics: [1], change: [-100] });
  });
});

describe('labels', () => {
  it('are complete, with the hours of a day as clocks showed them', () => {
    const week = ['2026-02-01', '2026-02-09'] as const;
    expect(labelsOf('time:week', week, 'UTC')).toEqual(['2026-02-01', '2026-02-02', '2026-02-09']);
    expect(labelsOf('time:month', ['2025-12-31', '2026-02-01'], 'UTC')).toEqual([
      '2025-12-01',
      '2026-01-01',
      '2026-02-01',
    ]);
    const hours = (zone: string, day: string) => labelsOf('time:hour', [day, day], zone);
    expect(hours('Europe/Berlin', '2026-03-29')).toHaveLength(23);
    expect(hours('Europe/Berlin', '2026-10-25')).toHaveLength(24);
    expect(hours('Australia/Lord_Howe', '2026-10-04')).toHaveLength(24);
    expect(hours('America/Sao_Paulo', '2018-11-04')[0]).toBe('2018-11-04 01:00:00');
  });
});
