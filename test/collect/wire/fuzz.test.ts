/**
 * Fuzzes the formats of other tools' clients: requests that they send (samples.ts), mutated. No format throws, and nothing that
 * enriching takes from a reading breaks a limit.
 *
 * `FUZZ_RUNS=50000 npx vitest run --project worker test/collect/wire/fuzz.test.ts` tries that many for each format.
 */
import fc from 'fast-check';
import { describe, expect, inject, it } from 'vitest';
import { readWith } from '../../../src/collect/answer.ts';
import { CLIENTS } from '../../../src/collect/wire/clients.ts';
import { type Endpoint, endpointsOf } from '../../../src/collect/wire/endpoints.ts';
import type { WireRequest } from '../../../src/collect/wire/format.ts';
import type { Arrival } from '../../../src/enrich/candidate.ts';
import { enrich } from '../../../src/enrich/enrich.ts';
import { LIMITS } from '../../../src/model/limits.ts';
import { DEFAULT_SETTINGS, type Pixel } from '../../../src/model/pixel.ts';
import { isSiteName } from '../../../src/model/pixel-key.ts';
import { newToken } from '../../../src/model/token.ts';
import { type SentEvent, UNKNOWN_CLIENT } from '../../../src/model/wire.ts';
import { broken, mutatedRequests, type Sample, withIds } from '../../fuzz.ts';
import { runs } from '../../runs.ts';
import { SAMPLES } from './samples.ts';

const RUNS = inject('fuzzRuns') || runs(400, 5_000);
const TOKEN = newToken();
const NOW = Date.parse('2026-11-24T10:00:00Z');

const pixel: Pixel = {
  id: 'px_1111111111111111',
  name: 'Fuzz',
  url: 'https://site.example',
  timezone: 'Australia/Lord_Howe',
  settings: { ...DEFAULT_SETTINGS, query_params: ['q', 'id'], cookie: 'first_party' },
  created_at: 0,
};

const arrivalOf = ({ overrides }: SentEvent, isAuthenticated: boolean): Arrival => ({
  id: 'fuzz00',
  receivedAt: NOW,
  head: false,
  client: {
    ...UNKNOWN_CLIENT,
    ip: '192.0.2.1',
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0',
    origin: 'https://site.example',
    cookieReach: 'first_party',
  },
  overrides: isAuthenticated ? (overrides ?? {}) : null,
});

const bytesOf = (body: Sample['body']): Uint8Array =>
  typeof body === 'string' ? new TextEncoder().encode(body) : (body ?? new Uint8Array(0));

function requestOf({ method, path, query = '', headers = {}, body }: Sample): WireRequest {
  const lower = new Map(Object.entries(headers).map(([name, text]) => [name.toLowerCase(), text]));
  return {
    method,
    path,
    query: query.slice(0, LIMITS.url),
    headers: { get: (name) => lower.get(name.toLowerCase()) ?? null },
    bytes: method === 'POST' ? bytesOf(body) : new Uint8Array(0),
  };
}

function endpointIn(endpoints: ReadonlyMap<string, Endpoint>, path: string): Endpoint | undefined {
  const prefix = [...endpoints.keys()].find((one) => one.endsWith('*') && path.startsWith(one.slice(0, -1)));
  return endpoints.get(path) ?? endpoints.get(prefix ?? '');
}

/** Reads, enriches and answers a request. @returns the events that pass the checks; null if it has an error. */
async function tryOut(
  endpoints: ReadonlyMap<string, Endpoint>,
  sample: Sample,
): Promise<readonly object[] | null> {
  const request = requestOf(sample);
  const target = endpointIn(endpoints, request.path)?.[request.method];
  if (target === undefined) return null;
  const { format, screen } = target;
  const screened = screen?.(request.query);
  const headers = screen ? { get: () => null } : request.headers;
  const reading = await readWith(format, { ...request, headers });
  const error = screen ? (screened ?? null) : reading.ok ? null : reading.error;
  const events = reading.ok ? reading.value.events : [];
  const response = await format.answer({ request, error, events: screen ? [] : events });
  expect(response.status).toBeLessThan(500);
  expect(() => JSON.stringify(events)).not.toThrow();
  return reading.ok ? passedOf(events, reading.value.token !== undefined) : null;
}

function passedOf(events: readonly (SentEvent | null)[], isAuthenticated: boolean): readonly object[] {
  return events.flatMap((raw) => {
    if (raw === null) return [];
    expect(raw.key === undefined || raw.id === '' || isSiteName(raw.id)).toBe(true);
    const result = enrich(raw, arrivalOf(raw, isAuthenticated), pixel);
    if (!result.ok) return [];
    expect(broken(result.value.event)).toBe(null);
    return [result.value.event];
  });
}

describe.each(CLIENTS)('$tool $paths', ({ tool, paths, load }) => {
  const isOwn = ({ path }: Sample): boolean =>
    paths.some((one) => (one.endsWith('*') ? path.startsWith(one.slice(0, -1)) : path === one));
  const samples = (SAMPLES[tool] ?? []).filter(isOwn).map((sample) => withIds(sample, pixel.id, TOKEN));

  it('has samples of all routes, which are read and enriched', async () => {
    const endpoints = endpointsOf([await load()]);
    const tried = new Set<string>();
    for (const sample of samples) {
      const passed = await tryOut(endpoints, sample);
      expect(passed, `${sample.method} ${sample.path}`).not.toBe(null);
      const route = [...endpoints].find(([, endpoint]) => endpoint === endpointIn(endpoints, sample.path));
      tried.add(`${sample.method} ${route?.[0]}`);
    }
    const routes = [...endpoints].flatMap(([path, { GET, POST }]) => [
      ...(GET ? [`GET ${path}`] : []),
      ...(POST ? [`POST ${path}`] : []),
    ]);
    expect([...tried].toSorted()).toEqual(routes.toSorted());
  });

  it(`reads ${RUNS} mutated requests without a throw, and within the limits`, {
    timeout: 3_600_000,
  }, async () => {
    const endpoints = endpointsOf([await load()]);
    let read = 0;
    await fc.assert(
      fc.asyncProperty(mutatedRequests(samples), async (sample) => {
        if ((await tryOut(endpoints, sample)) !== null) read++;
      }),
      { numRuns: RUNS },
    );
    // Mutations that only break requests would test nothing.
    expect(read).toBeGreaterThan(RUNS / 4);
    expect(({} as Record<string, unknown>)['polluted']).toBe(undefined);
  });
});
