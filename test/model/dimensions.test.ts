/**
 * A new dimension is an entry in the registry, a column and a line in enrich. The compiler asks for its limit
 * (`VALUE_LIMITS`), its description in docs/privacy.md (scripts/lib/event-columns.ts) and its label in the dashboard. These tests, and
 * those of migrations and of docs/api.md, ask for the rest.
 */
import { describe, expect, it } from 'vitest';
import storage from '../../docs/storage.md?raw';
import schema from '../../schema.sql?raw';
import { BLOBS } from '../../src/engine/point.ts';
import { DIMENSIONS } from '../../src/model/dimensions.ts';
import { EVENT_COLUMNS } from '../../src/model/event.ts';
import { ROLLUP_VERSION } from '../../src/model/rollup-version.ts';
import { describe as inWords } from '../../src/privacy/describe.ts';
import { Reader } from '../../src/privacy/reader.ts';
import english from '../../src/privacy/texts/en.ts';

const COLUMNS = [...new Set([...DIMENSIONS.values()].map(({ column }) => column))];

/** The dimensions of the first version of rollups. All others say `since`. */
const FIRST = [
  ...['event:name', 'event:page', 'event:hostname', 'event:currency', 'visit:entry_page', 'visit:exit_page'],
  ...['visit:entry_page_hostname', 'visit:exit_page_hostname', 'visit:source', 'visit:referrer'],
  ...['visit:channel', 'visit:utm_source', 'visit:utm_medium', 'visit:utm_campaign', 'visit:utm_content'],
  ...['visit:utm_term', 'visit:device', 'visit:browser', 'visit:browser_version', 'visit:os'],
  ...['visit:os_version', 'visit:country', 'visit:country_name', 'visit:region', 'visit:region_name'],
  ...['visit:city', 'visit:city_name', 'visit:language'],
];

describe('each dimension', () => {
  it('has a column in schema.sql, and each column is written', () => {
    const [table = ''] = /TABLE IF NOT EXISTS events .*?^\)/ms.exec(schema) ?? [];
    const columns = [...table.matchAll(/^ {2}([a-z_]+) (?:TEXT|INTEGER)/gm)].map(([, column]) => column);
    expect(new Set<string | undefined>(EVENT_COLUMNS)).toEqual(new Set(columns));
    for (const column of COLUMNS) expect(columns).toContain(column);
  });

  it('newer than the first rollups declares the rollup version that introduced it', () => {
    for (const { name, since } of DIMENSIONS.values()) {
      if (FIRST.includes(name)) expect(since, name).toBe(1);
      else expect(since, name).toBeGreaterThan(1);
      expect(since, `ROLLUP_VERSION is behind ${name}`).toBeLessThanOrEqual(ROLLUP_VERSION);
    }
  });

  it('has its column described in docs/storage.md', () => {
    const [, events = ''] = /^## events\n(.*?)^## /ms.exec(storage) ?? [];
    const explained = [...events.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, names = '']) =>
      [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name),
    );
    expect(explained.toSorted()).toEqual(EVENT_COLUMNS.toSorted());
  });

  it('has a place in a point of Analytics Engine', () => {
    const fields: readonly string[] = BLOBS.flat();
    expect(COLUMNS.filter((column) => !fields.includes(column))).toEqual([]);
    const list = BLOBS.map((names) => names.join(' and ')).join(', ');
    expect(storage).toContain(`| \`blob1\` … \`blob${BLOBS.length}\` | ${list} |`);
  });

  it("has a label on the visitor's page", () => {
    const reader = new Reader(english, 'en', 'en-GB');
    const values = EVENT_COLUMNS.map((column) => {
      if (column === 'ts' || column === 'value') return 0;
      return COLUMNS.includes(column as (typeof COLUMNS)[number]) ? `of-${column}` : '';
    });
    expect(inWords(values, reader, () => '').technical).toEqual([]);
  });
});
