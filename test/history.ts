/**
 * Databases as earlier versions of Speck have made them: test/schemas/ has each schema.sql that there was before migrations,
 * in order, and here are rows for all of their tables.
 */

type Value = string | number | null;
type Row = Readonly<Record<string, Value>>;

export const HISTORIC_PIXEL = 'px_HistoricPixe1234';
/** A day whose events are there and rolled up, one that has changed since, and one whose events are gone. */
export const ROLLED_DAY = '2026-11-20';
export const CHANGED_DAY = '2026-11-21';
export const PURGED_DAY = '2026-08-01';
/** When these databases were left. */
export const LEFT_AT = Date.parse('2026-11-22T12:00:00Z');
const HOUR = 3_600_000;
/** Who signed in as this, and the alias of it under the pixel's key. */
export const HISTORIC_UID = 'ann';
const KEY = '6b'.repeat(32);
const PERSON = 'uj52-y-PFhCC6hBzyM0dO8w';

function event(day: string, hour: number, more: Row): Row {
  const blank = [
    ...['eid', 'visitor', 'person', 'hostname', 'page', 'referrer', 'source', 'utm_source', 'utm_medium'],
    ...[
      'utm_campaign',
      'utm_content',
      'utm_term',
      'device',
      'browser',
      'browser_version',
      'os',
      'os_version',
    ],
    ...['country', 'region', 'region_name', 'city', 'language', 'currency', 'props'],
  ];
  return {
    ...Object.fromEntries(blank.map((column) => [column, ''])),
    pixel: HISTORIC_PIXEL,
    ts: Date.parse(`${day}T00:00:00Z`) + hour * HOUR,
    id: `e${hour}`,
    name: 'pageview',
    channel: 'Direct',
    agent_class: 'human',
    engaged: null,
    scroll: null,
    value: null,
    ...more,
  };
}

function dayRow(day: string, more: Row): Row {
  const starts_at = Date.parse(`${day}T00:00:00Z`);
  const none = { rolled_at: null, events: 0, rolls: 0, slice: 0, slices: 0 };
  return {
    pixel: HISTORIC_PIXEL,
    day,
    starts_at,
    ends_at: starts_at + 24 * HOUR,
    dirty: 0,
    ...none,
    raw: 0,
    ...more,
  };
}

const COUNTS: Row = { visitors: 2, visits: 3, pageviews: 5, events: 6, bounces: 1, duration: 61_000 };
const NO_SALES: Row = {
  currency: '',
  engaged: 9,
  engaged_visits: 1,
  scroll: 80,
  scrolled_visits: 1,
  revenue: 0,
  sales: 0,
};
const ONLY_SALES: Row = {
  ...Object.fromEntries(
    [...Object.keys(COUNTS), 'engaged', 'engaged_visits', 'scroll', 'scrolled_visits'].map((key) => [key, 0]),
  ),
  currency: 'EUR',
  revenue: 12_500_000,
  sales: 2,
};

function rollups(period: Row): Row[] {
  const one = { pixel: HISTORIC_PIXEL, ...period };
  return [
    { ...one, dimension: 'total', value: '', ...COUNTS, ...NO_SALES },
    { ...one, dimension: 'event:page', value: '/', ...COUNTS, ...NO_SALES },
    { ...one, dimension: 'event:page', value: "/it's", ...COUNTS, ...NO_SALES, visitors: 1 },
    { ...one, dimension: 'total', value: '', ...ONLY_SALES },
  ];
}

/** What the events of `ROLLED_DAY` come to. */
const ROLLED: Row = {
  ...{ pixel: HISTORIC_PIXEL, day: ROLLED_DAY, dimension: 'total', value: '', currency: '' },
  ...{ visitors: 2, visits: 3, pageviews: 3, events: 3, bounces: 3, duration: 0 },
  ...{ engaged: 0, engaged_visits: 0, scroll: 0, scrolled_visits: 0, revenue: 0, sales: 0 },
};

const SAMPLE = '{"name":"pageview","hostname":"site.example","page":"/"}';
const REJECTION: Row = {
  pixel: HISTORIC_PIXEL,
  day: ROLLED_DAY,
  reason: 'bot',
  family: 'Googlebot',
  count: 7,
};

/** Rows of each table with the columns of all versions. A table gets those columns that it has. */
const ROWS: Readonly<Record<string, readonly Row[]>> = {
  pixels: [
    {
      id: HISTORIC_PIXEL,
      name: 'Shop',
      url: 'https://site.example',
      timezone: 'UTC',
      settings: '{"retention_days":90,"query_params":["id"],"origins":["site.example"]}',
      created_at: Date.parse('2026-07-01T00:00:00Z'),
    },
  ],
  tokens: [
    {
      hash: 'a'.repeat(64),
      id: 'tok_1',
      name: 'CI',
      scopes: '["stats:read"]',
      pixel: HISTORIC_PIXEL,
      created_at: 1,
    },
    {
      hash: 'b'.repeat(64),
      id: 'tok_2',
      name: 'All',
      scopes: '["stats:read","pixels:write"]',
      pixel: null,
      created_at: 2,
    },
  ],
  sessions: [
    {
      hash: 'c'.repeat(64),
      kind: 'token',
      proof: 'a'.repeat(64),
      pixel: HISTORIC_PIXEL,
      created_at: 1,
      expires_at: LEFT_AT,
    },
  ],
  links: [
    {
      ...{ hash: 'd'.repeat(64), id: 'link_1', pixel: HISTORIC_PIXEL, name: 'Client', password: null },
      ...{ expires_at: null, created_at: 3, guesses: 2, guess_until: LEFT_AT },
    },
  ],
  salts: [{ date: '2026-11-22', salt: '5a'.repeat(32), expires_at: LEFT_AT + 72 * HOUR }],
  keys: [{ pixel: HISTORIC_PIXEL, key: KEY }],
  events: [
    event(ROLLED_DAY, 8, { visitor: 'ann', page: '/', hostname: 'site.example', country: 'DE' }),
    event(ROLLED_DAY, 9, {
      visitor: 'ann',
      page: "/it's",
      hostname: 'site.example',
      props: '{"plan":"pro"}',
    }),
    event(ROLLED_DAY, 20, { visitor: 'bob', page: '/', hostname: 'site.example', person: PERSON }),
    event(CHANGED_DAY, 8, {
      visitor: 'cleo',
      page: '/',
      name: 'Purchase',
      eid: 'order-1',
      value: 12_500_000,
      currency: 'EUR',
    }),
    event(CHANGED_DAY, 9, { visitor: 'cleo', page: '/', name: 'engagement', engaged: 9000, scroll: 80 }),
  ],
  person_links: [
    { pixel: HISTORIC_PIXEL, alias: 'cBBBBBBBBBBBBBBBBBBBBBB', target: PERSON },
    { pixel: HISTORIC_PIXEL, alias: 'eCCCCCCCCCCCCCCCCCCCCCC', target: PERSON },
  ],
  person_days: [{ pixel: HISTORIC_PIXEL, day: ROLLED_DAY, person: PERSON, devices: 1 }],
  erasures: [{ pixel: HISTORIC_PIXEL, who: 'uDDDDDDDDDDDDDDDDDDDDDD', at: LEFT_AT }],
  rejections: [
    { ...REJECTION, sample: SAMPLE, samples: `[${SAMPLE}]`, last_at: 5, batches: 'b1 b2' },
    {
      ...REJECTION,
      reason: 'wrong_origin',
      family: '',
      count: 1,
      sample: '',
      samples: '[]',
      last_at: 6,
      batches: '',
    },
    { ...REJECTION, family: 'curl', sample: SAMPLE, samples: `[${SAMPLE}]`, last_at: 7, batches: 'b3' },
  ],
  dead_letters: [{ id: 'm1', body: '{"kind":"hits","id":"x","sealed":"y"}', received_at: LEFT_AT }],
  counters: [{ name: 'cron_runs', value: 12, last_at: LEFT_AT }],
  days: [
    dayRow(PURGED_DAY, { rolled_at: LEFT_AT - 90 * 24 * HOUR, events: 6, rolls: 2, raw: 2 }),
    dayRow(ROLLED_DAY, { rolled_at: LEFT_AT - 24 * HOUR, events: 3, rolls: 1 }),
    dayRow(CHANGED_DAY, { dirty: 1 }),
  ],
  rollups: [...rollups({ day: PURGED_DAY }), ROLLED],
  months: [{ pixel: HISTORIC_PIXEL, month: '2026-07', rolls: 31 }],
  month_rollups: rollups({ month: '2026-07' }),
  rollup_slices: [{ pixel: HISTORIC_PIXEL, day: CHANGED_DAY, slice: 0, part: 0, counts: "x'6b'" }],
};

export interface Inserted {
  readonly table: string;
  readonly row: Row;
}

/** The rows for a database's tables, given the columns of each. Another pixel's are the same. */
export function historicRows(
  tables: ReadonlyMap<string, readonly string[]>,
  pixel = HISTORIC_PIXEL,
): Inserted[] {
  return Object.entries(ROWS).flatMap(([name, rows]) => {
    // The people's links had another name at first.
    const first = name === 'person_links' && tables.get('links')?.includes('alias');
    const table = first ? 'links' : name;
    const columns = tables.get(table);
    if (!columns || (name === 'links' && columns.includes('alias'))) return [];
    // Before these columns were there, what they tell apart was not stored.
    const some = rows.filter(
      (row) =>
        (columns.includes('currency') || row['currency'] !== 'EUR') &&
        (columns.includes('family') || row['family'] !== 'curl'),
    );
    return some.map((row) => ({
      table: first ? 'links' : name,
      row: Object.fromEntries(
        Object.entries(row)
          .filter(([column]) => columns.includes(column))
          .map(([column, value]) => [column, value === HISTORIC_PIXEL ? pixel : value]),
      ),
    }));
  });
}

/** The statement that inserts a row, unless it is there. */
export function insertStatement({ table, row }: Inserted): string {
  const values = Object.entries(row).map(([column, value]) => literal(column, value));
  return `INSERT OR IGNORE INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${values.join(', ')})`;
}

/** The same row as the newest schema keeps it. */
export function asStoredNow({ table, row }: Inserted): Inserted {
  const { sample, ...rest } = row;
  const moved =
    sample === undefined || row['samples'] !== undefined
      ? {}
      : { samples: sample === '' ? '[]' : `[${sample}]` };
  return { table: table === 'links' && 'alias' in row ? 'person_links' : table, row: { ...rest, ...moved } };
}

/** A statement that counts the rows equal to one that was inserted. */
export function countStatement({ table, row }: Inserted): string {
  const tests = Object.entries(row).map(([column, value]) => `${column} IS ${literal(column, value)}`);
  return `SELECT count(*) AS count FROM ${table} WHERE ${tests.join(' AND ')}`;
}

function literal(column: string, value: Value): string {
  if (value === null) return 'NULL';
  if (typeof value === 'number' || column === 'counts') return String(value);
  return `'${value.replaceAll("'", "''")}'`;
}
