/** The part of docs/costs.md about space: bytes an event, and what a database holds. */
import { platformLimit } from '../../scripts/lib/platform-limits.ts';
import { DEFAULT_SETTINGS } from '../../src/model/pixel.ts';
import type { StoredBytes } from './stored-bytes.ts';
import { table } from './table.ts';

/** The most that D1 allows a database: on the free plan, and on the paid one. */
const DATABASES = [
  { name: '500 MB', bytes: platformLimit('d1 database size', 'free') ?? 0 },
  { name: '10 GB', bytes: platformLimit('d1 database size', 'paid') ?? 0 },
] as const;
const DAYS_A_MONTH = 365 / 12;
/** Longer than anybody keeps anything. */
const MOST_YEARS = 100;

export function databaseSection(stored: readonly StoredBytes[]): string {
  const retention = DEFAULT_SETTINGS.retention_days;
  return `## What a database holds

An event is stored as a row, with its index, until its retention ends. Its day's columns are written with the day's rollups. Those of the
month are written once the month is over, unless it is too large, and replace those of its days once all of its events are deleted. Columns
stay until \`keep_days\`, and rollups as long as the pixel. These are bytes an event, of the pages of the database, for a site with so many
events a month:

${bytesTable(stored)}

D1 allows a database 500 MB on the free plan and 10 GB on the paid one. It then holds so many years, besides the raw events of ${retention} days
(the default retention) where it has columns or rollups:

${yearsTable(stored, retention)}`;
}

function bytesTable(stored: readonly StoredBytes[]): string {
  return table(
    [
      'events a month',
      'raw event',
      'columns, by days',
      'columns, by months',
      'rollups',
      'columns and rollups',
    ],
    stored.map((month) => [
      nameOf(month),
      ...[month.raw, month.columnsOfDays, month.columnsOfMonth, month.rollups, keptBytes(month)].map(
        (bytes) => bytes?.toFixed(1) ?? '–',
      ),
    ]),
  );
}

function yearsTable(stored: readonly StoredBytes[], retention: number): string {
  return table(
    [
      'events a month',
      ...DATABASES.flatMap(({ name }) => [
        `${name}: years of columns and rollups`,
        `${name}: years of rollups only`,
        `${name}: years of raw events only`,
      ]),
    ],
    stored.map((month) => [
      nameOf(month),
      ...DATABASES.flatMap(({ bytes }) => {
        const beside = month.raw * month.events * (retention / DAYS_A_MONTH);
        return [
          years((bytes - beside) / (keptBytes(month) * month.events * 12)),
          years((bytes - beside) / (month.rollups * month.events * 12)),
          years(bytes / ((month.raw + month.rollups) * month.events * 12)),
        ];
      }),
    ]),
  );
}

function keptBytes({ columnsOfDays, columnsOfMonth, rollups }: StoredBytes): number {
  return (columnsOfMonth ?? columnsOfDays) + rollups;
}

function nameOf({ events, hasEngagements }: StoredBytes): string {
  return `${events.toLocaleString('en')}${hasEngagements ? ', with time on page and scroll depth' : ''}`;
}

function years(count: number): string {
  if (count < 0) return 'none';
  return count > MOST_YEARS ? `over ${MOST_YEARS}` : count.toFixed(1);
}
