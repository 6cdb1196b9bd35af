/**
 * Hostile requests, at the parser and over HTTP: a corpus kept in test/corpus, requests of other tools' clients, and mutations of both.
 * No throw, no 5xx, no event stored that breaks a limit. FUZZ_PARSER and FUZZ_HTTP set how many; docs/reliability.md says what long runs
 * found. test/collect/wire/fuzz.test.ts fuzzes the formats of other tools at the parser.
 */
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLIENTS } from '../../src/collect/wire/clients.ts';
import { native } from '../../src/collect/wire/native.ts';
import type { Arrival } from '../../src/enrich/candidate.ts';
import { enrich } from '../../src/enrich/enrich.ts';
import { DEFAULT_SETTINGS, type Pixel } from '../../src/model/pixel.ts';
import { NO_GEO, NO_HINTS } from '../../src/model/wire.ts';
import { SAMPLES } from '../collect/wire/samples.ts';
import { eventually } from '../eventually.ts';
import { broken, mutatedRequests, mutations, withIds } from '../fuzz.ts';
import { runs } from '../runs.ts';
import { ROOT, type Speck, startSpeck } from './harness.ts';

const PARSER_RUNS = Number(process.env['FUZZ_PARSER'] ?? 20_000);
const HTTP_RUNS = Number(process.env['FUZZ_HTTP'] ?? runs(2_000, 20_000));

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0';

const corpus = JSON.parse(readFileSync(`${ROOT}/test/corpus/hostile.json`, 'utf8')) as {
  queries: string[];
  bodies: string[];
  headers: Record<string, string>[];
};

const pixel: Pixel = {
  id: 'px_1111111111111111',
  name: 'Fuzz',
  url: 'https://site.example',
  timezone: 'Australia/Lord_Howe',
  settings: { ...DEFAULT_SETTINGS, query_params: ['q', 'id'] },
  created_at: 0,
};

const withPixelId = (text: string): string => text.replaceAll('PIXEL', pixel.id);
const queries = mutations(corpus.queries);
const bodies = mutations(corpus.bodies);
const headerSets = fc.constantFrom(...corpus.headers, {});

function arrivalOf(headers: Record<string, string>): Arrival {
  return {
    id: 'fuzz00',
    receivedAt: Date.parse('2026-11-24T10:00:00Z'),
    head: false,
    client: {
      ip: headers['cf-connecting-ip'] ?? '192.0.2.1',
      userAgent: headers['user-agent'] ?? BROWSER,
      languages: headers['accept-language'] ?? '',
      referer: headers['referer'] ?? '',
      origin: headers['origin'] ?? '',
      purpose: headers['sec-purpose'] ?? '',
      cookieReach: '',
      refusal: headers['sec-gpc'] === '1' ? 'signal' : '',
      cookie: '',
      staleCookie: false,
      hints: headers['sec-ch-ua-platform']
        ? {
            platform: headers['sec-ch-ua-platform'],
            platformVersion: headers['sec-ch-ua-platform-version'] ?? '',
            mobile: '',
          }
        : NO_HINTS,
      place: NO_GEO,
    },
    overrides: null,
  };
}

it(`${PARSER_RUNS} requests at the parser: none throws, none breaks a limit`, {
  timeout: 3_600_000,
}, async () => {
  const tried = fc.tuple(
    fc.oneof(
      queries.map((text) => ['GET', text] as const),
      bodies.map((text) => ['POST', text] as const),
    ),
    headerSets,
  );
  await fc.assert(
    fc.asyncProperty(tried, async ([[method, text], headers]) => {
      const sent = withPixelId(text);
      for (const { screen } of native.routes) screen?.(sent);
      const reading = await native.read({
        method,
        path: '/',
        query: method === 'GET' ? sent : '',
        headers: new Headers(),
        bytes: new TextEncoder().encode(method === 'POST' ? sent : ''),
      });
      if (!reading.ok) return;
      for (const raw of reading.value.events) {
        const result = raw && enrich(raw, arrivalOf(headers), pixel);
        if (result?.ok) expect(broken(result.value.event)).toBe(null);
      }
    }),
    { numRuns: PARSER_RUNS },
  );
  expect(({} as Record<string, unknown>)['polluted']).toBe(undefined);
});

interface Sent {
  readonly path: string;
  readonly method: string;
  readonly query: string;
  readonly body: string | Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** Requests to Speck's own paths. */
const ownRequest: fc.Arbitrary<Sent> = fc.record({
  path: fc.constantFrom(
    '/p.gif',
    '/tr',
    '/beacon',
    '/api/v1/events',
    '/api/v2/query',
    '/api/v1/pixels',
    '/speck.js',
    '/nothing',
  ),
  method: fc.constantFrom('GET', 'GET', 'POST', 'POST', 'HEAD', 'PUT', 'OPTIONS'),
  query: queries,
  body: bodies,
  headers: headerSets,
});

/** Requests to the paths of other tools' clients, also with the methods and headers of other requests. */
const clientRequest: fc.Arbitrary<Sent> = fc
  .record({
    sample: mutatedRequests(Object.values(SAMPLES).flat()),
    method: fc.constantFrom('', '', '', '', '', 'GET', 'POST', 'HEAD', 'PUT', 'OPTIONS'),
    headers: fc.oneof({ weight: 4, arbitrary: fc.constant({}) }, headerSets),
  })
  .map(({ sample, method, headers }) => ({
    path: sample.path,
    method: method || sample.method,
    query: sample.query ?? '',
    body: sample.body ?? '',
    headers: { ...sample.headers, ...headers },
  }));

/** The paths that take a body, as a client of the format requests them. */
async function pathsOfPosts(): Promise<readonly string[]> {
  const formats = await Promise.all(CLIENTS.map(({ load }) => load()));
  const routes = [native, ...formats].flatMap((format) => format.routes);
  const posts = routes.filter(({ method }) => method === 'POST').map(({ path }) => path.replace('*', 'x'));
  return [...new Set(posts)];
}

describe('over HTTP', () => {
  let speck: Speck;
  let id: string;
  let token: string;
  beforeAll(async () => {
    speck = await startSpeck();
    id = await speck.addPixel();
    const created = await speck.api('POST', '/api/v1/tokens', { name: 'Fuzz', scopes: ['events:write'] });
    token = ((await created.json()) as { token: string }).token;
  });
  afterAll(() => speck.close());

  const sendable = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);

  async function send({ path, method, query, body, headers }: Sent): Promise<number> {
    const own = withIds({ method: 'POST', path, query, headers, body }, id, token);
    const withBody = method === 'POST' || method === 'PUT';
    const usable = Object.entries(own.headers ?? {}).filter(
      ([name, text]) => sendable(text) && (withBody || name !== 'content-encoding'),
    );
    const url = `${speck.url}${own.path}?${encodeURI((own.query ?? '').toWellFormed()).replaceAll('%25', '%')}`;
    const response = await fetch(url, {
      method,
      headers: {
        'user-agent': BROWSER,
        ...(/^\/api\/v[12]\//.test(path) ? { authorization: 'Bearer test-admin-token' } : {}),
        ...Object.fromEntries(usable),
      },
      ...(withBody ? { body: own.body as BodyInit } : {}),
    });
    const answer = await response.text();
    expect(
      response.status,
      `${method} ${path}?${query} with ${JSON.stringify(headers)}: ${answer}`,
    ).toBeLessThan(500);
    return response.status;
  }

  const stored = async () =>
    (await speck.db.prepare('SELECT * FROM events').all<Record<string, unknown>>()).results;

  const mistakes = () =>
    speck.logs().filter(({ message }) => /unexpected error|lost \d+ events|aside|spilled/i.test(message));

  it(`${HTTP_RUNS} requests: no 5xx, nothing stored that breaks a limit`, {
    timeout: 3_600_000,
  }, async () => {
    const sent = fc.sample(fc.oneof(ownRequest, clientRequest), HTTP_RUNS);
    const statuses = new Map<number, number>();
    for (let start = 0; start < sent.length; start += 16) {
      const batch = await Promise.all(sent.slice(start, start + 16).map(send));
      for (const status of batch) statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    console.log(JSON.stringify(Object.fromEntries(statuses)));
    await eventually(async () => (await stored()).length > 0, 'some of the events');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    for (const event of await stored()) expect(broken(event), JSON.stringify(event)).toBe(null);
    expect(mistakes()).toEqual([]);
  });

  it('a bomb is not unpacked beyond the limit by any path that takes a body, and stores nothing', async () => {
    const before = (await stored()).length;
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024), { level: 1 });
    for (const path of await pathsOfPosts()) {
      for (const headers of [{ 'content-encoding': 'gzip' }, {}]) {
        const response = await fetch(speck.url + path, {
          method: 'POST',
          headers: { 'user-agent': BROWSER, ...headers },
          body: bomb,
        });
        const answer = await response.text();
        // Google's path for debugging answers 200 with what is wrong.
        expect([400, 413, ...(path.startsWith('/debug/') ? [200] : [])], path).toContain(response.status);
        expect(answer.length, path).toBeLessThan(2000);
      }
    }
    expect(await stored()).toHaveLength(before);
    expect(mistakes()).toEqual([]);
  });

  it('a body that comes slowly is read to its end, and one that breaks off stores nothing', async () => {
    const before = (await stored()).length;
    await Promise.all(
      (await pathsOfPosts()).map(async (path) => {
        const slow = await inPieces(speck.url + path, '{}'.split(''), true);
        expect(slow, path).toBeGreaterThanOrEqual(200);
        expect(slow, path).toBeLessThan(500);
        await inPieces(speck.url + path, [`[{"id":"${id}"`, '},'], false);
      }),
    );
    // The Worker goes on.
    await send({ path: '/p.gif', method: 'GET', query: 'id=PIXEL&ev=after', body: '', headers: {} });
    await eventually(async () => (await stored()).some(({ name }) => name === 'after'), 'the event after');
    expect(await stored()).toHaveLength(before + 1);
    expect(mistakes()).toEqual([]);
  });
});

/** Sends a body in pieces, with a pause before each. @returns the status; 0 if the body breaks off after the last piece. */
async function inPieces(url: string, pieces: readonly string[], isComplete: boolean): Promise<number> {
  const sent = request(url, {
    method: 'POST',
    headers: { 'user-agent': BROWSER, 'content-type': 'text/plain' },
  });
  const status = new Promise<number>((resolve) => {
    sent.on('response', (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    sent.on('error', () => resolve(0));
  });
  for (const piece of pieces) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    sent.write(piece);
  }
  if (isComplete) sent.end();
  else sent.destroy();
  return status;
}
