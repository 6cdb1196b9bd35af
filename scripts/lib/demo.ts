/** Fills a local Speck with the traffic of an example shop, which goes on at the same pace. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DemoHistory, type Row } from './demo-history.ts';
import { type Database, fillConversions } from './demo-relay.ts';
import { DEMO_PIXEL } from './demo-shop.ts';

const BATCH = 1000;
/** Milliseconds between two looks at what has happened meanwhile. */
const INTERVAL = 2000;
/** Milliseconds after which somebody counts as gone. */
const RECENT = 4 * 60_000;
/** Enough runs of the cron to roll up sixty days. */
const MOST_RUNS = 40;

const BOTS = [
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)',
  'Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)',
  'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)',
];
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

export interface Demo {
  readonly pixel: string;
  readonly events: number;
  /** Sends what happens from then on, until stopped. */
  trickle(stop: AbortSignal): Promise<void>;
}

/**
 * @param zone the time zone of the shop's days: with the reader's own, today is as long as the reader's day.
 * @param database runs SQL in Speck's database, if the caller can reach it.
 */
export async function fillDemo(
  url: string,
  token: string,
  zone = DEMO_PIXEL.timezone,
  database: Database | null = null,
): Promise<Demo> {
  const call = async (method: string, path: string, body?: string): Promise<unknown> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const response = await fetch(url + path, { method, headers, body: body ?? null });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const { id } = (await call(
    'POST',
    '/api/v1/pixels',
    JSON.stringify({ ...DEMO_PIXEL, timezone: zone }),
  )) as { id: string };
  const write = (rows: readonly Row[]): Promise<unknown> =>
    call('PUT', `/api/v1/pixels/${id}/events`, rows.map((row) => JSON.stringify(row)).join('\n'));

  const history = new DemoHistory(zone);
  const start = Date.now();
  let events = 0;
  const waiting: Row[] = [];
  for (const day of history.days(start)) {
    waiting.push(...day);
    events += day.length;
    while (waiting.length >= BATCH) await write(waiting.splice(0, BATCH));
  }
  const isRecent = waiting.some(({ ts }) => Date.parse(ts) > start - RECENT);
  if (!isRecent) waiting.push(...history.visitNow(start));
  if (waiting.length > 0) await write(waiting);

  await refusals(url, id);
  const networks = await fillConversions(url, id, call, database);
  await rollUp(url);
  return {
    pixel: id,
    events,
    async trickle(stop) {
      while (!stop.aborted) {
        await sleep(INTERVAL, undefined, { ref: false, signal: stop }).catch(() => undefined);
        if (stop.aborted) break;
        const rows = history.continue(Date.now());
        if (rows.length === 0) continue;
        await write(rows).catch((error: Error) =>
          console.error(`The demo's next events failed: ${error.message}`),
        );
      }
      await networks.close();
    },
  };
}

/** Events that are rejected: crawlers, prefetched pages, a mistyped currency. */
async function refusals(url: string, pixel: string): Promise<void> {
  const page = encodeURIComponent('https://fernandkettle.example/tea/houjicha');
  const get = (query: string, headers: Record<string, string>): Promise<Response> =>
    fetch(`${url}/p.gif?id=${pixel}&dl=${page}${query}`, { headers });
  for (let round = 0; round < 6; round++) {
    for (const agent of BOTS.slice(0, 1 + (round % BOTS.length))) await get('', { 'user-agent': agent });
    await get('', { 'user-agent': BROWSER, 'sec-purpose': 'prefetch' });
    if (round % 3 === 0) await get('&ev=Purchase&cd[value]=12&cd[currency]=Euro', { 'user-agent': BROWSER });
  }
}

async function rollUp(url: string): Promise<void> {
  for (let run = 0; run < MOST_RUNS; run++) {
    await fetch(`${url}/cdn-cgi/handler/scheduled`);
    // Health is computed anew every few seconds only.
    const health = (await (await fetch(`${url}/health?${run}`)).json()) as {
      rollup?: { oldest_dirty_day_seconds: number };
    };
    if (run > 6 && health.rollup?.oldest_dirty_day_seconds === 0) return;
  }
}
