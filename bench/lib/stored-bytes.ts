/** What a month of events takes of a database: as raw events, as columns of days and of the month, and as rollups. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { addDays, dayStart } from '../../src/model/time-zone.ts';
import { type History, writeHistory, ZONE } from './history.ts';
import {
  databaseFile,
  makeDatabase,
  type RecordedSpeck,
  rollUp,
  rollUpMonths,
  startRecorded,
} from './recorded-speck.ts';

/** A month of the mean length, rounded. */
const FIRST_DAY = '2026-10-01';
const DAYS = 31;
/** Statements that a run of the cron may use. */
const STATEMENTS = 900;

/** Bytes an event. */
export interface StoredBytes {
  /** Events of a month. */
  readonly events: number;
  readonly hasEngagements: boolean;
  /** With its indexes. */
  readonly raw: number;
  readonly columnsOfDays: number;
  /** Undefined if the month is not stored as columns: its days then keep theirs. */
  readonly columnsOfMonth: number | undefined;
  /** Of days and of the month. */
  readonly rollups: number;
}

/** Makes a month in a new directory, and lets the cron roll up its days and then the month. */
export async function measureStored(
  speckDir: string,
  parent: string,
  events: number,
  hasEngagements = false,
): Promise<StoredBytes> {
  const directory = join(parent, `month-${events}-${hasEngagements}`);
  const history: History = { seed: events, from: FIRST_DAY, days: DAYS, events, hasEngagements };
  writeHistory(await makeDatabase({ speckDir, directory }), history);
  const after = async (work: (speck: RecordedSpeck) => Promise<unknown>): Promise<Map<string, number>> => {
    const speck = await startRecorded({ speckDir, directory });
    try {
      await work(speck);
    } finally {
      await speck.close();
    }
    return bytesByTable(databaseFile(directory));
  };
  const end = addDays(FIRST_DAY, DAYS);
  const byDays = await after((speck) => rollUp(speck, dayStart(ZONE, end) + 5 * 60_000, STATEMENTS));
  // Months are rolled up once they are over everywhere.
  const byMonths = await after((speck) => rollUpMonths(speck, dayStart('UTC', addDays(end, 2)), STATEMENTS));
  const each = (tables: Map<string, number>, ...names: string[]): number =>
    names.reduce((sum, name) => sum + (tables.get(name) ?? 0), 0) / events;
  return {
    events,
    hasEngagements,
    raw: each(byMonths, 'events'),
    columnsOfDays: each(byDays, 'segments'),
    // The days keep their columns beside the month's until all events of the month are deleted.
    columnsOfMonth: hasMonth(databaseFile(directory))
      ? each(byMonths, 'segments') - each(byDays, 'segments')
      : undefined,
    rollups: each(byMonths, 'rollups', 'month_rollups'),
  };
}

function hasMonth(file: string): boolean {
  const db = new DatabaseSync(file);
  try {
    return (
      db.prepare('SELECT 1 FROM segments WHERE period = ? LIMIT 1').get(FIRST_DAY.slice(0, 7)) !== undefined
    );
  } finally {
    db.close();
  }
}

/**
 * Bytes of the pages of each table, those of its indexes included.
 * @param counts `pages`: whole pages. `used`: what is used of them, which many small days fill together.
 */
export function bytesByTable(file: string, counts: 'pages' | 'used' = 'pages'): Map<string, number> {
  const db = new DatabaseSync(file);
  try {
    const rows = db
      .prepare(
        `SELECT s.tbl_name AS name, sum(d.pgsize - iif(?, d.unused, 0)) AS bytes
         FROM dbstat d JOIN sqlite_schema s ON s.name = d.name GROUP BY 1`,
      )
      .all(counts === 'used' ? 1 : 0) as { name: string; bytes: number }[];
    return new Map(rows.map(({ name, bytes }) => [name, bytes]));
  } finally {
    db.close();
  }
}
