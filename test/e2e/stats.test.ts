/** Queries in short form, as CSV, and asked again. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, type Speck, startSpeck } from './harness.ts';

let speck: Speck;
let pixel: string;

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0';

interface View {
  readonly at: string;
  readonly page: string;
  readonly ip?: string;
  readonly referrer?: string;
  readonly country?: string;
  readonly name?: string;
  readonly cd?: object;
}

const VIEWS: readonly View[] = [
  { at: '2026-03-02T08:00:00Z', page: '/', referrer: 'https://www.google.com/', country: 'DE' },
  { at: '2026-03-02T08:01:00Z', page: '/blog/a', country: 'DE' },
  { at: '2026-03-02T09:00:00Z', page: '/', ip: '203.0.113.2', country: 'AT' },
  { at: '2026-03-03T10:00:00Z', page: '/blog/b', ip: '203.0.113.3', referrer: 'https://www.bing.com/' },
  { at: '2026-03-03T10:05:00Z', page: '/=cmd|calc', ip: '203.0.113.3' },
  { at: '2026-03-10T10:00:00Z', page: '/', ip: '203.0.113.4', country: 'DE' },
  {
    at: '2026-03-10T10:05:00Z',
    page: '/thanks',
    ip: '203.0.113.4',
    name: '=SUM(A1)',
    cd: { value: 12.5, currency: 'EUR', plan: 'pro' },
  },
];

beforeAll(async () => {
  speck = await startSpeck();
  pixel = await speck.addPixel({ timezone: 'UTC' });
  const answer = await speck.api('POST', '/api/v1/events', {
    events: VIEWS.map(({ at, page, ip = '203.0.113.1', referrer, country, name, cd }) => ({
      id: pixel,
      ts: at,
      ip,
      ua: FIREFOX,
      dl: `https://site.example${page}`,
      ...(referrer && { rl: referrer }),
      ...(country && { country }),
      ...(name && { ev: name }),
      ...(cd && { cd }),
    })),
  });
  expect(await answer.json()).toMatchObject({ accepted: VIEWS.length, rejected: [] });
});
afterAll(() => speck.close());

interface Long {
  results: {
    metrics: unknown[];
    dimensions: string[];
    comparison?: { metrics: unknown[]; change: unknown[] };
  }[];
  meta: object;
  query: { metrics: string[] };
}
interface Short {
  results: Record<string, unknown>[];
  meta: object;
  query: object;
}

const DAYS = 'from=2026-03-01&to=2026-03-31';
const MARCH = ['2026-03-01', '2026-03-31'];

const get = (query: string, headers: Record<string, string> = {}) =>
  fetch(`${speck.url}/api/v1/pixels/${pixel}/stats?${query}`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, ...headers },
  });
const short = async (query: string) => {
  const response = await get(query);
  expect(response.status, await response.clone().text()).toBe(200);
  return (await response.json()) as Short;
};
const post = (request: object, headers: Record<string, string> = {}) =>
  fetch(`${speck.url}/api/v2/query`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, ...headers },
    body: JSON.stringify({ site_id: pixel, ...request }),
  });

describe('the short form', () => {
  it.each<[query: string, request: object, names: string[]]>([
    [DAYS, { metrics: ['visitors', 'visits', 'pageviews'] }, []],
    [`${DAYS}&by=page`, { metrics: ['visitors', 'pageviews'], dimensions: ['event:page'] }, ['page']],
    [
      `${DAYS}&by=source&metrics=visitors,bounce_rate`,
      { metrics: ['visitors', 'bounce_rate'], dimensions: ['visit:source'] },
      ['source'],
    ],
    [
      `${DAYS}&by=day,country&metrics=visits`,
      { metrics: ['visits'], dimensions: ['time:day', 'visit:country'] },
      ['day', 'country'],
    ],
    [
      `${DAYS}&by=visit:entry_page&metrics=visits`,
      { metrics: ['visits'], dimensions: ['visit:entry_page'] },
      ['visit:entry_page'],
    ],
    [
      `${DAYS}&by=props:plan&metrics=events`,
      { metrics: ['events'], dimensions: ['event:props:plan'] },
      ['props:plan'],
    ],
    [
      `${DAYS}&by=page&metrics=pageviews&filter=country==DE|AT&filter=page!=/x&filter=page~blog`,
      {
        metrics: ['pageviews'],
        dimensions: ['event:page'],
        filters: [
          ['is', 'visit:country', ['DE', 'AT']],
          ['is_not', 'event:page', ['/x']],
          ['contains', 'event:page', ['blog']],
        ],
      },
      ['page'],
    ],
    [
      `${DAYS}&metrics=pageviews&filter=page!~blog`,
      { metrics: ['pageviews'], filters: [['contains_not', 'event:page', ['blog']]] },
      [],
    ],
    [
      `${DAYS}&by=page&metrics=pageviews&order=pageviews,page:desc&limit=2&page=2`,
      {
        metrics: ['pageviews'],
        dimensions: ['event:page'],
        order_by: [
          ['pageviews', 'desc'],
          ['event:page', 'desc'],
        ],
        pagination: { limit: 2, offset: 2 },
      },
      ['page'],
    ],
    [
      'from=2026-03-08&to=2026-03-14&by=country&metrics=visitors&compare=previous_period',
      {
        metrics: ['visitors'],
        dimensions: ['visit:country'],
        date_range: ['2026-03-08', '2026-03-14'],
        include: { comparisons: { mode: 'previous_period' } },
      },
      ['country'],
    ],
    ['period=7d&metrics=visitors', { metrics: ['visitors'], date_range: '7d' }, []],
    ['metrics=visitors', { metrics: ['visitors'], date_range: '30d' }, []],
  ])('?%s is answered as the long form is', async (query, request, names) => {
    const longAnswer = await post({ date_range: MARCH, ...request });
    expect(longAnswer.status, await longAnswer.clone().text()).toBe(200);
    const long = (await longAnswer.json()) as Long;
    const answer = await short(query);
    const { metrics } = long.query;
    const objectOf = (keys: string[], values: readonly unknown[]) =>
      Object.fromEntries(keys.map((key, index) => [key, values[index]]));
    expect(answer).toEqual({
      ...long,
      results: long.results.map((row) => ({
        ...objectOf(names, row.dimensions),
        ...objectOf(metrics, row.metrics),
        ...(row.comparison && {
          comparison: objectOf(metrics, row.comparison.metrics),
          change: objectOf(metrics, row.comparison.change),
        }),
      })),
    });
    if (!query.includes('page=2') && !/^period|^metrics/.test(query)) expect(answer.results).not.toEqual([]);
  });

  it('gives rows by name', async () => {
    const { results } = await short(`${DAYS}&by=page&filter=page==/&order=page`);
    expect(results).toEqual([{ page: '/', visitors: 3, pageviews: 3 }]);
  });

  it.each([
    ['by=shoe_size', 'by[0]'],
    ['by=page,day,hour', 'by[2]'],
    ['by=page,event:page', 'by[1]'],
    ['by=page,source,country,device,browser', 'by'],
    ['metrics=visitor', 'metrics[0]'],
    ['metrics=', 'metrics[0]'],
    ['by=page&metrics=visitors,bounce_rate', 'metrics[1]'],
    ['period=fortnight', 'period'],
    ['period=7d&period=28d', 'period'],
    ['period=7d&from=2026-03-01&to=2026-03-02', 'period'],
    ['from=2026-03-01', 'to'],
    ['to=2026-03-01', 'from'],
    ['from=2026-02-30&to=2026-03-02', 'from'],
    ['from=2026-03-02&to=2026-3-3', 'to'],
    ['from=2026-03-02&to=2026-03-01', 'from'],
    ['filter=source', 'filter[0]'],
    ['filter=source=Google', 'filter[0]'],
    ['filter=page==/&filter=shoe_size==9', 'filter[1]'],
    ['filter=day==2026-03-01', 'filter[0]'],
    ['order=pageviews:desc&metrics=visitors', 'order[0]'],
    ['order=visitors,page:up', 'order[1]'],
    ['compare=last_week', 'compare'],
    ['limit=0', 'limit'],
    ['limit=10001', 'limit'],
    ['limit=1e3', 'limit'],
    ['page=0', 'page'],
    ['page=100001', 'page'],
    ['format=xml', 'format'],
    ['perod=7d', 'perod'],
  ])('?%s is refused: %s is wrong', async (query, path) => {
    const response = await get(query);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    const { reason, detail, errors } = (await response.json()) as {
      reason: string;
      detail: string;
      errors: { path: string; message: string }[];
    };
    expect(reason).toBe('invalid_query');
    expect(errors.map((error) => error.path)).toContain(path);
    expect(detail).toContain(`${path}: `);
  });

  it('is for those who may', async () => {
    expect((await get(DAYS, { authorization: '' })).status).toBe(401);
    const unknown = await speck.api('GET', '/api/v1/pixels/px_1111111111111111/stats');
    expect(unknown.status).toBe(404);
    const made = await speck.api('POST', '/api/v1/tokens', { name: 'Shop', scopes: ['events:write'], pixel });
    const { token } = (await made.json()) as { token: string };
    const answer = await get(DAYS, { authorization: `Bearer ${token}` });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ reason: 'missing_scope' });
  });
});

describe('CSV', () => {
  const CSV = 'text/csv; charset=utf-8; header=present';

  it('has a line of names and a line a row', async () => {
    const query = `${DAYS}&by=day&metrics=visitors,pageviews&order=day`;
    const response = await get(`${query}&format=csv`);
    expect(response.headers.get('content-type')).toBe(CSV);
    const text = await response.text();
    expect(text).toBe('day,visitors,pageviews\r\n2026-03-02,2,3\r\n2026-03-03,1,2\r\n2026-03-10,1,1\r\n');
    const accepted = await get(query, { accept: 'text/csv' });
    expect(await accepted.text()).toBe(text);
  });

  it('has the names of the long form there', async () => {
    const request = {
      metrics: ['visitors'],
      dimensions: ['time:day', 'visit:source'],
      date_range: ['2026-03-03', '2026-03-03'],
    };
    const response = await post(request, { accept: 'text/csv' });
    expect(response.headers.get('content-type')).toBe(CSV);
    expect(await response.text()).toBe('time:day,visit:source,visitors\r\n2026-03-03,Bing,1\r\n');
  });

  it.each([
    ['text/csv;q=0.5, application/json', 'json'],
    ['application/json;q=0.1, text/csv', 'csv'],
    ['*/*', 'json'],
    ['text/html, TEXT/CSV', 'csv'],
    ['application/json, text/csv', 'json'],
    ['text/csv;q=0', 'json'],
  ])('for Accept: %s gives %s, on both', async (accept, format) => {
    const type = format === 'csv' ? CSV : 'application/json';
    expect((await get(DAYS, { accept })).headers.get('content-type')).toBe(type);
    const longAnswer = await post({ metrics: ['visitors'], date_range: MARCH }, { accept });
    expect(longAnswer.headers.get('content-type')).toBe(type);
    expect((await get(`${DAYS}&format=json`, { accept })).headers.get('content-type')).toBe(
      'application/json',
    );
  });

  it('has no formula in it', async () => {
    const text = await (await get(`${DAYS}&by=name&metrics=events&format=csv&order=events`)).text();
    expect(text).toBe("name,events\r\npageview,6\r\n'=SUM(A1),1\r\n");
  });

  it('has money with its currency, and nothing where there is none', async () => {
    const text = await (
      await get(`${DAYS}&by=day&metrics=visitors,total_revenue&format=csv&order=day`)
    ).text();
    expect(text.split('\r\n')[0]).toBe('day,visitors,total_revenue,total_revenue_currency');
    expect(text).toContain('2026-03-10,1,12.5,EUR\r\n');
    expect(text).toMatch(/2026-03-02,2,(0,EUR|0?,)\r\n/);
  });

  it('has what is compared with behind it', async () => {
    const query = 'from=2026-03-08&to=2026-03-14&metrics=visitors,pageviews&compare=previous_period';
    const text = await (await get(`${query}&format=csv`)).text();
    expect(text).toBe(
      'visitors,pageviews,comparison_visitors,comparison_pageviews,change_visitors,change_pageviews\r\n1,1,3,5,-67,-80\r\n',
    );
  });
});

describe('an answer', () => {
  it('may be kept for half a minute, by whom it is for', async () => {
    for (const response of [
      await get(DAYS),
      await get(`${DAYS}&format=csv`),
      await post({ metrics: ['visitors'], date_range: MARCH }),
    ]) {
      expect(response.headers.get('cache-control')).toBe('private, max-age=30');
      expect(response.headers.get('vary')).toBe(
        'Accept, Authorization, Cookie, X-Speck-Session, X-Speck-Public, X-D1-Bookmark',
      );
      expect(response.headers.get('etag')).toMatch(/^W\/"[\w-]{16}"$/);
    }
  });

  it('is not sent again while it holds', async () => {
    const first = await get(`${DAYS}&by=page`);
    const etag = first.headers.get('etag') ?? '';
    for (const tag of [etag, etag.replace('W/', ''), `"other", ${etag}`, '*']) {
      const again = await get(`${DAYS}&by=page`, { 'if-none-match': tag });
      expect(again.status).toBe(304);
      expect(again.headers.get('etag')).toBe(etag);
      expect(again.headers.get('cache-control')).toBe('private, max-age=30');
      expect(await again.text()).toBe('');
    }
    const csv = await get(`${DAYS}&by=page&format=csv`, { 'if-none-match': etag });
    expect(csv.status).toBe(200);
    const late = {
      ts: '2026-03-04T10:00:00Z',
      ip: '203.0.113.9',
      ua: FIREFOX,
      dl: 'https://site.example/late',
    };
    await speck.api('POST', '/api/v1/events', { events: [{ id: pixel, ...late }] });
    const changed = await get(`${DAYS}&by=page`, { 'if-none-match': etag });
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).not.toBe(etag);
  });

  it('to a POST is always sent', async () => {
    const request = { metrics: ['visitors'], date_range: MARCH };
    const etag = (await post(request)).headers.get('etag') ?? '';
    expect((await post(request, { 'if-none-match': etag })).status).toBe(200);
  });
});
