import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SendError, sendEvents } from '../../scripts/lib/events-client.ts';
import { type FakeSpeck, type Reply, startFakeSpeck } from './fake-speck.ts';

let fake: FakeSpeck;
beforeAll(async () => {
  fake = await startFakeSpeck();
});
afterAll(() => fake.close());
beforeEach(() => {
  fake.requests.length = 0;
  fake.replies.length = 0;
});

const body = JSON.stringify({ events: [{ eid: 'one', dl: 'https://site.example/' }] });

/** Sends, and notes how long it would have waited instead of waiting. */
async function send(replies: readonly Reply[], tries = 8, url = fake.url) {
  fake.replies.push(...replies);
  const waits: number[] = [];
  const said: string[] = [];
  const wait = async (milliseconds: number) => waits.push(milliseconds);
  try {
    const answer = await sendEvents(body, {
      url,
      token: 'secret',
      tries,
      wait,
      onRetry: (message) => said.push(message),
    });
    return { answer, waits, said };
  } catch (error) {
    if (!(error instanceof SendError)) throw error;
    return { failure: error.message, waits, said };
  }
}

const problem = (status: number, reason: string, detail: string): Reply => ({
  status,
  body: { reason, detail },
});

test('a response is returned', async () => {
  const { answer, waits } = await send([]);
  expect(answer).toEqual({ accepted: 1, duplicates: 0, rejected: [] });
  expect(fake.requests[0]?.authorization).toBe('Bearer secret');
  expect(waits).toEqual([]);
});

describe('a temporary error is retried', () => {
  test.each<[string, Reply]>([
    ['a broken connection', 'hang up'],
    ['too many requests', { status: 429 }],
    ['an error', { status: 500 }],
    ['an error that is explained', problem(503, 'store_unavailable', 'The database did not answer.')],
    ['too busy', { status: 503, body: 'error code: 1102' }],
  ])('%s', async (_, reply) => {
    const { answer, waits, said } = await send([reply, reply]);
    expect(answer).toBeDefined();
    expect(fake.requests).toHaveLength(3);
    expect(said).toHaveLength(2);
    expect(waits[0]).toBeGreaterThanOrEqual(250);
    expect(waits[0]).toBeLessThanOrEqual(500);
    expect(waits[1]).toBeGreaterThanOrEqual(500);
    expect(waits[1]).toBeLessThanOrEqual(1000);
  });

  test('after as long as the server asks for', async () => {
    const date = new Date(Date.now() + 20_000).toUTCString();
    const { waits } = await send([
      { status: 429, headers: { 'retry-after': '7' } },
      { status: 429, headers: { 'retry-after': date } },
      { status: 429, headers: { 'retry-after': '86400' } },
      { status: 429, headers: { 'retry-after': 'soon' } },
    ]);
    expect(waits[0]).toBe(7000);
    expect(waits[1]).toBeGreaterThan(15_000);
    expect(waits[2]).toBe(60_000);
    expect(waits[3]).toBeLessThanOrEqual(4000);
  });

  test('but not for ever', async () => {
    const { failure } = await send(Array<Reply>(5).fill({ status: 502 }), 3);
    expect(fake.requests).toHaveLength(3);
    expect(failure).toBe(
      `${fake.url} answered 502, 3 times. Try again later: run the same command once more; ` +
        'what has been taken is recognized and not counted twice.',
    );
  });

  test('no server', async () => {
    const { failure } = await send([], 2, 'http://127.0.0.1:1');
    expect(failure).toContain('http://127.0.0.1:1 does not answer (');
  });
});

describe('a permanent error is reported at once', () => {
  test.each<[number, Reply, string]>([
    [401, problem(401, 'wrong_token', 'No such token.'), 'does not know the token (401)'],
    [403, problem(403, 'missing_scope', 'This token lacks the scope.'), 'scope events:write'],
    [404, { status: 404 }, 'Check --url and --pixel'],
    [503, problem(503, 'no_admin_token', 'The API is closed.'), 'wrangler secret put ADMIN_TOKEN'],
    [413, { status: 413 }, '--batch 100'],
    [200, { status: 200, body: '<html>' }, 'Is it a Speck? Check --url.'],
    [202, { status: 202, body: { accepted: 'all' } }, 'Is it a Speck? Check --url.'],
    [302, { status: 302, headers: { location: '/login' } }, 'Is it a Speck? Check --url.'],
  ])('%i', async (_, reply, message) => {
    const { failure, waits } = await send([reply]);
    expect(failure).toContain(message);
    expect(waits).toEqual([]);
  });
});
