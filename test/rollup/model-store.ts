/** What the model's test reads of the database as it is, what it holds that to, and what it makes it forget. */
import { expect } from 'vitest';
import type { Pixel } from '../../src/model/pixel.ts';
import { dayStart } from '../../src/model/time-zone.ts';
import { LARGE_TABLES } from '../../src/store/pixels.ts';
import { db } from '../fixtures.ts';
import { countsOf, local, type OracleEvent, partsBy, salesOf, visitsOf } from '../oracle.ts';
import type { Breakable } from './model-steps.ts';

export interface DayRow {
  readonly day: string;
  readonly raw: number;
  readonly dirty: number;
  readonly starts_at: number;
  readonly ends_at: number;
  readonly rolled_at: number | null;
  readonly rolls: number;
  readonly events: number;
  /** How many slices are done. */
  readonly slice: number;
}

export const rejectionOf = ({ id }: Pixel, at: number) =>
  ({ pixel: id, day: '2026-01-01', reason: 'bot', family: '', at, sample: null }) as const;

export async function daysOf({ id }: Pixel): Promise<readonly DayRow[]> {
  const { results } = await db.prepare('SELECT * FROM days WHERE pixel = ?').bind(id).all<DayRow>();
  return results;
}

/** The days with something undone that the job could have done. */
export async function undoneDays(pixel: Pixel, now: number): Promise<readonly DayRow[]> {
  const days = await daysOf(pixel);
  return days.filter(({ dirty, raw, ends_at }) => ends_at <= now && (dirty > 0 || raw === 1));
}

export async function rollupsOf({ id }: Pixel, day: string): Promise<Record<string, unknown>[]> {
  const { results } = await db
    .prepare('SELECT * FROM rollups WHERE pixel = ? AND day = ?')
    .bind(id, day)
    .all();
  return results;
}

/**
 * The events of a day that was closed in one zone, at the same times of day in another: it keeps its date and its hours.
 * Null if the other zone's day is too short for them, or has other hours.
 */
export function movedTo(
  zone: string,
  day: string,
  events: readonly OracleEvent[],
  before: string,
): OracleEvent[] | null {
  const by = dayStart(zone, day) - dayStart(before, day);
  const moved = events.map((event) => ({ ...event, ts: event.ts + by }));
  return moved.every(({ ts }) => local(zone, ts).hour === local(before, ts - by).hour) ? moved : null;
}

/** The totals of a day that is rolled up. */
export function holdTotals(
  rollups: readonly Record<string, unknown>[],
  events: readonly OracleEvent[],
  zone: string,
  about: string,
): void {
  const parts = partsBy(visitsOf(events, zone), () => ['']).get('') ?? [];
  const totals = rollups.filter(({ dimension }) => dimension === 'total');
  const counts = totals.find(({ currency }) => currency === '');
  if (counts) expect(counts, about).toMatchObject(countsOf(parts));
  else expect(countsOf(parts), about).toMatchObject({ events: 0 });
  const sales = totals
    .filter(({ currency }) => currency !== '')
    .map((row) => [row['currency'], row['revenue'], row['sales']]);
  const expected = [...salesOf(parts)].map(([currency, one]) => [currency, one.revenue, one.sales]);
  expect(sales.toSorted(), about).toEqual(expected.toSorted());
}

/** All that was derived from events, but who is there no more. */
export async function derivedOf({ id }: Pixel): Promise<unknown> {
  const isTrue = 'pixel = ?1 AND day IN (SELECT day FROM days WHERE pixel = ?1 AND dirty = 0)';
  const tables = [
    `SELECT * FROM rollups WHERE ${isTrue}`,
    `SELECT * FROM person_days WHERE ${isTrue} AND devices > 0`,
    `SELECT * FROM rollup_slices WHERE ${isTrue}`,
    'SELECT * FROM month_rollups WHERE pixel = ?1',
    'SELECT * FROM rollups WHERE pixel = ?1 AND day NOT IN (SELECT day FROM days WHERE pixel = ?1)',
  ];
  const answers = await db.batch(tables.map((sql) => db.prepare(sql).bind(id)));
  return answers.map(({ results }) => results);
}

/** Forgets what was derived from the events that are there. */
export async function forgetDerived({ id }: Pixel): Promise<void> {
  const ofOpenDays = 'pixel = ?1 AND day IN (SELECT day FROM days WHERE pixel = ?1 AND raw = 0)';
  const statements = [
    `DELETE FROM rollups WHERE ${ofOpenDays}`,
    `DELETE FROM person_days WHERE ${ofOpenDays}`,
    'DELETE FROM month_rollups WHERE pixel = ?1',
    // The columns of a month whose events are deleted are not derived from what is there.
    'UPDATE months SET rolls = -1 WHERE pixel = ?1',
    'UPDATE days SET dirty = 1, rolled_at = NULL, slice = 0, slices = 0 WHERE pixel = ?1 AND raw = 0',
  ];
  await db.batch(statements.map((sql) => db.prepare(sql).bind(id)));
}

/** Nothing is left of deleted pixels, nor of what has failed of them. */
export async function holdGone(deleted: readonly string[]): Promise<void> {
  const tables = ['pixels', 'failed_tasks', ...LARGE_TABLES];
  const counts = await db.batch<{ n: number }>(
    tables.map((table) =>
      db
        .prepare(
          `SELECT count(*) AS n FROM ${table} WHERE ${table === 'pixels' ? 'id' : 'pixel'} IN (SELECT value FROM json_each(?))`,
        )
        .bind(JSON.stringify(deleted)),
    ),
  );
  const left = tables.filter((_, index) => counts[index]?.results[0]?.n !== 0);
  expect(left, 'what is left of deleted pixels').toEqual([]);
}

/** Milliseconds between two runs of the cron. */
export const RUN = 5 * 60_000;

/** What has failed waits, twice as long after each time. */
export async function holdWaits(now: number): Promise<void> {
  const { results } = await db
    .prepare(
      `SELECT * FROM failed_tasks WHERE pixel <> '' AND ?1 - since < ?2 * ((1 << (min(attempts, 8) - 1)) - 1)`,
    )
    .bind(now, RUN)
    .all();
  expect(results, 'what was tried again too early').toEqual([]);
}

/** Makes what a job writes to a table fail, of one pixel. */
export async function breakTable(table: Breakable, { id }: Pixel): Promise<void> {
  const [on, row] =
    table === 'events' ? ['DELETE', 'OLD'] : table === 'days' ? ['UPDATE', 'NEW'] : ['INSERT', 'NEW'];
  await db
    .prepare(
      `CREATE TRIGGER broken BEFORE ${on} ON ${table} WHEN ${row}.pixel = '${id}' BEGIN SELECT raise(ABORT, 'broken'); END`,
    )
    .run();
}
