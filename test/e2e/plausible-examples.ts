/**
 * A small history, and what Plausible's documentation asks of one: the requests of its examples word for word but for
 * the site's name, each with the answer counted by hand.
 *
 * Source: the examples of https://plausible.io/docs/stats-api, in plausible/docs under src/js/apiv2-examples.
 */

import { at, day } from './noon.ts';

const WINDOWS =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36';
const LINUX = 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0';
const MAC =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15';

export const GOALS = [
  { name: 'Signup', event: 'Signup' },
  { name: 'Visit /', page: '/' },
  { name: 'PurchaseUSD', event: 'PurchaseUSD' },
  { name: 'PurchaseEUR', event: 'PurchaseEUR' },
];

/** An event as `POST /api/v1/events` takes it, without the pixel. Visitors are told apart by a letter. */
function event(visitor: string, date: string, time: string, page: string, more: object = {}) {
  return {
    ts: at(date, time),
    ip: `198.51.100.${visitor.charCodeAt(0)}`,
    ua: WINDOWS,
    dl: `https://site.example${page}`,
    ...more,
  };
}

export const EVENTS = [
  event('a', '2024-06-10', '09:00', '/', { ua: MAC, country: 'EE', rl: 'https://www.google.com/' }),
  event('a', '2024-06-10', '09:02', '/register', { ua: MAC, country: 'EE', ev: 'Signup' }),
  event('b', '2024-08-05', '10:00', '/', { ua: LINUX }),
  event('b', '2024-08-20', '10:00', '/', { ua: LINUX }),
  event('k', day(-7), '08:00', '/', { ua: LINUX }),
  event('l', day(-6), '08:00', '/', { ua: MAC }),
  event('m', day(-5), '08:00', '/blog/x', { ua: LINUX }),
  event('m', day(-5), '08:01', '/blog/x', {
    ua: LINUX,
    ev: 'engagement',
    cd: { engaged: 30_000, scroll: 80 },
  }),
  event('y', day(-5), '09:00', '/pricing'),
  event('y', day(-5), '09:03', '/register', { ev: 'Signup' }),
  event('w', day(-4), '09:00', '/pricing'),
  event('w', day(-4), '09:01', '/pricing', { ev: 'PurchaseUSD', cd: { value: 20.5, currency: 'USD' } }),
  event('x', day(-4), '09:00', '/'),
  event('x', day(-4), '09:04', '/pricing', { ev: 'PurchaseEUR', cd: { value: 10, currency: 'EUR' } }),
  event('u', day(-2), '09:00', '/?utm_source=google'),
  event('v', day(-2), '09:00', '/?utm_medium=email'),
  event('n', day(-2), '09:00', '/pricing?utm_campaign=Referral'),
  event('s', day(-1), '09:00', '/?utm_source=twitter&utm_medium=social', { cd: { is_customer: 'false' } }),
  event('s', day(-1), '09:01', '/register'),
  event('s', day(-1), '09:02', '/register', { ev: 'Signup' }),
  event('t', day(-1), '10:00', '/?utm_source=twitter&utm_medium=social', { cd: { is_customer: 'true' } }),
  event('o', day(0), '01:10', '/'),
  event('h', day(0), '01:50', '/'),
  event('h', day(0), '02:05', '/'),
];

/** Only Cloudflare tells cities, so these come as an export's rows. */
function exported(visitor: string, date: string, time: string, page: string, place: object) {
  const ts = new Date(at(date, time)).toISOString();
  return { ts, id: `${visitor}${time}`, name: 'pageview', visitor, hostname: 'site.example', page, ...place };
}

const TALLINN = { country: 'EE', region: 'EE-37', region_name: 'Harjumaa', city: 'Tallinn' };
const AUSTIN = { country: 'US', region: 'US-TX', region_name: 'Texas', city: 'Austin' };

export const EXPORTED = [
  exported('p', day(-3), '10:00', '/docs/start', TALLINN),
  exported('p', day(-3), '10:05', '/pricing', TALLINN),
  exported('q', day(-3), '11:00', '/pricing', TALLINN),
  exported('r', day(-2), '11:00', '/Blog/Hello', AUSTIN),
];

export interface Row {
  readonly dimensions: readonly string[];
  readonly metrics: readonly unknown[];
}

export interface Example {
  readonly name: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly results: readonly Row[];
  /** Of `meta`, besides `source`. */
  readonly meta?: Readonly<Record<string, unknown>>;
}

const row = (metrics: readonly unknown[], ...dimensions: readonly string[]): Row => ({ dimensions, metrics });

const SITE = { site_id: 'dummy.site' };

export const EXAMPLES: readonly Example[] = [
  {
    name: 'first-request',
    request: { ...SITE, metrics: ['visitors', 'events'], date_range: ['2024-06-01', '2024-07-01'] },
    results: [row([1, 2])],
  },
  {
    name: 'the one for curl',
    request: { ...SITE, metrics: ['visitors'], date_range: '7d' },
    // Seven days up to and with today. Plausible leaves today out and begins a day earlier: 14.
    results: [row([15])],
  },
  {
    name: 'aggregate',
    request: { ...SITE, metrics: ['visitors', 'events'], date_range: '7d' },
    results: [row([15, 22])],
  },
  {
    name: 'custom-date-range',
    request: { ...SITE, metrics: ['visitors'], date_range: ['2024-08-01', '2024-08-15'] },
    results: [row([1])],
  },
  {
    name: 'country-and-city',
    request: {
      ...SITE,
      metrics: ['visitors', 'pageviews', 'bounce_rate'],
      date_range: '7d',
      filters: [['is_not', 'visit:country_name', ['']]],
      dimensions: ['visit:country_name', 'visit:city_name'],
    },
    results: [row([2, 3, 50], 'Estonia', 'Tallinn'), row([1, 1, 100], 'United States', 'Austin')],
  },
  {
    name: 'utm',
    request: {
      ...SITE,
      metrics: ['visitors', 'events', 'pageviews'],
      date_range: '7d',
      dimensions: ['visit:utm_medium', 'visit:utm_source'],
    },
    results: [
      row([11, 16, 13], '(not set)', '(not set)'),
      row([2, 4, 3], 'social', 'twitter'),
      row([1, 1, 1], '(not set)', 'google'),
      row([1, 1, 1], 'email', '(not set)'),
    ],
  },
  {
    name: 'pagination',
    request: {
      ...SITE,
      metrics: ['visitors', 'events', 'pageviews'],
      date_range: '7d',
      dimensions: ['visit:utm_medium', 'visit:utm_source'],
      include: { total_rows: true },
      pagination: { limit: 3, offset: 1 },
    },
    results: [
      row([2, 4, 3], 'social', 'twitter'),
      row([1, 1, 1], '(not set)', 'google'),
      row([1, 1, 1], 'email', '(not set)'),
    ],
    meta: { total_rows: 4 },
  },
  {
    name: 'timeseries',
    request: {
      ...SITE,
      metrics: ['visitors', 'events'],
      date_range: '7d',
      filters: [['is', 'visit:os', ['GNU/Linux', 'Mac']]],
      dimensions: ['time:day'],
    },
    results: [row([1, 1], day(-6)), row([1, 1], day(-5))],
  },
  {
    name: 'timeseries, of dates',
    request: {
      ...SITE,
      metrics: ['visitors', 'events'],
      date_range: ['2024-06-01', '2024-07-01'],
      filters: [['is', 'visit:os', ['GNU/Linux', 'Mac']]],
      dimensions: ['time:day'],
    },
    results: [row([1, 2], '2024-06-10')],
  },
  {
    name: 'time-labels',
    request: {
      ...SITE,
      metrics: ['visitors'],
      date_range: 'day',
      dimensions: ['time:hour'],
      include: { time_labels: true },
    },
    results: [row([2], `${day(0)} 01:00:00`), row([1], `${day(0)} 02:00:00`)],
    meta: {
      time_labels: Array.from(
        { length: 24 },
        (_, hour) => `${day(0)} ${String(hour).padStart(2, '0')}:00:00`,
      ),
    },
  },
  {
    name: 'custom-properties',
    request: {
      ...SITE,
      metrics: ['visitors'],
      date_range: '7d',
      dimensions: ['time:day', 'event:props:is_customer'],
      order_by: [
        ['time:day', 'asc'],
        ['event:props:is_customer', 'desc'],
      ],
    },
    results: [
      row([1], day(-6), '(none)'),
      row([2], day(-5), '(none)'),
      row([2], day(-4), '(none)'),
      row([2], day(-3), '(none)'),
      row([4], day(-2), '(none)'),
      row([1], day(-1), 'true'),
      row([1], day(-1), 'false'),
      row([1], day(-1), '(none)'),
      row([2], day(0), '(none)'),
    ],
  },
  {
    name: 'filtering-basics',
    request: {
      ...SITE,
      metrics: ['visitors'],
      date_range: '7d',
      filters: [
        ['contains', 'event:page', ['/docs', '/pricing']],
        ['is', 'visit:country_name', ['Estonia', 'United States of America']],
      ],
    },
    results: [row([2])],
  },
  {
    name: 'filtering-basics, as it was once',
    request: {
      ...SITE,
      metrics: ['visitors'],
      date_range: '7d',
      filters: [
        ['contains', 'event:page', ['/docs', '/pricing']],
        [
          'or',
          [
            ['not', ['is', 'visit:utm_campaign', ['Referral']]],
            ['is', 'visit:country_name', ['Estonia', 'United States of America']],
          ],
        ],
      ],
    },
    // p, q, w, x (who bought on /pricing) and y; not n.
    results: [row([5])],
  },
  {
    name: 'filtering-case-insensitive',
    request: {
      ...SITE,
      metrics: ['visitors'],
      date_range: '7d',
      filters: [['contains', 'event:page', ['blog'], { case_sensitive: false }]],
    },
    results: [row([2])],
  },
  {
    name: 'imports',
    request: {
      ...SITE,
      metrics: ['visitors'],
      date_range: 'all',
      dimensions: ['visit:source'],
      include: { imports: true },
    },
    results: [row([15], 'Direct / None'), row([2], 'Google'), row([2], 'Twitter')],
    meta: { imports_included: false, imports_skip_reason: 'no_imported_data' },
  },
  {
    name: 'imports-bad-filter',
    request: {
      ...SITE,
      metrics: ['visitors'],
      date_range: 'all',
      dimensions: ['visit:source'],
      filters: [['is', 'visit:country_name', ['Estonia']]],
      include: { imports: true },
    },
    // Plausible cannot filter what it imported and leaves it out with a warning; here it was imported as events, which count.
    results: [row([2], 'Direct / None'), row([1], 'Google')],
    meta: { imports_included: false, imports_skip_reason: 'no_imported_data' },
  },
  {
    name: 'revenue-metrics',
    request: { ...SITE, metrics: ['total_revenue'], date_range: 'all', dimensions: ['event:goal'] },
    results: [
      row([{ value: 20.5, currency: 'USD', short: '$20.5', long: '$20.50' }], 'PurchaseUSD'),
      row([{ value: 10, currency: 'EUR', short: '€10', long: '€10.00' }], 'PurchaseEUR'),
      row([null], 'Signup'),
      row([null], 'Visit /'),
    ],
  },
  {
    name: 'revenue-warning',
    request: {
      ...SITE,
      metrics: ['total_revenue'],
      date_range: 'all',
      filters: [['is', 'event:goal', ['PurchaseUSD', 'PurchaseEUR']]],
    },
    results: [row([null])],
    meta: { metric_warnings: { total_revenue: { code: 'no_single_revenue_currency' } } },
  },
  {
    name: 'behavioral-filters',
    request: {
      ...SITE,
      metrics: ['visitors'],
      date_range: 'all',
      filters: [
        ['is', 'event:goal', ['Signup']],
        ['has_done', ['is', 'event:page', ['/pricing']]],
      ],
    },
    results: [row([1])],
  },
];

/** Five days on which 12 visitors came, 2 of them signed up, and one bought in each currency. */
const FIVE_DAYS = { ...SITE, date_range: [day(-5), day(-1)] };
const SIGNUP = [['is', 'event:goal', ['Signup']]];

/** Each metric that the documentation names. */
export const METRICS: readonly Example[] = [
  { name: 'visitors', request: { ...FIVE_DAYS, metrics: ['visitors'] }, results: [row([12])] },
  { name: 'visits', request: { ...FIVE_DAYS, metrics: ['visits'] }, results: [row([12])] },
  { name: 'pageviews', request: { ...FIVE_DAYS, metrics: ['pageviews'] }, results: [row([14])] },
  { name: 'events', request: { ...FIVE_DAYS, metrics: ['events'] }, results: [row([18])] },
  // 14 of 12.
  {
    name: 'views_per_visit',
    request: { ...FIVE_DAYS, metrics: ['views_per_visit'] },
    results: [row([1.17])],
  },
  // m, q, r, u, v, n and t of 12.
  { name: 'bounce_rate', request: { ...FIVE_DAYS, metrics: ['bounce_rate'] }, results: [row([58])] },
  // y 3, w 1, x 4, p 5 and s 2 minutes, of 12.
  { name: 'visit_duration', request: { ...FIVE_DAYS, metrics: ['visit_duration'] }, results: [row([75])] },
  {
    name: 'scroll_depth and time_on_page',
    request: {
      ...FIVE_DAYS,
      metrics: ['scroll_depth', 'time_on_page'],
      filters: [['is', 'event:page', ['/blog/x']]],
    },
    results: [row([80, 30])],
  },
  {
    name: 'percentage',
    request: { ...FIVE_DAYS, metrics: ['percentage'], dimensions: ['visit:utm_source'] },
    results: [row([75], '(not set)'), row([16.67], 'twitter'), row([8.33], 'google')],
  },
  {
    name: 'conversion_rate',
    request: { ...FIVE_DAYS, metrics: ['visitors', 'conversion_rate'], filters: SIGNUP },
    results: [row([2, 16.67])],
  },
  {
    name: 'conversion_rate and group_conversion_rate of a dimension',
    request: {
      ...FIVE_DAYS,
      metrics: ['visitors', 'conversion_rate', 'group_conversion_rate'],
      filters: SIGNUP,
      dimensions: ['visit:utm_source'],
    },
    results: [row([1, 8.33, 11.11], '(not set)'), row([1, 8.33, 50], 'twitter')],
  },
  {
    name: 'total_revenue and average_revenue',
    request: {
      ...FIVE_DAYS,
      metrics: ['total_revenue', 'average_revenue'],
      filters: [['is', 'event:goal', ['PurchaseUSD']]],
    },
    results: [
      row([
        { value: 20.5, currency: 'USD', short: '$20.5', long: '$20.50' },
        { value: 20.5, currency: 'USD', short: '$20.5', long: '$20.50' },
      ]),
    ],
  },
];

/** Each dimension that the documentation names, on a day that tells something of it: visitors by value. */
export const DIMENSIONS: readonly (readonly [name: string, date: string, rows: Record<string, number>])[] = [
  ['event:goal', day(-1), { 'Visit /': 2, Signup: 1 }],
  ['event:page', day(-3), { '/pricing': 2, '/docs/start': 1 }],
  ['event:hostname', day(-3), { 'site.example': 2 }],
  ['visit:entry_page', day(-3), { '/docs/start': 1, '/pricing': 1 }],
  ['visit:exit_page', day(-3), { '/pricing': 2 }],
  ['visit:source', '2024-06-10', { Google: 1 }],
  ['visit:referrer', '2024-06-10', { 'google.com': 1 }],
  ['visit:channel', '2024-06-10', { 'Organic Search': 1 }],
  ['visit:utm_medium', day(-1), { social: 2 }],
  ['visit:utm_source', day(-1), { twitter: 2 }],
  ['visit:utm_campaign', day(-2), { '(not set)': 3, Referral: 1 }],
  ['visit:utm_content', day(-2), { '(not set)': 4 }],
  ['visit:utm_term', day(-2), { '(not set)': 4 }],
  ['visit:device', day(-1), { Desktop: 2 }],
  ['visit:browser', day(-1), { Chrome: 2 }],
  ['visit:browser_version', day(-1), { 143: 2 }],
  ['visit:os', day(-1), { Windows: 2 }],
  ['visit:os_version', day(-1), { 10: 2 }],
  ['visit:country', day(-3), { EE: 2 }],
  ['visit:region', day(-3), { 'EE-37': 2 }],
  ['visit:city', day(-3), { Tallinn: 2 }],
  ['visit:country_name', day(-3), { Estonia: 2 }],
  ['visit:region_name', day(-3), { Harjumaa: 2 }],
  ['visit:city_name', day(-3), { Tallinn: 2 }],
  ['event:props:is_customer', day(-1), { '(none)': 1, false: 1, true: 1 }],
  ['time', '2024-06-10', { '2024-06-10 09:00:00': 1 }],
  ['time:hour', '2024-06-10', { '2024-06-10 09:00:00': 1 }],
  ['time:day', '2024-06-10', { '2024-06-10': 1 }],
  ['time:week', '2024-06-12', {}],
  ['time:week', '2024-06-10', { '2024-06-10': 1 }],
  ['time:month', '2024-06-10', { '2024-06-01': 1 }],
];

/** Visitors by day from today, before which come three in 2024. */
const VISITORS: readonly (readonly [days: number, visitors: number])[] = [
  [-7, 1],
  [-6, 1],
  [-5, 2],
  [-4, 2],
  [-3, 2],
  [-2, 4],
  [-1, 2],
  [0, 2],
];

const since = (first: string): number =>
  VISITORS.reduce((sum, [days, visitors]) => sum + (day(days) >= first ? visitors : 0), 0);

/** Each range that the documentation names, with its visitors. */
export const RANGES: readonly (readonly [range: string | readonly string[], visitors: number])[] = [
  ['day', 2],
  ['7d', 15],
  ['28d', 16],
  ['30d', 16],
  ['91d', 16],
  ['month', since(`${day(0).slice(0, 7)}-01`)],
  ['6mo', 16],
  ['12mo', 16],
  ['year', since(`${day(0).slice(0, 4)}-01-01`)],
  ['all', 19],
  [['2024-01-01', '2024-07-01'], 1],
  [[at(day(0), '01:00'), at(day(0), '01:59')], 2],
];

/** Each operator that the documentation names, with the visitors of seven days that pass. */
export const FILTERS: readonly (readonly [filter: readonly unknown[], visitors: number])[] = [
  [['is', 'visit:country_name', ['Estonia', 'Poland']], 2],
  [['is_not', 'event:page', ['/pricing']], 12],
  [['contains', 'event:page', ['docs', 'pricing']], 6],
  [['contains_not', 'event:page', ['docs', 'pricing']], 11],
  [['matches', 'event:page', ['^/b.*x$']], 1],
  [['matches_not', 'event:page', ['^/$']], 9],
  [['is', 'visit:country', ['ee'], { case_sensitive: false }], 2],
  [['is', 'event:goal', ['Signup']], 2],
  [['contains', 'event:goal', ['Purchase']], 2],
  [['is', 'event:props:is_customer', ['true']], 1],
  [
    [
      'and',
      [
        ['is', 'visit:country_name', ['Estonia']],
        ['is', 'visit:city_name', ['Tallinn']],
      ],
    ],
    2,
  ],
  [
    [
      'or',
      [
        ['is', 'visit:country_name', ['Estonia']],
        ['is', 'visit:city_name', ['Austin']],
      ],
    ],
    3,
  ],
  [['not', ['is', 'visit:country_name', ['Estonia']]], 13],
  [['has_done', ['is', 'event:page', ['/pricing']]], 6],
  [['has_not_done', ['is', 'event:page', ['/']]], 7],
];
