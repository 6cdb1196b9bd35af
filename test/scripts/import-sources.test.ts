/**
 * The same small history, as each tool exports it: imported by `npm run import` into a real Worker out of two files that overlap, rolled
 * up, compared with counts of the history itself, and undone.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { strToU8, zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, ROOT, type Speck, startSpeck } from '../e2e/harness.ts';
import { jsonFile, type Parameter, parquetFile, type Row } from '../imports/ga4-files.ts';
import { csvRow, dice } from '../imports/reading.ts';
import { runScript } from './project.ts';

/** Something that happened: a view, or an order if there is an amount. */
interface Fact {
  /** Epoch milliseconds, in full seconds. */
  readonly ts: number;
  readonly visitor: number;
  readonly page: string;
  /** In cents; 0 for a view. */
  readonly cents: number;
  readonly isFirstOfDay: boolean;
}

const START = Date.parse('2025-03-01T00:00:00Z');
const DAYS = ['2025-03-01', '2025-03-02', '2025-03-03'];
const isoOf = (ts: number): string => new Date(ts).toISOString();
const dayOf = ({ ts }: Fact): string => isoOf(ts).slice(0, 10);
const sqlTime = (ts: number): string => isoOf(ts).slice(0, 19).replace('T', ' ');

const roll = dice(11);
const seen = new Set<string>();
const HISTORY: readonly Fact[] = Array.from({ length: 360 }, (_, place) => {
  const ts = START + place * 720_000 + roll(600) * 1000;
  const visitor = roll(25);
  const key = `${isoOf(ts).slice(0, 10)} ${visitor}`;
  const isFirstOfDay = !seen.has(key);
  seen.add(key);
  const cents = roll(6) === 0 ? 100 + roll(10_000) : 0;
  return { ts, visitor, page: `/page-${roll(4)}`, cents, isFirstOfDay };
});

const AGENT = (visitor: number) =>
  `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${100 + visitor}.0.0.0 Safari/537.36`;

const lines = (values: readonly unknown[]): string =>
  values.map((one) => `${JSON.stringify(one)}\n`).join('');

/** How a tool writes facts, and what of them it knows. */
interface Tool {
  readonly file: string;
  readonly write: (facts: readonly Fact[], first: number) => string | Uint8Array;
  /** A tool without orders has views in their place. */
  readonly hasOrders: boolean;
}

const goatcounter: Tool = {
  file: 'goatcounter-export.csv.gz',
  hasOrders: false,
  write: (facts) =>
    gzipSync(
      `2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme,Screen size,Location,FirstVisit,Date\n${facts
        .map(({ ts, visitor, page }) =>
          csvRow([
            page,
            'T',
            '0',
            '',
            'Firefox 120',
            'Windows 10',
            `a${visitor}`,
            '0',
            '',
            'o',
            '1280,0,1',
            'DE',
            '1',
            isoOf(ts).replace('.000', ''),
          ]),
        )
        .join('')}`,
    ),
};

const umami: Tool = {
  file: 'umami.zip',
  hasOrders: true,
  write: (facts, first) => {
    const events = facts.map(({ ts, visitor, page, cents }, place) =>
      csvRow([
        'w',
        `s${visitor}`,
        `e${first + place}`,
        'site.example',
        'chrome',
        'Windows 10',
        'desktop',
        page,
        cents > 0 ? '2' : '1',
        cents > 0 ? 'Order' : '',
        sqlTime(ts),
      ]),
    );
    const data = facts.flatMap(({ cents }, place) => {
      const id = `e${first + place}`;
      return cents > 0
        ? [csvRow([id, 'revenue', '', String(cents / 100), '2']), csvRow([id, 'currency', 'EUR', '', '1'])]
        : [];
    });
    return zipSync({
      'website_event.csv': strToU8(
        `website_id,session_id,event_id,hostname,browser,os,device,url_path,event_type,event_name,created_at\n${events.join('')}`,
      ),
      'event_data.csv': strToU8(`event_id,data_key,string_value,number_value,data_type\n${data.join('')}`),
    });
  },
};

const matomo: Tool = {
  file: 'visits.json',
  hasOrders: true,
  write: (facts, first) =>
    JSON.stringify(
      facts.map(({ ts, visitor, page, cents }, place) => {
        const action = { pageId: String(first + place), timestamp: ts / 1000 };
        const order = {
          type: 'ecommerceOrder',
          orderId: `o${first + place}`,
          revenue: String(cents / 100),
          ...action,
        };
        return {
          idVisit: String(first + place),
          visitorId: `v${visitor}`,
          siteCurrency: 'EUR',
          browserName: 'Chrome',
          deviceType: 'Desktop',
          actionDetails: [
            cents > 0 ? order : { type: 'action', url: `https://site.example${page}`, ...action },
          ],
        };
      }),
    ),
};

const segment: Tool = {
  file: 'archive.json.gz',
  hasOrders: true,
  write: (facts, first) =>
    gzipSync(
      lines(
        facts.map(({ ts, visitor, page, cents }, place) => ({
          messageId: `m${first + place}`,
          anonymousId: `a${visitor}`,
          timestamp: isoOf(ts),
          context: { userAgent: AGENT(visitor), page: { url: `https://site.example${page}` } },
          ...(cents > 0
            ? {
                type: 'track',
                event: 'Order Completed',
                properties: { order_id: `o${first + place}`, revenue: cents / 100, currency: 'EUR' },
              }
            : { type: 'page' }),
        })),
      ),
    ),
};

const snowplow: Tool = {
  file: 'enriched.tsv',
  hasOrders: true,
  write: (facts, first) =>
    facts
      .map(({ ts, visitor, page, cents }, place) => {
        const cells = Array.from({ length: 131 }, () => '');
        const time = isoOf(ts).replace('T', ' ').replace('Z', '');
        const order = { 59: `o${first + place}`, 61: String(cents / 100), 108: 'EUR' };
        const shared = {
          3: time,
          5: cents > 0 ? 'transaction' : 'page_view',
          6: `e${first + place}`,
          15: `d${visitor}`,
          29: `https://site.example${page}`,
          77: AGENT(visitor),
        };
        return `${Object.assign(cells, shared, cents > 0 ? order : {}).join('\t')}\n`;
      })
      .join(''),
};

const ga4Rows = (facts: readonly Fact[], first: number): Row[] =>
  facts.map(({ ts, visitor, page, cents }, place) => {
    const location: Parameter = {
      key: 'page_location',
      value: { string_value: `https://site.example${page}` },
    };
    const currency: Parameter = { key: 'currency', value: { string_value: 'EUR' } };
    return {
      event_date: isoOf(ts).slice(0, 10).replaceAll('-', ''),
      event_timestamp: ts * 1000,
      event_name: cents > 0 ? 'purchase' : 'page_view',
      event_params: cents > 0 ? [location, currency] : [location],
      event_bundle_sequence_id: first + place,
      user_pseudo_id: `u${visitor}`,
      device: { category: 'desktop', web_info: { browser: 'Chrome' } },
      ...(cents > 0
        ? { ecommerce: { transaction_id: `o${first + place}`, purchase_revenue: cents / 100 } }
        : {}),
    };
  });

const counterscale: Tool = {
  file: 'points.json',
  hasOrders: false,
  write: (facts) =>
    lines(
      facts.map(({ ts, visitor, page, isFirstOfDay }) => ({
        timestamp: sqlTime(ts),
        _sample_interval: 1,
        index1: 's',
        blob1: 'https://site.example',
        blob2: AGENT(visitor),
        blob3: page,
        blob4: 'DE',
        double1: isFirstOfDay ? 1 : 0,
      })),
    ),
};

const TOOLS: readonly (readonly [string, Tool])[] = [
  ['goatcounter', goatcounter],
  ['umami', umami],
  ['matomo', matomo],
  ['segment', segment],
  ['snowplow', snowplow],
  ['ga4', { file: 'events.json', hasOrders: true, write: (facts, first) => jsonFile(ga4Rows(facts, first)) }],
  [
    'ga4',
    {
      file: 'events_20250301.parquet',
      hasOrders: true,
      write: (facts, first) => parquetFile(ga4Rows(facts, first), 'SNAPPY', 100),
    },
  ],
  ['counterscale', counterscale],
];

const directory = mkdtempSync(join(tmpdir(), 'speck-import-sources-'));
let speck: Speck;
beforeAll(async () => {
  speck = await startSpeck();
});
afterAll(async () => {
  await speck.close();
  rmSync(directory, { recursive: true, force: true });
});

async function run(pixel: string, args: readonly string[]) {
  const script = runScript(
    join(ROOT, 'scripts', 'import.ts'),
    ['--url', speck.url, '--pixel', pixel, ...args],
    {
      SPECK_TOKEN: ADMIN_TOKEN,
    },
  );
  return { code: await script.ended, stdout: script.stdout(), stderr: script.stderr() };
}

interface ResultRow {
  readonly dimensions: readonly string[];
  readonly metrics: readonly unknown[];
}

async function query(pixel: string, body: object): Promise<readonly ResultRow[]> {
  const range = [DAYS[0], DAYS.at(-1)];
  const response = await speck.api('POST', '/api/v2/query', { site_id: pixel, date_range: range, ...body });
  expect(response.status).toBe(200);
  return ((await response.json()) as { results: ResultRow[] }).results;
}

/** Counts of keys. */
function tally(keys: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
}

const asCounts = (rows: readonly ResultRow[], place = 0) =>
  Object.fromEntries(rows.map(({ dimensions, metrics }) => [dimensions[0], metrics[place]]));

describe.each(TOOLS)('the history out of %s', (name, { file, write, hasOrders }) => {
  it(`is counted once from ${file}, and undone without a rest`, async () => {
    const pixel = await speck.addPixel({ timezone: 'UTC' });
    const paths = [HISTORY.slice(0, 240), HISTORY.slice(180)].map((facts, place) => {
      const path = join(directory, `${name}-${place}-${file}`);
      writeFileSync(path, write(facts, place * 180));
      return path;
    });
    const { code, stdout, stderr } = await run(pixel, paths);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain('240  events stored');
    expect(stdout).toContain('120  events stored');
    expect(stdout).toContain('60  stored before');

    const check = async () => {
      const days = await query(pixel, { metrics: ['events', 'visitors'], dimensions: ['time:day'] });
      expect(asCounts(days)).toEqual(tally(HISTORY.map(dayOf)));
      const visitors = new Set(HISTORY.map((fact) => `${dayOf(fact)} ${fact.visitor}`));
      expect(asCounts(days, 1)).toEqual(tally([...visitors].map((pair) => pair.slice(0, 10))));
      const views = hasOrders ? HISTORY.filter(({ cents }) => cents === 0) : HISTORY;
      const pages = await query(pixel, {
        metrics: ['pageviews'],
        dimensions: ['event:page'],
        filters: [['is', 'event:name', ['pageview']]],
      });
      expect(asCounts(pages)).toEqual(tally(views.map(({ page }) => page)));
      const [revenue] = await query(pixel, { metrics: ['total_revenue'] });
      const cents = hasOrders ? HISTORY.reduce((sum, fact) => sum + fact.cents, 0) : 0;
      const value = (revenue?.metrics[0] as { value?: number } | null)?.value ?? 0;
      expect(Math.round(value * 100)).toBe(cents);
    };
    await check();
    await speck.cron();
    await check();

    const { stdout: list } = await run(pixel, ['--list']);
    for (const id of list.match(/imp_\w{12}/g) ?? []) {
      expect((await run(pixel, ['--undo', id])).stdout).toContain(`${id} is undone.`);
    }
    await speck.cron();
    const { results } = await speck.db
      .prepare('SELECT count(*) AS count FROM events WHERE pixel = ?')
      .bind(pixel)
      .all<{ count: number }>();
    expect(results).toEqual([{ count: 0 }]);
    const [rest] = await query(pixel, { metrics: ['events', 'visitors'] });
    expect(rest?.metrics).toEqual([0, 0]);
  });
});
