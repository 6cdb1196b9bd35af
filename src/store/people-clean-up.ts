/** Deletes obsolete rows about people. */
import { peopleSince } from '../model/person.ts';
import { POINT_DAYS } from './points.ts';

/** Days for which an erasure is stored after the events before it are past retention: dead letters arrive late. */
const ERASURE_DAYS = 14;

const hasRows = (alias: string): string => `
  EXISTS (SELECT 1 FROM person_days p WHERE p.pixel = person_links.pixel AND p.person = ${alias})
  OR EXISTS (SELECT 1 FROM events e WHERE e.pixel = person_links.pixel AND e.person = ${alias} AND e.person <> '')`;

/** The statements that delete each table's obsolete rows. */
const DELETIONS = {
  /** Days that are older than the retention of people, and days on which the person no longer has events. */
  person_days: {
    sql: 'DELETE FROM person_days WHERE day < ? OR devices = 0',
    values: (now: number): unknown[] => [peopleSince(now)],
  },
  /** Links with rows at neither end. */
  person_links: {
    sql: `DELETE FROM person_links WHERE NOT (${hasRows('person_links.alias')} OR ${hasRows('person_links.target')})`,
    values: (): unknown[] => [],
  },
  /**
   * Erasures older than any event that can still arrive, or be read from Analytics Engine. Dead letters and archived files, which wait
   * without limit, may hold such events.
   */
  erasures: {
    sql: `
      DELETE FROM erasures WHERE at < ?1 - 86400000 * (
        SELECT ${ERASURE_DAYS} + max(${POINT_DAYS}, CAST(p.settings ->> 'retention_days' AS INTEGER)) FROM pixels p WHERE p.id = erasures.pixel)
        AND at + 86400000 * ${ERASURE_DAYS} < coalesce((SELECT min(received_at) FROM dead_letters), ?1)
        AND NOT EXISTS (SELECT 1 FROM archives a INDEXED BY archives_erase WHERE a.erase_at > 0 AND a.pixel = erasures.pixel)`,
    values: (now: number): unknown[] => [now],
  },
};

export const TABLES_OF_PEOPLE = ['person_days', 'person_links', 'erasures'] as const;

/** Deletes the obsolete rows of a table. It reads the complete table, so run it once an hour. */
export async function cleanUpPeople(
  db: D1Database,
  table: (typeof TABLES_OF_PEOPLE)[number],
  now: number,
): Promise<void> {
  const { sql, values } = DELETIONS[table];
  await db
    .prepare(sql)
    .bind(...values(now))
    .run();
}
