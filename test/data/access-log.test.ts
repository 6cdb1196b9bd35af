/**
 * Real traffic: imports an access log as an owner would and holds the answers to what the log itself says. The log is
 * not part of the project; SPECK_ACCESS_LOG names it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_TOKEN, ROOT, type Speck, startSpeck } from '../e2e/harness.ts';
import { runScript } from '../scripts/project.ts';
import {
  byDay,
  byValue,
  DIMENSIONS,
  daysOf,
  difference,
  type Exported,
  inAll,
  inStoredOrder,
  type Log,
  metricsOf,
  readLog,
  type Table,
  type View,
} from './oracle.ts';

const SITE = 'http://semicomplete.com';
const ZONES = ['UTC', 'America/Los_Angeles'] as const;

const { SPECK_ACCESS_LOG } = process.env;
if (!SPECK_ACCESS_LOG) {
  throw new Error(
    'Set SPECK_ACCESS_LOG to the access log of semicomplete.com, May 2015, as published in elastic/examples ' +
      '(Common Data Formats/apache_logs/apache_logs), plain or gzipped.',
  );
}
const file = SPECK_ACCESS_LOG;

let log: Log;
let speck: Speck;
const pixels = new Map<string, string>();
const imports = new Map<string, Imported>();
/** The log's page views in the order in which each pixel has them. */
const stored = new Map<string, readonly View[]>();

beforeAll(async () => {
  log = readLog(file, SITE);
  speck = await startSpeck();
  for (const timezone of ZONES)
    pixels.set(timezone, await speck.addPixel({ name: timezone, url: SITE, timezone }));
  for (const timezone of ZONES) {
    imports.set(timezone, await importLog(timezone));
    stored.set(timezone, inStoredOrder(log.pageViews, await exported(timezone)));
  }
});
afterAll(() => speck?.close());

interface Imported {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const pixelOf = (timezone: string): string => pixels.get(timezone) as string;

async function importLog(timezone: string): Promise<Imported> {
  const script = runScript(
    `${ROOT}scripts/import.ts`,
    [file, '--pixel', pixelOf(timezone), '--origin', SITE, '--url', speck.url],
    { SPECK_TOKEN: ADMIN_TOKEN },
  );
  const code = await script.ended;
  return { code, stdout: script.stdout(), stderr: script.stderr() };
}

async function exported(timezone: string): Promise<Exported[]> {
  const response = await speck.api('GET', `/api/v1/pixels/${pixelOf(timezone)}/events`);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  expect(response.headers.get('link')).toBeNull();
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Exported);
}

/** The days of the log as the pixel has them. */
const days = (timezone: string) => daysOf(stored.get(timezone) as readonly View[], timezone);

async function query(timezone: string, dimension: string | null): Promise<{ table: Table; source: string }> {
  const response = await speck.api('POST', '/api/v2/query', {
    site_id: pixelOf(timezone),
    metrics: metricsOf(dimension),
    date_range: ['2015-05-17', '2015-05-20'],
    dimensions: dimension === null ? [] : [dimension],
  });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  const { results, meta } = JSON.parse(text) as {
    results: { dimensions: string[]; metrics: number[] }[];
    meta: { source: string };
  };
  const rows = results.map(({ dimensions: [value = 'all'], metrics }) => [value, metrics] as const);
  expect(new Map(rows).size).toBe(rows.length);
  return { table: new Map(rows), source: meta.source };
}

async function runCronUntilDone(): Promise<void> {
  for (let runs = 0; runs < 20; runs++) {
    await speck.cron();
    const { results } = await speck.db.prepare('SELECT count(*) AS dirty FROM days WHERE dirty = 1').all();
    if (results[0]?.['dirty'] === 0) return;
  }
  throw new Error('20 cron runs left days dirty.');
}

/** All rows of a table, to compare as one. */
async function rowsOf(name: string): Promise<string[]> {
  const { results } = await speck.db.prepare(`SELECT * FROM ${name}`).all();
  return results.map((row) => JSON.stringify(row)).toSorted();
}

describe.each(ZONES)('%s', (timezone) => {
  test('the import reads everything, and reports the truncated line', () => {
    const { code, stdout, stderr } = imports.get(timezone) as Imported;
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const numbers = [...stdout.matchAll(/line (\d+) is cut short/g)].map(([, number]) => Number(number));
    expect(numbers).toEqual(log.unreadable);
    const counted = (what: string) =>
      Number(new RegExp(`([\\d,]+) {2}${what}`).exec(stdout)?.[1]?.replace(',', ''));
    expect(counted('page views')).toBe(log.pageViews.length + log.bots);
    expect(counted('accepted')).toBe(log.pageViews.length);
    expect(counted('refused: bot')).toBe(log.bots);
  });
});

test('lines of one second are stored in their order', () => {
  const inLog = log.pageViews.toSorted((a, b) => a.time - b.time).map(({ eid }) => eid);
  expect(stored.get('UTC')?.map(({ eid }) => eid)).toEqual(inLog);
});

test('lines of one second are stored in the same order in each import', () => {
  const orders = ZONES.map((timezone) => stored.get(timezone)?.map(({ eid }) => eid));
  expect(orders[1]).toEqual(orders[0]);
});

/** The same answers come from events while a day is open, and from rollups later. */
describe.each(['events', 'rollups'])('answers from %s', (source) => {
  beforeAll(async () => {
    if (source === 'rollups') await runCronUntilDone();
  });

  describe.each(ZONES)('%s', (timezone) => {
    const check = async (dimension: string | null, expected: Table) => {
      const answer = await query(timezone, dimension);
      expect(answer.source).toBe(source);
      expect(difference(expected, answer.table, metricsOf(dimension))).toEqual([]);
    };

    test('in all', () => check(null, inAll(days(timezone))));
    test('by day', () => check('time:day', byDay(days(timezone))));
    test.each(DIMENSIONS)('by %s', (dimension) => check(dimension, byValue(days(timezone), dimension)));
  });
});

test('a second import changes nothing', async () => {
  await runCronUntilDone();
  const before = { events: await rowsOf('events'), rollups: await rowsOf('rollups') };
  expect(before.events).toHaveLength(log.pageViews.length * ZONES.length);
  for (const timezone of ZONES) {
    const { code, stdout } = await importLog(timezone);
    expect(code).toBe(0);
    expect(stdout).toMatch(/ 0 {2}accepted/);
  }
  await runCronUntilDone();
  expect(await rowsOf('events')).toEqual(before.events);
  expect(await rowsOf('rollups')).toEqual(before.rollups);
});

test('no address and no user agent of the log is anywhere in the database', async () => {
  const { results } = await speck.db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .all<{ name: string }>();
  const names = results.map(({ name }) => name).filter((name) => !/^(_cf_|sqlite_)/.test(name));
  const everything = (await Promise.all(names.map(rowsOf))).flat().join('\n');
  expect(everything.length).toBeGreaterThan(100_000);
  const personal = new Set(log.pageViews.flatMap(({ address, userAgent }) => [address, userAgent]));
  personal.delete('');
  expect([...personal].filter((text) => everything.includes(text))).toEqual([]);
});
