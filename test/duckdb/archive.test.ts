/** The archive from outside: a day is purged, DuckDB reads its file and counts as Speck did, and `npm run restore` brings it back. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DUCKDB, type DuckDb, type DuckDbConnection } from '../../scripts/lib/duckdb.ts';
import { loadPackage } from '../../scripts/lib/own-packages.ts';
import { ADMIN_TOKEN, ROOT, type Speck, startSpeck } from '../e2e/harness.ts';
import { runScript } from '../scripts/project.ts';

const DAY = 86_400_000;
const NOW = Date.now();
const day = new Date(NOW - 20 * DAY).toISOString().slice(0, 10);
/** The configuration as an owner would change it: with the lines of the bucket uncommented. */
const config = mkdtempSync(join(ROOT, 'dist/archive-'));
const folder = mkdtempSync(join(tmpdir(), 'archive-'));

let speck: Speck;
let duckdb: DuckDbConnection;
let pixel: string;

beforeAll(async () => {
  const lines = readFileSync(join(ROOT, 'wrangler.toml'), 'utf8')
    .replace(/# (\[\[r2_buckets\]\])\n# (binding = .*)\n# (bucket_name = .*)\n/, '$1\n$2\n$3\n')
    .replaceAll('"dist/modules', `"${join(ROOT, 'dist/modules')}`);
  writeFileSync(join(config, 'wrangler.toml'), lines);
  speck = await startSpeck({ configPath: join(config, 'wrangler.toml') });
  const { DuckDBInstance } = loadPackage<DuckDb>(DUCKDB);
  duckdb = await (await DuckDBInstance.create(':memory:')).connect();
});
afterAll(async () => {
  duckdb?.closeSync();
  await speck?.close();
  for (const path of [config, folder]) rmSync(path, { recursive: true, force: true });
});

const query = async (sql: string) =>
  (
    await duckdb.runAndReadAll(sql.replace('$FILES', `read_parquet('${folder}/events/*/*/*.parquet')`))
  ).getRowObjectsJson();

/** What Speck answers for the day. */
async function answer(): Promise<unknown> {
  const response = await speck.api('POST', '/api/v2/query', {
    site_id: pixel,
    metrics: ['visitors', 'pageviews', 'events'],
    date_range: [day, day],
    dimensions: ['event:page'],
  });
  expect(response.status).toBe(200);
  return ((await response.json()) as { results: unknown }).results;
}

async function exported(): Promise<Record<string, unknown>[]> {
  const response = await speck.api('GET', `/api/v1/pixels/${pixel}/events`);
  const text = await response.text();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

it('is read by DuckDB, counted the same, and restored', async () => {
  pixel = await speck.addPixel({ timezone: 'UTC' });
  await speck.api('PATCH', `/api/v1/pixels/${pixel}`, { settings: { retention_days: 1 } });
  const lines = Array.from({ length: 900 }, (_, index) =>
    JSON.stringify({
      ts: new Date(Date.parse(day) + index * 90_000).toISOString(),
      id: `e${String(index).padStart(4, '0')}`,
      name: index % 9 === 0 ? 'Purchase' : 'pageview',
      visitor: `v${index % 70}`,
      person: index % 10 === 0 ? 'uann' : '',
      page: `/${index % 7}`,
      props: index % 5 === 0 ? { plan: 'größer' } : {},
      ...(index % 9 === 0 ? { value: 12.34, currency: 'EUR' } : {}),
    }),
  );
  const stored = await fetch(`${speck.url}/api/v1/pixels/${pixel}/events`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/x-ndjson' },
    body: lines.join('\n'),
  });
  expect(await stored.json()).toMatchObject({ accepted: 900 });
  const before = await exported();
  await speck.cron(new Date(NOW));
  const counted = await answer();
  await speck.cron(new Date(NOW + 3 * DAY));
  expect(await exported()).toEqual([]);
  expect(await answer()).toEqual(counted);

  const { files } = (await (await speck.api('GET', `/api/v1/pixels/${pixel}/archive`)).json()) as {
    files: { day: string; part: number; key: string; events: number; bytes: number }[];
  };
  expect(files).toMatchObject([{ day, part: 0, events: 900 }]);
  for (const file of files) {
    const response = await speck.api('GET', `/api/v1/pixels/${pixel}/archive/${file.day}?part=${file.part}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(bytes.length).toBe(file.bytes);
    mkdirSync(dirname(join(folder, file.key)), { recursive: true });
    writeFileSync(join(folder, file.key), bytes);
  }

  expect(
    await query(`SELECT pixel, day, count(*)::INTEGER AS events, count(DISTINCT visitor)::INTEGER AS visitors,
      sum(value)::BIGINT AS value, min(ts)::VARCHAR AS first, count(*) FILTER (props ->> 'plan' = 'größer')::INTEGER AS plans
      FROM $FILES GROUP BY ALL`),
  ).toEqual([
    {
      pixel,
      day,
      events: 900,
      visitors: 70,
      value: String(100 * 12_340_000),
      first: `${day} 00:00:00`,
      plans: 180,
    },
  ]);
  const pages = await query(
    `SELECT page, count(DISTINCT visitor)::INTEGER AS visitors, count(*) FILTER (name = 'pageview')::INTEGER AS pageviews,
       count(*)::INTEGER AS events FROM $FILES GROUP BY page`,
  );
  const byPage = (rows: readonly (readonly unknown[])[]) =>
    Object.fromEntries(rows.map(([page, ...numbers]) => [page, numbers]));
  expect(
    byPage(pages.map(({ page, visitors, pageviews, events }) => [page, visitors, pageviews, events])),
  ).toEqual(
    byPage(
      (counted as { dimensions: string[]; metrics: number[] }[]).map(({ dimensions, metrics }) => [
        dimensions[0],
        ...metrics,
      ]),
    ),
  );

  const script = runScript(
    join(ROOT, 'scripts', 'restore.ts'),
    [pixel, `2020-01-01..${day}`, '--url', speck.url],
    {
      SPECK_TOKEN: ADMIN_TOKEN,
    },
  );
  expect([await script.ended, script.stderr()]).toEqual([0, '']);
  expect(script.stdout()).toMatch(new RegExp(`^${day}: 900 events, until \\d{4}-\\d\\d-\\d\\d\n$`));
  expect(await exported()).toEqual(before);
  expect(await answer()).toEqual(counted);
  await speck.cron(new Date(NOW + 3 * DAY));
  expect(await answer()).toEqual(counted);
  expect(await exported()).toEqual(before);
});

it('is not asked for a day that it does not have', async () => {
  const script = runScript(join(ROOT, 'scripts', 'restore.ts'), [pixel, '2020-01-01', '--url', speck.url], {
    SPECK_TOKEN: ADMIN_TOKEN,
  });
  expect(await script.ended).toBe(1);
  expect(script.stderr()).toBe(`The archive has no events of ${pixel} on 2020-01-01.\n`);
});
