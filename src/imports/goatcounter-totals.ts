/**
 * Reads the JSON export of GoatCounter: a zip file of tables by hour or day, documented at https://www.goatcounter.com/help/export-json.
 * GoatCounter keeps single views only if it is told to, so most exports are of this kind.
 */
import { PAGEVIEW } from '../model/event.ts';
import { pageOf } from './addresses.ts';
import { browserOf, systemOf } from './agents.ts';
import { type Counts, DayTotals } from './day-totals.ts';
import type { ImportItem } from './importer.ts';
import { leftOut, unreadable } from './items.ts';
import { readJsonLines } from './read-json.ts';
import type { ZipEntry } from './read-zip.ts';
import { type Fields, isFields, numberOfValue, textAt } from './values.ts';

/** Rows of the tables of names that are held in memory. */
const MOST_NAMES = 1_000_000;

type Names = ReadonlyMap<string, Fields>;
type Place = readonly [dimension: string, value: string];

interface Tables {
  readonly paths: Names;
  readonly refs: Names;
  readonly browsers: Names;
  readonly systems: Names;
}

/** The places of a row that it counts for, by the name of its table. */
const STATISTICS: Readonly<Record<string, (row: Fields, tables: Tables) => readonly Place[]>> = {
  hit_stats: (row, { paths, refs }) => {
    const path = paths.get(textAt(row, 'path_id')) ?? {};
    if (path['event'] === true) return [['event:name', textAt(path, 'path')]];
    const ref = refs.get(textAt(row, 'ref_id')) ?? {};
    const [name, scheme] = [textAt(ref, 'ref'), textAt(ref, 'ref_scheme')];
    return [
      ['', ''],
      ['event:name', PAGEVIEW],
      ['event:page', pageOf('', textAt(path, 'path'))],
      ['visit:source', scheme === 'h' ? (name.split('/')[0] ?? '') : name],
      ['visit:referrer', scheme === 'h' ? name : ''],
      ['visit:utm_source', scheme === 'c' ? name : ''],
    ];
  },
  browser_stats: (row, { browsers }) => {
    const browser = browsers.get(textAt(row, 'browser_id')) ?? {};
    const version = textAt(browser, 'version').split('.')[0] ?? '';
    return [
      ['visit:browser', browserOf(textAt(browser, 'name'))],
      ['visit:browser_version', version],
    ];
  },
  system_stats: (row, { systems }) => {
    const system = systems.get(textAt(row, 'system_id')) ?? {};
    const { os, os_version } = systemOf(textAt(system, 'name'), textAt(system, 'version'));
    return [
      ['visit:os', os],
      ['visit:os_version', os_version],
    ];
  },
  location_stats: (row) => {
    const location = textAt(row, 'location');
    return [
      ['visit:country', location.split('-')[0] ?? ''],
      ['visit:region', location.includes('-') ? location : ''],
    ];
  },
  language_stats: (row) => [['visit:language', textAt(row, 'language')]],
};

const stemOf = (path: string): string => /([^/]+)\.jsonl?$/.exec(path)?.[1] ?? '';

/** @throws ZipError if an entry is damaged. */
export async function* goatcounterTotals(entries: readonly ZipEntry[]): AsyncGenerator<ImportItem> {
  const named = (name: string) => entries.find((entry) => stemOf(entry.name) === name);
  if (named('hit_stats') === undefined || named('paths') === undefined) {
    yield unreadable(1, 'holds no paths.jsonl and hit_stats.jsonl');
    return;
  }
  const names: Record<string, Map<string, Fields>> = {};
  for (const table of ['paths', 'refs', 'browsers', 'systems']) {
    const rows = new Map<string, Fields>();
    names[table] = rows;
    for await (const item of rowsOf(named(table))) {
      if ('kind' in item) yield item;
      else if (rows.size < MOST_NAMES) rows.set(textAt(item.row, 'id'), item.row);
      else yield leftOut(item.line, `names beyond ${MOST_NAMES} in one table`);
    }
  }
  const tables = names as unknown as Tables;
  for (const [table, placesOf] of Object.entries(STATISTICS)) {
    yield* statisticsOf(named(table), tables, placesOf);
  }
  if (named('size_stats') !== undefined) yield leftOut(1, 'sizes of screens');
}

async function* statisticsOf(
  entry: ZipEntry | undefined,
  tables: Tables,
  placesOf: (row: Fields, tables: Tables) => readonly Place[],
): AsyncGenerator<ImportItem> {
  const totals = new DayTotals();
  let last = '';
  for await (const item of rowsOf(entry)) {
    if ('kind' in item) {
      yield item;
      continue;
    }
    const { line, row } = item;
    const day = (textAt(row, 'hour') || textAt(row, 'day')).slice(0, 10);
    const count = numberOfValue(row['count']);
    if (!/^\d{4}-\d\d-\d\d$/.test(day) || !Number.isInteger(count) || count < 0) {
      yield unreadable(line, `has no day or no count (${entry?.name})`);
      continue;
    }
    // The export is in order of days.
    if (day !== last) yield* totals.take();
    last = day;
    for (const [dimension, value] of placesOf(row, tables)) {
      totals.add(line, { day, dimension, value }, countsOf(dimension, value, count));
    }
    if (tables.paths.get(textAt(row, 'path_id'))?.['event'] === true && 'hour' in row) {
      totals.add(line, { day, dimension: '', value: '' }, { events: count });
    }
  }
  yield* totals.take();
}

/** GoatCounter counts the first view of each page in a session. */
function countsOf(dimension: string, value: string, count: number): Counts {
  const visits = { visitors: count, visits: count, events: count };
  return dimension === 'event:name' && value !== PAGEVIEW ? visits : { ...visits, pageviews: count };
}

async function* rowsOf(
  entry: ZipEntry | undefined,
): AsyncGenerator<ImportItem | { readonly line: number; readonly row: Fields }> {
  if (entry === undefined) return;
  for await (const item of readJsonLines(entry.stream())) {
    if ('why' in item) yield unreadable(item.line, `${item.why} (${entry.name})`);
    else if (isFields(item.value)) yield { line: item.line, row: item.value };
    else yield unreadable(item.line, `is no row (${entry.name})`);
  }
}
