/** `npm run import` with exports that have totals by day, against a real Worker: sent once, answered by queries, and undone. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, ROOT, type Speck, startSpeck } from '../e2e/harness.ts';
import { exportedFiles, exportOf, sessionsOf } from '../imports/plausible-export.ts';
import { runScript } from './project.ts';

const directory = mkdtempSync(join(tmpdir(), 'speck-import-totals-'));
let speck: Speck;
let pixel: string;

beforeAll(async () => {
  speck = await startSpeck();
});
beforeEach(async () => {
  pixel = await speck.addPixel({ timezone: 'UTC' });
});
afterAll(async () => {
  await speck.close();
  rmSync(directory, { recursive: true, force: true });
});

function write(name: string, content: string | Uint8Array): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

async function run(...args: readonly string[]) {
  const script = runScript(
    join(ROOT, 'scripts', 'import.ts'),
    ['--url', speck.url, '--pixel', pixel, ...args],
    {
      SPECK_TOKEN: ADMIN_TOKEN,
    },
  );
  const code = await script.ended;
  expect([code, script.stderr()]).toEqual([0, '']);
  return script.stdout();
}

/** What a query with imports answers, by its dimension. */
async function answer(dimensions: readonly string[], metrics: readonly string[] = ['visits']) {
  const body = {
    ...{ site_id: pixel, metrics, dimensions },
    ...{ date_range: ['2023-12-01', '2024-03-31'], include: { imports: true } },
  };
  const response = await speck.api('POST', '/api/v2/query', body);
  const { results, meta } = (await response.json()) as {
    results: { dimensions: string[]; metrics: number[] }[];
    meta: Record<string, unknown>;
  };
  const rows = Object.fromEntries(results.map((row) => [row.dimensions.join(), row.metrics[0]]));
  return { rows, meta };
}

async function rowsOf(table: string): Promise<number | undefined> {
  const { results } = await speck.db
    .prepare(`SELECT count(*) AS n FROM ${table} WHERE pixel = ?`)
    .bind(pixel)
    .all<{ n: number }>();
  return results[0]?.n;
}

describe("Plausible's zip file", () => {
  it('is recognized, counted once however often it is sent, and leaves nothing when it is undone', async () => {
    const sessions = sessionsOf(21, 400);
    const file = write('site_example_20240302.zip', exportOf(exportedFiles(sessions)));
    expect(await run(file, '--dry-run')).toContain('of plausible');
    expect(await rowsOf('imports')).toBe(0);
    const stdout = await run(file, '--batch', '100');
    const id = /imp_\w+/.exec(stdout)?.[0] ?? '';
    await run(file);

    const bySource = Object.fromEntries(
      [...Map.groupBy(sessions, ({ source }) => source || 'Direct / None')].map(([name, list]) => [
        name,
        list.length,
      ]),
    );
    expect((await answer(['visit:source'])).rows).toEqual(bySource);
    const { rows, meta } = await answer([]);
    expect(rows).toEqual({ '': 400 });
    expect(meta).toMatchObject({
      imports_included: true,
      imports: { days: 4, from: '2023-12-31', to: '2024-03-01' },
      source: 'imports',
    });

    await run('--undo', id);
    expect(await answer([])).toMatchObject({
      rows: { '': 0 },
      meta: { imports_skip_reason: 'no_imported_data' },
    });
    for (const table of ['imports', 'imported_rollups', 'import_dates', 'days', 'events'])
      expect(await rowsOf(table)).toBe(0);
  });
});

describe('reports of Google Analytics', () => {
  it.each([[[]], [['--from', 'ga4']]])('are read with %j', async (flags) => {
    const response = {
      dimensionHeaders: [{ name: 'date' }],
      metricHeaders: [{ name: 'totalUsers' }, { name: 'sessions' }, { name: 'screenPageViews' }],
      rows: [
        {
          dimensionValues: [{ value: '20240101' }],
          metricValues: [{ value: '5' }, { value: '7' }, { value: '9' }],
        },
        {
          dimensionValues: [{ value: '20240102' }],
          metricValues: [{ value: '1' }, { value: '2' }, { value: '3' }],
        },
      ],
      rowCount: 2,
    };
    await run(write('ga4-report.json', JSON.stringify(response, null, 2)), ...flags);
    expect((await answer(['time:day'])).rows).toEqual({ '2024-01-01': 7, '2024-01-02': 2 });
  });
});
