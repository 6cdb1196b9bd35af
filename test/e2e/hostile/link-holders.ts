/** What the holder of a shared link tries: queries to the statistics of the pixel under attack. */
import { anyFilter, DIMENSIONS, METRICS, RANGES } from './random-query.ts';
import type { Arms, Fields, Trick } from './tricks.ts';

const ask = (name: string, body: (arms: Arms) => Fields): Trick => ({
  name,
  who: 'link',
  run: (arms) =>
    arms.client.send(name, '/api/v2/query', {
      method: 'POST',
      headers: { ...arms.link, 'content-type': 'application/json' },
      body: JSON.stringify({ site_id: arms.victim, metrics: ['visitors'], date_range: 'day', ...body(arms) }),
    }),
});

const short = (name: string, path: (arms: Arms) => string): Trick => ({
  name,
  who: 'link',
  run: (arms) =>
    arms.client.send(name, `/api/v1/pixels/${arms.victim}/${path(arms)}`, { headers: arms.link }),
});

/** A thousand, which no page has. */
const LETTERS = Array.from({ length: 1000 }, (_, at) => String.fromCodePoint(0x4e00 + at));

export const LINK_HOLDERS: readonly Trick[] = [
  short('far day', () => 'stats?from=9999-12-31&to=9999-12-31'),
  short(
    'three centuries of hours',
    () => 'stats?by=hour&from=1700-01-01&to=2026-11-28&compare=previous_period',
  ),
  short('funnel of a millennium', () => 'funnel?name=Buying&from=1000-01-01&to=2026-01-01'),
  short('funnel of all time', () => 'funnel?name=Buying&from=0001-01-01&to=9998-01-01'),
  short("people's funnel", () => 'funnel?name=Returning'),
  short('properties of all time', () => 'properties?from=2000-01-01&to=9998-01-01'),
  ask('hours compared with the end of time', () => ({
    dimensions: ['time:hour'],
    include: { comparisons: { mode: 'custom', date_range: ['9999-12-30', '9999-12-31'] } },
  })),
  ask('25 patterns', () => ({
    filters: [['matches', 'event:page', Array(25).fill('a.{100}[^k]{3,400}k$')]],
  })),
  ask('4,000 classes', () => ({
    filters: Array.from({ length: 4 }, () => ['matches', 'event:page', Array(1000).fill('[a-z]{1000}')]),
  })),
  ask('contains 1,000', ({ random }) => ({
    filters: [
      ['contains', 'event:page', Array.from({ length: 1000 }, (_, at) => `zz${at}${random.letters(2)}`)],
    ],
  })),
  ask('40 times contains', () => ({
    filters: Array.from({ length: 40 }, (_, at) => ['contains', 'event:page', Array(900).fill(`q${at}`)]),
  })),
  ask('10 times is', ({ random }) => ({
    filters: Array.from({ length: 10 }, (_, at) => [
      'is_not',
      'event:page',
      Array.from({ length: 1000 }, (_, value) => `/ü~%7e${random.letters(2)}?${at}=${value}`),
    ]),
  })),
  ask('contains 40,000 letters', () => ({
    filters: Array.from({ length: 40 }, () => ['contains_not', 'event:page', LETTERS]),
  })),
  ask('patterns of long pages', () => ({
    filters: [['matches', 'event:page', ['(a|b)*a(a|b){200}$', '[ab]*a[ab]{300}c', 'a.{100}[^k]{3,400}k$']]],
  })),
  ask('20 properties', () => ({
    filters: Array.from({ length: 20 }, (_, at) => ['is_not', `event:props:plan${at}`, ['x']]),
  })),
  ask('10 behaviors', () => ({
    filters: Array.from({ length: 10 }, (_, at) => ['has_done', ['is', 'event:page', [`/p/${at}`]]]),
  })),
  ask('two dimensions', () => ({ dimensions: ['event:page', 'visit:source'] })),
  ask('3,000 orders', () => ({ order_by: Array(3000).fill(['visitors', 'asc']) })),
  ask('last page', () => ({ dimensions: ['event:page'], pagination: { limit: 10_000, offset: 1e9 } })),
  ask('first source of people', () => ({
    metrics: ['visitors', 'people'],
    dimensions: ['person:first_source'],
    include: { attribution_days: 90 },
  })),
  {
    name: 'the same thirty times at once',
    who: 'link',
    run: (arms) =>
      Promise.all(
        Array.from({ length: 30 }, () =>
          arms.client.send('the same thirty times at once', '/api/v2/query', {
            method: 'POST',
            headers: { ...arms.link, 'content-type': 'application/json' },
            body: JSON.stringify({
              site_id: arms.victim,
              metrics: ['visitors'],
              date_range: 'day',
              dimensions: ['event:page', 'visit:country'],
            }),
          }),
        ),
      ),
  },
  {
    name: 'thirty at once',
    who: 'link',
    run: (arms) =>
      arms.random.below(3) > 0
        ? Promise.resolve()
        : Promise.all(
            Array.from({ length: 30 }, (_, at) =>
              ask('thirty at once', () => ({ filters: [['is_not', 'event:page', [`/${at}`]]] })).run(arms),
            ),
          ),
  },
  {
    name: 'a list of twenty',
    who: 'link',
    run: ({ client, random, link, victim }) =>
      client.send('a list of twenty', '/api/v2/query', {
        method: 'POST',
        headers: { ...link, 'content-type': 'application/json' },
        body: JSON.stringify(
          Array.from({ length: 20 }, () => ({
            site_id: victim,
            metrics: ['visitors'],
            date_range: random.pick(RANGES),
            dimensions: [random.pick(DIMENSIONS)],
            filters: [anyFilter(random)],
          })),
        ),
      }),
  },
  ask('anything', ({ random }) => ({
    metrics: Array.from({ length: 1 + random.below(4) }, () => random.pick(METRICS)),
    date_range: random.pick(RANGES),
    dimensions: Array.from({ length: random.below(4) }, () => random.pick(DIMENSIONS)),
    filters: Array.from({ length: random.below(4) }, () => anyFilter(random)),
    include: { total_rows: random.below(2) === 0 },
  })),
];
