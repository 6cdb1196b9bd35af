/**
 * What a wire format can say, by two formats that are not the Worker's: through the real collect function, ingest and D1.
 * `keyed` answers JSON to a POST with the pixel in a header. `timed` speaks GET and POST on one path, and carries a time, an
 * address and a token.
 */
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { hashToken } from '../../src/api/hash.ts';
import { authenticateSender } from '../../src/api/router.ts';
import { collectorOf } from '../../src/collect/answer.ts';
import { endpointsOf } from '../../src/collect/wire/endpoints.ts';
import type { WireFormat } from '../../src/collect/wire/format.ts';
import { problemResponse } from '../../src/collect/wire/problem.ts';
import { FORMATS } from '../../src/collect/wire/table.ts';
import { deliver } from '../../src/enrich/ingest.ts';
import type { Env } from '../../src/env.ts';
import { decodeText } from '../../src/http/body.ts';
import type { ParcelMessage } from '../../src/model/batch.ts';
import { parseFields } from '../../src/model/fields.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import type { PixelKey } from '../../src/model/pixel-key.ts';
import { randomBase58 } from '../../src/model/random.ts';
import { err, ok } from '../../src/model/result.ts';
import { newToken, type Scope } from '../../src/model/token.ts';
import { BLANK_EVENT, type SentEvent } from '../../src/model/wire.ts';
import { insertToken } from '../../src/store/tokens.ts';
import { applySchema, db, makePixel, testEnv } from '../fixtures.ts';

const keyed: WireFormat = {
  routes: [{ method: 'POST', path: '/keyed' }],
  limits: { bytes: 500, events: 3 },
  requestHeaders: ['x-key'],
  read: ({ headers, bytes }) => {
    try {
      const names = JSON.parse(decodeText(bytes)) as string[];
      const id = headers.get('x-key') ?? '';
      const key = headers.get('x-kind') as PixelKey | null;
      return ok({ events: names.map((ev) => ({ ...BLANK_EVENT, id, ev, ...(key ? { key } : {}) })) });
    } catch {
      return err('broken_json');
    }
  },
  answer: ({ error, events }) =>
    error === null
      ? Response.json({ accepted: events.length }, { status: 202 })
      : Response.json({ error }, { status: 422 }),
};

const timed: WireFormat = {
  routes: [
    { method: 'GET', path: '/timed' },
    { method: 'POST', path: '/timed' },
  ],
  limits: { bytes: 1000, events: 1 },
  // As a format does that loads its code when it is first needed.
  read: async ({ method, query, bytes }) => {
    await Promise.resolve();
    const fields = parseFields(method === 'GET' ? query : decodeText(bytes));
    const [ts, ip, token] = ['at', 'address', 'token'].map((name) => fields.get(name));
    const event: SentEvent = {
      ...BLANK_EVENT,
      id: fields.get('site') ?? '',
      ev: fields.get('what') ?? '',
      consent: fields.get('consent') ?? '',
      overrides: { ts: Number(ts), ip, ua: BROWSER },
    };
    return ok({ events: [event], ...(token === undefined ? {} : { token }) });
  },
  answer: async ({ request, error }) => {
    await Promise.resolve();
    return error ? problemResponse(error, timed.limits) : new Response(`${request.method} ok`);
  },
};

const collect = collectorOf([...FORMATS, keyed, timed], authenticateSender);
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0';
const THEN = Date.parse('2026-03-04T05:06:07Z');

beforeAll(applySchema);
afterEach(() => vi.restoreAllMocks());

let sent = 0;

/** Each request is another network's, so that wrong tokens do not count together. */
async function send(path: string, init: RequestInit = {}, env: Env = testEnv): Promise<Response> {
  const ctx = createExecutionContext();
  const headers = { 'user-agent': BROWSER, 'cf-connecting-ip': `10.9.0.${sent++}`, ...init.headers };
  const response = await collect(
    new Request(`https://px.example.com${path}`, { ...init, headers }),
    env,
    ctx,
  );
  if (!response) throw new Error(`${path} is no endpoint`);
  await waitOnExecutionContext(ctx);
  return response;
}

interface Stored {
  readonly name: string;
  readonly ts: number;
  readonly visitor: string;
  readonly authenticated: number;
}

async function stored({ id }: Pixel): Promise<Stored[]> {
  const sql = 'SELECT name, ts, visitor, authenticated FROM events WHERE pixel = ? ORDER BY ts, id';
  return (await db.prepare(sql).bind(id).all<Stored>()).results;
}

async function rejections(pixel: string): Promise<string[]> {
  const sql = 'SELECT reason FROM rejections WHERE pixel = ? ORDER BY reason';
  return (await db.prepare(sql).bind(pixel).all<{ reason: string }>()).results.map(({ reason }) => reason);
}

async function unknownKeys(): Promise<number> {
  const sql = "SELECT coalesce(sum(count), 0) AS count FROM rejections WHERE reason = 'unknown_key'";
  return (await db.prepare(sql).first<number>('count')) ?? 0;
}

async function makeToken(scopes: readonly Scope[], pixel: string | null = null): Promise<string> {
  const token = newToken();
  const entry = { id: `tok_${randomBase58(8)}`, name: 'test', scopes, pixel, created_at: 0 };
  await insertToken(db, entry, await hashToken(token));
  return token;
}

const keyedPost = (key: string, body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { 'x-key': key, ...headers },
  body: JSON.stringify(body),
});

describe('a format that answers JSON to a POST with a key in a header', () => {
  it('stores its events, and sends its own response', async () => {
    const pixel = await makePixel('UTC');
    const response = await send('/keyed', keyedPost(pixel.id, ['pageview', 'Signup']));
    expect([response.status, await response.json()]).toEqual([202, { accepted: 2 }]);
    expect((await stored(pixel)).map(({ name, authenticated }) => [name, authenticated])).toEqual([
      ['pageview', 0],
      ['Signup', 0],
    ]);
  });

  it('reads a body that is gzipped', async () => {
    const pixel = await makePixel('UTC');
    const zipped = new Blob(['["Zipped"]']).stream().pipeThrough(new CompressionStream('gzip'));
    const body = await new Response(zipped).arrayBuffer();
    const headers = { 'x-key': pixel.id, 'content-encoding': 'gzip' };
    expect((await send('/keyed', { method: 'POST', headers, body })).status).toBe(202);
    expect(await stored(pixel)).toMatchObject([{ name: 'Zipped' }]);
  });

  it.each([
    ['what does not parse', 'x', 'broken_json'],
    ['more events than it takes', JSON.stringify(['a', 'b', 'c', 'd']), 'too_many_events'],
    ['more bytes than it takes', JSON.stringify(['x'.repeat(500)]), 'body_too_large'],
    ['no event', '[]', 'missing_id'],
  ])(
    'reports the error in %s, with the CORS headers that a page needs to read it',
    async (_, body, error) => {
      const headers = { 'x-key': 'px_1', origin: 'https://site.example' };
      const response = await send('/keyed', { method: 'POST', headers, body });
      expect([response.status, await response.json()]).toEqual([422, { error }]);
      expect(response.headers.get('access-control-allow-origin')).toBe('https://site.example');
    },
  );

  it('allows its header in a preflight request', async () => {
    const preflight = await send('/keyed', {
      method: 'OPTIONS',
      headers: { origin: 'https://site.example' },
    });
    expect(preflight.headers.get('access-control-allow-headers')).toBe(
      'content-type, content-encoding, x-key',
    );
    const native = await send('/beacon', { method: 'OPTIONS' });
    expect(native.headers.get('access-control-allow-headers')).toBe('content-type, content-encoding');
  });

  it('rejects other methods', async () => {
    const response = await send('/keyed');
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
  });

  it.each(['plausible', 'segment'])(
    'names no pixel by what %s calls a site, whatever that spells',
    async (tool) => {
      const pixel = await makePixel('UTC');
      const before = await unknownKeys();
      const response = await send('/keyed', keyedPost(pixel.id, ['pageview'], { 'x-kind': tool }));
      expect(response.status).toBe(202);
      expect([await stored(pixel), await rejections(pixel.id)]).toEqual([[], []]);
      expect(await unknownKeys()).toBe(before + 1);
    },
  );
});

const post = (fields: Record<string, string>): RequestInit => ({
  method: 'POST',
  body: new URLSearchParams(fields).toString(),
});
const both = ['GET', 'POST'] as const;
const sendTimed = (method: (typeof both)[number], fields: Record<string, string>, env = testEnv) =>
  method === 'GET'
    ? send(`/timed?${new URLSearchParams(fields)}`, {}, env)
    : send('/timed', post(fields), env);

describe('a format that speaks GET and POST on one path', () => {
  it.each(both)('counts %s with the time and address of the request without a token', async (method) => {
    const pixel = await makePixel('UTC');
    const before = Date.now();
    const response = await sendTimed(method, { site: pixel.id, at: String(THEN), address: '192.0.2.7' });
    expect([response.status, await response.text()]).toEqual([200, `${method} ok`]);
    const [event] = await stored(pixel);
    expect(event).toMatchObject({ name: 'pageview', authenticated: 0 });
    expect(event?.ts).toBeGreaterThanOrEqual(before);
  });

  it.each(both)('counts %s with its own time and address if a token allows that', async (method) => {
    const pixel = await makePixel('UTC');
    const token = await makeToken(['events:write', 'pixels:write'], pixel.id);
    const fields = { site: pixel.id, at: String(THEN), token };
    for (const address of ['192.0.2.7', '192.0.2.8', '192.0.2.8']) {
      expect((await sendTimed(method, { ...fields, address })).status).toBe(200);
    }
    const events = await stored(pixel);
    expect(events.map(({ ts, authenticated }) => [ts, authenticated])).toEqual(Array(3).fill([THEN, 1]));
    expect(new Set(events.map(({ visitor }) => visitor)).size).toBe(2);
    expect(events.map(({ visitor }) => visitor)).not.toContain('');
  });

  it('follows the rules of POST /api/v1/events: an invalid time is a rejection', async () => {
    const pixel = await makePixel('UTC');
    const token = await makeToken(['events:write'], pixel.id);
    expect((await sendTimed('POST', { site: pixel.id, at: 'never', token })).status).toBe(200);
    expect([await stored(pixel), await rejections(pixel.id)]).toEqual([[], ['invalid_time']]);
  });

  it('has separate visitors if the token also reads statistics', async () => {
    const pixel = await makePixel('UTC');
    const fields = { site: pixel.id, at: String(THEN), address: '192.0.2.7' };
    for (const scopes of [['events:write'], ['events:write', 'stats:read']] as const) {
      await sendTimed('POST', { ...fields, token: await makeToken(scopes) });
    }
    expect(new Set((await stored(pixel)).map(({ visitor }) => visitor)).size).toBe(2);
  });

  it.each(both)(
    'rejects %s with a token that may not send these events, and stores nothing',
    async (method) => {
      const [pixel, other] = [await makePixel('UTC'), await makePixel('UTC')];
      const tokens = [
        [newToken(), 401, 'wrong_token'],
        ['guess', 401, 'wrong_token'],
        ['', 401, 'wrong_token'],
        [await makeToken(['stats:read']), 401, 'wrong_token'],
        [await makeToken(['events:write'], other.id), 403, 'wrong_pixel'],
      ] as const;
      for (const [token, status, reason] of tokens) {
        const response = await sendTimed(method, { site: pixel.id, at: String(THEN), token });
        expect([response.status, await response.json()]).toEqual([
          status,
          expect.objectContaining({ reason }),
        ]);
      }
      expect(await stored(pixel)).toEqual([]);
    },
  );

  it('accepts no token without TLS, nor with the API disabled', async () => {
    const pixel = await makePixel('UTC');
    const fields = { site: pixel.id, at: String(THEN), token: await makeToken(['events:write']) };
    const { ADMIN_TOKEN: _, ...closed } = testEnv;
    expect((await sendTimed('POST', fields, closed)).status).toBe(401);
    const ctx = createExecutionContext();
    const plain = new Request(`http://px.example.com/timed?${new URLSearchParams(fields)}`);
    expect((await collect(plain, testEnv, ctx))?.status).toBe(401);
    expect(await stored(pixel)).toEqual([]);
  });

  it('reports that the token could not be checked, so the client retries', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const broken = { ...testEnv, DB: {} as D1Database };
    const response = await sendTimed('POST', { site: 'px_1', token: newToken() }, broken);
    expect(response.status).toBe(503);
  });

  it('retains its own time and address through the queue, and only with a token', async () => {
    const pixel = await makePixel('UTC');
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    const messages: ParcelMessage[] = [];
    const queue = {
      sendBatch: async (list: Iterable<{ body: ParcelMessage }>) => {
        for (const { body } of list) messages.push(structuredClone(body));
      },
    };
    const token = await makeToken(['events:write'], pixel.id);
    // Only the token can be looked up.
    const lookup = {
      prepare: (sql: string) => {
        if (sql.includes('FROM tokens')) return db.prepare(sql);
        throw new Error('D1 DB is overloaded');
      },
      batch: () => Promise.reject(new Error('D1 DB is overloaded')),
    };
    const env = {
      ...testEnv,
      DB: lookup as unknown as D1Database,
      QUEUE: queue as unknown as Queue<ParcelMessage>,
    };
    const fields = { site: pixel.id, at: String(THEN), address: '192.0.2.7' };
    await sendTimed('POST', { ...fields, what: 'with', token }, env);
    await sendTimed('POST', { ...fields, what: 'without' }, env);
    expect(messages).toHaveLength(2);
    for (const message of messages) await deliver(testEnv, message, Date.now());
    expect((await stored(pixel)).map(({ name, authenticated }) => [name, authenticated])).toEqual([
      ['with', 1],
      ['without', 0],
    ]);
  });

  it('counts no view for a HEAD request, and answers it without a body', async () => {
    const pixel = await makePixel('UTC');
    const response = await send(`/timed?site=${pixel.id}`, { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect([await stored(pixel), await rejections(pixel.id)]).toEqual([[], ['head_request']]);
  });

  it('gets the cookie of a consent, by either method', async () => {
    const pixel = await makePixel('UTC', { cookie: 'first_party' });
    const headers = {
      'sec-fetch-site': 'same-site',
      'sec-fetch-dest': 'empty',
      origin: 'https://site.example',
    };
    const fields = { site: pixel.id, consent: 'granted' };
    for (const response of [
      await send(`/timed?${new URLSearchParams(fields)}`, { headers }),
      await send('/timed', { ...post(fields), headers }),
    ]) {
      expect(response.headers.get('set-cookie')).toContain('__Host-speck_id=');
    }
  });
});

describe('the native format', () => {
  it('is the first of the formats, and is answered before it is read', async () => {
    const pixel = await makePixel('UTC');
    const response = await send(`/p.gif?id=${pixel.id}&ev=A`);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/gif']);
    expect(await stored(pixel)).toMatchObject([{ name: 'A' }]);
  });

  it('has no time and no token: fields with these names are ignored', async () => {
    const pixel = await makePixel('UTC');
    const token = await makeToken(['events:write']);
    const overrides = { ts: THEN, ip: '192.0.2.7', token, overrides: { ts: THEN } };
    const body = JSON.stringify({ id: pixel.id, ...overrides, sender: { isApart: false } });
    await send('/beacon', { method: 'POST', body });
    expect(await stored(pixel)).toMatchObject([{ authenticated: 0 }]);
    expect((await stored(pixel))[0]?.ts).toBeGreaterThan(THEN);
  });
});

it('two formats cannot have the same method and path', () => {
  expect(() => endpointsOf([keyed, timed, keyed])).toThrow('two wire formats claim POST /keyed');
  const other = { ...keyed, routes: [{ method: 'GET', path: '/keyed' }] } as const;
  expect(endpointsOf([keyed, other]).get('/keyed')?.methods).toBe('GET, HEAD, POST, OPTIONS');
});
