/** Signing in, staying so, being out again; and shared links, which show statistics and nothing else. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, type Speck, startSpeck } from './harness.ts';

let speck: Speck;
let pixel: string;

beforeAll(async () => {
  speck = await startSpeck();
  pixel = await speck.addPixel({ name: 'Shop', timezone: 'UTC' });
});
afterAll(() => speck.close());

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

interface Asking {
  readonly cookie?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly kind?: string;
}

/** A request as the dashboard's own pages send it. */
function ask(method: string, path: string, { cookie, body, headers = {}, kind = 'owner' }: Asking = {}) {
  return fetch(speck.url + path, {
    method,
    headers: {
      'x-speck-session': kind,
      'sec-fetch-site': 'same-origin',
      ...(cookie === undefined ? {} : { cookie }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function signIn(body: object): Promise<string> {
  const response = await ask('POST', '/api/v1/session', { body });
  expect(response.status, await response.clone().text()).toBe(201);
  return (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
}

async function reasonOf(response: Response): Promise<string> {
  return ((await response.json()) as { reason: string }).reason;
}

async function expectProblem(response: Promise<Response>, status: number, reason: string): Promise<void> {
  const got = await response;
  expect([got.status, await reasonOf(got)]).toEqual([status, reason]);
}

async function makeToken(scopes: string[], of: string | null): Promise<{ id: string; token: string }> {
  const response = await speck.api('POST', '/api/v1/tokens', { name: 'A', scopes, pixel: of });
  return (await response.json()) as { id: string; token: string };
}

interface Made {
  readonly id: string;
  readonly url: string;
  readonly secret: string;
}

async function makeLink(more: object = {}): Promise<Made> {
  const response = await speck.api('POST', `/api/v1/pixels/${pixel}/links`, { name: 'Board', ...more });
  expect(response.status).toBe(201);
  const link = (await response.json()) as { id: string; url: string };
  return { ...link, secret: link.url.split('#')[1] ?? '' };
}

describe('a session', () => {
  it('is a cookie that no script and no other site gets, and stands in for the token', async () => {
    const response = await ask('POST', '/api/v1/session', { body: { token: ADMIN_TOKEN } });
    expect(response.status).toBe(201);
    const cookie = response.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(
      /^speck=[1-9A-Za-z]{40}; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
    );
    const session = (await response.json()) as { kind: string; expires_at: string };
    expect(session).toMatchObject({ kind: 'admin', pixel: null });
    expect(Date.parse(session.expires_at) - Date.now()).toBeGreaterThan(11.9 * 3_600_000);

    const own = cookie.split(';')[0] ?? '';
    expect((await ask('GET', '/api/v1/pixels', { cookie: own })).status).toBe(200);
    expect((await ask('GET', '/api/v1/tokens', { cookie: own })).status).toBe(200);
    expect(await (await ask('GET', '/api/v1/session', { cookie: own })).json()).toMatchObject({
      kind: 'admin',
    });
  });

  it('is kept as a hash, and tells nothing of ADMIN_TOKEN', async () => {
    const cookie = await signIn({ token: ADMIN_TOKEN });
    const secret = cookie.split('=')[1] ?? '';
    const { results } = await speck.db.prepare('SELECT * FROM sessions').all();
    const text = JSON.stringify(results);
    expect(text).toContain(sha256(secret));
    for (const secretText of [secret, ADMIN_TOKEN, sha256(ADMIN_TOKEN)])
      expect(text).not.toContain(secretText);
  });

  it('counts only in requests of the dashboard itself', async () => {
    const cookie = await signIn({ token: ADMIN_TOKEN });
    const body = { name: 'Forged', url: 'https://evil.example' };
    const forged = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${speck.url}/api/v1/pixels`, {
        method: 'POST',
        headers: { cookie, ...headers },
        body: JSON.stringify(body),
      });
    const own = { 'x-speck-session': 'owner' };
    await expectProblem(forged({}), 403, 'cross_site');
    await expectProblem(forged({ 'sec-fetch-site': 'same-origin' }), 403, 'cross_site');
    for (const site of ['cross-site', 'same-site', 'none']) {
      await expectProblem(forged({ ...own, 'sec-fetch-site': site }), 403, 'cross_site');
    }
    await expectProblem(forged({ ...own, origin: 'https://evil.example' }), 403, 'cross_site');
    expect((await forged({ ...own, origin: speck.url })).status).toBe(201);
    const read = fetch(`${speck.url}/api/v1/tokens`, {
      headers: { ...own, cookie, 'sec-fetch-site': 'same-site' },
    });
    await expectProblem(read, 403, 'cross_site');
  });

  it('is not begun by another site', async () => {
    const body = { token: ADMIN_TOKEN };
    for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }]) {
      await expectProblem(ask('POST', '/api/v1/session', { body, headers }), 403, 'cross_site');
    }
    const other = fetch(`${speck.url}/api/v1/session`, {
      method: 'POST',
      headers: { origin: 'https://evil.example' },
      body: JSON.stringify(body),
    });
    await expectProblem(other, 403, 'cross_site');
  });

  it('ends when it is signed out of', async () => {
    const cookie = await signIn({ token: ADMIN_TOKEN });
    const out = await ask('DELETE', '/api/v1/session', { cookie });
    expect(out.status).toBe(204);
    expect(out.headers.get('set-cookie')).toContain('speck=; Max-Age=0;');
    await expectProblem(ask('GET', '/api/v1/session', { cookie }), 401, 'session_ended');
  });

  it('ends by itself twelve hours after it was last used, and after thirty days in any case', async () => {
    const cookie = await signIn({ token: ADMIN_TOKEN });
    const hash = sha256(cookie.split('=')[1] ?? '');
    const set = (column: string, value: number): Promise<unknown> =>
      speck.db.prepare(`UPDATE sessions SET ${column} = ?1 WHERE hash = ?2`).bind(value, hash).run();
    const endsIn = async (): Promise<number> => {
      const session = await (await ask('GET', '/api/v1/session', { cookie })).json();
      return (Date.parse((session as { expires_at: string }).expires_at) - Date.now()) / 3_600_000;
    };
    await set('expires_at', Date.now() + 3_600_000);
    expect(await endsIn()).toBeCloseTo(12, 1);
    await set('created_at', Date.now() - (30 * 24 - 2) * 3_600_000);
    await set('expires_at', Date.now() + 1_800_000);
    expect(await endsIn()).toBeCloseTo(2, 1);
    await set('expires_at', Date.now() - 1);
    await expectProblem(ask('GET', '/api/v1/session', { cookie }), 401, 'session_ended');
  });

  it('may do what its token may, and ends with it', async () => {
    const { id, token } = await makeToken(['stats:read'], pixel);
    const cookie = await signIn({ token });
    expect(await (await ask('GET', '/api/v1/session', { cookie })).json()).toMatchObject({
      kind: 'token',
      scopes: ['stats:read'],
      pixel,
    });
    expect((await ask('GET', `/api/v1/pixels/${pixel}/stats`, { cookie })).status).toBe(200);
    await expectProblem(ask('PATCH', `/api/v1/pixels/${pixel}`, { cookie, body: {} }), 403, 'missing_scope');
    await speck.api('DELETE', `/api/v1/tokens/${id}`);
    await expectProblem(ask('GET', `/api/v1/pixels/${pixel}/stats`, { cookie }), 401, 'session_ended');
    const hash = sha256(cookie.split('=')[1] ?? '');
    const { results } = await speck.db.prepare('SELECT 1 FROM sessions WHERE hash = ?').bind(hash).all();
    expect(results).toEqual([]);
  });

  it('is none while nobody is signed in, which is no error', async () => {
    for (const kind of ['owner', 'link']) {
      const response = await ask('GET', '/api/v1/session', { kind });
      expect([response.status, await response.json()]).toEqual([200, { session: null }]);
    }
    const stranger = { headers: { authorization: 'Bearer guess' } };
    await expectProblem(ask('GET', '/api/v1/session', stranger), 401, 'wrong_token');
    // A cookie whose session is gone is not nobody's: the dashboard says that the session has ended.
    await expectProblem(
      ask('GET', '/api/v1/session', { cookie: `speck=${'1'.repeat(40)}` }),
      401,
      'session_ended',
    );
    await expectProblem(ask('DELETE', '/api/v1/session'), 401, 'missing_token');
  });

  it('is of a token also without a cookie, and does not end', async () => {
    const session = await speck.api('GET', '/api/v1/session');
    expect(await session.json()).toMatchObject({ kind: 'admin', expires_at: null });
  });

  it('ends with a change of ADMIN_TOKEN, and is refused while none is set', async () => {
    const cookie = await signIn({ token: ADMIN_TOKEN });
    await speck.db
      .prepare('UPDATE sessions SET proof = ?1 WHERE hash = ?2')
      .bind(sha256('another'), sha256(cookie.split('=')[1] ?? ''))
      .run();
    await expectProblem(ask('GET', '/api/v1/session', { cookie }), 401, 'session_ended');
  });
});

describe('a shared link', () => {
  /** What the dashboard asks to show statistics. */
  const ALLOWED = [
    'GET /api/v1/pixels/{id}/stats',
    'GET /api/v1/pixels/{id}/funnel',
    'GET /api/v1/pixels/{id}/properties',
    'GET /api/v1/pixels/{id}/live',
    'POST /api/v2/query',
    'GET /api/v1/session',
    'DELETE /api/v1/session',
  ];

  it('shows statistics of its pixel', async () => {
    const { url, secret } = await makeLink();
    expect(url).toBe(`${speck.url}/app/share#${secret}`);
    const response = await ask('POST', '/api/v1/session', { body: { link: secret } });
    expect(await response.json()).toMatchObject({
      kind: 'link',
      scopes: ['stats:read'],
      pixel,
      shown: { id: pixel, name: 'Shop', timezone: 'UTC', goals: [], funnels: [] },
    });
    const cookie = (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    expect(cookie).toMatch(/^speck-link=/);
    const query = { site_id: pixel, metrics: ['visitors'], date_range: '7d' };
    const answer = await ask('POST', '/api/v2/query', { cookie, kind: 'link', body: query });
    expect(answer.status).toBe(200);
    const list = await ask('POST', '/api/v2/query', { cookie, kind: 'link', body: [query, query] });
    const one = await answer.json();
    expect([list.status, await list.json()]).toEqual([200, [one, one]]);
  });

  it('shows how many are there now, but no event', async () => {
    const { secret } = await makeLink();
    const cookie = await signIn({ link: secret });
    const live = `/api/v1/pixels/${pixel}/live`;
    for (const query of ['', '?limit=100', '?filters=[["is","visit:source",["Google"]]]']) {
      const response = await ask('GET', live + query, { cookie, kind: 'link' });
      const answer = (await response.json()) as { minutes: unknown[] };
      expect(Object.keys(answer)).toEqual(['now', 'visitors', 'minutes']);
      expect(answer.minutes).toHaveLength(30);
    }
    const change = (min_group: number) =>
      speck.api('PATCH', `/api/v1/pixels/${pixel}`, { settings: { min_group } });
    await change(10);
    const refused = await ask('GET', live, { cookie, kind: 'link' });
    expect([refused.status, await refused.json()]).toEqual([
      403,
      expect.objectContaining({ detail: expect.stringContaining('protects small groups') }),
    ]);
    await change(0);
  });

  it('can do nothing else: of all that the API has, only what is listed here', async () => {
    const { secret } = await makeLink();
    const cookie = await signIn({ link: secret });
    const document = (await (await fetch(`${speck.url}/api/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { security?: unknown[] }>>;
    };
    let rejectedCount = 0;
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, { security }] of Object.entries(methods)) {
        const name = `${method.toUpperCase()} ${path}`;
        if (security?.length === 0 || ALLOWED.includes(name)) continue;
        const address = path.replace('{id}', pixel).replace('{part}', 'lnk_1');
        const response = await ask(method.toUpperCase(), address, { cookie, kind: 'link' });
        expect([name, response.status, await reasonOf(response)]).toEqual([name, 403, 'missing_scope']);
        rejectedCount++;
      }
    }
    expect(rejectedCount).toBeGreaterThan(15);
    const other = await speck.addPixel();
    await expectProblem(
      ask('GET', `/api/v1/pixels/${other}/stats`, { cookie, kind: 'link' }),
      403,
      'wrong_pixel',
    );
    const query = { site_id: other, metrics: ['visitors'], date_range: '7d' };
    for (const body of [query, [query]]) {
      await expectProblem(ask('POST', '/api/v2/query', { cookie, kind: 'link', body }), 403, 'wrong_pixel');
    }
  });

  it('asks for its password, and stops to listen after twenty wrong ones', async () => {
    const { secret } = await makeLink({ password: 'green tea leaves' });
    const open = (password?: string): Promise<Response> =>
      ask('POST', '/api/v1/session', { body: { link: secret, ...(password ? { password } : {}) } });
    await expectProblem(open(), 401, 'wrong_password');
    await expectProblem(open('black tea leaves'), 401, 'wrong_password');
    expect((await open('green tea leaves')).status).toBe(201);
    const statuses = await Promise.all(Array.from({ length: 24 }, () => open('guess')));
    expect(statuses.filter(({ status }) => status === 401)).toHaveLength(20);
    await expectProblem(open('green tea leaves'), 429, 'too_many_attempts');
    const { results } = await speck.db.prepare('SELECT * FROM links').all();
    expect(JSON.stringify(results)).not.toContain('green tea leaves');
    expect(JSON.stringify(results)).not.toContain(secret);
  });

  it('expires, also for who has it open', async () => {
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    const { id, secret } = await makeLink({ expires_at: soon });
    const cookie = await signIn({ link: secret });
    expect((await ask('GET', '/api/v1/session', { cookie, kind: 'link' })).status).toBe(200);
    await speck.db
      .prepare('UPDATE links SET expires_at = ?1 WHERE id = ?2')
      .bind(Date.now() - 1, id)
      .run();
    await expectProblem(ask('GET', '/api/v1/session', { cookie, kind: 'link' }), 401, 'session_ended');
    await expectProblem(ask('POST', '/api/v1/session', { body: { link: secret } }), 401, 'wrong_link');
    const past = speck.api('POST', `/api/v1/pixels/${pixel}/links`, {
      name: 'Late',
      expires_at: '2020-01-01T00:00:00Z',
    });
    await expectProblem(past, 400, 'invalid_body');
  });

  it('is taken back, with its sessions', async () => {
    const { id, secret } = await makeLink();
    const cookie = await signIn({ link: secret });
    const { links } = (await (await speck.api('GET', `/api/v1/pixels/${pixel}/links`)).json()) as {
      links: object[];
    };
    expect(links).toContainEqual({
      id,
      name: 'Board',
      has_password: false,
      expires_at: null,
      created_at: expect.any(String),
      token: null,
      public: false,
      public_url: null,
      badge_url: null,
      embed_origins: [],
      last_used_at: expect.any(String),
      sessions: 1,
    });
    const other = await speck.addPixel();
    expect((await speck.api('DELETE', `/api/v1/pixels/${other}/links/${id}`)).status).toBe(404);
    expect((await speck.api('DELETE', `/api/v1/pixels/${pixel}/links/${id}`)).status).toBe(204);
    await expectProblem(ask('GET', '/api/v1/session', { cookie, kind: 'link' }), 401, 'session_ended');
    await expectProblem(ask('POST', '/api/v1/session', { body: { link: secret } }), 401, 'wrong_link');
  });

  it('takes a token that may read statistics, and ends with that token and its sessions', async () => {
    const path = `/api/v1/pixels/${pixel}/links`;
    const make = (token: string): Promise<Response> =>
      fetch(speck.url + path, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
        body: JSON.stringify({ name: 'Board' }),
      });
    await expectProblem(make((await makeToken(['pixels:write'], pixel)).token), 403, 'missing_scope');
    await expectProblem(make((await makeToken(['stats:read'], pixel)).token), 403, 'missing_scope');

    const { id, token } = await makeToken(['pixels:write', 'stats:read'], pixel);
    const byToken = (await (await make(token)).json()) as { url: string };
    // A session of the token makes its links, too.
    const owner = await signIn({ token });
    const bySession = (await (
      await ask('POST', path, { cookie: owner, body: { name: 'Board' } })
    ).json()) as { url: string };
    const other = await makeLink();
    const cookies = await Promise.all(
      [byToken.url, bySession.url, other.url].map((url) => signIn({ link: url.split('#')[1] })),
    );
    const { tokens } = (await (await speck.api('GET', '/api/v1/tokens')).json()) as {
      tokens: { id: string; links: number }[];
    };
    expect(tokens.find((one) => one.id === id)).toMatchObject({ links: 2 });

    expect((await speck.api('DELETE', `/api/v1/tokens/${id}`)).status).toBe(204);
    const statuses = await Promise.all(
      cookies.map(async (cookie) => (await ask('GET', '/api/v1/session', { cookie, kind: 'link' })).status),
    );
    expect(statuses).toEqual([401, 401, 200]);
    for (const { url } of [byToken, bySession]) {
      const again = ask('POST', '/api/v1/session', { body: { link: url.split('#')[1] } });
      await expectProblem(again, 401, 'wrong_link');
    }
    expect((await ask('POST', '/api/v1/session', { body: { link: other.secret } })).status).toBe(201);
    const { links } = (await (await speck.api('GET', path)).json()) as { links: { token: string | null }[] };
    expect(links.filter((link) => link.token !== null)).toEqual([]);
  });

  it('goes with its pixel', async () => {
    const gone = await speck.addPixel();
    const made = await speck.api('POST', `/api/v1/pixels/${gone}/links`, { name: 'Gone' });
    const { url } = (await made.json()) as { url: string };
    await signIn({ link: url.split('#')[1] });
    await speck.api('DELETE', `/api/v1/pixels/${gone}`);
    for (const table of ['links', 'sessions']) {
      const { results } = await speck.db.prepare(`SELECT 1 FROM ${table} WHERE pixel = ?1`).bind(gone).all();
      expect(results).toEqual([]);
    }
  });
});

describe('the properties of events', () => {
  it('are listed, the most used first, whether their day is rolled up or not', async () => {
    const busy = await speck.addPixel();
    const at = (day: number, cd: object) => ({
      id: busy,
      ev: 'Signup',
      dl: 'https://site.example/',
      ts: Date.now() - day * 86_400_000,
      cd,
    });
    await speck.api('POST', '/api/v1/events', {
      events: [
        at(2, { plan: 'pro', color: 'red' }),
        at(2, { plan: 'free' }),
        at(0, { plan: 'pro', 'a"b': 'x' }),
      ],
    });
    const keys = async (query = ''): Promise<unknown> =>
      (await speck.api('GET', `/api/v1/pixels/${busy}/properties${query}`)).json();
    const all = {
      properties: [
        { key: 'plan', events: 3 },
        { key: 'a"b', events: 1 },
        { key: 'color', events: 1 },
      ],
      complete: true,
    };
    expect(await keys()).toEqual(all);
    await speck.cron();
    expect(await keys()).toEqual(all);
    expect(await keys('?from=2020-01-01&to=2020-01-02')).toEqual({ properties: [], complete: true });
  });
});

describe("the dashboard's page", () => {
  it.each(['/app', '/app/', '/app/px_1/settings', '/app/share'])(
    'is at %s, with a strict policy',
    async (path) => {
      const response = await fetch(speck.url + path);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(response.headers.get('content-security-policy')).not.toContain('unsafe');
      expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(response.headers.get('referrer-policy')).toBe('no-referrer');
      const html = await response.text();
      expect(html).not.toMatch(/<script>|<style| style=| on\w+=/);
    },
  );

  it('loads files that never change', async () => {
    const html = await (await fetch(`${speck.url}/app/`)).text();
    const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file ?? '');
    expect(files.length).toBeGreaterThanOrEqual(3);
    for (const file of files) {
      const response = await fetch(speck.url + file);
      expect(response.status, file).toBe(200);
      expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    }
  });

  it('takes no other address from the API or the pixel', async () => {
    for (const path of ['/', '/index.html', '/nothing', '/application', '/_headers', '/api/v1/nothing']) {
      const response = await fetch(speck.url + path);
      expect([path, response.status, response.headers.get('content-type')]).toEqual([
        path,
        404,
        'application/problem+json',
      ]);
    }
    expect((await fetch(`${speck.url}/app/assets/nothing.js`)).status).toBe(404);
    expect((await fetch(`${speck.url}/p.gif?id=${pixel}`)).headers.get('content-type')).toBe('image/gif');
  });
});

describe('guessing', () => {
  it('is limited at the sign-in as at the API', async () => {
    const guess = (): Promise<Response> => ask('POST', '/api/v1/session', { body: { token: 'guess' } });
    await expectProblem(guess(), 401, 'wrong_token');
    for (let attempt = 0; attempt < 20; attempt++) await guess();
    await expectProblem(guess(), 429, 'too_many_attempts');
    // The right one, too: else guessing would go on.
    await expectProblem(
      ask('POST', '/api/v1/session', { body: { token: ADMIN_TOKEN } }),
      429,
      'too_many_attempts',
    );
  });
});
