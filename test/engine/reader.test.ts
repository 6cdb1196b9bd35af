import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Statement } from '../../src/engine/dialect.ts';
import type { EngineError } from '../../src/engine/engine-error.ts';
import { mistakesIn } from '../../src/engine/grammar.ts';
import { readerOf } from '../../src/engine/reader.ts';
import type { Env } from '../../src/env.ts';

const TOKEN = 'a-secret-token-of-the-owner';
const HTTP = { ACCOUNT_ID: 'account1', ANALYTICS_TOKEN: TOKEN } as unknown as Env;
const STATEMENT: Statement = {
  select: [
    { as: 'name', value: { column: 'blob1' } },
    { as: 'points', value: { total: { value: 1 } } },
    { as: 'latest', value: { most: { column: 'double1' } } },
    { as: 'last', value: { most: { column: 'blob20' } } },
  ],
  since: 0,
  where: [],
  groupBy: ['name'],
  limit: 10,
};
const ROWS = [
  { name: '12', points: 3, latest: 1.5, last: '007' },
  { name: "it's\n\u{1f600}", points: 2 ** 53 - 1, latest: 0, last: '' },
];
/** As ClickHouse writes them: whole numbers of 64 bits are texts. */
const LINES = ROWS.map((row) => JSON.stringify({ ...row, points: String(row.points), more: 'x' })).join('\n');

type Fetch = (url: string, init: RequestInit) => Response | Promise<Response>;

/** Replaces what the network answers. The last answer is given again. */
function answering(...answers: Fetch[]) {
  const requests: { url: string; init: RequestInit }[] = [];
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    requests.push({ url, init });
    return (answers[requests.length - 1] ?? (answers.at(-1) as Fetch))(url, init);
  });
  return requests;
}

/** A body in chunks that end anywhere, also within a character. */
function inChunks(text: string, size: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) controller.close();
      else controller.enqueue(bytes.slice(at, at + size));
      at += size;
    },
  });
}

/** The result of a reader, however long it waits between attempts. */
async function settled<T>(result: Promise<T>): Promise<T | EngineError> {
  const caught = result.catch((error: unknown) => error as EngineError);
  await vi.runAllTimersAsync();
  return caught;
}

const read = (env: Env) => settled(readerOf(env)?.rows(STATEMENT) ?? Promise.reject(new Error('no reader')));

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('reading by HTTP', () => {
  it('sends the statement to the account with the token, and reads its rows', async () => {
    const requests = answering(() => new Response(LINES));
    expect(await read(HTTP)).toEqual(ROWS);
    const [{ url, init } = { url: '', init: {} }] = requests;
    expect(url).toBe('https://api.cloudflare.com/client/v4/accounts/account1/analytics_engine/sql');
    expect(new Headers(init.headers).get('authorization')).toBe(`Bearer ${TOKEN}`);
    expect(init.method).toBe('POST');
    expect(mistakesIn({ query: String(init.body), params: [] }, 'http')).toEqual([]);
    expect(init.body).toContain('FROM speck_events');
  });

  it('asks another address and another dataset, if they are set', async () => {
    const requests = answering(() => new Response(''));
    await read({ ...HTTP, ANALYTICS_API: 'http://127.0.0.1:9/v4', ANALYTICS_DATASET: 'other' });
    expect(requests[0]?.url).toBe('http://127.0.0.1:9/v4/accounts/account1/analytics_engine/sql');
    expect(requests[0]?.init.body).toContain('FROM other\n');
  });

  it.each([1, 2, 3, 7, 1000])('reads an answer in chunks of %i bytes', async (size) => {
    answering(() => new Response(inChunks(`${LINES}\n\n`, size)));
    expect(await read(HTTP)).toEqual(ROWS);
  });

  it.each([
    ['refused', 400, 'bad request'],
    ['refused', 401, 'Unauthorized'],
    ['refused', 403, 'Authentication error'],
    ['refused', 404, 'no route'],
    ['refused', 422, 'cannot parse'],
    ['refused', 302, 'elsewhere'],
    ['limit', 413, 'too large'],
    ['limit', 507, 'out of resources'],
    ['limit', 422, 'Memory limit (for query) exceeded'],
    ['unavailable', 429, 'too many requests'],
    ['unavailable', 500, 'internal error'],
    ['unavailable', 502, ''],
    ['unavailable', 503, 'busy'],
  ])('fails as %s if the answer is %i', async (kind, status, text) => {
    const requests = answering(() => new Response(text, { status }));
    expect(await read(HTTP)).toMatchObject({ name: 'EngineError', kind });
    expect(requests).toHaveLength(kind === 'unavailable' ? 4 : 1);
  });

  it.each<[string, Fetch]>([
    ['has no connection', () => Promise.reject(new TypeError('connect to account1 failed'))],
    ['gets no answer in time', () => Promise.reject(new DOMException('', 'TimeoutError'))],
    ['gets half a row', () => new Response(LINES.slice(0, -5))],
    ['gets something else than rows', () => new Response('Code: 241. DB::Exception')],
    ['gets rows without a column', () => new Response('{"name":"a"}')],
  ])('is unavailable if it %s, and asks again', async (_, fail) => {
    const requests = answering(fail, () => new Response(LINES));
    expect(await read(HTTP)).toEqual(ROWS);
    expect(requests).toHaveLength(2);
    answering(fail);
    expect(await read(HTTP)).toMatchObject({ kind: 'unavailable' });
  });

  it('waits as long as it is told to, and gives up if that is long', async () => {
    const busy = (seconds: string) => () =>
      new Response('', { status: 429, headers: { 'retry-after': seconds } });
    const begin = Date.now();
    answering(busy('7'), () => new Response(LINES));
    expect(await read(HTTP)).toEqual(ROWS);
    expect(Date.now() - begin).toBeGreaterThanOrEqual(7000);
    const requests = answering(busy('60'));
    expect(await read(HTTP)).toMatchObject({ kind: 'unavailable', retryAfter: 60_000 });
    expect(requests).toHaveLength(1);
  });

  it('stops reading an answer that is too large', async () => {
    let sent = 0;
    const line = new TextEncoder().encode(`${JSON.stringify(ROWS[0])}\n`.padEnd(1 << 20, '\n'));
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent++;
        controller.enqueue(line);
      },
    });
    const requests = answering(() => new Response(endless));
    expect(await read(HTTP)).toMatchObject({ kind: 'limit' });
    expect([requests.length, sent < 50]).toEqual([1, true]);
  });

  it.each([
    ['Unknown table speck_events', 422],
    ['table `speck_events` does not exist', 404],
    ['dataset speck_events not found', 422],
  ])('has no rows as long as the dataset has no point: %s', async (text, status) => {
    answering(() => new Response(text, { status }));
    expect(await read(HTTP)).toEqual([]);
  });

  it.each([200, 400, 403, 500])(
    'never says the token, nor the account, in an error of %i',
    async (status) => {
      answering(() => new Response(`Bearer ${TOKEN} is not valid`, { status }));
      expect(JSON.stringify([await read(HTTP), String(await read(HTTP))])).not.toMatch(/secret|account1/);
      answering(() => Promise.reject(new TypeError(`https://x/account1 ${TOKEN}`)));
      expect(String(await read(HTTP))).not.toMatch(/secret|account1/);
    },
  );
});

describe('reading by the binding', () => {
  const failing = (message: string, more: object = {}) => Object.assign(new Error(message), more);

  function binding(...answers: unknown[]) {
    const queries: AnalyticsSQLQuery[] = [];
    const ANALYTICS_SQL = {
      async query(query: AnalyticsSQLQuery) {
        queries.push(query);
        const answer = answers[queries.length - 1] ?? answers.at(-1);
        if (answer instanceof Error) throw answer;
        return answer;
      },
    };
    return { env: { ...HTTP, ANALYTICS_SQL } as unknown as Env, queries };
  }
  const RESULT = { data: JSON.parse(`[${LINES.replace('\n', ',')}]`) as unknown[], rows: 2, statistics: {} };

  it('asks it before anything else, and reads the same rows', async () => {
    const requests = answering(() => new Response(LINES));
    const { env, queries } = binding(RESULT);
    expect(await read(env)).toEqual(ROWS);
    expect(requests).toHaveLength(0);
    const { query, params } = queries[0] as { query: string; params: string[] };
    expect(mistakesIn({ query, params }, 'binding')).toEqual([]);
  });

  it.each([
    ['unavailable', failing('try again', { retryable: true }), 4],
    ['unavailable', failing('429 too many', { retryable: true }), 4],
    ['unavailable', failing('error 503', { retryable: false }), 4],
    ['refused', failing('Input was invalid: x', { retryable: false }), 1],
    ['refused', failing('403 forbidden'), 1],
    ['limit', failing('507 not within its resource limits', { retryable: true }), 1],
  ])('fails as %s for %s', async (kind, error, attempts) => {
    const { env, queries } = binding(error);
    expect(await read(env)).toMatchObject({ kind });
    expect(queries).toHaveLength(attempts);
  });

  it('does not wait forever', async () => {
    const { env, queries } = binding(RESULT);
    let asked = 0;
    const hanging = {
      query: (query: never) => (asked++ === 0 ? new Promise(() => {}) : env.ANALYTICS_SQL?.query(query)),
    };
    expect(await read({ ...env, ANALYTICS_SQL: hanging as unknown as AnalyticsSQLBinding })).toEqual(ROWS);
    expect([asked, queries.length]).toEqual([2, 1]);
  });

  it('has no rows as long as the dataset has no point', async () => {
    expect(
      await read(
        binding(failing('Input was invalid: unknown dataset events.analyticsEngine.speck_events')).env,
      ),
    ).toEqual([]);
  });
});

it('there is no reader without an account and a token', () => {
  expect(readerOf({} as Env)).toBeNull();
  expect(readerOf({ ACCOUNT_ID: 'a' } as unknown as Env)).toBeNull();
  expect(readerOf({ ANALYTICS_TOKEN: 'a' } as unknown as Env)).toBeNull();
});
