/**
 * What an isolate keeps of what it was sent. Caches hold thousands of entries, so a client that could make one of them long
 * could end the isolate, which has 128 MB: each request here has one long part, and another one each time.
 */
import { request } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SPECK, type Started } from '../../bench/lib/contenders.ts';
import { heapAfterCollection } from '../../bench/lib/heap.ts';
import { ROOT } from './harness.ts';

const REQUESTS = 400;
/** Half of what all the requests of a row would fill if what is long in them were kept. */
const LONG = 50_000;
const MOST_GROWTH = (REQUESTS * LONG) / 4;

let started: Started;
beforeAll(async () => {
  started = await SPECK.start({
    speckDir: `${ROOT}dist/modules`,
    answer: undefined,
    way: 'direct',
    inspected: true,
  });
});
afterAll(() => started?.runtime.close());

const AGENT =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36';

/** A text that is long, and another one for each number. */
const long = (index: number): string => `${index}-${'y'.repeat(LONG)}`;

function send(path: string, headers: Record<string, string>, body?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        port: started.runtime.port,
        path,
        method: body === undefined ? 'GET' : 'POST',
        headers: { 'user-agent': AGENT, 'cf-connecting-ip': '192.0.2.1', ...headers },
      },
      (response) => {
        response.resume();
        response.on('end', resolve);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

async function heapUsed(): Promise<number> {
  const { inspector, port } = started.runtime;
  if (inspector === undefined) throw new Error('the runtime has no inspector');
  const poke = async () => (await fetch(`http://127.0.0.1:${port}/`)).text();
  return (await heapAfterCollection(inspector, 'speck', poke)).used;
}

const beacon = (event: object): [string, Record<string, string>, string] => [
  '/beacon',
  {},
  JSON.stringify(event),
];
const view = (headers: Record<string, string>): [string, Record<string, string>] => [
  `/p.gif?id=${started.pixel}&ev=PageView&dl=https://site.example/`,
  headers,
];

it.each<[string, (index: number) => [string, Record<string, string>, string?]]>([
  ['user agents', (index) => view({ 'user-agent': `${AGENT} ${long(index)}` })],
  ['user agents of bots', (index) => view({ 'user-agent': `Googlebot ${long(index)}` })],
  ['addresses', (index) => view({ 'cf-connecting-ip': long(index) })],
  [
    'languages, hints and purposes',
    (index) =>
      view({
        'accept-language': long(index),
        'sec-ch-ua-platform': `"Linux" ${long(index)}`,
        'sec-ch-ua-platform-version': long(index),
        purpose: long(index),
      }),
  ],
  [
    'referrers and origins',
    (index) => view({ referer: `https://other.example/${long(index)}`, origin: `https://${long(index)}` }),
  ],
  ['cookies', (index) => view({ cookie: `speck_id=${'A'.repeat(22)}; x=${long(index)}` })],
  ['ids of pixels', (index) => beacon({ id: long(index) })],
  [
    'ids like those of pixels, cut from long texts',
    (index) => [
      `/p.gif?id=px_${String(index + 1)
        .padEnd(16, 'a')
        .replaceAll('0', 'z')}&x=${long(index).slice(0, 15_000)}`,
      {},
    ],
  ],
  ['users', (index) => beacon({ id: started.pixel, ev: 'e', uid: `${index}`, x: long(index) })],
  [
    'everything that an event says',
    (index) =>
      beacon({
        id: started.pixel,
        ev: `e${index}`,
        eid: `${index}`,
        dl: `https://site.example/${long(index)}`,
        rl: `https://${index}.example/`,
        cd: { [`k${index}`]: 'v' },
      }),
  ],
])('keeps nothing long of %s', async (_, requestOf) => {
  for (let index = 0; index < 20; index++) await send(...view({}));
  const before = await heapUsed();
  for (let index = 0; index < REQUESTS; index += 10) {
    await Promise.all(Array.from({ length: 10 }, (_, more) => send(...requestOf(index + more))));
  }
  // A batch waits for 50 ms, and D1 for its turn: those that come later are answered after them.
  await new Promise((resolve) => setTimeout(resolve, 500));
  for (let index = 0; index < 50; index++) await send(...view({}));
  const grown = (await heapUsed()) - before;
  expect(grown).toBeLessThan(MOST_GROWTH);
});
