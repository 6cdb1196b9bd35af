/** Fills a local Speck with the traffic of an example shop, and sends more every few seconds. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DEMO_PIXEL, DemoHistory, type Row } from './demo-history.ts';

const BATCH = 1000;
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
  /** Sends a visit every few seconds, until stopped. */
  trickle(stop: AbortSignal): Promise<void>;
}

export async function fillDemo(url: string, token: string): Promise<Demo> {
  const call = async (method: string, path: string, body: string): Promise<unknown> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const response = await fetch(url + path, { method, headers, body });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const { id } = (await call('POST', '/api/v1/pixels', JSON.stringify(DEMO_PIXEL))) as { id: string };
  const write = (rows: readonly Row[]): Promise<unknown> =>
    call('PUT', `/api/v1/pixels/${id}/events`, rows.map((row) => JSON.stringify(row)).join('\n'));

  const history = new DemoHistory();
  let events = 0;
  let waiting: Row[] = [];
  for (const day of history.days(Date.now())) {
    waiting.push(...day);
    events += day.length;
    while (waiting.length >= BATCH) await write(waiting.splice(0, BATCH));
  }
  if (waiting.length > 0) await write(waiting);
  // Somebody is always there.
  waiting = [];
  for (let minute = 28; minute > 0; minute -= 2)
    waiting.push(...history.visit(Date.now() - minute * 60_000, null));
  await write(waiting.filter(({ ts }) => Date.parse(ts) <= Date.now()));

  await refusals(url, id);
  await rollUp(url);
  return {
    pixel: id,
    events,
    async trickle(stop) {
      while (!stop.aborted) {
        await sleep(6000, undefined, { ref: false, signal: stop }).catch(() => undefined);
        if (stop.aborted) return;
        const now = Date.now();
        const rows = history.visit(now, null).filter(({ ts }) => Date.parse(ts) <= now);
        await write(rows).catch((error: Error) =>
          console.error(`The demo's next visit failed: ${error.message}`),
        );
      }
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
