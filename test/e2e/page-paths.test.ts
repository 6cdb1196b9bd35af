/** Paths of script and collector that the owner has set, and a Worker behind a path, over HTTP. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import { ROOT, type Speck, startSpeck } from './harness.ts';

const AGENT =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Safari/537.36';
const HEADERS = { 'user-agent': AGENT };

interface Pixel {
  readonly id: string;
  readonly install: Readonly<Record<string, string>>;
}
interface Health {
  readonly status: string;
  readonly path_problems: readonly string[];
}

async function addPixel(speck: Speck): Promise<Pixel> {
  const id = await speck.addPixel();
  return (await (await speck.api('GET', `/api/v1/pixels/${id}`)).json()) as Pixel;
}

const healthOf = async ({ url }: Speck): Promise<Health> =>
  (await (await fetch(`${url}/health`)).json()) as Health;

async function stored(speck: Speck, pixel: string, count: number): Promise<string[]> {
  const query = speck.db.prepare('SELECT name FROM events WHERE pixel = ?1 ORDER BY name').bind(pixel);
  return eventually(async () => {
    const { results } = await query.all<{ name: string }>();
    return results.length >= count && results.map(({ name }) => name);
  }, `${count} events`);
}

describe('with all three settings', () => {
  let speck: Speck;
  let pixel: Pixel;
  beforeAll(async () => {
    speck = await startSpeck({
      vars: { SCRIPT_PATH: '/a.js', COLLECT_PATH: '/x', PUBLIC_URL: 'https://example.com/stats' },
    });
    pixel = await addPixel(speck);
  });
  afterAll(() => speck?.close());

  it('snippets have them', async () => {
    const { script, noscript, email, script_url, collect_url } = pixel.install;
    expect(script).toContain(`src="https://example.com/stats/a.plus.js" data-pixel="${pixel.id}"`);
    expect(script).not.toContain('data-local');
    expect(noscript).toContain(`src="https://example.com/stats/x?id=${pixel.id}&amp;ev=PageView`);
    expect(email).toContain(`src="https://example.com/stats/x?id=${pixel.id}&amp;ev=email_open"`);
    expect([script_url, collect_url]).toEqual([
      'https://example.com/stats/a.plus.js',
      'https://example.com/stats/x',
    ]);
    for (const text of [script, noscript, email]) {
      expect(text).not.toMatch(/speck\.(?!q)|beacon|p\.gif/);
    }
  });

  it('events are stored from each path, whatever the method', async () => {
    const paths = { image: ['/x', '/stats/x', '/p.gif', '/stats/p.gif', '/tr', '/stats/tr'] } as const;
    const names: string[] = [];
    for (const path of paths.image) {
      names.push(`GET ${path}`);
      const response = await fetch(`${speck.url}${path}?id=${pixel.id}&ev=GET+${path}&dl=/`, {
        headers: { ...HEADERS, origin: 'https://site.example' },
      });
      expect([response.status, response.headers.get('content-type')], path).toEqual([200, 'image/gif']);
      expect(response.headers.get('access-control-allow-origin')).toBe('https://site.example');
      const blank = await fetch(speck.url + path, { headers: HEADERS });
      expect([blank.status, blank.headers.get('x-speck-reason')], path).toEqual([400, 'missing_id']);
      const head = await fetch(`${speck.url}${path}?id=${pixel.id}`, { method: 'HEAD', headers: HEADERS });
      expect([head.status, await head.text()], path).toEqual([200, '']);
    }
    for (const path of ['/x', '/stats/x', '/beacon', '/stats/beacon']) {
      names.push(`POST ${path}`);
      const body = JSON.stringify([{ id: pixel.id, ev: `POST ${path}`, dl: '/' }]);
      const response = await fetch(speck.url + path, { method: 'POST', headers: HEADERS, body });
      expect(response.status, path).toBe(204);
      const broken = await fetch(speck.url + path, { method: 'POST', headers: HEADERS, body: '{' });
      expect(await broken.json(), path).toMatchObject({ status: 400, reason: 'broken_json' });
      const preflight = await fetch(speck.url + path, {
        method: 'OPTIONS',
        headers: { origin: 'https://site.example', 'access-control-request-method': 'POST' },
      });
      expect([preflight.status, preflight.headers.get('access-control-allow-methods')], path).toEqual([
        204,
        path.endsWith('x') ? 'GET, HEAD, POST, OPTIONS' : 'POST, OPTIONS',
      ]);
      const put = await fetch(speck.url + path, { method: 'PUT', headers: HEADERS, body });
      expect([put.status, put.headers.get('allow')], path).toEqual([
        405,
        preflight.headers.get('access-control-allow-methods'),
      ]);
    }
    expect(await stored(speck, pixel.id, names.length)).toEqual(names.toSorted());
  });

  it('scripts are there under both names, and name only what the owner has set', async () => {
    for (const file of ['', '.plus', '.meta', '.all', '.send', '.hash', '.relay']) {
      const texts = await Promise.all(
        [`/a${file}.js`, `/stats/a${file}.js`, `/speck${file}.js`, `/stats/speck${file}.js`].map(
          async (path) => {
            const response = await fetch(speck.url + path);
            expect([response.status, response.headers.get('content-type')], path).toEqual([
              200,
              'text/javascript; charset=utf-8',
            ]);
            expect(response.headers.get('cache-control'), path).toBe('public, max-age=3600');
            return response.text();
          },
        ),
      );
      expect(new Set(texts).size, file).toBe(1);
      const built = readFileSync(`${ROOT}/dist/speck${file}.min.js`, 'utf8');
      expect(texts[0], file).not.toMatch(/`beacon`|p\.gif|speck\.\$|\/speck\./);
      if (!/hash|relay/.test(file)) expect(texts[0], file).not.toBe(built);
    }
    const meta = await (await fetch(`${speck.url}/stats/de_DE/fbevents.js`)).text();
    expect(meta).toBe(await (await fetch(`${speck.url}/a.meta.js`)).text());
  });

  it("the visitor's pages work behind the path: links, forms and redirects stay there", async () => {
    const at = `${speck.url}/stats/opt-out`;
    const page = await (await fetch(at, { headers: HEADERS })).text();
    const targets = [...page.matchAll(/(?:href|action)="([^"]*)"/g)].map(([, target = '']) =>
      target.replaceAll('&amp;', '&'),
    );
    expect(targets.length).toBeGreaterThan(5);
    for (const target of targets) {
      const { origin, pathname } = new URL(target, at);
      expect([origin, pathname.replace(/privacy|opt-out/, '')], target).toEqual([speck.url, '/stats/']);
    }
    const sent = await fetch(at, {
      method: 'POST',
      headers: { ...HEADERS, 'sec-fetch-site': 'same-origin' },
      body: new URLSearchParams(),
      redirect: 'manual',
    });
    expect(sent.status).toBe(303);
    expect(new URL(sent.headers.get('location') ?? '', at).href).toBe(`${at}?done`);
    expect(sent.headers.get('set-cookie')).toContain('__Host-speck_optout=1');
    const privacy = await fetch(`${speck.url}/stats/privacy?id=${pixel.id}`, { headers: HEADERS });
    expect(privacy.status).toBe(200);
    // With a slash at its end, too.
    const slashed = await (await fetch(`${speck.url}/privacy/`, { headers: HEADERS })).text();
    for (const [, target = ''] of slashed.matchAll(/(?:href|action)="([^"?]+)/g)) {
      expect(new URL(target, `${speck.url}/privacy/`).pathname).toMatch(/^\/(privacy\/?|opt-out)$/);
    }
  });

  it('a refusal holds at the paths of the owner', async () => {
    const { id } = await addPixel(speck);
    const cookie = '__Host-speck_optout=1';
    for (const path of ['/x', '/stats/x']) {
      await fetch(`${speck.url}${path}?id=${id}&ev=Refused`, { headers: { ...HEADERS, cookie } });
      const body = JSON.stringify({ id, ev: 'Refused' });
      await fetch(speck.url + path, { method: 'POST', headers: { ...HEADERS, cookie }, body });
      await fetch(`${speck.url}${path}?id=${id}&ev=Signal`, { headers: { ...HEADERS, 'sec-gpc': '1' } });
      await fetch(`${speck.url}${path}?id=${id}&ev=Denied&consent=denied`, { headers: HEADERS });
    }
    expect(await stored(speck, id, 4)).toEqual(['Denied', 'Denied', 'Signal', 'Signal']);
    const query = speck.db
      .prepare("SELECT COUNT(*) AS n FROM events WHERE pixel = ?1 AND person <> ''")
      .bind(id);
    expect((await query.all()).results).toEqual([{ n: 0 }]);
  });

  it("other tools' clients are answered behind the path, too", async () => {
    const { id } = await addPixel(speck);
    const response = await fetch(`${speck.url}/stats/api/event`, {
      method: 'POST',
      headers: { ...HEADERS, 'content-type': 'text/plain' },
      body: JSON.stringify({ n: 'By Plausible', u: 'https://site.example/', d: id }),
    });
    expect(response.status).toBe(202);
    await fetch(`${speck.url}/stats/matomo.php?rec=1&idsite=${id}&url=https://site.example/&e_c=a&e_a=b`, {
      headers: HEADERS,
    });
    expect(await stored(speck, id, 2)).toContain('By Plausible');
  });

  it.each([
    ['GET', '/stats/app/'],
    ['GET', '/stats/app'],
    ['GET', '/stats/app/assets/index.js'],
    ['GET', '/stats/'],
    ['GET', '/stats/api/openapi.json'],
    ['POST', '/stats/api/v1/session'],
    ['POST', '/stats/api/v1/events'],
    ['GET', '/stats/api/v1/pixels'],
    ['GET', '/stats'],
    ['GET', '/other/a.js'],
    ['GET', '/a.min.js'],
  ])('%s %s is not there', async (method, path) => {
    const response = await fetch(speck.url + path, {
      method,
      headers: { accept: 'text/html' },
      redirect: 'manual',
    });
    expect(response.status).toBe(404);
  });

  it('nothing is wrong with them', async () => {
    expect((await healthOf(speck)).path_problems).toEqual([]);
  });
});

describe('with a collector only', () => {
  let speck: Speck;
  beforeAll(async () => {
    speck = await startSpeck({ vars: { COLLECT_PATH: '/in' } });
  });
  afterAll(() => speck?.close());

  it('the usual script sends to it', async () => {
    const { install } = await addPixel(speck);
    expect(install['script_url']).toBe(`${speck.url}/speck.plus.js`);
    expect(install['noscript']).toContain(`${speck.url}/in?id=`);
    const text = await (await fetch(`${speck.url}/speck.plus.js`)).text();
    expect(text).toContain('`in`');
    expect(text).not.toContain('beacon`');
    expect(text).toContain('speck.$');
  });
});

describe('with wrong settings', () => {
  let speck: Speck;
  beforeAll(async () => {
    speck = await startSpeck({
      vars: { SCRIPT_PATH: '/api.js', COLLECT_PATH: '/beacon', PUBLIC_URL: 'example.com/stats' },
    });
  });
  afterAll(() => speck?.close());

  it('the usual paths work, and health says what to set', async () => {
    const { id, install } = await addPixel(speck);
    expect(install['script_url']).toBe(`${speck.url}/speck.plus.js`);
    await fetch(`${speck.url}/p.gif?id=${id}&ev=Image&dl=/`, { headers: HEADERS });
    const built = readFileSync(`${ROOT}/dist/speck.min.js`, 'utf8');
    expect(await (await fetch(`${speck.url}/speck.js`)).text()).toBe(built);
    expect((await fetch(`${speck.url}/api.js`)).status).toBe(404);
    expect(await stored(speck, id, 1)).toEqual(['Image']);
    const { status, path_problems } = await healthOf(speck);
    expect(status).toBe('degraded');
    expect(path_problems).toEqual([
      expect.stringMatching(/^SCRIPT_PATH is "\/api\.js", which is a path of Speck's own/),
      expect.stringMatching(/^COLLECT_PATH is "\/beacon", which is a path of Speck's own/),
      expect.stringMatching(/^PUBLIC_URL is "example\.com\/stats"; set it to an https URL/),
    ]);
  });
});
