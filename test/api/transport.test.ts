/** What goes over a network without TLS, and the headers of every answer: over every route there is. */
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { beforeAll, describe, expect, it } from 'vitest';
import { publicPaths } from '../../src/api/public.ts';
import { ROUTES } from '../../src/api/routes.ts';
import { toolPaths } from '../../src/api/tool-paths.ts';
import { isExposed } from '../../src/api/transport.ts';
import worker from '../../src/index.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { applySchema, makePixel, testEnv } from '../fixtures.ts';

const HOST = 'px.example.com';
const TOKEN = { authorization: `Bearer ${testEnv.ADMIN_TOKEN}` };

let pixel: Pixel;
beforeAll(async () => {
  await applySchema();
  pixel = await makePixel('UTC');
});

let requestCount = 0;

/** Each request is another network's, so that wrong tokens do not count together. */
async function ask(
  url: string,
  method = 'GET',
  headers: Record<string, string> = {},
  env: typeof testEnv = testEnv,
): Promise<Response> {
  const ctx = createExecutionContext();
  const request = new Request(url, {
    method,
    headers: { 'cf-connecting-ip': `10.1.${requestCount >> 8}.${requestCount++ & 255}`, ...headers },
    redirect: 'manual',
    ...(['GET', 'HEAD', 'DELETE'].includes(method) ? {} : { body: '{}' }),
  });
  const response = await worker.fetch(request as Parameters<typeof worker.fetch>[0], env, ctx);
  await waitOnExecutionContext(ctx);
  return response;
}

type Row = readonly [method: string, path: string];
const address = (path: string): string =>
  path
    .replace(/:id|\{id\}/, () => pixel.id)
    .replace(/:part|\{part\}/, 'lnk_1')
    .replace('{locale}', 'en_US')
    .replace('{page}', 'pub_1')
    .replace(/\{\w+\}/, 'name');

const API: readonly Row[] = ROUTES.map(({ method, path }) => [method, path]);
const PUBLIC: readonly Row[] = Object.entries(publicPaths(() => ({}), [])).flatMap(([path, methods]) =>
  Object.keys(methods).map((method): Row => [method.toUpperCase(), path]),
);
const REST: readonly Row[] = [
  ['GET', '/app'],
  ['GET', '/app/x'],
  ['GET', '/'],
  ['GET', '/nothing'],
  ['PUT', '/health'],
  ['PUT', '/privacy'],
  ['DELETE', '/api/v1/nothing'],
];
const COLLECTING = ['/p.gif', '/tr', '/beacon'];
/** Whether a path collects events, whose answers are no pages. */
const isCollecting = (path: string): boolean => COLLECTING.includes(path) || path in toolPaths();

describe('a response', () => {
  it.each([...API, ...PUBLIC, ...REST])(
    'to %s %s has security headers: nosniff and HSTS',
    async (method, path) => {
      for (const headers of [{}, TOKEN, { authorization: 'Bearer wrong' }]) {
        const response = await ask(`https://${HOST}${address(path)}`, method, headers);
        const headerOf = (name: string): string => response.headers.get(name) ?? '';
        if (response.status !== 204) expect(headerOf('x-content-type-options')).toBe('nosniff');
        if (isCollecting(path)) continue;
        expect(headerOf('x-content-type-options')).toBe('nosniff');
        expect(headerOf('strict-transport-security')).toBe('max-age=31536000');
        // An answer to whoever may do something is kept for nobody else.
        if (path.startsWith('/api/v')) {
          expect(headerOf('cache-control')).toMatch(/^(no-store|private, max-age=30)$/);
          if (headerOf('cache-control') !== 'no-store')
            expect(headerOf('vary')).toMatch(/Authorization, Cookie, X-Speck-Session/);
        }
        await response.body?.cancel();
      }
    },
  );

  it('of the API that browsers may cache varies by owner and shared link', async () => {
    const { id } = await makePixel('UTC');
    const cachedPaths = [`/api/v1/pixels/${id}/stats`, `/api/v1/pixels/${id}/stats?format=csv`];
    for (const path of cachedPaths) {
      const response = await ask(`https://${HOST}${path}`, 'GET', TOKEN);
      expect(response.status).toBe(200);
      expect(response.headers.get('vary')).toContain('X-Speck-Session');
      const etag = response.headers.get('etag') ?? '';
      const again = await ask(`https://${HOST}${path}`, 'GET', { ...TOKEN, 'if-none-match': etag });
      expect(again.status).toBe(304);
      expect(again.headers.get('vary')).toContain('X-Speck-Session');
      expect(again.headers.get('x-content-type-options')).toBe('nosniff');
    }
  });
});

describe('HEAD', () => {
  const headersOf = ({ headers }: Response): Record<string, string> => ({
    ...Object.fromEntries(headers),
    // Each page has a nonce of its own.
    'content-security-policy': (headers.get('content-security-policy') ?? '').replace(/'nonce-[^']+'/, ''),
  });
  const gets = [...API, ...PUBLIC, ...REST].filter(([method]) => method === 'GET');

  it.each(gets)('to %s %s equals that to GET, without a body', async (_, path) => {
    for (const headers of [{}, TOKEN]) {
      const url = `https://${HOST}${address(path)}`;
      const get = await ask(url, 'GET', headers);
      const head = await ask(url, 'HEAD', headers);
      expect(head.status).toBe(get.status);
      expect(headersOf(head)).toEqual(headersOf(get));
      expect(head.body).toBe(null);
      await get.body?.cancel();
      const etag = get.headers.get('etag');
      if (etag === null) continue;
      expect((await ask(url, 'HEAD', { ...headers, 'if-none-match': etag })).status).toBe(304);
    }
  });

  it.each([...new Set([...API, ...PUBLIC].map(([, path]) => path))])(
    'to HEAD %s is allowed if GET is, and rejected otherwise',
    async (path) => {
      const url = `https://${HOST}${address(path)}`;
      const allowed = (await ask(url, 'QUERY')).headers.get('allow')?.split(', ') ?? [];
      expect(allowed.includes('HEAD')).toBe(allowed.includes('GET'));
      if (!allowed.includes('GET')) expect((await ask(url, 'HEAD', TOKEN)).status).toBe(405);
    },
  );
});

describe('without TLS', () => {
  it.each([...API, ['DELETE', '/api/v1/nothing'], ['GET', '/api/openapi.json']] as readonly Row[])(
    '%s %s is refused, whoever asks',
    async (method, path) => {
      for (const headers of [{}, TOKEN, { cookie: `speck=${'x'.repeat(40)}`, 'x-speck-session': 'owner' }]) {
        const response = await ask(`http://${HOST}${address(path)}`, method, headers);
        expect(response.status).toBe(403);
        expect(await response.json()).toMatchObject({ reason: 'https_required' });
        expect(response.headers.get('strict-transport-security')).toBe(null);
      }
    },
  );

  it.each(
    [...PUBLIC, ...REST].filter(
      ([, path]) => !isCollecting(path) && !path.startsWith('/api/') && !path.endsWith('.js'),
    ),
  )('%s %s is redirected', async (method, path) => {
    const response = await ask(`http://${HOST}${address(path)}?a=http:b`, method);
    expect(response.status).toBe(308);
    expect(response.headers.get('location')).toBe(`https://${HOST}${address(path)}?a=http:b`);
    expect(response.headers.get('set-cookie')).toBe(null);
  });

  it.each(PUBLIC.filter(([, path]) => path.endsWith('.js') && !isCollecting(path)))(
    "%s %s is the tag's, and is answered",
    async (method, path) => {
      expect((await ask(`http://${HOST}${address(path)}`, method)).status).toBe(200);
      expect((await ask(`http://${HOST}/app/assets${address(path)}`, method)).status).toBe(308);
    },
  );

  it('behind a path, pages lead to https there, and the tag under its own name is answered', async () => {
    const env = {
      ...testEnv,
      SCRIPT_PATH: '/a.js',
      COLLECT_PATH: '/x',
      PUBLIC_URL: 'https://example.com/stats',
    };
    for (const path of ['/stats/privacy?id=px_1', '/stats/opt-out', '/stats/health']) {
      const response = await ask(`http://${HOST}${path}`, 'GET', {}, env);
      expect([response.status, response.headers.get('location')]).toEqual([308, `https://${HOST}${path}`]);
    }
    for (const path of ['/a.js', '/stats/a.plus.js', '/stats/speck.js', '/stats/x?id=px_1', '/x?id=px_1']) {
      expect((await ask(`http://${HOST}${path}`, 'GET', {}, env)).status, path).toBe(200);
    }
  });

  it('the pixel and the beacon are answered, since pages and mails may use http', async () => {
    expect((await ask(`http://${HOST}/p.gif?id=${pixel.id}`)).status).toBe(200);
    expect((await ask(`http://${HOST}/beacon`, 'POST')).status).toBe(400);
  });

  it.each(['localhost', 'px.localhost', '127.0.0.1', '127.8.0.1', '[::1]', 'LOCALHOST', '127.1'])(
    'this machine is trusted as %s',
    async (host) => {
      expect((await ask(`http://${host}:8787/api/v1/pixels`, 'GET', TOKEN)).status).toBe(200);
      expect((await ask(`http://${host}:8787/app/`)).status).toBe(200);
    },
  );

  it.each([
    'localhost.example.com',
    'notlocalhost',
    '127.0.0.1.example.com',
    '128.0.0.1',
    '192.168.0.2',
    '0.0.0.0',
    '[::2]',
    '[::ffff:10.0.0.1]',
  ])('%s is another machine', async (host) => {
    expect(isExposed(`http://${host}/`)).toBe(true);
    expect(isExposed(`https://${host}/`)).toBe(false);
    expect((await ask(`http://${host}:8787/api/v1/pixels`, 'GET', TOKEN)).status).toBe(403);
  });
});

describe('the root', () => {
  it.each([
    ['a browser', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'GET', 302],
    ['a browser that asks for the head', 'text/html', 'HEAD', 302],
    ['curl', '*/*', 'GET', 404],
    ['a client without Accept', '', 'GET', 404],
    ['a client of the API', 'application/json', 'GET', 404],
    ['a form', 'text/html', 'POST', 404],
  ])(
    'leads browsers to the dashboard, and answers the others as any unknown path: %s',
    async (_, accept, method, status) => {
      const response = await ask(`https://${HOST}/`, method, accept === '' ? {} : { accept });
      expect(response.status).toBe(status);
      expect(response.headers.get('location')).toBe(status === 302 ? '/app/' : null);
      expect(response.headers.get('cache-control')).toBe('no-store');
      if (status === 404) expect(await response.json()).toMatchObject({ reason: 'not_found' });
    },
  );

  it('over http leads to https first', async () => {
    const response = await ask(`http://${HOST}/`, 'GET', { accept: 'text/html' });
    expect([response.status, response.headers.get('location')]).toEqual([308, `https://${HOST}/`]);
  });
});
