/**
 * Reads the export of Plausible: a zip file of CSV files, one for each of its tables of imported counts, or one of these CSV files. The
 * columns are those that lib/plausible/exports.ex of Plausible writes, and those of its earlier versions.
 */
import { isDay } from '../model/time-zone.ts';
import { browserOf, deviceOf, systemOf } from './agents.ts';
import { type Counts, DayTotals } from './day-totals.ts';
import type { ImportedTotals, Importer, ImportFile, ImportItem } from './importer.ts';
import { leftOut, unreadable } from './items.ts';
import { type Row, readCsv } from './read-csv.ts';
import { startOf } from './read-text.ts';
import { entriesOfZip, isZip, ZipError } from './read-zip.ts';

type Cell = Row['cell'];

/** A dimension whose values a table has. */
interface TableDimension {
  readonly dimension: string;
  /** The column that the table must have. */
  readonly column: string;
  /** Default: the column's text. */
  readonly value?: (cell: Cell) => string;
  /** What the channel follows from. */
  readonly via?: (cell: Cell) => ImportedTotals['via'];
  /** Default: all that the table has. */
  readonly counts?: (counts: Counts) => Counts;
}

const column = (dimension: string, name: string, of?: (text: string) => string): TableDimension => ({
  dimension,
  column: name,
  value: (cell) => (of ?? unset)(cell(name)),
});

const utm = (name: string): TableDimension => column(`visit:utm_${name}`, `utm_${name}`);

const onlyEvents = ({ events = 0 }: Counts): Counts => ({ events });
const onlyViews = ({ visitors, visits, pageviews = 0 }: Counts): Counts => ({
  visitors: Math.min(visitors ?? 0, pageviews),
  visits: Math.min(visits ?? 0, pageviews),
  pageviews,
  events: pageviews,
});

/** The tables, in the order in which they are read. */
const TABLES: Readonly<Record<string, readonly TableDimension[]>> = {
  visitors: [
    { dimension: '', column: 'visitors', value: () => '' },
    { dimension: 'event:name', column: 'pageviews', value: () => 'pageview', counts: onlyViews },
  ],
  sources: [
    column('visit:source', 'source'),
    {
      dimension: 'visit:channel',
      column: 'source',
      value: () => '',
      via: (cell) => ({
        source: unset(cell('source')),
        medium: cell('utm_medium'),
        campaign: cell('utm_campaign'),
      }),
    },
    column('visit:referrer', 'referrer'),
    utm('source'),
    utm('medium'),
    utm('campaign'),
    utm('content'),
    utm('term'),
  ],
  pages: [column('event:page', 'page')],
  entry_pages: [column('visit:entry_page', 'entry_page')],
  exit_pages: [column('visit:exit_page', 'exit_page')],
  locations: [column('visit:country', 'country'), column('visit:region', 'region')],
  devices: [column('visit:device', 'device', deviceOf)],
  browsers: [
    column('visit:browser', 'browser', browserOf),
    column('visit:browser_version', 'browser_version', (text) => unset(text).split('.')[0] ?? ''),
  ],
  operating_systems: [
    column('visit:os', 'operating_system', (text) => systemOf(text).os),
    column('visit:os_version', 'operating_system_version'),
  ],
  custom_events: [
    column('event:name', 'name'),
    { dimension: '', column: 'name', value: () => '', counts: onlyEvents },
  ],
};

/** A file's name, such as `imported_pages_20240101_20241231.csv`. Plausible also reads names without the prefix. */
const FILE = new RegExp(`(?:^|/)(?:imported_)?(${Object.keys(TABLES).join('|')})(?:_\\d{8}_\\d{8})?\\.csv$`);

const tableOf = (path: string): string | undefined => FILE.exec(path)?.[1];

/** Files that archives have besides the export, such as those of macOS. */
const isJunk = (path: string): boolean => /(?:^|\/)(?:\._|__MACOSX\/|\.DS_Store$)/.test(path);

export const plausible: Importer = {
  name: 'plausible',
  recognize: (name, start) => {
    if (isZip(start)) return tableOf(firstNameIn(start)) === undefined ? 0 : 2;
    if (!/^"?date"?,/.test(startOf(start.subarray(0, 200)))) return 0;
    return tableOf(name) === undefined ? 0 : 2;
  },
  read: async function* (file) {
    try {
      yield* itemsOf(await filesOf(file));
    } catch (error) {
      if (!(error instanceof ZipError)) throw error;
      yield unreadable(1, error.message);
    }
  },
  losses: [
    'The export has counts by day, not events: they are added to statistics without filters, or with filters by the dimension shown.',
    "Days are those of the site's time zone in Plausible, and are taken as days of the pixel.",
    'Someone who came by two campaigns on a day counts for each of them, as in Plausible.',
    'Cities are numbers of GeoNames in the export, and are left out. Names of regions are left out; their codes are kept.',
    'Hostnames are left out: the export has them for each page, so their visitors cannot be told.',
    'Properties of events (link_url and path) are left out.',
    'People, revenue, goals by property and funnels are not in the export.',
  ],
};

/** The name of the first entry of a zip file, in its local header. */
function firstNameIn(start: Uint8Array): string {
  const length = (start[26] ?? 0) + 256 * (start[27] ?? 0);
  return new TextDecoder().decode(start.subarray(30, 30 + length));
}

interface Table {
  readonly name: string;
  readonly file: string;
  readonly stream: () => ReadableStream<Uint8Array>;
}

interface Files {
  /** In the order in which they are read. */
  readonly tables: readonly Table[];
  readonly others: number;
}

async function filesOf({ name, blob }: ImportFile): Promise<Files> {
  const start = new Uint8Array(await blob.slice(0, 4).arrayBuffer());
  const entries = isZip(start)
    ? await entriesOfZip(blob)
    : [{ name: name.replaceAll('\\', '/'), stream: () => blob.stream() as ReadableStream<Uint8Array> }];
  const files = entries.filter((entry) => !isJunk(entry.name));
  const order = Object.keys(TABLES);
  const tables = files.flatMap((entry) => {
    const table = tableOf(entry.name);
    return table === undefined ? [] : [{ name: table, file: entry.name, stream: entry.stream }];
  });
  return {
    tables: tables.toSorted(
      (a, b) =>
        order.indexOf(a.name) - order.indexOf(b.name) || (a.file < b.file ? -1 : Number(a.file > b.file)),
    ),
    others: files.length - tables.length,
  };
}

async function* itemsOf({ tables, others }: Files): AsyncGenerator<ImportItem> {
  if (tables.length === 0)
    yield unreadable(1, "has no file of Plausible's export, such as imported_visitors.csv");
  for (let index = 0; index < others; index++) yield leftOut(1, "files that are none of Plausible's export");
  /** The file that each table's days have been read from: ranges of files may overlap. */
  const read = new Map<string, string>();
  for (const table of tables) {
    try {
      yield* rowsOf(table, read);
    } catch (error) {
      if (!(error instanceof ZipError)) throw error;
      yield unreadable(1, error.message);
    }
  }
}

async function* rowsOf({ name, file, stream }: Table, read: Map<string, string>): AsyncGenerator<ImportItem> {
  let columns: ReadonlySet<string> = new Set();
  const isHeader = (names: readonly string[]): string | null => {
    columns = new Set(names);
    return columns.has('date') && columns.has('visitors') ? null : "has no columns 'date' and 'visitors'";
  };
  const totals = new DayTotals();
  let day = '';
  for await (const row of readCsv(stream(), isHeader)) {
    if ('why' in row) {
      yield unreadable(row.line, `${row.why} (${file})`);
      continue;
    }
    const { line, cell } = row;
    const counts = countsOf(name, cell);
    if (!isDay(cell('date')) || counts === null) {
      yield unreadable(line, `has ${counts === null ? 'a count that is no number' : 'no date'} (${file})`);
      continue;
    }
    if (name === 'custom_events' && cell('name') === 'engagement') {
      yield leftOut(line, 'reports of attention, which are no events');
      continue;
    }
    const key = `${name} ${cell('date')}`;
    const earlier = read.get(key) ?? file;
    if (earlier !== file) {
      yield leftOut(line, 'days that another file of the archive has');
      continue;
    }
    read.set(key, file);
    // The export is in order of days.
    if (cell('date') !== day) yield* totals.take();
    day = cell('date');
    for (const { dimension, column: required, value, via, counts: some } of TABLES[name] ?? []) {
      if (!columns.has(required)) continue;
      const place = { day, dimension, value: value?.(cell) ?? '', ...(via ? { via: via(cell) } : {}) };
      totals.add(line, place as Parameters<DayTotals['add']>[1], some?.(counts) ?? counts);
    }
  }
  yield* totals.take();
}

const COUNTS: Readonly<Record<string, keyof Counts>> = {
  visitors: 'visitors',
  visits: 'visits',
  entrances: 'visits',
  exits: 'visits',
  pageviews: 'pageviews',
  bounces: 'bounces',
  events: 'events',
  total_scroll_depth: 'scroll',
  total_scroll_depth_visits: 'scrolled_visits',
  total_time_on_page_visits: 'engaged_visits',
};

/** In seconds. */
const SECONDS: Readonly<Record<string, keyof Counts>> = {
  visit_duration: 'duration',
  total_time_on_page: 'engaged',
};

/** The counts of a row; null if one is no number. */
function countsOf(table: string, cell: Cell): Counts | null {
  const counts: Record<string, number> = {};
  for (const [columns, factor] of [
    [COUNTS, 1],
    [SECONDS, 1000],
  ] as const) {
    for (const [name, count] of Object.entries(columns)) {
      // Exits of pages are no visits of pages.
      if (table === 'pages' && name === 'exits') continue;
      const text = unset(cell(name));
      if (text === '') continue;
      const number = Number(text);
      if (!/^\d+$/.test(text) || number > LARGEST) return null;
      counts[count] = (counts[count] ?? 0) + factor * number;
    }
  }
  // A visit has at least one event. The tables of visits do not count events that are no page views.
  return { ...counts, events: counts['events'] ?? (counts['pageviews'] || (counts['visits'] ?? 0)) };
}

/** Sums of a thousand days stay exact. */
const LARGEST = 1e12;

/** ClickHouse writes `\N` for null. */
function unset(text: string): string {
  return text === '\\N' || text === 'Direct / None' || text === '(not set)' ? '' : text;
}
