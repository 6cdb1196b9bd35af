/** From the file of another tool to the answer of a query, and back to nothing: exports by day through importer, API and query. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Pixel } from '../../src/model/pixel.ts';
import { getPixel } from '../../src/store/pixels.ts';
import { applySchema, db, makePixel, store } from '../fixtures.ts';
import { exportedFiles, exportOf, type Session, sessionsOf } from '../imports/plausible-export.ts';
import { itemsOf } from '../imports/reading.ts';
import { ask } from '../query/random-queries.ts';
import { ImportClient, type ImportJson } from './import-client.ts';

beforeAll(applySchema);

/** Sends a file as senders do: in batches, one of which is sent twice. */
async function send(pixel: Pixel, source: string, content: Uint8Array | string): Promise<ImportJson> {
  const client = new ImportClient(pixel.id);
  const items = await itemsOf(source, content);
  let { id, ...last } = await client.begin(source);
  for (let from = 0; from < items.length; from += 90) {
    const batch = items.slice(from, from + 90);
    const left_out: Record<string, number> = {};
    for (const item of batch)
      if (item.kind === 'left_out') left_out[item.reason] = (left_out[item.reason] ?? 0) + 1;
    const body = {
      from,
      to: from + batch.length,
      items: batch.flatMap((item, index) =>
        item.kind === 'totals' ? [{ at: from + index, totals: item.totals }] : [],
      ),
      left_out,
      unreadable: batch.filter(({ kind }) => kind === 'unreadable').length,
      end: from + 90 >= items.length,
    };
    for (let times = 0; times < (from === 90 ? 2 : 1); times++) last = (await client.post(id, body)).import;
  }
  return { id, ...last };
}

const ALL = { date_range: ['2023-12-01', '2024-03-31'], include: { imports: true } };

async function answer(pixel: Pixel, dimension: string, metrics = ['visits'], more: object = {}) {
  const read = (await getPixel(db, pixel.id)) as Pixel;
  const { results } = await ask(read, {
    metrics,
    dimensions: dimension === '' ? [] : [dimension],
    ...ALL,
    ...more,
  });
  return Object.fromEntries(results.map((row) => [row.dimensions.join(), row.metrics]));
}

const count = (
  sessions: readonly Session[],
  valueIn: (session: Session) => string,
): Record<string, number[]> =>
  Object.fromEntries(
    [...Map.groupBy(sessions, valueIn)].map(([value, list]) => [value, [list.length]] as const),
  );

describe("Plausible's export", () => {
  it('is answered as its sessions are counted, and leaves nothing when it is undone', async () => {
    const pixel = await makePixel('Europe/Berlin');
    const sessions = sessionsOf(11, 200);
    const { id, ...report } = await send(pixel, 'plausible', exportOf(exportedFiles(sessions)));
    expect(report).toMatchObject({ state: 'complete', unreadable: 0, rejected: {} });
    expect(Object.keys(report.left_out)).toEqual(['reports of attention, which are no events']);

    const total = sessions.reduce((sum, { duration }) => sum + duration, 0);
    const views = sessions.reduce((sum, { pages }) => sum + pages.length, 0);
    const bounces = sessions.filter(({ pages, events }) => pages.length + events.length === 1).length;
    expect(await answer(pixel, '', ['visits', 'pageviews', 'bounce_rate', 'visit_duration'])).toEqual({
      '': [200, views, Math.round((100 * bounces) / 200), Math.round(total / 200)],
    });
    const none = (text: string, name = '(not set)'): string => text || name;
    expect(await answer(pixel, 'visit:source')).toEqual(
      count(sessions, ({ source }) => none(source, 'Direct / None')),
    );
    expect(await answer(pixel, 'visit:channel')).toEqual(
      count(sessions, ({ source, utm }) => {
        if (utm.medium === 'cpc') return 'Paid Search';
        if (utm.medium === 'email') return 'Email';
        return { '': 'Direct', Google: 'Organic Search', Twitter: 'Organic Social' }[source] ?? 'Referral';
      }),
    );
    expect(await answer(pixel, 'visit:exit_page')).toEqual(
      count(sessions, ({ pages }) =>
        pages.length === 0 ? none('') : new URL(pages.at(-1) as string, 'http://x').pathname,
      ),
    );
    expect(await answer(pixel, 'visit:country_name')).toEqual({
      Germany: [sessions.filter(({ country }) => country === 'DE').length],
      'United States': [sessions.filter(({ country }) => country === 'US').length],
    });
    expect(await answer(pixel, 'time:month')).toEqual(count(sessions, ({ day }) => `${day.slice(0, 7)}-01`));
    const blog = sessions.flatMap(({ pages }) => pages.filter((page) => page === '/blog/one')).length;
    const filters = [['contains', 'event:page', ['/blog']]];
    expect(await answer(pixel, '', ['pageviews'], { filters })).toEqual({ '': [blog] });

    await new ImportClient(pixel.id).undo(id);
    expect(await answer(pixel, '')).toEqual({ '': [0] });
    for (const table of ['imported_rollups', 'imports', 'import_dates', 'days']) {
      expect(
        await db.prepare(`SELECT count(*) AS n FROM ${table} WHERE pixel = ?`).bind(pixel.id).first('n'),
      ).toBe(0);
    }
  });

  it('ends where Speck has counted itself', async () => {
    const pixel = await makePixel('UTC');
    const sessions = sessionsOf(12, 80);
    await store(pixel, [
      { ts: Date.parse('2024-02-29T20:00:00Z'), id: 'a', name: 'pageview', visitor: 'v', page: '/' },
    ]);
    const { left_out } = await send(pixel, 'plausible', exportOf(exportedFiles(sessions)));
    expect(left_out['after_until']).toBeGreaterThan(0);
    const before = sessions.filter(({ day }) => day < '2024-02-29').length;
    expect(await answer(pixel, '')).toEqual({ '': [before + 1] });
  });
});

describe('a report of Google Analytics', () => {
  it('is answered as it says', async () => {
    const pixel = await makePixel('UTC');
    const report = (names: string[], rows: [string[], number[]][]) => ({
      dimensionHeaders: names.map((name) => ({ name })),
      metricHeaders: ['totalUsers', 'sessions', 'screenPageViews', 'engagedSessions'].map((name) => ({
        name,
      })),
      rows: rows.map(([dimensions, metrics]) => ({
        dimensionValues: dimensions.map((value) => ({ value })),
        metricValues: metrics.map((value) => ({ value: String(value) })),
      })),
    });
    const reports = [
      report(
        ['date'],
        [
          [['20240101'], [5, 6, 9, 3]],
          [['20240102'], [1, 1, 1, 1]],
        ],
      ),
      report(
        ['date', 'sessionSource'],
        [
          [
            ['20240101', 'google'],
            [4, 5, 8, 3],
          ],
          [
            ['20240101', '(direct)'],
            [1, 1, 1, 0],
          ],
        ],
      ),
      report(
        ['date', 'pagePath'],
        [
          [
            ['20240101', '/ann@site.example'],
            [5, 6, 9, 3],
          ],
        ],
      ),
    ];
    await send(pixel, 'ga4-report', JSON.stringify({ reports }));
    expect(await answer(pixel, '', ['visitors', 'pageviews', 'bounce_rate'])).toEqual({ '': [6, 10, 43] });
    expect(await answer(pixel, 'visit:source', ['visitors'])).toEqual({ Google: [4], 'Direct / None': [1] });
    expect(await answer(pixel, 'event:page', ['visitors'])).toEqual({ '/(email)': [5] });
  });
});
