/**
 * The Worker of today before databases of every schema that there was, under the real local runtime with its queue: it says
 * what is wrong and what to do, and stores everything once the database is migrated.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrate } from '../../scripts/lib/migrate/run.ts';
import { statementsOf } from '../../scripts/lib/migrate/sql.ts';
import type { Rows } from '../../scripts/lib/migrate/structure.ts';
import { SCHEMA_VERSION } from '../../src/model/version.ts';
import { eventually } from '../eventually.ts';
import { MIGRATIONS, SCHEMAS } from '../scripts/sqlite.ts';
import { type Speck, startSpeck } from './harness.ts';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0';
const PAGES = ['/one', '/two', '/three'];
/** Sent through the API, again and again until it is acknowledged. */
const ORDER = { ev: 'Purchase', eid: 'order-1', dl: 'https://site.example/bought' };

interface Old {
  readonly name: string;
  readonly speck: Speck;
  readonly pixel: string;
  acknowledged: boolean;
}

const all: Old[] = [];
beforeAll(async () => {
  for (const [name, schema] of SCHEMAS) {
    const speck = await startSpeck({ schema: statementsOf(schema) });
    all.push({ name, speck, pixel: await speck.addPixel(), acknowledged: false });
  }
}, 300_000);
afterAll(() => Promise.all(all.map(({ speck }) => speck.close())));

async function report({ speck, pixel }: Old): Promise<boolean> {
  const { status } = await speck.api('POST', '/api/v1/events', { events: [{ id: pixel, ...ORDER }] });
  expect([202, 503]).toContain(status);
  return status === 202;
}

async function pagesOf({ speck, pixel }: Old): Promise<string[]> {
  const sql = 'SELECT page FROM events WHERE pixel = ? ORDER BY page';
  const { results } = await speck.db.prepare(sql).bind(pixel).all<{ page: string }>();
  return results.map(({ page }) => page);
}

describe('a Worker that meets an older database', () => {
  it('answers everybody, and tells the owner what to do', async () => {
    for (const old of all) {
      const { speck, pixel, name } = old;
      for (const page of PAGES) {
        const query = `id=${pixel}&dl=${encodeURIComponent(`https://site.example${page}`)}&uid=ann`;
        const response = await fetch(`${speck.url}/p.gif?${query}`, { headers: { 'user-agent': FIREFOX } });
        expect(response.status, name).toBe(200);
      }
      old.acknowledged = await report(old);
      const health = (await (await fetch(`${speck.url}/health`)).json()) as Record<string, unknown>;
      expect(health, name).toMatchObject({
        status: 'degraded',
        schema: {
          version: 0,
          expected: SCHEMA_VERSION,
          advice: expect.stringMatching(/has no recorded version .* needs version \d+\. Run npm run deploy/),
        },
      });
      // Some of what the API answers works before, some does not. What does not says why.
      for (const path of ['links', 'people?uid=ann', 'rejections', 'live']) {
        const response = await speck.api('GET', `/api/v1/pixels/${pixel}/${path}`);
        if (response.status === 200) continue;
        expect(response.status, `${name} ${path}`).toBe(503);
        expect(await response.json()).toMatchObject({
          reason: 'store_unavailable',
          detail: expect.stringContaining(`needs version ${SCHEMA_VERSION}. Run npm run deploy`),
        });
      }
    }
  });

  it('has lost nothing when the database is migrated', { timeout: 200_000 }, async () => {
    for (const { speck } of all) {
      const run = async (statements: readonly string[]): Promise<Rows[]> => {
        const rows: Rows[] = [];
        for (const sql of statements) rows.push((await speck.db.prepare(sql).all()).results);
        return rows;
      };
      expect(await migrate(run, MIGRATIONS)).toMatchObject({ from: 0, to: SCHEMA_VERSION });
    }
    for (const old of all) {
      if (!old.acknowledged) expect(await report(old), old.name).toBe(true);
      const pages = [...PAGES, '/bought'].sort();
      // The queue delivers again after 10 seconds, then after 20, then after 40.
      await eventually(
        async () => (await pagesOf(old)).length === pages.length,
        `what was sent to ${old.name}`,
        100_000,
      );
      expect(await pagesOf(old)).toEqual(pages);
    }
    const spilled = await Promise.all(
      all.map(async ({ speck }) => (await speck.db.prepare('SELECT * FROM counters').all()).results),
    );
    // Else nothing had to wait, and this has shown nothing.
    expect(JSON.stringify(spilled)).toContain('spilled_batches');
    expect(JSON.stringify(spilled)).not.toContain('lost_events');
  });
});
