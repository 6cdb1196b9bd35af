/** An owner's goals, funnels and revenue, from settings to answers, through the whole Worker. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import { type Speck, startSpeck } from './harness.ts';

let speck: Speck;
let pixel: string;

const DAY = new Date(Date.now() - 26 * 3_600_000).toISOString().slice(0, 10);
const at = (time: string): string => `${DAY}T${time}Z`;
const visitor = (name: string) => ({
  ip: `198.51.100.${name.charCodeAt(0)}`,
  ua: 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0',
});

beforeAll(async () => {
  speck = await startSpeck();
  pixel = await speck.addPixel({ timezone: 'UTC' });
  const settings = {
    goals: [
      { name: 'Read the blog', page: '/blog/*' },
      { name: 'Buy', event: 'Purchase' },
      { name: 'Went pro', property: 'plan', value: 'pro' },
    ],
    funnels: [{ name: 'To buy', steps: ['Read the blog', 'Buy'], within: 'visit' }],
  };
  expect((await speck.api('PATCH', `/api/v1/pixels/${pixel}`, { settings })).status).toBe(200);
  const event = (who: string, time: string, ev: string, page: string, more = {}) => ({
    id: pixel,
    ev,
    dl: `https://site.example${page}`,
    ts: at(time),
    ...visitor(who),
    ...more,
  });
  const events = [
    event('a', '10:00:00', 'PageView', '/blog/one?utm_source=news&utm_campaign=autumn'),
    event('a', '10:05:00', 'engagement', '/blog/one', { cd: { engaged: 30_000, scroll: 80 } }),
    event('a', '10:06:00', 'PageView', '/checkout'),
    event('a', '10:07:00', 'Purchase', '/checkout', {
      eid: 'o1',
      cd: { value: '19.90', currency: 'eur', plan: 'pro' },
    }),
    event('b', '11:00:00', 'PageView', '/blog/two'),
    event('b', '11:00:20', 'engagement', '/blog/two', { cd: { engaged: 10_000, scroll: 20 } }),
    event('c', '12:00:00', 'PageView', '/'),
    event('c', '12:10:00', 'Purchase', '/checkout', { eid: 'o2', cd: { value: 5, currency: 'USD' } }),
  ];
  const answer = await speck.api('POST', '/api/v1/events', { events });
  expect(await answer.json()).toEqual({ accepted: 8, duplicates: 0, rejected: [] });
});
afterAll(() => speck.close());

async function ask(request: Record<string, unknown>) {
  const response = await speck.api('POST', '/api/v2/query', {
    site_id: pixel,
    date_range: [DAY, DAY],
    ...request,
  });
  return (await response.json()) as {
    results: { dimensions: string[]; metrics: unknown[] }[];
    meta: unknown;
  };
}

const euros = { value: 19.9, currency: 'EUR', short: '€19.9', long: '€19.90' };
const dollars = { value: 5, currency: 'USD', short: '$5', long: '$5.00' };

describe.each(['events', 'rollups'])('answers from %s', (source) => {
  beforeAll(async () => {
    if (source === 'rollups') await speck.cron();
  });

  it('tell how many reached each goal, and which share that is', async () => {
    const { results, meta } = await ask({
      metrics: ['visitors', 'events', 'conversion_rate'],
      dimensions: ['event:goal'],
    });
    expect(meta).toEqual(
      source === 'events' ? { source, events_read: { events: expect.any(Number) } } : { source },
    );
    expect(results).toEqual([
      { dimensions: ['Buy'], metrics: [2, 2, 66.67] },
      { dimensions: ['Read the blog'], metrics: [2, 2, 66.67] },
      { dimensions: ['Went pro'], metrics: [1, 1, 33.33] },
    ]);
  });

  it('give a purchase to the campaign that brought its visit', async () => {
    const { results } = await ask({ metrics: ['total_revenue'], dimensions: ['visit:utm_campaign'] });
    expect(results).toEqual(
      [
        { dimensions: ['autumn'], metrics: [euros] },
        { dimensions: ['(not set)'], metrics: [dollars] },
      ].toSorted((a, b) => Number(b.metrics[0]?.value) - Number(a.metrics[0]?.value)),
    );
  });

  it('never add two currencies', async () => {
    const total = await ask({ metrics: ['total_revenue', 'average_revenue'] });
    expect(total.results).toEqual([{ dimensions: [], metrics: [null, null] }]);
    expect(total.meta).toMatchObject({
      metric_warnings: { total_revenue: { code: 'no_single_revenue_currency' } },
    });
    const split = await ask({ metrics: ['total_revenue'], dimensions: ['event:currency'] });
    expect(split.results).toEqual([
      { dimensions: ['EUR'], metrics: [euros] },
      { dimensions: ['USD'], metrics: [dollars] },
      { dimensions: ['(not set)'], metrics: [null] },
    ]);
  });

  it('tell how long pages were read, and how far', async () => {
    const { results } = await ask({
      metrics: ['pageviews', 'time_on_page', 'scroll_depth'],
      dimensions: ['event:page'],
      order_by: [['event:page', 'asc']],
    });
    expect(results).toEqual([
      { dimensions: ['/'], metrics: [1, null, null] },
      { dimensions: ['/blog/one'], metrics: [1, 30, 80] },
      { dimensions: ['/blog/two'], metrics: [1, 10, 20] },
      { dimensions: ['/checkout'], metrics: [1, null, null] },
    ]);
  });
});

describe('a funnel', () => {
  const path = () => `/api/v1/pixels/${pixel}/funnel?name=To%20buy&from=${DAY}&to=${DAY}`;

  it('tells how many came from step to step', async () => {
    expect(await (await speck.api('GET', path())).json()).toEqual({
      name: 'To buy',
      within: 'visit',
      counts: 'visits',
      date_range: [DAY, DAY],
      steps: [
        { goal: 'Read the blog', count: 2, of_first: 100, of_previous: 100, lost: 0 },
        { goal: 'Buy', count: 1, of_first: 50, of_previous: 50, lost: 1 },
      ],
    });
  });

  it('goes by the order within one beacon, whether or not events have ids of their own', async () => {
    const other = await speck.addPixel({ timezone: 'UTC' });
    const settings = {
      goals: [
        { name: 'See', event: 'pageview' },
        { name: 'Buy', event: 'Purchase' },
      ],
      funnels: [{ name: 'To buy', steps: ['See', 'Buy'], within: 'visit' }],
    };
    expect((await speck.api('PATCH', `/api/v1/pixels/${other}`, { settings })).status).toBe(200);
    const visits = Array.from({ length: 24 }, (_, index) => index);
    for (const index of visits) {
      const event = (ev: string) => ({ id: other, ev, dl: 'https://site.example/thanks' });
      const withId = index % 2 === 0 ? { eid: `view-${index}` } : {};
      await fetch(`${speck.url}/beacon`, {
        method: 'POST',
        headers: { 'user-agent': `${visitor('a').ua} Visitor/${index}` },
        body: JSON.stringify([
          { ...event('PageView'), ...withId },
          { ...event('Purchase'), eid: `order-${index}` },
        ]),
      });
    }
    const stored = speck.db.prepare('SELECT id FROM events WHERE pixel = ?').bind(other);
    await eventually(
      async () => (await stored.all()).results.length === 2 * visits.length,
      'two events of each visit',
    );
    const answer = await speck.api('GET', `/api/v1/pixels/${other}/funnel?name=To%20buy&period=7d`);
    const { steps } = (await answer.json()) as { steps: { count: number }[] };
    expect(steps.map(({ count }) => count)).toEqual([visits.length, visits.length]);
  });

  it('takes the filters of a query', async () => {
    const ofPage = (page: string) => encodeURIComponent(JSON.stringify([['is', 'event:page', [page]]]));
    const counts = async (filters: string): Promise<number[]> => {
      const { steps } = (await (await speck.api('GET', `${path()}&filters=${filters}`)).json()) as {
        steps: { count: number }[];
      };
      return steps.map(({ count }) => count);
    };
    expect(await counts(ofPage('/checkout'))).toEqual([1, 1]);
    expect(await counts(ofPage('/nowhere'))).toEqual([0, 0]);
  });

  it.each([
    ['name=To%20buy&filters=[', 'filters'],
    ['name=To%20buy&filters={}', 'filters'],
    ['name=To%20buy&filters=[["is","visit:nothing",["x"]]]', 'filters[0][1]'],
    ['name=To%20buy&filters=[["is","event:goal",["None"]]]', 'filters[0][2]'],
    ['name=Other', 'name'],
    [`name=To%20buy&from=2026-01-01`, 'to'],
    ['name=To%20buy&from=2026-02-01&to=2026-01-01', 'from'],
    ['name=To%20buy&period=30d&from=2026-01-01&to=2026-01-02', 'period'],
    ['period=30d', 'name'],
  ])('asked for with %s is refused, and %s is named', async (query, parameter) => {
    const response = await speck.api('GET', `/api/v1/pixels/${pixel}/funnel?${query}`);
    expect(response.status).toBe(400);
    const { errors } = (await response.json()) as { errors: { path: string }[] };
    expect(errors.map((error) => error.path)).toEqual([parameter]);
  });

  it('that names a goal which is not there cannot be set', async () => {
    const settings = { goals: [] };
    const response = await speck.api('PATCH', `/api/v1/pixels/${pixel}`, { settings });
    expect(await response.json()).toMatchObject({
      reason: 'invalid_body',
      errors: [
        {
          path: 'settings.funnels[0].steps[0]',
          // Whoever takes a goal away has to learn which funnel is in the way.
          message: expect.stringMatching(/^The funnel To buy needs the goal /),
        },
        { path: 'settings.funnels[0].steps[1]' },
      ],
    });
  });
});

it('says which goals there are to one who asks for another', async () => {
  const answer = await ask({ metrics: ['visitors'], filters: [['is', 'event:goal', ['Sell']]] });
  expect(answer).toMatchObject({
    reason: 'invalid_query',
    errors: [
      { path: 'filters[0][2]', message: 'No goal has this name. Goals: Read the blog, Buy, Went pro.' },
    ],
  });
});
