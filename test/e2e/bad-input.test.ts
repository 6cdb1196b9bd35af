/** What must not hurt: each bad request gets a problem that says what to do, or is counted. Never a 5xx. */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import { ADMIN_TOKEN, SECRET_KEY, type Speck, startSpeck } from './harness.ts';

let speck: Speck;
let pixel: string;

beforeAll(async () => {
  speck = await startSpeck();
  pixel = await speck.addPixel();
});
afterAll(() => speck.close());

const AGENT = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0' };

function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(speck.url + path, { headers: { ...AGENT, ...headers } });
}

function beacon(body: BodyInit, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${speck.url}/beacon`, { method: 'POST', body, headers: { ...AGENT, ...headers } });
}

async function problemOf(response: Response): Promise<{ status: number; reason: string }> {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const body = (await response.json()) as { status: number; reason: string; title: string; detail: string };
  expect(body.status).toBe(response.status);
  expect(body.title).toBeTruthy();
  expect(body.detail).toBeTruthy();
  return { status: body.status, reason: body.reason };
}

/** Waits until a row is there: storing happens after the answer. */
function rows(sql: string, ...values: unknown[]): Promise<Record<string, unknown>[]> {
  const query = speck.db.prepare(sql).bind(...values);
  return eventually(async () => {
    const { results } = await query.all();
    return results.length > 0 && results;
  }, `a row for ${sql} with ${values}`);
}

const rejections = (reason: string, of = pixel) =>
  rows('SELECT * FROM rejections WHERE reason = ? AND pixel = ?', reason, of);

describe('pixel requests', () => {
  it('without an id get an error header and the image', async () => {
    for (const path of ['/p.gif', '/tr?ev=x', '/p.gif?id=']) {
      const response = await get(path);
      expect(response.status).toBe(400);
      expect(response.headers.get('x-speck-reason')).toBe('missing_id');
      expect(response.headers.get('content-type')).toBe('image/gif');
      expect((await response.arrayBuffer()).byteLength).toBe(42);
    }
  });

  it('with an unknown id are answered and counted', async () => {
    const response = await get('/p.gif?id=px_unknownunknownun');
    expect(response.status).toBe(200);
    const [row] = await rejections('unknown_pixel', '');
    expect(row).toMatchObject({ samples: expect.stringContaining('px_unknownunknownun') });
  });

  it('with a wrong method are answered with the allowed ones', async () => {
    const wrong = await fetch(`${speck.url}/p.gif?id=${pixel}`, { method: 'DELETE' });
    expect(wrong.headers.get('allow')).toBe('GET, HEAD, OPTIONS');
    expect(await problemOf(wrong)).toEqual({ status: 405, reason: 'method_not_allowed' });
    expect(await problemOf(await get('/beacon'))).toEqual({ status: 405, reason: 'method_not_allowed' });
    expect(await problemOf(await get('/api/v2/query'))).toEqual({
      status: 405,
      reason: 'method_not_allowed',
    });
  });

  it('by HEAD get the headers, and count no view', async () => {
    const response = await fetch(`${speck.url}/p.gif?id=${pixel}`, { method: 'HEAD', headers: AGENT });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('image/gif');
    expect(await rejections('head_request')).toHaveLength(1);
  });

  it('with broken encodings are stored as far as they can be decoded', async () => {
    const dl = 'https%3A%2F%2Fsite.example%2Fbroken%2F%C3%28%zz';
    expect((await get(`/p.gif?id=${pixel}&ev=Broken%&dl=${dl}`)).status).toBe(200);
    expect(await rows('SELECT page FROM events WHERE name = ?', 'Broken%')).toMatchObject([
      { page: expect.stringContaining('/broken/') },
    ]);
  });

  it('with 10,000 fields are stored with the first ones', async () => {
    const fields = Array.from({ length: 1000 }, (_, index) => `cd[k${index}]=${index}`).join('&');
    expect((await get(`/p.gif?id=${pixel}&ev=Many&${fields}`)).status).toBe(200);
    const many = JSON.stringify({
      id: pixel,
      ev: 'ManyJson',
      cd: Object.fromEntries(Array.from({ length: 4000 }, (_, index) => [`k${index}`, 1])),
    });
    expect((await beacon(many)).status).toBe(204);
    const form =
      `id=${pixel}&ev=ManyForm&${Array.from({ length: 10_000 }, (_, i) => `f${i}=`).join('&')}`.slice(
        0,
        60_000,
      );
    expect((await beacon(form)).status).toBe(204);
    for (const name of ['Many', 'ManyJson', 'ManyForm']) {
      expect(await rows('SELECT * FROM events WHERE name = ?', name), name).toHaveLength(1);
    }
  });

  it('with SQL and script in every field are stored as text', async () => {
    const evil = `'"; DROP TABLE events; --<script>alert(1)</script>`;
    const enc = encodeURIComponent;
    const dl = `https://site.example/${enc(evil)}?utm_source=${enc(evil)}`;
    const query = `id=${pixel}&ev=${enc(evil)}&dl=${enc(dl)}&rl=${enc(`https://evil.example/${evil}`)}&cd[${enc(evil)}]=${enc(evil)}`;
    expect((await get(`/p.gif?${query}`, { 'accept-language': evil })).status).toBe(200);
    expect(await rows('SELECT * FROM events WHERE name = ?', evil)).toMatchObject([{ utm_source: evil }]);
  });
});

describe('beacons', () => {
  it.each([
    ['half an object', '{"id":"px', 400, 'broken_json'],
    ['no events', '[]', 400, 'missing_id'],
    ['no id', '{"ev":"x"}', 400, 'missing_id'],
    ['nothing', '', 400, 'missing_id'],
    ['2 MB', 'x'.repeat(2 * 1024 * 1024), 413, 'body_too_large'],
  ])('of %s are rejected', async (_what, body, status, reason) => {
    expect(await problemOf(await beacon(body))).toEqual({ status, reason });
  });

  it('can be gzipped, up to the decompressed limit of a beacon', async () => {
    const zipped = (text: string) => new Uint8Array(gzipSync(text));
    const gzip = { 'content-encoding': 'gzip' };
    expect((await beacon(zipped(JSON.stringify({ id: pixel, ev: 'Zipped' })), gzip)).status).toBe(204);
    expect(await rows('SELECT * FROM events WHERE name = ?', 'Zipped')).toHaveLength(1);
    expect(await problemOf(await beacon(zipped('x'.repeat(10_000_000)), gzip))).toMatchObject({
      status: 413,
    });
    const whole = zipped(JSON.stringify({ id: pixel, ev: 'Cut' }));
    expect(await problemOf(await beacon(whole.slice(0, -4), gzip))).toMatchObject({
      reason: 'broken_encoding',
    });
    // A proxy has unpacked it and left the header.
    expect((await beacon(JSON.stringify({ id: pixel, ev: 'Unpacked' }), gzip)).status).toBe(204);
    expect(await problemOf(await beacon('x', { 'content-encoding': 'br' }))).toMatchObject({ status: 415 });
  });

  it('with bytes that are not UTF-8 are read as far as possible', async () => {
    const body = Buffer.concat([
      Buffer.from(`{"id":"${pixel}","ev":"Utf`),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}'),
    ]);
    expect((await beacon(body)).status).toBe(204);
    expect(await rows('SELECT * FROM events WHERE name = ?', 'Utf\ufffd\ufffd')).toHaveLength(1);
  });

  it('with invalid numbers are counted, and stored without them', async () => {
    await beacon(`{"id":"${pixel}","ev":"P","cd":{"value":1e999}}`);
    await beacon(`id=${pixel}&ev=P&cd[value]=NaN`);
    const count = async () => Number((await rejections('invalid_value'))[0]?.['count']);
    await eventually(async () => (await count()) >= 2, 'two refusals');
    expect(await count()).toBe(2);
  });

  it('get a preflight response with the origin, never with a star', async () => {
    const response = await fetch(`${speck.url}/beacon`, {
      method: 'OPTIONS',
      headers: { origin: 'https://site.example', 'access-control-request-method': 'POST' },
    });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe('https://site.example');
    expect(response.headers.get('access-control-allow-credentials')).toBe('true');
    expect(response.headers.get('vary')).toBe('Origin');
  });
});

describe('the API', () => {
  const call = (method: string, path: string, token?: string, body?: unknown) =>
    fetch(speck.url + path, {
      method,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });

  it('returns nothing without a valid token', async () => {
    for (const path of ['/api/v1/pixels', `/api/v1/pixels/${pixel}`, '/api/v1/tokens']) {
      expect(await problemOf(await call('GET', path))).toEqual({ status: 401, reason: 'missing_token' });
      expect(await problemOf(await call('GET', path, 'wrong'))).toEqual({
        status: 401,
        reason: 'wrong_token',
      });
      expect(await problemOf(await call('GET', path, `${ADMIN_TOKEN}x`))).toMatchObject({ status: 401 });
    }
  });

  it('restricts a token to its pixel and scopes', async () => {
    const other = await speck.addPixel();
    const made = await speck.api('POST', '/api/v1/tokens', { name: 'shop', scopes: ['events:write'], pixel });
    const { token, id } = (await made.json()) as { token: string; id: string };
    const event = (of: string) => ({ events: [{ id: of, ev: 'Server' }] });
    expect((await call('POST', '/api/v1/events', token, event(pixel))).status).toBe(202);
    expect(await problemOf(await call('POST', '/api/v1/events', token, event(other)))).toMatchObject({
      reason: 'wrong_pixel',
    });
    expect(await problemOf(await call('GET', `/api/v1/pixels/${other}`, token))).toMatchObject({
      reason: 'wrong_pixel',
    });
    expect(await problemOf(await call('POST', '/api/v2/query', token, {}))).toMatchObject({
      reason: 'missing_scope',
    });
    expect(await problemOf(await call('GET', '/api/v1/tokens', token))).toMatchObject({
      reason: 'missing_scope',
    });
    expect(await problemOf(await call('DELETE', `/api/v1/pixels/${pixel}`, token))).toMatchObject({
      status: 403,
    });
    const { results } = await speck.db.prepare('SELECT * FROM tokens').all();
    expect(JSON.stringify(results)).not.toContain(token);
    expect((await speck.api('DELETE', `/api/v1/tokens/${id}`)).status).toBe(204);
    expect(await problemOf(await call('POST', '/api/v1/events', token, event(pixel)))).toMatchObject({
      reason: 'wrong_token',
    });
  });

  it.each([
    ['POST', '/api/v1/pixels', '{', 'invalid_json'],
    ['POST', '/api/v1/pixels', {}, 'invalid_body'],
    ['POST', '/api/v1/pixels', { name: 'x', url: 'javascript:alert(1)' }, 'invalid_body'],
    [
      'POST',
      '/api/v1/pixels',
      { name: 'x', url: 'https://x.example', timezone: 'Mars/Olympus' },
      'invalid_body',
    ],
    ['POST', '/api/v1/pixels', { name: 'x', url: 'https://x.example', color: 'red' }, 'invalid_body'],
    ['POST', '/api/v1/events', { events: [] }, 'invalid_body'],
    ['POST', '/api/v1/events', { events: Array.from({ length: 1001 }, () => ({})) }, 'invalid_body'],
    ['POST', '/api/v1/tokens', { name: 'x', scopes: ['root'] }, 'invalid_body'],
    ['GET', '/api/v1/pixels/px_1111111111111111', undefined, 'not_found'],
    ['GET', '/api/v1/nothing', undefined, 'not_found'],
    ['PUT', '/api/v1/pixels', {}, 'method_not_allowed'],
  ])('%s %s with %.40j is rejected with %s', async (method, path, body, reason) => {
    expect(await problemOf(await call(method, path, ADMIN_TOKEN, body))).toMatchObject({ reason });
  });

  it('rejects a body of 2 MB with a message', async () => {
    const response = await call('POST', '/api/v1/events', ADMIN_TOKEN, 'x'.repeat(2 * 1024 * 1024));
    expect(await problemOf(response)).toEqual({ status: 413, reason: 'body_too_large' });
  });

  it('reports each rejected event by its position, and stores the others', async () => {
    const ua = AGENT['user-agent'];
    const response = await speck.api('POST', '/api/v1/events', {
      events: [
        { id: pixel, ev: 'Good', ts: '2026-11-01T10:00:00Z', ip: '192.0.2.1', ua },
        { id: pixel, ev: 'Late', ts: '9999-12-31T00:00:00Z' },
        { id: 'px_nobody' },
        'no event',
        { id: pixel, ev: 'Bot', ua: 'Googlebot/2.1' },
        { id: pixel, ev: 'Good', ts: '2026-11-01T10:00:01Z', eid: 'one' },
        { id: pixel, ev: 'Good', ts: '2026-11-01T10:00:02Z', eid: 'one' },
      ],
    });
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({
      accepted: 2,
      duplicates: 1,
      rejected: [
        { index: 1, reason: 'time_in_future' },
        { index: 2, reason: 'unknown_pixel' },
        { index: 3, reason: 'invalid_event' },
        { index: 4, reason: 'bot' },
      ],
    });
    // Acknowledged means durable: no waiting here.
    const { results } = await speck.db.prepare(`SELECT 1 FROM events WHERE name = 'Good'`).all();
    expect(results).toHaveLength(2);
  });

  it('stores events with an invalid amount without it, and reports each', async () => {
    const sold = (cd: object) => ({ id: pixel, ev: 'Sold', cd: { plan: 'pro', ...cd } });
    const response = await speck.api('POST', '/api/v1/events', {
      events: [
        sold({ value: '12.50', currency: 'EUR' }),
        sold({ value: '12,50', currency: 'EUR' }),
        sold({ value: 5, currency: 'ABC' }),
      ],
    });
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({
      accepted: 3,
      duplicates: 0,
      rejected: [],
      warnings: [
        { index: 1, reason: 'invalid_value', message: expect.stringContaining('was stored') },
        { index: 2, reason: 'invalid_currency', message: expect.stringContaining('was stored') },
      ],
    });
    const sql = "SELECT value, currency, props FROM events WHERE name = 'Sold' ORDER BY value DESC";
    const { results } = await speck.db.prepare(sql).all();
    expect(results.map(({ value, currency }) => [value, currency])).toEqual([
      [12_500_000, 'EUR'],
      [null, ''],
      [null, ''],
    ]);
    expect(await rejections('invalid_currency')).toHaveLength(1);
  });

  it.each([
    [{ metrics: ['happiness'] }, 'metrics[0]'],
    [{ date_range: ['2026-02-30', '2026-03-01'] }, 'date_range[0]'],
    [{ pagination: { offset: -1 } }, 'pagination.offset'],
  ])('answers the query %j with the path of the error', async (change, path) => {
    const response = await speck.api('POST', '/api/v2/query', {
      site_id: pixel,
      metrics: ['visitors'],
      date_range: 'day',
      ...change,
    });
    expect(response.status).toBe(400);
    const body = (await response.json()) as { reason: string; errors: { path: string }[] };
    expect(body.reason).toBe('invalid_query');
    expect(body.errors.map((error) => error.path)).toContain(path);
  });

  it('recomputes the days of a pixel if its time zone changes, and keeps other settings', async () => {
    const response = await speck.api('PATCH', `/api/v1/pixels/${pixel}`, { timezone: 'Asia/Tokyo' });
    expect(await response.json()).toMatchObject({
      timezone: 'Asia/Tokyo',
      timezone_change: { kept_until: null, uncounted_events: 0 },
    });
    const renamed = await speck.api('PATCH', `/api/v1/pixels/${pixel}`, {
      name: 'New',
      settings: { retention_days: 7 },
    });
    expect(await renamed.json()).toMatchObject({
      name: 'New',
      timezone: 'Asia/Tokyo',
      settings: { retention_days: 7, query_params: [], origins: [], goals: [], funnels: [] },
    });
  });

  it.each([
    [{ goals: [{ name: 'a' }] }, 'settings.goals[0]'],
    [{ goals: [{ name: 'a', event: 'x', page: '/' }] }, 'settings.goals[0]'],
    [{ goals: [{ name: 'a', page: 'blog' }] }, 'settings.goals[0].page'],
    [{ goals: [{ name: 'a', page: `/${'b'.repeat(50)}*` }] }, 'settings.goals[0].page'],
    [
      {
        goals: [
          { name: 'a', event: 'x' },
          { name: 'a', event: 'y' },
        ],
      },
      'settings.goals',
    ],
    [{ funnels: [{ name: 'f', steps: ['a'], within: 'visit' }] }, 'settings.funnels[0].steps'],
    [{ funnels: [{ name: 'f', steps: ['none', 'none'], within: 'visit' }] }, 'settings.funnels[0].steps[0]'],
    [
      { funnels: [{ name: 'f', steps: ['a', 'b'], within: { hours: 0 } }] },
      'settings.funnels[0].within.hours',
    ],
  ])('rejects the settings %j', async (settings, path) => {
    const response = await speck.api('PATCH', `/api/v1/pixels/${pixel}`, { settings });
    const body = (await response.json()) as { reason: string; errors: { path: string }[] };
    expect(body.reason).toBe('invalid_body');
    expect(body.errors.map((error) => error.path)).toContain(path);
  });

  it('deletes a pixel with all its data', async () => {
    const gone = await speck.addPixel();
    await speck.api('POST', '/api/v1/events', { events: [{ id: gone, ev: 'x' }] });
    expect((await speck.api('DELETE', `/api/v1/pixels/${gone}`)).status).toBe(204);
    expect((await speck.api('GET', `/api/v1/pixels/${gone}`)).status).toBe(404);
    for (const table of ['events', 'days', 'rollups', 'rejections']) {
      const { results } = await speck.db.prepare(`SELECT 1 FROM ${table} WHERE pixel = ?`).bind(gone).all();
      expect(results, table).toEqual([]);
    }
  });
});

describe('without an admin token', () => {
  it('the API is closed and says why, and the pixel still counts', async () => {
    const closed = await startSpeck({ secrets: { ADMIN_TOKEN: '', SECRET_KEY } });
    try {
      const response = await fetch(`${closed.url}/api/v1/pixels`, { headers: { authorization: 'Bearer ' } });
      expect(await problemOf(response)).toEqual({ status: 503, reason: 'no_admin_token' });
      const empty = await fetch(`${closed.url}/api/v1/pixels`, { headers: { authorization: 'Bearer x' } });
      expect(await problemOf(empty)).toMatchObject({ reason: 'no_admin_token' });
      expect((await fetch(`${closed.url}/p.gif?id=px_x`)).status).toBe(200);
      expect(await (await fetch(`${closed.url}/health`)).json()).toMatchObject({
        status: 'ok',
        api: expect.stringContaining('closed'),
      });
    } finally {
      await closed.close();
    }
  });
});

describe('without a secret key, or with one that could be guessed', () => {
  it.each(['', 'x'.repeat(31)])(
    '%j: the API and /privacy are closed and say why, and the pixel still answers',
    async (key) => {
      const closed = await startSpeck({ secrets: { ADMIN_TOKEN, SECRET_KEY: key } });
      try {
        const answer = await closed.api('GET', '/api/v1/pixels');
        expect(await problemOf(answer)).toEqual({ status: 503, reason: 'no_secret_key' });
        const session = await closed.api('POST', '/api/v1/session', { token: ADMIN_TOKEN });
        expect(await problemOf(session)).toEqual({ status: 503, reason: 'no_secret_key' });
        expect((await fetch(`${closed.url}/p.gif?id=px_x`)).status).toBe(200);
        expect((await fetch(`${closed.url}/privacy`)).status).toBe(503);
        expect((await fetch(`${closed.url}/opt-out`)).status).toBe(200);
        expect(await (await fetch(`${closed.url}/health`)).json()).toMatchObject({
          status: 'degraded',
          api: expect.stringContaining('npm run deploy creates the secret SECRET_KEY'),
          secret_key: { state: expect.stringContaining('missing') },
        });
      } finally {
        await closed.close();
      }
    },
  );
});

it('none of it was a server error', () => {
  expect(speck.logs().filter(({ message }) => message.includes('unexpected error'))).toEqual([]);
});
