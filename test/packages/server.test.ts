/** speck-tag/server, as it is built, against the real Worker; and what it does while the Worker cannot be reached. */
import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClientOptions, SpeckError as Failure } from '../../packages/speck-tag/src/server.ts';
import { ADMIN_TOKEN, ROOT, type Speck, startSpeck } from '../e2e/harness.ts';

const BUILT = join(ROOT, 'packages/speck-tag/dist/server.js');
const { createClient, SpeckError } = (await import(
  BUILT
)) as typeof import('../../packages/speck-tag/src/server.ts');

const AGENT =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Safari/537.36';

let speck: Speck;
let pixel: string;
beforeAll(async () => {
  speck = await startSpeck();
  pixel = await speck.addPixel();
});
afterAll(() => speck?.close());

const clientOf = (options: Partial<ClientOptions> = {}) =>
  createClient({ endpoint: speck.url, token: ADMIN_TOKEN, pixel, interval: 0, ...options });

async function stored(where = ''): Promise<Record<string, unknown>[]> {
  const sql = `SELECT * FROM events WHERE pixel = ?1 ${where} ORDER BY ts, id`;
  return (await speck.db.prepare(sql).bind(pixel).all()).results;
}

describe('against the real Worker', () => {
  it('stores what was queued, with its time, visitor and revenue', async () => {
    const client = clientOf();
    const data = { value: 49.9, currency: 'EUR', order: 'A-17' };
    const time = new Date(Date.now() - 60_000);
    client.pageview('https://site.example/pricing?utm_source=news', {
      referrer: 'https://news.example/a',
      ip: '192.0.2.7',
      userAgent: AGENT,
      country: 'DE',
      time,
    });
    client.track('Purchase', {
      url: '/checkout',
      data,
      eventID: 'A-17-x',
      uid: 4711,
      ip: '192.0.2.7',
      userAgent: AGENT,
    });
    // It was written down when it was queued.
    data.order = 'changed later';
    expect(await client.flush()).toEqual({ accepted: 2, duplicates: 0, rejected: [], warnings: [] });
    const [view, purchase] = await stored();
    expect(view).toMatchObject({
      name: 'pageview',
      hostname: 'site.example',
      page: '/pricing',
      referrer: 'news.example/a',
      utm_source: 'news',
      country: 'DE',
      browser: 'Chrome',
      ts: time.getTime(),
    });
    expect(purchase).toMatchObject({
      name: 'Purchase',
      page: '/checkout',
      value: 49_900_000,
      currency: 'EUR',
      props: '{"order":"A-17"}',
      eid: 'A-17-x',
      visitor: view?.['visitor'],
    });
    expect(purchase?.['person']).not.toBe('');
    expect(await client.flush()).toEqual({ accepted: 0, duplicates: 0, rejected: [], warnings: [] });
  });

  it('returns what was refused, and what was stored in part, with the events', async () => {
    const client = clientOf();
    const events = [
      { name: 'Fine', url: '/' },
      { name: 'By a bot', url: '/', userAgent: 'Googlebot/2.1' },
      { name: 'Elsewhere', url: '/', pixel: 'px_none' },
      { name: 'Cheap', url: '/', data: { value: '12,50', currency: 'EUR' } },
    ];
    const result = await client.send(events);
    expect(result).toMatchObject({ accepted: 2, duplicates: 0 });
    expect(result.rejected.map(({ event, reason }) => [event.name, reason])).toEqual([
      ['By a bot', 'bot'],
      ['Elsewhere', 'unknown_pixel'],
    ]);
    expect(result.warnings).toEqual([
      { event: events[3], reason: 'invalid_value', message: expect.stringContaining('.') },
    ]);
  });

  it('sends more than a request holds in several, in their order: by number and by bytes', async () => {
    const client = clientOf();
    for (let index = 0; index < 1_001; index++) client.track(`Many ${index}`, { url: '/many' });
    expect(await client.flush()).toMatchObject({ accepted: 1_001, rejected: [] });
    // Together 3 MB, of letters that have two bytes each.
    const text = 'ü'.repeat(50_000);
    for (let index = 0; index < 30; index++) client.track('Large', { url: '/large', data: { text } });
    expect(await client.flush()).toMatchObject({ accepted: 30 });
    expect(await stored("AND page = '/many'")).toHaveLength(1_001);
    expect(await stored("AND page = '/large'")).toHaveLength(30);
  });

  it('refuses an event that no request could hold, and sends the others', async () => {
    const client = clientOf();
    client.track('Before', { url: '/huge' });
    client.track('Huge', { url: '/huge', data: { text: 'x'.repeat(1024 * 1024) } });
    client.track('After', { url: '/huge' });
    const result = await client.flush();
    expect(result.accepted).toBe(2);
    expect(result.rejected.map(({ event, reason }) => [event.name, reason])).toEqual([['Huge', 'too_large']]);
  });

  it('sends by itself after a while, and tells the result', async () => {
    const result = await new Promise((resolve, reject) => {
      const client = clientOf({ interval: 10, onResult: resolve, onError: reject });
      client.track('By itself', { url: '/' });
    });
    expect(result).toMatchObject({ accepted: 1 });
  });

  it('fails with the reason of the Worker if the token is wrong, without trying again', async () => {
    let calls = 0;
    const client = clientOf({
      token: 'wrong',
      fetch: (...given) => {
        calls++;
        return fetch(...given);
      },
    });
    client.track('Unwanted', { url: '/' });
    const error = (await client.flush().catch((reason) => reason)) as Failure;
    expect(error).toBeInstanceOf(SpeckError);
    expect(error).toMatchObject({ status: 401, isKept: false, events: [{ name: 'Unwanted', url: '/' }] });
    expect(calls).toBe(1);
    expect(await client.flush()).toMatchObject({ accepted: 0 });
  });

  it('drops nothing in silence after close', async () => {
    const errors: Failure[] = [];
    const client = clientOf({ onError: (error) => errors.push(error) });
    client.track('In time', { url: '/' });
    expect(await client.close()).toMatchObject({ accepted: 1 });
    client.track('Too late', { url: '/' });
    expect(errors).toMatchObject([{ reason: 'closed', events: [{ name: 'Too late' }] }]);
  });

  it.each([
    ['has nothing left to do', '', 0],
    ['is asked to end', "process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000);", 0],
  ])('a process that %s sends what waits', async (what, then, status) => {
    const child = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { createClient } from ${JSON.stringify(BUILT)};
         const speck = createClient({ endpoint: '${speck.url}', token: '${ADMIN_TOKEN}', pixel: '${pixel}', interval: 60_000 });
         process.once('SIGTERM', () => speck.close().finally(() => process.exit()));
         speck.track(${JSON.stringify(`The last of one that ${what}`)}, { url: '/' }); ${then}`,
      ],
      { stdio: 'inherit' },
    );
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(status);
    expect(await stored(`AND name = 'The last of one that ${what}'`)).toHaveLength(1);
  });
});

describe('while Speck cannot be reached', () => {
  /** What stands in front of the Worker: it answers by this list first, and then passes requests on. */
  let faults: ((request: IncomingMessage, pass: () => Promise<Response>) => Promise<Response | null>)[];
  let proxy: Server;
  let endpoint: string;
  let bodies: string[];
  beforeAll(async () => {
    proxy = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks);
      bodies.push(body.toString());
      const pass = (): Promise<Response> =>
        fetch(speck.url + request.url, {
          method: 'POST',
          headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
          body,
        });
      const answer = await (faults.shift()?.(request, pass) ?? pass());
      if (answer === null) response.destroy();
      else {
        const wait = answer.headers.get('retry-after');
        response.writeHead(answer.status, wait === null ? {} : { 'retry-after': wait });
        response.end(await answer.text());
      }
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    endpoint = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  });
  afterAll(() => void proxy?.close());

  it.each([
    ['cuts the connection', async () => null],
    ['answers 503', async () => new Response('', { status: 503 })],
    ['answers 500 with HTML', async () => new Response('<html>', { status: 500 })],
    ['asks to wait', async () => new Response('{}', { status: 429, headers: { 'retry-after': '0' } })],
    [
      'stores the events, and the answer is lost',
      (_: unknown, pass: () => Promise<Response>) => pass().then(() => null),
    ],
  ])('it tries again: Speck %s', async (what, fault) => {
    bodies = [];
    faults = [fault];
    const client = clientOf({ endpoint });
    client.track(`After it ${what}`, { url: '/again' });
    const result = await client.flush();
    expect(result.accepted + result.duplicates).toBe(1);
    expect(bodies).toHaveLength(2);
    expect(bodies[1]).toBe(bodies[0]);
    expect(await stored(`AND name = 'After it ${what}'`)).toHaveLength(1);
  });

  it('keeps the events that it could not send, and sends them first with the next flush', async () => {
    bodies = [];
    const down = async (): Promise<null> => null;
    faults = [down, down];
    const client = clientOf({ endpoint, tries: 2 });
    client.track('Kept', { url: '/kept' });
    const error = (await client.flush().catch((reason) => reason)) as Failure;
    expect(error).toMatchObject({ reason: 'unreachable', isKept: true, events: [{ name: 'Kept' }] });
    client.track('Next', { url: '/kept' });
    expect(await client.flush()).toMatchObject({ accepted: 2 });
    expect((await stored("AND page = '/kept'")).map(({ name }) => name)).toEqual(['Kept', 'Next']);
  });

  it('says what was stored before a request failed, and keeps the rest', async () => {
    bodies = [];
    faults = [async (_, pass) => pass(), async () => null];
    const client = clientOf({ endpoint, tries: 1, batch: 2 });
    for (const name of ['1', '2', '3', '4', '5']) client.track(name, { url: '/part' });
    const error = (await client.flush().catch((reason) => reason)) as Failure;
    expect(error.result).toMatchObject({ accepted: 2 });
    expect(error.events.map(({ name }) => name)).toEqual(['3', '4']);
    expect(await client.flush()).toMatchObject({ accepted: 3 });
    expect((await stored("AND page = '/part'")).map(({ name }) => name)).toEqual(['1', '2', '3', '4', '5']);
  });

  it('holds a bounded number of events, and says which it drops', async () => {
    const errors: Failure[] = [];
    const client = clientOf({ queue: 2, onError: (error) => errors.push(error) });
    for (const name of ['a', 'b', 'c']) client.track(name, { url: '/queue' });
    expect(errors).toMatchObject([{ reason: 'queue_full', events: [{ name: 'c' }] }]);
    expect(await client.flush()).toMatchObject({ accepted: 2 });
  });

  it('lets a process end that has nothing to do but events it cannot send', async () => {
    const child = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { createClient } from ${JSON.stringify(BUILT)};
         createClient({ endpoint: 'http://127.0.0.1:1', token: 't', tries: 2 }).track('Lost', { url: '/' });`,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += chunk;
    });
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0);
    expect(said).toMatch(/Speck: http:\/\/127\.0\.0\.1:1\/api\/v1\/events does not answer/);
  });
});
