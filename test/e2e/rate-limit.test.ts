/** The rate limit, by the local runtime's own binding: what is over it is answered all the same, and counted. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import { ROOT, type Speck, startSpeck } from './harness.ts';

let speck: Speck;
let directory: string;

beforeAll(async () => {
  // The configuration as an owner would change it: the section uncommented, with a limit that a test can reach.
  directory = mkdtempSync(join(ROOT, 'dist/limited-'));
  const config = readFileSync(join(ROOT, 'wrangler.toml'), 'utf8')
    .replace('# [[ratelimits]]', '[[ratelimits]]')
    .replace('# name = "RATE_LIMIT"', 'name = "RATE_LIMIT"')
    .replace('# namespace_id = "1001"', 'namespace_id = "1001"')
    .replace('# simple = { limit = 600, period = 60 }', 'simple = { limit = 10, period = 60 }')
    .replaceAll('"dist/modules', `"${join(ROOT, 'dist/modules')}`);
  const path = join(directory, 'wrangler.toml');
  writeFileSync(path, config);
  speck = await startSpeck({ configPath: path });
});
afterAll(async () => {
  await speck.close();
  rmSync(directory, { recursive: true });
});

it('counts ten events of one address, refuses the rest, and lets another pixel be', async () => {
  const [pixel, other] = [await speck.addPixel(), await speck.addPixel()];
  // The local runtime counts anew with each minute of the clock.
  const left = 60_000 - (Date.now() % 60_000);
  if (left < 10_000) await new Promise((resolve) => setTimeout(resolve, left));
  const headers = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0' };
  for (let view = 0; view < 15; view++) {
    expect((await fetch(`${speck.url}/p.gif?id=${pixel}`, { headers })).status).toBe(200);
  }
  await fetch(`${speck.url}/p.gif?id=${other}`, { headers });
  const count = async (sql: string, of: string) =>
    Number((await speck.db.prepare(sql).bind(of).all<{ n: number }>()).results[0]?.n ?? 0);
  const events = 'SELECT count(*) AS n FROM events WHERE pixel = ?';
  const countSql = `SELECT sum(count) AS n FROM rejections WHERE pixel = ? AND reason = 'rate_limited'`;
  await eventually(
    async () =>
      (await count(events, pixel)) + (await count(countSql, pixel)) >= 15 && (await count(events, other)) > 0,
    'all of them',
  );
  expect(await count(events, pixel)).toBe(10);
  expect(await count(countSql, pixel)).toBe(5);
  expect(await count(events, other)).toBe(1);
});
