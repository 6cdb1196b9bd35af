/** GoatCounter's JSON export, with the files and fields that exportjson.go of GoatCounter 2.7 writes (version 1.0 of the export). */
import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import type { ImportedTotals, ImportItem } from '../../src/imports/importer.ts';
import { dice, importerOf, itemsOf, remarksIn } from './reading.ts';

type Rows = readonly Readonly<Record<string, unknown>>[];

const NAMES = {
  paths: [
    { id: 1, path: '/', title: 'Home' },
    { id: 2, path: '/b', title: 'B' },
    { id: 3, path: 'click', title: '', event: true },
  ],
  refs: [
    { id: 1, ref: '', ref_scheme: 'o' },
    { id: 2, ref: 'Google', ref_scheme: 'g' },
    { id: 3, ref: 'example.com/page.html', ref_scheme: 'h' },
    { id: 4, ref: 'news', ref_scheme: 'c' },
  ],
  browsers: [{ id: 1, name: 'Chrome', version: '46' }],
  systems: [{ id: 1, name: 'Windows', version: '10' }],
};

function archive(tables: Readonly<Record<string, Rows>>): Uint8Array {
  const files = Object.entries({ ...NAMES, ...tables }).map(([name, rows]) => [
    `goatcounter-export-x-20260307T164927Z/${name}.jsonl`,
    strToU8(rows.map((row) => `${JSON.stringify(row)}\n`).join('')),
  ]);
  const info = strToU8('{"export_version": "1.0"}\n');
  return zipSync(Object.fromEntries([['goatcounter-export-x-20260307T164927Z/info.json', info], ...files]));
}

const hit = (hour: string, path_id: number, ref_id: number, count: number) => ({
  hour,
  path_id,
  ref_id,
  count,
});
const totalsIn = (items: readonly ImportItem[]): ImportedTotals[] =>
  items.flatMap((item) => (item.kind === 'totals' ? [item.totals] : []));

/** Counts by day, dimension and value. */
const counts = (items: readonly ImportItem[], name: 'visitors' | 'pageviews' | 'events' = 'visitors') =>
  Object.fromEntries(totalsIn(items).map((row) => [`${row.day} ${row.dimension} ${row.value}`, row[name]]));

describe("goatcounter's totals", () => {
  it('are those of days', async () => {
    const items = await itemsOf(
      'goatcounter',
      new Blob([
        archive({
          hit_stats: [
            hit('2026-03-05T19:00:00Z', 1, 2, 4),
            hit('2026-03-05T20:00:00Z', 1, 3, 1),
            hit('2026-03-05T20:00:00Z', 3, 1, 7),
            hit('2026-03-06T00:00:00Z', 2, 4, 2),
          ],
          browser_stats: [{ day: '2026-03-05', path_id: 1, browser_id: 1, count: 5 }],
          system_stats: [{ day: '2026-03-05', path_id: 1, system_id: 1, count: 5 }],
          location_stats: [
            { day: '2026-03-05', path_id: 1, location: 'IT-82', count: 3 },
            { day: '2026-03-05', path_id: 2, location: 'IN', count: 2 },
          ],
          language_stats: [{ day: '2026-03-05', path_id: 1, language: 'eng', count: 5 }],
          size_stats: [{ day: '2026-03-05', path_id: 1, width: 1280, count: 5 }],
        }),
      ]),
    );
    expect(counts(items)).toMatchObject({
      '2026-03-05  ': 5,
      '2026-03-05 event:page /': 5,
      '2026-03-05 event:name pageview': 5,
      '2026-03-05 event:name click': 7,
      '2026-03-05 visit:source Google': 4,
      '2026-03-05 visit:source example.com': 1,
      '2026-03-05 visit:referrer example.com/page.html': 1,
      '2026-03-06 visit:utm_source news': 2,
      '2026-03-06 event:page /b': 2,
      '2026-03-05 visit:browser Chrome': 5,
      '2026-03-05 visit:os Windows': 5,
      '2026-03-05 visit:os_version 10': 5,
      '2026-03-05 visit:country IT': 3,
      '2026-03-05 visit:country IN': 2,
      '2026-03-05 visit:region IT-82': 3,
      '2026-03-05 visit:language eng': 5,
    });
    expect(counts(items, 'events')).toMatchObject({ '2026-03-05  ': 12, '2026-03-05 event:name click': 7 });
    expect(counts(items, 'pageviews')).toMatchObject({ '2026-03-05  ': 5, '2026-03-05 event:name click': 0 });
    expect(remarksIn(items)).toEqual(['1 left out: sizes of screens']);
  });

  it('are what an independent sum of the same rows is', async () => {
    const roll = dice(8);
    const rows = Array.from({ length: 3000 }, (_, place) => {
      const hour = new Date(Date.UTC(2024, 0, 1, Math.floor(place / 30))).toISOString().replace('.000', '');
      return hit(hour, 1 + roll(3), 1 + roll(4), 1 + roll(9));
    });
    const items = await itemsOf('goatcounter', new Blob([archive({ hit_stats: rows })]));
    const sums: Record<string, number> = {};
    for (const { hour, path_id: path, count } of rows) {
      const key = `${hour.slice(0, 10)} ${path === 3 ? 'event:name click' : `event:page ${path === 1 ? '/' : '/b'}`}`;
      sums[key] = (sums[key] ?? 0) + count;
    }
    expect(counts(items)).toMatchObject(sums);
    const all = (name: string) =>
      totalsIn(items)
        .filter(({ dimension }) => dimension === name)
        .reduce((sum, { visitors }) => sum + visitors, 0);
    expect(all('visit:source')).toBe(all(''));
    expect(all('')).toBe(rows.filter((row) => row.path_id !== 3).reduce((sum, { count }) => sum + count, 0));
  });

  it('are named where they cannot be read', async () => {
    const items = await itemsOf(
      'goatcounter',
      new Blob([archive({ hit_stats: [hit('yesterday', 1, 1, 1), hit('2026-03-05T19:00:00Z', 1, 1, -1)] })]),
    );
    const file = 'goatcounter-export-x-20260307T164927Z/hit_stats.jsonl';
    expect(remarksIn(items)).toEqual([
      `1 has no day or no count (${file})`,
      `2 has no day or no count (${file})`,
    ]);
    expect(remarksIn(await itemsOf('goatcounter', new Blob([zipSync({ 'a.txt': strToU8('a') })])))).toEqual([
      '1 holds no paths.jsonl and hit_stats.jsonl',
    ]);
  });

  it('are recognized', async () => {
    const { recognize } = await importerOf('goatcounter');
    expect(recognize('x.zip', archive({ hit_stats: [] }))).toBe(2);
    expect(recognize('x.zip', zipSync({ 'a.txt': strToU8('a') }))).toBe(0);
  });
});
