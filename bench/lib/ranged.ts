/**
 * What clicks in a dashboard ask: queries with a filter or two dimensions, about 30 days, 90 days and twelve months. Closed days
 * answer them from their columns. In turn with that, the same query is answered by SQL over the raw events, by a second Worker
 * with a copy of the database whose days have no columns.
 */
import { constants, cpSync, rmSync } from 'node:fs';
import { removeColumns } from './cached-history.ts';
import { inTurns, type Timed } from './in-turns.ts';
import { answerOf, type BenchAnswer, RANGES, type RangedQuery, TooMuch } from './queries.ts';
import { type Reads, type RecordedSpeck, readsOf, startRecorded } from './recorded-speck.ts';
import { median } from './statistics.ts';
import { table } from './table.ts';

/** The most milliseconds that any of the queries should take, by events and range. */
const TARGETS = [
  { events: 1_000_000, range: '30 days', ms: 40 },
  { events: 1_000_000, range: '12 months', ms: 250 },
  { events: 10_000_000, range: '30 days', ms: 200 },
  { events: 10_000_000, range: '12 months', ms: 2500 },
] as const;

const TURNS = { warmUp: 2, rounds: 15, longestMs: 20_000 };
/** How often the Worker's CPU is measured. */
const PROFILES = 5;
/** With more events than this, SQL over them is measured for the shortest range only: longer ones take minutes. */
const MOST_OF_SQL = 1_000_000;

export interface Setting {
  readonly events: number;
  /** Of the database that the Worker has open. */
  readonly directory: string;
  readonly speck: RecordedSpeck;
  readonly speckDir: string;
  readonly withSql: boolean;
  readonly queries: readonly RangedQuery[];
}

/** A table, and what was not answered as it should be. */
export interface RangedResult {
  readonly text: string;
  readonly failures: readonly string[];
}

/** One query of the table. */
interface Line {
  readonly query: RangedQuery;
  readonly own: Asked;
  /** Answered by SQL; undefined if that is not measured. */
  readonly sql: Asked | undefined;
}

/** A query to one Worker. */
interface Asked extends Timed {
  readonly speck: RecordedSpeck;
  /** In the words of a table, why there is no answer. */
  outcome: string | undefined;
  reads: Reads<BenchAnswer> | undefined;
  cpu: number | undefined;
}

export async function measureRanged(setting: Setting): Promise<RangedResult> {
  if (!setting.withSql) return measureLines(setting, true);
  return withoutColumns(setting, async (sqlSpeck) => {
    if (sqlSpeck) return measureLines(setting, true, sqlSpeck);
    const { text, failures } = await measureLines(setting, false);
    return {
      text: `No day has columns: SQL over events answers all that has a filter.\n\n${text}`,
      failures,
    };
  });
}

/** @param sqlSpeck a Worker whose days have no columns. */
async function measureLines(
  { events, speck, queries }: Setting,
  isByColumns: boolean,
  sqlSpeck?: RecordedSpeck,
): Promise<RangedResult> {
  const isShort = ({ range }: RangedQuery): boolean => events <= MOST_OF_SQL || range === RANGES[0];
  const lines = queries
    .filter((query) => isByColumns || !query.isFiltered || isShort(query))
    .map((query): Line => {
      const hasSql = query.isFiltered && isShort(query);
      return {
        query,
        own: asked(speck, query),
        sql: sqlSpeck && hasSql ? asked(sqlSpeck, query) : undefined,
      };
    });
  await inTurns(
    lines.map(({ own, sql }) => (sql ? [own, sql] : [own])),
    TURNS,
  );
  for (const { query, own, sql } of lines) {
    await readAndProfile(query, own);
    if (sql) await readAndProfile(query, sql, false);
  }
  return {
    text: [tableOf(lines), ...targetsOf(lines, events)].join('\n\n'),
    failures: lines.flatMap((line) => failuresOf(line, events, isByColumns)),
  };
}

function asked(speck: RecordedSpeck, query: RangedQuery): Asked {
  const own: Asked = {
    speck,
    ms: [],
    outcome: undefined,
    reads: undefined,
    cpu: undefined,
    async run() {
      if (own.outcome !== undefined) return;
      try {
        await answerOf(speck.url, query);
      } catch (error) {
        if (!(error instanceof TooMuch)) throw error;
        own.outcome = error.outcome;
      }
    },
  };
  return own;
}

async function readAndProfile(query: RangedQuery, own: Asked, profiles = true): Promise<void> {
  if (own.outcome !== undefined) return;
  const { speck } = own;
  own.reads = await readsOf(speck, (headers) => answerOf(speck.url, query, headers));
  if (profiles) own.cpu = await speck.cpu(() => answerOf(speck.url, query), PROFILES);
}

function failuresOf({ query, own, sql }: Line, events: number, isByColumns: boolean): string[] {
  const what = `${query.name}, ${query.range.name}, behind ${events.toLocaleString('en')} events`;
  const source = own.reads?.answer.source;
  const expected = !query.isFiltered ? 'rollups' : isByColumns ? 'columns' : 'events';
  return [
    ...(own.outcome === undefined ? [] : [`${what}: ${own.outcome}`]),
    ...(source === undefined || source === expected ? [] : [`${what}: answered from ${source}`]),
    ...(sql?.reads?.answer.source?.includes('columns') ? [`${what}: columns have answered for SQL`] : []),
  ];
}

function tableOf(lines: readonly Line[]): string {
  const head = [
    'query',
    'range',
    'answered from',
    'median ms',
    'most ms',
    'CPU of the Worker, ms',
    'rows read',
    'kB from D1',
    'kB of the answer',
    'SQL over events, median ms',
    'rows read by SQL',
    'SQL / columns',
  ];
  const rows = lines.map(({ query, own, sql }) => [
    query.name,
    query.range.name,
    own.reads?.answer.source ?? '–',
    own.outcome ?? median(own.ms).toFixed(1),
    own.outcome ?? Math.max(...own.ms).toFixed(1),
    own.cpu?.toFixed(1) ?? '–',
    own.reads?.rowsRead.toLocaleString('en') ?? '–',
    kilobytes(own.reads?.returned),
    kilobytes(own.reads?.answer.bytes),
    sql ? (sql.outcome ?? median(sql.ms).toFixed(0)) : '–',
    sql?.reads?.rowsRead.toLocaleString('en') ?? '–',
    sql && sql.outcome === undefined ? (median(sql.ms) / median(own.ms)).toFixed(1) : '–',
  ]);
  return table(head, rows);
}

/** A table of the targets that are for so many events; none if there are none. */
function targetsOf(lines: readonly Line[], events: number): string[] {
  const rows = TARGETS.filter((target) => target.events === events).map(({ range, ms }) => {
    const own = lines.filter(({ query }) => query.range.name === range).map(({ own }) => own);
    const slowest = Math.max(
      ...own.map((asked) => (asked.outcome ? Number.POSITIVE_INFINITY : median(asked.ms))),
    );
    return [range, `${ms} ms`, slowest.toFixed(1), slowest <= ms ? 'yes' : '**no**'];
  });
  return rows.length === 0 ? [] : [table(['target', 'at most', 'slowest query, median ms', 'reached'], rows)];
}

function kilobytes(bytes: number | undefined): string {
  return bytes === undefined
    ? '–'
    : (bytes / 1000).toLocaleString('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

/**
 * Uses a Worker with a copy of the database whose days have no columns.
 *
 * @param use is given no Worker if the days had none before.
 */
async function withoutColumns<T>(
  { directory, speckDir }: Setting,
  use: (speck: RecordedSpeck | undefined) => Promise<T>,
): Promise<T> {
  const copy = `${directory}-sql`;
  try {
    rmSync(copy, { recursive: true, force: true });
    cpSync(directory, copy, { recursive: true, mode: constants.COPYFILE_FICLONE });
    if (!removeColumns(copy)) return await use(undefined);
    const speck = await startRecorded({ speckDir, directory: copy });
    try {
      return await use(speck);
    } finally {
      await speck.close();
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
