/** Public pages and badges of a shared link: what they show to anyone, where they may be framed, and what ends them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, type Speck, startSpeck } from './harness.ts';

let speck: Speck;
let pixel: string;

beforeAll(async () => {
  speck = await startSpeck();
  pixel = await speck.addPixel({ name: 'Shop', timezone: 'UTC' });
  const events = Array.from({ length: 3 }, (_, index) => ({
    id: pixel,
    dl: 'https://site.example/',
    ip: `203.0.113.${index}`,
    ua: 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0',
  }));
  expect(await (await speck.api('POST', '/api/v1/events', { events })).json()).toMatchObject({ accepted: 3 });
});
afterAll(() => speck.close());

interface Made {
  readonly id: string;
  readonly url: string;
  readonly public: boolean;
  readonly public_url: string | null;
  readonly badge_url: string | null;
  readonly embed_origins: readonly string[];
  readonly expires_at: string | null;
  readonly last_used_at: string | null;
  readonly sessions: number;
}

const linksPath = (id = ''): string => `/api/v1/pixels/${pixel}/links${id && `/${id}`}`;

async function makeLink(more: object = { public: true }): Promise<Made & { readonly page: string }> {
  const response = await speck.api('POST', linksPath(), { name: 'Board', ...more });
  expect(response.status, await response.clone().text()).toBe(201);
  const link = (await response.json()) as Made;
  return { ...link, page: link.public_url?.split('/').at(-1) ?? '' };
}

async function changeLink(id: string, change: object): Promise<Made> {
  const response = await speck.api('PATCH', linksPath(id), change);
  expect(response.status, await response.clone().text()).toBe(200);
  return (await response.json()) as Made;
}

/** A request as a public page sends it. */
function ask(
  method: string,
  path: string,
  page: string,
  { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Response> {
  return fetch(speck.url + path, {
    method,
    headers: { 'x-speck-public': page, 'sec-fetch-site': 'same-origin', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

const query = () => ({ site_id: pixel, metrics: ['visitors'], date_range: 'day' });

async function problemOf(response: Promise<Response>): Promise<readonly [number, string]> {
  const got = await response;
  return [got.status, ((await got.json()) as { reason: string }).reason];
}

describe('a public page', () => {
  it('is off unless the owner switches it on for a link', async () => {
    const link = await makeLink({});
    expect(link).toMatchObject({ public: false, public_url: null, badge_url: null, embed_origins: [] });
    for (const id of [link.id, link.url.split('#')[1] ?? '', pixel, '', 'null', 'pub_1111111111111111']) {
      expect(await problemOf(ask('POST', '/api/v2/query', id, { body: query() }))).toEqual([
        401,
        'wrong_link',
      ]);
    }
    const page = await fetch(`${speck.url}/app/public/${link.id}`);
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect((await fetch(`${speck.url}/badge/${link.id}.svg`)).status).toBe(404);
  });

  it('shows statistics of its pixel to anyone', async () => {
    const { public_url, page } = await makeLink();
    expect(public_url).toMatch(new RegExp(`^${speck.url}/app/public/pub_[1-9A-Za-z]{16}$`));
    expect((await fetch(public_url ?? '')).status).toBe(200);
    expect(await (await ask('GET', '/api/v1/session', page)).json()).toEqual({
      kind: 'public',
      scopes: ['stats:read'],
      pixel,
      expires_at: null,
      shown: { id: pixel, name: 'Shop', timezone: 'UTC', goals: [], funnels: [] },
    });
    const answer = await ask('POST', '/api/v2/query', page, { body: query() });
    expect(answer.headers.get('vary')).toContain('X-Speck-Public');
    expect(await answer.json()).toMatchObject({ results: [{ metrics: [3] }] });
    const list = await ask('POST', '/api/v2/query', page, { body: [query(), query()] });
    expect(await list.json()).toMatchObject([{ results: [{ metrics: [3] }] }, {}]);
    const csv = await ask('POST', '/api/v2/query', page, { body: query(), headers: { accept: 'text/csv' } });
    expect(await csv.text()).toBe('visitors\r\n3\r\n');
    // As a client that has the response already.
    const path = `/api/v1/pixels/${pixel}/stats?period=day`;
    const etag = (await ask('GET', path, page)).headers.get('etag') ?? '';
    for (const [header, status] of [
      [etag, 304],
      ['"other"', 200],
    ] as const) {
      expect((await ask('GET', path, page, { headers: { 'if-none-match': header } })).status).toBe(status);
    }
  });

  it('can do nothing else, whatever cookie or token comes with it', async () => {
    const ALLOWED = [
      'GET /api/v1/pixels/{id}/stats',
      'GET /api/v1/pixels/{id}/funnel',
      'GET /api/v1/pixels/{id}/properties',
      'GET /api/v1/pixels/{id}/live',
      'POST /api/v2/query',
      'GET /api/v1/session',
    ];
    const { page, id } = await makeLink();
    const session = await fetch(`${speck.url}/api/v1/session`, {
      method: 'POST',
      body: JSON.stringify({ token: ADMIN_TOKEN }),
    });
    const cookie = (session.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const company: Record<string, string>[] = [
      {},
      { cookie, 'x-speck-session': 'owner' },
      { authorization: `Bearer ${ADMIN_TOKEN}` },
    ];
    const document = (await (await fetch(`${speck.url}/api/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { security?: object[] }>>;
    };
    let rejectedCount = 0;
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, { security = [] }] of Object.entries(methods)) {
        const name = `${method.toUpperCase()} ${path}`;
        const isPublic = security.some((scheme) => 'publicPage' in scheme);
        expect([name, isPublic]).toEqual([name, ALLOWED.includes(name)]);
        if (security.length === 0 || isPublic) continue;
        const address = path.replace('{id}', pixel).replace('{part}', id);
        for (const headers of company) {
          const problem = await problemOf(ask(method.toUpperCase(), address, page, { headers }));
          expect([name, ...problem]).toEqual([name, 403, 'missing_scope']);
        }
        rejectedCount++;
      }
    }
    expect(rejectedCount).toBeGreaterThan(15);
    const other = await speck.addPixel();
    for (const headers of company) {
      const path = `/api/v1/pixels/${other}/stats`;
      expect(await problemOf(ask('GET', path, page, { headers }))).toEqual([403, 'wrong_pixel']);
      for (const body of [{ ...query(), site_id: other }, [{ ...query(), site_id: other }]]) {
        expect(await problemOf(ask('POST', '/api/v2/query', page, { body, headers }))).toEqual([
          403,
          'wrong_pixel',
        ]);
      }
    }
    // Its owner is still signed in, and the page's id is no token.
    expect(
      (await fetch(`${speck.url}/api/v1/session`, { headers: { cookie, 'x-speck-session': 'owner' } }))
        .status,
    ).toBe(200);
    for (const authorization of [`Bearer ${page}`, `Bearer speck_${page}`]) {
      expect((await fetch(`${speck.url}/api/v1/pixels`, { headers: { authorization } })).status).toBe(401);
    }
  });

  it('ends at once when it is switched off or revoked, for what was cached as well, and its address stays dead', async () => {
    for (const end of [
      (id: string) => speck.api('PATCH', linksPath(id), { public: false }),
      (id: string) => speck.api('DELETE', linksPath(id)),
      (id: string) => speck.db.prepare('UPDATE links SET expires_at = 1 WHERE id = ?').bind(id).run(),
    ]) {
      const { id, page } = await makeLink();
      const shown = () => ask('POST', '/api/v2/query', page, { body: query() });
      for (let time = 0; time < 2; time++) expect((await shown()).status).toBe(200);
      await end(id);
      expect(await problemOf(shown())).toEqual([401, 'wrong_link']);
      expect(await problemOf(ask('GET', '/api/v1/session', page))).toEqual([401, 'wrong_link']);
    }
    const { id, page } = await makeLink();
    await changeLink(id, { public: false });
    expect((await changeLink(id, { public: true })).public_url).not.toContain(page);
    expect((await ask('GET', '/api/v1/session', page)).status).toBe(401);
  });

  it('is never that of a link with a password', async () => {
    const both = { name: 'Board', password: 'green tea leaves', public: true };
    expect(await problemOf(speck.api('POST', linksPath(), both))).toEqual([400, 'invalid_body']);
    const { id } = await makeLink({ password: 'green tea leaves' });
    expect(await problemOf(speck.api('PATCH', linksPath(id), { public: true }))).toEqual([
      400,
      'invalid_body',
    ]);
    expect(await problemOf(speck.api('PATCH', linksPath('lnk_1'), { public: true }))).toEqual([
      404,
      'not_found',
    ]);
    expect(await changeLink(id, { public: false })).toMatchObject({ public: false, has_password: true });
  });

  it('is published by a token that may change the pixel and read its statistics', async () => {
    const { id } = await makeLink({});
    for (const [scopes, status] of [
      [['stats:read'], 403],
      [['pixels:write'], 403],
      [['pixels:write', 'stats:read'], 200],
    ] as const) {
      const made = await speck.api('POST', '/api/v1/tokens', { name: 'A', scopes, pixel });
      const { token } = (await made.json()) as { token: string };
      const response = await fetch(speck.url + linksPath(id), {
        method: 'PATCH',
        headers: { authorization: `Bearer ${token}` },
        body: JSON.stringify({ public: true }),
      });
      expect([scopes, response.status]).toEqual([scopes, status]);
    }
  });

  it('is edited in parts, and says when it was last used', async () => {
    const later = '2099-01-01T00:00:00.000Z';
    const { id, page, last_used_at } = await makeLink();
    expect(last_used_at).toBe(null);
    await ask('GET', '/api/v1/session', page);
    const changed = await changeLink(id, { expires_at: later });
    expect(changed).toMatchObject({ public: true, expires_at: later, sessions: 0 });
    expect(Date.now() - Date.parse(changed.last_used_at ?? '')).toBeLessThan(60_000);
    const sites = [
      'https://www.example.com',
      'HTTPS://Blog.Example.com/',
      'https://*.example.org',
      'https://www.example.com:443',
    ];
    expect(await changeLink(id, { embed_origins: sites })).toMatchObject({
      expires_at: later,
      embed_origins: ['https://www.example.com', 'https://blog.example.com', 'https://*.example.org'],
    });
    for (const change of [
      { embed_origins: ['*'] },
      { embed_origins: ['https://a.example; script-src *'] },
      { embed_origins: Array.from({ length: 21 }, (_, index) => `https://a${index}.example`) },
      { embed_origins: 'https://a.example' },
      { expires_at: '2020-01-01T00:00:00Z' },
      { public: 'yes' },
      { name: 'x' },
      { password: null },
    ]) {
      expect(await problemOf(speck.api('PATCH', linksPath(id), change))).toEqual([400, 'invalid_body']);
    }
  });

  it('may be framed by the listed sites only, and no other page by any', async () => {
    const { id, public_url } = await makeLink();
    const headersOf = async (url: string) => {
      const { headers } = await fetch(url);
      const policy = headers.get('content-security-policy') ?? '';
      const [, ancestors] = /frame-ancestors ([^;]*)/.exec(policy) ?? [];
      return [ancestors, headers.get('x-frame-options'), headers.get('cache-control')];
    };
    const publicUrl = public_url ?? '';
    expect(await headersOf(publicUrl)).toEqual(["'none'", 'DENY', 'no-store']);
    const withoutFrames = (await fetch(publicUrl)).headers.get('content-security-policy') ?? '';
    await changeLink(id, { embed_origins: ['https://www.example.com', 'https://*.example.org'] });
    const listed = 'https://www.example.com https://*.example.org';
    for (const address of [publicUrl, `${publicUrl}?embed=1&theme=dark`]) {
      expect(await headersOf(address)).toEqual([listed, null, 'no-store']);
    }
    const framed = (await fetch(publicUrl)).headers.get('content-security-policy') ?? '';
    expect(framed.replace(listed, "'none'")).toBe(withoutFrames);
    const page = publicUrl.split('/').at(-1);
    for (const path of [
      '',
      'share',
      pixel,
      `${pixel}/settings`,
      'tokens',
      'public',
      'public/pub_1',
      `public/${page}/x`,
    ]) {
      const address = `${speck.url}/app/${path}?embed=1`;
      expect([path, ...(await headersOf(address))]).toEqual([path, "'none'", 'DENY', expect.any(String)]);
    }
    await changeLink(id, { public: false });
    expect(await headersOf(publicUrl)).toEqual(["'none'", 'DENY', 'no-store']);
  });
});

describe('a badge', () => {
  it('is an image of a number, which others may embed and nothing in it can run', async () => {
    const { badge_url } = await makeLink();
    const response = await fetch(`${badge_url}?metric=pageviews&period=day&label=Seen`);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'image/svg+xml; charset=utf-8',
      'cache-control': 'public, max-age=300',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
      'cross-origin-resource-policy': 'cross-origin',
      'x-content-type-options': 'nosniff',
    });
    const svg = await response.text();
    expect(svg).toContain('<title>page views, today: 3</title>');
    expect([...svg.matchAll(/<text[^>]*>([^<]*)/g)].map(([, text]) => text)).toEqual(['Seen', '3']);
    const again = await fetch(badge_url ?? '', { headers: { 'if-none-match': '*' } });
    expect(again.status).toBe(304);
  });

  it.each([
    'metric=revenue',
    'period=2w',
    'metric=visitors&metric=visits',
    'site_id=1',
    `label=${'x'.repeat(61)}`,
  ])('is refused with %s', async (search) => {
    const { badge_url } = await makeLink();
    expect(await problemOf(fetch(`${badge_url}?${search}`))).toEqual([400, 'invalid_query']);
  });

  it('is of public pages only', async () => {
    const link = await makeLink({});
    for (const name of [
      `${pixel}.svg`,
      `${link.id}.svg`,
      'pub_1111111111111111.svg',
      'x',
      '.svg',
      '%2e%2e.svg',
    ]) {
      expect([name, (await fetch(`${speck.url}/badge/${name}`)).status]).toEqual([name, 404]);
    }
    expect((await fetch(`${speck.url}/badge/x.svg`, { method: 'POST' })).status).toBe(405);
  });
});
