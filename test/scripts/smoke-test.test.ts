/** The smoke test of a deploy, against a real Speck. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runSmokeTest } from '../../scripts/lib/deploy/smoke-test.ts';
import { ADMIN_TOKEN, type Speck, startSpeck } from '../e2e/harness.ts';
import { type Front, startFront } from './front.ts';

let speck: Speck;
let front: Front;
beforeAll(async () => {
  speck = await startSpeck();
  front = await startFront(speck.url);
});
afterAll(async () => {
  front.close();
  await speck.close();
});
beforeEach(() => front.reset());

/** Waits less than a deploy does, and long enough for thirty tries to outlast the 50 ms in which Speck gathers events. */
const wait = () => new Promise((resolve) => setTimeout(resolve, 20));
const smokeTest = (token = ADMIN_TOKEN) => runSmokeTest({ url: front.url, token, wait });

async function pixels(): Promise<{ id: string }[]> {
  const response = await speck.api('GET', '/api/v1/pixels');
  return ((await response.json()) as { pixels: { id: string }[] }).pixels;
}

test('passes, asks in order, leaves nothing behind, and can be repeated', async () => {
  await smokeTest();
  expect(front.passed.filter((one, index, all) => one !== all[index - 1])).toEqual([
    'GET /api/v1/session',
    'GET /api/v1/pixels',
    'POST /api/v1/pixels',
    'GET /p.gif',
    'POST /beacon',
    'POST /api/v2/query',
    'GET /api/v1/pixels',
    expect.stringMatching(/^DELETE \/api\/v1\/pixels\/px_/),
    'GET /api/v1/pixels',
  ]);
  expect(await pixels()).toEqual([]);
  await smokeTest();
});

test('waits for an address that is new: no connection, then the page of another server', async () => {
  front.refuses = 3;
  let others = 4;
  front.instead = () =>
    others-- > 0 ? { status: 404, body: '<h1>There is nothing here yet</h1>' } : undefined;
  await smokeTest();
  expect(others).toBeLessThan(0);
});

test('gives up on an address where no Speck comes', async () => {
  front.instead = () => ({ status: 522, body: 'error' });
  await expect(smokeTest()).rejects.toThrow('is no Speck yet: it answers 522. A new domain can take');
  front.refuses = Number.POSITIVE_INFINITY;
  await expect(smokeTest()).rejects.toThrow('does not answer yet');
});

test('deletes the pixel of a test that was interrupted, and none of an owner or of another test that runs', async () => {
  const settings = { name: 'Smoke test of npm run deploy', url: 'https://smoke-test.invalid' };
  const left = await speck.addPixel(settings);
  const kept = [
    await speck.addPixel({ ...settings, url: 'https://site.example' }),
    await speck.addPixel({ ...settings, name: 'Mine' }),
  ];
  await speck.db.prepare('UPDATE pixels SET created_at = created_at - 3700000').run();
  kept.push(await speck.addPixel(settings));
  await smokeTest();
  const ids = (await pixels()).map(({ id }) => id);
  expect(ids).not.toContain(left);
  expect(ids.sort()).toEqual(kept.sort());
  for (const id of kept) await speck.api('DELETE', `/api/v1/pixels/${id}`);
});

describe('fails and cleans up when', () => {
  const answers = (part: string, answer: { status: number; type?: string; body?: string }) => {
    front.instead = (_, path) => (path.startsWith(part) ? answer : undefined);
  };
  const answersWith = (change: (body: string) => string) => {
    front.rewrite = (path, body) => (path === '/api/v2/query' ? change(body) : body);
  };

  test.each<[string, () => void, string]>([
    ['the GIF is an error', () => answers('/p.gif', { status: 500 }), '/p.gif answered 500'],
    [
      'the GIF is none',
      () => answers('/p.gif', { status: 200, type: 'image/gif', body: '<html>' }),
      'a GIF was expected',
    ],
    [
      'the GIF has another type',
      () => answers('/p.gif', { status: 200, body: 'GIF89a' }),
      'a GIF was expected',
    ],
    ['the beacon is refused', () => answers('/beacon', { status: 403 }), '/beacon answered 403'],
    ['the beacon is answered by a page', () => answers('/beacon', { status: 200 }), '/beacon answered 200'],
    [
      'the page view is lost',
      () => answers('/p.gif', { status: 200, type: 'image/gif', body: 'GIF89a' }),
      'The numbers are wrong',
    ],
    ['the beacon is lost', () => answers('/beacon', { status: 204 }), 'The numbers are wrong'],
    [
      'a count is too high',
      () => answersWith((body) => body.replace('[1,1,1]', '[1,2,1]')),
      'The numbers are wrong',
    ],
    [
      'a page is another',
      () => answersWith((body) => body.replaceAll('/image', '/picture')),
      'The numbers are wrong',
    ],
    ['the answer is empty', () => answersWith(() => '{"results":[]}'), 'The answer is: []'],
    ['the answer is none', () => answersWith(() => '{}'), 'not to be expected'],
  ])('%s', async (_, disturb, message) => {
    disturb();
    await expect(smokeTest()).rejects.toThrow(message);
    expect(await pixels()).toEqual([]);
  });

  test('the token is not known', async () => {
    await expect(smokeTest('another-token')).rejects.toThrow('does not know the token (401). Is SPECK_TOKEN');
    expect(await pixels()).toEqual([]);
  });

  test('the token may only read', async () => {
    const response = await speck.api('POST', '/api/v1/tokens', { name: 'Reader', scopes: ['stats:read'] });
    const { token } = (await response.json()) as { token: string };
    await expect(smokeTest(token)).rejects.toThrow('Take ADMIN_TOKEN');
  });
});

test('fails when the pixel cannot be deleted', async () => {
  front.instead = (method) => (method === 'DELETE' ? { status: 204 } : undefined);
  await expect(smokeTest()).rejects.toThrow('could not be deleted');
  for (const { id } of await pixels()) await speck.api('DELETE', `/api/v1/pixels/${id}`);
});
