/**
 * Hostile requests, at the parser and over HTTP: a corpus kept in test/corpus, and mutations of it. No throw, no 5xx, no
 * event stored that breaks a limit. FUZZ_PARSER and FUZZ_HTTP set how many; docs/reliability.md says what long runs found.
 */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { native } from '../../src/collect/wire/native.ts';
import type { Arrival } from '../../src/enrich/candidate.ts';
import { enrich } from '../../src/enrich/enrich.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { DEFAULT_SETTINGS, type Pixel } from '../../src/model/pixel.ts';
import { NO_GEO, NO_HINTS } from '../../src/model/wire.ts';
import { eventually } from '../eventually.ts';
import { ROOT, type Speck, startSpeck } from './harness.ts';

const PARSER_RUNS = Number(process.env['FUZZ_PARSER'] ?? 20_000);
const HTTP_RUNS = Number(process.env['FUZZ_HTTP'] ?? 2_000);

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

const PARTS = [
  '&',
  '=',
  '%',
  '[',
  ']',
  '{',
  '}',
  '"',
  '\\',
  ',',
  ':',
  '\u0000',
  '\ud83d',
  '\u202e',
  '%00',
  '%E2%82',
  'cd[',
  '://',
  '@',
];

/** A text of the corpus with something cut out, put in or repeated. */
function mutations(seeds: readonly string[]): fc.Arbitrary<string> {
  const edit = fc.record({
    at: fc.nat(400),
    cut: fc.nat(20),
    put: fc.oneof(fc.constantFrom(...PARTS), fc.string({ maxLength: 8 })),
  });
  return fc.tuple(fc.constantFrom(...seeds), fc.array(edit, { maxLength: 4 })).map(([seed, edits]) =>
    edits.reduce((text, { at, cut, put }) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + put + text.slice(place + cut);
    }, seed),
  );
}

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
      userAgent:
        headers['user-agent'] ?? 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0',
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

/** The limit of each column that has one. */
const COLUMN_LIMITS: Record<string, number> = {
  name: LIMITS.name,
  eid: LIMITS.eid,
  hostname: LIMITS.hostname,
  page: LIMITS.page,
  referrer: LIMITS.referrer,
  source: LIMITS.utm,
  utm_source: LIMITS.utm,
  utm_medium: LIMITS.utm,
  utm_campaign: LIMITS.utm,
  utm_content: LIMITS.utm,
  utm_term: LIMITS.utm,
  browser: LIMITS.geo,
  browser_version: LIMITS.agentVersion,
  os: LIMITS.geo,
  os_version: LIMITS.agentVersion,
  language: 3,
  props: LIMITS.props * 6 * (LIMITS.propKey + LIMITS.propValue),
};

/** What is wrong with a stored event, or null. */
function broken(event: Record<string, unknown>): string | null {
  for (const [column, value] of Object.entries(event)) {
    if (typeof value !== 'string') continue;
    if (value.length > (COLUMN_LIMITS[column] ?? 200)) return `${column} has ${value.length} characters`;
    if (!value.isWellFormed()) return `${column} is not well-formed`;
    if (/\p{Cc}/u.test(value)) return `${column} holds a control character`;
  }
  const value = event['value'];
  if (value !== null && !Number.isSafeInteger(value)) return `value is ${value}`;
  if (event['props'] !== '' && Object.keys(JSON.parse(String(event['props']))).length > LIMITS.props)
    return 'too many props';
  return null;
}

it(`${PARSER_RUNS} requests at the parser: none throws, none breaks a limit`, {
  timeout: 3_600_000,
}, async () => {
  const request = fc.tuple(
    fc.oneof(
      queries.map((text) => ['GET', text] as const),
      bodies.map((text) => ['POST', text] as const),
    ),
    headerSets,
  );
  await fc.assert(
    fc.asyncProperty(request, async ([[method, text], headers]) => {
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

describe('over HTTP', () => {
  let speck: Speck;
  beforeAll(async () => {
    speck = await startSpeck();
  });
  afterAll(() => speck.close());

  it(`${HTTP_RUNS} requests: no 5xx, nothing stored that breaks a limit`, {
    timeout: 3_600_000,
  }, async () => {
    const id = await speck.addPixel();
    const request = fc.record({
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
    const sendable = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);
    const sent = fc.sample(request, HTTP_RUNS);
    const statuses = new Map<number, number>();
    for (let start = 0; start < sent.length; start += 16) {
      await Promise.all(
        sent.slice(start, start + 16).map(async ({ path, method, query, body, headers }) => {
          const withBody = method === 'POST' || method === 'PUT';
          const usable = Object.entries(headers).filter(
            ([name, text]) => sendable(text) && (withBody || name !== 'content-encoding'),
          );
          const response = await fetch(
            `${speck.url}${path}?${encodeURI(query.toWellFormed().replaceAll('PIXEL', id)).replaceAll('%25', '%')}`,
            {
              method,
              headers: {
                'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0',
                ...(path.startsWith('/api') ? { authorization: 'Bearer test-admin-token' } : {}),
                ...Object.fromEntries(usable),
              },
              ...(withBody ? { body: body.replaceAll('PIXEL', id) } : {}),
            },
          );
          const answer = await response.text();
          statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
          expect(
            response.status,
            `${method} ${path}?${query} with ${JSON.stringify(headers)}: ${answer}`,
          ).toBeLessThan(500);
        }),
      );
    }
    console.log(JSON.stringify(Object.fromEntries(statuses)));
    const stored = async () =>
      (await speck.db.prepare('SELECT * FROM events').all<Record<string, unknown>>()).results;
    await eventually(async () => (await stored()).length > 0, 'some of the events');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const results = await stored();
    for (const event of results) expect(broken(event), JSON.stringify(event)).toBe(null);
    expect(
      speck.logs().filter(({ message }) => /unexpected error|lost \d+ events|aside/.test(message)),
    ).toEqual([]);
  });
});
