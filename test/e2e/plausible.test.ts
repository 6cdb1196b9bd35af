/** Clients of Plausible's Stats API: its documentation's own requests, asked of Speck. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Speck, startSpeck } from './harness.ts';
import { day, TIME_ZONE } from './noon.ts';
import {
  DIMENSIONS,
  EVENTS,
  EXAMPLES,
  EXPORTED,
  type Example,
  FILTERS,
  GOALS,
  METRICS,
  RANGES,
} from './plausible-examples.ts';

let speck: Speck;
let pixel: string;
/** As a client has it: for one pixel, and to read only. */
let token: string;

beforeAll(async () => {
  speck = await startSpeck();
  pixel = await speck.addPixel({ timezone: TIME_ZONE });
  const settings = { goals: GOALS, retention_days: 3650 };
  expect((await speck.api('PATCH', `/api/v1/pixels/${pixel}`, { settings })).status).toBe(200);
  const made = await speck.api('POST', '/api/v1/tokens', { name: 'Client', scopes: ['stats:read'], pixel });
  ({ token } = (await made.json()) as { token: string });
  const sent = await speck.api('POST', '/api/v1/events', {
    events: EVENTS.map((event) => ({ id: pixel, ...event })),
  });
  expect(await sent.json()).toEqual({ accepted: EVENTS.length, duplicates: 0, rejected: [] });
  const restored = await fetch(`${speck.url}/api/v1/pixels/${pixel}/events`, {
    method: 'PUT',
    headers: { authorization: 'Bearer test-admin-token', 'content-type': 'application/x-ndjson' },
    body: EXPORTED.map((line) => JSON.stringify(line)).join('\n'),
  });
  expect(await restored.json()).toEqual({ accepted: EXPORTED.length, duplicates: 0, rejected: [] });
});
afterAll(() => speck?.close());

const post = (body: object) =>
  fetch(`${speck.url}/api/v2/query`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, site_id: pixel }),
  });

interface Answer {
  readonly results: readonly { readonly dimensions: string[]; readonly metrics: unknown[] }[];
  readonly meta: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, unknown>>;
}

async function ask(body: object): Promise<Answer> {
  const response = await post(body);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return JSON.parse(text) as Answer;
}

describe.each(['while days are open', 'after the rollup'])('%s', (when) => {
  beforeAll(async () => {
    if (when === 'after the rollup') await speck.cron();
  });

  const answers = async ({ request, results, meta = {} }: Example): Promise<void> => {
    const answer = await ask(request);
    expect(answer.results).toEqual(results);
    const { source, events_read, ...rest } = answer.meta;
    expect(source).toMatch(/^(events|columns|rollups|columns\+events|rollups\+events)$/);
    expect(events_read === undefined).toBe(source === 'rollups');
    expect(Object.keys(rest)).toEqual(Object.keys(meta));
    expect(rest).toMatchObject(meta);
    expect(answer.query).toMatchObject({ site_id: pixel, metrics: request['metrics'] });
  };

  it('is what the next answers come from', async () => {
    const [{ request }] = EXAMPLES as readonly [Example];
    const { meta } = await ask(request);
    expect(meta).toEqual(
      when === 'after the rollup'
        ? { source: 'rollups' }
        : { source: 'events', events_read: { events: expect.any(Number) } },
    );
  });

  describe('examples', () => {
    it.each(EXAMPLES)('$name', answers);
  });

  it.each(METRICS)('$name', answers);

  it.each(DIMENSIONS)('by %s on %s', async (dimension, date, visitors) => {
    const requestBody = { metrics: ['visitors'], date_range: [date, date], dimensions: [dimension] };
    const { results } = await ask(requestBody);
    expect(Object.fromEntries(results.map((row) => [row.dimensions[0], row.metrics[0]]))).toEqual(visitors);
    for (const [value, count] of Object.entries(visitors)) {
      if (dimension.startsWith('time')) continue;
      const filtered = await ask({ ...requestBody, filters: [['is', dimension, [value]]] });
      expect(filtered.results).toContainEqual({ dimensions: [value], metrics: [count] });
    }
  });

  it.each(RANGES)('in %s', async (date_range, visitors) => {
    expect((await ask({ metrics: ['visitors'], date_range })).results).toEqual([
      { dimensions: [], metrics: [visitors] },
    ]);
  });

  it.each(FILTERS)('where %j', async (filter, visitors) => {
    expect((await ask({ metrics: ['visitors'], date_range: '7d', filters: [filter] })).results).toEqual([
      { dimensions: [], metrics: [visitors] },
    ]);
  });

  it('are answered in a list as they are one by one', async () => {
    const bodies = EXAMPLES.slice(0, 20).map(({ request }) => ({ ...request, site_id: pixel }));
    const response = await fetch(`${speck.url}/api/v2/query`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(bodies),
    });
    expect(response.status).toBe(200);
    const items = (await response.json()) as object[];
    expect(items).toHaveLength(bodies.length);
    for (const [index, body] of bodies.entries()) {
      expect(items[index]).toEqual(await (await post(body)).json());
    }
  });

  it('compares with the days before, as the dashboard asks', async () => {
    const { results, meta } = await ask({
      metrics: ['visitors', 'events'],
      date_range: [day(-4), day(-3)],
      include: { comparisons: { mode: 'previous_period' } },
    });
    expect(results).toEqual([
      {
        dimensions: [],
        metrics: [4, 7],
        comparison: { dimensions: [], metrics: [3, 4], change: [33, 75] },
      },
    ]);
    expect(meta).toMatchObject({ comparison_date_range: [day(-6), day(-5)] });
  });
});

/** docs/api.md, "Clients of Plausible". */
describe('what differs', () => {
  const rejectedPaths = async (body: object) => {
    const response = await post({ metrics: ['visitors'], date_range: '7d', ...body });
    return { status: response.status, ...((await response.json()) as object) };
  };

  it.each<[what: string, body: object, path: string, message: RegExp]>([
    [
      'segments',
      { metrics: ['visitors', 'events'], filters: [['is', 'segment', [2]]] },
      'filters[0][1]',
      /^Unknown dimension/,
    ],
    ['ids of cities', { filters: [['is', 'visit:city', [588_409]]] }, 'filters[0][2]', /text/],
    ['visit:screen', { dimensions: ['visit:screen'] }, 'dimensions[0]', /^Unknown dimension/],
    [
      'exit_rate',
      { metrics: ['exit_rate'], dimensions: ['visit:exit_page'] },
      'metrics[0]',
      /^Unknown metric/,
    ],
    ["the dashboard's 24h", { date_range: '24h' }, 'date_range', /^Use one of day, 7d/],
  ])('%s are refused, with the place of the mistake', async (_, body, path, message) => {
    const answer = await rejectedPaths(body);
    expect(answer).toMatchObject({ status: 400, reason: 'invalid_query' });
    const [first] = (answer as unknown as { errors: { path: string; message: string }[] }).errors;
    expect(first).toEqual({ path, message: expect.stringMatching(message) });
  });

  it('errors are problems of RFC 9457, without Plausible\'s "error"', async () => {
    const response = await post({ metrics: ['visitors'] });
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(Object.keys((await response.json()) as object).toSorted()).toEqual([
      'detail',
      'errors',
      'reason',
      'status',
      'title',
    ]);
  });

  it.each(['aggregate', 'timeseries', 'breakdown', 'realtime/visitors'])(
    'v1 is not there: %s',
    async (path) => {
      const response = await fetch(`${speck.url}/api/v1/stats/${path}?site_id=${pixel}`, {
        headers: { authorization: `Bearer ${token}` },
      });
      expect(response.status).toBe(404);
    },
  );

  it("the dashboard's match_day_of_week is accepted, and a range that ends today is cut in the one before", async () => {
    const body = {
      metrics: ['visitors'],
      date_range: 'day',
      include: { comparisons: { mode: 'previous_period', match_day_of_week: true } },
    };
    const response = await post(body);
    const { meta, query } = (await response.json()) as {
      meta: { comparison_date_range: [string, string] };
      query: { date_range: [string, string]; include: object };
    };
    expect(response.status).toBe(200);
    const distance = Date.parse(query.date_range[0]) - Date.parse(meta.comparison_date_range[0]);
    expect(distance).toBe(7 * 86_400_000);
    expect(meta).toHaveProperty('comparison_until');
    expect(query.include).toMatchObject({ comparisons: { match_day_of_week: true } });
  });

  it('revenue needs no goal', async () => {
    const { results } = await ask({
      metrics: ['total_revenue'],
      date_range: '7d',
      filters: [['is', 'event:name', ['PurchaseEUR']]],
    });
    expect(results).toMatchObject([{ metrics: [{ value: 10, currency: 'EUR' }] }]);
  });

  it('some metrics and filters that Plausible refuses are answered', async () => {
    const requestBody = { date_range: [day(-5), day(-5)] };
    const read = await ask({ ...requestBody, metrics: ['scroll_depth', 'time_on_page'] });
    expect(read.results).toEqual([{ dimensions: [], metrics: [80, 30] }]);
    const views = await ask({ ...requestBody, metrics: ['views_per_visit'], dimensions: ['visit:os'] });
    expect(views.results).toEqual([
      { dimensions: ['GNU/Linux'], metrics: [1] },
      { dimensions: ['Windows'], metrics: [1] },
    ]);
    const either = [
      'or',
      [
        ['is', 'event:goal', ['Signup']],
        ['is', 'event:page', ['/blog/x']],
      ],
    ];
    const nested = await ask({ ...requestBody, metrics: ['visitors'], filters: [either] });
    expect(nested.results).toEqual([{ dimensions: [], metrics: [2] }]);
  });

  it('the query comes back with days, and with the order that was asked for', async () => {
    const { query, meta } = await ask({ metrics: ['visitors'], date_range: '7d' });
    expect(query).toMatchObject({ date_range: [day(-6), day(0)], order_by: [] });
    expect(Object.keys(meta)).toEqual(['source', 'events_read']);
  });
});
