/** What the holder of another pixel's token tries: events, changes and queries of that pixel, and of the one under attack. */

import { BROWSER, type Call } from './client.ts';
import { anyFilter, DIMENSIONS, RANGES } from './random-query.ts';
import type { Arms, Fields, Trick } from './tricks.ts';

const api = (name: string, path: (arms: Arms) => string, call: (arms: Arms) => Call = () => ({})): Trick => ({
  name,
  who: 'token',
  run: (arms) => {
    const { headers, ...rest } = call(arms);
    return arms.client.send(name, path(arms), { headers: { ...arms.token, ...headers }, ...rest });
  },
});

const events = (name: string, fields: (arms: Arms, index: number) => Fields): Trick =>
  api(
    name,
    () => '/api/v1/events',
    (arms) => ({
      method: 'POST',
      body: JSON.stringify({
        events: Array.from({ length: 200 }, (_, index) => ({
          id: arms.own,
          ev: 'x',
          ...fields(arms, index),
        })),
      }),
    }),
  );

const DAY = 86_400_000;

export const TOKEN_HOLDERS: readonly Trick[] = [
  events('days of 26 years', ({ random }) => ({ ts: Date.now() - random.below(9500) * DAY })),
  events('amounts of last month', ({ random }) => ({
    ts: Date.now() - random.below(40) * DAY,
    cd: { value: random.pick(['9007199254.7', 1e9, 1e6]), currency: 'EUR' },
  })),
  events('events of another pixel', ({ victim }) => ({ id: victim })),
  events('addresses', ({ random }) => ({ ip: `198.18.0.${random.below(250)}`, ua: BROWSER })),
  events('times that are none', ({ random }) => ({
    ts: random.pick([9e15, -1, 1e300, '9999-12-31T23:59:59Z', '+010000-01-01T00:00:00Z', null]),
  })),
  api('another pixel', ({ victim }) => `/api/v1/pixels/${victim}`),
  api("another pixel's people", ({ victim }) => `/api/v1/pixels/${victim}/people?uid=buyer-1`),
  api(
    'own statistics of all time',
    ({ own }) => `/api/v1/pixels/${own}/stats?from=0001-01-01&to=9999-12-31&by=hour`,
  ),
  api('own export', ({ own }) => `/api/v1/pixels/${own}/events?limit=1000`),
  api(
    'links without end',
    ({ own }) => `/api/v1/pixels/${own}/links`,
    () => ({ method: 'POST', body: '{"name":"one more"}' }),
  ),
  api(
    'erasing without end',
    ({ own, random }) => `/api/v1/pixels/${own}/people?uid=u${random.below(1e6)}`,
    () => ({ method: 'DELETE' }),
  ),
  api(
    'zone after zone',
    ({ own }) => `/api/v1/pixels/${own}`,
    ({ random }) => ({
      method: 'PATCH',
      body: JSON.stringify({
        timezone: random.pick(['Pacific/Kiritimati', 'Asia/Kathmandu', 'America/St_Johns']),
      }),
    }),
  ),
  api(
    'goals and funnels',
    ({ own }) => `/api/v1/pixels/${own}`,
    ({ random }) => ({
      method: 'PATCH',
      body: JSON.stringify({
        settings: {
          goals: Array.from({ length: 50 }, (_, at) => ({ name: `g${at}`, page: `/${random.letters(3)}*` })),
        },
      }),
    }),
  ),
  api(
    'own everything',
    () => '/api/v2/query',
    ({ own, random }) => ({
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: random.pick(['application/json', 'text/csv']) },
      body: JSON.stringify({
        site_id: own,
        metrics: ['visitors', 'total_revenue'],
        date_range: random.pick(RANGES),
        dimensions: [random.pick(DIMENSIONS)],
        filters: random.below(2) === 0 ? [] : [anyFilter(random)],
      }),
    }),
  ),
];
